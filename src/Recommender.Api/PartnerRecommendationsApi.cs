using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Scoring;

namespace Recommender.Api;

/// <summary>A question about an account.</summary>
sealed record PartnerRecommendationsRequest
{
    /// <summary>The account.</summary>
    public required string AccountId { get; init; }

    /// <summary>A deal of the account; without it product and amount may be given.</summary>
    public string? OpportunityId { get; init; }

    /// <summary>What is to be sold.</summary>
    public string? Product { get; init; }

    /// <summary>What it is worth, zero or more.</summary>
    public double? Amount { get; init; }

    /// <summary>How many partners at most, 1 to 100.</summary>
    public int Limit { get; init; } = 10;
}

/// <summary>Ranked partners for an account.</summary>
sealed record PartnerRecommendationsResponse
{
    public required string RecommendationId { get; init; }

    public required string AccountId { get; init; }

    public string? OpportunityId { get; init; }

    /// <summary>What was seen strictly before this moment counts.</summary>
    public required DateTime AsOf { get; init; }

    public required IReadOnlyDictionary<string, string> ModelVersions { get; init; }

    /// <summary>The baseline that answered, or null if the model did.</summary>
    public string? Fallback { get; init; }

    /// <summary>How many partners were ranked.</summary>
    public required int Candidates { get; init; }

    /// <summary>The score of an average candidate; contributions add up from here.</summary>
    public required double ExpectedScore { get; init; }

    public required IReadOnlyList<RecommendedPartner> Partners { get; init; }

    public required IReadOnlyList<ExcludedPartner> Excluded { get; init; }

    /// <summary>What the numbers are not.</summary>
    public string Note { get; } = "lift is an estimate from observed deals, not an experiment; null means unknown";
}

static class PartnerRecommendationsApi
{
    public static void MapPartnerRecommendations(this IEndpointRouteBuilder routes) =>
        routes
            .MapPost("/v1/partner-recommendations", Handle)
            .WithName("RecommendPartners")
            .WithSummary("Ranked partners for an account or one of its deals")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    static Results<Ok<PartnerRecommendationsResponse>, ProblemHttpResult, ValidationProblem> Handle(
        PartnerRecommendationsRequest request,
        LiveRanker live,
        TimeProvider time
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (string.IsNullOrWhiteSpace(request.AccountId) || request.AccountId.Length > 200)
            errors["account_id"] = ["Expected 1 to 200 characters."];
        if (request.OpportunityId is { Length: 0 or > 200 })
            errors["opportunity_id"] = ["Expected 1 to 200 characters."];
        if (request.Product is { Length: > 200 })
            errors["product"] = ["Expected at most 200 characters."];
        if (request.Limit is < 1 or > 100)
            errors["limit"] = [$"Found {request.Limit}; expected 1 to 100."];
        if (request.Amount is { } amount && !(amount >= 0 && double.IsFinite(amount)))
            errors["amount"] = ["Expected a number, zero or more."];
        if (request.OpportunityId is not null && (request.Product is not null || request.Amount is not null))
            errors["opportunity_id"] = ["Expected either a deal, or product and amount."];
        if (errors.Count > 0)
            return TypedResults.ValidationProblem(errors);
        if (live.Ranker is not { } ranker)
            return Health.NotReady();
        var answer = ranker.Rank(
            new(request.AccountId, time.GetUtcNow().UtcDateTime)
            {
                OpportunityId = request.OpportunityId,
                Product = request.Product,
                Amount = request.Amount,
                Limit = request.Limit,
            }
        );
        return answer is null
            ? TypedResults.Problem(
                request.OpportunityId is null ? "No such account." : "No such account, or the opportunity is not one of its own.",
                statusCode: StatusCodes.Status404NotFound
            )
            : TypedResults.Ok(Response(answer));
    }

    static PartnerRecommendationsResponse Response(Recommendation answer) =>
        new()
        {
            RecommendationId = "rec_" + RandomNumberGenerator.GetHexString(24, lowercase: true),
            AccountId = answer.AccountId,
            OpportunityId = answer.OpportunityId,
            AsOf = answer.AsOf,
            ModelVersions = answer.ModelVersions,
            Fallback = answer.Fallback,
            Candidates = answer.Candidates,
            ExpectedScore = answer.ExpectedScore,
            Partners = answer.Partners,
            Excluded = answer.Excluded,
        };
}
