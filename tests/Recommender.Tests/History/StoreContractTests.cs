using System.Globalization;
using System.Text;
using System.Text.Json;
using Recommender.Access;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Records;
using Recommender.Webhooks;

namespace Recommender.Tests.History;

/// <summary>What the product asks of a database, the same of both engines: SQLite always, SQL Server where there is one.</summary>
public sealed class StoreContractTests : IDisposable
{
    static readonly DateTime _now = new(2026, 3, 4, 5, 6, 7, 89, DateTimeKind.Utc);
    static readonly FoldSettings _fold = HistoryProfile.Of([], [], _now, 0.95).Fold;
    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Engines))]
    public void Opening_twice_finds_the_schema_as_it_is(string engine)
    {
        Open(engine);
        var again = Open(engine);
        Assert.Empty(again.Tables());
        Assert.Equal(0, again.Epoch());
        Assert.Equal(engine == TestDatabase.SqlServer, again.IsShared);
    }

    [Fact]
    public void Several_that_open_a_new_shared_database_at_once_all_find_it_ready()
    {
        TestDatabase.Of(TestDatabase.SqlServer, _folder["s.db"]);
        Parallel.For(0, 4, new() { MaxDegreeOfParallelism = 4 }, _ => Open(TestDatabase.SqlServer));
        Assert.Empty(Open(TestDatabase.SqlServer).Tables());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void The_database_gives_back_the_facts_of_the_folder_in_the_same_order(string engine)
    {
        var store = Open(engine);
        Import(store, Sample.Folder);
        var stored = store.ReadFacts(DateTime.MaxValue).Select(Describe).ToList();
        Assert.Equal(Sample.FactList.Select(Describe), stored);
        // Facts of an import are applied when they can be seen.
        Assert.Equal(stored, store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).Select(Describe));
        Assert.Equal(
            FactTables.All.Where(table => File.Exists(Path.Combine(Sample.Folder, table.File))).Select(table => table.Name),
            store.Tables()
        );
        Assert.Equal(1, store.Epoch());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Facts_seen_at_asOf_are_not_read(string engine)
    {
        var store = Open(engine);
        Import(store, Sample.Folder);
        var asOf = Sample.FactList[20_000].SeenAt;
        var before = Sample.FactList.Count(fact => fact.SeenAt < asOf);
        Assert.Equal(before, store.ReadFacts(asOf).Count());
        Assert.Equal(before, store.ReadApplied(asOf, DateTime.MaxValue).Count());
        Assert.Equal(before, store.ReadApplied(DateTime.MaxValue, asOf).Count());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void The_same_folder_twice_changes_nothing(string engine)
    {
        var store = Open(engine);
        Import(store, Sample.Folder);
        var second = Import(store, Sample.Folder);
        Assert.All(second.Tables, table => Assert.Equal((0, 0), (table.Inserted, table.Updated)));
        Assert.Equal(second.Tables.Sum(table => table.Accepted), second.Tables.Sum(table => table.Unchanged));
        Assert.Equal(1, store.Epoch());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_changed_row_is_updated_and_the_others_stay(string engine)
    {
        var store = Open(engine);
        Import(store, Sample.Folder);
        TemporaryFolder.Copy(Sample.Folder, _folder["changed"]);
        var path = Path.Combine(_folder["changed"], "accounts.csv");
        var lines = File.ReadAllLines(path);
        lines[1] += "x";
        File.WriteAllLines(path, lines);
        Assert.Equal(1, Import(store, _folder["changed"]).Tables.Sum(table => table.Updated));
        // It was learned now: until now the account was what it was.
        var now = store.ReadFacts(DateTime.MaxValue).ToList();
        Assert.Equal(Sample.FactList.Select(Describe), now.Where(fact => fact.Replaced is null).Select(Describe));
        var changed = Assert.Single(now, fact => fact.Replaced is not null);
        Assert.Equal(FactKind.Account, changed.Kind);
        Assert.EndsWith("x }", changed.Noun.ToString(), StringComparison.Ordinal);
        Assert.True(changed.SeenAt > TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-5), $"seen at {changed.SeenAt}");
        Assert.Equal(2, store.Epoch());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Rejected_rows_are_counted_and_written_with_their_place(string engine)
    {
        var store = Open(engine);
        Dirty();
        var told = new List<double>();
        var summary = store.Import(
            new HistoryFolder(_folder["dirty"]),
            _folder["rejected.csv"],
            strict: false,
            (_, done) => told.Add(done)
        );
        Assert.Equal(1, summary.Tables.Single(table => table.File == "accounts.csv").Rejected);
        Assert.Equal(summary.Tables.Sum(table => table.Rejected) + 1, File.ReadAllLines(_folder["rejected.csv"]).Length);
        Assert.Contains(
            File.ReadAllLines(_folder["rejected.csv"]),
            line => line.StartsWith("accounts.csv,3,account_id,,a value", StringComparison.Ordinal)
        );
        Assert.Equal(told.Order(), told);
        Assert.Equal(1, told[^1]);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_strict_import_with_a_bad_row_leaves_the_database_as_it_was(string engine)
    {
        var store = Open(engine);
        Dirty();
        var folder = new HistoryFolder(_folder["dirty"]);
        var e = Assert.Throws<InvalidDataException>(() => store.Import(folder, _folder["rejected.csv"], strict: true));
        Assert.Contains("nothing imported", e.Message, StringComparison.Ordinal);
        Assert.Empty(store.Tables());
        Assert.Equal(0, store.Epoch());
        Assert.StartsWith("file,line,column,found,expected", File.ReadAllText(_folder["rejected.csv"]), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_second_writer_is_told_so_and_harms_nothing(string engine)
    {
        var store = Open(engine);
        using (var other = store.Connect())
        using (store.BeginExclusive(other))
        {
            var e = Assert.ThrowsAny<IOException>(() => Import(store, Sample.Folder));
            Assert.StartsWith("Another process is writing", e.Message, StringComparison.Ordinal);
        }
        Assert.True(Import(store, Sample.Folder).Tables.Sum(table => table.Inserted) > 0);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Every_value_comes_back_as_it_went_in(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var account = Row(
            "accounts",
            new
            {
                account_id = "Ä'\"1 漢字 🙂",
                name = new string('n', 399) + "ß",
                employee_count = 123456789.1234,
                annual_revenue = 99999999999.9999,
                created_at = "1901-02-03T04:05:06.789Z",
                external_id = "CRM-1",
                own_column = "an \"attribute\" {with} 'quotes'",
                empty = (string?)null,
            }
        );
        Assert.Equal(RowVerdict.Inserted, (await Write(history, scope => scope.Upsert(account))).Verdict);
        var (found, fingerprint) = store.Find(FactTables.Accounts, account.Key)!.Value;
        var (kept, _) = (found, 0);
        for (var i = 0; i < account.Values.Length - 1; i++)
            Assert.Equal(account.Values[i], kept.Values[i]);
        Assert.Equal(
            account.Attributes.Names.Zip(account.Attributes.Values).Where(pair => pair.Second is not null),
            kept.Attributes.Names.Zip(kept.Attributes.Values).Where(pair => pair.Second is not null)
        );
        Assert.Equal(fingerprint, (await Write(history, scope => scope.Upsert(account))).Fingerprint);
        Assert.Equal(account.Key, store.FindByExternalId(FactTables.Accounts, "CRM-1"));
        Assert.Null(store.FindByExternalId(FactTables.Partners, "CRM-1"));
        // Ids that differ in case or accent only are different ids.
        Assert.Null(store.Find(FactTables.Accounts, "ä'\"1 漢字 🙂"));
        Assert.Equal(
            RowVerdict.Inserted,
            (await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "ä'\"1 漢字 🙂" })))).Verdict
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_row_is_added_replaced_left_or_refused_as_the_caller_expects(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var first = Row("partners", new { partner_id = "p", tier = "gold" });
        var second = Row("partners", new { partner_id = "p", tier = "silver" });
        async Task<RowVerdict> Upsert(HistoryRow row, RowExpectation expected = default) =>
            (await Write(history, scope => scope.Upsert(row, expected))).Verdict;
        Assert.Equal(RowVerdict.NotAsExpected, await Upsert(first, new(null, Absent: false, Present: true)));
        Assert.Equal(RowVerdict.Inserted, await Upsert(first, new(null, Absent: true)));
        Assert.Equal(RowVerdict.NotAsExpected, await Upsert(second, new(null, Absent: true)));
        Assert.Equal(RowVerdict.Unchanged, await Upsert(first));
        var version = store.Find(FactTables.Partners, "p")!.Value.Fingerprint;
        Assert.Equal(RowVerdict.NotAsExpected, await Upsert(second, new(version + 1, Absent: false)));
        Assert.Equal(RowVerdict.Updated, await Upsert(second, new(version, Absent: false)));
        Assert.Equal("silver", store.Find(FactTables.Partners, "p")!.Value.Row.Values[3]);
        var orphan = await Write(
            history,
            scope =>
                scope.Upsert(
                    Row(
                        "opportunities",
                        new
                        {
                            opportunity_id = "o",
                            account_id = "nobody",
                            created_at = "2026-01-01",
                        }
                    )
                )
        );
        Assert.Equal(RowVerdict.Rejected, orphan.Verdict);
        Assert.Equal("account_id", orphan.Reason!.Column);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Every_table_takes_rows_and_their_corrections_and_gives_back_both_facts(string engine)
    {
        var store = Open(engine);
        await using (var history = Live(store))
        {
            foreach (var version in (int[])[1, 2])
            {
                foreach (var row in OneOfEach(version))
                    await Write(history, scope => scope.Upsert(row));
            }
            var applied = history.Fold.Facts;
            Assert.Equal(applied, store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).LongCount());
        }
        foreach (var row in OneOfEach(2))
            Assert.Equal(row.Values[..^1], store.Find(row.Table, row.Key)!.Value.Row.Values[..^1]);
        Assert.Equal(FactTables.OfFacts.Select(table => table.Name).Order(), store.Tables().Order());
        // A service that starts on it takes in the same facts.
        await using var again = Live(store);
        // Written faster than one a millisecond, the last are dated a little ahead of the clock.
        await Eventually.IsSoAsync(() => again.Fold.Read(_ => again.Fold.Pending) == 0);
        Assert.Equal(again.Fold.Facts, store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).LongCount());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_write_at_fault_undoes_only_itself(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        using var held = new ManualResetEventSlim();
        Assert.True(history.TryWrite(_ => held.Wait(TimeSpan.FromSeconds(20)), out var first));
        Assert.True(
            history.TryWrite<bool>(
                scope =>
                {
                    scope.Upsert(Row("accounts", new { account_id = "undone" }));
                    throw new InvalidDataException("changed my mind");
                },
                out var faulty
            )
        );
        Assert.True(history.TryWrite(scope => scope.Upsert(Row("accounts", new { account_id = "kept" })).Verdict, out var good));
        held.Set();
        await first;
        await Assert.ThrowsAsync<InvalidDataException>(() => faulty);
        Assert.Equal(RowVerdict.Inserted, await good);
        Assert.Null(store.Find(FactTables.Accounts, "undone"));
        Assert.NotNull(store.Find(FactTables.Accounts, "kept"));
        Assert.Equal(1, history.Fold.Facts);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_snapshot_does_not_see_what_is_written_after_it_began(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "a" })));
        using var snapshot = store.OpenSnapshot();
        using var facts = HistoryStore.Applied(snapshot).GetEnumerator();
        Assert.True(facts.MoveNext());
        await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "b" })));
        await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "a", name = "new" })));
        Assert.Null(((Account)facts.Current.Noun).Name);
        Assert.False(facts.MoveNext());
        Assert.Equal(3, store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).Count());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Accounts_are_listed_in_the_order_in_which_they_came(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        foreach (var id in (string[])["c", "a", "b"])
            await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = id })));
        IEnumerable<string> Since(DateTime since, string after, int limit) =>
            store.WrittenSince(FactTables.Accounts, since, after, limit).Select(one => one.Row.Key);
        var all = store.WrittenSince(FactTables.Accounts, DateTime.MinValue, "", 10);
        Assert.Equal(["c", "a", "b"], all.Select(one => one.Row.Key));
        Assert.Equal(["a"], Since(all[0].WrittenAt, "c", 1));
        Assert.Equal(["b"], Since(all[1].WrittenAt, "a", 10));
        // One that was made long ago, one that is made in the future, and one that is changed: all after what was read before.
        await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "d", created_at = "2101-01-01" })));
        await Write(
            history,
            scope =>
                scope.Upsert(
                    Row(
                        "accounts",
                        new
                        {
                            account_id = "0",
                            created_at = "2001-01-01",
                            recorded_at = "2001-01-01",
                        }
                    )
                )
        );
        await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "a", name = "new" })));
        Assert.Equal(["d", "0", "a"], Since(all[2].WrittenAt, "b", 10));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_an_import_brings_in_is_listed_after_all_that_was_written_before_whatever_its_dates(string engine)
    {
        var store = Open(engine);
        await using (var history = Live(store))
        {
            await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "a", created_at = "2020-01-01" })));
            await Write(history, scope => scope.Upsert(Row("accounts", new { account_id = "b", created_at = "2020-01-01" })));
            await Write(history, scope => scope.Upsert(Row("partners", new { partner_id = "p" })));
        }
        var (row, bookmark) = store.WrittenSince(FactTables.Accounts, DateTime.MinValue, "", 10)[^1];
        File("accounts.csv", "account_id,name,created_at\nnew,,2019-01-01\na,changed,2020-01-01\nb,,2020-01-01\n");
        File("partners.csv", "partner_id,joined_at\nq,2019-01-01\n");
        File("opportunities.csv", "opportunity_id,account_id,created_at\no,new,2019-01-02\n");
        File("engagements.csv", "engagement_id,opportunity_id,partner_id,started_at\ne,o,q,2019-01-03\n");
        Import(store, _folder.Path);
        Assert.Equal(
            ["a", "new"],
            store.WrittenSince(FactTables.Accounts, bookmark, row.Key, 10).Select(one => one.Row.Key).Order()
        );
        Assert.Equal(["p", "q"], store.WrittenSince(FactTables.Partners, DateTime.MinValue, "", 10).Select(one => one.Row.Key));
        void File(string file, string text) => System.IO.File.WriteAllText(_folder[file], text);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Facts_are_looked_up_for_a_page(string engine)
    {
        var store = Open(engine);
        await using (var history = Live(store))
        {
            foreach (var row in OneOfEach(1))
                await Write(history, scope => scope.Upsert(row));
        }
        var book = new FactBook(store);
        var facts = book.FactsBetween("a", "p", 10);
        Assert.Equal(
            ["assist", "certification", "engagement", "overlap", "registration"],
            facts.Select(fact => fact.Kind).Order(StringComparer.Ordinal)
        );
        Assert.Equal(facts.OrderByDescending(fact => fact.At).Select(fact => fact.At), facts.Select(fact => fact.At));
        Assert.Equal("co_sell, won", facts.Single(fact => fact.Kind == "engagement").What);
        Assert.Equal("until 2027-01-01", facts.Single(fact => fact.Kind == "certification").Where);
        Assert.Equal(2, book.FactsBetween("a", "p", 2).Count);
        await using (var history = Live(store))
        {
            foreach (
                var (id, opportunity, status) in (IEnumerable<(string, string, string?)>)
                    [("e2", "o", null), ("e3", "o2", "Withdrawn")]
            )
            {
                await Write(
                    history,
                    scope =>
                        scope.Upsert(
                            Row(
                                "opportunities",
                                new
                                {
                                    opportunity_id = "o2",
                                    account_id = "a",
                                    created_at = "2026-01-01",
                                }
                            )
                        )
                );
                await Write(
                    history,
                    scope =>
                        scope.Upsert(
                            Row(
                                "engagements",
                                new
                                {
                                    engagement_id = id,
                                    opportunity_id = opportunity,
                                    partner_id = "p",
                                    started_at = "2026-01-04",
                                    status,
                                }
                            )
                        )
                );
            }
        }
        // A deal on which it has two engagements stands once, and one from which it withdrew does not.
        var deal = Assert.Single(book.DealsOf("p", 10));
        Assert.Equal(("o", "a", 1000.5, "won"), (deal.OpportunityId, deal.AccountId, deal.Amount, deal.Outcome));
        Assert.Equal((1, 0), book.AssistsOf("p"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Keys_are_made_used_and_withdrawn(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var keys = new ApiKeys(store);
        var (key, secret) = keys.Create("Dana's", ["recommend", "ingest"], _now);
        var stored = Assert.Single(keys.List());
        Assert.Equal(
            (key.KeyId, "Dana's", ApiKeys.HashOf(secret), _now, (DateTime?)null, (DateTime?)null),
            (stored.KeyId, stored.Name, stored.Hash, stored.CreatedAt, stored.RevokedAt, stored.LastUsedAt)
        );
        Assert.Equal(["recommend", "ingest"], stored.Scopes);
        await Write(
            history,
            scope =>
            {
                ApiKeys.Used(scope, key.KeyId, _now.AddHours(1));
                ApiKeys.Used(scope, key.KeyId, _now);
                return true;
            }
        );
        Assert.Equal(_now.AddHours(1), keys.List()[0].LastUsedAt);
        Assert.True(keys.Revoke(key.KeyId, _now.AddHours(2)));
        Assert.False(keys.Revoke(key.KeyId, _now.AddHours(3)));
        Assert.False(keys.Revoke("nobody", _now));
        Assert.Equal(_now.AddHours(2), keys.List()[0].RevokedAt);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_answer_is_kept_by_its_key_and_forgotten_in_time(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var keys = new IdempotencyKeys(store);
        var body = Encoding.UTF8.GetBytes("{\"ä\":1}");
        await Write(
            history,
            scope =>
            {
                IdempotencyKeys.Keep(scope, "me", "k", new("h1", 200, "application/json", [1]));
                IdempotencyKeys.Keep(scope, "me", "k", new("h2", 201, null, body));
                Assert.Equal("h2", IdempotencyKeys.Find(scope, "me", "k", DateTime.MinValue)!.RequestHash);
                return true;
            }
        );
        var answer = keys.Find("me", "k", DateTime.MinValue)!;
        Assert.Equal(("h2", 201, (string?)null), (answer.RequestHash, answer.Status, answer.ContentType));
        Assert.Equal(body, answer.Body);
        Assert.Null(keys.Find("me", "K", DateTime.MinValue));
        Assert.Null(keys.Find("you", "k", DateTime.MinValue));
        Assert.Null(keys.Find("me", "k", DateTime.MaxValue));
        Assert.Equal(0, await Write(history, scope => IdempotencyKeys.Purge(scope, DateTime.MinValue)));
        Assert.Equal(1, await Write(history, scope => IdempotencyKeys.Purge(scope, DateTime.MaxValue)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Recommendations_are_kept_with_their_event_found_and_forgotten(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var events = new EventLog(store);
        var journal = new RecommendationJournal(store, history, events);
        var answer = new byte[100_000];
        new Random(5).NextBytes(answer.AsSpan(50_000));
        foreach (var day in (int[])[1, 2, 3])
            Assert.True(
                journal.Add(
                    new(
                        $"rec_{day}",
                        _now.AddDays(day),
                        _now.AddDays(day),
                        7,
                        "a",
                        day == 2 ? "o" : null,
                        "me",
                        4,
                        [1, 2],
                        // The first as a version before wrote it.
                        day == 1
                            ? new(answer, null)
                            : PackedJson.Of(answer)
                    )
                )
            );
        await journal.FlushAsync();
        var read = new RecommendationJournal(store, history, events);
        var entry = read.Find("rec_2")!;
        Assert.Equal(
            (_now.AddDays(2), 7, "a", "o", "me", 4),
            (entry.AsOf, entry.Epoch, entry.AccountId, entry.OpportunityId, entry.Caller, entry.RulesVersion)
        );
        Assert.True(entry.Response.Bytes.Length < 60_000);
        Assert.Equal(answer, entry.Response.Unpack());
        Assert.Null(read.Find("rec_1")!.OpportunityId);
        Assert.Equal(answer, read.Find("rec_1")!.Response.Unpack());
        Assert.Null(read.Find("rec_9"));
        Assert.Equal(["rec_2", "rec_1"], read.Before("a", _now.AddDays(3), 5).Select(one => one.RecommendationId));
        Assert.Equal(["rec_3"], read.Before("a", DateTime.MaxValue, 1).Select(one => one.RecommendationId));
        Assert.Equal(3, events.Read(0, 10, "recommendation.created").Count);
        Assert.Equal(2, await Write(history, scope => RecommendationJournal.Purge(scope, _now.AddDays(3))));
        Assert.Null(read.Find("rec_1"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Events_have_their_order_and_deliveries_their_way(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var register = new WebhookRegister(store);
        await Write(
            history,
            scope =>
            {
                WebhookRegister.Add(scope, new("wh_1", "https://a.example/x", ["model.promoted"], "s1", _now));
                WebhookRegister.Add(scope, new("wh_2", "https://b.example/", [], "s2", _now.AddDays(1)));
                return true;
            }
        );
        var events = new EventLog(store) { Webhooks = register.List() };
        Assert.Equal(["wh_1", "wh_2"], events.Webhooks.Select(webhook => webhook.WebhookId));
        Assert.Equal(["model.promoted"], events.Webhooks[0].Types);
        Event Of(string type, int day) =>
            new(type, "it", _now.AddDays(day), new Dictionary<string, object?> { ["n"] = day, ["ö"] = "ü" });
        var sequences = new List<long>();
        foreach (var (type, day) in ((string, int)[])[("model.promoted", 1), ("rules.changed", 2), ("model.promoted", 3)])
            sequences.Add(await Write(history, scope => events.Append(scope, Of(type, day))));
        EventLog.Append(store, Of("drift.detected", 4));
        Assert.Equal(sequences.Order(), sequences);
        var all = events.Read(0, 10);
        Assert.Equal(["model.promoted", "rules.changed", "model.promoted", "drift.detected"], all.Select(one => one.Type));
        Assert.Equal("ü", all[0].Data.GetProperty("ö").GetString());
        Assert.Equal(_now.AddDays(1), all[0].At);
        Assert.Equal([sequences[2]], events.Read(sequences[0], 10, "model.promoted").Select(one => one.Sequence));
        Assert.Equal([sequences[2]], events.Newest("model.promoted", 1).Select(one => one.Sequence));

        List<WebhookDelivery> Due(DateTime now) => [.. register.Waiting(now).SelectMany(id => register.Due(id, now, 10))];
        var due = Due(_now.AddDays(9));
        Assert.Equal(
            ["wh_1", "wh_2", "wh_2", "wh_1", "wh_2", "wh_2"],
            due.OrderBy(one => one.DeliveryId).Select(one => one.WebhookId)
        );
        Assert.Equal(2, Due(_now.AddDays(1)).Count);
        // What one took, no other takes, until its time is over.
        var taken = await Write(history, scope => WebhookRegister.Take(scope, due, _now.AddDays(20)));
        Assert.Equal(6, taken.Count);
        Assert.Empty(await Write(history, scope => WebhookRegister.Take(scope, due, _now.AddDays(20))));
        Assert.Empty(Due(_now.AddDays(9)));
        Assert.Equal(6, Due(_now.AddDays(21)).Count);
        var done = taken[0] with
        {
            State = "delivered",
            Attempts = 1,
            LastAt = _now.AddDays(9),
            LastStatus = 204,
            LastError = null,
            NextAt = _now.AddDays(9),
        };
        await Write(
            history,
            scope =>
            {
                WebhookRegister.Update(scope, done);
                return true;
            }
        );
        var log = register.Deliveries(done.WebhookId, 0, 10);
        Assert.Equal(done with { Event = null! }, log.Single(one => one.DeliveryId == done.DeliveryId) with { Event = null! });
        Assert.False(await Write(history, scope => WebhookRegister.Again(scope, "wh_9", done.DeliveryId, _now)));
        Assert.True(await Write(history, scope => WebhookRegister.Again(scope, done.WebhookId, done.DeliveryId, _now)));
        Assert.Equal(done.DeliveryId, Assert.Single(Due(_now)).DeliveryId);
        await Write(
            history,
            scope =>
            {
                WebhookRegister.Update(scope, done);
                return true;
            }
        );
        Assert.Equal(1, await Write(history, scope => WebhookRegister.Purge(scope, _now.AddDays(10))));
        Assert.True(await Write(history, scope => WebhookRegister.Remove(scope, "wh_1")));
        Assert.True(await Write(history, scope => WebhookRegister.Remove(scope, "wh_2")));
        Assert.False(await Write(history, scope => WebhookRegister.Remove(scope, "wh_2")));
        Assert.Equal(4, await Write(history, scope => EventLog.Purge(scope, _now.AddDays(10))));
        Assert.Empty(events.Read(0, 10));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task The_newest_rules_hold_and_the_older_ones_stay(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var rules = new RuleStore(store);
        Assert.Equal(0, rules.NewestVersion());
        Assert.Equal(0, rules.Newest().Rules.Version);
        foreach (var version in (int[])[1, 2])
        {
            var body = Encoding.UTF8.GetBytes(
                $$"""{ "rules": [ { "id": "r{{version}}", "kind": "do_not_share", "accounts": { "region": ["EMEA"] } } ] }"""
            );
            await Write(
                history,
                scope =>
                {
                    Assert.Equal(version - 1, RuleStore.NewestVersion(scope));
                    RuleStore.Add(scope, RuleSet.Read(body, version, out _)!, "me", body);
                    return true;
                }
            );
        }
        Assert.Equal(2, rules.NewestVersion());
        Assert.Equal(2, rules.Newest().Rules.Version);
        Assert.Contains("r2", Encoding.UTF8.GetString(rules.Newest().Body), StringComparison.Ordinal);
        Assert.Equal(1, rules.Find(1)!.Version);
        Assert.Null(rules.Find(3));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_model_is_promoted_and_rolled_back_and_a_shared_database_brings_it_to_an_empty_folder(string engine)
    {
        var store = Open(engine);
        var committed = new ModelRegistry(Sample.Models);
        var first = committed.Live(ModelPackage.PartnerFit)!;
        TemporaryFolder.Copy(
            committed.PathOf(ModelPackage.PartnerFit, first),
            Path.Combine(_folder["models"], ModelPackage.PartnerFit, first)
        );
        var registry = new ModelRegistry(_folder["models"], store);
        Assert.Null(registry.Live(ModelPackage.PartnerFit));
        registry.Promote(ModelPackage.PartnerFit, first);
        registry.Promote(ModelPackage.PartnerFit, first);
        Assert.Equal(first, registry.Live(ModelPackage.PartnerFit));
        Assert.Throws<InvalidDataException>(() => registry.Rollback(ModelPackage.PartnerFit));
        var elsewhere = new ModelRegistry(_folder["elsewhere"], store);
        Assert.Equal(store.IsShared ? first : null, elsewhere.Live(ModelPackage.PartnerFit));
        Assert.Equal(store.IsShared, elsewhere.Has(ModelPackage.PartnerFit, first));
        Assert.Equal(store.IsShared ? 1 : 0, elsewhere.List().Count);
        if (store.IsShared)
            elsewhere.OpenLive(ModelPackage.PartnerFit)!.Dispose();
    }

    [Fact]
    public void Replicas_share_what_they_protect_with()
    {
        var keys = new ProtectionKeys(Open(TestDatabase.SqlServer));
        keys.Add("key-1", "<key>ä</key>");
        Assert.Equal(["<key>ä</key>"], keys.All());
    }

    HistoryStore Open(string engine) => HistoryStore.Open(TestDatabase.Of(engine, _folder["s.db"]));

    static LiveHistory Live(HistoryStore store) => LiveHistory.Open(store, TimeProvider.System, [_fold]);

    static async Task<T> Write<T>(LiveHistory history, Func<WriteScope, T> write)
    {
        Assert.True(history.TryWrite(write, out var done));
        return await done;
    }

    internal static HistoryRow Row(string table, object row)
    {
        var of = FactTables.All.Single(one => one.Name == table);
        var json = new Utf8JsonReader(JsonSerializer.SerializeToUtf8Bytes(row));
        json.Read();
        Assert.True(JsonRow.TryRead(of, ref json, 1, out var read, out var fault), fault?.ToString());
        return read;
    }

    /// <summary>A row of every table, in the order in which they refer to one another.</summary>
    static IEnumerable<HistoryRow> OneOfEach(int version)
    {
        var note = version.ToString(CultureInfo.InvariantCulture);
        yield return Row("accounts", new { account_id = "a", name = "Acme " + note });
        yield return Row("partners", new { partner_id = "p", name = "Peer " + note });
        yield return Row(
            "opportunities",
            new
            {
                opportunity_id = "o",
                account_id = "a",
                amount = 1000.5,
                created_at = "2026-01-01",
                closed_at = "2026-02-01",
                outcome = "won",
                stage = note,
            }
        );
        yield return Row(
            "engagements",
            new
            {
                engagement_id = "e",
                opportunity_id = "o",
                partner_id = "p",
                role = "co_sell",
                started_at = "2026-01-02",
                status = note,
            }
        );
        yield return Row(
            "opportunity_stages",
            new
            {
                opportunity_id = "o",
                stage = "s",
                entered_at = "2026-01-03",
                own = note,
            }
        );
        yield return Row(
            "touches",
            new
            {
                touch_id = "t",
                account_id = "a",
                kind = "call " + note,
                at = "2026-01-04",
            }
        );
        yield return Row(
            "account_overlaps",
            new
            {
                partner_id = "p",
                account_id = "a",
                population = "customer",
                since = "2026-01-05",
                contact_level = note,
            }
        );
        yield return Row(
            "deal_registrations",
            new
            {
                registration_id = "r",
                partner_id = "p",
                account_id = "a",
                product = note,
                submitted_at = "2026-01-06",
                status = "approved",
                decided_at = "2026-01-07",
            }
        );
        yield return Row(
            "assists",
            new
            {
                assist_id = "s",
                partner_id = "p",
                direction = "given",
                account_id = "a",
                at = "2026-01-08",
                own = note,
            }
        );
        yield return Row(
            "certifications",
            new
            {
                partner_id = "p",
                competency = "cloud",
                earned_at = "2026-01-09",
                expires_at = "2027-01-01",
                own = note,
            }
        );
        yield return Row(
            "exchange_rates",
            new
            {
                currency = "EUR",
                date = "2026-01-10",
                rate = 1.0869565217,
                own = note,
            }
        );
        yield return Row(
            "feedback",
            new
            {
                feedback_id = "f",
                partner_id = "p",
                account_id = "a",
                @event = "note",
                note,
                at = "2026-01-10",
            }
        );
        yield return Row(
            "partner_accounts",
            new
            {
                partner_id = "p",
                record_id = "r",
                name = "Acme " + note,
                population = "customer",
            }
        );
        yield return Row(
            "account_matches",
            new
            {
                partner_id = "p",
                record_id = "r",
                account_id = "a",
                state = version == 1 ? "review" : "matched",
                probability = 0.5,
                at = "2024-01-01",
            }
        );
        yield return Row("partner_sharing", new { partner_id = "p", mode = version == 1 ? "fields" : "counts" });
        yield return Row(
            "registration_steps",
            new
            {
                registration_id = "r",
                step = "submitted",
                at = "2026-01-06",
                partner_id = "p",
                account_id = "a",
                opportunity_id = "o",
                until = "2026-01-08",
                amount = 1000.5,
                note,
                rules_version = 2,
            }
        );
        yield return Row(
            "registration_holds",
            new
            {
                account_id = "a",
                product = "cloud",
                registration_id = "r",
                own = note,
            }
        );
        yield return Row(
            "conflict_steps",
            new
            {
                conflict_id = "c",
                step = "decided",
                at = "2026-01-07",
                account_id = "a",
                kind = "second_registration",
                holder_id = "p",
                rules_version = 3,
                decision = version == 1 ? "holder_keeps" : "both_proceed",
                reason = note,
            }
        );
        yield return Row(
            "leads",
            new
            {
                lead_id = "l",
                account_id = "a",
                name = "Lead",
                partner_id = "p",
                opportunity_id = "o",
                amount = 48000.25,
                may_share = version == 1 ? "yes" : "no",
                created_at = "2026-01-05",
                own = note,
            }
        );
        yield return Row(
            "reps",
            new
            {
                rep_id = "s",
                regions = "EMEA|US",
                open_leads = version,
            }
        );
        yield return Row(
            "lead_steps",
            new
            {
                lead_id = "l",
                offer = "1",
                step = "offered",
                at = "2026-01-05",
                account_id = "a",
                assignee_type = "partner",
                partner_id = "p",
                until = "2026-01-06",
                probability = 0.9,
                policy_version = 1,
                trace = note,
            }
        );
        yield return Row(
            "routing_policies",
            new
            {
                version = "1",
                at = "2026-01-04",
                body = version == 1 ? "{}" : "{\"offers\":2}",
            }
        );
        yield return Row(
            "handoffs",
            new
            {
                handoff_id = "h",
                direction = "given",
                partner_id = "p",
                account_id = "a",
                opportunity_id = "o",
                amount = 48000.25,
                probability = 0.25,
                created_at = "2026-01-05",
                trigger = note,
                introduction = version == 1 ? null : note,
            }
        );
        yield return Row(
            "handoff_steps",
            new
            {
                handoff_id = "h",
                round = "1",
                step = "rated_acceptance",
                side = "partner",
                at = "2026-01-06",
                account_id = "a",
                partner_id = "p",
                opportunity_id = "o",
                rating = 3 + version,
                note,
            }
        );
    }

    ImportSummary Import(HistoryStore store, string folder) =>
        store.Import(new HistoryFolder(folder), _folder["rejected.csv"], strict: false);

    void Dirty()
    {
        TemporaryFolder.Copy(Sample.Folder, _folder["dirty"]);
        var path = Path.Combine(_folder["dirty"], "accounts.csv");
        var lines = File.ReadAllLines(path);
        lines[2] = lines[2][lines[2].IndexOf(',', StringComparison.Ordinal)..];
        File.WriteAllLines(path, lines);
    }

    static string Describe(DatedFact fact) => $"{fact.SeenAt:O} {fact.Kind} {fact.Key} {fact.Noun}";
}
