using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using k8s;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

public sealed class OperationsTests
{
    static readonly string _deploy = Path.Combine(Sample.Root, "src/Recommender.Api/deploy");

    [Theory]
    [InlineData("kubernetes.yaml", "StatefulSet", "replicas: 1")]
    [InlineData("kubernetes-sqlserver.yaml", "Deployment", "replicas: 2")]
    public async Task The_kubernetes_manifest_stands_the_published_schemas_and_names_no_unknown_field(
        string file,
        string kind,
        string replicas
    )
    {
        await Npm.NeedAsync();
        var manifest = Path.Combine(_deploy, file);
        var (code, output) = await Npm.RunAsync("node", "manifests.mjs", manifest);
        Assert.True(code == 0, output);
        Assert.Contains($"{kind} recommender is valid", output, StringComparison.Ordinal);
        var text = await File.ReadAllTextAsync(manifest, TestContext.Current.CancellationToken);
        Assert.Equal(3, KubernetesYaml.LoadAllFromString(text, strict: true).Count);
        // The negative controls: a wrong type and a misspelt field.
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder["wrong.yaml"],
            text.Replace(replicas, "replicas: one", StringComparison.Ordinal),
            TestContext.Current.CancellationToken
        );
        var (refused, why) = await Npm.RunAsync("node", "manifests.mjs", folder["wrong.yaml"]);
        Assert.True(refused == 1 && why.Contains("must be integer", StringComparison.Ordinal), why);
        Assert.ThrowsAny<Exception>(() =>
            KubernetesYaml.LoadAllFromString(text.Replace(replicas, "replicaz: 1", StringComparison.Ordinal), strict: true)
        );
    }

    [Fact]
    public async Task The_container_file_ends_in_a_chiselled_image_and_does_not_run_as_root()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(_deploy, "Containerfile"), TestContext.Current.CancellationToken);
        var last = Array.FindLastIndex(lines, line => line.StartsWith("FROM ", StringComparison.Ordinal));
        Assert.Contains("-chiseled", lines[last], StringComparison.Ordinal);
        Assert.Contains("USER $APP_UID", lines[last..]);
    }

    [Fact]
    public async Task Metrics_bear_the_names_of_the_conventions_and_no_id()
    {
        using var service = await Service.StartAsync();
        await service.RankAsync("""{"account_id":"A000007"}""");
        await service.BulkAsync(
            """{"table":"touches","row":{"touch_id":"M1","account_id":"A000007","kind":"call","at":"2026-06-01"}}"""
        );
        string[] names =
        [
            "http_server_request_duration_seconds_count",
            "http_server_active_requests",
            "dotnet_gc_heap_total_allocated_bytes_total",
            "recommender_rankings_total",
            "recommender_ranking_candidates",
            "recommender_facts_total",
            "recommender_writes_waiting",
            "recommender_index_deals",
            "recommender_ready",
            "recommender_database_writable",
        ];
        var metrics = "";
        // What a request took is noted when it is over, which may be after its answer.
        await Eventually.IsSoAsync(
            async () =>
            {
                metrics = (await service.GetAsync("/metrics")).Expect(HttpStatusCode.OK).Text;
                return names.All(name => Regex.IsMatch(metrics, $"^{name}", RegexOptions.Multiline, TimeSpan.FromSeconds(1)));
            },
            () => metrics
        );
        Assert.Contains("http_route=\"/v1/partner-recommendations\"", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("A000007", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_are_lines_of_json_when_asked_and_tell_no_name_no_note_and_no_key()
    {
        using var folder = new TemporaryFolder();
        using var service = await SampleService
            .Start(folder["l.db"], "Logging:Console:FormatterName=json", "Logging:LogLevel:Default=Debug")
            .WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
        using var content = new StringContent("{\"name\":\"Jane Secret GmbH\"}", System.Text.Encoding.UTF8, "application/json");
        using (await service.Client.PutAsync("/v1/accounts/LOG1", content, TestContext.Current.CancellationToken)) { }
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/accounts?q=Jane%20Secret");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer rk_topsecret");
        using (await service.Client.SendAsync(request, TestContext.Current.CancellationToken)) { }
        service.Terminate();
        await service.WhenEndedAsync(TestContext.Current.CancellationToken);
        Assert.All(
            service.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.StartsWith("{", line, StringComparison.Ordinal)
        );
        Assert.DoesNotContain("Jane", service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", service.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopped_while_it_starts_or_unable_to_start_it_ends_by_itself_with_one_line_at_most()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 10; i++)
        {
            using var service = SampleService.Start(folder[$"{i}.db"]);
            await Task.Delay(150 * i, TestContext.Current.CancellationToken);
            service.Terminate();
            // Nobody takes the signal before the runtime is up.
            Assert.Contains(await service.WhenEndedAsync(TestContext.Current.CancellationToken), new[] { 0, 143 });
            Assert.DoesNotContain("crit:", service.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", service.Output, StringComparison.Ordinal);
        }
        using var empty = SampleService.Start(
            folder["empty.db"],
            "Demo:Path=" + Directory.CreateDirectory(folder["none"]).FullName
        );
        Assert.Equal(1, await empty.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains("The service cannot start", empty.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", empty.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demo_lives_today()
    {
        using var service = await Service.StartAsync("Demo:ShiftDates=true", "Index:CorePercent=100");
        var page = (await service.GetAsync("/accounts/A000007")).Expect(HttpStatusCode.OK).Text;
        Assert.Contains("The newest fact is of", page, StringComparison.Ordinal);
        Assert.DoesNotContain("is not counted", page, StringComparison.Ordinal);
        // The models answer as they do on the files as they are.
        var answer = await service.RankAsync("""{"account_id":"A000007","limit":10}""");
        Assert.Equal(JsonValueKind.Null, answer["fallback"].ValueKind);
        using var files = await Service.StartAsync();
        var asOf = "2026-07-01T00:00:00Z";
        var then = await files.RankAsync($$"""{"account_id":"A000007","limit":10,"as_of":"{{asOf}}"}""");
        static string Ranks(Answer one) =>
            string.Join(' ', one["partners"].EnumerateArray().Select(partner => partner.GetProperty("partner_id").GetString()));
        Assert.Equal(Ranks(then).Split(' ').Take(3), Ranks(answer).Split(' ').Take(3));
    }

    [Fact]
    public async Task The_sandbox_serves_made_up_data_says_so_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        using var service = await ServiceProcess
            .StartWith(
                [new("TMPDIR", folder["."])],
                Sample.Root,
                "Production",
                "Sandbox:Enabled=true",
                "Drain:Seconds=0",
                "Database:Path=" + folder["never.db"],
                "Models:Path=" + Sample.Models,
                "Demo:Path=" + Sample.Folder
            )
            .WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
        var key = Regex.Match(service.Output, "rk_[0-9a-f]+", RegexOptions.None, TimeSpan.FromSeconds(1)).Value;
        service.Client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        using var answer = await service.Client.GetAsync("/v1/accounts/A000007", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("sandbox", answer.Headers.GetValues("X-Environment").Single());
        service.Terminate();
        Assert.Equal(0, await service.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFileSystemEntries(folder["."], "recommender-*"));
        Assert.False(File.Exists(folder["never.db"]));
    }
}
