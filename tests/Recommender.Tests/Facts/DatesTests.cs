using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

/// <summary>What dates mean that are missing, ahead of the clock, or written for a day to come.</summary>
public sealed class DatesTests : CorrectedHistory
{
    static DateTime Now => TimeProvider.System.GetUtcNow().UtcDateTime;

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_deal_that_is_won_or_lost_is_not_open_whatever_its_dates_say(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Import(store, "one");
        await using var history = Live(store);
        foreach (var closed in (DateTime?[])[Now.AddDays(36), Now.AddYears(36), Now.AddHours(-1), null])
        {
            foreach (var outcome in (string[])["won", "lost"])
            {
                await Write(history, Deal(closed, outcome));
                AssertOpen(history, 0);
                AssertIsRefolded(history, store);
                // Its end is not told again by another correction.
                var before = ClosedAt(history);
                await Write(history, Deal(closed, outcome, amount: 2000));
                Assert.Equal(before, ClosedAt(history));
                await Write(history, Deal(null, "open"));
                AssertOpen(history, 1);
                AssertIsRefolded(history, store);
            }
        }

        static DateTime ClosedAt(LiveHistory history) =>
            history.Fold.Read(asOf =>
            {
                var deal = history.Fold.States[0].FindOpportunityState("o1")!;
                Assert.True(deal.ClosedAt < asOf);
                return deal.ClosedAt;
            });
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_import_knows_at_once_that_a_deal_is_won_whose_close_lies_ahead(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,2062-02-01,won", tier: "silver");
        var summary = Import(store, "one");
        Assert.Contains(summary.Warnings, warning => warning is { Table: "opportunities", Field: "closed_at", Line: 2, Rows: 1 });
        Assert.Contains(summary.Warnings, warning => warning is { Table: "accounts", Field: "created_at", Value: null });
        Assert.Empty(FoldOf(store, Now.AddMinutes(1)).OpenDeals);
        Assert.Single(FoldOf(store, Sample.Day(2024, 3, 1)).OpenDeals);
        summary = Import(store, "one");
        Assert.Empty(summary.Warnings);
        Assert.Equal(0, summary.Tables.Sum(table => table.Updated + table.Inserted));
    }

    [Theory]
    [InlineData("approved", 36, null, true)]
    [InlineData("approved", -36, 36, true)]
    [InlineData("approved", 36, -1, false)]
    [InlineData("rejected", 36, null, false)]
    [InlineData("expired", 36, 72, false)]
    [InlineData("expired", -36, 36, false)]
    [InlineData("expired", -36, null, false)]
    public async Task A_registration_is_decided_when_that_is_told(string status, int decided, int? expires, bool isLive)
    {
        var store = Open(TestDatabase.Sqlite);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Import(store, "one");
        await using var history = Live(store);
        await Write(
            history,
            Row(
                "deal_registrations",
                new
                {
                    registration_id = "r1",
                    partner_id = "p1",
                    account_id = "a1",
                    submitted_at = "2024-02-01",
                    status,
                    decided_at = Instants.Text(Now.AddDays(decided)),
                    expires_at = expires is { } days ? Instants.Text(Now.AddDays(days)) : null,
                }
            )
        );
        Assert.Equal(
            isLive,
            history.Fold.Read(asOf =>
                history
                    .Fold.States[0]
                    .FindAccountState("a1")!
                    .Pair(history.Fold.States[0].IndexOfPartner("p1"))
                    .LiveRegistration(asOf)
                    is not null
            )
        );
        AssertIsRefolded(history, store);
    }

    [Fact]
    public async Task Accounts_partners_and_deals_dated_ahead_are_there_and_another_start_counts_now_within_a_day()
    {
        var store = Open(TestDatabase.Sqlite);
        await using var history = Live(store);
        foreach (var (name, ahead) in ((string, TimeSpan)[])[("now", TimeSpan.FromHours(14)), ("later", TimeSpan.FromDays(3650))])
        {
            var at = Instants.Text(Now + ahead);
            await Write(history, Row("accounts", new { account_id = "a" + name, created_at = at }));
            await Write(history, Row("partners", new { partner_id = "p" + name, joined_at = at }));
            await Write(history, NewDeal("o" + name, "a" + name, at));
            await Write(history, NewEngagement("e" + name, "o" + name, "p" + name, at));
        }
        // Nobody learned anything after now.
        await Write(history, Row("accounts", new { account_id = "noted", recorded_at = "2062-01-01" }));
        history.Fold.Read(_ =>
        {
            var state = history.Fold.States[0];
            Assert.NotNull(state.FindAccount("anow"));
            Assert.NotNull(state.FindAccount("noted"));
            Assert.Equal(["olater", "onow"], state.OpenDeals.Select(deal => deal.Id.Value).Order());
            Assert.Equal([state.IndexOfPartner("pnow")], state.PartnersOn("onow"));
            Assert.NotNull(state.FindAccount("alater"));
            Assert.NotNull(state.FindPartner("plater"));
            Assert.Empty(state.PartnersOn("olater"));
            return 0;
        });
        AssertIsRefolded(history, store);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_file_that_deletes_or_merges_from_a_later_date_on_does_so_now_and_the_import_says_so(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name,created_at", "a1,Acme,2024-01-01", "a2,Bolt,2024-01-01");
        Write("one", "deletions.csv", "table,key,at", "engagements,e1,2062-01-01");
        Write("one", "aliases.csv", "old_id,table,new_id,at", "a2,accounts,a1,2062-01-01");
        Assert.Equal(
            ["aliases.at", "deletions.at"],
            Import(store, "one")
                .Warnings.Where(warning => warning.Meaning == "lies ahead; taken as of now")
                .Select(warning => $"{warning.Table}.{warning.Field}")
                .Order()
        );
        var state = FoldOf(store, Now.AddSeconds(1));
        Assert.Empty(state.PartnersOn("o1"));
        Assert.Null(state.FindAccount("a2"));
        Assert.Empty(Import(store, "one").Warnings);
    }

    /// <summary>A typing error in the year, by file or by call: there from when it was told, and not before.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_is_dated_years_ahead_is_known_since_it_was_told(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2062-01-10,,,open", tier: "silver");
        Write("one", "accounts.csv", "account_id,name,created_at", "a1,Acme,2062-01-01");
        Write("one", "partners.csv", "partner_id,name,joined_at", "p1,Peer,2062-01-01");
        var before = Now.AddSeconds(-1);
        var summary = Import(store, "one");
        Assert.Equal(
            ["accounts.created_at", "opportunities.created_at", "partners.joined_at"],
            summary
                .Warnings.Where(warning => warning.Meaning == "lies ahead; counts as of now")
                .Select(warning => $"{warning.Table}.{warning.Field}")
                .Order()
        );
        var imported = Now.AddSeconds(1);
        Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Updated + table.Inserted));
        Assert.Null(FoldOf(store, before).FindAccount("a1"));
        AssertIsThere(FoldOf(store, imported));
        Assert.Equal(1, FoldOf(store, imported).FindAccountState("a1")!.Engagements);
        var (facts, _) = new HistoryFolder(InFolder["one"]).ReadFacts(_ => { });
        var folder = new HistoryState(Settings);
        foreach (var fact in facts.Where(fact => fact.SeenAt < imported.AddMinutes(1)))
            folder.Apply(fact);
        AssertIsThere(folder);
        await using var history = Live(store);
        // Corrected to another date ahead, it stays known since it first was.
        await Write(history, Row("accounts", new { account_id = "a1", created_at = "2071-01-01" }));
        await Write(history, NewDeal("o1", "a1", "2071-01-01"));
        AssertIsRefolded(history, store);
        history.Fold.Read(_ =>
        {
            AssertIsThere(history.Fold.States[0]);
            return 0;
        });
        AssertIsThere(FoldOf(store, imported));

        static void AssertIsThere(HistoryState state)
        {
            Assert.NotNull(state.FindAccount("a1"));
            Assert.NotNull(state.FindPartner("p1"));
            Assert.Equal(["o1"], state.OpenDeals.Select(deal => deal.Id.Value));
        }
    }

    [Fact]
    public async Task A_partner_whose_engagement_has_ended_is_a_candidate_again()
    {
        var store = Open(TestDatabase.Sqlite);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Import(store, "one");
        await using var history = Live(store);
        var working = NewEngagement("e1", "o1", "p1", "2024-02-01");
        foreach (var (ended, isAtWork) in ((DateTime?, bool)[])[(Now.AddDays(-1), false), (Now.AddDays(9), true), (null, true)])
        {
            await Write(history, working.With("ended_at", ended is { } at ? Instants.ToMillisecond(at) : null));
            AssertIsRefolded(history, store);
            var answer = new Ranking.PartnerRanker(fit: null, win: null);
            foreach (var fact in store.ReadFacts(DateTime.MaxValue))
                answer.Apply(fact);
            var ranked = answer.Rank(new("a1", Now) { OpportunityId = "o1" })!;
            Assert.Equal(isAtWork ? ["already_engaged"] : [], ranked.Excluded.Select(one => one.Rule));
            Assert.Equal(isAtWork ? 0 : 1, ranked.Partners.Count);
        }
        // It worked on the deal all the same.
        Assert.Single(history.Fold.Read(_ => history.Fold.States[0].PartnersOn("o1")));
    }

    [Theory]
    [InlineData("opportunities", "created_at", "closed_at", "2024-02-01", "2024-01-01", 2)]
    [InlineData("opportunities", "created_at", "closed_at", "2024-01-01", "2024-02-01", 1)]
    [InlineData("opportunities", "created_at", "closed_at", "2024-01-01", "2062-02-01", 0)]
    [InlineData("deal_registrations", "submitted_at", "expires_at", "2024-02-01", "2024-01-01", 1)]
    [InlineData("deal_registrations", "submitted_at", "decided_at", "2024-02-01", "2024-01-01", 1)]
    [InlineData("account_overlaps", "since", "until", "2024-02-01", "2024-01-01", 1)]
    [InlineData("certifications", "earned_at", "expires_at", "2024-02-01", "2024-01-01", 1)]
    [InlineData("engagements", "started_at", "ended_at", "2024-02-01", "2024-01-01", 1)]
    [InlineData("engagements", "started_at", "ended_at", "2024-02-01", "2024-02-01", 0)]
    public void An_end_before_its_start_and_a_deal_that_is_closed_without_an_outcome_are_warned_of(
        string table,
        string start,
        string end,
        string starts,
        string ends,
        int warnings
    )
    {
        static DateTime Day(string text) => Instants.OfText(text + "T00:00:00.000Z");
        var row = FactTables.Find(table)!.Row((start, Day(starts)), (end, Day(ends)));
        var told = DateMeaning
            .Warnings(row, Sample.Day(2026, 1, 1))
            .Where(one =>
                one.Field == end && one.Value is not null && !one.Meaning.StartsWith("lies ahead", StringComparison.Ordinal)
            )
            .ToList();
        Assert.Equal(warnings, told.Count);
        Assert.Equal(
            Day(ends) < Day(starts),
            told.Exists(one => one.Meaning.StartsWith($"lies before {start}", StringComparison.Ordinal))
        );
        if (table == "opportunities")
            Assert.DoesNotContain(
                DateMeaning.Warnings(row.With("outcome", "won"), Sample.Day(2026, 1, 1)),
                one => one.Meaning.Contains("counts as open", StringComparison.Ordinal)
            );
    }

    /// <summary>Whatever the date and the field: it is taken as of now, or that is said.</summary>
    [Fact]
    public void Every_date_that_lies_ahead_is_counted_now_or_warned_of()
    {
        var told = Sample.Day(2026, 6, 1);
        var columns = (
            from table in FactTables.All
            from column in table.Columns
            where column.Kind == ColumnKind.Instant
            select (table, column)
        ).ToList();
        Gen.Select(Gen.Int[0, columns.Count - 1], Gen.Long[1, TimeSpan.FromDays(365 * 40).Ticks])
            .Sample(
                (at, ticks) =>
                {
                    var (table, column) = columns[at];
                    var date = Instants.ToMillisecond(told.AddTicks(ticks).AddMilliseconds(1));
                    var row = table.Row((column.Name, date));
                    var warned = DateMeaning.Warnings(row, told).Any(one => one.Field == column.Name && one.Value is not null);
                    Assert.True(warned || column.Role == DateRole.Planned && date <= told.AddYears(20));
                },
                iter: 2000
            );
    }

    /// <summary>Deals and engagements of random dates around now, told in any order and corrected: the fold is that of the database, and who is closed is not open.</summary>
    [Fact]
    public void Random_dates_around_now_fold_live_as_they_do_from_the_database()
    {
        var dates = Gen.OneOf(Gen.Int[-900, -1], Gen.Int[-1, 2], Gen.Int[2, 900]);
        var changes = Gen.Select(
            Gen.Int[0, 2],
            dates,
            Gen.OneOf(Gen.Const(0), dates),
            Gen.Int[0, 2].Select(at => new[] { "won", "lost", "open" }[at]),
            (deal, created, closed, outcome) => (deal, created, closed, outcome)
        );
        changes
            .Array[1, 12]
            .Sample(
                all =>
                {
                    using var folder = new TemporaryFolder();
                    var store = HistoryStore.Open(TestDatabase.Of(TestDatabase.Sqlite, folder["s.db"]));
                    var history = Live(store);
                    try
                    {
                        Write(history, Row("accounts", new { account_id = "a1" })).GetAwaiter().GetResult();
                        Write(history, Row("partners", new { partner_id = "p1" })).GetAwaiter().GetResult();
                        var said = new Dictionary<int, bool>();
                        foreach (var (deal, created, closed, outcome) in all)
                        {
                            var row = NewDeal($"o{deal}", "a1", Day(created))
                                .With("outcome", outcome)
                                .With("closed_at", closed == 0 ? null : Instants.ToMillisecond(Now.AddDays(closed)));
                            Write(history, row).GetAwaiter().GetResult();
                            Write(history, NewEngagement($"e{deal}", $"o{deal}", "p1", Day(Math.Min(created, 1))))
                                .GetAwaiter()
                                .GetResult();
                            said[deal] = outcome == "open";
                            AssertIsRefolded(history, store);
                        }
                        var expected = said.Where(one => one.Value).Select(one => $"o{one.Key}");
                        history.Fold.Read(_ =>
                        {
                            var state = history.Fold.States[0];
                            Assert.Equal(expected.Order(), state.OpenDeals.Select(open => open.Id.Value).Order());
                            Assert.Equal(state.OpenDeals.Count(), state.PartnerStates[0].OpenDeals);
                            Assert.Equal(state.OpenDeals.Count(), state.FindAccountState("a1")!.Open);
                            return 0;
                        });
                    }
                    finally
                    {
                        history.DisposeAsync().AsTask().GetAwaiter().GetResult();
                    }
                },
                iter: 60,
                threads: 1
            );

        // A day's time is told as its end: what is one day ahead is so by any clock.
        static string Day(int days) => Instants.Text(Now.AddDays(days).AddMinutes(-1));
    }

    static void AssertOpen(LiveHistory history, int count) =>
        history.Fold.Read(_ =>
        {
            var state = history.Fold.States[0];
            Assert.Equal(count, state.OpenDeals.Count());
            Assert.Equal(count, state.OpenDealsOf("a1").Count());
            Assert.Equal(count, state.PartnerStates[state.IndexOfPartner("p1")].OpenDeals);
            Assert.Equal(count, state.FindAccountState("a1")!.Open);
            return 0;
        });

    static HistoryRow Deal(DateTime? closed, string outcome, double amount = 1000) =>
        NewDeal("o1", "a1", "2024-01-10")
            .With("amount", amount)
            .With("outcome", outcome)
            .With("closed_at", closed is { } at ? Instants.ToMillisecond(at) : null);
}
