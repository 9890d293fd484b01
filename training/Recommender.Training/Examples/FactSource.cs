using Recommender.CoSell;

namespace Recommender.Training;

/// <summary>Facts that can be read more than once, and the tables they come from.</summary>
sealed record FactSource(Func<DateTime, IEnumerable<DatedFact>> Before, IReadOnlyList<string> Files)
{
    /// <summary>Every fact.</summary>
    public IEnumerable<DatedFact> All => Before(DateTime.MaxValue);
}
