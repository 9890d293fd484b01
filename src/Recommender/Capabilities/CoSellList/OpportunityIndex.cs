using System.Collections.Concurrent;
using Recommender.CoSell;

namespace Recommender.Capabilities.CoSellList;

/// <summary>What bringing a partner into an open deal would add.</summary>
/// <param name="PartnerId">The partner.</param>
/// <param name="Lift">Points of win probability it adds; NaN if unknown.</param>
/// <param name="WinProbability">With it; NaN if unknown.</param>
public readonly record struct PartnerOption(PartnerId PartnerId, double Lift, double WinProbability);

/// <summary>An open deal with its best partners, as they stood at a moment.</summary>
/// <param name="Deal">The deal.</param>
/// <param name="AsOf">The moment, UTC.</param>
/// <param name="Options">Partners by fit, best first.</param>
public sealed record IndexedOpportunity(Opportunity Deal, DateTime AsOf, IReadOnlyList<PartnerOption> Options)
{
    /// <summary>The option to take: the largest known lift, else the best fit. Null if there is none.</summary>
    public PartnerOption? Best(PartnerId? partnerId = null)
    {
        PartnerOption? best = null;
        foreach (var option in Options)
        {
            if (partnerId is not null && option.PartnerId != partnerId)
                continue;
            if (best is null || !double.IsNaN(option.Lift) && !(option.Lift <= best.Value.Lift))
                best = option;
        }
        return best;
    }
}

/// <summary>How much an open deal deserves a partner now.</summary>
public static class CoSellPriority
{
    /// <summary>
    /// How near the deal's end is: 1 within 30 days, 0.8 within 90, 0.6 within 180, 0.4 later, 0.5 if unknown; past it, what such deals still
    /// came to in the history.
    /// </summary>
    public static double Urgency(DateTime? expectedCloseAt, OverdueRates overdue, DateTime asOf) =>
        expectedCloseAt is not { } at ? 0.5
        : OverdueRates.IsOverdue(at, asOf) ? overdue.WeightAt((asOf - at).TotalDays)
        : (at - asOf).TotalDays switch
        {
            <= 30 => 1,
            <= 90 => 0.8,
            <= 180 => 0.6,
            _ => 0.4,
        };

    /// <summary>Lift × worth × urgency; null if lift or worth is unknown.</summary>
    /// <param name="lift">Points of win probability.</param>
    /// <param name="worth">The amount in the currency in which deals are compared.</param>
    /// <param name="urgency">How near the deal's end is.</param>
    public static double? Of(double? lift, double? worth, double urgency) =>
        lift is { } points && !double.IsNaN(points) && worth is { } amount ? points * amount * urgency : null;
}

/// <summary>
/// All open deals with the partners that would help them, kept current: a fact about an account, one of its deals or its partners has
/// those deals looked at again at once; the others are looked at again in turn. Safe for use by several threads.
/// </summary>
public sealed class OpportunityIndex
{
    /// <summary>How many partners are kept for a deal.</summary>
    public const int Kept = 5;

    readonly ConcurrentDictionary<OpportunityId, IndexedOpportunity> _entries = [];
    readonly ConcurrentDictionary<OpportunityId, byte> _dirty = [];

    // Of those, the ones that somebody looks at: what was found is not kept yet.
    readonly ConcurrentDictionary<OpportunityId, byte> _inHand = [];
    readonly ConcurrentQueue<OpportunityId> _oldest = new();
    long _noneBefore;

    /// <summary>Open deals that are indexed.</summary>
    public int Count => _entries.Count;

    /// <summary>Deals that have to be looked at again, those that are being looked at included.</summary>
    public int Dirty => _dirty.Count + _inHand.Count;

    /// <summary>Notes that deals have to be looked at again.</summary>
    public void Touch(IEnumerable<OpportunityId> opportunityIds)
    {
        foreach (var id in opportunityIds)
            _dirty[id] = 0;
    }

    /// <summary>Keeps what was found of a deal; null if it is not open.</summary>
    public void Set(OpportunityId opportunityId, IndexedOpportunity? entry)
    {
        if (entry is null)
            _entries.TryRemove(opportunityId, out _);
        else
            _entries[opportunityId] = entry;
    }

    /// <summary>
    /// A deal to look at again: one that was touched, or else the one that waits longest, if that was before <paramref name="before"/>.
    /// Whoever takes it says <see cref="Done"/>.
    /// </summary>
    public bool TryTake(DateTime before, out OpportunityId opportunityId)
    {
        foreach (var (id, _) in _dirty)
        {
            if (Take(id))
            {
                opportunityId = id;
                return true;
            }
        }
        if (_oldest.IsEmpty && before.Ticks > Volatile.Read(ref _noneBefore))
            FindOldest(before);
        return _oldest.TryDequeue(out opportunityId);
    }

    void FindOldest(DateTime before)
    {
        var old = new List<IndexedOpportunity>();
        var oldest = DateTime.MaxValue;
        foreach (var (_, entry) in _entries)
        {
            if (entry.AsOf < before)
                old.Add(entry);
            else if (entry.AsOf < oldest)
                oldest = entry.AsOf;
        }
        foreach (var entry in old.OrderBy(entry => entry.AsOf))
            _oldest.Enqueue(entry.Deal.Id);
        // What is looked at from now on is younger than what is here.
        Volatile.Write(ref _noneBefore, oldest == DateTime.MaxValue ? before.Ticks : oldest.Ticks);
    }

    /// <summary>Takes a deal out of those to be looked at again, until <see cref="Done"/>; false if it was not among them.</summary>
    public bool Take(OpportunityId opportunityId)
    {
        if (!_dirty.ContainsKey(opportunityId))
            return false;
        _inHand[opportunityId] = 0;
        if (_dirty.TryRemove(opportunityId, out _))
            return true;
        Done(opportunityId);
        return false;
    }

    /// <summary>Says that a deal was looked at, whatever came of it.</summary>
    public void Done(OpportunityId opportunityId) => _inHand.TryRemove(opportunityId, out _);

    /// <summary>All deals that are indexed, in no order.</summary>
    public IEnumerable<Opportunity> Deals => _entries.Select(pair => pair.Value.Deal);

    /// <summary>Partners that are among the best of any deal, by id, in no order.</summary>
    public IEnumerable<PartnerId> Partners =>
        _entries.SelectMany(pair => pair.Value.Options).Select(option => option.PartnerId).Distinct();

    /// <summary>Deals to be looked at again.</summary>
    public IEnumerable<OpportunityId> DirtyIds => _dirty.Select(pair => pair.Key);

    /// <summary>A deal as it was looked at last; null if it is not open.</summary>
    public IndexedOpportunity? Find(OpportunityId opportunityId) => _entries.GetValueOrDefault(opportunityId);

    /// <summary>The deals that deserve a partner most.</summary>
    /// <param name="partnerId">Only with this partner; null for the best of all.</param>
    /// <param name="isWanted">Which deals; null for all.</param>
    /// <param name="worthOf">What a deal is worth in the currency in which deals are compared; null if that is not known.</param>
    /// <param name="urgencyOf">How near a deal's end is.</param>
    /// <param name="skip">How many to leave out.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="total">How many there are.</param>
    public IReadOnlyList<(IndexedOpportunity Entry, PartnerOption Option)> Find(
        PartnerId? partnerId,
        Func<Opportunity, bool>? isWanted,
        Func<Opportunity, double?> worthOf,
        Func<Opportunity, double> urgencyOf,
        int skip,
        int limit,
        out int total
    )
    {
        var found = new List<(IndexedOpportunity Entry, PartnerOption Option, double Priority)>();
        foreach (var (_, entry) in _entries)
        {
            if (isWanted?.Invoke(entry.Deal) == false)
                continue;
            if (entry.Best(partnerId) is not { } option)
                continue;
            var priority = CoSellPriority.Of(option.Lift, worthOf(entry.Deal), urgencyOf(entry.Deal));
            found.Add((entry, option, priority ?? double.NegativeInfinity));
        }
        total = found.Count;
        return
        [
            .. found
                .OrderByDescending(item => item.Priority)
                // Of those whose worth is not known, who adds most.
                .ThenByDescending(item => double.IsNaN(item.Option.Lift) ? double.NegativeInfinity : item.Option.Lift)
                .ThenByDescending(item => double.IsNaN(item.Option.WinProbability) ? -1 : item.Option.WinProbability)
                .ThenBy(item => item.Entry.Deal.Id.Value, StringComparer.Ordinal)
                .Skip(skip)
                .Take(limit)
                .Select(item => (item.Entry, item.Option)),
        ];
    }
}
