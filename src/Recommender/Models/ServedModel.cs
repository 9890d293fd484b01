namespace Recommender.Models;

/// <summary>
/// A model as it answers: by its trees, or through ONNX Runtime if one of them has more leaves than the scorer takes. ONNX Runtime is the
/// reference that the trees were compared with when the package was opened. Safe for use by several threads.
/// </summary>
public sealed class ServedModel(OnnxModel onnx, TreeEnsemble trees) : IDisposable
{
    /// <summary>The model in ONNX Runtime.</summary>
    public OnnxModel Onnx { get; } = onnx;

    /// <summary>Its trees.</summary>
    public TreeEnsemble Trees { get; } = trees;

    /// <summary>Scores by the trees, however many leaves they have.</summary>
    public EnsembleScorer Scorer { get; } = new(trees);

    /// <summary>Scores rows in one batch, on this thread.</summary>
    /// <param name="features">At least <paramref name="rows"/> × the model's columns.</param>
    /// <param name="rows">How many rows; with none nothing is done.</param>
    /// <param name="scores">Room for at least one score per row.</param>
    public void Score(Memory<float> features, int rows, Memory<float> scores)
    {
        if (Scorer.ByColumns is null)
            Onnx.Score(features, rows, scores);
        else
            Scorer.ScoreHere(features.Span[..(rows * Trees.FeatureCount)], scores.Span[..rows]);
    }

    /// <inheritdoc/>
    public void Dispose() => Onnx.Dispose();
}
