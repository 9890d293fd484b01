using System.Globalization;
using System.Text;

namespace Recommender.Api;

/// <summary>Where a list goes on.</summary>
/// <param name="NextCursor">Hand it in as cursor for what follows. Null if nothing follows now.</param>
/// <param name="NextHref">The same as an address.</param>
/// <param name="HasMore">False at the end.</param>
/// <param name="Bookmark">Of a feed: keep it, and hand it in as cursor later for what came since. Null where a list has an end for good.</param>
public sealed record Pagination(string? NextCursor, string? NextHref, bool HasMore, string? Bookmark)
{
    /// <summary>A place in a list that has an end for good.</summary>
    internal static Pagination Of(HttpContext http, string? next) => new(next, Href(http, next), next is not null, null);

    /// <summary>A place in a feed, which goes on whenever something happens.</summary>
    internal static Pagination OfFeed(HttpContext http, string? bookmark, bool hasMore)
    {
        var next = hasMore ? bookmark : null;
        return new(next, Href(http, next), hasMore, bookmark);
    }

    static string? Href(HttpContext http, string? cursor)
    {
        if (cursor is null)
            return null;
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(http.Request.QueryString.Value);
        query["cursor"] = cursor;
        return Microsoft.AspNetCore.WebUtilities.QueryHelpers.AddQueryString(Addresses.PathOf(http), query);
    }
}

/// <summary>An opaque place in a list: callers must not look inside.</summary>
static class Cursor
{
    public static string Of(params string[] parts) =>
        Convert
            .ToBase64String(Encoding.UTF8.GetBytes(string.Join('\u001f', parts)))
            .TrimEnd('=')
            .Replace('+', '-')
            .Replace('/', '_');

    /// <summary>A place in a list by moment, and by id within one.</summary>
    public static string Of(DateTime at, string id) => Of(at.Ticks.ToString(CultureInfo.InvariantCulture), id);

    /// <summary>What is wrong with how much of a list is asked for, and where it goes on; null if nothing is.</summary>
    public static Invalid? Fault(int limit, string? cursor, out (DateTime At, string Id)? after)
    {
        after = cursor is null ? null : ReadMoment(cursor);
        return limit is < 1 or > 1000
                ? Problems.Invalid("limit", FormattableString.Invariant($"Found {limit}; expected 1 to 1000."))
            : cursor is not null && after is null ? Problems.Invalid("cursor", "Expected the next_cursor of an earlier answer.")
            : null;
    }

    /// <summary>The moment and the id of a cursor; null if it is none of ours.</summary>
    public static (DateTime At, string Id)? ReadMoment(string cursor) =>
        Read(cursor, 2) is [var at, var id]
        && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
        && ticks <= DateTime.MaxValue.Ticks
            ? (new DateTime(ticks, DateTimeKind.Utc), id)
            : null;

    /// <summary>The parts of a cursor; null if it is none of ours.</summary>
    public static string[]? Read(string? cursor, int parts)
    {
        if (cursor is null || cursor.Length > 2000)
            return null;
        var text = cursor.Replace('-', '+').Replace('_', '/');
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out var length))
            return null;
        var found = Encoding.UTF8.GetString(bytes, 0, length).Split('\u001f');
        return found.Length == parts ? found : null;
    }

    public static long? ReadNumber(string? cursor) =>
        Read(cursor, 1) is [var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? at
            : null;
}
