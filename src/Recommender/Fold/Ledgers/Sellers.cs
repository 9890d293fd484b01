using Recommender.CoSell;

namespace Recommender.Fold;

/// <summary>Deals that were won and lost.</summary>
readonly record struct WonAndLost(int Won, int Lost)
{
    /// <summary>All of them.</summary>
    public int All => Won + Lost;

    /// <summary>With one more, or one less.</summary>
    public WonAndLost With(bool won, int times) => won ? this with { Won = Won + times } : this with { Lost = Lost + times };
}

/// <summary>What one of our own people sells.</summary>
sealed class SellerState
{
    readonly List<DateTime> _created = [];
    readonly SortedDictionary<string, int> _spellings = new(StringComparer.Ordinal);

    /// <summary>What it is called: as it stands on most of its deals; of several the first by letter.</summary>
    public string Name => _spellings.MaxBy(one => one.Value).Key;

    /// <summary>Deals of its own that are open.</summary>
    public int Open { get; set; }

    /// <summary>Mature outcomes of deals that no partner was on when they began; one that came later, the seller may have brought.</summary>
    public WonAndLost Own { get; set; }

    /// <summary>The same by dimension and value.</summary>
    public Dictionary<(int Dimension, long Value), WonAndLost> ByValue { get; } = [];

    /// <summary>When its last deal was created; <see cref="DateTime.MinValue"/> if it has none.</summary>
    public DateTime LastAt => _created.Count > 0 ? _created[^1] : DateTime.MinValue;

    /// <summary>True if it owns a deal.</summary>
    public bool IsThere => _created.Count > 0;

    /// <summary>Counts a deal, or takes it back.</summary>
    public void Count(string owner, DateTime createdAt, int times)
    {
        if ((_spellings[owner] = _spellings.GetValueOrDefault(owner) + times) == 0)
            _spellings.Remove(owner);
        var place = _created.Count == 0 || createdAt > _created[^1] ? ~_created.Count : _created.BinarySearch(createdAt);
        if (times > 0)
            _created.Insert(place < 0 ? ~place : place, createdAt);
        else
            _created.RemoveAt(place);
    }
}

/// <summary>
/// What our own people won and lost of deals that began without a partner, by who and what the account and the deal are. A count of deals, made anew from them
/// where a fold is read.
/// </summary>
sealed class Sellers(HistoryState state)
{
    static readonly string[] _columns = ["industry", "region", "product"];
    static readonly TimeSpan _day = TimeSpan.FromDays(1);
    readonly int[] _dimensions = [.. _columns.Select(state.Settings.IndexOfDimension).Where(dimension => dimension >= 0)];
    readonly Dictionary<string, SellerState> _of = new(TextKey.Comparer);
    SellerSpread? _spread;

    /// <summary>All of them together.</summary>
    public SellerState All { get; } = new();

    /// <summary>By what they are told apart: dimensions of <see cref="FoldSettings"/>.</summary>
    public IReadOnlyList<int> Dimensions => _dimensions;

    /// <summary>Everybody who owns a deal, in no useful order.</summary>
    public IEnumerable<SellerState> There => _of.Values.Where(seller => seller.IsThere);

    /// <summary>Who owns deals under a name, however it is spelt; null if nobody does.</summary>
    public SellerState? Find(string owner) => _of.GetValueOrDefault(owner);

    /// <summary>Counts a deal.</summary>
    public void Count(OpportunityState deal, int times)
    {
        if (deal.Row.Owner is not { } owner)
            return;
        if (!_of.TryGetValue(owner, out var seller))
            _of.Add(owner, seller = new());
        seller.Count(owner, deal.Row.CreatedAt, times);
        if (deal.IsOpen)
            seller.Open += times;
    }

    /// <summary>Counts that a deal is open.</summary>
    public void CountOpen(OpportunityState deal, int times)
    {
        if (deal.Row.Owner is { } owner)
            _of[owner].Open += times;
    }

    /// <summary>How far they differ.</summary>
    public SellerSpread Spread => _spread ??= SellerSpread.Of(this);

    /// <summary>Counts the mature outcome of a deal, if it began without a partner.</summary>
    public void Credit(OpportunityState deal, int times)
    {
        if (deal.Row.Owner is not { } owner || BeganWithPartner(deal))
            return;
        _spread = null;
        var (won, seller) = (deal.Outcome == Outcome.Won, _of[owner]);
        seller.Own = seller.Own.With(won, times);
        All.Own = All.Own.With(won, times);
        var account = state.AccountStates[deal.Account];
        foreach (var dimension in _dimensions)
        {
            foreach (var value in state.KeysOn(dimension, account, deal))
            {
                Credit(seller.ByValue, (dimension, value), won, times);
                Credit(All.ByValue, (dimension, value), won, times);
            }
        }
    }

    // Dates often come without an hour.
    static bool BeganWithPartner(OpportunityState deal)
    {
        for (var e = 0; e < deal.Engagements.Length; e++)
        {
            if (deal.Counts(e) && deal.Engagements[e].StartedAt - deal.Row.CreatedAt < _day)
                return true;
        }
        return false;
    }

    static void Credit(Dictionary<(int, long), WonAndLost> counts, (int, long) key, bool won, int times)
    {
        var count = counts.GetValueOrDefault(key).With(won, times);
        if (count.All == 0)
            counts.Remove(key);
        else
            counts[key] = count;
    }

    /// <summary>Counts all deals of a fold that was read.</summary>
    public void CountAll()
    {
        foreach (var deal in state.OpportunityStates)
        {
            if (deal is null)
                continue;
            Count(deal, 1);
            if (deal.Matured)
                Credit(deal, 1);
        }
    }
}
