using Recommender.CoSell;

namespace Recommender.Training;

/// <summary>Facts that can be read more than once, and the tables they come from.</summary>
sealed record FactSource(Func<DateTime, IEnumerable<DatedFact>> Before, IReadOnlyList<string> Files)
{
    /// <summary>Every fact.</summary>
    public IEnumerable<DatedFact> All => Before(DateTime.MaxValue);

    /// <summary>Facts seen before a moment, those of one instant together; who its accounts and partners are comes first.</summary>
    public IEnumerable<IReadOnlyList<DatedFact>> Instants(DateTime until)
    {
        var instant = new List<DatedFact>();
        foreach (var fact in Before(until))
        {
            if (instant is [var first, ..] && first.AppliedAt != fact.AppliedAt)
            {
                yield return instant;
                instant = [];
            }
            instant.Add(fact);
        }
        if (instant.Count > 0)
            yield return instant;
    }

    /// <summary>True if it says who an account or a partner is: what happens at its instant is judged with it.</summary>
    public static bool IsMaster(DatedFact fact) =>
        !fact.IsRetraction && (fact.Kind == FactKind.Account || fact.Kind == FactKind.Partner);
}
