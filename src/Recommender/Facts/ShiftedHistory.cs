using System.Globalization;
using CsvHelper;

namespace Recommender.Facts;

/// <summary>A copy of a history with its dates moved by whole days, so that made-up data is of today. Attributes stay as they are.</summary>
public sealed class ShiftedHistory : IDisposable
{
    // What may lie ahead of the last day says nothing of when that was.
    static readonly string[] _ahead = ["expected_close_at", "expires_at", "until"];

    /// <summary>Copies a history.</summary>
    /// <param name="folder">The history.</param>
    /// <param name="lastDay">The day on which it is to end.</param>
    public ShiftedHistory(string folder, DateOnly lastDay)
    {
        Folder = Directory.CreateTempSubdirectory("recommender-history-").FullName;
        var files = FactTables
            .All.Select(table => (Table: table, Path: Path.Combine(folder, table.File)))
            .Where(file => File.Exists(file.Path))
            .ToList();
        var last = DateTime.MinValue;
        foreach (var (table, path) in files)
            Read(table, path, (name, at) => last = _ahead.Contains(name) || at < last ? last : at);
        var days = last == DateTime.MinValue ? 0 : lastDay.DayNumber - DateOnly.FromDateTime(last).DayNumber;
        foreach (var (table, path) in files)
        {
            using var writer = new CsvWriter(new StreamWriter(Path.Combine(Folder, table.File)), CultureInfo.InvariantCulture);
            Read(table, path, (_, _) => { }, days, writer);
        }
    }

    /// <summary>Where the copy is, until it is disposed.</summary>
    public string Folder { get; }

    static void Read(FactTable table, string path, Action<string, DateTime> found, int days = 0, CsvWriter? writer = null)
    {
        using var csv = new CsvParser(new StreamReader(path), CultureInfo.InvariantCulture);
        string[]? names = null;
        while (csv.Read())
        {
            var cells = csv.Record!;
            if (names is null)
                names = cells;
            else
                for (var i = 0; i < Math.Min(cells.Length, names.Length); i++)
                {
                    if (
                        table.IndexOf(names[i]) is not (>= 0 and var at)
                        || table.Columns[at].Kind != ColumnKind.Instant
                        || !Instants.TryParse(cells[i], out var moment)
                    )
                        continue;
                    found(names[i], moment);
                    var moved = moment.AddDays(days);
                    cells[i] =
                        cells[i].Length == 10 ? moved.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : Instants.Text(moved);
                }
            foreach (var cell in cells)
                writer?.WriteField(cell);
            writer?.NextRecord();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
