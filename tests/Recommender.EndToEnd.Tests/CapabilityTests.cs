using System.Diagnostics;
using System.Text.Json;
using Recommender.Capabilities;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>
/// A capability is one folder: that of <see cref="Visits.VisitsCapability"/>, in this assembly, is imported, folded, served, in the feed and
/// in OpenAPI without another line.
/// </summary>
public class CapabilityTests
{
    static readonly KeyValuePair<string, string?> _added = new(
        CapabilityList.Variable,
        typeof(CapabilityTests).Assembly.Location
    );

    [Fact]
    public async Task A_capability_of_another_assembly_is_imported_folded_served_in_the_feed_and_in_openapi()
    {
        using var folder = new TemporaryFolder();
        TemporaryFolder.Copy(Sample.Folder, folder["history"]);
        var today = TimeProvider.System.GetUtcNow().UtcDateTime;
        await File.WriteAllTextAsync(
            Path.Combine(folder["history"], "visits.csv"),
            FormattableString.Invariant(
                $"visit_id,partner_id,account_id,at\nV1,P00001,A000007,{today.AddDays(-3):yyyy-MM-dd}\nV2,nobody,A000007,2026-01-01\n"
            ),
            TestContext.Current.CancellationToken
        );
        var imported = Console("import", "--history", folder["history"], "--database", folder["api.db"], "--json");
        Assert.Contains("visits.csv", imported, StringComparison.Ordinal);

        using var service = ServiceProcess.StartWith(
            [_added],
            Sample.Root,
            "Development",
            "Database:Path=" + folder["api.db"],
            "Demo:Enabled=false",
            "Models:WatchMilliseconds=100"
        );
        await service.WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
        Assert.Equal(1, await Visits());
        var put = await service.Client.PutAsync(
            "/v1/visits/V3",
            Json("""{"partner_id":"P00001","account_id":"A000007","at":"2026-01-01"}"""),
            TestContext.Current.CancellationToken
        );
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        // The visit, and the one that was due thirty days after it: written once, however often the clock is looked at.
        await Eventually.IsSoAsync(async () => await Visits() == 3);
        var bulk = await service.Client.PostAsync(
            "/v1/history",
            Json(
                """{"table":"visits","row":{"visit_id":"V4","partner_id":"P00002","account_id":"A000007","at":"2026-11-20"}}""",
                "application/x-ndjson"
            ),
            TestContext.Current.CancellationToken
        );
        Assert.Contains(
            "\"inserted\":1",
            await bulk.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
        Assert.Equal(4, await Visits());
        var deleted = await service.Client.DeleteAsync("/v1/visits/V4", TestContext.Current.CancellationToken);
        Assert.True(deleted.IsSuccessStatusCode);
        Assert.Equal(3, await Visits());

        // Where it fails for one account, what is written stands, and what follows for others follows.
        foreach (
            var (path, row) in ((string, object)[])
                [
                    ("accounts/FAULTY", new { name = "Faulty" }),
                    ("deal-registrations/FR", Claim("P00001", "A000007")),
                    ("deal-registrations/FS", Claim("P00002", "A000007")),
                    ("deal-registrations/FT", Claim("P00002", "FAULTY")),
                ]
        )
        {
            var taken = await service.Client.PutAsync(
                "/v1/" + path,
                Json(JsonSerializer.Serialize(row)),
                TestContext.Current.CancellationToken
            );
            Assert.True(taken.IsSuccessStatusCode, $"{path}: {taken.StatusCode}");
        }
        var conflicts = JsonElement.Parse(await Text("/v1/conflicts?account_id=A000007&kind=second_registration"));
        Assert.Contains(
            conflicts.GetProperty("items").EnumerateArray(),
            one => one.GetProperty("other").GetProperty("claim").GetString() == "FS"
        );
        static object Claim(string partner, string account) =>
            new
            {
                partner_id = partner,
                account_id = account,
                product = "Faults",
                submitted_at = "2026-05-01",
                status = "submitted",
            };

        var feed = JsonElement.Parse(await Text("/v1/events?type=visit.made"));
        Assert.Equal(
            ["V3", "V4"],
            feed.GetProperty("items")
                .EnumerateArray()
                .Select(one => one.GetProperty("subject").GetString())
                .Where(id => id!.Length == 2)
        );
        var paths = JsonElement.Parse(await Text("/openapi/v1.json")).GetProperty("paths");
        Assert.True(paths.GetProperty("/v1/accounts/{id}/visits").TryGetProperty("get", out _));
        Assert.True(paths.GetProperty("/v1/visits/{id}").TryGetProperty("put", out var body));
        Assert.Contains("partner_id", body.GetRawText(), StringComparison.Ordinal);

        async Task<string> Text(string path) => await service.Client.GetStringAsync(path, TestContext.Current.CancellationToken);

        async Task<int> Visits() => JsonElement.Parse(await Text("/v1/accounts/A000007/visits")).GetProperty("visits").GetInt32();
    }

    [Fact]
    public void An_assembly_without_a_capability_is_refused_in_one_line()
    {
        var (status, error) = Run(typeof(System.Text.Json.JsonElement).Assembly.Location, "models", "list");
        Assert.Equal(1, status);
        Assert.Contains("holds no capability", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    static StringContent Json(string text, string type = "application/json") =>
        new(text, System.Text.Encoding.UTF8, new System.Net.Http.Headers.MediaTypeHeaderValue(type));

    static string Console(params string[] arguments)
    {
        var (status, text) = Run(_added.Value!, arguments);
        Assert.True(status == 0, text);
        return text;
    }

    static (int Status, string Text) Run(string assembly, params string[] arguments)
    {
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment[CapabilityList.Variable] = assembly;
        start.ArgumentList.Add(
            Path.Combine(Sample.Root, "artifacts/bin/Recommender.Training", configuration, "Recommender.Training.dll")
        );
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, process.ExitCode == 0 ? text : error.Result);
    }
}
