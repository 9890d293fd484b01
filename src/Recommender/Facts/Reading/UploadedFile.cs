using CsvHelper;

namespace Recommender.Facts;

/// <summary>A column of a file, for a person who says what it is.</summary>
/// <param name="Name">Its name, empty if it has none.</param>
/// <param name="Suggested">The column of the contract that it is, or nearly is; null if none.</param>
/// <param name="Words">What stands in it, the first of the different values.</param>
public sealed record UploadedColumn(string Name, string? Suggested, IReadOnlyList<string> Words);

/// <summary>A row of a file: as it was read, or why it was not.</summary>
public sealed record UploadedRow(long Line, HistoryRow? Row, RejectedRow? Why);

/// <summary>A file that someone sent, to be read as one table.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its content.</param>
public sealed record UploadedFile(string Name, byte[] Bytes)
{
    const int LookedThrough = 5000;
    const int MostWords = 30;

    /// <summary>Its columns, as its header has them.</summary>
    /// <exception cref="InvalidDataException">It has no header, or the encoding is none.</exception>
    public IReadOnlyList<UploadedColumn> Columns(SourceMap map)
    {
        using var reader = FileReader.Open(new MemoryStream(Bytes), map, out var dialect);
        using var csv = new CsvParser(reader, FileReader.Configuration(dialect, null));
        if (!csv.Read() || csv.Record is not { } header || header.All(string.IsNullOrWhiteSpace))
            throw new InvalidDataException($"{Name}, line 1: the file is empty; expected a header row.");
        var words = header.Select(_ => new List<string>()).ToArray();
        for (var row = 0; row < LookedThrough && csv.Read(); row++)
        {
            for (var i = 0; i < Math.Min(header.Length, csv.Record!.Length); i++)
            {
                var word = csv.Record[i].Trim();
                if (word.Length > 0 && words[i].Count < MostWords && !words[i].Contains(word))
                    words[i].Add(word);
            }
        }
        return
        [
            .. header.Select(Headers.Clean).Select((name, i) => new UploadedColumn(name, Suggested(map.Table, name), words[i])),
        ];
    }

    /// <summary>Its rows in their order; what they name is not looked at.</summary>
    /// <exception cref="InvalidDataException">The header cannot be taken as the map says.</exception>
    public IEnumerable<UploadedRow> Rows(SourceMap map)
    {
        var rejected = new Queue<RejectedRow>();
        var file = new FileReader(map with { File = Name }, () => new MemoryStream(Bytes));
        foreach (var row in file.Read(null, [], rejected.Enqueue, null))
        {
            while (rejected.TryDequeue(out var why))
                yield return new(why.Line, null, why);
            yield return new(file.Line, row, null);
        }
        while (rejected.TryDequeue(out var why))
            yield return new(why.Line, null, why);
    }

    /// <summary>The word of the contract that a word of a file seems to mean; null if none.</summary>
    /// <param name="word">Of the file.</param>
    /// <param name="known">The contract's.</param>
    public static string? Means(string word, IReadOnlyList<string> known) =>
        Headers.Ending(word) is { } ending && known.Contains(ending)
            ? ending
            : known.FirstOrDefault(one => string.Equals(one, word.Trim(), StringComparison.OrdinalIgnoreCase));

    static string? Suggested(FactTable table, string name)
    {
        if (name.Length == 0)
            return null;
        var near = Headers.Near(table, name, out var isSame);
        return near is not null && (isSame || Headers.IsTeaching(near)) ? near.Name : null;
    }
}
