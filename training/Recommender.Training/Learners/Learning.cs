using Recommender.Facts;
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

    /// <summary>A year: each season counts about alike.</summary>
    const double LevelHalfLifeDays = 365;

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

    public static Learned WinProbability(TreeTrainer trainer, ExampleSet examples, TrainingConfig config, int maturityDays)
    {
        var win = config.WinProbability;
        var (best, trials) = TryWinProbability(trainer, examples, config, maturityDays);
        var parts = new List<(TreeEnsemble Trees, RawScores Score)>();
        if (best.Trial.Learner != Learner.LogisticRegression)
        {
            var (trees, model) = trainer.TrainBinary(examples, .., win, best.Boosting, best.Trial.Trees);
            parts.Add((trees, trainer.ScoresBy(model, binary: true)));
        }
        if (!IsBoosted(best.Trial.Learner))
        {
            var (trees, model) = trainer.TrainLogisticRegression(examples, ..);
            parts.Add((trees, all => Enumerable.Range(0, all.Count).Select(i => model.Score(all.Row(i)))));
        }
        var slope = best.Shares.Sum();
        double[] shares = [.. best.Shares.Select(share => share / slope)];
        var whole = Grown(TreeEnsemble.Mean([.. parts.Select((part, p) => Times(part.Trees, shares[p] * parts.Count))]));
        var offset = Level(examples, row => slope * whole.Score(row), best.OutOfFold, maturityDays);
        return new(
            whole with
            {
                Calibration = new((float)slope, (float)offset),
            },
            [.. parts.Select((part, p) => (part.Score, shares[p]))],
            best.Trial,
            trials
        );
    }

    /// <summary>
    /// What has to be added to log odds. Models that saw nothing of a window say how far its level was from what had been learned, the newest
    /// windows most; what the model says of the deals it learned from is where the level goes if that passes. The longer outcomes take to
    /// mature, the older is what was seen, and the less of it is left.
    /// </summary>
    public static double Level(ExampleSet examples, RowOdds odds, OutOfFold unseen, int maturityDays)
    {
        var seen = Enumerable.Range(0, examples.Count).Where(i => examples.Groups[i] == ExampleBuilder.AtCreation).ToList();
        var learned = Stacking.Offset(
            [.. seen.Select(i => odds(examples.Row(i)))],
            [.. seen.Select(i => examples.Labels[i])],
            [.. seen.Select(_ => 1.0)]
        );
        var last = unseen.At.Max();
        var missed = Stacking.Offset(unseen.Odds, unseen.Labels, [.. unseen.At.Select(at => LeftAfter((last - at).TotalDays))]);
        return learned + LeftAfter(maturityDays) * (missed - learned);
    }

    /// <summary>The share of a level that is left after so many days.</summary>
    static double LeftAfter(double days) => Elementary.Exp(-Elementary.Log(2) * days / LevelHalfLifeDays);

    public delegate double RowOdds(ReadOnlySpan<float> row);

    /// <summary>Deals at their creation, and what a model said of them that had learned from none of them, nor from later ones.</summary>
    /// <param name="Odds">Log odds, without a level.</param>
    /// <param name="Labels">1 if won.</param>
    /// <param name="At">When they were created.</param>
    public sealed record OutOfFold(IReadOnlyList<double> Odds, IReadOnlyList<float> Labels, IReadOnlyList<DateTime> At);

    /// <summary>What a learner, or two together, came to out of fold.</summary>
    /// <param name="Trial">The learner, its trees, and its log loss.</param>
    /// <param name="Boosting">Whose trees are boosted.</param>
    /// <param name="Shares">What the scores of each part are multiplied by.</param>
    /// <param name="OutOfFold">What it said of each deal.</param>
    public sealed record WinTrial(Trial Trial, Learner Boosting, double[] Shares, OutOfFold OutOfFold);

    /// <summary>
    /// Learners are compared, trees counted and the shares of a blend found on several windows, each predicted by a model of what was known before
    /// it: of deals so old that their outcomes counted then, or of half of those before where nothing is so old. One window alone is too short a look at a win rate that drifts. How high the
    /// win rate was in each window is left free: it is another one tomorrow (<see cref="Level"/>). The moment every deal has is its
    /// creation, so only that is looked at: later ones are easier, and would go on improving long after the trees have learned this one by heart.
    /// </summary>
    /// <returns>The best trial, and all.</returns>
    public static (WinTrial Best, List<Trial> Trials) TryWinProbability(
        TreeTrainer trainer,
        ExampleSet examples,
        TrainingConfig config,
        int maturityDays
    )
    {
        var win = config.WinProbability;
        var blends = win.Learners.Contains(Learner.Blend);
        var boosted = win.Learners.Where(IsBoosted).ToList();
        if (blends && boosted.Count == 0)
            boosted.Add(Learner.FastTree);
        var (labels, folds, at) = (new List<float>(), new List<int>(), new List<DateTime>());
        var steps = boosted.ToDictionary(learner => learner, _ => new SortedDictionary<int, List<double>>());
        var regression = new List<double>();
        for (var fold = win.ValidationFolds; fold > 0; fold--)
        {
            var start = Split(examples, config.ValidationShare * fold);
            var end = fold == 1 ? examples.Count : Split(examples, config.ValidationShare * (fold - 1));
            var matured = Math.Max(start / 2, examples.From(examples.At[start].AddDays(-maturityDays)));
            var created = Enumerable
                .Range(start, end - start)
                .Where(i => examples.Groups[i] == ExampleBuilder.AtCreation)
                .ToList();
            labels.AddRange(created.Select(i => examples.Labels[i]));
            at.AddRange(created.Select(i => examples.At[i]));
            folds.AddRange(created.Select(_ => fold - 1));
            foreach (var learner in boosted)
            {
                var trees = trainer.TrainBinary(examples, ..matured, win, learner, win.Trees).Trees;
                foreach (var (count, scores) in Prefixes(trees, examples, created, win.Trees))
                    (steps[learner].TryGetValue(count, out var pooled) ? pooled : steps[learner][count] = []).AddRange(scores);
            }
            if (blends || win.Learners.Contains(Learner.LogisticRegression))
            {
                var linear = trainer.TrainLogisticRegression(examples, ..matured).Trees;
                regression.AddRange(created.Select(i => linear.Score(examples.Row(i))));
            }
        }
        WinTrial Try(Learner learner, Learner boosting, IEnumerable<(int Trees, List<double>[] Scores)> candidates)
        {
            var curve = candidates
                .Select(step => (step.Trees, step.Scores, Fitted: Stacking.Fit(step.Scores, labels, folds)))
                .ToList();
            var best = curve.MinBy(point => point.Fitted.LogLoss);
            // What tells nothing out of fold is packed as it was learned, and the gate refuses it: turned round or scaled it would be no better.
            double[] shares = double.IsFinite(best.Fitted.LogLoss)
                ? best.Fitted.Shares
                : [.. best.Scores.Select(_ => 1.0 / best.Scores.Length)];
            return new(
                new(learner, [.. curve.Select(point => (point.Trees, point.Fitted.LogLoss))], best.Trees, best.Fitted.LogLoss),
                boosting,
                shares,
                new([.. labels.Select((_, i) => shares.Select((share, s) => share * best.Scores[s][i]).Sum())], labels, at)
            );
        }
        var trials = boosted
            .Select(learner => Try(learner, learner, steps[learner].Select(step => (step.Key, new[] { step.Value }))))
            .ToList();
        var boosting = trials.Count == 0 ? default : trials.MinBy(trial => trial.Trial.Metric)!.Boosting;
        trials.RemoveAll(trial => !win.Learners.Contains(trial.Trial.Learner));
        if (win.Learners.Contains(Learner.LogisticRegression))
            trials.Add(Try(Learner.LogisticRegression, default, [(0, [regression])]));
        if (blends)
            trials.Add(
                Try(Learner.Blend, boosting, steps[boosting].Select(step => (step.Key, new[] { step.Value, regression })))
            );
        return (trials.MinBy(trial => trial.Trial.Metric)!, [.. trials.Select(trial => trial.Trial)]);
    }

    static TreeEnsemble Times(TreeEnsemble ensemble, double share) =>
        ensemble with
        {
            Trees = [.. ensemble.Trees.Select(tree => tree with { Value = [.. tree.Value.Select(x => (float)(share * x))] })],
            Bias = (float)(share * ensemble.Bias),
        };

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
