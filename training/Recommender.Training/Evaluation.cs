using System.Diagnostics;
using System.Text.Json;
using Recommender.Artifacts;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.History;

namespace Recommender.Training;

/// <summary>Facts that can be read more than once, and the tables they come from.</summary>
sealed record Facts(Func<DateTime, IEnumerable<DatedFact>> Before, IReadOnlyList<string> Files)
{
    /// <summary>Every fact.</summary>
    public IEnumerable<DatedFact> All => Before(DateTime.MaxValue);
}

/// <summary>What is trained and judged.</summary>
[Flags]
enum Parts
{
    PartnerFit = 1,
    WinProbability = 2,
    Both = 3,
}

/// <summary>Training examples with what they were made of; the replay stands at the end of the training window.</summary>
sealed record TrainingExamples(FeatureSettings Settings, Featurizer Featurizer, Replay Replay, ExampleBuilder Builder)
    : IDisposable
{
    public void Dispose() => Replay.Dispose();

    public static TrainingExamples Build(Facts facts, TrainingConfig config, DateTime asOf, Parts parts, Progress progress)
    {
        var settings = HistoryProfile.Of(facts.Before(asOf), facts.Files, asOf, config.MaturityQuantile) with
        {
            Without = config.Features.Without,
        };
        var featurizer = new Featurizer(settings, new HistoryState(settings.Fold));
        var builder = new ExampleBuilder(config, featurizer);
        var replay = new Replay(facts.All, featurizer.State);
        var deals = Deal.KnownBefore(facts.Before(asOf), asOf);
        progress.Step($"replay to {asOf:yyyy-MM-dd}", told => builder.Build(replay, deals, asOf, parts, told));
        return new(settings, featurizer, replay, builder);
    }
}

/// <summary>Models trained at a moment on what was known then, with what they were made of.</summary>
sealed record TrainedModels(TrainingExamples Examples, Learned? PartnerFit, Learned? WinProbability, LearnedEffect? Effect)
    : IDisposable
{
    public void Dispose() => Examples.Dispose();

    public static TrainedModels Train(Facts facts, TrainingConfig config, DateTime asOf, Parts parts, Progress progress)
    {
        var examples = TrainingExamples.Build(facts, config, asOf, parts, progress);
        var trainer = new TreeTrainer(config.Seed, config.Threads);
        Learned? fit = null,
            win = null;
        if (parts.HasFlag(Parts.PartnerFit))
        {
            var of = examples.Builder.PartnerFit;
            fit = Learn("partner-fit", of, () => Learning.PartnerFit(trainer, of, config), progress);
        }
        if (parts.HasFlag(Parts.WinProbability))
        {
            var of = examples.Builder.WinProbability;
            win = Learn("win-probability", of, () => Learning.WinProbability(trainer, of, config), progress);
        }
        LearnedEffect? effect = null;
        if (fit is not null && win is not null)
            progress.Step(
                "train what partners add",
                _ => effect = EffectLearning.Learn(trainer, examples.Builder, examples.Featurizer.PartnerFit, fit, config)
            );
        return new(examples, fit, win, effect);
    }

    /// <summary>One model; null, and a line on standard error, if the history has too little for it.</summary>
    static Learned? Learn(string model, ExampleSet examples, Func<Learned> learn, Progress progress)
    {
        Learned? learned = null;
        try
        {
            progress.Step($"train {model} on {examples.Count} examples", _ => learned = learn());
            progress.Say($"{model}: {TrainingConfig.Name(learned!.Chosen.Learner)}, {learned.Trees.Trees.Count} trees");
        }
        catch (InvalidDataException e)
        {
            Console.Error.WriteLine($"{model} is left out: {e.Message}");
        }
        return learned;
    }
}

/// <summary>Models trained at the start of a window and judged inside it.</summary>
sealed class Evaluation
{
    public required FitResults Fit { get; init; }

    public required TruthResults Truth { get; init; }

    public required IReadOnlyList<bool> Won { get; init; }

    /// <summary>Predicted probabilities by model: win_probability, training_share, logistic_regression.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<double>> Win { get; init; }

    public required TimeSpan Replay { get; init; }

    public required TimeSpan Training { get; init; }

    public required TimeSpan Judging { get; init; }

    /// <summary>Trains on what was known at <paramref name="from"/>, judges deals created from then to the end of the day <paramref name="to"/>.</summary>
    public static Evaluation Run(
        Facts facts,
        TrainingConfig config,
        DateTime from,
        DateTime to,
        Parts parts,
        Truth? truth,
        int? mostDecisions,
        Progress progress
    )
    {
        using var models = TrainedModels.Train(facts, config, from, parts, progress);
        var inside = ExampleBuilder.Spread(Inside(facts, from, to), mostDecisions ?? int.MaxValue);
        using var fit = models.PartnerFit is { } learned ? new OnnxModel(OnnxTrees.Write(learned.Trees), 0) : null;
        using var win = models.WinProbability is { } probability ? new OnnxModel(OnnxTrees.Write(probability.Trees), 0) : null;
        var backtest = new Backtest(config, models.Examples.Featurizer, fit, win, models.Effect);
        backtest.Truth.Raw = models.Examples.Builder.Effect.RawDifference();
        var clock = Stopwatch.StartNew();
        progress.Step($"judge {inside.Count} deals", told => backtest.Run(models.Examples.Replay, inside, truth, told));
        var predictions = new Dictionary<string, IReadOnlyList<double>>();
        if (win is not null && backtest.Win.Won.Count > 0)
        {
            var test = backtest.Win.Examples;
            var scores = new float[test.Count];
            win.Score(Enumerable.Range(0, test.Count).SelectMany(i => test.Row(i).ToArray()).ToArray(), test.Count, scores);
            predictions["win_probability"] = [.. scores.Select(score => (double)score)];
            var examples = models.Examples.Builder.WinProbability.OfGroup(ExampleBuilder.AtCreation);
            var share = examples.Labels.Average();
            predictions["training_share"] = [.. scores.Select(_ => (double)share)];
            var regression = new TreeTrainer(config.Seed, config.Threads).TrainLogisticRegression(examples, ..).Trees;
            predictions["logistic_regression"] =
            [
                .. Enumerable.Range(0, test.Count).Select(i => new Calibration(1, 0).Probability(regression.Score(test.Row(i)))),
            ];
        }
        return new()
        {
            Fit = backtest.Fit,
            Truth = backtest.Truth,
            Won = backtest.Win.Won,
            Win = predictions,
            Replay = progress.SpentOn("replay"),
            Training = progress.SpentOn("train"),
            Judging = clock.Elapsed,
        };
    }

    /// <summary>Deals created from <paramref name="from"/> to the end of the day <paramref name="to"/>, in that order.</summary>
    public static List<Deal> Inside(Facts facts, DateTime from, DateTime to) =>
        [
            .. Deal.KnownBefore(facts.All, DateTime.MaxValue)
                .Where(deal => deal.Row.CreatedAt >= from && deal.Row.CreatedAt < to.Date.AddDays(1))
                .OrderBy(deal => deal.Row.CreatedAt)
                .ThenBy(deal => deal.Row.Id, StringComparer.Ordinal),
        ];

    /// <summary>Figures of the partner-fit part.</summary>
    public object PartnerFitJson() =>
        new
        {
            decisions = Fit.Decisions,
            candidates_mean = Fit.Decisions == 0 ? 0 : (double)Fit.Candidates / Fit.Decisions,
            models = FitResults.Names.ToDictionary(
                name => name,
                name => new { all = Means(Fit.All[name]), @new = Means(Fit.New[name]) }
            ),
        };

    /// <summary>Figures of the win-probability part.</summary>
    public object WinProbabilityJson() =>
        new
        {
            decisions = Won.Count,
            won_share = Won.Count == 0 ? 0 : Won.Average(won => won ? 1.0 : 0),
            models = Win.ToDictionary(
                pair => pair.Key,
                pair =>
                {
                    var quality = ProbabilityQuality.Of(pair.Value, Won);
                    return new
                    {
                        auc = quality.AreaUnderRocCurve,
                        log_loss = quality.LogLoss,
                        brier = quality.BrierScore,
                        ece_15 = quality.Ece,
                        predicted_share = pair.Value.Average(),
                    };
                }
            ),
        };

    static object Means(List<RankingQuality> qualities) =>
        new
        {
            ndcg_at_10 = Mean(qualities, quality => quality.Ndcg),
            recall_at_10 = Mean(qualities, quality => quality.Recall),
            hit_at_10 = Mean(qualities, quality => quality.Hit),
            mrr = Mean(qualities, quality => quality.ReciprocalRank),
            decisions = qualities.Count,
        };

    static double Mean(List<RankingQuality> qualities, Func<RankingQuality, double> of) =>
        qualities.Count == 0 ? 0 : qualities.Average(of);
}

/// <summary>Decides from a backtest whether a model may go live.</summary>
static class PromotionGate
{
    /// <summary>Partner fit must beat every simple ranking by more than noise.</summary>
    public static GateVerdict PartnerFit(Evaluation evaluation, TrainingConfig config)
    {
        var gate = config.Gate;
        var learned = evaluation.Fit.All["partner_fit"];
        if (learned.Count < gate.MinDecisions)
            return new(
                false,
                $"Only {learned.Count} test decisions; at least {gate.MinDecisions} are needed to tell a model from luck."
            );
        var best = FitResults.Names.Skip(1).MaxBy(name => evaluation.Fit.All[name].Average(quality => quality.Ndcg))!;
        var differences = learned.Zip(evaluation.Fit.All[best], (a, b) => a.Ndcg - b.Ndcg).ToList();
        var (low, high) = Bootstrap.Interval(differences, gate.Confidence, gate.Resamples, config.Seed);
        var figures = FormattableString.Invariant(
            $"NDCG@10 differs from {best} by {differences.Average():+0.0000;-0.0000} ({low:+0.0000;-0.0000} to {high:+0.0000;-0.0000}, {learned.Count} decisions)"
        );
        return low > 0 ? new(true, figures + ".") : new(false, figures + ": not better by more than noise.");
    }

    /// <summary>Win probability must beat the training share by more than noise, not lose to logistic regression, and be calibrated.</summary>
    public static GateVerdict WinProbability(Evaluation evaluation, TrainingConfig config)
    {
        var gate = config.Gate;
        var won = evaluation.Win.Count > 0 ? evaluation.Won : [];
        if (won.Count < gate.MinDecisions)
            return new(
                false,
                $"Only {won.Count} test deals with a known outcome; at least {gate.MinDecisions} are needed to tell a model from luck."
            );
        var predicted = evaluation.Win["win_probability"];
        (double Mean, double Low, double High) GainOver(string baseline)
        {
            var other = evaluation.Win[baseline];
            var gains = Enumerable
                .Range(0, won.Count)
                .Select(i => ProbabilityQuality.LogLossOf(other[i], won[i]) - ProbabilityQuality.LogLossOf(predicted[i], won[i]))
                .ToList();
            var (low, high) = Bootstrap.Interval(gains, gate.Confidence, gate.Resamples, config.Seed);
            return (gains.Average(), low, high);
        }
        var share = GainOver("training_share");
        var regression = GainOver("logistic_regression");
        var ece = ProbabilityQuality.Of(predicted, won).Ece;
        var noise = EceOfPerfect(predicted, config.Seed);
        var figures = FormattableString.Invariant(
            $"Log loss is {share.Mean:+0.0000;-0.0000} ({share.Low:+0.0000;-0.0000} to {share.High:+0.0000;-0.0000}) better than the training share, ECE {ece:0.000} where perfect calibration would show {noise:0.000} ({won.Count} deals)"
        );
        if (share.Low <= 0)
            return new(false, figures + ": not better by more than noise.");
        if (regression.High < 0)
            return new(
                false,
                figures + FormattableString.Invariant($", but logistic regression is better by {-regression.Mean:0.0000}.")
            );
        return ece - noise <= gate.MaxEce
            ? new(true, figures + ".")
            : new(false, figures + FormattableString.Invariant($": calibration is off by more than {gate.MaxEce}."));
    }

    /// <summary>The mean ECE that predictions would show if each outcome were drawn from its own probability.</summary>
    static double EceOfPerfect(IReadOnlyList<double> predicted, int seed)
    {
        var random = new Random(seed);
        return Enumerable
            .Range(0, 100)
            .Average(_ => ProbabilityQuality.Of(predicted, [.. predicted.Select(p => random.NextDouble() < p)]).Ece);
    }
}
