using System.Text.Json.Serialization;
using Recommender.Capabilities.Handoffs;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Api.Endpoints;

/// <summary>How far the packet of a handoff is filled.</summary>
/// <param name="Filled">Fields that say something.</param>
/// <param name="Fields">Of so many.</param>
/// <param name="Missing">Those that do not.</param>
/// <param name="Needed">Those that have to before it may be sent, by rules of kind handoff; where that is asked.</param>
sealed record HandoffCompletenessResponse(
    int Filled,
    int Fields,
    IReadOnlyList<string> Missing,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Needed = null
);

/// <summary>A step of a handoff.</summary>
/// <param name="Step">sent, accepted, declined, expired, introduced, introduction_overdue, meeting, meeting_overdue, linked, rated_acceptance, rated_outcome, won, lost, reopened or withdrawn.</param>
/// <param name="Round">How often it was sent, or begun anew, from 1.</param>
/// <param name="Side">us, partner, or history: what clocks and deals do.</param>
/// <param name="At">When; of a clock, when it ran out.</param>
/// <param name="Until">Until when the next step is to be taken.</param>
/// <param name="Reason">Why it was declined, or is over.</param>
/// <param name="Note">What a person said.</param>
/// <param name="Rating">How good it was, 1 to 5.</param>
/// <param name="Filled">How many fields of the packet said something when it was sent.</param>
/// <param name="By">Who did it; null of a clock and of a deal.</param>
/// <param name="RulesVersion">Which version of the rules held.</param>
sealed record HandoffStepResponse(
    string Step,
    int Round,
    string Side,
    DateTime At,
    DateTime? Until,
    string? Reason,
    string? Note,
    int? Rating,
    int? Filled,
    string? By,
    long? RulesVersion
)
{
    public static HandoffStepResponse Of(HandoffStep step) =>
        new(
            step.Kind,
            step.Round,
            step.Side,
            step.At,
            step.Until,
            step.Reason,
            step.Note,
            (int?)step.Rating,
            (int?)step.Filled,
            step.By,
            step.RulesVersion
        );
}

/// <summary>A handoff and where it stands.</summary>
/// <param name="HandoffId">The handoff.</param>
/// <param name="State">draft, sent, accepted, declined, expired, introduced, meeting, won, lost or withdrawn.</param>
/// <param name="Direction">given if we hand it over, received if the partner does.</param>
/// <param name="PartnerId">The partner.</param>
/// <param name="AccountId">The account.</param>
/// <param name="OpportunityId">The deal.</param>
/// <param name="LeadId">The lead that it came from.</param>
/// <param name="Owner">Who of ours sees to it.</param>
/// <param name="Product">What is to be sold.</param>
/// <param name="Amount">What it may be worth.</param>
/// <param name="Currency">The currency of the amount.</param>
/// <param name="RecommendationId">The recommendation that stood behind it.</param>
/// <param name="CreatedAt">When it was drafted.</param>
/// <param name="DueAt">Until when the next step is to be taken.</param>
/// <param name="Overdue">True if it was not.</param>
/// <param name="Complete">How far its packet is filled.</param>
/// <param name="Allowed">What may be done: edit, link, send, accept, decline, introduce, meet, rate, withdraw.</param>
/// <param name="Packet">The packet; not in lists.</param>
/// <param name="Steps">What became of it; not in lists.</param>
sealed record HandoffResponse(
    string HandoffId,
    string State,
    string Direction,
    string PartnerId,
    string AccountId,
    string? OpportunityId,
    string? LeadId,
    string? Owner,
    string? Product,
    double? Amount,
    string? Currency,
    string? RecommendationId,
    DateTime CreatedAt,
    DateTime? DueAt,
    bool Overdue,
    HandoffCompletenessResponse Complete,
    IReadOnlyList<string> Allowed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Packet = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<HandoffStepResponse>? Steps = null
)
{
    /// <summary>A handoff as it stands.</summary>
    public static HandoffResponse Of(HandoffFile file, DateTime now)
    {
        var handoff = file.Handoff;
        return new(
            handoff.Id,
            file.State,
            handoff.Direction,
            handoff.PartnerId.Value,
            handoff.AccountId.Value,
            handoff.OpportunityId?.Value,
            handoff.LeadId,
            handoff.Owner,
            handoff.Product,
            handoff.Amount,
            handoff.Currency,
            handoff.RecommendationId,
            handoff.CreatedAt,
            file.DueAt,
            file.IsOverdue(now),
            new(file.Filled, HandoffPacket.Fields.Count, file.Missing),
            [.. file.Allowed.Select(one => one.ToString().ToLowerInvariant())]
        );
    }

    /// <summary>A handoff with its packet and its steps.</summary>
    public static HandoffResponse Of(
        HandoffFile file,
        IReadOnlyDictionary<string, string> packet,
        HandoffTerms terms,
        DateTime now
    )
    {
        var said = Of(file, now);
        return said with
        {
            Complete = said.Complete with { Needed = terms.Needs },
            Packet = packet,
            Steps = [.. file.Steps.Select(HandoffStepResponse.Of)],
        };
    }
}

/// <summary>Handoffs found.</summary>
sealed record HandoffsResponse(IReadOnlyList<HandoffResponse> Items, Pagination Pagination);

/// <summary>A handoff as it is drafted.</summary>
sealed record HandoffRequest
{
    /// <summary>Its id; without one it gets one.</summary>
    public string? HandoffId { get; init; }

    /// <summary>given if we hand it over, which is the default; received if the partner does: it waits for our answer at once.</summary>
    public string? Direction { get; init; }

    /// <summary>The partner.</summary>
    public string? PartnerId { get; init; }

    /// <summary>The account.</summary>
    public string? AccountId { get; init; }

    /// <summary>The deal; without one it is of the account.</summary>
    public string? OpportunityId { get; init; }

    /// <summary>The lead that it comes from.</summary>
    public string? LeadId { get; init; }

    /// <summary>Who of ours sees to it.</summary>
    public string? Owner { get; init; }

    /// <summary>What is to be sold.</summary>
    public string? Product { get; init; }

    /// <summary>What it may be worth.</summary>
    public double? Amount { get; init; }

    /// <summary>The currency of the amount, ISO 4217.</summary>
    public string? Currency { get; init; }

    /// <summary>The recommendation that stands behind it.</summary>
    public string? RecommendationId { get; init; }

    /// <summary>Fields of the packet, and the introduction; of one that we give, what is left out is filled as far as the history knows.</summary>
    public IReadOnlyDictionary<string, string>? Packet { get; init; }

    /// <summary>What is wrong with it.</summary>
    public List<ProblemError> Faults()
    {
        var faults = new List<ProblemError>();
        if (Direction is not null && !Handoff.Directions.Contains(Direction))
            faults.Add(new("/direction", $"Expected one of {string.Join(", ", Handoff.Directions)}."));
        foreach (
            var (pointer, id, isNeeded) in (IEnumerable<(string, string?, bool)>)
                [
                    ("/handoff_id", HandoffId, false),
                    ("/partner_id", PartnerId, true),
                    ("/account_id", AccountId, true),
                    ("/opportunity_id", OpportunityId, false),
                ]
        )
        {
            if (id is null ? isNeeded : JsonRow.FaultOfId(id) is not null)
                faults.Add(new(pointer, $"Expected {(id is null ? "an id" : JsonRow.FaultOfId(id))}."));
        }
        foreach (
            var (pointer, text) in (IEnumerable<(string, string?)>)
                [("/lead_id", LeadId), ("/owner", Owner), ("/product", Product), ("/recommendation_id", RecommendationId)]
        )
        {
            if (text is not null && (string.IsNullOrWhiteSpace(text) || text.Length > 400))
                faults.Add(new(pointer, "Expected 1 to 400 characters."));
        }
        if (Amount is not (null or (>= 0 and < 1e15)))
            faults.Add(new("/amount", "Expected a number, zero or more and below 10^15."));
        if (Currency is { } currency && CoSell.Currency.Of(currency) is not { Length: 3 })
            faults.Add(new("/currency", $"Found '{currency}'; expected a currency by its ISO 4217 code, such as EUR."));
        faults.AddRange(FaultsOf(Packet));
        return faults;
    }

    /// <summary>What is wrong with fields of a packet.</summary>
    public static IEnumerable<ProblemError> FaultsOf(IReadOnlyDictionary<string, string>? packet)
    {
        foreach (var (name, text) in packet ?? new Dictionary<string, string>())
        {
            if (!HandoffPacket.Names.Contains(name))
                yield return new("/packet/" + name, $"Expected one of {string.Join(", ", HandoffPacket.Names)}.");
            else if (text is null || text.Length > HandoffsCapability.Handoffs.LongestText)
                yield return new(
                    "/packet/" + name,
                    FormattableString.Invariant(
                        $"Expected a text of at most {HandoffsCapability.Handoffs.LongestText} characters."
                    )
                );
        }
    }
}

/// <summary>What is said when a handoff is carried on.</summary>
sealed record HandoffOrderRequest
{
    const int LongestNote = 4000;

    /// <summary>Why it is declined: no_capacity, not_a_fit, outside_territory, no_relationship, conflict, duplicate or not_interested.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>How good it was, 1 to 5, where it is rated.</summary>
    public int? Rating { get; init; }

    /// <summary>Who rates it, us or partner.</summary>
    public string? Side { get; init; }

    /// <summary>The deal that it became, where it is linked.</summary>
    public string? OpportunityId { get; init; }

    /// <summary>Fields of the packet that change, where it is edited; an empty text empties one.</summary>
    public IReadOnlyDictionary<string, string>? Packet { get; init; }

    /// <summary>The order.</summary>
    public HandoffOrder Order(HandoffAction action, string by) =>
        new(action, by)
        {
            Reason = Reason,
            Note = Note,
            Rating = Rating,
            Side = Side,
            OpportunityId = CoSell.OpportunityId.OrNone(OpportunityId),
            Packet = Packet ?? new Dictionary<string, string>(),
        };

    /// <summary>What is wrong with it.</summary>
    public List<ProblemError> Faults(HandoffAction action)
    {
        var faults = new List<ProblemError>();
        if (action == HandoffAction.Decline ? Reason is null || !HandoffStep.Declines.Contains(Reason) : Reason is not null)
            faults.Add(
                new(
                    "/reason",
                    $"Expected one of {string.Join(", ", HandoffStep.Declines)} where it is declined, and nothing elsewhere."
                )
            );
        if (Note?.Length > LongestNote)
            faults.Add(new("/note", FormattableString.Invariant($"Expected at most {LongestNote} characters.")));
        if (action == HandoffAction.Rate ? Rating is not (>= 1 and <= 5) : Rating is not null)
            faults.Add(new("/rating", "Expected 1 to 5 where it is rated, and nothing elsewhere."));
        if (action == HandoffAction.Rate ? Side is not ("us" or "partner") : Side is not null)
            faults.Add(new("/side", "Expected us or partner where it is rated, and nothing elsewhere."));
        if (action == HandoffAction.Edit ? Packet is not { Count: > 0 } : Packet is not null)
            faults.Add(new("/packet", "Expected fields of the packet where it is edited, and nothing elsewhere."));
        if (action == HandoffAction.Link ? OpportunityId is null : OpportunityId is not null)
            faults.Add(new("/opportunity_id", "Expected a deal where it is linked, and nothing elsewhere."));
        if (OpportunityId is not null && JsonRow.FaultOfId(OpportunityId) is { } expected)
            faults.Add(new("/opportunity_id", $"Expected {expected}."));
        faults.AddRange(HandoffRequest.FaultsOf(Packet));
        return faults;
    }
}
