using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Conflicts;

/// <summary>A conflict and how it came to stand where it stands.</summary>
/// <param name="Steps">What became of it, the first first; at least one.</param>
public sealed record AccountConflict(IReadOnlyList<ConflictStep> Steps)
{
    /// <summary>How it may stand.</summary>
    public static IReadOnlyList<string> States { get; } = ["open", "decided", "ended"];

    /// <summary>How it was found last; its sides as they stand, or as they stood when it was decided, of one of <see cref="AsItStands"/>.</summary>
    public ConflictStep Found { get; init; } = Steps.LastOrDefault(step => step.Step == "detected") ?? Steps[0];

    /// <summary>Its id.</summary>
    public string Id => Steps[0].ConflictId;

    /// <summary>The account.</summary>
    public AccountId AccountId => Steps[^1].AccountId;

    /// <summary>What a person decided; null if nobody did since it was found, or it was opened again.</summary>
    public ConflictStep? Decision
    {
        get
        {
            for (var s = Steps.Count - 1; s >= 0; s--)
            {
                if (Steps[s].Step == "decided")
                    return Steps[s];
                if (Steps[s].Step != "ended")
                    return null;
            }
            return null;
        }
    }

    /// <summary>True as long as its facts hold.</summary>
    public bool IsCurrent => Steps[^1].Step != "ended";

    /// <summary>When its facts held no more, UTC; null while they hold.</summary>
    public DateTime? EndedAt => IsCurrent ? null : Steps[^1].At;

    /// <summary>One of <see cref="States"/>: open, decided by a person, or ended before anybody decided.</summary>
    public string State =>
        Decision is not null ? "decided"
        : IsCurrent ? "open"
        : "ended";

    /// <summary>What may be done with it now: decide or reopen.</summary>
    public IReadOnlyList<string> Allowed =>
        !IsCurrent ? []
        : Decision is null ? ["decide"]
        : ["reopen"];

    /// <summary>In which order conflicts are told: by when they were found first, by id within a moment.</summary>
    internal (DateTime At, string Id) Order => (Steps[0].At, Id);

    /// <summary>
    /// The conflict with its sides as they stand now, or as they stood when a person decided: which of two registrations holds, or until when,
    /// may have changed since it was found.
    /// </summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="now">Now, UTC.</param>
    public AccountConflict AsItStands(HistoryState state, RuleSet rules, DateTime now)
    {
        if (Decision is { Sentence: not null } decided)
            return this with { Found = Sides(decided) };
        var key = KeyIn(state);
        return IsCurrent && ConflictFinder.Of(state, rules, AccountId, now).FirstOrDefault(one => one.Key == key) is { } found
            ? this with
            {
                Found = Sides(found.Step(Id, now, rules.Version)),
            }
            : this;
    }

    ConflictStep Sides(ConflictStep of) =>
        Found with
        {
            RuleId = of.RuleId,
            HolderId = of.HolderId,
            HolderClaim = of.HolderClaim,
            OtherId = of.OtherId,
            OtherClaim = of.OtherClaim,
            Sentence = of.Sentence,
            Evidence = of.Evidence,
        };

    /// <summary>What tells it from others on its account: they are the same as long as this is.</summary>
    internal string KeyIn(HistoryState state) =>
        ConflictKey.Of(Found.Kind, Found.HolderClaim, Found.RuleId, Found.OtherClaim, Now(state, Found.OtherId));

    /// <summary>The partner as it is called now: it may have been merged into another.</summary>
    public static PartnerId? Now(HistoryState state, PartnerId? partner) =>
        PartnerId.OrNone(partner is { } id ? state.Merges.Last(FactTables.Partners, id.Value) : null);
}

/// <summary>What tells a conflict from others on its account.</summary>
static class ConflictKey
{
    public static string Of(string kind, string? holderClaim, string? rule, string? otherClaim, PartnerId? other)
    {
        var (one, two) = (holderClaim ?? "rule " + rule, otherClaim ?? other?.Value);
        // Of two registrations either may come to hold: it is the same conflict.
        if (kind == "second_registration" && string.CompareOrdinal(one, two) > 0)
            (one, two) = (two, one);
        return $"{kind}\u001f{one}\u001f{two}";
    }
}
