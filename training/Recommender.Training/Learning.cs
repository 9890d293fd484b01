using Microsoft.ML;
using Recommender.Artifacts;

namespace Recommender.Training;

/// <summary>A trained model: what ships, and the same in ML.NET to compare with.</summary>
/// <param name="Trees">What ships.</param>
/// <param name="Model">What ML.NET trained.</param>
/// <param name="Validation">Trees kept → metric on the validation window, in steps.</param>
sealed record Learned(TreeEnsemble Trees, ITransformer Model, IReadOnlyList<(int Trees, double Metric)> Validation);

/// <summary>Early stopping on the last part of the window, then once more on all of it with as many trees.</summary>
static class Learning
{
    const int Step = 10;

    public static Learned PartnerFit(TreeTrainer trainer, ExampleSet examples, TrainingConfig config)
    {
        double[] gains = [0, 1, config.PartnerFit.WonGrade, 4, 8];
        var split = Split(examples, config.ValidationShare);
        var first = trainer.TrainRanking(examples, ..split, config.PartnerFit, config.PartnerFit.Trees, gains);
        var curve = Prefixes(first.Trees, examples, [.. Enumerable.Range(split, examples.Count - split)])
            .Select(step => (step.Trees, Metric: MeanNdcg(examples, split, step.Scores)))
            .ToList();
        var best = curve.MaxBy(point => point.Metric).Trees;
        var (trees, model) = trainer.TrainRanking(examples, .., config.PartnerFit, best, gains);
        return new(trees, model, curve);
    }

    /// <summary>
    /// Trees are counted and calibrated on several windows, each predicted by a model of what came before it: one window alone is too
    /// short a look at a win rate that drifts. The moment every deal has is its creation, so only that is looked at: later ones are
    /// easier, and would go on improving long after the trees have learned this one by heart.
    /// </summary>
    public static Learned WinProbability(TreeTrainer trainer, ExampleSet examples, TrainingConfig config)
    {
        var labels = new List<float>();
        var steps = new SortedDictionary<int, List<double>>();
        for (var fold = config.WinProbability.ValidationFolds; fold > 0; fold--)
        {
            var start = Split(examples, config.ValidationShare * fold);
            var end = fold == 1 ? examples.Count : Split(examples, config.ValidationShare * (fold - 1));
            var created = Enumerable
                .Range(start, end - start)
                .Where(i => examples.Groups[i] == ExampleBuilder.AtCreation)
                .ToList();
            var trees = trainer.TrainBinary(examples, ..start, config.WinProbability, config.WinProbability.Trees).Trees;
            labels.AddRange(created.Select(i => examples.Labels[i]));
            foreach (var (count, scores) in Prefixes(trees, examples, created))
                (steps.TryGetValue(count, out var pooled) ? pooled : steps[count] = []).AddRange(scores);
        }
        var curve = steps
            .Select(step =>
            {
                var calibration = trainer.Calibrate(step.Value, labels);
                var loss = step.Value.Zip(
                    labels,
                    (score, label) => ProbabilityQuality.LogLossOf(calibration.Probability(score), label > 0.5f)
                );
                return (Trees: step.Key, Metric: loss.Average(), Calibration: calibration);
            })
            .ToList();
        var best = curve.MinBy(point => point.Metric);
        var (final, model) = trainer.TrainBinary(examples, .., config.WinProbability, best.Trees);
        return new(final with { Calibration = best.Calibration }, model, [.. curve.Select(point => (point.Trees, point.Metric))]);
    }

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

    /// <summary>Scores of some examples by the first 10, 20, … trees.</summary>
    static IEnumerable<(int Trees, double[] Scores)> Prefixes(TreeEnsemble ensemble, ExampleSet examples, List<int> which)
    {
        var scores = new double[which.Count];
        for (var t = 0; t < ensemble.Trees.Count; t++)
        {
            var tree = ensemble.Trees[t];
            Parallel.For(0, scores.Length, i => scores[i] += tree.Value[tree.Leaf(examples.Row(which[i]))]);
            if ((t + 1) % Step == 0 || t + 1 == ensemble.Trees.Count)
                yield return (t + 1, [.. scores]);
        }
    }

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
