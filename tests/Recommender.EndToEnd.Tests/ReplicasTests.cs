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
[Collection(nameof(Alone))]
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
                await PostAsync(replica, NextCall(), cancel);
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
        await AssertSayTheSameAsync(replicas, cancel);
        var known = _known.Order().ToList();
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{seconds:0} s: {touches} rows, {rankings} rankings; facts of one in another's answer: {known.Count}, p50 {At(known, 0.5):0} ms, p99 {At(known, 0.99):0} ms, most {known[^1]:0} ms"
            )
        );
        replicas.ForEach(replica => replica.Dispose());
    }

    /// <summary>
    /// The server itself ends and comes again: rankings go on, the services say that they are not ready and are again by themselves, and every
    /// write that is sent until it is answered is done once.
    /// </summary>
    [Fact]
    public async Task While_the_server_ends_and_comes_again_under_load_nothing_is_lost_or_done_twice()
    {
        var cancel = TestContext.Current.CancellationToken;
        TestDatabase.Of(TestDatabase.SqlServer, _folder["three.db"]);
        var (end, begin) = (Command("RECOMMENDER_SQLSERVER_STOP"), Command("RECOMMENDER_SQLSERVER_START"));
        var replicas = Enumerable.Range(0, 2).Select(_ => Start()).ToList();
        foreach (var replica in replicas)
            await replica.WhenReadyAsync(TimeSpan.FromMinutes(5), cancel);
        var isOver = false;
        var (rankings, again) = (0, 0);
        Exception? cause = null;
        async Task WriteAsync(ServiceProcess replica)
        {
            while (!Volatile.Read(ref isOver))
            {
                var call = NextCall();
                while (!await PostAsync(replica, call, cancel))
                {
                    Assert.False(replica.HasExited);
                    Interlocked.Increment(ref again);
                    await Task.Delay(100, cancel);
                }
            }
        }
        async Task RankAsync(ServiceProcess replica, int seed)
        {
            for (var i = seed; !Volatile.Read(ref isOver); i++)
            {
                Assert.NotNull(await AskAsync(replica, Account(i), null, cancel));
                Interlocked.Increment(ref rankings);
                // Each is recorded on the server, which has to keep up with the writes, too.
                await Task.Delay(20, cancel);
            }
        }
        async Task RestartAsync()
        {
            await Eventually.IsSoAsync(() => _acknowledged.Count > 20 * RowsOfCall);
            await RunAsync(end, cancel);
            TimeSpan unready;
            int sentAgain;
            try
            {
                var gone = Stopwatch.GetTimestamp();
                foreach (var replica in replicas)
                    await Eventually.IsSoAsync(async () => !await IsReadyAsync(replica, cancel));
                unready = Stopwatch.GetElapsedTime(gone);
                sentAgain = Volatile.Read(ref again);
            }
            finally
            {
                // Other tests need it, too.
                await RunAsync(begin, CancellationToken.None);
            }
            var back = Stopwatch.GetTimestamp();
            foreach (var replica in replicas)
                await replica.WhenReadyAsync(cancel: cancel);
            TestContext.Current.TestOutputHelper?.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"not ready {unready.TotalSeconds:0.0} s after it had ended, ready {Stopwatch.GetElapsedTime(back).TotalSeconds:0.0} s after it was back; {_acknowledged.Count} rows, {rankings} rankings, {sentAgain} calls sent again"
                )
            );
            var before = _acknowledged.Count;
            await Eventually.IsSoAsync(
                () => _acknowledged.Count > before + 20 * RowsOfCall,
                () => FormattableString.Invariant($"{_acknowledged.Count - before} rows were taken in within a minute.")
            );
        }
        async Task ThenEndAsync(Task task)
        {
            try
            {
                await task;
            }
            catch (Exception e)
            {
                // The others would go on for ever; what they say of it is not the cause.
                if (Interlocked.CompareExchange(ref cause, e, null) is null)
                    replicas.ForEach(replica => replica.Kill());
            }
            finally
            {
                Volatile.Write(ref isOver, true);
            }
        }
        await Task.WhenAll([
            .. replicas.Select(replica => ThenEndAsync(WriteAsync(replica))),
            .. replicas.Select((replica, i) => ThenEndAsync(RankAsync(replica, 100 * i))),
            ThenEndAsync(RestartAsync()),
        ]);
        if (cause is not null)
            throw new InvalidOperationException(string.Join('\n', replicas.Select(replica => replica.Output)), cause);
        Assert.Equal(_sent, IngestedTouches.AssertAreThere(TestDatabase.Store(_folder["three.db"]), _acknowledged, RowsOfCall));
        await AssertSayTheSameAsync(replicas, cancel);
        foreach (var replica in replicas)
        {
            Assert.False(replica.Output.Contains("   at ", StringComparison.Ordinal), replica.Output);
            replica.Dispose();
        }
    }

    static string Command(string variable)
    {
        var command = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(command))
            Assert.Skip($"Needs {variable}: what sh is to run to end the server of the tests, or to start it again.");
        return command;
    }

    static async Task RunAsync(string command, CancellationToken cancel)
    {
        using var shell = Process.Start("sh", ["-c", command])!;
        await shell.WaitForExitAsync(cancel);
        Assert.Equal(0, shell.ExitCode);
    }

    static async Task<bool> IsReadyAsync(ServiceProcess replica, CancellationToken cancel)
    {
        using var ready = await replica.Client.GetAsync("/health/ready", cancel);
        return ready.IsSuccessStatusCode;
    }

    static async Task AssertSayTheSameAsync(List<ServiceProcess> replicas, CancellationToken cancel)
    {
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
    }

    static double At(List<double> ordered, double share) => ordered[(int)(share * (ordered.Count - 1))];

    static string Account(int i) => string.Create(CultureInfo.InvariantCulture, $"A{i % 200 + 1:000000}");

    ServiceProcess Start() => SampleService.Start(_folder["three.db"], "Limits:RequestsPerSecond=10000", "Limits:Burst=10000");

    int NextCall() => Interlocked.Add(ref _sent, RowsOfCall) - RowsOfCall;

    /// <summary>Sends the rows from one on; true if they were acknowledged.</summary>
    async Task<bool> PostAsync(ServiceProcess replica, int first, CancellationToken cancel)
    {
        var ids = IngestedTouches.Ids(first, RowsOfCall);
        var lines = IngestedTouches.Lines(ids, i => (Account(first + i), $"P{i % 9 + 1:00000}"));
        var done = await TryAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/history");
            request.Headers.Add("Idempotency-Key", ids[0]);
            request.Content = new StringContent(lines, Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson"));
            using var answer = await replica.Client.SendAsync(request, cancel);
            // The answer may be cut off: only what came whole was acknowledged.
            var text = await answer.Content.ReadAsStringAsync(cancel);
            return answer.StatusCode == HttpStatusCode.OK ? text : null;
        });
        if (done is null)
            return false;
        Assert.Equal(RowsOfCall, JsonNode.Parse(done)!["inserted"]!.GetValue<int>());
        ids.ForEach(_acknowledged.Add);
        return true;
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

/// <summary>Tests beside which no other may run: they load the machine, or end what others use.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
