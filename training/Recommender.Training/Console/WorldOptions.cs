using System.CommandLine;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Options of verbs that simulate a world over several seeds, and the histories that they stand for.</summary>
sealed class WorldOptions(int accounts, int partners, int deals)
{
    readonly Option<int> _accounts = Whole("--accounts", "Accounts", accounts);
    readonly Option<int> _partners = Whole("--partners", "Partners", partners);
    readonly Option<int> _deals = Whole("--opportunities", "Opportunities", deals);
    readonly Option<int> _years = Whole("--years", "Years", 5);
    readonly Option<int[]> _seeds = new("--seeds")
    {
        Description = "Seeds, each a history of each world",
        DefaultValueFactory = _ => [11, 12, 13, 14, 15],
        AllowMultipleArgumentsPerToken = true,
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_seeds, _accounts, _partners, _deals, _years])
            command.Add(option);
    }

    /// <summary>A history of the world for each seed.</summary>
    /// <exception cref="InvalidDataException">One would be empty.</exception>
    public IReadOnlyList<SimulationSettings> Of(World world, ParseResult result)
    {
        var settings = result
            .GetValue(_seeds)!
            .Select(seed => new SimulationSettings
            {
                World = world,
                Seed = seed,
                Accounts = result.GetValue(_accounts),
                Partners = result.GetValue(_partners),
                Opportunities = result.GetValue(_deals),
                Years = result.GetValue(_years),
            })
            .ToList();
        return settings is [{ Accounts: > 0, Partners: > 0, Opportunities: > 0, Years: > 1 }, ..]
            ? settings
            : throw new InvalidDataException(
                "Accounts, partners and opportunities must be at least 1, years at least 2, and a seed be named."
            );
    }

    /// <summary>Simulates into a folder that is gone afterwards.</summary>
    public static T Simulated<T>(SimulationSettings settings, Func<string, T> judge)
    {
        var history = Directory.CreateTempSubdirectory("world").FullName;
        try
        {
            new Simulation(settings).Write(history);
            return judge(history);
        }
        finally
        {
            Directory.Delete(history, true);
        }
    }
}
