using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Recommender.EndToEnd.Tests;

namespace Recommender.Benchmarks;

/// <summary>
/// How long <c>POST /v1/leads</c> takes over HTTP while leads come at a steady rate, beside rankings. A call's time counts from when it was
/// due, so that one that waits for others is not left out. Each lead is another: of an account by id, by domain, or of a company that is new.
/// </summary>
static class LeadMeasurements
{
    const int Accounts = 2000;
    const int Seconds = 30;
    const int WarmUp = 5;
    const int OneByOne = 400;

    public static async Task<int> RunAsync(string[] args)
    {
        int Number(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
        var (partners, leads, rankings) = (Number(0, 500), Number(1, 200), Number(2, 50));
        var folder = Directory.CreateTempSubdirectory("recommender-leads-").FullName;
        try
        {
            var database = ServingMeasurements.Simulate(folder, Accounts, partners, 20_000, 4);
            using var service = ServingMeasurements.Start(database);
            await service.WhenReadyAsync(TimeSpan.FromMinutes(5));
            await ServingMeasurements.SettleAsync(service);
            var domains = await DomainsAsync(service);
            Console.WriteLine(
                $"{partners} partners, {Accounts} accounts; {leads} leads and {rankings} rankings a second for {Seconds} s after {WarmUp} s"
            );
            await LoadAsync(service, domains, 0, rankings, WarmUp);
            foreach (
                var (what, call) in (IEnumerable<(string, Func<int, Task>)>)
                    [
                        ("one after the other: rankings", number => RankAsync(service, number)),
                        ("leads, dry run", number => LeadAsync(service, domains, number, "?dry_run=true")),
                        ("leads", number => LeadAsync(service, domains, number)),
                    ]
            )
            {
                var calls = new List<double>();
                for (var i = 0; i < OneByOne; i++)
                {
                    var started = Stopwatch.GetTimestamp();
                    await call(Interlocked.Increment(ref _sent));
                    calls.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                }
                Say(what, calls);
            }
            var (_, alone) = await LoadAsync(service, domains, 0, rankings, Seconds);
            Say("rankings without leads", alone);
            await LoadAsync(service, domains, leads, rankings, WarmUp);
            var (times, beside) = await LoadAsync(service, domains, leads, rankings, Seconds);
            Say("leads", times);
            Say("rankings beside them", beside);
            Console.WriteLine($"memory: {service.Memory >> 20} MB; database {new FileInfo(database).Length >> 20} MB");
            return 0;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static int _sent;
    static int _refused;

    static async Task<(List<double> Leads, List<double> Rankings)> LoadAsync(
        ServiceProcess service,
        List<string> domains,
        int leads,
        int rankings,
        int seconds
    )
    {
        var (ofLeads, ofRankings) = (new ConcurrentBag<double>(), new ConcurrentBag<double>());
        await Task.WhenAll(
            AtRateAsync(leads, seconds, ofLeads, () => LeadAsync(service, domains, Interlocked.Increment(ref _sent))),
            AtRateAsync(rankings, seconds, ofRankings, () => RankAsync(service, Interlocked.Increment(ref _sent)))
        );
        return ([.. ofLeads], [.. ofRankings]);
    }

    static async Task AtRateAsync(int rate, int seconds, ConcurrentBag<double> times, Func<Task> call)
    {
        if (rate == 0)
            return;
        var started = Stopwatch.GetTimestamp();
        var running = new List<Task>();
        for (var i = 0; i < rate * seconds; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / rate);
            if (due - Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } wait)
                await Task.Delay(wait);
            running.Add(
                Task.Run(async () =>
                {
                    await call();
                    times.Add((Stopwatch.GetElapsedTime(started) - due).TotalMilliseconds);
                })
            );
        }
        await Task.WhenAll(running);
    }

    static async Task LeadAsync(ServiceProcess service, List<string> domains, int number, string query = "")
    {
        object lead = (number % 4) switch
        {
            0 => new
            {
                name = $"New company {number}",
                domain = $"new{number}.example",
                product = "Security",
                amount = 20000,
                currency = "EUR",
                source = "web",
            },
            1 => new
            {
                domain = domains[number % domains.Count],
                product = "Cloud Backup",
                amount = 20000,
                currency = "EUR",
                source = "event",
            },
            _ => new
            {
                account_id = $"A{1 + number * 7 % Accounts:000000}",
                product = "Security",
                amount = 20000,
                currency = "EUR",
                source = "web",
            },
        };
        using var content = new StringContent(JsonSerializer.Serialize(lead), Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/leads" + query) { Content = content };
        request.Headers.Add("Idempotency-Key", $"b{number}");
        using var answer = await service.Client.SendAsync(request);
        await answer.Content.ReadAsByteArrayAsync();
        if (!answer.IsSuccessStatusCode)
            Interlocked.Increment(ref _refused);
    }

    static async Task RankAsync(ServiceProcess service, int number)
    {
        using var content = new StringContent(
            $$"""{"account_id":"A{{1 + number * 13 % Accounts:000000}}"}""",
            Encoding.UTF8,
            "application/json"
        );
        using var answer = await service.Client.PostAsync("/v1/partner-recommendations", content);
        await answer.Content.ReadAsByteArrayAsync();
        if (!answer.IsSuccessStatusCode)
            Interlocked.Increment(ref _refused);
    }

    static async Task<List<string>> DomainsAsync(ServiceProcess service)
    {
        var page = JsonElement.Parse(await service.Client.GetStringAsync("/v1/accounts?limit=500"));
        return
        [
            .. page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("domain").GetString()).OfType<string>(),
        ];
    }

    static void Say(string what, List<double> times)
    {
        times.Sort();
        var refused = Interlocked.Exchange(ref _refused, 0);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what, -30} {times.Count, 6} calls: p50 {times[times.Count / 2], 6:0.0} ms, p95 {times[times.Count * 95 / 100], 6:0.0} ms, p99 {times[times.Count * 99 / 100], 6:0.0} ms, most {times[^1], 7:0} ms{(refused > 0 ? $", {refused} refused" : "")}"
            )
        );
    }
}
