using Microsoft.Extensions.Options;
using Recommender.CoSell;
using Recommender.History;
using Recommender.Journal;
using Recommender.Models;
using Recommender.Scoring;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Recommender.Api;

/// <summary>An answer and the version of the rules and the moment it was made with.</summary>
sealed record Answered(Recommendation Recommendation, DateTime MadeAt);

/// <summary>
/// What answers: history, models, rules and index in step. Opens them at start, swaps models and rules while it answers, and closes them
/// when the last call is done. The process does not start on a package that fails its checks.
/// </summary>
sealed partial class LiveRecommender(
    IOptions<RecommenderOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<LiveRecommender> logger
) : IHostedLifecycleService, IAsyncDisposable
{
    readonly RecommenderOptions _options = options.Value;
    readonly SemaphoreSlim _swapping = new(1, 1);
    readonly SemaphoreSlim _refolding = new(1, 1);
    readonly CancellationTokenSource _stop = new();
    readonly Lock _openVersions = new();
    readonly List<(string Versions, RankingModels Models)> _pastModels = [];

    // By model, the live version that does not stand its checks, why, and when it was last tried.
    readonly Dictionary<string, (string Version, string Reason, DateTime At)> _refused = [];
    FileStream? _lock;
    string? _sandbox;
    Generation? _generation;
    RuleSet _rules = RuleSet.None;
    Task _working = Task.CompletedTask;
    Thread? _index;
    volatile bool _isDraining;
    int _isStopped;
    int _isDisposed;

    /// <summary>True once history, models and rules answer, until the service is told to stop.</summary>
    public bool IsReady => Volatile.Read(ref _generation) is not null && !_isDraining;

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

    public OpportunityIndex Index { get; } = new();

    /// <summary>Counts imports; what was said before one cannot be computed again.</summary>
    public long Epoch { get; private set; }

    public RuleSet Rules => Volatile.Read(ref _rules);

    /// <summary>The versions that answer now.</summary>
    public IReadOnlyDictionary<string, string> Versions => Current.Models.Versions;

    Generation Current => Volatile.Read(ref _generation) ?? throw new InvalidOperationException("Not ready.");

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var path = _options.Database.Path;
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
                _options.Database.ConnectionString is { Length: > 0 } text
                    ? text
                    : throw new InvalidDataException(
                        "Database:ConnectionString is empty; expected how to reach SQL Server, since Database:Provider is SqlServer."
                    ),
                _options.Database.ReadOnly
            )
            : new SqliteHistoryStore(path, _options.Database.ReadOnly, _options.Database.MaxMegabytes);
        if (isServer)
            path = Path.Combine(Path.GetTempPath(), "recommender");
        Registry = new(_options.Models.Path, Store);
        var models = new RankingModels(OpenNewest(ModelPackage.PartnerFit), OpenNewest(ModelPackage.WinProbability));
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

    /// <summary>The live package, or the newest before it that stands its checks: a file that was damaged must not keep the service from starting.</summary>
    ModelPackage? OpenNewest(string model)
    {
        var package = Registry.OpenNewest(model, out var refused);
        foreach (var (version, reason) in refused)
            Log.WentBack(logger, model, version, package!.Manifest.Version, reason);
        if (refused is [var (live, why), ..])
            _refused[model] = (live, why, Now());
        return package;
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
        Log.Stopped(logger);
    }

    async Task OpenAsync(RankingModels models, string path)
    {
        try
        {
            var started = time.GetTimestamp();
            if ((_options.Demo.Enabled || _options.Sandbox.Enabled) && !_options.Database.ReadOnly && Store.Tables().Count == 0)
            {
                var summary = Store.Import(new HistoryFolder(_options.Demo.Path), path + ".rejected.csv", strict: false);
                Log.Imported(
                    logger,
                    summary.Tables.Sum(table => table.Accepted),
                    summary.Tables.Sum(table => table.Rejected),
                    _options.Demo.Path
                );
            }
            Epoch = Store.Epoch();
            Volatile.Write(ref _rules, RuleStore.Newest().Rules);
            Events.Webhooks = Webhooks.List();
            History = LiveHistory.Open(Store, time, models.Folds, _options.Limits.Writes, _stop.Token);
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
            ReindexAll();
            History.Applied = Reindex;
            Volatile.Write(ref _generation, new(models, History.Fold));
            _index = new(KeepIndex)
            {
                IsBackground = true,
                Name = "opportunity index",
                Priority = ThreadPriority.BelowNormal,
            };
            _index.Start(_stop.Token);
            await WatchAsync();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.Failed(logger, e.Message.ReplaceLineEndings(" "));
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    /// <summary>Ranks as of now; null if the account is unknown, or the opportunity is not one of its own.</summary>
    public Answered? Rank(RankingRequest request)
    {
        while (true)
        {
            using var generation = Lease();
            // A swap may have taken the fold over meanwhile; its facts no longer come here.
            if (!ReferenceEquals(generation.Fold, History.Fold))
                continue;
            var rules = Rules;
            return generation.Fold.Read(asOf =>
                generation.Ranker.Rank(request with { AsOf = asOf }, rules) is { } answer ? new Answered(answer, asOf) : null
            );
        }
    }

    /// <summary>
    /// Ranks as of a past moment from what the service knew at another: null if the account was unknown. Folds the history again unless
    /// nothing has happened since; one such question at a time.
    /// </summary>
    /// <exception cref="TimeoutException">Too many ask about the past.</exception>
    public async Task<Recommendation?> RankPastAsync(
        RankingRequest request,
        DateTime knownBefore,
        RuleSet rules,
        IReadOnlyDictionary<string, string>? versions,
        CancellationToken cancel
    )
    {
        if (versions is null || Same(versions, Versions))
        {
            using var generation = Lease();
            Recommendation? now = null;
            if (
                knownBefore >= request.AsOf
                && generation.Fold.TryReadPast(request.AsOf, () => generation.Ranker.Rank(request, rules), out now)
            )
                return now;
            return await RefoldAsync(generation.Models, request, knownBefore, rules, cancel);
        }
        return await RefoldAsync(PastModelsOf(versions), request, knownBefore, rules, cancel);
    }

    async Task<Recommendation?> RefoldAsync(
        RankingModels models,
        RankingRequest request,
        DateTime knownBefore,
        RuleSet rules,
        CancellationToken cancel
    )
    {
        if (!await _refolding.WaitAsync(TimeSpan.FromSeconds(5), cancel))
            throw new TimeoutException("Too many questions about the past.");
        try
        {
            return await Task.Run(
                () =>
                {
                    var states = models.Folds.Select(fold => new HistoryState(fold)).ToList();
                    foreach (var fact in Store.ReadApplied(request.AsOf, knownBefore))
                    {
                        cancel.ThrowIfCancellationRequested();
                        foreach (var state in states)
                            state.Apply(fact);
                    }
                    return new PartnerRanker(models, states).Rank(request, rules);
                },
                cancel
            );
        }
        finally
        {
            _refolding.Release();
        }
    }

    /// <summary>Asks something of the state as it is now.</summary>
    public T Read<T>(Func<HistoryState, DateTime, T> read)
    {
        var fold = History.Fold;
        return fold.Read(asOf => read(fold.States[0], asOf));
    }

    /// <summary>
    /// Answers with a version from now on and makes it live: opened and put to use first, the pointer last. Null goes back to the version
    /// that was live before.
    /// </summary>
    /// <exception cref="InvalidDataException">The package is refused; what was live stays live.</exception>
    public async Task<string> SwapAsync(string model, string? version, CancellationToken cancel)
    {
        await _swapping.WaitAsync(cancel);
        try
        {
            var back = version is null ? Registry.Return(model) : null;
            var package = Registry.Open(model, version ?? back!.Version);
            var models = ModelsOf(Versions, package);
            PointerMove move;
            try
            {
                move = back ?? Registry.Promotion(package);
            }
            catch
            {
                models.Close();
                throw;
            }
            await ReplaceAsync(models, move.Make, CancellationToken.None);
            return move.Version;
        }
        catch (InvalidDataException e)
        {
            // Where the packages lie is nobody's business but ours.
            throw new InvalidDataException(e.Message.Replace(_options.Models.Path, "models", StringComparison.Ordinal), e);
        }
        finally
        {
            _swapping.Release();
        }
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
        ReindexAll();
    }

    void ReindexAll() => Index.Touch(Read((state, _) => state.OpenDeals.Select(deal => deal.Id).ToList()));

    /// <summary>
    /// Answers with the versions that the registry says are live, if those are others. One that is refused does not keep the other model
    /// from being followed.
    /// </summary>
    async Task<bool> FollowAsync(CancellationToken cancel)
    {
        var now = Versions;
        var wanted = now.ToDictionary();
        var opened = new List<ModelPackage>();
        try
        {
            foreach (var model in ModelRegistry.Models)
            {
                var live = Registry.Live(model);
                if (live is null)
                    wanted.Remove(model);
                else if (live == now.GetValueOrDefault(model))
                    _refused.Remove(model);
                else if (TryOpen(model, live) is { } package)
                {
                    opened.Add(package);
                    wanted[model] = live;
                }
            }
            if (Same(wanted, now) && !History.IsOutdated)
                return false;
        }
        catch
        {
            opened.ForEach(package => package.Dispose());
            throw;
        }
        await ReplaceAsync(ModelsOf(wanted, [.. opened]), () => { }, cancel);
        return true;
    }

    /// <summary>Opens a live version; null if it is refused, which is said once. It is tried again every minute, for it may be mended in place.</summary>
    ModelPackage? TryOpen(string model, string version)
    {
        _refused.TryGetValue(model, out var before);
        if (before.Version == version && (Now() - before.At).TotalMinutes < 1)
            return null;
        try
        {
            return Registry.Open(model, version);
        }
        catch (Exception e) when (e is InvalidDataException or UnauthorizedAccessException)
        {
            if (before.Version != version || before.Reason != e.Message)
                Log.Refused(logger, e.Message.ReplaceLineEndings(" "));
            _refused[model] = (version, e.Message, Now());
            return null;
        }
    }

    /// <summary>The models of these versions, <paramref name="opened"/> among them or in their place. If one is refused all are closed.</summary>
    RankingModels ModelsOf(IReadOnlyDictionary<string, string> versions, params IReadOnlyList<ModelPackage> opened)
    {
        var packages = opened.ToDictionary(package => package.Manifest.Model);
        try
        {
            foreach (var (model, version) in versions)
            {
                if (!packages.ContainsKey(model))
                    packages[model] = Registry.Open(model, version);
            }
            return new(
                packages.GetValueOrDefault(ModelPackage.PartnerFit),
                packages.GetValueOrDefault(ModelPackage.WinProbability)
            );
        }
        catch
        {
            foreach (var package in packages.Values)
                package.Dispose();
            throw;
        }
    }

    /// <summary>Answers with these models from now on; <paramref name="move"/> makes the pointer say so.</summary>
    async Task ReplaceAsync(RankingModels models, Action move, CancellationToken cancel)
    {
        var old = Current;
        var isOutdated = History.IsOutdated;
        Generation? next = null;
        try
        {
            if (models.FitInto(old.Models) && !isOutdated)
            {
                next = new(models, old.Fold);
                move();
                Volatile.Write(ref _generation, next);
            }
            else
            {
                await History.RefoldAsync(
                    models.Folds,
                    fold => Volatile.Write(ref _generation, next = new(models, fold)),
                    cancel
                );
                // Once the fold was replaced there is no way back but to follow the pointer, as is done all the time.
                move();
            }
        }
        finally
        {
            if (ReferenceEquals(Current, next))
                old.Retire();
            else
                models.Close();
        }
        if (isOutdated)
        {
            Epoch = Store.Epoch();
            Log.Reimported(logger, Epoch);
        }
        ReindexAll();
        Log.Swapped(logger, string.Join(", ", models.Versions.Select(pair => $"{pair.Key} {pair.Value}")));
    }

    /// <summary>Follows the live pointer, which the console moves, and takes care of what grows old.</summary>
    async Task WatchAsync()
    {
        string? refused = null;
        var purged = DateTime.MinValue;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(_options.Models.WatchMilliseconds), time);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            await _swapping.WaitAsync(_stop.Token);
            try
            {
                var before = Versions;
                if (Store.IsShared)
                    FollowOthers();
                // Where there are several, whoever moved the pointer has told of it.
                if (await FollowAsync(_stop.Token) && !Store.IsShared)
                {
                    foreach (var (model, version) in Versions.Where(pair => before.GetValueOrDefault(pair.Key) != pair.Value))
                        Note(Event.OfModel("model.promoted", model, version, before.GetValueOrDefault(model), Now()));
                }
                refused = null;
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                if (refused != e.Message)
                    Log.Refused(logger, e.Message.ReplaceLineEndings(" "));
                refused = e.Message;
            }
            finally
            {
                _swapping.Release();
            }
            if ((Now() - purged).TotalHours < 1 || _options.Database.ReadOnly)
                continue;
            purged = Now();
            var kept = purged.AddDays(-_options.Journal.RetentionDays);
            History.TryWrite(
                scope =>
                    RecommendationJournal.Purge(scope, kept)
                    + WebhookRegister.Purge(scope, kept)
                    + EventLog.Purge(scope, kept)
                    + Recommender.Journal.IdempotencyKeys.Purge(scope, purged.AddDays(-1)),
                out _
            );
        }
    }

    /// <summary>Takes over what other replicas changed beside facts and models.</summary>
    void FollowOthers()
    {
        if (RuleStore.NewestVersion() > Rules.Version)
            SetRules(RuleStore.Newest().Rules);
        Events.Webhooks = Webhooks.List();
    }

    /// <summary>Notes an event by itself.</summary>
    public void Note(Event happened) => History.TryWrite(scope => Events.Append(scope, happened), out _);

    public DateTime Now() => time.GetUtcNow().UtcDateTime;

    /// <summary>Deals that facts have something to say about are looked at again.</summary>
    void Reindex(IReadOnlyList<DatedFact> facts)
    {
        var fold = History.Fold;
        var touched = fold.Read(_ =>
        {
            var state = fold.States[0];
            var deals = new HashSet<string>();
            foreach (var fact in facts)
            {
                var (account, deal) = fact.Noun switch
                {
                    Account row => (row.Id, null),
                    Opportunity row => (row.AccountId, row.Id),
                    Engagement row => (state.FindOpportunity(row.OpportunityId)?.AccountId, row.OpportunityId),
                    StageChange row => (state.FindOpportunity(row.OpportunityId)?.AccountId, row.OpportunityId),
                    Touch row => (row.AccountId, row.OpportunityId),
                    AccountOverlap row => (row.AccountId, null),
                    DealRegistration row => (row.AccountId, null),
                    Assist row => (row.AccountId, row.OpportunityId),
                    Feedback row => (row.AccountId, row.OpportunityId),
                    _ => (null, (string?)null),
                };
                if (deal is not null)
                    deals.Add(deal);
                if (account is not null)
                    deals.UnionWith(state.OpenDealsOf(account).Select(open => open.Id));
            }
            return deals;
        });
        Index.Touch(touched);
    }

    /// <summary>Looks at a deal again.</summary>
    public void Refresh(string opportunityId)
    {
        Index.Untouch(opportunityId);
        using var generation = Lease();
        var (fold, rules) = (generation.Fold, Rules);
        var entry = fold.Read(asOf =>
        {
            var state = fold.States[0];
            if (!state.IsOpen(opportunityId) || state.FindOpportunity(opportunityId) is not { } deal)
                return null;
            var answer = generation.Ranker.Rank(
                new(deal.AccountId, asOf)
                {
                    OpportunityId = deal.Id,
                    Limit = OpportunityIndex.Kept,
                    Explain = false,
                },
                rules
            );
            return answer is null
                ? null
                : new IndexedOpportunity(
                    deal,
                    asOf,
                    [
                        .. answer.Partners.Select(partner => new PartnerOption(
                            partner.PartnerId,
                            partner.Lift ?? double.NaN,
                            partner.WinProbability ?? double.NaN
                        )),
                    ]
                );
        });
        Index.Set(opportunityId, entry);
    }

    void KeepIndex(object? token)
    {
        var stop = (CancellationToken)token!;
        while (!stop.IsCancellationRequested)
        {
            if (!Index.TryTake(Now().AddMinutes(-_options.Index.RefreshMinutes), out var id))
            {
                stop.WaitHandle.WaitOne(50);
                continue;
            }
            var started = Stopwatch.GetTimestamp();
            try
            {
                Refresh(id);
            }
            catch (InvalidOperationException e)
            {
                Log.NotIndexed(logger, e.Message);
            }
            var rest = Stopwatch.GetElapsedTime(started) * (100.0 / _options.Index.CorePercent - 1);
            if (rest.TotalMilliseconds >= 1)
                stop.WaitHandle.WaitOne(rest);
        }
    }

    RankingModels PastModelsOf(IReadOnlyDictionary<string, string> versions)
    {
        var key = string.Join(' ', versions.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        lock (_openVersions)
        {
            var at = _pastModels.FindIndex(past => past.Versions == key);
            if (at >= 0)
                return _pastModels[at].Models;
            var models = ModelsOf(versions);
            // What falls out is closed when nobody holds it any more.
            if (_pastModels.Count >= 4)
                _pastModels.RemoveAt(0);
            _pastModels.Add((key, models));
            return models;
        }
    }

    static bool Same(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.Count == right.Count && left.All(pair => right.GetValueOrDefault(pair.Key) == pair.Value);

    Generation Lease()
    {
        while (true)
        {
            var generation = Current;
            if (generation.TryLease())
                return generation;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        _index?.Join();
        if (History is not null)
            await History.DisposeAsync();
        _lock?.Dispose();
        Volatile.Read(ref _generation)?.Retire();
        if (_sandbox is not null)
            Directory.Delete(_sandbox, true);
        _swapping.Dispose();
        _refolding.Dispose();
        _stop.Dispose();
    }

    /// <summary>Models and the fold they read, swapped as one. Closed when it was retired and the last lease ended.</summary>
    sealed class Generation(RankingModels models, LiveFold fold) : IDisposable
    {
        int _leases = 1;

        public RankingModels Models { get; } = models;

        public LiveFold Fold { get; } = fold;

        public PartnerRanker Ranker { get; } = new(models, fold.States);

        public bool TryLease()
        {
            int leases;
            do
            {
                leases = Volatile.Read(ref _leases);
                if (leases == 0)
                    return false;
            } while (Interlocked.CompareExchange(ref _leases, leases + 1, leases) != leases);
            return true;
        }

        public void Retire() => Dispose();

        public void Dispose()
        {
            if (Interlocked.Decrement(ref _leases) == 0)
                Models.Close();
        }
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

        [LoggerMessage(Level = LogLevel.Information, Message = "Live now: {Versions}")]
        public static partial void Swapped(ILogger logger, string versions);

        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "Another process imported a history, the {Epoch}. so far: folded anew"
        )]
        public static partial void Reimported(ILogger logger, long epoch);

        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "{Model} {Refused}, which is live, is refused; {Answers}, promoted before it, answers: {Reason}"
        )]
        public static partial void WentBack(ILogger logger, string model, string refused, string answers, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "The live pointer is not followed, what was live stays: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Critical, Message = "The service cannot start: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "A deal was not indexed: {Reason}")]
        public static partial void NotIndexed(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Draining: not ready any more, calls are taken for {Seconds} s")]
        public static partial void Draining(ILogger logger, double seconds);

        [LoggerMessage(Level = LogLevel.Information, Message = "Stopped: all that was accepted is written")]
        public static partial void Stopped(ILogger logger);
    }
}
