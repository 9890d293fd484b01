using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Recommender.Access;
using Recommender.Models;
using Recommender.Records;
using Recommender.Webhooks;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Tells drift of the live models, and what came of their predictions.</summary>
static class MonitorVerb
{
    public static Command Command()
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
            HistoryOption,
            MapOption,
            ConfigOption,
            SetOption,
            AsOfOption,
            since,
            JsonOption,
        };
        command.SetAction(
            Run(result =>
            {
                var facts = Source(result);
                var config = Config(result);
                var asOf = result.GetValue(AsOfOption) ?? DayAfterLast(facts);
                var registry = Registry(result);
                var reports = new List<MonitorReport>();
                foreach (var model in ModelRegistry.Models)
                {
                    using var package = registry.OpenLive(model);
                    if (package is not null)
                        reports.Add(Monitoring.Of(facts, config, package, result.GetValue(since)!.Value, asOf));
                }
                if (reports.Count == 0)
                    throw new InvalidDataException($"No model is live in {result.GetValue(ModelsOption)}; promote one first.");
                if (result.GetValue(JsonOption))
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

    static void Print(MonitorReport report)
    {
        var quality = report.Quality is { } found
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{found.Value:+0.000;-0.000} ({found.Low:+0.000;-0.000} to {found.High:+0.000;-0.000})"
            )
            : "unknown";
        Console.WriteLine(
            FormattableString.Invariant($"{report.Model} {report.Version}: {report.Rows} rows since, {report.Reference} before")
        );
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
}
