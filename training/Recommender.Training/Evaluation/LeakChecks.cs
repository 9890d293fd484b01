using Recommender.Features;

namespace Recommender.Training;

/// <summary>Signs that a model knows what it cannot know.</summary>
/// <param name="ShuffledAuc">AUC of a model that learned shuffled labels, judged on shuffled ones; must be 0.5 within noise.</param>
/// <param name="ShuffledNoise">Half width of the interval that 0.5 ± chance would show.</param>
/// <param name="Alarms">One sentence each; empty if nothing is suspicious.</param>
sealed record LeakReport(double? ShuffledAuc, double? ShuffledNoise, IReadOnlyList<string> Alarms)
{
    /// <summary>
    /// What a regression gains in log loss on real outcomes after it learned from a history whose outcomes were dealt out anew; near zero unless
    /// features know outcomes. Null if nobody looked.
    /// </summary>
    public Measured? ShuffledOutcomesGain { get; init; }
}

/// <summary>Shuffles labels, and looks for figures too good to be true.</summary>
static class LeakChecks
{
    /// <summary>Out-of-time figures of this trade stay well below.</summary>
    const double Implausible = 0.95;
    const int Decisions = 2000;
    const int Named = 3;

    /// <summary>Win probability: a regression on shuffled labels, each single feature, and the model itself, on the test deals.</summary>
    public static LeakReport OfWinning(
        TreeTrainer trainer,
        ExampleSet training,
        ExampleSet test,
        IReadOnlyList<bool> won,
        IReadOnlyList<double> predicted,
        IReadOnlyList<FeatureColumn> columns,
        int seed
    )
    {
        var wins = won.Count(yes => yes);
        if (wins < 10 || won.Count - wins < 10)
            return new(null, null, []);
        var shuffled = training.Shuffled(new(seed));
        var trees = trainer.TrainLogisticRegression(shuffled, ..).Trees;
        // Judged on real labels, what it learned of chance would lean with or against whatever is strong in them.
        var mixed = won.ToArray();
        new Random(seed).Shuffle(mixed);
        var auc = ProbabilityQuality.Auc([.. Enumerable.Range(0, test.Count).Select(i => trees.Score(test.Row(i)))], mixed);
        // Four standard errors of an AUC of 0.5 (Mann and Whitney, 1947).
        var noise = 4 * Math.Sqrt((won.Count + 1) / (12.0 * wins * (won.Count - wins)));
        var alarms = new List<string>();
        if (Math.Abs(auc - 0.5) > noise)
            alarms.Add(FormattableString.Invariant($"Learned from shuffled labels, AUC is {auc:0.000}; expected 0.5."));
        var own = ProbabilityQuality.Auc(predicted, won);
        if (own > Implausible)
            alarms.Add(
                FormattableString.Invariant(
                    $"AUC {own:0.000} is implausibly high. {Strongest(columns, f => Alone(test, f, won))}"
                )
            );
        for (var f = 0; f < columns.Count; f++)
        {
            if (Alone(test, f, won) is > Implausible and var alone)
                alarms.Add(
                    FormattableString.Invariant(
                        $"{columns[f].Name} alone has an AUC of {alone:0.000}: is it known before the outcome?"
                    )
                );
        }
        return new(auc, noise, alarms);
    }

    /// <summary>How well a feature alone tells labels, whichever way it points.</summary>
    static double Alone(ExampleSet examples, int feature, IReadOnlyList<bool> labels)
    {
        var auc = ProbabilityQuality.Auc(
            [.. Enumerable.Range(0, examples.Count).Select(i => (double)examples.Row(i)[feature])],
            labels
        );
        return Math.Max(auc, 1 - auc);
    }

    /// <summary>The features that know most by themselves, for whoever has to find out how.</summary>
    static string Strongest(IReadOnlyList<FeatureColumn> columns, Func<int, double> alone) =>
        "By themselves know most: "
        + string.Join(
            ", ",
            Enumerable
                .Range(0, columns.Count)
                .Select(f => (columns[f].Name, Auc: alone(f)))
                .OrderByDescending(one => one.Auc)
                .Take(Named)
                .Select(one => FormattableString.Invariant($"{one.Name} ({one.Auc:0.000})"))
        )
        + ".";

    /// <summary>Partner fit: a ranking learned from labels shuffled within decisions, judged on those of the newest fifth.</summary>
    public static LeakReport OfRanking(TreeTrainer trainer, TrainingExamples examples, TrainingConfig config, double? ndcg)
    {
        var (training, columns) = (examples.Builder.PartnerFit, examples.Featurizer.PartnerFit);
        var alarms = new List<string>();
        var newest = training.NewestGroups(Decisions);
        if (ndcg > Implausible)
        {
            var chosen = newest.Labels.Select(label => label > 0).ToList();
            alarms.Add(
                FormattableString.Invariant(
                    $"NDCG@10 {ndcg:0.000} is implausibly high. {Strongest(columns, f => Alone(newest, f, chosen))}"
                )
            );
        }
        var groups = newest.Groups.Count == 0 ? 0 : newest.Groups[^1] - newest.Groups[0] + 1;
        var split = newest.Groups.FindIndex(group => group >= newest.Groups[0] + groups * 4 / 5);
        if (groups < 50 || split <= 0)
            return new(null, null, alarms);
        newest = newest.Shuffled(new(config.Seed));
        var trees = trainer.TrainRanking(newest, ..split, config.PartnerFit, config.PartnerFit.Learners[0], 30).Trees;
        var aucs = Enumerable
            .Range(split, newest.Count - split)
            .GroupBy(i => newest.Groups[i])
            .Select(group =>
                ProbabilityQuality.Auc(
                    [.. group.Select(i => trees.Score(newest.Row(i)))],
                    [.. group.Select(i => newest.Labels[i] > 0)]
                )
            )
            .ToList();
        var auc = aucs.Average();
        var noise = 4 * Math.Sqrt(aucs.Average(a => (a - auc) * (a - auc)) / aucs.Count);
        if (Math.Abs(auc - 0.5) > noise)
            alarms.Add(
                FormattableString.Invariant(
                    $"Learned from shuffled labels, the AUC within decisions is {auc:0.000}; expected 0.5."
                )
            );
        return new(auc, noise, alarms);
    }
}
