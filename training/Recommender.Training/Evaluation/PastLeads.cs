using Recommender.Capabilities.Leads;
using Recommender.CoSell;

namespace Recommender.Training;

/// <summary>Leads as all that is known now tells of them: when each came, who had it, and what came of it.</summary>
sealed class PastLeads
{
    static readonly TimeSpan _atFirst = TimeSpan.FromDays(1);
    readonly Dictionary<string, (Lead Lead, Lead First, DateTime CameAt)> _leads = [];
    readonly Dictionary<string, Dictionary<string, LeadStep>> _steps = [];
    readonly Dictionary<OpportunityId, Opportunity> _deals = [];
    readonly Dictionary<OpportunityId, Outcome> _outcomes = [];
    readonly Dictionary<OpportunityId, Dictionary<string, Engagement>> _engagements = [];
    readonly Dictionary<OpportunityId, List<string>> _ofDeals = [];

    PastLeads() { }

    public static PastLeads Of(FactSource facts)
    {
        var past = new PastLeads();
        foreach (var fact in facts.All)
            past.Take(fact);
        foreach (var (lead, _, _) in past._leads.Values)
        {
            if (lead.OpportunityId is not { } deal)
                continue;
            if (!past._ofDeals.TryGetValue(deal, out var leads))
                past._ofDeals.Add(deal, leads = []);
            leads.Add(lead.Id);
        }
        return past;
    }

    void Take(DatedFact fact)
    {
        void Set<TKey, T>(Dictionary<TKey, T> all, TKey key, T one)
            where TKey : notnull
        {
            if (fact.IsRetraction)
                all.Remove(key);
            else
                all[key] = one;
        }
        Dictionary<string, T> Within<TKey, T>(Dictionary<TKey, Dictionary<string, T>> all, TKey key)
            where TKey : notnull => all.TryGetValue(key, out var held) ? held : all[key] = [];
        switch (fact.Noun)
        {
            case Lead lead:
                Set(
                    _leads,
                    lead.Id,
                    _leads.TryGetValue(lead.Id, out var held) ? held with { Lead = lead } : (lead, lead, fact.AppliedAt)
                );
                break;
            case LeadStep step:
                Set(Within(_steps, step.LeadId), fact.Key, step);
                break;
            case Opportunity deal when fact.Kind == FactKind.OpportunityClosed:
                Set(_outcomes, deal.Id, deal.Outcome);
                break;
            case Opportunity deal:
                Set(_deals, deal.Id, deal);
                break;
            case Engagement engagement:
                if (fact.Replaced is Engagement before && before.OpportunityId != engagement.OpportunityId)
                    Within(_engagements, before.OpportunityId).Remove(fact.Key);
                Set(Within(_engagements, engagement.OpportunityId), fact.Key, engagement);
                break;
        }
    }

    /// <summary>Leads that came in a span, by id.</summary>
    public IReadOnlyDictionary<string, Lead> Between(DateTime from, DateTime to) =>
        _leads.Values.Where(one => one.CameAt >= from && one.CameAt < to).ToDictionary(one => one.Lead.Id, one => one.Lead);

    /// <summary>A lead as it was first told.</summary>
    public Lead FirstOf(string id) => _leads[id].First;

    /// <summary>When a lead came.</summary>
    public DateTime CameAt(string id) => _leads[id].CameAt;

    /// <summary>What became of a lead, the first first.</summary>
    public IReadOnlyList<LeadStep> StepsOf(string leadId) =>
        _steps.TryGetValue(leadId, out var steps)
            ? [.. steps.Values.OrderBy(step => step.Offer).ThenBy(step => LeadStep.Kinds.ToList().IndexOf(step.Kind))]
            : [];

    /// <summary>The leads that became a deal.</summary>
    public IReadOnlyList<string> Of(OpportunityId deal) => _ofDeals.TryGetValue(deal, out var leads) ? leads : [];

    /// <summary>The deal that a lead became; null if it became none.</summary>
    public Opportunity? DealOf(Lead lead) => lead.OpportunityId is { } id ? _deals.GetValueOrDefault(id) : null;

    /// <summary>won, lost, open, or none if it became no deal.</summary>
    public string OutcomeOf(Lead lead) =>
        DealOf(lead) is not { } deal ? "none"
        : _outcomes.TryGetValue(deal.Id, out var outcome)
            ? outcome == Outcome.Won ? "won"
                : "lost"
        : "open";

    /// <summary>
    /// Who had a lead: who accepted it, or in whose queue it lay in the end; where no step says so, the partner that was on its deal within a
    /// day of its beginning, else whose deal it was. Null if nothing tells.
    /// </summary>
    public Assignee? GivenTo(Lead lead)
    {
        if (StepsOf(lead.Id).LastOrDefault(step => step.Kind is "accepted" or "queued") is { } held)
            return held.To;
        if (DealOf(lead) is not { } deal)
            return null;
        var first = _engagements
            .GetValueOrDefault(deal.Id)
            ?.Values.Where(one => !one.IsWithdrawn && one.Role != "services" && one.StartedAt - deal.CreatedAt < _atFirst)
            .MinBy(one => (one.StartedAt, one.Id));
        return first is not null ? Assignee.Partner(first.PartnerId)
            : deal.Owner is { } owner ? Assignee.Rep(owner)
            : null;
    }
}
