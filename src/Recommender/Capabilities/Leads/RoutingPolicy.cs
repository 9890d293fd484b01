using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Leads;

/// <summary>What is wrong with a policy, and in which line of the text.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Message">What was found and what was expected.</param>
public sealed record PolicyFault(int Line, string Message);

/// <summary>Working hours as a policy states them.</summary>
public sealed record WorkingHoursRule
{
    /// <summary>Days of the week by their first three letters; null for Monday to Friday.</summary>
    public IReadOnlyList<string>? Days { get; init; }

    /// <summary>From when on, as 09:00.</summary>
    public required string From { get; init; }

    /// <summary>Until when, exclusive.</summary>
    public required string To { get; init; }

    /// <summary>Of those who say none of their own; null for UTC.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>How leads are routed: what stands before the choice, the choice, and the clocks. Immutable; without one, the defaults hold as version 0.</summary>
public sealed record RoutingPolicy
{
    const int MostWeeks = 26;
    static readonly string[] _days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    /// <summary>What holds before one was set.</summary>
    public static RoutingPolicy Default { get; } = new();

    /// <summary>Which version it is; 0 if none was set.</summary>
    [JsonIgnore]
    public long Version { get; init; }

    /// <summary>Within how many hours an offer is to be accepted, working hours where those are given, above 0 to 720. The default is 4.</summary>
    public double AcceptWithinHours { get; init; } = 4;

    /// <summary>How many are offered a lead one after the other, 1 to 10. The default is 3.</summary>
    public int Offers { get; init; } = 3;

    /// <summary>A partner may be chosen if the lower end of its lift is above this, -1 to 1. The default is 0.</summary>
    public double LiftAbove { get; init; }

    /// <summary>
    /// Who of those whom the gates leave: likeliest, a rep or a partner by chance of winning, or partner_first, a partner whose lift is sure
    /// enough though a rep may be likelier. The default is likeliest.
    /// </summary>
    public string Choice { get; init; } = "likeliest";

    /// <summary>Whose chances of winning differ by no more than this take turns, 0 to 0.2. The default is 0.01.</summary>
    public double NearTie { get; init; } = 0.01;

    /// <summary>True if a lead is passed to partners only where it says that it may be. The default is false.</summary>
    public bool NeedsConsent { get; init; }

    /// <summary>How many leads a partner may have at a time; null for any number.</summary>
    public int? PartnerOpenLeads { get; init; }

    /// <summary>How many leads a rep may have at a time, of those who say no number of their own; null for any number.</summary>
    public int? RepOpenLeads { get; init; }

    /// <summary>After how many days a lead that was accepted and became no deal is none of those any more, 1 to 3650. The default is 90.</summary>
    public int OpenDays { get; init; } = 90;

    /// <summary>When people work; null for always.</summary>
    public WorkingHoursRule? WorkingHours { get; init; }

    /// <summary>True if those who do not work now are left out as long as somebody does. The default is false.</summary>
    public bool AtWorkOnly { get; init; }

    /// <summary>Added to the chance of partners that gave us more than they got, at most, 0 to 0.1. The default is 0: off.</summary>
    public double ReciprocityBonus { get; init; }

    /// <summary>The share of offers to partners that goes to those without any engagement yet, at least, 0 to 0.5. The default is 0: off.</summary>
    public double NewPartnerShare { get; init; }

    /// <summary>Who has what nobody takes, if neither the lead nor the account has an owner. The default is unassigned.</summary>
    public string Queue { get; init; } = "unassigned";

    /// <summary>In whose queue a lead is that nobody takes: of its owner, else of who owned the last deal of the account, else <see cref="Queue"/>.</summary>
    public Assignee QueueOf(HistoryState state, Lead lead) =>
        new(
            "queue",
            lead.Owner
                ?? (
                    lead.AccountId is { } id && state.FindAccountState(id) is { } account
                        ? state.DealsOf(account).Select(deal => deal.Row.Owner).FirstOrDefault(owner => owner is not null)
                        : null
                )
                ?? Queue
        );

    /// <summary>Leads that were imported are routed if they are no older than so many hours, 0 to 8760. The default is 72; 0 for never.</summary>
    public double RouteImportedHours { get; init; } = 72;

    /// <summary>Reads one; null if anything is wrong, with all that is.</summary>
    /// <param name="text">JSON.</param>
    /// <param name="version">The version it is to have.</param>
    /// <param name="faults">What is wrong, with lines.</param>
    /// <param name="isHere">True if it is set here; false where it was set elsewhere, whose time zones this machine need not know.</param>
    public static RoutingPolicy? Read(string text, long version, out IReadOnlyList<PolicyFault> faults, bool isHere = true)
    {
        var found = new List<PolicyFault>();
        faults = found;
        RoutingPolicy? policy = null;
        try
        {
            policy = JsonSerializer.Deserialize<RoutingPolicy>(text, _json);
            if (policy is null)
                found.Add(new(1, "found null; expected an object"));
        }
        catch (JsonException e)
        {
            found.Add(
                new(
                    1 + (int)(e.LineNumber ?? 0),
                    $"{e.Path}: not as expected; a property may be unknown, stand twice, or be of another type"
                )
            );
        }
        foreach (var (name, message) in policy?.Faults(isHere) ?? [])
            found.Add(new(LineOf(text, name), message));
        return found.Count > 0 ? null : policy! with { Version = version };
    }

    static int LineOf(string text, string name) =>
        1 + text.AsSpan(0, Math.Max(0, text.IndexOf($"\"{name}\"", StringComparison.Ordinal))).Count('\n');

    IEnumerable<(string Name, string Message)> Faults(bool isHere)
    {
        foreach (
            var (name, value, low, high) in (IEnumerable<(string, double?, double, double)>)
                [
                    ("offers", Offers, 1, 10),
                    ("lift_above", LiftAbove, -1, 1),
                    ("near_tie", NearTie, 0, 0.2),
                    ("partner_open_leads", PartnerOpenLeads, 0, 1e6),
                    ("rep_open_leads", RepOpenLeads, 0, 1e6),
                    ("open_days", OpenDays, 1, 3650),
                    ("reciprocity_bonus", ReciprocityBonus, 0, 0.1),
                    ("new_partner_share", NewPartnerShare, 0, 0.5),
                    ("route_imported_hours", RouteImportedHours, 0, 8760),
                    ("accept_within_hours", AcceptWithinHours, 1.0 / 60, 720),
                ]
        )
        {
            if (value is { } number && !(number >= low && number <= high))
                yield return (name, FormattableString.Invariant($"{name} is {number}; expected {low:0.##} to {high:0.##}"));
        }
        if (Choice is not ("likeliest" or "partner_first"))
            yield return ("choice", $"choice is '{Choice}'; expected likeliest or partner_first");
        if (string.IsNullOrWhiteSpace(Queue) || Queue.Length > 200)
            yield return ("queue", "queue is empty or longer than 200 characters");
        if (AtWorkOnly && WorkingHours is null)
            yield return ("at_work_only", "at_work_only needs working_hours");
        if (WorkingHours is null)
            yield break;
        if (isHere && WorkingHours.TimeZone is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
            yield return ("time_zone", $"time_zone is '{zone}'; expected one such as Europe/Vienna");
        if (WorkingHours.Days is { } days && (days.Count == 0 || days.Any(day => !_days.Contains(day))))
            yield return ("days", $"days are '{string.Join("', '", days)}'; expected some of {string.Join(", ", _days)}");
        foreach (var (name, time) in (IEnumerable<(string, string)>)[("from", WorkingHours.From), ("to", WorkingHours.To)])
        {
            if (TimeOf(time) is null)
                yield return (name, $"{name} is '{time}'; expected a time of the day such as 09:00");
        }
        if (TimeOf(WorkingHours.From) >= TimeOf(WorkingHours.To))
            yield return ("to", "to is not after from");
        else if (
            TimeOf(WorkingHours.To) - TimeOf(WorkingHours.From) is { } day
            && AcceptWithinHours > MostWeeks * (WorkingHours.Days?.Count ?? 5) * day.TotalHours
        )
            yield return (
                "accept_within_hours",
                FormattableString.Invariant(
                    $"accept_within_hours is {AcceptWithinHours}, more than {MostWeeks} weeks of these working hours"
                )
            );
    }

    static TimeSpan? TimeOf(string? text) =>
        text == "24:00" ? TimeSpan.FromDays(1)
        : TimeSpan.TryParseExact(text, "hh\\:mm", CultureInfo.InvariantCulture, out var time) ? time
        : null;

    /// <summary>When somebody works; null for always.</summary>
    /// <param name="zone">The zone of its own; null for that of the policy.</param>
    public WorkingHours? HoursIn(string? zone)
    {
        if (WorkingHours is null)
            return null;
        if (zone is null || !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var there))
            TimeZoneInfo.TryFindSystemTimeZoneById(WorkingHours.TimeZone ?? "UTC", out there);
        return new(
            [.. (WorkingHours.Days ?? ["mon", "tue", "wed", "thu", "fri"]).Select(day => (DayOfWeek)Array.IndexOf(_days, day))],
            TimeOf(WorkingHours.From)!.Value,
            TimeOf(WorkingHours.To)!.Value,
            there ?? TimeZoneInfo.Utc
        );
    }

    /// <summary>Until when an offer that is made now is to be accepted, UTC.</summary>
    /// <param name="now">Now, UTC.</param>
    /// <param name="zone">The zone of who is asked; null for that of the policy.</param>
    public DateTime AcceptBy(DateTime now, string? zone)
    {
        var within = TimeSpan.FromHours(AcceptWithinHours);
        return Instants.ToMillisecond(HoursIn(zone)?.After(now, within) ?? now + within);
    }
}

/// <summary>A routing policy in its version.</summary>
/// <param name="Version">From 1.</param>
/// <param name="At">When it was set, UTC.</param>
/// <param name="Body">Its text.</param>
/// <param name="By">Who set it.</param>
public sealed record SetPolicy(long Version, DateTime At, string Body, string? By);

/// <summary>Routing policies, each in force until the next.</summary>
public sealed class RoutingPolicyTable : FactTable<SetPolicy>
{
    readonly FactColumn _version,
        _at,
        _body,
        _by;

    /// <summary>Declares the table.</summary>
    public RoutingPolicyTable()
        : base("routing_policies", LeadsCapability.Ruled)
    {
        TakesRows = false;
        MakesFeatures = false;
        _version = Key("version", maxLength: 20);
        _at = Date("at", required: true, role: DateRole.Noted);
        _body = Text("body", isLong: true);
        _by = Text("done_by");
        Recorded();
    }

    /// <summary>How long the text of one may be.</summary>
    public int MostText => _body.MaxLength;

    /// <inheritdoc/>
    public override SetPolicy Read(HistoryRow row) =>
        new(
            long.Parse(row.Text(_version)!, NumberStyles.None, CultureInfo.InvariantCulture),
            row.Date(_at)!.Value,
            row.Text(_body)!,
            row.Text(_by)
        );

    /// <summary>The row of a noun.</summary>
    public HistoryRow RowOf(SetPolicy policy) =>
        Row(
            ("version", policy.Version.ToString(CultureInfo.InvariantCulture)),
            ("at", policy.At),
            ("body", policy.Body),
            ("done_by", policy.By)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(SetPolicy noun) => noun.At;
}
