using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Several services on one SQL Server. RECOMMENDER_REPLICA_SECONDS says for how long they are under load; 10 if it says nothing.</summary>
public sealed class ReplicasTests : IDisposable
{
    const int RowsOfCall = 50;
    readonly TemporaryFolder _folder = new();
    readonly ConcurrentBag<string> _acknowledged = [];
    readonly ConcurrentBag<double> _known = [];
    int _sent;

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// All of them take rows and rank, and one is killed in the middle: what was acknowledged is there once, facts of one are in the others'
    /// answers, and afterwards all say the same, the one that comes again too.
    /// </summary>
    [Fact]
    public async Task Three_under_load_of_which_one_is_killed_end_with_the_same_answers_to_the_bit()
    {
        var cancel = TestContext.Current.CancellationToken;
        TestDatabase.Of(TestDatabase.SqlServer, _folder["three.db"]);
        var seconds = double.Parse(
            Environment.GetEnvironmentVariable("RECOMMENDER_REPLICA_SECONDS") ?? "10",
            CultureInfo.InvariantCulture
        );
        // All three find the database empty; one fills it.
        var replicas = Enumerable.Range(0, 3).Select(_ => Start()).ToList();
        foreach (var replica in replicas)
            await replica.WhenReadyAsync(TimeSpan.FromMinutes(5), cancel);
        var clock = Stopwatch.StartNew();
        var rankings = 0;
        bool IsOver() => clock.Elapsed.TotalSeconds > seconds;
        async Task WriteAsync(ServiceProcess replica)
        {
            while (!IsOver() && !replica.HasExited)
                await PostAsync(replica, cancel);
        }
        async Task RankAsync(ServiceProcess replica, int seed)
        {
            for (var i = seed; !IsOver() && !replica.HasExited; i++)
            {
                if (await TryAsync(() => AskAsync(replica, Account(i), null, cancel)) is not null)
                    Interlocked.Increment(ref rankings);
            }
        }
        async Task FollowAsync()
        {
            for (var i = 0; !IsOver(); i++)
            {
                using var put = await replicas[i % 2]
                    .Client.PutAsJsonAsync($"/v1/accounts/R{i}", new { name = "Replicated" }, cancel);
                if (put.StatusCode != HttpStatusCode.Created)
                    continue;
                var written = Stopwatch.GetTimestamp();
                await Eventually.IsSoAsync(async () => await AskAsync(replicas[1 - i % 2], $"R{i}", null, cancel) is not null);
                _known.Add(Stopwatch.GetElapsedTime(written).TotalMilliseconds);
            }
        }
        async Task KillAsync()
        {
            await Eventually.IsSoAsync(() => clock.Elapsed.TotalSeconds > seconds / 2 && !_acknowledged.IsEmpty);
            replicas[2].Kill();
        }
        await Task.WhenAll([
            .. replicas.Select(WriteAsync),
            .. replicas.Select((replica, i) => RankAsync(replica, 100 * i)),
            FollowAsync(),
            KillAsync(),
        ]);
        replicas[2].Dispose();
        replicas[2] = await Start().WhenReadyAsync(TimeSpan.FromMinutes(5), cancel);

        var touches = IngestedTouches.AssertAreThere(TestDatabase.Store(_folder["three.db"]), _acknowledged, RowsOfCall);
        Assert.NotEmpty(_known);
        var asOf = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        for (var i = 0; i < 20; i++)
        {
            var said = new List<string>();
            foreach (var replica in replicas)
            {
                await Eventually.IsSoAsync(async () => await AskAsync(replica, Account(i), asOf, cancel) is not null);
                said.Add((await AskAsync(replica, Account(i), asOf, cancel))!);
            }
            Assert.Single(said.Distinct());
        }
        var known = _known.Order().ToList();
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{seconds:0} s: {touches} rows, {rankings} rankings; facts of one in another's answer: {known.Count}, p50 {At(known, 0.5):0} ms, p99 {At(known, 0.99):0} ms, most {known[^1]:0} ms"
            )
        );
        replicas.ForEach(replica => replica.Dispose());
    }

    static double At(List<double> ordered, double share) => ordered[(int)(share * (ordered.Count - 1))];

    static string Account(int i) => string.Create(CultureInfo.InvariantCulture, $"A{i % 200 + 1:000000}");

    ServiceProcess Start() => SampleService.Start(_folder["three.db"], "Limits:RequestsPerSecond=10000", "Limits:Burst=10000");

    async Task PostAsync(ServiceProcess replica, CancellationToken cancel)
    {
        var first = Interlocked.Add(ref _sent, RowsOfCall) - RowsOfCall;
        var ids = IngestedTouches.Ids(first, RowsOfCall);
        var lines = IngestedTouches.Lines(ids, i => (Account(first + i), $"P{i % 9 + 1:00000}"));
        var done = await TryAsync(async () =>
        {
            using var content = new StringContent(lines, Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson"));
            using var answer = await replica.Client.PostAsync("/v1/history", content, cancel);
            // The answer may be cut off: only what came whole was acknowledged.
            var text = await answer.Content.ReadAsStringAsync(cancel);
            return answer.StatusCode == HttpStatusCode.OK ? text : null;
        });
        if (done is null)
            return;
        Assert.Equal(RowsOfCall, JsonNode.Parse(done)!["inserted"]!.GetValue<int>());
        ids.ForEach(_acknowledged.Add);
    }

    /// <summary>What a replica says of an account, without what differs from call to call; null if it does not know it, or not now.</summary>
    static async Task<string?> AskAsync(ServiceProcess replica, string account, string? asOf, CancellationToken cancel)
    {
        using var answer = await replica.Client.PostAsJsonAsync(
            "/v1/partner-recommendations",
            asOf is null ? new { account_id = account } : (object)new { account_id = account, as_of = asOf },
            cancel
        );
        if (answer.StatusCode != HttpStatusCode.OK)
            return null;
        var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancel))!.AsObject();
        json.Remove("recommendation_id");
        return json.ToJsonString();
    }

    static async Task<string?> TryAsync(Func<Task<string?>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // It was killed.
            return null;
        }
    }
}
