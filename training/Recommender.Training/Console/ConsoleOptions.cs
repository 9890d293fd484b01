using System.CommandLine;
using Recommender.Access;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Records;
using Recommender.Webhooks;

namespace Recommender.Training;

/// <summary>Options that several verbs share, and what they stand for: database, models, history, configuration.</summary>
static class ConsoleOptions
{
    public const string DefaultConfig = "training/configs/default.json";

    public static readonly Option<string> DatabaseOption = new("--database")
    {
        Description =
            "The database: a SQLite file, or a connection string for SQL Server. The environment's RECOMMENDER_DATABASE says it, too, where no password shows",
        DefaultValueFactory = _ => "recommender.db",
        Recursive = true,
    };
    public static readonly Option<string> ModelsOption = new("--models")
    {
        Description = "Folder of model packages",
        DefaultValueFactory = _ => "models",
        Recursive = true,
    };
    public static readonly Option<bool> JsonOption = new("--json") { Description = "Print JSON for machines" };
    public static readonly Option<string> HistoryOption = new("--history") { Description = "Folder of a history (CSV)" };
    public static readonly Option<string?> MapOption = new("--map")
    {
        Description = "What the files and columns of the history are called: JSON or CSV, see docs/maps",
    };
    public static readonly Option<string?> ConfigOption = new("--config")
    {
        Description = "Configuration; the default is training/configs/default.json",
    };
    public static readonly Option<string[]> SetOption = new("--set")
    {
        Description = "Override a setting, such as win_probability.trees=300; may be given more than once",
        DefaultValueFactory = _ => [],
    };
    public static readonly Option<DateTime?> AsOfOption = new("--as-of")
    {
        Description = "Only what was seen strictly before this date counts",
        CustomParser = result => Date(result),
    };

    /// <summary>An option that takes a whole number.</summary>
    public static Option<int> Whole(string name, string description, int fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };

    public static FactSource Source(ParseResult result) =>
        result.GetValue(HistoryOption) is { } folder ? Folder(folder, Map(result))
        : HasDatabase(result) ? Stored(result)
        : throw new InvalidDataException(
            $"There is no database {Database(result)}; import a history first, or name one with --history."
        );

    static FactSource Stored(ParseResult result)
    {
        var store = Store(result);
        var facts = store.ReadFacts(DateTime.MaxValue).ToList();
        return new(until => facts.TakeWhile(fact => fact.SeenAt < until), store.Tables());
    }

    /// <summary>The map that is named; null if none is.</summary>
    public static ImportMap? Map(ParseResult result) => result.GetValue(MapOption) is { } file ? ImportMap.Read(file) : null;

    public static FactSource Folder(string path, ImportMap? map)
    {
        var rejected = new List<RejectedRow>();
        var (facts, counts) = new HistoryFolder(path, map).ReadFacts(rejected.Add);
        if (rejected.Count > 0)
            Console.Error.WriteLine($"{rejected.Count} rows of {path} were not taken; the first: {rejected[0]}");
        return new(
            until => facts.TakeWhile(fact => fact.SeenAt < until),
            [.. counts.Where(count => count.Accepted > 0).Select(count => Path.GetFileNameWithoutExtension(count.File))]
        );
    }

    public static void Promote(ParseResult result, string model, string version)
    {
        var registry = Registry(result);
        var before = registry.Live(model);
        registry.Promote(model, version);
        if (before != version)
            Tell(result, "model.promoted", model, version, before);
    }

    /// <summary>Notes what became live where replicas share a database; a service by itself notes it when it sees it.</summary>
    public static void Tell(ParseResult result, string type, string model, string version, string? before)
    {
        if (IsServer(result))
            EventLog.Append(
                Store(result),
                Event.OfModel(type, model, version, before, TimeProvider.System.GetUtcNow().UtcDateTime)
            );
    }

    /// <summary>The database that is named on the command line, or else in the environment.</summary>
    public static string Database(ParseResult result) =>
        result.GetResult(DatabaseOption) is null or { Implicit: true }
        && Environment.GetEnvironmentVariable("RECOMMENDER_DATABASE") is { Length: > 0 } named
            ? named
            : result.GetValue(DatabaseOption)!;

    public static bool IsServer(ParseResult result) => SqlServerHistoryStore.IsConnectionString(Database(result));

    public static HistoryStore Store(ParseResult result) => HistoryStore.Open(Database(result));

    public static bool HasDatabase(ParseResult result) => IsServer(result) || File.Exists(Database(result));

    /// <summary>The packages, and the shared database's part in them, if there is one.</summary>
    public static ModelRegistry Registry(ParseResult result) =>
        new(result.GetValue(ModelsOption)!, IsServer(result) ? Store(result) : null);

    public static TrainingConfig Config(ParseResult result) =>
        TrainingConfig.Read(
            result.GetValue(ConfigOption) ?? (File.Exists(DefaultConfig) ? DefaultConfig : null),
            result.GetValue(SetOption)
        );

    /// <summary>The first midnight after the last fact, but not after today.</summary>
    public static DateTime DayAfterLast(FactSource facts)
    {
        var today = TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(1);
        var last = DateTime.MinValue;
        foreach (var fact in facts.Before(today))
            last = fact.SeenAt > last ? fact.SeenAt : last;
        return last.Date.AddDays(1);
    }

    public static DateTime? Date(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Instants.TryParse(text, out var at))
            return at;
        result.AddError($"'{text}' is no date; expected one such as 2026-01-31.");
        return null;
    }

    /// <summary>Faults that a person can mend end in one line and exit code 1.</summary>
    public static Func<ParseResult, int> Run(Func<ParseResult, int> verb) =>
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
