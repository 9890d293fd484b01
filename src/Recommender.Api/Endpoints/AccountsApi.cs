using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Endpoints;

/// <summary>An account as the history knows it. Put as it is, it stays as it is; when it was learned is told of one account, not in lists.</summary>
sealed record AccountResponse(
    string AccountId,
    string? Name,
    string? Industry,
    string? Country,
    string? Region,
    double? EmployeeCount,
    double? AnnualRevenue,
    DateTime? CreatedAt,
    string? Domain,
    string? ExternalId,
    DateTime? RecordedAt,
    IReadOnlyDictionary<string, string> Attributes
);

/// <summary>Accounts found.</summary>
sealed record AccountsResponse(IReadOnlyList<AccountResponse> Items, Pagination Pagination);

static class AccountsApi
{
    static readonly FoundRows<Account> _rows = new(
        FactTables.Accounts,
        (state, q, limit) => state.FindAccounts(q, limit),
        (state, id) => state.FindAccount(id),
        account => account.Id.Value
    );

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/accounts").RequireAuthorization("recommend").WithTags("Accounts");
        group.MapGet("", Find).WithName("FindAccounts");
        group.MapGet("/{id}", Get).WithName("GetAccount");
    }

    /// <summary>With q: accounts whose name or id holds it, best first. Without: accounts in the order in which they were last written, whatever their dates; one that is changed meanwhile comes again, and bookmark is for what comes later</summary>
    public static Results<Ok<AccountsResponse>, Invalid, Gone, Unavailable> Find(
        HttpContext http,
        LiveRecommender live,
        string? q = null,
        int limit = 25,
        string? cursor = null,
        string? updated_since = null
    ) =>
        _rows.Answer(
            http,
            live,
            q,
            limit,
            cursor,
            updated_since,
            (accounts, pagination) => new AccountsResponse([.. accounts.Select(Response)], pagination)
        );

    /// <summary>One account, with its ETag</summary>
    public static Results<Ok<AccountResponse>, NotFound, Unavailable> Get(string id, HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Read((state, _) => state.FindAccount(id)) is not { } account)
            return CorrectionsApi.Missing(FactTables.Accounts, id, live.Store.WhatBecameOf(FactTables.Accounts, id));
        if (live.Store.Find(FactTables.Accounts, id) is not { } stored)
            return TypedResults.Ok(Response(account));
        http.Response.Headers.ETag = RowsApi.ETag(stored.Fingerprint);
        return TypedResults.Ok(
            Response(FactTables.Accounts.Read(stored.Row)) with
            {
                RecordedAt = stored.Row["recorded_at"] as DateTime?,
            }
        );
    }

    static AccountResponse Response(Account account) =>
        new(
            account.Id.Value,
            account.Name,
            account.Industry,
            account.Country,
            account.Region,
            account.EmployeeCount,
            account.AnnualRevenue,
            account.CreatedAt,
            account.Identifiers().Domain,
            account.Identifiers().ExternalId,
            RecordedAt: null,
            AttributesOf(account.Attributes)
        );

    /// <summary>The attributes that are known.</summary>
    public static Dictionary<string, string> AttributesOf(Attributes attributes) =>
        attributes
            .Names.Zip(attributes.Values)
            .Where(pair => pair.Second is not null)
            .ToDictionary(pair => pair.First, pair => pair.Second!);
}
