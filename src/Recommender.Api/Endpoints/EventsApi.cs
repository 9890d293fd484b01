using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Webhooks;

namespace Recommender.Api.Endpoints;

/// <summary>An event as CloudEvents 1.0 has it.</summary>
sealed record CloudEvent(
    string Specversion,
    string Id,
    string Source,
    string Type,
    string Subject,
    DateTime Time,
    string Datacontenttype,
    JsonElement Data
)
{
    public static CloudEvent Of(LoggedEvent happened) =>
        new(
            "1.0",
            happened.EventId,
            "/recommender",
            "recommender." + happened.Type,
            happened.Subject,
            happened.At,
            "application/json",
            happened.Data
        );
}

/// <summary>Events in the order in which they happened.</summary>
sealed record EventsResponse(IReadOnlyList<CloudEvent> Items, Pagination Pagination);

static class EventsApi
{
    public static void MapEvents(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/events", List).RequireAuthorization("recommend").WithTags("Events").WithName("ListEvents");

    /// <summary>What happened, oldest first; keep the bookmark and ask again with it for what comes later</summary>
    public static Results<Ok<EventsResponse>, Invalid, Unavailable> List(
        HttpContext http,
        LiveRecommender live,
        string? cursor = null,
        int limit = 25,
        string? type = null
    )
    {
        if (limit is < 1 or > 1000)
            return Problems.Invalid("limit", FormattableString.Invariant($"Found {limit}; expected 1 to 1000."));
        var after = cursor is null ? 0 : Cursor.ReadNumber(cursor);
        if (after is null)
            return Problems.Invalid("cursor", "Expected the next_cursor or bookmark of an earlier answer.");
        if (type is not null && !EventLog.Types.Contains(type))
            return Problems.Invalid("type", $"Expected one of {string.Join(", ", EventLog.Types)}.");
        if (!live.Answers)
            return Problems.NotReady(http);
        var found = live.Events.Read(after.Value, limit + 1, type);
        var events = found.Take(limit).ToList();
        var bookmark = Cursor.Of((events is [.., var last] ? last.Sequence : after.Value).ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(
            new EventsResponse([.. events.Select(CloudEvent.Of)], Pagination.OfFeed(http, bookmark, hasMore: found.Count > limit))
        );
    }
}
