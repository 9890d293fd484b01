using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Recommender.Access;
using Recommender.CoSell;
using Recommender.History;
using Recommender.Models;
using Recommender.Scoring;
using Recommender.Webhooks;
using Spectre.Console;

namespace Recommender.Training;

/// <summary>The verbs of the training console.</summary>
static class Verbs
{
    static readonly Option<string> _database = new("--database")
    {
        Description =
            "The database: a SQLite file, or a connection string for SQL Server. The environment's RECOMMENDER_DATABASE says it, too, where no password shows",
        DefaultValueFactory = _ => "recommender.db",
        Recursive = true,
    };
    static readonly Option<string> _models = new("--models")
    {
        Description = "Folder of model packages",
        DefaultValueFactory = _ => "models",
        Recursive = true,
    };
    static readonly Option<bool> _json = new("--json") { Description = "Print JSON for machines" };
    static readonly Option<string> _history = new("--history") { Description = "Folder of a history (CSV)" };
    static readonly Option<string?> _config = new("--config")
    {
        Description = "Configuration; the default is training/configs/default.json",
    };
    static readonly Option<string[]> _set = new("--set")
    {
        Description = "Override a setting, such as win_probability.trees=300; may be given more than once",
        DefaultValueFactory = _ => [],
    };
    static readonly Option<DateTime?> _asOf = new("--as-of")
    {
        Description = "Only what was seen strictly before this date counts",
        CustomParser = result => Date(result),
    };

    public static RootCommand Root()
    {
        var root = new RootCommand(
            "Learns which partner to bring into an account. Without a verb: trains both models on data-samples."
        )
        {
            _database,
            _models,
            Simulate(),
            Import(),
            Upgrade(),
            Train(),
            Evaluate(),
            ExportExamples(),
            Models(),
            Keys(),
            Monitor(),
            Recommend(),
        };
        root.SetAction(
            Run(result => TrainOn(Folder("data-samples"), TrainingConfig.Read(DefaultConfig), null, result, true, false))
        );
        return root;
    }

    const string DefaultConfig = "training/configs/default.json";

    static Command Simulate()
    {
        Option<int> Whole(string name, string description, int fallback) =>
            new(name) { Description = description, DefaultValueFactory = _ => fallback };
        var (accounts, partners) = (Whole("--accounts", "Accounts", 400), Whole("--partners", "Partners", 60));
        var (opportunities, years) = (
            Whole("--opportunities", "Opportunities", 5000),
            Whole("--years", "Years, up to 2026-07-01", 4)
        );
        var (seed, truth) = (Whole("--seed", "Seed", 7), Whole("--truth-decisions", "Decisions whose truth is written", 2000));
        var output = new Option<string>("--out") { Description = "Folder to write, new or empty", Required = true };
        var dirty = new Option<double>("--dirty") { Description = "Share of rows to spoil, 0 to 1" };
        var noSignal = new Option<bool>("--no-signal") { Description = "Outcomes and partner choice at random" };
        var command = new Command("simulate", "Writes a history with known truth")
        {
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
                    $"Wrote {settings.Opportunities} opportunities, {settings.Accounts} accounts and {settings.Partners} partners to {folder}."
                );
                return 0;
            })
        );
        return command;
    }

    static Command Import()
    {
        var strict = new Option<bool>("--strict") { Description = "Refuse everything if a row is rejected" };
        var rejectedFile = new Option<string>("--rejected")
        {
            Description = "Where rejected rows are written",
            DefaultValueFactory = _ => "rejected.csv",
        };
        var history = new Option<string>("--history") { Description = "Folder of a history (CSV)", Required = true };
        var command = new Command("import", "Takes a history into the database") { history, strict, rejectedFile, _json };
        command.SetAction(
            Run(result =>
            {
                var folder = new HistoryFolder(result.GetValue(history)!);
                using var alone = IsServer(result) ? null : DatabaseLock.Take(Database(result));
                var store = Store(result);
                ImportSummary? summary = null;
                var clock = Stopwatch.StartNew();
                new Progress(result.GetValue(_json)).Step(
                    "import",
                    told =>
                        summary = store.Import(
                            folder,
                            result.GetValue(rejectedFile)!,
                            result.GetValue(strict),
                            (_, done) => told(done)
                        )
                );
                if (result.GetValue(_json))
                {
                    Console.WriteLine(JsonSerializer.Serialize(summary, ModelManifest.Json));
                    return 0;
                }
                Console.WriteLine($"{"file", -26}{"accepted", 11}{"new", 11}{"changed", 11}{"unchanged", 11}{"rejected", 11}");
                foreach (var table in summary!.Tables)
                    Console.WriteLine(
                        $"{table.File, -26}{table.Accepted, 11}{table.Inserted, 11}{table.Updated, 11}{table.Unchanged, 11}{table.Rejected, 11}"
                    );
                var rejected = summary.Tables.Sum(table => table.Rejected);
                if (rejected > 0)
                    Console.WriteLine(
                        $"{rejected} rows were not taken; {result.GetValue(rejectedFile)} says where, what was found and what was expected."
                    );
                if (summary.WithoutEnd > 0)
                    Console.WriteLine(
                        $"{summary.WithoutEnd} opportunities are won or lost without closed_at: kept, but their outcome teaches nothing."
                    );
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{clock.Elapsed.TotalSeconds:0.0} s, {summary.Tables.Sum(table => table.Accepted) / clock.Elapsed.TotalSeconds:0} rows a second."
                    )
                );
                return 0;
            })
        );
        return command;
    }

    static Command Upgrade()
    {
        var command = new Command(
            "upgrade",
            "Brings the schema of the database up to date, as every verb and the service do if their login may"
        );
        command.SetAction(
            Run(result =>
            {
                Store(result);
                Console.WriteLine("The schema is up to date.");
                return 0;
            })
        );
        return command;
    }

    static Command Train()
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
            _history,
            _config,
            _set,
            _asOf,
            promote,
            threads,
            search,
            _json,
        };
        command.SetAction(
            Run(result =>
            {
                var config = Config(result);
                if (result.GetValue(threads) is { } count)
                    config = config with { Threads = count };
                if (result.GetValue(search) < 0)
                    throw new InvalidDataException(
                        $"--search is {result.GetValue(search)}; expected a number of settings, at least 1."
                    );
                var facts = Source(result);
                if (result.GetValue(search) is > 0 and var trials)
                    config = Search(facts, config, result.GetValue(_asOf) ?? DayAfterLast(facts), trials, result.GetValue(_json));
                return TrainOn(facts, config, result.GetValue(_asOf), result, result.GetValue(promote), result.GetValue(_json));
            })
        );
        return command;
    }

    /// <summary>The best of some settings; prints them all.</summary>
    static TrainingConfig Search(Facts facts, TrainingConfig config, DateTime asOf, int trials, bool json)
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
            Console.WriteLine(
                $"{model, -18}{"leaves", 8}{"min leaf", 10}{"rate", 8}{"features", 10}{"learner", 22}{"trees", 7}{metric, 10}"
            );
            foreach (var row in rows)
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"  trial {row.Number, -10}{row.Settings.Leaves, 8}{row.Settings.MinExamplesPerLeaf, 10}{row.Settings.LearningRate, 8:0.000}{row.Settings.FeatureFraction, 10:0.00}{TrainingConfig.Name(row.Best.Learner), 22}{row.Best.Trees, 7}{row.Best.Metric, 10:0.0000}{(row.Settings == best.PartnerFit || row.Settings == best.WinProbability ? " *" : "")}"
                    )
                );
        }
        return best;
    }

    static Command Monitor()
    {
        var since = new Option<DateTime?>("--since")
        {
            Description = "First day that is compared with the training window",
            CustomParser = Date,
            Required = true,
        };
        var command = new Command(
            "monitor",
            "Drift of the live models and what came of their predictions; exit code 2 if a threshold is crossed"
        )
        {
            _history,
            _config,
            _set,
            _asOf,
            since,
            _json,
        };
        command.SetAction(
            Run(result =>
            {
                var facts = Source(result);
                var config = Config(result);
                var asOf = result.GetValue(_asOf) ?? DayAfterLast(facts);
                var registry = Registry(result);
                var reports = new List<MonitorReport>();
                foreach (var model in ModelRegistry.Models)
                {
                    using var package = registry.OpenLive(model);
                    if (package is not null)
                        reports.Add(Monitoring.Of(facts, config, package, result.GetValue(since)!.Value, asOf));
                }
                if (reports.Count == 0)
                    throw new InvalidDataException($"No model is live in {result.GetValue(_models)}; promote one first.");
                if (result.GetValue(_json))
                    Console.WriteLine(JsonSerializer.Serialize(reports, ModelManifest.Json));
                else
                    reports.ForEach(Print);
                Alarm(result, reports);
                return reports.Exists(report => report.Crossed.Count > 0) ? 2 : 0;
            })
        );
        return command;
    }

    /// <summary>Has the service tell the world of what crossed a threshold, through the database they share.</summary>
    static void Alarm(ParseResult result, List<MonitorReport> reports)
    {
        if (!HasDatabase(result) || !reports.Exists(report => report.Crossed.Count > 0))
            return;
        var store = Store(result);
        foreach (var report in reports.Where(report => report.Crossed.Count > 0))
            EventLog.Append(
                store,
                new(
                    "drift.detected",
                    report.Model,
                    TimeProvider.System.GetUtcNow().UtcDateTime,
                    new Dictionary<string, object?>
                    {
                        ["model"] = report.Model,
                        ["version"] = report.Version,
                        ["crossed"] = report.Crossed,
                    }
                )
            );
    }

    static Command Keys()
    {
        var name = new Option<string>("--name") { Description = "What a person calls the key", Required = true };
        var scopes = new Option<string>("--scopes")
        {
            Description = $"What it may do, separated by commas: {string.Join(", ", ApiKeys.AllScopes)}",
            DefaultValueFactory = _ => "recommend",
        };
        var id = new Argument<string>("key") { Description = "The key's id, as list shows it" };
        var create = new Command("create", "Makes a key; it is shown this once, only a hash of it is kept")
        {
            name,
            scopes,
            _json,
        };
        create.SetAction(
            Run(result =>
            {
                var (key, secret) = new ApiKeys(Store(result)).Create(
                    result.GetValue(name)!,
                    [.. result.GetValue(scopes)!.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)],
                    TimeProvider.System.GetUtcNow().UtcDateTime
                );
                Console.WriteLine(
                    result.GetValue(_json)
                        ? JsonSerializer.Serialize(
                            new
                            {
                                key.KeyId,
                                key.Name,
                                key.Scopes,
                                Secret = secret,
                            },
                            ModelManifest.Json
                        )
                        : $"{key.KeyId} may {string.Join(", ", key.Scopes)}. Send it as Authorization: Bearer; it is not shown again:\n{secret}"
                );
                return 0;
            })
        );
        var list = new Command("list", "All keys, when they were last used, and which are revoked") { _json };
        list.SetAction(
            Run(result =>
            {
                var keys = new ApiKeys(Store(result)).List();
                if (result.GetValue(_json))
                {
                    Console.WriteLine(
                        JsonSerializer.Serialize(
                            keys.Select(key => new
                            {
                                key.KeyId,
                                key.Name,
                                key.Scopes,
                                key.CreatedAt,
                                key.LastUsedAt,
                                key.RevokedAt,
                            }),
                            ModelManifest.Json
                        )
                    );
                    return 0;
                }
                if (keys.Count == 0)
                    Console.WriteLine("No keys.");
                foreach (var key in keys)
                    Console.WriteLine(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{key.KeyId, -18}{key.Name, -24}{string.Join(',', key.Scopes), -26}made {key.CreatedAt:yyyy-MM-dd}, {(key.LastUsedAt is { } used ? $"used {used:yyyy-MM-dd HH:mm}" : "never used")}{(key.RevokedAt is { } at ? $", REVOKED {at:yyyy-MM-dd HH:mm}" : "")}"
                        )
                    );
                return 0;
            })
        );
        var revoke = new Command("revoke", "Makes a key worthless, in a running service within a second") { id };
        revoke.SetAction(
            Run(result =>
            {
                var found = new ApiKeys(Store(result)).Revoke(result.GetValue(id)!, TimeProvider.System.GetUtcNow().UtcDateTime);
                if (!found)
                    throw new InvalidDataException($"There is no key '{result.GetValue(id)}' that is good; keys list shows all.");
                Console.WriteLine($"{result.GetValue(id)} is revoked.");
                return 0;
            })
        );
        return new Command("keys", "API keys of the service") { create, list, revoke };
    }

    static void Print(MonitorReport report)
    {
        var quality = report.Quality is { } found
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{found.Value:+0.000;-0.000} ({found.Low:+0.000;-0.000} to {found.High:+0.000;-0.000})"
            )
            : "unknown";
        Console.WriteLine($"{report.Model} {report.Version}: {report.Rows} rows since, {report.Reference} before");
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  PSI of scores {report.ScorePsi:0.00}; most moved: {string.Join(", ", report.Features.Take(3).Select(shift => string.Create(CultureInfo.InvariantCulture, $"{shift.Name} {shift.Psi:0.00}")))}"
            )
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  {(report.Model == ModelPackage.PartnerFit ? "NDCG@10 against the best simple ranking" : "won share against predicted share")} {quality} over {report.Decisions}{(report.Ece is { } ece ? $", ECE {ece:0.000}" : "")}"
            )
        );
        foreach (var sentence in report.Crossed)
            Console.WriteLine($"  ALARM {sentence}");
        if (report.Crossed.Count == 0)
            Console.WriteLine("  No threshold is crossed.");
    }

    static int TrainOn(Facts facts, TrainingConfig config, DateTime? asOf, ParseResult result, bool promote, bool json)
    {
        var models = result.GetValue(_models)!;
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
        return 0;
    }

    static Command Evaluate()
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
        var ablation = new Option<bool>("--ablation") { Description = "Also train without each family of features" };
        var versions = new Option<string[]>("--model")
        {
            Description = "Judge stored versions side by side instead of training",
            AllowMultipleArgumentsPerToken = true,
        };
        var record = new Option<bool>("--record") { Description = "With --model: write figures and verdict into the packages" };
        var command = new Command("evaluate", "Trains on what was known at test-from, judges decisions inside the window")
        {
            _history,
            _config,
            _set,
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
                        $"--rolling is {result.GetValue(rolling)}; expected a number of parts, at least 1."
                    );
                if (result.GetValue(rolling) is > 1 and var parts)
                {
                    Save(Rolling(facts, config, start, end, parts));
                    return 0;
                }
                var evaluation = Evaluation.Run(
                    facts,
                    config,
                    start,
                    end,
                    known is null ? Parts.Both : Parts.All,
                    known,
                    null,
                    new Progress()
                );
                if (result.GetValue(curve))
                    evaluation.Learn(facts, start, end, Parts.Both, null, new Progress());
                var figures = new
                {
                    partner_fit = evaluation.PartnerFitJson(),
                    win_probability = evaluation.WinProbabilityJson(),
                    gates = new
                    {
                        partner_fit = PromotionGate.PartnerFit(evaluation, config),
                        win_probability = PromotionGate.WinProbability(evaluation, config),
                    },
                    truth = evaluation.Truth.Policy.Count > 0 ? evaluation.Truth.ToJson() : null,
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
    static List<object> Rolling(Facts facts, TrainingConfig config, DateTime from, DateTime to, int parts)
    {
        var figures = new List<object>();
        var days = (to.Date.AddDays(1) - from).TotalDays;
        Console.WriteLine(
            $"{"from", -12}{"to", -12}{"decisions", 10}{"NDCG@10", 10}{"best simple", 12}{"deals", 8}{"AUC", 8}{"log loss", 10}{"ECE", 8}"
        );
        for (var part = 0; part < parts; part++)
        {
            var (start, end) = (
                from.AddDays(Math.Floor(days * part / parts)),
                from.AddDays(Math.Floor(days * (part + 1) / parts) - 1)
            );
            var evaluation = Evaluation.Run(facts, config, start, end, Parts.Both, null, null, new Progress());
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
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{start:yyyy-MM-dd}  {end:yyyy-MM-dd}  {evaluation.Fit.Decisions, 10}{evaluation.Fit.MeanNdcg, 10:0.0000}{simple, 12:0.0000}{evaluation.Won.Count, 8}{win?.AreaUnderRocCurve, 8:0.000}{win?.LogLoss, 10:0.0000}{win?.Ece, 8:0.000}"
                )
            );
        }
        return figures;
    }

    /// <summary>What each family of features brings: the figures without it.</summary>
    static List<object> Ablation(Facts facts, TrainingConfig config, DateTime from, DateTime to, Evaluation whole)
    {
        var families = whole.Families;
        var figures = new List<object>();
        Console.WriteLine($"{"without", -18}{"NDCG@10", 20}{"log loss", 20}");
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
                Parts.Both,
                null,
                null,
                new Progress()
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
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{family, -18}{ndcg?.Value, 9:+0.0000;-0.0000} ({ndcg?.Low:+0.0000;-0.0000} to {ndcg?.High:+0.0000;-0.0000}){loss, 12:+0.0000;-0.0000}"
                )
            );
        }
        return figures;
    }

    /// <summary>Stored versions on the same decisions, with the difference of each to the first of its model.</summary>
    static List<object> SideBySide(
        Facts facts,
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
        foreach (var version in versions)
        {
            var manifest =
                registry.List().FirstOrDefault(manifest => manifest.Version == version)
                ?? throw new InvalidDataException($"There is no version {version}; `models list` names them.");
            if (manifest.Training.AsOf > from)
            {
                var seen =
                    $"{manifest.Model} {version} was trained on what was known at {manifest.Training.AsOf:yyyy-MM-dd}: it has seen a part of the window.";
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
                    $"Nothing to judge {manifest.Model} on from {from:yyyy-MM-dd} to {to:yyyy-MM-dd}."
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
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{manifest.Model, -18}{version, -22}{(isFit ? "NDCG@10" : "log loss")} {each.Average():0.0000}{(toFirst is { } d ? $", {d.Value:+0.0000;-0.0000} to the first ({d.Low:+0.0000;-0.0000} to {d.High:+0.0000;-0.0000})" : "")}; {(gate.Promote ? "passes" : "refused")}: {gate.Reason}"
                )
            );
            if (record)
                registry.Record(manifest.Model, version, JsonSerializer.SerializeToElement(found, ModelManifest.Json), gate);
        }
        return figures;
    }

    static void Print(string json, bool hasTruth)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var (fit, win) = (root.GetProperty("partner_fit"), root.GetProperty("win_probability"));
        string Number(JsonElement of, string name) =>
            of.GetProperty(name).GetDouble().ToString("0.0000", CultureInfo.InvariantCulture);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"partner fit: {fit.GetProperty("decisions")} decisions, {fit.GetProperty("candidates_mean").GetDouble():0} candidates each on average"
            )
        );
        Console.WriteLine($"{"", -28}{"NDCG@10", 10}{"Recall@10", 10}{"Hit@10", 10}{"MRR", 10}{"new NDCG", 10}");
        foreach (var model in fit.GetProperty("models").EnumerateObject())
        {
            var all = model.Value.GetProperty("all");
            Console.WriteLine(
                $"{model.Name, -28}{Number(all, "ndcg_at_10"), 10}{Number(all, "recall_at_10"), 10}{Number(all, "hit_at_10"), 10}{Number(all, "mrr"), 10}{Number(model.Value.GetProperty("new"), "ndcg_at_10"), 10}"
            );
        }
        Console.WriteLine($"win probability: {win.GetProperty("decisions")} deals, {Number(win, "won_share")} won");
        Console.WriteLine($"{"", -28}{"AUC", 10}{"log loss", 10}{"Brier", 10}{"ECE", 10}");
        foreach (var model in win.GetProperty("models").EnumerateObject())
            Console.WriteLine(
                $"{model.Name, -28}{Number(model.Value, "auc"), 10}{Number(model.Value, "log_loss"), 10}{Number(model.Value, "brier"), 10}{Number(model.Value, "ece_15"), 10}"
            );
        foreach (var gate in root.GetProperty("gates").EnumerateObject())
            Console.WriteLine(
                $"gate {gate.Name}: {(gate.Value.GetProperty("promote").GetBoolean() ? "promote" : "refuse")}. {gate.Value.GetProperty("reason")}"
            );
        if (hasTruth)
            Console.WriteLine($"truth: {root.GetProperty("truth")}");
        Console.WriteLine($"seconds: {root.GetProperty("seconds")}, peak memory {root.GetProperty("peak_memory_mb")} MB");
    }

    static Command ExportExamples()
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
            _history,
            _config,
            _set,
            _asOf,
            to,
            output,
        };
        command.SetAction(
            Run(result =>
            {
                var asOf =
                    result.GetValue(_asOf)
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

    static Command Models()
    {
        var model = new Argument<string>("model") { Description = "partner-fit or win-probability" };
        var version = new Argument<string>("version") { Description = "A version of it" };
        var package = new Argument<string>("folder") { Description = "A model package, or an ONNX file, made elsewhere" };
        var list = new Command("list", "All packages, the live ones marked") { _json };
        list.SetAction(
            Run(result =>
            {
                var registry = Registry(result);
                var rows = registry
                    .List(Console.Error.WriteLine)
                    .Select(manifest => new
                    {
                        manifest.Model,
                        manifest.Version,
                        Live = registry.Live(manifest.Model) == manifest.Version,
                        manifest.Gate,
                    })
                    .ToList();
                if (result.GetValue(_json))
                    Console.WriteLine(JsonSerializer.Serialize(rows, ModelManifest.Json));
                else
                    rows.ForEach(row =>
                        Console.WriteLine(
                            $"{(row.Live ? "*" : " ")} {row.Model, -18}{row.Version, -24}{(row.Gate.Promote ? "passed" : "refused"), -9}{row.Gate.Reason}"
                        )
                    );
                return 0;
            })
        );
        var show = new Command("show", "The manifest of a package, golden rows left out") { model, version };
        show.SetAction(
            Run(result =>
            {
                using var opened = Registry(result).Open(result.GetValue(model)!, result.GetValue(version)!);
                Console.WriteLine(JsonSerializer.Serialize(opened.Manifest with { Golden = new([], []) }, ModelManifest.Json));
                return 0;
            })
        );
        var promote = new Command("promote", "Makes a version live") { model, version };
        promote.SetAction(
            Run(result =>
            {
                Promote(result, result.GetValue(model)!, result.GetValue(version)!);
                Console.WriteLine($"{result.GetValue(model)} {result.GetValue(version)} is live.");
                return 0;
            })
        );
        var rollback = new Command("rollback", "Goes back to the version that was live before") { model };
        rollback.SetAction(
            Run(result =>
            {
                var registry = Registry(result);
                var before = registry.Live(result.GetValue(model)!);
                var back = registry.Rollback(result.GetValue(model)!);
                Tell(result, "model.rolled_back", result.GetValue(model)!, back, before);
                Console.WriteLine($"{result.GetValue(model)} {back} is live again.");
                return 0;
            })
        );
        var manifestFile = new Option<string?>("--manifest")
        {
            Description = "For an ONNX file: its manifest.json, as export-examples writes it",
        };
        var import = new Command("import", "Takes a package folder, or an ONNX file, in after checking it")
        {
            package,
            manifestFile,
        };
        import.SetAction(
            Run(result =>
            {
                var path = result.GetValue(package)!;
                ModelManifest manifest;
                if (path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
                    manifest = TrainingRun.Import(
                        path,
                        result.GetValue(manifestFile)
                            ?? throw new InvalidDataException(
                                $"{path} comes without --manifest; expected the manifest.json that export-examples wrote beside its examples."
                            ),
                        result.GetValue(_models)!
                    );
                else
                    manifest = Registry(result).Import(path);
                Console.WriteLine(
                    $"{manifest.Model} {manifest.Version} imported{(manifest.Gate.Promote ? "; promote it to make it live." : $". {manifest.Gate.Reason}")}"
                );
                return 0;
            })
        );
        return new Command("models", "The model registry") { list, show, promote, rollback, import };
    }

    static Command Recommend()
    {
        var account = new Option<string>("--account") { Description = "Account id", Required = true };
        var top = new Option<int>("--top") { Description = "How many partners, 1 to 100", DefaultValueFactory = _ => 10 };
        var command = new Command("recommend", "One ranking with reasons") { account, _history, _asOf, top, _json };
        command.SetAction(
            Run(result =>
            {
                var facts = Source(result);
                var asOf = result.GetValue(_asOf) ?? DayAfterLast(facts);
                var registry = Registry(result);
                using var fit = registry.OpenLive(ModelPackage.PartnerFit);
                using var win = registry.OpenLive(ModelPackage.WinProbability);
                var ranker = new PartnerRanker(fit, win);
                foreach (var fact in facts.Before(asOf))
                    ranker.Apply(fact);
                var id = result.GetValue(account)!;
                var answer =
                    ranker.Rank(new(id, asOf) { Limit = result.GetValue(top) })
                    ?? throw new InvalidDataException($"No account '{id}' was seen before {asOf:yyyy-MM-dd}.");
                if (result.GetValue(_json))
                    Console.WriteLine(JsonSerializer.Serialize(answer, ModelManifest.Json));
                else
                    Print(answer, ranker.State.FindAccount(id)!);
                return 0;
            })
        );
        return command;
    }

    static void Print(Recommendation answer, Account account)
    {
        var models = answer.Fallback is { } fallback
            ? $"baseline {fallback}, no model is live"
            : string.Join(", ", answer.ModelVersions.Select(pair => $"{pair.Key} {pair.Value}"));
        Console.WriteLine(
            $"{account.Name ?? account.Id} ({account.Id}) as of {answer.AsOf:yyyy-MM-dd}, {answer.Candidates} candidates, {models}"
        );
        foreach (var partner in answer.Partners)
        {
            var chance = partner.WinProbability is { } with
                ? string.Create(CultureInfo.InvariantCulture, $"wins {with:0%}, alone {partner.WinProbabilityAlone:0%}")
                : "win probability unknown";
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{partner.Rank, 3}. {partner.Grade ?? "-"} {partner.Name ?? partner.PartnerId} ({partner.PartnerId}), fit {partner.FitScore:0.00}, {chance}"
                )
            );
            foreach (var reason in partner.Reasons)
                Console.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"       {reason.Contribution:+0.00;-0.00}  {reason.Text}")
                );
            foreach (var caution in partner.Cautions)
                Console.WriteLine($"       !      {caution}");
        }
    }

    static Facts Source(ParseResult result) =>
        result.GetValue(_history) is { } folder ? Folder(folder)
        : HasDatabase(result) ? Stored(result)
        : throw new InvalidDataException(
            $"There is no database {Database(result)}; import a history first, or name one with --history."
        );

    static void Promote(ParseResult result, string model, string version)
    {
        var registry = Registry(result);
        var before = registry.Live(model);
        registry.Promote(model, version);
        if (before != version)
            Tell(result, "model.promoted", model, version, before);
    }

    /// <summary>Notes what became live where replicas share a database; a service by itself notes it when it sees it.</summary>
    static void Tell(ParseResult result, string type, string model, string version, string? before)
    {
        if (IsServer(result))
            EventLog.Append(
                Store(result),
                Event.OfModel(type, model, version, before, TimeProvider.System.GetUtcNow().UtcDateTime)
            );
    }

    /// <summary>The database that is named on the command line, or else in the environment.</summary>
    static string Database(ParseResult result) =>
        result.GetResult(_database) is null or { Implicit: true }
        && Environment.GetEnvironmentVariable("RECOMMENDER_DATABASE") is { Length: > 0 } named
            ? named
            : result.GetValue(_database)!;

    static bool IsServer(ParseResult result) => SqlServerHistoryStore.IsConnectionString(Database(result));

    static HistoryStore Store(ParseResult result) => HistoryStore.Open(Database(result));

    static bool HasDatabase(ParseResult result) => IsServer(result) || File.Exists(Database(result));

    /// <summary>The packages, and the shared database's part in them, if there is one.</summary>
    static ModelRegistry Registry(ParseResult result) => new(result.GetValue(_models)!, IsServer(result) ? Store(result) : null);

    static Facts Stored(ParseResult result)
    {
        var store = Store(result);
        var facts = store.ReadFacts(DateTime.MaxValue).ToList();
        return new(until => facts.TakeWhile(fact => fact.SeenAt < until), store.Tables());
    }

    static Facts Folder(string path)
    {
        var rejected = new List<RejectedRow>();
        var (facts, counts) = new HistoryFolder(path).ReadFacts(rejected.Add);
        if (rejected.Count > 0)
            Console.Error.WriteLine($"{rejected.Count} rows of {path} were not taken; the first: {rejected[0]}");
        return new(
            until => facts.TakeWhile(fact => fact.SeenAt < until),
            [.. counts.Where(count => count.Accepted > 0).Select(count => Path.GetFileNameWithoutExtension(count.File))]
        );
    }

    static TrainingConfig Config(ParseResult result) =>
        TrainingConfig.Read(
            result.GetValue(_config) ?? (File.Exists(DefaultConfig) ? DefaultConfig : null),
            result.GetValue(_set)
        );

    /// <summary>The first midnight after the last fact, but not after today.</summary>
    static DateTime DayAfterLast(Facts facts)
    {
        var today = TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(1);
        var last = DateTime.MinValue;
        foreach (var fact in facts.Before(today))
            last = fact.SeenAt > last ? fact.SeenAt : last;
        return last.Date.AddDays(1);
    }

    static DateTime? Date(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Instants.TryParse(text, out var at))
            return at;
        result.AddError($"'{text}' is no date; expected one such as 2026-01-31.");
        return null;
    }

    /// <summary>Faults that a person can mend end in one line and exit code 1.</summary>
    static Func<ParseResult, int> Run(Func<ParseResult, int> verb) =>
        result =>
        {
            try
            {
                return verb(result);
            }
            catch (Exception e)
                when (e is InvalidDataException or IOException or UnauthorizedAccessException or System.Data.Common.DbException)
            {
                Console.Error.WriteLine(e.Message.ReplaceLineEndings(" "));
                return 1;
            }
        };
}
