using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Recommender.Models;
using Recommender.Training;

namespace Recommender.Benchmarks;

/// <summary>
/// Trains on what export-examples wrote, for a comparison side by side with another trainer on the same files:
/// <c>train OUT partner-fit 300 20 light_gbm</c>. Prints one JSON line: seconds, peak memory in MB, NDCG@10 or AUC on the test rows.
/// </summary>
static partial class TrainingComparison
{
    public static void Run(string[] arguments)
    {
        var (folder, model) = (Path.Combine(arguments[0], arguments[1]), arguments[1]);
        var (trees, leaves) = (int.Parse(arguments[2], null), int.Parse(arguments[3], null));
        var learner = arguments[4] == "light_gbm" ? Learner.LightGbm : Learner.FastTree;
        var clock = Stopwatch.StartNew();
        var ranking = model == ModelPackage.PartnerFit;
        var examples = Load(folder, "train", ranking);
        var read = clock.Elapsed.TotalSeconds;
        var config = new TrainingConfig();
        var trainer = new TreeTrainer(config.Seed, 2);
        var fit = config.PartnerFit with { Leaves = leaves, LearningRate = 0.1, FeatureFraction = 0.8 };
        var win = config.WinProbability with { Leaves = leaves, LearningRate = 0.05, FeatureFraction = 0.8 };
        var trained = ranking
            ? trainer.TrainRanking(examples, .., fit, learner, trees).Trees
            : trainer.TrainBinary(examples, .., win, learner, trees).Trees;
        var seconds = clock.Elapsed.TotalSeconds;
        var (rows, columns) = (examples.Count, examples.Columns);
        var peak = Process.GetCurrentProcess().PeakWorkingSet64 >> 20;
        Console.WriteLine(
            JsonSerializer.Serialize(
                new
                {
                    peer = $"{arguments[4]} of ML.NET",
                    model,
                    rows,
                    features = columns,
                    trees = trained.Trees.Count,
                    read_seconds = Math.Round(read, 2),
                    train_seconds = Math.Round(seconds, 2),
                    quality = Quality(folder, trained, ranking),
                    train_peak_memory_mb = peak,
                    peak_memory_mb = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
                }
            )
        );
    }

    static ExampleSet Load(string folder, string name, bool ranking)
    {
        var y = Read<float>(Path.Combine(folder, name + ".y.npy"), out _);
        var groups = Read<int>(Path.Combine(folder, name + ".group.npy"), out _);
        using var x = File.OpenRead(Path.Combine(folder, name + ".x.npy"));
        var columns = Columns(x);
        var examples = new ExampleSet(columns);
        for (int i = 0, group = 0, left = ranking ? groups[0] : int.MaxValue; i < y.Length; i++)
        {
            if (left == 0)
                left = groups[++group];
            left--;
            x.ReadExactly(MemoryMarshal.AsBytes(examples.Add(y[i], 1, default, group)));
        }
        return examples;
    }

    static double Quality(string folder, TreeEnsemble trees, bool ranking)
    {
        var y = Read<float>(Path.Combine(folder, "test.y.npy"), out _);
        using var x = new BufferedStream(File.OpenRead(Path.Combine(folder, "test.x.npy")), 1 << 20);
        var row = new float[Columns(x)];
        var scores = new double[y.Length];
        for (var i = 0; i < scores.Length; i++)
        {
            x.ReadExactly(MemoryMarshal.AsBytes(row.AsSpan()));
            scores[i] = trees.Score(row);
        }
        if (!ranking)
            return ProbabilityQuality.Auc(scores, [.. y.Select(label => label > 0.5f)]);
        var start = 0;
        var ndcgs = new List<double>();
        foreach (var size in Read<int>(Path.Combine(folder, "test.group.npy"), out _))
        {
            var group = Enumerable.Range(start, size).OrderByDescending(i => scores[i]).ToList();
            int[] ranks = [.. Enumerable.Range(0, size).Where(rank => y[group[rank]] > 0)];
            if (ranks.Length > 0)
                ndcgs.Add(RankingQuality.Of(ranks).Ndcg);
            start += size;
        }
        return Math.Round(ndcgs.Average(), 4);
    }

    static T[] Read<T>(string file, out int columns)
        where T : unmanaged
    {
        using var stream = File.OpenRead(file);
        columns = Columns(stream);
        var values = new T[(stream.Length - stream.Position) / 4];
        stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>Reads the header; leaves the stream at the first value.</summary>
    static int Columns(Stream stream)
    {
        Span<byte> start = stackalloc byte[10];
        stream.ReadExactly(start);
        var text = new byte[start[8] + 256 * start[9]];
        stream.ReadExactly(text);
        var shape = Shape().Match(Encoding.ASCII.GetString(text));
        return shape.Groups["columns"].Success ? int.Parse(shape.Groups["columns"].Value, null) : 0;
    }

    [GeneratedRegex(@"\(\d+, ?(?<columns>\d+)?\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Shape();
}
