using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using Recommender.Webhooks;

namespace Recommender.Api;

/// <summary>Addresses that are not of the internet.</summary>
static class PrivateAddresses
{
    static readonly IPNetwork[] _private =
    [
        .. new[]
        {
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/128",
            "::1/128",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    public static bool Include(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return _private.Any(network => network.Contains(address));
    }

    /// <summary>True if the host is written as such an address; a name is looked up when it is called.</summary>
    public static bool Include(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address) && Include(address);
}

/// <summary>
/// Makes deliveries: signed as Standard Webhooks has it, a few tries in a row, then later and later until it gives up. What is not
/// delivered stands in the database. Connects to no private address unless that is allowed, whatever a name resolves to.
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
    readonly SemaphoreSlim _wake = new(0, 1);

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
                while (live.Webhooks.Due(live.Now(), AtOnce) is { Count: > 0 } due)
                {
                    if (live.Store.IsShared && (due = await TakeAsync(due)).Count == 0)
                        break;
                    var webhooks = live.Events.Webhooks.ToDictionary(webhook => webhook.WebhookId);
                    var done = await Task.WhenAll(due.Select(delivery => DeliverAsync(delivery, webhooks, stoppingToken)));
                    if (
                        !live.History.TryWrite(
                            scope =>
                            {
                                foreach (var delivery in done)
                                    WebhookRegister.Update(scope, delivery);
                                return done.Length;
                            },
                            out var written
                        )
                    )
                        break;
                    await written;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is IOException or System.Data.Common.DbException)
            {
                Log.Stuck(logger, e.Message.ReplaceLineEndings(" "));
            }
        }
    }

    /// <summary>Those that no other replica is delivering. If this one dies, they are due again after a while.</summary>
    async Task<IReadOnlyList<WebhookDelivery>> TakeAsync(IReadOnlyList<WebhookDelivery> due) =>
        live.History.TryWrite(scope => WebhookRegister.Take(scope, due, live.Now() + _lease), out var taken) ? await taken : [];

    async Task<WebhookDelivery> DeliverAsync(
        WebhookDelivery delivery,
        Dictionary<string, Webhook> webhooks,
        CancellationToken cancel
    )
    {
        int? status = null;
        string? error = null;
        if (!webhooks.TryGetValue(delivery.WebhookId, out var webhook))
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
                error = FormattableString.Invariant($"Answered {status}; expected 2xx.");
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
            NextAt = live.Now().AddSeconds(Math.Min(settings.BackoffSeconds * Math.ScaleB(1, attempts - 1), 6 * 3600)),
        };
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
            .AddResilienceHandler(
                "retry",
                (pipeline, context) =>
                {
                    var settings = context.ServiceProvider.GetRequiredService<IOptions<RecommenderOptions>>().Value.Webhooks;
                    pipeline.AddTimeout(TimeSpan.FromSeconds(30));
                    if (settings.Tries > 1)
                        pipeline.AddRetry(
                            new HttpRetryStrategyOptions
                            {
                                MaxRetryAttempts = settings.Tries - 1,
                                BackoffType = DelayBackoffType.Exponential,
                                Delay = TimeSpan.FromSeconds(Math.Min(0.5, settings.BackoffSeconds)),
                                UseJitter = true,
                            }
                        );
                    pipeline.AddTimeout(TimeSpan.FromSeconds(10));
                }
            );
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
