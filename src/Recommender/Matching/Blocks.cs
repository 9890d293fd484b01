namespace Recommender.Matching;

/// <summary>By key, the companies that have it, in their order: filled once, then read.</summary>
sealed class Blocks
{
    readonly Dictionary<string, int> _slots = [];
    readonly List<(int Slot, int Company)> _pairs = [];
    int[] _starts = [];
    int[] _companies = [];

    /// <summary>The keys.</summary>
    public IEnumerable<string> Keys => _slots.Keys;

    /// <summary>All blocks.</summary>
    public IEnumerable<ArraySegment<int>> All => Enumerable.Range(0, _slots.Count).Select(At);

    /// <summary>Notes that a company has a key; companies come in their order.</summary>
    public void Add(string key, int company)
    {
        if (!_slots.TryGetValue(key, out var slot))
            _slots.Add(key, slot = _slots.Count);
        _pairs.Add((slot, company));
    }

    /// <summary>Ends the filling.</summary>
    public void Freeze()
    {
        _starts = new int[_slots.Count + 1];
        foreach (var (slot, _) in _pairs)
            _starts[slot + 1]++;
        for (var slot = 0; slot < _slots.Count; slot++)
            _starts[slot + 1] += _starts[slot];
        var next = _starts[..^1];
        _companies = new int[_pairs.Count];
        foreach (var (slot, company) in _pairs)
            _companies[next[slot]++] = company;
        _pairs.Clear();
        _pairs.TrimExcess();
    }

    /// <summary>The companies that have a key; one that has it twice stands there twice.</summary>
    public ArraySegment<int> Of(string key) => _slots.TryGetValue(key, out var slot) ? At(slot) : ArraySegment<int>.Empty;

    ArraySegment<int> At(int slot) => new(_companies, _starts[slot], _starts[slot + 1] - _starts[slot]);
}
