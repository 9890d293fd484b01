namespace Recommender.CoSell;

/// <summary>
/// What a dated fact says. Kinds are declared once, in the order in which facts of the same instant are applied; a capability declares its
/// own after those that stand here.
/// </summary>
public sealed class FactKind
{
    static readonly List<FactKind> _all = [];

    FactKind(string name)
    {
        lock (_all)
        {
            (Name, Order) = (name, _all.Count);
            _all.Add(this);
        }
    }

    /// <summary>An <see cref="CoSell.Account"/> became known.</summary>
    public static FactKind Account { get; } = Declare(nameof(Account));

    /// <summary>A <see cref="CoSell.Partner"/> became known.</summary>
    public static FactKind Partner { get; } = Declare(nameof(Partner));

    /// <summary>A partner earned a <see cref="CoSell.Certification"/>.</summary>
    public static FactKind Certification { get; } = Declare(nameof(Certification));

    /// <summary>An <see cref="AccountOverlap"/> was found.</summary>
    public static FactKind Overlap { get; } = Declare(nameof(Overlap));

    /// <summary>An <see cref="Opportunity"/> was created.</summary>
    public static FactKind OpportunityCreated { get; } = Declare(nameof(OpportunityCreated));

    /// <summary>A <see cref="DealRegistration"/> was submitted.</summary>
    public static FactKind RegistrationSubmitted { get; } = Declare(nameof(RegistrationSubmitted));

    /// <summary>A <see cref="DealRegistration"/> was decided.</summary>
    public static FactKind RegistrationDecided { get; } = DeclareEnd(nameof(RegistrationDecided), RegistrationSubmitted);

    /// <summary>A <see cref="StageChange"/>.</summary>
    public static FactKind StageEntered { get; } = Declare(nameof(StageEntered));

    /// <summary>A <see cref="CoSell.Touch"/>.</summary>
    public static FactKind Touch { get; } = Declare(nameof(Touch));

    /// <summary>An <see cref="CoSell.Assist"/>.</summary>
    public static FactKind Assist { get; } = Declare(nameof(Assist));

    /// <summary>An <see cref="CoSell.Engagement"/> started.</summary>
    public static FactKind Engagement { get; } = Declare(nameof(Engagement));

    /// <summary>An <see cref="Opportunity"/> was won or lost.</summary>
    public static FactKind OpportunityClosed { get; } = DeclareEnd(nameof(OpportunityClosed), OpportunityCreated);

    /// <summary>What came of a recommendation: <see cref="CoSell.Feedback"/>.</summary>
    public static FactKind Feedback { get; } = Declare(nameof(Feedback));

    /// <summary>An <see cref="CoSell.ExchangeRate"/>.</summary>
    public static FactKind ExchangeRate { get; } = Declare(nameof(ExchangeRate));

    /// <summary>An account or a partner was merged into another: an <see cref="Alias"/>.</summary>
    public static FactKind Merge { get; } = Declare(nameof(Merge));

    /// <summary>All kinds, in the order in which facts of the same instant are applied.</summary>
    public static IReadOnlyList<FactKind> All
    {
        get
        {
            lock (_all)
                return [.. _all];
        }
    }

    /// <summary>A word for it, unique.</summary>
    public string Name { get; }

    /// <summary>Its position in <see cref="All"/>.</summary>
    public int Order { get; }

    /// <summary>What the same row states later, such as the end of a deal; null if it states one fact.</summary>
    public FactKind? End { get; private set; }

    /// <summary>A new kind, after all that were declared before.</summary>
    public static FactKind Declare(string name) => new(name);

    static FactKind DeclareEnd(string name, FactKind start) => start.End = new(name);

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>One fact of the history, ordered by when it is applied.</summary>
/// <param name="SeenAt">The later of when it was true and when we learned it, UTC. A decision at this instant does not see it yet.</param>
/// <param name="Kind">What it says.</param>
/// <param name="Key">Its identity among facts of its kind; breaks ties.</param>
/// <param name="Noun">The noun of <see cref="Kind"/>; what is taken back, if it is a retraction.</param>
public readonly record struct DatedFact(DateTime SeenAt, FactKind Kind, string Key, object Noun) : IComparable<DatedFact>
{
    readonly DateTime? _appliedAt;

    /// <summary>When the fold takes it in, UTC: <see cref="SeenAt"/>, or later if it came late to a running service.</summary>
    public DateTime AppliedAt
    {
        get => _appliedAt ?? SeenAt;
        init => _appliedAt = value;
    }

    /// <summary>What the fact of the same kind and key said until now; null if there was none.</summary>
    public object? Replaced { get; init; }

    /// <summary>True if it takes <see cref="Noun"/> back: the row is gone, was moved to another date, or does not say so any more.</summary>
    public bool IsRetraction { get; init; }

    /// <summary>
    /// By <see cref="AppliedAt"/>; then what is added, by <see cref="Kind"/> and <see cref="Key"/> (ordinal), before what is taken back, in
    /// the opposite order.
    /// </summary>
    public int CompareTo(DatedFact other)
    {
        var order = AppliedAt.CompareTo(other.AppliedAt);
        if (order == 0)
            order = IsRetraction.CompareTo(other.IsRetraction);
        if (order == 0)
            order = IsRetraction ? other.Kind.Order.CompareTo(Kind.Order) : Kind.Order.CompareTo(other.Kind.Order);
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
