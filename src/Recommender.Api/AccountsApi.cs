using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;

namespace Recommender.Api;

/// <summary>An account as the history knows it.</summary>
sealed record AccountResponse(
    string AccountId,
    string? Name,
    string? Industry,
    string? Country,
    string? Region,
    double? EmployeeCount,
    double? AnnualRevenue,
    DateTime? CreatedAt,
    IReadOnlyDictionary<string, string> Attributes
);

/// <summary>Accounts found.</summary>
sealed record AccountsResponse(IReadOnlyList<AccountResponse> Items);

static class AccountsApi
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes
            .MapGet("/v1/accounts", Find)
            .WithName("FindAccounts")
            .WithSummary("Accounts whose name or id holds q, those that begin with it first")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes
            .MapGet("/v1/accounts/{id}", Get)
            .WithName("GetAccount")
            .WithSummary("One account")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    static Results<Ok<AccountsResponse>, ProblemHttpResult, ValidationProblem> Find(
        LiveRanker live,
        string? q = null,
        int limit = 25
    )
    {
        if (limit is < 1 or > 1000)
            return TypedResults.ValidationProblem(
                new Dictionary<string, string[]> { ["limit"] = [$"Found {limit}; expected 1 to 1000."] }
            );
        if (live.Ranker is not { } ranker)
            return Health.NotReady();
        return TypedResults.Ok(new AccountsResponse([.. ranker.FindAccounts(q ?? "", limit).Select(Response)]));
    }

    static Results<Ok<AccountResponse>, ProblemHttpResult> Get(string id, LiveRanker live)
    {
        if (live.Ranker is not { } ranker)
            return Health.NotReady();
        return ranker.State.FindAccount(id) is { } account
            ? TypedResults.Ok(Response(account))
            : TypedResults.Problem("No such account.", statusCode: StatusCodes.Status404NotFound);
    }

    static AccountResponse Response(Account account) =>
        new(
            account.Id,
            account.Name,
            account.Industry,
            account.Country,
            account.Region,
            account.EmployeeCount,
            account.AnnualRevenue,
            account.CreatedAt,
            account
                .Attributes.Names.Zip(account.Attributes.Values)
                .Where(pair => pair.Second is not null)
                .ToDictionary(pair => pair.First, pair => pair.Second!)
        );
}
