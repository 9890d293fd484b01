using System.Diagnostics;
using System.Text.Json;
using Recommender.Tests;
using Recommender.Tests.History;

namespace Recommender.EndToEnd.Tests;

/// <summary>The way of a data scientist from a CRM's export to ranked partners, with nothing but a map.</summary>
public sealed class CrmExportTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("salesforce")]
    [InlineData("hubspot")]
    [InlineData("dynamics")]
    public async Task An_export_goes_from_its_files_to_ranked_partners_by_a_map_alone(string crm)
    {
        var export = Directory.CreateDirectory(_folder["export"]).FullName;
        CrmExports.Write(crm, export);
        var (code, output) = await RunAsync(
            "import",
            "--history",
            export,
            "--map",
            Path.Combine(Sample.Root, "docs/maps", crm + ".json"),
            "--database",
            TestDatabase.Of(_folder["crm.db"]),
            "--rejected",
            _folder["rejected.csv"]
        );
        Assert.True(code == 0, output);
        // What each column was taken for.
        Assert.Matches(
            @"CloseDate +expected_close_at, closed_at|Close Date +expected_close_at, closed_at|Actual Close Date +closed_at",
            output
        );
        Assert.DoesNotContain("rows were not taken", output, StringComparison.Ordinal);
        (code, output) = await RunAsync(
            "recommend",
            "--account",
            "A000007",
            "--database",
            TestDatabase.Of(_folder["crm.db"]),
            "--models",
            Sample.Models,
            "--json"
        );
        Assert.True(code == 0, output);
        var partners = JsonDocument
            .Parse(output[output.IndexOf('{', StringComparison.Ordinal)..])
            .RootElement.GetProperty("partners");
        Assert.Equal(10, partners.GetArrayLength());
        Assert.StartsWith("P0", partners[0].GetProperty("partner_id").GetString(), StringComparison.Ordinal);
    }

    async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", [ConsoleTests.Program, .. arguments])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = _folder.Path,
            }
        )!;
        var (standard, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await standard + await error);
    }
}
