using Recommender.CoSell;

namespace Recommender.Fold;

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
