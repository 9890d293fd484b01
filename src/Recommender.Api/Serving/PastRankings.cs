using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Recommender.Api.Serving;

/// <summary>
/// Rankings as of a past moment and of what the service knew at another, by the versions that answered then: in a lane of their own, on
/// one thread that takes a share of one core, so that ordinary rankings keep their pace. Questions that wait together are answered on one
/// way through the history.
/// </summary>
sealed class PastRankings(LiveModels live, HistoryStore store, RecommenderOptions.PastOptions options) : IDisposable
{
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan _idle = TimeSpan.FromMinutes(1);
    static readonly TimeSpan _workWithoutRest = TimeSpan.FromMilliseconds(2);

    // Nearly all that a fold allocates stays, so that a collection takes as long as there is new: many short ones, which nobody notices,
    // instead of few that hold every ranking up for tens of milliseconds.
    const long BytesWithoutCollection = 512 * 1024;
    readonly Lock _openVersions = new();
    readonly List<(string Versions, RankingModels Models)> _pastModels = [];
    readonly Lock _starting = new();
    readonly List<Question> _waiting = [];
    readonly SemaphoreSlim _arrived = new(0);
    readonly PastFold _fold = new(store, options.Snapshots, options.Megabytes * 1024L * 1024L);
    Thread? _thread;
    PartnerRanker? _ranker;
    IReadOnlyList<HistoryState>? _rankerStates;
    volatile bool _isStopped;
    long _rested;
    long _collectedAt;

    /// <summary>
    /// Ranks as of a past moment from what the service knew at another: null if the account was unknown. Answered by the fold of now if
    /// nothing has happened since, else in the lane.
    /// </summary>
    /// <exception cref="TimeoutException">Too many ask about the past.</exception>
    public async Task<Recommendation?> RankAsync(
        RankingRequest request,
        DateTime knownBefore,
        RuleSet rules,
        IReadOnlyDictionary<string, string>? versions,
        CancellationToken cancel
    )
    {
        if (versions is null || LiveModels.Same(versions, live.Versions))
        {
            using var generation = live.Lease();
            Recommendation? now = null;
            if (
                knownBefore >= request.AsOf
                && generation.Fold.TryReadPast(request.AsOf, () => generation.Ranker.Rank(request, rules), out now)
            )
                return now;
            return await AskAsync(new(generation.Models, generation.Fold.Facts, request, knownBefore, rules), cancel);
        }
        using var current = live.Lease();
        return await AskAsync(new(ModelsOf(versions), current.Fold.Facts, request, knownBefore, rules), cancel);
    }

    async Task<Recommendation?> AskAsync(Question question, CancellationToken cancel)
    {
        lock (_starting)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            if (_waiting.Count >= options.Waiting)
                throw new TimeoutException("Too many questions about the past.");
            _waiting.Add(question);
            if (_thread is null)
            {
                _thread = new(Work)
                {
                    IsBackground = true,
                    Name = "past rankings",
                    Priority = ThreadPriority.BelowNormal,
                };
                _thread.UnsafeStart();
            }
        }
        _arrived.Release();
        using var patience = new Timer(
            _ => question.GiveUp(new TimeoutException("Too many questions about the past."), evenBegun: false),
            null,
            _patience,
            Timeout.InfiniteTimeSpan
        );
        await using var cancelled = cancel.UnsafeRegister(
            _ => question.GiveUp(new OperationCanceledException(cancel), evenBegun: true),
            null
        );
        return await Limits.AsideAsync(question.Answer);
    }

    void Work()
    {
        while (!_isStopped)
        {
            if (!_arrived.Wait(_idle))
            {
                // A fold is large: it is not kept for nobody.
                _fold.Forget();
                (_ranker, _rankerStates) = (null, null);
                _arrived.Wait();
            }
            List<Question> batch;
            lock (_starting)
            {
                _waiting.RemoveAll(question => question.IsOver);
                if (_waiting.Count == 0)
                    continue;
                var key = _waiting[0].Key;
                batch = [.. _waiting.Where(question => question.Key == key && question.TryBegin())];
                _waiting.RemoveAll(batch.Contains);
            }
            if (batch.Count > 0)
                Answer(batch);
        }
    }

    void Answer(List<Question> batch)
    {
        try
        {
            _rested = Stopwatch.GetTimestamp();
            _fold.Answer(
                batch[0].Models.Folds,
                [.. batch.Select(Asked)],
                batch[0].Facts,
                (after, before) => Joining(batch, after, before),
                () =>
                {
                    if (_isStopped || batch.TrueForAll(question => question.IsOver))
                        throw new OperationCanceledException();
                    Rest();
                }
            );
        }
        catch (Exception e)
        {
            foreach (var question in batch)
                question.GiveUp(e, evenBegun: true);
        }
    }

    /// <summary>Questions that came meanwhile and lie ahead on the way.</summary>
    List<PastQuestion> Joining(List<Question> batch, DateTime after, DateTime before)
    {
        lock (_starting)
        {
            var joining = _waiting
                .Where(question =>
                    question.Key == batch[0].Key
                    && question.Request.AsOf > after
                    && question.Request.AsOf < before
                    && question.TryBegin()
                )
                .ToList();
            _waiting.RemoveAll(joining.Contains);
            batch.AddRange(joining);
            return [.. joining.Select(Asked)];
        }
    }

    PastQuestion Asked(Question question) => new(question.Request.AsOf, question.KnownBefore, states => Answer(question, states));

    void Answer(Question question, IReadOnlyList<HistoryState> states)
    {
        if (!question.TryRank())
            return;
        try
        {
            if (!ReferenceEquals(_rankerStates, states) || !ReferenceEquals(_ranker?.Models, question.Models))
                (_ranker, _rankerStates) = (new(question.Models, states), states);
            question.Done(_ranker!.Rank(question.Request, question.Rules));
        }
        catch (Exception e)
        {
            question.Failed(e);
        }
    }

    /// <summary>Leaves the core to others for as long as its share says.</summary>
    void Rest()
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        if (allocated - _collectedAt > BytesWithoutCollection)
        {
            _collectedAt = allocated;
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        }
        var worked = Stopwatch.GetElapsedTime(_rested);
        if (worked < _workWithoutRest || options.CorePercent >= 100)
            return;
        Thread.Sleep(worked * (100.0 / options.CorePercent - 1));
        _rested = Stopwatch.GetTimestamp();
    }

    RankingModels ModelsOf(IReadOnlyDictionary<string, string> versions)
    {
        var key = string.Join(' ', versions.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        lock (_openVersions)
        {
            var at = _pastModels.FindIndex(past => past.Versions == key);
            if (at >= 0)
                return _pastModels[at].Models;
            var models = live.ModelsOf(versions);
            // What falls out is closed when nobody holds it any more.
            if (_pastModels.Count >= 4)
                _pastModels.RemoveAt(0);
            _pastModels.Add((key, models));
            return models;
        }
    }

    public void Dispose()
    {
        List<Question> waiting;
        lock (_starting)
        {
            if (_isStopped)
                return;
            _isStopped = true;
            waiting = [.. _waiting];
            _waiting.Clear();
        }
        foreach (var question in waiting)
            question.GiveUp(new OperationCanceledException("The service stops."), evenBegun: true);
        _arrived.Release();
        _thread?.Join();
        _arrived.Dispose();
    }

    /// <summary>A question on its way. Once its ranking is computed it cannot be given up: its models are in use.</summary>
    sealed class Question(RankingModels models, long facts, RankingRequest request, DateTime knownBefore, RuleSet rules)
    {
        const int Waiting = 0;
        const int Begun = 1;
        const int Ranking = 2;
        const int Over = 3;
        readonly TaskCompletionSource<Recommendation?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int _state;

        public RankingModels Models { get; } = models;

        /// <summary>What tells apart the folds that questions can share.</summary>
        public string Key { get; } = PastFold.KeyOf(models.Folds);

        /// <summary>How many facts the history of now holds.</summary>
        public long Facts { get; } = facts;

        public RankingRequest Request { get; } = request;

        public DateTime KnownBefore { get; } = knownBefore;

        public RuleSet Rules { get; } = rules;

        public Task<Recommendation?> Answer => _answer.Task;

        public bool IsOver => Volatile.Read(ref _state) == Over;

        public bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;

        public bool TryRank() => Interlocked.CompareExchange(ref _state, Ranking, Begun) == Begun;

        public void Done(Recommendation? answer)
        {
            Volatile.Write(ref _state, Over);
            _answer.SetResult(answer);
        }

        public void Failed(Exception why)
        {
            Volatile.Write(ref _state, Over);
            _answer.SetException(why);
        }

        public void GiveUp(Exception why, bool evenBegun)
        {
            if (
                Interlocked.CompareExchange(ref _state, Over, Waiting) != Waiting
                && !(evenBegun && Interlocked.CompareExchange(ref _state, Over, Begun) == Begun)
            )
                return;
            if (why is OperationCanceledException cancelled)
                _answer.TrySetCanceled(cancelled.CancellationToken);
            else
                _answer.SetException(why);
        }
    }
}
