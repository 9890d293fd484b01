using Recommender.CoSell;

namespace Recommender.History;

/// <summary>
/// The fold of a running service. One writer takes facts in, many readers ask; a reader sees all of a moment or nothing. Moments only
/// go forward: a reader is told an as-of later than every fact it can see, and no later fact is ever dated before it, so that the same
/// facts folded again up to that as-of give the same state to the bit.
/// </summary>
public sealed class LiveFold : IDisposable
{
    readonly TimeProvider _time;
    readonly ReaderWriterLockSlim _gate = new();
    readonly Lock _clock = new();
    readonly PriorityQueue<DatedFact, DatedFact> _pending = new();
    readonly Dictionary<(FactKind, string), DateTime> _due = [];
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
    public void Load(IEnumerable<DatedFact> facts, CancellationToken cancel = default)
    {
        var now = Now();
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

    /// <summary>Applies facts of reserved moments; several moments in as many steps, so that readers need not wait for all.</summary>
    /// <param name="facts">In any order.</param>
    /// <param name="last">The last moment used; facts dated later are of the future.</param>
    public void Apply(IEnumerable<DatedFact> facts, DateTime last)
    {
        var moments = facts.Order().GroupBy(fact => fact.AppliedAt).ToList();
        for (var m = 0; m < moments.Count; m++)
        {
            var isNow = moments[m].Key <= last;
            _gate.EnterWriteLock();
            try
            {
                foreach (var fact in moments[m])
                    Postpone(fact);
                if (isNow)
                    ApplyDue(moments[m].Key.AddMilliseconds(1));
                Settle();
                lock (_clock)
                {
                    if (isNow)
                        _reserved = m + 1 < moments.Count && moments[m + 1].Key <= last ? moments[m + 1].Key : DateTime.MaxValue;
                }
            }
            finally
            {
                _gate.ExitWriteLock();
            }
        }
        Release();
    }

    /// <summary>Takes in what others wrote, and only then goes on to a moment before which all is known.</summary>
    /// <param name="facts">In any order; those that are waiting for their date may come again.</param>
    /// <param name="knownBefore">Later than before, or the same.</param>
    public void CatchUp(IReadOnlyList<DatedFact> facts, DateTime knownBefore)
    {
        Reserve();
        lock (_clock)
            _knownBefore = knownBefore;
        Apply(facts, knownBefore.AddMilliseconds(-1));
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
        // A new version of a row takes the place of what the version before said of the future.
        if (fact.Kind is FactKind.OpportunityCreated)
            _due.Remove((FactKind.OpportunityClosed, fact.Key));
        else if (fact.Kind is FactKind.RegistrationSubmitted)
            _due.Remove((FactKind.RegistrationDecided, fact.Key));
        _pending.Enqueue(fact, fact);
        _due[(fact.Kind, fact.Key)] = fact.AppliedAt;
    }

    void ApplyDue(DateTime asOf)
    {
        while (_pending.TryPeek(out var fact, out _) && fact.AppliedAt < asOf)
        {
            _pending.Dequeue();
            if (!_due.TryGetValue((fact.Kind, fact.Key), out var due) || due != fact.AppliedAt)
                continue;
            _due.Remove((fact.Kind, fact.Key));
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
        var next = _pending.TryPeek(out var fact, out _) ? fact.AppliedAt : DateTime.MaxValue;
        foreach (var state in States)
        {
            next = Earliest(next, state.NextMaturesAt);
            lock (_clock)
                _applied = Latest(_applied, state.SeenUntil);
        }
        _nextChange = next;
    }

    DateTime Now()
    {
        var now = _knownBefore ?? _time.GetUtcNow().UtcDateTime;
        return new(now.Ticks - now.Ticks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);
    }

    static DateTime Latest(DateTime a, DateTime b, DateTime c = default) => a > b ? (a > c ? a : c) : (b > c ? b : c);

    static DateTime Earliest(DateTime a, DateTime b) => a < b ? a : b;

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
