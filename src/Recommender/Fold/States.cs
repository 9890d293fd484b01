using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>A deal registration and when its decision could be seen, UTC.</summary>
readonly record struct SeenRegistration(DealRegistration Row, DateTime SeenAt);

/// <summary>What is known between a partner and an account.</summary>
struct PairHistory
{
    /// <summary>How many facts stand here; none if all were taken back.</summary>
    public int Facts;
    public int Engagements;
    public int Won;
    public int Lost;
    public int AssistsGiven;
    public int AssistsReceived;
    public int DealsSince;
    public double Decayed;
    public double Touches;
    public DateTime LastEngagementAt;
    public DateTime LastTouchAt;
    public AccountOverlap[]? Overlaps;
    public SeenRegistration[]? Registrations;
    public Feedback[]? Declines;
    public AssistEntry[]? Assists;

    /// <summary>
    /// The overlap that is live, the closest if there are several: customer before open opportunity before prospect, then the one that
    /// began last; null if none is.
    /// </summary>
    public readonly AccountOverlap? LiveOverlap(DateTime asOf)
    {
        AccountOverlap? closest = null;
        foreach (var overlap in Overlaps ?? [])
        {
            if (
                overlap.IsLive(asOf)
                && (closest is null || (Rank(overlap), overlap.Since).CompareTo((Rank(closest), closest.Since)) > 0)
            )
                closest = overlap;
        }
        return closest;
    }

    static int Rank(AccountOverlap overlap) =>
        overlap.Population switch
        {
            "customer" => 2,
            "open_opportunity" => 1,
            _ => 0,
        };

    /// <summary>The registration that is live, the one that ends last if there are several; null if none is.</summary>
    /// <param name="asOf">The moment.</param>
    /// <param name="product">Only those about it; null for any.</param>
    public readonly DealRegistration? LiveRegistration(DateTime asOf, string? product = null)
    {
        DealRegistration? last = null;
        foreach (var (row, seenAt) in Registrations ?? [])
        {
            if (
                row.IsLive(asOf, seenAt)
                && row.IsAbout(product)
                && (last is null || (row.ExpiresAt ?? DateTime.MaxValue) > (last.ExpiresAt ?? DateTime.MaxValue))
            )
                last = row;
        }
        return last;
    }

    /// <summary>The last time it declined; null if it never did.</summary>
    public readonly Feedback? LastDecline
    {
        get
        {
            Feedback? last = null;
            foreach (var decline in Declines ?? [])
            {
                if (last is null || decline.At > last.At)
                    last = decline;
            }
            return last;
        }
    }
}

/// <summary>What is known of an account.</summary>
sealed class AccountState(AccountId id, int measures)
{
    public readonly AccountId Id = id;
    public Account? Row;

    /// <summary>Accounts that were merged into it; null if none was. Follows from the merges.</summary>
    public Alias[]? Merged;
    public int[][] Values = [];
    public double[] Measures = NoMeasures(measures);
    public int Opportunities;
    public int Won;
    public int Lost;

    /// <summary>Its deals that are open.</summary>
    public int Open;
    public int Engagements;

    /// <summary>Partners of whom anything is known with the account.</summary>
    public int Partners;
    public double OwnTouches;
    public double PartnerTouches;

    /// <summary>When our own people were in contact, in the order in which it was known. No more is kept of such: there are many.</summary>
    public List<DateTime>? OwnTouchTimes;
    public DateTime LastOpportunityAt;
    public DateTime LastWonAt;
    public DateTime FirstOpportunityAt;

    /// <summary>The newest known of its deals, the first of a list through <see cref="OpportunityState.NextOfAccount"/>; -1 if it has none.</summary>
    public int LastDeal = -1;

    /// <summary>The engagement with it that was known last; without a deal if there is none.</summary>
    public KnownEngagement Newest;
    public PartnerMap<PairHistory>? Pairs;
    public List<TouchEntry>? TouchesOfPartners;

    /// <summary>Registrations as they were submitted. What they say of their decision may not be known yet.</summary>
    public DealRegistration[]? Submitted;

    /// <summary>Registrations as they were decided, whatever was decided.</summary>
    public SeenRegistration[]? Decided;

    public static double[] NoMeasures(int measures)
    {
        var none = new double[measures];
        Array.Fill(none, double.NaN);
        return none;
    }

    public ref PairHistory Pair(int partner) => ref (Pairs ??= new())[partner];

    /// <summary>Notes that a fact about the pair was added, or taken back.</summary>
    /// <returns>The pair.</returns>
    public ref PairHistory Note(int partner, int times)
    {
        ref var pair = ref Pair(partner);
        if (pair.Facts == 0)
            Partners++;
        pair.Facts += times;
        if (pair.Facts == 0)
            Partners--;
        return ref pair;
    }
}

/// <summary>A partner's work on a deal.</summary>
/// <param name="Id">The engagement.</param>
/// <param name="Partner">The partner's number.</param>
/// <param name="StartedAt">When it began, UTC.</param>
/// <param name="FirstKnownAt">When it was first known, UTC.</param>
/// <param name="EndsAt">Until when it lasts, exclusive, UTC; <see cref="DateTime.MaxValue"/> if it lasts as long as its deal.</param>
readonly record struct EngagementEntry(string Id, int Partner, DateTime StartedAt, DateTime FirstKnownAt, DateTime EndsAt);

/// <summary>
/// An engagement in the order in which a fold takes facts in: by moment, deals before engagements, then by id. One that was known before
/// its deal waited and comes with it.
/// </summary>
readonly record struct KnownEngagement(EngagementEntry Entry, OpportunityState Deal)
{
    bool Waited => Entry.FirstKnownAt < Deal.KnownAt;

    DateTime At => Waited ? Deal.KnownAt : Entry.FirstKnownAt;

    /// <summary>True if a deal was known when the engagement was.</summary>
    public bool Knows(OpportunityState deal) =>
        deal.KnownAt < At || deal.KnownAt == At && (!Waited || deal.Row.Id.CompareTo(Deal.Row.Id) <= 0);

    /// <summary>Less than 0 if it was known before the other, 0 only if it is the same.</summary>
    public int OrderOf(KnownEngagement other)
    {
        var order = At.CompareTo(other.At);
        if (order == 0)
            order = other.Waited.CompareTo(Waited);
        if (order == 0 && Waited)
            order = Deal.Row.Id.CompareTo(other.Deal.Row.Id);
        if (order == 0 && Waited)
            order = Entry.FirstKnownAt.CompareTo(other.Entry.FirstKnownAt);
        return order != 0 ? order : string.CompareOrdinal(Entry.Id, other.Entry.Id);
    }
}

/// <summary>A stage that a deal entered. There are many: packed.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
readonly record struct StageEntry(int Stage, DateTime EnteredAt);

/// <summary>A contact; -1 is our own people, whose contacts keep no id: there are many.</summary>
readonly record struct TouchEntry(int Partner, DateTime At, string? Id);

/// <summary>An assist between a partner and an account.</summary>
readonly record struct AssistEntry(string Id, bool Given, DateTime At);

/// <summary>What is known of an opportunity.</summary>
sealed class OpportunityState(Opportunity row, int account, DateTime knownAt, int[][] values, double[] measures)
{
    public Opportunity Row = row;
    public int Account = account;
    public int NextOfAccount = -1;
    public readonly DateTime KnownAt = knownAt;
    public int[][] Values = values;
    public double[] Measures = measures;
    public Outcome Outcome;

    /// <summary>
    /// True until it is known to be won or lost, which is no later than that was told. One that is won or lost without closed_at is not open,
    /// though nobody knows when it ended.
    /// </summary>
    public bool IsOpen => IsOpenAs(Row);

    /// <summary>The same, if its row were another.</summary>
    public bool IsOpenAs(Opportunity row) => Outcome == Outcome.Open && (row.Outcome == Outcome.Open || row.ClosedAt is not null);

    public bool Matured;
    public DateTime ClosedAt;

    /// <summary>When its outcome was first known, UTC.</summary>
    public DateTime ClosedKnownAt;

    /// <summary>In the order in which they were known. Of several of one partner the first counts.</summary>
    public EngagementEntry[] Engagements = [];

    /// <summary>By when they were entered.</summary>
    public ShortList<StageEntry> Stages;
    public double OwnTouches;
    public double PartnerTouches;

    /// <summary>Contacts that name the deal only and count for its account, whichever that is.</summary>
    public List<TouchEntry>? TouchesByDealOnly;

    public DateTime StageAt => Stages.All is [.., var last] ? last.EnteredAt : default;

    /// <summary>True if the entry is the first of its partner.</summary>
    public bool Counts(int entry)
    {
        for (var i = 0; i < entry; i++)
        {
            if (Engagements[i].Partner == Engagements[entry].Partner)
                return false;
        }
        return true;
    }

    /// <summary>When the partner's work on it ends, by the last of its entries.</summary>
    public DateTime EndOf(int partner)
    {
        var last = DateTime.MinValue;
        foreach (var entry in Engagements)
        {
            if (entry.Partner == partner && entry.EndsAt > last)
                last = entry.EndsAt;
        }
        return last;
    }

    /// <summary>The position of the entry of the partner that counts; -1 if it is not on the deal.</summary>
    public int EntryOf(int partner)
    {
        for (var i = 0; i < Engagements.Length; i++)
        {
            if (Engagements[i].Partner == partner)
                return i;
        }
        return -1;
    }
}

/// <summary>What is known of a partner.</summary>
sealed class PartnerState(PartnerId id, int measures)
{
    public readonly PartnerId Id = id;

    public Partner? Row
    {
        get;
        set
        {
            field = value;
            Identify();
        }
    }

    /// <summary>Partners that were merged into it; null if none was. Follows from the merges.</summary>
    public Alias[]? Merged
    {
        get;
        set
        {
            field = value;
            Identify();
        }
    }

    /// <summary>Who it is, by its row and those that were merged into it.</summary>
    public CompanyIdentity? Identity { get; private set; }

    void Identify() => Identity = Row is null ? null : CompanyIdentity.Of(Row, Merged);

    public int[][] Traits = [];

    /// <summary>By measure of partners; what is not known is no number. Follows from the row.</summary>
    public double[] Numbers = [];
    public PartnerCounts Counts;
    public double Short;
    public int Accounts;
    public int Overlaps;
    public int Registrations;
    public double AssistsGiven;
    public double AssistsReceived;
    public readonly (int Count, double Sum, double Squares)[] Measures = new (int, double, double)[measures];
    public Dictionary<int, int>? Neighbours;
    public Dictionary<int, int>? Successors;
    public (int Count, double Sum, double Squares) EarlierDeals;
    public List<Certification>? Certifications;

    /// <summary>Open deals that it works or worked on.</summary>
    public int OpenDeals;

    /// <summary>When its work on those of them ends that have an end, in order.</summary>
    readonly List<DateTime> _ends = [];

    public IReadOnlyList<DateTime> Ends => _ends;

    /// <summary>How many open deals it works on: those on which its work has not ended at a moment.</summary>
    public int OpenDealsAt(DateTime asOf)
    {
        var ended = 0;
        while (ended < _ends.Count && _ends[ended] <= asOf)
            ended++;
        return OpenDeals - ended;
    }

    /// <summary>Counts an open deal, or takes it back.</summary>
    /// <param name="endsAt">When its work on it ends; <see cref="DateTime.MaxValue"/> if with the deal.</param>
    /// <param name="times">1 or -1.</param>
    public void CountOpen(DateTime endsAt, int times)
    {
        OpenDeals += times;
        if (endsAt == DateTime.MaxValue)
            return;
        if (times > 0)
            End(endsAt);
        else
            _ends.RemoveAt(_ends.BinarySearch(endsAt));
    }

    public void End(DateTime at)
    {
        var place = _ends.BinarySearch(at);
        _ends.Insert(place < 0 ? ~place : place, at);
    }

    /// <summary>When its engagements started, in order.</summary>
    readonly List<DateTime> _starts = [];

    public IReadOnlyList<DateTime> Starts => _starts;

    /// <summary>The first of <see cref="Starts"/>, kept here: every candidate of every ranking is asked for it.</summary>
    public DateTime FirstEngagementAt { get; private set; }

    /// <summary>The last of them.</summary>
    public DateTime LastEngagementAt { get; private set; }

    public void Start(DateTime at)
    {
        var place = _starts.Count == 0 || at >= _starts[^1] ? ~_starts.Count : _starts.BinarySearch(at);
        _starts.Insert(place < 0 ? ~place : place, at);
        (FirstEngagementAt, LastEngagementAt) = (_starts[0], _starts[^1]);
    }

    public void TakeBackStart(DateTime at)
    {
        _starts.RemoveAt(_starts.BinarySearch(at));
        (FirstEngagementAt, LastEngagementAt) = _starts.Count > 0 ? (_starts[0], _starts[^1]) : default;
    }

    /// <summary>Counts another partner once more, or once less.</summary>
    public static void Count(ref Dictionary<int, int>? counts, int other, int times)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts ??= [], other, out _);
        count += times;
        if (count == 0)
            counts.Remove(other);
    }

    /// <summary>Adds a value to a sum, or takes it back.</summary>
    public static void Sum(ref (int Count, double Sum, double Squares) sums, double value, int times)
    {
        var count = sums.Count + times;
        sums = count == 0 ? default : (count, sums.Sum + times * value, sums.Squares + times * (value * value));
    }
}

/// <summary>What is known of one value of a dimension.</summary>
sealed class ValueState
{
    public int Opportunities;
    public int Engagements;
    public double DecayedEngagements;
    public OutcomeCounts Outcomes;
    public readonly PartnerMap<PartnerCounts> Partners = new();
}
