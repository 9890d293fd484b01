using Recommender.CoSell;

namespace Recommender.Fold;

/// <summary>
/// Ids of accounts by their registered domains and by their names without what is said of every company; of those that were merged into
/// others, too. Made when it is first asked, and kept up to date from then on: training never asks.
/// </summary>
sealed class CompanyBook(HistoryState state)
{
    readonly Lock _making = new();
    Dictionary<string, string[]>? _ids;

    /// <summary>Ids of accounts with a registered domain.</summary>
    public IEnumerable<string> OfDomain(string registered) => Made().GetValueOrDefault(KeyOfDomain(registered)) ?? [];

    /// <summary>Ids of accounts with a name, as <see cref="CompanyName.Core"/> has it.</summary>
    public IEnumerable<string> OfName(string core) => Made().GetValueOrDefault(core) ?? [];

    /// <summary>Takes a row in, or back.</summary>
    public void Count(string id, string? name, string? domain, int times)
    {
        if (_ids is { } ids)
            Count(ids, id, name, domain, times);
    }

    Dictionary<string, string[]> Made()
    {
        if (Volatile.Read(ref _ids) is { } made)
            return made;
        lock (_making)
        {
            if (_ids is { } meanwhile)
                return meanwhile;
            var ids = new Dictionary<string, string[]>(StringComparer.Ordinal);
            foreach (var row in state.Accounts)
                Count(ids, row.Id.Value, row.Name, row.Identifiers().Domain, 1);
            foreach (var old in state.Merges.Accounts)
                Count(ids, old.OldId, old.Name, old.Domain, 1);
            Volatile.Write(ref _ids, ids);
            return ids;
        }
    }

    static void Count(Dictionary<string, string[]> ids, string id, string? name, string? domain, int times)
    {
        var keys = CompanyIdentity.RegisteredOf(domain).Select(KeyOfDomain);
        if (name is not null && CompanyName.Of(name).Core is { Length: > 0 } core)
            keys = keys.Append(core);
        foreach (var key in keys)
        {
            var held = ids.GetValueOrDefault(key);
            if (times > 0)
                ids[key] = Several.With(held, id);
            else if (Several.Without(held, one => one == id) is { } left)
                ids[key] = left;
            else
                ids.Remove(key);
        }
    }

    // No core holds such a letter.
    static string KeyOfDomain(string registered) => "@" + registered;
}
