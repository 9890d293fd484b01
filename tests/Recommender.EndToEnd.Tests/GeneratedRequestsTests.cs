using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Requests that nobody should send, made from a seed: never a 5xx, never a hang, always problem details, of a status that the contract names.</summary>
public sealed class GeneratedRequestsTests
{
    static readonly string[] _nasty =
    [
        "",
        " ",
        "null",
        "'; DROP TABLE accounts;--",
        "\" OR 1=1 --",
        "${jndi:ldap://x}",
        "\r\nSet-Cookie: a=b",
        "\u0000",
        "\u202e\u0007\u001b[31m",
        "../../etc/passwd",
        "%00%0a",
        "A000007",
        "P00001",
        "O0000001",
        "\ud83d\ude00",
        "١٢٣",
        "1e999",
        "-0",
        "99999999999999999999999999",
        "2026-13-45T99:99:99Z",
        "0001-01-01",
        "9999-12-31T23:59:59.9999999Z",
    ];

    static readonly string[] _routes =
    [
        "POST /v1/partner-recommendations",
        "POST /v1/partner-recommendations/batch",
        "POST /v1/opportunity-recommendations",
        "GET /v1/recommendations/{}",
        "GET /v1/recommendations/{}/replay",
        "POST /v1/feedback",
        "GET /v1/accounts?q={}&limit={}&cursor={}",
        "GET /v1/accounts?updated_since={}&limit={}",
        "GET /v1/partners?q={}&limit={}&cursor={}&updated_since={}",
        "GET /v1/accounts/{}",
        "PUT /v1/accounts/{}",
        "PUT /v1/accounts/by-external-id/{}",
        "PUT /v1/partners/{}",
        "PUT /v1/opportunities/{}",
        "PUT /v1/engagements/{}",
        "PUT /v1/touches/{}",
        "PUT /v1/deal-registrations/{}",
        "POST /v1/deal-registrations/check",
        "POST /v1/deal-registrations?dry_run={}",
        "GET /v1/deal-registrations?state={}&partner_id={}&account_id={}&limit={}&cursor={}",
        "GET /v1/deal-registrations/{}/state",
        "POST /v1/deal-registrations/{}/approve",
        "POST /v1/deal-registrations/R0000001/reject?dry_run={}",
        "POST /v1/deal-registrations/{}/convert",
        "GET /registrations?state={}&page={}",
        "GET /registrations/{}",
        "POST /registrations/{}/decide",
        "GET /registrations/new?partner={}&account={}",
        "POST /registrations/new",
        "GET /v1/conflicts?state={}&kind={}&partner_id={}&account_id={}&limit={}&cursor={}",
        "GET /v1/conflicts/counts?since={}",
        "GET /v1/conflicts/{}",
        "POST /v1/conflicts/{}/decide?dry_run={}",
        "POST /v1/conflicts/{}/reopen",
        "POST /v1/handoffs?dry_run={}",
        "GET /v1/handoffs?state={}&direction={}&partner_id={}&account_id={}&overdue={}&limit={}&cursor={}",
        "PUT /v1/handoffs/{}",
        "GET /v1/handoffs/{}/state",
        "POST /v1/handoffs/{}/edit",
        "POST /v1/handoffs/{}/link",
        "POST /v1/handoffs/{}/send?dry_run={}",
        "POST /v1/handoffs/{}/decline",
        "POST /v1/handoffs/{}/rate",
        "POST /v1/leads?dry_run={}",
        "GET /v1/leads?state={}&assignee_type={}&assignee_id={}&account_id={}&limit={}&cursor={}",
        "PUT /v1/leads/{}",
        "GET /v1/leads/{}/state",
        "POST /v1/leads/{}/route",
        "POST /v1/leads/{}/assign?dry_run={}",
        "POST /v1/leads/{}/withdraw",
        "GET /v1/lead-offers?assignee_type={}&assignee_id={}&limit={}",
        "POST /v1/lead-offers/{}/accept",
        "POST /v1/lead-offers/{}/decline?dry_run={}",
        "PUT /v1/reps/{}",
        "GET /v1/routing-policy",
        "PUT /v1/routing-policy?dry_run=true",
        "GET /v1/accounts/{}/claims?product={}",
        "GET /conflicts?state={}&page={}",
        "GET /conflicts/{}",
        "POST /conflicts/{}/decide",
        "GET /leads?state={}&to={}&page={}",
        "GET /handoffs?board={}&page={}",
        "GET /handoffs/{}",
        "POST /handoffs/{}/step",
        "POST /handoffs/new",
        "GET /leads/{}",
        "POST /leads/{}/answer",
        "POST /leads/new",
        "PUT /v1/assists/{}",
        "GET /v1/partners/{}",
        "POST /v1/history?dry_run={}&strict={}",
        "GET /v1/models",
        "POST /v1/models/{}/promote",
        "POST /v1/models/partner-fit/promote",
        "POST /v1/models/{}/rollback",
        "GET /v1/rules",
        "PUT /v1/rules?dry_run=true",
        "GET /v1/events?cursor={}&limit={}&type={}",
        "POST /v1/webhooks?dry_run=true",
        "DELETE /v1/webhooks/{}",
        "POST /v1/webhooks/{}/test",
        "GET /v1/webhooks/{}/deliveries?cursor={}",
        "POST /v1/webhooks/{}/deliveries/{}/redeliver",
        "GET /{}",
        "GET /accounts/{}?deal={}&said={}",
        "GET /accounts/{}/partners/{}?deal={}",
        "GET /accounts/A000007/compare?partner={}&partner={}",
        "GET /accounts/{}/partners/{}/handoff",
        "POST /accounts/{}/partners/{}/handoff",
        "GET /accounts/{}/partners/{}/handover",
        "POST /accounts/{}/feedback",
        "POST /search/list",
        "GET /deals?owner={}&region={}&partner={}&page={}",
        "GET /deals.csv?industry={}",
        "GET /partners/{}",
        "GET /models/{}/{}/report",
        "GET /models/{}/{}/promote",
        "POST /models/{}/rollback",
        "GET /sign-in?next={}",
        "POST /sign-in",
        "GET /assets/{}",
        "{} /v1/accounts",
    ];

    static readonly string[] _properties =
    [
        "account_id",
        "opportunity_id",
        "partner_id",
        "product",
        "amount",
        "limit",
        "objective",
        "filters",
        "as_of",
        "owner",
        "cursor",
        "recommendation_id",
        "event",
        "note",
        "occurred_at",
        "name",
        "industry",
        "created_at",
        "outcome",
        "closed_at",
        "started_at",
        "kind",
        "at",
        "url",
        "types",
        "lead_id",
        "handoff_id",
        "direction",
        "packet",
        "rating",
        "side",
        "new_account",
        "reason",
        "assignee_type",
        "assignee_id",
        "offers",
        "working_hours",
        "version",
        "rules",
        "table",
        "row",
        "employee_count",
        "recorded_at",
        "id",
        "domain",
        "currency",
        "evidence",
        "registration_id",
        "ground",
        "decision",
        "reason",
    ];

    static readonly IReadOnlyList<(string Method, string[] Path, HashSet<int> Statuses)> _contract =
    [
        .. JsonElement
            .Parse(File.ReadAllText(Path.Combine(Sample.Root, "tests/Recommender.EndToEnd.Tests/openapi.v1.json")))
            .GetProperty("paths")
            .EnumerateObject()
            .SelectMany(path =>
                path.Value.EnumerateObject()
                    .Select(operation =>
                        (
                            operation.Name.ToUpperInvariant(),
                            path.Name.Split('/'),
                            operation
                                .Value.GetProperty("responses")
                                .EnumerateObject()
                                .Select(answer => int.Parse(answer.Name, CultureInfo.InvariantCulture))
                                .ToHashSet()
                        )
                    )
            ),
    ];

    [Fact]
    public async Task No_generated_request_is_answered_with_a_fault_of_ours()
    {
        var count = int.Parse(
            Environment.GetEnvironmentVariable("RECOMMENDER_GENERATED") ?? "100000",
            CultureInfo.InvariantCulture
        );
        // The negative control: there are always rules.
        using var known = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/rules", UriKind.Relative));
        Assert.False(IsNamed(known, 404));
        using var folder = new TemporaryFolder();
        using var service = await SampleService
            .Start(folder["g.db"], "Limits:RequestsPerSecond=1000000", "Limits:Burst=1000000")
            .WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
        var statuses = new int[600];
        var next = -1;
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                        {
                            var status = await Try(service.Client, i);
                            Interlocked.Increment(ref statuses[status]);
                        }
                    })
                )
        );
        var seen = string.Join(
            ", ",
            statuses
                .Select((times, status) => (times, status))
                .Where(one => one.times > 0)
                .Select(one => $"{one.status}: {one.times}")
        );
        TestContext.Current.TestOutputHelper?.WriteLine(seen);
        Assert.True(statuses[200] + statuses[201] > 0 && statuses[400] > 0 && statuses[404] > 0 && statuses[422] > 0, seen);
        using var alive = await service.Client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
        Assert.True(alive.IsSuccessStatusCode);
        Assert.DoesNotContain("Exception", service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[31m", service.Output, StringComparison.Ordinal);
    }

    static async Task<int> Try(HttpClient client, int seed)
    {
        using var request = Make(new Random(seed));
        HttpResponseMessage answer;
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            answer = await client.SendAsync(request, patience.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new InvalidOperationException($"Request {seed} hangs: {request.Method} {request.RequestUri}", e);
        }
        using (answer)
        {
            var status = (int)answer.StatusCode;
            if (status < 400)
                Assert.True(
                    IsNamed(request, status),
                    $"Request {seed}, {request.Method} {request.RequestUri}: {status} is not in the contract"
                );
            else
            {
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(status < 500, $"Request {seed}, {request.Method} {request.RequestUri}: {status} {text}");
                // A head that is no HTTP is refused by the server before anything of ours runs; it has no body.
                if (answer.Content.Headers.ContentType is null && text.Length == 0 && status == 400)
                    return status;
                var type = answer.Content.Headers.ContentType?.MediaType;
                var isPage = !request.RequestUri!.ToString().StartsWith("/v1", StringComparison.Ordinal);
                if (isPage && type == "text/html")
                    return status;
                Assert.True(
                    type == "application/problem+json",
                    $"Request {seed}, {request.Method} {request.RequestUri}: {status} {answer.Content.Headers.ContentType} {text}"
                );
                var problem = JsonElement.Parse(text);
                Assert.Equal(status, problem.GetProperty("status").GetInt32());
                Assert.True(
                    IsNamed(request, status) || problem.GetProperty("detail").GetString() == "There is no such address.",
                    $"Request {seed}, {request.Method} {request.RequestUri}: {text} is not in the contract"
                );
                Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
                Assert.DoesNotContain("SQLite", text, StringComparison.OrdinalIgnoreCase);
            }
            return status;
        }
    }

    /// <summary>True if the contract names the status for the operation that the request is of, or has no such operation.</summary>
    static bool IsNamed(HttpRequestMessage request, int status)
    {
        var path = new Uri(new Uri("http://localhost"), request.RequestUri!).AbsolutePath.TrimEnd('/').Split('/');
        var operation = _contract
            .Where(one =>
                one.Method == request.Method.Method
                && one.Path.Length == path.Length
                && one.Path.Zip(path)
                    .All(part => part.First is ['{', ..] || part.First.Equals(part.Second, StringComparison.OrdinalIgnoreCase))
            )
            .OrderBy(one => one.Path.Count(part => part is ['{', ..]))
            .FirstOrDefault();
        return operation.Statuses?.Contains(status) != false;
    }

    static HttpRequestMessage Make(Random random)
    {
        var parts = Pick(random, _routes).Split(' ', 2);
        var method = parts[0] == "{}" ? Pick(random, ["PATCH", "TRACE", "OPTIONS", "BREW", "DELETE"]) : parts[0];
        var path = parts[1];
        for (var at = path.IndexOf("{}", StringComparison.Ordinal); at >= 0; at = path.IndexOf("{}", StringComparison.Ordinal))
            path = path[..at] + Segment(random) + path[(at + 2)..];
        var request = new HttpRequestMessage(new(method), new Uri(path, UriKind.Relative));
        if (random.Next(3) > 0)
            request.Headers.TryAddWithoutValidation(
                "Idempotency-Key",
                Pick(random, ["k" + random.Next(50), new string('k', 300), "a;b", "a b"])
            );
        if (random.Next(6) == 0)
            request.Headers.TryAddWithoutValidation(
                "If-Match",
                Pick(random, ["*", "\"0000000000000000\"", "W/\"x\"", "no quotes", "\"\""])
            );
        if (random.Next(8) == 0)
            request.Headers.TryAddWithoutValidation("If-None-Match", Pick(random, ["*", "\"x\""]));
        if (method is "POST" or "PUT" or "PATCH")
        {
            request.Content = new ByteArrayContent(Body(random, path));
            var type = random.Next(12) switch
            {
                0 => "text/plain",
                1 => "application/xml",
                2 => "application/json; charset=utf-16",
                3 => "application/x-www-form-urlencoded",
                _ => path.Contains("history", StringComparison.Ordinal) || path.Contains("batch", StringComparison.Ordinal)
                    ? "application/x-ndjson"
                    : "application/json",
            };
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            if (random.Next(30) == 0)
                request.Content.Headers.ContentEncoding.Add("gzip");
        }
        return request;
    }

    static string Segment(Random random) =>
        random.Next(8) switch
        {
            0 => random.Next().ToString(CultureInfo.InvariantCulture),
            1 => new string('x', random.Next(1, 1500)),
            2 => Pick(random, ["%ff%fe", "%C0%AF", "%2e%2e%2f", "%0d%0a", "%00"]),
            _ => Uri.EscapeDataString(Pick(random, _nasty).Replace("\ud83d\ude00", "x", StringComparison.Ordinal)),
        };

    static byte[] Body(Random random, string path)
    {
        switch (random.Next(15))
        {
            case 8:
                return Encoding.UTF8.GetBytes(
                    string.Join(
                        '&',
                        Enumerable.Range(0, random.Next(5)).Select(_ => $"{Pick(random, _properties)}={Segment(random)}")
                    )
                        + "&q="
                        + Segment(random)
                );
            case 0:
                return [];
            case 1:
                var noise = new byte[random.Next(1, 400)];
                random.NextBytes(noise);
                return noise;
            case 2:
                return Encoding.UTF8.GetBytes(new string('[', random.Next(1, 3000)));
            case 3:
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"filters\":", random.Next(1, 500))) + "1");
            case 4:
                return Encoding.Unicode.GetBytes(Object(random, 2));
            case 5:
                return [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Object(random, 2))];
            case 6:
                return Encoding.UTF8.GetBytes("{\"account_id\":\"" + new string('a', 270_000) + "\"}");
            case 7:
                return Encoding.UTF8.GetBytes("{\"account_id\":\"\\ud800\"}");
        }
        if (path.Contains("history", StringComparison.Ordinal) || path.Contains("batch", StringComparison.Ordinal))
            return Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, random.Next(1, 6)).Select(_ => Line(random))));
        var body = Encoding.UTF8.GetBytes(Object(random, 3));
        // Now and then cut off, or with a byte changed.
        if (random.Next(5) == 0)
            return body[..random.Next(body.Length)];
        if (random.Next(8) == 0)
            body[random.Next(body.Length)] = (byte)random.Next(256);
        return body;
    }

    static string Line(Random random) =>
        random.Next(3) == 0
            ? Object(random, 2)
            : $"{{\"table\":\"{Pick(random, ["accounts", "partners", "opportunities", "engagements", "touches", "account_overlaps", "certifications", "feedback", "x"])}\",\"row\":{Object(random, 1)}}}";

    static string Object(Random random, int depth)
    {
        var text = new StringBuilder("{");
        var count = random.Next(0, 7);
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
                text.Append(',');
            text.Append(JsonSerializer.Serialize(random.Next(10) == 0 ? Pick(random, _nasty) : Pick(random, _properties)));
            text.Append(':').Append(Value(random, depth));
        }
        return text.Append('}').ToString();
    }

    static string Value(Random random, int depth) =>
        random.Next(depth > 0 ? 11 : 8) switch
        {
            0 => "null",
            1 => Pick(random, ["true", "false"]),
            2 => random.Next(-5, 200).ToString(CultureInfo.InvariantCulture),
            3 => Pick(random, ["1e308", "-1e400", "0.1", "123456789012345678901234567890", "-0", "1E-320"]),
            4 => JsonSerializer.Serialize(
                Pick(
                    random,
                    [
                        "A000007",
                        "A000001",
                        "P00001",
                        "O0000001",
                        "2026-06-01",
                        "won",
                        "open",
                        "fit",
                        "lift",
                        "accepted",
                        "declined",
                    ]
                )
            ),
            8 => "[" + Value(random, depth - 1) + "," + Value(random, depth - 1) + "]",
            9 => Object(random, depth - 1),
            _ => JsonSerializer.Serialize(Pick(random, _nasty)),
        };

    static string Pick(Random random, string[] all) => all[random.Next(all.Length)];
}
