using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Recommender.Training;

/// <summary>What a run is made of. Read from a commented JSON file in snake_case.</summary>
sealed record TrainingConfig
{
    public int Seed { get; init; } = 7;

    /// <summary>Threads of the trainers, 0 to 64; 0 is one per core. Models do not depend on it.</summary>
    [Range(0, 64)]
    public int Threads { get; init; }

    /// <summary>Share of closed deals that closed within the maturity horizon, 0.5 to 1.</summary>
    [Range(0.5, 1)]
    public double MaturityQuantile { get; init; } = 0.95;

    /// <summary>The last share of the training window that stops training and calibrates, 0.05 to 0.5.</summary>
    [Range(0.05, 0.5)]
    public double ValidationShare { get; init; } = 0.2;

    public CandidateConfig Candidates { get; init; } = new();

    public PartnerFitConfig PartnerFit { get; init; } = new();

    public WinProbabilityConfig WinProbability { get; init; } = new();

    public GateConfig Gate { get; init; } = new();

    /// <summary>How configurations are read and written.</summary>
    public static JsonSerializerOptions Json { get; } =
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            ReadCommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            WriteIndented = true,
        };

    /// <summary>Reads and checks a file; all errors are reported at once.</summary>
    /// <exception cref="InvalidDataException">A setting is unknown or out of range.</exception>
    public static TrainingConfig Read(string file)
    {
        TrainingConfig config;
        try
        {
            config =
                JsonSerializer.Deserialize<TrainingConfig>(File.ReadAllText(file), Json)
                ?? throw new InvalidDataException($"{file}: found null; expected an object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}, line {e.LineNumber + 1}: {e.Message}", e);
        }
        var errors = new List<string>();
        foreach (
            var (path, part) in ((string, object)[])
                [
                    ("", config),
                    ("candidates.", config.Candidates),
                    ("partner_fit.", config.PartnerFit),
                    ("win_probability.", config.WinProbability),
                    ("gate.", config.Gate),
                ]
        )
        {
            var results = new List<ValidationResult>();
            Validator.TryValidateObject(part, new(part), results, true);
            errors.AddRange(results.Select(result => $"{path}{result.ErrorMessage}"));
        }
        return errors.Count == 0 ? config : throw new InvalidDataException($"{file}: {string.Join(" ", errors)}");
    }
}

/// <summary>Who is judged by the evaluation protocol.</summary>
sealed record CandidateConfig
{
    [Range(0, 1000)]
    public int MinEngagements { get; init; } = 3;

    /// <summary>Days within which the last engagement started.</summary>
    [Range(1, 100_000)]
    public int ActiveDays { get; init; } = 1095;
}

/// <summary>Hyper-parameters of boosted trees. The defaults are those of partner fit.</summary>
abstract record TreesConfig
{
    /// <summary>Trees at most; the validation window decides how many are kept.</summary>
    [Range(1, 5000)]
    public int Trees { get; init; } = 300;

    [Range(2, 512)]
    public virtual int Leaves { get; init; } = 20;

    [Range(1, 100_000)]
    public virtual int MinExamplesPerLeaf { get; init; } = 30;

    [Range(0.001, 1)]
    public virtual double LearningRate { get; init; } = 0.1;

    /// <summary>Share of features each tree may use.</summary>
    [Range(0.05, 1)]
    public virtual double FeatureFraction { get; init; } = 0.7;
}

/// <summary>How partner fit is learned.</summary>
sealed record PartnerFitConfig : TreesConfig
{
    [Range(10, 10_000_000)]
    public int MaxDecisions { get; init; } = 8000;

    [Range(1, 10_000)]
    public int ProvenNegatives { get; init; } = 40;

    [Range(0, 10_000)]
    public int UnprovenNegatives { get; init; } = 6;

    /// <summary>Gain of a partner whose deal was won, against 1 for engaged.</summary>
    [Range(1, 100)]
    public double WonGrade { get; init; } = 1.5;
}

/// <summary>How the probability of winning is learned.</summary>
sealed record WinProbabilityConfig : TreesConfig
{
    [Range(10, 10_000_000)]
    public int MaxDeals { get; init; } = 40_000;

    /// <summary>Windows of `validation_share` each, one before the other, that count the trees and calibrate, 1 to 4.</summary>
    [Range(1, 4)]
    public int ValidationFolds { get; init; } = 3;

    public override int Leaves { get; init; } = 6;

    public override int MinExamplesPerLeaf { get; init; } = 60;

    public override double LearningRate { get; init; } = 0.04;

    public override double FeatureFraction { get; init; } = 0.5;
}

/// <summary>What a model must show to be promoted.</summary>
sealed record GateConfig
{
    [Range(0.5, 0.999)]
    public double Confidence { get; init; } = 0.95;

    [Range(100, 100_000)]
    public int Resamples { get; init; } = 1000;

    /// <summary>Calibration error allowed beyond what as many perfectly calibrated predictions would show, 0 to 1.</summary>
    [Range(0, 1)]
    public double MaxEce { get; init; } = 0.06;

    /// <summary>Last share of decisions and of matured deals that `train` tests on, 0.05 to 0.5.</summary>
    [Range(0.05, 0.5)]
    public double TestShare { get; init; } = 0.15;

    /// <summary>Decisions that `train` tests on at most; `evaluate` judges all.</summary>
    [Range(50, 1_000_000)]
    public int MaxTestDecisions { get; init; } = 3000;

    [Range(1, 1_000_000)]
    public int MinDecisions { get; init; } = 50;
}
