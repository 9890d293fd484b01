namespace Recommender.CoSell;

/// <summary>What a dated fact says. The order is the order in which facts of the same instant are applied.</summary>
public enum FactKind
{
    /// <summary>An <see cref="CoSell.Account"/> became known.</summary>
    Account,

    /// <summary>A <see cref="CoSell.Partner"/> became known.</summary>
    Partner,

    /// <summary>A partner earned a <see cref="CoSell.Certification"/>.</summary>
    Certification,

    /// <summary>An <see cref="AccountOverlap"/> was found.</summary>
    Overlap,

    /// <summary>An <see cref="Opportunity"/> was created.</summary>
    OpportunityCreated,

    /// <summary>A <see cref="DealRegistration"/> was submitted.</summary>
    RegistrationSubmitted,

    /// <summary>A <see cref="DealRegistration"/> was decided.</summary>
    RegistrationDecided,

    /// <summary>A <see cref="StageChange"/>.</summary>
    StageEntered,

    /// <summary>A <see cref="CoSell.Touch"/>.</summary>
    Touch,

    /// <summary>An <see cref="CoSell.Assist"/>.</summary>
    Assist,

    /// <summary>An <see cref="CoSell.Engagement"/> started.</summary>
    Engagement,

    /// <summary>An <see cref="Opportunity"/> was won or lost.</summary>
    OpportunityClosed,

    /// <summary>What came of a recommendation: <see cref="CoSell.Feedback"/>.</summary>
    Feedback,
}

/// <summary>One fact of the history, ordered by when it is applied.</summary>
/// <param name="SeenAt">The later of when it was true and when we learned it, UTC. A decision at this instant does not see it yet.</param>
/// <param name="Kind">What it says.</param>
/// <param name="Key">Its identity among facts of its kind; breaks ties.</param>
/// <param name="Noun">The noun of <see cref="Kind"/>.</param>
public readonly record struct DatedFact(DateTime SeenAt, FactKind Kind, string Key, object Noun) : IComparable<DatedFact>
{
    readonly DateTime? _appliedAt;

    /// <summary>When the fold takes it in, UTC: <see cref="SeenAt"/>, or later if it came late to a running service.</summary>
    public DateTime AppliedAt
    {
        get => _appliedAt ?? SeenAt;
        init => _appliedAt = value;
    }

    /// <summary>True if a fact of the same kind and key came before: the row changed, an event does not count again.</summary>
    public bool IsChange { get; init; }

    /// <summary>By <see cref="AppliedAt"/>, <see cref="Kind"/>, <see cref="Key"/> (ordinal).</summary>
    public int CompareTo(DatedFact other)
    {
        var order = AppliedAt.CompareTo(other.AppliedAt);
        if (order == 0)
            order = Kind.CompareTo(other.Kind);
        return order != 0 ? order : string.CompareOrdinal(Key, other.Key);
    }

    /// <summary>True if <paramref name="left"/> comes before <paramref name="right"/>.</summary>
    public static bool operator <(DatedFact left, DatedFact right) => left.CompareTo(right) < 0;

    /// <summary>True if <paramref name="left"/> comes after <paramref name="right"/>.</summary>
    public static bool operator >(DatedFact left, DatedFact right) => left.CompareTo(right) > 0;

    /// <summary>True if <paramref name="left"/> does not come after <paramref name="right"/>.</summary>
    public static bool operator <=(DatedFact left, DatedFact right) => left.CompareTo(right) <= 0;

    /// <summary>True if <paramref name="left"/> does not come before <paramref name="right"/>.</summary>
    public static bool operator >=(DatedFact left, DatedFact right) => left.CompareTo(right) >= 0;
}
