namespace Recommender.Training;

/// <summary>The figures as they are written.</summary>
sealed partial class Evaluation
{
    /// <summary>Figures of the partner-fit part.</summary>
    public object PartnerFitJson()
    {
        var (accounts, ofNew) = (FitAccounts, Clusters.By(Fit.NewDeals.Select(deal => deal.Account)));
        return new
        {
            decisions = Fit.Decisions,
            candidates_mean = Fit.Decisions == 0 ? 0 : (double)Fit.Candidates / Fit.Decisions,
            models = FitResults.Names.ToDictionary(
                name => name,
                name => new
                {
                    all = Means(Fit.All[name], accounts),
                    @new = Means(Fit.New[name], ofNew),
                    behind_by = name == "partner_fit" ? null : Behind(Fit.All[name], Fit.All["partner_fit"], accounts),
                    new_behind_by = name == "partner_fit" ? null : Behind(Fit.New[name], Fit.New["partner_fit"], ofNew),
                }
            ),
            slices = Slices
                .Of(Fit.Deals)
                .Select(slice => new
                {
                    slice.Slice,
                    slice.Value,
                    decisions = slice.Deals.Count,
                    ndcg_at_10 = Bootstrap.Mean(
                        [.. slice.Deals.Select(i => Fit.All["partner_fit"][i].Ndcg)],
                        accounts.Only(slice.Deals),
                        Config
                    ),
                    most_popular_in_industry = slice.Deals.Average(i => Fit.All["most_popular_in_industry"][i].Ndcg),
                    better_by = Bootstrap.Mean(
                        [
                            .. slice.Deals.Select(i =>
                                Fit.All["partner_fit"][i].Ndcg - Fit.All["most_popular_in_industry"][i].Ndcg
                            ),
                        ],
                        accounts.Only(slice.Deals),
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
    }

    /// <summary>Figures of the win-probability part.</summary>
    public object WinProbabilityJson()
    {
        var judged = Judged;
        return new
        {
            decisions = Won.Count,
            won_share = Won.Count == 0 ? 0 : Won.Average(won => won ? 1.0 : 0),
            models = Win.Keys.ToDictionary(name => name, name => ModelJson(judged, name)),
            calibration_by_quarter = Win.Count == 0
                ? []
                : Enumerable
                    .Range(0, Won.Count)
                    .GroupBy(i => (WinDeals[i].At.Year, Quarter: (WinDeals[i].At.Month + 2) / 3))
                    .OrderBy(part => part.Key)
                    .Select(part =>
                        CalibrationJson(judged, FormattableString.Invariant($"{part.Key.Year}-Q{part.Key.Quarter}"), [.. part])
                    )
                    .ToArray(),
            slices = Win.Count == 0
                ? []
                : Slices
                    .Of(WinDeals)
                    .Select(slice => CalibrationJson(judged, $"{slice.Slice}: {slice.Value}", slice.Deals))
                    .ToArray(),
            leak_check = WinLeaks,
            without_overwritten_columns = WithoutOverwritten is null ? null : WithoutJson(judged, WithoutOverwritten),
            without_each_overwritten_column = WithoutEach.Select(without => WithoutJson(judged, without)),
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
    }

    object ModelJson(JudgedProbabilities judged, string name)
    {
        var predicted = Win[name];
        var quality = ProbabilityQuality.Of(predicted, Won);
        var calibration = judged.Calibration(name, Config);
        return new
        {
            auc = quality.AreaUnderRocCurve,
            log_loss = quality.LogLoss,
            brier = quality.BrierScore,
            ece_15 = quality.Ece,
            ece_debiased = calibration.Ece.Value,
            ece_upper = calibration.Ece.High,
            calibration_slope = calibration.Slope?.Value,
            calibration_intercept = calibration.Intercept?.Value,
            auc_interval = Interval(judged, predicted, of => of.AreaUnderRocCurve),
            log_loss_interval = Interval(judged, predicted, of => of.LogLoss),
            ece_debiased_interval = Ends(calibration.Ece),
            calibration_slope_interval = Ends(calibration.Slope),
            calibration_intercept_interval = Ends(calibration.Intercept),
            predicted_share = predicted.Average(),
            behind_by = name == "win_probability" ? null : Bootstrap.Mean(judged.Gains(name), judged.Accounts, Config),
        };
    }

    object WithoutJson(JudgedProbabilities judged, WithoutColumns without)
    {
        var quality = judged.LossWithout(without, Config) is null ? null : ProbabilityQuality.Of(without.Predicted, Won);
        return new
        {
            without.Columns,
            auc = quality?.AreaUnderRocCurve,
            log_loss = quality?.LogLoss,
            log_loss_change = judged.LossWithout(without, Config),
        };
    }

    static double[]? Ends(Measured? measured) => measured is { } found ? [found.Low, found.High] : null;

    object CalibrationJson(JudgedProbabilities judged, string name, List<int> deals)
    {
        var predicted = deals.Select(i => Win["win_probability"][i]).ToList();
        var won = deals.Select(i => Won[i]).ToList();
        var quality = ProbabilityQuality.Of(predicted, won);
        return new
        {
            name,
            decisions = deals.Count,
            predicted_share = predicted.Average(),
            won_share = Bootstrap.Mean([.. won.Select(yes => yes ? 1.0 : 0)], judged.Accounts.Only(deals), Config),
            auc = quality.AreaUnderRocCurve,
            log_loss = quality.LogLoss,
        };
    }

    double[] Interval(JudgedProbabilities judged, IReadOnlyList<double> predicted, Func<ProbabilityQuality, double> of)
    {
        var (low, high) = Bootstrap.Interval(
            judged.Accounts,
            draw => of(ProbabilityQuality.Of([.. draw.Select(i => predicted[i])], [.. draw.Select(i => Won[i])])),
            Config.Gate.Confidence,
            Math.Min(Config.Gate.Resamples, MostResamples),
            Config.Seed
        );
        return [low, high];
    }

    /// <summary>Of figures that must be computed anew for each resample.</summary>
    const int MostResamples = 200;

    Measured? Behind(List<RankingQuality> baseline, List<RankingQuality> own, Clusters accounts) =>
        Bootstrap.Mean([.. own.Zip(baseline, (a, b) => a.Ndcg - b.Ndcg)], accounts, Config);

    object Means(List<RankingQuality> qualities, Clusters accounts) =>
        new
        {
            ndcg_at_10 = Mean(qualities, quality => quality.Ndcg),
            ndcg_at_10_interval = Ends(Bootstrap.Mean([.. qualities.Select(quality => quality.Ndcg)], accounts, Config)),
            recall_at_10 = Mean(qualities, quality => quality.Recall),
            hit_at_10 = Mean(qualities, quality => quality.Hit),
            mrr = Mean(qualities, quality => quality.ReciprocalRank),
            decisions = qualities.Count,
        };

    static double Mean(List<RankingQuality> qualities, Func<RankingQuality, double> of) =>
        qualities.Count == 0 ? 0 : qualities.Average(of);
}
