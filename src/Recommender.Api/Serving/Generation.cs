using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Api.Serving;

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
