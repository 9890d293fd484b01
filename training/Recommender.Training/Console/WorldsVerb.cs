using System.CommandLine;
using System.Text.Json;
using Recommender.Models;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Judges lift and ranking by the truth of simulated worlds, over several seeds of each.</summary>
static class WorldsVerb
{
    /// <summary>What is told of each world, and where it stands in evaluate's JSON under "truth".</summary>
    static readonly (string Name, Func<JsonElement, double?> Of)[] _figures =
    [
        ("lift known of ten", truth => Number(truth, "lift", "known_of_ten")),
        ("stated - true", truth => Difference(truth, "of_ten")),
        ("first place", truth => Difference(truth, "first_place")),
        ("first 20", truth => Difference(truth, "top_20")),
        ("90 % holds", truth => Number(truth, "lift", "of_ten", "coverage_of_90_interval")),
        ("of ten / zero", truth => Ratio(truth, "all_of_ten")),
        ("of all / zero", truth => Ratio(truth, "all")),
        ("alone - true", truth => Number(truth, "win_probability_alone_mean") - Number(truth, "true_win_probability_alone_mean")),
        ("policy", truth => Number(truth, "policy_share_of_oracle")),
        ("policy by fit", truth => Number(truth, "policy_share_of_oracle_by_fit")),
        ("ranking", truth => Number(truth, "share_of_oracle_ndcg_at_10")),
    ];

    public static Command Command()
    {
        var sizes = new WorldOptions(2000, 150, 15_000);
        var names = new Option<string[]>("--world")
        {
            Description = "Worlds; all if none is named",
            AllowMultipleArgumentsPerToken = true,
        };
        var json = new Option<string?>("--json") { Description = "File for the figures of every history" };
        var command = new Command("worlds", "Judges lift and ranking by the truth of simulated worlds, over several seeds")
        {
            names,
            ConfigOption,
            SetOption,
            json,
        };
        sizes.AddTo(command);
        command.SetAction(
            Run(result =>
            {
                var config = ConsoleOptions.Config(result);
                var worlds = result.GetValue(names) is { Length: > 0 } named ? named.Select(World.Of) : World.All;
                var told = new List<object>();
                var table = new ConsoleTable(["world", .. _figures.Select(figure => figure.Name)]);
                foreach (var world in worlds)
                {
                    var found = new List<JsonElement>();
                    foreach (var settings in sizes.Of(world, result))
                    {
                        var (truth, lift) = Judge(settings, config);
                        found.Add(truth);
                        told.Add(
                            new
                            {
                                world = world.Name,
                                seed = settings.Seed,
                                lift,
                                truth,
                            }
                        );
                        Console.Error.WriteLine(FormattableString.Invariant($"{world.Name} {settings.Seed}: {lift.Reason}"));
                    }
                    table.Add([world.Name, .. _figures.Select(figure => Told(found.Select(figure.Of)))]);
                }
                table.Print();
                if (result.GetValue(json) is { } path)
                    File.WriteAllText(path, JsonSerializer.Serialize(told, ModelManifest.Json) + "\n");
                return 0;
            })
        );
        return command;
    }

    /// <summary>Simulates, trains on what was known a year before the end, and judges the eight months from then on.</summary>
    static (JsonElement Truth, GateVerdict Lift) Judge(SimulationSettings settings, TrainingConfig config) =>
        WorldOptions.Simulated(
            settings,
            history =>
            {
                var evaluation = Evaluation.Run(
                    Folder(history, null),
                    config,
                    Simulation.End.AddYears(-1),
                    Simulation.End.AddMonths(-4),
                    ModelParts.All,
                    Truth.Read(Path.Combine(history, "truth.csv")),
                    null,
                    new Progress()
                );
                return evaluation.Truth.OraclePolicy.Count > 0
                    ? (
                        JsonSerializer.SerializeToElement(evaluation.Truth.ToJson(), ModelManifest.Json),
                        evaluation.Effect?.Effect.Gate ?? LearnedEffect.TooFew
                    )
                    : throw new InvalidDataException(
                        $"{settings.World.Name}: no decision could be judged; expected more opportunities and partners."
                    );
            }
        );

    /// <summary>Mean over seeds with its 95 % interval, and of how many seeds it is known if not of all.</summary>
    public static string Told(IEnumerable<double?> values)
    {
        var all = values.ToList();
        var known = all.OfType<double>().ToList();
        if (known.Count == 0)
            return "withheld";
        var mean = known.Average();
        var error =
            known.Count < 2
                ? double.NaN
                : Math.Sqrt(known.Sum(value => (value - mean) * (value - mean)) / (known.Count - 1) / known.Count);
        var of = known.Count < all.Count ? FormattableString.Invariant($", {known.Count} of {all.Count}") : "";
        return known.Count < 2
            ? FormattableString.Invariant($"{mean:0.000}{of}")
            : FormattableString.Invariant(
                $"{mean:0.000} ±{MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, known.Count - 1, 0.975) * error:0.000}{of}"
            );
    }

    static double? Number(JsonElement of, params string[] path)
    {
        foreach (var name in path)
            of = of.GetProperty(name);
        return of.ValueKind == JsonValueKind.Number ? of.GetDouble() : null;
    }

    static double? Difference(JsonElement truth, string of) =>
        Number(truth, "lift", of, "mean") - Number(truth, "lift", of, "true_mean");

    static double? Ratio(JsonElement truth, string of) =>
        Number(truth, "lift", of, "rmse_of_zero") is > 1e-6 and var zero ? Number(truth, "lift", of, "rmse") / zero : null;
}
