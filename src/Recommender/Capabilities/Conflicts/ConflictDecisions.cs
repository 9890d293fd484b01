using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Conflicts;

/// <summary>Why a decision on a conflict is not taken.</summary>
public enum ConflictRefusal
{
    /// <summary>There is none of that id.</summary>
    Unknown,

    /// <summary>It was changed since it was looked at.</summary>
    Changed,

    /// <summary>How it stands does not allow it.</summary>
    NotAllowedNow,
}

/// <summary>A decision on a conflict that is not taken.</summary>
/// <param name="why">Why.</param>
/// <param name="message">What a person is told, with what is allowed.</param>
public sealed class ConflictRefusedException(ConflictRefusal why, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public ConflictRefusal Why { get; } = why;
}

/// <summary>
/// Decides conflicts. Runs as a write that decides by the fold (<see cref="LiveHistory.TryWrite"/>). What follows from a decision is done
/// where it belongs: a registration is rejected or withdrawn, a partner leaves a deal, a rule is changed; then the conflict ends.
/// </summary>
/// <param name="scope">The write.</param>
/// <param name="state">The fold.</param>
/// <param name="rules">The rules that hold.</param>
public sealed class ConflictDecisions(WriteScope scope, HistoryState state, RuleSet rules)
{
    /// <summary>Decides an open conflict.</summary>
    /// <param name="id">The conflict.</param>
    /// <param name="decision">One of <see cref="ConflictStep.Decisions"/>.</param>
    /// <param name="reason">Why, in the person's words.</param>
    /// <param name="by">Who.</param>
    /// <param name="seen">How many steps it had when it was looked at; null if that does not matter.</param>
    /// <exception cref="ConflictRefusedException">It cannot be decided.</exception>
    public AccountConflict Decide(string id, string decision, string reason, string by, long? seen = null) =>
        Take(id, "decide", "decided", seen, step => step with { Decision = decision, Reason = reason, By = by });

    /// <summary>Takes a decision back.</summary>
    /// <param name="id">The conflict.</param>
    /// <param name="reason">Why.</param>
    /// <param name="by">Who.</param>
    /// <param name="seen">How many steps it had when it was looked at; null if that does not matter.</param>
    /// <exception cref="ConflictRefusedException">It cannot be opened again.</exception>
    public AccountConflict Reopen(string id, string reason, string by, long? seen = null) =>
        Take(id, "reopen", "reopened", seen, step => step with { Reason = reason, By = by });

    AccountConflict Take(string id, string action, string step, long? seen, Func<ConflictStep, ConflictStep> with)
    {
        var conflict =
            ConflictList.Find(state, id)
            ?? throw new ConflictRefusedException(ConflictRefusal.Unknown, $"No conflict has the id '{id}'.");
        if (seen is { } steps && steps != conflict.Steps.Count)
            throw new ConflictRefusedException(ConflictRefusal.Changed, "The conflict was changed meanwhile.");
        if (!conflict.Allowed.Contains(action))
            throw new ConflictRefusedException(
                ConflictRefusal.NotAllowedNow,
                conflict.IsCurrent
                    ? $"It is {conflict.State}. Allowed: {string.Join(", ", conflict.Allowed)}."
                    : "Its facts hold no more: nothing is left to decide."
            );
        // With its sides as they stood then: what is decided of them does not turn round with them.
        var found = conflict.AsItStands(state, rules, scope.Stamp).Found;
        var taken = with(
            found with
            {
                Step = step,
                At = scope.Stamp,
                AccountId = conflict.AccountId,
                RulesVersion = rules.Version,
            }
        );
        var result = scope.Upsert(ConflictsCapability.Steps.RowOf(taken));
        return result.Reason is { } why ? throw new InvalidDataException(why.ToString()) : new([.. conflict.Steps, taken]);
    }
}
