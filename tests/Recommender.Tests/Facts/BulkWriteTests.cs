using System.Globalization;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Tests.History;

/// <summary>
/// Rows that are taken in many at once, which SQL Server reads and writes as sets, become what the same rows become one by one on SQLite.
/// </summary>
public sealed class BulkWriteTests : CorrectedHistory
{
    static readonly DateTime _start = new(2026, 3, 4, 5, 6, 7, DateTimeKind.Utc);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Many_at_once_become_the_same_as_one_by_one(int seed)
    {
        var random = new Random(seed);
        var server = Open(TestDatabase.SqlServer);
        var file = HistoryStore.Open(InFolder["one.db"]);
        var stamp = _start;
        for (var group = 0; group < 8; group++)
        {
            var rows = Enumerable.Range(0, 60).Select(at => Any(random, 100 * group + at)).ToList();
            var (sets, ones) = (Take(server, rows, stamp, atOnce: true), Take(file, rows, stamp, atOnce: false));
            Assert.Equal(ones.Verdicts, sets.Verdicts);
            Assert.Equal(ones.Facts, sets.Facts);
            stamp = stamp.AddMinutes(1);
            Assert.Equal(Described(file), Described(server));
        }
        // Else nothing was shown of what changes, ends and is refused.
        Assert.True(file.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).Count(fact => fact.IsRetraction) > 10);
    }

    [Fact]
    public async Task What_was_taken_in_at_once_and_undone_is_nowhere()
    {
        var store = Open(TestDatabase.SqlServer);
        await using var history = Live(store);
        var rows = Enumerable.Range(0, 40).Select(i => Row("accounts", new { account_id = $"u{i}" })).ToList();
        Assert.True(
            history.TryWrite<bool>(
                scope =>
                {
                    scope.Expect(rows);
                    rows.ForEach(row => scope.Upsert(row));
                    // A part of them is in the database by now.
                    Assert.Equal(["u3"], scope.HavingExternalId(FactTables.Accounts, "none").DefaultIfEmpty("u3"));
                    throw new InvalidDataException("changed my mind");
                },
                out var undone
            )
        );
        await Assert.ThrowsAsync<InvalidDataException>(() => undone);
        Assert.Empty(store.Tables());
        Assert.Equal(RowVerdict.Inserted, (await Write(history, rows[0])).Verdict);
        AssertIsRefolded(history, store);
    }

    static (List<string> Verdicts, List<string?> Facts) Take(
        HistoryStore store,
        List<HistoryRow> rows,
        DateTime stamp,
        bool atOnce
    )
    {
        using var connection = store.ConnectToWrite();
        using var transaction = store.BeginExclusive(connection);
        using var writer = new HistoryWriter(connection) { Transaction = transaction };
        var (verdicts, facts) = (new List<string>(), new List<DatedFact>());
        if (atOnce)
            writer.Expect(rows);
        foreach (var row in rows)
        {
            var result = writer.Upsert(row, stamp, default, facts);
            stamp = stamp.AddMilliseconds(1);
            var twins = Twins.Of(row, writer);
            verdicts.Add($"{row.Table.Name} {row.Key}: {result} {twins}");
        }
        writer.Finish();
        transaction.Commit();
        return (verdicts, [.. facts.Select(fact => fact.ToString())]);
    }

    static List<string> Described(HistoryStore store) =>
        [
            .. store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).Select(fact => "applied " + fact),
            .. store.ReadFacts(DateTime.MaxValue).Select(fact => "seen " + fact),
            .. new FactTable[] { FactTables.Accounts, FactTables.Partners }
                .SelectMany(table => store.WrittenSince(table, DateTime.MinValue, "", 1000))
                .Select(row => $"{row.Row.Key} {row.Row.Fingerprint(out _)} {row.WrittenAt:O}"),
        ];

    static HistoryRow Any(Random random, int at)
    {
        string One(string letter, int of) => letter + random.Next(of).ToString(CultureInfo.InvariantCulture);
        string Day() => $"2024-{random.Next(1, 13):00}-{random.Next(1, 28):00}";
        string? External() => random.Next(3) == 0 ? One("x", 6) : null;
        return random.Next(12) switch
        {
            0 or 1 => Row(
                "accounts",
                new
                {
                    account_id = One("a", 12),
                    industry = One("i", 3),
                    external_id = External(),
                    annual_revenue = random.Next(1000) / 7.0,
                    recorded_at = random.Next(3) == 0 ? Day() : null,
                }
            ),
            2 => Row(
                "partners",
                new
                {
                    partner_id = One("p", 6),
                    tier = One("tier", 3),
                    external_id = External(),
                    own_column = One("Ü", 3),
                }
            ),
            3 or 4 or 5 => Row(
                "opportunities",
                new
                {
                    opportunity_id = One("o", 20),
                    account_id = One("a", 12),
                    created_at = random.Next(6) == 0 ? "2090-01-01" : Day(),
                    outcome = random.Next(2) == 0 ? "won" : "open",
                    closed_at = random.Next(3) == 0 ? "2030-01-01" : Day(),
                }
            ),
            6 => NewEngagement(One("e", 20), One("o", 20), One("p", 6), Day()),
            7 => Row(
                "touches",
                new
                {
                    touch_id = One("t", 20),
                    opportunity_id = One("o", 20),
                    partner_id = One("p", 6),
                    kind = "call",
                    at = Day(),
                }
            ),
            8 or 9 => Row(
                "certifications",
                new
                {
                    partner_id = One("p", 6),
                    competency = One("it's \"ß\" ", 3),
                    earned_at = Day(),
                }
            ),
            10 => NewDeletion("engagements", One("e", 20), Day() + $"T00:{at / 60 % 60:00}:{at % 60:00}Z"),
            _ => random.Next(3) > 0
                ? NewDeletion("accounts", One("a", 12), Day() + $"T00:{at / 60 % 60:00}:{at % 60:00}Z")
                : Row(
                    "aliases",
                    new
                    {
                        old_id = One("a", 12),
                        new_id = One("a", 12),
                        at = Day(),
                        table = "accounts",
                    }
                ),
        };
    }
}
