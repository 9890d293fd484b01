using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>Whether lift may be stated.</summary>
/// <param name="Promote">True if it may.</param>
/// <param name="Reason">Why, in one line.</param>
/// <param name="With">Deals that got a partner: what was predicted of them, out of time.</param>
/// <param name="Without">Those that never did.</param>
/// <param name="Placebo">The mean effect, log odds, of partners that were dealt out at random among deals that attract them alike.</param>
sealed record EffectVerdict(bool Promote, string Reason, ArmCalibration With, ArmCalibration Without, EffectOfPart Placebo);

/// <summary>What was predicted of one arm of the trials on newer deals, beside what came of it.</summary>
/// <param name="Deals">How many.</param>
/// <param name="Predicted">Mean win probability.</param>
/// <param name="Won">Share won.</param>
/// <param name="Slope">Of won on predicted log odds; 1 is right.</param>
/// <param name="SlopeError">Its standard error.</param>
/// <param name="Intercept">Log odds to add; 0 is right.</param>
/// <param name="Error">Standard error of the intercept.</param>
readonly record struct ArmCalibration(
    int Deals,
    double Predicted,
    double Won,
    double Slope,
    double SlopeError,
    double Intercept,
    double Error
);

/// <summary>
/// The gate of lift. It is stated only if it can be told from nothing, if both arms come to what was predicted of them out of time, and if partners
/// that were dealt out at random add nothing. Limits in log odds.
/// </summary>
sealed class EffectGate(TrialExamples trials, IReadOnlyList<FeatureColumn> columns, int maturityDays, int seed)
{
    /// <summary>The newest share of moments, which the trial out of time is judged on.</summary>
    public const double TestShare = 0.25;

    const double Z95 = 1.96;

    /// <summary>Chance makes partners differ as much once in a hundred histories.</summary>
    const double MostSpread = 2.33;

    /// <summary>Of one arm: the times move both.</summary>
    const double MostIntercept = 0.8;

    /// <summary>Between the arms: that is off in the lift itself.</summary>
    const double MostBetween = 0.5;
    const double MostPlacebo = 0.2;

    /// <summary>Deals of each arm, and of the placebo, that a verdict needs.</summary>
    const int LeastJudged = 20;
    const double LeastSlope = 0.5;
    const double MostSlope = 1.6;

    public EffectVerdict Judge(FittedEffect fitted, TrialScores scores, TrialScores? earlier, DateTime split)
    {
        // What was learned from had ended when the newer deals began.
        bool IsOld(int row)
        {
            var (at, of) = (trials.Moments.At[row], trials.Of[row]);
            return at.AddDays(-of.Age) < split.AddDays(-maturityDays) && at.AddDays(of.Remaining) < split;
        }
        bool IsNew(int row) => trials.Moments.At[row] >= split;
        EffectFit Of(TrialScores by, Func<int, bool> takes) =>
            new(trials, by, columns, takes, pair => takes(trials.Pairs.Groups[pair]) ? trials.Pairs.Groups[pair] : -1);
        (ArmCalibration With, ArmCalibration Without) arms = default;
        if (
            earlier is not null
            && Of(earlier, IsOld)
                is { DealsWith: >= EffectLearning.LeastDeals, DealsWithout: >= EffectLearning.LeastDeals } before
        )
            arms = Arms(before.Run().Effect, before, Of(earlier, IsNew), earlier);
        var placebo = Placebo(scores);
        var (promote, reason) = Verdict(fitted, arms.With, arms.Without, placebo);
        return new(promote, reason, arms.With, arms.Without, placebo);
    }

    static (bool, string) Verdict(FittedEffect fitted, ArmCalibration with, ArmCalibration without, EffectOfPart placebo)
    {
        var figures = FormattableString.Invariant(
            $"Partners that were brought in add {fitted.Mean:+0.00;-0.00} log odds ({fitted.Mean - Z95 * fitted.Error:+0.00;-0.00} to {fitted.Mean + Z95 * fitted.Error:+0.00;-0.00})"
        );
        if (Math.Abs(fitted.Mean) < Z95 * fitted.Error && fitted.Spread < MostSpread)
            return (false, figures + ": not to be told from nothing.");
        if (with.Deals < LeastJudged || without.Deals < LeastJudged)
            return (
                false,
                figures
                    + FormattableString.Invariant(
                        $", but there are {with.Deals} newer deals with a partner and {without.Deals} without that an estimate from deals that had ended before could be judged on; {LeastJudged} of each are needed."
                    )
            );
        if (placebo.Deals < LeastJudged)
            return (false, figures + ", but too few deals stood alike to deal partners out among them as a placebo.");
        foreach (var (name, arm) in ((string, ArmCalibration)[])[("with a partner", with), ("without", without)])
        {
            if (
                Math.Abs(arm.Intercept) - Z95 * arm.Error > MostIntercept
                || arm.Slope + Z95 * arm.SlopeError < LeastSlope
                || arm.Slope - Z95 * arm.SlopeError > MostSlope
            )
                return (
                    false,
                    figures
                        + FormattableString.Invariant(
                            $", but newer deals {name} were predicted at {arm.Predicted:0.00} and won {arm.Won:0.00} (slope {arm.Slope:0.00}, intercept {arm.Intercept:+0.00;-0.00})."
                        )
                );
        }
        var between = with.Intercept - without.Intercept;
        if (Math.Abs(between) - Z95 * Math.Sqrt(with.Error * with.Error + without.Error * without.Error) > MostBetween)
            return (
                false,
                figures
                    + FormattableString.Invariant(
                        $", but newer deals with a partner were predicted at {with.Predicted:0.00} and won {with.Won:0.00}, those without at {without.Predicted:0.00} and {without.Won:0.00}: the arms are {between:+0.00;-0.00} apart."
                    )
            );
        return Math.Abs(placebo.Mean) - Z95 * placebo.Error > MostPlacebo
            ? (
                false,
                figures
                    + FormattableString.Invariant(
                        $", but so do partners that were dealt out at random ({placebo.Mean:+0.00;-0.00})."
                    )
            )
            : (
                true,
                figures
                    + FormattableString.Invariant(
                        $"; newer deals with one were predicted at {with.Predicted:0.00} and won {with.Won:0.00}, those without at {without.Predicted:0.00} and {without.Won:0.00}; dealt out at random they add {placebo.Mean:+0.00;-0.00}."
                    )
            );
    }

    /// <summary>Both arms of the newer deals by an effect of the older ones.</summary>
    (ArmCalibration With, ArmCalibration Without) Arms(
        PartnerEffect effect,
        EffectFit before,
        EffectFit after,
        TrialScores scores
    )
    {
        double AloneOf(int row) => effect.ChanceAlone(scores.Odds[row], scores.Attraction[row], trials.Of[row].Age);
        var with = after
            .PairOf.OrderBy(one => one.Key)
            .Select(one => (one.Key, before.With(effect, AloneOf(one.Key), one.Key, one.Value)));
        var without = after.Rows.Where(row => !after.PairOf.ContainsKey(row));
        return (
            Calibration([.. with], _ => 1),
            Calibration([.. without.Select(row => (row, AloneOf(row)))], row => after.WeightOf[row])
        );
    }

    ArmCalibration Calibration(List<(int Row, double Chance)> of, Func<int, double> weight)
    {
        if (of.Count == 0)
            return new(0, 0, 0, 1, 1, 0, 1);
        double all = 0,
            predicted = 0,
            won = 0;
        foreach (var (row, chance) in of)
        {
            var w = weight(row);
            (all, predicted, won) = (all + w, predicted + w * chance, won + w * trials.Moments.Labels[row]);
        }
        bool[] labels = [.. of.Select(one => trials.Moments.Labels[one.Row] > 0.5f)];
        float[] weights = [.. of.Select(one => (float)weight(one.Row))];
        // The intercept with the slope held at 1, then the slope.
        MixedLogistic Fit(NormalPrior slope)
        {
            var fit = new MixedLogistic(
                [.. of.Select(one => new[] { Elementary.LogOdds(one.Chance), 1 })],
                labels,
                weights,
                null,
                0,
                [slope, new(0, 10)]
            );
            fit.Fit();
            return fit;
        }
        var (held, free) = (Fit(new(1, 1e-4)), Fit(new(1, 10)));
        return new(
            of.Select(one => trials.Moments.Groups[one.Row]).Distinct().Count(),
            predicted / all,
            won / all,
            free.Coefficients[0],
            Math.Sqrt(free.Covariance[0][0]),
            held.Coefficients[1],
            Math.Sqrt(held.Covariance[1][1])
        );
    }

    /// <summary>
    /// Each partner that came is dealt out to a new deal that stood alike (by its attraction and its odds) and never got one: whatever it seems to add then is
    /// the method's. At creation only, so that who is dealt one does not depend on how long it lived.
    /// </summary>
    EffectOfPart Placebo(TrialScores scores)
    {
        var random = new Random(seed);
        var untreated = Enumerable
            .Range(0, trials.Of.Count)
            .Where(row => trials.Of[row] is { IsUntreated: true, Age: 0 })
            .ToArray();
        random.Shuffle(untreated);
        var free = untreated
            .GroupBy(row => Stratum(scores, row))
            .ToDictionary(rows => rows.Key, rows => new Queue<int>(rows.Take(rows.Count() / 2)));
        var dealt = new Dictionary<int, int>();
        foreach (var row in Enumerable.Range(0, trials.Of.Count).Where(row => trials.Of[row].IsTreated))
        {
            if (free.TryGetValue(Stratum(scores, row), out var rows) && rows.TryDequeue(out var to))
                dealt[row] = to;
        }
        // They stand for those that left them, as those do that they are compared with.
        var stay = trials.StayWeights(scores.Attraction, _ => true);
        var mean = dealt.Values.Select(row => stay[row]).DefaultIfEmpty(1).Average();
        var taken = dealt.Values.Select(row => trials.Moments.Groups[row]).ToHashSet();
        var fit = new EffectFit(
            trials,
            scores,
            columns,
            row => !taken.Contains(trials.Moments.Groups[row]),
            pair => dealt.GetValueOrDefault(trials.Pairs.Groups[pair], -1),
            row => stay[row] / mean
        );
        if (fit.DealsWith == 0 || fit.DealsWithout == 0)
            return new("placebo", 0, 0, 1);
        var fitted = fit.Run();
        return new("placebo", fit.DealsWith, fitted.Mean + fitted.Shade, fitted.Error);
    }

    static (int, int) Stratum(TrialScores scores, int row) =>
        ((int)Math.Floor(2 * scores.Attraction[row]), (int)Math.Floor(2 * scores.Odds[row]));
}
