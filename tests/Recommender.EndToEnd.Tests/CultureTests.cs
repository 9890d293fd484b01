using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>What the console and the service say and write where nobody set a culture.</summary>
public sealed class InvariantOutput : IAsyncLifetime
{
    readonly TemporaryFolder _folder = new();

    internal SortedDictionary<string, string> Console { get; private set; } = [];

    internal SortedDictionary<string, string> Service { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        Console = await CultureTests.ConsoleAsync(_folder["console"], "C.UTF-8");
        Service = await CultureTests.ServiceAsync(_folder["c.db"], "C.UTF-8");
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Another calendar, other digits, another decimal sign and a dotless i change nothing.</summary>
public sealed partial class CultureTests(InvariantOutput invariant) : IClassFixture<InvariantOutput>, IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("th_TH.UTF-8")]
    [InlineData("tr_TR.UTF-8")]
    [InlineData("ar_SA.UTF-8")]
    [InlineData("de_DE.UTF-8")]
    public async Task The_console_says_and_writes_the_same(string language) =>
        AssertSame(invariant.Console, await ConsoleAsync(_folder["console"], language));

    [Theory]
    [InlineData("th_TH.UTF-8")]
    [InlineData("tr_TR.UTF-8")]
    [InlineData("ar_SA.UTF-8")]
    [InlineData("de_DE.UTF-8")]
    public async Task The_service_answers_and_draws_the_same(string language) =>
        AssertSame(invariant.Service, await ServiceAsync(_folder["c.db"], language));

    static void AssertSame(SortedDictionary<string, string> expected, SortedDictionary<string, string> found)
    {
        Assert.Equal(expected.Keys, found.Keys);
        foreach (var (name, text) in expected)
            Assert.True(text == found[name], $"{name}: {Difference(text, found[name])}");
    }

    static string Difference(string expected, string found)
    {
        var at = expected.Zip(found).TakeWhile(pair => pair.First == pair.Second).Count();
        string Around(string text) => text[Math.Max(0, at - 60)..Math.Min(text.Length, at + 60)];
        return $"'{Around(found)}'; expected '{Around(expected)}'";
    }

    /// <summary>A history is made, imported, learned from and asked; what is printed, and every file.</summary>
    internal static async Task<SortedDictionary<string, string>> ConsoleAsync(string folder, string language)
    {
        Directory.CreateDirectory(folder);
        var said = new SortedDictionary<string, string>(StringComparer.Ordinal);
        string[] tiny =
        [
            "--set",
            "partner_fit.trees=10",
            "--set",
            "partner_fit.max_decisions=200",
            "--set",
            "win_probability.trees=10",
            "--set",
            "win_probability.max_deals=300",
            "--set",
            "win_probability.learners=[\"fast_tree\"]",
            "--set",
            "gate.learning_curve=false",
        ];
        string[] of = ["--models", "models", "--database", "c.db"];
        string[][] calls =
        [
            [
                "simulate",
                "--accounts",
                "60",
                "--partners",
                "20",
                "--opportunities",
                "900",
                "--years",
                "3",
                "--out",
                "history",
                "--dirty",
                "0.01",
            ],
            ["import", "--history", "history", .. of],
            ["train", "--promote", "--threads", "1", .. tiny, .. of],
            ["models", "list", .. of],
            ["recommend", "--account", "A000007", .. of],
            ["recommend", "--account", "A000007", "--json", .. of],
            ["monitor", "--since", "2026-01-01", .. tiny, .. of],
            ["train", "--set", "gate.max_ece=1.5", "--set", "seed=1.5", .. of],
        ];
        foreach (var call in calls)
        {
            using var process = Process.Start(
                new ProcessStartInfo("dotnet", [ConsoleTests.Program, .. call])
                {
                    UseShellExecute = false,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    WorkingDirectory = folder,
                    Environment = { ["LANG"] = language, ["LC_ALL"] = language },
                }
            )!;
            var (standard, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            said[string.Join(' ', call)] = Seconds().Replace($"{process.ExitCode} {await standard}{await error}", "some time");
        }
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            // Databases hold moments of their making.
            if (!Path.GetFileName(file).StartsWith("c.db", StringComparison.Ordinal))
                said[Path.GetRelativePath(folder, file)] = await File.ReadAllTextAsync(file);
        }
        return said;
    }

    /// <summary>A ranking with reasons and cautions, and pages.</summary>
    internal static async Task<SortedDictionary<string, string>> ServiceAsync(string database, string language)
    {
        using var service = await ServiceProcess
            .StartIn(
                language,
                Sample.Root,
                "Development",
                [
                    .. TestDatabase.Settings(database),
                    "Models:Path=" + Sample.Models,
                    "Demo:Path=" + Sample.Folder,
                    "Demo:ShiftDates=false",
                    "Index:CorePercent=100",
                ]
            )
            .WhenReadyAsync();
        var said = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var body = new StringContent(
            """{"account_id":"A000007","limit":60,"as_of":"2026-06-15"}""",
            Encoding.UTF8,
            new MediaTypeHeaderValue("application/json")
        );
        using var answer = await service.Client.PostAsync("/v1/partner-recommendations", body);
        var ranking = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
        ranking.Remove("recommendation_id");
        said["ranking"] = ranking.ToJsonString();
        for (var waiting = true; waiting; )
        {
            using var all = new StringContent("{}", Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
            using var deals = await service.Client.PostAsync("/v1/opportunity-recommendations", all);
            waiting = JsonNode.Parse(await deals.Content.ReadAsStringAsync())!["waiting_to_be_indexed"]!.GetValue<int>() > 0;
            await Task.Delay(100);
        }
        foreach (
            var path in (string[])
                ["/accounts/A000007", "/accounts/A000007/partners/P00018", "/partners/P00001", "/models", "/v1/models", "/deals"]
        )
            said[path] = Unlike().Replace(await service.Client.GetStringAsync(path), "");
        return said;
    }

    [GeneratedRegex(@"\d+\.\d s(, peak memory \d+ MB|, \d+ rows a second)?", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Seconds();

    /// <summary>What differs from call to call: ids, the tokens of forms, and the time of day.</summary>
    [GeneratedRegex(
        @"value=""[^""]{16,}""|rec_[0-9a-zA-Z_-]+|\d\d:\d\d(:\d\d)?|[0-9a-f-]{32,36}|content=""[^""]*""",
        RegexOptions.ExplicitCapture,
        10_000
    )]
    private static partial Regex Unlike();
}
