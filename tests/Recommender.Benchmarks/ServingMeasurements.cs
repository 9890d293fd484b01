using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Recommender.EndToEnd.Tests;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Training;

namespace Recommender.Benchmarks;

/// <summary>
/// What the running service does, measured from outside with wrk, beside the same ranking inside a process in the same run. The service
/// and its load share the machine; the share of it that the load took is said and taken into account.
/// </summary>
static class ServingMeasurements
{
    const int Accounts = 2000;
    static readonly string _root = Root();

    public static async Task<int> RunAsync(string[] args)
    {
        var folder = Directory.CreateTempSubdirectory("recommender-serving-").FullName;
        try
        {
            switch (args)
            {
                case ["http", .. var rest]:
                    await HttpAsync(folder, rest is [var partners] ? int.Parse(partners, CultureInfo.InvariantCulture) : 500);
                    return 0;
                case ["ingest"]:
                    await IngestAsync(folder);
                    return 0;
                case ["start", .. var size]:
                    await StartAsync(folder, size is [var deals] ? int.Parse(deals, CultureInfo.InvariantCulture) : 1_000_000);
                    return 0;
                case ["past", .. var questions]:
                    await PastAsync(folder, questions is [var parallel] ? int.Parse(parallel, CultureInfo.InvariantCulture) : 16);
                    return 0;
                case ["search"]:
                    await SearchAsync(folder);
                    return 0;
                default:
                    await Console.Error.WriteLineAsync(
                        "expected: serving http [PARTNERS] | serving ingest | serving start [DEALS] | serving search | serving past [QUESTIONS]"
                    );
                    return 2;
            }
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static async Task HttpAsync(string folder, int partners)
    {
        var database = Simulate(folder, Accounts, partners, 20_000, 4);
        var (inside, bytes, together) = InProcess(database);
        Console.WriteLine(
            $"inside the process, one thread: median {inside.TotalMicroseconds:0} us and {bytes / 1024.0:0.0} KB a ranking of {partners}; two threads at once: {together:0.0} a second"
        );
        using var service = Start(database);
        await service.WhenReadyAsync();
        await SettleAsync(service);
        var script = WriteScript(folder, "random", "{\\\"account_id\\\":\\\"A%06d\\\"}");
        await WrkAsync(service, script, connections: 2, seconds: 5);
        var allocated = await AllocatedAsync(service);
        var (wrk, load, served) = await WrkAsync(service, script, connections: 2, seconds: 20);
        var perRequest = (await AllocatedAsync(service) - allocated) / (wrk.Requests + 1);
        var cores = Environment.ProcessorCount - load;
        var allowed = cores / inside.TotalSeconds;
        Console.WriteLine($"over HTTP, keep-alive, 2 connections: {wrk.PerSecond:0.0} requests a second, {wrk.Errors} not 2xx");
        Console.WriteLine(
            $"cores: load {load:0.00}, service {served:0.00}; left to the service {cores:0.00}, which allows {allowed:0.0}: {wrk.PerSecond / allowed:P0}; of what two threads do inside: {wrk.PerSecond / together:P0}"
        );
        Console.WriteLine($"latency: p50 {wrk.P50} ms, p99 {wrk.P99} ms ({wrk.P99 / wrk.P50:0.0} x)");
        Console.WriteLine($"allocated in the service: {perRequest / 1024.0:0.0} KB a request, everything included");
        Console.WriteLine($"memory: {service.Memory >> 20} MB");
    }

    static async Task IngestAsync(string folder)
    {
        var database = Simulate(folder, Accounts, 500, 20_000, 4);
        using var service = Start(database);
        await service.WhenReadyAsync();
        await SettleAsync(service);
        var script = WriteScript(folder, "random", "{\\\"account_id\\\":\\\"A%06d\\\"}");
        await WrkAsync(service, script, connections: 1, seconds: 5);
        var (quiet, _, _) = await WrkAsync(service, script, connections: 1, seconds: 10);
        Console.WriteLine(
            $"rankings of 500, one connection, no facts: {quiet.PerSecond:0} a second, p50 {quiet.P50} ms, p99 {quiet.P99} ms"
        );
        foreach (var (rate, rowsOfCall) in ((int, int)[])[(25_000, 500), (25_000, 5000), (int.MaxValue, 5000)])
        {
            using var stop = new CancellationTokenSource();
            var ingest = Task.Run(() => PostAsync(service, rate, rowsOfCall, stop.Token), CancellationToken.None);
            await Task.Delay(1000, CancellationToken.None);
            var (busy, _, _) = await WrkAsync(service, script, connections: 1, seconds: 15);
            await stop.CancelAsync();
            var (rows, seconds) = await ingest;
            Console.WriteLine(
                $"facts in, {rowsOfCall} a call, each call answered when durable and folded: {rows / seconds:0} a second ({(rate == int.MaxValue ? "as many as it takes" : $"asked for {rate}")}); rankings meanwhile: {busy.PerSecond:0} a second, p50 {busy.P50} ms, p99 {busy.P99} ms ({busy.P99 / quiet.P99:0.0} x), {busy.Errors} not 2xx"
            );
        }
    }

    static async Task StartAsync(string folder, int deals)
    {
        var clock = Stopwatch.StartNew();
        var database = Simulate(folder, deals / 10, Math.Max(100, deals / 200), deals, 5);
        Console.WriteLine(
            $"simulated and imported {deals} deals in {clock.Elapsed.TotalSeconds:0} s, {new FileInfo(database).Length >> 20} MB"
        );
        clock.Restart();
        using var service = Start(database);
        await service.WhenReadyAsync(TimeSpan.FromMinutes(10));
        Console.WriteLine($"ready after {clock.Elapsed.TotalSeconds:0.0} s, {service.Memory >> 20} MB");
        var script = WriteScript(folder, "random", "{\\\"account_id\\\":\\\"A%06d\\\"}");
        var (wrk, _, _) = await WrkAsync(service, script, connections: 1, seconds: 10);
        Console.WriteLine(
            $"a ranking then: p50 {wrk.P50} ms, p99 {wrk.P99} ms, {wrk.Errors} not 2xx; {service.Memory >> 20} MB, peak {Peak(service)} MB"
        );
    }

    static async Task PastAsync(string folder, int parallel)
    {
        var database = Simulate(folder, Accounts, 500, 20_000, 4);
        using var service = Start(database);
        await service.WhenReadyAsync();
        await SettleAsync(service);
        var script = WriteScript(folder, "random", "{\\\"account_id\\\":\\\"A%06d\\\"}");
        await WrkAsync(service, script, connections: 1, seconds: 5);
        var clock = Stopwatch.StartNew();
        await AskPastAsync(service, new(1));
        var first = clock.Elapsed;
        var alone = await PastOnesAsync(service, seed: 2, TimeSpan.FromSeconds(5), CancellationToken.None);
        Console.WriteLine(
            $"a question about the past, the first: {first.TotalMilliseconds:0} ms; one after the other, nothing beside them: {Summary(alone)}"
        );
        for (var round = 1; round <= 3; round++)
        {
            var (quiet, _, quietServed) = await WrkAsync(service, script, connections: 1, seconds: 12);
            using var stop = new CancellationTokenSource();
            var past = Enumerable
                .Range(0, parallel)
                .Select(i => PastOnesAsync(service, 100 * round + i, TimeSpan.FromMinutes(10), stop.Token))
                .ToList();
            await Task.Delay(1000, CancellationToken.None);
            var (busy, _, served) = await WrkAsync(service, script, connections: 1, seconds: 20);
            await stop.CancelAsync();
            var all = (await Task.WhenAll(past)).SelectMany(one => one).ToList();
            Console.WriteLine(
                $"{round}: rankings of 500, one connection: alone {quiet.PerSecond:0} a second, p50 {quiet.P50} ms, p99 {quiet.P99} ms; beside {parallel} questions about the past {busy.PerSecond:0} a second, p50 {busy.P50} ms, p99 {busy.P99} ms ({busy.P99 / quiet.P99:0.0} x), {busy.Errors} not 2xx; cores of the service {quietServed:0.00} and {served:0.00}"
            );
            Console.WriteLine($"   questions about the past: {Summary(all)}; {service.Memory >> 20} MB");
        }
    }

    static string Summary(List<(double Milliseconds, int Status)> asked)
    {
        var answered = asked.Where(one => one.Status == 200).Select(one => one.Milliseconds).Order().ToList();
        return answered.Count == 0
            ? $"none of {asked.Count} answered"
            : $"{answered.Count} answered, p50 {answered[answered.Count / 2]:0} ms, longest {answered[^1]:0} ms, {asked.Count - answered.Count} refused";
    }

    /// <summary>Asks about one past moment after the other until it is told to stop.</summary>
    static async Task<List<(double Milliseconds, int Status)>> PastOnesAsync(
        ServiceProcess service,
        int seed,
        TimeSpan time,
        CancellationToken stop
    )
    {
        var (random, asked, clock) = (new Random(seed), new List<(double, int)>(), Stopwatch.StartNew());
        while (!stop.IsCancellationRequested && clock.Elapsed < time)
        {
            var started = clock.Elapsed;
            asked.Add((0, await AskPastAsync(service, random)));
            asked[^1] = ((clock.Elapsed - started).TotalMilliseconds, asked[^1].Item2);
        }
        return asked;
    }

    static async Task<int> AskPastAsync(ServiceProcess service, Random random)
    {
        var asOf = new DateTime(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(-random.Next(3 * 365 * 1440));
        using var content = new StringContent(
            $"{{\"account_id\":\"A{random.Next(Accounts) + 1:000000}\",\"as_of\":\"{asOf:yyyy-MM-ddTHH:mm:ssZ}\"}}",
            Encoding.UTF8,
            "application/json"
        );
        using var answer = await service.Client.PostAsync("/v1/partner-recommendations", content, CancellationToken.None);
        // An account that came later is not known yet: that took as long.
        return answer.StatusCode == System.Net.HttpStatusCode.NotFound ? 200 : (int)answer.StatusCode;
    }

    static async Task SearchAsync(string folder)
    {
        var database = Simulate(folder, 100_000, 100, 100_000, 4);
        using var service = Start(database, "Index:CorePercent=100");
        await service.WhenReadyAsync(TimeSpan.FromMinutes(5));
        var random = new Random(4);
        var times = new List<double>();
        for (var i = 0; i < 220; i++)
        {
            var query = string.Concat(Enumerable.Range(0, 3).Select(_ => (char)('a' + random.Next(26))));
            if (i % 2 == 0)
                query = ((string[])["nor", "lake", "ber", "ive", "mar"])[i / 2 % 5];
            using var body = new FormUrlEncodedContent(new Dictionary<string, string> { ["q"] = query });
            var clock = Stopwatch.StartNew();
            using var answer = await service.Client.PostAsync("/search/list", body);
            answer.EnsureSuccessStatusCode();
            times.Add(clock.Elapsed.TotalMilliseconds);
        }
        times = [.. times.Skip(20).Order()];
        await SettleAsync(service);
        var open = Metric(await service.Client.GetStringAsync("/metrics"), "recommender_index_deals");
        var pages = new List<double>();
        for (var page = 1; page <= 60; page++)
        {
            var clock = Stopwatch.StartNew();
            using var answer = await service.Client.GetAsync($"/deals?page={page * 5}");
            answer.EnsureSuccessStatusCode();
            pages.Add(clock.Elapsed.TotalMilliseconds);
        }
        pages = [.. pages.Skip(10).Order()];
        Console.WriteLine(
            $"a page of the co-sell list among {open:0} open deals: p50 {pages[pages.Count / 2]:0} ms, p99 {pages[pages.Count * 99 / 100]:0} ms"
        );
        Console.WriteLine(
            $"three letters among 100,000 accounts, the page's list over HTTP: p50 {times[times.Count / 2]:0.0} ms, p99 {times[times.Count * 99 / 100]:0.0} ms"
        );
    }

    public static string Simulate(string folder, int accounts, int partners, int deals, int years)
    {
        var history = Path.Combine(folder, "history");
        new Simulation(
            new()
            {
                Accounts = accounts,
                Partners = partners,
                Opportunities = deals,
                Years = years,
                Seed = 9,
                TruthDecisions = 0,
            }
        ).Write(history);
        var database = Path.Combine(folder, "serving.db");
        new SqliteHistoryStore(database).Import(new HistoryFolder(history), Path.Combine(folder, "rejected.csv"), strict: true);
        Directory.Delete(history, true);
        return database;
    }

    static (TimeSpan Median, long Bytes, double TwoThreads) InProcess(string database)
    {
        var registry = new ModelRegistry(Path.Combine(_root, "models"));
        using var fit = registry.OpenLive(ModelPackage.PartnerFit)!;
        using var win = registry.OpenLive(ModelPackage.WinProbability)!;
        var ranker = new PartnerRanker(fit, win);
        foreach (var fact in new SqliteHistoryStore(database).ReadFacts(DateTime.MaxValue))
            ranker.Apply(fact);
        var now = ranker.State.SeenUntil.AddDays(1);
        for (var call = 0; call < 1000; call++)
            ranker.Rank(new($"A{call % Accounts + 1:000000}", now));
        var times = new List<TimeSpan>(Accounts);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var call = 0; call < Accounts; call++)
        {
            var started = Stopwatch.GetTimestamp();
            ranker.Rank(new($"A{call % Accounts + 1:000000}", now));
            times.Add(Stopwatch.GetElapsedTime(started));
        }
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / times.Count;
        times.Sort();
        var clock = Stopwatch.StartNew();
        Parallel.For(
            0,
            2 * Accounts,
            new() { MaxDegreeOfParallelism = 2 },
            call => ranker.Rank(new($"A{call % Accounts + 1:000000}", now))
        );
        return (times[times.Count / 2], bytes, 2 * Accounts / clock.Elapsed.TotalSeconds);
    }

    public static ServiceProcess Start(string database, params IEnumerable<string> settings) =>
        ServiceProcess.Start(
            _root,
            "Development",
            [
                "Database:Path=" + database,
                "Models:Path=" + Path.Combine(_root, "models"),
                "Demo:Enabled=false",
                "Limits:RequestsPerSecond=1000000",
                "Limits:Burst=1000000",
                "Logging:LogLevel:Default=Warning",
                .. settings,
            ]
        );

    /// <summary>Ends when the index of open deals is made, so that it does not count.</summary>
    public static async Task SettleAsync(ServiceProcess service)
    {
        for (var i = 0; i < 600; i++)
        {
            if (Metric(await service.Client.GetStringAsync("/metrics"), "recommender_index_waiting") is 0)
                return;
            await Task.Delay(200);
        }
    }

    static async Task<(long Rows, double Seconds)> PostAsync(ServiceProcess service, int rate, int rows, CancellationToken stop)
    {
        var random = new Random(3);
        var (sent, body, run) = (0L, new StringBuilder(), Guid.NewGuid().ToString("N")[..8]);
        var clock = Stopwatch.StartNew();
        while (!stop.IsCancellationRequested)
        {
            body.Clear();
            for (var i = 0; i < rows; i++)
                body.Append(
                    CultureInfo.InvariantCulture,
                    $"{{\"table\":\"touches\",\"row\":{{\"touch_id\":\"L{run}-{sent + i}\",\"account_id\":\"A{random.Next(Accounts) + 1:000000}\",\"partner_id\":\"P{random.Next(500) + 1:00000}\",\"kind\":\"call\",\"at\":\"2026-06-04T09:30:00Z\"}}}}\n"
                );
            using var content = new StringContent(
                body.ToString(),
                Encoding.UTF8,
                new MediaTypeHeaderValue("application/x-ndjson")
            );
            using var answer = await service.Client.PostAsync("/v1/history", content, CancellationToken.None);
            answer.EnsureSuccessStatusCode();
            sent += rows;
            var ahead = TimeSpan.FromSeconds((double)sent / rate) - clock.Elapsed;
            if (ahead > TimeSpan.Zero)
                await Task.Delay(ahead, CancellationToken.None);
        }
        return (sent, clock.Elapsed.TotalSeconds);
    }

    static string WriteScript(string folder, string name, string body)
    {
        var path = Path.Combine(folder, name + ".lua");
        File.WriteAllText(
            path,
            $$"""
            wrk.method = "POST"
            wrk.headers["Content-Type"] = "application/json"
            local call = 0
            function request()
              call = call + 1
              return wrk.format(nil, "/v1/partner-recommendations", nil, string.format("{{body}}", call * 7919 % {{Accounts}} + 1))
            end
            """
        );
        return path;
    }

    sealed record Measured(double PerSecond, long Requests, double P50, double P99, long Errors);

    /// <summary>Loads the service; also says how many cores the load and the service took.</summary>
    static async Task<(Measured Measured, double Load, double Served)> WrkAsync(
        ServiceProcess service,
        string script,
        int connections,
        int seconds
    )
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (
            var argument in (string[])
                [
                    "-c",
                    "wrk \"$@\"; times",
                    "bash",
                    "-t1",
                    $"-c{connections}",
                    $"-d{seconds}s",
                    "--latency",
                    "-s",
                    script,
                    service.Client.BaseAddress!.ToString(),
                ]
        )
            start.ArgumentList.Add(argument);
        var (used, clock) = (service.Used, Stopwatch.StartNew());
        using var wrk = Process.Start(start)!;
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        var elapsed = clock.Elapsed;
        double Milliseconds(string percentile) =>
            Number(output, percentile + @"%\s+(?<n>[\d.]+)us") / 1000
            ?? Number(output, percentile + @"%\s+(?<n>[\d.]+)ms")
            ?? Number(output, percentile + @"%\s+(?<n>[\d.]+)s") * 1000
            ?? double.NaN;
        return (
            new(
                Number(output, @"Requests/sec:\s+(?<n>[\d.]+)") ?? 0,
                (long)(Number(output, @"(?<n>\d+) requests in") ?? 0),
                Milliseconds("50"),
                Milliseconds("99"),
                (long)(Number(output, @"Non-2xx or 3xx responses: (?<n>\d+)") ?? 0)
            ),
            (
                Number(output, @"^0m(?<n>[\d.]+)s 0m[\d.]+s\s*\z") + Number(output, @"^0m[\d.]+s 0m(?<n>[\d.]+)s\s*\z")
                ?? double.NaN
            ) / elapsed.TotalSeconds,
            (service.Used - used) / elapsed
        );
    }

    static async Task<double> AllocatedAsync(ServiceProcess service) =>
        Metric(await service.Client.GetStringAsync("/metrics"), "dotnet_gc_heap_total_allocated_bytes_total") ?? double.NaN;

    static double? Metric(string text, string name) => Number(text, $@"^{name}(\{{[^}}]*\}})? (?<n>[\d.eE+-]+)");

    static double Peak(ServiceProcess service) =>
        Math.Round((Number(File.ReadAllText($"/proc/{service.Id}/status"), @"VmHWM:\s+(?<n>\d+) kB") ?? 0) / 1024);

    public static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Recommender.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    /// <summary>The number named n in what a pattern finds first; null if it finds nothing.</summary>
    static double? Number(string text, string pattern) =>
        Regex.Match(text, pattern, RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
            is { Success: true } match
            ? double.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture)
            : null;
}
