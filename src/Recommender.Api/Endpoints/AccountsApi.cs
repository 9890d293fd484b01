using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Endpoints;

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
sealed record AccountsResponse(IReadOnlyList<AccountResponse> Items, Pagination Pagination);

static class AccountsApi
{
    const int MostSkipped = 100_000;

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/accounts").RequireAuthorization("recommend").WithTags("Accounts");
        group.MapGet("", Find).WithName("FindAccounts");
        group.MapGet("/{id}", Get).WithName("GetAccount");
    }

    /// <summary>With q: accounts whose name or id holds it, best first. Without: accounts by when they were last changed; the last cursor is a bookmark for what comes later</summary>
    public static Results<Ok<AccountsResponse>, Invalid, Unavailable> Find(
        HttpContext http,
        LiveRecommender live,
        string? q = null,
        int limit = 25,
        string? cursor = null,
        string? updated_since = null
    )
    {
        if (limit is < 1 or > 1000)
            return Problems.Invalid("limit", FormattableString.Invariant($"Found {limit}; expected 1 to 1000."));
        if (q is { Length: > JsonRow.LongestId })
            return Problems.Invalid("q", $"Expected at most {JsonRow.LongestId} characters.");
        var since = DateTime.MinValue;
        if (updated_since is not null && !Instants.TryParse(updated_since, out since))
            return Problems.Invalid("updated_since", "Expected an ISO 8601 date or instant such as 2026-01-31T09:30:00Z.");
        if (!live.Answers)
            return Problems.NotReady(http);
        if (q is not null && updated_since is not null)
            return Problems.Invalid("updated_since", "Expected either q or updated_since.");
        return q is not null ? Search(http, live, q, limit, cursor) : Changed(http, live, since, limit, cursor);
    }

    static Results<Ok<AccountsResponse>, Invalid, Unavailable> Search(
        HttpContext http,
        LiveRecommender live,
        string q,
        int limit,
        string? cursor
    )
    {
        var skip = cursor is null ? 0 : Cursor.ReadNumber(cursor);
        if (skip is null or > MostSkipped)
            return Problems.Invalid("cursor", "Expected the next_cursor of an earlier answer.");
        var found = live.Read((state, _) => state.FindAccounts(q, limit + 1, (int)skip));
        var next = found.Count > limit ? Cursor.Of((skip.Value + limit).ToString(CultureInfo.InvariantCulture)) : null;
        return TypedResults.Ok(new AccountsResponse([.. found.Take(limit).Select(Response)], Pagination.Of(http, next)));
    }

    static Results<Ok<AccountsResponse>, Invalid, Unavailable> Changed(
        HttpContext http,
        LiveRecommender live,
        DateTime since,
        int limit,
        string? cursor
    )
    {
        var after = "";
        if (cursor is not null)
        {
            if (
                Cursor.Read(cursor, 2) is not [var at, var id]
                || !long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
                || ticks > DateTime.MaxValue.Ticks
            )
                return Problems.Invalid("cursor", "Expected the next_cursor of an earlier answer.");
            (since, after) = (new(ticks, DateTimeKind.Utc), id);
        }
        var rows = live.Store.AccountsSince(since, after, limit);
        var items = live.Read(
            (state, _) => rows.Select(row => state.FindAccount(row.AccountId)).OfType<Account>().Select(Response).ToList()
        );
        var next =
            rows.Count > 0
                ? Cursor.Of(rows[^1].AppliedAt.Ticks.ToString(CultureInfo.InvariantCulture), rows[^1].AccountId)
                : cursor;
        return TypedResults.Ok(new AccountsResponse(items, Pagination.Of(http, next)));
    }

    /// <summary>One account, with its ETag</summary>
    public static Results<Ok<AccountResponse>, NotFound, Unavailable> Get(string id, HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Read((state, _) => state.FindAccount(id)) is not { } account)
            return Problems.NotFound("No such account.");
        if (live.Store.Find(FactTables.Accounts, id) is { } stored)
            http.Response.Headers.ETag = RowsApi.ETag(stored.Fingerprint);
        return TypedResults.Ok(Response(account));
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
            account
                .Attributes.Names.Zip(account.Attributes.Values)
                .Where(pair => pair.Second is not null)
                .ToDictionary(pair => pair.First, pair => pair.Second!)
        );
}
