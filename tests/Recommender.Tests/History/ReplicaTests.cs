using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Tests.History;

/// <summary>
/// Several replicas on one database. The order in which they take in each other's facts is tried on <see cref="SharedSqliteStore"/> always,
/// and on SQL Server where there is one.
/// </summary>
public sealed class ReplicaTests : IDisposable
{
    static readonly DateTime _start = new(2026, 3, 4, 5, 6, 7, DateTimeKind.Utc);
    static readonly ModelPackage _fit = new ModelRegistry(Sample.Models).OpenLive(ModelPackage.PartnerFit)!;
    static readonly ModelPackage _win = new ModelRegistry(Sample.Models).OpenLive(ModelPackage.WinProbability)!;
    static readonly RankingModels _models = new(_fit, _win);
    readonly TemporaryFolder _folder = new();
    FakeTimeProvider _time = new(new DateTimeOffset(_start));

    // The replicas' own clocks, by which they look; what is now, the database says.
    readonly Dictionary<LiveHistory, FakeTimeProvider> _looks = [];

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_one_writes_it_sees_at_once_and_the_other_within_a_second(string engine)
    {
        var store = Open(engine, "one.db");
        await using var here = Live(store);
        await using var there = Live(store);
        await Write(here, Row("accounts", new { account_id = "a" }));
        Assert.True(Knows(here, "a"));
        Assert.False(Knows(there, "a"));
        for (var quarter = 0; quarter < 4; quarter++)
            await MoveOn(TimeSpan.FromMilliseconds(250), there);
        Assert.True(Knows(there, "a"));
        // Who writes has read first.
        await Write(there, Row("accounts", new { account_id = "b" }));
        await Write(
            here,
            Row(
                "opportunities",
                new
                {
                    opportunity_id = "o",
                    account_id = "b",
                    created_at = "2026-01-01",
                }
            )
        );
        Assert.True(Knows(here, "b"));
        Assert.Equal(3, here.Fold.Facts);
        await MoveOn(TimeSpan.FromMilliseconds(250), there);
        Assert.Equal(3, there.Fold.Facts);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Of_two_that_change_the_same_version_of_a_row_one_is_told_so(string engine)
    {
        var store = Open(engine, "lost.db");
        await using var here = Live(store);
        await using var there = Live(store);
        await Write(here, Row("partners", new { partner_id = "p" }));
        for (var round = 0; round < 10; round++)
        {
            var version = store.Find(FactTables.Partners, "p")!.Value.Fingerprint;
            RowExpectation expected = new(version, Absent: false);
            var verdicts = await Task.WhenAll(
                Write(here, Row("partners", new { partner_id = "p", tier = $"h{round}" }), expected),
                Write(there, Row("partners", new { partner_id = "p", tier = $"t{round}" }), expected)
            );
            Assert.Equal([RowVerdict.Updated, RowVerdict.NotAsExpected], verdicts.Order());
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_import_by_another_process_is_folded_anew(string engine)
    {
        var store = Open(engine, "import.db");
        await using var here = Live(store);
        await Write(here, Row("accounts", new { account_id = "own" }));
        Assert.False(here.IsOutdated);
        store.Import(new HistoryFolder(Sample.Folder), _folder["rejected.csv"], strict: true);
        await MoveOn(TimeSpan.FromMilliseconds(250), here);
        Assert.True(here.IsOutdated);
        var id = ((Account)Sample.FactList.First(fact => fact.Kind == FactKind.Account).Noun).Id;
        Assert.False(Knows(here, id));
        // It goes on taking writes meanwhile.
        await Write(here, Row("accounts", new { account_id = "meanwhile" }));
        Assert.True(Knows(here, "meanwhile"));
        LiveFold? swapped = null;
        await here.RefoldAsync(_models.Folds, fold => swapped = fold, TestContext.Current.CancellationToken);
        Assert.Same(swapped, here.Fold);
        Assert.False(here.IsOutdated);
        Assert.True(Knows(here, id) && Knows(here, "own") && Knows(here, "meanwhile"));
        var asOf = here.Fold.Read(now => now);
        Assert.Equal(store.ReadApplied(asOf, asOf).LongCount(), here.Fold.Facts);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_is_written_after_an_import_the_other_is_told_and_the_import_is_not_told_again(string engine)
    {
        var store = Open(engine, "after.db");
        store.Import(new HistoryFolder(Sample.Folder), _folder["rejected.csv"], strict: true);
        await using var here = Live(store);
        // Who writes meanwhile keeps nobody from opening it whole.
        using (var writing = store.ConnectToWrite())
        using (store.BeginExclusive(writing))
        {
            await using var meanwhile = Live(store);
            Assert.Equal(here.Fold.States[0].Facts, meanwhile.Fold.States[0].Facts);
        }
        await using var there = Live(store);
        await Write(here, Row("accounts", new { account_id = "a" }));
        await MoveOn(TimeSpan.FromSeconds(1), there);
        Assert.True(Knows(there, "a"));
        Assert.Equal(here.Fold.Facts, there.Fold.Facts);
        Assert.False(there.IsOutdated);
        var asOf = there.Fold.Read(now => now);
        Assert.Equal(store.ReadApplied(asOf, asOf).LongCount(), there.Fold.Facts);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_noticed_reads_go_on_and_it_mends_itself()
    {
        var store = (SharedSqliteStore)Open(TestDatabase.Sqlite, "gone.db");
        await using var here = Live(store);
        await using var there = Live(store);
        await Write(here, Row("accounts", new { account_id = "a" }));
        store.IsGone = true;
        _looks[here].Advance(TimeSpan.FromSeconds(11));
        await Eventually.IsSoAsync(() => here.Fault is not null);
        Assert.Equal(StoreFault.Broken, here.Fault?.Fault);
        Assert.Equal(TimeSpan.FromSeconds(11), here.SinceContact);
        Assert.True(Knows(here, "a"));
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            Write(here, Row("accounts", new { account_id = "b" }))
        );
        Assert.Equal(StoreFault.Broken, refused.Fault);
        Assert.Null(store.Find(FactTables.Accounts, "b"));
        store.IsGone = false;
        await MoveOn(TimeSpan.FromSeconds(1), here);
        Assert.Null(here.Fault);
        await Write(here, Row("accounts", new { account_id = "b" }));
        await MoveOn(TimeSpan.FromSeconds(1), there);
        Assert.True(Knows(there, "a") && Knows(there, "b"));
    }

    /// <summary>
    /// Whatever two replicas write and in whatever order they hear of each other, facts late, corrected or of the future among it, and models
    /// swapped: every answer is the one that the facts dated before its as-of give when they are folded again, to the bit.
    /// </summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Every_answer_of_every_replica_can_be_computed_again(string engine)
    {
        var stale = 0;
        for (var seed = 0; seed < (engine == TestDatabase.Sqlite ? 12 : 4); seed++)
        {
            var file = string.Create(CultureInfo.InvariantCulture, $"replay{seed}.db");
            _time = new(new DateTimeOffset(_start));
            var store = Open(engine, file);
            await using var one = Live(store);
            await using var two = Live(store);
            stale += await Replay(store, seed, one, two);
        }
        // Else the replicas were never behind each other, and nothing was shown.
        Assert.True(stale > 10, $"{stale} answers of a replica that did not know all");
    }

    [Fact]
    public async Task Every_answer_of_a_service_by_itself_can_be_computed_again()
    {
        for (var seed = 100; seed < 120; seed++)
        {
            _time = new(new DateTimeOffset(_start));
            var store = new SqliteHistoryStore(_folder[string.Create(CultureInfo.InvariantCulture, $"alone{seed}.db")]);
            await using var history = LiveHistory.Open(
                store,
                _time,
                _models.Folds,
                cancel: TestContext.Current.CancellationToken
            );
            Assert.Equal(0, await Replay(store, seed, history));
        }
    }

    async Task<int> Replay(HistoryStore store, int seed, params LiveHistory[] replicas)
    {
        var random = new Random(seed);
        foreach (var partner in (string[])["p0", "p1", "p2"])
            await Write(
                replicas[0],
                Row(
                    "partners",
                    new
                    {
                        partner_id = partner,
                        tier = "gold",
                        joined_at = "2020-01-01",
                    }
                )
            );
        foreach (var account in (string[])["a0", "a1"])
            await Write(replicas[0], Row("accounts", new { account_id = account, industry = "retail" }));
        var answers = new List<(DateTime AsOf, string Account, string Text)>();
        var stale = 0;
        for (var step = 0; step < 60; step++)
        {
            var replica = replicas[random.Next(replicas.Length)];
            switch (random.Next(10))
            {
                case < 5:
                    await Write(replica, Change(random));
                    break;
                case < 7:
                    await MoveOn(TimeSpan.FromMilliseconds(random.Next(1, 700)), random.Next(3) == 0 ? replicas : [replica]);
                    break;
                case 7 when step % 3 == 0:
                    await replica.RefoldAsync(_models.Folds, _ => { }, TestContext.Current.CancellationToken);
                    break;
                default:
                    if (replicas[0].Fold.Facts != replicas[^1].Fold.Facts)
                        stale++;
                    foreach (var account in (string[])["a0", "a1"])
                        answers.Add(Ask(replica, account));
                    break;
            }
        }
        await MoveOn(TimeSpan.FromDays(400), replicas);
        foreach (var replica in replicas)
            answers.Add(Ask(replica, "a0"));
        // Once both know all, both say the same.
        Assert.Equal(replicas[0].Fold.Facts, replicas[^1].Fold.Facts);
        foreach (var (asOf, account, text) in answers)
        {
            var states = _models.Folds.Select(fold => new HistoryState(fold)).ToList();
            foreach (var fact in store.ReadApplied(asOf, asOf))
                states.ForEach(state => state.Apply(fact));
            var again = new PartnerRanker(_models, states).Rank(new(account, asOf) { Limit = 3 }, RuleSet.None);
            Assert.True(
                text == JsonSerializer.Serialize(again),
                $"seed {seed}, {account} as of {asOf:O}:\n{text}\n{JsonSerializer.Serialize(again)}"
            );
        }
        return stale;
    }

    static (DateTime AsOf, string Account, string Text) Ask(LiveHistory replica, string account)
    {
        var fold = replica.Fold;
        return fold.Read(asOf =>
            (
                asOf,
                account,
                JsonSerializer.Serialize(
                    new PartnerRanker(_models, fold.States).Rank(new(account, asOf) { Limit = 3 }, RuleSet.None)
                )
            )
        );
    }

    HistoryRow Change(Random random)
    {
        string One(string letter, int of) => letter + random.Next(of).ToString(CultureInfo.InvariantCulture);
        // Long ago, a moment ago, soon, or in a year.
        string Day(params ReadOnlySpan<double> days) =>
            Instants.Text(_time.GetUtcNow().UtcDateTime.AddDays(days[random.Next(days.Length)]));
        var (account, partner) = (One("a", 2), One("p", 3));
        return random.Next(8) switch
        {
            0 => Row("accounts", new { account_id = account, industry = One("i", 3) }),
            1 or 2 or 6 or 7 => Row(
                "opportunities",
                new
                {
                    // A deal's account never changes: the deal is named after it.
                    opportunity_id = account + One("-o", 2),
                    account_id = account,
                    amount = random.Next(100_000),
                    created_at = Day(-500, -300, -0.001, 0.000006, 0.00001),
                    closed_at = Day(-200, 0.000001, 0.000003, 0.000006, 0.00001, 0.001, 300),
                    outcome = random.Next(2) == 0 ? "won" : "lost",
                }
            ),
            3 => Row(
                "touches",
                new
                {
                    touch_id = account + partner + One("-t", 3),
                    account_id = account,
                    partner_id = partner,
                    kind = One("k", 2),
                    at = Day(-100, -0.001, 0.00001, 1),
                }
            ),
            4 => Row(
                "account_overlaps",
                new
                {
                    partner_id = partner,
                    account_id = account,
                    population = "customer",
                    since = "2026-01-01",
                    contact_count = random.Next(10),
                }
            ),
            _ => Row(
                "deal_registrations",
                new
                {
                    registration_id = account + partner + One("-r", 2),
                    partner_id = partner,
                    account_id = account,
                    submitted_at = Day(-50, -0.001),
                    decided_at = Day(-10, 0.00001, 20),
                    status = random.Next(2) == 0 ? "approved" : "rejected",
                }
            ),
        };
    }

    HistoryStore Open(string engine, string file)
    {
        var database = TestDatabase.Of(engine, _folder[file]);
        if (engine == TestDatabase.SqlServer)
            return HistoryStore.Open(database);
        return new SharedSqliteStore(database, _time);
    }

    LiveHistory Live(HistoryStore store)
    {
        var looks = new FakeTimeProvider(new DateTimeOffset(_start));
        var history = LiveHistory.Open(store, looks, _models.Folds);
        _looks[history] = looks;
        return history;
    }

    /// <summary>Lets time go on and has some replicas look.</summary>
    async Task MoveOn(TimeSpan time, params LiveHistory[] replicas)
    {
        // SQL Server has a clock of its own.
        if (TestDatabase.HasServer)
            await Task.Delay(time < TimeSpan.FromSeconds(1) ? time : TimeSpan.FromSeconds(1));
        _time.Advance(time);
        foreach (var replica in replicas)
        {
            _looks.GetValueOrDefault(replica)?.Advance(TimeSpan.FromMilliseconds(250));
            await Eventually.IsSoAsync(
                () => replica.SinceContact <= TimeSpan.Zero,
                () => $"Not followed: {replica.Fault?.InnerException ?? replica.Fault}"
            );
        }
    }

    static bool Knows(LiveHistory history, AccountId account)
    {
        var fold = history.Fold;
        return fold.Read(_ => fold.States[0].FindAccount(account) is not null);
    }

    static HistoryRow Row(string table, object row) => StoreContractTests.Row(table, row);

    static async Task<RowVerdict> Write(LiveHistory history, HistoryRow row, RowExpectation expected = default)
    {
        Assert.True(history.TryWrite(scope => scope.Upsert(row, expected), out var done));
        return (await done).Verdict;
    }
}
