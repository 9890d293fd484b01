using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Recommender.Models;
using Recommender.Ranking;
using static Recommender.Training.ConsoleOptions;
using static Recommender.Training.ConsoleTable;

namespace Recommender.Training;

/// <summary>Learns both models and writes their packages.</summary>
static class TrainVerb
{
    /// <summary>The exit code of a run that was to promote and promoted nothing: what was live stays live.</summary>
    public const int NothingPromoted = 3;

    public static Command Command()
    {
        var promote = new Option<bool>("--promote") { Description = "Make live what passes the gate" };
        var threads = new Option<int?>("--threads") { Description = "Threads of the trainers; the models do not depend on it" };
        var search = new Option<int>("--search")
        {
            Description =
                "First draw so many settings at random, the given ones among them, and take the best on the validation window",
        };
        var command = new Command("train", "Learns both models and writes their packages")
        {
            HistoryOption,
            MapOption,
            ConfigOption,
            SetOption,
            AsOfOption,
            promote,
            threads,
            search,
            JsonOption,
        };
        command.SetAction(
            Run(result =>
            {
                var config = Config(result);
                if (result.GetValue(threads) is { } count)
                    config = config with { Threads = count };
                if (result.GetValue(search) < 0)
                    throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"--search is {result.GetValue(search)}; expected a number of settings, at least 1."
                        )
                    );
                var facts = Source(result);
                if (result.GetValue(search) is > 0 and var trials)
                    config = Search(
                        facts,
                        config,
                        result.GetValue(AsOfOption) ?? DayAfterLast(facts),
                        trials,
                        result.GetValue(JsonOption)
                    );
                return TrainOn(
                    facts,
                    config,
                    result.GetValue(AsOfOption),
                    result,
                    result.GetValue(promote),
                    result.GetValue(JsonOption)
                );
            })
        );
        return command;
    }

    /// <summary>The best of some settings; prints them all.</summary>
    static TrainingConfig Search(FactSource facts, TrainingConfig config, DateTime asOf, int trials, bool json)
    {
        var (best, fit, win) = HyperSearch.Run(
            facts,
            config,
            TrainingRun.TestStart(facts, config, asOf),
            trials,
            new Progress(json)
        );
        if (json)
            return best;
        foreach (
            var (model, metric, rows) in ((string, string, IReadOnlyList<SearchTrial>)[])
                [("partner-fit", "NDCG@10", fit), ("win-probability", "log loss", win)]
        )
        {
            var table = new ConsoleTable(model, "leaves", "min leaf", "rate", "features", "<learner", "trees", metric, "<");
            foreach (var row in rows)
                table.Add(
                    $"  trial {Whole(row.Number)}",
                    Whole(row.Settings.Leaves),
                    Whole(row.Settings.MinExamplesPerLeaf),
                    Number(row.Settings.LearningRate, "0.000"),
                    Number(row.Settings.FeatureFraction, "0.00"),
                    TrainingConfig.Name(row.Best.Learner),
                    Whole(row.Best.Trees),
                    Number(row.Best.Metric, "0.0000"),
                    row.Settings == best.PartnerFit || row.Settings == best.WinProbability ? "*" : ""
                );
            table.Print();
        }
        return best;
    }

    public static int TrainOn(
        FactSource facts,
        TrainingConfig config,
        DateTime? asOf,
        ParseResult result,
        bool promote,
        bool json
    )
    {
        var models = result.GetValue(ModelsOption)!;
        var clock = Stopwatch.StartNew();
        var at = asOf ?? DayAfterLast(facts);
        var written = TrainingRun.Train(facts, config, at, models, new Progress(json));
        var registry = Registry(result);
        foreach (var manifest in written)
        {
            var live = promote && manifest.Gate.Promote;
            if (live)
                Promote(result, manifest.Model, manifest.Version);
            if (!json)
            {
                Console.WriteLine(
                    $"{manifest.Model} {manifest.Version}: {(manifest.Gate.Promote ? "passed the gate" : "REFUSED by the gate")}{(live ? ", is live" : "")}."
                );
                Console.WriteLine($"  {manifest.Gate.Reason}");
                Console.WriteLine($"  {Path.Combine(models, manifest.Model, manifest.Version, "report.html")}");
            }
        }
        if (!json && registry.Live(ModelPackage.PartnerFit) is null)
            Console.WriteLine($"No partner-fit is live: the API ranks by {PartnerRanker.FallbackName} and says so (fallback).");
        foreach (var model in ModelRegistry.Models.Except(written.Select(manifest => manifest.Model)))
            Console.Error.WriteLine($"{model} was not trained, see above.");
        var peak = Process.GetCurrentProcess().PeakWorkingSet64 >> 20;
        if (json)
            Console.WriteLine(
                JsonSerializer.Serialize(
                    written.Select(manifest => new
                    {
                        manifest.Model,
                        manifest.Version,
                        manifest.Gate,
                        manifest.Metrics,
                    }),
                    ModelManifest.Json
                )
            );
        else
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds:0.0} s, peak memory {peak} MB.")
            );
        if (!promote || written.Any(manifest => manifest.Gate.Promote))
            return 0;
        Console.Error.WriteLine("Nothing was promoted: " + string.Join("; ", ModelRegistry.Models.Select(Why)));
        return NothingPromoted;

        string Why(string model) =>
            written.FirstOrDefault(manifest => manifest.Model == model) is { } manifest
                ? $"{model} was refused by the gate, {manifest.Gate.Reason.ReplaceLineEndings(" ")}"
                : $"{model} was not trained";
    }
}
