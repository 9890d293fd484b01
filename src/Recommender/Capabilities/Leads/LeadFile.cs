using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Leads;

/// <summary>What may be done with a lead.</summary>
public enum LeadAction
{
    /// <summary>Whoever is offered it takes it.</summary>
    Accept,

    /// <summary>Whoever is offered it does not.</summary>
    Decline,

    /// <summary>It is routed, or routed again.</summary>
    Route,

    /// <summary>A person gives it to somebody.</summary>
    Assign,

    /// <summary>It is none any more.</summary>
    Withdraw,
}

/// <summary>A lead, where it stands and how it came there.</summary>
/// <param name="Lead">The lead.</param>
/// <param name="Steps">What became of it, the first first.</param>
/// <param name="FirstTouchAt">The first contact with the account by who accepted it, since then, UTC; null if none is known.</param>
public sealed record LeadFile(Lead Lead, IReadOnlyList<LeadStep> Steps, DateTime? FirstTouchAt)
{
    /// <summary>What a lead may be.</summary>
    public static IReadOnlyList<string> States { get; } =
    ["new", "offered", "waiting", "accepted", "queued", "withdrawn", "converted"];

    /// <summary>
    /// new until it is routed, offered until somebody answers, waiting until the next is offered it, accepted, queued if nobody took it,
    /// withdrawn; converted once it names its deal.
    /// </summary>
    public string State => StateOf(Lead, Steps);

    /// <summary>Where a lead with these steps stands.</summary>
    internal static string StateOf(Lead lead, IReadOnlyList<LeadStep> steps) =>
        lead.OpportunityId is not null ? "converted"
        : LastOf(steps) is not { } last ? "new"
        : last.Kind is "declined" or "expired" ? "waiting"
        : last.Kind;

    /// <summary>Who has a lead with these steps, or is asked; null while nobody is.</summary>
    internal static Assignee? ToOf(IReadOnlyList<LeadStep> steps) =>
        LastOf(steps) is { Kind: "offered" or "accepted" or "queued" } last ? last.To : null;

    // One whose row names its deal no more stands where it stood.
    static LeadStep? LastOf(IReadOnlyList<LeadStep> steps) => steps.LastOrDefault(step => step.Kind != "converted");

    /// <summary>Who has it, or is asked; null while nobody is. Of one that is a deal, who had it.</summary>
    public Assignee? To => ToOf(Steps);

    /// <summary>The last offer; null if there was none.</summary>
    public LeadStep? Offer => Steps.LastOrDefault(step => step.Kind == "offered");

    /// <summary>When it was first offered to somebody, UTC.</summary>
    public DateTime? FirstOfferAt => Steps.FirstOrDefault(step => step.Kind == "offered")?.At;

    /// <summary>When it was accepted, UTC.</summary>
    public DateTime? AcceptedAt => Steps.LastOrDefault(step => step.Kind == "accepted")?.At;

    /// <summary>What may be done now.</summary>
    public IReadOnlyList<LeadAction> Allowed =>
        State switch
        {
            "offered" => [LeadAction.Accept, LeadAction.Decline, LeadAction.Withdraw],
            "new" or "waiting" or "queued" => [LeadAction.Route, LeadAction.Assign, LeadAction.Withdraw],
            "accepted" => [LeadAction.Withdraw],
            _ => [],
        };

    /// <summary>A version that changes with every step, and with what is known of the lead; above zero.</summary>
    public long Version => TextVersion.Of(FormattableString.Invariant($"{Steps.Count}|{Lead}"));

    /// <summary>Why an action is not allowed, and what is.</summary>
    public string WhyNot(LeadAction action) =>
        $"The lead is {State}: it does not allow {action.ToString().ToLowerInvariant()}. Allowed: {(Allowed.Count == 0 ? "nothing" : string.Join(", ", Allowed.Select(one => one.ToString().ToLowerInvariant())))}.";
}

/// <summary>Leads as people look for them.</summary>
public static class LeadList
{
    /// <summary>A lead with its steps; null if it is not known.</summary>
    public static LeadFile? Find(HistoryState state, string id) =>
        LeadsCapability.LeadsOf(state).Find(id) is { } lead ? FileOf(state, lead) : null;

    /// <summary>Leads in the order in which they came.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="held">One of <see cref="LeadFile.States"/>; null for all.</param>
    /// <param name="to">Of who has it or is asked; null for all.</param>
    /// <param name="accountId">Of an account; null for all.</param>
    /// <param name="after">When that came, and its id, after which to go on; null to begin.</param>
    /// <param name="limit">How many at most.</param>
    public static IReadOnlyList<LeadFile> Of(
        HistoryState state,
        string? held,
        Assignee? to,
        AccountId? accountId,
        (DateTime At, string Id)? after,
        int limit
    )
    {
        var (from, id) = after ?? (DateTime.MinValue, "");
        var leads = LeadsCapability.LeadsOf(state);
        var found = accountId is { } account
            ? leads
                .Of(account)
                .Select(lead => (At: lead.CreatedAt, lead.Id))
                .Where(one => Several.ByMoment.Compare(one, (from, id)) > 0)
                .Order(Several.ByMoment)
            : leads.ByTime.Since(from, id);
        return [.. Filtered(state, found, held, to).Take(limit).Select(lead => FileOf(state, lead))];
    }

    /// <summary>Leads of a state, the newest first.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="held">One of <see cref="LeadFile.States"/>.</param>
    /// <param name="to">Of who has it or is asked; null for all.</param>
    /// <param name="skip">How many stand before.</param>
    /// <param name="limit">How many at most.</param>
    /// <returns>Them, and how many there are in all.</returns>
    public static (IReadOnlyList<LeadFile> Items, int Total) NewestFirst(
        HistoryState state,
        string held,
        Assignee? to,
        int skip,
        int limit
    )
    {
        var all = Filtered(state, LeadsCapability.LeadsOf(state).ByTime.NewestFirst, held, to).ToList();
        return ([.. all.Skip(skip).Take(limit).Select(lead => FileOf(state, lead))], all.Count);
    }

    static IEnumerable<Lead> Filtered(HistoryState state, IEnumerable<(DateTime At, string Id)> found, string? held, Assignee? to)
    {
        var (leads, steps) = (LeadsCapability.LeadsOf(state), LeadsCapability.StepsOf(state));
        foreach (var (_, id) in found)
        {
            var (lead, of) = (leads.Find(id)!, steps.Of(id));
            if ((held is null || LeadFile.StateOf(lead, of) == held) && (to is null || LeadFile.ToOf(of) == to))
                yield return lead;
        }
    }

    /// <summary>True if there is any lead.</summary>
    public static bool IsUsed(HistoryState state) => LeadsCapability.LeadsOf(state).ByTime.Count > 0;

    /// <summary>Offers that wait for an answer, what is due first on top.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="to">To whom; null for all.</param>
    public static IEnumerable<LeadFile> OpenOffers(HistoryState state, Assignee? to) =>
        LeadsCapability
            .StepsOf(state)
            .Open.Where(offer => to is null || offer.To == to)
            .Select(offer => LeadsCapability.LeadsOf(state).Find(offer.LeadId))
            .OfType<Lead>()
            .Select(lead => FileOf(state, lead))
            .Where(file => file.State == "offered");

    /// <summary>Everybody who was offered a lead, or has one.</summary>
    public static IReadOnlyList<Assignee> Everybody(HistoryState state) => [.. LeadsCapability.StepsOf(state).Assignees];

    /// <summary>Everybody who may be offered a lead, whatever the rules say.</summary>
    public static IReadOnlyList<Assignee> Candidates(HistoryState state, DateTime now) =>
        [
            .. LeadRouter.RepsOf(state, now).Select(Assignee.Rep),
            .. Enumerable
                .Range(0, state.PartnerCount)
                .Select(state.FindPartner)
                .OfType<Partner>()
                .Select(row => Assignee.Partner(row.Id)),
        ];

    /// <summary>
    /// Leads that nobody has and that are to be routed by themselves: those whose last offer came to nothing, and those that were imported no
    /// longer ago than the policy says.
    /// </summary>
    public static IEnumerable<string> ToRoute(HistoryState state, DateTime now)
    {
        var (leads, steps) = (LeadsCapability.LeadsOf(state), LeadsCapability.StepsOf(state));
        foreach (var id in steps.Waiting)
        {
            if (leads.Find(id) is { OpportunityId: null })
                yield return id;
        }
        var hours = LeadsCapability.PolicyOf(state).RouteImportedHours;
        if (hours <= 0)
            yield break;
        foreach (var (_, id) in leads.Unrouted.Since(now.AddHours(-hours)))
            yield return id;
    }

    /// <summary>A lead as it stands with these steps.</summary>
    internal static LeadFile FileOf(HistoryState state, Lead lead) =>
        FileOf(state, lead, LeadsCapability.StepsOf(state).Of(lead.Id));

    /// <summary>A lead as it stands with these steps.</summary>
    internal static LeadFile FileOf(HistoryState state, Lead lead, IReadOnlyList<LeadStep> steps)
    {
        // A row that came again from elsewhere need not say what was found here.
        lead =
            lead.AccountId is null && steps.LastOrDefault(step => step.AccountId is not null) is { AccountId: var matched }
                ? lead with
                {
                    AccountId = matched,
                }
                : lead;
        return new(
            lead,
            steps,
            lead.AccountId is { } account && steps.LastOrDefault(step => step.Kind == "accepted") is { } accepted
                ? state.FirstTouch(account, accepted.At, accepted.To.IsPartner ? new PartnerId(accepted.To.Id) : (PartnerId?)null)
                : null
        );
    }
}
