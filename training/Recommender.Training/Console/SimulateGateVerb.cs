using System.CommandLine;
using static Recommender.Training.ConsoleOptions;
using static Recommender.Training.ConsoleTable;

namespace Recommender.Training;

/// <summary>Shows what the gate of win probability can tell from how many deals.</summary>
static class SimulateGateVerb
{
    public static Command Command()
    {
        var runs = Whole("--runs", "Simulated tests of each kind and size", 400);
        var command = new Command(
            "simulate-gate",
            "How often the gate of win probability promotes predictions that are right or wrong in a known way"
        )
        {
            ConfigOption,
            SetOption,
            runs,
        };
        command.SetAction(
            Run(result =>
            {
                if (result.GetValue(runs) is var count && count < 1)
                    throw new InvalidDataException(
                        FormattableString.Invariant($"--runs is {count}; expected a number of simulated tests, at least 1.")
                    );
                var config = Config(result);
                var table = new ConsoleTable([
                    "share promoted",
                    "<should pass",
                    .. GateSimulation.Sizes.Select(size => $"{Whole(size)} deals"),
                ]);
                foreach (var one in GateSimulation.Cases)
                    table.Add([
                        one.Name,
                        one.ShouldPass ? "yes" : "no",
                        .. GateSimulation.Sizes.Select(size => Number(GateSimulation.Promoted(one, size, count, config), "0.00")),
                    ]);
                table.Print();
                return 0;
            })
        );
        return command;
    }
}
