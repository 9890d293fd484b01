using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>A decision with what the history says about it, looked up once for all candidates.</summary>
sealed class DecisionView
{
    readonly HistoryState _state;

    public DecisionView(HistoryState state)
    {
        _state = state;
        Values = new List<ValueState>[state.Dimensions.Length];
        ValueIds = new int[state.Settings.Dimensions.Count][];
        for (var d = 0; d < Values.Length; d++)
            Values[d] = [];
        Measures = new double[state.Settings.Measures.Count];
        Under = new (double, double)[Values.Length];
    }

    public HistoryState State => _state;

    public FoldSettings Settings => _state.Settings;

    public Decision Decision { get; private set; } = null!;

    public DateTime AsOf => Decision.AsOf;

    public AccountState? Account { get; private set; }

    public OpportunityState? Opportunity { get; private set; }

    /// <summary>Counts of its values, by dimension and then by cross.</summary>
    public List<ValueState>[] Values { get; }

    /// <summary>Its values, by dimension.</summary>
    public int[][] ValueIds { get; }

    public double[] Measures { get; }

    /// <summary>The engagements of all partners under its values, and the same decayed, by dimension and then by cross.</summary>
    public (double Engagements, double Decayed)[] Under { get; }

    public double SlowScale { get; private set; }

    public double FastScale { get; private set; }

    public double OutcomeScale { get; private set; }

    public double WinRate { get; private set; }

    public double? ShrunkTo { get; set; }

    public void Look(Decision decision)
    {
        Decision = decision;
        _state.AdvanceTo(decision.AsOf);
        Account =
            _state.FindAccountState(decision.Opportunity.AccountId)
            ?? (decision.NewAccount is { } row ? _state.Imagine(row) : null);
        Opportunity = _state.FindOpportunityState(decision.Opportunity.Id);
        SlowScale = _state.Slow.Scale(decision.AsOf.Date);
        FastScale = _state.Fast.Scale(decision.AsOf.Date);
        OutcomeScale = _state.OutcomeDecay.Scale(decision.AsOf.Date);
        var outcomes = _state.Outcomes.All;
        WinRate = ShrunkTo ?? (outcomes.Won + 1.0) / (outcomes.Won + outcomes.Lost + 2.0);
        var values = _state.ValuesOf(decision.Opportunity);
        var measures = _state.MeasuresOf(decision.Opportunity);
        for (var d = 0; d < Values.Length; d++)
        {
            if (d < ValueIds.Length)
                ValueIds[d] = _state.ValuesOn(d, Account, values);
            Values[d].Clear();
            var (engagements, decayed) = (0.0, 0.0);
            foreach (var value in _state.KeysOn(d, Account, values))
            {
                if (_state.FindValue(d, value) is not { } known)
                    continue;
                Values[d].Add(known);
                engagements += known.Engagements;
                decayed += known.DecayedEngagements;
            }
            Under[d] = (engagements, decayed);
        }
        for (var m = 0; m < Measures.Length; m++)
            Measures[m] = _state.MeasureOn(m, Account, measures, decision.AsOf);
        LookAtNeighbours();
    }

    /// <summary>Shrinks a rate toward the overall win rate.</summary>
    public double Smoothed(double won, double lost) => (won + Settings.Smoothing * WinRate) / (won + lost + Settings.Smoothing);

    /// <summary>For each partner, how often it worked beside the account's earlier partners (cosine, before its own norm).</summary>
    public PartnerAffinity CoEngagement { get; } = new();

    /// <summary>For each partner, how often it came to an account after the account's earlier partners, per account of theirs.</summary>
    public PartnerAffinity Succession { get; } = new();

    void LookAtNeighbours()
    {
        CoEngagement.Clear(_state.PartnerCount);
        Succession.Clear(_state.PartnerCount);
        if (Account?.Pairs is not { } pairs)
            return;
        foreach (var partner in pairs.Partners)
        {
            if (pairs[partner].Engagements == 0)
                continue;
            var state = _state.PartnerStates[partner];
            CoEngagement.Add(state.Neighbours, 1 / Math.Sqrt(state.Counts.Engagements));
            Succession.Add(state.Successors, 1 / (state.Accounts + 3.0));
        }
    }
}

/// <summary>A relation of every partner to the account's earlier partners: sum, strongest, and how many of them.</summary>
sealed class PartnerAffinity
{
    readonly List<int> _met = [];
    (double Sum, double Best, int Count)[] _of = [];

    public (double Sum, double Best, int Count) this[int partner] => partner < _of.Length ? _of[partner] : default;

    public void Clear(int partners)
    {
        foreach (var partner in _met)
            _of[partner] = default;
        _met.Clear();
        if (_of.Length < partners)
            Array.Resize(ref _of, partners + 64);
    }

    public void Add(Dictionary<int, int>? others, double norm)
    {
        if (others is null)
            return;
        foreach (var (other, times) in others)
        {
            ref var of = ref _of[other];
            if (of.Count == 0)
                _met.Add(other);
            of = (of.Sum + times * norm, Math.Max(of.Best, times * norm), of.Count + 1);
        }
    }
}

/// <summary>A candidate beside a decision. One object is filled again for each candidate.</summary>
sealed class PairView(DecisionView decision)
{
    public DecisionView Decision { get; } = decision;

    public int Index { get; private set; }

    public PartnerState Partner { get; private set; } = null!;

    /// <summary>A field, so that reading one number does not copy the rest.</summary>
    public PairHistory Pair;

    /// <summary>The overlap with the account that is live at the decision, or null.</summary>
    public CoSell.AccountOverlap? LiveOverlap => Pair.Overlaps is null ? null : Pair.LiveOverlap(Decision.AsOf);

    /// <summary>True if a live overlap with the account is of that population.</summary>
    public bool IsOverlap(string population)
    {
        foreach (var overlap in Pair.Overlaps ?? [])
        {
            if (overlap.Population == population && overlap.IsLive(Decision.AsOf))
                return true;
        }
        return false;
    }

    /// <summary>The registration on the account that is live at the decision, or null.</summary>
    public CoSell.DealRegistration? LiveRegistration => Pair.Registrations is null ? null : Pair.LiveRegistration(Decision.AsOf);

    public PartnerCounts[] Values { get; } = new PartnerCounts[decision.Values.Length];

    public (double Sum, double Best, int Count) CoEngagement { get; private set; }

    public void Look(int partner)
    {
        Index = partner;
        Partner = Decision.State.PartnerStates[partner];
        Pair = Decision.Account?.Pairs is { } pairs && pairs.TryGet(partner, out var pair) ? pair : default;
        for (var d = 0; d < Values.Length; d++)
        {
            PartnerCounts sum = default;
            foreach (var value in Decision.Values[d])
            {
                if (!value.Partners.TryGet(partner, out var counts))
                    continue;
                sum.Engagements += counts.Engagements;
                sum.Decayed += counts.Decayed;
                sum.Won += counts.Won;
                sum.Lost += counts.Lost;
            }
            Values[d] = sum;
        }
        var (total, best, count) = Decision.CoEngagement[partner];
        var norm = 1 / Math.Sqrt(Math.Max(1, Partner.Counts.Engagements));
        CoEngagement = (total * norm, best * norm, count);
    }
}
