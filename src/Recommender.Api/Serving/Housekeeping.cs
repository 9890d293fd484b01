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
        if (live.Read(CapabilityList.IsAnyDue))
            CapabilityList.TrySweep(live.History, live.Events, out _);
    }

    /// <summary>Takes over what other replicas changed beside facts and models.</summary>
    void FollowOthers()
    {
        if (live.RuleStore.NewestVersion() > live.Rules.Version)
            live.SetRules(live.RuleStore.Newest().Rules);
        live.Events.Webhooks = live.Webhooks.List();
        live.History.Heard();
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The live pointer is not followed, what was live stays: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);
    }
}
