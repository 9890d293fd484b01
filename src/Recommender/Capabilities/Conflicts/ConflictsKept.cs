using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Conflicts;

/// <summary>The steps of each conflict in their order, by account.</summary>
sealed class ConflictsKept : Ledger<ConflictStep>
{
    readonly Dictionary<string, AccountConflict> _conflicts = [];
    readonly Dictionary<AccountId, string[]> _ofAccounts = [];

    /// <summary>A conflict; null if it is not known.</summary>
    public AccountConflict? Find(string id) => _conflicts.GetValueOrDefault(id);

    /// <summary>Those of an account, in the order in which they were found.</summary>
    public IEnumerable<AccountConflict> Of(AccountId accountId) =>
        (_ofAccounts.GetValueOrDefault(accountId) ?? []).Select(id => _conflicts[id]);

    /// <summary>All, in no useful order.</summary>
    public IEnumerable<AccountConflict> All => _conflicts.Values;

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_conflicts.Values.Sum(conflict => conflict.Steps.Count));
        foreach (
            var step in _conflicts
                .Values.OrderBy(conflict => conflict.Order, Several.ByMoment)
                .SelectMany(conflict => conflict.Steps)
        )
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
        var id = row.ConflictId;
        var left = Several.Without([.. _conflicts.GetValueOrDefault(id)?.Steps ?? []], held => held == row);
        if (left is null)
            _conflicts.Remove(id);
        else
            _conflicts[id] = new(left);
        if (left?.Any(step => step.AccountId == row.AccountId) == true)
            return;
        if (Several.Without(_ofAccounts[row.AccountId], held => held == id) is { } others)
            _ofAccounts[row.AccountId] = others;
        else
            _ofAccounts.Remove(row.AccountId);
    }

    void Put(ConflictStep row)
    {
        _conflicts[row.ConflictId] = new([
            .. (_conflicts.GetValueOrDefault(row.ConflictId)?.Steps ?? [])
                .Append(row)
                .OrderBy(step => step.At)
                .ThenBy(step => Several.Rank(ConflictStep.Steps, step.Step)),
        ]);
        var held = _ofAccounts.GetValueOrDefault(row.AccountId) ?? [];
        if (!held.Contains(row.ConflictId))
            _ofAccounts[row.AccountId] = Several.With(held, row.ConflictId);
    }
}
