using System.Text;
using Microsoft.Extensions.Time.Testing;
using Recommender.Capabilities;
using Recommender.Capabilities.Registrations;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Tests.History;
using Recommender.Webhooks;

namespace Recommender.Tests.Capabilities.Registrations;

/// <summary>A database with three partners, who all know the account a, and a clock of its own.</summary>
sealed class RegistrationWorld : IAsyncDisposable
{
    public const string Product = "Cloud";
    static readonly DateTime _start = new(2026, 3, 4, 5, 6, 7, DateTimeKind.Utc);
    static readonly FoldSettings _fold = new RankingModels(null, null).Folds[0];
    readonly List<LiveHistory> _others = [];

    RegistrationWorld(HistoryStore store, FakeTimeProvider time)
    {
        (Store, Time, Events) = (store, time, new(store));
        History = Open();
    }

    public HistoryStore Store { get; }

    public FakeTimeProvider Time { get; }

    public EventLog Events { get; }

    public LiveHistory History { get; private set; }

    public RuleSet Rules { get; private set; } = RuleSet.None;

    public DateTime Now => Time.GetUtcNow().UtcDateTime;

    public static Task<RegistrationWorld> NewAsync(TemporaryFolder folder) =>
        NewAsync(time => new SqliteHistoryStore(folder["world.db"]));

    public static async Task<RegistrationWorld> NewAsync(Func<FakeTimeProvider, HistoryStore> open)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(_start));
        var world = new RegistrationWorld(open(time), time);
        await world.WriteAsync(
            Row(
                "accounts",
                new
                {
                    account_id = "a",
                    name = "Acme GmbH",
                    domain = "acme.example",
                    country = "DE",
                    region = "EMEA",
                }
            ),
            Row(
                "accounts",
                new
                {
                    account_id = "b",
                    name = "Bolt Inc",
                    domain = "bolt.example",
                    country = "US",
                }
            )
        );
        foreach (var partner in (string[])["p1", "p2", "p3"])
            await world.WriteAsync(
                Row(
                    "partners",
                    new
                    {
                        partner_id = partner,
                        name = "Partner " + partner,
                        tier = "gold",
                        regions = "EMEA|US",
                    }
                ),
                Touch(partner, "a", "2026-02-01")
            );
        return world;
    }

    /// <summary>Another replica, or the process after a restart, on the same database.</summary>
    public LiveHistory Open() => LiveHistory.Open(Store, Time, [_fold]);

    public LiveHistory OpenOther()
    {
        _others.Add(Open());
        return _others[^1];
    }

    public async Task RestartAsync()
    {
        await History.DisposeAsync();
        Time.Advance(TimeSpan.FromSeconds(1));
        History = Open();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var other in _others)
            await other.DisposeAsync();
        await History.DisposeAsync();
    }

    public static HistoryRow Row(string table, object row) => StoreContractTests.Row(table, row);

    public static HistoryRow Touch(string partner, string account, string at) =>
        Row(
            "touches",
            new
            {
                touch_id = $"{partner}-{account}-{at}",
                partner_id = partner,
                account_id = account,
                kind = "call",
                at,
            }
        );

    public static HistoryRow Deal(string id, string account, string at, string? product = Product, string? outcome = null) =>
        Row(
            "opportunities",
            new
            {
                opportunity_id = id,
                account_id = account,
                product,
                created_at = at,
                closed_at = outcome is null ? null : "2026-02-20",
                outcome,
            }
        );

    public static HistoryRow Engagement(string deal, string partner) =>
        Row(
            "engagements",
            new
            {
                engagement_id = $"{deal}-{partner}",
                opportunity_id = deal,
                partner_id = partner,
                started_at = "2026-02-10",
            }
        );

    /// <summary>A registration as a CRM keeps it.</summary>
    public static HistoryRow Imported(
        string id,
        string partner,
        string at,
        string status,
        string? decided = null,
        string? expires = null
    ) =>
        Row(
            "deal_registrations",
            new
            {
                registration_id = id,
                partner_id = partner,
                account_id = "a",
                product = Product,
                submitted_at = at,
                status,
                decided_at = decided,
                expires_at = expires,
            }
        );

    public static RegistrationClaim Claim(string partner, string? account = "a", string? product = Product) =>
        new()
        {
            PartnerId = partner,
            AccountId = AccountId.OrNone(account),
            Product = product,
            Amount = 5000,
            Currency = "EUR",
        };

    public void SetRules(string rules)
    {
        Rules =
            RuleSet.Read(Encoding.UTF8.GetBytes($$"""{"rules":[{{rules}}]}"""), Rules.Version + 1, out var faults)
            ?? throw new InvalidOperationException(string.Join(' ', faults));
    }

    public async Task WriteAsync(params HistoryRow[] rows)
    {
        foreach (var row in rows)
        {
            Assert.True(History.TryWrite(scope => scope.Upsert(row), out var done));
            var result = await done;
            Assert.True(result.Reason is null, result.Reason?.ToString());
        }
    }

    public Task<RegistrationOutcome> SubmitAsync(RegistrationClaim claim, string? id = null, bool isNewAccount = false) =>
        RunAsync(History, desk => desk.Submit(claim, id, "submitter", isNewAccount));

    public Task<RegistrationOutcome> DoAsync(
        string id,
        RegistrationAction action,
        string by = "decider",
        LiveHistory? history = null
    ) =>
        RunAsync(
            history ?? History,
            desk => desk.Do(id, new(action, by) { Ground = action == RegistrationAction.Reject ? Grounds.Duplicate : null })
        );

    public async Task<RegistrationOutcome> RunAsync(LiveHistory history, Func<RegistrationDesk, RegistrationOutcome> run)
    {
        Assert.True(
            history.TryWrite(
                scope =>
                {
                    var outcome = history.Fold.Read(_ => run(new(scope, history.Fold.States[0], Rules)));
                    CapabilityList.Tell(scope, Events);
                    return outcome;
                },
                out var done,
                decides: true
            )
        );
        return await done;
    }

    public async Task<int> SweepAsync(LiveHistory? history = null)
    {
        Assert.True(CapabilityList.TrySweep(new RegistrationsCapability().Due, history ?? History, Events, out var swept));
        return await swept;
    }

    public RegistrationCheck? Check(RegistrationClaim claim) =>
        History.Fold.Read(asOf => RegistrationCheck.Of(History.Fold.States[0], Rules, claim, asOf));

    public RegistrationFile? Find(string id) =>
        History.Fold.Read(asOf => RegistrationList.Find(History.Fold.States[0], Rules, id, asOf));

    public IReadOnlyList<string> EventsOf(string id) =>
        [.. Events.Read(0, 1000).Where(one => one.Subject == id).Select(one => one.Type["registration.".Length..])];
}
