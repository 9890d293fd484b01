using Microsoft.Extensions.Time.Testing;
using Recommender.Capabilities;
using Recommender.Capabilities.Handoffs;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.Capabilities.Registrations;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities.Handoffs;

/// <summary>A database with two accounts, three partners and an open deal on the first account, and a clock of its own.</summary>
sealed class HandoffWorld(RegistrationWorld world) : IAsyncDisposable
{
    public RegistrationWorld World => world;

    public DateTime Now => world.Now;

    public static Task<HandoffWorld> NewAsync(TemporaryFolder folder) =>
        NewAsync(time => new SqliteHistoryStore(folder["world.db"]));

    public static async Task<HandoffWorld> NewAsync(Func<FakeTimeProvider, HistoryStore> open)
    {
        var world = new HandoffWorld(await RegistrationWorld.NewAsync(open));
        await world.World.WriteAsync(Deal("d", "a", "2026-02-01").With("amount", 5000.0).With("currency", "EUR"));
        return world;
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    public Task<HandoffOutcome> DraftAsync(
        string id,
        string direction = "given",
        string partner = "p1",
        string? deal = "d",
        params (string Name, string Text)[] packet
    ) =>
        RunAsync(desk =>
            desk.Draft(
                new(id, direction, new(partner), new("a"), Now)
                {
                    OpportunityId = OpportunityId.OrNone(deal),
                    Probability = 0.25,
                },
                packet.ToDictionary(one => one.Name, one => one.Text),
                "seller"
            )
        );

    public Task<HandoffOutcome> DoAsync(
        string id,
        HandoffAction action,
        HandoffOrder? order = null,
        long? version = null,
        LiveHistory? at = null
    ) => RunAsync(desk => desk.Do(id, (order ?? OrderOf(action)) with { Action = action }, version), at);

    /// <summary>An order of a kind that nothing is wrong with.</summary>
    public static HandoffOrder OrderOf(HandoffAction action, string side = "us") =>
        new(action, "seller")
        {
            Reason = action == HandoffAction.Decline ? "not_a_fit" : null,
            Rating = action == HandoffAction.Rate ? 4 : null,
            Side = action == HandoffAction.Rate ? side : null,
            OpportunityId = action == HandoffAction.Link ? new OpportunityId("d") : (OpportunityId?)null,
            Packet =
                action == HandoffAction.Edit
                    ? new Dictionary<string, string> { ["trigger"] = "Their contract ends in May" }
                    : new Dictionary<string, string>(),
        };

    public async Task<HandoffOutcome> RunAsync(Func<HandoffDesk, HandoffOutcome> run, LiveHistory? at = null)
    {
        var history = at ?? world.History;
        Assert.True(
            history.TryWrite(
                scope =>
                {
                    var outcome = history.Fold.Read(_ => run(new(scope, history.Fold.States[0], world.Rules)));
                    CapabilityList.Tell(scope, world.Events);
                    return outcome;
                },
                out var done,
                decides: true
            )
        );
        return await done;
    }

    public async Task<int> SweepAsync(LiveHistory? at = null)
    {
        Assert.True(CapabilityList.TrySweep(new HandoffsCapability().Due, at ?? world.History, world.Events, out var swept));
        return await swept;
    }

    public async Task<int> FollowAsync(LiveHistory? at = null)
    {
        Assert.True(
            CapabilityList.TrySweep(
                (state, now) => new HandoffsCapability().FollowsFrom(state, world.Rules, new("a"), now),
                at ?? world.History,
                world.Events,
                out var swept
            )
        );
        return await swept;
    }

    /// <summary>The deal as the CRM has it now.</summary>
    public Task DealIsAsync(string? outcome) =>
        world.WriteAsync(
            Deal("d", "a", "2026-02-01", outcome: outcome).With("closed_at", outcome is null ? null : world.Now.AddSeconds(-1))
        );

    public T Read<T>(Func<HistoryState, T> read) => world.History.Fold.Read(_ => read(world.History.Fold.States[0]));

    public HandoffFile Find(string id) => Read(state => HandoffList.Find(state, id))!;

    public static async Task<HandoffRefusedException> RefusedAsync(Func<Task> run) =>
        await Assert.ThrowsAsync<HandoffRefusedException>(run);

    public IReadOnlyList<string> EventsOf(string id) =>
        [
            .. world
                .Events.Read(0, 1000)
                .Where(one => one.Subject == id && one.Type.StartsWith("handoff.", StringComparison.Ordinal))
                .Select(one => one.Type["handoff.".Length..]),
        ];
}
