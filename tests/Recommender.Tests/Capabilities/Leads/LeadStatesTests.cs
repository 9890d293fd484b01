using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities.Leads;

/// <summary>What may be done with a lead where it stands, and what nothing may be done twice.</summary>
public sealed class LeadStatesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("new", "Route Assign Withdraw")]
    [InlineData("offered", "Accept Decline Withdraw")]
    [InlineData("waiting", "Route Assign Withdraw")]
    [InlineData("queued", "Route Assign Withdraw")]
    [InlineData("accepted", "Withdraw")]
    [InlineData("withdrawn", "")]
    [InlineData("converted", "")]
    public async Task Where_a_lead_stands_says_what_may_be_done(string state, string allowed)
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        foreach (var action in Enum.GetValues<LeadAction>())
        {
            var id = $"{state}-{action}";
            await BringAsync(world, id, state);
            Assert.Equal(state, world.Find(id).State);
            var steps = world.Find(id).Steps.Count;
            Task<LeadOutcome> Do() =>
                world.DoAsync(actions =>
                    action switch
                    {
                        LeadAction.Accept => actions.Answer(id + ".1", action, "x", null, null),
                        LeadAction.Decline => actions.Answer(id + ".1", action, "x", "not_a_fit", null),
                        LeadAction.Route => actions.Route(id, null, false, "x"),
                        LeadAction.Assign => actions.Assign(id, Assignee.Rep(state == "waiting" ? "bob" : "ann"), "x", null),
                        _ => actions.Withdraw(id, "x", null),
                    }
                );
            if (allowed.Split(' ').Contains(action.ToString()))
            {
                await Do();
                // Done again it is refused, or starts from where it stands now: nothing happens twice.
                if (action is not LeadAction.Route and not LeadAction.Assign)
                    await Assert.ThrowsAsync<LeadRefusedException>(Do);
            }
            else
            {
                var refused = await Assert.ThrowsAsync<LeadRefusedException>(Do);
                Assert.True(refused.Why is LeadRefusal.NotAllowedNow or LeadRefusal.Unknown, refused.Message);
                Assert.Equal(steps, world.Find(id).Steps.Count);
            }
        }
    }

    static async Task BringAsync(LeadWorld world, string id, string state)
    {
        if (state is "new" or "converted")
        {
            var lead = LeadWorld.Lead(id, new { account_id = "a", product = Product });
            await world.World.WriteAsync(state == "new" ? lead : lead.With("opportunity_id", "d1"));
            return;
        }
        if (state == "queued")
            await world.SetPolicyAsync("""{"rep_open_leads":0}""");
        await world.SubmitAsync(id);
        if (state == "queued")
            await world.SetPolicyAsync("{}");
        else if (state == "accepted")
            await world.AcceptAsync(id + ".1");
        else if (state == "withdrawn")
            await world.DoAsync(actions => actions.Withdraw(id, "x", null));
        else if (state == "waiting")
        {
            world.World.Time.Advance(TimeSpan.FromHours(5));
            await world.SweepAsync();
        }
    }

    [Fact]
    public async Task Who_declines_is_not_asked_again_and_the_last_offer_ends_in_the_queue_of_the_owner()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.SetPolicyAsync("""{"offers":5}""");
        var first = await world.SubmitAsync(
            "l",
            new
            {
                account_id = "a",
                product = Product,
                owner = "cleo",
            }
        );
        var second = await world.DeclineAsync("l.1");
        Assert.NotEqual(first.File.To, second.File.To);
        var last = await world.DeclineAsync("l.2");
        // Two reps, and partners of whom nothing is known.
        Assert.Equal(
            ("queued", "nobody_left", new Assignee("queue", "cleo")),
            (last.File.State, last.File.Steps[^1].Reason, last.File.To)
        );
        Assert.Equal(["offered", "declined", "offered", "declined", "queued"], world.EventsOf("l"));
        Assert.Equal("no_capacity", world.Find("l").Steps[1].Reason);
        // Routed again by a person, both have declined still.
        var again = await world.DoAsync(actions => actions.Route("l", null, false, "x"));
        Assert.Equal("queued", again.File.State);
        var refused = await Assert.ThrowsAsync<LeadRefusedException>(() =>
            world.DoAsync(actions => actions.Assign("l", first.File.To!.Value, "x", null))
        );
        Assert.Equal(LeadRefusal.MayNotHaveIt, refused.Why);
        Assert.Contains("It declined this lead", refused.Message, StringComparison.Ordinal);
        // A partner may be given it though nothing is known of its lift.
        var given = await world.DoAsync(actions => actions.Assign("l", Assignee.Partner("p1"), "x", "Knows them"));
        Assert.Equal(Assignee.Partner("p1"), given.File.To);
        Assert.Equal(
            LeadRefusal.Unknown,
            (
                await Assert.ThrowsAsync<LeadRefusedException>(() =>
                    world.DoAsync(actions => actions.Route("none", null, false, "x"))
                )
            ).Why
        );
    }

    [Fact]
    public async Task After_as_many_offers_as_the_policy_says_it_lies_in_a_queue()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.SetPolicyAsync("""{"offers":1,"queue":"desk"}""");
        await world.SubmitAsync("l");
        var queued = await world.DeclineAsync("l.1");
        // No owner of its own: that of the last deal of the account.
        Assert.Equal(("offers_used", new Assignee("queue", "bob")), (queued.File.Steps[^1].Reason, queued.File.To));
        // Once a person has it routed, somebody else is asked.
        Assert.Equal("offered", (await world.DoAsync(actions => actions.Route("l", null, false, "x"))).File.State);
    }

    [Fact]
    public async Task A_company_is_matched_new_or_a_person_says_which_it_is()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        var matched = await world.SubmitAsync("m", new { name = "ACME", domain = "https://www.acme.example/contact" });
        Assert.Equal(("matched", "a"), (matched.Account!.State, matched.File.Lead.AccountId!.Value.Value));
        Assert.InRange(matched.Account.Probability!.Value, 0.87, 1);
        var made = await world.SubmitAsync(
            "n",
            new
            {
                name = "Nobody Yet",
                domain = "nobodyyet.example",
                country = "DE",
            }
        );
        Assert.Equal(("new", "acc_n"), (made.Account!.State, made.File.Lead.AccountId!.Value.Value));
        Assert.Equal("Nobody Yet", world.Read(state => state.FindAccount("acc_n"))!.Name);
        // The next lead of it is of the same account.
        Assert.Equal(
            "acc_n",
            (await world.SubmitAsync("n2", new { domain = "nobodyyet.example", name = "Nobody Yet Ltd" }))
                .File
                .Lead
                .AccountId!
                .Value
                .Value
        );
        var unsure = await world.SubmitAsync("u", new { name = "Acme Holding" });
        Assert.Equal(
            ("unsure", "queued", "account_unsure"),
            (unsure.Account!.State, unsure.File.State, unsure.File.Steps[^1].Reason)
        );
        Assert.Null(unsure.File.Lead.AccountId);
        Assert.Equal("a", unsure.Account.Candidates[0].Id.Value);
        var routed = await world.DoAsync(actions => actions.Route("u", "a", false, "x"));
        Assert.Equal(("offered", "a"), (routed.File.State, routed.File.Lead.AccountId!.Value.Value));
        var fresh = await world.SubmitAsync("f", new { name = "Acme Holding" }, isNew: true);
        Assert.Equal("new", fresh.Account!.State);
        Assert.Equal(
            LeadRefusal.Unknown,
            (await Assert.ThrowsAsync<LeadRefusedException>(() => world.SubmitAsync("x", new { account_id = "nobody" }))).Why
        );
        Assert.Equal(
            LeadRefusal.ThereAlready,
            (await Assert.ThrowsAsync<LeadRefusedException>(() => world.SubmitAsync("m"))).Why
        );
    }

    [Fact]
    public async Task How_fast_a_lead_was_taken_up_is_known_by_offer_acceptance_and_first_contact()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.SubmitAsync("l");
        world.World.Time.Advance(TimeSpan.FromMinutes(30));
        await world.AcceptAsync("l.1");
        Assert.Null(world.Find("l").FirstTouchAt);
        // Of before, and of a partner: not the rep's.
        await world.World.WriteAsync(Touch("p1", "a", "2026-03-04T06:00:00Z"), Own("t0", "2026-03-04T05:20:00Z"));
        Assert.Null(world.Find("l").FirstTouchAt);
        await world.World.WriteAsync(Own("t2", "2026-03-04T05:50:00Z"), Own("t1", "2026-03-04T05:40:00Z"));
        var file = world.Find("l");
        Assert.Equal(
            (new(2026, 3, 4, 5, 36, 7, DateTimeKind.Utc), new(2026, 3, 4, 5, 40, 0, DateTimeKind.Utc)),
            (file.AcceptedAt!.Value.AddTicks(-(file.AcceptedAt.Value.Ticks % TimeSpan.TicksPerSecond)), file.FirstTouchAt!.Value)
        );
        // A contact that is taken back was none.
        await world.World.WriteAsync(
            Row(
                "deletions",
                new
                {
                    table = "touches",
                    key = "t1",
                    at = "2026-03-04T05:36:00Z",
                }
            )
        );
        Assert.Equal(new DateTime(2026, 3, 4, 5, 50, 0, DateTimeKind.Utc), world.Find("l").FirstTouchAt);
    }

    static HistoryRow Own(string id, string at) =>
        Row(
            "touches",
            new
            {
                touch_id = id,
                account_id = "a",
                kind = "call",
                at,
            }
        );

    [Fact]
    public async Task A_lead_is_open_work_until_it_is_a_deal_or_old()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.SetPolicyAsync("""{"rep_open_leads":1,"open_days":30}""");
        var first = await world.SubmitAsync("l1");
        await world.AcceptAsync("l1.1");
        var second = await world.SubmitAsync("l2");
        Assert.NotEqual(first.File.To, second.File.To);
        Assert.Equal("queued", (await world.SubmitAsync("l3")).File.State);
        await world.World.WriteAsync(
            LeadWorld.Lead(
                "l1",
                new
                {
                    account_id = "a",
                    product = Product,
                    opportunity_id = "d1",
                }
            )
        );
        Assert.Equal(1, await world.FollowAsync("a"));
        Assert.Equal(0, await world.FollowAsync("a"));
        Assert.Equal(["offered", "accepted", "converted"], world.EventsOf("l1"));
        Assert.Equal(first.File.To, (await world.SubmitAsync("l4")).File.To);
        await world.AcceptAsync("l4.1");
        Assert.Equal("queued", (await world.SubmitAsync("l5")).File.State);
        world.World.Time.Advance(TimeSpan.FromDays(31));
        Assert.Equal("offered", (await world.SubmitAsync("l6")).File.State);
    }

    [Fact]
    public async Task Who_let_an_offer_run_out_is_asked_again_once_a_person_has_it_routed()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.SubmitAsync("l");
        for (var offer = 1; world.Find("l").State != "queued"; offer++)
        {
            Assert.InRange(offer, 1, 3);
            world.World.Time.Advance(TimeSpan.FromHours(5));
            await world.SweepAsync();
            await world.DoAsync(actions => actions.Route("l", null, false, null));
        }
        Assert.Equal("nobody_left", world.Find("l").Steps[^1].Reason);
        Assert.Equal("offered", (await world.DoAsync(actions => actions.Assign("l", Assignee.Rep("ANN"), "x", null))).File.State);
        // However it is spelt, it is the same who has it.
        Assert.Single(world.Read(state => LeadList.OpenOffers(state, Assignee.Rep("ann")).ToList()));
    }

    [Fact]
    public async Task Steps_are_taken_back_as_the_database_has_them()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        // A probability with many decimals; the account is merged, and then the lead is deleted.
        await world.SubmitAsync(
            "m",
            new
            {
                name = "ACME",
                domain = "acme.example",
                country = "DE",
            }
        );
        await world.World.WriteAsync(
            Row(
                "aliases",
                new
                {
                    old_id = "a",
                    new_id = "b",
                    at = "2026-03-04T05:06:07Z",
                }
            )
        );
        Assert.Equal("b", world.Find("m").Steps[0].AccountId!.Value.Value);
        await world.World.WriteAsync(
            Row(
                "deletions",
                new
                {
                    table = "leads",
                    key = "m",
                    at = "2026-03-04T05:06:07Z",
                }
            )
        );
        Assert.Null(world.Read(state => LeadList.Find(state, "m")));
        Assert.False(world.World.History.IsOutdated);
        Assert.Empty(world.Read(LeadList.Everybody));
    }

    [Fact]
    public async Task A_lead_of_nobody_waits_for_a_person_and_one_whose_row_comes_again_keeps_its_account()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.World.WriteAsync(LeadWorld.Lead("nobody", new { product = Product }));
        var queued = await world.DoAsync(actions => actions.Route("nobody", null, false, null));
        Assert.Equal(("queued", "account_unsure"), (queued.File.State, queued.File.Steps[^1].Reason));
        Assert.Equal(2, world.Read(state => state.AccountCount));
        await world.SubmitAsync("m", new { domain = "acme.example", name = "Acme" });
        await world.World.WriteAsync(
            LeadWorld.Lead(
                "m",
                new
                {
                    domain = "acme.example",
                    name = "Acme",
                    product = "Other",
                }
            )
        );
        Assert.Equal(("a", "Other"), (world.Find("m").Lead.AccountId!.Value.Value, world.Find("m").Lead.Product));
    }

    [Fact]
    public async Task A_deal_that_a_lead_names_by_mistake_ends_nothing()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.SubmitAsync(
            "l",
            new
            {
                name = "ACME",
                domain = "acme.example",
                product = Product,
            }
        );
        await world.AcceptAsync("l.1");
        // As the CRM has it: with the deal, and without the account that was found here.
        await world.World.WriteAsync(LeadWorld.Lead("l", new { name = "ACME", opportunity_id = "d1" }));
        Assert.Equal(1, await world.FollowAsync("a"));
        Assert.Equal("converted", world.Find("l").State);
        await world.World.WriteAsync(LeadWorld.Lead("l", new { name = "ACME" }));
        Assert.Equal(0, await world.FollowAsync("a"));
        Assert.Equal("accepted", world.Find("l").State);
        Assert.Equal([LeadAction.Withdraw], world.Find("l").Allowed);
        await world.DoAsync(actions => actions.Withdraw("l", "x", null));
        Assert.Equal("withdrawn", world.Find("l").State);
    }

    [Fact]
    public async Task Who_was_merged_is_who_it_is_now_and_who_steps_name_is_not_deleted()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.World.WriteAsync(
            Row(
                "aliases",
                new
                {
                    old_id = "p1",
                    new_id = "p2",
                    at = "2026-03-04T05:06:07Z",
                    table = "partners",
                }
            )
        );
        var given = await world.SubmitAsync("l", new { account_id = "a", partner_id = "p1" });
        Assert.Equal((Assignee.Partner("p2"), "came_from_partner"), (given.File.To, given.Route!.Trace[^1].Rule));
        Assert.Equal(given.File.Version, world.Find("l").Version);
        await world.DoAsync(actions => actions.Withdraw("l", "x", null));
        await world.World.WriteAsync(LeadWorld.Lead("l", new { account_id = "a" }));
        Assert.True(
            world.World.History.TryWrite(
                scope =>
                    scope.Upsert(
                        Row(
                            "deletions",
                            new
                            {
                                table = "partners",
                                key = "p2",
                                at = "2026-03-04T05:06:07Z",
                            }
                        )
                    ),
                out var done
            )
        );
        Assert.Equal(RowVerdict.Rejected, (await done).Verdict);
        Assert.Equal("withdrawn", world.Find("l").State);
    }

    [Fact]
    public async Task A_person_may_give_a_lead_to_who_is_not_at_work()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.World.WriteAsync(LeadWorld.Lead("l", new { account_id = "a" }));
        await world.World.WriteAsync(
            Row("reps", new { rep_id = "ann", time_zone = "UTC" }),
            Row("reps", new { rep_id = "bob", time_zone = "Asia/Tokyo" })
        );
        // 5 in the morning, 14 in Tokyo.
        await world.SetPolicyAsync("""{"at_work_only":true,"working_hours":{"from":"09:00","to":"17:00"}}""");
        Assert.Equal(
            Assignee.Rep("ann"),
            (await world.DoAsync(actions => actions.Assign("l", Assignee.Rep("ANN"), "x", null))).File.To
        );
        Assert.Equal("ann", world.Find("l").To!.Value.Id);
    }

    [Fact]
    public async Task The_policy_in_its_versions_says_how_each_was_routed()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        Assert.Equal(0, (await world.SubmitAsync("l0")).File.Steps[0].PolicyVersion);
        await world.SetPolicyAsync("""{"accept_within_hours":1}""");
        var step = (await world.SubmitAsync("l1")).File.Steps[0];
        Assert.Equal((1, TimeSpan.FromHours(1)), (step.PolicyVersion, step.Until!.Value - step.At));
        await world.World.RestartAsync();
        Assert.Equal(1, world.Read(state => LeadsCapability.PolicyOf(state).AcceptWithinHours));
        Assert.Equal("offered", world.Find("l1").State);
    }
}
