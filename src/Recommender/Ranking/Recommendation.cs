using System.Text.Json.Serialization;
using Recommender.CoSell;

namespace Recommender.Ranking;

/// <summary>A question about an account.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="AsOf">What is seen strictly before this moment counts, UTC.</param>
public sealed record RankingRequest(AccountId AccountId, DateTime AsOf)
{
    /// <summary>A deal of the account; null to ask about the account as such.</summary>
    public OpportunityId? OpportunityId { get; init; }

    /// <summary>What is to be sold, if no deal is named.</summary>
    public string? Product { get; init; }

    /// <summary>What it is worth, if no deal is named.</summary>
    public double? Amount { get; init; }

    /// <summary>The account, if it does not stand in the history; null if it does.</summary>
    public Account? NewAccount { get; init; }

    /// <summary>How many partners to return at most, 1 to 100. The default is 10.</summary>
    public int Limit { get; init; } = 10;

    /// <summary>What to rank by. The default is <see cref="Objective.Fit"/>.</summary>
    public Objective Objective { get; init; }

    /// <summary>Which partners to rank; null for all.</summary>
    public PartnerFilter? Filters { get; init; }

    /// <summary>Give reasons; without them a ranking costs less.</summary>
    public bool Explain { get; init; } = true;

    /// <summary>How many reasons for each partner at most; all of them add up to score - expected score. The default is 3.</summary>
    public int Reasons { get; init; } = 3;
}

/// <summary>What candidates are ranked by; ties by fit.</summary>
public enum Objective
{
    /// <summary>The partner-fit model's score.</summary>
    Fit,

    /// <summary>The probability that the deal is won with the partner; expected value ranks the same.</summary>
    WinProbability,

    /// <summary>What the partner adds to it; unknown comes last.</summary>
    Lift,
}

/// <summary>Why a partner stands where it stands.</summary>
/// <param name="Text">A sentence built from facts.</param>
/// <param name="Contribution">What the idea adds to the fit score; all contributions sum to score - expected score.</param>
/// <param name="Direction">positive or negative.</param>
public sealed record Reason(string Text, double Contribution, string Direction)
{
    /// <summary>The idea it is about, the same for every partner; not part of the answer.</summary>
    [JsonIgnore]
    public string Idea { get; init; } = "";
}

/// <summary>How much history stands behind an answer.</summary>
/// <param name="SimilarDeals">
/// The partner's deals in the account's industry whose outcome is known and matured; one in several of its industries counts for each. 0 if
/// no industry is known.
/// </param>
/// <param name="PartnerDeals">The partner's deals that stand behind the lift; where that is unknown, those whose outcome is known and matured.</param>
public sealed record Support(int SimilarDeals, int PartnerDeals);

/// <summary>Who on the partner's side knows the account.</summary>
public sealed record WarmPath(string Population, int ContactCount, string? ContactLevel, DateTime Since)
{
    /// <summary>The way in that an overlap is; contacts that are not told count as none.</summary>
    public static WarmPath Of(AccountOverlap overlap) =>
        new(overlap.Population, (int)Math.Min(overlap.ContactCount ?? 0, int.MaxValue), overlap.ContactLevel, overlap.Since);
}

/// <summary>A ranked partner. Without a win-probability model the probabilities are null: unknown.</summary>
public sealed record RecommendedPartner
{
    /// <summary>The partner.</summary>
    public required string PartnerId { get; init; }

    /// <summary>Its name, if the history has one.</summary>
    public string? Name { get; init; }

    /// <summary>1 is best.</summary>
    public required int Rank { get; init; }

    /// <summary>The raw score; comparable within one answer only.</summary>
    public required double FitScore { get; init; }

    /// <summary>A to D: the score beside those of partners who were brought in on deals that the model had not seen: half of them reached A, three quarters B, nine tenths C. Null when a baseline answered.</summary>
    public string? Grade { get; init; }

    /// <summary>True if the partner has no engagement yet.</summary>
    public bool Unproven { get; init; }

    /// <summary>
    /// Calibrated probability that the deal is won: with this partner where its lift is known, else as the deal stands, which is the same for every partner.
    /// </summary>
    public double? WinProbability { get; init; }

    /// <summary>The same if no partner joins; null where the lift is, so that nothing says what is not known.</summary>
    public double? WinProbabilityAlone { get; init; }

    /// <summary>
    /// Their difference: an estimate from observed deals, not an experiment. Null where no partner that suits as little was ever brought in, on a deal that has a
    /// partner already, and where the lift of this history did not pass its gate.
    /// </summary>
    public double? Lift { get; init; }

    /// <summary>Lower end of the lift's 90 % interval; null where the lift is.</summary>
    public double? LiftLow { get; init; }

    /// <summary>Upper end of the lift's 90 % interval; null where the lift is.</summary>
    public double? LiftHigh { get; init; }

    /// <summary>
    /// How many times as likely a cause that is in no column would have to make both being brought in and winning, to explain the lift away (E-value); 1 if
    /// there is nothing to explain, null where the lift is.
    /// </summary>
    public double? LiftEValue { get; init; }

    /// <summary>The same for the end of the interval that is nearer to zero.</summary>
    public double? LiftEValueLow { get; init; }

    /// <summary>Win probability × amount, in the deal's currency; null if either is unknown.</summary>
    public double? ExpectedValue { get; init; }

    /// <summary>What stands behind the numbers.</summary>
    public required Support Support { get; init; }

    /// <summary>The largest contributions first.</summary>
    public required IReadOnlyList<Reason> Reasons { get; init; }

    /// <summary>Null if the history knows none.</summary>
    public WarmPath? WarmPath { get; init; }

    /// <summary>What to look out for.</summary>
    public required IReadOnlyList<string> Cautions { get; init; }

    /// <summary>What to do first.</summary>
    public required NextAction NextAction { get; init; }
}

/// <summary>A candidate with its numbers, as <see cref="RecommendedPartner"/> has them.</summary>
/// <param name="PartnerId">The partner.</param>
/// <param name="FitScore">The raw score; comparable within one answer only.</param>
/// <param name="IsUnproven">True if the partner has no engagement yet.</param>
/// <param name="WinProbability">That the deal is won with it where its lift is known, else as the deal stands; null without a model.</param>
/// <param name="Lift">What it adds to that; null if unknown.</param>
/// <param name="LiftLow">Lower end of the lift's 90 % interval.</param>
/// <param name="LiftHigh">Its upper end.</param>
public sealed record PartnerChance(
    PartnerId PartnerId,
    double FitScore,
    bool IsUnproven,
    double? WinProbability,
    double? Lift,
    double? LiftLow,
    double? LiftHigh
);

/// <summary>All candidates of a question, unranked, and all partners that are none.</summary>
/// <param name="Partners">In the order in which they came.</param>
/// <param name="Excluded">The others, with the rule that left each out.</param>
/// <param name="WinProbabilityAlone">That the deal is won as it stands; null without a model.</param>
public sealed record PartnerChances(
    IReadOnlyList<PartnerChance> Partners,
    IReadOnlyList<ExcludedPartner> Excluded,
    double? WinProbabilityAlone
);

/// <summary>What to do first about a partner.</summary>
/// <param name="Code">resolve_registration, join_registration, request_introduction, reconnect, qualify or propose.</param>
/// <param name="Text">The same for a person.</param>
public sealed record NextAction(string Code, string Text);

/// <summary>A partner left out before ranking, and the rule that did it.</summary>
public sealed record ExcludedPartner(string PartnerId, string Rule, string Detail);

/// <summary>The answer to a <see cref="RankingRequest"/>.</summary>
public sealed record Recommendation(
    string AccountId,
    string? OpportunityId,
    DateTime AsOf,
    IReadOnlyDictionary<string, string> ModelVersions,
    string? Fallback,
    int Candidates,
    double ExpectedScore,
    IReadOnlyList<RecommendedPartner> Partners,
    IReadOnlyList<ExcludedPartner> Excluded
)
{
    /// <summary>How many partners a rule excluded; at most 1,000 of them are listed.</summary>
    public int ExcludedCount { get; init; }

    /// <summary>The version of the rules that were applied; 0 if there are none.</summary>
    public long RulesVersion { get; init; }
}
