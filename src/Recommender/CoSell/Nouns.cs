namespace Recommender.CoSell;

/// <summary>Custom columns of one row: what the contract does not name is kept as text under its own name.</summary>
/// <param name="names">Column names, shared by all rows of a file.</param>
/// <param name="values">One value per name; null is absent.</param>
public sealed class Attributes(string[] names, string?[] values)
{
    /// <summary>No attributes.</summary>
    public static Attributes None { get; } = new([], []);

    /// <summary>Column names in file order.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>Values in the order of <see cref="Names"/>.</summary>
    public IReadOnlyList<string?> Values => values;

    /// <summary>The value under <paramref name="name"/>, or null if absent.</summary>
    public string? this[string name]
    {
        get
        {
            var at = Array.IndexOf(names, name);
            return at < 0 ? null : values[at];
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(';', names.Zip(values, (name, value) => $"{name}={value}"));
}

/// <summary>A company we sell to, customer or prospect.</summary>
public sealed record Account(
    AccountId Id,
    string? Name,
    string? Industry,
    string? Country,
    string? Region,
    double? EmployeeCount,
    double? AnnualRevenue,
    DateTime? CreatedAt,
    Attributes Attributes
)
{
    /// <summary>Its domain, as it was given.</summary>
    internal string? Domain { get; init; }

    /// <summary>What another system calls it.</summary>
    internal string? ExternalId { get; init; }

    /// <summary>Its domain, and what another system calls it. No properties: training hashes the text of a fact, in which they would stand.</summary>
    public (string? Domain, string? ExternalId) Identifiers() => (Domain, ExternalId);
}

/// <summary>A company we sell with. <see cref="Industries"/>, <see cref="Regions"/> and <see cref="Competencies"/> are separated by '|'.</summary>
public sealed record Partner(
    PartnerId Id,
    string? Name,
    string? PartnerType,
    string? Tier,
    string? Industries,
    string? Regions,
    string? Competencies,
    DateTime? JoinedAt,
    Attributes Attributes
)
{
    /// <summary>Its domain, as it was given.</summary>
    internal string? Domain { get; init; }

    /// <summary>What another system calls it.</summary>
    internal string? ExternalId { get; init; }

    /// <summary>Its domain, and what another system calls it. No properties: training hashes the text of a fact, in which they would stand.</summary>
    public (string? Domain, string? ExternalId) Identifiers() => (Domain, ExternalId);
}

/// <summary>How an opportunity ended.</summary>
public enum Outcome
{
    /// <summary>Not ended, or its end is not known.</summary>
    Open,

    /// <summary>The customer bought.</summary>
    Won,

    /// <summary>The customer did not buy.</summary>
    Lost,
}

/// <summary>One deal on an account. The amount is in <see cref="Currency"/>, null if unknown.</summary>
public sealed record Opportunity(
    OpportunityId Id,
    AccountId AccountId,
    string? Product,
    double? Amount,
    string? Currency,
    DateTime CreatedAt,
    DateTime? ExpectedCloseAt,
    DateTime? ClosedAt,
    Outcome Outcome,
    string? Owner,
    Attributes Attributes
);

/// <summary>A partner working one opportunity with us, from <see cref="StartedAt"/> (inclusive) until <see cref="EndedAt"/>.</summary>
public sealed record Engagement(
    string Id,
    OpportunityId OpportunityId,
    PartnerId PartnerId,
    string? Role,
    DateTime StartedAt,
    DateTime? EndedAt = null,
    string? Status = null
)
{
    static readonly string[] _never = ["withdrawn", "cancelled", "canceled", "rejected", "declined", "void"];

    /// <summary>True if its status says that it did not come about: withdrawn, cancelled, rejected, declined or void, whatever the case.</summary>
    public bool IsWithdrawn => IsWithdrawal(Status);

    internal static bool IsWithdrawal(string? status) => status is not null && _never.Contains(status, TextKey.Comparer);
}

/// <summary>An opportunity entering a stage.</summary>
public sealed record StageChange(OpportunityId OpportunityId, string Stage, DateTime EnteredAt);

/// <summary>One dated contact; a null partner means our own people.</summary>
public sealed record Touch(
    string Id,
    AccountId? AccountId,
    OpportunityId? OpportunityId,
    PartnerId? PartnerId,
    string Kind,
    DateTime At
);

/// <summary>An account that a partner holds too, from <see cref="Since"/> (inclusive) until <see cref="Until"/> (exclusive).</summary>
public sealed record AccountOverlap(
    PartnerId PartnerId,
    AccountId AccountId,
    string Population,
    double? ContactCount,
    string? ContactLevel,
    DateTime Since,
    DateTime? Until
)
{
    /// <summary>True unless its end was seen strictly before <paramref name="asOf"/>.</summary>
    public bool IsLive(DateTime asOf) => Until is null || Until >= asOf;

    /// <summary>True unless its end has come: what ends now does not go on.</summary>
    public bool GoesOnAfter(DateTime now) => Until is null || Until > now;
}

/// <summary>A partner's claim on a deal.</summary>
public sealed record DealRegistration(
    string Id,
    PartnerId PartnerId,
    AccountId AccountId,
    string? Product,
    DateTime SubmittedAt,
    string? Status,
    DateTime? DecidedAt,
    DateTime? ExpiresAt
)
{
    /// <summary>True if its status says that it was decided, or is over.</summary>
    internal bool IsDecided => IsDecision(Status);

    /// <summary>True if it was approved and not taken back: it protects until it ends, and did if it has.</summary>
    internal bool WasApproved => IsApproval(Status);

    internal static bool IsDecision(string? status) => status is not (null or "submitted");

    internal static bool IsApproval(string? status) => status is "approved" or "expired" or "converted";

    /// <summary>
    /// True from an approving decision until <see cref="ExpiresAt"/> (exclusive; for ever if there is none). What its status calls expired
    /// was approved once and is over at <see cref="ExpiresAt"/>; without that date nobody knows for how long it held, and it is not live.
    /// One that became a deal goes on protecting until then.
    /// </summary>
    /// <param name="asOf">The moment.</param>
    /// <param name="seenAt">When its decision could be seen: an end that was told after the decision was over when it was told.</param>
    public bool IsLive(DateTime asOf, DateTime seenAt) =>
        Status switch
        {
            "approved" or "converted" => ExpiresAt is null || ExpiresAt >= asOf,
            "expired" => ExpiresAt >= asOf && seenAt == (DecidedAt ?? SubmittedAt),
            _ => false,
        };

    /// <summary>True if it is about what is sold: it names no product, or that one, or what is sold is not known.</summary>
    public bool IsAbout(string? product) => Product is null || product is null || TextKey.AreSame(Product, product);
}

/// <summary>A contact that moved a stage: given to, or received from, a partner.</summary>
public sealed record Assist(
    string Id,
    PartnerId PartnerId,
    bool Given,
    AccountId? AccountId,
    OpportunityId? OpportunityId,
    DateTime At
);

/// <summary>A competency a partner has proven, valid until <see cref="ExpiresAt"/> (exclusive).</summary>
public sealed record Certification(PartnerId PartnerId, string Competency, DateTime EarnedAt, DateTime? ExpiresAt)
{
    /// <summary>True unless its end was seen strictly before <paramref name="asOf"/>.</summary>
    public bool IsLive(DateTime asOf) => ExpiresAt is null || ExpiresAt >= asOf;
}

/// <summary>What came of a recommended partner.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RecommendationId">The answer it is about; null if none is named.</param>
/// <param name="PartnerId">The partner.</param>
/// <param name="AccountId">The account.</param>
/// <param name="OpportunityId">The deal; null if the account as such was asked about.</param>
/// <param name="Event">accepted, declined, won, lost, note, or reported_won or reported_lost, which close no deal.</param>
/// <param name="At">When it happened, UTC.</param>
public sealed record Feedback(
    string Id,
    string? RecommendationId,
    PartnerId PartnerId,
    AccountId AccountId,
    OpportunityId? OpportunityId,
    string Event,
    DateTime At
);

/// <summary>A row that is gone from <see cref="At"/> on.</summary>
public sealed record Deletion(string Table, string Key, DateTime At, string? Reason);

/// <summary>An account or partner that is another from <see cref="At"/> on, and what its row said until then.</summary>
public sealed record Alias(
    string OldId,
    string NewId,
    DateTime At,
    string? Table,
    string? Name,
    string? Domain,
    string? ExternalId
);

/// <summary>What a column of a row holds from <see cref="At"/> on.</summary>
public sealed record FieldChange(string Table, string Key, string Column, string? Value, DateTime At);
