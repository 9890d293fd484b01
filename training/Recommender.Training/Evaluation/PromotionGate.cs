using Recommender.Models;

namespace Recommender.Training;

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
                FormattableString.Invariant(
                    $"Only {learned.Count} test decisions; at least {gate.MinDecisions} are needed to tell a model from luck."
                )
            );
        if (evaluation.FitLeaks?.Alarms is [var alarm, ..])
            return new(false, "The figures are not to be trusted: " + alarm);
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
                FormattableString.Invariant(
                    $"Only {won.Count} test deals with a known outcome; at least {gate.MinDecisions} are needed to tell a model from luck."
                )
            );
        var predicted = evaluation.Win["win_probability"];
        if (evaluation.WinLeaks?.Alarms is [var alarm, ..])
            return new(false, "The figures are not to be trusted: " + alarm);
        var share = Bootstrap.Mean(evaluation.Gains("training_share"), config)!.Value;
        var regression = Bootstrap.Mean(evaluation.Gains("logistic_regression"), config)!.Value;
        var ece = ProbabilityQuality.Of(predicted, won).Ece;
        var noise = EceOfPerfect(predicted, config.Seed);
        var figures = FormattableString.Invariant(
            $"Log loss is {share.Value:+0.0000;-0.0000} ({share.Low:+0.0000;-0.0000} to {share.High:+0.0000;-0.0000}) better than the training share, ECE {ece:0.000} where perfect calibration would show {noise:0.000} ({won.Count} deals)"
        );
        if (share.Low <= 0)
            return new(false, figures + ": not better by more than noise.");
        if (regression.High < 0)
            return new(
                false,
                figures + FormattableString.Invariant($", but logistic regression is better by {-regression.Value:0.0000}.")
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
