using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Matching;
using Recommender.Ranking;

namespace Recommender.Training;

/// <summary>A lead of the past: who had it, who would have it, and what came of it.</summary>
/// <param name="LeadId">The lead.</param>
/// <param name="At">When it came, UTC.</param>
/// <param name="AccountId">Its account; null while it was not sure which.</param>
/// <param name="Was">Who had it; null if nothing tells.</param>
/// <param name="Would">Who would have it: a rep, a partner, or the queue.</param>
/// <param name="Why">Why, in a sentence.</param>
/// <param name="Outcome">won, lost, open, or none if it became no deal.</param>
sealed record ReplayedLead(
    string LeadId,
    DateTime At,
    string? AccountId,
    Assignee? Was,
    Assignee Would,
    string Why,
    string Outcome
)
{
    /// <summary>The rule that decided, as the trace has it; null in a queue.</summary>
    public string? Rule { get; init; }

    /// <summary>The chance of winning of who had it, as the models saw it; null if it is not among those they could see.</summary>
    public double? WasChance { get; init; }

    /// <summary>The chance of winning of who would have it; null if it is not known.</summary>
    public double? WouldChance { get; init; }

    /// <summary>What the deal was worth in the base currency; null if it is not known.</summary>
    public double? Worth { get; init; }
}

/// <summary>
/// What a routing policy would have decided over leads of the past: facts are walked in their order, and each lead is routed by what was known
/// before it, by models of that time. What the policy gave out before counts: capacity, turns, shares. Whoever declined a lead in fact, or let
/// it go by, does so here; everybody else accepts.
/// </summary>
sealed class RoutingReplay
{
    readonly PastLeads _past;
    readonly IReadOnlyDictionary<string, Lead> _leads;
    readonly PartnerRanker _ranker;
    readonly RuleSet _rules;
    readonly RoutingPolicy _policy;
    readonly LeadTruth? _truth;
    readonly HashSet<string> _seen = [];
    readonly Dictionary<string, LeadStep> _given = [];
    readonly Dictionary<Assignee, int> _turns = [];
    readonly List<ReplayedLead> _replayed = [];
    OurAccounts? _accounts;

    RoutingReplay(
        PastLeads past,
        PartnerRanker ranker,
        RuleSet rules,
        RoutingPolicy policy,
        DateTime from,
        DateTime to,
        LeadTruth? truth
    )
    {
        (_past, _rules, _policy, _truth) = (past, rules.AsIfBegun(from), policy, truth);
        (From, To, _leads, _ranker) = (from, to, past.Between(from, to), ranker);
    }

    /// <summary>From when on leads were looked at, inclusive, UTC.</summary>
    public DateTime From { get; }

    /// <summary>Until when, exclusive, UTC.</summary>
    public DateTime To { get; }

    /// <summary>The leads, in the order in which they came.</summary>
    public IReadOnlyList<ReplayedLead> Leads => _replayed;

    /// <summary>The chances by the truth of those leads that it knows.</summary>
    public RoutingTruth Truth { get; } = new();

    /// <summary>Replays.</summary>
    /// <param name="facts">The history.</param>
    /// <param name="past">The leads, of the same history.</param>
    /// <param name="ranker">Over an empty history, with models that learned from nothing later than <paramref name="from"/>.</param>
    /// <param name="rules">The rules; those that begin later count as begun.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="from">From when on, inclusive, UTC.</param>
    /// <param name="to">Until when, exclusive, UTC.</param>
    /// <param name="truth">The truth of a simulated history; null without.</param>
    /// <param name="told">Told how far it is, 0 to 1.</param>
    public static RoutingReplay Of(
        FactSource facts,
        PastLeads past,
        PartnerRanker ranker,
        RuleSet rules,
        RoutingPolicy policy,
        DateTime from,
        DateTime to,
        LeadTruth? truth,
        Action<double> told
    )
    {
        var replay = new RoutingReplay(past, ranker, rules, policy, from, to, truth);
        foreach (var instant in facts.Instants(to))
        {
            replay.Take(instant);
            told(Math.Max(0, (instant[0].AppliedAt - from) / (to - from)));
        }
        // By the rates of the end: a deal may be younger than its lead.
        var state = ranker.State;
        for (var i = 0; i < replay._replayed.Count; i++)
        {
            if (past.DealOf(replay._leads[replay._replayed[i].LeadId]) is { } deal)
                replay._replayed[i] = replay._replayed[i] with { Worth = state.WorthOf(deal, state.Settings.BaseCurrency) };
        }
        return replay;
    }

    /// <summary>Routes the leads of an instant by what was known before, but for who its accounts and partners are; then takes it in.</summary>
    void Take(IReadOnlyList<DatedFact> instant)
    {
        foreach (var fact in instant.Where(FactSource.IsMaster))
            _ranker.Apply(fact);
        foreach (var fact in instant.Where(fact => !fact.IsRetraction))
        {
            if (fact.Noun is Lead lead && _leads.ContainsKey(lead.Id) && _past.CameAt(lead.Id) == fact.AppliedAt)
                Replay(lead.Id, fact.AppliedAt);
            // A deal that has a date alone may come hours before its lead.
            if (fact.Noun is Opportunity deal)
            {
                foreach (var id in _past.Of(deal.Id).Where(_leads.ContainsKey))
                {
                    var early = _past.CameAt(id) - fact.AppliedAt;
                    if (fact.AppliedAt >= From && early > TimeSpan.Zero && early < TimeSpan.FromDays(1))
                        Replay(id, fact.AppliedAt);
                }
            }
        }
        foreach (var fact in instant.Where(fact => !FactSource.IsMaster(fact)))
        {
            if (fact.Noun is LeadStep step && _leads.ContainsKey(step.LeadId))
                continue;
            _ranker.Apply(fact with { Noun = AsReplayed(fact.Noun)!, Replaced = AsReplayed(fact.Replaced) });
            if (fact is { Noun: Opportunity deal, IsRetraction: false })
                EndOfLeads(deal.Id, fact.AppliedAt);
        }
    }

    /// <summary>A lead does not name the deal that it became later.</summary>
    object? AsReplayed(object? noun) =>
        noun is Lead lead && _leads.ContainsKey(lead.Id) ? lead with { OpportunityId = null } : noun;

    void EndOfLeads(OpportunityId deal, DateTime at)
    {
        foreach (var id in _past.Of(deal))
        {
            if (_given.Remove(id, out var last))
                Note(last with { Kind = "converted", At = at, Until = null });
        }
    }

    void Note(LeadStep step) =>
        _ranker.Apply(
            new(
                step.At,
                LeadsCapability.Steps.Kind!,
                FormattableString.Invariant($"{step.LeadId}|{step.Offer}|{step.Kind}"),
                step
            )
        );

    void Replay(string id, DateTime now)
    {
        if (!_seen.Add(id))
            return;
        var lead = _past.FirstOf(id) with { OpportunityId = null };
        var state = _ranker.State;
        var real = _past.StepsOf(lead.Id);
        if (lead is { AccountId: null, Name: not null } or { AccountId: null, Domain: not null })
            _accounts ??= OurAccounts.Of(state)();
        var found = LeadAccount.Find(
            state,
            _accounts,
            lead,
            // What was found when it came; what a person found out later was not known.
            lead.AccountId
                is null
                ? real.FirstOrDefault(step => step.At <= _past.CameAt(id).AddMinutes(1))?.AccountId
                : null,
            false
        );
        if (found is { Row: null } || found is null && lead.AccountId is not null)
        {
            Add(lead, now, null, _policy.QueueOf(state, lead), "It was not sure which account it is of");
            return;
        }
        var account = found?.Row ?? lead.NewAccount("acc_" + lead.Id);
        lead = lead with { AccountId = account.Id };
        var question = new RouteQuestion(_ranker, _rules, _policy, lead, account, now);
        question = question with { Prepared = LeadRouter.Prepare(question) };
        var answer = LeadRouter.Route(question);
        var candidates = RoutingCandidates.Of(question, answer);
        var (declined, before) = (new HashSet<Assignee>(), new HashSet<Assignee>());
        for (var offer = 1; offer <= _policy.Offers && answer.Line is [var first, ..]; offer++)
        {
            var to = first.Who;
            var step = new LeadStep(lead.Id, offer, "offered", now, to) { AccountId = account.Id };
            Note(step);
            var said = real.LastOrDefault(one => one.Kind is "accepted" or "declined" or "expired" && NowCalled(one.To) == to);
            Note(step with { Kind = said?.Kind ?? "accepted" });
            if (said is null or { Kind: "accepted" })
            {
                _given[lead.Id] = step;
                Add(lead, now, account.Id, to, answer.Trace[^1].Text!, answer.Trace[^1].Rule, candidates);
                return;
            }
            before.Add(to);
            if (said.Kind == "declined")
                declined.Add(to);
            answer = LeadRouter.Route(question with { Before = before, Declined = declined });
        }
        var why = answer.Line.Count > 0 ? "All who were asked let it go by" : "Nobody is left who may have it";
        Add(lead, now, account.Id, _policy.QueueOf(state, lead), why, null, candidates);
    }

    Assignee NowCalled(Assignee who) => who.IsPartner ? Assignee.Partner(_ranker.State.NowCalled(new(who.Id))) : who;

    void Add(
        Lead lead,
        DateTime at,
        AccountId? account,
        Assignee would,
        string why,
        string? rule = null,
        RoutingCandidates? candidates = null
    )
    {
        var past = _leads[lead.Id];
        var was = _past.GivenTo(past) is { } held ? NowCalled(held) : (Assignee?)null;
        _replayed.Add(
            new(lead.Id, at, account?.Value, was, would, why, _past.OutcomeOf(past))
            {
                Rule = rule,
                WasChance = was is { } one ? candidates?.ChanceOf(one) : null,
                WouldChance = candidates?.ChanceOf(would),
            }
        );
        if (_truth?.Of(lead.Id) is { } truth && candidates is not null && account is { } of)
            Truth.Add(of, truth, candidates, would, was, _turns);
    }
}
