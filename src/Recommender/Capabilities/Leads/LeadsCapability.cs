using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.Capabilities.Leads;

/// <summary>Leads: who gets each, a rep or a partner, why, and whether it was taken up.</summary>
public sealed class LeadsCapability : ICapability
{
    /// <inheritdoc/>
    public string Name => "leads";

    /// <inheritdoc/>
    public IReadOnlyList<FactTable> Tables { get; } = [Leads, Reps, Steps, Policies];

    /// <inheritdoc/>
    public IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> Ledgers { get; } =
    [
        // Before that of leads: a snapshot is read in this order.
        (Stepped, state => new LeadSteps(state)),
        (Came, state => new LeadRows(state)),
        (Sells, _ => new RepRows()),
        (Ruled, _ => new PoliciesSet()),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<string> EventTypes { get; } =
    [.. LeadStep.Kinds.Select(kind => "lead." + kind), "routing_policy.changed"];

    internal static FactKind Came { get; } = FactKind.Declare("lead");

    internal static FactKind Sells { get; } = FactKind.Declare("rep");

    internal static FactKind Stepped { get; } = FactKind.Declare("lead_step");

    internal static FactKind Ruled { get; } = FactKind.Declare("routing_policy");

    /// <summary>Leads.</summary>
    public static LeadTable Leads { get; } = new() { Summary = "Who may buy: leads, with what is known of each" };

    /// <summary>Our own people who sell.</summary>
    public static RepTable Reps { get; } = new() { Summary = "Our own people who sell, with where, what and how much" };

    /// <summary>What became of leads.</summary>
    public static LeadStepTable Steps { get; } = new() { Summary = "What became of leads: offers, answers, clocks" };

    /// <summary>How leads are routed.</summary>
    public static RoutingPolicyTable Policies { get; } = new() { Summary = "How leads are routed, in its versions" };

    internal static LeadRows LeadsOf(HistoryState state) => (LeadRows)state.LedgerOf(Came);

    internal static RepRows RepsOf(HistoryState state) => (RepRows)state.LedgerOf(Sells);

    internal static LeadSteps StepsOf(HistoryState state) => (LeadSteps)state.LedgerOf(Stepped);

    /// <summary>What one of our own people is called: its name, or its id.</summary>
    public static string NameOfRep(HistoryState state, string id) => RepsOf(state).Find(id)?.Name ?? id;

    /// <summary>The policy that holds.</summary>
    public static RoutingPolicy PolicyOf(HistoryState state) => ((PoliciesSet)state.LedgerOf(Ruled)).Newest;

    /// <summary>The newest policy as it was set; null before the first.</summary>
    public static SetPolicy? LastPolicyOf(HistoryState state) => ((PoliciesSet)state.LedgerOf(Ruled)).Last;

    /// <inheritdoc/>
    public IEnumerable<Event> EventsOf(DatedFact fact)
    {
        if (fact is { Noun: SetPolicy policy, IsRetraction: false, Replaced: null })
            yield return new(
                "routing_policy.changed",
                policy.Version.ToString(System.Globalization.CultureInfo.InvariantCulture),
                fact.AppliedAt,
                new Dictionary<string, object?> { ["version"] = policy.Version }
            );
        if (fact is not { Noun: LeadStep step, IsRetraction: false, Replaced: null })
            yield break;
        yield return new(
            "lead." + step.Kind,
            step.LeadId,
            fact.AppliedAt,
            new Dictionary<string, object?>
            {
                ["lead_id"] = step.LeadId,
                ["offer_id"] = step.OfferId,
                ["account_id"] = step.AccountId?.Value,
                ["assignee_type"] = step.To.Type,
                ["assignee_id"] = step.To.Id,
                ["at"] = Instants.Text(step.At),
                ["accept_by"] = step.Until is { } until ? Instants.Text(until) : null,
                ["reason"] = step.Reason,
                ["by"] = step.By,
            }
        );
    }

    /// <summary>Offers that nobody answered in time, dated when that was over.</summary>
    public IEnumerable<HistoryRow> Due(HistoryState state, DateTime now) =>
        StepsOf(state)
            .RanOut(now)
            .Select(offer => (Lead: LeadsOf(state).Find(offer.LeadId), Offer: offer))
            .Where(one => one.Lead is not null)
            .Select(one =>
                one.Lead!.OpportunityId is null
                    ? StepOf(one.Offer, "expired", one.Offer.Until!.Value)
                    : StepOf(one.Offer, "converted", now)
            );

    /// <summary>That leads of the account became deals, as their rows say: whoever had them has them no more.</summary>
    public IEnumerable<HistoryRow> FollowsFrom(HistoryState state, RuleSet rules, AccountId account, DateTime now) =>
        LeadsOf(state)
            .Of(account)
            .Where(lead => lead.OpportunityId is not null)
            .Select(lead => StepsOf(state).Of(lead.Id) is [.., var last] ? last : null)
            .OfType<LeadStep>()
            .Where(last => last.Kind is not ("converted" or "withdrawn"))
            .Select(last => StepOf(last with { AccountId = account }, "converted", now));

    static HistoryRow StepOf(LeadStep last, string kind, DateTime at) =>
        Steps.RowOf(new(last.LeadId, last.Offer, kind, at, last.To) { AccountId = last.AccountId });
}
