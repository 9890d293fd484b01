using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Jobs;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Training;

namespace Recommender.Benchmarks;

/// <summary>
/// One ranking of all candidates by the committed models, reasons for the top 10 included, beside ONNX Runtime alone on as many fresh
/// rows: of the partner-fit model, and of both models. Each call asks about another account.
/// </summary>
[MemoryDiagnoser]
[MedianColumn]
[SimpleJob(RuntimeMoniker.Net10_0, launchCount: 1, warmupCount: 3, iterationCount: 15)]
public class RankingBenchmarks : IDisposable
{
    const int Accounts = 2000;
    static readonly DateTime _asOf = new(2026, 7, 1, 0, 0, 0, DateTimeKind.Utc);
    readonly List<(float[] Fit, float[] Win)> _matrices = [];
    float[] _scores = [];
    ModelPackage _fit = null!;
    ModelPackage _win = null!;
    PartnerRanker _ranker = null!;
    int _call;

    /// <summary>How many partners are ranked.</summary>
    [Params(500, 5000)]
    public int Candidates { get; set; }

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
        _scores = new float[Candidates];
        var folder = Directory.CreateTempSubdirectory("recommender-benchmark-").FullName;
        new Simulation(
            new()
            {
                Accounts = Accounts,
                Partners = Candidates,
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
        var fit = new Featurizer(_fit.Manifest.FeatureSettings, _ranker.State);
        var win = new Featurizer(_win.Manifest.FeatureSettings, _ranker.State);
        for (var m = 0; m < 20_000 / Candidates; m++)
        {
            var decision = CoSell.Decision.About($"A{m + 1:000000}", _asOf);
            fit.Look(decision);
            win.Look(decision);
            var (fitWidth, winWidth) = (fit.PartnerFit.Count, win.WinProbability.Count);
            var (fitRows, winRows) = (new float[Candidates * fitWidth], new float[Candidates * winWidth]);
            for (var partner = 0; partner < Candidates; partner++)
            {
                fit.WritePartnerFit(partner, fitRows.AsSpan(partner * fitWidth, fitWidth));
                win.WriteWinProbability([partner], winRows.AsSpan(partner * winWidth, winWidth));
            }
            _matrices.Add((fitRows, winRows));
        }
    }

    [Benchmark(Description = "ONNX Runtime alone, partner fit")]
    public void OnnxFit() => _fit.Model.Score(_matrices[_call++ % _matrices.Count].Fit, Candidates, _scores);

    [Benchmark(Baseline = true, Description = "ONNX Runtime alone, both models")]
    public void OnnxBoth()
    {
        var (fit, win) = _matrices[_call++ % _matrices.Count];
        _fit.Model.Score(fit, Candidates, _scores);
        _win.Model.Score(win, Candidates, _scores);
    }

    [Benchmark(Description = "one ranking, reasons for 10")]
    public Recommendation? Rank() => _ranker.Rank(new($"A{_call++ % Accounts + 1:000000}", _asOf));

    [Benchmark(Description = "one ranking without reasons")]
    public Recommendation? RankOnly() => _ranker.Rank(new($"A{_call++ % Accounts + 1:000000}", _asOf) { Explain = false });

    [GlobalCleanup]
    public void Dispose()
    {
        _fit.Dispose();
        _win.Dispose();
        GC.SuppressFinalize(this);
    }
}
