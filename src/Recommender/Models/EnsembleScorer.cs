namespace Recommender.Models;

/// <summary>
/// Scores rows by an ensemble as the model that ships does: probabilities where it is calibrated. The same bits on every processor, which
/// ONNX Runtime does not promise. Safe for use by several threads.
/// </summary>
public sealed class EnsembleScorer(TreeEnsemble ensemble)
{
    /// <summary>Rows that one thread takes at a time.</summary>
    const int Chunk = 16 * TreeScorer.Block;

    readonly TreeScorer? _scorer = TreeScorer.Of(ensemble);

    /// <summary>Scores the raw score from columns; null if a tree has more leaves than it takes.</summary>
    internal TreeScorer? ByColumns => _scorer;

    /// <summary>Scores rows in one batch, on all cores.</summary>
    /// <param name="features">At least <paramref name="rows"/> × the ensemble's columns.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="scores">Room for at least one score per row.</param>
    public void Score(Memory<float> features, int rows, Memory<float> scores) =>
        Parallel.For(
            0,
            (rows + Chunk - 1) / Chunk,
            chunk =>
            {
                var from = chunk * Chunk;
                var count = Math.Min(Chunk, rows - from);
                ScoreHere(
                    features.Span.Slice(from * ensemble.FeatureCount, count * ensemble.FeatureCount),
                    scores.Span.Slice(from, count)
                );
            }
        );

    /// <summary>Scores rows on this thread.</summary>
    /// <param name="features">The ensemble's columns for each score.</param>
    /// <param name="scores">One for each row.</param>
    internal void ScoreHere(ReadOnlySpan<float> features, Span<float> scores)
    {
        Raw(features, scores);
        if (ensemble.Calibration is not { } calibration)
            return;
        foreach (ref var score in scores)
            score = (float)calibration.Probability(score);
    }

    void Raw(ReadOnlySpan<float> rows, Span<float> scores)
    {
        var width = ensemble.FeatureCount;
        if (_scorer is not null)
        {
            _scorer.ScoreRows(rows, width, scores);
            return;
        }
        for (var i = 0; i < scores.Length; i++)
            scores[i] = (float)ensemble.Score(rows.Slice(i * width, width));
    }
}
