using Recommender.Facts;

namespace Recommender.Features;

/// <summary>How much closed deals count beside open ones, so that they are of the same age.</summary>
static class AgeWeights
{
    const int LeastOpen = HistoryProfile.LeastOpenDeals;
    const int LeastOfPart = 30;

    /// <summary>
    /// Has closed deals count so that as many were created in each part of the time as of the open ones. A part goes back until it holds enough
    /// of each.
    /// </summary>
    public static double[] OfTheSameTime(IReadOnlyList<DateTime> createdAt, int[] won, int[] lost, int[] stillOpen)
    {
        var weights = new double[createdAt.Count];
        if (stillOpen.Length < LeastOpen)
        {
            foreach (var i in won.Concat(lost))
                weights[i] = 1;
            return weights;
        }
        var open = stillOpen.Select(i => createdAt[i]).OrderDescending().ToList();
        var all = new[] { won, lost }.Select(deals => deals.OrderByDescending(i => createdAt[i]).ToList()).ToArray();
        // Deals that have been open for longest are few, and of another time.
        open.RemoveRange(open.Count - open.Count / 10, open.Count / 10);
        int[] from = [0, 0];
        for (var at = 0; at < open.Count; )
        {
            var end = Math.Min(open.Count, at + Math.Max(LeastOpen, open.Count / 4));
            if (open.Count - end < LeastOpen)
                end = open.Count;
            var since = open[end - 1];
            int[] to = [Until(0), Until(1)];
            var isLast = end == open.Count;
            // The last part may go back further than the open deals do.
            for (var k = 0; isLast && k < 2; k++)
                to[k] = Math.Max(to[k], Math.Min(all[k].Count, from[k] + LeastOfPart));
            if (!isLast && (to[0] - from[0] < LeastOfPart || to[1] - from[1] < LeastOfPart))
            {
                // Too few ended of so young ones: they count with those before them.
                if (Grow(end) is not { } grown)
                    break;
                (end, to) = grown;
            }
            for (var k = 0; k < 2; k++)
            {
                for (var i = from[k]; i < to[k]; i++)
                    weights[all[k][i]] = (end - at) / (double)(to[k] - from[k]);
            }
            (at, from) = (end, to);

            int Until(int k)
            {
                var until = from[k];
                while (until < all[k].Count && createdAt[all[k][until]] >= since)
                    until++;
                return until;
            }
        }
        return weights;

        (int End, int[] To)? Grow(int end)
        {
            int[] to = [.. from];
            for (; end <= open.Count; end++)
            {
                for (var k = 0; k < 2; k++)
                {
                    while (to[k] < all[k].Count && createdAt[all[k][to[k]]] >= open[end - 1])
                        to[k]++;
                }
                if (to[0] - from[0] >= LeastOfPart && to[1] - from[1] >= LeastOfPart)
                    return (end, to);
            }
            for (var k = 0; k < 2; k++)
                to[k] = Math.Min(all[k].Count, Math.Max(to[k], from[k] + LeastOfPart));
            return (open.Count, to);
        }
    }

    /// <summary>
    /// Has closed deals of a year count by how many of the open ones are younger than they became: those that took long count as they do among
    /// open ones. The year is the last of which nearly all have ended.
    /// </summary>
    public static double[] OfTheSameAge(IReadOnlyList<(DateTime CreatedAt, DateTime? ClosedAt)> deals, int[] stillOpen)
    {
        var weights = new double[deals.Count];
        var days = deals.Select(deal => ((deal.ClosedAt ?? deal.CreatedAt) - deal.CreatedAt).TotalDays).ToList();
        var ended = Enumerable.Range(0, deals.Count).Where(i => deals[i].ClosedAt is not null).ToList();
        if (stillOpen.Length < LeastOpen || ended.Count == 0)
            return weights;
        var usual = ended.Select(i => days[i]).Order().ElementAt(ended.Count * 19 / 20);
        var now = deals.Max(deal => deal.CreatedAt);
        var until = now.AddDays(-usual);
        var since = until.AddDays(-Math.Max(365, usual));
        var ages = stillOpen.Select(i => (now - deals[i].CreatedAt).TotalDays).Where(age => age <= usual).Order().ToArray();
        foreach (var i in ended.Where(i => deals[i].CreatedAt >= since && deals[i].CreatedAt < until))
        {
            var younger = Array.BinarySearch(ages, days[i]);
            weights[i] = younger < 0 ? ~younger : younger;
        }
        return weights;
    }
}
