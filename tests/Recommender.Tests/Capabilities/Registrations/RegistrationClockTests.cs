using Recommender.Capabilities.Registrations;
using Recommender.Facts;
using Recommender.Tests.History;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities.Registrations;

/// <summary>Clocks that run out: once, whoever sweeps; and approvals that come at once: one.</summary>
public sealed class RegistrationClockTests : IDisposable
{
    const int Races = 200;
    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_review_and_a_protection_run_out_once_also_after_a_restart()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        world.Time.Advance(TimeSpan.FromHours(47));
        Assert.Equal(0, await world.SweepAsync());
        // Nobody was there when it ran out.
        world.Time.Advance(TimeSpan.FromHours(20));
        await world.RestartAsync();
        Assert.Equal(1, await world.SweepAsync());
        Assert.Equal(0, await world.SweepAsync());
        await world.RestartAsync();
        Assert.Equal(0, await world.SweepAsync());
        var overdue = world.Find("r")!;
        Assert.Equal(overdue.DecideBy, overdue.Steps[^1].At);
        Assert.Equal(["submitted", "review_overdue"], world.EventsOf("r"));

        await world.DoAsync("r", RegistrationAction.Approve);
        world.Time.Advance(TimeSpan.FromDays(89));
        await world.DoAsync("r", RegistrationAction.Extend);
        // The clock that was put off does not strike.
        world.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(0, await world.SweepAsync());
        world.Time.Advance(TimeSpan.FromDays(30));
        await world.RestartAsync();
        Assert.Equal(1, await world.SweepAsync());
        await world.RestartAsync();
        Assert.Equal(0, await world.SweepAsync());
        var over = world.Find("r")!;
        Assert.Equal(("expired", false), (over.State, over.IsLive));
        Assert.Equal((over.ProtectedUntil, "expired"), (over.Steps[^1].At, over.Steps[^1].Kind));
        Assert.Equal(["submitted", "review_overdue", "approved", "extended", "expired"], world.EventsOf("r"));
    }

    [Fact]
    public async Task Who_decides_too_late_still_came_too_late()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        world.Time.Advance(TimeSpan.FromHours(49));
        await world.DoAsync("r", RegistrationAction.Reject);
        Assert.Equal(["submitted", "review_overdue", "rejected"], world.Find("r")!.Steps.Select(step => step.Kind));
        Assert.Equal(0, await world.SweepAsync());
        Assert.Equal(["submitted", "review_overdue", "rejected"], world.EventsOf("r"));
    }

    [Fact]
    public async Task A_clock_is_off_where_the_crm_decided_meanwhile()
    {
        await using var world = await NewAsync(_folder);
        var submitted = await world.SubmitAsync(Claim("p1"), "r");
        var row = world.Store.Find(FactTables.DealRegistrations, "r")!.Value.Row;
        await world.WriteAsync(row.With("status", "rejected").With("decided_at", submitted.File.Row.SubmittedAt.AddHours(1)));
        world.Time.Advance(TimeSpan.FromDays(200));
        Assert.Equal(0, await world.SweepAsync());
        Assert.Equal("rejected", world.Find("r")!.State);
    }

    [Fact]
    public async Task An_end_that_the_crm_moved_is_the_end()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        var end = world.Now.AddDays(180);
        var row = world.Store.Find(FactTables.DealRegistrations, "r")!.Value.Row;
        await world.WriteAsync(row.With("expires_at", end).With("recorded_at", null));
        world.Time.Advance(TimeSpan.FromDays(100));
        Assert.Equal(0, await world.SweepAsync());
        world.Time.Advance(TimeSpan.FromDays(81));
        Assert.Equal(1, await world.SweepAsync());
        Assert.Equal((end, "expired"), (world.Find("r")!.Steps[^1].At, world.Find("r")!.Steps[^1].Kind));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Of_two_replicas_that_sweep_at_once_one_writes(string engine)
    {
        await using var world = await SharedAsync(engine);
        var other = world.OpenOther();
        // What a server calls now nobody can move: a window of no length runs out when it begins.
        world.SetRules("""{"id":"w","kind":"registration_window","review_hours":0}""");
        const int Many = 20;
        for (var r = 0; r < Many; r++)
            await world.SubmitAsync(Claim("p1", product: $"product {r}"), $"r{r}");
        world.Time.Advance(TimeSpan.FromDays(1));
        var swept = await Task.WhenAll(world.SweepAsync(), world.SweepAsync(other), world.SweepAsync(), world.SweepAsync(other));
        Assert.Equal(Many, swept.Sum());
        for (var r = 0; r < Many; r++)
            Assert.Equal(["submitted", "review_overdue"], world.EventsOf($"r{r}"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Of_two_approvals_at_once_one_is_done_and_one_refused(string engine)
    {
        await using var world = await SharedAsync(engine);
        var other = world.OpenOther();
        for (var race = 0; race < Races; race++)
        {
            var product = $"product {race}";
            // Neither was qualified nor did more with the account: equal rights, so that a person could approve either.
            await world.SubmitAsync(Claim("p1", product: product) with { Amount = null }, $"r{race}");
            await world.SubmitAsync(Claim("p2", product: product) with { Amount = null }, $"s{race}");
            var approvals = (Task<RegistrationOutcome>[])
                [
                    world.DoAsync($"r{race}", RegistrationAction.Approve),
                    world.DoAsync($"s{race}", RegistrationAction.Approve, history: race % 2 == 0 ? other : world.History),
                ];
            var refusals = new List<RegistrationRefusal>();
            foreach (var approval in approvals)
            {
                try
                {
                    Assert.True((await approval).File.IsLive);
                }
                catch (RegistrationRefusedException e)
                {
                    refusals.Add(e.Why);
                }
            }
            Assert.Equal([RegistrationRefusal.Conflict], refusals);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task The_database_itself_lets_one_registration_hold_an_account_for_a_product_while_it_is_live(string engine)
    {
        await using var world = await SharedAsync(engine);
        await world.SubmitAsync(Claim("p1", product: "ＣLOUD "), "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        var hold = RegistrationsCapability.Holds.RowOf(new("a", RegistrationHoldTable.ProductOf("cloud"), "r"));
        Assert.True(world.History.TryWrite(scope => scope.Upsert(hold, new(null, Absent: true)), out var done));
        Assert.Equal(RowVerdict.NotAsExpected, (await done).Verdict);
        await world.SubmitAsync(Claim("p2"), "s");
        var row = world.Store.Find(FactTables.DealRegistrations, "r")!.Value.Row;
        foreach (var status in (string[])["converted", "approved", "withdrawn"])
        {
            // As the CRM says.
            await world.WriteAsync(row.With("status", status).With("recorded_at", null));
            if (status != "withdrawn")
                await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.DoAsync("s", RegistrationAction.Approve));
        }
        Assert.True((await world.DoAsync("s", RegistrationAction.Approve)).File.IsLive);
    }

    Task<RegistrationWorld> SharedAsync(string engine)
    {
        var database = TestDatabase.Of(engine, _folder["shared.db"]);
        return NewAsync(time =>
            engine == TestDatabase.SqlServer ? HistoryStore.Open(database) : new SharedSqliteStore(database, time)
        );
    }
}
