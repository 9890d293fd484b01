using System.CommandLine;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Writes a history with known truth.</summary>
static class SimulateVerb
{
    public static Command Command()
    {
        var (accounts, partners) = (Whole("--accounts", "Accounts", 400), Whole("--partners", "Partners", 60));
        var (opportunities, years) = (
            Whole("--opportunities", "Opportunities", 5000),
            Whole("--years", "Years, up to 2026-07-01", 4)
        );
        var (seed, truth) = (Whole("--seed", "Seed", 7), Whole("--truth-decisions", "Decisions whose truth is written", 2000));
        var output = new Option<string>("--out") { Description = "Folder to write, new or empty", Required = true };
        var dirty = new Option<double>("--dirty") { Description = "Share of rows to spoil, 0 to 1" };
        var noSignal = new Option<bool>("--no-signal") { Description = "Outcomes and partner choice at random" };
        var world = new Option<string>("--world")
        {
            Description = string.Join("; ", World.All.Select(one => $"{one.Name}: {one.Holds}")),
            DefaultValueFactory = _ => World.All[0].Name,
        };
        var command = new Command("simulate", "Writes a history with known truth")
        {
            world,
            accounts,
            partners,
            opportunities,
            years,
            seed,
            truth,
            output,
            dirty,
            noSignal,
        };
        command.SetAction(
            Run(result =>
            {
                var settings = new SimulationSettings
                {
                    Accounts = result.GetValue(accounts),
                    Partners = result.GetValue(partners),
                    Opportunities = result.GetValue(opportunities),
                    Years = result.GetValue(years),
                    Seed = result.GetValue(seed),
                    TruthDecisions = result.GetValue(truth),
                    Dirty = result.GetValue(dirty),
                    NoSignal = result.GetValue(noSignal),
                    World = World.Of(result.GetValue(world)!),
                };
                if (
                    settings
                    is { Accounts: < 1 }
                        or { Partners: < 1 }
                        or { Opportunities: < 1 }
                        or { Years: < 1 or > 100 }
                        or { Dirty: < 0 or > 1 }
                )
                    throw new InvalidDataException(
                        "simulate: accounts, partners, opportunities and years must be at least 1, --dirty from 0 to 1."
                    );
                var folder = result.GetValue(output)!;
                new Progress().Step("simulate", told => new Simulation(settings).Write(folder, told));
                Console.WriteLine(
                    FormattableString.Invariant(
                        $"Wrote {settings.Opportunities} opportunities, {settings.Accounts} accounts and {settings.Partners} partners to {folder}."
                    )
                );
                return 0;
            })
        );
        return command;
    }
}
