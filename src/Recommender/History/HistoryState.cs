using System.Globalization;
using System.Runtime.InteropServices;
using Recommender.CoSell;

namespace Recommender.History;

/// <summary>What is known between a partner and an account.</summary>
struct PairHistory
{
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
    public AccountOverlap? Overlap;
    public DealRegistration? Registration;
    public Feedback? Declined;
}

/// <summary>What is known of an account.</summary>
sealed class AccountState(string id, int measures)
{
    public readonly string Id = id;
    public Account? Row;
    public int[][] Values = [];
    public double[] Measures = NoMeasures(measures);
    public int Opportunities;
    public int Won;
    public int Lost;
    public int Engagements;
    public double DecayedOpportunities;
    public double OwnTouches;
    public double PartnerTouches;
    public DateTime LastOpportunityAt;
    public DateTime LastWonAt;
    public DateTime FirstOpportunityAt;
    public int LastDeal = -1;
    public PartnerMap<PairHistory>? Pairs;

    public static double[] NoMeasures(int measures)
    {
        var none = new double[measures];
        Array.Fill(none, double.NaN);
        return none;
    }

    public ref PairHistory Pair(int partner) => ref (Pairs ??= new())[partner];
}

/// <summary>What is known of an opportunity.</summary>
sealed class OpportunityState(Opportunity row, int account, int[][] values, double[] measures)
{
    public Opportunity Row = row;
    public readonly int Account = account;
    public int NextOfAccount = -1;
    public int[][] Values = values;
    public double[] Measures = measures;
    public Outcome Outcome;
    public bool Matured;
    public DateTime DueAt;
    public List<int> Partners = [];
    public List<int> Stages = [];
    public DateTime StageAt;
    public double OwnTouches;
    public double PartnerTouches;
}

/// <summary>What is known of a partner.</summary>
sealed class PartnerState(string id, int measures)
{
    public readonly string Id = id;
    public Partner? Row;
    public int[][] Traits = [];
    public PartnerCounts Counts;
    public double Short;
    public int Accounts;
    public int Overlaps;
    public int Registrations;
    public int OpenDeals;
    public double AssistsGiven;
    public double AssistsReceived;
    public DateTime FirstEngagementAt;
    public DateTime LastEngagementAt;
    public readonly (int Count, double Sum, double Squares)[] Measures = new (int, double, double)[measures];
    public Dictionary<int, int>? Neighbours;
    public Dictionary<int, int>? Successors;
    public (int Count, double Sum, double Squares) EarlierDeals;
    public List<Certification>? Certifications;
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

/// <summary>A partner's engagements in one industry, and the outcomes that count.</summary>
public sealed record PartnerRecord(string Value, int Engagements, int Won, int Lost);

/// <summary>What a partner did so far. Won and lost count deals whose outcome matured.</summary>
public sealed record PartnerHistory(Partner? Row, int Engagements, int Won, int Lost, IReadOnlyList<PartnerRecord> Industries);

/// <summary>
/// The fold of dated facts, in the order in which they could be seen. Training replays it to each past decision; serving keeps the
/// same object up to date. Not safe for use by several threads at once while facts are applied.
/// </summary>
public sealed class HistoryState
{
    readonly NameIndex _names = new();
    static readonly int[] _noValues = [];
    readonly Ids _accounts = new();
    readonly Ids _partners = new();
    readonly Ids _opportunities = new();
    readonly List<OpportunityState?> _opportunityStates = [];
    readonly Dictionary<string, List<DatedFact>> _waiting = [];
    readonly PriorityQueue<int, (DateTime Due, int Order)> _maturing = new();

    /// <summary>An empty history.</summary>
    public HistoryState(FoldSettings settings)
    {
        Settings = settings;
        Slow = new(settings.HalfLifeDays);
        Fast = new(settings.ShortHalfLifeDays);
        OutcomeDecay = new(settings.OutcomeHalfLifeDays);
        Dimensions = [.. settings.Dimensions.Select(_ => new Dictionary<int, ValueState>())];
    }

    /// <summary>What is kept count of.</summary>
    public FoldSettings Settings { get; }

    /// <summary>How many facts were applied.</summary>
    public long Facts { get; private set; }

    /// <summary>When the newest fact could be seen; <see cref="DateTime.MinValue"/> before the first.</summary>
    public DateTime SeenUntil { get; private set; }

    /// <summary>When the newest outcome matured; <see cref="DateTime.MinValue"/> before the first.</summary>
    internal DateTime MaturedUntil { get; private set; }

    /// <summary>How many partners are known.</summary>
    public int PartnerCount => PartnerStates.Count;

    /// <summary>How many accounts are known.</summary>
    public int AccountCount => AccountStates.Count;

    internal List<AccountState> AccountStates { get; } = [];

    internal List<PartnerState> PartnerStates { get; } = [];

    internal Dictionary<int, ValueState>[] Dimensions { get; }

    internal Ids Categories { get; } = new();

    internal Dictionary<int, OutcomeCounts> StageOutcomes { get; } = [];

    internal OutcomeCounts Outcomes;
    internal int Engagements;
    internal double DecayedEngagements;

    internal Decay Slow { get; }

    internal Decay Fast { get; }

    internal Decay OutcomeDecay { get; }

    /// <summary>The account's row as last seen, or null if unknown.</summary>
    public Account? FindAccount(string id) => FindAccountState(id)?.Row;

    /// <summary>The partner's row as last seen, or null if unknown.</summary>
    public Partner? FindPartner(string id) => _partners.Find(id) is >= 0 and var at ? PartnerStates[at].Row : null;

    /// <summary>The opportunity's row as last seen, or null if unknown.</summary>
    public Opportunity? FindOpportunity(string id) => FindOpportunityState(id)?.Row;

    /// <summary>The partner's id.</summary>
    /// <param name="partner">0 to <see cref="PartnerCount"/> - 1.</param>
    public string PartnerId(int partner) => PartnerStates[partner].Id;

    /// <summary>The partner's number, or -1 if unknown.</summary>
    public int IndexOfPartner(string id) => _partners.Find(id);

    /// <summary>Accounts known, in the order in which they came.</summary>
    public IEnumerable<Account> Accounts =>
        AccountStates.Where(account => account.Row is not null).Select(account => account.Row!);

    /// <summary>Accounts whose name or id holds <paramref name="text"/>, those whose name begins with it first, then by name and id.</summary>
    /// <param name="text">What to look for, whatever the case.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="skip">How many to leave out first.</param>
    public IReadOnlyList<Account> FindAccounts(string text, int limit, int skip = 0)
    {
        // The worst of the best so far comes out first.
        var best = new PriorityQueue<Account, (bool IsMiddle, string Name, string Id)>(_worstFirst);
        foreach (var index in _names.Find(text))
        {
            var account = AccountStates[index].Row!;
            var isMiddle = account.Name?.StartsWith(text, StringComparison.OrdinalIgnoreCase) != true;
            var order = (isMiddle, account.Name ?? "", account.Id);
            if (best.Count < limit + skip)
                best.Enqueue(account, order);
            else
                best.EnqueueDequeue(account, order);
        }
        var found = new List<Account>(best.Count);
        while (best.TryDequeue(out var account, out _))
            found.Add(account);
        found.Reverse();
        return found.Count <= skip ? [] : found[skip..];
    }

    static readonly Comparer<(bool IsMiddle, string Name, string Id)> _worstFirst = Comparer<(
        bool IsMiddle,
        string Name,
        string Id
    )>.Create(
        (x, y) =>
            y.IsMiddle != x.IsMiddle ? y.IsMiddle.CompareTo(x.IsMiddle)
            : StringComparer.OrdinalIgnoreCase.Compare(y.Name, x.Name) is var names && names != 0 ? names
            : string.CompareOrdinal(y.Id, x.Id)
    );

    /// <summary>When the account's first deal was created; null if it had none.</summary>
    public DateTime? FirstDealOf(string accountId) =>
        FindAccountState(accountId) is { Opportunities: > 0 } account ? account.FirstOpportunityAt : null;

    /// <summary>When the partner first engaged; null if it never did.</summary>
    public DateTime? FirstEngagementOf(int partner) =>
        PartnerStates[partner] is { Counts.Engagements: > 0 } state ? state.FirstEngagementAt : null;

    /// <summary>The partner's row; null if only its engagements are known.</summary>
    public Partner? FindPartner(int partner) => PartnerStates[partner].Row;

    /// <summary>How many engagements the partner has had, and when the last started.</summary>
    public (int Count, DateTime LastAt) EngagementsOf(int partner) =>
        (PartnerStates[partner].Counts.Engagements, PartnerStates[partner].LastEngagementAt);

    /// <summary>What the partner did so far, by industry; null if it is not known.</summary>
    public PartnerHistory? RecordOf(string partnerId)
    {
        if (_partners.Find(partnerId) is not (>= 0 and var partner))
            return null;
        var (state, industry) = (PartnerStates[partner], Settings.IndexOfDimension("industry"));
        var industries = new List<PartnerRecord>();
        foreach (var (value, known) in industry < 0 ? [] : Dimensions[industry])
        {
            if (known.Partners.TryGet(partner, out var counts) && counts.Engagements > 0)
                industries.Add(new(Categories[value], counts.Engagements, counts.Won, counts.Lost));
        }
        return new(
            state.Row,
            state.Counts.Engagements,
            state.Counts.Won,
            state.Counts.Lost,
            [.. industries.OrderByDescending(row => row.Engagements).ThenBy(row => row.Value, StringComparer.Ordinal)]
        );
    }

    /// <summary>True if the partner has worked with the account.</summary>
    public bool HaveWorkedTogether(int partner, string accountId) =>
        FindAccountState(accountId)?.Pairs is { } pairs && pairs.TryGet(partner, out var pair) && pair.Engagements > 0;

    /// <summary>The partners engaged on the opportunity, by number.</summary>
    public IReadOnlyList<int> PartnersOn(string opportunityId) => FindOpportunityState(opportunityId)?.Partners ?? [];

    /// <summary>The account's deals that are open, newest first.</summary>
    public IEnumerable<Opportunity> OpenDealsOf(string accountId)
    {
        for (var at = FindAccountState(accountId)?.LastDeal ?? -1; at >= 0; at = _opportunityStates[at]!.NextOfAccount)
        {
            if (IsOpen(_opportunityStates[at]))
                yield return _opportunityStates[at]!.Row;
        }
    }

    /// <summary>All deals that are open, in the order in which they came.</summary>
    public IEnumerable<Opportunity> OpenDeals => _opportunityStates.Where(IsOpen).Select(state => state!.Row);

    /// <summary>True if the deal is known and open.</summary>
    public bool IsOpen(string opportunityId) => IsOpen(FindOpportunityState(opportunityId));

    /// <summary>A deal that is won or lost without closed_at is not open, though nobody knows when it ended.</summary>
    static bool IsOpen(OpportunityState? state) =>
        state is { Outcome: Outcome.Open, Row: { Outcome: Outcome.Open } or { ClosedAt: not null } };

    internal AccountState? FindAccountState(string id) => _accounts.Find(id) is >= 0 and var at ? AccountStates[at] : null;

    internal OpportunityState? FindOpportunityState(string id) =>
        id.Length > 0 && _opportunities.Find(id) is >= 0 and var at ? _opportunityStates[at] : null;

    /// <summary>Lets outcomes mature that were due strictly before <paramref name="asOf"/>. Call before reading features.</summary>
    public void AdvanceTo(DateTime asOf)
    {
        while (_maturing.TryPeek(out var opportunity, out var due) && due.Due < asOf)
        {
            _maturing.Dequeue();
            var state = _opportunityStates[opportunity]!;
            if (state.Outcome != Outcome.Open && !state.Matured && state.DueAt == due.Due)
                Mature(state, due.Due);
        }
    }

    /// <summary>When the next outcome matures; <see cref="DateTime.MaxValue"/> if none waits. Until then <see cref="AdvanceTo"/> changes nothing.</summary>
    internal DateTime NextMaturesAt => _maturing.TryPeek(out _, out var due) ? due.Due : DateTime.MaxValue;

    /// <summary>Applies one fact. Facts come in the order of <see cref="DatedFact.CompareTo"/>.</summary>
    public void Apply(in DatedFact fact)
    {
        AdvanceTo(fact.AppliedAt);
        if (fact.AppliedAt > SeenUntil)
            SeenUntil = fact.AppliedAt;
        Facts++;
        Apply(fact.Kind, fact.Noun, fact.SeenAt, fact);
    }

    void Apply(FactKind kind, object noun, DateTime seenAt, in DatedFact fact)
    {
        switch (kind)
        {
            case FactKind.Account:
                Apply((Account)noun);
                break;
            case FactKind.Partner:
                Apply((Partner)noun);
                break;
            case FactKind.Certification:
                Apply((Certification)noun);
                break;
            case FactKind.Overlap:
                Apply((AccountOverlap)noun);
                break;
            case FactKind.OpportunityCreated:
                Apply((Opportunity)noun);
                break;
            case FactKind.RegistrationSubmitted:
                if (!fact.IsChange)
                    Partner(((DealRegistration)noun).PartnerId).Registrations++;
                break;
            case FactKind.RegistrationDecided:
                var registration = (DealRegistration)noun;
                if (registration.Status is "approved" or "expired")
                    Account(registration.AccountId).Pair(PartnerIndex(registration.PartnerId)).Registration = registration;
                break;
            case FactKind.Assist:
                if (!fact.IsChange)
                    Apply((Assist)noun);
                break;
            case FactKind.Touch:
                var touch = (Touch)noun;
                if (fact.IsChange)
                    break;
                if (touch.OpportunityId is null || Known(touch.OpportunityId, fact) is not null)
                    Apply(touch);
                break;
            case FactKind.StageEntered:
                var stage = (StageChange)noun;
                if (!fact.IsChange && Known(stage.OpportunityId, fact) is { } staged)
                    Apply(stage, staged);
                break;
            case FactKind.Engagement:
                var engagement = (Engagement)noun;
                if (Known(engagement.OpportunityId, fact) is { } engaged)
                    Apply(engagement, engaged);
                break;
            case FactKind.OpportunityClosed:
                var closed = (Opportunity)noun;
                if (Known(closed.Id, fact) is { } ended)
                    Close(closed, ended, seenAt);
                break;
            case FactKind.Feedback:
                var feedback = (Feedback)noun;
                if (feedback.Event == "declined")
                    Account(feedback.AccountId).Pair(PartnerIndex(feedback.PartnerId)).Declined = feedback;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of fact.");
        }
    }

    /// <summary>The opportunity if it has been seen; otherwise the fact waits until it is.</summary>
    OpportunityState? Known(string opportunityId, in DatedFact fact)
    {
        var state = FindOpportunityState(opportunityId);
        if (state is null)
        {
            ref var waiting = ref CollectionsMarshal.GetValueRefOrAddDefault(_waiting, opportunityId, out _);
            (waiting ??= []).Add(fact);
        }
        return state;
    }

    void Apply(Account row)
    {
        var index = AccountIndex(row.Id);
        var state = AccountStates[index];
        state.Row = row;
        _names.Set(index, row.Name, row.Id);
        state.Values = ValuesOf(Side.Account, name => Column(row, name));
        state.Measures = MeasuresOf(Side.Account, name => Number(row, name));
    }

    void Apply(Partner row)
    {
        var state = Partner(row.Id);
        state.Row = row;
        state.Traits = [.. Settings.PartnerTraits.Select(trait => Split(Column(row, trait), Categories.Of))];
    }

    void Apply(Opportunity row)
    {
        var index = _opportunities.Of(row.Id);
        while (_opportunityStates.Count <= index)
            _opportunityStates.Add(null);
        var values = ValuesOf(Side.Opportunity, name => Column(row, name));
        var measures = MeasuresOf(Side.Opportunity, name => Number(row, name));
        if (_opportunityStates[index] is { } known)
        {
            if (row.Outcome == Outcome.Open && known.Outcome != Outcome.Open)
                Reopen(known);
            (known.Row, known.Values, known.Measures) = (row, values, measures);
            return;
        }
        var accountIndex = AccountIndex(row.AccountId);
        var state = new OpportunityState(row, accountIndex, values, measures);
        _opportunityStates[index] = state;
        var account = AccountStates[accountIndex];
        (state.NextOfAccount, account.LastDeal) = (account.LastDeal, index);
        account.Opportunities++;
        account.DecayedOpportunities += Slow.Weight(row.CreatedAt);
        if (account.Opportunities == 1 || row.CreatedAt < account.FirstOpportunityAt)
            account.FirstOpportunityAt = row.CreatedAt;
        if (row.CreatedAt > account.LastOpportunityAt)
            account.LastOpportunityAt = row.CreatedAt;
        for (var d = 0; d < Dimensions.Length; d++)
        {
            foreach (var value in ValuesOn(d, account, state))
                Value(d, value).Opportunities++;
        }
        if (_waiting.Remove(row.Id, out var waiting))
        {
            foreach (var fact in waiting)
                Apply(fact.Kind, fact.Noun, SeenUntil, fact);
        }
    }

    void Apply(Certification row)
    {
        var held = Partner(row.PartnerId).Certifications ??= [];
        var same = held.FindIndex(other => other.Competency == row.Competency && other.EarnedAt == row.EarnedAt);
        if (same < 0)
            held.Add(row);
        else
            held[same] = row;
    }

    void Apply(AccountOverlap row)
    {
        var partner = PartnerIndex(row.PartnerId);
        ref var pair = ref Account(row.AccountId).Pair(partner);
        if (pair.Overlap is null)
            PartnerStates[partner].Overlaps++;
        pair.Overlap = row;
    }

    void Apply(Assist row)
    {
        var partner = PartnerIndex(row.PartnerId);
        var state = PartnerStates[partner];
        var weight = Slow.Weight(row.At);
        if (row.Given)
            state.AssistsGiven += weight;
        else
            state.AssistsReceived += weight;
        if (row.AccountId is null)
            return;
        ref var pair = ref Account(row.AccountId).Pair(partner);
        if (row.Given)
            pair.AssistsGiven++;
        else
            pair.AssistsReceived++;
    }

    void Apply(Touch row)
    {
        var weight = Fast.Weight(row.At);
        var opportunity = row.OpportunityId is null ? null : FindOpportunityState(row.OpportunityId);
        if (opportunity is not null)
        {
            if (row.PartnerId is null)
                opportunity.OwnTouches += weight;
            else
                opportunity.PartnerTouches += weight;
        }
        var account =
            row.AccountId is not null ? Account(row.AccountId)
            : opportunity is not null ? AccountStates[opportunity.Account]
            : null;
        if (row.PartnerId is null)
        {
            account?.OwnTouches += weight;
            return;
        }
        var partner = PartnerIndex(row.PartnerId);
        if (account is null)
            return;
        account.PartnerTouches += weight;
        ref var pair = ref account.Pair(partner);
        pair.Touches += weight;
        if (row.At > pair.LastTouchAt)
            pair.LastTouchAt = row.At;
    }

    void Apply(StageChange row, OpportunityState state)
    {
        var stage = Categories.Of(Normal(row.Stage));
        if (row.EnteredAt < state.StageAt)
            state.Stages.Insert(0, stage);
        else
        {
            state.Stages.Add(stage);
            state.StageAt = row.EnteredAt;
        }
        if (state.Matured)
            CreditStage(stage, state.Outcome, SeenUntil, 1);
    }

    void Apply(Engagement row, OpportunityState state)
    {
        var partner = PartnerIndex(row.PartnerId);
        if (state.Partners.Contains(partner))
            return;
        var account = AccountStates[state.Account];
        var (slow, fast) = (Slow.Weight(row.StartedAt), Fast.Weight(row.StartedAt));
        var partnerState = PartnerStates[partner];
        if (partnerState.Counts.Engagements == 0 || row.StartedAt < partnerState.FirstEngagementAt)
            partnerState.FirstEngagementAt = row.StartedAt;
        if (row.StartedAt > partnerState.LastEngagementAt)
            partnerState.LastEngagementAt = row.StartedAt;
        partnerState.Counts.Engagements++;
        partnerState.Counts.Decayed += slow;
        partnerState.Short += fast;
        Engagements++;
        DecayedEngagements += slow;
        account.Engagements++;
        ref var pair = ref account.Pair(partner);
        if (pair.Engagements++ == 0)
        {
            partnerState.Accounts++;
            Succeed(partner, account, state);
        }
        pair.DealsSince = account.Opportunities;
        var earlier = Elementary.Log(account.Opportunities);
        ref var deals = ref partnerState.EarlierDeals;
        deals = (deals.Count + 1, deals.Sum + earlier, deals.Squares + earlier * earlier);
        pair.Decayed += slow;
        if (row.StartedAt > pair.LastEngagementAt)
            pair.LastEngagementAt = row.StartedAt;
        for (var d = 0; d < Dimensions.Length; d++)
        {
            foreach (var value in ValuesOn(d, account, state))
            {
                var column = Value(d, value);
                column.Engagements++;
                column.DecayedEngagements += slow;
                ref var counts = ref column.Partners[partner];
                counts.Engagements++;
                counts.Decayed += slow;
            }
        }
        for (var m = 0; m < Settings.Measures.Count; m++)
        {
            var measure = MeasureOn(m, account, state.Measures, row.StartedAt);
            if (double.IsNaN(measure))
                continue;
            ref var sums = ref partnerState.Measures[m];
            sums = (sums.Count + 1, sums.Sum + measure, sums.Squares + measure * measure);
        }
        foreach (var other in state.Partners)
        {
            Meet(partner, other);
            Meet(other, partner);
        }
        state.Partners.Add(partner);
        if (state.Outcome == Outcome.Open)
            partnerState.OpenDeals++;
        if (state.Matured)
            CreditPartner(partner, state, account, 1);
    }

    /// <summary>Counts the partner as one who came to an account after each of those who were there before, on other deals.</summary>
    void Succeed(int partner, AccountState account, OpportunityState deal)
    {
        foreach (var before in account.Pairs!.Partners)
        {
            if (before == partner || account.Pairs[before].Engagements == 0 || deal.Partners.Contains(before))
                continue;
            var successors = PartnerStates[before].Successors ??= [];
            CollectionsMarshal.GetValueRefOrAddDefault(successors, partner, out _)++;
        }
    }

    void Meet(int partner, int other)
    {
        var neighbours = PartnerStates[partner].Neighbours ??= [];
        CollectionsMarshal.GetValueRefOrAddDefault(neighbours, other, out _)++;
    }

    void Close(Opportunity row, OpportunityState state, DateTime seenAt)
    {
        if (state.Outcome == row.Outcome)
            return;
        if (state.Outcome != Outcome.Open)
            Reopen(state);
        state.Outcome = row.Outcome;
        foreach (var partner in state.Partners)
            PartnerStates[partner].OpenDeals--;
        var account = AccountStates[state.Account];
        if (row.Outcome == Outcome.Won)
        {
            account.Won++;
            if (row.ClosedAt > account.LastWonAt)
                account.LastWonAt = row.ClosedAt.Value;
        }
        else
            account.Lost++;
        var due =
            row.CreatedAt > DateTime.MaxValue.AddDays(-Settings.MaturityDays)
                ? DateTime.MaxValue
                : row.CreatedAt.AddDays(Settings.MaturityDays);
        state.DueAt = due < seenAt ? seenAt : due;
        var index = _opportunities.Find(row.Id);
        _maturing.Enqueue(index, (state.DueAt, index));
    }

    /// <summary>Takes back what closing the deal counted: its outcome was corrected, or it is open again.</summary>
    void Reopen(OpportunityState state)
    {
        var account = AccountStates[state.Account];
        if (state.Outcome == Outcome.Won)
            account.Won--;
        else
            account.Lost--;
        if (state.Matured)
            Credit(state, state.DueAt, -1);
        state.Matured = false;
        state.Outcome = Outcome.Open;
        foreach (var partner in state.Partners)
            PartnerStates[partner].OpenDeals++;
    }

    void Mature(OpportunityState state, DateTime at)
    {
        state.Matured = true;
        if (at > MaturedUntil)
            MaturedUntil = at;
        Credit(state, at, 1);
    }

    void Credit(OpportunityState state, DateTime at, int times)
    {
        var account = AccountStates[state.Account];
        var weight = OutcomeDecay.Weight(at);
        var won = state.Outcome == Outcome.Won;
        Outcomes.Add(won, weight, times);
        for (var d = 0; d < Dimensions.Length; d++)
        {
            foreach (var value in ValuesOn(d, account, state))
                Value(d, value).Outcomes.Add(won, weight, times);
        }
        foreach (var stage in state.Stages)
            CreditStage(stage, state.Outcome, at, times);
        foreach (var partner in state.Partners)
            CreditPartner(partner, state, account, times);
    }

    void CreditStage(int stage, Outcome outcome, DateTime at, int times) =>
        CollectionsMarshal
            .GetValueRefOrAddDefault(StageOutcomes, stage, out _)
            .Add(outcome == Outcome.Won, OutcomeDecay.Weight(at), times);

    void CreditPartner(int partner, OpportunityState state, AccountState account, int times)
    {
        var won = state.Outcome == Outcome.Won;
        void Add(ref int wins, ref int losses)
        {
            if (won)
                wins += times;
            else
                losses += times;
        }
        Add(ref PartnerStates[partner].Counts.Won, ref PartnerStates[partner].Counts.Lost);
        ref var pair = ref account.Pair(partner);
        Add(ref pair.Won, ref pair.Lost);
        for (var d = 0; d < Dimensions.Length; d++)
        {
            foreach (var value in ValuesOn(d, account, state))
            {
                ref var counts = ref Value(d, value).Partners[partner];
                Add(ref counts.Won, ref counts.Lost);
            }
        }
    }

    internal int[] ValuesOn(int dimension, AccountState? account, OpportunityState opportunity) =>
        ValuesOn(dimension, account, opportunity.Values);

    internal int[] ValuesOn(int dimension, AccountState? account, int[][] opportunityValues)
    {
        var values = Settings.Dimensions[dimension].Of == Side.Account ? account?.Values ?? [] : opportunityValues;
        return values.Length == 0 ? _noValues : values[dimension];
    }

    /// <summary>The measure on the scale on which it is compared: signed logarithm of a number, years before the moment of a date. NaN if absent.</summary>
    internal double MeasureOn(int measure, AccountState? account, double[] opportunityMeasures, DateTime at)
    {
        var settings = Settings.Measures[measure];
        var value = settings.Of == Side.Account ? account?.Measures[measure] ?? double.NaN : opportunityMeasures[measure];
        if (double.IsNaN(value))
            return value;
        return settings.IsDate ? (Decay.Days(at) - value) / 365.25 : Math.CopySign(Elementary.Log(1 + Math.Abs(value)), value);
    }

    /// <summary>The values of the opportunity's own dimensions, by dimension; empty for dimensions of the account.</summary>
    internal int[][] ValuesOf(Opportunity row) => ValuesOf(Side.Opportunity, name => Column(row, name), Categories.Find);

    /// <summary>The opportunity's own measures, by measure; NaN for measures of the account and what is absent.</summary>
    internal double[] MeasuresOf(Opportunity row) => MeasuresOf(Side.Opportunity, name => Number(row, name));

    internal ValueState? FindValue(int dimension, int value) => Dimensions[dimension].GetValueOrDefault(value);

    ValueState Value(int dimension, int value)
    {
        ref var state = ref CollectionsMarshal.GetValueRefOrAddDefault(Dimensions[dimension], value, out _);
        return state ??= new();
    }

    int[][] ValuesOf(Side side, Func<string, string?> column, Func<string, int>? number = null)
    {
        var values = new int[Settings.Dimensions.Count][];
        for (var d = 0; d < values.Length; d++)
            values[d] =
                Settings.Dimensions[d].Of == side
                    ? Split(column(Settings.Dimensions[d].Name), number ?? Categories.Of)
                    : _noValues;
        return values;
    }

    double[] MeasuresOf(Side side, Func<string, double> number)
    {
        var measures = AccountState.NoMeasures(Settings.Measures.Count);
        for (var m = 0; m < measures.Length; m++)
        {
            if (Settings.Measures[m].Of == side)
                measures[m] = number(Settings.Measures[m].Name);
        }
        return measures;
    }

    static int[] Split(string? text, Func<string, int> number)
    {
        if (string.IsNullOrWhiteSpace(text))
            return _noValues;
        return text.Contains('|')
            ?
            [
                .. text.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Select(Normal)
                    .Distinct()
                    .Select(number),
            ]
            : [number(Normal(text))];
    }

    internal static string Normal(string text) => text.Trim().ToLowerInvariant();

    internal static string? Column(Account row, string name) =>
        name switch
        {
            "industry" => row.Industry,
            "country" => row.Country,
            "region" => row.Region,
            _ => row.Attributes[name],
        };

    internal static string? Column(Partner row, string name) =>
        name switch
        {
            "partner_type" => row.PartnerType,
            "tier" => row.Tier,
            "industries" => row.Industries,
            "regions" => row.Regions,
            "competencies" => row.Competencies,
            _ => row.Attributes[name],
        };

    internal static string? Column(Opportunity row, string name) =>
        name switch
        {
            "product" => row.Product,
            "currency" => row.Currency,
            "owner" => row.Owner,
            _ => row.Attributes[name],
        };

    static double Number(Account row, string name) =>
        name switch
        {
            "employee_count" => row.EmployeeCount ?? double.NaN,
            "annual_revenue" => row.AnnualRevenue ?? double.NaN,
            "created_at" => Days(row.CreatedAt),
            _ => Number(row.Attributes[name]),
        };

    static double Number(Opportunity row, string name) =>
        name switch
        {
            "amount" => row.Amount ?? double.NaN,
            "expected_close_at" => Days(row.ExpectedCloseAt),
            _ => Number(row.Attributes[name]),
        };

    static double Days(DateTime? at) => at is { } date ? Decay.Days(date) : double.NaN;

    static double Number(string? text)
    {
        if (text is null)
            return double.NaN;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return number;
        return Instants.TryParse(text, out var at) ? Decay.Days(at) : double.NaN;
    }

    int AccountIndex(string id)
    {
        var index = _accounts.Of(id);
        if (index == AccountStates.Count)
            AccountStates.Add(new(id, Settings.Measures.Count));
        return index;
    }

    int PartnerIndex(string id)
    {
        var index = _partners.Of(id);
        if (index == PartnerStates.Count)
            PartnerStates.Add(new(id, Settings.Measures.Count));
        return index;
    }

    AccountState Account(string id) => AccountStates[AccountIndex(id)];

    PartnerState Partner(string id) => PartnerStates[PartnerIndex(id)];
}
