using Recommender.Capabilities.Registrations;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities.Registrations;

/// <summary>What may be done with a registration where it stands, and what comes of it.</summary>
public sealed class RegistrationStatesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("submitted", "approve reject withdraw")]
    [InlineData("overdue", "approve reject withdraw")]
    [InlineData("approved", "extend withdraw convert")]
    [InlineData("extended", "withdraw convert")]
    [InlineData("for ever", "withdraw convert")]
    [InlineData("rejected", "")]
    [InlineData("withdrawn", "")]
    [InlineData("converted", "withdraw")]
    [InlineData("expired", "")]
    [InlineData("imported submitted", "approve reject withdraw")]
    [InlineData("imported approved", "extend withdraw convert")]
    [InlineData("imported expired", "")]
    [InlineData("imported rejected", "")]
    [InlineData("imported withdrawn", "")]
    [InlineData("imported converted", "withdraw")]
    public async Task Each_action_is_done_or_refused_with_what_is_allowed(string state, string allowed)
    {
        foreach (var action in Enum.GetValues<RegistrationAction>())
        {
            using var folder = new TemporaryFolder();
            await using var world = await NewAsync(folder);
            await BringTo(world, state);
            var before = world.Find("r")!;
            Assert.Equal(allowed, string.Join(' ', before.Allowed).ToLowerInvariant());
            if (before.Allowed.Contains(action))
            {
                var done = await world.DoAsync("r", action);
                var after = world.Find("r")!;
                Assert.Equal(Become(action), after.State);
                Assert.Equal(done.File.State, after.State);
                Assert.Equal(done.File.IsLive, after.IsLive);
                Assert.Equal(done.File.Allowed, after.Allowed);
                Assert.Equal(done.File.Steps, after.Steps);
                Assert.Equal(done.File.Row, after.Row);
                Assert.Equal(after.Steps[^1].Kind, world.EventsOf("r")[^1]);
                continue;
            }
            var steps = world.Find("r")!.Steps;
            var refused = await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.DoAsync("r", action));
            Assert.Equal(RegistrationRefusal.NotAllowedNow, refused.Why);
            foreach (var other in allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                Assert.Contains(other, refused.Message, StringComparison.Ordinal);
            Assert.Equal(steps, world.Find("r")!.Steps);
        }
    }

    static string Become(RegistrationAction action) =>
        action switch
        {
            RegistrationAction.Approve or RegistrationAction.Extend => "approved",
            RegistrationAction.Reject => "rejected",
            RegistrationAction.Withdraw => "withdrawn",
            _ => "converted",
        };

    static async Task BringTo(RegistrationWorld world, string state)
    {
        if (state.StartsWith("imported", StringComparison.Ordinal))
        {
            var status = state["imported ".Length..];
            await world.WriteAsync(
                Imported(
                    "r",
                    "p1",
                    "2026-02-03",
                    status,
                    status == "submitted" ? null : "2026-02-04",
                    status is "approved" or "converted" ? "2026-06-01"
                        : status is "expired" ? "2026-02-20"
                        : null
                )
            );
            return;
        }
        if (state == "for ever")
        {
            await world.WriteAsync(Imported("r", "p1", "2026-02-03", "approved", "2026-02-04"));
            return;
        }
        await world.SubmitAsync(Claim("p1"), "r");
        if (state == "overdue")
        {
            world.Time.Advance(TimeSpan.FromHours(49));
            Assert.Equal(1, await world.SweepAsync());
        }
        if (state == "rejected")
            await world.DoAsync("r", RegistrationAction.Reject);
        if (state is "approved" or "extended" or "withdrawn" or "converted" or "expired")
            await world.DoAsync("r", RegistrationAction.Approve);
        if (state == "extended")
            await world.DoAsync("r", RegistrationAction.Extend);
        if (state == "withdrawn")
            await world.DoAsync("r", RegistrationAction.Withdraw);
        if (state == "converted")
            await world.DoAsync("r", RegistrationAction.Convert);
        if (state == "expired")
            world.Time.Advance(TimeSpan.FromDays(91));
    }

    [Fact]
    public async Task It_protects_for_ninety_days_once_longer_by_thirty_and_as_a_deal_goes_on_protecting()
    {
        await using var world = await NewAsync(_folder);
        var submitted = (await world.SubmitAsync(Claim("p1"), "r")).File;
        Assert.Equal(world.Now.AddHours(48).Date, submitted.DecideBy!.Value.Date);
        Assert.False(submitted.IsLive);
        var approved = (await world.DoAsync("r", RegistrationAction.Approve)).File;
        Assert.True(approved.IsLive);
        Assert.Equal(approved.Row.DecidedAt!.Value.AddDays(90), approved.ProtectedUntil);
        var extended = (await world.DoAsync("r", RegistrationAction.Extend)).File;
        Assert.Equal(approved.Row.DecidedAt!.Value.AddDays(120), extended.ProtectedUntil);
        world.Time.Advance(TimeSpan.FromDays(119));
        Assert.Equal("conflict", world.Check(Claim("p2"))!.Verdict);
        await world.DoAsync("r", RegistrationAction.Convert);
        Assert.Equal("conflict", world.Check(Claim("p2"))!.Verdict);
        world.Time.Advance(TimeSpan.FromDays(2));
        // It is a deal now, with the partner on it.
        var check = world.Check(Claim("p2"))!;
        Assert.Equal([("partner_on_deal", false)], check.Grounds.Select(ground => (ground.Rule, ground.IsConflict)));
        Assert.Equal("converted", world.Find("r")!.State);
        Assert.Equal(["submitted", "approved", "extended", "converted"], world.EventsOf("r"));
    }

    [Fact]
    public async Task It_becomes_a_new_deal_that_the_partner_sourced_or_one_that_is_open()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        await world.DoAsync("r", RegistrationAction.Convert);
        var state = world.History.Fold.States[0];
        var deal = state.FindOpportunity("deal_r")!;
        Assert.Equal(("a", Product, 5000.0, "EUR"), (deal.AccountId.Value, deal.Product, deal.Amount, deal.Currency));
        Assert.True(state.WorksOn("p1", "deal_r", world.Now.AddDays(1)));
        Assert.Contains(
            world.Store.ReadFacts(DateTime.MaxValue),
            fact => fact.Noun is CoSell.Engagement { Id: "r_engagement", Role: "sourced" }
        );

        await world.WriteAsync(Deal("o", "a", "2026-01-01", "Data"), Engagement("o", "p2"));
        await world.SubmitAsync(Claim("p3", product: "Data"), "s");
        await world.DoAsync("s", RegistrationAction.Approve);
        var elsewhere = await Assert.ThrowsAsync<RegistrationRefusedException>(() =>
            world
                .RunAsync(world.History, desk => desk.Do("s", new(RegistrationAction.Convert, "me") { OpportunityId = "deal_x" }))
                .ContinueWith(_ => world.RunAsync(world.History, desk => desk.Do("s", new(RegistrationAction.Convert, "me"))))
                .Unwrap()
        );
        Assert.Equal(RegistrationRefusal.NotAllowedNow, elsewhere.Why);
        Assert.Contains(world.Store.ReadFacts(DateTime.MaxValue), fact => fact.Noun is CoSell.Opportunity { Id.Value: "deal_x" });
        await world.WriteAsync(Deal("q", "b", "2026-01-01", "Data"));
        await world.SubmitAsync(Claim("p3", product: "Phones"), "t");
        await world.DoAsync("t", RegistrationAction.Approve);
        var foreign = await Assert.ThrowsAsync<RegistrationRefusedException>(() =>
            world.RunAsync(world.History, desk => desk.Do("t", new(RegistrationAction.Convert, "me") { OpportunityId = "q" }))
        );
        Assert.Equal(RegistrationRefusal.Unknown, foreign.Why);
        var other = await Assert.ThrowsAsync<RegistrationRefusedException>(() =>
            world.RunAsync(world.History, desk => desk.Do("t", new(RegistrationAction.Convert, "me") { OpportunityId = "o" }))
        );
        Assert.Equal(RegistrationRefusal.Unknown, other.Why);
        await world.WriteAsync(Deal("v", "a", "2026-01-01", "Phones"), Engagement("v", "p2"));
        await world.RunAsync(world.History, desk => desk.Do("t", new(RegistrationAction.Convert, "me") { OpportunityId = "v" }));
        Assert.Contains(
            world.Store.ReadFacts(DateTime.MaxValue),
            fact => fact.Noun is CoSell.Engagement { Id: "t_engagement", Role: "co_sell" }
        );
    }

    [Fact]
    public async Task Who_expects_another_version_is_told_and_an_id_is_taken_once()
    {
        await using var world = await NewAsync(_folder);
        var submitted = await world.SubmitAsync(Claim("p1"), "r");
        var again = await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.SubmitAsync(Claim("p2"), "r"));
        Assert.Equal(RegistrationRefusal.ThereAlready, again.Why);
        Task<RegistrationOutcome> Approve(long version) =>
            world.RunAsync(
                world.History,
                desk => desk.Do("r", new(RegistrationAction.Approve, "me"), new(version, Absent: false))
            );
        var changed = await Assert.ThrowsAsync<RegistrationRefusedException>(() => Approve(submitted.Fingerprint + 1));
        Assert.Equal(RegistrationRefusal.Changed, changed.Why);
        Assert.Equal("approved", (await Approve(submitted.Fingerprint)).File.State);
        var unknown = await Assert.ThrowsAsync<RegistrationRefusedException>(() =>
            world.DoAsync("x", RegistrationAction.Approve)
        );
        Assert.Equal(RegistrationRefusal.Unknown, unknown.Why);
        var nobody = await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.SubmitAsync(Claim("nobody")));
        Assert.Equal(RegistrationRefusal.Unknown, nobody.Why);
    }

    [Fact]
    public async Task Withdrawn_it_leaves_the_account_to_others()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        await world.SubmitAsync(Claim("p2"), "s");
        var held = await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.DoAsync("s", RegistrationAction.Approve));
        Assert.Equal(RegistrationRefusal.Conflict, held.Why);
        await world.DoAsync("r", RegistrationAction.Withdraw);
        Assert.True((await world.DoAsync("s", RegistrationAction.Approve)).File.IsLive);
    }

    [Fact]
    public async Task A_deal_of_the_crm_that_is_gone_back_on_counts_as_the_crm_says()
    {
        await using var world = await NewAsync(_folder);
        foreach (var status in (string[])["approved", "withdrawn", "converted", "rejected"])
        {
            await world.WriteAsync(Imported("r", "p1", "2026-02-03", status, "2026-02-04", "2026-06-01"));
            Assert.Equal(status is "approved" or "converted" ? "conflict" : "clear", world.Check(Claim("p2"))!.Verdict);
        }
    }
}
