using Microsoft.ML.OnnxRuntime;

namespace Recommender.Models;

/// <summary>A model in ONNX Runtime. Safe for use by several threads.</summary>
public sealed class OnnxModel : IDisposable
{
    static readonly string[] _inputs = ["features"];
    static readonly string[] _outputs = ["score"];
    readonly InferenceSession _session;
    readonly RunOptions _options = new();

    /// <summary>Opens the bytes of an ONNX file.</summary>
    /// <param name="bytes">features [n, F] float32 → score [n, 1] float32.</param>
    /// <param name="threads">Threads per call; 0 is one per core.</param>
    /// <exception cref="InvalidDataException">ONNX Runtime refuses the file, or its shapes are others.</exception>
    public OnnxModel(byte[] bytes, int threads = 1)
    {
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        try
        {
            _session = new InferenceSession(bytes, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InvalidDataException("ONNX Runtime refuses the model: " + e.Message, e);
        }
        if (
            !_session.InputMetadata.TryGetValue(_inputs[0], out var input)
            || input.Dimensions is not [_, var columns]
            || !_session.OutputMetadata.TryGetValue(_outputs[0], out var output)
            || output.Dimensions is not [_, 1]
        )
        {
            _session.Dispose();
            throw new InvalidDataException("The model's shapes differ; expected features [n, F] and score [n, 1].");
        }
        FeatureCount = columns;
    }

    /// <summary>F, the columns of a row.</summary>
    public int FeatureCount { get; }

    /// <summary>Scores rows in one batch.</summary>
    /// <param name="features">At least <paramref name="rows"/> × <see cref="FeatureCount"/> values.</param>
    /// <param name="rows">How many rows; with none nothing is done.</param>
    /// <param name="scores">Room for at least one score per row.</param>
    public void Score(Memory<float> features, int rows, Memory<float> scores)
    {
        if (rows == 0)
            return;
        var memory = OrtMemoryInfo.DefaultInstance;
        using var input = OrtValue.CreateTensorValueFromMemory(memory, features[..(rows * FeatureCount)], [rows, FeatureCount]);
        using var output = OrtValue.CreateTensorValueFromMemory(memory, scores[..rows], [rows, 1]);
        _session.Run(_options, _inputs, [input], _outputs, [output]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _options.Dispose();
        _session.Dispose();
    }
}
