namespace Recommender.CoSell;

/// <summary>The question: which partner for this opportunity, given what was seen strictly before <paramref name="AsOf"/>.</summary>
/// <param name="AsOf">UTC, exclusive.</param>
/// <param name="Opportunity">The deal; its id is empty when only the account is asked about.</param>
public sealed record Decision(DateTime AsOf, Opportunity Opportunity)
{
    /// <summary>The account, if it does not stand in the history; null if it does.</summary>
    public Account? NewAccount { get; init; }

    /// <summary>A question about an account, for a deal that does not stand in the history.</summary>
    public static Decision About(AccountId accountId, DateTime asOf, string? product = null, double? amount = null) =>
        new(asOf, new("", accountId, product, amount, null, asOf, null, null, Outcome.Open, null, Attributes.None));
}
