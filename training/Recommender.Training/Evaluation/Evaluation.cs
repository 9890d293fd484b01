using System.Diagnostics;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>Models trained at the start of a window and judged inside it.</summary>
sealed class Evaluation
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

    public LeakReport? WinLeaks { get; init; }

    /// <summary>Win probability, by feature: population stability of the test deals against the training deals at creation.</summary>
    public IReadOnlyList<(FeatureColumn Column, double Psi)> WinDrift { get; init; } = [];

    /// <summary>What more history brings; empty unless asked for.</summary>
    public IReadOnlyList<LearningPoint> LearningCurve { get; private set; } = [];

    /// <summary>Decisions and deals that the models learned from.</summary>
    public required (int Decisions, int Deals) TrainedOn { get; init; }

    /// <summary>Predicted probabilities by model: win_probability, training_share, logistic_regression.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<double>> Win { get; init; }

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
        Progress progress
    )
    {
        using var models = TrainedModels.Train(facts, config, from, parts, progress);
        return Judge(facts, config, models, from, to, truth, mostDecisions, progress);
    }

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
        bool checkLeaks = true
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
        var inside = ExampleBuilder.EvenlySpaced(Inside(facts, from, to), mostDecisions ?? int.MaxValue);
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
    public static List<Deal> Inside(FactSource facts, DateTime from, DateTime to) =>
        [
            .. Deal.KnownBefore(facts.All, DateTime.MaxValue)
                .Where(deal => deal.Row.CreatedAt >= from && deal.Row.CreatedAt < to.Date.AddDays(1))
                .OrderBy(deal => deal.Row.CreatedAt)
                .ThenBy(deal => deal.Row.Id.Value, StringComparer.Ordinal),
        ];

    /// <summary>Figures of the partner-fit part.</summary>
    public object PartnerFitJson() =>
        new
        {
            decisions = Fit.Decisions,
            candidates_mean = Fit.Decisions == 0 ? 0 : (double)Fit.Candidates / Fit.Decisions,
            models = FitResults.Names.ToDictionary(
                name => name,
                name => new
                {
                    all = Means(Fit.All[name]),
                    @new = Means(Fit.New[name]),
                    behind_by = name == "partner_fit" ? null : Behind(Fit.All[name], Fit.All["partner_fit"]),
                    new_behind_by = name == "partner_fit" ? null : Behind(Fit.New[name], Fit.New["partner_fit"]),
                }
            ),
            slices = Slices
                .Of(Fit.Deals)
                .Select(slice => new
                {
                    slice.Slice,
                    slice.Value,
                    decisions = slice.Deals.Count,
                    ndcg_at_10 = Bootstrap.Mean([.. slice.Deals.Select(i => Fit.All["partner_fit"][i].Ndcg)], Config),
                    most_popular_in_industry = slice.Deals.Average(i => Fit.All["most_popular_in_industry"][i].Ndcg),
                    better_by = Bootstrap.Mean(
                        [
                            .. slice.Deals.Select(i =>
                                Fit.All["partner_fit"][i].Ndcg - Fit.All["most_popular_in_industry"][i].Ndcg
                            ),
                        ],
                        Config
                    ),
                }),
            exposure = Fit.ExposureJson(),
            leak_check = FitLeaks,
            learning_curve = LearningCurve
                .Where(point => point.Ndcg is not null)
                .Select(point => new
                {
                    point.Share,
                    decisions = point.Decisions,
                    ndcg_at_10 = point.Ndcg,
                }),
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
                        auc_interval = Interval(pair.Value, of => of.AreaUnderRocCurve),
                        log_loss_interval = Interval(pair.Value, of => of.LogLoss),
                        ece_15_interval = Interval(pair.Value, of => of.Ece),
                        predicted_share = pair.Value.Average(),
                        behind_by = pair.Key == "win_probability" ? null : Bootstrap.Mean(Gains(pair.Key), Config),
                    };
                }
            ),
            calibration_by_quarter = Win.Count == 0
                ? []
                : Enumerable
                    .Range(0, Won.Count)
                    .GroupBy(i => (WinDeals[i].At.Year, Quarter: (WinDeals[i].At.Month + 2) / 3))
                    .OrderBy(part => part.Key)
                    .Select(part =>
                        CalibrationJson(FormattableString.Invariant($"{part.Key.Year}-Q{part.Key.Quarter}"), [.. part])
                    )
                    .ToArray(),
            slices = Win.Count == 0
                ? []
                : Slices.Of(WinDeals).Select(slice => CalibrationJson($"{slice.Slice}: {slice.Value}", slice.Deals)).ToArray(),
            leak_check = WinLeaks,
            drift = Drift.ToJson(WinDrift, Config.Monitor.MaxFeaturePsi, TrainedOn.Deals, WinDeals.Count),
            learning_curve = LearningCurve
                .Where(point => point.LogLoss is not null)
                .Select(point => new
                {
                    point.Share,
                    deals = point.Deals,
                    log_loss = point.LogLoss,
                }),
        };

    /// <summary>How much less each deal costs win probability in log loss than a baseline.</summary>
    public List<double> Gains(string baseline) =>
        [
            .. Enumerable
                .Range(0, Won.Count)
                .Select(i =>
                    ProbabilityQuality.LogLossOf(Win[baseline][i], Won[i])
                    - ProbabilityQuality.LogLossOf(Win["win_probability"][i], Won[i])
                ),
        ];

    object CalibrationJson(string name, List<int> deals)
    {
        var predicted = deals.Select(i => Win["win_probability"][i]).ToList();
        var won = deals.Select(i => Won[i]).ToList();
        var quality = ProbabilityQuality.Of(predicted, won);
        return new
        {
            name,
            decisions = deals.Count,
            predicted_share = predicted.Average(),
            won_share = Bootstrap.Mean([.. won.Select(yes => yes ? 1.0 : 0)], Config),
            auc = quality.AreaUnderRocCurve,
            log_loss = quality.LogLoss,
        };
    }

    double[] Interval(IReadOnlyList<double> predicted, Func<ProbabilityQuality, double> of)
    {
        var (low, high) = Bootstrap.Interval(
            Won.Count,
            draw => of(ProbabilityQuality.Of([.. draw.Select(i => predicted[i])], [.. draw.Select(i => Won[i])])),
            Config.Gate.Confidence,
            Math.Min(Config.Gate.Resamples, MostResamples),
            Config.Seed
        );
        return [low, high];
    }

    /// <summary>Of figures that must be computed anew for each resample.</summary>
    const int MostResamples = 200;

    Measured? Behind(List<RankingQuality> baseline, List<RankingQuality> own) =>
        Bootstrap.Mean([.. own.Zip(baseline, (a, b) => a.Ndcg - b.Ndcg)], Config);

    object Means(List<RankingQuality> qualities) =>
        new
        {
            ndcg_at_10 = Mean(qualities, quality => quality.Ndcg),
            ndcg_at_10_interval = Bootstrap.Mean([.. qualities.Select(quality => quality.Ndcg)], Config) is { } measured
                ? (double[])[measured.Low, measured.High]
                : null,
            recall_at_10 = Mean(qualities, quality => quality.Recall),
            hit_at_10 = Mean(qualities, quality => quality.Hit),
            mrr = Mean(qualities, quality => quality.ReciprocalRank),
            decisions = qualities.Count,
        };

    static double Mean(List<RankingQuality> qualities, Func<RankingQuality, double> of) =>
        qualities.Count == 0 ? 0 : qualities.Average(of);
}
