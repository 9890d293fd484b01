using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Conflicts;

/// <summary>How many conflicts of a kind there are.</summary>
/// <param name="Kind">One of <see cref="ConflictStep.Kinds"/>.</param>
/// <param name="Open">That a person has to decide.</param>
/// <param name="Decided">That a person decided, whether their facts hold still or not.</param>
/// <param name="Ended">That ended by themselves.</param>
/// <param name="Decisions">How often each of <see cref="ConflictStep.Decisions"/> was taken, also where it was taken back or the conflict ended since.</param>
/// <param name="MedianHoursToDecide">From when it was found, or opened again, until it was decided, the median, in hours; null if none was.</param>
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
    /// <param name="after">When that was found, and its id, after which to go on; null to begin.</param>
    public static IEnumerable<AccountConflict> Of(
        HistoryState state,
        string? held,
        string? kind = null,
        PartnerId? partnerId = null,
        AccountId? accountId = null,
        (DateTime At, string Id)? after = null
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
            .Where(one => after is not { } last || Several.ByMoment.Compare((one.Found.At, one.Id), last) > 0)
            .OrderBy(one => (one.Found.At, one.Id), Several.ByMoment);
    }

    /// <summary>How many there are of each kind, and what was decided.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="since">Of those that were found, and decisions that were taken, at that moment or later, UTC; null for all.</param>
    public static IReadOnlyList<ConflictCount> Count(HistoryState state, DateTime? since)
    {
        var all = ConflictsCapability.KeptOf(state).All.ToLookup(one => one.Found.Kind);
        return
        [
            .. ConflictStep.Kinds.Select(kind =>
            {
                var found = all[kind].Where(one => !(one.Found.At < since)).CountBy(one => one.State).ToDictionary();
                var decisions = all[kind].SelectMany(DecisionsOf).Where(one => !(one.Step.At < since)).ToList();
                return new ConflictCount(
                    kind,
                    found.GetValueOrDefault("open"),
                    found.GetValueOrDefault("decided"),
                    found.GetValueOrDefault("ended"),
                    ConflictStep.Decisions.ToDictionary(
                        decision => decision,
                        decision => decisions.Count(one => one.Step.Decision == decision)
                    ),
                    Median(decisions.Select(one => one.Hours))
                );
            }),
        ];
    }

    /// <summary>Every decision on a conflict, also one that was taken back, with how long it had been open.</summary>
    static IEnumerable<(ConflictStep Step, double Hours)> DecisionsOf(AccountConflict conflict)
    {
        for (var s = 1; s < conflict.Steps.Count; s++)
        {
            if (conflict.Steps[s].Step == "decided")
                yield return (conflict.Steps[s], (conflict.Steps[s].At - conflict.Steps[s - 1].At).TotalHours);
        }
    }

    static double? Median(IEnumerable<double> numbers)
    {
        var sorted = numbers.Order().ToList();
        return sorted.Count == 0 ? null : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
