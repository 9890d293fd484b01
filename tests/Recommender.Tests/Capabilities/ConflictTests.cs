using Recommender.Capabilities;
using Recommender.Capabilities.Conflicts;
using Recommender.Capabilities.Registrations;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Tests.Capabilities.Registrations;
using Recommender.Tests.History;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities;

/// <summary>Conflicts: found when a fact makes one, kept once whoever looks, decided by a person, ended when the facts hold no more.</summary>
public sealed class ConflictTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_second_registration_is_a_conflict_until_one_is_rejected()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(Registered("first", "p1", "submitted"), Registered("mine", "p1", "submitted"));
        Assert.Empty(Found(world));
        await world.WriteAsync(Registered("second", "p2", "submitted"), Registered("data", "p3", "submitted", product: "Data"));
        var found = Assert.Single(Found(world));
        Assert.Equal(
            ("second_registration", "one_live_registration", "p1", "first", "p2", "second"),
            (found.Kind, found.Rule, found.Holder?.Value, found.HolderClaim, found.Other?.Value, found.OtherClaim)
        );
        Assert.Equal(["first", "second"], found.Rows.Select(row => row.Id));
        // Whoever has it for good holds it, whenever the other came.
        await world.WriteAsync(Registered("second", "p2", "approved", until: "2027-01-01"));
        world.SetRules("""{"id":"ROE","kind":"registration"}""");
        Assert.Equal(
            [("ROE", "second", "first"), ("ROE", "second", "mine")],
            Found(world).Select(one => (one.Rule, one.HolderClaim!, one.OtherClaim!))
        );
        // One that covers everything meets all of them.
        await world.WriteAsync(Registered("all", "p3", "submitted", product: null));
        Assert.Equal(["all", "first", "mine"], Found(world).Select(one => one.OtherClaim!));
        foreach (var id in (string[])["first", "mine", "all"])
            await world.WriteAsync(Registered(id, id == "all" ? "p3" : "p1", "rejected", product: id == "all" ? null : Product));
        Assert.Empty(Found(world));
    }

    [Fact]
    public async Task What_was_decided_of_two_registrations_holds_whichever_comes_to_hold()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(Registered("r", "p1", "submitted"), Registered("second", "p2", "submitted"));
        Assert.Equal(1, await SweepAsync(world));
        var id = Kept(world)[0].Id;
        await DecideAsync(world, desk => desk.Decide(id, "other_proceeds", "Did the work", "me"));
        await world.WriteAsync(Registered("second", "p2", "approved", until: "2027-01-01"));
        Assert.Equal("second", Assert.Single(Found(world)).HolderClaim);
        Assert.Equal(0, await SweepAsync(world));
        Assert.Equal(("decided", true), (Assert.Single(Kept(world)).State, Kept(world)[0].IsCurrent));
        // What was decided was decided of the sides as they stood then; opened again they are as they stand now.
        AccountConflict Standing() =>
            world.History.Fold.Read(now =>
                Kept(world.History.Fold.States[0])[0].AsItStands(world.History.Fold.States[0], world.Rules, now)
            );
        Assert.Equal(("r", "second"), (Standing().Found.HolderClaim, Standing().Found.OtherClaim));
        await DecideAsync(world, desk => desk.Reopen(id, "It was approved", "me"));
        Assert.Equal(
            ("second", "r", "p2"),
            (Standing().Found.HolderClaim, Standing().Found.OtherClaim, Standing().Found.HolderId?.Value)
        );
        Assert.StartsWith("Partner p2 holds the live registration second", Standing().Found.Sentence, StringComparison.Ordinal);
        await DecideAsync(world, desk => desk.Decide(id, "holder_keeps", "Did the work", "me"));
        Assert.Equal("p2", Kept(world)[0].Decision!.HolderId?.Value);
    }

    [Fact]
    public async Task A_registration_for_everything_meets_one_of_each_product()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Registered("c1", "p1", "approved", until: "2027-01-01"),
            Registered("d1", "p2", "approved", until: "2027-01-01", product: "Data"),
            Registered("second", "p3", "submitted", product: null)
        );
        Assert.Equal([("c1", "second"), ("d1", "second")], Found(world).Select(one => (one.HolderClaim!, one.OtherClaim!)));
        // One for everything is not met by one of a product.
        await world.WriteAsync(Registered("d1", "p2", "approved", until: "2027-01-01", product: null));
        Assert.Equal(
            [("c1", "d1"), ("c1", "second"), ("d1", "second")],
            Found(world).Select(one => (one.HolderClaim!, one.OtherClaim!)).Order()
        );
        await world.WriteAsync(Registered("d1", "p2", "approved", until: "2027-01-01", product: "Data"));
        // Of two for the same it meets the one that holds.
        await world.WriteAsync(Registered("c2", "p2", "submitted"));
        Assert.Equal(
            [("c1", "c2"), ("c1", "second"), ("d1", "second")],
            Found(world).Select(one => (one.HolderClaim!, one.OtherClaim!)).Order()
        );
    }

    [Fact]
    public async Task Our_own_deal_and_a_partner_on_one_meet_a_live_registration()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Registered("r", "p1", "submitted"),
            Deal("own", "a", "2026-01-05"),
            Deal("other", "a", "2026-01-05", "Data"),
            Deal("with", "a", "2026-01-06"),
            Engagement("with", "p2"),
            Deal("holders", "a", "2026-01-06"),
            Engagement("holders", "p1"),
            Deal("over", "a", "2026-01-06", outcome: "won"),
            Engagement("over", "p3")
        );
        // As long as it waits it holds nothing.
        Assert.Empty(Found(world));
        await world.WriteAsync(Registered("r", "p1", "approved", until: "2026-06-01"));
        Assert.Equal(
            [("direct_deal", null, "own"), ("held_account", "p2", null)],
            Found(world).Select(one => (one.Kind, one.Other?.Value, one.OtherClaim)).Order()
        );
        // It ends with the registration, with the deal, or when a partner comes or goes.
        Assert.Equal("held_account", Assert.Single(Found(world), one => one.Other is not null).Kind);
        await world.WriteAsync(
            Engagement("own", "p1"),
            Row(
                "engagements",
                new
                {
                    engagement_id = "with-p2",
                    opportunity_id = "with",
                    partner_id = "p2",
                    started_at = "2026-02-10",
                    ended_at = "2026-03-01",
                }
            )
        );
        Assert.Equal("with", Assert.Single(Found(world)).OtherClaim);
        world.Time.Advance(TimeSpan.FromDays(100));
        Assert.Empty(Found(world));
    }

    [Fact]
    public async Task A_partner_that_a_rule_keeps_out_is_one_conflict_however_much_it_does_there()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Registered("r", "p1", "submitted"),
            Deal("d", "a", "2026-01-05", "Data"),
            Engagement("d", "p1"),
            Deal("e", "a", "2026-01-05", "Data"),
            Engagement("e", "p2")
        );
        Assert.Empty(Found(world));
        world.SetRules(
            """
            {"id":"HOUSE","kind":"house_account","accounts":{"account_id":["a"]},"partners":{"partner_id":["p1"]},"detail":"Ours"},
            {"id":"ONLY","kind":"partner_only","accounts":{"account_id":["a"]},"partners":{"partner_id":["p1"]}},
            {"id":"CERT","kind":"certification"}, {"id":"CAP","kind":"capacity","limit":0}
            """
        );
        var found = Found(world).OrderBy(one => one.Kind, StringComparer.Ordinal).ToList();
        Assert.Equal(
            [("held_account", "ONLY", "p2"), ("house_account", "HOUSE", "p1")],
            found.Select(one => (one.Kind, one.Rule, one.Other!.Value.Value))
        );
        Assert.Equal(["r", "d-p1"], found[1].Rows.Select(row => row.Id));
        Assert.Equal("Partner p1 has the registration r: Ours", found[1].Sentence);
        await world.WriteAsync(
            Row(
                "partners",
                new
                {
                    partner_id = "p2",
                    name = "Partner p2",
                    regions = "US",
                }
            )
        );
        world.SetRules(
            """{"id":"TERR","kind":"territory"}, {"id":"DIRECT","kind":"account_class","class":"direct","products":["Cloud"]}"""
        );
        Assert.Equal(
            [("house_account", "DIRECT", "p1"), ("territory", "TERR", "p2")],
            Found(world).Select(one => (one.Kind, one.Rule, one.Other!.Value.Value)).Order()
        );
    }

    [Fact]
    public async Task A_conflict_is_kept_decided_opened_again_ended_and_counted()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(Registered("r", "p1", "approved", until: "2027-01-01"), Registered("s", "p2", "submitted"));
        Assert.Equal(1, await SweepAsync(world));
        Assert.Equal(0, await SweepAsync(world));
        var conflict = Assert.Single(Kept(world));
        Assert.Equal(("open", true), (conflict.State, conflict.IsCurrent));
        Assert.Equal(["decide"], conflict.Allowed);
        Assert.Equal(ConflictRefusal.NotAllowedNow, await RefusalAsync(world, desk => desk.Reopen(conflict.Id, "no", "me")));
        Assert.Equal(
            ConflictRefusal.Changed,
            await RefusalAsync(world, desk => desk.Decide(conflict.Id, "no_conflict", "no", "me", 7))
        );
        Assert.Equal(
            ConflictRefusal.Unknown,
            await RefusalAsync(world, desk => desk.Decide("nothing", "no_conflict", "no", "me"))
        );

        world.Time.Advance(TimeSpan.FromHours(5));
        await DecideAsync(world, desk => desk.Decide(conflict.Id, "holder_keeps", "Came first", "me", 1));
        Assert.Equal(
            ConflictRefusal.NotAllowedNow,
            await RefusalAsync(world, desk => desk.Decide(conflict.Id, "no_conflict", "no", "me"))
        );
        // Both still stand: it is not found a second time.
        Assert.Equal(0, await SweepAsync(world));
        conflict = Assert.Single(Kept(world));
        Assert.Equal(
            ("decided", true, "Came first", "me"),
            (conflict.State, conflict.IsCurrent, conflict.Decision!.Reason, conflict.Decision.By)
        );
        await DecideAsync(world, desk => desk.Reopen(conflict.Id, "New evidence", "you"));
        Assert.Equal("open", Assert.Single(Kept(world)).State);
        await DecideAsync(world, desk => desk.Decide(conflict.Id, "other_proceeds", "Did the work", "you"));

        // What follows is done with the registration; that the conflict was decided stays.
        await world.WriteAsync(Registered("r", "p1", "withdrawn"));
        Assert.Equal(1, await SweepAsync(world));
        conflict = Assert.Single(Kept(world));
        Assert.Equal(("decided", false), (conflict.State, conflict.IsCurrent));
        Assert.Empty(conflict.Allowed);
        Assert.Equal(ConflictRefusal.NotAllowedNow, await RefusalAsync(world, desk => desk.Reopen(conflict.Id, "no", "me")));
        // What comes again is open again, under the same name.
        await world.WriteAsync(Registered("r", "p1", "approved", until: "2027-01-01"));
        Assert.Equal(1, await SweepAsync(world));
        Assert.Equal(("open", conflict.Id), (Assert.Single(Kept(world)).State, Kept(world)[0].Id));
        await world.WriteAsync(Registered("s", "p2", "rejected"));
        Assert.Equal(1, await SweepAsync(world));
        Assert.Equal("ended", Assert.Single(Kept(world)).State);
        Assert.Equal(
            ["detected", "decided", "reopened", "decided", "ended", "detected", "ended"],
            world.Events.Read(0, 1000).Where(one => one.Subject == conflict.Id).Select(one => one.Type["conflict.".Length..])
        );
        var count = world
            .History.Fold.Read(_ => ConflictList.Count(world.History.Fold.States[0], null))
            .First(one => one.Kind == "second_registration");
        Assert.Equal((0, 0, 1), (count.Open, count.Decided, count.Ended));
        // What was decided stays counted, whatever came of it.
        Assert.Equal((1, 1), (count.Decisions["holder_keeps"], count.Decisions["other_proceeds"]));
    }

    [Fact]
    public async Task Decisions_are_counted_by_kind_with_how_long_they_took()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Registered("r", "p1", "approved", until: "2027-01-01"),
            Registered("s", "p2", "submitted"),
            Registered("t", "p3", "submitted"),
            Deal("d", "a", "2026-01-05")
        );
        Assert.Equal(3, await SweepAsync(world));
        foreach (var (conflict, hours) in Kept(world).Where(one => one.Found.Kind == "second_registration").Zip((int[])[2, 4]))
        {
            world.Time.Advance(TimeSpan.FromHours(hours));
            await DecideAsync(world, desk => desk.Decide(conflict.Id, "holder_keeps", "Came first", "me"));
        }
        var counts = world
            .History.Fold.Read(_ => ConflictList.Count(world.History.Fold.States[0], null))
            .ToDictionary(one => one.Kind);
        Assert.Equal(
            (0, 2, 2),
            (
                counts["second_registration"].Open,
                counts["second_registration"].Decided,
                counts["second_registration"].Decisions["holder_keeps"]
            )
        );
        // One after two hours, the other after six.
        Assert.Equal(4, counts["second_registration"].MedianHoursToDecide!.Value, 1e-3);
        Assert.Equal(
            (1, 0, null),
            (counts["direct_deal"].Open, counts["direct_deal"].Decided, counts["direct_deal"].MedianHoursToDecide)
        );
        var later = world.Now;
        Assert.All(
            world.History.Fold.Read(_ => ConflictList.Count(world.History.Fold.States[0], later)),
            one => Assert.Equal(0, one.Open + one.Decided + one.Ended)
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Of_two_replicas_that_look_at_once_one_writes(string engine)
    {
        var database = TestDatabase.Of(engine, _folder["shared.db"]);
        await using var world = await NewAsync(time =>
            engine == TestDatabase.SqlServer ? HistoryStore.Open(database) : new SharedSqliteStore(database, time)
        );
        var other = world.OpenOther();
        await world.WriteAsync(
            Registered("r", "p1", "approved", until: "2099-01-01"),
            Registered("s", "p2", "submitted"),
            Deal("d", "a", "2026-01-05")
        );
        var swept = await Task.WhenAll(SweepAsync(world), SweepAsync(world, other), SweepAsync(world), SweepAsync(world, other));
        Assert.Equal(2, swept.Sum());
        Assert.Equal(2, world.Events.Read(0, 1000).Count(one => one.Type == "conflict.detected"));
        await world.WriteAsync(Registered("r", "p1", "withdrawn"));
        swept = await Task.WhenAll(SweepAsync(world), SweepAsync(world, other));
        Assert.Equal(2, swept.Sum());
        Assert.Equal(2, world.Events.Read(0, 1000).Count(one => one.Type == "conflict.ended"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_replica_takes_in_what_was_found_and_deleted_in_one_transaction(string engine)
    {
        var database = TestDatabase.Of(engine, _folder["shared.db"]);
        await using var world = await NewAsync(time =>
            engine == TestDatabase.SqlServer ? HistoryStore.Open(database) : new SharedSqliteStore(database, time)
        );
        var other = world.OpenOther();
        await world.WriteAsync(
            Row("accounts", new { account_id = "x", name = "Xylo" }),
            Registered("r", "p1", "approved", until: "2099-01-01", account: "x"),
            Registered("s", "p2", "submitted", account: "x")
        );
        await SweepAsync(world, account: "x");
        foreach (var key in (string[])["r", "s"])
            await world.WriteAsync(Deleted("deal_registrations", key));
        // Both wait behind one that takes its time, and are then done in one transaction.
        using var gate = new ManualResetEventSlim();
        Assert.True(
            world.History.TryWrite(
                _ =>
                {
                    gate.Wait();
                    return true;
                },
                out var first
            )
        );
        var ended = SweepAsync(world, account: "x");
        Assert.True(world.History.TryWrite(scope => scope.Upsert(Deleted("accounts", "x")), out var deleted));
        gate.Set();
        Assert.True(await first);
        Assert.Equal((1, RowVerdict.Deleted), (await ended, (await deleted).Verdict));
        Exception? fault = null;
        other.NotTakenIn = e => fault = e;
        Assert.True(other.TryWrite(scope => scope.Upsert(Touch("p1", "a", "2026-02-03")), out var taken));
        await taken;
        Assert.True(fault is null, fault?.ToString());
        Assert.False(other.IsOutdated);
        Assert.Empty(other.Fold.Read(_ => Kept(other.Fold.States[0])));
        // What was known before stays known as of then.
        Assert.Contains(
            world.Store.ReadFacts(DateTime.MaxValue),
            fact => fact is { Noun: ConflictStep { Step: "detected" }, IsRetraction: false }
        );
    }

    static HistoryRow Merged(string table, string id, string into) =>
        Row(
            "aliases",
            new
            {
                old_id = id,
                new_id = into,
                table,
                at = "2026-03-01",
            }
        );

    static HistoryRow Deleted(string table, string key) =>
        Row(
            "deletions",
            new
            {
                table,
                key,
                at = "2026-03-04",
            }
        );

    [Fact]
    public async Task As_of_each_moment_conflicts_stand_as_they_stood_then_and_a_fold_that_is_kept_knows_them()
    {
        await using var world = await NewAsync(_folder);
        var seen = new List<(DateTime AsOf, string Said)>();
        async Task Look()
        {
            await SweepAsync(world);
            world.Time.Advance(TimeSpan.FromMinutes(1));
            seen.Add(world.History.Fold.Read(asOf => (asOf, Say(world.History.Fold.States[0]))));
            world.Time.Advance(TimeSpan.FromDays(3));
        }
        await Look();
        await world.WriteAsync(Registered("r", "p1", "approved", until: "2027-01-01"), Registered("s", "p2", "submitted"));
        await Look();
        var id = Kept(world)[0].Id;
        await DecideAsync(world, desk => desk.Decide(id, "both_proceed", "Other site", "me"));
        await Look();
        await world.WriteAsync(Registered("s", "p2", "rejected"));
        await Look();
        Assert.Equal(seen.Count, seen.Select(one => one.Said).Distinct().Count());
        foreach (var (asOf, said) in seen)
        {
            var then = new HistoryState(HistoryProfile.Of([], [], asOf, 0.95).Fold);
            foreach (var fact in world.Store.ReadFacts(asOf))
                then.Apply(fact);
            Assert.Equal(said, Say(then));
        }
        var state = world.History.Fold.States[0];
        using var bytes = new MemoryStream();
        using (var to = new SnapshotWriter(bytes))
            state.Write(to);
        bytes.Position = 0;
        using var from = new SnapshotReader(bytes);
        Assert.Equal(Say(state), Say(HistoryState.Read(state.Settings, from)));
    }

    [Fact]
    public async Task Conflicts_follow_their_account_when_it_is_merged_and_go_with_it_when_it_is_forgotten()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(Registered("r", "p1", "approved", until: "2027-01-01"), Registered("s", "p2", "submitted"));
        await SweepAsync(world);
        var id = Kept(world)[0].Id;
        await DecideAsync(world, desk => desk.Decide(id, "both_proceed", "Other site", "me"));
        await world.WriteAsync(Merged("accounts", "a", into: "b"));
        Assert.Equal(0, await SweepAsync(world, account: "b"));
        Assert.Equal(("b", "decided"), (Assert.Single(Kept(world)).AccountId.Value, Kept(world)[0].State));
        Assert.True(world.History.TryWrite(scope => scope.Erase("b"), out var done));
        await done;
        await world.RestartAsync();
        Assert.Empty(Kept(world));
        Assert.DoesNotContain("conflict_steps", world.Store.Tables());
    }

    [Fact]
    public async Task Of_two_that_a_merge_made_one_what_was_decided_goes_on()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Registered("r", "p1", "approved", until: "2027-01-01"),
            Deal("d", "a", "2026-01-05"),
            Engagement("d", "p2"),
            Deal("e", "a", "2026-01-05"),
            Engagement("e", "p3")
        );
        Assert.Equal(2, await SweepAsync(world));
        var decided = Kept(world).First(one => one.Found.OtherId == "p3").Id;
        await DecideAsync(world, desk => desk.Decide(decided, "both_proceed", "Other site", "me"));
        await world.WriteAsync(Merged("partners", "p3", into: "p2"));
        Assert.Equal(1, await SweepAsync(world));
        Assert.Equal(0, await SweepAsync(world));
        Assert.Equal([(decided, "decided")], Kept(world).Where(one => one.IsCurrent).Select(one => (one.Id, one.State)));
    }

    [Fact]
    public async Task An_account_of_which_only_conflicts_tell_can_be_deleted_and_come_again()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Row("accounts", new { account_id = "x", name = "Xylo" }),
            Registered("r", "p1", "approved", until: "2027-01-01", account: "x"),
            Registered("s", "p2", "submitted", account: "x")
        );
        Assert.Equal(1, await SweepAsync(world, account: "x"));
        foreach (
            var (table, key) in ((string, string)[])[("deal_registrations", "r"), ("deal_registrations", "s"), ("accounts", "x")]
        )
            await world.WriteAsync(Deleted(table, key));
        Assert.Empty(Kept(world));
        Assert.Equal(0, await SweepAsync(world, account: "x"));
        await world.WriteAsync(
            Row("accounts", new { account_id = "x", name = "Xylo" }),
            Registered("r", "p1", "approved", until: "2027-01-01", account: "x"),
            Registered("s", "p2", "submitted", account: "x")
        );
        Assert.Equal(1, await SweepAsync(world, account: "x"));
        Assert.Equal("open", Assert.Single(Kept(world)).State);
    }

    [Fact]
    public async Task A_merged_partner_is_no_rival_of_its_own()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(Registered("r", "p1", "approved", until: "2027-01-01"), Registered("s", "p2", "submitted"));
        await SweepAsync(world);
        await world.WriteAsync(Merged("partners", "p2", into: "p1"));
        Assert.Equal(1, await SweepAsync(world));
        Assert.Equal("ended", Assert.Single(Kept(world)).State);
    }

    [Fact]
    public async Task What_is_kept_is_what_is_found_after_any_history_though_only_touched_accounts_are_looked_at()
    {
        var (looked, seen) = (0, 0);
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            using var folder = new TemporaryFolder();
            await using var world = await NewAsync(folder);
            world.SetRules(
                """{"id":"ROE","kind":"registration"},{"id":"T","kind":"territory"},{"id":"P","kind":"partner_only","accounts":{"account_id":["b"]},"partners":{"partner_id":["p1","p2"]}}"""
            );
            string Any(params string[] of) => of[random.Next(of.Length)];
            world.History.Applied = facts =>
            {
                foreach (var account in world.History.Fold.Read(_ => world.History.Fold.States[0].ConcernedBy(facts).Accounts))
                    Assert.True(
                        CapabilityList.TrySweep(
                            (state, now) => new ConflictsCapability().FollowsFrom(state, world.Rules, account, now),
                            world.History,
                            world.Events,
                            out _
                        )
                    );
            };
            for (var step = 0; step < 30; step++)
            {
                var (account, partner, product) = (Any("a", "b"), Any("p1", "p2", "p3"), Any("Cloud", "Data"));
                var deal = $"d{random.Next(4)}";
                var known = world.History.Fold.Read(_ => world.History.Fold.States[0].FindOpportunity(deal));
                HistoryRow? row = random.Next(6) switch
                {
                    0 or 1 => Registered(
                        $"r{random.Next(5)}",
                        partner,
                        Any("submitted", "approved", "rejected", "withdrawn"),
                        "2027-01-01",
                        product,
                        account
                    ),
                    2 => Deal(deal, account, "2026-01-05", product, Any("", "", "won") is { Length: > 0 } won ? won : null),
                    3 or 4 when known is not null => Engagement(deal, partner),
                    5 when random.Next(4) == 0 && known is not null => Row(
                        "deletions",
                        new
                        {
                            table = "engagements",
                            key = $"{deal}-{partner}",
                            at = "2026-03-01",
                        }
                    ),
                    _ => null,
                };
                if (row is null)
                    continue;
                Assert.True(world.History.TryWrite(scope => scope.Upsert(row), out var done));
                await done;
                // Whatever follows was handed in before this.
                Assert.True(world.History.TryWrite(_ => true, out var settled));
                await settled;
                var (left, found, kept) = world.History.Fold.Read(now =>
                {
                    var state = world.History.Fold.States[0];
                    return (
                        ((string[])["a", "b"]).Sum(one =>
                            new ConflictsCapability().FollowsFrom(state, world.Rules, one, now).Count()
                        ),
                        ((string[])["a", "b"])
                            .SelectMany(one => ConflictFinder.Of(state, world.Rules, one, now))
                            .Select(one => $"{one.AccountId} {one.Key}")
                            .Order(StringComparer.Ordinal)
                            .ToList(),
                        ConflictList
                            .Of(state, null)
                            .Where(one => one.IsCurrent)
                            .Select(one => $"{one.AccountId} {one.KeyIn(state)}")
                            .Order(StringComparer.Ordinal)
                            .ToList()
                    );
                });
                Assert.True(left == 0, $"seed {seed}, step {step}: {left} rows follow still");
                Assert.Equal(found, kept);
                looked++;
                seen += found.Count;
            }
            // Found and ended by turns, whatever came between.
            Assert.All(
                world.History.Fold.Read(_ => ConflictList.Of(world.History.Fold.States[0], null).ToList()),
                one =>
                    Assert.Equal(
                        one.Steps.Select((_, at) => at % 2 == 0 ? "detected" : "ended"),
                        one.Steps.Select(kind => kind.Step)
                    )
            );
        }
        Assert.True(looked > 300 && seen > looked / 2, $"{looked} moments, {seen} conflicts");
    }

    [Fact]
    public async Task The_claims_on_an_account_say_what_the_ranking_makes_of_them()
    {
        await using var world = await NewAsync(_folder);
        IReadOnlyList<AccountClaim> Claims(string? product = null) =>
            world.History.Fold.Read(asOf => AccountClaims.Of(world.History.Fold.States[0], world.Rules, "a", product, asOf))!;
        Assert.Empty(Claims());
        await world.WriteAsync(
            Registered("r", "p1", "approved", until: "2027-01-01"),
            Registered("s", "p2", "submitted"),
            Deal("d", "a", "2026-01-05"),
            Deal("e", "a", "2026-01-05", "Data"),
            Engagement("e", "p3"),
            Row(
                "account_overlaps",
                new
                {
                    partner_id = "p3",
                    account_id = "a",
                    population = "customer",
                    since = "2026-02-02",
                }
            )
        );
        await SweepAsync(world);
        Assert.Equal(
            ["conflict", "conflict", "live_registration", "waiting_registration", "direct_deal", "partner_on_deal", "overlap"],
            Claims().Select(claim => claim.Kind)
        );
        Assert.All(Claims(), claim => Assert.Equal("none", claim.LeavesOut));
        world.SetRules(
            """
            {"id":"ROE","kind":"registration"}, {"id":"HOUSE","kind":"house_account","accounts":{"region":["EMEA"]},"detail":"Ours"},
            {"id":"ELSE","kind":"house_account","accounts":{"region":["US"]}}
            """
        );
        Assert.Equal(
            [("live_registration", "others", "ROE"), ("rule", "all", "HOUSE")],
            Claims().Where(claim => claim.LeavesOut != "none").Select(claim => (claim.Kind, claim.LeavesOut, claim.Rule!))
        );
        // For a product, what stands before the ranking of it.
        world.SetRules(
            """
            {"id":"ROE","kind":"registration"}, {"id":"DIRECT","kind":"account_class","class":"direct","products":["Data"]},
            {"id":"SHARED","kind":"account_class","class":"shared"}
            """
        );
        IEnumerable<(string?, string, bool)> Effects(string? product) =>
            Claims(product)
                .Where(claim => claim.Kind is "live_registration" or "rule")
                .Select(claim => (claim.Rule, claim.LeavesOut, claim.IsForThis));
        Assert.Equal([("ROE", "others", true), ("SHARED", "none", true), ("DIRECT", "none", false)], Effects(null));
        Assert.Equal([("ROE", "others", true), ("SHARED", "none", true), ("DIRECT", "none", false)], Effects("Cloud"));
        Assert.Equal([(null, "none", false), ("DIRECT", "all", true)], Effects("data"));
        Assert.Null(
            world.History.Fold.Read(asOf => AccountClaims.Of(world.History.Fold.States[0], world.Rules, "nobody", null, asOf))
        );
    }

    static HistoryRow Registered(
        string id,
        string partner,
        string status,
        string? until = null,
        string? product = Product,
        string account = "a"
    ) =>
        Row(
            "deal_registrations",
            new
            {
                registration_id = id,
                partner_id = partner,
                account_id = account,
                product,
                submitted_at = id == "second" ? "2026-01-20" : "2026-01-10",
                status,
                decided_at = status == "submitted" ? null : "2026-02-10",
                expires_at = until,
            }
        );

    static IReadOnlyList<FoundConflict> Found(RegistrationWorld world) =>
        world.History.Fold.Read(asOf => ConflictFinder.Of(world.History.Fold.States[0], world.Rules, "a", asOf));

    static List<AccountConflict> Kept(RegistrationWorld world) =>
        world.History.Fold.Read(_ => Kept(world.History.Fold.States[0]));

    static List<AccountConflict> Kept(HistoryState state) => [.. ConflictList.Of(state, null)];

    static string Say(HistoryState state) =>
        string.Join('\n', ConflictList.Of(state, null).Select(one => $"{one.Id} {one.State} {string.Join(',', one.Steps)}"));

    static async Task<int> SweepAsync(RegistrationWorld world, LiveHistory? history = null, string account = "a")
    {
        Assert.True(
            CapabilityList.TrySweep(
                (state, now) => new ConflictsCapability().FollowsFrom(state, world.Rules, account, now),
                history ?? world.History,
                world.Events,
                out var swept
            )
        );
        return await swept;
    }

    static async Task DecideAsync(RegistrationWorld world, Func<ConflictDecisions, AccountConflict> decide)
    {
        Assert.True(
            world.History.TryWrite(
                scope =>
                {
                    var decided = world.History.Fold.Read(_ => decide(new(scope, world.History.Fold.States[0], world.Rules)));
                    CapabilityList.Tell(scope, world.Events);
                    return decided;
                },
                out var done,
                decides: true
            )
        );
        await done;
    }

    static async Task<ConflictRefusal> RefusalAsync(RegistrationWorld world, Func<ConflictDecisions, AccountConflict> decide) =>
        (await Assert.ThrowsAsync<ConflictRefusedException>(() => DecideAsync(world, decide))).Why;
}
