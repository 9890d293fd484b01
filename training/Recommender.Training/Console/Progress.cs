using System.Diagnostics;
using Spectre.Console;

namespace Recommender.Training;

/// <summary>Shows long work: a bar on a terminal, a line per step elsewhere, on standard error. Keeps the time spent.</summary>
sealed class Progress(bool quiet = false)
{
    readonly List<(string Name, TimeSpan Spent)> _steps = [];
    readonly IAnsiConsole _console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Runs one step; it may tell how far it is, 0 to 1.</summary>
    public void Step(string name, Action<Action<double>> work)
    {
        var clock = Stopwatch.StartNew();
        if (quiet)
            work(_ => { });
        else if (Console.IsErrorRedirected)
        {
            work(_ => { });
            Console.Error.WriteLine(FormattableString.Invariant($"{name}: {clock.Elapsed.TotalSeconds:0.0} s"));
        }
        else
        {
            _console
                .Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new ElapsedTimeColumn())
                .Start(bars =>
                {
                    var bar = bars.AddTask(Markup.Escape(name), maxValue: 1);
                    work(done => bar.Value = done);
                    bar.Value = 1;
                });
        }
        _steps.Add((name, clock.Elapsed));
    }

    /// <summary>A line of its own.</summary>
    public void Say(string line)
    {
        if (!quiet)
            Console.Error.WriteLine(line);
    }

    /// <summary>Time spent on steps whose name starts with <paramref name="prefix"/>.</summary>
    public TimeSpan SpentOn(string prefix) =>
        _steps
            .Where(step => step.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Aggregate(TimeSpan.Zero, (sum, step) => sum + step.Spent);
}
