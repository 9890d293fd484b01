using Recommender.Models;

namespace Recommender.Training;

/// <summary>What a model says of each example, before calibration.</summary>
delegate IEnumerable<double> RawScores(ExampleSet examples);

/// <summary>What a learner came to on the validation window.</summary>
/// <param name="Learner">Who learned.</param>
/// <param name="Curve">Trees kept → metric, in steps.</param>
/// <param name="Trees">Trees kept where the metric is best; of the boosted part for a blend.</param>
/// <param name="Metric">The best metric: NDCG@10 of partner fit, log loss of win probability.</param>
sealed record Trial(Learner Learner, IReadOnlyList<(int Trees, double Metric)> Curve, int Trees, double Metric);

/// <summary>A trained model: what ships, and how it was chosen.</summary>
/// <param name="Trees">What ships.</param>
/// <param name="Parts">Raw scores by what was trained, before it became trees; with its share in the whole.</param>
/// <param name="Chosen">The learner that validation chose.</param>
/// <param name="Trials">All that were tried, in the order of the configuration.</param>
sealed record Learned(
    TreeEnsemble Trees,
    IReadOnlyList<(RawScores Score, double Share)> Parts,
    Trial Chosen,
    IReadOnlyList<Trial> Trials
)
{
    /// <summary>
    /// Partner fit: least scores of grades A, B and C. Half of the partners with a record who were engaged in decisions of the validation
    /// window scored as high as an A, by a model that had not seen these decisions; three quarters as a B, nine tenths as a C.
    /// </summary>
    public double[]? Grades { get; init; }
}

/// <summary>Early stopping on the last part of the window, then once more on all of it with as many trees.</summary>
static class Learning
{
    const int Step = 10;

    /// <summary>Shares of engaged partners who reach grade A, B and C.</summary>
    static readonly double[] _gradeShares = [0.5, 0.75, 0.9];

    public static Learned PartnerFit(TreeTrainer trainer, ExampleSet examples, TrainingConfig config)
    {
        var (split, trials) = TryPartnerFit(trainer, examples, config);
        var (best, early) = trials.MaxBy(trial => trial.Trial.Metric);
        var kept = early with { Trees = [.. early.Trees.Take(best.Trees)] };
        var (trees, model) = trainer.TrainRanking(examples, .., config.PartnerFit, best.Learner, best.Trees);
        double[] unseen = [.. Enumerable.Range(split, examples.Count - split).Select(i => kept.Score(examples.Row(i)))];
        return new(Grown(trees), [(trainer.ScoresBy(model, binary: false), 1)], best, [.. trials.Select(trial => trial.Trial)])
        {
            Grades = Grades(examples, split, unseen),
        };
    }

    /// <summary>Least scores of A, B and C from scores of examples that the model had not seen.</summary>
    static double[] Grades(ExampleSet examples, int from, double[] scores)
    {
        // The unproven who were engaged weigh more than 1, as they stand for others.
        var engaged = Enumerable.Range(0, scores.Length).Where(i => examples.Labels[from + i] > 0).ToList();
        var proven = engaged.FindAll(i => examples.Weights[from + i] == 1);
        var sorted = (proven.Count > 0 ? proven : engaged).Select(i => scores[i]).Order().ToList();
        return [.. _gradeShares.Select(share => Math.Round(sorted[(int)((1 - share) * (sorted.Count - 1))], 4))];
    }

    /// <summary>Each learner on the examples before the validation window, judged inside it.</summary>
    /// <returns>The first example of the window, and the trials with their trees.</returns>
    public static (int Split, List<(Trial Trial, TreeEnsemble Trees)> Trials) TryPartnerFit(
        TreeTrainer trainer,
        ExampleSet examples,
        TrainingConfig config
    )
    {
        var split = Split(examples, config.ValidationShare);
        var trials = config
            .PartnerFit.Learners.Select(learner =>
            {
                var first = trainer.TrainRanking(examples, ..split, config.PartnerFit, learner, config.PartnerFit.Trees);
                var curve = Prefixes(
                        first.Trees,
                        examples,
                        [.. Enumerable.Range(split, examples.Count - split)],
                        config.PartnerFit.Trees
                    )
                    .Select(step => (step.Trees, Metric: MeanNdcg(examples, split, step.Scores)))
                    .ToList();
                var (trees, metric) = curve.MaxBy(point => point.Metric);
                return (new Trial(learner, curve, trees, metric), first.Trees);
            })
            .ToList();
        return (split, trials);
    }

    public static Learned WinProbability(TreeTrainer trainer, ExampleSet examples, TrainingConfig config)
    {
        var win = config.WinProbability;
        var (best, boosting, calibration, trials) = TryWinProbability(trainer, examples, config);
        var parts = new List<(TreeEnsemble Trees, RawScores Score)>();
        if (best.Learner != Learner.LogisticRegression)
        {
            var (trees, model) = trainer.TrainBinary(examples, .., win, boosting, best.Trees);
            parts.Add((trees, trainer.ScoresBy(model, binary: true)));
        }
        if (!IsBoosted(best.Learner))
        {
            var (trees, model) = trainer.TrainLogisticRegression(examples, ..);
            parts.Add((trees, all => Enumerable.Range(0, all.Count).Select(i => model.Score(all.Row(i)))));
        }
        return new(
            Grown(TreeEnsemble.Mean([.. parts.Select(part => part.Trees)])) with
            {
                Calibration = calibration,
            },
            [.. parts.Select(part => (part.Score, 1.0 / parts.Count))],
            best,
            trials
        );
    }

    /// <summary>
    /// Learners are compared, trees counted and the calibration fitted on several windows, each predicted by a model of what came before
    /// it: one window alone is too short a look at a win rate that drifts. The moment every deal has is its creation, so only that is
    /// looked at: later ones are easier, and would go on improving long after the trees have learned this one by heart.
    /// </summary>
    /// <returns>The best trial, whose trees it boosts, its calibration, and all trials.</returns>
    public static (Trial Best, Learner Boosting, Calibration Calibration, List<Trial> Trials) TryWinProbability(
        TreeTrainer trainer,
        ExampleSet examples,
        TrainingConfig config
    )
    {
        var win = config.WinProbability;
        var blends = win.Learners.Contains(Learner.Blend);
        var boosted = win.Learners.Where(IsBoosted).ToList();
        if (blends && boosted.Count == 0)
            boosted.Add(Learner.FastTree);
        var labels = new List<float>();
        var steps = boosted.ToDictionary(learner => learner, _ => new SortedDictionary<int, List<double>>());
        var regression = new List<double>();
        for (var fold = win.ValidationFolds; fold > 0; fold--)
        {
            var start = Split(examples, config.ValidationShare * fold);
            var end = fold == 1 ? examples.Count : Split(examples, config.ValidationShare * (fold - 1));
            var created = Enumerable
                .Range(start, end - start)
                .Where(i => examples.Groups[i] == ExampleBuilder.AtCreation)
                .ToList();
            labels.AddRange(created.Select(i => examples.Labels[i]));
            foreach (var learner in boosted)
            {
                var trees = trainer.TrainBinary(examples, ..start, win, learner, win.Trees).Trees;
                foreach (var (count, scores) in Prefixes(trees, examples, created, win.Trees))
                    (steps[learner].TryGetValue(count, out var pooled) ? pooled : steps[learner][count] = []).AddRange(scores);
            }
            if (blends || win.Learners.Contains(Learner.LogisticRegression))
            {
                var linear = trainer.TrainLogisticRegression(examples, ..start).Trees;
                regression.AddRange(created.Select(i => linear.Score(examples.Row(i))));
            }
        }
        (Trial Trial, Learner Boosting, Calibration Calibration) Try(
            Learner learner,
            Learner boosting,
            IEnumerable<(int Trees, List<double> Scores)> candidates
        )
        {
            var curve = candidates.Select(step => (step.Trees, Fitted: trainer.Calibrated(step.Scores, labels))).ToList();
            var best = curve.MinBy(point => point.Fitted.LogLoss);
            return (
                new(learner, [.. curve.Select(point => (point.Trees, point.Fitted.LogLoss))], best.Trees, best.Fitted.LogLoss),
                boosting,
                best.Fitted.Calibration
            );
        }
        var trials = boosted
            .Select(learner => Try(learner, learner, steps[learner].Select(step => (step.Key, step.Value))))
            .ToList();
        var boosting = trials.Count == 0 ? default : trials.MinBy(trial => trial.Trial.Metric).Boosting;
        trials.RemoveAll(trial => !win.Learners.Contains(trial.Trial.Learner));
        if (win.Learners.Contains(Learner.LogisticRegression))
            trials.Add(Try(Learner.LogisticRegression, default, [(0, regression)]));
        if (blends)
            trials.Add(
                Try(
                    Learner.Blend,
                    boosting,
                    steps[boosting].Select(step => (step.Key, step.Value.Zip(regression, (a, b) => (a + b) / 2).ToList()))
                )
            );
        var chosen = trials.MinBy(trial => trial.Trial.Metric);
        return (chosen.Trial, chosen.Boosting, chosen.Calibration, [.. trials.Select(trial => trial.Trial)]);
    }

    static bool IsBoosted(Learner learner) => learner is Learner.FastTree or Learner.LightGbm;

    /// <summary>The first example of the last <paramref name="share"/> by time, whole moments.</summary>
    static int Split(ExampleSet examples, double share)
    {
        if (examples.Count < 20)
            throw new InvalidDataException($"{examples.Count} training examples; expected at least 20.");
        var at = examples.At[(int)(examples.Count * (1 - share))];
        var split = examples.From(at);
        return split > 0
            ? split
            : throw new InvalidDataException("All training examples are of one moment; expected a history over time.");
    }

    /// <summary>Scores of some examples by the first 10, 20, … trees, up to <paramref name="most"/> even if there are fewer.</summary>
    static IEnumerable<(int Trees, double[] Scores)> Prefixes(
        TreeEnsemble ensemble,
        ExampleSet examples,
        List<int> which,
        int most
    )
    {
        var scores = new double[which.Count];
        for (var t = 0; t < most; t++)
        {
            if (t < ensemble.Trees.Count)
            {
                var tree = ensemble.Trees[t];
                Parallel.For(0, scores.Length, i => scores[i] += tree.Value[tree.Leaf(examples.Row(which[i]))]);
            }
            if ((t + 1) % Step == 0 || t + 1 == most)
                yield return (t + 1, [.. scores]);
        }
    }

    /// <summary>The trees, if there are any.</summary>
    /// <exception cref="InvalidDataException">No tree was grown.</exception>
    static TreeEnsemble Grown(TreeEnsemble trees) =>
        trees.Trees.Count > 0
            ? trees
            : throw new InvalidDataException("No split has enough examples on both sides; expected more history.");

    static double MeanNdcg(ExampleSet examples, int from, double[] scores)
    {
        double sum = 0;
        var groups = 0;
        for (var start = from; start < examples.Count; )
        {
            var end = start;
            while (end < examples.Count && examples.Groups[end] == examples.Groups[start])
                end++;
            var (first, last) = (start, end);
            var ranks = Enumerable
                .Range(first, last - first)
                .Where(i => examples.Labels[i] > 0)
                .Select(i =>
                    Enumerable
                        .Range(first, last - first)
                        .Count(j => scores[j - from] > scores[i - from] || (scores[j - from] == scores[i - from] && j < i))
                )
                .Order()
                .ToArray();
            sum += RankingQuality.Of(ranks).Ndcg;
            groups++;
            start = end;
        }
        return sum / Math.Max(1, groups);
    }
}
