using System.Data.Common;
using System.Threading.Channels;
using Dapper;
using Recommender.CoSell;

namespace Recommender.History;

/// <summary>What a write may do while it runs: the only writer's connection, inside a transaction that others may share.</summary>
public sealed class WriteScope
{
    const int FactsOfOneMoment = 500;
    readonly HistoryWriter _writer;
    readonly HashSet<(string, string)> _written = [];
    int _ofMoment;

    internal WriteScope(
        DbConnection connection,
        DbTransaction transaction,
        HistoryWriter writer,
        PreparedStatements statements,
        DateTime stamp
    ) => (Connection, Transaction, _writer, Statements, Stamp) = (connection, transaction, writer, statements, stamp);

    /// <summary>The writer's connection.</summary>
    public DbConnection Connection { get; }

    /// <summary>The transaction; do not end it.</summary>
    public DbTransaction Transaction { get; }

    /// <summary>Statements that run often.</summary>
    public PreparedStatements Statements { get; }

    /// <summary>The moment of this write, UTC.</summary>
    public DateTime Stamp { get; private set; }

    internal List<DatedFact> Facts { get; } = [];

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(HistoryTable table, string key) => _writer.Find(table, key);

    /// <summary>Takes a row in, if it can be taken.</summary>
    public RowResult Upsert(HistoryRow row, RowExpectation expected = default)
    {
        var key = (row.Table.Name, row.Key);
        if (_written.Contains(key) || Facts.Count - _ofMoment >= FactsOfOneMoment)
        {
            Stamp = Stamp.AddMilliseconds(1);
            _ofMoment = Facts.Count;
            _written.Clear();
        }
        var result = _writer.Upsert(row, Stamp, expected, Facts);
        if (result.Verdict is RowVerdict.Inserted or RowVerdict.Updated)
            _written.Add(key);
        return result;
    }
}

/// <summary>
/// The history of a running service: database and fold in step. One thread writes, many requests to one transaction; a write is durable,
/// and its facts are applied, before it is answered.
/// </summary>
public sealed class LiveHistory : IAsyncDisposable
{
    const int MostOfOneTransaction = 256;
    readonly HistoryStore _store;
    readonly TimeProvider _time;
    readonly Channel<Write> _writes;
    readonly Thread _thread;
    DbConnection? _connection;
    HistoryWriter? _writer;
    PreparedStatements? _statements;
    List<DatedFact>? _captured;
    LiveFold _fold;
    volatile StoreUnavailableException? _fault;

    LiveHistory(HistoryStore store, TimeProvider time, LiveFold fold, int capacity)
    {
        (_store, _time, _fold) = (store, time, fold);
        _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _thread = new(Loop) { IsBackground = true, Name = "history writer" };
        _thread.Start();
    }

    /// <summary>Folds what the database holds and takes writes from then on.</summary>
    /// <param name="store">The database; this object is its only writer.</param>
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
        var fold = new LiveFold(time, settings);
        fold.Load(ReadAhead.Of(store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue)), cancel);
        return new(store, time, fold, capacity);
    }

    /// <summary>The fold as of now.</summary>
    public LiveFold Fold => Volatile.Read(ref _fold);

    /// <summary>Why the last write failed for the database's sake; null if it did not.</summary>
    public StoreUnavailableException? Fault => _fault;

    /// <summary>How many writes wait.</summary>
    public int Waiting => _writes.Reader.Count;

    /// <summary>Told the facts of each transaction after they were applied, on the writer's thread.</summary>
    public Action<IReadOnlyList<DatedFact>>? Applied { get; set; }

    /// <summary>
    /// Hands a write in; false if too many wait. The task ends when what it did is durable and applied. It fails with
    /// <see cref="StoreUnavailableException"/> if the database cannot be written; then nothing was changed.
    /// </summary>
    public bool TryWrite<T>(Func<WriteScope, T> write, out Task<T> done)
    {
        var task = new Write<T>(write);
        done = task.Done.Task;
        return _writes.Writer.TryWrite(task);
    }

    /// <summary>
    /// Folds everything anew under other settings while the old fold goes on answering, then runs <paramref name="swap"/> on the
    /// writer's thread, between two transactions.
    /// </summary>
    public async Task RefoldAsync(IReadOnlyList<FoldSettings> settings, Action<LiveFold> swap, CancellationToken cancel)
    {
        var fold = new LiveFold(_time, settings);
        var snapshot = await Always(() =>
            {
                _captured = [];
                var facts = _store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue).GetEnumerator();
                return (Facts: facts, Any: facts.MoveNext());
            })
            .ConfigureAwait(false);
        try
        {
            await Task.Run(() => fold.Load(Rest(snapshot.Facts, snapshot.Any), cancel), cancel).ConfigureAwait(false);
            await Always(() =>
                {
                    fold.Load(_captured!.Order());
                    Volatile.Write(ref _fold, fold);
                    swap(fold);
                    return true;
                })
                .ConfigureAwait(false);
        }
        finally
        {
            snapshot.Facts.Dispose();
            await Always(() => (_captured = null) is null).ConfigureAwait(false);
        }
    }

    static IEnumerable<DatedFact> Rest(IEnumerator<DatedFact> facts, bool any)
    {
        for (; any; any = facts.MoveNext())
            yield return facts.Current;
    }

    /// <summary>Runs something on the writer's thread between two transactions, however many wait.</summary>
    async Task<T> Always<T>(Func<T> run)
    {
        var turn = new Turn<T>(run);
        await _writes.Writer.WriteAsync(turn).ConfigureAwait(false);
        return await turn.Done.Task.ConfigureAwait(false);
    }

    void Loop()
    {
        var batch = new List<Write>();
        while (_writes.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.Clear();
            while (batch.Count < MostOfOneTransaction && _writes.Reader.TryPeek(out var next))
            {
                if (next.IsTurn && batch.Count > 0)
                    break;
                _writes.Reader.TryRead(out _);
                if (next.IsTurn)
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

    void Commit(List<Write> batch)
    {
        var fold = Fold;
        try
        {
            if (_connection is null)
            {
                _connection = _store.Connect();
                _writer = new(_connection);
                _statements = new(_connection);
            }
            WriteScope scope;
            using (var transaction = _store.BeginExclusive(_connection))
            {
                _writer!.Transaction = _statements!.Transaction = transaction;
                scope = new(_connection, transaction, _writer, _statements, fold.Reserve());
                foreach (var write in batch)
                    Try(write, scope, transaction);
                transaction.Commit();
            }
            if (scope.Facts.Count > 0)
                fold.Apply(scope.Facts, scope.Stamp);
            _captured?.AddRange(scope.Facts);
            _fault = null;
            if (scope.Facts.Count > 0)
                Applied?.Invoke(scope.Facts);
            foreach (var write in batch)
                write.Complete();
        }
        catch (Exception e)
        {
            _fault = _store.Unavailable(e);
            Disconnect();
            foreach (var write in batch)
                write.Fail(_fault ?? e);
        }
        finally
        {
            fold.Release();
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
    void Try(Write write, WriteScope scope, DbTransaction transaction)
    {
        const string Name = "one_write";
        var facts = scope.Facts.Count;
        transaction.Save(Name);
        try
        {
            write.Run(scope);
        }
        catch (Exception e) when (_store.Unavailable(e) is null)
        {
            transaction.Rollback(Name);
            scope.Facts.RemoveRange(facts, scope.Facts.Count - facts);
            _writer!.Forget();
            write.Fail(e);
        }
        transaction.Release(Name);
    }

    /// <summary>Lets the writes that wait be done, then stops.</summary>
    public ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        _thread.Join();
        return ValueTask.CompletedTask;
    }

    abstract class Write
    {
        public virtual bool IsTurn => false;

        public abstract void Run(WriteScope scope);

        public abstract void Complete();

        public abstract void Fail(Exception why);
    }

    class Write<T>(Func<WriteScope, T> run) : Write
    {
        T? _result;

        public TaskCompletionSource<T> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Run(WriteScope scope)
        {
            try
            {
                _result = run(scope);
            }
            catch (Exception e) when (IsTurn)
            {
                Fail(e);
            }
        }

        public override void Complete() => Done.TrySetResult(_result!);

        public override void Fail(Exception why) => Done.TrySetException(why);
    }

    sealed class Turn<T>(Func<T> run) : Write<T>(_ => run())
    {
        public override bool IsTurn => true;
    }
}
