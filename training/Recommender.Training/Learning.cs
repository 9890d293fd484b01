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
        var curve = Prefixes(first.Trees, examples, split, scores => MeanNdcg(examples, split, scores));
        var best = curve.MaxBy(point => point.Metric).Trees;
        var (trees, model) = trainer.TrainRanking(examples, .., config.PartnerFit, best, gains);
        return new(trees, model, curve);
    }

    public static Learned WinProbability(TreeTrainer trainer, ExampleSet examples, TrainingConfig config)
    {
        var split = Split(examples, config.ValidationShare);
        var first = trainer.TrainBinary(examples, ..split, config.WinProbability, config.WinProbability.Trees);
        var labels = examples.Labels[split..];
        var weights = examples.Weights[split..];
        double Loss(double[] scores)
        {
            var trial = trainer.Calibrate(scores, labels, weights);
            double loss = 0,
                weight = 0;
            for (var i = 0; i < scores.Length; i++)
            {
                loss += weights[i] * ProbabilityQuality.LogLossOf(trial.Probability(scores[i]), labels[i] > 0.5f);
                weight += weights[i];
            }
            return loss / weight;
        }
        var curve = Prefixes(first.Trees, examples, split, Loss);
        var best = curve.MinBy(point => point.Metric).Trees;
        var kept = first.Trees with { Trees = [.. first.Trees.Trees.Take(best)] };
        var calibration = trainer.Calibrate(
            [.. Enumerable.Range(split, examples.Count - split).Select(i => kept.Score(examples.Row(i)))],
            labels,
            weights
        );
        var (trees, model) = trainer.TrainBinary(examples, .., config.WinProbability, best);
        return new(trees with { Calibration = calibration }, model, curve);
    }

    /// <summary>The first example of the validation window: the last <paramref name="share"/> by time, whole moments.</summary>
    static int Split(ExampleSet examples, double share)
    {
        if (examples.Count < 20)
            throw new InvalidDataException($"{examples.Count} training examples; expected at least 20.");
        var at = examples.At[(int)(examples.Count * (1 - share))];
        var split = examples.From(at);
        return split > 0 ? split : throw new InvalidDataException("All training examples are of one moment; expected a history over time.");
    }

    static List<(int Trees, double Metric)> Prefixes(TreeEnsemble ensemble, ExampleSet examples, int from, Func<double[], double> metric)
    {
        var scores = new double[examples.Count - from];
        var curve = new List<(int, double)>();
        for (var t = 0; t < ensemble.Trees.Count; t++)
        {
            var tree = ensemble.Trees[t];
            Parallel.For(0, scores.Length, i => scores[i] += tree.Value[tree.Leaf(examples.Row(from + i))]);
            if ((t + 1) % Step == 0 || t + 1 == ensemble.Trees.Count)
                curve.Add((t + 1, metric(scores)));
        }
        return curve;
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
                .Select(i => Enumerable.Range(first, last - first).Count(j => scores[j - from] > scores[i - from] || (scores[j - from] == scores[i - from] && j < i)))
                .Order()
                .ToArray();
            sum += RankingQuality.Of(ranks).Ndcg;
            groups++;
            start = end;
        }
        return sum / Math.Max(1, groups);
    }
}
