using Recommender.Capabilities.Handoffs;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Ranking;

namespace Recommender.Tests.Capabilities.Handoffs;

/// <summary>Every action where a handoff stands, and what rules, deals and packets make of it.</summary>
public sealed class HandoffStatesTests : IDisposable
{
    static readonly Dictionary<string, string[]> _allowed = new()
    {
        ["draft"] = ["Edit", "Send", "Withdraw"],
        ["sent"] = ["Accept", "Decline", "Withdraw"],
        ["received"] = ["Accept", "Decline", "Withdraw"],
        ["accepted"] = ["Introduce", "Meet", "Rate", "Withdraw"],
        ["introduced"] = ["Meet", "Rate", "Withdraw"],
        ["meeting"] = ["Rate", "Withdraw"],
        ["expired"] = ["Edit", "Send", "Withdraw"],
        ["declined"] = [],
        ["withdrawn"] = [],
        ["won"] = ["Rate"],
        ["lost"] = ["Rate"],
    };

    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> States => [.. _allowed.Keys];

    public void Dispose() => _folder.Dispose();

    /// <summary>A handoff that stands so.</summary>
    static async Task<HandoffWorld> StandingAsync(TemporaryFolder folder, string state)
    {
        var world = await HandoffWorld.NewAsync(folder);
        await world.DraftAsync("h", state == "received" ? "received" : "given");
        var steps = state switch
        {
            "draft" or "received" => Array.Empty<HandoffAction>(),
            "sent" or "expired" => [HandoffAction.Send],
            "accepted" or "won" => [HandoffAction.Send, HandoffAction.Accept],
            "introduced" or "lost" => [HandoffAction.Send, HandoffAction.Accept, HandoffAction.Introduce],
            "meeting" => [HandoffAction.Send, HandoffAction.Accept, HandoffAction.Meet],
            "declined" => [HandoffAction.Send, HandoffAction.Decline],
            _ => [HandoffAction.Withdraw],
        };
        foreach (var step in steps)
            await world.DoAsync("h", step);
        if (state == "expired")
        {
            world.World.Time.Advance(TimeSpan.FromDays(3));
            await world.SweepAsync();
        }
        if (state is "won" or "lost")
        {
            world.World.Time.Advance(TimeSpan.FromDays(3));
            await world.DealIsAsync(state);
            await world.FollowAsync();
        }
        return world;
    }

    [Theory]
    [MemberData(nameof(States))]
    public async Task Where_it_stands_so_much_is_allowed_once_and_all_else_leaves_it_as_it_is(string state)
    {
        foreach (var action in Enum.GetValues<HandoffAction>())
        {
            using var folder = new TemporaryFolder();
            await using var world = await StandingAsync(folder, state);
            var before = world.Find("h");
            Assert.Equal(state == "received" ? "sent" : state, before.State);
            Assert.Equal(_allowed[state], before.Allowed.Select(one => one.ToString()));
            if (_allowed[state].Contains(action.ToString()))
            {
                var after = await world.DoAsync("h", action, version: before.Version);
                Assert.NotEqual(before.Version, after.File.Version);
                // What was meant for it as it stood before does not happen twice.
                Assert.Equal(
                    HandoffRefusal.Changed,
                    (await HandoffWorld.RefusedAsync(() => world.DoAsync("h", action, version: before.Version))).Why
                );
                // What the fold holds, a restart holds.
                await world.World.RestartAsync();
                Assert.Equal(after.File.Version, world.Find("h").Version);
                Assert.Equal(after.File.State, world.Find("h").State);
            }
            else
            {
                var refused = await HandoffWorld.RefusedAsync(() => world.DoAsync("h", action));
                Assert.Equal(HandoffRefusal.NotAllowedNow, refused.Why);
                Assert.Equal(before.Version, world.Find("h").Version);
                Assert.EndsWith(
                    $"Allowed: {(before.Allowed.Count == 0 ? "nothing" : string.Join(", ", before.Allowed).ToLowerInvariant())}.",
                    refused.Message,
                    StringComparison.Ordinal
                );
            }
        }
    }

    [Fact]
    public async Task A_side_rates_once_at_the_acceptance_and_once_at_the_end()
    {
        await using var world = await StandingAsync(_folder, "meeting");
        foreach (var side in (string[])["us", "partner"])
        {
            await world.DoAsync("h", HandoffAction.Rate, HandoffWorld.OrderOf(HandoffAction.Rate, side));
            Assert.Equal(
                HandoffRefusal.ThereAlready,
                (
                    await HandoffWorld.RefusedAsync(() =>
                        world.DoAsync("h", HandoffAction.Rate, HandoffWorld.OrderOf(HandoffAction.Rate, side))
                    )
                ).Why
            );
        }
        await world.DealIsAsync("won");
        await world.FollowAsync();
        await world.DoAsync("h", HandoffAction.Rate);
        Assert.Equal(
            [("rated_acceptance", "us"), ("rated_acceptance", "partner"), ("rated_outcome", "us")],
            world.Find("h").Steps.Where(step => step.Rating is not null).Select(step => (step.Kind, step.Side))
        );
    }

    [Fact]
    public async Task Rules_say_what_a_packet_needs_and_how_fast_it_goes_by_product_and_amount()
    {
        await using var world = await HandoffWorld.NewAsync(_folder);
        world.World.SetRules(
            """
            {"id":"BIG","kind":"handoff","min_amount":4000,"needs":["trigger","partner_and_contact"],"accept_hours":8},
            {"id":"CLOUD","kind":"handoff","products":["cloud"],"needs":["evidence"],"accept_hours":24,"introduce_hours":10},
            {"id":"OTHER","kind":"handoff","products":["Fax"],"needs":["joint_value"]},
            {"id":"OTHERS","kind":"handoff","partners":{"partner_id":["p2"]},"meet_hours":1}
            """
        );
        await world.World.WriteAsync(
            Registrations.RegistrationWorld.Deal("d", "a", "2026-02-01").With("amount", 5000.0).With("currency", "USD")
        );
        // Only what always stands there says nothing.
        var draft = await world.DraftAsync("h", packet: [("partner_and_contact", "Norlake: "), ("evidence", "Their letter")]);
        Assert.Equal(["partner_and_contact", "trigger", "evidence"], draft.Terms.Needs);
        var refused = await HandoffWorld.RefusedAsync(() => world.DoAsync("h", HandoffAction.Send));
        Assert.Equal(HandoffRefusal.Incomplete, refused.Why);
        Assert.Equal(["partner_and_contact", "trigger"], refused.Missing);
        var order = HandoffWorld.OrderOf(HandoffAction.Edit) with
        {
            Packet = new Dictionary<string, string>
            {
                ["partner_and_contact"] = "Norlake: Jo",
                ["trigger"] = "Their contract ends",
            },
        };
        Assert.Empty((await world.DoAsync("h", HandoffAction.Edit, order)).File.Missing.Intersect(draft.Terms.Needs));
        var sent = await world.DoAsync("h", HandoffAction.Send);
        Assert.Equal(TimeSpan.FromHours(8), Within(sent));
        Assert.Equal(3, sent.Sent!.Filled);
        Assert.Equal(TimeSpan.FromHours(10), Within(await world.DoAsync("h", HandoffAction.Accept)));
        Assert.Equal(TimeSpan.FromHours(336), Within(await world.DoAsync("h", HandoffAction.Introduce)));
        // The packet is with the partner now.
        Assert.Equal(
            HandoffRefusal.NotAllowedNow,
            (await HandoffWorld.RefusedAsync(() => world.DoAsync("h", HandoffAction.Edit))).Why
        );
    }

    static TimeSpan? Within(HandoffOutcome outcome) => outcome.File.DueAt - outcome.File.Steps[^1].At;

    [Fact]
    public async Task A_partner_from_which_a_rule_keeps_the_account_is_not_handed_it()
    {
        await using var world = await HandoffWorld.NewAsync(_folder);
        world.World.SetRules("""{"id":"SECRET","kind":"do_not_share","partners":{"partner_id":["p1"]}}""");
        await world.DraftAsync("h");
        var refused = await HandoffWorld.RefusedAsync(() => world.DoAsync("h", HandoffAction.Send));
        Assert.Equal(HandoffRefusal.MayNotHaveIt, refused.Why);
        Assert.Contains("SECRET", refused.Message, StringComparison.Ordinal);
        // What it gives us it may give us.
        Assert.Equal("sent", (await world.DraftAsync("r", "received")).File.State);
    }

    [Fact]
    public async Task What_is_received_waits_for_us_and_what_the_partner_does_is_the_partners()
    {
        await using var world = await HandoffWorld.NewAsync(_folder);
        var received = await world.DraftAsync("r", "received", deal: null);
        Assert.Equal(("sent", "us", "partner"), (received.File.State, received.File.Receiver, received.File.Steps[0].Side));
        foreach (var action in (HandoffAction[])[HandoffAction.Accept, HandoffAction.Introduce, HandoffAction.Meet])
            await world.DoAsync("r", action);
        // It became a deal of ours.
        await world.DoAsync("r", HandoffAction.Link);
        Assert.DoesNotContain(HandoffAction.Link, world.Find("r").Allowed);
        Assert.Equal(
            HandoffRefusal.Unknown,
            (await HandoffWorld.RefusedAsync(() => world.DraftAsync("other", deal: "of-nobody"))).Why
        );
        // A row that came again from elsewhere, without the deal and of another, changes nothing of that.
        await world.World.WriteAsync(
            HandoffsCapability.Handoffs.Row(
                ("handoff_id", "r"),
                ("direction", "given"),
                ("partner_id", "p2"),
                ("account_id", "a"),
                ("created_at", world.Now)
            )
        );
        var again = world.Find("r").Handoff;
        Assert.Equal(("received", "p1", "d"), (again.Direction, again.PartnerId.Value, again.OpportunityId!.Value.Value));
        await world.DealIsAsync("won");
        Assert.Equal(1, await world.FollowAsync());
        Assert.Equal(
            [
                ("sent", "partner"),
                ("accepted", "us"),
                ("introduced", "partner"),
                ("meeting", "us"),
                ("linked", "us"),
                ("won", "history"),
            ],
            world.Find("r").Steps.Select(step => (step.Kind, step.Side))
        );
    }

    [Fact]
    public async Task There_is_one_at_a_time_of_an_account_a_deal_and_a_partner()
    {
        await using var world = await HandoffWorld.NewAsync(_folder);
        await world.DraftAsync("h");
        foreach (var (id, why) in ((string, string)[])[("h", "id"), ("i", "same")])
            Assert.True((await HandoffWorld.RefusedAsync(() => world.DraftAsync(id))).Why == HandoffRefusal.ThereAlready, why);
        await world.DraftAsync("other", partner: "p2");
        // What is said at once is what is known after a restart.
        var odd = await world.RunAsync(desk =>
            desk.Draft(
                new("odd", "given", new("p3"), new("a"), world.Now) { Amount = 1234.56789, Probability = 1.0 / 3 },
                new Dictionary<string, string> { ["trigger"] = " Two\nlines " },
                "seller"
            )
        );
        await world.World.RestartAsync();
        Assert.Equal(odd.File.Handoff, world.Find("odd").Handoff);
        await world.DraftAsync("account", deal: null);
        await world.DoAsync("h", HandoffAction.Withdraw);
        Assert.Equal("draft", (await world.DraftAsync("again")).File.State);
    }

    [Fact]
    public async Task A_deal_that_ends_closes_those_that_were_taken_up_and_one_that_is_open_again_opens_them()
    {
        await using var world = await HandoffWorld.NewAsync(_folder);
        foreach (var (id, partner) in ((string, string)[])[("taken", "p1"), ("sent", "p2"), ("draft", "p3")])
            await world.DraftAsync(id, partner: partner);
        await world.DoAsync("taken", HandoffAction.Send);
        await world.DoAsync("sent", HandoffAction.Send);
        await world.DoAsync("taken", HandoffAction.Accept);
        await world.DealIsAsync("won");
        // Too late, seen or not.
        foreach (var (id, action) in ((string, HandoffAction)[])[("sent", HandoffAction.Accept), ("draft", HandoffAction.Send)])
            Assert.Contains(
                "'d' is over",
                (await HandoffWorld.RefusedAsync(() => world.DoAsync(id, action))).Message,
                StringComparison.Ordinal
            );
        Assert.Equal(2, await world.FollowAsync());
        Assert.Equal(0, await world.FollowAsync());
        Assert.Equal("won", world.Find("taken").State);
        Assert.Equal(("withdrawn", "deal_closed"), (world.Find("sent").State, world.Find("sent").Steps[^1].Reason));
        // A row that was never sent need not have been handled here.
        Assert.Equal("draft", world.Find("draft").State);
        // The CRM was wrong: it was lost.
        await world.DealIsAsync("lost");
        while (await world.FollowAsync() > 0) { }
        Assert.Equal("lost", world.Find("taken").State);
        await world.DealIsAsync(null);
        while (await world.FollowAsync() > 0) { }
        Assert.Equal(("accepted", 3), (world.Find("taken").State, world.Find("taken").Round));
        // Its clock begins anew.
        Assert.InRange(world.Find("taken").DueAt!.Value, world.Now.AddHours(119), world.Now.AddHours(121));
        Assert.Equal(
            ["sent", "accepted", "won", "reopened", "lost", "reopened"],
            world.Find("taken").Steps.Select(step => step.Kind)
        );
        // Sent is told with its packet, by who sends it.
        Assert.Equal(["accepted", "won", "reopened", "lost", "reopened"], world.EventsOf("taken"));
    }

    [Fact]
    public void A_rule_names_the_fields_that_a_packet_has_and_a_draft_says_nothing_that_a_partner_must_not_see()
    {
        Assert.Equal(RuleSet.PacketFields, HandoffPacket.Fields.Select(field => field.Name));
        var packet = HandoffPacket.Fill(
            new(new("a"), "Acme", null, null, null, null, null, null, Attributes.None),
            null,
            new()
            {
                PartnerId = "p",
                Name = "Kelwood",
                Rank = 1,
                FitScore = 90,
                WinProbability = 0.61,
                WinProbabilityAlone = 0.42,
                Lift = 0.19,
                Support = new(1, 2),
                Reasons =
                [
                    new("Has worked beside the account's earlier partner Norlake", 3, "positive") { Idea = Ideas.Neighbours },
                    new("Has come to other accounts after Norlake", 2, "positive") { Idea = Ideas.Succession },
                    new("Worked with this account twice", 1, "positive") { Idea = Ideas.History },
                ],
                Cautions = ["Norlake holds a live registration"],
                NextAction = new("resolve_registration", "Settle the registration of Norlake before you bring Kelwood in"),
            },
            null
        );
        Assert.Equal("Worked with this account twice.", packet["why_this_partner"]);
        var all = string.Join(' ', packet.Values);
        foreach (var secret in (string[])["61", "42", "19", "Norlake"])
            Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
    }
}
