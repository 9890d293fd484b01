using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Accounts and partners that were merged into others, directly or by way of others: who those are follows from all of them.</summary>
sealed class MergedCompanies(HistoryState state) : Ledger<Alias>
{
    // By key: in whatever order they were told, the state is the same.
    readonly SortedDictionary<string, Alias> _merged = new(StringComparer.Ordinal);
    readonly Dictionary<(string Table, string Id), HashSet<string>> _into = [];

    /// <summary>Accounts that were merged into others.</summary>
    public IEnumerable<Alias> Accounts => _merged.Values.Where(row => row.Table == FactTables.Accounts.Name);

    /// <summary>What stands for an account or partner now: that into which it was merged in the end, or it itself.</summary>
    public string Last(FactTable table, string id)
    {
        var told = new HashSet<string>();
        while (told.Add(id) && _merged.TryGetValue($"{id}\u001f{table.Name}", out var next))
            id = next.NewId;
        return id;
    }

    /// <inheritdoc/>
    public override void Write(SnapshotWriter to)
    {
        to.Write(_merged.Count);
        foreach (var (key, row) in _merged)
        {
            to.Write(key);
            to.Write(row.OldId);
            to.Write(row.NewId);
            to.Write(row.At);
            to.Write(row.Table);
            to.Write(row.Name);
            to.Write(row.Domain);
            to.Write(row.ExternalId);
        }
    }

    /// <inheritdoc/>
    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                from.Text()!,
                new(from.Text()!, from.Text()!, from.Instant(), from.Text(), from.Text(), from.Text(), from.Text())
            );
    }

    protected override void Add(Alias row, in DatedFact fact) => Put(fact.Key, row);

    protected override void Retract(Alias row, in DatedFact fact)
    {
        if (!_merged.Remove(fact.Key))
            throw new InvalidOperationException($"The merge of {row.OldId} is taken back, which was never taken in.");
        _into[(row.Table!, row.NewId)].Remove(fact.Key);
        Count(row, -1);
        Tell(row);
    }

    void Put(string key, Alias row)
    {
        _merged.Add(key, row);
        if (!_into.TryGetValue((row.Table!, row.NewId), out var keys))
            _into.Add((row.Table!, row.NewId), keys = []);
        keys.Add(key);
        Count(row, 1);
        Tell(row);
    }

    void Count(Alias row, int times)
    {
        if (row.Table == FactTables.Accounts.Name)
            state.Companies.Count(row.OldId, row.Name, row.Domain, times);
    }

    /// <summary>Has the account or partner that a merge leads to, and those on the way, know all that led to them.</summary>
    void Tell(Alias row)
    {
        var told = new HashSet<string>();
        for (Alias? next = row; next is not null && told.Add(next.NewId); )
        {
            Alias[] merged = [.. LeadingTo(row.Table!, next.NewId)];
            if (row.Table == FactTables.Accounts.Name)
                state.Account(next.NewId).Merged = merged.Length > 0 ? merged : null;
            else
                state.Partner(next.NewId).Merged = merged.Length > 0 ? merged : null;
            next = _merged.GetValueOrDefault($"{next.NewId}\u001f{row.Table}");
        }
    }

    IEnumerable<Alias> LeadingTo(string table, string id)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var left = new Stack<string>([id]);
        while (left.TryPop(out var into))
        {
            foreach (var key in _into.GetValueOrDefault((table, into)) ?? [])
            {
                if (found.Add(key))
                    left.Push(_merged[key].OldId);
            }
        }
        return found.Select(key => _merged[key]);
    }
}
