using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>How many rows of a file were taken and how many rejected.</summary>
public sealed record FileCount(string File, long Accepted, long Rejected);

/// <summary>A history as a folder of CSV files with a header row: those of the contract, or those that a map names.</summary>
public sealed class HistoryFolder
{
    readonly string _folder;
    readonly List<SourceMap> _sources = [];
    readonly List<FileReading> _readings = [];

    /// <summary>Looks at <paramref name="folder"/>; reads nothing yet.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="map">What the files and columns are called; null if they are called as the contract has it.</param>
    /// <exception cref="InvalidDataException">The folder, a required file or one that the map names is missing.</exception>
    public HistoryFolder(string folder, ImportMap? map = null)
    {
        map ??= ImportMap.None;
        _folder = folder;
        if (!Directory.Exists(folder))
            throw new InvalidDataException(
                $"{folder} is not a folder; expected one that holds accounts.csv and the other history files."
            );
        var there = Directory
            .EnumerateFiles(folder)
            .Select(file => Path.GetFileName(file))
            .Where(file => Path.GetExtension(file).ToLowerInvariant() is ".csv" or ".tsv" or ".txt" or ".xlsx" or ".ndjson")
            .Order(StringComparer.Ordinal)
            .ToList();
        foreach (var table in FactTables.All)
        {
            var mapped = map
                .Sources.Where(source => source.Table == table)
                .SelectMany(source => FilesOf(source.File).Select(file => source with { File = file }))
                .ToList();
            _sources.AddRange(
                mapped.Count > 0 || FileOf(table, there) is not { } own
                    ? mapped
                    : [map.Defaults with { Table = table, File = own }]
            );
        }
        foreach (var file in there.Where(file => !_sources.Exists(source => source.File == file)))
        {
            if (
                FactTables.All.FirstOrDefault(table =>
                    !_sources.Exists(source => source.Table == table)
                    && Headers.IsNearly(Path.GetFileNameWithoutExtension(file), table.Name)
                ) is
                { } table
            )
                throw new InvalidDataException(
                    $"{folder}: '{file}' is nearly {table.File}; expected that name, or a map that says \"from\": \"{file}\" under {table.Name}."
                );
        }
        Unread = [.. there.Where(file => !_sources.Exists(source => source.File == file))];
        Tables = [.. FactTables.All.Where(table => _sources.Exists(source => source.Table == table))];
        var missing = FactTables
            .All.Where(table => table.Required && !Tables.Contains(table))
            .Select(table =>
                string.Join(
                    " or ",
                    map.Sources.Where(source => source.Table == table).Select(source => source.File).DefaultIfEmpty(table.File)
                )
            );
        if (missing.Any())
            throw new InvalidDataException($"{folder}: {string.Join(", ", missing)} not found; expected {Required()}.");
    }

    /// <summary>The tables that have a file here, in contract order.</summary>
    public IReadOnlyList<FactTable> Tables { get; }

    /// <summary>Files of the folder that hold rows, by their name, and that belong to no table.</summary>
    public IReadOnlyList<string> Unread { get; }

    /// <summary>How the files were read that <see cref="Read"/> has read to their end.</summary>
    public IReadOnlyList<FileReading> Readings => _readings;

    /// <summary>The bytes of all files.</summary>
    public long Length => Tables.Sum(LengthOf);

    /// <summary>The bytes of a table's files.</summary>
    public long LengthOf(FactTable table) => SourcesOf(table).Sum(source => new FileInfo(PathOf(source.File)).Length);

    /// <summary>The file and the line, from 1, of the row that <see cref="Read"/> returned last.</summary>
    internal (string File, long Line) At { get; private set; }

    /// <summary>How many rows of the table that <see cref="Read"/> read last are one with an earlier row, because what they name was merged.</summary>
    internal long Merged { get; private set; }

    /// <summary>Reads the rows of one table in file order; what cannot be taken goes to <paramref name="reject"/>.</summary>
    /// <param name="table">One of <see cref="Tables"/>.</param>
    /// <param name="keys">Keys known so far; the table's own are added.</param>
    /// <param name="reject">Takes each row that is not returned.</param>
    /// <param name="position">Told the bytes read, now and then.</param>
    /// <exception cref="InvalidDataException">A header is missing, or lacks a required column, or nearly has one, or names one twice.</exception>
    public IEnumerable<HistoryRow> Read(
        FactTable table,
        KnownKeys keys,
        Action<RejectedRow> reject,
        Action<long>? position = null
    )
    {
        var own = new HashSet<string>();
        Merged = 0;
        foreach (var source in _sources)
        {
            foreach (var target in source.Columns.Values.SelectMany(targets => targets).Where(target => target.By is not null))
                keys.NameBy(source.Table.Columns[source.Table.IndexOf(target.As)].References!, target.By!);
        }
        foreach (var source in SourcesOf(table))
        {
            var file = new FileReader(
                source,
                () => new FileStream(PathOf(source.File), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16)
            );
            foreach (var row in file.Read(keys, own, reject, position))
            {
                At = (source.File, file.Line);
                yield return row;
            }
            Merged += file.Merged;
            _readings.Add(file.Reading!);
        }
    }

    IEnumerable<SourceMap> SourcesOf(FactTable table) => _sources.Where(source => source.Table == table);

    string PathOf(string file) => Path.Combine(_folder, file);

    /// <summary>The files of a name, in which * stands for anything.</summary>
    IEnumerable<string> FilesOf(string name) =>
        Path.GetFileName(name) == name
            ? Directory.EnumerateFiles(_folder, name).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)
            : throw new InvalidDataException($"'{name}' is no file's name; expected one within the folder.");

    /// <summary>The file that a table is to be read from where no map says: that of its name, whatever the case; null if there is none.</summary>
    string? FileOf(FactTable table, List<string> there)
    {
        if (File.Exists(PathOf(table.File)))
            return table.File;
        var same = there.Where(file => string.Equals(file, table.File, StringComparison.OrdinalIgnoreCase)).ToList();
        return same.Count < 2
            ? same.SingleOrDefault()
            : throw new InvalidDataException($"{_folder}: {string.Join(" and ", same)} found; expected one {table.File}.");
    }

    /// <summary>All facts of the folder in the order in which they can be seen, and the counts per file.</summary>
    public (List<DatedFact> Facts, IReadOnlyList<FileCount> Counts) ReadFacts(Action<RejectedRow> reject)
    {
        if (Tables.Any(table => table.IsAboutRows))
            return ReadVersions(reject);
        var now = Instants.ToMillisecond(TimeProvider.System.GetUtcNow().UtcDateTime);
        var facts = new List<DatedFact>();
        var counts = new List<FileCount>();
        var keys = new KnownKeys();
        foreach (var table in Tables)
        {
            long accepted = 0,
                rejected = 0;
            RejectedRow? first = null;
            foreach (
                var row in Read(
                    table,
                    keys,
                    row =>
                    {
                        rejected++;
                        first ??= row;
                        reject(row);
                    }
                )
            )
            {
                accepted++;
                facts.AddRange(row.Facts(takenIn: now));
            }
            if (table.Required && accepted == 0 && rejected > 0)
                throw new InvalidDataException($"No row of {table} was taken. The first: {first}");
            counts.Add(new(table.File, accepted, rejected));
        }
        facts.Sort();
        return (facts, counts);
    }

    /// <summary>The same where rows were corrected, merged or deleted on the way: an import sorts that out.</summary>
    (List<DatedFact> Facts, IReadOnlyList<FileCount> Counts) ReadVersions(Action<RejectedRow> reject)
    {
        var scratch = Directory.CreateTempSubdirectory("recommender-history-");
        try
        {
            var store = new SqliteHistoryStore(Path.Combine(scratch.FullName, "history.db"));
            var summary = store.Import(this, Path.Combine(scratch.FullName, "rejected.csv"), strict: false, reject: reject);
            return (
                [.. store.ReadFacts(DateTime.MaxValue)],
                [.. summary.Tables.Select(table => new FileCount(table.File, table.Accepted, table.Rejected))]
            );
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            scratch.Delete(true);
        }
    }

    static string Required() => string.Join(", ", FactTables.All.Where(table => table.Required).Select(table => table.File));

    /// <summary>The columns that a file of a table must have.</summary>
    internal static string Required(FactTable table) =>
        string.Join(", ", table.Columns.Where(column => column.Required).Select(column => column.Name));
}
