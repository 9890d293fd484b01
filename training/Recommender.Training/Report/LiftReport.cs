using System.Globalization;
using System.Net;
using System.Text;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>What partners add, for the report and the card.</summary>
static class LiftReport
{
    /// <summary>What it is, and whether it may be stated.</summary>
    public static string Words(PartnerEffect? effect) =>
        effect is null
            ? "Unknown for every partner: the history has too few matured deals with or without a partner to compare."
            : FormattableString.Invariant(
                $"{(effect.Gate.Promote ? "Stated" : "Withheld")}. {effect.Gate.Reason} What the first partner on a deal adds to the chance of winning: an estimate from observed deals, not an experiment, made from {effect.DealsWith} matured deals with and {effect.DealsWithout} without a partner that came before the close in a role that sells. Deals are compared as they stood at the same moment, by their own chance, by how they attract partners, within their account, and where they went on for as long; partners with few deals are shrunk toward their kind; all of it is lowered for what no column holds. Unknown for partners that suit less than nearly all who were brought in, and on deals that have a partner already. The 90 % interval allows for what one outcome per deal cannot show by a variance of {effect.PairVariance:0.00} (log odds)."
            );

    /// <summary>Both arms out of time, the placebo, and the mean by role and by year.</summary>
    public static string Html(LearnedEffect? effect)
    {
        if (effect is null)
            return "";
        var (fitted, verdict) = (effect.Fitted, effect.Verdict);
        var page = new StringBuilder();
        void Row(FormattableString row) => page.Append(FormattableString.Invariant(row)).Append('\n');
        Row(
            $"<table><tr><th>newer deals, by an estimate from older ones</th><th>deals</th><th>predicted</th><th>won</th><th>slope</th><th>intercept</th></tr>"
        );
        foreach (var (name, arm) in ((string, ArmCalibration)[])[("with a partner", verdict.With), ("without", verdict.Without)])
            Row(
                $"<tr><td>{name}</td><td>{arm.Deals}</td><td>{arm.Predicted:0.000}</td><td>{arm.Won:0.000}</td><td>{arm.Slope:0.00}</td><td>{arm.Intercept:+0.00;-0.00} ± {1.96 * arm.Error:0.00}</td></tr>"
            );
        Row($"</table><table><tr><th>adds to the log odds of winning</th><th>deals</th><th>mean</th><th>95 % interval</th></tr>");
        EffectOfPart[] parts =
        [
            new("all who were brought in", fitted.Effect.DealsWith, fitted.Mean, fitted.Error),
            .. fitted.Parts.Select(part => part with { Mean = part.Mean - fitted.Shade }),
            verdict.Placebo with
            {
                Part = "placebo: dealt out at random among deals that attract partners alike",
            },
        ];
        foreach (var part in parts)
            Row(
                $"<tr><td>{WebUtility.HtmlEncode(part.Part.Replace('_', ' '))}</td><td>{part.Deals}</td><td>{part.Mean:+0.00;-0.00}</td><td>{part.Mean - 1.96 * part.Error:+0.00;-0.00} to {part.Mean + 1.96 * part.Error:+0.00;-0.00}</td></tr>"
            );
        Row($"</table>");
        var without = verdict.Without.Predicted > 0 ? verdict.Without.Predicted : 0.5;
        double Strength(double effectOf)
        {
            var with = Elementary.Logistic(Elementary.LogOdds(without) + effectOf);
            return new LiftEstimate(with - without, 0, 0, with, 0).EValue;
        }
        page.Append(
            CultureInfo.InvariantCulture,
            $"<p>All of it is lowered by {fitted.Shade:0.00} for what no column holds. To explain the mean away on top of that, an unmeasured cause would have to make both being brought in and winning {Strength(fitted.Mean):0.0} times as likely (E-value), and {Strength(fitted.Mean - 1.96 * fitted.Error):0.0} times to bring its lower end to zero. Partners differ from one another by {Math.Sqrt(fitted.Effect.PartnerVariance):0.00} (standard deviation, log odds), {fitted.Spread:0.0} standard deviations beyond chance.</p>"
        );
        return page.ToString();
    }
}
