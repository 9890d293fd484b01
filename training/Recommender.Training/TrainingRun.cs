using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Training;

/// <summary>The run: backtest and gate on the last part of the history, then train on all of it, package, report.</summary>
static class TrainingRun
{
    const int GoldenRowCount = 16;

    /// <summary>Trains both models on what was seen strictly before <paramref name="asOf"/> and writes their packages.</summary>
    public static IReadOnlyList<ModelManifest> Train(
        FactSource facts,
        TrainingConfig config,
        DateTime asOf,
        string models,
        Progress progress
    )
    {
        var known = new FactSource(until => facts.Before(until < asOf ? until : asOf), facts.Files);
        var fingerprint = "";
        progress.Step("fingerprint the facts", _ => fingerprint = Fingerprint(known.All));
        using var trained = TrainedModels.Train(known, config, asOf, ModelParts.All, progress);
        config = config with { Features = config.Features with { LeftOut = trained.Examples.Settings.LeftOut } };
        var (deals, endings) = Endings.Before(known.All, asOf, trained.Examples.Settings.Fold.MaturityDays);
        var matured = asOf.AddDays(-endings.MaturityDays);
        var outcomes = OutcomeChecks.Of(known.All, deals, matured, endings, trained.Examples.Featurizer.WinProbability, config);

        var written = new List<ModelManifest>();
        var examples = trained.Examples.Builder;
        ModelManifest Manifest(
            string model,
            IReadOnlyList<FeatureColumn> features,
            TrainingWindow window,
            object metrics,
            GateVerdict gate
        ) =>
            new()
            {
                SchemaVersion = ModelManifest.CurrentSchema,
                Model = model,
                Version = "",
                Features = features,
                FeatureSettings = trained.Examples.Settings,
                Training = window,
                DataFingerprint = fingerprint,
                Config = JsonSerializer.SerializeToElement(config with { Threads = 0 }, TrainingConfig.Json),
                Seed = config.Seed,
                CodeVersion = CodeVersion,
                TrainedOn = Machine.Kind,
                Metrics = JsonSerializer.SerializeToElement(metrics, TrainingConfig.Figures),
                Gate = gate with { Reason = gate.Reason + LeftOutNote(trained.Examples.Settings.LeftOut) },
                Golden = new([], []),
            };
        if (trained.PartnerFit is { } fit)
        {
            var from = TestStart(Decided(deals, asOf), config.Gate.TestShare);
            var evaluation = Evaluation.Run(
                known,
                config,
                from,
                asOf,
                ModelParts.PartnerFit,
                null,
                config.Gate.MaxTestDecisions,
                progress
            );
            if (config.Gate.LearningCurve)
                evaluation.Learn(known, from, asOf, ModelParts.PartnerFit, config.Gate.MaxTestDecisions, progress);
            var manifest = Manifest(
                ModelPackage.PartnerFit,
                trained.Examples.Featurizer.PartnerFit,
                new(examples.PartnerFit.At[0], asOf, examples.Decisions, examples.PartnerFit.Count, null),
                Window(from, asOf, evaluation.PartnerFitJson()),
                outcomes.OfFit(PromotionGate.PartnerFit(evaluation, config))
            ) with
            {
                Grades = fit.Grades,
            };
            progress.Step(
                "write partner-fit",
                _ => written.Add(Write(models, manifest, fit, null, examples.PartnerFit, evaluation))
            );
        }
        if (trained.WinProbability is { } win)
        {
            var from = TestStart(Matured(deals, matured), config.Gate.TestShare);
            var to = matured.AddDays(-1);
            var evaluation = Evaluation.Run(
                known,
                config,
                from,
                to,
                ModelParts.WinProbability,
                null,
                config.Gate.MaxTestDecisions,
                progress
            );
            if (config.Gate.LearningCurve)
                evaluation.Learn(known, from, to, ModelParts.WinProbability, config.Gate.MaxTestDecisions, progress);
            var manifest = Manifest(
                ModelPackage.WinProbability,
                trained.Examples.Featurizer.WinProbability,
                new(
                    examples.WinProbability.At[0],
                    asOf,
                    examples.Deals,
                    examples.WinProbability.Count,
                    "The largest or the mean of a feature over the partners on the deal, as its meaning says."
                ),
                Window(from, to, evaluation.WinProbabilityJson()),
                outcomes.OfWinning(PromotionGate.WinProbability(evaluation, config))
            ) with
            {
                Calibration = win.Trees.Calibration,
            };
            progress.Step(
                "write win-probability",
                _ => written.Add(Write(models, manifest, win, trained.Effect, examples.WinProbability, evaluation))
            );
        }
        return written.Count > 0
            ? written
            : throw new InvalidDataException("The history has too little for either model; nothing was written.");
    }

    /// <summary>What a verdict says of columns that were left out; empty if none was.</summary>
    static string LeftOutNote(IReadOnlyList<LeftOut> columns) =>
        columns.Count == 0
            ? ""
            : $" Left out, because written after the fact: {string.Join(", ", columns.Select(one => one.Column))}.";

    static ModelManifest Write(
        string models,
        ModelManifest manifest,
        Learned learned,
        LearnedEffect? effect,
        ExampleSet examples,
        Evaluation evaluation
    )
    {
        var onnx = OnnxTrees.Write(learned.Trees);
        var golden = GoldenRows(examples);
        var scores = new float[golden.Length];
        new EnsembleScorer(learned.Trees).Score(golden.SelectMany(row => row).ToArray(), golden.Length, scores);
        manifest = manifest with { Golden = new(golden, scores) };
        var importance = Importance(learned.Trees, examples, manifest.Features);
        return ModelPackage.Write(
            models,
            onnx,
            manifest,
            finished => new Dictionary<string, byte[]>
            {
                ["metrics.json"] = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(finished.Metrics, ModelManifest.Json) + "\n"),
                ["report.html"] = Encoding.UTF8.GetBytes(Report.Html(finished, learned, evaluation, importance, effect)),
                ["MODEL_CARD.md"] = Encoding.UTF8.GetBytes(ModelCard.Markdown(finished, effect?.Effect)),
            },
            EffectFiles(effect)
        );
    }

    /// <summary>Rows, evenly spread over the examples, that are scored again whenever a package is opened.</summary>
    public static float[][] GoldenRows(ExampleSet examples) =>
        [
            .. Enumerable
                .Range(0, GoldenRowCount)
                .Select(i => examples.Row((int)((long)i * examples.Count / GoldenRowCount)).ToArray()),
        ];

    /// <summary>The version of this code.</summary>
    public static string CodeVersion { get; } = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3);

    /// <summary>Makes a package of an ONNX file made elsewhere; it is not live, and not judged.</summary>
    /// <exception cref="InvalidDataException">File or manifest do not stand the checks; nothing is left behind.</exception>
    public static ModelManifest Import(string onnxFile, string manifestFile, string models)
    {
        if (!File.Exists(onnxFile))
            throw new InvalidDataException($"{onnxFile} is missing; expected an ONNX file.");
        if (Path.GetFileName(manifestFile) != "manifest.json")
            throw new InvalidDataException($"{manifestFile}: expected a file named manifest.json.");
        var manifest = ModelPackage.ReadManifest(Path.GetDirectoryName(Path.GetFullPath(manifestFile))!);
        if (!ModelRegistry.Models.Contains(manifest.Model))
            throw new InvalidDataException(
                $"{manifestFile}: model is '{manifest.Model}'; expected one of {string.Join(", ", ModelRegistry.Models)}."
            );
        var onnx = File.ReadAllBytes(onnxFile);
        var golden = manifest.Golden;
        using (var model = new OnnxModel(onnx))
        {
            if (golden.Features.Length == 0 || golden.Features.Any(row => row.Length != model.FeatureCount))
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"{manifestFile}: golden rows of {golden.Features.FirstOrDefault()?.Length ?? 0} features; {onnxFile} takes {model.FeatureCount}."
                    )
                );
            if (golden.Scores.Length == 0)
            {
                golden = golden with { Scores = new float[golden.Features.Length] };
                model.Score(golden.Features.SelectMany(row => row).ToArray(), golden.Scores.Length, golden.Scores);
            }
        }
        var staging = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            var written = ModelPackage.Write(
                staging,
                onnx,
                manifest with
                {
                    Golden = golden,
                },
                finished => new Dictionary<string, byte[]>
                {
                    ["MODEL_CARD.md"] = Encoding.UTF8.GetBytes(ModelCard.Markdown(finished)),
                }
            );
            return new ModelRegistry(models).Import(Path.Combine(staging, written.Model, written.Version));
        }
        finally
        {
            if (Directory.Exists(staging))
                Directory.Delete(staging, true);
        }
    }

    static Dictionary<string, byte[]> EffectFiles(LearnedEffect? effect) =>
        effect is null
            ? []
            : new()
            {
                [PartnerEffect.File] = JsonSerializer.SerializeToUtf8Bytes(effect.Effect, ModelManifest.Json),
                [PartnerEffect.OddsFile] = OnnxTrees.Write(effect.Odds),
                [PartnerEffect.AttractionFile] = OnnxTrees.Write(effect.Attraction),
                [PartnerEffect.SuitabilityFile] = OnnxTrees.Write(effect.Suitability),
            };

    /// <summary>Figures with the window they were found in.</summary>
    public static object Window(DateTime from, DateTime to, object figures) =>
        new
        {
            test_from = from.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            test_to = to.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            figures,
        };

    /// <summary>The earlier of the days from which the gate tests the two models.</summary>
    public static DateTime TestStart(FactSource facts, TrainingConfig config, DateTime asOf)
    {
        var settings = HistoryProfile.Of(
            facts.Before(asOf),
            facts.Files,
            asOf,
            config.MaturityQuantile,
            config.BaseCurrency,
            leftOut: []
        );
        var (deals, endings) = Endings.Before(facts.Before(asOf), asOf, settings.Fold.MaturityDays);
        DateTime[] starts =
        [
            .. ((IEnumerable<DateTime>[])[Decided(deals, asOf), Matured(deals, asOf.AddDays(-endings.MaturityDays))])
                .Where(days => days.Any())
                .Select(days => TestStart(days, config.Gate.TestShare)),
        ];
        return starts.Length > 0
            ? starts.Min()
            : throw new InvalidDataException("The history has neither decisions nor matured deals; expected at least 20.");
    }

    static IEnumerable<DateTime> Decided(IEnumerable<Deal> deals, DateTime asOf) =>
        deals.Where(deal => deal.DecidedAt < asOf).Select(deal => deal.Row.CreatedAt);

    static IEnumerable<DateTime> Matured(IEnumerable<Deal> deals, DateTime matured) =>
        deals.Where(deal => deal.Ending is not null && deal.Row.CreatedAt < matured).Select(deal => deal.Row.CreatedAt);

    /// <summary>The day from which the last <paramref name="share"/> of deals was created.</summary>
    static DateTime TestStart(IEnumerable<DateTime> createdAt, double share)
    {
        var days = createdAt.Order().ToList();
        return days[(int)(days.Count * (1 - share))].Date;
    }

    /// <summary>Mean absolute contribution of each feature over a sample of examples.</summary>
    static List<(FeatureColumn Column, double Importance)> Importance(
        TreeEnsemble trees,
        ExampleSet examples,
        IReadOnlyList<FeatureColumn> columns
    )
    {
        var shap = new TreeShap(trees);
        var sample = Math.Min(200, examples.Count);
        var sums = new double[columns.Count];
        var contributions = new double[columns.Count];
        for (var i = 0; i < sample; i++)
        {
            shap.Explain(examples.Row((int)((long)i * examples.Count / sample)), contributions);
            for (var f = 0; f < sums.Length; f++)
                sums[f] += Math.Abs(contributions[f]) / sample;
        }
        return [.. columns.Select((column, f) => (column, sums[f])).OrderByDescending(feature => feature.Item2)];
    }

    /// <summary>SHA-256 of facts in their order.</summary>
    public static string Fingerprint(IEnumerable<DatedFact> facts)
    {
        // A record writes its numbers and dates in the culture of the thread.
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var fact in facts)
                hash.AppendData(
                    Encoding.UTF8.GetBytes(FormattableString.Invariant($"{fact.SeenAt.Ticks}|{fact.Kind}|{fact.Noun}\n"))
                );
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
