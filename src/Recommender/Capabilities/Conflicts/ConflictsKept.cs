using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Conflicts;

/// <summary>The steps of each conflict in their order, by account.</summary>
sealed class ConflictsKept : Ledger<ConflictStep>
{
    readonly Dictionary<string, ConflictStep[]> _steps = [];
    readonly Dictionary<AccountId, string[]> _ofAccounts = [];

    /// <summary>A conflict; null if it is not known.</summary>
    public AccountConflict? Find(string id) => _steps.TryGetValue(id, out var steps) ? new(steps) : null;

    /// <summary>Those of an account, in the order in which they were found.</summary>
    public IEnumerable<AccountConflict> Of(AccountId accountId) =>
        (_ofAccounts.GetValueOrDefault(accountId) ?? []).Select(id => new AccountConflict(_steps[id]));

    /// <summary>All, in no useful order.</summary>
    public IEnumerable<AccountConflict> All => _steps.Values.Select(steps => new AccountConflict(steps));

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_steps.Values.Sum(steps => steps.Length));
        foreach (var step in _steps.Values.SelectMany(steps => steps))
        {
            to.Write(step.ConflictId);
            to.Write(step.Step);
            to.Write(step.At);
            to.Write(step.AccountId.Value);
            to.Write(step.Kind);
            to.Write(step.RuleId);
            to.Write((double?)step.RulesVersion);
            to.Write(step.HolderId?.Value);
            to.Write(step.HolderClaim);
            to.Write(step.OtherId?.Value);
            to.Write(step.OtherClaim);
            to.Write(step.Since);
            to.Write(step.Sentence);
            to.Write(step.Evidence);
            to.Write(step.Decision);
            to.Write(step.Reason);
            to.Write(step.By);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(from.Text()!, from.Text()!, from.Instant(), from.Text()!, from.Text()!)
                {
                    RuleId = from.Text(),
                    RulesVersion = (long?)from.NumberOrNone(),
                    HolderId = PartnerId.OrNone(from.Text()),
                    HolderClaim = from.Text(),
                    OtherId = PartnerId.OrNone(from.Text()),
                    OtherClaim = from.Text(),
                    Since = from.InstantOrNone(),
                    Sentence = from.Text(),
                    Evidence = from.Text(),
                    Decision = from.Text(),
                    Reason = from.Text(),
                    By = from.Text(),
                }
            );
    }

    protected override void Add(ConflictStep row, in DatedFact fact) => Put(row);

    protected override void Retract(ConflictStep row, in DatedFact fact)
    {
        var (id, left) = (row.ConflictId, Several.Without(_steps.GetValueOrDefault(row.ConflictId), held => held == row));
        if (left is null)
            _steps.Remove(id);
        else
            _steps[id] = left;
        if (left?.Any(step => step.AccountId == row.AccountId) == true)
            return;
        if (Several.Without(_ofAccounts[row.AccountId], held => held == id) is { } others)
            _ofAccounts[row.AccountId] = others;
        else
            _ofAccounts.Remove(row.AccountId);
    }

    void Put(ConflictStep row)
    {
        _steps[row.ConflictId] =
        [
            .. (_steps.GetValueOrDefault(row.ConflictId) ?? [])
                .Append(row)
                .OrderBy(step => step.At)
                .ThenBy(step => ConflictStep.Steps.TakeWhile(one => one != step.Step).Count()),
        ];
        var held = _ofAccounts.GetValueOrDefault(row.AccountId) ?? [];
        if (!held.Contains(row.ConflictId))
            _ofAccounts[row.AccountId] = Several.With(held, row.ConflictId);
    }
}
