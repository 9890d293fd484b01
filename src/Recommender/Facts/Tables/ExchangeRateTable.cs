using System.Globalization;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>
/// Exchange rates: what one unit of the currency is worth in the base currency, so that amount × rate is the amount in that. Known from date;
/// a deal is converted at the day it was created, by the last rate until then, or by the first if all are later.
/// </summary>
public sealed class ExchangeRateTable : FactTable<ExchangeRate>
{
    // A dollar, euro, pound or franc buys 20 or more of each.
    static readonly string[] _small =
    [
        "JPY",
        "KRW",
        "INR",
        "IDR",
        "VND",
        "HUF",
        "CZK",
        "CLP",
        "COP",
        "ARS",
        "THB",
        "PHP",
        "TWD",
        "RUB",
        "UAH",
        "TRY",
        "EGP",
        "NGN",
        "KES",
    ];

    readonly FactColumn _currency,
        _date,
        _rate;

    /// <summary>Declares the table.</summary>
    public ExchangeRateTable()
        : base("exchange_rates", FactKind.ExchangeRate)
    {
        _currency = Key("currency");
        _date = Key("date", ColumnKind.Instant);
        _rate = Number("rate", required: true, decimals: 12, isPositive: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override ExchangeRate Read(HistoryRow row) =>
        new(row.Text(_currency)!, row.Date(_date)!.Value, row.Number(_rate)!.Value);

    /// <inheritdoc/>
    protected override DateTime? StartOf(ExchangeRate noun) => noun.Date;

    internal override IEnumerable<RowWarning> Doubts(HistoryRow row, DateTime told) =>
        row.Number(_rate) is > 1 and var rate && Currency.Of(row.Text(_currency)) is { } code && _small.Contains(code)
            ?
            [
                new(
                    _rate.Name,
                    rate.ToString(CultureInfo.InvariantCulture),
                    $"one {code} is worth more than the base currency: the rate seems to be the other way round; amount × rate is the amount in the base currency"
                ),
            ]
            : [];
}
