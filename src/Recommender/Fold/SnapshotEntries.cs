using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

// What a history holds of each account, partner, deal and value, as bytes and back.
public sealed partial class HistoryState
{
    static void WriteIds(SnapshotWriter to, Ids ids)
    {
        to.Write(ids.Count);
        for (var id = 0; id < ids.Count; id++)
            to.Write(ids[id]);
    }

    static void ReadIds(SnapshotReader from, Ids ids)
    {
        for (var left = from.Whole(); left > 0; left--)
            ids.Of(from.Text()!);
    }

    void WriteAccount(SnapshotWriter to, AccountState account)
    {
        to.Write(account.Id);
        to.Write(account.Row);
        to.Write(account.Values);
        to.Write(account.Measures);
        to.Write(account.Opportunities);
        to.Write(account.Won);
        to.Write(account.Lost);
        to.Write(account.Open);
        to.Write(account.Engagements);
        to.Write(account.Partners);
        to.Write(account.OwnTouches);
        to.Write(account.PartnerTouches);
        to.Write(account.LastOpportunityAt);
        to.Write(account.LastWonAt);
        to.Write(account.FirstOpportunityAt);
        to.Write(account.LastDeal + 1);
        to.Write(account.Newest.Deal is { } deal ? _opportunities.Find(deal.Row.Id.Value) + 1 : 0);
        if (account.Newest.Deal is not null)
            WriteEntry(to, account.Newest.Entry);
        to.Write(account.Pairs is not null);
        if (account.Pairs is { } pairs)
            WriteMap(to, pairs, WritePair);
        to.All(account.TouchesOfPartners, WriteTouch);
        to.All(account.OwnTouchTimes, static (to, at) => to.Write(at));
        to.All(account.Submitted, static (to, one) => to.Write(one));
        to.All(account.Decided, static (to, one) => to.Write(one));
    }

    static AccountState ReadAccount(SnapshotReader from, List<(AccountState, int, EngagementEntry)> newest)
    {
        var account = new AccountState(from.Text()!, 0)
        {
            Row = from.Account(),
            Values = from.Lists(),
            Measures = from.Numbers(),
            Opportunities = from.Whole(),
            Won = from.Whole(),
            Lost = from.Whole(),
            Open = from.Whole(),
            Engagements = from.Whole(),
            Partners = from.Whole(),
            OwnTouches = from.Number(),
            PartnerTouches = from.Number(),
            LastOpportunityAt = from.Instant(),
            LastWonAt = from.Instant(),
            FirstOpportunityAt = from.Instant(),
            LastDeal = from.Whole() - 1,
        };
        if (from.Whole() - 1 is >= 0 and var deal)
            newest.Add((account, deal, ReadEntry(from)));
        if (from.Flag())
            ReadMap(from, account.Pairs = new(), ReadPair);
        account.TouchesOfPartners = from.List(ReadTouch);
        account.OwnTouchTimes = from.List(static from => from.Instant());
        account.Submitted = from.Array(static from => from.Registration());
        account.Decided = from.Array(static from => from.SeenRegistration());
        return account;
    }

    static void WritePair(SnapshotWriter to, PairHistory pair)
    {
        to.Write(pair.Facts);
        to.Write(pair.Engagements);
        to.Write(pair.Won);
        to.Write(pair.Lost);
        to.Write(pair.AssistsGiven);
        to.Write(pair.AssistsReceived);
        to.Write(pair.DealsSince);
        to.Write(pair.Decayed);
        to.Write(pair.Touches);
        to.Write(pair.LastEngagementAt);
        to.Write(pair.LastTouchAt);
        to.All(pair.Overlaps, static (to, one) => to.Write(one));
        to.All(pair.Registrations, static (to, one) => to.Write(one));
        to.All(pair.Declines, static (to, one) => to.Write(one));
        to.All(
            pair.Assists,
            static (to, one) =>
            {
                to.Write(one.Id);
                to.Write(one.Given);
                to.Write(one.At);
            }
        );
    }

    static PairHistory ReadPair(SnapshotReader from) =>
        new()
        {
            Facts = from.Whole(),
            Engagements = from.Whole(),
            Won = from.Whole(),
            Lost = from.Whole(),
            AssistsGiven = from.Whole(),
            AssistsReceived = from.Whole(),
            DealsSince = from.Whole(),
            Decayed = from.Number(),
            Touches = from.Number(),
            LastEngagementAt = from.Instant(),
            LastTouchAt = from.Instant(),
            Overlaps = from.Array(static from => from.Overlap()),
            Registrations = from.Array(static from => from.SeenRegistration()),
            Declines = from.Array(static from => from.Feedback()),
            Assists = from.Array(static from => new AssistEntry(from.Text()!, from.Flag(), from.Instant())),
        };

    static void WritePartner(SnapshotWriter to, PartnerState partner)
    {
        to.Write(partner.Id);
        to.Write(partner.Row);
        to.Write(partner.Traits);
        WriteCounts(to, partner.Counts);
        to.Write(partner.Short);
        to.Write(partner.Accounts);
        to.Write(partner.Overlaps);
        to.Write(partner.Registrations);
        to.Write(partner.OpenDeals);
        to.Write(partner.AssistsGiven);
        to.Write(partner.AssistsReceived);
        foreach (var sums in partner.Measures)
            WriteSums(to, sums);
        to.All(partner.Neighbours, WriteTimes);
        to.All(partner.Successors, WriteTimes);
        WriteSums(to, partner.EarlierDeals);
        to.All(partner.Certifications, static (to, one) => to.Write(one));
        to.All(partner.Ends, static (to, one) => to.Write(one));
        to.All(partner.Starts, static (to, one) => to.Write(one));
    }

    PartnerState ReadPartner(SnapshotReader from)
    {
        var partner = new PartnerState(from.Text()!, Settings.Measures.Count)
        {
            Row = from.Partner(),
            Traits = from.Lists(),
            Counts = ReadCounts(from),
            Short = from.Number(),
            Accounts = from.Whole(),
            Overlaps = from.Whole(),
            Registrations = from.Whole(),
            OpenDeals = from.Whole(),
            AssistsGiven = from.Number(),
            AssistsReceived = from.Number(),
        };
        partner.Numbers = Columns.MeasuresOf(partner.Row, Settings);
        for (var m = 0; m < partner.Measures.Length; m++)
            partner.Measures[m] = ReadSums(from);
        partner.Neighbours = ReadTimes(from);
        partner.Successors = ReadTimes(from);
        partner.EarlierDeals = ReadSums(from);
        partner.Certifications = from.List(static from => from.Certification());
        foreach (var end in from.List(static from => from.Instant())!)
            partner.End(end);
        foreach (var start in from.List(static from => from.Instant())!)
            partner.Start(start);
        return partner;
    }

    static void WriteDeal(SnapshotWriter to, OpportunityState? deal)
    {
        to.Write(deal is not null);
        if (deal is null)
            return;
        to.Write(deal.Row);
        to.Write(deal.Account);
        to.Write(deal.KnownAt);
        to.Write(deal.Values);
        to.Write(deal.Measures);
        to.Write(deal.NextOfAccount + 1);
        to.Write((int)deal.Outcome);
        to.Write(deal.Matured);
        to.Write(deal.ClosedAt);
        to.Write(deal.ClosedKnownAt);
        to.All(deal.Engagements, WriteEntry);
        to.All(deal.Stages.All.ToArray(), WriteStage);
        to.Write(deal.OwnTouches);
        to.Write(deal.PartnerTouches);
        to.All(deal.TouchesByDealOnly, WriteTouch);
    }

    static OpportunityState? ReadDeal(SnapshotReader from) =>
        from.Flag()
            ? new(from.Opportunity(), from.Whole(), from.Instant(), from.Lists(), from.Numbers())
            {
                NextOfAccount = from.Whole() - 1,
                Outcome = (Outcome)from.Whole(),
                Matured = from.Flag(),
                ClosedAt = from.Instant(),
                ClosedKnownAt = from.Instant(),
                Engagements = from.Array(ReadEntry)!,
                Stages = new(from.Array(static from => new StageEntry(from.Whole(), from.Instant()))!),
                OwnTouches = from.Number(),
                PartnerTouches = from.Number(),
                TouchesByDealOnly = from.List(ReadTouch),
            }
            : null;

    static void WriteValue(SnapshotWriter to, KeyValuePair<long, ValueState> pair)
    {
        var (value, state) = pair;
        to.Write(value);
        to.Write(state.Opportunities);
        to.Write(state.Engagements);
        to.Write(state.DecayedEngagements);
        WriteOutcomes(to, state.Outcomes);
        WriteMap(to, state.Partners, WriteCounts);
    }

    static (long, ValueState) ReadValue(SnapshotReader from)
    {
        var value = from.Large();
        var state = new ValueState
        {
            Opportunities = from.Whole(),
            Engagements = from.Whole(),
            DecayedEngagements = from.Number(),
            Outcomes = ReadOutcomes(from),
        };
        ReadMap(from, state.Partners, ReadCounts);
        return (value, state);
    }

    static void WriteWaiting(SnapshotWriter to, KeyValuePair<OpportunityId, List<DatedFact>> waiting)
    {
        to.Write(waiting.Key);
        to.All(
            waiting.Value,
            static (to, fact) =>
            {
                to.Write(fact.SeenAt);
                to.Write(fact.AppliedAt);
                to.Write(fact.Kind.Name);
                to.Write(fact.Key);
                to.Noun(fact.Noun);
            }
        );
    }

    static (OpportunityId, List<DatedFact>) ReadWaiting(SnapshotReader from) =>
        (
            from.Text()!,
            from.List(static from =>
            {
                var (seenAt, appliedAt, kind) = (from.Instant(), from.Instant(), from.Text());
                return new DatedFact(seenAt, FactKind.All.First(one => one.Name == kind), from.Text()!, from.Noun())
                {
                    AppliedAt = appliedAt,
                };
            })!
        );

    static void WriteMap<T>(SnapshotWriter to, PartnerMap<T> map, Action<SnapshotWriter, T> write)
        where T : struct
    {
        to.Write(map.Count);
        foreach (var partner in map.Partners)
        {
            to.Write(partner);
            write(to, map[partner]);
        }
    }

    static void ReadMap<T>(SnapshotReader from, PartnerMap<T> map, Func<SnapshotReader, T> read)
        where T : struct
    {
        for (var left = from.Whole(); left > 0; left--)
        {
            var partner = from.Whole();
            map[partner] = read(from);
        }
    }

    static void WriteEntry(SnapshotWriter to, EngagementEntry entry)
    {
        to.Write(entry.Id);
        to.Write(entry.Partner);
        to.Write(entry.StartedAt);
        to.Write(entry.FirstKnownAt);
        to.Write(entry.EndsAt);
    }

    static EngagementEntry ReadEntry(SnapshotReader from) =>
        new(from.Text()!, from.Whole(), from.Instant(), from.Instant(), from.Instant());

    static void WriteStage(SnapshotWriter to, StageEntry entry)
    {
        to.Write(entry.Stage);
        to.Write(entry.EnteredAt);
    }

    static void WriteTouch(SnapshotWriter to, TouchEntry touch)
    {
        to.Write(touch.Partner + 1);
        to.Write(touch.At);
        to.Write(touch.Id);
    }

    static TouchEntry ReadTouch(SnapshotReader from) => new(from.Whole() - 1, from.Instant(), from.Text());

    static void WriteCounts(SnapshotWriter to, PartnerCounts counts)
    {
        to.Write(counts.Engagements);
        to.Write(counts.Won);
        to.Write(counts.Lost);
        to.Write(counts.Decayed);
    }

    static PartnerCounts ReadCounts(SnapshotReader from) =>
        new()
        {
            Engagements = from.Whole(),
            Won = from.Whole(),
            Lost = from.Whole(),
            Decayed = from.Number(),
        };

    internal static void WriteOutcomes(SnapshotWriter to, OutcomeCounts counts)
    {
        to.Write(counts.Won);
        to.Write(counts.Lost);
        to.Write(counts.DecayedWon);
        to.Write(counts.DecayedLost);
    }

    internal static OutcomeCounts ReadOutcomes(SnapshotReader from) =>
        new()
        {
            Won = from.Whole(),
            Lost = from.Whole(),
            DecayedWon = from.Number(),
            DecayedLost = from.Number(),
        };

    static void WriteSums(SnapshotWriter to, (int Count, double Sum, double Squares) sums)
    {
        to.Write(sums.Count);
        to.Write(sums.Sum);
        to.Write(sums.Squares);
    }

    static (int Count, double Sum, double Squares) ReadSums(SnapshotReader from) => (from.Whole(), from.Number(), from.Number());

    static void WriteTimes(SnapshotWriter to, KeyValuePair<int, int> times)
    {
        to.Write(times.Key);
        to.Write(times.Value);
    }

    static Dictionary<int, int>? ReadTimes(SnapshotReader from)
    {
        var count = from.Whole() - 1;
        if (count < 0)
            return null;
        var times = new Dictionary<int, int>(count);
        for (; count > 0; count--)
            times.Add(from.Whole(), from.Whole());
        return times;
    }
}
