using System.Diagnostics;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// The fold of a running service. One writer takes facts in, many readers ask; a reader sees all of a moment or nothing. Moments only
/// go forward: a reader is told an as-of later than every fact it can see, and no later fact is ever dated before it, so that the same
/// facts folded again up to that as-of give the same state to the bit.
/// </summary>
public sealed class LiveFold : IDisposable
{
    static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(5);
    readonly TimeProvider _time;
    readonly ReaderWriterLockSlim _gate = new();
    readonly Lock _clock = new();
    readonly PriorityQueue<(DatedFact Fact, long Ticket), DatedFact> _pending = new();

    // Which of the waiting facts still counts: the one that was told last.
    readonly Dictionary<(FactKind, string), long> _due = [];
    long _tickets;
    DateTime _applied = DateTime.MinValue;
    DateTime _asked = DateTime.MinValue;
    DateTime _reserved = DateTime.MaxValue;
    DateTime _nextChange = DateTime.MaxValue;
    DateTime? _knownBefore;

    /// <summary>Empty folds, one for each of <paramref name="settings"/>.</summary>
    public LiveFold(TimeProvider time, params IEnumerable<FoldSettings> settings)
        : this(time, null, settings) { }

    /// <summary>Empty folds of a history that others write to as well.</summary>
    /// <param name="time">The clock; not looked at if <paramref name="knownBefore"/> is given.</param>
    /// <param name="knownBefore">
    /// Now, as far as this fold goes: every fact dated before is known. Moved on by <see cref="CatchUp"/> only. Null for the clock.
    /// </param>
    /// <param name="settings">One fold for each.</param>
    public LiveFold(TimeProvider time, DateTime? knownBefore, IEnumerable<FoldSettings> settings)
    {
        (_time, _knownBefore) = (time, knownBefore);
        States = [.. settings.Select(one => new HistoryState(one))];
    }

    /// <summary>The states, in the order of the settings.</summary>
    public IReadOnlyList<HistoryState> States { get; }

    /// <summary>Facts waiting for their date.</summary>
    public int Pending => _pending.Count;

    /// <summary>How many facts were applied.</summary>
    public long Facts => States[0].Facts;

    /// <summary>Takes in facts in the order of <see cref="DatedFact.CompareTo"/>, those of the future for later. Before readers come.</summary>
    /// <param name="facts">The facts.</param>
    /// <param name="at">When the future begins, no earlier than any reader of these facts was told; null for now.</param>
    /// <param name="cancel">Gives up.</param>
    public void Load(IEnumerable<DatedFact> facts, DateTime? at = null, CancellationToken cancel = default)
    {
        var now = at ?? Now();
        lock (_clock)
            _asked = Latest(_asked, at ?? _asked);
        foreach (var fact in facts)
        {
            cancel.ThrowIfCancellationRequested();
            if (fact.AppliedAt < now)
                ApplyToAll(fact);
            else
                Postpone(fact);
        }
        Settle();
    }

    /// <summary>A moment for facts about to be written, later than all before; readers do not go past it until <see cref="Apply"/> or <see cref="Release"/>.</summary>
    /// <param name="notBefore">No earlier than this.</param>
    public DateTime Reserve(DateTime notBefore = default)
    {
        lock (_clock)
            return _reserved = Latest(AfterAll(), notBefore);
    }

    /// <summary>Applies what was written at reserved moments; each moment in a step of its own, so that readers need not wait for all.</summary>
    /// <param name="written">The moments in their order, each with what was written at it; facts dated later are of the future.</param>
    public void Apply(IReadOnlyList<(DateTime Stamp, IReadOnlyList<DatedFact> Facts)> written)
    {
        for (var m = 0; m < written.Count; m++)
        {
            var (stamp, facts) = written[m];
            var ordered = facts.Order().ToList();
            Change(
                m + 1 < written.Count ? written[m + 1].Stamp : DateTime.MaxValue,
                () =>
                {
                    // What came due before it was replaced has happened.
                    ApplyDue(stamp);
                    foreach (var fact in ordered)
                        Postpone(fact);
                    ApplyDue(stamp.AddMilliseconds(1));
                    // Though all of it may be of the future: the next write has a moment of its own.
                    lock (_clock)
                        _applied = Latest(_applied, stamp);
                }
            );
        }
        Release();
    }

    /// <summary>Takes in what others wrote, and only then goes on to a moment before which all is known.</summary>
    /// <param name="facts">
    /// Everything that rows state which changed since; what they stated before, if that was to be seen at <paramref name="since"/> or later;
    /// and, as retractions, until when they stated what they do not any more. In any order, and some of it may be waiting for its date already.
    /// </param>
    /// <param name="since">The moment before which all was known.</param>
    /// <param name="knownBefore">The moment before which all is known now; later, or the same.</param>
    public void CatchUp(IReadOnlyList<DatedFact> facts, DateTime since, DateTime knownBefore)
    {
        Reserve(since);
        var waiting = new HashSet<(FactKind, string)>();
        Change(
            since,
            () =>
            {
                ApplyDue(since);
                // What waits and was changed is told again, as far as it is still said.
                foreach (var fact in facts)
                {
                    if (_due.Remove((fact.Kind, fact.Key)))
                        waiting.Add((fact.Kind, fact.Key));
                    if (fact.Kind.End is { } end)
                        _due.Remove((end, fact.Key));
                }
            }
        );
        lock (_clock)
            _knownBefore = knownBefore;
        var (added, gone) = (facts.Where(fact => !fact.IsRetraction).Order().ToList(), facts.Where(fact => fact.IsRetraction));
        // What was never applied here is not taken back.
        waiting.ExceptWith(added.Select(fact => (fact.Kind, fact.Key)));
        var moments = FactVersions
            .Replacing(added, gone.Where(fact => !waiting.Contains((fact.Kind, fact.Key))).Order())
            .GroupBy(fact => fact.AppliedAt)
            .ToList();
        for (var m = 0; m < moments.Count; m++)
        {
            var at = moments[m].Key;
            var next = m + 1 < moments.Count && moments[m + 1].Key < knownBefore ? moments[m + 1].Key : DateTime.MaxValue;
            Change(
                at < knownBefore ? next : null,
                () =>
                {
                    foreach (var fact in moments[m])
                        Postpone(fact);
                    if (at < knownBefore)
                        ApplyDue(at.AddMilliseconds(1));
                }
            );
        }
        Release();
    }

    /// <summary>Changes the state while nobody reads it.</summary>
    /// <param name="reserved">Where readers stop from then on; null for where they do.</param>
    /// <param name="change">The change.</param>
    void Change(DateTime? reserved, Action change)
    {
        LetReadersIn();
        _gate.EnterWriteLock();
        try
        {
            change();
            Settle();
            lock (_clock)
                _reserved = reserved ?? _reserved;
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Lets those go first who wait to read: a lock taken again at once would keep them out until all moments are applied.</summary>
    void LetReadersIn()
    {
        var started = Stopwatch.GetTimestamp();
        while (_gate.WaitingReadCount > 0 && Stopwatch.GetElapsedTime(started) < _patience)
            Thread.Yield();
    }

    /// <summary>Lets readers go on past a reserved moment for which nothing was written.</summary>
    public void Release()
    {
        lock (_clock)
            _reserved = DateTime.MaxValue;
    }

    /// <summary>Asks something of the state as it is now.</summary>
    /// <param name="read">Given the as-of, exclusive; must not keep anything of the state.</param>
    public T Read<T>(Func<DateTime, T> read)
    {
        while (true)
        {
            _gate.EnterReadLock();
            try
            {
                var asOf = AsOf();
                if (_nextChange >= asOf)
                    return read(asOf);
            }
            finally
            {
                _gate.ExitReadLock();
            }
            Advance();
        }
    }

    /// <summary>Asks something of a past moment, if nothing has changed since; false if it has.</summary>
    public bool TryReadPast<T>(DateTime asOf, Func<T> read, out T? answer)
    {
        _gate.EnterReadLock();
        try
        {
            var same = States.All(state => state.SeenUntil < asOf && state.MaturedUntil < asOf) && _nextChange >= asOf;
            answer = same ? read() : default;
            return same;
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    void Advance()
    {
        _gate.EnterWriteLock();
        try
        {
            var asOf = AsOf();
            ApplyDue(asOf);
            foreach (var state in States)
                state.AdvanceTo(asOf);
            Settle();
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>The moment a reader sees: now, but after all that was applied and not after what is being written.</summary>
    DateTime AsOf()
    {
        lock (_clock)
            return _asked = _reserved < DateTime.MaxValue ? _reserved : AfterAll();
    }

    DateTime AfterAll() => Latest(Now(), _applied == DateTime.MinValue ? _applied : _applied.AddMilliseconds(1), _asked);

    void Postpone(in DatedFact fact)
    {
        if (fact.IsRetraction)
        {
            // What waits was never applied: it is enough to forget it.
            if (!_due.Remove((fact.Kind, fact.Key)))
                _pending.Enqueue((fact, 0), fact);
            return;
        }
        // A new version of a row takes the place of what the version before said of the future.
        if (fact.Kind.End is { } end)
            _due.Remove((end, fact.Key));
        _pending.Enqueue((fact, ++_tickets), fact);
        _due[(fact.Kind, fact.Key)] = _tickets;
    }

    void ApplyDue(DateTime asOf)
    {
        while (_pending.TryPeek(out var waiting, out _) && waiting.Fact.AppliedAt < asOf)
        {
            _pending.Dequeue();
            var fact = waiting.Fact;
            if (!fact.IsRetraction)
            {
                if (!_due.TryGetValue((fact.Kind, fact.Key), out var ticket) || ticket != waiting.Ticket)
                    continue;
                _due.Remove((fact.Kind, fact.Key));
            }
            ApplyToAll(fact);
        }
    }

    void ApplyToAll(in DatedFact fact)
    {
        foreach (var state in States)
            state.Apply(fact);
    }

    /// <summary>Notes when time alone changes something next: a fact of the future comes due or an outcome matures.</summary>
    void Settle()
    {
        var next = _pending.TryPeek(out var first, out _) ? first.Fact.AppliedAt : DateTime.MaxValue;
        foreach (var state in States)
        {
            next = Earliest(next, state.NextMaturesAt);
            lock (_clock)
                _applied = Latest(_applied, state.SeenUntil);
        }
        _nextChange = next;
    }

    DateTime Now() => Instants.ToMillisecond(_knownBefore ?? _time.GetUtcNow().UtcDateTime);

    static DateTime Latest(DateTime a, DateTime b, DateTime c = default) => a > b ? (a > c ? a : c) : (b > c ? b : c);

    static DateTime Earliest(DateTime a, DateTime b) => a < b ? a : b;

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
