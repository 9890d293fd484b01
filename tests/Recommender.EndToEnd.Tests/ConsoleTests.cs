using System.Diagnostics;
using System.Text.Json;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

public sealed class ConsoleTests : IDisposable
{
    internal static string Program { get; } =
        Path.Combine(
            Sample.Root,
            "artifacts/bin/Recommender.Training",
            Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)),
            "Recommender.Training.dll"
        );
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_import_killed_at_any_moment_and_run_again_ends_the_same()
    {
        var clean = TestDatabase.Store(_folder["clean.db"]);
        clean.Import(new HistoryFolder(Sample.Folder), _folder["clean.csv"], strict: true);
        var expected = Facts(clean);
        var random = new Random(11);
        for (var attempt = 0; attempt < 8; attempt++)
        {
            using var process = Start(
                "import",
                "--history",
                Sample.Folder,
                "--database",
                TestDatabase.Of(_folder["killed.db"]),
                "--rejected",
                _folder["killed.csv"]
            );
            await Task.Delay(random.Next(100, 2200), TestContext.Current.CancellationToken);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            // Nothing or everything: never a part.
            var found = Facts(TestDatabase.Store(_folder["killed.db"]));
            Assert.True(found.Count == 0 || found.Count == expected.Count, $"{found.Count} of {expected.Count} facts");
        }
        var output = new List<string>();
        var code = await Run(
            output,
            "import",
            "--history",
            Sample.Folder,
            "--database",
            TestDatabase.Of(_folder["killed.db"]),
            "--rejected",
            _folder["killed.csv"]
        );
        Assert.True(code == 0, string.Join(' ', output));
        Assert.Equal(expected, Facts(TestDatabase.Store(_folder["killed.db"])));
    }

    [Fact]
    public async Task A_run_that_is_to_promote_and_promotes_nothing_ends_with_a_code_of_its_own_and_the_reason_in_one_line()
    {
        var output = new List<string>();
        string[] history = ["--accounts", "80", "--partners", "15", "--opportunities", "300", "--years", "3", "--seed", "21"];
        Assert.Equal(0, await Run(output, ["simulate", .. history, "--no-signal", "--out", _folder["none"]]));
        string[] train = ["train", "--history", _folder["none"], "--models", _folder["models"]];
        output.Clear();
        Assert.Equal(3, await Run(output, [.. train, "--promote"]));
        var why = Assert.Single(output, line => line.StartsWith("Nothing was promoted: ", StringComparison.Ordinal));
        Assert.Contains("partner-fit was refused by the gate", why, StringComparison.Ordinal);
        Assert.Contains("win-probability was refused by the gate", why, StringComparison.Ordinal);
        Assert.Equal(0, await Run(output, train));
    }

    [Fact]
    public async Task Recommend_answers_for_an_account_and_refuses_an_unknown_one_in_one_line()
    {
        var output = new List<string>();
        Assert.Equal(
            0,
            await Run(
                output,
                "recommend",
                "--history",
                Sample.Folder,
                "--models",
                Sample.Models,
                "--account",
                "A000007",
                "--as-of",
                "2026-07-01",
                "--json"
            )
        );
        using var answer = JsonDocument.Parse(string.Join('\n', output));
        Assert.Equal(10, answer.RootElement.GetProperty("partners").GetArrayLength());
        output.Clear();
        Assert.Equal(
            1,
            await Run(output, "recommend", "--history", Sample.Folder, "--models", Sample.Models, "--account", "nobody")
        );
        Assert.Equal("No account 'nobody' was seen before 2026-07-01.", Assert.Single(output));
    }

    [Fact]
    public async Task A_package_whose_manifest_names_a_path_is_refused_in_one_line()
    {
        var (package, models) = (_folder["inner/package"], _folder["inner/models"]);
        var committed = new ModelRegistry(Sample.Models);
        TemporaryFolder.Copy(committed.PathOf(ModelPackage.PartnerFit, committed.Live(ModelPackage.PartnerFit)!), package);
        var manifest = Path.Combine(package, "manifest.json");
        var cancel = TestContext.Current.CancellationToken;
        var text = await File.ReadAllTextAsync(manifest, cancel);
        var hostile = text.Replace("\"model\": \"partner-fit\"", "\"model\": \"../../x\"", StringComparison.Ordinal);
        await File.WriteAllTextAsync(manifest, hostile, cancel);
        var output = new List<string>();
        Assert.Equal(1, await Run(output, "models", "import", package, "--models", models));
        Assert.EndsWith(
            "manifest.json: model is '../../x'; expected one of partner-fit, win-probability.",
            Assert.Single(output),
            StringComparison.Ordinal
        );
        Assert.Equal([package], Directory.GetFileSystemEntries(_folder["inner"]));
    }

    [Theory]
    [InlineData("import --history no/such --database x.db", "no/such is not a folder")]
    [InlineData("train --database missing.db", "There is no database missing.db")]
    [InlineData("recommend --account a --database missing.db", "There is no database missing.db")]
    [InlineData("rules check --database missing.db", "There is no database missing.db and no file; expected a file of rules")]
    [InlineData("rules check no.json", "no.json not found; expected a file of rules")]
    [InlineData("routing replay --database missing.db", "There is no database missing.db")]
    [InlineData("routing replay --history no/such", "no/such is not a folder")]
    [InlineData("routing worlds --world default", "it has no leads; expected leads or leads_fine")]
    [InlineData("models promote partner-fit 2020", "manifest.json is missing")]
    [InlineData("models rollback partner-fit", "has no earlier live version")]
    [InlineData("models import x.onnx", "comes without --manifest")]
    [InlineData("train --history no --search -3", "--search is -3; expected a number of settings")]
    [InlineData(
        "train --history no --set seed=x --set win_probability.tree=1",
        "seed is \"x\"; expected a whole number. win_probability.tree is no setting"
    )]
    [InlineData("monitor --history no/such --since 2026-01-01", "no/such is not a folder")]
    public async Task A_fault_is_one_line_and_exit_code_one(string arguments, string says)
    {
        var output = new List<string>();
        Assert.Equal(1, await Run(output, arguments.Split(' ')));
        Assert.Contains(says, Assert.Single(output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_are_checked_before_they_hold()
    {
        string Rules(string name, string text)
        {
            File.WriteAllText(_folder[name], text);
            return _folder[name];
        }
        var output = new List<string>();
        var bad = Rules(
            "bad.json",
            "{\"rules\": [\n{\"id\": \"A\", \"kind\": \"territory\"},\n{\"id\": \"B\", \"kind\": \"region\"}]}"
        );
        Assert.Equal(1, await Run(output, "rules", "check", bad));
        Assert.Contains(
            "bad.json:3: kind is 'region'; expected one of registration,",
            Assert.Single(output),
            StringComparison.Ordinal
        );
        // It is looked up beside a database that is not there.
        string[] beside = ["--history", Sample.Folder, "--as-of", "2026-07-01", "--database", _folder["none.db"]];
        output.Clear();
        var nearly = Rules(
            "nearly.json",
            """{"rules":[{"id":"H","kind":"house_account","accounts":{"industri":["banking"]}}]}"""
        );
        Assert.Equal(1, await Run(output, ["rules", "check", nearly, .. beside, "--json"]));
        Assert.Contains("expected 'industry'", Assert.Single(output), StringComparison.Ordinal);
        output.Clear();
        var good = Rules("good.json", """{"rules":[{"id":"H","kind":"house_account","accounts":{"industry":["banking"]}}]}""");
        Assert.Equal(0, await Run(output, ["rules", "check", good, .. beside, "--json"]));
        var found = JsonElement.Parse(string.Join('\n', output)).GetProperty("comparison");
        Assert.Equal("2026-04-02T00:00:00Z", found.GetProperty("from").GetString());
        Assert.True(found.GetProperty("engagements_left_out").GetProperty("after").GetDouble() > 10);
        Assert.Equal(0, found.GetProperty("engagements_left_out").GetProperty("before").GetDouble());
        var first = found.GetProperty("changed")[0];
        Assert.Equal("left out by H: A house account: sold without partners", first.GetProperty("after").GetString());
        output.Clear();
        Assert.Equal(0, await Run(output, ["rules", "check", good, "--against", good, .. beside]));
        Assert.Contains("Nothing would have gone otherwise.", output);
        output.Clear();
        Assert.Equal(0, await Run(output, "rules", "check", good, "--database", _folder["none.db"]));
        Assert.StartsWith("1 rule, no fault.", Assert.Single(output), StringComparison.Ordinal);
        // Rules that hold already, beside those before them.
        var database = TestDatabase.Of(_folder["held.db"]);
        var store = TestDatabase.Store(_folder["held.db"]);
        store.Import(new HistoryFolder(Sample.Folder), _folder["held.csv"], strict: true);
        output.Clear();
        Assert.Equal(0, await Run(output, "rules", "check", "--history", "--database", database, "--as-of", "2026-07-01"));
        Assert.Contains("Nothing would have gone otherwise.", output);
    }

    [Fact]
    public async Task Monitor_ends_with_two_when_deals_have_moved_and_with_zero_when_all_goes_on_as_before()
    {
        using var folder = new TemporaryFolder();
        var moved = Directory.CreateDirectory(folder["moved"]).FullName;
        foreach (var file in Directory.GetFiles(Sample.Folder, "*.csv"))
            File.Copy(file, Path.Combine(moved, Path.GetFileName(file)));
        var deals = Path.Combine(moved, "opportunities.csv");
        // The fourth column is the amount, the sixth the day of creation.
        var rows = File.ReadAllLines(deals).Select(line => line.Split(','));
        File.WriteAllLines(
            deals,
            rows.Select(row =>
                string.Join(
                    ',',
                    row.Select(
                        (cell, i) =>
                            i == 3 && cell != "" && row[5].StartsWith("2026", StringComparison.Ordinal) ? "999" + cell : cell
                    )
                )
            )
        );
        foreach (var (history, code) in ((string, int)[])[(Sample.Folder, 0), (moved, 2)])
        {
            var output = new List<string>();
            string[] arguments =
            [
                "monitor",
                "--history",
                history,
                "--models",
                Sample.Models,
                "--since",
                "2026-01-01",
                "--as-of",
                "2026-07-01",
            ];
            Assert.Equal(code, await Run(output, arguments));
            Assert.Equal(code == 2, output.Exists(line => line.Contains("ALARM amount has moved", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Evaluate_rolls_over_parts_of_the_window()
    {
        var output = new List<string>();
        var file = Path.Combine(_folder.Path, "rolling.json");
        string[] arguments =
        [
            "evaluate",
            "--history",
            Sample.Folder,
            "--test-from",
            "2025-07-01",
            "--test-to",
            "2025-12-31",
            "--rolling",
            "2",
            "--json",
            file,
            "--set",
            "partner_fit.trees=10",
            "--set",
            "partner_fit.max_decisions=300",
            "--set",
            "win_probability.trees=10",
            "--set",
            "win_probability.learners=[\"fast_tree\"]",
        ];
        Assert.Equal(0, await Run(output, arguments));
        using var figures = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(
            ["2025-07-01 2025-09-30", "2025-10-01 2025-12-31"],
            figures.RootElement.EnumerateArray().Select(part => $"{part.GetProperty("test_from")} {part.GetProperty("test_to")}")
        );
    }

    [Fact]
    public async Task Off_a_terminal_a_table_is_plain_text_with_a_line_for_each_row_however_long()
    {
        var output = new List<string>();
        Assert.Equal(0, await Run(output, "models", "list", "--models", Sample.Models));
        Assert.Equal(2, output.Count);
        Assert.Matches(
            "^\\*  partner-fit      2026-07-01-[0-9a-f]{8}  passed  NDCG@10 differs from .* decisions\\)\\.$",
            output[0]
        );
        Assert.StartsWith("*  win-probability  2026-07-01-", output[1], StringComparison.Ordinal);
        output.Clear();
        string[] database = ["--database", TestDatabase.Of(_folder["table.db"])];
        Assert.Equal(
            0,
            await Run(output, ["import", "--history", Sample.Folder, "--rejected", _folder["rejected.csv"], .. database])
        );
        Assert.Equal("Read accounts.csv as accounts: 400 rows", output[0]);
        Assert.Matches("^  column +taken for +as +full  note$", output[1]);
        var counts = output.IndexOf("file                    accepted    new  changed  unchanged  rejected");
        Assert.Equal("accounts.csv                 400    400        0          0         0", output[counts + 1]);
        Assert.DoesNotContain(output, line => line.Contains('\u001b', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_are_made_listed_and_revoked()
    {
        var output = new List<string>();
        string[] database = ["--database", TestDatabase.Of(_folder["keys.db"])];
        Assert.Equal(
            0,
            await Run(output, ["keys", "create", "--name", "crm", "--scopes", "recommend,ingest", "--json", .. database])
        );
        using var made = JsonDocument.Parse(string.Join('\n', output));
        var (id, secret) = (
            made.RootElement.GetProperty("key_id").GetString()!,
            made.RootElement.GetProperty("secret").GetString()!
        );
        Assert.StartsWith("rk_", secret, StringComparison.Ordinal);
        output.Clear();
        Assert.Equal(0, await Run(output, ["keys", "list", .. database]));
        Assert.Contains("crm", Assert.Single(output), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, output[0], StringComparison.Ordinal);
        Assert.Equal(0, await Run(output, ["keys", "revoke", id, .. database]));
        output.Clear();
        Assert.Equal(0, await Run(output, ["keys", "list", .. database]));
        Assert.Contains("REVOKED", output[0], StringComparison.Ordinal);
        output.Clear();
        Assert.Equal(1, await Run(output, ["keys", "revoke", id, .. database]));
        Assert.Single(output);
        output.Clear();
        Assert.Equal(1, await Run(output, ["keys", "create", "--name", "x", "--scopes", "everything", .. database]));
        Assert.Contains("expected one or more of recommend, ingest, admin", Assert.Single(output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_date_that_is_none_is_refused()
    {
        var output = new List<string>();
        Assert.NotEqual(
            0,
            await Run(output, "evaluate", "--history", Sample.Folder, "--test-from", "01/02/2026", "--test-to", "2026-03-01")
        );
        Assert.Contains(output, line => line.Contains("'01/02/2026' is no date", StringComparison.Ordinal));
    }

    static List<string> Facts(HistoryStore store) =>
        [.. store.ReadFacts(DateTime.MaxValue).Select(fact => $"{fact.SeenAt:O} {fact.Kind} {fact.Key} {fact.Noun}")];

    async Task<int> Run(List<string> output, params string[] arguments)
    {
        using var process = Start(arguments);
        var (standard, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        output.AddRange((await standard + await error).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return process.ExitCode;
    }

    Process Start(params string[] arguments) =>
        Process.Start(
            new ProcessStartInfo("dotnet", [Program, .. arguments])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = _folder.Path,
            }
        )!;
}
