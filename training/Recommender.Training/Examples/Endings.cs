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

    /// <summary>Fewer deals, or a smaller share of all, say nothing of what comes at their age.</summary>
    const int LeastAtRisk = 20;
    const double LeastShareAtRisk = 0.01;

    /// <summary>Never equal, so that a search ends behind what is as long.</summary>
    static readonly Comparer<double> _after = Comparer<double>.Create((of, sought) => of <= sought ? -1 : 1);

    /// <summary>Ages at which deals ended, days, with the shares won by then and open still.</summary>
    readonly List<double> _ages = [];
    readonly List<(double Won, double Open)> _shares = [];

    /// <summary>How long lost deals lasted, days, in order.</summary>
    readonly List<double> _lost = [];
    readonly DateTime _end;

    Endings(List<Deal> known, DateTime end, int maturityDays)
    {
        (_end, MaturityDays) = (end, maturityDays);
        // Hardly any deal that ends is open for twice the time in which nearly all that end have ended.
        var old = known.FindAll(deal => Age(deal) > 2 * maturityDays);
        (Old, LeftOpen) = (old.Count, old.Count(deal => deal.Outcome == Outcome.Open));
        IsMaterial = LeftOpen > Material * Old && known.Exists(deal => deal.Outcome != Outcome.Open);
        if (!IsMaterial)
            return;
        _lost.AddRange(known.Where(deal => deal.Outcome == Outcome.Lost).Select(Lasted).Order());
        double open = 1,
            won = 0;
        var atRisk = known.Count;
        foreach (var sameAge in known.GroupBy(Lasted).OrderBy(deals => deals.Key))
        {
            if (atRisk < Math.Max(LeastAtRisk, LeastShareAtRisk * known.Count))
                break;
            var (wins, losses) = (
                sameAge.Count(deal => deal.Outcome == Outcome.Won),
                sameAge.Count(deal => deal.Outcome == Outcome.Lost)
            );
            won += open * wins / atRisk;
            open *= 1 - (double)(wins + losses) / atRisk;
            atRisk -= sameAge.Count();
            if (wins + losses > 0)
            {
                _ages.Add(sameAge.Key);
                _shares.Add((won, open));
            }
        }
    }

    /// <summary>Days in which nearly all deals that end have ended.</summary>
    public int MaturityDays { get; }

    /// <summary>Deals older than twice that.</summary>
    public int Old { get; }

    /// <summary>How many of them are open.</summary>
    public int LeftOpen { get; }

    /// <summary>True if so many are that they count.</summary>
    public bool IsMaterial { get; }

    /// <summary>All deals as known strictly before <paramref name="until"/>, with how they ended.</summary>
    public static (List<Deal> Deals, Endings Endings) Before(IEnumerable<DatedFact> facts, DateTime until, int maturityDays)
    {
        var deals = Deal.KnownBefore(facts, until, out var end);
        return (deals, Settle(deals, end, maturityDays));
    }

    /// <summary>Says of each deal how it ended, as far as that counts.</summary>
    /// <param name="deals">All that were known at one time, whatever became of them.</param>
    /// <param name="end">Until when their history was seen.</param>
    /// <param name="maturityDays">The horizon.</param>
    public static Endings Settle(IReadOnlyList<Deal> deals, DateTime end, int maturityDays)
    {
        var endings = new Endings([.. deals.Where(deal => !OutcomeChecks.IsWithoutEnd(deal))], end, maturityDays);
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

    /// <summary>How a deal that nobody closed is taken to have ended: as long as one of those that were lost, and alive when it last was.</summary>
    Ending Of(Deal deal)
    {
        // Not the draws of the moments at which it is asked about.
        var random = new Random(unchecked((int)ExampleBuilder.Hash(deal.Row.Id.Value + "|ending")));
        var isWon = random.NextDouble() < WonLater(Age(deal));
        var alive = deal
            .StagesAt.Concat(deal.Engagements.Select(one => one.StartedAt))
            .Concat(deal.Selling.Select(one => one.StartedAt))
            .Select(at => (at - deal.Row.CreatedAt).TotalDays + 1)
            .Append(0)
            .Max();
        var first = ~_lost.BinarySearch(alive, _after);
        var lasted = isWon || first == _lost.Count ? MaturityDays : _lost[random.Next(first, _lost.Count)];
        return new(isWon, deal.Row.CreatedAt.AddDays(Math.Max(alive, Math.Min(lasted, Age(deal)))));
    }

    /// <summary>The share of deals open at an age, days, that are won later.</summary>
    double WonLater(double age)
    {
        var at = ~_ages.BinarySearch(age, _after) - 1;
        var (won, open) = at < 0 ? (0, 1) : _shares[at];
        return open <= 0 || _shares.Count == 0 ? 0 : (_shares[^1].Won - won) / open;
    }

    double Age(Deal deal) => (_end - deal.Row.CreatedAt).TotalDays;

    double Lasted(Deal deal) =>
        Math.Max(0, deal.Outcome == Outcome.Open ? Age(deal) : ((deal.Last.ClosedAt ?? _end) - deal.Row.CreatedAt).TotalDays);
}
