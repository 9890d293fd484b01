using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Tests.History;

namespace Recommender.Tests.Capabilities.Leads;

/// <summary>Offers that nobody answers in time: over once, whoever sweeps, and asked of the next.</summary>
public sealed class LeadClockTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_offer_that_nobody_answers_is_over_once_and_the_next_is_asked()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        var first = await world.SubmitAsync("l");
        world.World.Time.Advance(TimeSpan.FromHours(3.9));
        Assert.Equal(0, await world.SweepAsync());
        // Nobody was there when it ran out.
        world.World.Time.Advance(TimeSpan.FromHours(20));
        await world.World.RestartAsync();
        // Too late to take it, swept or not.
        Assert.Equal(
            LeadRefusal.NotAllowedNow,
            (await Assert.ThrowsAsync<LeadRefusedException>(() => world.AcceptAsync("l.1"))).Why
        );
        Assert.Equal(1, await world.SweepAsync());
        Assert.Equal(0, await world.SweepAsync());
        Assert.Equal(first.File.Offer!.Until, world.Find("l").Steps[^1].At);
        Assert.Equal(["l"], world.Read(state => LeadList.ToRoute(state, world.Now).ToList()));
        await world.World.RestartAsync();
        var second = await world.DoAsync(actions => actions.Route("l", null, false, null));
        Assert.NotEqual(first.File.To, second.File.To);
        Assert.Empty(world.Read(state => LeadList.ToRoute(state, world.Now).ToList()));
        Assert.Equal(["offered", "expired", "offered"], world.EventsOf("l"));
        Assert.Equal(
            LeadRefusal.NotAllowedNow,
            (await Assert.ThrowsAsync<LeadRefusedException>(() => world.AcceptAsync("l.1"))).Why
        );
        Assert.Equal("accepted", (await world.AcceptAsync("l.2")).File.State);
        world.World.Time.Advance(TimeSpan.FromDays(9));
        Assert.Equal(0, await world.SweepAsync());
    }

    [Fact]
    public async Task A_lead_that_became_a_deal_is_offered_no_more()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.SubmitAsync("l");
        await world.World.WriteAsync(LeadWorld.Lead("l", new { account_id = "a", opportunity_id = "d1" }));
        Assert.Empty(world.Read(state => LeadList.OpenOffers(state, null).ToList()));
        world.World.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, await world.SweepAsync());
        Assert.Equal(0, await world.SweepAsync());
        Assert.Equal(["offered", "converted"], world.EventsOf("l"));
        Assert.Equal("converted", world.Find("l").State);
    }

    [Fact]
    public async Task What_was_imported_is_routed_if_it_is_not_old()
    {
        await using var world = await LeadWorld.NewAsync(_folder);
        await world.World.WriteAsync(
            LeadWorld.Lead("new", new { name = "Acme GmbH", domain = "acme.example" }),
            LeadWorld.Lead("old", new { account_id = "a" }).With("created_at", world.Now.AddDays(-4)),
            LeadWorld.Lead("deal", new { account_id = "a", opportunity_id = "d1" })
        );
        Assert.Equal(["new"], world.Read(state => LeadList.ToRoute(state, world.Now).ToList()));
        var routed = await world.DoAsync(actions => actions.Route("new", null, false, null));
        Assert.Equal(("offered", "a"), (routed.File.State, routed.File.Lead.AccountId!.Value.Value));
        await world.SetPolicyAsync("""{"route_imported_hours":200}""");
        Assert.Equal(["old"], world.Read(state => LeadList.ToRoute(state, world.Now).ToList()));
        await world.SetPolicyAsync("""{"route_imported_hours":0}""");
        Assert.Empty(world.Read(state => LeadList.ToRoute(state, world.Now).ToList()));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Of_two_replicas_one_writes_that_a_clock_ran_out_and_one_asks_the_next(string engine)
    {
        var database = TestDatabase.Of(engine, _folder["shared.db"]);
        await using var world = await LeadWorld.NewAsync(time =>
            engine == TestDatabase.SqlServer ? HistoryStore.Open(database) : new SharedSqliteStore(database, time)
        );
        var other = world.World.OpenOther();
        const int Many = 10;
        for (var l = 0; l < Many; l++)
        {
            // What a server calls now nobody can move: the time is over when it begins.
            var offer = (await world.SubmitAsync($"l{l}")).File.Offer!;
            await world.World.WriteAsync(LeadsCapability.Steps.RowOf(offer with { Until = offer.At }));
        }
        world.World.Time.Advance(TimeSpan.FromDays(1));
        var swept = await Task.WhenAll(world.SweepAsync(), world.SweepAsync(other), world.SweepAsync(), world.SweepAsync(other));
        Assert.Equal(Many, swept.Sum());
        for (var l = 0; l < Many; l++)
        {
            var id = $"l{l}";
            var done = await Task.WhenAll(
                Enumerable
                    .Range(0, 4)
                    .Select(async turn =>
                    {
                        try
                        {
                            await world.DoAsync(actions => actions.Route(id, null, false, null), turn % 2 == 0 ? null : other);
                            return 1;
                        }
                        catch (LeadRefusedException e)
                        {
                            Assert.Equal(LeadRefusal.NotAllowedNow, e.Why);
                            return 0;
                        }
                    })
            );
            Assert.Equal(1, done.Sum());
            Assert.Equal(["offered", "expired", "offered"], world.EventsOf(id));
        }
    }
}
