using Microsoft.Extensions.Options;
using Recommender.Artifacts;
using Recommender.History;
using Recommender.Scoring;

namespace Recommender.Api;

/// <summary>Opens database and live packages at start and keeps the fold in memory. The process does not start on a package that fails its checks.</summary>
sealed partial class LiveRanker(IOptions<RecommenderOptions> options, TimeProvider time, ILogger<LiveRanker> logger)
    : IHostedService,
        IDisposable
{
    ModelPackage? _fit;
    ModelPackage? _win;
    PartnerRanker? _ranker;

    /// <summary>The ranker, or null while the history is being read.</summary>
    public PartnerRanker? Ranker => Volatile.Read(ref _ranker);

    /// <summary>The registry of packages.</summary>
    public ModelRegistry Registry { get; private set; } = null!;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        Registry = new(settings.Models.Path);
        _fit = Registry.OpenLive(ModelPackage.PartnerFit);
        _win = Registry.OpenLive(ModelPackage.WinProbability);
        var store = new SqliteHistoryStore(settings.Database.Path);
        if (settings.Demo.Enabled && store.Tables().Count == 0)
        {
            var summary = store.Import(
                new HistoryFolder(settings.Demo.Path),
                settings.Database.Path + ".rejected.csv",
                strict: false
            );
            Log.Imported(
                logger,
                summary.Tables.Sum(table => table.Accepted),
                summary.Tables.Sum(table => table.Rejected),
                settings.Demo.Path
            );
        }
        var ranker = new PartnerRanker(_fit, _win);
        var started = time.GetTimestamp();
        foreach (var fact in store.ReadFacts(time.GetUtcNow().UtcDateTime))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ranker.Apply(fact);
        }
        Log.Replayed(
            logger,
            ranker.State.Facts,
            ranker.State.AccountCount,
            ranker.State.PartnerCount,
            time.GetElapsedTime(started).TotalMilliseconds
        );
        if (_fit is null)
            Log.NoModel(logger);
        Volatile.Write(ref _ranker, ranker);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _fit?.Dispose();
        _win?.Dispose();
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Imported {Accepted} rows ({Rejected} rejected) from {Folder}")]
        public static partial void Imported(ILogger logger, long accepted, long rejected, string folder);

        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "Replayed {Facts} facts of {Accounts} accounts and {Partners} partners in {Milliseconds:0} ms"
        )]
        public static partial void Replayed(ILogger logger, long facts, int accounts, int partners, double milliseconds);

        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "No partner-fit model is live: rankings come from the best simple baseline"
        )]
        public static partial void NoModel(ILogger logger);
    }
}
