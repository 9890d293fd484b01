using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Webhooks;

namespace Recommender.Api.Endpoints;

/// <summary>Where to send events.</summary>
sealed record WebhookRequest
{
    /// <summary>An https address that answers 2xx.</summary>
    public required string Url { get; init; }

    /// <summary>Types of events; all if none is named.</summary>
    public IReadOnlyList<string> Types { get; set; } = [];
}

/// <summary>A webhook. The secret is shown once, when it is made.</summary>
sealed record WebhookResponse(string WebhookId, string Url, IReadOnlyList<string> Types, DateTime CreatedAt, string? Secret);

/// <summary>All webhooks.</summary>
sealed record WebhooksResponse(IReadOnlyList<WebhookResponse> Items);

/// <summary>A delivery in the log.</summary>
sealed record DeliveryResponse(
    long DeliveryId,
    string EventId,
    string Type,
    string State,
    int Attempts,
    DateTime? NextAt,
    DateTime? LastAt,
    int? LastStatus,
    string? LastError
);

/// <summary>The delivery log of a webhook.</summary>
sealed record DeliveriesResponse(IReadOnlyList<DeliveryResponse> Items, Pagination Pagination);

/// <summary>The event that was sent to try a webhook, or the delivery that is made again.</summary>
sealed record TestEventResponse(string State);

static class WebhooksApi
{
    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/webhooks").RequireAuthorization("admin").WithTags("Events");
        group.MapGet("", List).WithName("ListWebhooks");
        group.MapPost("", AddAsync).WithName("AddWebhook").Accepts<WebhookRequest>("application/json");
        group.MapDelete("/{id}", RemoveAsync).WithName("RemoveWebhook");
        group.MapPost("/{id}/test", TestAsync).WithName("TestWebhook");
        group.MapGet("/{id}/deliveries", Deliveries).WithName("ListDeliveries");
        group.MapPost("/{id}/deliveries/{deliveryId:long}/redeliver", RedeliverAsync).WithName("Redeliver");
    }

    /// <summary>All webhooks</summary>
    public static Results<Ok<WebhooksResponse>, Unavailable> List(HttpContext http, LiveRecommender live) =>
        !live.Answers
            ? Problems.NotReady(http)
            : TypedResults.Ok(new WebhooksResponse([.. live.Webhooks.List().Select(webhook => Response(webhook, null))]));

    /// <summary>Sends events there from now on, signed as Standard Webhooks has it; the secret is shown this once</summary>
    public static async Task<Results<WriteOutcome<Created<WebhookResponse>>, BadBody, Invalid>> AddAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IDataProtectionProvider protection,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    )
    {
        var (request, bytes, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.WebhookRequest
        );
        if (request is null)
            return problem!;
        var isPrivateAllowed = options.Value.Webhooks.AllowPrivate;
        if (
            request.Url is not { Length: > 0 and <= 2000 }
            || !Uri.TryCreate(request.Url, UriKind.Absolute, out var url)
            || url.Scheme != "https" && !(isPrivateAllowed && url.Scheme == "http")
            || url.UserInfo.Length > 0
        )
            return Problems.Invalid("/url", "Expected an https address without a user name, of at most 2000 characters.");
        if (!isPrivateAllowed && (PrivateAddresses.Include(url.Host) || url.IsLoopback))
            return Problems.Invalid("/url", "The address is of a private network; expected one of the internet.");
        if (request.Types is null || request.Types.Any(type => !EventLog.Types.Contains(type)))
            return Problems.Invalid("/types", $"Expected any of {string.Join(", ", EventLog.Types)}.");
        var secret = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var id = "wh_" + RandomNumberGenerator.GetHexString(16, lowercase: true);
        var guarded = protection.CreateProtector("webhooks").Protect(secret);
        var answer = await writes.RunAsync<Created<WebhookResponse>>(
            http,
            bytes,
            needsKey: true,
            dry_run,
            scope =>
            {
                var webhook = new Webhook(id, request.Url, [.. request.Types.Distinct()], guarded, scope.Stamp);
                WebhookRegister.Add(scope, webhook);
                return WriteAnswer.Of(Response(webhook, secret), ApiJson.Default.WebhookResponse, StatusCodes.Status201Created);
            }
        );
        live.Events.Webhooks = live.Webhooks.List();
        return answer;
    }

    /// <summary>Sends nothing there any more</summary>
    public static async Task<WriteOutcome<Results<Ok<TestEventResponse>, NotFound>>> RemoveAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        bool dry_run = false
    )
    {
        var answer = await writes.RunAsync<Results<Ok<TestEventResponse>, NotFound>>(
            http,
            [],
            needsKey: false,
            dry_run,
            scope =>
                WebhookRegister.Remove(scope, id)
                    ? WriteAnswer.Of(new TestEventResponse("removed"), ApiJson.Default.TestEventResponse)
                    : throw new WriteRefusedException(Problems.NotFound("No such webhook."))
        );
        if (live.IsReady)
            live.Events.Webhooks = live.Webhooks.List();
        return answer;
    }

    /// <summary>Sends a test event</summary>
    public static Task<WriteOutcome<Results<Accepted<TestEventResponse>, NotFound>>> TestAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        bool dry_run = false
    ) =>
        writes.RunAsync<Results<Accepted<TestEventResponse>, NotFound>>(
            http,
            [],
            needsKey: true,
            dry_run,
            scope =>
            {
                if (!live.Events.Webhooks.Any(webhook => webhook.WebhookId == id))
                    throw new WriteRefusedException(Problems.NotFound("No such webhook."));
                live.Events.Append(
                    scope,
                    new("webhook.test", id, scope.Stamp, new Dictionary<string, object?> { ["webhook_id"] = id }),
                    only: id
                );
                return Pending();
            }
        );

    /// <summary>What was sent there, how often, and what was answered</summary>
    public static Results<Ok<DeliveriesResponse>, Invalid, NotFound, Unavailable> Deliveries(
        string id,
        HttpContext http,
        LiveRecommender live,
        string? cursor = null,
        int limit = 25
    )
    {
        if (limit is < 1 or > 1000)
            return Problems.Invalid("limit", FormattableString.Invariant($"Found {limit}; expected 1 to 1000."));
        var after = cursor is null ? 0 : Cursor.ReadNumber(cursor);
        if (after is null)
            return Problems.Invalid("cursor", "Expected the next_cursor or bookmark of an earlier answer.");
        if (!live.Answers)
            return Problems.NotReady(http);
        if (!live.Events.Webhooks.Any(webhook => webhook.WebhookId == id))
            return Problems.NotFound("No such webhook.");
        var deliveries = live.Webhooks.Deliveries(id, after.Value, limit + 1);
        var found = deliveries.Take(limit).ToList();
        return TypedResults.Ok(
            new DeliveriesResponse(
                [
                    .. found.Select(delivery => new DeliveryResponse(
                        delivery.DeliveryId,
                        delivery.Event.EventId,
                        delivery.Event.Type,
                        delivery.State,
                        delivery.Attempts,
                        delivery.State == "pending" ? delivery.NextAt : null,
                        delivery.LastAt,
                        delivery.LastStatus,
                        delivery.LastError
                    )),
                ],
                Pagination.OfFeed(
                    http,
                    Cursor.Of((found is [.., var last] ? last.DeliveryId : after.Value).ToString(CultureInfo.InvariantCulture)),
                    hasMore: deliveries.Count > limit
                )
            )
        );
    }

    /// <summary>Sends an event again</summary>
    public static Task<WriteOutcome<Results<Accepted<TestEventResponse>, NotFound>>> RedeliverAsync(
        string id,
        long deliveryId,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        WebhookSender sender,
        bool dry_run = false
    ) =>
        writes.RunAsync<Results<Accepted<TestEventResponse>, NotFound>>(
            http,
            [],
            needsKey: true,
            dry_run,
            scope =>
            {
                if (!WebhookRegister.Again(scope, id, deliveryId, live.Now()))
                    throw new WriteRefusedException(Problems.NotFound("No such delivery."));
                sender.Resume(id);
                return Pending();
            }
        );

    static WriteAnswer Pending() =>
        WriteAnswer.Of(new TestEventResponse("pending"), ApiJson.Default.TestEventResponse, StatusCodes.Status202Accepted);

    static WebhookResponse Response(Webhook webhook, string? secret) =>
        new(webhook.WebhookId, webhook.Url, webhook.Types, webhook.CreatedAt, secret);
}
