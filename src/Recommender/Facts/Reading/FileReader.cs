using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Reads the rows of one file of a table.</summary>
/// <param name="map">Which file of which table, and what was said about it.</param>
/// <param name="open">Opens it at its start; may be called more than once.</param>
sealed class FileReader(SourceMap map, Func<Stream> open)
{
    const int LongestLine = 1_000_000;
    CsvDialect? _dialect;
    long _passedOver;

    /// <summary>The line of the row that <see cref="Read"/> returned last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>How many rows that <see cref="Read"/> read are one with an earlier row, because what they name was merged.</summary>
    public long Merged { get; private set; }

    /// <summary>How the file was read, as far as it was.</summary>
    public FileReading? Reading { get; private set; }

    /// <summary>Reads the rows in file order; what cannot be taken goes to <paramref name="reject"/>.</summary>
    /// <param name="keys">Keys known so far; the file's own are added. Null: what rows name is not looked at.</param>
    /// <param name="inFile">Keys of the table that earlier files had; the file's own are added.</param>
    /// <param name="reject">Takes each row that is not returned.</param>
    /// <param name="position">Told the bytes read, now and then.</param>
    /// <exception cref="InvalidDataException">The header cannot be taken.</exception>
    public IEnumerable<HistoryRow> Read(
        KnownKeys? keys,
        HashSet<string> inFile,
        Action<RejectedRow> reject,
        Action<long>? position
    )
    {
        var file = open();
        using var reader = Open(file, map, out var dialect);
        _dialect = dialect;
        var bad = false;
        using var csv = new CsvParser(reader, Configuration(dialect, found => bad |= !IsFormulaText(found.Field)));
        var header = ReadHeader(csv);
        var survey = FileSurvey.Of(map, header, Rows);
        var columns = new FileColumns(map, header, survey, keys);
        var own = keys?.Of(map.Table.Name);
        var renamed = new HashSet<string>();
        (Merged, _passedOver) = (0, 0);
        long rows = 0;
        var nextLine = csv.RawRow + 1L;
        for (var read = 0; ; read++)
        {
            bad = false;
            if (!csv.Read())
                break;
            var (line, fields) = (nextLine + _dialect.LinesBefore, csv.Record!);
            nextLine = csv.RawRow + 1;
            if ((read & 1023) == 0)
                position?.Invoke(file.Position);
            if (IsBlank(fields))
                continue;
            rows++;
            void Reject(string column, string found, string expected) =>
                reject(
                    new RejectedRow(map.File, line, column, found.Length > 200 ? found[..200] + "…" : found, expected)
                    {
                        Table = map.Table,
                    }
                );
            if (LengthOf(fields) is > LongestLine and var length)
                Reject("the line", FormattableString.Invariant($"{length} characters long"), $"at most {LongestLine}");
            else if (bad)
                Reject("the line", csv.RawRecord.TrimEnd('\r', '\n'), "quotes that RFC 4180 allows");
            else if (RowsWithin(fields, header.Length) is > 1 and var swallowed)
                Reject(
                    "the line",
                    FormattableString.Invariant($"a cell that holds {swallowed} lines like rows"),
                    "a quote that ends where its cell does"
                );
            else if (!HasLengthOf(header, fields))
                Reject("the line", $"{fields.Length} fields", $"{header.Length} as in the header");
            else if (!columns.Counts(fields))
                _passedOver++;
            else if (IsTotal(fields))
                Reject("the line", string.Join(' ', fields.Where(field => field.Length > 0)), "a row, not a line of totals");
            else if (columns.ToRow(fields, Reject) is { } row)
            {
                if (columns.HasRenamedKey)
                    renamed.Add(row.Key);
                if (inFile.Add(row.Key))
                {
                    own?.Add(row.Key);
                    keys?.Name(row);
                    Line = line;
                    yield return row;
                }
                else if (renamed.Contains(row.Key))
                    Merged++;
                else
                    Reject(map.Table.Columns[0].Name, row.Key.Replace('\u001f', '/'), "a key that no earlier line has");
            }
        }
        Reading = new(
            map.File,
            map.Table.Name,
            survey.Describe(_dialect),
            rows,
            _passedOver,
            columns.Readings(rows - _passedOver),
            survey.Notes
        );
    }

    /// <summary>The header, and its line.</summary>
    string[] ReadHeader(CsvParser csv) =>
        csv.Read() && csv.Record is { } header && !header.All(string.IsNullOrWhiteSpace)
            ? [.. header.Select(Headers.Clean)]
            : throw new InvalidDataException(
                $"{map.File}, line 1: the file is empty; expected a header row with {HistoryFolder.Required(map.Table)}."
            );

    /// <summary>The fields of all rows, to look at before they are read.</summary>
    IEnumerable<string[]> Rows()
    {
        using var reader = Open(open(), map, out _);
        using var csv = new CsvParser(reader, Configuration(_dialect!, null));
        csv.Read();
        while (csv.Read())
            yield return csv.Record!;
    }

    /// <summary>Text of a file from its header on.</summary>
    internal static StreamReader Open(Stream file, SourceMap map, out CsvDialect dialect)
    {
        dialect = CsvDialect.Of(file, map.Encoding, map.Separator);
        var reader = new MarklessReader(file, dialect.Encoding);
        for (var i = 0; i < dialect.LinesBefore; i++)
            reader.ReadLine();
        return reader;
    }

    internal static CsvConfiguration Configuration(CsvDialect dialect, BadDataFound? bad) =>
        new(CultureInfo.InvariantCulture)
        {
            Delimiter = dialect.Separator,
            IgnoreBlankLines = false,
            BufferSize = 1 << 16,
            BadDataFound = bad,
        };

    /// <summary>True for ="00123", by which spreadsheets keep a text from being taken for a number.</summary>
    static bool IsFormulaText(string field) =>
        field is ['=', '"', .., '"'] && field.Length > 2 && field.Count(c => c == '"') == 2;

    /// <summary>Text without byte order marks, which stand in the middle of files that were put together.</summary>
    sealed class MarklessReader(Stream file, Encoding encoding) : StreamReader(file, encoding)
    {
        public override int Read(char[] buffer, int index, int count)
        {
            while (base.Read(buffer, index, count) is > 0 and var read)
            {
                var text = buffer.AsSpan(index, read);
                var kept = text.IndexOf('\ufeff');
                if (kept < 0)
                    return read;
                foreach (var c in text[kept..])
                {
                    if (c != '\ufeff')
                        text[kept++] = c;
                }
                if (kept > 0)
                    return kept;
            }
            return 0;
        }
    }

    /// <summary>How many lines within a cell have as many fields as the header: a quote that is not closed swallows rows.</summary>
    int RowsWithin(string[] fields, int length)
    {
        var rows = 0;
        foreach (var field in fields)
        {
            if (length < 3 || !field.Contains('\n', StringComparison.Ordinal))
                continue;
            foreach (var line in field.AsSpan().EnumerateLines())
                rows += line.Count(_dialect!.Separator) == length - 1 ? 1 : 0;
        }
        return rows;
    }

    /// <summary>True for a line that sums up others: a word for it first, and but for that nothing or numbers.</summary>
    static bool IsTotal(string[] fields)
    {
        var first = Array.Find(fields, field => !string.IsNullOrWhiteSpace(field))!;
        return first.Length <= 40
            && first.AsSpan().TrimStart()[0] is 'T' or 't' or 'G' or 'g' or 'S' or 's'
            && string.Concat(first.Where(char.IsLetter)).ToUpperInvariant()
                is "TOTAL"
                    or "TOTALS"
                    or "GRANDTOTAL"
                    or "GRANDTOTALS"
                    or "SUBTOTAL"
                    or "SUBTOTALS"
                    or "SUM"
                    or "TOTALRECORDS"
                    or "GESAMT"
                    or "GESAMTSUMME"
                    or "SUMME"
                    or "TOTALGENERAL"
                    or "TOTALGÉNÉRAL"
            && Array.TrueForAll(
                fields,
                field =>
                    ReferenceEquals(field, first)
                    || string.IsNullOrWhiteSpace(field)
                    || Numbers.TryRead(Numbers.Bare(field.Trim()), DecimalSign.Point, out _, out _, out _)
                    || Numbers.TryRead(Numbers.Bare(field.Trim()), DecimalSign.Comma, out _, out _, out _)
            );
    }

    static long LengthOf(string[] fields)
    {
        long length = 0;
        foreach (var field in fields)
            length += field.Length;
        return length;
    }

    static bool IsBlank(string[] fields) => Array.TrueForAll(fields, string.IsNullOrWhiteSpace);

    /// <summary>True if there is a field for each name; more are passed over where nothing stands in them.</summary>
    static bool HasLengthOf(string[] header, string[] fields) =>
        fields.Length == header.Length || fields.Length > header.Length && fields.AsSpan(header.Length).IndexOfAnyExcept("") < 0;
}
