using System.Text.Json;
using System.Text.Json.Serialization;
using Recommender.Features;

namespace Recommender.Models;

/// <summary>The verdict of the promotion gate.</summary>
/// <param name="Promote">True if the model may go live.</param>
/// <param name="Reason">One sentence.</param>
public sealed record GateVerdict(bool Promote, string Reason);

/// <summary>The window a model was trained on.</summary>
/// <param name="From">The first decision.</param>
/// <param name="AsOf">What was seen strictly before this moment was used.</param>
/// <param name="Decisions">Decisions or deals that gave examples.</param>
/// <param name="Examples">Rows.</param>
/// <param name="SeveralPartners">How several partners on one deal count.</param>
public sealed record TrainingWindow(DateTime From, DateTime AsOf, int Decisions, int Examples, string? SeveralPartners);

/// <summary>Rows with known scores, scored again whenever a package is opened.</summary>
public sealed record GoldenRows(float[][] Features, float[] Scores);

/// <summary>Facts about a trained model: manifest.json.</summary>
public sealed record ModelManifest
{
    /// <summary>The layout this code reads and writes.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The layout of the file.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>partner-fit or win-probability.</summary>
    public required string Model { get; init; }

    /// <summary>As-of date and the first 8 hex digits of model.onnx's SHA-256.</summary>
    public required string Version { get; init; }

    /// <summary>Columns of the model in order.</summary>
    public required IReadOnlyList<FeatureColumn> Features { get; init; }

    /// <summary>What the features depend on besides history: settings of the fold, fitted encoders.</summary>
    public required FeatureSettings FeatureSettings { get; init; }

    /// <summary>Raw score → probability, as it stands in the graph; null for partner-fit.</summary>
    public Calibration? Calibration { get; init; }

    /// <summary>
    /// Least score of grades A, B and C; null for win-probability. Of partners with a record who were engaged in decisions that the scoring
    /// model had not seen, half reach A, three quarters B, nine tenths C.
    /// </summary>
    public double[]? Grades { get; init; }

    /// <summary>Where the training examples come from.</summary>
    public required TrainingWindow Training { get; init; }

    /// <summary>SHA-256 of the facts that were read.</summary>
    public required string DataFingerprint { get; init; }

    /// <summary>The configuration of the run.</summary>
    public required JsonElement Config { get; init; }

    /// <summary>The seed of the run.</summary>
    public required int Seed { get; init; }

    /// <summary>The version of the code.</summary>
    public required string CodeVersion { get; init; }

    /// <summary>The kind of machine it was trained on: trained again on another kind, last digits may differ. Null if it is not known.</summary>
    public string? TrainedOn { get; init; }

    /// <summary>Figures on the test window, the simple baselines included.</summary>
    public required JsonElement Metrics { get; init; }

    /// <summary>Whether it may go live.</summary>
    public required GateVerdict Gate { get; init; }

    /// <summary>Rows with known scores.</summary>
    public required GoldenRows Golden { get; init; }

    /// <summary>SHA-256 of every other file of the package, by name.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>How manifests are read and written.</summary>
    public static JsonSerializerOptions Json { get; } =
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
            WriteIndented = true,
            NewLine = "\n",
        };
}
