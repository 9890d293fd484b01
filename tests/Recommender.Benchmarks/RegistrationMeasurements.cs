using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Recommender.EndToEnd.Tests;

namespace Recommender.Benchmarks;

/// <summary>
/// How long <c>POST /v1/deal-registrations/check</c> takes over HTTP on a large history, one call after the other, each about another account:
/// by its id, by a domain, by a name. Beside it the smallest call that reads nothing, in the same run.
/// </summary>
static class RegistrationMeasurements
{
    const int Registrations = 200_000;
    const int Calls = 5_000;
    const int Lists = 100;

    public static async Task<int> RunAsync(string[] args)
    {
        var deals = args is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        var folder = Directory.CreateTempSubdirectory("recommender-registrations-").FullName;
        try
        {
            var (accounts, partners) = (deals / 5, Math.Max(100, deals / 1000));
            var database = ServingMeasurements.Simulate(folder, accounts, partners, deals, 5);
            Console.WriteLine($"simulated and imported {deals} deals on {accounts} accounts");
            using var service = ServingMeasurements.Start(database);
            await service.WhenReadyAsync(TimeSpan.FromMinutes(10));
            await FillAsync(service, accounts, partners);
            Console.WriteLine($"{await ConflictsAsync(service)} conflicts found");
            var random = new Random(7);
            var known = (await AccountsAsync(service)).OrderBy(_ => random.Next()).ToList();
            string Partner() => $"P{random.Next(partners) + 1:00000}";
            var kinds = new (string What, Func<(string Id, string Name, string Domain), object> Claim)[]
            {
                (
                    "by account id",
                    one => new
                    {
                        partner_id = Partner(),
                        account_id = one.Id,
                        product = "Security",
                        amount = 1,
                    }
                ),
                (
                    "by domain",
                    one => new
                    {
                        partner_id = Partner(),
                        domain = "www." + one.Domain,
                        product = "Security",
                        amount = 1,
                    }
                ),
                (
                    "by name",
                    one => new
                    {
                        partner_id = Partner(),
                        name = one.Name + " Ltd",
                        product = "Security",
                        amount = 1,
                    }
                ),
                (
                    "unknown",
                    one => new
                    {
                        partner_id = Partner(),
                        name = "Unheard " + one.Name,
                        domain = "unheard-" + one.Domain,
                    }
                ),
            };
            var times = kinds.Select(_ => new List<double>()).ToList();
            var nothing = new List<double>();
            var verdicts = new SortedDictionary<string, int>(StringComparer.Ordinal);
            for (var call = 0; call < Calls; call++)
            {
                nothing.Add(
                    await TimeAsync(async () => (await service.Client.GetAsync("/health/live")).EnsureSuccessStatusCode())
                );
                for (var kind = 0; kind < kinds.Length; kind++)
                {
                    var body = JsonSerializer.Serialize(kinds[kind].Claim(known[call % known.Count]));
                    times[kind]
                        .Add(
                            await TimeAsync(async () =>
                            {
                                using var content = new StringContent(body, Encoding.UTF8, "application/json");
                                using var answer = await service.Client.PostAsync("/v1/deal-registrations/check", content);
                                answer.EnsureSuccessStatusCode();
                                var found = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
                                var verdict = $"{kinds[kind].What}, {found.GetProperty("verdict")}";
                                verdicts[verdict] = verdicts.GetValueOrDefault(verdict) + 1;
                            })
                        );
                }
            }
            Say("nothing", nothing);
            for (var kind = 0; kind < kinds.Length; kind++)
                Say(kinds[kind].What, times[kind]);
            Say("all", [.. times.SelectMany(one => one)]);
            foreach (
                var address in (string[])
                    [
                        "/v1/deal-registrations?state=submitted&limit=50",
                        "/registrations",
                        "/v1/conflicts?state=open&limit=50",
                        "/conflicts",
                        $"/v1/accounts/{known[0].Id}/claims",
                    ]
            )
            {
                var lists = new List<double>();
                for (var call = 0; call < Lists; call++)
                    lists.Add(await TimeAsync(async () => (await service.Client.GetAsync(address)).EnsureSuccessStatusCode()));
                Say(address, lists);
            }
            Console.WriteLine(string.Join("; ", verdicts.Select(one => $"{one.Key} {one.Value}")));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>How many conflicts stand, once no more are found.</summary>
    static async Task<long> ConflictsAsync(ServiceProcess service)
    {
        for (long before = -1; ; )
        {
            var kinds = JsonElement.Parse(await service.Client.GetStringAsync("/v1/conflicts/counts")).GetProperty("kinds");
            var found = kinds.EnumerateArray().Sum(kind => kind.GetProperty("open").GetInt64());
            if (found == before)
                return found;
            before = found;
            await Task.Delay(TimeSpan.FromSeconds(3));
        }
    }

    static void Say(string what, List<double> times)
    {
        // The first calls are compiled while they run.
        var sorted = times.Skip(times.Count / 20).Order().ToList();
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what, -14} p50 {sorted[sorted.Count / 2], 6:0.00} ms, p99 {sorted[sorted.Count * 99 / 100], 6:0.00} ms, most {sorted[^1], 6:0.0} ms"
            )
        );
    }

    static async Task<double> TimeAsync(Func<Task> call)
    {
        var started = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    static async Task<List<(string Id, string Name, string Domain)>> AccountsAsync(ServiceProcess service)
    {
        var found = new List<(string, string, string)>();
        for (string? next = "/v1/accounts?limit=1000"; next is not null && found.Count < Calls; )
        {
            var page = JsonElement.Parse(await service.Client.GetStringAsync(next));
            foreach (var row in page.GetProperty("items").EnumerateArray())
            {
                if (row.GetProperty("name").GetString() is { } name && row.GetProperty("domain").GetString() is { } domain)
                    found.Add((row.GetProperty("account_id").GetString()!, name, domain));
            }
            next = page.GetProperty("pagination").GetProperty("next_href").GetString();
        }
        return found;
    }

    /// <summary>Adds registrations, a third of them live, another third waiting.</summary>
    static async Task FillAsync(ServiceProcess service, int accounts, int partners)
    {
        const int Rows = 5_000;
        var random = new Random(5);
        string[] products = ["Security", "Cloud Backup", "Analytics", "Integration", "Data Cloud"];
        for (var sent = 0; sent < Registrations; sent += Rows)
        {
            var body = new StringBuilder();
            for (var r = sent; r < sent + Rows; r++)
                body.Append(
                        Line(
                            new
                            {
                                registration_id = $"B{r}",
                                partner_id = $"P{random.Next(partners) + 1:00000}",
                                account_id = $"A{random.Next(accounts) + 1:000000}",
                                product = products[random.Next(products.Length)],
                                submitted_at = $"2026-0{1 + random.Next(6)}-1{random.Next(9)}",
                                status = (r % 3) switch
                                {
                                    0 => "approved",
                                    1 => "submitted",
                                    _ => "rejected",
                                },
                                decided_at = r % 3 == 1 ? null : "2026-07-01",
                                expires_at = r % 3 == 0 ? "2099-01-01" : null,
                            }
                        )
                    )
                    .Append('\n');
            using var content = new StringContent(
                body.ToString(),
                Encoding.UTF8,
                new MediaTypeHeaderValue("application/x-ndjson")
            );
            using var answer = await service.Client.PostAsync("/v1/history", content);
            answer.EnsureSuccessStatusCode();
            var text = await answer.Content.ReadAsStringAsync();
            if (!text.Contains("\"rejected\":0", StringComparison.Ordinal))
                Console.WriteLine(text[..Math.Min(300, text.Length)]);
        }
    }

    static string Line(object row) => JsonSerializer.Serialize(new { table = "deal_registrations", row });
}
