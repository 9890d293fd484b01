using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Api.Pages.Leads;

/// <summary>A lead as pages show it.</summary>
/// <param name="File">The lead.</param>
/// <param name="Company">The account's name, or how the company was named.</param>
/// <param name="To">Who has it or is asked, by name; empty while nobody is.</param>
/// <param name="Trace">Why, as it was kept with the last offer or queue.</param>
/// <param name="Names">Names of those in the trace who have one.</param>
public sealed record LeadView(
    LeadFile File,
    string Company,
    string To,
    IReadOnlyList<TraceStep> Trace,
    IReadOnlyDictionary<Assignee, string> Names
)
{
    /// <summary>A lead with names.</summary>
    public static LeadView Of(HistoryState fold, LeadFile file, IReadOnlyList<TraceStep> trace) =>
        new(
            file,
            file.Lead.AccountId is { } id ? fold.FindAccount(id)?.Name ?? file.Lead.Title : file.Lead.Title,
            file.To is { } to ? NameOf(fold, to) : "",
            trace,
            NamesOf(fold, trace)
        );

    /// <summary>Names of those in a trace who have one.</summary>
    public static Dictionary<Assignee, string> NamesOf(HistoryState fold, IReadOnlyList<TraceStep> trace) =>
        trace
            .SelectMany(step =>
                step.Dropped.Select(one => new Assignee(one.Type, one.Id)).Concat(step.Numbers.Select(one => one.Who))
            )
            .Distinct()
            .ToDictionary(who => who, who => NameOf(fold, who));

    /// <summary>What somebody is called.</summary>
    public static string NameOf(HistoryState fold, Assignee who) =>
        who.IsPartner ? fold.NameOf(who.Id)
        : who.Type == "rep" ? LeadsCapability.NameOfRep(fold, who.Id)
        : who.Id == RoutingPolicy.Default.Queue ? "nobody's queue"
        : $"the queue of {LeadsCapability.NameOfRep(fold, who.Id)}";

    /// <summary>What is due, and when, in words.</summary>
    public string Due(DateTime now) =>
        File.State switch
        {
            "offered" => File.Offer!.Until is { } by && by < now
                ? $"overdue since {Format.Moment(by)}"
                : $"answer by {Format.Moment(File.Offer!.Until!.Value)}",
            "queued" => ReasonOf(File.Steps[^1].Reason),
            "accepted" when File.FirstTouchAt is { } at => $"first contact {Format.Moment(at)}",
            "accepted" => $"accepted {Format.Moment(File.AcceptedAt!.Value)}, no contact yet",
            "converted" => $"deal {File.Lead.OpportunityId}",
            "waiting" => "the next is asked in a moment",
            "new" => $"came {Format.Moment(File.Lead.CreatedAt)}",
            var state => $"{state} {Format.Moment(File.Steps[^1].At)}",
        };

    /// <summary>Why a lead lies in a queue, in words.</summary>
    public static string ReasonOf(string? reason) =>
        reason switch
        {
            "nobody_left" => "nobody who may have it is left",
            "offers_used" => "as many were asked as the policy says",
            "account_unsure" => "a person has to say which account it is",
            _ => Format.Plain(reason),
        };

    /// <summary>True if it should have been answered before now.</summary>
    public bool IsOverdue(DateTime now) => File.State == "offered" && File.Offer!.Until < now;

    /// <summary>Why it went there, in a sentence; null if nothing is kept of that.</summary>
    public string? Why => Trace is [.., { Text: { } text }] ? text : null;

    /// <summary>How long something took, in words.</summary>
    public string After(DateTime? at) =>
        at is not { } then ? "not yet"
        : then - File.Lead.CreatedAt is var time && time < TimeSpan.FromMinutes(1) ? "at once"
        : time < TimeSpan.FromHours(1) ? Format.Count((long)time.TotalMinutes, "minute")
        : time < TimeSpan.FromDays(2) ? Format.Count((long)time.TotalHours, "hour")
        : Format.Count((long)time.TotalDays, "day");

    /// <summary>What may be done first, as a button says it.</summary>
    public string Step =>
        File.State switch
        {
            "offered" => "Answer",
            "queued" or "new" or "waiting" => "Give to somebody",
            _ => "Open",
        };
}
