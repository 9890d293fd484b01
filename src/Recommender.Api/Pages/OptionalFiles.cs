using Recommender.Facts;

namespace Recommender.Api.Pages;

/// <summary>Files of the history contract that may be left out.</summary>
static class OptionalFiles
{
    /// <summary>Those of which the history has nothing.</summary>
    public static IReadOnlyList<string> Missing(LiveRecommender live)
    {
        var held = live.Store.Tables();
        return
        [
            .. FactTables
                .OfFacts.Where(table => !table.Required && table.TakesRows && table.MakesFeatures && !held.Contains(table.Name))
                .Select(table => table.Name),
        ];
    }
}
