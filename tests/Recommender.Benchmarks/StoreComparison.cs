using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dapper;
using Microsoft.Data.SqlClient;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Records;
using Recommender.Webhooks;

namespace Recommender.Benchmarks;

/// <summary>
/// The same work on SQLite and on the SQL Server that RECOMMENDER_SQLSERVER names, in one run: an import, rows taken in many at once as sets
/// and one by one, single writes, rankings until their journal is durable.
/// </summary>
static class StoreComparison
{
    const int RowsOfCall = 2000;
    const int Calls = 5;
    const int Singles = 50;

    public static async Task<int> RunAsync(string root)
    {
        if (Environment.GetEnvironmentVariable("RECOMMENDER_SQLSERVER") is not { Length: > 0 } server)
        {
            await Console.Error.WriteLineAsync(
                "expected: RECOMMENDER_SQLSERVER with the connection string of a login that may create databases"
            );
            return 2;
        }
        var folder = Directory.CreateTempSubdirectory("recommender-stores-").FullName;
        var name = "recommender_benchmark_" + Guid.NewGuid().ToString("N")[..8];
        using var master = new SqlConnection(
            new SqlConnectionStringBuilder(server) { InitialCatalog = "master" }.ConnectionString
        );
        await master.OpenAsync();
        await master.ExecuteAsync($"CREATE DATABASE {name}");
        try
        {
            await master.ExecuteAsync($"ALTER DATABASE {name} SET READ_COMMITTED_SNAPSHOT ON");
            await master.ExecuteAsync($"ALTER DATABASE {name} SET ALLOW_SNAPSHOT_ISOLATION ON");
            var database = new SqlConnectionStringBuilder(server) { InitialCatalog = name }.ConnectionString;
            foreach (
                var (engine, text) in ((string, string)[])[("SQLite", Path.Combine(folder, "s.db")), ("SQL Server", database)]
            )
            {
                Console.WriteLine(engine);
                await MeasureAsync(HistoryStore.Open(text), root, folder);
            }
        }
        finally
        {
            SqlConnection.ClearAllPools();
            await master.ExecuteAsync($"DROP DATABASE {name}");
            Directory.Delete(folder, true);
        }
        return 0;
    }

    static async Task MeasureAsync(HistoryStore store, string root, string folder)
    {
        var history = new HistoryFolder(Path.Combine(root, "data-samples"));
        var clock = Stopwatch.StartNew();
        var rows = store.Import(history, Path.Combine(folder, "rejected.csv"), strict: true).Tables.Sum(table => table.Accepted);
        Say("import", $"{rows / clock.Elapsed.TotalSeconds:0} rows a second ({rows} rows, {clock.Elapsed.TotalSeconds:0.0} s)");
        clock.Restart();
        store.Import(history, Path.Combine(folder, "rejected.csv"), strict: true);
        Say("the same again, nothing new", $"{rows / clock.Elapsed.TotalSeconds:0} rows a second");

        var registry = new ModelRegistry(Path.Combine(root, "models"));
        using var fit = registry.OpenLive(ModelPackage.PartnerFit)!;
        using var win = registry.OpenLive(ModelPackage.WinProbability)!;
        var models = new RankingModels(fit, win);
        clock.Restart();
        await using var live = LiveHistory.Open(store, TimeProvider.System, models.Folds);
        Say("start", $"{clock.Elapsed.TotalMilliseconds:0} ms");

        foreach (var (what, atOnce) in ((string, bool)[])[("one by one", false), ("as sets", true)])
        {
            var (added, changed) = (new List<double>(), new List<double>());
            for (var call = 0; call < Calls; call++)
            {
                foreach (var (version, seconds) in ((int, List<double>)[])[(1, added), (2, changed)])
                {
                    var touches = Enumerable.Range(0, RowsOfCall).Select(i => Touch($"{what[0]}{call}-{i}", i, version)).ToList();
                    clock.Restart();
                    await Write(
                        live,
                        scope =>
                        {
                            if (atOnce)
                                scope.Expect(touches);
                            return touches.Count(row => scope.Upsert(row).Verdict is RowVerdict.Inserted or RowVerdict.Updated);
                        }
                    );
                    seconds.Add(clock.Elapsed.TotalSeconds);
                }
            }
            Say($"{RowsOfCall} new rows {what}", $"{RowsOfCall / Median(added):0} rows a second");
            Say($"{RowsOfCall} changed rows {what}", $"{RowsOfCall / Median(changed):0} rows a second");
        }

        var singles = new List<double>();
        for (var i = 0; i < Singles; i++)
        {
            var touch = Touch($"single-{i}", i, 1);
            clock.Restart();
            await Write(live, scope => (int)scope.Upsert(touch).Verdict);
            singles.Add(clock.Elapsed.TotalMilliseconds);
        }
        Say("one row a write", $"{Median(singles):0.0} ms, {1000 / Median(singles):0} rows a second");

        var journal = new RecommendationJournal(store, live, new EventLog(store));
        var ranked = new List<double>();
        for (var i = 0; i < Singles; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"A{i + 1:000000}");
            clock.Restart();
            var (answer, asOf) = live.Fold.Read(asOf =>
                (new PartnerRanker(models, live.Fold.States).Rank(new(id, asOf) { Limit = 10 }, RuleSet.None), asOf)
            );
            journal.Add(
                new(
                    JournalEntry.NewId(isSeen: false),
                    asOf,
                    asOf,
                    1,
                    id,
                    null,
                    "benchmark",
                    0,
                    "{}"u8.ToArray(),
                    PackedJson.Of(Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(answer)))
                )
            );
            await journal.FlushAsync();
            ranked.Add(clock.Elapsed.TotalMilliseconds);
        }
        Say("a ranking until its journal is durable", $"{Median(ranked):0.0} ms");
    }

    static HistoryRow Touch(string id, int i, int version) =>
        FactTables.Touches.Row(
            ("touch_id", id),
            ("account_id", string.Create(CultureInfo.InvariantCulture, $"A{i % 300 + 1:000000}")),
            ("partner_id", string.Create(CultureInfo.InvariantCulture, $"P{i % 20 + 1:00000}")),
            ("kind", version == 1 ? "call" : "mail"),
            ("at", new DateTime(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc))
        );

    static Task<T> Write<T>(LiveHistory live, Func<WriteScope, T> write) =>
        live.TryWrite(write, out var done) ? done : throw new InvalidOperationException("Too many writes wait.");

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    static void Say(string what, FormattableString figure) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what, -40} {FormattableString.Invariant(figure)}"));
}
