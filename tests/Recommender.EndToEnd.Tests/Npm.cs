using System.Diagnostics;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Tools from npm, installed once as the lock file says.</summary>
static class Npm
{
    static readonly Lazy<Task<(int Code, string Output)>> _installed = new(() =>
        RunAsync("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline")
    );

    public static string Folder { get; } = Path.Combine(Sample.Root, "tests/Recommender.EndToEnd.Tests/npm");

    /// <summary>Skips the test where there is no npm.</summary>
    public static async Task NeedAsync()
    {
        try
        {
            var (code, output) = await _installed.Value;
            Assert.True(code == 0, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("Needs Node.js 20 or later with npm on the PATH.");
        }
    }

    /// <summary>Runs a program in the folder; returns its exit code and what it printed.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
