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
        var accounts = evaluation.FitAccounts;
        if (accounts.Count < LeastAccounts)
            return new(false, TooFewAccounts(accounts.Count));
        if (evaluation.FitLeaks?.Alarms is [var alarm, ..])
            return new(false, "The figures are not to be trusted: " + alarm);
        var best = FitResults.Names.Skip(1).MaxBy(name => evaluation.Fit.All[name].Average(quality => quality.Ndcg))!;
        var differences = learned.Zip(evaluation.Fit.All[best], (a, b) => a.Ndcg - b.Ndcg).ToList();
        var (low, high) = Bootstrap.Interval(differences, accounts, gate.Confidence, gate.Resamples, config.Seed);
        var figures = FormattableString.Invariant(
            $"NDCG@10 differs from {best} by {differences.Average():+0.0000;-0.0000} ({low:+0.0000;-0.0000} to {high:+0.0000;-0.0000}, {learned.Count} decisions)"
        );
        return low > 0 ? new(true, figures + ".") : new(false, figures + ": not better by more than noise.");
    }

    /// <summary>
    /// Win probability must beat the training share by more than noise, not lose to logistic regression, and be shown to be calibrated: what
    /// is uncertain counts against it, as in a test of equivalence (Schuirmann, 1987).
    /// </summary>
    public static GateVerdict WinProbability(Evaluation evaluation, TrainingConfig config) =>
        WinProbability(evaluation.Judged, evaluation.WinLeaks?.Alarms ?? [], config);

    /// <summary>The same, of probabilities from wherever.</summary>
    public static GateVerdict WinProbability(JudgedProbabilities judged, IReadOnlyList<string> alarms, TrainingConfig config)
    {
        var gate = config.Gate;
        var deals = judged.Predicted.Count > 0 ? judged.Won.Count : 0;
        if (deals < gate.MinDecisions)
            return new(
                false,
                FormattableString.Invariant(
                    $"Only {deals} test deals with a known outcome; at least {gate.MinDecisions} are needed to tell a model from luck."
                )
            );
        if (judged.Accounts.Count < LeastAccounts)
            return new(false, TooFewAccounts(judged.Accounts.Count));
        if (alarms is [var alarm, ..])
            return new(false, "The figures are not to be trusted: " + alarm);
        var share = Bootstrap.Mean(judged.Gains("training_share"), judged.Accounts, config)!.Value;
        var regression = Bootstrap.Mean(judged.Gains("logistic_regression"), judged.Accounts, config)!.Value;
        var calibration = judged.Calibration("win_probability", config);
        var ece = calibration.Ece;
        var figures = FormattableString.Invariant(
            $"Log loss is {share.Value:+0.0000;-0.0000} ({share.Low:+0.0000;-0.0000} to {share.High:+0.0000;-0.0000}) better than the training share, ECE {ece.Value:0.000} beyond chance ({ece.High:0.000} at most), calibration slope {Text(calibration.Slope)}, intercept {Text(calibration.Intercept)} ({deals} deals)"
        );
        if (share.Low <= 0)
            return new(false, figures + ": not better by more than noise.");
        if (regression.High < 0)
            return new(
                false,
                figures + FormattableString.Invariant($", but logistic regression is better by {-regression.Value:0.0000}.")
            );
        var missed = new List<string>();
        if (ece.High > gate.MaxEce)
            missed.Add(FormattableString.Invariant($"an ECE of at most {gate.MaxEce}"));
        if (!IsInside(calibration.Slope, gate.MinSlope, gate.MaxSlope))
            missed.Add(FormattableString.Invariant($"a slope from {gate.MinSlope} to {gate.MaxSlope}"));
        if (!IsInside(calibration.Intercept, -gate.MaxIntercept, gate.MaxIntercept))
            missed.Add(FormattableString.Invariant($"an intercept within {gate.MaxIntercept} of zero"));
        return missed.Count == 0
            ? new(true, figures + ".")
            : new(false, $"{figures}: it is not shown to be calibrated, which takes {string.Join(" and ", missed)}.");
    }

    /// <summary>Intervals draw accounts: few of them always look alike.</summary>
    const int LeastAccounts = 20;

    static string TooFewAccounts(int accounts) =>
        FormattableString.Invariant(
            $"The test is about {accounts} accounts; at least {LeastAccounts} are needed to tell a model from luck."
        );

    static bool IsInside(Measured? measured, double low, double high) =>
        measured is { } found && found.Low >= low && found.High <= high;

    static string Text(Measured? measured) =>
        measured is { } found
            ? FormattableString.Invariant($"{found.Value:0.00} ({found.Low:0.00} to {found.High:0.00})")
            : "unknown";
}
