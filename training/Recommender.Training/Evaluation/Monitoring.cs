using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>What became of a live model since a day.</summary>
/// <param name="Model">partner-fit or win-probability.</param>
/// <param name="Version">The live version.</param>
/// <param name="Reference">Rows of the end of the training window that are compared with.</param>
/// <param name="Rows">Rows since.</param>
/// <param name="ScorePsi">Population stability index of the scores; null without rows.</param>
/// <param name="Features">The features that moved most, with their index; those that go with the calendar are left out.</param>
/// <param name="Decisions">Decisions or matured deals since.</param>
/// <param name="Quality">NDCG@10 of those decisions less that of the best simple ranking; or won share less predicted share.</param>
/// <param name="Ece">Calibration error over 15 bins; null for partner fit.</param>
/// <param name="Crossed">One sentence per threshold that was crossed.</param>
sealed record MonitorReport(
    string Model,
    string Version,
    int Reference,
    int Rows,
    double? ScorePsi,
    IReadOnlyList<FeatureShift> Features,
    int Decisions,
    Measured? Quality,
    double? Ece,
    IReadOnlyList<string> Crossed
);

/// <summary>
/// Compares features and scores since a day with those of as long a time before the training ended, and what was predicted with what came of
/// it. Features are compared with histories of as many deals behind them (<see cref="Drift"/>), scores as they are given.
/// </summary>
static class Monitoring
{
    public static MonitorReport Of(FactSource facts, TrainingConfig config, ModelPackage package, DateTime since, DateTime asOf)
    {
        var manifest = package.Manifest;
        var isFit = manifest.Model == ModelPackage.PartnerFit;
        var featurizer = new Featurizer(manifest.FeatureSettings, new HistoryState(manifest.FeatureSettings.Fold));
        using var replay = new Replay(facts.Before(asOf), featurizer.State);
        var (deals, _) = Endings.Before(facts.Before(asOf), asOf, manifest.FeatureSettings.Fold.MaturityDays);
        var length = TimeSpan.FromDays(Math.Max(180, (asOf - since).TotalDays));
        var end = manifest.Training.AsOf < since ? manifest.Training.AsOf : since;
        List<Deal> Between(DateTime from, DateTime to) =>
            ExampleBuilder.EvenlySpaced(
                [
                    .. deals
                        .Where(deal => (isFit ? deal.DecidedAt : deal.Row.CreatedAt) is { } at && at >= from && at < to)
                        .OrderBy(deal => deal.Row.CreatedAt)
                        .ThenBy(deal => deal.Row.Id.Value, StringComparer.Ordinal),
                ],
                config.Monitor.MaxDeals
            );
        var earlier = Between(end - length, end);
        var reference = Drift.Rows(config, manifest.FeatureSettings, featurizer, replay, earlier, isFit);
        var matured = asOf.AddDays(-manifest.FeatureSettings.Fold.MaturityDays);
        var later = Between(since, asOf);
        var now = Drift.Rows(config, manifest.FeatureSettings, featurizer, replay, later, isFit);
        var cut = Drift.DealsBetween(deals, earlier, later);
        var younger = new Featurizer(manifest.FeatureSettings, new HistoryState(manifest.FeatureSettings.Fold));
        using var shorter = new Replay(Drift.WithoutTheFirst(cut, facts.Before(asOf)), younger.State);
        var alike = Drift.Rows(config, manifest.FeatureSettings, younger, shorter, later, isFit);
        // What came of it is judged in a second walk: the first has gone past.
        var judged = new Featurizer(manifest.FeatureSettings, new HistoryState(manifest.FeatureSettings.Fold));
        using var again = new Replay(facts.Before(asOf), judged.State);
        BatchScorer scorer = package.Model.Score;
        var backtest = new Backtest(config, judged, isFit ? scorer : null, isFit ? null : scorer, null, since);
        backtest.Run(
            again,
            isFit ? later : [.. later.Where(deal => deal.Row.CreatedAt < matured && deal.Ending is not null)],
            null
        );

        var psi =
            now.Rows.Count == 0 || reference.Rows.Count == 0
                ? (double?)null
                : PopulationStability.Index(reference.Rows.ScoredBy(scorer), now.Rows.ScoredBy(scorer));
        var shifts = Drift.Of(featurizer, reference, alike, isFit, config.Monitor.MaxFeaturePsi);
        var (limits, crossed) = (config.Monitor, new List<string>());
        if (psi > Math.Max(limits.MaxScorePsi, Drift.ByChance(reference, now, isFit)))
            crossed.Add(FormattableString.Invariant($"Scores have moved: PSI {psi:0.00}, at most {limits.MaxScorePsi}."));
        var moved = shifts.FindAll(shift => shift.Psi > Math.Max(limits.MaxFeaturePsi, shift.ByChance));
        if (moved.Count > 0)
            crossed.Add(
                FormattableString.Invariant(
                    $"{moved[0].Name} has moved: PSI {moved[0].Psi:0.00}, at most {limits.MaxFeaturePsi}; features that moved: {moved.Count}."
                )
            );
        Measured? quality;
        double? ece = null;
        if (isFit)
        {
            var all = backtest.Fit.All;
            var simple = FitResults
                .Names.Skip(1)
                .MaxBy(name => all[name].Select(quality => quality.Ndcg).DefaultIfEmpty(0).Average())!;
            quality = Bootstrap.Mean([.. all["partner_fit"].Zip(all[simple], (own, other) => own.Ndcg - other.Ndcg)], config);
            if (quality is { High: < 0 } worse && backtest.Fit.Decisions >= config.Gate.MinDecisions)
                crossed.Add(FormattableString.Invariant($"{simple} ranks better by {-worse.Value:0.000} NDCG@10."));
        }
        else
        {
            var predicted = backtest.Win.Examples.ScoredBy(scorer);
            var gaps = predicted.Select((p, i) => (backtest.Win.Won[i] ? 1.0 : 0) - p).ToList();
            quality = Bootstrap.Mean(gaps, config);
            if (gaps.Count > 0)
                ece = ProbabilityQuality.Of([.. predicted.Select(p => (double)p)], backtest.Win.Won).Ece;
            if (
                quality is { } gap
                && gaps.Count >= config.Gate.MinDecisions
                && (gap.Low > 0 || gap.High < 0)
                && Math.Abs(gap.Value) > limits.MaxCalibrationGap
            )
                crossed.Add(
                    FormattableString.Invariant(
                        $"Deals are won {gap.Value:+0.00;-0.00} against what was predicted, at most {limits.MaxCalibrationGap} either way."
                    )
                );
        }
        return new(
            manifest.Model,
            manifest.Version,
            reference.Rows.Count,
            now.Rows.Count,
            psi,
            [.. shifts.Take(10)],
            isFit ? backtest.Fit.Decisions : backtest.Win.Won.Count,
            quality,
            ece,
            crossed
        );
    }
}
