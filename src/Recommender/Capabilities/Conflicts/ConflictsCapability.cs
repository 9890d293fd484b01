using System.Security.Cryptography;
using System.Text;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.Capabilities.Conflicts;

/// <summary>Claims on an account that cannot both stand: found when a fact makes them, decided by a person, kept.</summary>
public sealed class ConflictsCapability : ICapability
{
    const int IdBytes = 12;

    /// <inheritdoc/>
    public string Name => "conflicts";

    /// <inheritdoc/>
    public IReadOnlyList<FactTable> Tables { get; } = [Steps];

    /// <inheritdoc/>
    public IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> Ledgers { get; } = [(Step, _ => new ConflictsKept())];

    /// <inheritdoc/>
    public IReadOnlyList<string> EventTypes { get; } = [.. ConflictStep.Steps.Select(step => "conflict." + step)];

    internal static FactKind Step { get; } = FactKind.Declare("conflict_step");

    /// <summary>What became of conflicts.</summary>
    public static ConflictStepTable Steps { get; } = new() { Summary = "Conflicts on accounts, step by step" };

    internal static ConflictsKept KeptOf(HistoryState state) => (ConflictsKept)state.LedgerOf(Step);

    /// <inheritdoc/>
    public IEnumerable<Event> EventsOf(DatedFact fact)
    {
        if (fact is not { Noun: ConflictStep step, IsRetraction: false, Replaced: null })
            yield break;
        yield return new(
            "conflict." + step.Step,
            step.ConflictId,
            fact.AppliedAt,
            new Dictionary<string, object?>
            {
                ["conflict_id"] = step.ConflictId,
                ["account_id"] = step.AccountId.Value,
                ["kind"] = step.Kind,
                ["at"] = Instants.Text(step.At),
                ["rule_id"] = step.RuleId,
                ["holder_id"] = step.HolderId?.Value,
                ["other_id"] = step.OtherId?.Value,
                ["sentence"] = step.Sentence,
                ["decision"] = step.Decision,
                ["reason"] = step.Reason,
                ["by"] = step.By,
            }
        );
    }

    /// <summary>A step for each conflict that is found and not kept as current, and for each that is and is not found any more.</summary>
    public IEnumerable<HistoryRow> FollowsFrom(HistoryState state, RuleSet rules, AccountId account, DateTime now)
    {
        var found = ConflictFinder.Of(state, rules, account, now);
        var kept = KeptOf(state).Of(account).ToLookup(conflict => conflict.KeyIn(state));
        foreach (var one in found)
        {
            var before = kept[one.Key].ToList();
            if (!before.Exists(conflict => conflict.IsCurrent))
                yield return Steps.RowOf(one.Step(before is [var known, ..] ? known.Id : IdOf(one), now, rules.Version));
        }
        if (kept.Count == 0 || state.FindAccount(account) is null)
            yield break;
        var keys = found.Select(one => one.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var same in kept)
        {
            // Of two that became one by a merge, what a person decided goes on.
            var current = same.Where(conflict => conflict.IsCurrent)
                .OrderBy(conflict => conflict.Decision is null)
                .ThenBy(conflict => conflict.Order, Several.ByMoment);
            foreach (var conflict in current.Skip(keys.Contains(same.Key) ? 1 : 0))
                yield return Steps.RowOf(new(conflict.Id, "ended", now, account, conflict.Found.Kind));
        }
    }

    /// <summary>What a conflict is called: the same wherever and whenever it is found first.</summary>
    static string IdOf(FoundConflict found) =>
        "cf_"
        + Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{found.AccountId}\u001f{found.Key}")).AsSpan(0, IdBytes)
        );
}
