using Recommender.Facts;

namespace Recommender.Tests.Facts;

public class ShiftedHistoryTests
{
    [Fact]
    public void The_sample_ends_on_the_day_that_is_asked_for_and_nothing_else_is_different()
    {
        var lastDay = new DateOnly(2021, 5, 17);
        using var shifted = new ShiftedHistory(Sample.Folder, lastDay);
        var facts = Facts(shifted.Folder);
        var before = Facts(Sample.Folder);
        Assert.Equal(before.Count, facts.Count);
        var days = (facts[0].SeenAt - before[0].SeenAt).TotalDays;
        Assert.Equal(Math.Floor(days), days);
        Assert.Equal(
            before.Select(fact => (fact.Kind.Name, fact.Key[..1], fact.SeenAt.AddDays(days))),
            facts.Select(fact => (fact.Kind.Name, fact.Key[..1], fact.SeenAt))
        );
        Assert.InRange(
            facts[^1].SeenAt,
            lastDay.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc),
            lastDay.AddDays(2).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc)
        );
        // Texts and attributes stay as they are, also those that look like dates.
        Assert.Equal(
            before
                .Select(fact => fact.Noun)
                .OfType<CoSell.Account>()
                .Select(account => string.Join('|', account.Attributes.Values)),
            facts
                .Select(fact => fact.Noun)
                .OfType<CoSell.Account>()
                .Select(account => string.Join('|', account.Attributes.Values))
        );
    }

    static List<CoSell.DatedFact> Facts(string folder)
    {
        using var files = new TemporaryFolder();
        var store = new SqliteHistoryStore(files["s.db"]);
        store.Import(new HistoryFolder(folder), files["r.csv"], strict: true);
        return [.. store.ReadFacts(DateTime.MaxValue)];
    }
}
