using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Api.Serving;

/// <summary>Rankings as of a past moment and of what the service knew at another, by the versions that answered then.</summary>
sealed class PastRankings(LiveModels live, HistoryStore store) : IDisposable
{
    readonly SemaphoreSlim _refolding = new(1, 1);
    readonly Lock _openVersions = new();
    readonly List<(string Versions, RankingModels Models)> _pastModels = [];

    /// <summary>
    /// Ranks as of a past moment from what the service knew at another: null if the account was unknown. Folds the history again unless
    /// nothing has happened since; one such question at a time.
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
            return await RefoldAsync(generation.Models, request, knownBefore, rules, cancel);
        }
        return await RefoldAsync(ModelsOf(versions), request, knownBefore, rules, cancel);
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
                    foreach (var fact in store.ReadApplied(request.AsOf, knownBefore))
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

    public void Dispose() => _refolding.Dispose();
}
