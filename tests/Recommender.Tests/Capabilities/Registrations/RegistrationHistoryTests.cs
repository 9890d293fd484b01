using Recommender.Capabilities.Registrations;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities.Registrations;

/// <summary>Registrations made here are history like imported ones: what was not known at a moment is not seen at it.</summary>
public sealed class RegistrationHistoryTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task As_of_each_moment_a_registration_stands_as_it_stood_then()
    {
        await using var world = await NewAsync(_folder);
        var seen = new List<(DateTime AsOf, string? Said)>();
        void Look()
        {
            world.Time.Advance(TimeSpan.FromMinutes(1));
            seen.Add(world.History.Fold.Read(asOf => (asOf, Say(world.History.Fold.States[0], asOf))));
            world.Time.Advance(TimeSpan.FromDays(3));
        }
        Look();
        await world.SubmitAsync(Claim("p1"), "r");
        Look();
        await world.SweepAsync();
        Look();
        await world.DoAsync("r", RegistrationAction.Approve);
        Look();
        await world.DoAsync("r", RegistrationAction.Extend);
        Look();
        await world.SubmitAsync(Claim("p1", product: "Data"), "s");
        await world.DoAsync("s", RegistrationAction.Approve);
        Look();
        await world.DoAsync("s", RegistrationAction.Convert);
        Look();
        await world.DoAsync("r", RegistrationAction.Withdraw);
        Look();
        world.Time.Advance(TimeSpan.FromDays(100));
        Look();
        Assert.Equal(seen.Count, seen.Select(one => one.Said).Distinct().Count());
        foreach (var (asOf, said) in seen)
            Assert.Equal(said, Say(FoldOf(world.Store, asOf), asOf));
    }

    [Fact]
    public void What_a_row_says_of_a_decision_that_lies_ahead_is_not_known_before()
    {
        var facts = Sample.FactList.Where(fact => fact.Noun is DealRegistration).ToList();
        var row = (DealRegistration)facts.First(fact => fact.Kind == FactKind.RegistrationDecided).Noun;
        var between = row.DecidedAt!.Value.AddHours(-1);
        var state = new HistoryState(HistoryProfile.Of([], [], between, 0.95).Fold);
        foreach (var fact in facts.TakeWhile(fact => fact.SeenAt < between))
            state.Apply(fact);
        var standing = state.FindRegistration(row.Id, between)!;
        Assert.Equal(("submitted", false), (standing.State, standing.IsLive));
        Assert.Equal(row with { Status = "submitted", DecidedAt = null, ExpiresAt = null }, standing.Row);
    }

    [Fact]
    public async Task A_fold_that_is_kept_knows_steps_claims_and_work()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Row(
                "assists",
                new
                {
                    assist_id = "s",
                    partner_id = "p1",
                    account_id = "a",
                    direction = "given",
                    at = "2026-02-05",
                }
            )
        );
        await world.SubmitAsync(Claim("p1") with { Evidence = "met the board" }, "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        await world.SubmitAsync(Claim("p2"), "s");
        world.Time.Advance(TimeSpan.FromDays(1));
        var state = world.History.Fold.States[0];
        using var bytes = new MemoryStream();
        using (var to = new SnapshotWriter(bytes))
            state.Write(to);
        bytes.Position = 0;
        using var from = new SnapshotReader(bytes);
        var read = HistoryState.Read(state.Settings, from);
        Assert.Equal(Say(state, world.Now), Say(read, world.Now));
        foreach (var id in (string[])["r", "s"])
            Assert.Equal(RegistrationsCapability.StepsOf(state).Of(id), RegistrationsCapability.StepsOf(read).Of(id));
        Assert.Equal(state.WorkOf("p1", "a", world.Now), read.WorkOf("p1", "a", world.Now));
        Assert.Equal(2, read.WorkOf("p1", "a", world.Now).Count);
        var due = world.Now.AddDays(200);
        var capability = new RegistrationsCapability();
        Assert.Equal(capability.Due(state, due).Select(row => row.Key), capability.Due(read, due).Select(row => row.Key));
        Assert.Equal(2, capability.Due(read, due).Count());
        Assert.Equal("a", read.FindCompany(null, "acme.example", null).Account!.Id.Value);
    }

    [Fact]
    public async Task An_account_that_is_forgotten_takes_its_registrations_with_it()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        await world.DoAsync("r", RegistrationAction.Convert);
        Assert.True(world.History.TryWrite(scope => scope.Erase("a"), out var done));
        await done;
        await world.RestartAsync();
        Assert.Null(world.Find("r"));
        Assert.DoesNotContain("registration_steps", world.Store.Tables());
        Assert.DoesNotContain("registration_holds", world.Store.Tables());
    }

    [Fact]
    public async Task An_account_that_is_merged_brings_its_registrations_along()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        await world.WriteAsync(Touch("p2", "b", "2026-02-01"));
        await world.SubmitAsync(Claim("p2", "b"), "s");
        await world.DoAsync("s", RegistrationAction.Approve);
        await world.DoAsync("r", RegistrationAction.Extend);
        await world.WriteAsync(
            Row(
                "aliases",
                new
                {
                    old_id = "a",
                    new_id = "b",
                    table = "accounts",
                    at = "2026-03-01",
                }
            )
        );
        Assert.Equal("b", world.Find("r")!.Row.AccountId.Value);
        Assert.Equal(["submitted", "approved", "extended"], world.Find("r")!.Steps.Select(step => step.Kind));
        Assert.Equal(2, world.Check(Claim("p3", "b"))!.Grounds.Count(ground => ground.Code == Grounds.Duplicate));
        // Whoever knows the account by its old id means the new one.
        Assert.Equal("b", world.Check(Claim("p3", "a"))!.Account!.Id.Value);
        Assert.Equal("b", (await world.SubmitAsync(Claim("p3", "a", "Data"))).File.Row.AccountId.Value);
    }

    [Fact]
    public async Task Steps_that_were_superseded_before_they_knew_of_rules_are_read_as_they_were()
    {
        await using var world = await NewAsync(_folder);
        world.SetRules("""{"id":"T","kind":"territory"}""");
        await world.SubmitAsync(Claim("p1"), "r");
        await world.WriteAsync(
            Row(
                "aliases",
                new
                {
                    old_id = "p1",
                    new_id = "p2",
                    table = "partners",
                    at = "2026-03-01",
                }
            )
        );
        List<RegistrationStep> Before() =>
            [
                .. world
                    .Store.ReadFacts(DateTime.MaxValue)
                    .Where(fact => !fact.IsRetraction)
                    .Select(fact => fact.Noun)
                    .OfType<RegistrationStep>(),
            ];
        Assert.Equal([("p1", 1), ("p2", 1)], Before().Select(step => (step.PartnerId.Value, step.RulesVersion!.Value)).Order());
        // As it stood in a database of the version before.
        Assert.True(
            world.History.TryWrite(
                scope =>
                {
                    using var command = scope.Connection.CreateCommand();
                    command.Transaction = scope.Transaction;
                    command.CommandText =
                        "UPDATE superseded_facts SET row_values = json_remove(row_values, '$[16]') WHERE table_name = 'registration_steps'";
                    return command.ExecuteNonQuery();
                },
                out var done
            )
        );
        Assert.Equal(1, await done);
        // A row without it is the row that it was.
        var steps = RegistrationsCapability.Steps;
        var row = steps.RowOf(
            new("r", "submitted", new(2026, 3, 4, 5, 6, 7, DateTimeKind.Utc), "p1", "a") { By = "submitter", Amount = 5000 }
        );
        Assert.NotEqual(row.Fingerprint(out _), row.With("rules_version", 1.0).Fingerprint(out _));
        Assert.Equal(3615833686120526689, row.Fingerprint(out _));
        await world.RestartAsync();
        Assert.Equal(
            [("p1", null), ("p2", 1L)],
            Before().Select(step => (step.PartnerId.Value, step.RulesVersion)).OrderBy(step => step.Value)
        );
        Assert.Equal("p2", world.Find("r")!.Row.PartnerId.Value);
    }

    static HistoryState FoldOf(HistoryStore store, DateTime asOf)
    {
        var state = new HistoryState(HistoryProfile.Of([], [], asOf, 0.95).Fold);
        foreach (var fact in store.ReadFacts(asOf))
            state.Apply(fact);
        state.AdvanceTo(asOf);
        return state;
    }

    /// <summary>All that is known of registrations, and what features are made of.</summary>
    static string Say(HistoryState state, DateTime asOf) =>
        string.Join(
            '\n',
            state
                .AllRegistrations(asOf)
                .OrderBy(one => one.Row.Id, StringComparer.Ordinal)
                .Select(one =>
                    $"{one.Row} {one.State} {one.IsLive} {string.Join(',', RegistrationsCapability.StepsOf(state).Of(one.Row.Id).Select(step => step.Kind))}"
                )
                .Append(
                    $"{state.Partner("p1").Registrations} {state.FindAccountState("a")!.Pair(state.IndexOfPartner("p1")).LiveRegistration(asOf)?.Id}"
                )
        );
}
