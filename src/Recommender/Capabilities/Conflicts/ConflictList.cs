using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Conflicts;

/// <summary>How many conflicts of a kind there are.</summary>
/// <param name="Kind">One of <see cref="ConflictStep.Kinds"/>.</param>
/// <param name="Open">That a person has to decide.</param>
/// <param name="Decided">That a person decided.</param>
/// <param name="Ended">That ended by themselves.</param>
/// <param name="Decisions">How often each of <see cref="ConflictStep.Decisions"/> was taken.</param>
/// <param name="MedianHoursToDecide">From when it was found until it was decided, the median, in hours; null if none was.</param>
public sealed record ConflictCount(
    string Kind,
    int Open,
    int Decided,
    int Ended,
    IReadOnlyDictionary<string, int> Decisions,
    double? MedianHoursToDecide
);

/// <summary>Conflicts as people look for them.</summary>
public static class ConflictList
{
    /// <summary>A conflict; null if it is not known.</summary>
    public static AccountConflict? Find(HistoryState state, string id) => ConflictsCapability.KeptOf(state).Find(id);

    /// <summary>Conflicts in the order in which they were found last, by id within a moment.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="held">One of <see cref="AccountConflict.States"/>; null for all.</param>
    /// <param name="kind">One of <see cref="ConflictStep.Kinds"/>; null for all.</param>
    /// <param name="partnerId">Of which a partner is a party; null for all.</param>
    /// <param name="accountId">On an account; null for all.</param>
    public static IEnumerable<AccountConflict> Of(
        HistoryState state,
        string? held,
        string? kind = null,
        PartnerId? partnerId = null,
        AccountId? accountId = null
    )
    {
        var kept = ConflictsCapability.KeptOf(state);
        return (accountId is { } account ? kept.Of(account) : kept.All)
            .Where(one =>
                (held is null || one.State == held)
                && (kind is null || one.Found.Kind == kind)
                && (
                    partnerId is null
                    || AccountConflict.Now(state, one.Found.HolderId) == partnerId
                    || AccountConflict.Now(state, one.Found.OtherId) == partnerId
                )
            )
            .OrderBy(one => one.Found.At)
            .ThenBy(one => one.Id, StringComparer.Ordinal);
    }

    /// <summary>How many there are of each kind, and what was decided.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="since">Of those that were found at that moment or later, UTC; null for all.</param>
    public static IReadOnlyList<ConflictCount> Count(HistoryState state, DateTime? since)
    {
        var all = ConflictsCapability.KeptOf(state).All.Where(one => !(one.Found.At < since)).ToLookup(one => one.Found.Kind);
        return
        [
            .. ConflictStep.Kinds.Select(kind => new ConflictCount(
                kind,
                all[kind].Count(one => one.State == "open"),
                all[kind].Count(one => one.State == "decided"),
                all[kind].Count(one => one.State == "ended"),
                ConflictStep.Decisions.ToDictionary(
                    decision => decision,
                    decision => all[kind].Count(one => one.Decision?.Decision == decision)
                ),
                Median(
                    all[kind].Where(one => one.Decision is not null).Select(one => (one.Decision!.At - one.Found.At).TotalHours)
                )
            )),
        ];
    }

    static double? Median(IEnumerable<double> numbers)
    {
        var sorted = numbers.Order().ToList();
        return sorted.Count == 0 ? null : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
