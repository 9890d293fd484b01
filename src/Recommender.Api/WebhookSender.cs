using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;
using Polly;
using Recommender.Facts;
using Recommender.Webhooks;

namespace Recommender.Api;

/// <summary>
/// Makes deliveries: signed as Standard Webhooks has it, tried again later and later until it gives up, or when the receiver says by
/// Retry-After. Each webhook has a queue of its own, so that one that is slow delays no other; one that is gone (410) ends.
/// What is not delivered stands in the database. Connects to no private address unless that is allowed, whatever a name resolves to.
/// </summary>
sealed partial class WebhookSender(
    LiveRecommender live,
    IHttpClientFactory clients,
    IDataProtectionProvider protection,
    IOptions<RecommenderOptions> options,
    ILogger<WebhookSender> logger
) : BackgroundService
{
    public const string ClientName = "webhooks";
    const int AtOnce = 8;
    static readonly TimeSpan _lease = TimeSpan.FromMinutes(2);
    static readonly TimeSpan _longestPause = TimeSpan.FromDays(1);
    readonly SemaphoreSlim _wake = new(0, 1);
    readonly ConcurrentDictionary<string, Task> _queues = [];
    readonly ConcurrentDictionary<string, DateTime> _pausedUntil = [];

    /// <summary>Has it look for deliveries now.</summary>
    public void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    /// <summary>Has it deliver to a webhook now, though the receiver asked for a pause.</summary>
    public void Resume(string webhookId)
    {
        _pausedUntil.TryRemove(webhookId, out _);
        Wake();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Database.ReadOnly)
            return;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(TimeSpan.FromSeconds(1), stoppingToken);
                if (!live.IsReady)
                    continue;
                live.Events.DeliveryWaits ??= Wake;
                foreach (var id in live.Webhooks.Waiting(live.Now()))
                {
                    if (!IsPaused(id) && (!_queues.TryGetValue(id, out var queue) || queue.IsCompleted))
                        _queues[id] = Task.Run(() => DeliverAllAsync(id, stoppingToken), CancellationToken.None);
                }
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (Exception e) when (live.Store.IsToBlame(e))
            {
                Log.Stuck(logger, e.Message.ReplaceLineEndings(" "));
            }
        }
        await Task.WhenAll(_queues.Values);
    }

    bool IsPaused(string id) => _pausedUntil.TryGetValue(id, out var until) && live.Now() < until;

    /// <summary>Makes the deliveries to one webhook that are due.</summary>
    async Task DeliverAllAsync(string id, CancellationToken cancel)
    {
        try
        {
            while (!IsPaused(id) && live.Webhooks.Due(id, live.Now(), AtOnce) is { Count: > 0 } due)
            {
                if (live.Store.IsShared && (due = await TakeAsync(due)).Count == 0)
                    return;
                var webhook = live.Events.Webhooks.FirstOrDefault(one => one.WebhookId == id);
                var done = await Task.WhenAll(due.Select(delivery => DeliverAsync(delivery, webhook, cancel)));
                if (!live.History.TryWrite(scope => Note(scope, id, done), out var hasEnded))
                    return;
                if (await hasEnded)
                    live.Events.Webhooks = live.Webhooks.List();
            }
            // What came while this was ending, nobody has looked at.
            Wake();
        }
        catch (OperationCanceledException) { }
        catch (Exception e) when (live.Store.IsToBlame(e))
        {
            Log.Stuck(logger, e.Message.ReplaceLineEndings(" "));
        }
    }

    /// <summary>Notes how deliveries went; true if the webhook has ended.</summary>
    bool Note(WriteScope scope, string id, IReadOnlyList<WebhookDelivery> done)
    {
        foreach (var delivery in done)
            WebhookRegister.Update(scope, delivery);
        if (!done.Any(delivery => delivery.LastStatus == StatusCodes.Status410Gone) || !WebhookRegister.Remove(scope, id))
            return false;
        live.Events.Append(
            scope,
            new(
                "webhook.ended",
                id,
                scope.Stamp,
                new Dictionary<string, object?> { ["webhook_id"] = id, ["reason"] = "The receiver answered 410 Gone." }
            )
        );
        return true;
    }

    /// <summary>Those that no other replica is delivering. If this one dies, they are due again after a while.</summary>
    async Task<IReadOnlyList<WebhookDelivery>> TakeAsync(IReadOnlyList<WebhookDelivery> due) =>
        live.History.TryWrite(scope => WebhookRegister.Take(scope, due, live.Now() + _lease), out var taken) ? await taken : [];

    async Task<WebhookDelivery> DeliverAsync(WebhookDelivery delivery, Webhook? webhook, CancellationToken cancel)
    {
        int? status = null;
        string? error = null;
        var pause = TimeSpan.Zero;
        if (webhook is null)
            return delivery with { State = "dead", LastAt = live.Now(), LastError = "The webhook was removed." };
        try
        {
            using var client = clients.CreateClient(ClientName);
            var body = JsonSerializer.SerializeToUtf8Bytes(CloudEvent.Of(delivery.Event), ApiJson.Default.CloudEvent);
            using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new("application/cloudevents+json");
            var timestamp = new DateTimeOffset(live.Now()).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            var secret = protection.CreateProtector("webhooks").Unprotect(webhook.Secret);
            request.Headers.Add("webhook-id", delivery.Event.EventId);
            request.Headers.Add("webhook-timestamp", timestamp);
            request.Headers.Add("webhook-signature", Sign(secret, delivery.Event.EventId, timestamp, body));
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            status = (int)answer.StatusCode;
            if (!answer.IsSuccessStatusCode)
            {
                error = FormattableString.Invariant($"Answered {status}; expected 2xx.");
                if (answer.Headers.NonValidated.TryGetValues("Retry-After", out var retryAfter))
                    pause = PauseOf(retryAfter.ToString(), live.Now());
            }
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException or CryptographicException
                || e is OperationCanceledException && !cancel.IsCancellationRequested
                || e is Polly.Timeout.TimeoutRejectedException
                || e is ExecutionRejectedException
            )
        {
            error = e is OperationCanceledException or Polly.Timeout.TimeoutRejectedException
                ? "No answer in time."
                : e.Message.ReplaceLineEndings(" ");
        }
        var attempts = delivery.Attempts + 1;
        var settings = options.Value.Webhooks;
        Telemetry.Delivered(error is null);
        if (pause > TimeSpan.Zero)
            _pausedUntil[webhook.WebhookId] = live.Now() + pause;
        var backoff = Math.Min(settings.BackoffSeconds * Math.ScaleB(1, attempts - 1), 6 * 3600);
        return delivery with
        {
            State =
                error is null ? "delivered"
                : attempts >= settings.Attempts ? "dead"
                : "pending",
            Attempts = attempts,
            LastAt = live.Now(),
            LastStatus = status,
            LastError = error,
            NextAt = live.Now().AddSeconds(Math.Max(backoff, pause.TotalSeconds)),
        };
    }

    /// <summary>How long a receiver wants to be left alone, as seconds or until a moment; at most a day, and not at all if it says neither.</summary>
    public static TimeSpan PauseOf(string retryAfter, DateTime now)
    {
        TimeSpan? pause =
            double.TryParse(retryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(Math.Min(seconds, _longestPause.TotalSeconds))
            : RetryConditionHeaderValue.TryParse(retryAfter, out var condition) ? condition.Date - new DateTimeOffset(now)
            : null;
        return pause is not { } asked || asked < TimeSpan.Zero ? TimeSpan.Zero
            : asked > _longestPause ? _longestPause
            : asked;
    }

    /// <summary>v1, and HMAC-SHA256 over id.timestamp.body, base64.</summary>
    public static string Sign(string secret, string id, string timestamp, byte[] body)
    {
        using var hmac = IncrementalHash.CreateHMAC(
            HashAlgorithmName.SHA256,
            Convert.FromBase64String(secret["whsec_".Length..])
        );
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }

    public static void AddClient(IServiceCollection services)
    {
        services
            .AddHttpClient(ClientName)
            .ConfigurePrimaryHttpMessageHandler(provider =>
            {
                var allowed = provider.GetRequiredService<IOptions<RecommenderOptions>>().Value.Webhooks.AllowPrivate;
                return new SocketsHttpHandler
                {
                    AllowAutoRedirect = false,
                    UseProxy = false,
                    UseCookies = false,
                    PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                    ConnectCallback = (context, cancel) => ConnectAsync(context, allowed, cancel),
                };
            })
            .AddResilienceHandler("timeout", pipeline => pipeline.AddTimeout(TimeSpan.FromSeconds(10)));
    }

    static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, bool allowed, CancellationToken cancel)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel);
        if (!allowed && addresses.Any(PrivateAddresses.Include))
            throw new HttpRequestException("The address is of a private network.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Deliveries wait for the database: {Reason}")]
        public static partial void Stuck(ILogger logger, string reason);
    }
}
