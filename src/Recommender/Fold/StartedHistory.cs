using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>A snapshot that has begun to be read: what is written from now on is not in it.</summary>
sealed class StartedHistory : IDisposable
{
    readonly HistorySnapshot _snapshot;
    readonly IEnumerator<DatedFact> _facts;
    readonly bool _isShared;
    readonly bool _any;
    readonly DateTime? _at;

    public StartedHistory(HistoryStore store, DateTime? at = null)
    {
        (_isShared, _at) = (store.IsShared, store.IsShared ? null : at);
        _snapshot = store.OpenSnapshot();
        _facts = HistoryStore.Applied(_snapshot).GetEnumerator();
        try
        {
            _any = _facts.MoveNext();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ChangePosition Position => _snapshot.Position;

    public LiveFold Load(TimeProvider time, IEnumerable<FoldSettings> settings, CancellationToken cancel)
    {
        var fold = new LiveFold(time, _isShared ? Position.KnownBefore : null, settings);
        fold.Load(ReadAhead.Of(Facts()), _at, cancel);
        return fold;
    }

    IEnumerable<DatedFact> Facts()
    {
        for (var any = _any; any; any = _facts.MoveNext())
            yield return _facts.Current;
    }

    public void Dispose()
    {
        _facts.Dispose();
        _snapshot.Dispose();
    }
}
