using System.Text.Json.Serialization;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Whose column a dimension or measure is.</summary>
public enum Side
{
    /// <summary>A column of accounts.</summary>
    Account,

    /// <summary>A column of opportunities.</summary>
    Opportunity,
}

/// <summary>A category by which decisions are told apart, such as industry or product. Several values are parted by '|' or ';'.</summary>
public sealed record Dimension(string Name, Side Of);

/// <summary>
/// Two dimensions counted together, such as industry and product: who works with banks on networks, where neither banks nor networks tell.
/// </summary>
/// <param name="Left">Name of a dimension.</param>
/// <param name="Right">Name of another.</param>
public sealed record Cross(string Left, string Right)
{
    /// <summary>What its features are called by, such as industry_and_product.</summary>
    [JsonIgnore]
    public string Name => $"{Left}_and_{Right}";
}

/// <summary>A number of a decision, such as amount or employee_count; a date counts in days before the decision.</summary>
public sealed record Measure(string Name, Side Of, bool IsDate);

/// <summary>A number or date of a partner.</summary>
public sealed record PartnerMeasure(string Name, bool IsDate);

/// <summary>What the fold keeps count of. Stored with a model, because its features mean nothing under other settings.</summary>
public sealed record FoldSettings
{
    /// <summary>Days from creation after which an opportunity's outcome counts, so that early wins do not flatter recent deals.</summary>
    public required int MaturityDays { get; init; }

    /// <summary>Categories of a decision.</summary>
    public required IReadOnlyList<Dimension> Dimensions { get; init; }

    /// <summary>Pairs of dimensions that tell more together than each by itself; none if the settings do not say.</summary>
    public IReadOnlyList<Cross> Crosses { get; init; } = [];

    /// <summary>Numbers of a decision.</summary>
    public required IReadOnlyList<Measure> Measures { get; init; }

    /// <summary>Categories of a partner: columns of partners.</summary>
    public required IReadOnlyList<string> PartnerTraits { get; init; }

    /// <summary>Numbers and dates of a partner: columns of partners that the contract does not name.</summary>
    public IReadOnlyList<PartnerMeasure> PartnerMeasures { get; init; } = [];

    /// <summary>The optional files the history holds, by table name; features of the others are left out.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>
    /// What amounts of deals are counted in, ISO 4217, converted at the day of the deal; unknown where there is no rate. Null if amounts are
    /// counted as they stand, because the history had no exchange rates.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BaseCurrency { get; init; }

    /// <summary>Half-life of the slow decayed counters, days.</summary>
    public double HalfLifeDays { get; init; } = 365;

    /// <summary>Half-life of the fast decayed counters, days.</summary>
    public double ShortHalfLifeDays { get; init; } = 90;

    /// <summary>Half-life of the decayed outcome counters, days.</summary>
    public double OutcomeHalfLifeDays { get; init; } = 1095;

    /// <summary>Pseudo-count of the smoothed rates.</summary>
    public double Smoothing { get; init; } = 10;

    /// <summary>The position of the dimension, or -1.</summary>
    public int IndexOfDimension(string name)
    {
        for (var d = 0; d < Dimensions.Count; d++)
        {
            if (Dimensions[d].Name == name)
                return d;
        }
        return -1;
    }

    /// <summary>The position of the cross of that name, or -1.</summary>
    public int IndexOfCross(string name)
    {
        for (var c = 0; c < Crosses.Count; c++)
        {
            if (Crosses[c].Name == name)
                return c;
        }
        return -1;
    }

    /// <summary>True if the history holds <paramref name="table"/>.</summary>
    public bool Has(string table) => Files.Contains(table);
}
