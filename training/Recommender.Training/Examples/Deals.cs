using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>An opportunity with what was known of it at a cut: the source of labels, never of features.</summary>
/// <param name="row">As it was first known.</param>
sealed class Deal(Opportunity row)
{
    bool _isSettled;

    /// <summary>The row as it was first known.</summary>
    public Opportunity Row { get; } = row;

    /// <summary>The row as it was last known.</summary>
    public Opportunity Last { get; private set; } = row;

    /// <summary>The row as a decision sees it: what the fold knows then, or what was first known of a deal that it does not know yet.</summary>
    public Opportunity RowIn(HistoryState state) => state.FindOpportunity(Row.Id) ?? Row;

    public List<(PartnerId PartnerId, DateTime StartedAt)> Engagements { get; } = [];

    /// <summary>Work in a role that sells, by when it began: all but services, which deliver what was sold.</summary>
    public List<(PartnerId PartnerId, DateTime StartedAt, string? Role)> Selling { get; } = [];

    public List<DateTime> StagesAt { get; } = [];

    public Outcome Outcome { get; set; }

    /// <summary>How it ended, as far as that counts (<see cref="Endings"/>); null if nobody knows.</summary>
    public Ending? Ending
    {
        get =>
            _isSettled ? field
            : Outcome == Outcome.Open ? null
            : new(Outcome == Outcome.Won, Last.ClosedAt);
        set => (field, _isSettled) = (value, true);
    }

    /// <summary>When partners were brought in: the earliest start; null if none was.</summary>
    public DateTime? DecidedAt => Engagements.Count == 0 ? null : Engagements.Min(engagement => engagement.StartedAt);

    /// <summary>All partners who came to work on it, by number in <paramref name="state"/>; -1 stands for those unknown there.</summary>
    public HashSet<int> PartnersEver(HistoryState state) =>
        [.. Engagements.Select(engagement => state.IndexOfPartner(engagement.PartnerId))];

    /// <summary>The partners whose work began by the end of the day of <paramref name="at"/>, by number in <paramref name="state"/>.</summary>
    public List<int> PartnersBy(DateTime at, HistoryState state) =>
        [
            .. Engagements
                .Where(engagement => engagement.StartedAt.Date <= at.Date)
                .Select(engagement => state.IndexOfPartner(engagement.PartnerId))
                .Where(partner => partner >= 0),
        ];

    /// <summary>All deals as known strictly before <paramref name="until"/>.</summary>
    public static List<Deal> KnownBefore(IEnumerable<DatedFact> facts, DateTime until) => KnownBefore(facts, until, out _);

    /// <summary>The same, with when the last fact was seen.</summary>
    public static List<Deal> KnownBefore(IEnumerable<DatedFact> facts, DateTime until, out DateTime lastSeen)
    {
        lastSeen = DateTime.MinValue;
        var deals = new Dictionary<OpportunityId, Deal>();
        var said = new Dictionary<(FactKind, string), object>();
        foreach (var fact in facts)
        {
            if (fact.SeenAt >= until)
                continue;
            if (fact.SeenAt > lastSeen)
                lastSeen = fact.SeenAt;
            if (fact.Kind == FactKind.OpportunityCreated)
            {
                var opportunity = (Opportunity)fact.Noun;
                if (fact.IsRetraction)
                    deals.Remove(opportunity.Id);
                else if (!deals.TryAdd(opportunity.Id, new(opportunity)))
                    deals[opportunity.Id].Last = opportunity;
            }
            else if (
                fact.Kind != FactKind.Engagement
                && fact.Kind != FactKind.StageEntered
                && fact.Kind != FactKind.OpportunityClosed
            )
                continue;
            else if (fact.IsRetraction)
                said.Remove((fact.Kind, fact.Key));
            else
                said[(fact.Kind, fact.Key)] = fact.Noun;
        }
        foreach (var noun in said.Values)
        {
            switch (noun)
            {
                case Engagement engagement when deals.TryGetValue(engagement.OpportunityId, out var deal):
                    if (engagement.IsWithdrawn)
                        break;
                    if (!deal.Engagements.Exists(known => known.PartnerId == engagement.PartnerId))
                        deal.Engagements.Add((engagement.PartnerId, engagement.StartedAt));
                    if (engagement.Role is not "services")
                        deal.Selling.Add((engagement.PartnerId, engagement.StartedAt, engagement.Role));
                    break;
                case StageChange stage when deals.TryGetValue(stage.OpportunityId, out var deal):
                    deal.StagesAt.Add(stage.EnteredAt);
                    break;
                case Opportunity closed when deals.TryGetValue(closed.Id, out var deal):
                    deal.Outcome = closed.Outcome;
                    break;
                default:
                    break;
            }
        }
        return [.. deals.Values];
    }
}

/// <summary>Walks facts in the order in which they could be seen.</summary>
sealed class Replay : IDisposable
{
    readonly IEnumerator<DatedFact> _facts;
    bool _more;

    public Replay(IEnumerable<DatedFact> facts, HistoryState state)
    {
        State = state;
        _facts = facts.GetEnumerator();
        _more = _facts.MoveNext();
    }

    public HistoryState State { get; }

    /// <summary>Applies every fact seen strictly before <paramref name="asOf"/>.</summary>
    public void To(DateTime asOf)
    {
        while (_more && _facts.Current.SeenAt < asOf)
        {
            State.Apply(_facts.Current);
            _more = _facts.MoveNext();
        }
    }

    public void Dispose() => _facts.Dispose();
}
