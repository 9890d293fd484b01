using System.Diagnostics;
using Recommender.Artifacts;
using Recommender.Features;
using Recommender.History;
using Recommender.Training;

var clock = Stopwatch.StartNew();
void Say(string what) => Console.WriteLine($"{clock.Elapsed.TotalSeconds,7:0.0} s  {what}");
var config = args.Length > 3 ? TrainingConfig.Read(args[3]) : new TrainingConfig();
var (facts, counts) = new HistoryFolder(args[0]).ReadFacts(row => Console.Error.WriteLine(row));
foreach (var count in counts)
    Say(count.ToString());
if (!Instants.TryParse(args[1], out var from) | !Instants.TryParse(args[2], out var to)) return;
var settings = HistoryProfile.Of(facts, [], from, config.MaturityQuantile);
Say($"maturity {settings.Fold.MaturityDays}; " + string.Join(", ", settings.Fold.Dimensions.Select(d => d.Name)) + "; " + string.Join(", ", settings.Fold.Measures.Select(d => d.Name)));
var state = new HistoryState(settings.Fold);
var featurizer = new Featurizer(settings, state);
var builder = new ExampleBuilder(config, featurizer);
using var replay = new Replay(facts, state);
builder.Build(replay, Deal.KnownBefore(facts, from), from);
Say($"{builder.Decisions} decisions, {builder.PartnerFit.Count} fit examples x {builder.PartnerFit.Columns}, {builder.WinProbability.Count} win examples x {builder.WinProbability.Columns}");
var trainer = new TreeTrainer(config.Seed, config.Threads);
var win = Learning.WinProbability(trainer, builder.WinProbability, config);
Say("win trained " + string.Join(" ", win.Validation.Where((_, i) => i % 3 == 0).Select(p => $"{p.Trees}:{p.Metric:0.0000}")) + win.Trees.Calibration);
Learned? fit = null;
if (Environment.GetEnvironmentVariable("NOFIT") is null) {
fit = Learning.PartnerFit(trainer, builder.PartnerFit, config);
Say("fit trained " + string.Join(" ", fit.Validation.Where((_, i) => i % 3 == 0).Select(p => $"{p.Trees}:{p.Metric:0.0000}")));
}
using var onnx = new OnnxModel(OnnxTrees.Write(fit?.Trees ?? new TreeEnsemble([new Tree { Feature = [-1], Threshold = [0], Left = [0], Right = [0], Value = [1], Cover = [1] }], 0, featurizer.PartnerFit.Count, null)), 2);
using var winOnnx = new OnnxModel(OnnxTrees.Write(win.Trees), 2);
var backtest = new Backtest(config, featurizer, onnx);
backtest.Run(replay, Deal.KnownBefore(facts, DateTime.MaxValue), from, to);
Say($"decisions {backtest.Fit.Decisions} new {backtest.Fit.New["partner_fit"].Count} mean {(double)backtest.Fit.Candidates / backtest.Fit.Decisions}");
foreach (var name in FitResults.Names)
    Say($"{name,-28} {backtest.Fit.All[name].Average(q => q.Ndcg):0.0000} {backtest.Fit.All[name].Average(q => q.Recall):0.0000} {backtest.Fit.All[name].Average(q => q.Hit):0.0000} {backtest.Fit.All[name].Average(q => q.ReciprocalRank):0.0000} new {backtest.Fit.New[name].Average(q => q.Ndcg):0.0000}");
var test = backtest.Win.Examples;
var p = Enumerable.Range(0, test.Count).Select(i => win.Trees.Calibration!.Value.Probability(win.Trees.Score(test.Row(i)))).ToList();
Say($"win {test.Count} share {backtest.Win.Won.Average(w => w ? 1.0 : 0)} {ProbabilityQuality.Of(p, backtest.Win.Won)}");
Say($"logistic {ProbabilityQuality.Of(trainer.TrainLogisticRegression(builder.WinProbability)(test), backtest.Win.Won)}");
Say($"peak {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MB");
