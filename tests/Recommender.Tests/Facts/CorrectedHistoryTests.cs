using Dapper;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Tests.Fold;
using Recommender.Training;

namespace Recommender.Tests.History;

/// <summary>Histories whose rows were changed, merged and deleted on the way: by file, by a running service, on both engines.</summary>
public sealed class CorrectedHistoryTests : CorrectedHistory
{
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_row_that_an_import_changes_is_what_it_was_until_then(string engine)
    {
        var store = Open(engine);
        Folder("before", opportunity: "o1,a1,core,1000,2024-01-10,2024-06-01,,open", tier: "silver");
        Import(store, "before");
        var day = Sample.Day(2024, 3, 1);
        var features = StateText.Of(FoldOf(store, day), day);
        var imported = TimeProvider.System.GetUtcNow().UtcDateTime;
        Folder("after", opportunity: "o1,a1,core,5000,2024-01-10,2024-09-01,2024-08-15,won", tier: "gold");
        Assert.Equal(2, Import(store, "after").Tables.Sum(table => table.Updated));
        // The earlier day to the bit, and the newer values from the import on.
        Assert.Equal(features, StateText.Of(FoldOf(store, day), day));
        var now = FoldOf(store, DateTime.MaxValue);
        Assert.Equal(5000, now.FindOpportunity("o1")!.Amount);
        Assert.Equal("gold", now.FindPartner("p1")!.Tier);
        Assert.False(now.IsOpen("o1"));
        var until = FoldOf(store, imported.AddSeconds(-1));
        Assert.Equal(1000, until.FindOpportunity("o1")!.Amount);
        Assert.Equal("silver", until.FindPartner("p1")!.Tier);
        Assert.True(until.IsOpen("o1"));
        // The same folder again changes nothing.
        Assert.Equal(0, Import(store, "after").Tables.Sum(table => table.Updated + table.Inserted));
    }

    [Fact]
    public void Training_sees_a_deal_as_it_was_at_each_moment()
    {
        var store = Open(TestDatabase.Sqlite);
        Folder("before", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Import(store, "before");
        Folder("after", opportunity: "o1,a1,core,5000,2024-01-10,,2024-08-15,won", tier: "silver");
        Import(store, "after");
        var facts = store.ReadFacts(DateTime.MaxValue).ToList();
        var deal = Assert.Single(Deal.KnownBefore(facts, DateTime.MaxValue));
        Assert.Equal(Outcome.Won, deal.Outcome);
        using var replay = new Replay(facts, new HistoryState(Settings));
        replay.To(Sample.Day(2024, 3, 1));
        Assert.Equal(1000, deal.RowIn(replay.State).Amount);
        replay.To(DateTime.MaxValue);
        Assert.Equal(5000, deal.RowIn(replay.State).Amount);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Deletions_aliases_and_field_changes_come_by_file(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,3000,2024-01-10,,2024-08-15,won", tier: "gold");
        Write("one", "accounts.csv", "account_id,name,industry", "a1,Acme,retail", "a2,Acme Inc,energy", "a3,Bolt,retail");
        Write(
            "one",
            "touches.csv",
            "touch_id,account_id,partner_id,kind,at",
            "t1,a2,p1,call,2024-02-01",
            "t2,a3,p1,call,2024-02-02"
        );
        Write("one", "aliases.csv", "old_id,new_id,at", "a2,a1,2024-05-01", "nobody,a1,2024-05-01");
        Write(
            "one",
            "deletions.csv",
            "table,key,at,reason",
            "touches,t2,2024-06-01,test record",
            "accounts,a3,2024-06-01,",
            "accounts,a1,2024-06-01,still named",
            "touches,t9,2024-06-01,",
            "touches,t1,soon,"
        );
        Write(
            "one",
            "field_changes.csv",
            "table,key,column,value,at",
            "opportunities,o1,amount,1000,2024-01-10",
            "opportunities,o1,amount,3000,2024-04-01",
            "partners,p1,tier,silver,2024-02-15",
            "partners,p1,tier,gold,2024-07-01",
            "opportunities,o1,opportunity_id,x,2024-07-01",
            "opportunities,o1,amount,much,2024-07-01"
        );
        var summary = Import(store, "one");
        TableImport Of(string file) => summary.Tables.Single(table => table.File == file);
        Assert.Equal((2, 3), (Of("deletions.csv").Inserted, Of("deletions.csv").Rejected));
        Assert.Equal((1, 1), (Of("aliases.csv").Inserted, Of("aliases.csv").Rejected));
        Assert.Equal((4, 2), (Of("field_changes.csv").Accepted, Of("field_changes.csv").Rejected));
        var rejected = File.ReadAllLines(InFolder["rejected.csv"]);
        Assert.Contains(rejected, line => line.StartsWith("field_changes.csv,6,column,opportunity_id", StringComparison.Ordinal));
        Assert.Contains(
            rejected,
            line => line.StartsWith("deletions.csv,4,key,a1,\"a row that no other names", StringComparison.Ordinal)
        );
        Assert.Contains(rejected, line => line.StartsWith("aliases.csv,3,old_id,nobody", StringComparison.Ordinal));

        var march = FoldOf(store, Sample.Day(2024, 3, 1));
        Assert.Equal(1000, march.FindOpportunity("o1")!.Amount);
        Assert.Equal("silver", march.FindPartner("p1")!.Tier);
        Assert.Null(FoldOf(store, Sample.Day(2024, 2, 1)).FindPartner("p1")!.Tier);
        Assert.NotNull(march.FindAccount("a2"));
        Assert.Equal(1, march.FindAccountState("a2")!.Pair(march.IndexOfPartner("p1")).Facts);
        var now = FoldOf(store, DateTime.MaxValue);
        Assert.Equal(3000, now.FindOpportunity("o1")!.Amount);
        Assert.Equal("gold", now.FindPartner("p1")!.Tier);
        Assert.Null(now.FindAccount("a2"));
        Assert.Null(now.FindAccount("a3"));
        Assert.Equal(0, now.FindAccountState("a2")!.Partners);
        Assert.Equal(Sample.Day(2024, 2, 1), now.FindAccountState("a1")!.Pair(now.IndexOfPartner("p1")).LastTouchAt);
        // The same folder again changes nothing, though it holds the rows that are gone.
        var before = store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).ToList();
        Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Inserted + table.Updated));
        Assert.Equal(before, store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue));
        // Training from the folder sees the same.
        var (facts, _) = new HistoryFolder(InFolder["one"]).ReadFacts(_ => { });
        Assert.Equal(store.ReadFacts(DateTime.MaxValue).Select(fact => fact.ToString()), facts.Select(fact => fact.ToString()));
    }

    /// <summary>Merged away before, an account comes again in an export that is behind, and deals name it.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_names_a_merged_account_names_the_one_that_stays(string engine)
    {
        var store = Open(engine);
        await using (var history = Live(store))
        {
            await Write(history, Row("accounts", new { account_id = "a1", name = "Acme" }));
            await Write(history, Row("accounts", new { account_id = "a2", name = "Acme Inc" }));
            await Write(history, Row("partners", new { partner_id = "p1" }));
            await Write(history, NewDeal("o2", "a2", "2024-01-01"));
            await Write(
                history,
                Row(
                    "account_overlaps",
                    new
                    {
                        partner_id = "p1",
                        account_id = "a2",
                        population = "customer",
                        since = "2024-01-01",
                    }
                )
            );
            var merged = Row(
                "aliases",
                new
                {
                    old_id = "a2",
                    new_id = "a1",
                    at = "2024-05-01",
                }
            );
            Assert.Equal(RowVerdict.Inserted, (await Write(history, merged)).Verdict);
            Assert.Equal(RowVerdict.Unchanged, (await Write(history, merged)).Verdict);
            Assert.Equal("a1", history.Fold.Read(_ => history.Fold.States[0].FindOpportunity("o2")!.AccountId));
            Assert.Null(history.Fold.Read(_ => history.Fold.States[0].FindAccount("a2")));
            Assert.NotNull(store.Find(FactTables.AccountOverlaps, "p1\u001fa1\u001fcustomer\u001f2024-01-01T00:00:00.000Z"));
            var late = await Write(history, NewDeal("o3", "a2", "2024-02-01"));
            Assert.Equal(RowVerdict.Inserted, late.Verdict);
            Assert.Equal(2, history.Fold.Read(_ => history.Fold.States[0].OpenDealsOf("a1").Count()));
            var again = await Write(history, Row("accounts", new { account_id = "a2", name = "Acme Inc" }));
            Assert.Equal(RowVerdict.Rejected, again.Verdict);
            Assert.Contains("'a1'", again.Reason!.Expected, StringComparison.Ordinal);
            AssertIsRefolded(history, store);
        }
    }

    /// <summary>Rows are changed, moved and taken out by a running service; a service that starts on the database folds the same, to the bit.</summary>
    [Theory]
    [InlineData(TestDatabase.Sqlite, 14)]
    [InlineData(TestDatabase.Sqlite, 103)]
    [InlineData(TestDatabase.Sqlite, 108)]
    [InlineData(TestDatabase.Sqlite, 115)]
    [InlineData(TestDatabase.SqlServer, 14)]
    public async Task Corrections_of_a_running_service_fold_anew_to_the_same(string engine, int seed)
    {
        var store = Open(engine);
        await using var history = Live(store);
        var random = new Random(seed);
        string Any(string letter, int of) => $"{letter}{random.Next(of)}";
        string Day() => $"2024-{random.Next(1, 13):00}-{random.Next(1, 28):00}";
        string DayOrAhead() => random.Next(5) == 0 ? "2090-01-01" : Day();
        for (var i = 0; i < 3; i++)
        {
            await Write(history, Row("accounts", new { account_id = "a" + i, industry = "retail" }));
            await Write(history, Row("partners", new { partner_id = "p" + i }));
        }
        for (var i = 0; i < 400; i++)
        {
            HistoryRow row = random.Next(9) switch
            {
                0 => Row(
                    "accounts",
                    new
                    {
                        account_id = Any("a", 3),
                        industry = Any("i", 3),
                        created_at = DayOrAhead(),
                    }
                ),
                1 or 2 => Row(
                    "opportunities",
                    new
                    {
                        opportunity_id = Any("o", 5),
                        account_id = Any("a", 3),
                        product = Any("product", 2),
                        created_at = DayOrAhead(),
                        outcome = random.Next(2) == 0 ? "won" : "open",
                        closed_at = random.Next(3) == 0 ? "2030-01-01" : Day(),
                    }
                ),
                3 or 4 => Row(
                    "engagements",
                    new
                    {
                        engagement_id = Any("e", 6),
                        opportunity_id = Any("o", 5),
                        partner_id = Any("p", 3),
                        started_at = Day(),
                        status = random.Next(5) == 0 ? "withdrawn" : "active",
                    }
                ),
                5 => Row(
                    "touches",
                    new
                    {
                        touch_id = Any("t", 6),
                        opportunity_id = Any("o", 5),
                        partner_id = Any("p", 3),
                        kind = "call",
                        at = Day(),
                    }
                ),
                6 => Row(
                    "deal_registrations",
                    new
                    {
                        registration_id = Any("r", 4),
                        partner_id = Any("p", 3),
                        account_id = Any("a", 3),
                        submitted_at = Day(),
                        status = random.Next(2) == 0 ? "approved" : "rejected",
                        decided_at = random.Next(3) == 0 ? "2030-01-01" : Day(),
                    }
                ),
                7 => NewDeletion("engagements", Any("e", 6), Day() + $"T00:{i / 60 % 60:00}:{i % 60:00}Z"),
                _ => NewDeletion("opportunities", Any("o", 5), Day() + $"T00:{i / 60 % 60:00}:{i % 60:00}Z"),
            };
            await Write(history, row);
        }
        Assert.False(history.IsOutdated);
        AssertIsRefolded(history, store);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_row_whose_key_has_several_columns_is_deleted_by_all_of_them(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        await Write(history, Row("partners", new { partner_id = "p1" }));
        foreach (var competency in (string[])["core", "edge"])
            await Write(
                history,
                Row(
                    "certifications",
                    new
                    {
                        partner_id = "p1",
                        competency,
                        earned_at = "2024-01-01",
                    }
                )
            );
        var deletion = NewDeletion("certifications", "p1|core|2024-01-01", "2024-05-01");
        Assert.Equal(RowVerdict.Deleted, (await Write(history, deletion)).Verdict);
        Assert.Equal(RowVerdict.Unchanged, (await Write(history, deletion)).Verdict);
        var held = history.Fold.Read(_ => history.Fold.States[0].Partner("p1").Certifications!.Select(one => one.Competency));
        Assert.Equal(["edge"], held);
        AssertIsRefolded(history, store);
    }

    /// <summary>An export says when each row was recorded; a deal that was taken out and put back comes with its old date.</summary>
    [Theory]
    [InlineData(TestDatabase.Sqlite, false)]
    [InlineData(TestDatabase.Sqlite, true)]
    [InlineData(TestDatabase.SqlServer, false)]
    public async Task A_deal_that_comes_again_after_its_deletion_stays_for_training_too(string engine, bool byFile)
    {
        var store = Open(engine);
        Folder("before", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        await using (var history = Live(store))
        {
            await Write(history, Row("accounts", new { account_id = "a1", name = "Acme" }));
            await Write(history, Row("partners", new { partner_id = "p1" }));
            var deal = Row(
                "opportunities",
                new
                {
                    opportunity_id = "o1",
                    account_id = "a1",
                    created_at = "2024-01-10",
                    recorded_at = "2024-01-11",
                }
            );
            await Write(history, deal);
            await Write(history, NewDeletion("opportunities", "o1", "2024-05-01"));
            if (!byFile)
            {
                await Write(history, deal);
                await Write(
                    history,
                    Row(
                        "engagements",
                        new
                        {
                            engagement_id = "e1",
                            opportunity_id = "o1",
                            partner_id = "p1",
                            started_at = "2024-02-01",
                            recorded_at = "2024-02-02",
                        }
                    )
                );
                AssertIsRefolded(history, store);
            }
        }
        if (byFile)
            Import(store, "before");
        var now = FoldOf(store, DateTime.MaxValue);
        Assert.Equal(1, now.FindAccountState("a1")!.Opportunities);
        Assert.Equal(1, now.FindAccountState("a1")!.Engagements);
        Assert.Equal(0, FoldOf(store, Sample.Day(2024, 3, 1)).FindAccountState("a1")!.Engagements);
    }

    /// <summary>Counted at once, a contact of the future would weigh as much as thousands of today.</summary>
    [Theory]
    [InlineData(TestDatabase.Sqlite, false)]
    [InlineData(TestDatabase.Sqlite, true)]
    [InlineData(TestDatabase.SqlServer, false)]
    public async Task What_is_corrected_to_a_future_date_counts_from_then_on(string engine, bool byFile)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write("one", "touches.csv", "touch_id,account_id,partner_id,kind,at", "t1,a1,p1,call,2024-02-02");
        Import(store, "one");
        double touched = 0;
        if (byFile)
        {
            Write("one", "touches.csv", "touch_id,account_id,partner_id,kind,at", "t1,a1,p1,call,2090-02-02");
            Import(store, "one");
        }
        await using (var history = Live(store))
        {
            if (!byFile)
                await Write(
                    history,
                    Row(
                        "touches",
                        new
                        {
                            touch_id = "t1",
                            account_id = "a1",
                            partner_id = "p1",
                            kind = "call",
                            at = "2090-02-02",
                        }
                    )
                );
            touched = history.Fold.Read(_ => history.Fold.States[0].FindAccountState("a1")!.PartnerTouches);
            AssertIsRefolded(history, store);
        }
        Assert.Equal(0, touched);
        var later = FoldOf(store, Sample.Day(2090, 2, 3)).FindAccountState("a1")!;
        Assert.Equal(Sample.Day(2090, 2, 2), later.TouchesOfPartners!.Single().At);
        Assert.NotEqual(0, FoldOf(store, Sample.Day(2024, 3, 1)).FindAccountState("a1")!.PartnerTouches);
    }

    /// <summary>The service did not start any more on what such an import left.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_deal_deleted_by_file_is_not_gone_before_what_named_it(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        string[] deletions = ["table,key,at", "opportunities,o1,2024-05-01", "engagements,e1,2024-06-01"];
        Write("one", "deletions.csv", deletions);
        Import(store, "one");
        Assert.Equal(1, FoldOf(store, Sample.Day(2024, 5, 15)).FindAccountState("a1")!.Engagements);
        Assert.Equal(0, FoldOf(store, DateTime.MaxValue).FindAccountState("a1")!.Opportunities);
        // What a service knew until now, and moved, was learned now, whatever date the file gives.
        await using (var history = Live(store))
        {
            var deal = NewDeal("o2", "a1", "2024-01-10");
            await Write(history, deal);
            foreach (var status in (string[])["active", "withdrawn"])
                await Write(
                    history,
                    Row(
                        "engagements",
                        new
                        {
                            engagement_id = "e2",
                            opportunity_id = "o2",
                            partner_id = "p1",
                            started_at = "2024-02-01",
                            status,
                        }
                    )
                );
            await Write(history, NewDeletion("engagements", "e2", "2024-07-01"));
        }
        Write("one", "deletions.csv", [.. deletions, "opportunities,o2,2024-05-01"]);
        Assert.Equal(1, Import(store, "one").Tables.Single(table => table.File == "deletions.csv").Inserted);
        await using var again = Live(store);
        Assert.Equal(0, again.Fold.Read(_ => again.Fold.States[0].FindAccountState("a1")!.Opportunities));
        AssertIsRefolded(again, store);
        Assert.Equal(0, FoldOf(store, DateTime.MaxValue).FindAccountState("a1")!.Opportunities);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Field_changes_add_to_what_was_known_and_come_once(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,2024-06-01,,open", tier: "silver");
        Import(store, "one");
        var before = TimeProvider.System.GetUtcNow().UtcDateTime;
        Folder("one", opportunity: "o1,a1,core,3000,2024-01-10,2024-09-01,,open", tier: "silver");
        Import(store, "one");
        string[] changes =
        [
            "table,key,column,value,at",
            "opportunities,o1,amount,1000,2024-01-10",
            "opportunities,o1,amount,3000,2024-04-01",
            "opportunities,o1,created_at,,2024-04-01",
            "opportunities,o1,amount,9000,2090-01-01",
            "partners,p1,tier,silver,2022-06-01",
        ];
        Write("one", "field_changes.csv", changes);
        var summary = Import(store, "one");
        Assert.Equal(2, summary.Tables.Single(table => table.File == "field_changes.csv").Rejected);
        Assert.Equal(1, summary.Tables.Sum(table => table.Updated));
        Assert.Equal(1000, FoldOf(store, Sample.Day(2024, 3, 1)).FindOpportunity("o1")!.Amount);
        var then = FoldOf(store, before).FindOpportunity("o1")!;
        Assert.Equal(3000, then.Amount);
        // A column of which the file says nothing was learned when it was.
        Assert.Equal(Sample.Day(2024, 6, 1), then.ExpectedCloseAt);
        Assert.Equal(Sample.Day(2024, 9, 1), FoldOf(store, DateTime.MaxValue).FindOpportunity("o1")!.ExpectedCloseAt);
        Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Updated + table.Inserted));
        // More of them, for a row that is as it was.
        Write("one", "field_changes.csv", [.. changes, "opportunities,o1,amount,2000,2024-03-15"]);
        Assert.Equal(1, Import(store, "one").Tables.Sum(table => table.Updated));
        Assert.Equal(2000, FoldOf(store, Sample.Day(2024, 3, 20)).FindOpportunity("o1")!.Amount);
    }

    /// <summary>Nobody can wait for a date that was a typing error.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_future_date_is_put_right_by_the_next_import(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2094-01-10,,,open", tier: "silver");
        Import(store, "one");
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Import(store, "one");
        var tomorrow = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(1);
        Assert.Equal(Sample.Day(2024, 1, 10), FoldOf(store, tomorrow).FindOpportunity("o1")?.CreatedAt);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_merged_folder_comes_once_though_it_says_when_rows_were_recorded(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name", "a1,Acme", "a2,Acme Inc", "a3,Acme Ltd");
        Write(
            "one",
            "touches.csv",
            "touch_id,account_id,partner_id,kind,at,recorded_at",
            "t1,a2,p1,call,2024-02-01,2024-02-02",
            "t2,a3,p1,call,2024-02-01,2024-02-02"
        );
        // The chain is told from its end.
        Write("one", "aliases.csv", "old_id,new_id,at", "a2,a1,2024-05-01", "a3,a2,2024-05-02");
        Assert.Equal(2, Import(store, "one").Tables.Single(table => table.File == "aliases.csv").Inserted);
        Assert.Equal(2, FoldOf(store, DateTime.MaxValue).FindAccountState("a1")!.TouchesOfPartners!.Count);
        Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Updated + table.Inserted));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_row_that_was_recorded_early_changed_and_then_merged_settles_at_the_first_import(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name", "a1,Acme", "a2,Acme Inc");
        void Deal(int amount) =>
            Write(
                "one",
                "opportunities.csv",
                "opportunity_id,account_id,amount,created_at,recorded_at",
                FormattableString.Invariant($"o1,a2,{amount},2024-01-10,2024-01-11")
            );
        Deal(1000);
        Import(store, "one");
        Deal(2000);
        Write("one", "aliases.csv", "old_id,new_id,at", "a2,a1,2024-05-01");
        Assert.Equal(1, Import(store, "one").Tables.Sum(table => table.Updated));
        Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Updated + table.Inserted));
    }

    /// <summary>The file says the same of both, or not, in either order; the first of the lines that become one counts.</summary>
    [Theory]
    [InlineData(TestDatabase.Sqlite, "a1", "a2", "a3")]
    [InlineData(TestDatabase.Sqlite, "a2", "a1", "a3")]
    [InlineData(TestDatabase.Sqlite, "a3", "a2", "a1")]
    [InlineData(TestDatabase.Sqlite, "a3", "a1", "a2")]
    [InlineData(TestDatabase.SqlServer, "a3", "a1", "a2")]
    public void Rows_that_become_one_through_a_merge_settle_at_the_first_import(
        string engine,
        string first,
        string second,
        string third
    )
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name", "a1,Acme", "a2,Acme Inc", "a3,Acme Ltd");
        Write("one", "partners.csv", "partner_id,name,tier,joined_at", "p1,Peer,silver,2023-01-01", "p2,Peer Inc,,2023-01-01");
        Write(
            "one",
            "account_overlaps.csv",
            "partner_id,account_id,population,since,contact_count",
            $"p1,{first},customer,2024-01-01,1",
            $"p1,{second},customer,2024-01-01,2",
            $"p1,{third},customer,2024-01-01,3",
            "p2,a1,customer,2024-01-01,4"
        );
        Write(
            "one",
            "certifications.csv",
            "partner_id,competency,earned_at,expires_at,recorded_at",
            "p2,core,2024-01-01,2024-06-01,2024-01-02",
            "p1,core,2024-01-01,2024-07-01,2024-01-02"
        );
        Write("one", "aliases.csv", "old_id,new_id,at", "a3,a2,2024-05-01", "a2,a1,2024-05-02", "p2,p1,2024-05-03");
        Import(store, "one", strict: true);
        var overlap = store.Find(FactTables.AccountOverlaps, "p1\u001fa1\u001fcustomer\u001f2024-01-01T00:00:00.000Z");
        Assert.Equal(1.0, overlap!.Value.Row["contact_count"]);
        var certification = store.Find(FactTables.Certifications, "p1\u001fcore\u001f2024-01-01T00:00:00.000Z");
        Assert.Equal(Sample.Day(2024, 6, 1), certification!.Value.Row["expires_at"]);
        Assert.Equal(1, FoldOf(store, DateTime.MaxValue).Partner("p1").Overlaps);
        var before = store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).ToList();
        var summary = Import(store, "one", strict: true);
        Assert.Equal(0, summary.Tables.Sum(table => table.Inserted + table.Updated));
        Assert.Equal(4, summary.Tables.Single(table => table.File == "account_overlaps.csv").Unchanged);
        Assert.Equal(before, store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue));
    }

    [Fact]
    public async Task An_erasure_that_is_only_tried_leaves_the_fold_as_it_is()
    {
        var store = Open(TestDatabase.Sqlite);
        await using var history = Live(store);
        await Write(history, Row("accounts", new { account_id = "a1" }));
        Assert.True(
            history.TryWrite<int>(
                scope =>
                {
                    Assert.Equal(1, scope.Erase("a1")?.Rows);
                    throw new InvalidDataException("tried");
                },
                out var tried
            )
        );
        await Assert.ThrowsAsync<InvalidDataException>(() => tried);
        Assert.False(history.IsOutdated);
        Assert.NotNull(history.Fold.Read(_ => history.Fold.States[0].FindAccount("a1")));
    }

    [Fact]
    public async Task What_is_durable_stands_when_the_fold_cannot_take_it_in()
    {
        var store = Open(TestDatabase.Sqlite);
        await using var history = Live(store);
        await Write(history, Row("accounts", new { account_id = "a1" }));
        await Write(history, Row("partners", new { partner_id = "p1" }));
        await Write(history, NewDeal("o1", "a1", "2024-01-01"));
        await Write(history, NewEngagement("e1", "o1", "p1", "2024-01-02"));
        // Something else has written to the database: the fold does not know the row that is corrected next.
        using (var connection = store.Connect())
            connection.Execute(
                "INSERT INTO engagements SELECT 'e2', opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, fingerprint + 1, applied_at, is_change FROM engagements"
            );
        var faults = new List<Exception>();
        history.NotTakenIn = faults.Add;
        var result = await Write(history, NewEngagement("e2", "o1", "p1", "2024-03-01"));
        Assert.Equal(RowVerdict.Updated, result.Verdict);
        Assert.Contains("e2", Assert.Single(faults).Message, StringComparison.Ordinal);
        Assert.True(history.IsOutdated);
        await history.RefoldAsync([Settings], _ => { }, TestContext.Current.CancellationToken);
        Assert.False(history.IsOutdated);
        AssertIsRefolded(history, store);
        // It goes on.
        Assert.Equal(RowVerdict.Inserted, (await Write(history, Row("accounts", new { account_id = "a9" }))).Verdict);
    }
}
