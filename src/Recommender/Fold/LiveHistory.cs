using System.Data.Common;
using System.Threading.Channels;
using Dapper;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// The history of a running service: database and fold in step. One thread writes, many requests to one transaction; a write is durable,
/// and its facts are applied, before it is answered. Where others write to the database as well, it takes in what they wrote before each
/// write of its own and four times a second, in the order in which everybody does.
/// </summary>
public sealed class LiveHistory : IAsyncDisposable
{
    const int MostOfOneTransaction = 256;
    static readonly TimeSpan _followEvery = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan _fullFor = TimeSpan.FromSeconds(10);
    readonly HistoryStore _store;
    readonly TimeProvider _time;
    readonly Channel<PendingWrite> _writes;
    readonly Thread _thread;
    readonly ITimer? _timer;
    DbConnection? _connection;
    HistoryWriter? _writer;
    PreparedStatements? _statements;
    List<(DateTime Stamp, IReadOnlyList<DatedFact> Facts)>? _captured;
    LiveFold _fold;
    ChangePosition _position;
    StoreUnavailableException? _fault;
    long _faultAt;
    volatile bool _isOutdated;

    // True while the fold lacks something that was written: beside being outdated, it is not what is the case.
    volatile bool _lacks;
    volatile bool _isLost;
    bool _hasErased;
    bool _hasToForget;
    int _followsSoon;
    long _lastContact;

    LiveHistory(HistoryStore store, TimeProvider time, LiveFold fold, ChangePosition position, int capacity)
    {
        (_store, _time, _fold, _position) = (store, time, fold, position);
        _lastContact = time.GetTimestamp();
        _writes = Channel.CreateBounded<PendingWrite>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _thread = new(Loop) { IsBackground = true, Name = "history writer" };
        _thread.Start();
        if (store.IsShared)
            _timer = time.CreateTimer(_ => FollowSoon(), null, _followEvery, _followEvery);
    }

    /// <summary>Folds what the database holds and takes writes from then on.</summary>
    /// <param name="store">The database; this object is its only writer, unless the store is shared.</param>
    /// <param name="time">The clock.</param>
    /// <param name="settings">One fold for each.</param>
    /// <param name="capacity">How many writes may wait.</param>
    /// <param name="cancel">Gives up.</param>
    public static LiveHistory Open(
        HistoryStore store,
        TimeProvider time,
        IEnumerable<FoldSettings> settings,
        int capacity = 1024,
        CancellationToken cancel = default
    )
    {
        using var started = new StartedHistory(store);
        var fold = started.Load(time, settings, cancel);
        return new(store, time, fold, started.Position, capacity);
    }

    /// <summary>How long ago the database was last heard of; zero where no other process writes to it.</summary>
    public TimeSpan SinceContact => _store.IsShared ? _time.GetElapsedTime(Volatile.Read(ref _lastContact)) : TimeSpan.Zero;

    /// <summary>
    /// Notes that the database answered somebody else, as it does while the writer's thread works on a large write; not while the writer
    /// itself has lost it.
    /// </summary>
    public void Heard()
    {
        if (!_isLost)
            Volatile.Write(ref _lastContact, _time.GetTimestamp());
    }

    /// <summary>
    /// True once another process imported a history, or the fold could not take in what was written: it stands as before, until
    /// <see cref="RefoldAsync"/>.
    /// </summary>
    public bool IsOutdated => _isOutdated;

    /// <summary>The fold as of now.</summary>
    public LiveFold Fold => Volatile.Read(ref _fold);

    /// <summary>
    /// Why the last write failed for the database's sake; null if it did not. A full database counts as full for ten seconds after it last
    /// refused a write, whatever smaller ones it took since.
    /// </summary>
    public StoreUnavailableException? Fault
    {
        get => Volatile.Read(ref _fault);
        private set
        {
            var before = Volatile.Read(ref _fault);
            Volatile.Write(ref _fault, value);
            if (before?.Fault != value?.Fault)
                FaultChanged?.Invoke(value);
        }
    }

    /// <summary>How many writes wait.</summary>
    public int Waiting => _writes.Reader.Count;

    /// <summary>Told the facts of each transaction after they were applied, on the writer's thread.</summary>
    public Action<IReadOnlyList<DatedFact>>? Applied { get; set; }

    /// <summary>Told when the database takes no writes any more, and why, or takes them again: null. On the writer's thread.</summary>
    public Action<StoreUnavailableException?>? FaultChanged { get; set; }

    /// <summary>Told why the fold could not take in what was written; from then on it <see cref="IsOutdated"/>. On the writer's thread.</summary>
    public Action<Exception>? NotTakenIn { get; set; }

    /// <summary>
    /// Hands a write in; false if too many wait. The task ends when what it did is durable and applied. It fails with
    /// <see cref="StoreUnavailableException"/> if the database cannot be written; then nothing was changed.
    /// </summary>
    /// <param name="write">Does it, on the writer's thread.</param>
    /// <param name="done">What it comes to.</param>
    /// <param name="decides">
    /// True if what it does depends on the fold: it is the first of its transaction, so that the fold holds all that was written before. While
    /// the fold lacks what another process imported, it fails as if that still wrote.
    /// </param>
    public bool TryWrite<T>(Func<WriteScope, T> write, out Task<T> done, bool decides = false)
    {
        var task = new PendingWrite<T>(write) { IsFirst = decides };
        done = task.Done.Task;
        return _writes.Writer.TryWrite(task);
    }

    /// <summary>
    /// Folds everything anew under other settings while the old fold goes on answering, then runs <paramref name="swap"/> on the
    /// writer's thread, between two transactions.
    /// </summary>
    public async Task RefoldAsync(IReadOnlyList<FoldSettings> settings, Action<LiveFold> swap, CancellationToken cancel)
    {
        var started = await Always(() =>
            {
                _captured = _store.IsShared ? null : [];
                _hasErased = false;
                // What is written from here on is dated from here on.
                var at = _fold.Reserve();
                _fold.Release();
                return new StartedHistory(_store, at);
            })
            .ConfigureAwait(false);
        try
        {
            var fold = await Task.Run(() => started.Load(_time, settings, cancel), cancel).ConfigureAwait(false);
            await Always(() =>
                {
                    // An erasure meanwhile changed what was read.
                    _isOutdated = _hasErased;
                    _lacks = false;
                    if (_captured is not null)
                        fold.Apply(_captured);
                    else
                    {
                        // What was written meanwhile, by this process too.
                        var position = started.Position;
                        CatchUp(fold, ref position, null);
                        _position = position;
                    }
                    Volatile.Write(ref _fold, fold);
                    swap(fold);
                    return true;
                })
                .ConfigureAwait(false);
        }
        finally
        {
            started.Dispose();
            await Always(() => (_captured = null) is null).ConfigureAwait(false);
        }
    }

    /// <summary>Has the writer look for what others wrote, unless it is about to.</summary>
    void FollowSoon()
    {
        if (Interlocked.Exchange(ref _followsSoon, 1) == 0 && !_writes.Writer.TryWrite(new WriterTask<bool>(Follow)))
            Volatile.Write(ref _followsSoon, 0);
    }

    bool Follow()
    {
        Volatile.Write(ref _followsSoon, 0);
        try
        {
            CatchUp(_fold, ref _position, null);
            // What only a write can find out, such as a full disk, stays until a write succeeds.
            if (Fault is { Fault: StoreFault.Broken or StoreFault.Busy })
                Fault = null;
            _isLost = false;
            Heard();
        }
        catch (Exception e)
        {
            _isLost = true;
            Fault = _store.Unavailable(e) ?? new StoreUnavailableException(StoreFault.Broken, e);
            Disconnect();
        }
        return true;
    }

    /// <summary>Takes in what others wrote since <paramref name="position"/> and moves that on; returns the moment before which all is known.</summary>
    DateTime CatchUp(LiveFold fold, ref ChangePosition position, DbTransaction? exclusive)
    {
        Connect();
        var (now, facts) = _store.ReadChanges(_connection!, exclusive, position);
        if (now.Epoch != position.Epoch)
            _isOutdated = _lacks = true;
        else
        {
            var since = position.KnownBefore;
            position = now;
            if (TakeIn(() => fold.CatchUp(facts, since, now.KnownBefore)) && facts.Count > 0 && ReferenceEquals(fold, _fold))
                Applied?.Invoke(facts);
        }
        return now.KnownBefore;
    }

    void Connect()
    {
        if (_connection is not null)
            return;
        _connection = _store.ConnectToWrite();
        _writer = new(_connection);
        _statements = new(_connection);
    }

    /// <summary>Runs something on the writer's thread between two transactions, however many wait.</summary>
    async Task<T> Always<T>(Func<T> run)
    {
        var turn = new WriterTask<T>(run);
        await _writes.Writer.WriteAsync(turn).ConfigureAwait(false);
        return await turn.Done.Task.ConfigureAwait(false);
    }

    void Loop()
    {
        var batch = new List<PendingWrite>();
        while (_writes.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.Clear();
            while (batch.Count < MostOfOneTransaction && _writes.Reader.TryPeek(out var next))
            {
                if ((next.IsTask || next.IsFirst) && batch.Count > 0)
                    break;
                _writes.Reader.TryRead(out _);
                if (next.IsTask)
                {
                    next.Run(null!);
                    next.Complete();
                    break;
                }
                batch.Add(next);
            }
            if (batch.Count > 0)
                Commit(batch);
        }
        Disconnect();
    }

    void Commit(List<PendingWrite> batch)
    {
        var fold = Fold;
        try
        {
            Connect();
            WriteScope scope;
            ChangePosition? changed = null;
            using (var transaction = _store.BeginExclusive(_connection!))
            {
                var knownBefore = _store.IsShared ? CatchUp(fold, ref _position, transaction) : default;
                _writer!.Transaction = _statements!.Transaction = transaction;
                scope = new(_connection!, transaction, _writer, _statements, fold.Reserve(knownBefore));
                foreach (var write in batch)
                    Try(write, scope, transaction);
                if (scope.Facts.Count > 0)
                    changed = _store.Changed(transaction, _position, scope.Stamp);
                transaction.Commit();
            }
            if (changed is { } position && !_isOutdated)
                _position = position;
            if (scope.Facts.Count > 0)
            {
                var written = scope.Written();
                _captured?.AddRange(written);
                TakeIn(() => fold.Apply(written));
            }
            // What was said before cannot be computed again.
            _isOutdated |= scope.HasErased;
            _hasErased |= scope.HasErased;
            _hasToForget |= scope.HasErased;
            Forget();
            // A small write may still fit where a larger one did not: full is full for a while.
            if (Fault is not { Fault: StoreFault.Full } || _time.GetElapsedTime(_faultAt) > _fullFor)
                Fault = null;
            _isLost = false;
            Heard();
            if (scope.Facts.Count > 0)
                Applied?.Invoke(scope.Facts);
            foreach (var write in batch)
                write.Complete();
        }
        catch (Exception e)
        {
            Fault = _store.Unavailable(e);
            _faultAt = _time.GetTimestamp();
            Disconnect();
            foreach (var write in batch)
                write.Fail(Fault ?? e);
        }
        finally
        {
            fold.Release();
        }
    }

    /// <summary>Has the log forget what was erased, at the next write if somebody reads it now.</summary>
    void Forget()
    {
        try
        {
            _hasToForget = _hasToForget && !_store.Forget(_connection!);
        }
        catch (DbException)
        {
            // The write stands.
        }
    }

    /// <summary>What is durable is done: a fold that cannot take it in is made anew, and the writes stand.</summary>
    bool TakeIn(Action apply)
    {
        try
        {
            apply();
            return true;
        }
        catch (Exception e)
        {
            _isOutdated = _lacks = true;
            NotTakenIn?.Invoke(e);
            return false;
        }
    }

    void Disconnect()
    {
        _writer?.Dispose();
        _statements?.Dispose();
        _connection?.Dispose();
        (_connection, _writer, _statements) = (null, null, null);
    }

    /// <summary>A write that is at fault itself undoes only itself.</summary>
    void Try(PendingWrite write, WriteScope scope, DbTransaction transaction)
    {
        const string Name = "one_write";
        if (write.IsFirst && _lacks)
        {
            write.Fail(
                new StoreUnavailableException(StoreFault.Busy, new InvalidOperationException("The history is folded anew."))
            );
            return;
        }
        scope.FirstFact = scope.Facts.Count;
        var (facts, hadErased) = (scope.Facts.Count, scope.HasErased);
        transaction.Save(Name);
        try
        {
            write.Run(scope);
            _writer!.Finish();
        }
        catch (Exception e) when (_store.Unavailable(e) is null)
        {
            transaction.Rollback(Name);
            scope.Undo(facts, hadErased);
            _writer!.Forget();
            write.Fail(e);
        }
        Engines.Forget(transaction, Name);
    }

    /// <summary>Lets the writes that wait be done, then stops.</summary>
    public ValueTask DisposeAsync()
    {
        _timer?.Dispose();
        _writes.Writer.TryComplete();
        _thread.Join();
        return ValueTask.CompletedTask;
    }
}
