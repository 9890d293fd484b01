using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Recommender.Api.Endpoints;
using Recommender.Facts;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>What a call was answered with.</summary>
sealed record Answer(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string? MediaType)
{
    public JsonElement Json => JsonElement.Parse(Text);

    public string? ETag => Headers.ETag?.ToString();

    public JsonElement this[string property] => Json.GetProperty(property);

    public Answer Expect(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{(int)Status}, expected {(int)status}: {Text}");
        return this;
    }
}

/// <summary>The service as a process on a database with the sample history and the committed models.</summary>
static class SampleService
{
    public static ServiceProcess Start(string database, params IEnumerable<string> settings) =>
        Start("Development", database, settings);

    public static ServiceProcess Start(string environment, string database, IEnumerable<string> settings) =>
        ServiceProcess.Start(
            Sample.Root,
            environment,
            [
                .. TestDatabase.Settings(database),
                "Models:Path=" + Sample.Models,
                "Demo:Path=" + Sample.Folder,
                "Demo:ShiftDates=false",
                .. settings,
            ]
        );
}

/// <summary>The service within the test, on a database of its own with the sample history, unless the settings say otherwise.</summary>
sealed class Service : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly string[] _settings;
    readonly string _environment;
    WebApplicationFactory<HealthResponse> _factory = null!;

    Service(string environment, string[] settings) => (_environment, _settings) = (environment, settings);

    public HttpClient Client { get; private set; } = null!;

    public string Database => _folder["api.db"];

    public IServiceProvider Services => _factory.Services;

    public HttpClient ClientWithoutRedirects() => _factory.CreateClient(new() { AllowAutoRedirect = false });

    public static Task<Service> StartAsync(params string[] settings) => StartAsync("Development", settings);

    public static async Task<Service> StartAsync(string environment, string[] settings, Action<string>? before = null)
    {
        var service = new Service(environment, settings);
        before?.Invoke(service.Database);
        await service.OpenAsync();
        return service;
    }

    /// <summary>Stops the service and starts it again on the same database.</summary>
    public async Task RestartAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
        // The application's own thread disposes too; the second to do so does not wait for the first.
        for (var tries = 0; IsHeld(Database); tries++)
        {
            if (tries == 600)
                throw new TimeoutException("The service still holds its database a minute after it was stopped.");
            await Task.Delay(100);
        }
        await OpenAsync();
    }

    static bool IsHeld(string database)
    {
        try
        {
            DatabaseLock.Take(database).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    async Task OpenAsync()
    {
        _factory = new WebApplicationFactory<HealthResponse>().WithWebHostBuilder(host =>
        {
            host.UseEnvironment(_environment)
                .UseSetting("Models:Path", Sample.Models)
                .UseSetting("Demo:Path", Sample.Folder)
                .UseSetting("Demo:ShiftDates", "false")
                .UseSetting("Logging:LogLevel:Default", "Warning");
            foreach (var setting in TestDatabase.Settings(Database).Concat(_settings))
                host.UseSetting(setting.Split('=', 2)[0], setting.Split('=', 2)[1]);
        });
        Client = _factory.CreateClient();
        for (var tries = 0; ; tries++)
        {
            using var ready = await Client.GetAsync("/health/ready");
            if (ready.IsSuccessStatusCode)
                return;
            if (tries == 600)
                throw new TimeoutException("The service is not ready after a minute.");
            await Task.Delay(100);
        }
    }

    public async Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        string? body = null,
        string type = "application/json",
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await Client.SendAsync(request);
        return new(
            answer.StatusCode,
            await answer.Content.ReadAsStringAsync(),
            answer.Headers,
            answer.Content.Headers.ContentType?.MediaType
        );
    }

    public Task<Answer> GetAsync(string path, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Get, path, headers: headers);

    public Task<Answer> PutAsync(string path, string body, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Put, path, body, headers: headers);

    public Task<Answer> PostAsync(string path, string body, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers: headers);

    public Task<Answer> BulkAsync(string lines, string query = "", params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, "/v1/history" + query, lines, "application/x-ndjson", headers);

    public async Task<Answer> RankAsync(string body) =>
        (await PostAsync("/v1/partner-recommendations", body)).Expect(HttpStatusCode.OK);

    /// <summary>A row as POST /v1/history takes it.</summary>
    public static string Line(string table, object row) => JsonSerializer.Serialize(new { table, row });

    /// <summary>What an answer says of the partners, without what differs from call to call.</summary>
    public static string WithoutId(Answer answer)
    {
        var json = JsonNode.Parse(answer.Text)!.AsObject();
        json.Remove("recommendation_id");
        json.Remove("as_of");
        return json.ToJsonString();
    }

    /// <summary>Scans every column of every table.</summary>
    public void AssertStoresNowhere(string text)
    {
        using var connection = TestDatabase.Store(Database).Connect();
        const string OfServer = "SELECT name FROM sys.tables";
        const string OfFile = "SELECT name FROM sqlite_master WHERE type = 'table'";
        foreach (var table in connection.Query<string>(TestDatabase.HasServer ? OfServer : OfFile).ToList())
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM \"{table}\"";
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                for (var i = 0; i < rows.FieldCount; i++)
                    Assert.DoesNotContain(
                        text,
                        rows.GetValue(i) is byte[] bytes ? Encoding.UTF8.GetString(bytes) : rows.GetValue(i).ToString(),
                        StringComparison.Ordinal
                    );
            }
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        _factory.Dispose();
        _folder.Dispose();
    }
}
