using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Recommender.Access;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

public sealed class AuthTests : IAsyncLifetime
{
    static readonly byte[] _signing = [.. Enumerable.Range(0, 48).Select(i => (byte)i)];

    /// <summary>Who may call what; null for everybody. A route that is missing here fails the test.</summary>
    static readonly Dictionary<string, string?> _scopeOf = new()
    {
        ["GET /health/live"] = null,
        ["GET /health/ready"] = null,
        ["GET /openapi/v1.json"] = null,
        ["GET /metrics"] = null,
        ["POST /v1/partner-recommendations"] = "recommend",
        ["POST /v1/partner-recommendations/batch"] = "recommend",
        ["POST /v1/opportunity-recommendations"] = "recommend",
        ["GET /v1/recommendations/{id}"] = "recommend",
        ["GET /v1/recommendations/{id}/replay"] = "recommend",
        ["POST /v1/feedback"] = "recommend",
        ["GET /v1/accounts"] = "recommend",
        ["GET /v1/accounts/{id}"] = "recommend",
        ["GET /v1/partners"] = "recommend",
        ["GET /v1/partners/{id}"] = "recommend",
        ["GET /v1/opportunities/{id}"] = "recommend",
        ["GET /v1/engagements/{id}"] = "recommend",
        ["GET /v1/touches/{id}"] = "recommend",
        ["GET /v1/deal-registrations/{id}"] = "recommend",
        ["GET /v1/assists/{id}"] = "recommend",
        ["GET /v1/models"] = "recommend",
        ["GET /v1/rules"] = "recommend",
        ["GET /v1/events"] = "recommend",
        ["PUT /v1/accounts/{id}"] = "ingest",
        ["PUT /v1/accounts/by-external-id/{externalId}"] = "ingest",
        ["PUT /v1/partners/{id}"] = "ingest",
        ["PUT /v1/partners/by-external-id/{externalId}"] = "ingest",
        ["PUT /v1/opportunities/{id}"] = "ingest",
        ["PUT /v1/engagements/{id}"] = "ingest",
        ["PUT /v1/touches/{id}"] = "ingest",
        ["PUT /v1/deal-registrations/{id}"] = "ingest",
        ["PUT /v1/assists/{id}"] = "ingest",
        ["POST /v1/history"] = "ingest",
        ["PUT /v1/rules"] = "admin",
        ["POST /v1/models/{model}/promote"] = "admin",
        ["POST /v1/models/{model}/rollback"] = "admin",
        ["GET /v1/webhooks"] = "admin",
        ["POST /v1/webhooks"] = "admin",
        ["DELETE /v1/webhooks/{id}"] = "admin",
        ["POST /v1/webhooks/{id}/test"] = "admin",
        ["GET /v1/webhooks/{id}/deliveries"] = "admin",
        ["POST /v1/webhooks/{id}/deliveries/{deliveryId}/redeliver"] = "admin",
        ["DELETE /v1/accounts/{id}"] = "ingest",
        ["DELETE /v1/partners/{id}"] = "ingest",
        ["DELETE /v1/opportunities/{id}"] = "ingest",
        ["DELETE /v1/engagements/{id}"] = "ingest",
        ["DELETE /v1/touches/{id}"] = "ingest",
        ["DELETE /v1/deal-registrations/{id}"] = "ingest",
        ["DELETE /v1/assists/{id}"] = "ingest",
        ["POST /v1/accounts/{id}/merge"] = "ingest",
        ["POST /v1/partners/{id}/merge"] = "ingest",
        ["GET /v1/partner-sharing/{id}"] = "recommend",
        ["PUT /v1/partner-sharing/{id}"] = "ingest",
        ["DELETE /v1/partner-sharing/{id}"] = "ingest",
        ["POST /v1/partners/{id}/account-list"] = "ingest",
        ["POST /v1/partners/{id}/account-list/match"] = "ingest",
        ["GET /v1/partners/{id}/matches"] = "recommend",
        ["POST /v1/partners/{id}/matches/{record_id}/confirm"] = "recommend",
        ["POST /v1/partners/{id}/matches/{record_id}/reject"] = "recommend",
        ["POST /v1/partners/{id}/matches/{record_id}/undo"] = "recommend",
        ["GET /v1/partners/{id}/account-map"] = "recommend",
        ["GET /v1/partners/{id}/account-map/accounts"] = "recommend",
        ["POST /v1/deal-registrations/check"] = "recommend",
        ["POST /v1/deal-registrations"] = "recommend",
        ["GET /v1/deal-registrations"] = "recommend",
        ["GET /v1/deal-registrations/{id}/state"] = "recommend",
        ["POST /v1/deal-registrations/{id}/approve"] = "recommend",
        ["POST /v1/deal-registrations/{id}/reject"] = "recommend",
        ["POST /v1/deal-registrations/{id}/extend"] = "recommend",
        ["POST /v1/deal-registrations/{id}/withdraw"] = "recommend",
        ["POST /v1/deal-registrations/{id}/convert"] = "recommend",
        ["GET /v1/accounts/{id}/claims"] = "recommend",
        ["GET /v1/conflicts"] = "recommend",
        ["GET /v1/conflicts/counts"] = "recommend",
        ["GET /v1/conflicts/{id}"] = "recommend",
        ["POST /v1/conflicts/{id}/decide"] = "recommend",
        ["POST /v1/conflicts/{id}/reopen"] = "recommend",
        ["POST /v1/handoffs"] = "recommend",
        ["GET /v1/handoffs"] = "recommend",
        ["PUT /v1/handoffs/{id}"] = "ingest",
        ["GET /v1/handoffs/{id}"] = "recommend",
        ["DELETE /v1/handoffs/{id}"] = "ingest",
        ["GET /v1/handoffs/{id}/state"] = "recommend",
        ["POST /v1/handoffs/{id}/accept"] = "recommend",
        ["POST /v1/handoffs/{id}/decline"] = "recommend",
        ["POST /v1/handoffs/{id}/edit"] = "recommend",
        ["POST /v1/handoffs/{id}/introduce"] = "recommend",
        ["POST /v1/handoffs/{id}/link"] = "recommend",
        ["POST /v1/handoffs/{id}/meet"] = "recommend",
        ["POST /v1/handoffs/{id}/rate"] = "recommend",
        ["POST /v1/handoffs/{id}/send"] = "recommend",
        ["POST /v1/handoffs/{id}/withdraw"] = "recommend",
        ["POST /v1/leads"] = "recommend",
        ["GET /v1/leads"] = "recommend",
        ["PUT /v1/leads/{id}"] = "ingest",
        ["GET /v1/leads/{id}"] = "recommend",
        ["DELETE /v1/leads/{id}"] = "ingest",
        ["GET /v1/leads/{id}/state"] = "recommend",
        ["POST /v1/leads/{id}/route"] = "recommend",
        ["POST /v1/leads/{id}/assign"] = "recommend",
        ["POST /v1/leads/{id}/withdraw"] = "recommend",
        ["GET /v1/lead-offers"] = "recommend",
        ["POST /v1/lead-offers/{id}/accept"] = "recommend",
        ["POST /v1/lead-offers/{id}/decline"] = "recommend",
        ["PUT /v1/reps/{id}"] = "ingest",
        ["GET /v1/reps/{id}"] = "recommend",
        ["DELETE /v1/reps/{id}"] = "ingest",
        ["GET /v1/routing-policy"] = "recommend",
        ["PUT /v1/routing-policy"] = "admin",
        ["POST /v1/erasures"] = "admin",
    };

    readonly Dictionary<string, string> _keys = [];
    string _revoked = "";
    Service _service = null!;

    public async ValueTask InitializeAsync() =>
        _service = await Service.StartAsync(
            "Production",
            [
                "Demo:Enabled=true",
                "Auth:Jwt:Issuer=https://issuer.example",
                "Auth:Jwt:Audience=recommender",
                "Auth:Jwt:SigningKey=" + Convert.ToBase64String(_signing),
            ],
            database =>
            {
                var keys = new ApiKeys(TestDatabase.Store(database));
                foreach (var scope in ApiKeys.AllScopes)
                    _keys[scope] = keys.Create(scope, [scope], Sample.AsOf).Secret;
                (var key, _revoked) = keys.Create("revoked", ApiKeys.AllScopes, Sample.AsOf);
                keys.Revoke(key.KeyId, Sample.AsOf);
            }
        );

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Theory]
    [InlineData("won")]
    [InlineData("reported_won")]
    public async Task Who_may_ask_reports_an_outcome_and_who_may_ingest_sets_it(string happened)
    {
        using var service = await Service.StartAsync("Auth:AllowAnonymous=false");
        string KeyOf(params string[] scopes) =>
            "Bearer "
            + new ApiKeys(TestDatabase.Store(service.Database))
                .Create("k", scopes, TimeProvider.System.GetUtcNow().UtcDateTime)
                .Secret;
        var (asks, ingests) = (("Authorization", KeyOf("recommend")), ("Authorization", KeyOf("recommend", "ingest")));
        await Eventually.IsSoAsync(async () => (await service.GetAsync("/v1/models", ingests)).Status == HttpStatusCode.OK);
        await service.PutAsync("/v1/opportunities/RP1", """{"account_id":"A000007","created_at":"2026-01-01"}""", ingests);
        Task<Answer> Tell(string word, (string, string) who) =>
            service.PostAsync(
                "/v1/feedback",
                $$"""{"account_id":"A000007","opportunity_id":"RP1","partner_id":"P00001","event":"{{word}}"}""",
                who,
                ("Idempotency-Key", word + who.Item2[^4..])
            );
        var reported = (await Tell(happened, asks)).Expect(HttpStatusCode.Created);
        Assert.Equal("reported_won", reported["event"].GetString());
        Assert.Single(reported["facts"].EnumerateArray());
        Assert.NotEqual(
            "won",
            (await service.GetAsync("/v1/opportunities/RP1", asks)).Text.Contains("\"won\"", StringComparison.Ordinal)
                ? "won"
                : null
        );
        var set = (await Tell("won", ingests)).Expect(HttpStatusCode.Created);
        Assert.Equal(("won", 2), (set["event"].GetString(), set["facts"].GetArrayLength()));
        Assert.Equal("won", (await service.GetAsync("/v1/opportunities/RP1", asks))["outcome"].GetString());
    }

    [Fact]
    public async Task Every_route_lets_in_who_has_its_scope_and_nobody_else()
    {
        using var document = JsonDocument.Parse((await _service.GetAsync("/openapi/v1.json")).Text);
        var routes = document
            .RootElement.GetProperty("paths")
            .EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(verb => $"{verb.Name.ToUpperInvariant()} {path.Name}"))
            .Append("GET /openapi/v1.json")
            .Append("GET /metrics")
            .ToList();
        Assert.Equal(_scopeOf.Keys.Order(StringComparer.Ordinal), routes.Order(StringComparer.Ordinal));
        var cases = 0;
        foreach (var route in routes)
        {
            var scope = _scopeOf[route];
            var nobody = scope is null ? (HttpStatusCode?)null : HttpStatusCode.Unauthorized;
            await Try(route, null, nobody);
            await Try(route, "Bearer " + _revoked, nobody);
            await Try(route, "Bearer rk_guessed", nobody);
            await Try(route, "Basic dXNlcjpwYXNz", nobody);
            await Try(route, "Bearer " + Token(expires: -60), nobody);
            await Try(route, "Bearer " + Token(audience: "another"), nobody);
            await Try(route, "Bearer " + Token(issuer: "https://another.example"), nobody);
            await Try(route, "Bearer " + Token(signing: [.. _signing.Reverse()]), nobody);
            await Try(route, "Bearer " + Token(scopes: "nothing"), scope is null ? null : HttpStatusCode.Forbidden);
            await Try(route, "Bearer " + Token(scopes: "recommend ingest admin"), null);
            foreach (var held in ApiKeys.AllScopes)
            {
                var expected = scope is null || held == scope ? (HttpStatusCode?)null : HttpStatusCode.Forbidden;
                await Try(route, "Bearer " + _keys[held], expected);
                await Try(route, "Bearer " + Token(scopes: held), expected);
            }
            cases += 16;
        }
        Assert.Equal(16 * _scopeOf.Count, cases);
    }

    [Fact]
    public async Task Every_page_asks_to_sign_in_and_only_what_must_be_open_is()
    {
        var endpoints = _service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        Assert.Equal(
            [
                "/assets/{name}",
                "/health/live",
                "/health/ready",
                "/metrics",
                "/openapi/{documentName}.json",
                "/sign-in",
                "/sign-in/provider",
                "/sign-out",
            ],
            endpoints
                .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
                .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/'))
                .Distinct()
                .Order(StringComparer.Ordinal)
        );
        Assert.All(
            endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null),
            endpoint => Assert.Contains(endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>(), data => data.Policy is not null)
        );
        using var client = _service.ClientWithoutRedirects();
        foreach (
            var path in (string[])
                [
                    "/",
                    "/accounts/A000007",
                    "/accounts/A000007/partners/P00001",
                    "/deals",
                    "/deals.csv",
                    "/partners/P00001",
                    "/models",
                    "/models/partner-fit/rollback",
                ]
        )
        {
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
            Assert.Equal("/sign-in", answer.Headers.Location?.OriginalString.Split('?')[0]);
        }
    }

    [Fact]
    public async Task A_key_that_is_revoked_opens_nothing_a_second_later_and_says_when_it_was_last_used()
    {
        var keys = new ApiKeys(TestDatabase.Store(_service.Database));
        var (key, secret) = keys.Create("short-lived", ["recommend"], Sample.AsOf);
        _service.AssertStoresNowhere(secret);
        async Task<HttpStatusCode> Use() => (await _service.GetAsync("/v1/models", ("Authorization", "Bearer " + secret))).Status;
        await Eventually.IsSoAsync(async () => await Use() == HttpStatusCode.OK);
        await Eventually.IsSoAsync(() => keys.List().Single(listed => listed.KeyId == key.KeyId).LastUsedAt is not null);
        Assert.True(keys.Revoke(key.KeyId, Sample.AsOf));
        await Eventually.IsSoAsync(async () => await Use() == HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("No caller could be let in", "Demo:Enabled=true")]
    [InlineData("expected both or neither", "Auth:Jwt:Issuer=https://issuer.example")]
    public async Task Outside_development_it_does_not_start_without_a_way_to_tell_callers(string says, string setting)
    {
        using var folder = new TemporaryFolder();
        using var process = ServiceProcess.Start(Sample.Root, "Production", [.. TestDatabase.Settings(folder["p.db"]), setting]);
        Assert.Equal(1, await process.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains(says, process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Output, StringComparison.Ordinal);
    }

    async Task Try(string route, string? authorization, HttpStatusCode? expected)
    {
        var (method, path) = (route.Split(' ')[0], route.Split(' ')[1]);
        path = path.Replace("{deliveryId}", "7", StringComparison.Ordinal);
        path = System.Text.RegularExpressions.Regex.Replace(
            path,
            "{[a-zA-Z_]+}",
            "nothing",
            System.Text.RegularExpressions.RegexOptions.None,
            TimeSpan.FromSeconds(1)
        );
        var answer = await _service.SendAsync(
            new(method),
            path,
            method is "POST" or "PUT" ? "{" : null,
            route is "POST /v1/history" or "POST /v1/partner-recommendations/batch" or "POST /v1/partners/{id}/account-list"
                ? "application/x-ndjson"
                : "application/json",
            headers: authorization is null ? [] : [("Authorization", authorization)]
        );
        if (expected is { } status)
        {
            Assert.True(answer.Status == status, $"{route} with {authorization}: {(int)answer.Status}, expected {(int)status}");
            Assert.Equal("application/problem+json", answer.MediaType);
        }
        else
            Assert.True(
                answer.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) && (int)answer.Status < 500,
                $"{route} with {authorization}: {(int)answer.Status} {answer.Text}"
            );
    }

    static string Token(
        string scopes = "recommend ingest admin",
        string issuer = "https://issuer.example",
        string audience = "recommender",
        int expires = 600,
        byte[]? signing = null
    ) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
            new SecurityTokenDescriptor
            {
                Issuer = issuer,
                Audience = audience,
                NotBefore = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1),
                Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(expires),
                Claims = new Dictionary<string, object> { ["sub"] = "crm", ["scope"] = scopes },
                SigningCredentials = new(new SymmetricSecurityKey(signing ?? _signing), SecurityAlgorithms.HmacSha256),
            }
        );
}
