using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.Capabilities;

/// <summary>
/// What people do with what the product knows: the tables it adds, the ledgers it folds them into, what it answers, the events it tells of
/// and what it does when a clock runs out. Schema, import, fold, bulk ingest, feed, endpoints, OpenAPI and console follow from what stands
/// here. A capability knows no other: what two need is a ledger.
/// </summary>
public interface ICapability
{
    /// <summary>A word for it, unique.</summary>
    string Name { get; }

    /// <summary>
    /// The tables it adds. Their schema is numbered scripts embedded beside the capability, in folders Sqlite and SqlServer.
    /// </summary>
    IReadOnlyList<FactTable> Tables => [];

    /// <summary>What folds facts of its tables: for each kind, what opens an empty ledger.</summary>
    IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> Ledgers => [];

    /// <summary>The questions it answers from the fold, each at an address of its own.</summary>
    IReadOnlyList<Question> Questions => [];

    /// <summary>The types of its events, such as handoff.sent.</summary>
    IReadOnlyList<string> EventTypes => [];

    /// <summary>The events that follow from a fact when it is written by the service; noted in the same transaction.</summary>
    IEnumerable<Event> EventsOf(DatedFact fact) => [];

    /// <summary>
    /// The rows that clocks which ran out become. Asked now and then by every process; a row that is there already changes nothing, so that
    /// whoever sweeps, and however often, each is written once.
    /// </summary>
    /// <param name="state">The fold.</param>
    /// <param name="now">Now, UTC.</param>
    IEnumerable<HistoryRow> Due(HistoryState state, DateTime now) => [];

    /// <summary>
    /// The rows that what is known of an account makes necessary now; none once they are there. Asked of an account right after facts touched
    /// it, and of all accounts when the rules change and now and then, since time passes, too.
    /// </summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="account">The account.</param>
    /// <param name="now">Now, UTC.</param>
    IEnumerable<HistoryRow> FollowsFrom(HistoryState state, RuleSet rules, AccountId account, DateTime now) => [];
}

/// <summary>A question that is answered from the fold.</summary>
/// <param name="Name">The name of the operation, such as FindVisits.</param>
/// <param name="Path">Its address, such as /v1/accounts/{id}/visits; what stands in braces is given to <see cref="Answer"/>.</param>
/// <param name="Scope">Who may ask: recommend, ingest or admin.</param>
/// <param name="Summary">What it answers, in a sentence.</param>
public sealed record Question(string Name, string Path, string Scope, string Summary)
{
    /// <summary>
    /// The answer, a plain function of the fold: an object to be written as JSON in snake_case; null if what is asked about is unknown.
    /// </summary>
    public required Func<HistoryState, DateTime, IReadOnlyDictionary<string, string>, object?> Answer { get; init; }

    /// <summary>An answer as an example, for the description.</summary>
    public required object Example { get; init; }
}
