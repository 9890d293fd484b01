using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>What partners add, with the models whose scores it rests on.</summary>
sealed record LearnedEffect(
    FittedEffect Fitted,
    EffectVerdict Verdict,
    TreeEnsemble Odds,
    TreeEnsemble Attraction,
    TreeEnsemble Suitability
)
{
    /// <summary>The verdict where there is no effect at all.</summary>
    public static readonly GateVerdict TooFew = new(
        false,
        FormattableString.Invariant(
            $"Fewer than {EffectLearning.LeastDeals} matured deals with, or without, a partner that came before the close in a role that sells, or too few in either half of the accounts."
        )
    );

    public PartnerEffect Effect => Fitted.Effect;

    /// <summary>The part of evaluate's JSON under "lift": log odds, but for what is called predicted and won.</summary>
    public object ToJson() =>
        new
        {
            deals_with = Effect.DealsWith,
            deals_without = Effect.DealsWithout,
            mean = Fitted.Mean,
            standard_error = Fitted.Error,
            shaded_by = Fitted.Shade,
            partner_spread = Fitted.Spread,
            partner_deviation = Math.Sqrt(Effect.PartnerVariance),
            with = Verdict.With,
            without = Verdict.Without,
            placebo = Verdict.Placebo,
            parts = Fitted.Parts.Select(part => part with { Mean = part.Mean - Fitted.Shade }),
        };
}

/// <summary>Estimates <see cref="PartnerEffect"/> from emulated trials.</summary>
static class EffectLearning
{
    /// <summary>Fewer deals with, or without, a partner teach no difference.</summary>
    public const int LeastDeals = 50;

    /// <summary>
    /// The chance of the deal, how it attracts partners and who suits it come from models that have not seen the account: each half of the accounts is
    /// scored by models of the other half (cross-fitting; Chernozhukov et al., 2018). Null if there are too few deals with or without a partner.
    /// </summary>
    public static LearnedEffect? Learn(
        TreeTrainer trainer,
        ExampleBuilder builder,
        IReadOnlyList<FeatureColumn> columns,
        Learned fit,
        TrainingConfig config
    )
    {
        var trials = builder.Trials;
        if (
            trials.Of.Count(moment => moment.IsTreated) < LeastDeals
            || trials.Of.Count(moment => moment is { IsUntreated: true, Age: 0 }) < LeastDeals
        )
            return null;
        var decisions = builder.PartnerFit.Without([
            .. Enumerable.Range(0, columns.Count).Where(c => Ideas.Relationship.Contains(columns[c].Idea)),
        ]);
        var joining = trials.Moments.Weighted(row => trials.Of[row].Joins ? 1 : 0, row => (float)trials.Of[row].Exposure);
        var split = trials.Moments.At.Order().ElementAt((int)(trials.Of.Count * (1 - EffectGate.TestShare)));
        var whole = new TrialScores(
            new double[trials.Of.Count],
            new double[trials.Of.Count],
            new double[trials.Pairs.Count],
            new double[trials.Others.Count]
        );
        // The same by models of outcomes that have not seen the newest deals either; who suits is shared.
        var earlier = whole with
        {
            Odds = new double[trials.Of.Count],
            Attraction = new double[trials.Of.Count],
        };
        var suitability = new List<TreeEnsemble>();
        var isJudged = true;
        for (byte half = 0; half < 2; half++)
        {
            var others = decisions.OfHalf(1 - half);
            var deals = builder.WinProbability.OfHalf(1 - half);
            if (others.Count < LeastDeals || deals.Count < LeastDeals)
                return null;
            var joins = joining.OfHalf(1 - half);
            bool Score(TrialScores into, ExampleSet chances, ExampleSet attractions)
            {
                // Too few had ended by then: nothing is judged on them (EffectGate).
                if (chances.Count < LeastDeals || attractions.Count < LeastDeals)
                    return false;
                var (odds, attraction) = (Regression(trainer, chances), Regression(trainer, attractions));
                for (var row = 0; row < trials.Of.Count; row++)
                {
                    if (trials.Moments.Halves[row] != half)
                        continue;
                    into.Odds[row] = odds.Score(trials.Moments.Row(row));
                    into.Attraction[row] = attraction.Score(trials.Moments.Row(row));
                }
                return true;
            }
            if (!Score(whole, deals, joins))
                return null;
            var known = split.AddDays(-builder.MaturityDays);
            isJudged &= Score(earlier, deals.Before(known), joins.Before(known));
            var suits = trainer.TrainRanking(others, .., config.PartnerFit, fit.Chosen.Learner, fit.Chosen.Trees).Trees;
            suitability.Add(suits);
            bool IsOfHalf(int pair) => trials.Moments.Halves[trials.Pairs.Groups[pair]] == half;
            for (var pair = 0; pair < trials.Pairs.Count; pair++)
            {
                if (IsOfHalf(pair))
                    whole.Suitability[pair] = suits.Score(trials.Pairs.Row(pair));
            }
            for (var other = 0; other < trials.Others.Count; other++)
            {
                if (IsOfHalf(trials.Others.Groups[other]))
                    whole.Others[other] = suits.Score(trials.Others.Row(other));
            }
        }
        var fitted = new EffectFit(trials, whole, columns, _ => true, pair => trials.Pairs.Groups[pair]).Run();
        var verdict = new EffectGate(trials, columns, builder.MaturityDays, config.Seed).Judge(
            fitted,
            whole,
            isJudged ? earlier : null,
            split
        );
        return new(
            fitted with
            {
                Effect = fitted.Effect with { Gate = new(verdict.Promote, verdict.Reason) },
            },
            verdict,
            Regression(trainer, builder.WinProbability),
            Regression(trainer, joining),
            TreeEnsemble.Mean(suitability)
        );
    }

    static TreeEnsemble Regression(TreeTrainer trainer, ExampleSet of) => trainer.TrainLogisticRegression(of, ..).Trees;
}
