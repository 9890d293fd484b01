using Microsoft.Extensions.Options;
using Recommender.Access;
using Recommender.Capabilities.CoSellList;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Records;
using Recommender.Webhooks;

namespace Recommender.Api.Serving;

/// <summary>An answer and the version of the rules and the moment it was made with.</summary>
sealed record Answered(Recommendation Recommendation, DateTime MadeAt);

/// <summary>
/// What answers: history, models, rules and index in step. Opens them at start and closes them when the last call is done. The process
/// does not start if packages were promoted and none stands its checks.
/// </summary>
sealed partial class LiveRecommender(
    IOptions<RecommenderOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<LiveRecommender> logger
) : IHostedLifecycleService, IAsyncDisposable
{
    readonly RecommenderOptions _options = options.Value;
    readonly CancellationTokenSource _stop = new();
    FileStream? _lock;
    string? _sandbox;
    RuleSet _rules = RuleSet.None;
    Task _working = Task.CompletedTask;
    IndexWorker? _worker;
    volatile bool _isDraining;
    int _isStopped;
    int _isDisposed;

    /// <summary>True once history, models and rules answer, until the service is told to stop.</summary>
    public bool IsReady => Models is { IsOpen: true } && !_isDraining;

    public bool IsDraining => _isDraining;

    /// <summary>True while questions are answered: once ready, and on while draining.</summary>
    public bool Answers => IsReady || IsDraining;

    /// <summary>False once a database that others write to has not been heard of for a while: answers are of what was known then.</summary>
    public bool IsInTouch => History is null || History.SinceContact < TimeSpan.FromSeconds(_options.Database.SilentSeconds);

    /// <summary>False while the database is read only, full or gone.</summary>
    public bool TakesWrites => !_options.Database.ReadOnly && History?.Fault is null;

    public ModelRegistry Registry { get; private set; } = null!;

    public HistoryStore Store { get; private set; } = null!;

    public LiveHistory History { get; private set; } = null!;

    public RecommendationJournal Journal { get; private set; } = null!;

    public EventLog Events { get; private set; } = null!;

    public WebhookRegister Webhooks { get; private set; } = null!;

    public ApiKeys Keys { get; private set; } = null!;

    public IdempotencyKeys IdempotencyKeys { get; private set; } = null!;

    public RuleStore RuleStore { get; private set; } = null!;

    /// <summary>The models and what they answer from.</summary>
    public LiveModels Models { get; private set; } = null!;

    /// <summary>What would have been answered, or was.</summary>
    public PastRankings Past { get; private set; } = null!;

    /// <summary>What follows from facts that touch an account.</summary>
    public AccountWatch Accounts { get; private set; } = null!;

    /// <summary>What is done with leads.</summary>
    public LeadRouting Leads { get; private set; } = null!;

    public OpportunityIndex Index { get; } = new();

    /// <summary>What amounts are compared in, if that is set.</summary>
    public string? BaseCurrency => _options.BaseCurrency;

    /// <summary>Counts imports; what was said before one cannot be computed again.</summary>
    public long Epoch { get; private set; }

    public RuleSet Rules => Volatile.Read(ref _rules);

    /// <summary>The versions that answer now.</summary>
    public IReadOnlyDictionary<string, string> Versions => Models.Versions;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var path = _options.DatabaseFile;
        if (_options.Sandbox.Enabled)
        {
            _sandbox = Directory.CreateTempSubdirectory("recommender-sandbox-").FullName;
            path = Path.Combine(_sandbox, "sandbox.db");
        }
        var isServer = _options.IsOnServer;
        if (!_options.Database.ReadOnly && !isServer)
            _lock = DatabaseLock.Take(path);
        Store = isServer
            ? new SqlServerHistoryStore(
                _options.ConnectionString
                    ?? throw new InvalidDataException(
                        "ConnectionStrings:Recommender is empty; expected how to reach SQL Server, since Database:Provider is SqlServer."
                    ),
                _options.Database.ReadOnly
            )
            : new SqliteHistoryStore(path, _options.Database.ReadOnly, _options.Database.MaxMegabytes);
        if (isServer)
            path = Path.Combine(Path.GetTempPath(), FormattableString.Invariant($"recommender-{Environment.ProcessId}"));
        Registry = new(_options.Models.Path, Store);
        Models = new(Registry, _options.Models.Path, Replaced, time, logger);
        Accounts = new(this, _options.Database.ReadOnly, time, logger);
        Leads = new(this, _options.Database.ReadOnly, time, logger);
        Past = new(Models, Store, _options.Past);
        var models = Models.OpenNewest();
        Keys = new(Store);
        if (_options.Sandbox.Enabled)
            Log.SandboxKey(logger, Keys.Create("sandbox", ApiKeys.AllScopes, Now()).Secret);
        IdempotencyKeys = new(Store);
        RuleStore = new(Store);
        Events = new(Store);
        Webhooks = new(Store);
        _working = Task.Run(() => OpenAsync(models, path), _stop.Token);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Says that it is no longer ready and lets the platform notice before calls are refused.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isDraining = true;
        Log.Draining(logger, _options.Drain.Seconds);
        await Task.Delay(TimeSpan.FromSeconds(_options.Drain.Seconds), time, CancellationToken.None);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await EndAsync();
        Log.Stopped(logger);
    }

    /// <summary>Ends what is done in the background and writes what was accepted.</summary>
    async Task EndAsync()
    {
        if (Interlocked.Exchange(ref _isStopped, 1) != 0)
            return;
        await _stop.CancelAsync();
        try
        {
            await _working.WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException) { }
        if (History is not null)
        {
            if (History.Fault is null or { Fault: StoreFault.Full })
                await Journal.FlushAsync();
            await History.DisposeAsync();
        }
        _lock?.Dispose();
    }

    async Task OpenAsync(RankingModels models, string path)
    {
        try
        {
            var started = time.GetTimestamp();
            if ((_options.Demo.Enabled || _options.Sandbox.Enabled) && !_options.Database.ReadOnly)
                await FillAsync(path);
            Epoch = Store.Epoch();
            Volatile.Write(ref _rules, RuleStore.Newest().Rules);
            Events.Webhooks = Webhooks.List();
            History = LiveHistory.Open(Store, time, models.Folds, _options.Limits.Writes, _stop.Token);
            // Made before the first who asks waits for it.
            Read((state, _) => state.FindCompany(null, "example", null));
            // What reading left behind goes back to the machine: the service will not need as much again.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            History.FaultChanged = fault =>
            {
                if (fault is null)
                    Log.WritesAgain(logger);
                else
                    Log.NoWrites(logger, fault.Message, ReasonOf(fault));
            };
            History.NotTakenIn = fault => Log.NotTakenIn(logger, fault.Message.ReplaceLineEndings(" "));
            Journal = new(Store, History, Events);
            var state = History.Fold.States[0];
            Log.Replayed(
                logger,
                state.Facts,
                state.AccountCount,
                state.PartnerCount,
                time.GetElapsedTime(started).TotalMilliseconds
            );
            if (models.Versions.Count < 2)
                Log.NoModel(logger, string.Join(", ", ModelRegistry.Models.Except(models.Versions.Keys)));
            _worker = new(Index, Models, History, () => Rules, _options.Index, time, logger);
            _worker.ReindexAll();
            History.Applied = facts =>
            {
                var (accounts, deals) = Read((fold, _) => fold.ConcernedBy(facts));
                // What no ranking asks about touches no deal of the index.
                var ranked = facts.Where(fact => FactTables.Of(fact.Kind).MakesFeatures).ToList();
                if (ranked.Count == facts.Count)
                    _worker.Reindex(accounts, deals);
                else if (Read((fold, _) => fold.ConcernedBy(ranked)) is var (ofRanking, dealsOfRanking))
                    _worker.Reindex(ofRanking, dealsOfRanking);
                Accounts.Touched(facts, accounts);
                Leads.Touched(facts);
            };
            Models.Begin(models, History);
            _worker.Start(_stop.Token);
            await new Housekeeping(this, Models, _options, time, logger).RunAsync(_stop.Token);
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // Whatever it was about to do is not needed any more.
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.Failed(
                logger,
                e is StoreUnavailableException fault ? $"{fault.Message} {ReasonOf(fault)}" : e.Message.ReplaceLineEndings(" ")
            );
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    /// <summary>What the database or its driver said, in one line.</summary>
    static string ReasonOf(StoreUnavailableException fault) => fault.GetBaseException().Message.ReplaceLineEndings(" ");

    /// <summary>Fills an empty database with the demo history; where another replica is about to, waits until it has.</summary>
    async Task FillAsync(string path)
    {
        if (Store.Tables().Count > 0)
            return;
        using var shifted = _options.Demo.ShiftDates
            ? new ShiftedHistory(_options.Demo.Path, DateOnly.FromDateTime(Now()).AddDays(-1))
            : null;
        var folder = shifted?.Folder ?? _options.Demo.Path;
        while (Store.Tables().Count == 0)
        {
            try
            {
                var summary = Store.Import(new HistoryFolder(folder), path + ".rejected.csv", strict: false);
                Log.Imported(
                    logger,
                    summary.Tables.Sum(table => table.Accepted),
                    summary.Tables.Sum(table => table.Rejected),
                    _options.Demo.Path
                );
            }
            catch (StoreUnavailableException e) when (Store.IsShared && e.Fault == StoreFault.Busy)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, _stop.Token);
            }
        }
    }

    /// <summary>Ranks as of now; null if the account is unknown, or the opportunity is not one of its own.</summary>
    public Answered? Rank(RankingRequest request)
    {
        while (true)
        {
            using var generation = Models.Lease();
            // A swap may have taken the fold over meanwhile; its facts no longer come here.
            if (!ReferenceEquals(generation.Fold, History.Fold))
                continue;
            var rules = Rules;
            return generation.Fold.Read(asOf =>
                generation.Ranker.Rank(request with { AsOf = asOf }, rules) is { } answer ? new Answered(answer, asOf) : null
            );
        }
    }

    /// <summary>Asks something of the state as it is now.</summary>
    public T Read<T>(Func<HistoryState, DateTime, T> read)
    {
        var fold = History.Fold;
        return fold.Read(asOf => read(fold.States[0], asOf));
    }

    /// <summary>Answers by these rules from now on, unless newer ones hold already.</summary>
    public void SetRules(RuleSet rules)
    {
        RuleSet held;
        do
        {
            held = Rules;
            if (held.Version >= rules.Version)
                return;
        } while (Interlocked.CompareExchange(ref _rules, rules, held) != held);
        _worker!.ReindexAll();
    }

    /// <summary>Takes over the rules that another process set.</summary>
    public void FollowRules()
    {
        if (RuleStore.NewestVersion() > Rules.Version)
            SetRules(RuleStore.Newest().Rules);
    }

    /// <summary>Looks at a deal again.</summary>
    public void Refresh(OpportunityId opportunityId) => _worker!.Refresh(opportunityId);

    /// <summary>What is to be done when other models answer.</summary>
    void Replaced(bool isReimported)
    {
        if (isReimported)
        {
            Epoch = Store.Epoch();
            Log.Reimported(logger, Epoch);
            Leads.Forget();
        }
        _worker!.ReindexAll();
    }

    /// <summary>Notes an event by itself.</summary>
    public void Note(Event happened) => History.TryWrite(scope => Events.Append(scope, happened), out _);

    public DateTime Now() => time.GetUtcNow().UtcDateTime;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        await EndAsync();
        _worker?.Join();
        Past?.Dispose();
        Models?.Dispose();
        if (_sandbox is not null)
            Directory.Delete(_sandbox, true);
        _stop.Dispose();
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Imported {Accepted} rows ({Rejected} rejected) from {Folder}")]
        public static partial void Imported(ILogger logger, long accepted, long rejected, string folder);

        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "Ready: folded {Facts} facts of {Accounts} accounts and {Partners} partners in {Milliseconds:0} ms"
        )]
        public static partial void Replayed(ILogger logger, long facts, int accounts, int partners, double milliseconds);

        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "No {Models} model is live: without partner-fit the best simple baseline ranks, without win-probability chances are unknown"
        )]
        public static partial void NoModel(ILogger logger, string models);

        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "Sandbox: made-up data that is thrown away at the end; call it with {Key}"
        )]
        public static partial void SandboxKey(ILogger logger, string key);

        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "Folded anew, because another process imported a history, an account was erased, or a fold had failed; imports and erasures so far: {Epoch}"
        )]
        public static partial void Reimported(ILogger logger, long epoch);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Message} {Reason}")]
        public static partial void NoWrites(ILogger logger, string message, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "The database takes writes again")]
        public static partial void WritesAgain(ILogger logger);

        [LoggerMessage(
            Level = LogLevel.Error,
            Message = "What was written stands, but could not be folded; the history is folded anew: {Reason}"
        )]
        public static partial void NotTakenIn(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Critical, Message = "The service cannot start: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Draining: not ready any more, calls are taken for {Seconds} s")]
        public static partial void Draining(ILogger logger, double seconds);

        [LoggerMessage(Level = LogLevel.Information, Message = "Stopped: all that was accepted is written")]
        public static partial void Stopped(ILogger logger);
    }
}
