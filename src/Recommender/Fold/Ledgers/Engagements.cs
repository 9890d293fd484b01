using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// Partners' work on deals. Two kinds of counts: those of a deal by itself (<see cref="Count"/>), and those that depend on the order in
/// which an account's deals and partners became known (<see cref="CountOrder"/>).
/// </summary>
sealed class Engagements(HistoryState state) : Ledger<Engagement>
{
    readonly List<KnownEngagement> _ofAccount = [];
    readonly List<OpportunityState> _deals = [];
    readonly List<int> _before = [];

    /// <summary>Engagements of all partners.</summary>
    public int All { get; private set; }

    /// <summary>The same, decayed with the slow half-life.</summary>
    public double Decayed { get; private set; }

    /// <inheritdoc/>
    public override void Write(SnapshotWriter to)
    {
        to.Write(All);
        to.Write(Decayed);
    }

    /// <inheritdoc/>
    public override void Read(SnapshotReader from) => (All, Decayed) = (from.Whole(), from.Number());

    protected override void Add(Engagement row, in DatedFact fact)
    {
        if (!row.IsWithdrawn)
            Put(row, fact, fact.AppliedAt);
    }

    protected override void Retract(Engagement row, in DatedFact fact) => TakeBack(row, fact);

    protected override void Replace(Engagement replaced, Engagement row, in DatedFact fact)
    {
        if (
            (replaced.OpportunityId, replaced.PartnerId, replaced.StartedAt, replaced.EndedAt, replaced.IsWithdrawn)
            == (row.OpportunityId, row.PartnerId, row.StartedAt, row.EndedAt, row.IsWithdrawn)
        )
            return;
        var knownAt = TakeBack(replaced, fact) ?? fact.AppliedAt;
        if (!row.IsWithdrawn)
            Put(row, fact, knownAt);
    }

    void Put(Engagement row, in DatedFact fact, DateTime knownAt)
    {
        if (state.Known(row.OpportunityId, fact with { AppliedAt = knownAt }) is not { } deal)
            return;
        var account = state.AccountStates[deal.Account];
        var entry = new EngagementEntry(
            row.Id,
            state.PartnerIndex(row.PartnerId),
            row.StartedAt,
            knownAt,
            row.EndedAt ?? DateTime.MaxValue
        );
        var engagement = new KnownEngagement(entry, deal);
        var isLast =
            (account.Newest.Deal is null || engagement.OrderOf(account.Newest) > 0)
            && engagement.Knows(state.OpportunityStates[account.LastDeal]!);
        if (!isLast)
            InsertAmong(account, deal, entry);
        else if (deal.EntryOf(entry.Partner) >= 0)
            PutBeside(engagement, account);
        else
            Append(engagement, account);
    }

    DateTime? TakeBack(Engagement row, in DatedFact fact)
    {
        if (row.IsWithdrawn)
            return null;
        if (state.TakeBackWaiting(row.OpportunityId, fact) is { } waitedSince)
            return waitedSince;
        var deal = state.FindOpportunityState(row.OpportunityId);
        var at = Array.FindIndex(deal?.Engagements ?? [], held => held.Id == row.Id);
        if (deal is null || at < 0)
            throw new InvalidOperationException($"Engagement {row.Id} is taken back that was never taken in.");
        var knownAt = deal.Engagements[at].FirstKnownAt;
        void Remove() => deal.Engagements = [.. deal.Engagements[..at], .. deal.Engagements[(at + 1)..]];
        RecountOrder(state.AccountStates[deal.Account], () => state.Recount(deal, Remove));
        return knownAt;
    }

    void InsertAmong(AccountState account, OpportunityState deal, EngagementEntry entry) =>
        RecountOrder(account, () => state.Recount(deal, () => Insert(deal, entry)));

    /// <summary>Adds one of a partner that is on the deal already: only until when it works there may change.</summary>
    void PutBeside(KnownEngagement engagement, AccountState account)
    {
        var (entry, deal) = engagement;
        var partner = state.PartnerStates[entry.Partner];
        if (deal.IsOpen)
            partner.CountOpen(deal.EndOf(entry.Partner), -1);
        (deal.Engagements, account.Newest) = (Several.With(deal.Engagements, entry), engagement);
        if (deal.IsOpen)
            partner.CountOpen(deal.EndOf(entry.Partner), 1);
    }

    static void Insert(OpportunityState deal, EngagementEntry entry)
    {
        var place = deal.Engagements.Length;
        while (place > 0 && new KnownEngagement(deal.Engagements[place - 1], deal).OrderOf(new(entry, deal)) > 0)
            place--;
        deal.Engagements = Several.With(deal.Engagements, place, entry);
    }

    /// <summary>Adds what is known last on its account: nothing that was counted before changes.</summary>
    void Append(KnownEngagement engagement, AccountState account)
    {
        var (entry, deal) = engagement;
        account.Newest = engagement;
        if (account.Pairs is { } pairs && !(pairs.TryGet(entry.Partner, out var known) && known.Engagements > 0))
        {
            foreach (var earlier in pairs.Partners)
            {
                if (pairs[earlier].Engagements > 0 && deal.EntryOf(earlier) < 0)
                    PartnerState.Count(ref state.PartnerStates[earlier].Successors, entry.Partner, 1);
            }
        }
        if (deal.Matured)
            state.Sellers.Credit(deal, -1);
        deal.Engagements = Several.With(deal.Engagements, entry);
        var at = deal.Engagements.Length - 1;
        Count(deal, at, 1);
        if (deal.Matured)
        {
            state.Sellers.Credit(deal, 1);
            state.Outcomes.CreditPartner(deal, at, 1);
        }
        ref var pair = ref account.Pair(entry.Partner);
        pair.DealsSince = account.Opportunities;
        if (pair.Engagements == 1 || entry.StartedAt > pair.LastEngagementAt)
            pair.LastEngagementAt = entry.StartedAt;
        PartnerState.Sum(ref state.PartnerStates[entry.Partner].EarlierDeals, Elementary.Log(account.Opportunities), 1);
    }

    /// <summary>What an entry adds whatever else its account has.</summary>
    public void Count(OpportunityState deal, int at, int times)
    {
        var entry = deal.Engagements[at];
        var account = state.AccountStates[deal.Account];
        var partner = state.PartnerStates[entry.Partner];
        var (slow, fast) = (times * state.Slow.Weight(entry.StartedAt), times * state.Fast.Weight(entry.StartedAt));
        if (times > 0)
            partner.Start(entry.StartedAt);
        else
            partner.TakeBackStart(entry.StartedAt);
        Add(ref partner.Counts.Engagements, ref partner.Counts.Decayed, times, slow);
        partner.Short = partner.Counts.Engagements == 0 ? 0 : partner.Short + fast;
        All += times;
        Decayed = All == 0 ? 0 : Decayed + slow;
        account.Engagements += times;
        ref var pair = ref account.Note(entry.Partner, times);
        if (pair.Engagements == 0)
            partner.Accounts++;
        Add(ref pair.Engagements, ref pair.Decayed, times, slow);
        if (pair.Engagements == 0)
            partner.Accounts--;
        for (var d = 0; d < state.Dimensions.Length; d++)
        {
            foreach (var value in state.KeysOn(d, account, deal))
            {
                var column = state.Value(d, value);
                Add(ref column.Engagements, ref column.DecayedEngagements, times, slow);
                ref var counts = ref column.Partners[entry.Partner];
                Add(ref counts.Engagements, ref counts.Decayed, times, slow);
            }
        }
        for (var m = 0; m < state.Settings.Measures.Count; m++)
        {
            var measure = state.MeasureOn(m, account, deal.Measures, entry.StartedAt);
            if (!double.IsNaN(measure))
                PartnerState.Sum(ref partner.Measures[m], measure, times);
        }
        for (var other = 0; other < at; other++)
        {
            if (!deal.Counts(other))
                continue;
            var beside = deal.Engagements[other].Partner;
            PartnerState.Count(ref partner.Neighbours, beside, times);
            PartnerState.Count(ref state.PartnerStates[beside].Neighbours, entry.Partner, times);
        }
        if (deal.IsOpen)
            partner.CountOpen(deal.EndOf(entry.Partner), times);
    }

    static void Add(ref int count, ref double decayed, int times, double weight)
    {
        count += times;
        decayed = count == 0 ? 0 : decayed + weight;
    }

    /// <summary>True if a deal that is new on an account changes nothing that was counted before.</summary>
    public static bool IsLast(AccountState account, OpportunityState deal) =>
        account.Newest.Deal is null || !account.Newest.Knows(deal);

    /// <summary>Takes back what depends on the order in which the account's facts were known, changes them, and counts it again.</summary>
    public void RecountOrder(AccountState account, Action change)
    {
        CountOrder(account, -1);
        change();
        CountOrder(account, 1);
    }

    /// <summary>
    /// For each engagement with the account, how many deals it had by then; for each partner, whom it came after: partners known with the
    /// account before it, less those who were on the deal that it came to.
    /// </summary>
    void CountOrder(AccountState account, int times)
    {
        _ofAccount.Clear();
        _deals.Clear();
        _before.Clear();
        foreach (var deal in state.DealsOf(account))
        {
            _deals.Add(deal);
            foreach (var entry in deal.Engagements)
                _ofAccount.Add(new(entry, deal));
        }
        _ofAccount.Sort(static (x, y) => x.OrderOf(y));
        _deals.Reverse();
        if (times > 0)
            account.Newest = _ofAccount is [.., var newest] ? newest : default;
        var deals = 0;
        foreach (var engagement in _ofAccount)
        {
            var (entry, deal) = engagement;
            if (deal.Engagements[deal.EntryOf(entry.Partner)] != entry)
                continue;
            while (deals < _deals.Count && engagement.Knows(_deals[deals]))
                deals++;
            PartnerState.Sum(ref state.PartnerStates[entry.Partner].EarlierDeals, Elementary.Log(deals), times);
            ref var pair = ref account.Pair(entry.Partner);
            pair.DealsSince = deals;
            if (_before.Contains(entry.Partner))
            {
                if (entry.StartedAt > pair.LastEngagementAt)
                    pair.LastEngagementAt = entry.StartedAt;
                continue;
            }
            pair.LastEngagementAt = entry.StartedAt;
            foreach (var earlier in _before)
            {
                // On the deal before it came there itself: they came together.
                var on = deal.EntryOf(earlier);
                if (on < 0 || new KnownEngagement(deal.Engagements[on], deal).OrderOf(engagement) > 0)
                    PartnerState.Count(ref state.PartnerStates[earlier].Successors, entry.Partner, times);
            }
            _before.Add(entry.Partner);
        }
    }
}
