using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Recommender.Features;

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

    /// <summary>What amounts are counted in, ISO 4217, where the history holds exchange rates; not given, what most deals are in.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BaseCurrency { get; init; }

    public FeaturesConfig Features { get; init; } = new();

    public CandidateConfig Candidates { get; init; } = new();

    public PartnerFitConfig PartnerFit { get; init; } = new();

    public WinProbabilityConfig WinProbability { get; init; } = new();

    public GateConfig Gate { get; init; } = new();

    public MonitorConfig Monitor { get; init; } = new();

    /// <summary>How configurations are read and written.</summary>
    public static JsonSerializerOptions Json { get; } =
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            ReadCommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            WriteIndented = true,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        };

    /// <summary>How figures are stored: to seven digits, more than any of them means.</summary>
    public static JsonSerializerOptions Figures { get; } = new(Json) { Converters = { new SevenDigits() } };

    /// <summary>A learner as the configuration names it.</summary>
    public static string Name(Learner learner) => JsonNamingPolicy.SnakeCaseLower.ConvertName(learner.ToString());

    /// <summary>Reads a file, applies overrides and checks the whole; all errors are reported at once, a line each.</summary>
    /// <param name="file">A commented JSON file, or null for the defaults.</param>
    /// <param name="overrides">Settings such as "win_probability.trees=300", applied in order.</param>
    /// <exception cref="InvalidDataException">The file is no JSON, or a setting is unknown, of another type or out of range.</exception>
    public static TrainingConfig Read(string? file, IEnumerable<string>? overrides = null) =>
        TrainingConfigReader.Read(file, overrides ?? []);
}

/// <summary>Which features are made.</summary>
sealed record FeaturesConfig
{
    /// <summary>Ideas, or families of ideas such as "in", that are left out.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Columns that make features though they look as if they were written after the fact.</summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>Columns that the run found to be written after the fact, so that the models that are judged leave out what those that are served do; null before it looked.</summary>
    [JsonIgnore]
    public IReadOnlyList<LeftOut>? LeftOut { get; init; }
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

/// <summary>What can learn a model; all of them end as trees.</summary>
[TypeConverter(typeof(LearnerNames))]
enum Learner
{
    /// <summary>ML.NET's boosted trees (MART, LambdaMART).</summary>
    FastTree,

    /// <summary>LightGBM through ML.NET; needs the system's OpenMP library (libgomp).</summary>
    LightGbm,

    /// <summary>Logistic regression on features in bins of equal count: one tree per feature. Win probability only.</summary>
    LogisticRegression,

    /// <summary>The mean of the best boosted trees and logistic regression, in log odds. Win probability only.</summary>
    Blend,
}

/// <summary>Hyper-parameters of boosted trees. The defaults are those of partner fit.</summary>
abstract record TreesConfig
{
    /// <summary>Who may learn; the validation window chooses among them.</summary>
    public abstract IReadOnlyList<Learner> Learners { get; init; }

    /// <summary>Trees at most; the validation window decides how many are kept.</summary>
    [Range(1, 5000)]
    public int Trees { get; init; } = 300;

    [Range(2, 512)]
    public virtual int Leaves { get; init; } = 31;

    [Range(1, 100_000)]
    public virtual int MinExamplesPerLeaf { get; init; } = 30;

    [Range(0.001, 1)]
    public virtual double LearningRate { get; init; } = 0.05;

    /// <summary>Share of features each tree may use.</summary>
    [Range(0.05, 1)]
    public virtual double FeatureFraction { get; init; } = 0.4;
}

/// <summary>How partner fit is learned.</summary>
sealed record PartnerFitConfig : TreesConfig
{
    [Range(10, 10_000_000)]
    public int MaxDecisions { get; init; } = 20_000;

    [Range(1, 10_000)]
    public int ProvenNegatives { get; init; } = 40;

    [Range(0, 10_000)]
    public int UnprovenNegatives { get; init; } = 1;

    /// <summary>How much a decision weighs whose deal was won, 1 to 100, against 1 for one that was lost.</summary>
    [Range(1, 100)]
    public double WonWeight { get; init; } = 2;

    [SomeOf(Learner.FastTree, Learner.LightGbm)]
    public override IReadOnlyList<Learner> Learners { get; init; } = [Learner.FastTree];
}

/// <summary>How the probability of winning is learned.</summary>
sealed record WinProbabilityConfig : TreesConfig
{
    [Range(10, 10_000_000)]
    public int MaxDeals { get; init; } = 40_000;

    /// <summary>Windows of `validation_share` each, one before the other, that count the trees and calibrate, 1 to 4.</summary>
    [Range(1, 4)]
    public int ValidationFolds { get; init; } = 3;

    [SomeOf(Learner.FastTree, Learner.LightGbm, Learner.LogisticRegression, Learner.Blend)]
    public override IReadOnlyList<Learner> Learners { get; init; } =
    [Learner.FastTree, Learner.LogisticRegression, Learner.Blend];

    public override int Leaves { get; init; } = 6;

    public override int MinExamplesPerLeaf { get; init; } = 60;

    public override double LearningRate { get; init; } = 0.04;

    public override double FeatureFraction { get; init; } = 0.5;
}

/// <summary>When `monitor` raises an alarm.</summary>
sealed record MonitorConfig
{
    /// <summary>Population stability index of the scores against the end of the training window.</summary>
    [Range(0.01, 100)]
    public double MaxScorePsi { get; init; } = 0.25;

    /// <summary>
    /// The same of any feature, beyond chance; those that grow with the history are compared with histories of as many deals behind them, those
    /// that go with the calendar are not.
    /// </summary>
    [Range(0.01, 100)]
    public double MaxFeaturePsi { get; init; } = 0.25;

    /// <summary>Won share against predicted share, where more than noise, 0 to 1.</summary>
    [Range(0.001, 1)]
    public double MaxCalibrationGap { get; init; } = 0.05;

    /// <summary>Deals at most on either side, evenly spread.</summary>
    [Range(50, 1_000_000)]
    public int MaxDeals { get; init; } = 3000;
}

/// <summary>What a model must show to be promoted.</summary>
sealed record GateConfig
{
    [Range(0.5, 0.999)]
    public double Confidence { get; init; } = 0.95;

    [Range(100, 100_000)]
    public int Resamples { get; init; } = 1000;

    /// <summary>What the upper bound of the calibration error of win probability may be, chance taken off, 0 to 1.</summary>
    [Range(0, 1)]
    public double MaxEce { get; init; } = 0.06;

    /// <summary>What the interval of its calibration slope may not fall below, 0 to 1; 1 is perfect.</summary>
    [Range(0, 1)]
    public double MinSlope { get; init; } = 0.6;

    /// <summary>What that interval may not rise above, 1 to 10.</summary>
    [Range(1, 10)]
    public double MaxSlope { get; init; } = 1.67;

    /// <summary>How far from zero the interval of its calibration intercept may reach, log odds, 0 to 10.</summary>
    [Range(0, 10)]
    public double MaxIntercept { get; init; } = 0.35;

    /// <summary>Last share of decisions and of matured deals that `train` tests on, 0.05 to 0.5.</summary>
    [Range(0.05, 0.5)]
    public double TestShare { get; init; } = 0.15;

    /// <summary>Decisions that `train` tests on at most; `evaluate` judges all.</summary>
    [Range(50, 1_000_000)]
    public int MaxTestDecisions { get; init; } = 3000;

    /// <summary>Whether `train` also learns from a quarter and half of the history, for the report.</summary>
    public bool LearningCurve { get; init; } = true;

    [Range(1, 1_000_000)]
    public int MinDecisions { get; init; } = 50;
}

/// <summary>Learners by their names in the configuration.</summary>
sealed class LearnerNames() : EnumConverter(typeof(Learner))
{
    public override object ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
    {
        foreach (var learner in Enum.GetValues<Learner>())
        {
            if (TrainingConfig.Name(learner).Equals(value))
                return learner;
        }
        throw new FormatException($"'{value}' is no learner.");
    }
}

/// <summary>Learners that a model can have; at least one must be named.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class SomeOfAttribute(params Learner[] learners) : ValidationAttribute
{
    public Learner[] Learners => learners;

    public override bool IsValid(object? value) =>
        value is IReadOnlyList<Learner> { Count: > 0 } some && !some.Except(learners).Any();

    public override string FormatErrorMessage(string name) =>
        $"learners must be some of {string.Join(", ", learners.Select(TrainingConfig.Name))}";
}

/// <summary>Writes numbers with seven significant digits.</summary>
sealed class SevenDigits : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.ToString("G7", CultureInfo.InvariantCulture));
}
