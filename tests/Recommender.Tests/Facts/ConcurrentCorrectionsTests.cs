using System.Globalization;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.Fold;

namespace Recommender.Tests.History;

/// <summary>Many write at once what others merge and delete.</summary>
public sealed class ConcurrentCorrectionsTests : CorrectedHistory
{
    const int Callers = 8;
    const int OfOneCaller = 150;

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Writes_beside_merges_and_deletions_end_as_the_fold_of_the_rows_as_they_stand(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var faults = new List<Exception>();
        history.NotTakenIn = faults.Add;
        await Write(history, Row("partners", new { partner_id = "p0" }));
        await Write(history, Row("accounts", new { account_id = "a0", industry = "retail" }));
        var ofCaller = engine == TestDatabase.Sqlite ? OfOneCaller : OfOneCaller / 10;
        var verdicts = await Task.WhenAll(
            Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(history, caller, ofCaller)))
        );
        Assert.Empty(faults);
        Assert.False(history.IsOutdated);
        // All of it happened, and some of it came too late for what it named.
        var all = verdicts.SelectMany(one => one).ToHashSet();
        Assert.Superset(
            new HashSet<RowVerdict> { RowVerdict.Inserted, RowVerdict.Updated, RowVerdict.Deleted, RowVerdict.Rejected },
            all
        );
        AssertIsRefolded(history, store);
        AssertIsFoldOfRows(history, store);
    }

    static async Task<List<RowVerdict>> CallAsync(LiveHistory history, int caller, int calls)
    {
        var random = new Random(caller);
        var verdicts = new List<RowVerdict>();
        for (var i = 0; i < calls; i++)
        {
            var rows = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Next(random, caller, i)).ToList();
            Task<List<RowVerdict>> done;
            while (!history.TryWrite(scope => rows.ConvertAll(row => scope.Upsert(row).Verdict), out done))
                await Task.Yield();
            verdicts.AddRange(await done);
        }
        return verdicts;
    }

    static HistoryRow Next(Random random, int caller, int i)
    {
        string Any(string letter, int of) => letter + random.Next(of).ToString(CultureInfo.InvariantCulture);
        string Day() => string.Create(CultureInfo.InvariantCulture, $"2024-{random.Next(1, 13):00}-{random.Next(1, 28):00}");
        string At() => string.Create(CultureInfo.InvariantCulture, $"2025-01-01T{caller:00}:{i / 60:00}:{i % 60:00}Z");
        var side = random.Next(2) == 0 ? "a" : "p";
        return random.Next(10) switch
        {
            0 => Row(
                "accounts",
                new
                {
                    account_id = Any("a", 6),
                    industry = Any("i", 3),
                    domain = Any("d", 3) + ".com",
                }
            ),
            1 => Row("partners", new { partner_id = Any("p", 4), external_id = Any("x", 3) }),
            2 or 3 => NewDeal(Any("o", 8), Any("a", 6), Day()),
            4 or 5 => NewEngagement(Any("e", 12), Any("o", 8), Any("p", 4), Day()),
            6 => Row(
                "account_overlaps",
                new
                {
                    partner_id = Any("p", 4),
                    account_id = Any("a", 6),
                    population = "customer",
                    since = "2024-01-01",
                    contact_count = random.Next(9),
                }
            ),
            7 => NewDeletion("engagements", Any("e", 12), At()),
            8 => NewDeletion("opportunities", Any("o", 8), At()),
            _ => random.Next(12) == 0
                ? Row(
                    "aliases",
                    new
                    {
                        old_id = Any(side, 4),
                        new_id = Any(side, 4),
                        at = "2025-01-01",
                        table = side == "a" ? "accounts" : "partners",
                    }
                )
                : Row("accounts", new { account_id = Any("a", 6), industry = Any("i", 3) }),
        };
    }

    /// <summary>What does not depend on the order in which things became known is that of the rows, folded with no word of what they were.</summary>
    static void AssertIsFoldOfRows(LiveHistory history, HistoryStore store)
    {
        var rows = new HistoryState(Settings);
        foreach (
            var fact in FactTables
                .Folded.SelectMany(table =>
                    store.Read(connection =>
                    {
                        using var writer = new HistoryWriter(connection);
                        return KeysOf(connection, table).SelectMany(key => writer.Rows.Read(table, key)!.Facts).ToList();
                    })
                )
                .Order()
        )
            rows.Apply(fact);
        history.Fold.Read(asOf =>
        {
            var live = history.Fold.States[0];
            rows.AdvanceTo(asOf);
            for (var a = 0; a < 6; a++)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"a{a}");
                Assert.Equal(rows.FindAccount(id), live.FindAccount(id));
                var (expected, found) = (rows.FindAccountState(id), live.FindAccountState(id));
                Assert.Equal(expected?.Opportunities ?? 0, found?.Opportunities ?? 0);
                Assert.Equal(expected?.Engagements ?? 0, found?.Engagements ?? 0);
                Assert.Equal(expected?.Partners ?? 0, found?.Partners ?? 0);
                Assert.Equal(expected?.Merged, found?.Merged);
            }
            for (var p = 0; p < 4; p++)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"p{p}");
                Assert.Equal(rows.Partner(id).Counts.Engagements, live.Partner(id).Counts.Engagements);
                Assert.Equal(rows.Partner(id).Overlaps, live.Partner(id).Overlaps);
                Assert.Equal(rows.Partner(id).OpenDeals, live.Partner(id).OpenDeals);
                Assert.Equal(rows.Partner(id).Merged, live.Partner(id).Merged);
            }
            return 0;
        });
    }

    static List<string> KeysOf(System.Data.Common.DbConnection connection, FactTable table)
    {
        var keys = new List<string>();
        using var reader = HistoryStore.Query(connection, null, table.Statements.Keys);
        while (reader.Read())
            keys.Add(RowReader.ReadKey(table, reader));
        return keys;
    }
}
