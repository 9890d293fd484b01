using Recommender.Capabilities.CoSellList;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Recommender.Api.Serving;

/// <summary>
/// Keeps the index of open deals in step: what facts, rules or models touched is looked at again, on a thread that takes a share of one
/// core.
/// </summary>
sealed partial class IndexWorker(
    OpportunityIndex index,
    LiveModels live,
    LiveHistory history,
    Func<RuleSet> rules,
    RecommenderOptions.IndexOptions options,
    TimeProvider time,
    ILogger logger
)
{
    Thread? _thread;

    OpportunityIndex Index { get; } = index;

    LiveHistory History { get; } = history;

    /// <summary>Starts the thread.</summary>
    public void Start(CancellationToken stop)
    {
        _thread = new(KeepIndex)
        {
            IsBackground = true,
            Name = "opportunity index",
            Priority = ThreadPriority.BelowNormal,
        };
        _thread.Start(stop);
    }

    /// <summary>Waits until the thread has ended.</summary>
    public void Join() => _thread?.Join();

    /// <summary>Has all open deals looked at again.</summary>
    public void ReindexAll()
    {
        var fold = History.Fold;
        Index.Touch(fold.Read(_ => fold.States[0].OpenDeals.Select(deal => deal.Id).ToList()));
    }

    /// <summary>Has deals looked at again that facts have something to say about, and the open ones of such accounts.</summary>
    public void Reindex(IReadOnlySet<AccountId> accounts, IReadOnlySet<OpportunityId> deals)
    {
        var fold = History.Fold;
        Index.Touch(
            fold.Read(_ => accounts.SelectMany(fold.States[0].OpenDealsOf).Select(deal => deal.Id).Concat(deals).ToHashSet())
        );
    }

    /// <summary>Looks at a deal again.</summary>
    public void Refresh(OpportunityId opportunityId)
    {
        Index.Take(opportunityId);
        LookAt(opportunityId);
    }

    void LookAt(OpportunityId opportunityId)
    {
        try
        {
            Index.Set(opportunityId, Found(opportunityId));
        }
        finally
        {
            Index.Done(opportunityId);
        }
    }

    IndexedOpportunity? Found(OpportunityId opportunityId)
    {
        using var generation = live.Lease();
        var (fold, applied) = (generation.Fold, rules());
        return fold.Read(asOf =>
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
                applied
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
    }

    void KeepIndex(object? token)
    {
        var stop = (CancellationToken)token!;
        while (!stop.IsCancellationRequested)
        {
            if (!Index.TryTake(time.GetUtcNow().UtcDateTime.AddMinutes(-options.RefreshMinutes), out var id))
            {
                stop.WaitHandle.WaitOne(50);
                continue;
            }
            var started = Stopwatch.GetTimestamp();
            try
            {
                LookAt(id);
            }
            catch (InvalidOperationException e)
            {
                Log.NotIndexed(logger, e.Message);
            }
            var rest = Stopwatch.GetElapsedTime(started) * (100.0 / options.CorePercent - 1);
            if (rest.TotalMilliseconds >= 1)
                stop.WaitHandle.WaitOne(rest);
        }
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A deal was not indexed: {Reason}")]
        public static partial void NotIndexed(ILogger logger, string reason);
    }
}
