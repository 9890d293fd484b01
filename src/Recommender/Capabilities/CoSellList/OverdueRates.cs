using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.CoSellList;

/// <summary>What became of deals that were still open past their expected close.</summary>
/// <param name="FromDays">From so many days past it on.</param>
/// <param name="Deals">Deals that got there open: those that closed later, and those that are open still.</param>
/// <param name="Won">How many of them were won in the end.</param>
/// <param name="Weight">What such a deal weighs against one that is due, 0 to 1.</param>
public sealed record OverdueRate(int FromDays, int Deals, int Won, double Weight);

/// <summary>
/// How much a deal counts that is past its expected close, measured from the history: of the deals that were still open so many days past
/// theirs, the share that was won in the end (one that is open still was not), over the same share at the expected close. Where few got
/// there it is drawn to one half, by as much as ten deals.
/// </summary>
public sealed class OverdueRates
{
    const double Shrink = 10;
    const double WithoutHistory = 0.5;

    /// <summary>Rates from what closed and what is open.</summary>
    /// <param name="closed">By <see cref="HistoryState.OverdueDays"/>, deals that closed so long past their expected close or later.</param>
    /// <param name="open">Deals that are open.</param>
    /// <param name="asOf">Now, UTC.</param>
    public OverdueRates(IReadOnlyList<(int Closed, int Won)> closed, IEnumerable<Opportunity> open, DateTime asOf)
    {
        var overdue = open.Where(deal => IsOverdue(deal.ExpectedCloseAt, asOf))
            .Select(deal => (asOf - deal.ExpectedCloseAt!.Value).TotalDays)
            .ToList();
        var rates = new List<OverdueRate>();
        var due = 0.0;
        for (var i = 0; i < closed.Count; i++)
        {
            var from = HistoryState.OverdueDays[i];
            var (deals, won) = (closed[i].Closed + overdue.Count(days => days >= from), closed[i].Won);
            if (i == 0)
                due = deals > 0 ? (double)won / deals : 0;
            var share = (won + Shrink * WithoutHistory * due) / (deals + Shrink);
            rates.Add(
                new(
                    from,
                    deals,
                    won,
                    i == 0 ? 1
                        : due > 0 ? Math.Min(1, share / due)
                        : WithoutHistory
                )
            );
        }
        All = rates;
    }

    /// <summary>By how long past the expected close, the shortest first.</summary>
    public IReadOnlyList<OverdueRate> All { get; }

    /// <summary>True from the day after the expected close on.</summary>
    public static bool IsOverdue(DateTime? expectedCloseAt, DateTime asOf) =>
        expectedCloseAt is { } at && (asOf - at).TotalDays >= 1;

    /// <summary>What a deal weighs so many days past its expected close.</summary>
    public double WeightAt(double days)
    {
        var weight = 1.0;
        foreach (var rate in All)
        {
            if (rate.FromDays <= days)
                weight = rate.Weight;
        }
        return weight;
    }
}
