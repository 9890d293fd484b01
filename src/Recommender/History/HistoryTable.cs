namespace Recommender.History;

/// <summary>What a column of the history contract holds.</summary>
public enum ColumnKind
{
    /// <summary>Text as it stands.</summary>
    Text,

    /// <summary>A number, zero or more and below 10^15, kept to four decimals.</summary>
    Number,

    /// <summary>An ISO 8601 date or instant, UTC if it has no offset, kept to the millisecond.</summary>
    Instant,
}

/// <summary>A column the contract names.</summary>
/// <param name="Name">Header name and database column.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Required">The header must name it and no row may leave it empty.</param>
/// <param name="OneOf">The words it may hold; null if any.</param>
/// <param name="References">The table whose key it must name; null if none.</param>
public sealed record HistoryColumn(
    string Name,
    ColumnKind Kind = ColumnKind.Text,
    bool Required = false,
    IReadOnlyList<string>? OneOf = null,
    string? References = null
)
{
    const int LongestWord = 400;
    const int LongestText = 4000;
    const double NumbersBelow = 1e15;

    /// <summary>The longest text it may hold, characters.</summary>
    public int MaxLength { get; } =
        Required || References is not null || Name is "external_id" or "recommendation_id" ? JsonRow.LongestId
        : Name is "industries" or "regions" or "competencies" or "reason" or "note" ? LongestText
        : LongestWord;

    /// <summary>A number as it is kept: to four decimals and at most 15 digits, so that every engine gives back the same. False if it cannot be.</summary>
    public static bool TryKeep(double number, out double kept)
    {
        var can = number is >= 0 and < NumbersBelow;
        kept = can ? (double)decimal.Round((decimal)number, 4) : double.NaN;
        return can;
    }
}

/// <summary>A file of the history contract and the database table of the same name.</summary>
/// <param name="Name">File name without .csv.</param>
/// <param name="KeyLength">How many of the first columns make the key.</param>
/// <param name="Required">A history without it is refused.</param>
/// <param name="Columns">Key columns first.</param>
public sealed record HistoryTable(string Name, int KeyLength, bool Required, IReadOnlyList<HistoryColumn> Columns)
{
    /// <summary>The file's name.</summary>
    public string File => Name + ".csv";

    /// <summary>The position of <paramref name="column"/>, or -1.</summary>
    public int IndexOf(string column)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (Columns[i].Name == column)
                return i;
        }
        return -1;
    }
}

/// <summary>The tables of the history contract, in the order in which they refer to one another.</summary>
public static class HistoryContract
{
    static readonly HistoryColumn _recordedAt = new("recorded_at", ColumnKind.Instant);

    /// <summary>Companies we sell to.</summary>
    public static HistoryTable Accounts { get; } =
        new(
            "accounts",
            1,
            true,
            [
                new("account_id", Required: true),
                new("name"),
                new("industry"),
                new("country"),
                new("region"),
                new("employee_count", ColumnKind.Number),
                new("annual_revenue", ColumnKind.Number),
                new("created_at", ColumnKind.Instant),
                new("domain"),
                new("external_id"),
                _recordedAt,
            ]
        );

    /// <summary>Companies we sell with.</summary>
    public static HistoryTable Partners { get; } =
        new(
            "partners",
            1,
            true,
            [
                new("partner_id", Required: true),
                new("name"),
                new("partner_type"),
                new("tier"),
                new("industries"),
                new("regions"),
                new("competencies"),
                new("joined_at", ColumnKind.Instant),
                new("domain"),
                new("external_id"),
                _recordedAt,
            ]
        );

    /// <summary>Deals.</summary>
    public static HistoryTable Opportunities { get; } =
        new(
            "opportunities",
            1,
            true,
            [
                new("opportunity_id", Required: true),
                new("account_id", Required: true, References: "accounts"),
                new("product"),
                new("amount", ColumnKind.Number),
                new("currency"),
                new("created_at", ColumnKind.Instant, Required: true),
                new("expected_close_at", ColumnKind.Instant),
                new("closed_at", ColumnKind.Instant),
                new("outcome", OneOf: ["won", "lost", "open"]),
                new("stage"),
                new("owner"),
                _recordedAt,
            ]
        );

    /// <summary>Partners working deals with us.</summary>
    public static HistoryTable Engagements { get; } =
        new(
            "engagements",
            1,
            true,
            [
                new("engagement_id", Required: true),
                new("opportunity_id", Required: true, References: "opportunities"),
                new("partner_id", Required: true, References: "partners"),
                new("role", OneOf: ["sourced", "influenced", "co_sell", "resell", "services"]),
                new("started_at", ColumnKind.Instant, Required: true),
                new("ended_at", ColumnKind.Instant),
                new("status"),
                _recordedAt,
            ]
        );

    /// <summary>Stage changes.</summary>
    public static HistoryTable OpportunityStages { get; } =
        new(
            "opportunity_stages",
            3,
            false,
            [
                new("opportunity_id", Required: true, References: "opportunities"),
                new("stage", Required: true),
                new("entered_at", ColumnKind.Instant, Required: true),
                _recordedAt,
            ]
        );

    /// <summary>Dated contacts.</summary>
    public static HistoryTable Touches { get; } =
        new(
            "touches",
            1,
            false,
            [
                new("touch_id", Required: true),
                new("account_id", References: "accounts"),
                new("opportunity_id", References: "opportunities"),
                new("partner_id", References: "partners"),
                new("kind", Required: true),
                new("at", ColumnKind.Instant, Required: true),
                _recordedAt,
            ]
        );

    /// <summary>Accounts that partners hold too.</summary>
    public static HistoryTable AccountOverlaps { get; } =
        new(
            "account_overlaps",
            4,
            false,
            [
                new("partner_id", Required: true, References: "partners"),
                new("account_id", Required: true, References: "accounts"),
                new("population", Required: true, OneOf: ["customer", "open_opportunity", "prospect"]),
                new("since", ColumnKind.Instant, Required: true),
                new("contact_count", ColumnKind.Number),
                new("contact_level"),
                new("until", ColumnKind.Instant),
                _recordedAt,
            ]
        );

    /// <summary>Claims of partners on deals.</summary>
    public static HistoryTable DealRegistrations { get; } =
        new(
            "deal_registrations",
            1,
            false,
            [
                new("registration_id", Required: true),
                new("partner_id", Required: true, References: "partners"),
                new("account_id", Required: true, References: "accounts"),
                new("product"),
                new("submitted_at", ColumnKind.Instant, Required: true),
                new("status", OneOf: ["submitted", "approved", "rejected", "expired"]),
                new("decided_at", ColumnKind.Instant),
                new("expires_at", ColumnKind.Instant),
                _recordedAt,
            ]
        );

    /// <summary>Favours given and received.</summary>
    public static HistoryTable Assists { get; } =
        new(
            "assists",
            1,
            false,
            [
                new("assist_id", Required: true),
                new("partner_id", Required: true, References: "partners"),
                new("direction", Required: true, OneOf: ["given", "received"]),
                new("account_id", References: "accounts"),
                new("opportunity_id", References: "opportunities"),
                new("at", ColumnKind.Instant, Required: true),
                _recordedAt,
            ]
        );

    /// <summary>Competencies proven.</summary>
    public static HistoryTable Certifications { get; } =
        new(
            "certifications",
            3,
            false,
            [
                new("partner_id", Required: true, References: "partners"),
                new("competency", Required: true),
                new("earned_at", ColumnKind.Instant, Required: true),
                new("expires_at", ColumnKind.Instant),
                _recordedAt,
            ]
        );

    /// <summary>What came of recommendations.</summary>
    public static HistoryTable Feedback { get; } =
        new(
            "feedback",
            1,
            false,
            [
                new("feedback_id", Required: true),
                new("recommendation_id"),
                new("partner_id", Required: true, References: "partners"),
                new("account_id", Required: true, References: "accounts"),
                new("opportunity_id", References: "opportunities"),
                new("event", Required: true, OneOf: ["accepted", "declined", "won", "lost", "note"]),
                new("reason"),
                new("note"),
                new("at", ColumnKind.Instant, Required: true),
                _recordedAt,
            ]
        );

    /// <summary>All tables; a table comes after those it refers to.</summary>
    public static IReadOnlyList<HistoryTable> Tables { get; } =
    [
        Accounts,
        Partners,
        Opportunities,
        Engagements,
        OpportunityStages,
        Touches,
        AccountOverlaps,
        DealRegistrations,
        Assists,
        Certifications,
        Feedback,
    ];
}
