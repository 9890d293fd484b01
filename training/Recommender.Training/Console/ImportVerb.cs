using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using static Recommender.Training.ConsoleOptions;
using static Recommender.Training.ConsoleTable;

namespace Recommender.Training;

/// <summary>Takes a history into the database.</summary>
static class ImportVerb
{
    public static Command Command()
    {
        var strict = new Option<bool>("--strict") { Description = "Refuse everything if a row is rejected" };
        var rejectedFile = new Option<string>("--rejected")
        {
            Description = "Where rejected rows are written",
            DefaultValueFactory = _ => "rejected.csv",
        };
        var history = new Option<string>("--history") { Description = "Folder of a history (CSV)", Required = true };
        var command = new Command("import", "Takes a history into the database")
        {
            history,
            MapOption,
            strict,
            rejectedFile,
            JsonOption,
        };
        command.SetAction(
            Run(result =>
            {
                var folder = new HistoryFolder(result.GetValue(history)!, Map(result));
                using var alone = IsServer(result) ? null : DatabaseLock.Take(Database(result));
                var store = Store(result);
                ImportSummary? summary = null;
                var clock = Stopwatch.StartNew();
                try
                {
                    new Progress(result.GetValue(JsonOption)).Step(
                        "import",
                        told =>
                            summary = store.Import(
                                folder,
                                result.GetValue(rejectedFile)!,
                                result.GetValue(strict),
                                (_, done) => told(done)
                            )
                    );
                }
                finally
                {
                    if (!result.GetValue(JsonOption))
                    {
                        Print(folder.Readings);
                        foreach (var file in folder.Unread)
                            Console.WriteLine($"Not read: {file}, which is of no table; a map says of which it is.");
                    }
                }
                if (result.GetValue(JsonOption))
                {
                    Console.WriteLine(JsonSerializer.Serialize(summary, ModelManifest.Json));
                    return 0;
                }
                var counts = new ConsoleTable("file", "accepted", "new", "changed", "unchanged", "rejected");
                foreach (var table in summary!.Tables)
                    counts.Add(
                        table.File,
                        Whole(table.Accepted),
                        Whole(table.Inserted),
                        Whole(table.Updated),
                        Whole(table.Unchanged),
                        Whole(table.Rejected)
                    );
                counts.Print();
                var rejected = summary.Tables.Sum(table => table.Rejected);
                if (rejected > 0)
                    Console.WriteLine(
                        FormattableString.Invariant(
                            $"{rejected} rows were not taken; {result.GetValue(rejectedFile)} says where, what was found and what was expected."
                        )
                    );
                if (summary.WithoutEnd > 0)
                    Console.WriteLine(
                        FormattableString.Invariant(
                            $"{summary.WithoutEnd} opportunities are won or lost without closed_at: kept, but their outcome teaches nothing."
                        )
                    );
                foreach (var (table, field, meaning, rows, line, value) in summary.Warnings)
                    Console.WriteLine(
                        FormattableString.Invariant(
                            $"{table} {field} {(value is null ? "is missing" : $"is {value}")} in line {line}, {rows} in all: {meaning}."
                        )
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

    /// <summary>What each column of each file was taken for.</summary>
    static void Print(IReadOnlyList<FileReading> files)
    {
        foreach (var file in files)
        {
            Console.WriteLine(
                string.Join(
                    ", ",
                    (
                        (string[])
                            [
                                FormattableString.Invariant($"Read {file.File} as {file.Table}: {file.Rows} rows"),
                                file.PassedOver > 0
                                    ? FormattableString.Invariant($"{file.PassedOver} passed over by the map")
                                    : "",
                                file.Dialect,
                            ]
                    ).Where(part => part.Length > 0)
                )
            );
            foreach (var note in file.Notes)
                Console.WriteLine(note);
            var columns = new ConsoleTable("  column", "<taken for", "<as", "full", "<note");
            foreach (var column in file.Columns)
                columns.Add(
                    "  " + column.Column,
                    column.Kind == "contract" ? column.TakenFor!
                        : column.Kind == "attribute"
                            ? column.TakenFor == column.Column ? "an attribute"
                                : $"attribute {column.TakenFor}"
                        : "passed over",
                    column.Type,
                    column.Full.ToString("0 %", CultureInfo.InvariantCulture),
                    column.Note ?? ""
                );
            columns.Print();
        }
    }
}
