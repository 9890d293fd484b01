using System.Globalization;
using Recommender.Facts;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Touches that tests send in calls of many, numbered through, while services are killed.</summary>
static class IngestedTouches
{
    public static List<string> Ids(int first, int count) => [.. Enumerable.Range(first, count).Select(i => $"K{i}")];

    /// <summary>A call of <c>POST /v1/history</c>.</summary>
    /// <param name="ids">Of the touches.</param>
    /// <param name="where">Account and partner of the touch at a position.</param>
    public static string Lines(List<string> ids, Func<int, (string Account, string Partner)> where) =>
        string.Concat(
            ids.Select(
                (id, at) =>
                    Service.Line(
                        "touches",
                        new
                        {
                            touch_id = id,
                            account_id = where(at).Account,
                            partner_id = where(at).Partner,
                            kind = "call",
                            at = "2026-06-01",
                        }
                    ) + "\n"
            )
        );

    /// <summary>Everything that was acknowledged is there once, and of each call everything or nothing.</summary>
    /// <returns>How many are there.</returns>
    public static int AssertAreThere(HistoryStore store, IReadOnlyCollection<string> acknowledged, int ofCall)
    {
        var touches = store
            .ReadFacts(DateTime.MaxValue)
            .Select(fact => fact.Noun)
            .OfType<CoSell.Touch>()
            .Select(touch => touch.Id)
            .Where(id => id.StartsWith('K'))
            .ToList();
        Assert.NotEmpty(acknowledged);
        Assert.Equal(touches.Count, touches.Distinct().Count());
        Assert.Empty(acknowledged.Except(touches));
        // A call is one transaction: all of it or nothing.
        Assert.All(
            touches.GroupBy(id => int.Parse(id[1..], CultureInfo.InvariantCulture) / ofCall),
            call => Assert.Equal(ofCall, call.Count())
        );
        return touches.Count;
    }
}
