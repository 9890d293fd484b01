using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

public sealed class WebhookTests : IAsyncLifetime
{
    readonly ConcurrentQueue<Received> _received = new();
    WebApplication _receiver = null!;
    Service _service = null!;
    string _secret = "";
    string _id = "";
    volatile int _answers = 200;
    volatile string? _retryAfter;
    int _goneCalls;
    readonly TaskCompletionSource _never = new();

    sealed record Received(string Id, string Timestamp, string Signature, string Type, byte[] Body);

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Logging:LogLevel:Default"] = "None";
        _receiver = builder.Build();
        _receiver.MapPost(
            "/hook",
            async (HttpContext http) =>
            {
                using var body = new MemoryStream();
                await http.Request.Body.CopyToAsync(body);
                _received.Enqueue(
                    new(
                        http.Request.Headers["webhook-id"].ToString(),
                        http.Request.Headers["webhook-timestamp"].ToString(),
                        http.Request.Headers["webhook-signature"].ToString(),
                        http.Request.ContentType ?? "",
                        body.ToArray()
                    )
                );
                if (_retryAfter is { } later)
                    http.Response.Headers.RetryAfter = later;
                return Results.StatusCode(_answers);
            }
        );
        _receiver.MapPost(
            "/gone",
            () =>
            {
                Interlocked.Increment(ref _goneCalls);
                return Results.StatusCode(410);
            }
        );
        _receiver.MapPost("/slow", (HttpContext http) => _never.Task.WaitAsync(http.RequestAborted));
        await _receiver.StartAsync();
        _service = await Service.StartAsync("Webhooks:AllowPrivate=true", "Webhooks:BackoffSeconds=0.2", "Webhooks:Attempts=3");
        var made = (
            await _service.PostAsync(
                "/v1/webhooks",
                $$"""{"url":"{{_receiver.Urls.Single()}}/hook","types":["feedback.taken","rules.changed"]}""",
                ("Idempotency-Key", "w1")
            )
        ).Expect(HttpStatusCode.Created);
        (_id, _secret) = (made["webhook_id"].GetString()!, made["secret"].GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        _never.TrySetResult();
        _service.Dispose();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task An_event_comes_signed_as_a_cloud_event_and_stands_in_the_feed()
    {
        await Feedback("f1");
        await Eventually.IsSoAsync(() => !_received.IsEmpty);
        _received.TryDequeue(out var received);
        var key = Convert.FromBase64String(_secret["whsec_".Length..]);
        byte[] content = [.. Encoding.UTF8.GetBytes($"{received!.Id}.{received.Timestamp}."), .. received.Body];
        var signed = HMACSHA256.HashData(key, content);
        Assert.Equal("v1," + Convert.ToBase64String(signed), received.Signature);
        Assert.StartsWith("application/cloudevents+json", received.Type, StringComparison.Ordinal);
        var age =
            TimeProvider.System.GetUtcNow()
            - DateTimeOffset.FromUnixTimeSeconds(long.Parse(received.Timestamp, CultureInfo.InvariantCulture));
        Assert.InRange(age.TotalSeconds, -5, 300);
        var happened = JsonElement.Parse(received.Body);
        Assert.Equal("1.0", happened.GetProperty("specversion").GetString());
        Assert.Equal("recommender.feedback.taken", happened.GetProperty("type").GetString());
        Assert.Equal(received.Id, happened.GetProperty("id").GetString());
        Assert.Equal("A000007", happened.GetProperty("data").GetProperty("account_id").GetString());
        var feed = await _service.GetAsync("/v1/events?type=feedback.taken");
        Assert.Equal(received.Id, Assert.Single(feed["items"].EnumerateArray()).GetProperty("id").GetString());
        Assert.False(feed["pagination"].GetProperty("has_more").GetBoolean());
        var bookmark = feed["pagination"].GetProperty("bookmark").GetString();
        Assert.Empty((await _service.GetAsync("/v1/events?type=feedback.taken&cursor=" + bookmark))["items"].EnumerateArray());
    }

    [Fact]
    public async Task What_is_refused_is_sent_again_later_also_after_a_restart_until_it_is_given_up_and_by_hand()
    {
        _answers = 503;
        await Feedback("f2");
        await Eventually.IsSoAsync(() => !_received.IsEmpty);
        await _service.RestartAsync();
        await WaitForAsync("dead");
        var dead = (await Deliveries()).Single();
        Assert.Equal(3, dead.GetProperty("attempts").GetInt32());
        Assert.Equal(503, dead.GetProperty("last_status").GetInt32());
        // As many as the log says; one more if the restart came between a try and its note.
        Assert.InRange(_received.Count, 3, 4);
        Assert.Single(_received.Select(one => one.Id).Distinct());
        _answers = 204;
        (
            await _service.SendAsync(
                HttpMethod.Post,
                $"/v1/webhooks/{_id}/deliveries/{dead.GetProperty("delivery_id").GetInt64()}/redeliver",
                headers: ("Idempotency-Key", "again")
            )
        ).Expect(HttpStatusCode.Accepted);
        await WaitForAsync("delivered");
    }

    [Fact]
    public async Task A_test_event_comes_whatever_types_were_asked_for_and_a_removed_webhook_gets_nothing()
    {
        (await _service.SendAsync(HttpMethod.Post, $"/v1/webhooks/{_id}/test", headers: ("Idempotency-Key", "t"))).Expect(
            HttpStatusCode.Accepted
        );
        await Eventually.IsSoAsync(() => !_received.IsEmpty);
        _received.TryDequeue(out var received);
        Assert.Equal("recommender.webhook.test", JsonElement.Parse(received!.Body).GetProperty("type").GetString());
        (await _service.SendAsync(HttpMethod.Delete, $"/v1/webhooks/{_id}")).Expect(HttpStatusCode.OK);
        await Feedback("f3");
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        Assert.Empty(_received);
    }

    [Fact]
    public async Task A_secret_lies_nowhere_in_clear_and_is_shown_again_to_whoever_sends_the_same()
    {
        const string Body = """{"url":"https://example.com/hook"}""";
        var made = await _service.PostAsync("/v1/webhooks", Body, ("Idempotency-Key", "s"));
        var secret = made.Expect(HttpStatusCode.Created)["secret"].GetString()!;
        var again = await _service.PostAsync("/v1/webhooks", Body, ("Idempotency-Key", "s"));
        Assert.Equal(made.Text, again.Expect(HttpStatusCode.Created).Text);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_service.Database)!, "*", SearchOption.AllDirectories))
        {
            if (file.EndsWith(".lock", StringComparison.Ordinal))
                continue;
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret["whsec_".Length..])) < 0, file);
        }
    }

    [Fact]
    public async Task One_receiver_that_does_not_answer_delays_no_other()
    {
        var slow = await AddAsync("/slow");
        for (var i = 1; i <= 3; i++)
        {
            await Feedback($"slow-{i}");
            await Eventually.IsSoAsync(() => _received.Count >= i);
        }
        // The first is waiting for its answer still.
        var waiting = (await _service.GetAsync($"/v1/webhooks/{slow}/deliveries"))["items"];
        Assert.Equal(3, waiting.GetArrayLength());
        Assert.All(waiting.EnumerateArray(), delivery => Assert.Equal(0, delivery.GetProperty("attempts").GetInt32()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_receiver_that_says_when_to_come_back_is_left_alone_until_then(bool isSaidAsDate)
    {
        var until = TimeProvider.System.GetUtcNow().AddHours(1);
        _retryAfter = isSaidAsDate ? until.ToString("R", CultureInfo.InvariantCulture) : "3600";
        _answers = 503;
        await Feedback("later-1");
        await Eventually.IsSoAsync(async () => (await Deliveries())[0].GetProperty("attempts").GetInt32() == 1);
        Assert.Equal(until.UtcDateTime, (await Deliveries())[0].GetProperty("next_at").GetDateTime(), TimeSpan.FromMinutes(1));
        // Another event waits, too, while another receiver is told of it.
        _retryAfter = null;
        _answers = 200;
        var other = await AddAsync("/hook?other");
        await Feedback("later-2");
        await Eventually.IsSoAsync(async () =>
            (await _service.GetAsync($"/v1/webhooks/{other}/deliveries"))["items"]
                .EnumerateArray()
                .Any(delivery => delivery.GetProperty("state").GetString() == "delivered")
        );
        Assert.Equal([1, 0], (await Deliveries()).Select(delivery => delivery.GetProperty("attempts").GetInt32()));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("3600", 3600)]
    [InlineData("86399", 86399)]
    [InlineData("99999999999999", 86400)]
    [InlineData("99999999999999999999999999999999999999999", 86400)]
    [InlineData("Wed, 04 Mar 2026 06:06:07 GMT", 3600)]
    [InlineData("Fri, 04 Mar 2033 05:06:07 GMT", 86400)]
    [InlineData("Tue, 03 Mar 2026 05:06:07 GMT", 0)]
    [InlineData("-3", 0)]
    [InlineData("1.5", 0)]
    [InlineData("soon", 0)]
    [InlineData("", 0)]
    public void A_pause_is_no_longer_than_a_day_and_what_says_no_time_is_none(string retryAfter, int seconds) =>
        Assert.Equal(
            TimeSpan.FromSeconds(seconds),
            Api.WebhookSender.PauseOf(retryAfter, new DateTime(2026, 3, 4, 5, 6, 7, DateTimeKind.Utc))
        );

    [Theory]
    [InlineData("99999999999999", 86400)]
    [InlineData("-3", 0)]
    public async Task A_pause_that_no_number_holds_is_the_longest_and_one_that_is_none_is_ignored(string retryAfter, int seconds)
    {
        _retryAfter = retryAfter;
        _answers = 503;
        var asked = TimeProvider.System.GetUtcNow().UtcDateTime;
        await Feedback("pause");
        await Eventually.IsSoAsync(async () => (await Deliveries())[0].GetProperty("attempts").GetInt32() >= 1);
        Assert.Equal(
            asked.AddSeconds(seconds),
            (await Deliveries())[0].GetProperty("next_at").GetDateTime(),
            TimeSpan.FromMinutes(2)
        );
    }

    [Fact]
    public async Task A_receiver_that_is_gone_is_told_nothing_more_and_the_feed_says_so()
    {
        _answers = 410;
        await Feedback("gone-1");
        await Eventually.IsSoAsync(async () => (await _service.GetAsync("/v1/webhooks"))["items"].GetArrayLength() == 0);
        var ended = Assert.Single((await _service.GetAsync("/v1/events?type=webhook.ended"))["items"].EnumerateArray());
        Assert.Equal(_id, ended.GetProperty("subject").GetString());
        Assert.Single(_received);
    }

    [Fact]
    public async Task A_receiver_of_all_types_that_is_gone_is_called_once_and_others_hear_that_it_ended()
    {
        var gone = await AddAsync("/gone", "");
        var other = await AddAsync("/hook?other", "\"webhook.ended\"");
        await Feedback("gone-all");
        await Eventually.IsSoAsync(() => _received.Any(one => TypeOf(one) == "recommender.webhook.ended"));
        var ids = (await _service.GetAsync("/v1/webhooks"))["items"]
            .EnumerateArray()
            .Select(one => one.GetProperty("webhook_id").GetString());
        Assert.Equal(new[] { _id, other }.Order(), ids.Order());
        var ended = Assert.Single((await _service.GetAsync("/v1/events?type=webhook.ended"))["items"].EnumerateArray());
        Assert.Equal(gone, ended.GetProperty("subject").GetString());
        // Nobody calls it again.
        await Feedback("gone-after");
        await Eventually.IsSoAsync(() => _received.Count(one => TypeOf(one) == "recommender.feedback.taken") == 2);
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.Equal(1, _goneCalls);

        static string? TypeOf(Received one) => JsonElement.Parse(one.Body).GetProperty("type").GetString();
    }

    [Theory]
    [InlineData("https://127.0.0.1/hook")]
    [InlineData("https://localhost/hook")]
    [InlineData("https://10.1.2.3/hook")]
    [InlineData("https://169.254.169.254/latest")]
    [InlineData("https://[::1]/hook")]
    [InlineData("https://[::ffff:10.0.0.1]/hook")]
    [InlineData("https://0x7f000001/hook")]
    [InlineData("http://example.com/hook")]
    [InlineData("https://user:secret@example.com/hook")]
    [InlineData("ftp://example.com")]
    public async Task Private_addresses_and_plain_http_are_refused_unless_allowed(string url)
    {
        using var service = await Service.StartAsync();
        var body = JsonSerializer.Serialize(new { url });
        (await service.PostAsync("/v1/webhooks", body, ("Idempotency-Key", "p"))).Expect(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_name_that_leads_to_a_private_address_is_not_called()
    {
        // The name passes when the webhook is made; where it leads is looked at when it is called.
        using var service = await Service.StartAsync("Webhooks:BackoffSeconds=0.1", "Webhooks:Attempts=1");
        var name = Dns.GetHostName();
        var made = (
            await service.PostAsync("/v1/webhooks", $$"""{"url":"https://{{name}}/hook"}""", ("Idempotency-Key", "n"))
        ).Expect(HttpStatusCode.Created);
        var id = made["webhook_id"].GetString();
        await service.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/test", headers: ("Idempotency-Key", "nt"));
        string? error = null;
        await Eventually.IsSoAsync(async () =>
        {
            error = (await service.GetAsync($"/v1/webhooks/{id}/deliveries"))["items"][0].GetProperty("last_error").GetString();
            return error is not null;
        });
        Assert.Contains("private network", error, StringComparison.Ordinal);
    }

    async Task<string> AddAsync(string path, string types = "\"feedback.taken\"") =>
        (
            await _service.PostAsync(
                "/v1/webhooks",
                $$"""{"url":"{{_receiver.Urls.Single()}}{{path}}","types":[{{types}}]}""",
                ("Idempotency-Key", path)
            )
        )
            .Expect(HttpStatusCode.Created)["webhook_id"]
            .GetString()!;

    Task Feedback(string key) =>
        _service.PostAsync(
            "/v1/feedback",
            """{"account_id":"A000007","partner_id":"P00001","event":"note"}""",
            ("Idempotency-Key", key)
        );

    async Task<List<JsonElement>> Deliveries() =>
        [.. (await _service.GetAsync($"/v1/webhooks/{_id}/deliveries"))["items"].EnumerateArray()];

    async Task WaitForAsync(string state)
    {
        List<JsonElement> deliveries = [];
        await Eventually.IsSoAsync(
            async () => (deliveries = await Deliveries()).Any(delivery => delivery.GetProperty("state").GetString() == state),
            () => string.Join('\n', deliveries)
        );
    }
}
