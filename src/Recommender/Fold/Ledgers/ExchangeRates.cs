using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// Exchange rates by currency and day. Where features are in a base currency, deals in others are counted anew when a rate of theirs comes or
/// goes: the state is the same in whatever order deals and rates were told.
/// </summary>
sealed class ExchangeRates(HistoryState state) : Ledger<ExchangeRate>
{
    // By date, and of several spellings of one currency by that.
    readonly Dictionary<string, List<ExchangeRate>> _rates = [];
    readonly SortedSet<(DateTime CreatedAt, int Deal)> _foreign = [];

    static readonly Comparer<ExchangeRate> _order = Comparer<ExchangeRate>.Create(
        (x, y) => x.Date != y.Date ? x.Date.CompareTo(y.Date) : string.CompareOrdinal(x.Currency, y.Currency)
    );

    string? Base => state.Settings.BaseCurrency;

    /// <summary>An amount in another currency; null if either has no rate. One without a currency is in that already.</summary>
    /// <param name="amount">The amount.</param>
    /// <param name="currency">What it is in.</param>
    /// <param name="into">What it is to be in; null for as it stands.</param>
    /// <param name="at">The day.</param>
    public double? Convert(double? amount, string? currency, string? into, DateTime at)
    {
        if (into is null || Currency.Of(currency) is not { } code || code == into)
            return amount;
        // The base has no rate, unless rates are quoted in another currency.
        return amount * RateAt(code, at) / (RateAt(into, at) ?? 1);
    }

    double? RateAt(string code, DateTime at)
    {
        if (!_rates.TryGetValue(code, out var rates))
            return null;
        var after = rates.FindIndex(rate => rate.Date > at);
        return (after < 0 ? rates[^1] : rates[Math.Max(0, after - 1)]).Rate;
    }

    /// <summary>Notes that a deal is there, or that it is not any more.</summary>
    public void Follow(Opportunity row, int deal, bool isThere)
    {
        if (Base is null || Currency.Of(row.Currency) is not { } code || code == Base)
            return;
        if (isThere)
            _foreign.Add((row.CreatedAt, deal));
        else
            _foreign.Remove((row.CreatedAt, deal));
    }

    /// <inheritdoc/>
    public override void Write(SnapshotWriter to)
    {
        to.Write(_rates.Sum(pair => pair.Value.Count));
        foreach (var (currency, date, rate) in _rates.Values.SelectMany(rates => rates))
        {
            to.Write(currency);
            to.Write(date);
            to.Write(rate);
        }
    }

    /// <inheritdoc/>
    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
        {
            var rate = new ExchangeRate(from.Text()!, from.Instant(), from.Number());
            RatesOf(Currency.Of(rate.Currency)!).Add(rate);
        }
        for (var deal = 0; deal < state.OpportunityStates.Count; deal++)
        {
            if (state.OpportunityStates[deal] is { } known)
                Follow(known.Row, deal, isThere: true);
        }
    }

    protected override void Add(ExchangeRate row, in DatedFact fact) => Change(row, isAdded: true);

    protected override void Retract(ExchangeRate row, in DatedFact fact) => Change(row, isAdded: false);

    void Change(ExchangeRate row, bool isAdded)
    {
        // What is worth nothing is as if it were not there.
        if (!(row.Rate > 0) || Currency.Of(row.Currency) is not { } code)
            return;
        var rates = RatesOf(code);
        var place = rates.BinarySearch(row, _order);
        if (isAdded == place >= 0)
            throw new InvalidOperationException($"The rate of {row.Currency} of {row.Date:O} stands twice, or never stood.");
        if (isAdded)
            rates.Insert(place = ~place, row);
        var from = place == 0 ? DateTime.MinValue : row.Date;
        var until = place + 1 < rates.Count ? rates[place + 1].Date : DateTime.MaxValue;
        if (!isAdded)
            rates.RemoveAt(place);
        if (rates.Count == 0)
            _rates.Remove(code);
        foreach (var (_, deal) in _foreign.GetViewBetween((from, -1), (until, int.MaxValue)))
        {
            var known = state.OpportunityStates[deal]!;
            if (code != Base && Currency.Of(known.Row.Currency) != code)
                continue;
            var measures = state.MeasuresOf(known.Row);
            if (!known.Measures.AsSpan().SequenceEqual(measures))
                state.Recount(known, () => known.Measures = measures);
        }
    }

    List<ExchangeRate> RatesOf(string code) => _rates.TryGetValue(code, out var rates) ? rates : _rates[code] = [];
}
