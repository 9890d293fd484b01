using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Data.SqlClient;
using Recommender.Access;
using Recommender.Facts;
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
        var (code, _, error) = await ConsoleAsync(
            $"Server=127.0.0.1,{listener.Port};Database=recommender;User ID=dana;Password=Pa55;Connect Timeout=2",
            "keys",
            "list"
        );
        Assert.Equal(1, code);
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
            using var answer = await TellAsync(client, "both", cancel);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel));
        }
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Send(i % 2 == 0 ? one.Client : two.Client)));
        var done = answers.Where(answer => answer.Item1 != HttpStatusCode.Conflict).ToList();
        Assert.NotEmpty(done);
        Assert.Single(done.Select(answer => answer.Item2).Distinct());
        using var rules = await one.Client.PutAsJsonAsync(
            "/v1/rules",
            JsonDocument
                .Parse("""{ "rules": [ { "id": "all", "kind": "do_not_share", "accounts": { "account_id": ["A000007"] } } ] }""")
                .RootElement,
            cancel
        );
        Assert.True(rules.IsSuccessStatusCode, await rules.Content.ReadAsStringAsync(cancel));
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

    static async Task<HttpResponseMessage> TellAsync(HttpClient client, string key, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/feedback");
        request.Headers.Add("Idempotency-Key", key);
        request.Content = JsonContent.Create(
            new
            {
                partner_id = "P00001",
                account_id = "A000007",
                @event = "note",
                note = "once",
            }
        );
        return await client.SendAsync(request, cancel);
    }

    /// <summary>The console on a database that the environment names: its exit code and what it printed.</summary>
    static async Task<(int Code, string Output, string Error)> ConsoleAsync(string database, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ConsoleTests.Program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["RECOMMENDER_DATABASE"] = database;
        using var console = Process.Start(start)!;
        var output = console.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await console.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await console.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (console.ExitCode, await output, error);
    }

    /// <summary>A service on a wire that breaks: rankings go on, it says that it is not ready, and mends itself; a write that was not answered is done once.</summary>
    [Fact]
    public async Task While_the_server_is_gone_rankings_go_on_and_what_was_not_answered_is_done_once()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var wire = new SqlWire(TestDatabase.Of(TestDatabase.SqlServer, _folder["wire.db"]));
        using var service = await SampleService
            .Start(_folder["wire.db"], "Database:ConnectionString=" + wire.ConnectionString)
            .WhenReadyAsync(TimeSpan.FromMinutes(5), cancel);
        TestContext.Current.TestOutputHelper?.WriteLine($"ready after {wire.Calls} connections");
        async Task<HttpStatusCode> Asked(string path)
        {
            using var answer = await service.Client.GetAsync(path, cancel);
            return answer.StatusCode;
        }
        wire.CutAtCommit(serverHears: true);
        using (var lost = await TellAsync(service.Client, "told", cancel))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, lost.StatusCode);
            Assert.NotNull(lost.Headers.RetryAfter);
        }
        using (var again = await TellAsync(service.Client, "told", cancel))
        {
            Assert.Equal(HttpStatusCode.Created, again.StatusCode);
            Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
        }
        var events = await service.Client.GetFromJsonAsync<JsonElement>("/v1/events?type=feedback.taken", cancel);
        Assert.Single(events.GetProperty("items").EnumerateArray());

        async Task IsOutlivedAsync(string account, Action end, Action begin)
        {
            end();
            var gone = Stopwatch.GetTimestamp();
            await Eventually.IsSoAsync(async () => await Asked("/health/ready") == HttpStatusCode.ServiceUnavailable);
            var unready = Stopwatch.GetElapsedTime(gone);
            using (
                var ranked = await service.Client.PostAsJsonAsync(
                    "/v1/partner-recommendations",
                    new { account_id = "A000007" },
                    cancel
                )
            )
                Assert.Equal(HttpStatusCode.OK, ranked.StatusCode);
            using (var refused = await service.Client.PutAsJsonAsync("/v1/accounts/" + account, new { name = "Gone" }, cancel))
                Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            using (var read = await service.Client.GetAsync("/v1/events", cancel))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, read.StatusCode);
                Assert.NotNull(read.Headers.RetryAfter);
            }
            begin();
            var back = Stopwatch.GetTimestamp();
            await service.WhenReadyAsync(cancel: cancel);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"not ready after {unready.TotalSeconds:0.0} s, ready again after {Stopwatch.GetElapsedTime(back).TotalSeconds:0.0} s"
            );
            Assert.Equal(HttpStatusCode.NotFound, await Asked("/v1/accounts/" + account));
            using (var put = await service.Client.PutAsJsonAsync("/v1/accounts/" + account, new { name = "Back" }, cancel))
                Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }
        await IsOutlivedAsync("W1", () => wire.IsDown = true, () => wire.IsDown = false);
        // A number that no list has.
        await IsOutlivedAsync("W2", () => wire.Refuse(54321, 14, "The server is about to go."), wire.LetIn);
        Assert.DoesNotContain("   at ", service.Output, StringComparison.Ordinal);
    }

    /// <summary>The script of the documentation, run; the service then works with the login that it makes, and may do nothing else.</summary>
    [Fact]
    public async Task The_service_works_with_the_login_of_the_set_up_script_and_that_may_do_no_more()
    {
        const string Secret = "Pa55-word of a test";
        var cancel = TestContext.Current.CancellationToken;
        var admin = new SqlConnectionStringBuilder(TestDatabase.Of(TestDatabase.SqlServer, _folder["admin.db"]));
        var name = "recommender_setup_" + Guid.NewGuid().ToString("N")[..8];
        await using var server = new SqlConnection(admin.ConnectionString);
        await server.OpenAsync(cancel);
        // It has no GRANT for a database, nor of ALTER; what those two allow, the administrator does there.
        var lacksGrants = server.ExecuteScalar<string>("SELECT @@VERSION")!.Contains("Babelfish", StringComparison.Ordinal);
        var script = Regex.Replace(
            await File.ReadAllTextAsync(Path.Combine(Sample.Root, "src/Recommender.Api/deploy/sqlserver.sql"), cancel),
            @"\brecommender(?<rest>_service|_upgrade)?(?<user>_user)?\b",
            match => name + match.Value["recommender".Length..],
            RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(1)
        );
        foreach (var statement in Regex.Split(script, @";\s*\n(?:GO\n)?|^GO\n", RegexOptions.Multiline, TimeSpan.FromSeconds(1)))
        {
            var text = Regex.Replace(statement, @"^--.*\n", "", RegexOptions.Multiline, TimeSpan.FromSeconds(1)).Trim();
            if (
                text.Length == 0
                || lacksGrants
                    && (
                        text.StartsWith("GRANT CREATE TABLE", StringComparison.Ordinal)
                        || text.StartsWith("GRANT ALTER", StringComparison.Ordinal)
                    )
            )
                continue;
            await server.ExecuteAsync(
                Regex.Replace(text, "N'replace this[^']*'", $"N'{Secret}'", RegexOptions.None, TimeSpan.FromSeconds(1))
            );
        }
        string With(string login) =>
            new SqlConnectionStringBuilder(admin.ConnectionString)
            {
                InitialCatalog = name,
                UserID = name + login,
                Password = Secret,
            }.ConnectionString;
        try
        {
            var denied = Assert.ThrowsAny<Exception>(() => HistoryStore.Open(With("_service")));
            Assert.Contains("recommender_upgrade", denied.Message, StringComparison.Ordinal);
            HistoryStore.Open(
                lacksGrants
                    ? new SqlConnectionStringBuilder(admin.ConnectionString) { InitialCatalog = name }.ConnectionString
                    : With("_upgrade")
            );
            var store = HistoryStore.Open(With("_service"));
            var secret = new ApiKeys(store).Create("all", ApiKeys.AllScopes, TimeProvider.System.GetUtcNow().UtcDateTime).Secret;
            using var service = await SampleService
                .Start("Production", _folder["admin.db"], ["Database:ConnectionString=" + With("_service"), "Demo:Enabled=true"])
                .WhenReadyAsync(TimeSpan.FromMinutes(5), cancel);
            service.Client.DefaultRequestHeaders.Authorization = new("Bearer", secret);
            async Task Done(HttpMethod method, string path, string body, string type = "application/json")
            {
                using var request = new HttpRequestMessage(method, path);
                request.Headers.Add("Idempotency-Key", path);
                request.Content = new StringContent(body, Encoding.UTF8, type);
                using var answer = await service.Client.SendAsync(request, cancel);
                Assert.True(answer.IsSuccessStatusCode, $"{path}: {await answer.Content.ReadAsStringAsync(cancel)}");
            }
            var rows = string.Concat(
                Enumerable
                    .Range(0, 40)
                    .Select(i => Service.Line("accounts", new { account_id = $"L{i}", name = "Listed" }) + "\n")
            );
            await Done(HttpMethod.Post, "/v1/history", rows, "application/x-ndjson");
            await Done(
                HttpMethod.Post,
                "/v1/history?again=1",
                rows.Replace("Listed", "Changed", StringComparison.Ordinal),
                "application/x-ndjson"
            );
            await Done(HttpMethod.Put, "/v1/accounts/L1", """{"name":"One"}""");
            await Done(HttpMethod.Put, "/v1/rules", """{"rules":[{"id":"r","kind":"registration"}]}""");
            await Done(HttpMethod.Post, "/v1/webhooks", """{"url":"https://example.com/hook"}""");
            await Done(HttpMethod.Post, "/v1/partner-recommendations", """{"account_id":"A000007"}""");
            await Done(HttpMethod.Post, "/v1/accounts/L2/merge", """{"into":"L1"}""");
            await Done(HttpMethod.Post, "/v1/erasures", """{"account_id":"L3"}""");

            await using var rights = new SqlConnection(With("_service"));
            await rights.OpenAsync(cancel);
            foreach (
                var ddl in (string[])
                    [
                        "CREATE TABLE more (k int NOT NULL)",
                        "DROP TABLE touches",
                        "ALTER TABLE touches ADD k int NULL",
                        "TRUNCATE TABLE events",
                    ]
            )
                await Assert.ThrowsAsync<SqlException>(() => rights.ExecuteAsync(ddl));
        }
        finally
        {
            SqlConnection.ClearAllPools();
            await server.ExecuteAsync("USE master");
            await server.ExecuteAsync($"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE");
            // Sessions that were killed end a little later.
            foreach (var drop in (string[])[$"DATABASE {name}", $"LOGIN {name}_service", $"LOGIN {name}_upgrade"])
                await Eventually.IsSoAsync(async () =>
                {
                    try
                    {
                        await server.ExecuteAsync("DROP " + drop);
                        return true;
                    }
                    catch (SqlException)
                    {
                        return false;
                    }
                });
        }
    }

    /// <summary>A database as the version before left it is brought up by the console, and says the same as before.</summary>
    [Fact]
    public async Task A_database_of_the_version_before_is_brought_up_and_answers_the_same()
    {
        var cancel = TestContext.Current.CancellationToken;
        var database = TestDatabase.Of(TestDatabase.SqlServer, _folder["before.db"]);
        var store = HistoryStore.Open(database);
        store.Import(new HistoryFolder(Sample.Folder), _folder["rejected.csv"], strict: true);
        async Task<string> Say()
        {
            using var service = await SampleService.Start(_folder["before.db"]).WhenReadyAsync(cancel: cancel);
            using var answer = await service.Client.PostAsJsonAsync(
                "/v1/partner-recommendations",
                new { account_id = "A000007", as_of = "2026-06-01" },
                cancel
            );
            var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancel))!.AsObject();
            json.Remove("recommendation_id");
            return json.ToJsonString();
        }
        var before = await Say();
        await using (var connection = store.Connect())
        {
            // What the newest scripts did, undone.
            foreach (
                var undo in (string[])
                    [
                        "DROP INDEX aliases_by_applied_at ON aliases",
                        "ALTER TABLE aliases DROP COLUMN name",
                        "ALTER TABLE aliases DROP COLUMN domain",
                        "ALTER TABLE aliases DROP COLUMN external_id",
                        "UPDATE change_clock SET stamp = '0001-01-01T00:00:00+00:00'",
                    ]
            )
                await connection.ExecuteAsync(undo);
            Assert.Equal(
                3,
                await connection.ExecuteAsync(
                    "DELETE FROM schema_versions WHERE ScriptName LIKE '%0009[_]merged%' OR ScriptName LIKE '%0010[_]clock%' OR ScriptName LIKE '%0011[_]moment%'"
                )
            );
        }
        SqlConnection.ClearAllPools();
        var (code, output, error) = await ConsoleAsync(database, "upgrade");
        Assert.Equal((0, "The schema is up to date."), (code, (output + error).Trim()));
        Assert.Equal(before, await Say());
        using var writing = store.ConnectToWrite();
        using var held = store.BeginExclusive(writing);
        using var beside = store.OpenSnapshot();
        Assert.True(beside.Position.KnownBefore > new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
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
