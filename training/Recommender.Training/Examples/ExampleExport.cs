using System.Text.Json;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>Writes training examples and test decisions with all their candidates as .npy files, for notebooks and other trainers.</summary>
static class ExampleExport
{
    /// <summary>Training: what was known at <paramref name="asOf"/>. Test: deals created from then to the end of the day <paramref name="to"/>.</summary>
    public static void Write(
        FactSource facts,
        TrainingConfig config,
        DateTime asOf,
        DateTime to,
        string folder,
        Progress progress
    )
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"{folder} is not empty; expected a new or empty folder.");
        using var examples = TrainingExamples.Build(facts, config, asOf, ModelParts.Both, progress);
        var (fit, win) = (Folder(folder, ModelPackage.PartnerFit), Folder(folder, ModelPackage.WinProbability));
        WriteSet(fit, "train", examples.Builder.PartnerFit, grouped: true);
        WriteSet(win, "train", examples.Builder.WinProbability, grouped: false);
        WriteSchema(fit, examples.Featurizer.PartnerFit);
        WriteSchema(win, examples.Featurizer.WinProbability);
        var fingerprint = TrainingRun.Fingerprint(facts.Before(asOf));
        foreach (
            var (folderOf, model, features, set, decisions) in ((string, string, IReadOnlyList<FeatureColumn>, ExampleSet, int)[])
                [
                    (
                        fit,
                        ModelPackage.PartnerFit,
                        examples.Featurizer.PartnerFit,
                        examples.Builder.PartnerFit,
                        examples.Builder.Decisions
                    ),
                    (
                        win,
                        ModelPackage.WinProbability,
                        examples.Featurizer.WinProbability,
                        examples.Builder.WinProbability,
                        examples.Builder.Deals
                    ),
                ]
        )
            WriteManifest(folderOf, model, features, set, decisions, examples.Settings, config, asOf, fingerprint);
        var inside = Evaluation.Inside(facts, asOf, to, examples.Settings.Fold.MaturityDays);
        progress.Step($"replay {inside.Count} test deals", told => WriteTest(examples, config, inside, fit, win, told));
    }

    static void WriteTest(
        TrainingExamples examples,
        TrainingConfig config,
        IReadOnlyList<Deal> inside,
        string fit,
        string win,
        Action<double> progress
    )
    {
        var featurizer = examples.Featurizer;
        var candidates = new CandidateSets(config.Candidates, featurizer.State);
        using var x = new NpyFile<float>(Path.Combine(fit, "test.x.npy"), featurizer.PartnerFit.Count);
        using var y = new NpyFile<float>(Path.Combine(fit, "test.y.npy"));
        using var known = new NpyFile<int>(Path.Combine(fit, "test.known.npy"));
        using var groups = new NpyFile<int>(Path.Combine(fit, "test.group.npy"));
        using var decisions = new CsvFile(Path.Combine(fit, "test.decisions.csv"), "opportunity_id", "partner_id");
        var wins = new ExampleSet(featurizer.WinProbability.Count);
        var row = new float[featurizer.PartnerFit.Count];
        var moments = Backtest.Moments(inside);
        for (var i = 0; i < moments.Count; i++)
        {
            var (at, deal, isFit) = moments[i];
            examples.Replay.To(at);
            featurizer.Look(new(at, deal.RowIn(featurizer.State)));
            if (!isFit)
            {
                featurizer.WriteWinProbability(
                    [.. deal.PartnersBy(at, featurizer.State)],
                    wins.Add(deal.Ending!.Value.IsWon ? 1 : 0, 1, at, 0)
                );
                continue;
            }
            candidates.At(at);
            var engaged = deal.PartnersEver(featurizer.State);
            if (!candidates.Proven.Exists(engaged.Contains))
                continue;
            foreach (
                var partner in candidates.Proven.OrderBy(
                    partner => featurizer.State.PartnerId(partner).Value,
                    StringComparer.Ordinal
                )
            )
            {
                featurizer.WritePartnerFit(partner, row);
                x.Write(row);
                y.Write([engaged.Contains(partner) ? 1 : 0]);
                known.Write([featurizer.State.HaveWorkedTogether(partner, deal.Row.AccountId) ? 1 : 0]);
                decisions.Add(deal.Row.Id.Value, featurizer.State.PartnerId(partner).Value);
            }
            groups.Write([candidates.Proven.Count]);
            progress((double)i / moments.Count);
        }
        WriteSet(win, "test", wins, grouped: false);
    }

    static void WriteSet(string folder, string name, ExampleSet examples, bool grouped)
    {
        using (var x = new NpyFile<float>(Path.Combine(folder, name + ".x.npy"), examples.Columns))
        {
            for (var i = 0; i < examples.Count; i++)
                x.Write(examples.Row(i));
        }
        using (var y = new NpyFile<float>(Path.Combine(folder, name + ".y.npy")))
            // The peers want whole grades.
            y.Write([.. examples.Labels.Select(MathF.Floor)]);
        using (var weight = new NpyFile<float>(Path.Combine(folder, name + ".weight.npy")))
            weight.Write(examples.Weights.ToArray());
        using (var day = new NpyFile<int>(Path.Combine(folder, name + ".day.npy")))
            day.Write(examples.At.Select(at => (int)(at - DateTime.UnixEpoch).TotalDays).ToArray());
        using var group = new NpyFile<int>(Path.Combine(folder, name + ".group.npy"));
        group.Write(
            grouped
                ? [.. examples.Groups.CountBy(decision => decision).OrderBy(pair => pair.Key).Select(pair => pair.Value)]
                : examples.Groups.ToArray()
        );
    }

    static void WriteSchema(string folder, IReadOnlyList<FeatureColumn> features) =>
        File.WriteAllText(
            Path.Combine(folder, "schema.json"),
            JsonSerializer.Serialize(new { features }, ModelManifest.Json) + "\n"
        );

    /// <summary>What `models import` needs to know of a model made elsewhere from these examples; the version and golden scores are filled in there.</summary>
    static void WriteManifest(
        string folder,
        string model,
        IReadOnlyList<FeatureColumn> features,
        ExampleSet examples,
        int decisions,
        FeatureSettings settings,
        TrainingConfig config,
        DateTime asOf,
        string fingerprint
    )
    {
        if (examples.Count == 0)
            return;
        var manifest = new ModelManifest
        {
            SchemaVersion = ModelManifest.CurrentSchema,
            Model = model,
            Version = "",
            Features = features,
            FeatureSettings = settings,
            Training = new(examples.At[0], asOf, decisions, examples.Count, null),
            DataFingerprint = fingerprint,
            Config = JsonSerializer.SerializeToElement(config, TrainingConfig.Json),
            Seed = config.Seed,
            CodeVersion = TrainingRun.CodeVersion,
            Metrics = JsonSerializer.SerializeToElement(new { }),
            Gate = new(false, "Not judged yet; `evaluate --model VERSION --record` judges it."),
            Golden = new(TrainingRun.GoldenRows(examples), []),
        };
        File.WriteAllBytes(
            Path.Combine(folder, "manifest.json"),
            JsonSerializer.SerializeToUtf8Bytes(manifest, ModelManifest.Json)
        );
    }

    static string Folder(string parent, string model) => Directory.CreateDirectory(Path.Combine(parent, model)).FullName;
}
