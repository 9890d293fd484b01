using Microsoft.Extensions.Time.Testing;
using Recommender.Capabilities;
using Recommender.Capabilities.Leads;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Matching;
using Recommender.Ranking;
using Recommender.Tests.Capabilities.Registrations;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities.Leads;

/// <summary>A database with two accounts, three partners and two reps who own deals, and a clock of its own.</summary>
sealed class LeadWorld(RegistrationWorld world) : IAsyncDisposable
{
    public RegistrationWorld World => world;

    public DateTime Now => world.Now;

    public static Task<LeadWorld> NewAsync(TemporaryFolder folder) =>
        NewAsync(time => new SqliteHistoryStore(folder["world.db"]));

    public static async Task<LeadWorld> NewAsync(Func<FakeTimeProvider, HistoryStore> open)
    {
        var world = new LeadWorld(await RegistrationWorld.NewAsync(open));
        foreach (var (id, owner) in ((string, string)[])[("d1", "ann"), ("d2", "bob")])
            await world.World.WriteAsync(Deal(id, "a", "2026-02-01").With("owner", owner));
        return world;
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    public static HistoryRow Lead(string id, object more) =>
        Row(
            "leads",
            new Dictionary<string, object?>(
                more.GetType().GetProperties().Select(one => KeyValuePair.Create(one.Name, one.GetValue(more)))
            )
            {
                ["lead_id"] = id,
                ["created_at"] = "2026-03-04T05:06:07Z",
            }
        );

    public async Task SetPolicyAsync(string body)
    {
        var version = Read(state => LeadsCapability.PolicyOf(state).Version) + 1;
        Assert.NotNull(RoutingPolicy.Read(body, version, out var faults));
        Assert.Empty(faults);
        await world.WriteAsync(LeadsCapability.Policies.RowOf(new(version, Now, body, "test")));
    }

    public Task<LeadOutcome> SubmitAsync(string id, object? more = null, bool isNew = false) =>
        DoAsync(actions => actions.Submit(Lead(id, more ?? new { account_id = "a", product = Product }), isNew, "web"));

    public Task<LeadOutcome> AcceptAsync(string offer) =>
        DoAsync(actions => actions.Answer(offer, LeadAction.Accept, "x", null, null));

    public Task<LeadOutcome> DeclineAsync(string offer) =>
        DoAsync(actions => actions.Answer(offer, LeadAction.Decline, "x", "no_capacity", null));

    public async Task<LeadOutcome> DoAsync(Func<LeadActions, LeadOutcome> run, LiveHistory? at = null)
    {
        var history = at ?? world.History;
        var accounts = history.Fold.Read(_ => OurAccounts.Of(history.Fold.States[0]))();
        Assert.True(
            history.TryWrite(
                scope =>
                {
                    var outcome = history.Fold.Read(_ =>
                        run(new(scope, new(new RankingModels(null, null), history.Fold.States), world.Rules, accounts))
                    );
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
        Assert.True(CapabilityList.TrySweep(new LeadsCapability().Due, at ?? world.History, world.Events, out var swept));
        return await swept;
    }

    public async Task<int> FollowAsync(string account)
    {
        Assert.True(
            CapabilityList.TrySweep(
                (state, now) => new LeadsCapability().FollowsFrom(state, world.Rules, account, now),
                world.History,
                world.Events,
                out var swept
            )
        );
        return await swept;
    }

    public T Read<T>(Func<HistoryState, T> read) => world.History.Fold.Read(_ => read(world.History.Fold.States[0]));

    public LeadFile Find(string id) => Read(state => LeadList.Find(state, id))!;

    public IReadOnlyList<string> EventsOf(string id) =>
        [
            .. world
                .Events.Read(0, 1000)
                .Where(one => one.Subject == id && one.Type.StartsWith("lead.", StringComparison.Ordinal))
                .Select(one => one.Type["lead.".Length..]),
        ];
}
