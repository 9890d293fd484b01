using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Recommender.Api.Endpoints;
using Recommender.Facts;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Ids in addresses, over a real connection: the test server reads addresses in a way of its own.</summary>
public sealed class AddressTests(AddressTests.Listening service) : IClassFixture<AddressTests.Listening>
{
    /// <summary>All that may be in an id and means something in an address.</summary>
    public static TheoryData<string> Ids =>
        [
            "DE/1001",
            "DE%2F1001",
            "DE+1002",
            "DE%1003",
            "100 % of it",
            "https://crm.example/a/7?b=c&d#e",
            "a/../b",
            "/",
            "//x/",
            "Müller ß 株式会社 🙂",
            "a\\b;c=d:e@f!g$h&i'j(k)l*m,n~o\"p<q>r|s^t`u{v}w[x]",
            "%25252F",
        ];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Every_route_with_an_id_is_given_the_id_that_was_sent(string id)
    {
        var routes =
            from endpoint in service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where endpoint.RoutePattern.Parameters.Any(one => one is { ParameterPolicies.Count: 0, Name: not "documentName" })
            from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
            select (method, endpoint.RoutePattern);
        var asked = 0;
        foreach (var (method, pattern) in routes)
        {
            var names = pattern.Parameters.Where(one => one.ParameterPolicies.Count == 0).Select(one => one.Name).ToList();
            var address = pattern.Parameters.Aggregate(
                "/" + pattern.RawText!.TrimStart('/'),
                (text, one) =>
                    one.ParameterPolicies.Count > 0
                        ? text.Replace($"{{{one.Name}:{one.ParameterPolicies[0].Content}}}", "7", StringComparison.Ordinal)
                        : text.Replace($"{{{one.Name}}}", Uri.EscapeDataString(id), StringComparison.Ordinal)
            );
            using var answer = await service.Client.SendAsync(new(new(method), address), TestContext.Current.CancellationToken);
            Assert.True(answer.Headers.Contains("X-Route"), $"{method} {address}: {answer.StatusCode}");
            Assert.Equal(pattern.RawText, answer.Headers.GetValues("X-Route").Single());
            var given = JsonElement.Parse(answer.Headers.GetValues("X-Ids").Single());
            Assert.All(names, name => Assert.Equal(id, given.GetProperty(name).GetString()));
            asked++;
        }
        Assert.True(asked > 40, $"{asked} routes were asked.");
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task A_row_is_written_changed_shown_and_deleted_under_the_one_id_it_has(string id)
    {
        var cancel = TestContext.Current.CancellationToken;
        var at = Uri.EscapeDataString(id);
        foreach (
            var (route, row) in (IEnumerable<(string, object)>)
                [
                    ("accounts", new { name = "A", industry = "banking" }),
                    ("partners", new { name = "P", joined_at = "2024-01-01" }),
                    ("opportunities", new { account_id = id, created_at = "2024-02-01" }),
                    (
                        "engagements",
                        new
                        {
                            opportunity_id = id,
                            partner_id = id,
                            started_at = "2024-03-01",
                        }
                    ),
                ]
        )
        {
            foreach (
                var expected in (IEnumerable<(HttpStatusCode, string)>)
                    [(HttpStatusCode.Created, "inserted"), (HttpStatusCode.OK, "unchanged")]
            )
            {
                using var put = await service.Client.PutAsJsonAsync($"/v1/{route}/{at}", row, cancel);
                var body = await put.Content.ReadFromJsonAsync<JsonElement>(cancel);
                Assert.Equal(expected.Item1, put.StatusCode);
                Assert.Equal((id, expected.Item2), (body.GetProperty("id").GetString(), body.GetProperty("result").GetString()));
            }
            var got = await service.Client.GetFromJsonAsync<JsonElement>($"/v1/{route}/{at}", cancel);
            Assert.Equal(id, got.EnumerateObject().First().Value.GetString());
        }
        foreach (var page in (string[])[$"/accounts/{at}", $"/accounts/{at}?deal={at}", $"/partners/{at}"])
        {
            using var shown = await service.Client.GetAsync(page, cancel);
            Assert.True(shown.StatusCode == HttpStatusCode.OK, page);
            // Every link that names the id leads back to it.
            var text = WebUtility.HtmlDecode(await shown.Content.ReadAsStringAsync(cancel));
            Assert.Contains(
                page.StartsWith("/partners", StringComparison.Ordinal) ? $"/accounts/{at}" : $"/accounts/{at}/",
                text,
                StringComparison.Ordinal
            );
        }
        foreach (var route in (string[])["engagements", "opportunities", "partners", "accounts"])
        {
            using var gone = await service.Client.DeleteAsync($"/v1/{route}/{at}", cancel);
            Assert.True(gone.StatusCode == HttpStatusCode.OK, $"{route}: {await gone.Content.ReadAsStringAsync(cancel)}");
        }
    }

    [Fact]
    public async Task An_external_id_that_is_an_address_is_kept_as_it_is()
    {
        var cancel = TestContext.Current.CancellationToken;
        const string Link = "https://crm.example/a/7";
        (
            await service.Client.PutAsJsonAsync("/v1/accounts/EXT-1", new { name = "A", external_id = Link }, cancel)
        ).EnsureSuccessStatusCode();
        using var put = await service.Client.PutAsJsonAsync(
            $"/v1/accounts/by-external-id/{Uri.EscapeDataString(Link)}",
            new { name = "B" },
            cancel
        );
        var body = await put.Content.ReadFromJsonAsync<JsonElement>(cancel);
        Assert.Equal(("EXT-1", "updated"), (body.GetProperty("id").GetString(), body.GetProperty("result").GetString()));
    }

    /// <summary>The service on a port, in this process, so that it can be seen what each route is given.</summary>
    public sealed class Listening : IAsyncLifetime
    {
        readonly string _folder = Directory.CreateTempSubdirectory().FullName;
        WebApplicationFactory<HealthResponse> _factory = null!;

        internal HttpClient Client { get; private set; } = null!;

        internal IServiceProvider Services => _factory.Services;

        public async ValueTask InitializeAsync()
        {
            _factory = new WebApplicationFactory<HealthResponse>().WithWebHostBuilder(host =>
            {
                foreach (
                    var setting in (string[])
                        [
                            .. TestDatabase.Settings(Path.Combine(_folder, "a.db")),
                            "Models:Path=" + Sample.Models,
                            "Demo:Path=" + Sample.Folder,
                            "Demo:ShiftDates=false",
                            "Limits:Burst=1000000",
                            "Urls=http://127.0.0.1:0",
                        ]
                )
                    host.UseSetting(setting.Split('=', 2)[0], setting.Split('=', 2)[1]);
                host.UseEnvironment("Development")
                    .ConfigureServices(services => services.AddSingleton<IStartupFilter>(new Watch()));
            });
            _factory.UseKestrel(0);
            _factory.StartServer();
            Client = new(new SocketsHttpHandler { AllowAutoRedirect = false })
            {
                BaseAddress = _factory.ClientOptions.BaseAddress,
            };
            while (!(await Client.GetAsync("/health/ready")).IsSuccessStatusCode)
                await Task.Delay(50);
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await _factory.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Has every answer say what its route was given.</summary>
    sealed class Watch : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
            app =>
            {
                app.Use(
                    (http, rest) =>
                    {
                        http.Response.OnStarting(() =>
                        {
                            http.Response.Headers["X-Route"] = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
                            http.Response.Headers["X-Ids"] = JsonSerializer.Serialize(http.Request.RouteValues);
                            return Task.CompletedTask;
                        });
                        return rest(http);
                    }
                );
                next(app);
            };
    }
}
