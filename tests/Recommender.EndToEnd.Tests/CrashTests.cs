using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>The service as a process: killed, started twice, told to stop, with a database that takes no writes.</summary>
public sealed class CrashTests : IDisposable
{
    const int RowsOfCall = 200;
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Killed_at_any_moment_of_bulk_ingest_every_acknowledged_fact_is_there_and_none_twice()
    {
        var cancel = TestContext.Current.CancellationToken;
        var random = new Random(23);
        var acknowledged = new HashSet<string>();
        var (sent, longest) = (0, TimeSpan.Zero);
        for (var round = 0; round < 20; round++)
        {
            using var service = await Start().WhenReadyAsync(cancel: cancel);
            // Within the first calls, however long one takes here.
            var killAt = TimeSpan.FromMilliseconds(random.Next(5, 700)) + random.NextDouble() * 3 * longest;
            var clock = Stopwatch.StartNew();
            using var kill = new Timer(_ => service.Kill());
            if (round > 0)
                kill.Change(killAt, Timeout.InfiniteTimeSpan);
            try
            {
                while (clock.Elapsed < TimeSpan.FromSeconds(60))
                {
                    var started = clock.Elapsed;
                    var ids = IngestedTouches.Ids(sent, RowsOfCall);
                    sent += ids.Count;
                    var lines = IngestedTouches.Lines(ids, _ => ("A000007", "P00001"));
                    using var content = new StringContent(lines, Encoding.UTF8, "application/x-ndjson");
                    using var answer = await service.Client.PostAsync("/v1/history", content, cancel);
                    answer.EnsureSuccessStatusCode();
                    // The answer may be cut off: only what came whole was acknowledged.
                    var said = JsonElement.Parse(await answer.Content.ReadAsStringAsync(cancel));
                    Assert.Equal(ids.Count, said.GetProperty("inserted").GetInt32());
                    acknowledged.UnionWith(ids);
                    longest = clock.Elapsed - started > longest ? clock.Elapsed - started : longest;
                    // The first round is there to learn how long a call takes.
                    if (round == 0 && acknowledged.Count == RowsOfCall)
                        kill.Change(killAt, Timeout.InfiniteTimeSpan);
                }
                Assert.Fail("It was not killed.");
            }
            catch (Exception e) when (e is HttpRequestException or IOException) { }
        }
        using (var service = await Start().WhenReadyAsync(cancel: cancel))
        {
            using var answer = await service.Client.PostAsJsonAsync(
                "/v1/partner-recommendations",
                new { account_id = "A000007" },
                cancel
            );
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        IngestedTouches.AssertAreThere(TestDatabase.Store(_folder["c.db"]), acknowledged, RowsOfCall);
    }

    [Fact]
    public async Task A_second_instance_on_the_same_database_says_so_and_ends_and_harms_nothing()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var first = await Start(TestDatabase.OnAFile).WhenReadyAsync(cancel: cancel);
        using var second = Start(TestDatabase.OnAFile);
        Assert.Equal(1, await second.WhenEndedAsync(cancel));
        Assert.Contains("Another instance works on", second.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);
        using var written = await first.Client.PutAsJsonAsync("/v1/accounts/X1", new { name = "Contoso" }, cancel);
        Assert.Equal(HttpStatusCode.Created, written.StatusCode);
    }

    [Fact]
    public async Task Told_to_stop_it_is_no_longer_ready_answers_on_for_a_while_and_writes_what_it_accepted()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var service = await Start("Drain:Seconds=10").WhenReadyAsync(cancel: cancel);
        service.Terminate();
        await Eventually.IsSoAsync(async () =>
        {
            using var ready = await service.Client.GetAsync("/health/ready", cancel);
            return ready.StatusCode == HttpStatusCode.ServiceUnavailable;
        });
        using var answer = await service.Client.PostAsJsonAsync(
            "/v1/partner-recommendations",
            new { account_id = "A000007" },
            cancel
        );
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(cancel)).GetProperty("recommendation_id").GetString();
        Assert.Equal(0, await service.WhenEndedAsync(cancel));
        Assert.Contains("all that was accepted is written", service.Output, StringComparison.Ordinal);
        using var again = await Start().WhenReadyAsync(cancel: cancel);
        using var kept = await again.Client.GetAsync("/v1/recommendations/" + id, cancel);
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
    }

    [Theory]
    [InlineData("Database:MaxMegabytes=1", HttpStatusCode.InsufficientStorage, "database_full")]
    [InlineData("Database:ReadOnly=true", HttpStatusCode.ServiceUnavailable, "database_read_only")]
    public async Task A_database_that_takes_no_writes_says_so_and_reads_go_on(string setting, HttpStatusCode status, string code)
    {
        var cancel = TestContext.Current.CancellationToken;
        using (await Start(TestDatabase.OnAFile).WhenReadyAsync(cancel: cancel)) { }
        using var service = await Start([.. TestDatabase.OnAFile, setting]).WhenReadyAsync(cancel: cancel);
        for (var i = 0; i < 3; i++)
        {
            var body = Enumerable.Range(0, 60).ToDictionary(c => $"custom_{c}", c => new string('y', 900));
            HttpResponseMessage refused;
            do refused = await service.Client.PutAsJsonAsync($"/v1/accounts/F{i}", body, cancel);
            while (refused.IsSuccessStatusCode && i++ < 200);
            using (refused)
            {
                Assert.Equal(status, refused.StatusCode);
                Assert.Equal(
                    code,
                    (await refused.Content.ReadFromJsonAsync<JsonElement>(cancel)).GetProperty("code").GetString()
                );
            }
            using var answer = await service.Client.PostAsJsonAsync(
                "/v1/partner-recommendations",
                new { account_id = "A000007" },
                cancel
            );
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            using var account = await service.Client.GetAsync("/v1/accounts/A000007", cancel);
            Assert.Equal(HttpStatusCode.OK, account.StatusCode);
            Assert.Contains(
                "The database takes no writes now",
                await service.Client.GetStringAsync("/accounts/A000007", cancel),
                StringComparison.Ordinal
            );
        }
    }

    ServiceProcess Start(params string[] settings) => SampleService.Start(_folder["c.db"], settings);
}
