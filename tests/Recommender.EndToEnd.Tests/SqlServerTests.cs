using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>SQL Server that is gone, that is not what it should be, and that several services share.</summary>
public sealed class SqlServerTests : IDisposable
{
    const string Password = "Pa55-and;\"more\"";
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_server_that_is_gone_is_tried_again_then_named_in_one_line_and_no_secret_is_printed()
    {
        using var listener = new Hangup();
        using var service = SampleService.Start(
            _folder["s.db"],
            "Database:Provider=SqlServer",
            $"Database:ConnectionString=Server=tcp:127.0.0.1,{listener.Port};Database=recommender;User ID=dana;Password='{Password}';Connect Timeout=2",
            "Logging:LogLevel:Default=Trace"
        );
        Assert.Equal(1, await service.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains(
            $"SQL Server database recommender on tcp:127.0.0.1,{listener.Port} cannot be opened: ",
            service.Output,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("Pa55", service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", service.Output, StringComparison.Ordinal);
        Assert.True(listener.Calls >= 3, $"{listener.Calls} calls");
    }

    [Theory]
    [InlineData("Server=x;Database=y;User ID=dana;Password=Pa55;more=Pa55", "The connection string cannot be read; expected")]
    [InlineData("Server=x;User ID=dana;Password=Pa55", "The connection string names no server or no database; expected")]
    [InlineData("Server=x;Database=y;Encrypt=Pa55", "The connection string cannot be read; expected")]
    [InlineData("", "is empty; expected")]
    public async Task A_connection_string_at_fault_is_refused_and_not_repeated(string text, string message)
    {
        using var service = SampleService.Start(
            _folder["s.db"],
            "Database:Provider=SqlServer",
            "Database:ConnectionString=" + text
        );
        Assert.Equal(1, await service.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains(message, service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Pa55", service.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_console_says_the_same_and_takes_the_connection_string_from_the_environment()
    {
        using var listener = new Hangup();
        var start = new ProcessStartInfo("dotnet", [ConsoleTests.Program, "keys", "list"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["RECOMMENDER_DATABASE"] =
            $"Server=127.0.0.1,{listener.Port};Database=recommender;User ID=dana;Password=Pa55;Connect Timeout=2";
        using var console = Process.Start(start)!;
        var error = await console.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await console.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, console.ExitCode);
        Assert.StartsWith("SQL Server database recommender on 127.0.0.1", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("Pa55", error, StringComparison.Ordinal);
    }

    /// <summary>Two services on one database: what one is told, the other knows within a second, models and rules among it.</summary>
    [Fact]
    public async Task What_one_replica_is_told_the_other_answers_with_and_a_write_sent_to_both_is_done_once()
    {
        var cancel = TestContext.Current.CancellationToken;
        TestDatabase.Of(TestDatabase.SqlServer, _folder["two.db"]);
        using var one = await SampleService.Start(_folder["two.db"]).WhenReadyAsync(cancel: cancel);
        using var two = await SampleService.Start(_folder["two.db"]).WhenReadyAsync(cancel: cancel);
        for (var i = 0; i < 20; i++)
        {
            using var put = await one.Client.PutAsJsonAsync($"/v1/accounts/R{i}", new { name = "Replicated" }, cancel);
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
            var started = Stopwatch.GetTimestamp();
            await Eventually.IsSoAsync(async () =>
            {
                using var ranked = await two.Client.PostAsJsonAsync(
                    "/v1/partner-recommendations",
                    new { account_id = $"R{i}" },
                    cancel
                );
                return ranked.StatusCode == HttpStatusCode.OK;
            });
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"known to the other after {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms"
            );
        }
        async Task<(HttpStatusCode, string)> Send(HttpClient client)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/feedback");
            request.Headers.Add("Idempotency-Key", "both");
            request.Content = JsonContent.Create(
                new
                {
                    partner_id = "P00001",
                    account_id = "A000007",
                    @event = "note",
                    note = "once",
                }
            );
            using var answer = await client.SendAsync(request, cancel);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel));
        }
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Send(i % 2 == 0 ? one.Client : two.Client)));
        var done = answers.Where(answer => answer.Item1 != HttpStatusCode.Conflict).ToList();
        Assert.NotEmpty(done);
        Assert.Single(done.Select(answer => answer.Item2).Distinct());
        using var rules = await one.Client.PutAsJsonAsync(
            "/v1/rules",
            JsonDocument
                .Parse("""{ "rules": [ { "id": "all", "kind": "do_not_share", "accounts": ["A000007"] } ] }""")
                .RootElement,
            cancel
        );
        Assert.True(rules.IsSuccessStatusCode);
        await Eventually.IsSoAsync(async () =>
        {
            using var ranked = await two.Client.PostAsJsonAsync(
                "/v1/partner-recommendations",
                new { account_id = "A000007" },
                cancel
            );
            var answer = await ranked.Content.ReadFromJsonAsync<JsonElement>(cancel);
            return answer.GetProperty("excluded").GetArrayLength() > 0;
        });
    }

    /// <summary>Takes calls and hangs up, as a server does that is about to go.</summary>
    sealed class Hangup : IDisposable
    {
        readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        int _calls;

        public Hangup()
        {
            _listener.Start();
            _ = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        using var call = await _listener.AcceptTcpClientAsync();
                        Interlocked.Increment(ref _calls);
                    }
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
            });
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Calls => Volatile.Read(ref _calls);

        public void Dispose() => _listener.Dispose();
    }
}
