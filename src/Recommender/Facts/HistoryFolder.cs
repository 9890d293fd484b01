using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>How many rows of a file were taken and how many rejected.</summary>
public sealed record FileCount(string File, long Accepted, long Rejected);

/// <summary>A history as a folder of CSV files (UTF-8, header row, RFC 4180).</summary>
public sealed class HistoryFolder
{
    const int LongestLine = 1_000_000;

    /// <summary>Stands for bytes that are not UTF-8: a code point that is no character, so that no file holds it.</summary>
    const string NotUtf8 = "\uFDD0";

    readonly string _folder;

    /// <summary>Looks at <paramref name="folder"/>; reads nothing yet.</summary>
    /// <exception cref="InvalidDataException">The folder or a required file is missing.</exception>
    public HistoryFolder(string folder)
    {
        _folder = folder;
        if (!Directory.Exists(folder))
            throw new InvalidDataException(
                $"{folder} is not a folder; expected one that holds accounts.csv and the other history files."
            );
        Tables = [.. FactTables.All.Where(table => File.Exists(Path.Combine(folder, table.File)))];
        var missing = FactTables.All.Where(table => table.Required && !Tables.Contains(table)).Select(table => table.File);
        if (missing.Any())
            throw new InvalidDataException($"{folder}: {string.Join(", ", missing)} not found; expected {Required()}.");
    }

    /// <summary>The tables that have a file here, in contract order.</summary>
    public IReadOnlyList<FactTable> Tables { get; }

    /// <summary>The bytes of all files.</summary>
    public long Length => Tables.Sum(LengthOf);

    /// <summary>The bytes of one file.</summary>
    public long LengthOf(FactTable table) => new FileInfo(Path.Combine(_folder, table.File)).Length;

    /// <summary>The line of the row that <see cref="Read"/> returned last, from 1.</summary>
    internal long Line { get; private set; }

    /// <summary>How many rows of the file that <see cref="Read"/> read last are one with an earlier row, because what they name was merged.</summary>
    internal long Merged { get; private set; }

    /// <summary>Reads the rows of one file in file order; what cannot be taken goes to <paramref name="reject"/>.</summary>
    /// <param name="table">One of <see cref="Tables"/>.</param>
    /// <param name="keys">Keys known so far; the file's own are added.</param>
    /// <param name="reject">Takes each row that is not returned.</param>
    /// <param name="position">Told the bytes read, now and then.</param>
    /// <exception cref="InvalidDataException">The header is missing, or lacks a required column, or names one twice.</exception>
    public IEnumerable<HistoryRow> Read(
        FactTable table,
        KnownKeys keys,
        Action<RejectedRow> reject,
        Action<long>? position = null
    )
    {
        using var file = new FileStream(
            Path.Combine(_folder, table.File),
            FileMode.Open,
            FileAccess.Read,
            FileShare.Read,
            1 << 16
        );
        using var reader = new StreamReader(
            file,
            Encoding.GetEncoding("utf-8", EncoderFallback.ExceptionFallback, new DecoderReplacementFallback(NotUtf8))
        );
        var bad = false;
        using var csv = new CsvParser(
            reader,
            new CsvConfiguration(CultureInfo.InvariantCulture)
            {
                IgnoreBlankLines = false,
                BufferSize = 1 << 16,
                BadDataFound = _ => bad = true,
            }
        );
        if (!csv.Read() || csv.Record is not { } header || header.All(string.IsNullOrWhiteSpace))
            throw new InvalidDataException(
                $"{table.File}, line 1: the file is empty; expected a header row with {Required(table)}."
            );
        var columns = new FileColumns(table, header);
        var own = keys.Of(table.Name);
        var inFile = new HashSet<string>();
        var renamed = new HashSet<string>();
        Merged = 0;
        long nextLine = csv.RawRow + 1;
        for (var read = 0; ; read++)
        {
            bad = false;
            if (!csv.Read())
                break;
            var (line, fields) = (nextLine, csv.Record!);
            nextLine = csv.RawRow + 1;
            if ((read & 1023) == 0)
                position?.Invoke(file.Position);
            if (fields is [""])
                continue;
            void Reject(string column, string found, string expected) =>
                reject(new RejectedRow(table.File, line, column, found.Length > 200 ? found[..200] + "…" : found, expected));
            var length = fields.Sum(field => (long)field.Length);
            if (length > LongestLine)
                Reject("the line", FormattableString.Invariant($"{length} characters long"), $"at most {LongestLine}");
            else if (bad)
                Reject("the line", csv.RawRecord.TrimEnd('\r', '\n'), "quotes that RFC 4180 allows");
            else if (fields.Length != header.Length)
                Reject("the line", $"{fields.Length} fields", $"{header.Length} as in the header");
            else if (columns.ToRow(fields, keys, Reject) is { } row)
            {
                if (columns.HasRenamedKey)
                    renamed.Add(row.Key);
                if (inFile.Add(row.Key))
                {
                    own?.Add(row.Key);
                    Line = line;
                    yield return row;
                }
                else if (renamed.Contains(row.Key))
                    Merged++;
                else
                    Reject(table.Columns[0].Name, row.Key.Replace('\u001f', '/'), "a key that no earlier line has");
            }
        }
    }

    /// <summary>All facts of the folder in the order in which they can be seen, and the counts per file.</summary>
    public (List<DatedFact> Facts, IReadOnlyList<FileCount> Counts) ReadFacts(Action<RejectedRow> reject)
    {
        if (Tables.Any(table => table.Kind is null))
            return ReadVersions(reject);
        var now = Instants.ToMillisecond(TimeProvider.System.GetUtcNow().UtcDateTime);
        var facts = new List<DatedFact>();
        var counts = new List<FileCount>();
        var keys = new KnownKeys();
        foreach (var table in Tables)
        {
            long accepted = 0,
                rejected = 0;
            foreach (
                var row in Read(
                    table,
                    keys,
                    row =>
                    {
                        rejected++;
                        reject(row);
                    }
                )
            )
            {
                accepted++;
                facts.AddRange(row.Facts(takenIn: now));
            }
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

    static string Required(FactTable table) =>
        string.Join(", ", table.Columns.Where(column => column.Required).Select(column => column.Name));

    /// <summary>Which field of a line goes to which column.</summary>
    sealed class FileColumns
    {
        readonly FactTable _table;
        readonly int[] _fieldOf;
        readonly string[] _attributeNames;
        readonly int[] _attributeFields;

        public FileColumns(FactTable table, string[] header)
        {
            _table = table;
            var names = header.Select(name => name.Trim()).ToArray();
            foreach (var twice in names.GroupBy(name => name).Where(group => group.Count() > 1))
                throw new InvalidDataException(
                    $"{table.File}, line 1: column '{twice.Key}' stands {twice.Count()} times; expected once."
                );
            _fieldOf = [.. table.Columns.Select(column => Array.IndexOf(names, column.Name))];
            for (var i = 0; i < _fieldOf.Length; i++)
            {
                if (_fieldOf[i] < 0 && table.Columns[i].Required)
                    throw new InvalidDataException(
                        $"{table.File}, line 1: column '{table.Columns[i].Name}' is missing; found {string.Join(", ", names)}; expected {Required(table)}."
                    );
            }
            _attributeFields = [.. Enumerable.Range(0, names.Length).Where(i => names[i].Length > 0 && !_fieldOf.Contains(i))];
            _attributeNames = [.. _attributeFields.Select(i => names[i])];
        }

        /// <summary>True if a column of the key of the last row named what was merged into something else.</summary>
        public bool HasRenamedKey { get; private set; }

        public HistoryRow? ToRow(string[] fields, KnownKeys keys, Action<string, string, string> reject)
        {
            HasRenamedKey = false;
            foreach (var field in fields)
            {
                if (field.Contains(NotUtf8, StringComparison.Ordinal))
                {
                    var column = Array.IndexOf(fields, field);
                    var at = Array.IndexOf(_fieldOf, column);
                    reject(
                        at >= 0 ? _table.Columns[at].Name : _attributeNames[Array.IndexOf(_attributeFields, column)],
                        field.Replace(NotUtf8, "\uFFFD", StringComparison.Ordinal),
                        "UTF-8"
                    );
                    return null;
                }
            }
            var values = new object?[_table.Columns.Count];
            for (var i = 0; i < values.Length; i++)
            {
                var column = _table.Columns[i];
                var text = _fieldOf[i] < 0 ? "" : fields[_fieldOf[i]].Trim();
                if (text.Length == 0)
                {
                    if (!column.Required)
                        continue;
                    reject(column.Name, "", "a value");
                    return null;
                }
                if (column.References is { } other)
                {
                    if (keys.Find(other, text) is not { } key)
                    {
                        reject(column.Name, text, keys.Erased(other, text) ?? $"an id that {other} has");
                        return null;
                    }
                    values[i] = key;
                    HasRenamedKey |= i < _table.KeyLength && key != text;
                }
                else if (i == 0 && keys.Erased(_table.Name, text) is { } erased)
                {
                    reject(column.Name, text, erased);
                    return null;
                }
                else if (!column.TryRead(text, out values[i], out var expected))
                {
                    reject(column.Name, text, expected!);
                    return null;
                }
            }
            var attributes =
                _attributeNames.Length == 0
                    ? Attributes.None
                    : new Attributes(
                        _attributeNames,
                        [.. _attributeFields.Select(i => fields[i].Trim() is { Length: > 0 } text ? text : null)]
                    );
            return new HistoryRow(_table, values, attributes);
        }
    }
}
