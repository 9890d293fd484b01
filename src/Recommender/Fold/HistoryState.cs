using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// The fold of dated facts, in the order in which they could be seen: a ledger for each subject, each able to take back what it added.
/// Whatever was corrected, moved or deleted on the way, the state is that of the rows as they stand now, as if each had stood so since it
/// was first known. Training replays it to each past decision; serving keeps the same object up to date. Not safe for use by several
/// threads at once while facts are applied.
/// </summary>
public sealed partial class HistoryState
{
    static readonly int[] _noValues = [];
    readonly Ids _accounts = new();
    readonly Ids _partners = new();
    readonly Ids _opportunities = new();
    readonly Dictionary<OpportunityId, List<DatedFact>> _waiting = [];
    readonly Dictionary<FactKind, Ledger> _byKind;
    readonly Ledger?[] _ledgers;
    readonly bool[] _isRanked = [.. FactKind.All.Select(kind => FactTables.MakesFeatures(kind))];
    readonly (int Left, int Right)[] _crosses;

    /// <summary>An empty history.</summary>
    /// <exception cref="InvalidDataException">A cross names something that is no dimension.</exception>
    public HistoryState(FoldSettings settings)
    {
        Settings = settings;
        Slow = new(settings.HalfLifeDays);
        Fast = new(settings.ShortHalfLifeDays);
        OutcomeDecay = new(settings.OutcomeHalfLifeDays);
        _crosses = [.. settings.Crosses.Select(cross => (DimensionOf(cross, cross.Left), DimensionOf(cross, cross.Right)))];
        Dimensions = new Dictionary<long, ValueState>[settings.Dimensions.Count + _crosses.Length];
        for (var d = 0; d < Dimensions.Length; d++)
            Dimensions[d] = [];
        Names = new(this);
        PartnerNames = new(this);
        Pipeline = new(this);
        Outcomes = new(this);
        Engagements = new(this);
        Touches = new(this);
        Rates = new(this);
        Merges = new(this);
        Registrations = new(this);
        Companies = new(this);
        Sellers = new(this);
        _byKind = new()
        {
            [FactKind.Account] = Names,
            [FactKind.Partner] = PartnerNames,
            [FactKind.Certification] = new Certifications(this),
            [FactKind.Overlap] = new Overlaps(this),
            [FactKind.OpportunityCreated] = Pipeline,
            [FactKind.RegistrationSubmitted] = Registrations,
            [FactKind.RegistrationDecided] = new DecidedRegistrations(this),
            [FactKind.StageEntered] = new Stages(this),
            [FactKind.Touch] = Touches,
            [FactKind.Assist] = new Assists(this),
            [FactKind.Engagement] = Engagements,
            [FactKind.OpportunityClosed] = Outcomes,
            [FactKind.Feedback] = new Declines(this),
            [FactKind.ExchangeRate] = Rates,
            [FactKind.Merge] = Merges,
        };
        foreach (var (kind, open) in LedgerRegister.All)
            _byKind.Add(kind, open(this));
        _ledgers = new Ledger?[_byKind.Keys.Max(kind => kind.Order) + 1];
        foreach (var (kind, ledger) in _byKind)
            _ledgers[kind.Order] = ledger;
    }

    int DimensionOf(Cross cross, string name) =>
        Settings.IndexOfDimension(name) is >= 0 and var d
            ? d
            : throw new InvalidDataException(
                $"{cross.Name} crosses {name}; expected one of {string.Join(", ", Settings.Dimensions.Select(one => one.Name))}."
            );

    /// <summary>What is kept count of.</summary>
    public FoldSettings Settings { get; }

    /// <summary>How many facts were applied.</summary>
    public long Facts { get; private set; }

    /// <summary>
    /// How many facts were applied that the ranking of an account may see which they do not name: all but those of tables that no feature is
    /// made of, and accounts that are new.
    /// </summary>
    internal long RankedFacts { get; private set; }

    /// <summary>When the newest fact could be seen; <see cref="DateTime.MinValue"/> before the first.</summary>
    public DateTime SeenUntil { get; private set; }

    /// <summary>When the newest outcome matured; <see cref="DateTime.MinValue"/> before the first.</summary>
    internal DateTime MaturedUntil => Outcomes.MaturedUntil;

    /// <summary>How many partners are known.</summary>
    public int PartnerCount => PartnerStates.Count;

    /// <summary>How many accounts are known.</summary>
    public int AccountCount => AccountStates.Count;

    internal List<AccountState> AccountStates { get; } = [];

    internal List<PartnerState> PartnerStates { get; } = [];

    internal List<OpportunityState?> OpportunityStates { get; } = [];

    /// <summary>The values of each dimension, and after them those of each cross, by <see cref="ValueKeys"/>.</summary>
    internal Dictionary<long, ValueState>[] Dimensions { get; }

    internal Categories Categories { get; } = new();

    internal AccountNames Names { get; }

    internal PartnerNames PartnerNames { get; }

    internal Pipeline Pipeline { get; }

    internal Outcomes Outcomes { get; }

    internal Engagements Engagements { get; }

    internal Touches Touches { get; }

    internal ExchangeRates Rates { get; }

    internal MergedCompanies Merges { get; }

    internal Registrations Registrations { get; }

    internal CompanyBook Companies { get; }

    internal Sellers Sellers { get; }

    internal Decay Slow { get; }

    internal Decay Fast { get; }

    internal Decay OutcomeDecay { get; }

    /// <summary>The ledger of a kind of fact, such as one that a capability folds.</summary>
    /// <exception cref="KeyNotFoundException">Nothing folds that kind.</exception>
    public Ledger LedgerOf(FactKind kind) => _byKind[kind];

    /// <summary>Applies one fact. Facts come in the order of <see cref="DatedFact.CompareTo"/>.</summary>
    /// <exception cref="InvalidOperationException">A fact is taken back that was never taken in.</exception>
    public void Apply(in DatedFact fact)
    {
        AdvanceTo(fact.AppliedAt);
        if (fact.AppliedAt > SeenUntil)
            SeenUntil = fact.AppliedAt;
        Facts++;
        if (fact.Kind != FactKind.Account || fact.IsRetraction || fact.Replaced is not null)
            RankedFacts += fact.Kind.Order >= _isRanked.Length || _isRanked[fact.Kind.Order] ? 1 : 0;
        if (fact.Kind.Order < _ledgers.Length)
            _ledgers[fact.Kind.Order]?.Apply(fact);
    }

    /// <summary>Lets outcomes mature that were due strictly before <paramref name="asOf"/>. Call before reading features.</summary>
    public void AdvanceTo(DateTime asOf) => Outcomes.AdvanceTo(asOf);

    /// <summary>When the next outcome matures; <see cref="DateTime.MaxValue"/> if none waits. Until then <see cref="AdvanceTo"/> changes nothing.</summary>
    internal DateTime NextMaturesAt => Outcomes.NextMaturesAt;

    /// <summary>The opportunity if it has been seen; otherwise the fact waits until it is.</summary>
    internal OpportunityState? Known(OpportunityId opportunityId, in DatedFact fact)
    {
        var state = FindOpportunityState(opportunityId);
        if (state is null)
        {
            if (!_waiting.TryGetValue(opportunityId, out var waiting))
                _waiting.Add(opportunityId, waiting = []);
            waiting.Add(fact with { Replaced = null });
        }
        return state;
    }

    /// <summary>Takes a fact back that waits for its opportunity; null if it does not, else when it was first known.</summary>
    internal DateTime? TakeBackWaiting(OpportunityId opportunityId, in DatedFact fact)
    {
        if (!_waiting.TryGetValue(opportunityId, out var waiting))
            return null;
        for (var i = 0; i < waiting.Count; i++)
        {
            if (waiting[i].Kind != fact.Kind || waiting[i].Key != fact.Key)
                continue;
            var knownAt = waiting[i].AppliedAt;
            waiting.RemoveAt(i);
            if (waiting.Count == 0)
                _waiting.Remove(opportunityId);
            return knownAt;
        }
        return null;
    }

    /// <summary>Applies what waited for an opportunity.</summary>
    internal void Awake(OpportunityId opportunityId)
    {
        if (!_waiting.Remove(opportunityId, out var waiting))
            return;
        foreach (var fact in waiting)
            _byKind[fact.Kind].Apply(fact);
    }

    /// <summary>Takes back what the deal adds to every count, changes it, and counts it again.</summary>
    internal void Recount(OpportunityState deal, Action change)
    {
        CountDeal(deal, -1);
        change();
        CountDeal(deal, 1);
    }

    /// <summary>What a deal adds to the counts, by its own columns and its account's, its partners and its outcome.</summary>
    internal void CountDeal(OpportunityState deal, int times)
    {
        Pipeline.Count(deal, times);
        for (var e = 0; e < deal.Engagements.Length; e++)
        {
            if (deal.Counts(e))
                Engagements.Count(deal, e, times);
        }
        if (deal.Outcome != Outcome.Open)
            Outcomes.Count(deal, times);
    }

    internal int AccountIndex(AccountId id)
    {
        var index = _accounts.Of(id.Value);
        if (index == AccountStates.Count)
            AccountStates.Add(new(id, Settings.Measures.Count));
        return index;
    }

    internal int PartnerIndex(PartnerId id)
    {
        var index = _partners.Of(id.Value);
        if (index == PartnerStates.Count)
            PartnerStates.Add(new(id, Settings.Measures.Count));
        return index;
    }

    internal int OpportunityIndex(OpportunityId id)
    {
        var index = _opportunities.Of(id.Value);
        while (OpportunityStates.Count <= index)
            OpportunityStates.Add(null);
        return index;
    }

    internal AccountState Account(AccountId id) => AccountStates[AccountIndex(id)];

    internal PartnerState Partner(PartnerId id) => PartnerStates[PartnerIndex(id)];

    /// <summary>An account as it would stand here if its row were known; what it is named by is not taken in.</summary>
    internal AccountState Imagine(Account row) =>
        new(row.Id, Settings.Measures.Count)
        {
            Row = row,
            Values = ValuesOf(Side.Account, name => Columns.Column(row, name), Categories.FindAll),
            Measures = MeasuresOf(Side.Account, name => Columns.Number(row, name)),
        };

    internal IEnumerable<OpportunityState> DealsOf(AccountState account)
    {
        for (var at = account.LastDeal; at >= 0; at = OpportunityStates[at]!.NextOfAccount)
            yield return OpportunityStates[at]!;
    }

    internal ValueKeys KeysOn(int dimension, AccountState? account, OpportunityState opportunity) =>
        KeysOn(dimension, account, opportunity.Values);

    /// <summary>What a decision counts under in a dimension or cross, by the position in <see cref="Dimensions"/>.</summary>
    internal ValueKeys KeysOn(int dimension, AccountState? account, int[][] opportunityValues)
    {
        if (dimension < Settings.Dimensions.Count)
            return new(ValuesOn(dimension, account, opportunityValues), null);
        var (left, right) = _crosses[dimension - Settings.Dimensions.Count];
        return new(ValuesOn(left, account, opportunityValues), ValuesOn(right, account, opportunityValues));
    }

    internal int[] ValuesOn(int dimension, AccountState? account, int[][] opportunityValues)
    {
        var values = Settings.Dimensions[dimension].Of == Side.Account ? account?.Values ?? [] : opportunityValues;
        return values.Length == 0 ? _noValues : values[dimension];
    }

    /// <summary>The measure on the scale on which it is compared: signed logarithm of a number, years before the moment of a date. NaN if absent, or a date ahead that nobody planned.</summary>
    internal double MeasureOn(int measure, AccountState? account, double[] opportunityMeasures, DateTime at)
    {
        var settings = Settings.Measures[measure];
        var value = settings.Of == Side.Account ? account?.Measures[measure] ?? double.NaN : opportunityMeasures[measure];
        if (double.IsNaN(value))
            return value;
        if (!settings.IsDate)
            return Compressed(value);
        var years = YearsBefore(value, at);
        return years < 0 && settings.Name != "expected_close_at" ? double.NaN : years;
    }

    /// <summary>A number on the scale on which numbers are compared.</summary>
    internal static double Compressed(double number) => Math.CopySign(Elementary.Log(1 + Math.Abs(number)), number);

    /// <summary>Years, in days of the calendar, from a day, as <see cref="Decay.Days"/> counts, to a moment.</summary>
    internal static double YearsBefore(double day, DateTime at) => (Math.Floor(Decay.Days(at)) - Math.Floor(day)) / 365.25;

    /// <summary>The opportunity's own measures, by measure; NaN for measures of the account and what is absent.</summary>
    internal double[] MeasuresOf(Opportunity row) =>
        MeasuresOf(
            Side.Opportunity,
            name => name == "amount" ? WorthOf(row, Settings.BaseCurrency) ?? double.NaN : Columns.Number(row, name)
        );

    /// <summary>The values of the opportunity's own dimensions, by dimension; empty for dimensions of the account.</summary>
    internal int[][] ValuesOf(Opportunity row) =>
        ValuesOf(Side.Opportunity, name => Columns.Column(row, name), Categories.FindAll);

    /// <summary>The value's counts; null if no deal has it.</summary>
    internal ValueState? FindValue(int dimension, long value) =>
        Dimensions[dimension].TryGetValue(value, out var state) && state.Opportunities > 0 ? state : null;

    internal ValueState Value(int dimension, long value)
    {
        ref var state = ref CollectionsMarshal.GetValueRefOrAddDefault(Dimensions[dimension], value, out _);
        return state ??= new();
    }

    internal int[][] ValuesOf(Side side, Func<string, string?> column, Func<string?, int[]> split)
    {
        var values = new int[Settings.Dimensions.Count][];
        for (var d = 0; d < values.Length; d++)
            values[d] = Settings.Dimensions[d].Of == side ? split(column(Settings.Dimensions[d].Name)) : _noValues;
        return values;
    }

    internal double[] MeasuresOf(Side side, Func<string, double> number)
    {
        var measures = AccountState.NoMeasures(Settings.Measures.Count);
        for (var m = 0; m < measures.Length; m++)
        {
            if (Settings.Measures[m].Of == side)
                measures[m] = number(Settings.Measures[m].Name);
        }
        return measures;
    }
}
