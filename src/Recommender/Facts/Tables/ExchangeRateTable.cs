using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>
/// Exchange rates: how many units of the currency one unit of the base currency buys, as central banks and CRMs quote them. Known from since;
/// a deal is converted at the day it was created, by the last rate until then, or by the first if all are later.
/// </summary>
public sealed class ExchangeRateTable : FactTable<ExchangeRate>
{
    readonly FactColumn _currency,
        _since,
        _rate;

    /// <summary>Declares the table.</summary>
    public ExchangeRateTable()
        : base("exchange_rates", FactKind.ExchangeRate)
    {
        _currency = Key("currency");
        _since = Key("since", ColumnKind.Instant);
        _rate = Number("rate", required: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override ExchangeRate Read(HistoryRow row) =>
        new(row.Text(_currency)!, row.Date(_since)!.Value, row.Number(_rate)!.Value);

    /// <inheritdoc/>
    protected override DateTime? StartOf(ExchangeRate noun) => noun.Since;
}
