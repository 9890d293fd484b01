namespace Recommender.Training;

/// <summary>What people get wrong and put right in a world that is corrected: amounts and currencies, and rows that are taken out again.</summary>
sealed class Corrections
{
    static readonly (string Currency, double Worth)[] _abroad = [("JPY", 0.0067), ("GBP", 1.27), ("SEK", 0.095)];
    readonly bool _happen;
    readonly Random _random;
    readonly SimulatedCsv? _changes;
    readonly SimulatedCsv? _deletions;

    public Corrections(SimulationSettings settings, SimulatedFiles files, Random random)
    {
        (_happen, _random) = (settings.World.Corrected, random);
        if (!_happen)
            return;
        _changes = files.Open("field_changes", "table,key,column,value,at", clean: true);
        _deletions = files.Open("deletions", "table,key,at,reason", clean: true);
    }

    /// <summary>What a currency other than dollar and euro is worth in dollars.</summary>
    public static IReadOnlyList<(string Currency, double Worth)> Abroad => _abroad;

    /// <summary>The amount of a deal and its currency, as the row holds them in the end.</summary>
    public (string Amount, string Currency) Amount(SimulatedDeal deal, string currency)
    {
        var amount = deal.Amount;
        if (_happen && currency != "USD" && _random.NextDouble() < 0.4)
        {
            var (abroad, worth) = _abroad[_random.Next(_abroad.Length)];
            (amount, currency) = (amount / worth, abroad);
        }
        var text = SimulatedCsv.Number(Math.Round(amount, 2));
        if (_happen && _random.NextDouble() < 0.1)
        {
            var later = deal.CreatedAt.AddDays(5 + _random.Next(20));
            if (later < Simulation.End)
            {
                _changes!.Add(
                    "opportunities",
                    deal.Id,
                    "amount",
                    SimulatedCsv.Number(Math.Round(amount * (0.3 + 2 * _random.NextDouble()), 2)),
                    SimulatedCsv.Day(deal.CreatedAt)
                );
                _changes.Add("opportunities", deal.Id, "amount", text, SimulatedCsv.Day(later));
            }
        }
        return (_random.NextDouble() < 0.05 ? "" : text, currency);
    }

    /// <summary>Now and then a partner is entered on a deal that it has nothing to do with, and is taken out weeks later.</summary>
    public void Mistake(SimulatedDeal deal, SimulatedPartner partner, DealFiles files, bool closed)
    {
        if (!_happen || _random.NextDouble() >= 0.03)
            return;
        var at = deal.CreatedAt.AddDays(_random.Next(10));
        var gone = at.AddDays(1 + _random.Next(40));
        if (gone < Simulation.End)
            _deletions!.Add(
                "engagements",
                files.Engage(deal, partner, "co_sell", at, closed),
                SimulatedCsv.Day(gone),
                "entered by mistake"
            );
    }
}
