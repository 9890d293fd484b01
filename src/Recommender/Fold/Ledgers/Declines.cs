using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>What partners said no to: each deal by itself, and the account as such.</summary>
sealed class Declines(HistoryState state) : Ledger<Feedback>
{
    protected override void Add(Feedback row, in DatedFact fact)
    {
        if (row.Event != "declined")
            return;
        ref var pair = ref state.Account(row.AccountId).Note(state.PartnerIndex(row.PartnerId), 1);
        pair.Declines = Several.With(pair.Declines, row);
    }

    protected override void Retract(Feedback row, in DatedFact fact)
    {
        if (row.Event != "declined")
            return;
        ref var pair = ref state.Account(row.AccountId).Note(state.PartnerIndex(row.PartnerId), -1);
        pair.Declines = Several.Without(pair.Declines, held => held.Id == row.Id);
    }
}

/// <summary>Ledgers of kinds of facts that capabilities add.</summary>
public static class LedgerRegister
{
    static readonly List<(FactKind Kind, Func<HistoryState, Ledger> Open)> _ledgers = [];

    /// <summary>Every kind with what opens an empty ledger of it.</summary>
    public static IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> All
    {
        get
        {
            lock (_ledgers)
                return [.. _ledgers];
        }
    }

    /// <summary>Has every fold opened from now on keep a ledger of a kind.</summary>
    public static void Add(FactKind kind, Func<HistoryState, Ledger> open)
    {
        lock (_ledgers)
            _ledgers.Add((kind, open));
    }
}
