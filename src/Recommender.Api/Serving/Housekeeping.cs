using System.Collections.Concurrent;
using Recommender.Capabilities;
using Recommender.Facts;
using Recommender.Records;
using Recommender.Webhooks;

namespace Recommender.Api.Serving;

/// <summary>What is done beside answering: following what the console and other replicas change, and purging what grew old.</summary>
sealed partial class Housekeeping(
    LiveRecommender live,
    LiveModels models,
    RecommenderOptions options,
    TimeProvider time,
    ILogger logger
)
{
    readonly ConcurrentDictionary<string, string> _notSwept = new(StringComparer.Ordinal);

    /// <summary>Goes on until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        string? refused = null;
        var purged = DateTime.MinValue;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Models.WatchMilliseconds), time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                if (live.Store.IsShared)
                    FollowOthers();
                await FollowModelsAsync(stop);
                refused = null;
            }
            catch (Exception e) when (live.Store.IsToBlame(e) || e is InvalidDataException or UnauthorizedAccessException)
            {
                if (refused != e.Message)
                    Log.Refused(logger, e.Message.ReplaceLineEndings(" "));
                refused = e.Message;
            }
            if (options.Database.ReadOnly)
                continue;
            Sweep();
            live.Accounts.LookAtAll();
            live.Leads.RouteWaiting();
            if ((live.Now() - purged).TotalHours < 1)
                continue;
            purged = live.Now();
            var kept = purged.AddDays(-options.Journal.RetentionDays);
            live.History.TryWrite(
                scope =>
                    RecommendationJournal.Purge(scope, kept)
                    + WebhookRegister.Purge(scope, kept)
                    + EventLog.Purge(scope, kept)
                    + IdempotencyKeys.Purge(scope, purged.AddDays(-1)),
                out _
            );
        }
    }

    async Task FollowModelsAsync(CancellationToken stop)
    {
        // Where there are several, whoever moved the pointer has told of it.
        if (await models.FollowAsync(stop) is not { } before || live.Store.IsShared)
            return;
        foreach (var (model, version) in live.Versions.Where(pair => before.GetValueOrDefault(pair.Key) != pair.Value))
            live.Note(Event.OfModel("model.promoted", model, version, before.GetValueOrDefault(model), live.Now()));
    }

    /// <summary>Writes what clocks that ran out have become.</summary>
    void Sweep()
    {
        foreach (var capability in CapabilityList.All)
        {
            if (
                live.Read((state, asOf) => capability.Due(state, asOf).Any())
                && CapabilityList.TrySweep(capability.Due, live.History, live.Events, out var swept)
            )
                _ = swept.ContinueWith(
                    task => Told(capability.Name, task.Exception!.GetBaseException()),
                    CancellationToken.None,
                    TaskContinuationOptions.OnlyOnFaulted,
                    TaskScheduler.Default
                );
        }
    }

    /// <summary>Says why clocks are not written, once as long as it is the same.</summary>
    void Told(string capability, Exception why)
    {
        // Of a database that takes no writes the log tells already.
        if (live.Store.IsToBlame(why) || _notSwept.GetValueOrDefault(capability) == why.Message)
            return;
        _notSwept[capability] = why.Message;
        Log.NotSwept(logger, capability, why.Message.ReplaceLineEndings(" "));
    }

    /// <summary>Takes over what other replicas changed beside facts and models.</summary>
    void FollowOthers()
    {
        live.FollowRules();
        live.Events.Webhooks = live.Webhooks.List();
        live.History.Heard();
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The live pointer is not followed, what was live stays: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "What clocks of {Capability} became is not written: {Reason}")]
        public static partial void NotSwept(ILogger logger, string capability, string reason);
    }
}
