using System.CommandLine;
using System.Text.Json;
using Recommender.Capabilities.Leads;
using Recommender.Models;
using Recommender.Ranking;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Judges routing by the truth of simulated leads, over several seeds.</summary>
static class RoutingWorldsVerb
{
    public static Command Command()
    {
        var sizes = new WorldOptions(4000, 80, 40_000);
        var world = new Option<string>("--world")
        {
            Description = string.Join("; ", World.All.Where(one => one.HasLeads).Select(one => $"{one.Name}: {one.Holds}")),
            DefaultValueFactory = _ => "leads",
        };
        var policy = new Option<string?>("--policy") { Description = "The policy; without it the defaults" };
        var json = new Option<string?>("--json") { Description = "File for the figures of every history" };
        var command = new Command("worlds", "Judges routing by the truth of simulated leads, over several seeds")
        {
            world,
            policy,
            ConfigOption,
            SetOption,
            json,
        };
        sizes.AddTo(command);
        command.SetAction(
            Run(result =>
            {
                var config = ConsoleOptions.Config(result);
                var asked = RoutingVerb.PolicyOf(result.GetValue(policy)) ?? RoutingPolicy.Default;
                var of = World.Of(result.GetValue(world)!);
                if (!of.HasLeads)
                    throw new InvalidDataException($"--world {of.Name}: it has no leads; expected leads or leads_fine.");
                var told = new List<object>();
                var found = new List<IReadOnlyList<TrueRate>>();
                foreach (var settings in sizes.Of(of, result))
                {
                    var seed = settings.Seed;
                    var rates = Judge(settings, config, asked);
                    found.Add(rates);
                    told.Add(new { seed, rates });
                    Console.Error.WriteLine(
                        FormattableString.Invariant(
                            $"seed {seed}: {rates[0].Share.Value:0.000} of the way ({rates[0].Share.Low:0.000} to {rates[0].Share.High:0.000})"
                        )
                    );
                }
                var table = new ConsoleTable("", "won", "of the way from random to oracle", "the policy wins more by");
                for (var way = 0; way < found[0].Count; way++)
                {
                    string Told(Func<TrueRate, double> of) => WorldsVerb.Told(found.Select(rates => (double?)of(rates[way])));
                    table.Add(
                        found[0][way].Name,
                        Told(one => one.WinRate.Value),
                        Told(one => one.Share.Value),
                        way == 0 ? "" : Told(one => one.Behind.Value)
                    );
                }
                table.Print();
                if (result.GetValue(json) is { } path)
                    File.WriteAllText(path, JsonSerializer.Serialize(told, ModelManifest.Json) + "\n");
                return 0;
            })
        );
        return command;
    }

    /// <summary>Simulates, learns from what was known a year before the end, and replays the eight months from then on.</summary>
    static IReadOnlyList<TrueRate> Judge(SimulationSettings settings, TrainingConfig config, RoutingPolicy policy) =>
        WorldOptions.Simulated(
            settings,
            history =>
            {
                var replay = RoutingVerb.Replay(
                    Folder(history, null),
                    config,
                    null,
                    RuleSet.None,
                    policy,
                    Simulation.End.AddYears(-1),
                    Simulation.End.AddMonths(-4),
                    LeadTruth.Read(Path.Combine(history, "lead_truth.csv")),
                    new Progress()
                );
                return replay.Truth.Leads > 0
                    ? replay.Truth.Rates(config)
                    : throw new InvalidDataException("No lead could be judged; expected more opportunities and partners.");
            }
        );
}
