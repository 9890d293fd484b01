using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>One service for all tests of a class that change nothing in it.</summary>
public sealed class DemoService : IAsyncLifetime
{
    Service _service = null!;

    public HttpClient Client => _service.Client;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync();

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }
}

public class ApiTests(DemoService service) : IClassFixture<DemoService>
{
    [Fact]
    public async Task The_curl_line_of_the_readme_returns_at_least_five_ranked_partners()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Sample.Root, "README.md"), TestContext.Current.CancellationToken);
        var line = readme
            .Split('\n')
            .First(line =>
                line.Contains("curl", StringComparison.Ordinal)
                && line.Contains("partner-recommendations", StringComparison.Ordinal)
            );
        var body = line[line.IndexOf('{', StringComparison.Ordinal)..(line.LastIndexOf('}') + 1)];
        using var answer = await Ask(body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var partners = (await Json(answer)).GetProperty("partners").EnumerateArray().ToList();
        Assert.True(partners.Count >= 5);
        for (var i = 0; i < partners.Count; i++)
        {
            Assert.Equal(i + 1, partners[i].GetProperty("rank").GetInt32());
            Assert.InRange(partners[i].GetProperty("win_probability").GetDouble(), 0, 1);
            Assert.InRange(partners[i].GetProperty("win_probability_alone").GetDouble(), 0, 1);
            Assert.NotEmpty(partners[i].GetProperty("reasons").EnumerateArray());
            if (i > 0)
                Assert.True(
                    partners[i].GetProperty("fit_score").GetDouble() <= partners[i - 1].GetProperty("fit_score").GetDouble()
                );
        }
    }

    [Theory]
    [InlineData("{\"account_id\":\"nobody\"}", HttpStatusCode.NotFound, "No such account")]
    [InlineData("{\"account_id\":\"A000001\",\"opportunity_id\":\"nothing\"}", HttpStatusCode.NotFound, "opportunity")]
    [InlineData("{\"account_id\":\"A000001\",\"limit\":0}", HttpStatusCode.BadRequest, "expected 1 to 100")]
    [InlineData("{\"account_id\":\"A000001\",\"amount\":-1}", HttpStatusCode.BadRequest, "zero or more")]
    [InlineData("{\"account_id\":\"A000001\",\"limt\":3}", HttpStatusCode.BadRequest, "unknown")]
    [InlineData("{\"account_id\":7}", HttpStatusCode.BadRequest, "$.account_id")]
    [InlineData("{\"account_id\":", HttpStatusCode.BadRequest, "body")]
    [InlineData("{}", HttpStatusCode.BadRequest, "missing")]
    [InlineData("null", HttpStatusCode.BadRequest, "Found null")]
    [InlineData("{\"account_id\":\"\\u0000'; DROP TABLE accounts;--\"}", HttpStatusCode.NotFound, "No such account")]
    public async Task What_cannot_be_answered_is_explained_in_problem_details(string body, HttpStatusCode status, string says)
    {
        using var answer = await Ask(body);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.DoesNotContain("Recommender.", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/v1/models", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/v1/accounts/nobody", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/accounts?limit=many", HttpStatusCode.BadRequest)]
    public async Task Every_error_is_problem_details(string method, string path, HttpStatusCode status)
    {
        using var answer = await service.Client.SendAsync(new(new(method), path), TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task An_account_is_found_by_part_of_its_name_and_opened_by_its_id()
    {
        var found = await Get("/v1/accounts?q=lake&limit=3");
        var first = found.GetProperty("items")[0];
        Assert.Contains("lake", first.GetProperty("name").GetString()!, StringComparison.OrdinalIgnoreCase);
        var opened = await Get("/v1/accounts/" + first.GetProperty("account_id").GetString());
        Assert.Equal(first.GetProperty("name").GetString(), opened.GetProperty("name").GetString());
        Assert.True(opened.GetProperty("attributes").TryGetProperty("cloud_stack", out _));
    }

    [Fact]
    public async Task Models_lists_the_live_packages()
    {
        var models = (await Get("/v1/models")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(
            ["partner-fit", "win-probability"],
            models.Where(model => model.GetProperty("live").GetBoolean()).Select(model => model.GetProperty("model").GetString())
        );
    }

    [Fact]
    public async Task The_service_is_live_and_ready()
    {
        Assert.Equal("live", (await Get("/health/live")).GetProperty("status").GetString());
        Assert.Equal("ready", (await Get("/health/ready")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_openapi_document_names_every_route()
    {
        var document = await Get("/openapi/v1.json");
        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            [
                "/health/live",
                "/health/ready",
                "/v1/accounts",
                "/v1/accounts/by-external-id/{externalId}",
                "/v1/accounts/{id}",
                "/v1/accounts/{id}/claims",
                "/v1/accounts/{id}/merge",
                "/v1/assists/{id}",
                "/v1/conflicts",
                "/v1/conflicts/counts",
                "/v1/conflicts/{id}",
                "/v1/conflicts/{id}/decide",
                "/v1/conflicts/{id}/reopen",
                "/v1/deal-registrations",
                "/v1/deal-registrations/check",
                "/v1/deal-registrations/{id}",
                "/v1/deal-registrations/{id}/approve",
                "/v1/deal-registrations/{id}/convert",
                "/v1/deal-registrations/{id}/extend",
                "/v1/deal-registrations/{id}/reject",
                "/v1/deal-registrations/{id}/state",
                "/v1/deal-registrations/{id}/withdraw",
                "/v1/engagements/{id}",
                "/v1/erasures",
                "/v1/events",
                "/v1/feedback",
                "/v1/handoffs",
                "/v1/handoffs/{id}",
                "/v1/handoffs/{id}/accept",
                "/v1/handoffs/{id}/decline",
                "/v1/handoffs/{id}/edit",
                "/v1/handoffs/{id}/introduce",
                "/v1/handoffs/{id}/link",
                "/v1/handoffs/{id}/meet",
                "/v1/handoffs/{id}/rate",
                "/v1/handoffs/{id}/send",
                "/v1/handoffs/{id}/state",
                "/v1/handoffs/{id}/withdraw",
                "/v1/history",
                "/v1/lead-offers",
                "/v1/lead-offers/{id}/accept",
                "/v1/lead-offers/{id}/decline",
                "/v1/leads",
                "/v1/leads/{id}",
                "/v1/leads/{id}/assign",
                "/v1/leads/{id}/route",
                "/v1/leads/{id}/state",
                "/v1/leads/{id}/withdraw",
                "/v1/models",
                "/v1/models/{model}/promote",
                "/v1/models/{model}/rollback",
                "/v1/opportunities/{id}",
                "/v1/opportunity-recommendations",
                "/v1/partner-recommendations",
                "/v1/partner-recommendations/batch",
                "/v1/partner-sharing/{id}",
                "/v1/partners",
                "/v1/partners/by-external-id/{externalId}",
                "/v1/partners/{id}",
                "/v1/partners/{id}/account-list",
                "/v1/partners/{id}/account-list/match",
                "/v1/partners/{id}/account-map",
                "/v1/partners/{id}/account-map/accounts",
                "/v1/partners/{id}/matches",
                "/v1/partners/{id}/matches/{record_id}/confirm",
                "/v1/partners/{id}/matches/{record_id}/reject",
                "/v1/partners/{id}/matches/{record_id}/undo",
                "/v1/partners/{id}/merge",
                "/v1/recommendations/{id}",
                "/v1/recommendations/{id}/replay",
                "/v1/reps/{id}",
                "/v1/routing-policy",
                "/v1/rules",
                "/v1/touches/{id}",
                "/v1/webhooks",
                "/v1/webhooks/{id}",
                "/v1/webhooks/{id}/deliveries",
                "/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver",
                "/v1/webhooks/{id}/test",
            ],
            document.GetProperty("paths").EnumerateObject().Select(path => path.Name).Order(StringComparer.Ordinal)
        );
    }

    async Task<HttpResponseMessage> Ask(string body) =>
        await service.Client.PostAsync(
            "/v1/partner-recommendations",
            new StringContent(body, Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken
        );

    async Task<JsonElement> Get(string path) =>
        await service.Client.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);

    static async Task<JsonElement> Json(HttpResponseMessage answer) =>
        await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
}
