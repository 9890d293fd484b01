using BenchmarkDotNet.Running;
using Recommender.Benchmarks;

if (args is ["train", .. var comparison])
    TrainingComparison.Run(comparison);
else
    BenchmarkSwitcher.FromAssembly(typeof(RankingBenchmarks).Assembly).Run(args);
