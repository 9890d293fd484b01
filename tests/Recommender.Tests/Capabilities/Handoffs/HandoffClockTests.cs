using Recommender.Capabilities.Handoffs;
using Recommender.Facts;
using Recommender.Tests.History;

namespace Recommender.Tests.Capabilities.Handoffs;

/// <summary>Steps that nobody takes in time: noted once, whoever sweeps, dated when that was so.</summary>
public sealed class HandoffClockTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_clock_runs_out_once_also_while_nobody_was_there_and_what_expired_may_be_sent_again()
    {
        await using var world = await HandoffWorld.NewAsync(_folder);
        await world.DraftAsync("h");
        var sent = await world.DoAsync("h", HandoffAction.Send);
        world.World.Time.Advance(TimeSpan.FromHours(47));
        Assert.Equal(0, await world.SweepAsync());
        world.World.Time.Advance(TimeSpan.FromHours(30));
        await world.World.RestartAsync();
        // Too late to take it, swept or not.
        Assert.Equal(
            HandoffRefusal.NotAllowedNow,
            (await HandoffWorld.RefusedAsync(() => world.DoAsync("h", HandoffAction.Accept))).Why
        );
        Assert.Equal(1, await world.SweepAsync());
        Assert.Equal(0, await world.SweepAsync());
        Assert.Equal(("expired", sent.File.DueAt), (world.Find("h").State, (DateTime?)world.Find("h").Steps[^1].At));
        var again = await world.DoAsync("h", HandoffAction.Send);
        Assert.Equal(("sent", 2), (again.File.State, again.File.Round));
        await world.DoAsync("h", HandoffAction.Accept);
        world.World.Time.Advance(TimeSpan.FromDays(6));
        await world.World.RestartAsync();
        Assert.Equal(1, await world.SweepAsync());
        Assert.Equal(0, await world.SweepAsync());
        // Late is not over.
        Assert.Equal(("accepted", true), (world.Find("h").State, world.Find("h").IsOverdue(world.Now)));
        await world.DoAsync("h", HandoffAction.Introduce);
        Assert.False(world.Find("h").IsOverdue(world.Now));
        world.World.Time.Advance(TimeSpan.FromDays(15));
        Assert.Equal(1, await world.SweepAsync());
        await world.DoAsync("h", HandoffAction.Meet);
        world.World.Time.Advance(TimeSpan.FromDays(90));
        Assert.Equal(0, await world.SweepAsync());
        Assert.Equal(
            ["expired", "accepted", "introduction_overdue", "introduced", "meeting_overdue", "meeting"],
            world.EventsOf("h")
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Of_two_replicas_one_writes_that_a_clock_ran_out_and_one_that_a_deal_ended(string engine)
    {
        var database = TestDatabase.Of(engine, _folder["shared.db"]);
        await using var world = await HandoffWorld.NewAsync(time =>
            engine == TestDatabase.SqlServer ? HistoryStore.Open(database) : new SharedSqliteStore(database, time)
        );
        var other = world.World.OpenOther();
        foreach (var partner in (string[])["p1", "p2", "p3"])
        {
            await world.DraftAsync("of-" + partner, partner: partner);
            // What a server calls now nobody can move: the time is over when it begins.
            var sent = (await world.DoAsync("of-" + partner, HandoffAction.Send)).File.Steps[^1];
            await world.World.WriteAsync(HandoffsCapability.Steps.RowOf(sent with { Until = sent.At }));
        }
        world.World.Time.Advance(TimeSpan.FromDays(1));
        var swept = await Task.WhenAll(world.SweepAsync(), world.SweepAsync(other), world.SweepAsync(), world.SweepAsync(other));
        Assert.Equal(3, swept.Sum());
        // One of many answers is taken.
        await world.DoAsync("of-p1", HandoffAction.Send);
        var answered = await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(async turn =>
                {
                    try
                    {
                        await world.DoAsync("of-p1", HandoffAction.Accept, at: turn % 2 == 0 ? null : other);
                        return 1;
                    }
                    catch (HandoffRefusedException e)
                    {
                        Assert.Equal(HandoffRefusal.NotAllowedNow, e.Why);
                        return 0;
                    }
                })
        );
        Assert.Equal(1, answered.Sum());
        await world.DealIsAsync("lost");
        var followed = await Task.WhenAll(world.FollowAsync(), world.FollowAsync(other), world.FollowAsync(other));
        Assert.Equal(3, followed.Sum());
        Assert.Equal(["expired", "accepted", "lost"], world.EventsOf("of-p1"));
        Assert.Equal(["expired", "withdrawn"], world.EventsOf("of-p2"));
    }

    [Fact]
    public async Task What_ran_out_before_anybody_swept_is_written_before_what_is_done()
    {
        await using var world = await HandoffWorld.NewAsync(_folder);
        await world.DraftAsync("h");
        await world.DoAsync("h", HandoffAction.Send);
        await world.DoAsync("h", HandoffAction.Accept);
        world.World.Time.Advance(TimeSpan.FromDays(30));
        await world.DoAsync("h", HandoffAction.Meet);
        Assert.Equal(["accepted", "introduction_overdue", "meeting"], world.EventsOf("h"));
        Assert.Equal(0, await world.SweepAsync());
    }
}
