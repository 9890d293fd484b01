using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Endpoints;

/// <summary>How others find rows of a table: by a text in their names, or in the order in which they were written.</summary>
/// <param name="Table">The table.</param>
/// <param name="Search">Rows whose name or id holds a text, best first, at most so many.</param>
/// <param name="Find">The row of an id; null if there is none.</param>
/// <param name="IdOf">The id of a row.</param>
sealed record FoundRows<T>(
    FactTable<T> Table,
    Func<HistoryState, string, int, IReadOnlyList<T>> Search,
    Func<HistoryState, string, T?> Find,
    Func<T, string> IdOf
)
    where T : class
{
    const int MostFound = 100_000;

    /// <summary>A page of them.</summary>
    public Results<Ok<TResponse>, Invalid, Gone, Unavailable> Answer<TResponse>(
        HttpContext http,
        LiveRecommender live,
        string? q,
        int limit,
        string? cursor,
        string? updatedSince,
        Func<IEnumerable<T>, Pagination, TResponse> response
    )
    {
        if (limit is < 1 or > 1000)
            return Problems.Invalid("limit", FormattableString.Invariant($"Found {limit}; expected 1 to 1000."));
        if (q is { Length: > JsonRow.LongestId })
            return Problems.Invalid("q", $"Expected at most {JsonRow.LongestId} characters.");
        var since = DateTime.MinValue;
        if (updatedSince is not null && !Instants.TryParse(updatedSince, out since))
            return Problems.Invalid("updated_since", "Expected an ISO 8601 date or instant such as 2026-01-31T09:30:00Z.");
        if (q is not null && updatedSince is not null)
            return Problems.Invalid("updated_since", "Expected either q or updated_since.");
        if (!live.Answers)
            return Problems.NotReady(http);
        return q is not null
            ? Found(http, live, q, limit, cursor, response)
            : Written(http, live, since, limit, cursor, response);
    }

    Results<Ok<TResponse>, Invalid, Gone, Unavailable> Found<TResponse>(
        HttpContext http,
        LiveRecommender live,
        string q,
        int limit,
        string? cursor,
        Func<IEnumerable<T>, Pagination, TResponse> response
    )
    {
        if (!KeptLists<string>.IsCursor(cursor))
            return Problems.Invalid("cursor", "Expected the next_cursor of an earlier answer.");
        var page = http
            .RequestServices.GetRequiredService<KeptLists<string>>()
            .Page(
                $"{Table.Name} {q}",
                cursor,
                limit,
                () => live.Read((state, _) => Search(state, q, MostFound).Select(IdOf).ToList())
            );
        if (page is null)
            return new Gone();
        var rows = live.Read((state, _) => page.Items.Select(id => Find(state, id)).OfType<T>().ToList());
        return TypedResults.Ok(response(rows, Pagination.Of(http, page.Next)));
    }

    Results<Ok<TResponse>, Invalid, Gone, Unavailable> Written<TResponse>(
        HttpContext http,
        LiveRecommender live,
        DateTime since,
        int limit,
        string? cursor,
        Func<IEnumerable<T>, Pagination, TResponse> response
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
                return Problems.Invalid("cursor", "Expected the next_cursor or bookmark of an earlier answer.");
            (since, after) = (new(ticks, DateTimeKind.Utc), id);
        }
        // As the database has them: what was just imported, or is of a day to come, the fold may not hold yet.
        var rows = live.Store.WrittenSince(Table, since, after, limit + 1);
        var hasMore = rows.Count > limit;
        if (hasMore)
            rows = [.. rows.Take(limit)];
        if (rows is [.., var last])
            (since, after) = (last.WrittenAt, last.Row.Key);
        return TypedResults.Ok(
            response(
                rows.Select(row => Table.Read(row.Row)),
                Pagination.OfFeed(http, Cursor.Of(since.Ticks.ToString(CultureInfo.InvariantCulture), after), hasMore)
            )
        );
    }
}
