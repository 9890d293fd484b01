using Recommender.CoSell;

namespace Recommender.Ranking;

/// <summary>Which partners a caller wants to see. Applied before the cut to the limit; an empty list asks for nothing.</summary>
public sealed record PartnerFilter
{
    /// <summary>Kinds of partner, any of.</summary>
    public IReadOnlyList<string>? PartnerTypes { get; init; }

    /// <summary>Tiers, any of.</summary>
    public IReadOnlyList<string>? Tiers { get; init; }

    /// <summary>Regions, the partner covers any of.</summary>
    public IReadOnlyList<string>? Regions { get; init; }

    /// <summary>Industries, the partner covers any of.</summary>
    public IReadOnlyList<string>? Industries { get; init; }

    /// <summary>Competencies, the partner names any of.</summary>
    public IReadOnlyList<string>? Competencies { get; init; }

    /// <summary>Only these partners, by id, that of one that was merged into it included.</summary>
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>None of these, by id.</summary>
    public IReadOnlyList<string>? Exclude { get; init; }

    /// <summary>new: only partners that never worked with the account; known: only those that did; null: all.</summary>
    public string? Known { get; init; }

    /// <summary>True if the partner is wanted.</summary>
    /// <param name="partner">The partner.</param>
    /// <param name="merged">Those that were merged into it; null if none was.</param>
    /// <param name="hasWorkedTogether">It has worked with the account.</param>
    public bool Admits(Partner partner, IReadOnlyList<Alias>? merged, bool hasWorkedTogether) =>
        AnyOf(PartnerTypes, partner.PartnerType)
        && AnyOf(Tiers, partner.Tier)
        && AnyOf(Regions, partner.Regions)
        && AnyOf(Industries, partner.Industries)
        && AnyOf(Competencies, partner.Competencies)
        && (Include is not { Count: > 0 } || Names(Include, partner, merged))
        && (Exclude is null || !Names(Exclude, partner, merged))
        && (Known is null || hasWorkedTogether == (Known == "known"));

    static bool Names(IReadOnlyList<string> ids, Partner partner, IReadOnlyList<Alias>? merged)
    {
        if (ids.Contains(partner.Id.Value))
            return true;
        foreach (var old in merged ?? [])
        {
            if (ids.Contains(old.OldId))
                return true;
        }
        return false;
    }

    static bool AnyOf(IReadOnlyList<string>? wanted, string? held)
    {
        if (wanted is not { Count: > 0 })
            return true;
        foreach (var value in wanted)
        {
            if (Values.Hold(held, value))
                return true;
        }
        return false;
    }
}

/// <summary>Values of a column that may hold several, separated by '|'.</summary>
static class Values
{
    /// <summary>True if one of them is <paramref name="value"/>, as people compare.</summary>
    public static bool Hold(string? column, string value)
    {
        if (column is null)
            return false;
        foreach (var part in column.AsSpan().Split('|'))
        {
            if (TextKey.AreSame(column.AsSpan(part), value))
                return true;
        }
        return false;
    }
}
