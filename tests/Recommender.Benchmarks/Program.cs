using BenchmarkDotNet.Running;
using Recommender.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(RankingBenchmarks).Assembly).Run(args);
