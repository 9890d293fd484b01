using System.CommandLine;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Writes examples for notebooks and other trainers.</summary>
static class ExportExamplesVerb
{
    public static Command Command()
    {
        var to = new Option<DateTime?>("--test-to")
        {
            Description = "Last day of the test window, which begins at --as-of",
            CustomParser = Date,
            Required = true,
        };
        var output = new Option<string>("--out") { Description = "Folder to write, new or empty", Required = true };
        var command = new Command(
            "export-examples",
            "Training examples and test decisions as .npy, for notebooks and other trainers"
        )
        {
            HistoryOption,
            MapOption,
            ConfigOption,
            SetOption,
            AsOfOption,
            to,
            output,
        };
        command.SetAction(
            Run(result =>
            {
                var asOf =
                    result.GetValue(AsOfOption)
                    ?? throw new InvalidDataException("export-examples: --as-of is missing; expected a date.");
                ExampleExport.Write(
                    Source(result),
                    Config(result),
                    asOf,
                    result.GetValue(to)!.Value,
                    result.GetValue(output)!,
                    new Progress()
                );
                return 0;
            })
        );
        return command;
    }
}
