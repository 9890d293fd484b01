using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Capabilities.Conflicts;
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

/// <summary>Something that somebody holds on an account, or that stands against it.</summary>
/// <param name="Kind">conflict, live_registration, waiting_registration, rule, direct_deal, partner_on_deal or overlap.</param>
/// <param name="Sentence">What a person is told.</param>
/// <param name="LeavesOut">Which partners the ranking leaves out for it: all, others, some or none; for the product that was asked about, or the account as such.</param>
/// <param name="PartnerId">The partner whose it is; null where it is ours, or a rule's.</param>
/// <param name="Name">The partner's name, or its id.</param>
/// <param name="RuleId">The rule of the company by which it holds, or leaves partners out; null if none does.</param>
/// <param name="Since">Since when, UTC.</param>
/// <param name="Until">Until when, UTC.</param>
/// <param name="Id">The conflict, registration or deal.</param>
/// <param name="Rows">The rows behind it.</param>
sealed record AccountClaimResponse(
    string Kind,
    string Sentence,
    string LeavesOut,
    string? PartnerId,
    string? Name,
    string? RuleId,
    DateTime? Since,
    DateTime? Until,
    string? Id,
    IReadOnlyList<GroundRow> Rows
);

/// <summary>The claims on an account.</summary>
sealed record AccountClaimsResponse(string AccountId, long RulesVersion, IReadOnlyList<AccountClaimResponse> Items);

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
        group.MapGet("/{id}/claims", ClaimsAsync).WithName("GetAccountClaims");
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

    /// <summary>Who holds an account: open conflicts, registrations, rules of ours, our own deals, partners on deals and those that hold it too; with what a ranking for a product, or for the account as such, makes of each</summary>
    public static async Task<Results<Ok<AccountClaimsResponse>, NotFound, Unavailable>> ClaimsAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        string? product = null
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        await live.Accounts.SettledAsync(id, http.RequestAborted);
        var rules = live.Rules;
        return live.Read((state, asOf) => AccountClaims.Of(state, rules, id, product, asOf)) is { } claims
            ? TypedResults.Ok(
                new AccountClaimsResponse(
                    id,
                    rules.Version,
                    [
                        .. claims.Select(claim => new AccountClaimResponse(
                            claim.Kind,
                            claim.Sentence,
                            claim.LeavesOut,
                            claim.PartnerId?.Value,
                            claim.PartnerName,
                            claim.Rule,
                            claim.Since,
                            claim.Until,
                            claim.Id,
                            claim.Rows
                        )),
                    ]
                )
            )
            : CorrectionsApi.Missing(FactTables.Accounts, id, live.Store.WhatBecameOf(FactTables.Accounts, id));
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
