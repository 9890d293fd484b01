using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

/// <summary>What lies ahead: it does not count before, and nothing that is written is dated there by us.</summary>
public sealed class AheadTests : CorrectedHistory
{
    const string Registration = "r1,p1,a1,2024-02-01,expired,2024-02-10,2090-01-01";

    /// <summary>What is over was over when that was told, whatever its end says.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_registration_that_is_called_expired_is_not_live_though_its_end_lies_ahead(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write(
            "one",
            "deal_registrations.csv",
            "registration_id,partner_id,account_id,submitted_at,status,decided_at,expires_at",
            Registration,
            "r2,p1,a1,2024-02-01,expired,2024-02-10,2024-06-01"
        );
        var (facts, _) = new HistoryFolder(InFolder["one"]).ReadFacts(_ => { });
        var folder = new HistoryState(Settings);
        foreach (var fact in facts)
            folder.Apply(fact);
        Assert.Null(HeldBy(folder, DateTime.MaxValue));
        Import(store, "one");
        Assert.Null(HeldBy(FoldOf(store, DateTime.MaxValue), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(1)));
        // One whose end has passed was live until then.
        Assert.Equal("r2", HeldBy(FoldOf(store, Sample.Day(2024, 3, 1)), Sample.Day(2024, 3, 1))?.Id);
        Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Updated + table.Inserted));
        // Nor if a service takes it in with an early date of its recording.
        await using var history = Live(store);
        await Write(
            history,
            Row(
                "deal_registrations",
                new
                {
                    registration_id = "r3",
                    partner_id = "p1",
                    account_id = "a1",
                    submitted_at = "2024-02-01",
                    status = "expired",
                    decided_at = "2024-02-10",
                    expires_at = "2090-01-01",
                    recorded_at = "2024-02-01",
                }
            )
        );
        Assert.Null(history.Fold.Read(asOf => HeldBy(history.Fold.States[0], asOf)));
        AssertIsRefolded(history, store);

        static DealRegistration? HeldBy(HistoryState state, DateTime asOf) =>
            state.FindAccountState("a1")!.Pair(state.IndexOfPartner("p1")).LiveRegistration(asOf);
    }

    [Theory]
    [InlineData(TestDatabase.Sqlite, false)]
    [InlineData(TestDatabase.Sqlite, true)]
    [InlineData(TestDatabase.SqlServer, false)]
    [InlineData(TestDatabase.SqlServer, true)]
    public async Task An_account_a_partner_or_a_deal_corrected_to_a_date_ahead_stays_known(string engine, bool byFile)
    {
        var store = Open(engine);
        WriteFolder("2024-01-01", "2023-01-01", "2024-01-10");
        Import(store, "one");
        await Correct(store, byFile, "2090-01-01", "2090-01-01", "2090-01-01");
        await using (var history = Live(store))
        {
            history.Fold.Read(_ =>
            {
                var now = history.Fold.States[0];
                Assert.Equal(2090, now.FindAccount("a1")!.CreatedAt!.Value.Year);
                Assert.Equal(2090, now.FindPartner("p1")!.JoinedAt!.Value.Year);
                Assert.Equal(2090, now.FindOpportunity("o1")!.CreatedAt.Year);
                Assert.Equal(1, now.FindAccountState("a1")!.Opportunities);
                Assert.Equal(1, now.FindAccountState("a1")!.Engagements);
                Assert.Single(now.FindAccountState("a1")!.TouchesOfPartners!);
                return 0;
            });
            AssertIsRefolded(history, store);
        }
        // As it was known then, and as it will be.
        foreach (var day in (DateTime[])[Sample.Day(2024, 3, 1), Sample.Day(2090, 3, 1)])
        {
            var state = FoldOf(store, day);
            Assert.NotNull(state.FindAccount("a1"));
            Assert.NotNull(state.FindPartner("p1"));
            Assert.Equal(1, state.FindAccountState("a1")!.Opportunities);
            Assert.Equal(1, state.FindAccountState("a1")!.Engagements);
            Assert.Single(state.FindAccountState("a1")!.TouchesOfPartners!);
        }
        if (byFile)
            Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Updated + table.Inserted));
        // And back again.
        await Correct(store, byFile, "2024-01-02", "2023-01-02", "2024-01-11");
        await using (var history = Live(store))
        {
            history.Fold.Read(_ =>
            {
                var now = history.Fold.States[0];
                Assert.NotNull(now.FindAccount("a1"));
                Assert.Equal(1, now.FindAccountState("a1")!.Opportunities);
                Assert.Equal(1, now.FindAccountState("a1")!.Engagements);
                Assert.Single(now.FindAccountState("a1")!.TouchesOfPartners!);
                return 0;
            });
            AssertIsRefolded(history, store);
        }
    }

    /// <summary>The deal, what names it and again the deal, in one call.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_deal_and_what_names_it_are_moved_ahead_and_back_in_one_write(string engine)
    {
        var store = Open(engine);
        WriteFolder("2024-01-01", "2023-01-01", "2024-01-10");
        Import(store, "one");
        await using var history = Live(store);
        var faults = new List<Exception>();
        history.NotTakenIn = faults.Add;
        Assert.True(
            history.TryWrite(
                scope =>
                {
                    foreach (
                        var row in (HistoryRow[])
                            [
                                Engagement("2024-02-03"),
                                Deal("2090-01-01"),
                                Engagement("2024-02-04"),
                                Deal("2024-01-12"),
                                Engagement("2024-02-05"),
                            ]
                    )
                        Assert.Equal(RowVerdict.Updated, scope.Upsert(row).Verdict);
                    return 0;
                },
                out var done
            )
        );
        await done;
        Assert.Empty(faults);
        AssertIsRefolded(history, store);
        Assert.Equal(1, history.Fold.Read(_ => history.Fold.States[0].FindAccountState("a1")!.Engagements));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_account_whose_deal_is_dated_ahead_is_merged_with_what_names_both(string engine)
    {
        var store = Open(engine);
        WriteFolder("2024-01-01", "2023-01-01", "2024-01-10");
        Import(store, "one");
        await using var history = Live(store);
        var faults = new List<Exception>();
        history.NotTakenIn = faults.Add;
        await Write(history, Row("accounts", new { account_id = "a2", name = "Bolt" }));
        await Write(history, Touch());
        await Write(history, Deal("2090-01-01"));
        AssertIsRefolded(history, store);
        await Merge(history, "a1", "a2");
        Assert.Empty(faults);
        AssertIsRefolded(history, store);
        Assert.Equal("a2", store.Find(FactTables.Touches, "t2")!.Value.Row["account_id"]);
        Assert.Equal(1, history.Fold.Read(_ => history.Fold.States[0].FindAccountState("a2")!.Opportunities));
        await Write(history, Deal("2024-01-12").With("account_id", "a2"));
        Assert.Empty(faults);
        AssertIsRefolded(history, store);
        Assert.Equal(1, history.Fold.Read(_ => history.Fold.States[0].FindAccountState("a2")!.Opportunities));

        static HistoryRow Touch() =>
            Row(
                "touches",
                new
                {
                    touch_id = "t2",
                    account_id = "a1",
                    opportunity_id = "o1",
                    partner_id = "p1",
                    kind = "call",
                    at = "2024-02-03",
                }
            );
    }

    [Fact]
    public async Task Ten_thousand_deletions_in_one_call_are_not_dated_ahead()
    {
        const int Many = 10_000;
        var store = Open(TestDatabase.Sqlite);
        await using var history = Live(store);
        await Write(history, Row("accounts", new { account_id = "a1" }));
        async Task<TimeSpan> Ahead(Func<int, HistoryRow> row)
        {
            Assert.True(
                history.TryWrite(
                    scope =>
                    {
                        var start = scope.Stamp;
                        for (var i = 0; i < Many; i++)
                            Assert.True(scope.Upsert(row(i)).Verdict is RowVerdict.Inserted or RowVerdict.Deleted);
                        return scope.Stamp - start;
                    },
                    out var done
                )
            );
            return await done;
        }
        Assert.True(
            await Ahead(i =>
                Row(
                    "touches",
                    new
                    {
                        touch_id = $"t{i}",
                        account_id = "a1",
                        kind = "call",
                        at = "2024-01-01",
                    }
                )
            ) < TimeSpan.FromMilliseconds(100)
        );
        Assert.True(await Ahead(i => NewDeletion("touches", $"t{i}", "2024-06-01")) < TimeSpan.FromMilliseconds(100));
        AssertIsRefolded(history, store);
        // A row that is taken out and comes again has a moment for each.
        Assert.True(
            history.TryWrite(
                scope =>
                {
                    var touch = Row(
                        "touches",
                        new
                        {
                            touch_id = "t1",
                            account_id = "a1",
                            kind = "call",
                            at = "2024-01-01",
                        }
                    );
                    Assert.Equal(RowVerdict.Inserted, scope.Upsert(touch).Verdict);
                    foreach (var day in (string[])["2024-07-01", "2024-07-02"])
                    {
                        var gone = NewDeletion("touches", "t1", day);
                        Assert.Equal(RowVerdict.Deleted, scope.Upsert(gone).Verdict);
                        Assert.Equal(RowVerdict.Inserted, scope.Upsert(touch).Verdict);
                    }
                    return 0;
                },
                out var again
            )
        );
        await again;
        AssertIsRefolded(history, store);
        Assert.False(history.IsOutdated);
    }

    void WriteFolder(string created, string joined, string dealt)
    {
        Folder("one", opportunity: $"o1,a1,core,1000,{dealt},,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name,created_at", $"a1,Acme,{created}");
        Write("one", "partners.csv", "partner_id,name,tier,joined_at", $"p1,Peer,silver,{joined}");
        Write("one", "touches.csv", "touch_id,opportunity_id,partner_id,kind,at", "t1,o1,p1,call,2024-02-02");
        Write("one", "opportunity_stages.csv", "opportunity_id,stage,entered_at", "o1,demo,2024-02-02");
    }

    async Task Correct(HistoryStore store, bool byFile, string created, string joined, string dealt)
    {
        if (byFile)
        {
            WriteFolder(created, joined, dealt);
            Assert.Equal(3, Import(store, "one").Tables.Sum(table => table.Updated));
            return;
        }
        await using var history = Live(store);
        await Write(
            history,
            Row(
                "accounts",
                new
                {
                    account_id = "a1",
                    name = "Acme",
                    created_at = created,
                }
            )
        );
        await Write(
            history,
            Row(
                "partners",
                new
                {
                    partner_id = "p1",
                    name = "Peer",
                    joined_at = joined,
                }
            )
        );
        await Write(history, Deal(dealt));
        AssertIsRefolded(history, store);
    }

    static HistoryRow Deal(string created) =>
        Row(
            "opportunities",
            new
            {
                opportunity_id = "o1",
                account_id = "a1",
                product = "core",
                amount = 1000,
                created_at = created,
                outcome = "open",
            }
        );

    static HistoryRow Engagement(string started) => NewEngagement("e1", "o1", "p1", started);
}
