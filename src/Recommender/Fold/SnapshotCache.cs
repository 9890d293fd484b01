namespace Recommender.Fold;

/// <summary>A fold of everything that was applied before a moment.</summary>
/// <param name="Moment">The moment, exclusive, UTC.</param>
/// <param name="Facts">How many facts it took in.</param>
/// <param name="Bytes">The states, one after the other.</param>
sealed record KeptSnapshot(DateTime Moment, long Facts, SnapshotRoom.Kept Bytes);

/// <summary>
/// Snapshots of one history under the same settings, spread over it: when there are too many, that goes first without which the way from
/// its neighbours is shortest. Not safe for several threads.
/// </summary>
/// <param name="count">How many are kept at most.</param>
/// <param name="bytes">How many bytes they may take together.</param>
sealed class SnapshotCache(int count, long bytes)
{
    readonly SnapshotRoom _room = new(bytes);
    readonly List<KeptSnapshot> _kept = [];
    long _tooLarge = long.MaxValue;

    /// <summary>How many are kept.</summary>
    public int Count => _kept.Count;

    /// <summary>What they take, bytes.</summary>
    public long Taken => _kept.Sum(one => one.Bytes.Taken);

    /// <summary>The newest of a moment or before; null if there is none.</summary>
    public KeptSnapshot? Before(DateTime moment) => _kept.FindLast(one => one.Moment <= moment);

    /// <summary>Keeps states, unless they cannot be written or take more than there is room for.</summary>
    /// <param name="moment">Everything applied before was taken in, nothing later.</param>
    /// <param name="states">The states.</param>
    /// <param name="rest">Called now and then.</param>
    public void Keep(DateTime moment, IReadOnlyList<HistoryState> states, Action rest)
    {
        var facts = states[0].Facts;
        var place = _kept.FindIndex(one => one.Moment >= moment);
        if (count == 0 || facts >= _tooLarge || place >= 0 && _kept[place].Moment == moment)
            return;
        if (!states.All(state => state.CanBeWritten))
            return;
        while (true)
        {
            if (_kept.Count >= count)
                RemoveNearest();
            var written = Written(states, rest);
            if (written is not null)
            {
                place = _kept.FindIndex(one => one.Moment > moment);
                _kept.Insert(place < 0 ? _kept.Count : place, new(moment, facts, written));
                return;
            }
            if (_kept.Count == 0)
            {
                _tooLarge = facts;
                return;
            }
            RemoveNearest();
        }
    }

    /// <summary>The states that were kept.</summary>
    public static List<HistoryState> Read(KeptSnapshot kept, IReadOnlyList<FoldSettings> settings, Action rest)
    {
        kept.Bytes.Position = 0;
        kept.Bytes.Rest = rest;
        var states = new List<HistoryState>(settings.Count);
        foreach (var one in settings)
        {
            using var reader = new SnapshotReader(kept.Bytes);
            states.Add(HistoryState.Read(one, reader));
        }
        kept.Bytes.Rest = null;
        return states;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _kept.ForEach(one => one.Bytes.Dispose());
        _kept.Clear();
        _tooLarge = long.MaxValue;
    }

    SnapshotRoom.Kept? Written(IReadOnlyList<HistoryState> states, Action rest)
    {
        var written = new SnapshotRoom.Kept(_room) { Rest = rest };
        try
        {
            foreach (var state in states)
            {
                using var writer = new SnapshotWriter(written);
                state.Write(writer);
                if (written.IsCut)
                    break;
            }
        }
        catch
        {
            written.Dispose();
            throw;
        }
        written.Rest = null;
        if (!written.IsCut)
            return written;
        written.Dispose();
        return null;
    }

    void RemoveNearest()
    {
        var (at, nearest) = (0, long.MaxValue);
        for (var i = 0; i < _kept.Count; i++)
        {
            var gap = _kept[Math.Min(i + 1, _kept.Count - 1)].Facts - (i == 0 ? 0 : _kept[i - 1].Facts);
            if (gap < nearest)
                (at, nearest) = (i, gap);
        }
        _kept[at].Bytes.Dispose();
        _kept.RemoveAt(at);
    }
}
