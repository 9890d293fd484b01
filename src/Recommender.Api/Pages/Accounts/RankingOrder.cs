namespace Recommender.Api.Pages.Accounts;

/// <summary>An order in which an account's page can show its partners.</summary>
/// <param name="Objective">What the API calls it.</param>
/// <param name="Name">What the page calls it, after "by".</param>
/// <param name="Meaning">A sentence for the page.</param>
public sealed record RankingOrder(string Objective, string Name, string Meaning)
{
    /// <summary>All of them; the first unless another is asked for.</summary>
    public static IReadOnlyList<RankingOrder> All { get; } =
    [
        new("fit", "fit", "Who gets chosen for such deals stands first, more so where they were won."),
        new("win_probability", "chance of winning", "With whom the deal is likeliest to be won stands first; ties by fit."),
        new(
            "expected_value",
            "expected value",
            "With whom the deal is worth most, chance times amount, stands first: for one deal the same order as by chance of winning."
        ),
        new(
            "lift",
            "difference",
            "Who adds most to the chance of winning stands first; where that is unknown, they come last, by fit."
        ),
    ];
}
