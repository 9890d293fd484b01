using System.Diagnostics;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>Models trained at the start of a window and judged inside it.</summary>
sealed partial class Evaluation
{
    public required FitResults Fit { get; init; }

    public required TruthResults Truth { get; init; }

    /// <summary>What partners add; null if it was not asked for or the history has too little for it.</summary>
    public LearnedEffect? Effect { get; init; }

    public required TrainingConfig Config { get; init; }

    public required IReadOnlyList<bool> Won { get; init; }

    /// <summary>What the deals of <see cref="Won"/> were.</summary>
    public required IReadOnlyList<JudgedDeal> WinDeals { get; init; }

    /// <summary>Families of ideas that the features come from.</summary>
    public required IReadOnlyList<string> Families { get; init; }

    public LeakReport? FitLeaks { get; init; }

    public LeakReport? WinLeaks { get; private set; }

    /// <summary>Win probability without all columns that a CRM overwrites; null if there are none, or nobody looked.</summary>
    public WithoutColumns? WithoutOverwritten { get; private set; }

    /// <summary>The same without each of them; empty unless asked for.</summary>
    public IReadOnlyList<WithoutColumns> WithoutEach { get; private set; } = [];

    /// <summary>Win probability, by feature: population stability of the test deals against the training deals at creation.</summary>
    public IReadOnlyList<(FeatureColumn Column, double Psi)> WinDrift { get; init; } = [];

    /// <summary>What more history brings; empty unless asked for.</summary>
    public IReadOnlyList<LearningPoint> LearningCurve { get; private set; } = [];

    /// <summary>Decisions and deals that the models learned from.</summary>
    public required (int Decisions, int Deals) TrainedOn { get; init; }

    /// <summary>Predicted probabilities by model: win_probability, training_share, logistic_regression.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<double>> Win { get; init; }

    /// <summary>What was predicted, what came of it, and whose deals they were.</summary>
    public JudgedProbabilities Judged => new(Win, Won, Clusters.By(WinDeals.Select(deal => deal.Account)));

    /// <summary>Whose decisions were ranked, in the order of <see cref="FitResults.Deals"/>.</summary>
    public Clusters FitAccounts => Clusters.By(Fit.Deals.Select(deal => deal.Account));

    public required TimeSpan Replay { get; init; }

    public required TimeSpan Training { get; init; }

    public required TimeSpan Judging { get; init; }

    /// <summary>Trains on what was known at <paramref name="from"/>, judges deals created from then to the end of the day <paramref name="to"/>.</summary>
    public static Evaluation Run(
        FactSource facts,
        TrainingConfig config,
        DateTime from,
        DateTime to,
        ModelParts parts,
        Truth? truth,
        int? mostDecisions,
        Progress progress,
        bool checkLeaks = true
    )
    {
        using var models = TrainedModels.Train(facts, config, from, parts, progress);
        var evaluation = Judge(facts, config, models, from, to, truth, mostDecisions, progress, checkLeaks);
        if (checkLeaks && evaluation.WinLeaks is not null)
            evaluation.Relearn(facts, models.Examples.Settings, from, to, mostDecisions, progress);
        return evaluation;
    }

    /// <summary>Looks for leaks by learning anew: without the columns that a CRM overwrites, and from outcomes dealt out anew.</summary>
    void Relearn(FactSource facts, FeatureSettings settings, DateTime from, DateTime to, int? mostDecisions, Progress progress)
    {
        var retraining = new LeakRetraining(facts, Config, from, Judgeable(facts, from, to, settings, mostDecisions));
        var (alarms, judged) = (new List<string>(WinLeaks!.Alarms), Judged);
        var columns = OverwrittenColumns.Of(settings, facts, from);
        if (columns.Count > 0)
        {
            WithoutOverwritten = retraining.Without(settings, columns, progress);
            alarms.AddRange(retraining.Alarms(settings, columns, judged, WithoutOverwritten, progress));
        }
        Measured? gain = null;
        progress.Step(
            "learn from outcomes dealt out anew",
            _ =>
            {
                var trainer = new TreeTrainer(Config.Seed, Config.Threads);
                (gain, var alarm) = retraining.OfShuffledOutcomes(trainer, settings, judged);
                if (alarm is not null)
                    alarms.Add(alarm);
            }
        );
        WinLeaks = WinLeaks with { ShuffledOutcomesGain = gain, Alarms = alarms };
    }

    /// <summary>Learns without each of the columns that a CRM overwrites.</summary>
    public void LearnWithoutEach(FactSource facts, DateTime from, DateTime to, int? mostDecisions, Progress progress)
    {
        using var examples = TrainingExamples.Build(facts, Config, from, ModelParts.WinProbability, new(quiet: true));
        var retraining = new LeakRetraining(facts, Config, from, Judgeable(facts, from, to, examples.Settings, mostDecisions));
        WithoutEach =
        [
            .. OverwrittenColumns
                .Of(examples.Settings, facts, from)
                .Select(column => retraining.Without(examples.Settings, [column], progress)),
        ];
    }

    static List<Deal> Judgeable(FactSource facts, DateTime from, DateTime to, FeatureSettings settings, int? most) =>
        ExampleBuilder.EvenlySpaced(Inside(facts, from, to, settings.Fold.MaturityDays), most ?? int.MaxValue);

    /// <summary>Trains with the newest quarter and half of the decisions, and a quarter and half of the deals, and judges each.</summary>
    public void Learn(FactSource facts, DateTime from, DateTime to, ModelParts parts, int? mostDecisions, Progress progress)
    {
        var points = new List<LearningPoint>();
        foreach (var share in (double[])[0.25, 0.5])
        {
            var part = Config with
            {
                PartnerFit = Config.PartnerFit with { MaxDecisions = Math.Max(10, (int)(share * TrainedOn.Decisions)) },
                WinProbability = Config.WinProbability with { MaxDeals = Math.Max(10, (int)(share * TrainedOn.Deals)) },
            };
            using var models = TrainedModels.Train(facts, part, from, parts, progress);
            points.Add(Judge(facts, part, models, from, to, null, mostDecisions, progress, checkLeaks: false).Point(share));
        }
        LearningCurve = [.. points, Point(1)];
    }

    LearningPoint Point(double share) => new(share, TrainedOn.Decisions, TrainedOn.Deals, Fit.MeanNdcg, LogLoss);

    /// <summary>Mean log loss of win probability; null if nothing was judged.</summary>
    public double? LogLoss =>
        Win.TryGetValue("win_probability", out var predicted) ? ProbabilityQuality.Of(predicted, Won).LogLoss : null;

    static Evaluation Judge(
        FactSource facts,
        TrainingConfig config,
        TrainedModels models,
        DateTime from,
        DateTime to,
        Truth? truth,
        int? mostDecisions,
        Progress progress,
        bool checkLeaks
    ) =>
        Judge(
            facts,
            config,
            models.Examples,
            models.PartnerFit is { } fit ? new EnsembleScorer(fit.Trees).Score : null,
            models.WinProbability is { } win ? new EnsembleScorer(win.Trees).Score : null,
            models.Effect,
            from,
            to,
            truth,
            mostDecisions,
            progress,
            checkLeaks
        );

    /// <summary>A stored model on the same decisions; its baselines learn from what was known at <paramref name="from"/>.</summary>
    public static Evaluation OfPackage(
        FactSource facts,
        TrainingConfig config,
        ModelPackage package,
        DateTime from,
        DateTime to,
        Progress progress
    )
    {
        var isFit = package.Manifest.Model == ModelPackage.PartnerFit;
        using var examples = TrainingExamples.Build(
            facts,
            config,
            from,
            isFit ? ModelParts.PartnerFit : ModelParts.WinProbability,
            progress,
            package.Manifest.FeatureSettings
        );
        BatchScorer scorer = package.Model.Score;
        return Judge(
            facts,
            config,
            examples,
            isFit ? scorer : null,
            isFit ? null : scorer,
            null,
            from,
            to,
            null,
            null,
            progress,
            checkLeaks: true
        );
    }

    static Evaluation Judge(
        FactSource facts,
        TrainingConfig config,
        TrainingExamples examples,
        BatchScorer? fit,
        BatchScorer? win,
        LearnedEffect? effect,
        DateTime from,
        DateTime to,
        Truth? truth,
        int? mostDecisions,
        Progress progress,
        bool checkLeaks
    )
    {
        var inside = Judgeable(facts, from, to, examples.Settings, mostDecisions);
        if (win is not null && inside.Count(deal => deal.Ending is null && deal.Outcome != Outcome.Open) is var young and > 0)
            progress.Say(
                FormattableString.Invariant(
                    $"{young} deals that ended are not judged: many are never closed here, and younger than {examples.Settings.Fold.MaturityDays} days those that were are no sample of all."
                )
            );
        var backtest = new Backtest(config, examples.Featurizer, fit, win, effect, from);
        backtest.Truth.Raw = examples.Builder.Trials.RawDifference();
        var clock = Stopwatch.StartNew();
        progress.Step($"judge {inside.Count} deals", told => backtest.Run(examples.Replay, inside, truth, told));
        var predictions = new Dictionary<string, IReadOnlyList<double>>();
        var trainer = new TreeTrainer(config.Seed, config.Threads);
        LeakReport? fitLeaks = null,
            winLeaks = null;
        var drift = new List<(FeatureColumn, double)>();
        if (fit is not null && checkLeaks)
            progress.Step(
                "look for leaks in partner-fit",
                _ => fitLeaks = LeakChecks.OfRanking(trainer, examples, config, backtest.Fit.MeanNdcg)
            );
        if (win is not null && backtest.Win.Won.Count > 0)
        {
            var test = backtest.Win.Examples;
            var scores = test.ScoredBy(win);
            predictions["win_probability"] = [.. scores.Select(score => (double)score)];
            var created = examples.Builder.WinProbability.OfGroup(ExampleBuilder.AtCreation);
            var share = created.Labels.Average();
            predictions["training_share"] = [.. scores.Select(_ => (double)share)];
            var regression = trainer.TrainLogisticRegression(created, ..).Trees;
            predictions["logistic_regression"] =
            [
                .. Enumerable.Range(0, test.Count).Select(i => new Calibration(1, 0).Probability(regression.Score(test.Row(i)))),
            ];
            var columns = examples.Featurizer.WinProbability;
            if (checkLeaks)
                progress.Step(
                    "look for leaks in win-probability",
                    _ =>
                        winLeaks = LeakChecks.OfWinning(
                            trainer,
                            created,
                            test,
                            backtest.Win.Won,
                            predictions["win_probability"],
                            columns,
                            config.Seed
                        )
                );
            drift.AddRange(Drift.OfWhatStays(columns, created, test));
        }
        return new()
        {
            Fit = backtest.Fit,
            Truth = backtest.Truth,
            Effect = effect,
            Config = config,
            TrainedOn = (examples.Builder.Decisions, examples.Builder.Deals),
            Families =
            [
                .. examples
                    .Featurizer.PartnerFit.Concat(examples.Featurizer.WinProbability)
                    .Select(column => Ideas.FamilyOf(column.Idea))
                    .Distinct(),
            ],
            Won = backtest.Win.Won,
            WinDeals = backtest.Win.Deals,
            FitLeaks = fitLeaks,
            WinLeaks = winLeaks,
            WinDrift = [.. drift.OrderByDescending(feature => feature.Item2)],
            Win = predictions,
            Replay = progress.SpentOn("replay"),
            Training = progress.SpentOn("train"),
            Judging = clock.Elapsed,
        };
    }

    /// <summary>Deals created from <paramref name="from"/> to the end of the day <paramref name="to"/>, in that order.</summary>
    public static List<Deal> Inside(FactSource facts, DateTime from, DateTime to, int maturityDays) =>
        [
            .. Endings
                .Before(facts.All, DateTime.MaxValue, maturityDays)
                .Deals.Where(deal => deal.Row.CreatedAt >= from && deal.Row.CreatedAt < to.Date.AddDays(1))
                .OrderBy(deal => deal.Row.CreatedAt)
                .ThenBy(deal => deal.Row.Id.Value, StringComparer.Ordinal),
        ];
}
