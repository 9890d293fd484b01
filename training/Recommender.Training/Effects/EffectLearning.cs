using MathNet.Numerics.LinearRegression;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>Matured deals as they stood at creation, each beside the partners that came to be brought in first.</summary>
sealed class EffectExamples(int fitColumns, int winColumns)
{
    /// <summary>The deals without any partner: label won, group half of the accounts.</summary>
    public ExampleSet Alone { get; } = new(winColumns);

    /// <summary>Partner-fit rows of the partners; group is the row of the deal in <see cref="Alone"/>.</summary>
    public ExampleSet Pairs { get; } = new(fitColumns);

    /// <summary>The partner of each pair.</summary>
    public List<PartnerId> Partners { get; } = [];

    /// <summary>The account of each deal.</summary>
    public List<AccountId> Accounts { get; } = [];

    /// <summary>Won shares compared without any adjustment.</summary>
    public RawDifference RawDifference()
    {
        double Won(IEnumerable<int> deals) => deals.Select(deal => (double)Alone.Labels[deal]).DefaultIfEmpty(0).Average();
        var with = Pairs.Groups.ToHashSet();
        var without = Won(Enumerable.Range(0, Alone.Count).Where(deal => !with.Contains(deal)));
        return new(
            Won(with) - without,
            Enumerable
                .Range(0, Pairs.Count)
                .GroupBy(pair => Partners[pair])
                .ToDictionary(pairs => pairs.Key, pairs => Won(pairs.Select(pair => Pairs.Groups[pair])) - without)
        );
    }
}

/// <summary>What partners add, with the models whose scores it rests on.</summary>
sealed record LearnedEffect(PartnerEffect Effect, TreeEnsemble Suitability, TreeEnsemble Fit);

/// <summary>Estimates <see cref="PartnerEffect"/>.</summary>
static class EffectLearning
{
    /// <summary>Fewer deals with, or without, a partner teach no difference.</summary>
    const int LeastDeals = 50;

    /// <summary>
    /// Variance, in log odds, between deals of one partner that suitability does not explain. One outcome per deal cannot tell it from
    /// chance; this value lets 90 % intervals hold the truth in simulated histories (training/README.md).
    /// </summary>
    const double PairVariance = 0.15;

    /// <summary>
    /// Terms of the deal, before those of the partner: its own log odds, their offset, further partners, how it attracts partners (its
    /// propensity; Rosenbaum and Rubin, 1983), and the share of the account's deals that have one, so that deals are compared within
    /// accounts (Mundlak, 1978).
    /// </summary>
    const int Own = 5;

    /// <summary>Standard deviation, in log odds, that a coefficient is expected to have: of kinds, and of the others.</summary>
    const double KindPrior = 0.4;
    const double OtherPrior = 2;

    /// <summary>
    /// The chance of the deal alone and the suitability come from models that have not seen the account: each half of the accounts is
    /// scored by models of the other half (cross-fitting). Null if there are too few deals with or without a partner.
    /// </summary>
    public static LearnedEffect? Learn(
        TreeTrainer trainer,
        ExampleBuilder builder,
        IReadOnlyList<FeatureColumn> columns,
        Learned fit,
        TrainingConfig config
    )
    {
        var examples = builder.Effect;
        var with = examples.Pairs.Groups.ToHashSet();
        if (with.Count < LeastDeals || examples.Alone.Count - with.Count < LeastDeals)
            return null;
        var decisions = builder.PartnerFit.Without([
            .. Enumerable.Range(0, columns.Count).Where(c => Ideas.Relationship.Contains(columns[c].Idea)),
        ]);
        TreeEnsemble Suitability(ExampleSet of) =>
            trainer.TrainRanking(of, .., config.PartnerFit, fit.Chosen.Learner, fit.Chosen.Trees).Trees;
        var joined = examples.Alone.Labelled(with);
        var alone = new double[examples.Alone.Count];
        var attracts = new double[alone.Length];
        var scores = new double[examples.Pairs.Count];
        for (var half = 0; half < 2; half++)
        {
            var others = decisions.OfHalf(1 - half);
            var deals = builder.WinProbability.OfHalf(1 - half).OfGroup(ExampleBuilder.AtCreation);
            if (others.Count < LeastDeals || deals.Count < LeastDeals)
                return null;
            var odds = trainer.TrainLogisticRegression(deals, ..).Trees;
            var attraction = trainer.TrainLogisticRegression(joined.OfHalf(1 - half), ..).Trees;
            var suitability = Suitability(others);
            for (var i = 0; i < alone.Length; i++)
            {
                if (examples.Alone.Halves[i] == half)
                    (alone[i], attracts[i]) = (odds.Score(examples.Alone.Row(i)), attraction.Score(examples.Alone.Row(i)));
            }
            for (var i = 0; i < scores.Length; i++)
            {
                if (examples.Alone.Halves[examples.Pairs.Groups[i]] == half)
                    scores[i] = suitability.Score(examples.Pairs.Row(i));
            }
        }
        return new(Fit(examples, alone, attracts, scores, columns, fit.LeastScore), Suitability(decisions), fit.Trees);
    }

    static PartnerEffect Fit(
        EffectExamples examples,
        double[] alone,
        double[] attracts,
        double[] scores,
        IReadOnlyList<FeatureColumn> columns,
        double leastScore
    )
    {
        // Of several partners on a deal the one that fits best counts.
        var best = new Dictionary<int, int>();
        for (var i = 0; i < scores.Length; i++)
        {
            var deal = examples.Pairs.Groups[i];
            if (!best.TryGetValue(deal, out var other) || scores[i] > scores[other])
                best[deal] = i;
        }
        var chosen = best.Values.Select(i => scores[i]).Order().ToList();
        var mean = chosen.Average();
        var deviation = Math.Max(1e-6, Math.Sqrt(chosen.Average(score => (score - mean) * (score - mean))));
        var kinds = Enumerable
            .Range(0, columns.Count)
            .Where(c =>
                columns[c].Name.StartsWith("partner_type_is_", StringComparison.Ordinal)
                || columns[c].Name.StartsWith("tier_is_", StringComparison.Ordinal)
            )
            .ToArray();
        var numbers = new Dictionary<PartnerId, int>();
        var counts = examples.Pairs.Groups.CountBy(deal => deal).ToDictionary();
        var terms = 2 + kinds.Length;
        var shares = Enumerable
            .Range(0, alone.Length)
            .GroupBy(deal => examples.Accounts[deal])
            .ToDictionary(deals => deals.Key, deals => deals.Average(deal => best.ContainsKey(deal) ? 1.0 : 0));
        var (meanAttraction, meanShare) = (attracts.Average(), (double)best.Count / alone.Length);
        var rows = new double[alone.Length][];
        var partner = new int[alone.Length];
        for (var d = 0; d < rows.Length; d++)
        {
            var row = rows[d] = new double[Own + terms];
            (row[0], row[1], partner[d]) = (alone[d], 1, -1);
            (row[3], row[4]) = (attracts[d] - meanAttraction, shares[examples.Accounts[d]] - meanShare);
            if (!best.TryGetValue(d, out var pair))
                continue;
            var features = examples.Pairs.Row(pair);
            var values = new float[kinds.Length];
            for (var k = 0; k < kinds.Length; k++)
                values[k] = features[kinds[k]];
            row[2] = counts[d] - 1;
            PartnerEffect.Fill(row.AsSpan(Own), (scores[pair] - mean) / deviation, values);
            var id = examples.Partners[pair];
            partner[d] = numbers.TryGetValue(id, out var number) ? number : numbers[id] = numbers.Count;
        }
        // The deal's own log odds are expected to count as they are.
        var prior = Enumerable
            .Range(0, Own + terms)
            .Select(c => new NormalPrior(c == 0 ? 1 : 0, c < Own + 2 ? OtherPrior : KindPrior));
        var posterior = new MixedLogistic(
            rows,
            [.. examples.Alone.Labels.Select(label => label > 0.5f)],
            null,
            partner,
            numbers.Count,
            [.. prior]
        );
        posterior.Fit();
        var (slope, offset) = Line(
            alone,
            [.. rows.Select(row => Enumerable.Range(0, Own).Where(i => i != 2).Sum(i => row[i] * posterior.Coefficients[i]))]
        );
        var deals = new int[numbers.Count];
        foreach (var number in partner.Where(number => number >= 0))
            deals[number]++;
        return new()
        {
            Kinds = [.. kinds.Select(c => columns[c].Name)],
            ScoreMean = mean,
            ScoreDeviation = deviation,
            LeastScore = leastScore,
            AloneSlope = slope,
            AloneOffset = offset,
            Coefficients = posterior.Coefficients[Own..],
            Covariance = [.. posterior.Covariance[Own..].Select(line => line[Own..])],
            PartnerVariance = posterior.GroupVariance,
            PairVariance = PairVariance,
            DealsWith = best.Count,
            DealsWithout = alone.Length - best.Count,
            Partners = numbers
                .OrderBy(pair => pair.Key.Value, StringComparer.Ordinal)
                .ToDictionary(
                    pair => pair.Key.Value,
                    pair =>
                    {
                        var (value, variance, covariance) = posterior.Group(pair.Value);
                        return new PartnerDifference(deals[pair.Value], value, variance, covariance[Own..]);
                    }
                ),
        };
    }

    /// <summary>The line through points by least squares; level if all stand above one another.</summary>
    static (double Slope, double Offset) Line(double[] x, double[] y)
    {
        var (offset, slope) = SimpleRegression.Fit(x, y);
        return double.IsFinite(slope) ? (slope, offset) : (0, y.Average());
    }
}
