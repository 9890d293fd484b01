using Recommender.Capabilities;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.EndToEnd.Tests.Visits;

/// <summary>A partner's visit to an account.</summary>
public sealed record Visit(string Id, PartnerId PartnerId, AccountId AccountId, DateTime At);

/// <summary>The one table of the capability.</summary>
public sealed class VisitTable : FactTable<Visit>
{
    readonly FactColumn _id;
    readonly FactColumn _partner;
    readonly FactColumn _account;
    readonly FactColumn _at;

    public VisitTable()
        : base("visits", VisitsCapability.Made)
    {
        Route = "visits";
        _id = Key("visit_id");
        _partner = Reference("partner_id", "partners", required: true);
        _account = Reference("account_id", "accounts", required: true);
        _at = Date("at", required: true);
        Recorded();
    }

    public override Visit Read(HistoryRow row) =>
        new(row.Text(_id)!, row.Text(_partner)!, row.Text(_account)!, row.Date(_at)!.Value);

    protected override DateTime? StartOf(Visit noun) => noun.At;
}

/// <summary>The one ledger: how many visits each account had, and those that call for another.</summary>
public sealed class VisitLedger : Ledger<Visit>
{
    readonly Dictionary<string, Visit> _visits = [];

    public int Of(AccountId accountId) => _visits.Values.Count(visit => visit.AccountId == accountId);

    public IEnumerable<Visit> Before(DateTime at) => _visits.Values.Where(visit => visit.At < at);

    protected override void Add(Visit row, in DatedFact fact) => _visits.Add(row.Id, row);

    protected override void Retract(Visit row, in DatedFact fact) => _visits.Remove(row.Id);
}

/// <summary>A capability as small as one can be: one table, one ledger, one event, one question, one clock.</summary>
public sealed class VisitsCapability : ICapability
{
    public static FactKind Made { get; } = FactKind.Declare("visit");

    static readonly VisitTable _table = new() { Summary = "Visits of partners to accounts" };

    public string Name => "visits";

    public IReadOnlyList<FactTable> Tables { get; } = [_table];

    public IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> Ledgers { get; } = [(Made, _ => new VisitLedger())];

    public IReadOnlyList<string> EventTypes { get; } = ["visit.made"];

    public IReadOnlyList<Question> Questions { get; } =
    [
        new("CountVisits", "/v1/accounts/{id}/visits", "recommend", "How many visits an account had")
        {
            Answer = (state, asOf, given) =>
                state.FindAccount(given["id"]) is { } account
                    ? new VisitCount(account.Id.Value, ((VisitLedger)state.LedgerOf(Made)).Of(account.Id))
                    : null,
            Example = new VisitCount("A000007", 2),
        },
    ];

    public IEnumerable<Event> EventsOf(DatedFact fact)
    {
        if (fact is { IsRetraction: false, Replaced: null, Noun: Visit visit })
            yield return new(
                "visit.made",
                visit.Id,
                fact.AppliedAt,
                new Dictionary<string, object?> { ["account_id"] = visit.AccountId.Value, ["partner_id"] = visit.PartnerId.Value }
            );
    }

    /// <summary>Fails for one account, as a fault of somebody's would.</summary>
    public IEnumerable<HistoryRow> FollowsFrom(HistoryState state, RuleSet rules, AccountId account, DateTime now) =>
        account == "FAULTY" ? throw new InvalidOperationException("A fault of visits.") : [];

    /// <summary>Thirty days after a visit, the next is due: it is written down once.</summary>
    public IEnumerable<HistoryRow> Due(HistoryState state, DateTime now) =>
        ((VisitLedger)state.LedgerOf(Made))
            .Before(now.AddDays(-30))
            .Where(visit => !visit.Id.EndsWith("-next", StringComparison.Ordinal))
            .Select(visit =>
                _table.Row(
                    ("visit_id", visit.Id + "-next"),
                    ("partner_id", visit.PartnerId),
                    ("account_id", visit.AccountId),
                    ("at", visit.At.AddDays(30))
                )
            );
}

/// <summary>The answer of the one question.</summary>
public sealed record VisitCount(string AccountId, int Visits);
