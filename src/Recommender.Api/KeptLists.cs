using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Recommender.Api;

/// <summary>A page of a list.</summary>
/// <param name="Items">What stands on it.</param>
/// <param name="Skipped">How many stand before it.</param>
/// <param name="Total">How many the list has.</param>
/// <param name="Next">The cursor of the next; null on the last.</param>
sealed record ListPage<T>(IReadOnlyList<T> Items, int Skipped, int Total, string? Next);

/// <summary>
/// Lists whose order changes while they are read: each is kept as it stood when its first page was given, so that its pages hold each item
/// once and miss none. A cursor names the list by what is in it; where it is not kept any more, or is kept by another replica, it goes on
/// as long as the list is still the same.
/// </summary>
/// <param name="time">What is now.</param>
/// <param name="idOf">What an item is told from others by.</param>
sealed class KeptLists<T>(TimeProvider time, Func<T, string> idOf)
{
    const int MostItems = 2_000_000;
    static readonly TimeSpan _kept = TimeSpan.FromMinutes(15);
    readonly Lock _gate = new();
    readonly Dictionary<string, (string What, IReadOnlyList<T> Items, DateTimeOffset ReadAt)> _lists = [];
    long _items;

    /// <summary>True if a cursor may be one of ours.</summary>
    public static bool IsCursor(string? cursor) => cursor is null || Read(cursor) is not null;

    /// <summary>A page; null if the list of the cursor is not kept any more and is another one now.</summary>
    /// <param name="what">What is listed; a cursor of another list is none of this.</param>
    /// <param name="cursor">Where to go on; null for the first page.</param>
    /// <param name="limit">How many items at most.</param>
    /// <param name="now">The list as it is now.</param>
    public ListPage<T>? Page(string what, string? cursor, int limit, Func<IReadOnlyList<T>> now)
    {
        var (name, skip) = cursor is null ? (null, 0) : Read(cursor)!.Value;
        var items = name is null ? null : Find(what, name);
        if (items is null)
        {
            items = now();
            if (name is null && items.Count <= limit)
                return new(items, 0, items.Count, null);
            var found = NameOf(what, items);
            if (name is not null && name != found)
                return null;
            Keep(what, name = found, items);
        }
        var next = (int)Math.Min((long)skip + limit, items.Count);
        return new(
            [.. items.Skip(skip).Take(limit)],
            skip,
            items.Count,
            next < items.Count ? Cursor.Of(name!, next.ToString(CultureInfo.InvariantCulture)) : null
        );
    }

    static (string Name, int Skip)? Read(string cursor) =>
        Cursor.Read(cursor, 2) is [{ Length: 22 } name, var text]
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var skip)
            ? (name, skip)
            : null;

    string NameOf(string what, IReadOnlyList<T> items)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(what));
        foreach (var item in items)
            hash.AppendData(Encoding.UTF8.GetBytes('\n' + idOf(item)));
        return Convert.ToBase64String(hash.GetHashAndReset().AsSpan(0, 16))[..22];
    }

    IReadOnlyList<T>? Find(string what, string name)
    {
        lock (_gate)
        {
            if (!_lists.TryGetValue(name, out var list) || list.What != what || time.GetUtcNow() - list.ReadAt > _kept)
                return null;
            _lists[name] = list with { ReadAt = time.GetUtcNow() };
            return list.Items;
        }
    }

    void Keep(string what, string name, IReadOnlyList<T> items)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (!_lists.ContainsKey(name))
                _items += items.Count;
            _lists[name] = (what, items, now);
            foreach (var (old, list) in _lists.OrderBy(pair => pair.Value.ReadAt).ToList())
            {
                if (old == name || _items <= MostItems && now - list.ReadAt <= _kept)
                    break;
                _lists.Remove(old);
                _items -= list.Items.Count;
            }
        }
    }
}
