using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Jobs;
using Recommender.Artifacts;
using Recommender.Features;
using Recommender.History;
using Recommender.Scoring;
using Recommender.Training;

namespace Recommender.Benchmarks;

/// <summary>
/// One ranking of 500 candidates by the committed models, reasons for the top 10 included, beside ONNX Runtime alone on as many fresh
/// rows. Each call asks about another account.
/// </summary>
[MemoryDiagnoser]
[MedianColumn]
[SimpleJob(RuntimeMoniker.Net10_0, launchCount: 1, warmupCount: 3, iterationCount: 15)]
public class RankingBenchmarks : IDisposable
{
    const int Partners = 500;
    const int Accounts = 2000;
    static readonly DateTime _asOf = new(2026, 7, 1, 0, 0, 0, DateTimeKind.Utc);
    readonly float[] _scores = new float[Partners];
    readonly List<float[]> _matrices = [];
    ModelPackage _fit = null!;
    ModelPackage _win = null!;
    PartnerRanker _ranker = null!;
    int _call;

    [GlobalSetup]
    public void Setup()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Recommender.sln")))
            root = Path.GetDirectoryName(root)!;
        var registry = new ModelRegistry(Path.Combine(root, "models"));
        _fit = registry.OpenLive(ModelPackage.PartnerFit)!;
        _win = registry.OpenLive(ModelPackage.WinProbability)!;
        _ranker = new(_fit, _win);
        var folder = Directory.CreateTempSubdirectory("recommender-benchmark-").FullName;
        new Simulation(
            new()
            {
                Accounts = Accounts,
                Partners = Partners,
                Opportunities = 20_000,
                Years = 4,
                Seed = 9,
                TruthDecisions = 0,
            }
        ).Write(Path.Combine(folder, "history"));
        var (facts, _) = new HistoryFolder(Path.Combine(folder, "history")).ReadFacts(_ => { });
        Directory.Delete(folder, true);
        foreach (var fact in facts)
            _ranker.Apply(fact);
        var featurizer = new Featurizer(_fit.Manifest.FeatureSettings, _ranker.State);
        var columns = featurizer.PartnerFit.Count;
        for (var m = 0; m < 200; m++)
        {
            featurizer.Look(CoSell.Decision.About($"A{m + 1:000000}", _asOf));
            var rows = new float[Partners * columns];
            for (var partner = 0; partner < Partners; partner++)
                featurizer.WritePartnerFit(partner, rows.AsSpan(partner * columns, columns));
            _matrices.Add(rows);
        }
    }

    [Benchmark(Baseline = true, Description = "ONNX Runtime alone, 500 rows")]
    public void OnnxAlone() => _fit.Model.Score(_matrices[_call++ % _matrices.Count], Partners, _scores);

    [Benchmark(Description = "one ranking, 500 candidates, reasons for 10")]
    public Recommendation? Rank() => _ranker.Rank(new($"A{_call++ % Accounts + 1:000000}", _asOf));

    [GlobalCleanup]
    public void Dispose()
    {
        _fit.Dispose();
        _win.Dispose();
        GC.SuppressFinalize(this);
    }
}
