using Recommender.CoSell;

namespace Recommender.Training;

/// <summary>How a deal ended.</summary>
/// <param name="IsWon">True if it was won; false if it was lost, or is taken not to be won any more.</param>
/// <param name="At">When; null if nobody knows.</param>
readonly record struct Ending(bool IsWon, DateTime? At);

/// <summary>
/// What became of deals where many are never closed: the chance of a deal is that of all deals, not of those that somebody closed. A deal that is open at an age
/// at which nearly all that end have ended is taken as won with the share of deals open at that age that are won later (cumulative incidence under competing
/// risks; Aalen and Johansen, 1978), drawn by its id. Outcomes of younger deals are not taken at all then: those that were closed by that age are no
/// sample of all.
/// </summary>
sealed class Endings
{
    /// <summary>Less than this share of old deals left open makes no difference.</summary>
    const double Material = 0.01;

    readonly List<(double Age, double Won, double Open)> _curve = [];

    /// <summary>How long lost deals lasted, days, in order.</summary>
    readonly List<double> _lost = [];

    /// <summary>Never equal, so that a search ends behind what is as long.</summary>
    static readonly Comparer<double> _after = Comparer<double>.Create((of, sought) => of <= sought ? -1 : 1);
    readonly DateTime _end;
    readonly int _maturityDays;
    readonly double _wonAtLast;

    Endings(List<Deal> known, int maturityDays)
    {
        _maturityDays = maturityDays;
        if (known.Count == 0)
            return;
        _end = known.Max(deal => deal.Row.CreatedAt);
        // Hardly any deal that ends is open for twice the time in which nearly all that end have ended.
        var old = known.FindAll(deal => Age(deal) > 2 * maturityDays);
        (Old, LeftOpen) = (old.Count, old.Count(deal => deal.Outcome == Outcome.Open));
        if (!IsMaterial)
            return;
        _lost.AddRange(known.Where(deal => deal.Outcome == Outcome.Lost).Select(Lasted).Order());
        double open = 1,
            won = 0;
        var atRisk = known.Count;
        foreach (var sameAge in known.GroupBy(Lasted).OrderBy(deals => deals.Key))
        {
            var (wins, ends) = (
                sameAge.Count(deal => deal.Outcome == Outcome.Won),
                sameAge.Count(deal => deal.Outcome != Outcome.Open)
            );
            won += open * wins / atRisk;
            open *= 1 - (double)ends / atRisk;
            atRisk -= sameAge.Count();
            _curve.Add((sameAge.Key, won, open));
        }
        _wonAtLast = won;
    }

    /// <summary>Deals of twice the maturity horizon and more.</summary>
    public int Old { get; }

    /// <summary>How many of them are open.</summary>
    public int LeftOpen { get; }

    /// <summary>True if so many are that they count.</summary>
    public bool IsMaterial => LeftOpen > Material * Old;

    /// <summary>Says of each deal how it ended, as far as that counts.</summary>
    /// <param name="deals">All that were known at one time, whatever became of them.</param>
    /// <param name="maturityDays">The horizon, at least 1.</param>
    public static Endings Settle(IReadOnlyList<Deal> deals, int maturityDays)
    {
        var endings = new Endings([.. deals.Where(deal => !OutcomeChecks.IsWithoutEnd(deal))], maturityDays);
        if (!endings.IsMaterial)
            return endings;
        foreach (var deal in deals)
        {
            if (endings.Age(deal) < maturityDays)
                deal.Ending = null;
            else if (deal.Outcome == Outcome.Open && !OutcomeChecks.IsWithoutEnd(deal))
                deal.Ending = endings.Of(deal);
        }
        return endings;
    }

    /// <summary>How a deal that nobody closed is taken to have ended: as long as one of those that did, and were alive when it last was.</summary>
    Ending Of(Deal deal)
    {
        var random = new Random(unchecked((int)ExampleBuilder.Hash(deal.Row.Id.Value)));
        var isWon = random.NextDouble() < WonLater(Age(deal));
        var alive = deal
            .StagesAt.Concat(deal.Engagements.Select(one => one.StartedAt))
            .Select(at => (at - deal.Row.CreatedAt).TotalDays)
            .Append(0)
            .Max();
        var first = ~_lost.BinarySearch(alive, _after);
        var lasted = isWon || first == _lost.Count ? Math.Max(alive, _maturityDays) : _lost[random.Next(first, _lost.Count)];
        return new(isWon, deal.Row.CreatedAt.AddDays(lasted));
    }

    /// <summary>The share of deals open at an age, days, that are won later.</summary>
    double WonLater(double age)
    {
        var at = _curve.FindLastIndex(point => point.Age < age);
        var (_, won, open) = at < 0 ? (0, 0, 1) : _curve[at];
        return open <= 0 ? 0 : (_wonAtLast - won) / open;
    }

    double Age(Deal deal) => (_end - deal.Row.CreatedAt).TotalDays;

    double Lasted(Deal deal) =>
        deal.Outcome == Outcome.Open
            ? Math.Max(0, Age(deal))
            : Math.Max(0, ((deal.Last.ClosedAt ?? _end) - deal.Row.CreatedAt).TotalDays);
}
