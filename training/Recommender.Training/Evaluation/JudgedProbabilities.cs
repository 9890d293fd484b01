namespace Recommender.Training;

/// <summary>Probabilities beside what came of them.</summary>
/// <param name="Predicted">By model: win_probability, training_share, logistic_regression.</param>
/// <param name="Won">What came of each deal.</param>
/// <param name="Accounts">Whose deals they are.</param>
sealed record JudgedProbabilities(
    IReadOnlyDictionary<string, IReadOnlyList<double>> Predicted,
    IReadOnlyList<bool> Won,
    Clusters Accounts
)
{
    /// <summary>How much less each deal costs win probability in log loss than a baseline.</summary>
    public List<double> Gains(string baseline) =>
        [
            .. Enumerable
                .Range(0, Won.Count)
                .Select(i =>
                    ProbabilityQuality.LogLossOf(Predicted[baseline][i], Won[i])
                    - ProbabilityQuality.LogLossOf(Predicted["win_probability"][i], Won[i])
                ),
        ];

    /// <summary>How much more each deal costs without columns, with its interval; null if that was not judged.</summary>
    public Measured? LossWithout(WithoutColumns without, TrainingConfig config) =>
        without.Predicted.Count != Won.Count
            ? null
            : Bootstrap.Mean(
                [
                    .. Enumerable
                        .Range(0, Won.Count)
                        .Select(i =>
                            ProbabilityQuality.LogLossOf(without.Predicted[i], Won[i])
                            - ProbabilityQuality.LogLossOf(Predicted["win_probability"][i], Won[i])
                        ),
                ],
                Accounts,
                config
            );

    public CalibrationQuality Calibration(string model, TrainingConfig config) =>
        CalibrationQuality.Of(Predicted[model], Won, Accounts, config.Gate.Confidence, config.Gate.Resamples, config.Seed);
}
