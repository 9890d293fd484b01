using System.Collections;
using System.Text;
using Dapper;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Records;
using Recommender.Webhooks;

namespace Recommender.Tests.History;

/// <summary>An account that is forgotten leaves its id and when that was, and does not come back by itself.</summary>
public sealed class ErasureTests : CorrectedHistory
{
    const string Secret = "Verschwiegene Mühle";

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task No_name_of_an_erased_account_or_of_one_merged_into_it_stands_anywhere(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        await WriteSecrets(history);
        await Merge(history, "a3", "a2");
        await Merge(history, "a2", "a1");
        Note(history, "a1", "a2", "a3");
        Assert.True(TextsOf(store).Count(text => text.Contains(Secret, StringComparison.Ordinal)) > 6);
        var erased = await Erase(history, "a1");
        Assert.Equal((5, 3, 3), erased);
        AssertIsForgotten(store);
        await history.RefoldAsync([Settings], _ => { }, TestContext.Current.CancellationToken);
        AssertIsRefolded(history, store);
        // Again is no fault.
        Assert.Equal((0, 0, 0), await Erase(history, "a2"));
        Assert.Null(await Erase(history, "nobody"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_account_that_was_deleted_or_merged_away_before_can_be_erased(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        await WriteSecrets(history);
        await Write(history, Row("accounts", new { account_id = "b1", name = "Bolt" }));
        await Write(history, NewDeal("o9", "a2", "2024-01-01"));
        await Merge(history, "a3", "a2");
        await Merge(history, "a2", "b1");
        await Delete(history, "engagements", "e1");
        await Delete(history, "account_overlaps", "p1|a1|customer|2024-01-01");
        await Delete(history, "opportunities", "o1");
        await Delete(history, "feedback", "f1");
        await Delete(history, "accounts", "a1");
        Note(history, "a1", "a2", "a3");
        Assert.NotNull(await Erase(history, "a1"));
        Assert.NotNull(await Erase(history, "a2"));
        AssertIsForgotten(store);
        await history.RefoldAsync([Settings], _ => { }, TestContext.Current.CancellationToken);
        AssertIsRefolded(history, store);
        // What names the other now stays.
        Assert.Equal("b1", store.Find(FactTables.Opportunities, "o9")!.Value.Row["account_id"]);
        var late = await Write(history, NewDeal("o10", "a2", "2024-01-01"));
        Assert.Contains("account a2 was erased on ", late.Reason!.Expected, StringComparison.Ordinal);
    }

    /// <summary>The bytes of the file, too: what was deleted is overwritten, and the log of the database is emptied.</summary>
    [Fact]
    public async Task The_file_of_the_database_holds_nothing_of_it()
    {
        var store = Open(TestDatabase.Sqlite);
        await using (var history = Live(store))
        {
            await WriteSecrets(history);
            await Merge(history, "a2", "a1");
            await Delete(history, "engagements", "e1");
            Assert.NotNull(await Erase(history, "a1"));
            Assert.NotNull(await Erase(history, "a3"));
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(InFolder["s.db"])!, "s.db*"))
            {
                using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var reader = new StreamReader(open, Encoding.Latin1);
                var text = reader.ReadToEnd();
                foreach (var name in (string[])["Verschwiegene", "hr@m"])
                    Assert.False(text.Contains(name, StringComparison.Ordinal), $"{name} stands in {Path.GetFileName(file)}");
            }
        }
    }

    [Fact]
    public async Task An_erasure_while_the_history_is_folded_anew_has_it_folded_anew_again()
    {
        var store = Open(TestDatabase.Sqlite);
        await using var history = Live(store);
        await WriteSecrets(history);
        var (started, erased) = (new TaskCompletionSource(), new TaskCompletionSource());
        var refold = history.RefoldAsync(
            new SettingsInTime(() =>
            {
                started.SetResult();
                erased.Task.Wait(TestContext.Current.CancellationToken);
            }),
            _ => { },
            TestContext.Current.CancellationToken
        );
        await started.Task;
        Assert.NotNull(await Erase(history, "a1"));
        erased.SetResult();
        await refold;
        Assert.True(history.IsOutdated);
        await history.RefoldAsync([Settings], _ => { }, TestContext.Current.CancellationToken);
        Assert.False(history.IsOutdated);
        AssertIsRefolded(history, store);
    }

    /// <summary>The settings, given out after something was waited for.</summary>
    sealed class SettingsInTime(Action wait) : IReadOnlyList<FoldSettings>
    {
        public int Count => 1;

        public FoldSettings this[int index] => Settings;

        public IEnumerator<FoldSettings> GetEnumerator()
        {
            wait();
            yield return Settings;
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_folder_that_still_holds_an_erased_account_does_not_bring_it_back(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name", "a1,Acme", "a2,Bolt", "a3,Acme Inc");
        Write(
            "one",
            "touches.csv",
            "touch_id,account_id,partner_id,kind,at",
            "t1,a1,p1,call,2024-02-01",
            "t2,a2,p1,call,2024-02-02",
            "t3,a3,p1,call,2024-02-03"
        );
        Write("one", "aliases.csv", "old_id,new_id,at", "a3,a1,2024-03-01");
        Import(store, "one");
        await using (var history = Live(store))
            Assert.NotNull(await Erase(history, "a1"));
        var summary = Import(store, "one");
        Assert.Equal(0, summary.Tables.Sum(table => table.Inserted + table.Updated));
        Assert.Equal(2, summary.Tables.Single(table => table.File == "accounts.csv").Rejected);
        Assert.Equal(2, summary.Tables.Single(table => table.File == "touches.csv").Rejected);
        Assert.Equal(1, summary.Tables.Single(table => table.File == "aliases.csv").Rejected);
        var rejected = File.ReadAllLines(InFolder["rejected.csv"]);
        var today = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd", null);
        Assert.Contains(
            $"accounts.csv,2,account_id,a1,nothing of it: account a1 was erased on {today}; PUT /v1/accounts/a1 takes it in again",
            rejected
        );
        Assert.Contains(rejected, line => line.StartsWith("opportunities.csv,2,account_id,a1,", StringComparison.Ordinal));
        Assert.Contains(
            rejected,
            line =>
                line.StartsWith("aliases.csv,2,new_id,a1,nothing of it", StringComparison.Ordinal)
                || line.StartsWith("aliases.csv,2,old_id,a3,nothing of it", StringComparison.Ordinal)
        );
        Assert.Null(store.Find(FactTables.Accounts, "a1"));
        // In bulk neither; by itself, if somebody says so.
        await using (var history = Live(store))
        {
            var account = Row("accounts", new { account_id = "a1", name = "Acme" });
            Assert.Contains("was erased on", (await Write(history, account)).Reason!.Expected, StringComparison.Ordinal);
            Assert.True(history.TryWrite(scope => scope.Upsert(account, new(null, false, EvenIfErased: true)), out var done));
            Assert.Equal(RowVerdict.Inserted, (await done).Verdict);
        }
        // The other that was merged into it stays erased.
        Assert.Equal(3, Import(store, "one").Tables.Sum(table => table.Inserted));
        Assert.NotNull(store.Find(FactTables.Engagements, "e1"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Deals_that_a_merge_moved_stay_known_since_they_were_when_their_old_account_is_erased(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,2024-03-01,won", tier: "silver");
        Write("one", "accounts.csv", "account_id,name", $"a1,{Secret}", "b1,Bolt");
        Import(store, "one");
        await using var history = Live(store);
        await Merge(history, "a1", "b1");
        Assert.NotNull(await Erase(history, "a1"));
        AssertIsForgotten(store);
        Assert.Equal(1, FoldOf(store, new(2024, 3, 2, 0, 0, 0, DateTimeKind.Utc)).FindAccountState("b1")!.Won);
        var before = FoldOf(store, new(2024, 2, 2, 0, 0, 0, DateTimeKind.Utc)).FindAccountState("b1")!;
        Assert.Equal((1, 0, 1), (before.Opportunities, before.Won, before.Engagements));
        Assert.DoesNotContain(store.ReadFacts(DateTime.MaxValue), fact => fact.Noun is Opportunity { AccountId.Value: "a1" });
        await history.RefoldAsync([Settings], _ => { }, TestContext.Current.CancellationToken);
        Assert.False(history.IsOutdated);
        AssertIsRefolded(history, store);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Rows_of_an_erased_account_do_not_come_back_under_another_by_an_alias(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name", "a1,Acme", "b1,Bolt");
        Import(store, "one");
        await using (var history = Live(store))
            Assert.NotNull(await Erase(history, "a1"));
        Write("one", "aliases.csv", "old_id,new_id,at", "a1,b1,2024-03-01");
        for (var times = 0; times < 2; times++)
        {
            var summary = Import(store, "one");
            Assert.Equal(0, summary.Tables.Sum(table => table.Inserted + table.Updated));
            Assert.Null(store.Find(FactTables.Opportunities, "o1"));
            Assert.Contains(
                File.ReadAllLines(InFolder["rejected.csv"]),
                line => line.StartsWith("opportunities.csv,2,account_id,a1,nothing of it", StringComparison.Ordinal)
            );
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_erasure_again_changes_nothing(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        await WriteSecrets(history);
        Assert.NotNull(await Erase(history, "a1"));
        var epoch = store.Epoch();
        Assert.Equal((0, 0, 0), await Erase(history, "a1"));
        Assert.Equal(epoch, store.Epoch());
    }

    /// <summary>Three accounts whose name is not to be found, with what names them.</summary>
    static async Task WriteSecrets(LiveHistory history)
    {
        await Write(history, Row("partners", new { partner_id = "p1" }));
        foreach (var id in (string[])["a1", "a2", "a3"])
        {
            await Write(
                history,
                Row(
                    "accounts",
                    new
                    {
                        account_id = id,
                        name = $"{Secret} {id}",
                        contact = "hr@m",
                    }
                )
            );
            await Write(
                history,
                Row(
                    "accounts",
                    new
                    {
                        account_id = id,
                        name = $"{Secret} & Sohn {id}",
                        contact = "hr@m",
                    }
                )
            );
            await Write(
                history,
                Row(
                    "account_overlaps",
                    new
                    {
                        partner_id = "p1",
                        account_id = id,
                        population = "customer",
                        since = "2024-01-01",
                        note = id == "a1" ? Secret : null,
                    }
                )
            );
        }
        await Write(
            history,
            Row(
                "opportunities",
                new
                {
                    opportunity_id = "o1",
                    account_id = "a1",
                    product = Secret,
                    created_at = "2024-01-01",
                }
            )
        );
        await Write(
            history,
            Row(
                "engagements",
                new
                {
                    engagement_id = "e1",
                    opportunity_id = "o1",
                    partner_id = "p1",
                    started_at = "2024-01-01",
                    about = Secret,
                }
            )
        );
        await Write(
            history,
            FactTables.Feedback.Row(
                ("feedback_id", "f1"),
                ("partner_id", "p1"),
                ("account_id", "a1"),
                ("event", "declined"),
                ("note", Secret),
                ("at", Sample.Day(2024, 2, 1))
            )
        );
    }

    static async Task Delete(LiveHistory history, string table, string key) =>
        Assert.Equal(
            RowVerdict.Deleted,
            (
                await Write(
                    history,
                    Row(
                        "deletions",
                        new
                        {
                            table,
                            key,
                            at = "2024-06-01",
                            reason = $"{Secret} is closed",
                        }
                    )
                )
            ).Verdict
        );

    /// <summary>What was recommended for accounts, logged of them and rejected.</summary>
    static void Note(LiveHistory history, params string[] accounts)
    {
        Assert.True(
            history.TryWrite(
                scope =>
                {
                    foreach (var id in accounts)
                    {
                        scope.Connection.Execute(
                            "INSERT INTO recommendations (recommendation_id, made_at, as_of, epoch, account_id, caller, rules_version, request, response) VALUES (@id, @at, @at, 0, @id, 'me', 0, @body, @body)",
                            new
                            {
                                id,
                                at = scope.Stamp,
                                body = Encoding.UTF8.GetBytes(Secret),
                            },
                            scope.Transaction
                        );
                        scope.Connection.Execute(
                            "INSERT INTO events (event_id, type, at, subject, data) VALUES (@id, 'feedback.taken', @at, 'f', @data)",
                            new
                            {
                                id,
                                at = scope.Stamp,
                                data = $$"""{"account_id":"{{id}}","note":"{{Secret}}"}""",
                            },
                            scope.Transaction
                        );
                        scope.Connection.Execute(
                            "INSERT INTO rejected_rows (\"file\", line, column_name, found, expected) VALUES ('accounts.csv', 2, 'name', @found, 'less')",
                            new { found = $"{Secret} & Sohn {id} and so on" },
                            scope.Transaction
                        );
                    }
                    return 0;
                },
                out var done
            )
        );
        done.GetAwaiter().GetResult();
    }

    static async Task<(int, int, int)?> Erase(LiveHistory history, string accountId)
    {
        Assert.True(history.TryWrite(scope => Erasure.Erase(scope, accountId), out var done));
        return await done is { } erased ? (erased.Rows, erased.Recommendations, erased.Events) : null;
    }

    static void AssertIsForgotten(HistoryStore store)
    {
        foreach (var text in TextsOf(store))
            Assert.DoesNotContain("Verschwiegene", text, StringComparison.Ordinal);
    }

    /// <summary>Every text of every table, and every blob as text.</summary>
    static List<string> TextsOf(HistoryStore store)
    {
        var texts = new List<string>();
        using var connection = store.Connect();
        var tables = store.IsShared
            ? connection.Query<string>("SELECT name FROM sys.tables").ToList()
            : connection.Query<string>("SELECT name FROM sqlite_master WHERE type = 'table'").ToList();
        Assert.Contains("superseded_facts", tables);
        foreach (var table in tables)
        {
            using var rows = connection.ExecuteReader($"SELECT * FROM \"{table}\"");
            while (rows.Read())
            {
                for (var i = 0; i < rows.FieldCount; i++)
                {
                    if (rows.GetValue(i) is string text)
                        texts.Add(text);
                    else if (rows.GetValue(i) is byte[] bytes)
                        texts.Add(Encoding.UTF8.GetString(bytes));
                }
            }
        }
        return texts;
    }
}
