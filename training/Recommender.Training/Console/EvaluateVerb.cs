using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Recommender.Models;
using static Recommender.Training.ConsoleOptions;
using static Recommender.Training.ConsoleTable;

namespace Recommender.Training;

/// <summary>Judges models on decisions of a window.</summary>
static class EvaluateVerb
{
    const string Signed = "+0.0000;-0.0000";

    public static Command Command()
    {
        var from = new Option<DateTime?>("--test-from")
        {
            Description = "First day of the test window",
            CustomParser = Date,
            Required = true,
        };
        var to = new Option<DateTime?>("--test-to")
        {
            Description = "Last day of the test window",
            CustomParser = Date,
            Required = true,
        };
        var truth = new Option<string?>("--truth") { Description = "truth.csv of a simulated history" };
        var file = new Option<string?>("--json") { Description = "Write the figures to this file" };
        var rolling = new Option<int>("--rolling")
        {
            Description = "Judge so many parts of the window one after the other, each by models trained at its start",
            DefaultValueFactory = _ => 1,
        };
        var curve = new Option<bool>("--learning-curve") { Description = "Also train with a quarter and half of the history" };
        var ablation = new Option<bool>("--ablation")
        {
            Description = "Also train without each family of features, and without each column that a CRM overwrites",
        };
        var versions = new Option<string[]>("--model")
        {
            Description = "Judge stored versions side by side instead of training",
            AllowMultipleArgumentsPerToken = true,
        };
        var record = new Option<bool>("--record") { Description = "With --model: write figures and verdict into the packages" };
        var command = new Command("evaluate", "Trains on what was known at test-from, judges decisions inside the window")
        {
            HistoryOption,
            MapOption,
            ConfigOption,
            SetOption,
            from,
            to,
            truth,
            file,
            rolling,
            curve,
            ablation,
            versions,
            record,
        };
        command.SetAction(
            Run(result =>
            {
                var config = Config(result);
                var facts = Source(result);
                var (start, end) = (result.GetValue(from)!.Value, result.GetValue(to)!.Value);
                void Save(object figures)
                {
                    if (result.GetValue(file) is { } output)
                        File.WriteAllText(output, JsonSerializer.Serialize(figures, ModelManifest.Json) + "\n");
                }
                if (result.GetValue(versions) is { Length: > 0 } stored)
                {
                    Save(SideBySide(facts, config, start, end, Registry(result), stored, result.GetValue(record)));
                    return 0;
                }
                var known = result.GetValue(truth) is { } path ? Truth.Read(path) : null;
                if (result.GetValue(rolling) < 1)
                    throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"--rolling is {result.GetValue(rolling)}; expected a number of parts, at least 1."
                        )
                    );
                if (result.GetValue(rolling) is > 1 and var parts)
                {
                    Save(Rolling(facts, config, start, end, parts));
                    return 0;
                }
                var evaluation = Evaluation.Run(facts, config, start, end, ModelParts.All, known, null, new Progress());
                if (result.GetValue(curve))
                    evaluation.Learn(facts, start, end, ModelParts.Both, null, new Progress());
                if (result.GetValue(ablation))
                    evaluation.LearnWithoutEach(facts, start, end, null, new Progress());
                var figures = new
                {
                    partner_fit = evaluation.PartnerFitJson(),
                    win_probability = evaluation.WinProbabilityJson(),
                    gates = new
                    {
                        partner_fit = PromotionGate.PartnerFit(evaluation, config),
                        win_probability = PromotionGate.WinProbability(evaluation, config),
                        lift = evaluation.Effect?.Effect.Gate ?? LearnedEffect.TooFew,
                    },
                    lift = evaluation.Effect?.ToJson(),
                    truth = evaluation.Truth.OraclePolicy.Count > 0 ? evaluation.Truth.ToJson() : null,
                    ablation = result.GetValue(ablation) ? Ablation(facts, config, start, end, evaluation) : null,
                    seconds = new
                    {
                        replay = Math.Round(evaluation.Replay.TotalSeconds, 1),
                        train = Math.Round(evaluation.Training.TotalSeconds, 1),
                        evaluate = Math.Round(evaluation.Judging.TotalSeconds, 1),
                    },
                    peak_memory_mb = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
                };
                Save(figures);
                Print(JsonSerializer.Serialize(figures, ModelManifest.Json), known is not null);
                return 0;
            })
        );
        return command;
    }

    /// <summary>Consecutive parts of the window, each judged by models trained at its start.</summary>
    static List<object> Rolling(FactSource facts, TrainingConfig config, DateTime from, DateTime to, int parts)
    {
        var figures = new List<object>();
        var days = (to.Date.AddDays(1) - from).TotalDays;
        var table = new ConsoleTable("from", "<to", "decisions", "NDCG@10", "best simple", "deals", "AUC", "log loss", "ECE");
        for (var part = 0; part < parts; part++)
        {
            var (start, end) = (
                from.AddDays(Math.Floor(days * part / parts)),
                from.AddDays(Math.Floor(days * (part + 1) / parts) - 1)
            );
            var evaluation = Evaluation.Run(facts, config, start, end, ModelParts.Both, null, null, new Progress());
            figures.Add(
                new
                {
                    test_from = start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                    test_to = end.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                    partner_fit = evaluation.PartnerFitJson(),
                    win_probability = evaluation.WinProbabilityJson(),
                    gates = new
                    {
                        partner_fit = PromotionGate.PartnerFit(evaluation, config),
                        win_probability = PromotionGate.WinProbability(evaluation, config),
                    },
                }
            );
            var simple = FitResults
                .Names.Skip(1)
                .Max(name => evaluation.Fit.All[name].Select(quality => quality.Ndcg).DefaultIfEmpty(0).Average());
            var win = evaluation.Win.TryGetValue("win_probability", out var predicted)
                ? ProbabilityQuality.Of(predicted, evaluation.Won)
                : null;
            table.Add(
                start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                end.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                Whole(evaluation.Fit.Decisions),
                Number(evaluation.Fit.MeanNdcg, "0.0000"),
                Number(simple, "0.0000"),
                Whole(evaluation.Won.Count),
                Number(win?.AreaUnderRocCurve, "0.000"),
                Number(win?.LogLoss, "0.0000"),
                Number(win?.Ece, "0.000")
            );
        }
        table.Print();
        return figures;
    }

    /// <summary>What each family of features brings: the figures without it.</summary>
    static List<object> Ablation(FactSource facts, TrainingConfig config, DateTime from, DateTime to, Evaluation whole)
    {
        var families = whole.Families;
        var figures = new List<object>();
        var table = new ConsoleTable("without", "NDCG@10", "interval", "log loss");
        foreach (var family in families)
        {
            var without = Evaluation.Run(
                facts,
                config with
                {
                    Features = new() { Without = [.. config.Features.Without, family] },
                },
                from,
                to,
                ModelParts.Both,
                null,
                null,
                new Progress(),
                checkLeaks: false
            );
            var ndcg = Bootstrap.Mean(
                [.. whole.Fit.All["partner_fit"].Zip(without.Fit.All["partner_fit"], (with, less) => less.Ndcg - with.Ndcg)],
                config
            );
            var loss = without.LogLoss - whole.LogLoss;
            figures.Add(
                new
                {
                    without = family,
                    ndcg_at_10_change = ndcg,
                    log_loss_change = loss,
                }
            );
            table.Add(
                family,
                Number(ndcg?.Value, Signed),
                ndcg is { } found ? $"{Number(found.Low, Signed)} to {Number(found.High, Signed)}" : "",
                Number(loss, Signed)
            );
        }
        table.Print();
        return figures;
    }

    /// <summary>Stored versions on the same decisions, with the difference of each to the first of its model.</summary>
    static List<object> SideBySide(
        FactSource facts,
        TrainingConfig config,
        DateTime from,
        DateTime to,
        ModelRegistry registry,
        string[] versions,
        bool record
    )
    {
        var figures = new List<object>();
        var first = new Dictionary<string, List<double>>();
        var table = new ConsoleTable("model", "<version", "<metric", "value", "to the first", "interval", "<gate", "<reason");
        foreach (var version in versions)
        {
            var manifest =
                registry.List().FirstOrDefault(manifest => manifest.Version == version)
                ?? throw new InvalidDataException($"There is no version {version}; `models list` names them.");
            if (manifest.Training.AsOf > from)
            {
                var seen = FormattableString.Invariant(
                    $"{manifest.Model} {version} was trained on what was known at {manifest.Training.AsOf:yyyy-MM-dd}: it has seen a part of the window."
                );
                if (record)
                    throw new InvalidDataException(seen + " A verdict on that is not recorded.");
                Console.Error.WriteLine(seen);
            }
            using var package = registry.Open(manifest.Model, version);
            var evaluation = Evaluation.OfPackage(facts, config, package, from, to, new Progress());
            var isFit = manifest.Model == ModelPackage.PartnerFit;
            var gate = isFit ? PromotionGate.PartnerFit(evaluation, config) : PromotionGate.WinProbability(evaluation, config);
            if ((isFit ? evaluation.Fit.Decisions : evaluation.Win.Count) == 0)
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"Nothing to judge {manifest.Model} on from {from:yyyy-MM-dd} to {to:yyyy-MM-dd}."
                    )
                );
            var each = isFit
                ? evaluation.Fit.All["partner_fit"].Select(quality => quality.Ndcg).ToList()
                : [.. evaluation.Won.Zip(evaluation.Win["win_probability"], (won, p) => ProbabilityQuality.LogLossOf(p, won))];
            var toFirst = first.TryGetValue(manifest.Model, out var other)
                ? Bootstrap.Mean([.. each.Zip(other, (a, b) => a - b)], config)
                : null;
            first.TryAdd(manifest.Model, each);
            var found = TrainingRun.Window(from, to, isFit ? evaluation.PartnerFitJson() : evaluation.WinProbabilityJson());
            figures.Add(
                new
                {
                    manifest.Model,
                    version,
                    figures = found,
                    gate,
                    difference_to_first = toFirst,
                }
            );
            table.Add(
                manifest.Model,
                version,
                isFit ? "NDCG@10" : "log loss",
                Number(each.Average(), "0.0000"),
                Number(toFirst?.Value, Signed),
                toFirst is { } d ? $"{Number(d.Low, Signed)} to {Number(d.High, Signed)}" : "",
                gate.Promote ? "passes" : "refused",
                gate.Reason
            );
            if (record)
                registry.Record(manifest.Model, version, JsonSerializer.SerializeToElement(found, ModelManifest.Json), gate);
        }
        table.Print();
        return figures;
    }

    /// <summary>What win probability is without columns.</summary>
    static string Without(JsonElement figures) =>
        $"without {string.Join(", ", figures.GetProperty("columns").EnumerateArray())}: "
        + (
            figures.GetProperty("log_loss_change") is { ValueKind: JsonValueKind.Object } change
                ? $"AUC {Number(figures.GetProperty("auc").GetDouble(), "0.0000")}, log loss {Number(change.GetProperty("value").GetDouble(), Signed)} ({Number(change.GetProperty("low").GetDouble(), Signed)} to {Number(change.GetProperty("high").GetDouble(), Signed)})"
                : "nothing could be learned"
        );

    static void Print(string json, bool hasTruth)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var (fit, win) = (root.GetProperty("partner_fit"), root.GetProperty("win_probability"));
        string Figure(JsonElement of, string name) =>
            of.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? Number(number.GetDouble(), "0.0000") : "";
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"partner fit: {fit.GetProperty("decisions")} decisions, {fit.GetProperty("candidates_mean").GetDouble():0} candidates each on average"
            )
        );
        var ranking = new ConsoleTable("", "NDCG@10", "Recall@10", "Hit@10", "MRR", "new NDCG");
        foreach (var model in fit.GetProperty("models").EnumerateObject())
        {
            var all = model.Value.GetProperty("all");
            ranking.Add(
                model.Name,
                Figure(all, "ndcg_at_10"),
                Figure(all, "recall_at_10"),
                Figure(all, "hit_at_10"),
                Figure(all, "mrr"),
                Figure(model.Value.GetProperty("new"), "ndcg_at_10")
            );
        }
        ranking.Print();
        Console.WriteLine($"win probability: {win.GetProperty("decisions")} deals, {Figure(win, "won_share")} won");
        var winning = new ConsoleTable("", "AUC", "log loss", "Brier", "ECE", "beyond chance", "at most", "slope", "intercept");
        foreach (var model in win.GetProperty("models").EnumerateObject())
            winning.Add(
                model.Name,
                Figure(model.Value, "auc"),
                Figure(model.Value, "log_loss"),
                Figure(model.Value, "brier"),
                Figure(model.Value, "ece_15"),
                Figure(model.Value, "ece_debiased"),
                Figure(model.Value, "ece_upper"),
                Figure(model.Value, "calibration_slope"),
                Figure(model.Value, "calibration_intercept")
            );
        winning.Print();
        if (win.GetProperty("without_overwritten_columns") is { ValueKind: JsonValueKind.Object } together)
            Console.WriteLine(Without(together));
        foreach (var one in win.GetProperty("without_each_overwritten_column").EnumerateArray())
            Console.WriteLine(Without(one));
        foreach (var gate in root.GetProperty("gates").EnumerateObject())
            Console.WriteLine(
                $"gate {gate.Name}: {(gate.Value.GetProperty("promote").GetBoolean() ? "promote" : "refuse")}. {gate.Value.GetProperty("reason")}"
            );
        if (hasTruth)
            Console.WriteLine($"truth: {root.GetProperty("truth")}");
        Console.WriteLine($"seconds: {root.GetProperty("seconds")}, peak memory {root.GetProperty("peak_memory_mb")} MB");
    }
}
