using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>Learns win probability anew from a history without what may have leaked into it, and judges it on the same deals.</summary>
sealed class LeakRetraining(FactSource facts, TrainingConfig config, DateTime from, IReadOnlyList<Deal> inside)
{
    /// <summary>What a model of shuffled outcomes may gain at most, of what a model of the real ones gains: chance brings a fiftieth.</summary>
    const double MostOfShuffled = 0.25;

    /// <summary>What a single column may bring of all that is gained.</summary>
    const double MostOfColumn = 2.0 / 3;

    /// <summary>Log loss that matters.</summary>
    const double Material = 0.02;
    const double MaterialOfShuffled = 0.005;

    /// <summary>Deals that a model of shuffled outcomes learns from, at least.</summary>
    const int LeastOfShuffled = 20;

    /// <summary>Without columns, by the same configuration.</summary>
    public WithoutColumns Without(FeatureSettings settings, IReadOnlyList<LeftOut> columns, Progress progress)
    {
        var less = config with { Features = config.Features with { LeftOut = [.. settings.LeftOut, .. columns] } };
        IReadOnlyList<double> predicted = [];
        progress.Step(
            $"train without {string.Join(", ", columns.Select(Name))}",
            _ =>
            {
                using var models = TrainedModels.Train(facts, less, from, ModelParts.WinProbability, new(quiet: true));
                if (models.WinProbability is { } win)
                    predicted = Judge(less, models.Examples, new EnsembleScorer(win.Trees).Score).Predicted;
            }
        );
        return new([.. columns.Select(Name)], predicted);
    }

    /// <summary>
    /// A sentence for each column that brings most of what is gained: one that somebody wrote when the outcome was known does. Columns are tried
    /// one by one only where all together bring so much.
    /// </summary>
    public List<string> Alarms(
        FeatureSettings settings,
        IReadOnlyList<LeftOut> columns,
        JudgedProbabilities judged,
        WithoutColumns all,
        Progress progress
    )
    {
        var alarms = new List<string>();
        var gain = judged.Gains("training_share").Average();
        bool IsMuch(WithoutColumns without, out double brought)
        {
            brought = 0;
            if (without.Predicted.Count != judged.Won.Count)
                return false;
            var found = judged.LossWithout(without, config)!.Value;
            brought = found.Value;
            return found.Low > 0 && brought > Math.Max(Material, MostOfColumn * gain);
        }
        if (!IsMuch(all, out _))
            return alarms;
        foreach (var column in columns.Where(column => !config.Features.Keep.Contains(column.Column)))
        {
            if (IsMuch(Without(settings, [column], progress), out var brought))
                alarms.Add(
                    FormattableString.Invariant(
                        $"{Name(column)} alone brings {brought:0.000} of the {gain:0.000} log loss gained: was it written when the outcome was known? If not, name it in features.keep."
                    )
                );
        }
        return alarms;
    }

    /// <summary>
    /// What a regression gains in log loss on real outcomes, having learned from a history whose outcomes were dealt out anew among the deals before
    /// it was replayed. Features made of a deal's own outcome go with it there, and are believed here.
    /// </summary>
    public (Measured? Gain, string? Alarm) OfShuffledOutcomes(
        TreeTrainer trainer,
        FeatureSettings settings,
        JudgedProbabilities judged
    )
    {
        using var examples = TrainingExamples.Build(
            Shuffled(facts, from, config.Seed),
            config,
            from,
            ModelParts.WinProbability,
            new(quiet: true),
            settings,
            endedOnly: true
        );
        var created = examples.Builder.WinProbability.OfGroup(ExampleBuilder.AtCreation);
        if (created.Count < LeastOfShuffled)
            return (null, null);
        var share = created.Labels.Average();
        var regression = trainer.TrainLogisticRegression(created, ..).Trees with { Calibration = new(1, 0) };
        var (predicted, won) = Judge(config, examples, new EnsembleScorer(regression).Score);
        if (won.Count != judged.Won.Count)
            return (null, null);
        // Who is left open was not dealt out.
        var ended = Backtest
            .Moments(inside)
            .Where(moment => !moment.IsFit)
            .Select((moment, i) => moment.Deal.Outcome == Outcome.Open ? -1 : i)
            .Where(i => i >= 0)
            .ToList();
        if (ended.Count == 0)
            return (null, null);
        var shuffled = new JudgedProbabilities(
            new Dictionary<string, IReadOnlyList<double>>
            {
                ["win_probability"] = [.. ended.Select(i => predicted[i])],
                ["training_share"] = [.. ended.Select(_ => (double)share)],
            },
            [.. ended.Select(i => won[i])],
            judged.Accounts.Only(ended)
        );
        var gain = Bootstrap.Mean(shuffled.Gains("training_share"), shuffled.Accounts, config)!.Value;
        var real = judged.Gains("training_share").Average();
        return (
            gain,
            gain.Low > Math.Max(MaterialOfShuffled, MostOfShuffled * real)
                ? FormattableString.Invariant(
                    $"Learned from outcomes that were dealt out anew, it still foretells real ones, by {gain.Value:0.000} log loss: features know the outcome that they are to foretell."
                )
                : null
        );
    }

    /// <summary>The same facts with the outcomes of closed deals created before a moment dealt out anew among them.</summary>
    public static FactSource Shuffled(FactSource facts, DateTime before, int seed)
    {
        var known = new SortedDictionary<string, Outcome>(StringComparer.Ordinal);
        foreach (var deal in Deal.KnownBefore(facts.Before(before), before))
        {
            if (deal.Outcome != Outcome.Open && deal.Row.CreatedAt < before && deal.Last.CreatedAt < before)
                known[deal.Row.Id.Value] = deal.Outcome;
        }
        var outcomes = known.Values.ToArray();
        new Random(seed).Shuffle(outcomes);
        var dealt = known.Keys.Zip(outcomes).ToDictionary(pair => pair.First, pair => pair.Second);
        object? Dealt(object? noun) =>
            noun is Opportunity row && row.Outcome != Outcome.Open && dealt.TryGetValue(row.Id.Value, out var outcome)
                ? row with
                {
                    Outcome = outcome,
                }
                : noun;
        return facts with
        {
            Before = until =>
                facts.Before(until).Select(fact => fact with { Noun = Dealt(fact.Noun)!, Replaced = Dealt(fact.Replaced) }),
        };
    }

    (IReadOnlyList<double> Predicted, IReadOnlyList<bool> Won) Judge(
        TrainingConfig of,
        TrainingExamples examples,
        BatchScorer scorer
    )
    {
        var backtest = new Backtest(of, examples.Featurizer, null, scorer, null, from);
        backtest.Run(examples.Replay, inside, null);
        return ([.. backtest.Win.Examples.ScoredBy(scorer).Select(score => (double)score)], backtest.Win.Won);
    }

    static string Name(LeftOut column) => $"{column.Of}.{column.Column}";
}
