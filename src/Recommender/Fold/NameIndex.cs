using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// Finds a text within many names: all of them in one piece of memory, so that a search is one pass over it. A name that changes is
/// appended, and the old one forgotten at the next clean-up.
/// </summary>
sealed class NameIndex
{
    const char End = '\n';
    readonly List<(int Start, int Owner)> _entries = [];
    readonly List<int> _newest = [];
    char[] _text = [];
    int _length;
    int _stale;

    /// <summary>Sets what an owner is found by.</summary>
    /// <param name="owner">Its number; numbers are dense.</param>
    /// <param name="name">What it is called, found in each of its <see cref="Spellings"/>.</param>
    /// <param name="id">Its id, found as it stands.</param>
    public void Set(int owner, string? name, string? id)
    {
        while (_newest.Count <= owner)
            _newest.Add(-1);
        if (_newest[owner] >= 0 && ++_stale > 1000 && _stale > _entries.Count / 2)
            CleanUp();
        _newest[owner] = _entries.Count;
        _entries.Add((_length, owner));
        foreach (var spelling in Spellings.Of(name ?? ""))
        {
            Append(spelling);
            Append([End]);
        }
        Append(TextKey.Search(id ?? ""));
        Append([End]);
    }

    /// <summary>Has an owner not be found any more.</summary>
    public void Remove(int owner)
    {
        if (owner >= _newest.Count || _newest[owner] < 0)
            return;
        _newest[owner] = -1;
        _stale++;
    }

    /// <summary>Owners whose name or id holds <paramref name="text"/>, as people look for it, in no useful order.</summary>
    public IEnumerable<int> Find(string text)
    {
        var spellings = Spellings.Of(text);
        return spellings.Count == 1 ? Holding(spellings[0]) : spellings.SelectMany(Holding).Distinct();
    }

    IEnumerable<int> Holding(string text)
    {
        if (text.Length == 0)
            yield break;
        for (var from = 0; from < _length; )
        {
            var at = _text.AsSpan(from, _length - from).IndexOf(text);
            if (at < 0)
                yield break;
            var entry = EntryAt(from + at);
            if (_newest[_entries[entry].Owner] == entry)
                yield return _entries[entry].Owner;
            from = entry + 1 < _entries.Count ? _entries[entry + 1].Start : _length;
        }
    }

    int EntryAt(int position)
    {
        var (low, high) = (0, _entries.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_entries[middle].Start <= position)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }

    void Append(ReadOnlySpan<char> text)
    {
        if (_length + text.Length > _text.Length)
            Array.Resize(ref _text, Math.Max(_length + text.Length, 2 * _text.Length));
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
    }

    void CleanUp()
    {
        var (text, entries, end) = (_text, _entries.ToList(), _length);
        _entries.Clear();
        (_text, _length, _stale) = (new char[text.Length], 0, 0);
        for (var e = 0; e < entries.Count; e++)
        {
            var (start, owner) = entries[e];
            if (_newest[owner] != e)
                continue;
            _newest[owner] = _entries.Count;
            _entries.Add((_length, owner));
            Append(text.AsSpan(start, (e + 1 < entries.Count ? entries[e + 1].Start : end) - start));
        }
    }
}
