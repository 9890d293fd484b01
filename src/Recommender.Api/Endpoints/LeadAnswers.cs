using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Recommender.Capabilities.Leads;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Matching;

namespace Recommender.Api.Endpoints;

/// <summary>The account of a lead.</summary>
/// <param name="AccountId">The account; null while it is not sure which.</param>
/// <param name="State">known if it was named, matched if it was found by name and domain, new if it became an account with the lead, unsure if a person has to say which it is.</param>
/// <param name="Probability">How likely it is that account, or the likeliest of those that it may be; null where it was named or is new.</param>
/// <param name="Candidates">Accounts that it may be, the likeliest first; not there where it is sure.</param>
sealed record LeadAccountResponse(
    string? AccountId,
    string State,
    double? Probability,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        IReadOnlyList<LeadCandidateResponse>? Candidates = null
);

/// <summary>An account that a company may be.</summary>
sealed record LeadCandidateResponse(string AccountId, double Probability, string Why);

/// <summary>Who has a lead, or is asked.</summary>
/// <param name="Type">rep, partner or queue.</param>
/// <param name="Id">The rep, the partner, or whose queue it is.</param>
sealed record AssigneeResponse(string Type, string Id)
{
    public static AssigneeResponse? Of(Assignee? to) => to is { } who ? new(who.Type, who.Id) : null;
}

/// <summary>A step of a lead.</summary>
/// <param name="Step">offered, accepted, declined, expired, queued, withdrawn or converted.</param>
/// <param name="OfferId">The offer that it is about.</param>
/// <param name="At">When; of a clock, when it ran out.</param>
/// <param name="Assignee">Who was asked, or whose queue it is.</param>
/// <param name="AcceptBy">Until when it is to be accepted.</param>
/// <param name="Reason">Why it was declined, or lies in a queue.</param>
/// <param name="Note">What a person said.</param>
/// <param name="By">Who did it; null of a clock and of what is routed by itself.</param>
/// <param name="PolicyVersion">Which version of the routing policy held.</param>
/// <param name="RulesVersion">Which version of the rules held.</param>
/// <param name="Trace">Why this one; of many who were left out, the first.</param>
sealed record LeadStepResponse(
    string Step,
    string OfferId,
    DateTime At,
    AssigneeResponse Assignee,
    DateTime? AcceptBy,
    string? Reason,
    string? Note,
    string? By,
    long? PolicyVersion,
    long? RulesVersion,
    IReadOnlyList<TraceStep> Trace
);

/// <summary>How fast a lead was taken up, in minutes from when it came; null for what did not happen yet.</summary>
sealed record LeadSpeedResponse(double? ToFirstOffer, double? ToAcceptance, double? ToFirstTouch);

/// <summary>A lead and where it stands.</summary>
/// <param name="LeadId">The lead.</param>
/// <param name="State">new, offered, waiting, accepted, queued, withdrawn or converted.</param>
/// <param name="Account">Its account.</param>
/// <param name="Assignee">Who has it or is asked; null while nobody is.</param>
/// <param name="OfferId">The offer that waits for an answer; null if none does.</param>
/// <param name="AcceptBy">Until when it is to be answered.</param>
/// <param name="Reason">Why it lies in a queue.</param>
/// <param name="Name">The company, as it was named; null if the account was.</param>
/// <param name="Product">What is to be sold.</param>
/// <param name="Amount">What it may be worth.</param>
/// <param name="Currency">The currency of the amount.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="PartnerId">The partner that gave it.</param>
/// <param name="Owner">Who of ours it belongs to while nobody has it.</param>
/// <param name="CreatedAt">When it came.</param>
/// <param name="OpportunityId">The deal that it became.</param>
/// <param name="Minutes">How fast it was taken up.</param>
/// <param name="Allowed">What may be done: accept, decline, route, assign, withdraw.</param>
/// <param name="Trace">Why it was routed so, step by step; in the answer to what routed it.</param>
/// <param name="RunnersUp">Who comes next, with their numbers; in the answer to what routed it.</param>
/// <param name="Steps">What became of it.</param>
sealed record LeadResponse(
    string LeadId,
    string State,
    LeadAccountResponse Account,
    AssigneeResponse? Assignee,
    string? OfferId,
    DateTime? AcceptBy,
    string? Reason,
    string? Name,
    string? Product,
    double? Amount,
    string? Currency,
    string? Source,
    string? PartnerId,
    string? Owner,
    DateTime CreatedAt,
    string? OpportunityId,
    LeadSpeedResponse Minutes,
    IReadOnlyList<string> Allowed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TraceStep>? Trace = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<CandidateNumbers>? RunnersUp = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<LeadStepResponse>? Steps = null
)
{
    const int MostRunnersUp = 5;
    const int MostDropped = 20;

    /// <summary>A lead as it stands.</summary>
    public static LeadResponse Of(LeadFile file, IReadOnlyList<LeadStepResponse>? steps = null) =>
        Of(file, AccountOf(file), steps);

    /// <summary>What came of an action.</summary>
    /// <param name="outcome">That.</param>
    /// <param name="isWhole">True if everybody who was left out is named; otherwise of each step the first.</param>
    public static LeadResponse Of(LeadOutcome outcome, bool isWhole)
    {
        var account = outcome.Account is { } of
            ? new LeadAccountResponse(
                of.Row?.Id.Value,
                of.State,
                of.Probability,
                of.State == "unsure" ? CandidatesOf(of.Candidates) : null
            )
            : AccountOf(outcome.File);
        return Of(outcome.File, account, null) with
        {
            Trace = outcome.Route is { } routed
                ?
                [
                    .. routed.Trace.Select(step =>
                        step with
                        {
                            Dropped = isWhole ? step.Dropped : [.. step.Dropped.Take(MostDropped)],
                            Numbers = [.. step.Numbers.Take(1 + MostRunnersUp)],
                        }
                    ),
                ]
                : null,
            RunnersUp = outcome.Route is { } route
                ? [.. route.Line.Where(one => one.Who != outcome.File.To).Take(MostRunnersUp)]
                : null,
        };
    }

    static List<LeadCandidateResponse> CandidatesOf(IReadOnlyList<LikelyAccount> accounts) =>
        [.. accounts.Select(one => new LeadCandidateResponse(one.Id.Value, one.Probability, one.Why))];

    static LeadAccountResponse AccountOf(LeadFile file)
    {
        var probability = file.Steps.LastOrDefault(step => step.Kind is "offered" or "queued")?.Probability;
        return file.Lead.AccountId is { } id
            ? new(id.Value, probability is null ? "known" : "matched", probability)
            : new(null, "unsure", probability);
    }

    static LeadResponse Of(LeadFile file, LeadAccountResponse account, IReadOnlyList<LeadStepResponse>? steps)
    {
        var (lead, offer) = (file.Lead, file.State == "offered" ? file.Offer : null);
        double? Minutes(DateTime? at) => at is { } then ? Math.Max(0, Math.Round((then - lead.CreatedAt).TotalMinutes, 1)) : null;
        return new(
            lead.Id,
            file.State,
            account,
            AssigneeResponse.Of(file.To),
            offer?.OfferId,
            offer?.Until,
            file.State == "queued" ? file.Steps[^1].Reason : null,
            lead.Name,
            lead.Product,
            lead.Amount,
            lead.Currency,
            lead.Source,
            lead.PartnerId?.Value,
            lead.Owner,
            lead.CreatedAt,
            lead.OpportunityId?.Value,
            new(Minutes(file.FirstOfferAt), Minutes(file.AcceptedAt), Minutes(file.FirstTouchAt)),
            [.. file.Allowed.Select(one => one.ToString().ToLowerInvariant())],
            Steps: steps
        );
    }

    /// <summary>The steps of a lead with why each was taken, as the database keeps it.</summary>
    public static List<LeadStepResponse> StepsOf(HistoryStore store, LeadFile file) =>
        [
            .. file.Steps.Select(step => new LeadStepResponse(
                step.Kind,
                step.OfferId,
                step.At,
                AssigneeResponse.Of(step.To)!,
                step.Until,
                step.Reason,
                step.Note,
                step.By,
                step.PolicyVersion,
                step.RulesVersion,
                TraceOf(store, step)
            )),
        ];

    /// <summary>Why a step was taken.</summary>
    public static IReadOnlyList<TraceStep> TraceOf(HistoryStore store, LeadStep step) =>
        step.Kind is "offered" or "queued"
        && store.Find(LeadsCapability.Steps, LeadStepTable.KeyOf(step.LeadId, step.Offer, step.Kind)) is { } row
            ? RoutingTrace.Read(LeadsCapability.Steps.TraceOf(row.Row))
            : [];
}

/// <summary>Leads found.</summary>
sealed record LeadsResponse(IReadOnlyList<LeadResponse> Items, Pagination Pagination);

/// <summary>What is said with an answer to an offer, or when a lead is routed, given or ended.</summary>
sealed record LeadOrderRequest
{
    public const int LongestText = 4000;

    /// <summary>Why it is declined: no_capacity, not_a_fit, outside_territory, no_relationship, conflict, wrong_company, duplicate or not_interested.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>Which account the lead is of, where it is routed.</summary>
    public string? AccountId { get; init; }

    /// <summary>True if it is none of our accounts though it may seem one, where it is routed.</summary>
    public bool NewAccount { get; init; }

    /// <summary>Who gets it, where it is assigned: rep or partner.</summary>
    public string? AssigneeType { get; init; }

    /// <summary>The rep or the partner.</summary>
    public string? AssigneeId { get; init; }

    /// <summary>What is wrong with an order.</summary>
    public List<ProblemError> Faults(LeadAction action)
    {
        var faults = new List<ProblemError>();
        if (action == LeadAction.Decline ? Reason is null || !LeadStep.Declines.Contains(Reason) : Reason is not null)
            faults.Add(
                new(
                    "/reason",
                    $"Expected one of {string.Join(", ", LeadStep.Declines)} where it is declined, and nothing elsewhere."
                )
            );
        if (Note?.Length > LongestText)
            faults.Add(new("/note", FormattableString.Invariant($"Expected at most {LongestText} characters.")));
        if (action != LeadAction.Route && (AccountId is not null || NewAccount))
            faults.Add(new("/account_id", "Expected nothing: it belongs to route."));
        if (AccountId is not null && JsonRow.FaultOfId(AccountId) is { } expected)
            faults.Add(new("/account_id", $"Expected {expected}."));
        if (AccountId is not null && NewAccount)
            faults.Add(new("/new_account", "Expected an account, or that it is new, not both."));
        if (action == LeadAction.Assign ? AssigneeType is not ("rep" or "partner") : AssigneeType is not null)
            faults.Add(new("/assignee_type", "Expected rep or partner where it is assigned, and nothing elsewhere."));
        if (action == LeadAction.Assign ? string.IsNullOrWhiteSpace(AssigneeId) : AssigneeId is not null)
            faults.Add(new("/assignee_id", "Expected who gets it where it is assigned, and nothing elsewhere."));
        return faults;
    }
}

/// <summary>A lead as it is sent: a row of leads, whose id and date may be left out, and whether its company is new.</summary>
static class LeadBody
{
    // Its account may be called after it.
    const int LongestId = 180;
    static readonly TimeSpan _skew = TimeSpan.FromMinutes(5);

    /// <summary>The row and whether its company is said to be new; null and what is wrong if it is none.</summary>
    public static (HistoryRow Row, bool IsNewAccount)? Read(
        byte[] bytes,
        DateTime now,
        ReaderSettings settings,
        out Invalid? wrong
    )
    {
        HistoryRow row;
        bool isNew;
        try
        {
            if (
                JsonNode.Parse(bytes, documentOptions: new() { AllowDuplicateProperties = false, MaxDepth = 16 })
                is not JsonObject json
            )
            {
                wrong = Problems.Invalid("", "Expected a JSON object.");
                return null;
            }
            json.Remove("new_account", out var said);
            isNew = said?.GetValueKind() == JsonValueKind.True;
            if (said is not null && said.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False))
            {
                wrong = Problems.Invalid("/new_account", "Expected true or false.");
                return null;
            }
            json["lead_id"] ??= "ld_" + Guid.CreateVersion7(new DateTimeOffset(now)).ToString("N");
            json["created_at"] ??= Instants.Text(now);
            var text = JsonSerializer.SerializeToUtf8Bytes(json, ApiJson.Default.JsonObject);
            if ((wrong = RowsApi.Row(LeadsCapability.Leads, text, null, settings, out row)) is not null)
                return null;
        }
        catch (JsonException e)
        {
            wrong = Problems.Invalid("", Problems.Explain(e));
            return null;
        }
        catch (InvalidOperationException)
        {
            // It is read where it is asked for.
            wrong = Problems.Invalid("", "Found text that is no UTF-8, or half a character; expected JSON in UTF-8.");
            return null;
        }
        var lead = LeadsCapability.Leads.Read(row);
        var faults = new List<ProblemError>();
        if (lead.Id.Length > LongestId)
            faults.Add(new("/lead_id", FormattableString.Invariant($"Expected at most {LongestId} characters.")));
        if (lead.AccountId is null && lead.Name is null && lead.Domain is null)
            faults.Add(new("/account_id", "Expected an account, or the name and domain of a company."));
        if (lead.OpportunityId is not null)
            faults.Add(new("/opportunity_id", "Expected nothing: a lead that is a deal is kept by PUT /v1/leads/{id}."));
        if (lead.CreatedAt > now + _skew)
            faults.Add(new("/created_at", $"Found {Instants.Text(lead.CreatedAt)}, which lies ahead; expected when it came."));
        if (lead.AccountId is not null && isNew)
            faults.Add(new("/new_account", "Expected an account, or that it is new, not both."));
        if (lead.Currency is { } currency && CoSell.Currency.Of(currency) is not { Length: 3 })
            faults.Add(new("/currency", $"Found '{currency}'; expected a currency by its ISO 4217 code, such as EUR."));
        if (faults.Count > 0)
            wrong = Problems.Invalid(faults);
        return faults.Count > 0 ? null : (row, isNew);
    }
}
