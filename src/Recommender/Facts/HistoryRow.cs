using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>A row that could not be taken, and why. Lines count from 1, the header's line.</summary>
public sealed record RejectedRow(string File, long Line, string Column, string Found, string Expected)
{
    /// <summary>The table whose row it would be, where rows are read from files; null elsewhere.</summary>
    internal FactTable? Table { get; init; }

    /// <summary>One line for a person.</summary>
    public override string ToString() => $"{File}, line {Line}: {Column} is '{Found}'; expected {Expected}.";
}

/// <summary>A checked row of a table.</summary>
public sealed record HistoryRow
{
    internal HistoryRow(FactTable table, object?[] values, Attributes attributes) =>
        (Table, Values, Attributes) = (table, values, attributes);

    /// <summary>The table it belongs to.</summary>
    public FactTable Table { get; }

    /// <summary>string, double, DateTime (UTC) or null, in the order of the table's columns.</summary>
    internal object?[] Values { get; private init; }

    /// <summary>What is to be said of how its values were read.</summary>
    internal IReadOnlyList<RowWarning> Notes { get; init; } = [];

    /// <summary>Columns the contract does not name.</summary>
    public Attributes Attributes { get; private init; }

    /// <summary>The key columns, joined by a unit separator.</summary>
    public string Key =>
        Table.KeyLength == 1
            ? (string)Values[0]!
            : string.Join(
                '\u001f',
                Values.Take(Table.KeyLength).Select(value => value is DateTime at ? Instants.Text(at) : (string?)value ?? "")
            );

    /// <summary>The text in a column of its table; null if it is empty.</summary>
    public string? Text(FactColumn column) => (string?)Values[column.Position];

    /// <summary>The number in a column of its table; null if it is empty.</summary>
    public double? Number(FactColumn column) => (double?)Values[column.Position];

    /// <summary>The instant in a column of its table, UTC; null if it is empty.</summary>
    public DateTime? Date(FactColumn column) => (DateTime?)Values[column.Position];

    /// <summary>The value in the column of that name: string, double, DateTime (UTC) or null.</summary>
    /// <exception cref="ArgumentException">The table has no such column.</exception>
    public object? this[string column] => Values[PositionOf(column)];

    /// <summary>The row with another value in one column.</summary>
    /// <exception cref="ArgumentException">The table has no such column.</exception>
    public HistoryRow With(string column, object? value)
    {
        var values = (object?[])Values.Clone();
        values[PositionOf(column)] = value;
        return this with { Values = values };
    }

    int PositionOf(string column) =>
        Table.IndexOf(column) is >= 0 and var at
            ? at
            : throw new ArgumentException($"{Table.Name} has no column {column}.", nameof(column));

    /// <summary>
    /// The facts this row states, each with the moment from which it can be seen: what it says, and for a deal that ended or a registration
    /// that was decided how, if the date of that is known.
    /// </summary>
    /// <param name="from">When a version of the row that replaces another is seen at the earliest, UTC; null for the first.</param>
    /// <param name="takenIn">When the row is taken in, UTC; null if nobody knows. What it says of an end that lies ahead was learned then.</param>
    public List<DatedFact> Facts(DateTime? from = null, DateTime? takenIn = null)
    {
        if (Table.Kind is not { } kind)
            return [];
        var noun = Table.NounOf(this);
        var key = Key;
        var told = takenIn ?? DateTime.MaxValue;
        var start = Later(
            DateMeaning.Counted(Table, Table.StartOf(noun), told, from),
            from ?? Earlier(Date(Table.RecordedAt) ?? DateTime.MinValue, told)
        );
        var facts = new List<DatedFact>(2) { new(start, kind, key, noun) };
        if (kind.End is { } end && Table.EndOf(noun, told) is { } endedAt)
            facts.Add(new(Later(endedAt, start), end, key, noun));
        return facts;
    }

    internal static DateTime Later(DateTime left, DateTime right) => left > right ? left : right;

    internal static DateTime Earlier(DateTime left, DateTime right) => left < right ? left : right;

    /// <summary>A number that changes when the row does; the attributes as JSON come with it, null if there are none.</summary>
    internal long Fingerprint(out string? attributes)
    {
        attributes = AttributesAsJson();
        var text = new StringBuilder();
        for (var column = 0; column < Values.Length; column++)
        {
            var value = Values[column];
            // Rows that were stored before the table had it stay the same.
            if (value is null && Table.Columns[column].IsLater)
                continue;
            text.Append(
                    value switch
                    {
                        DateTime at => Instants.Text(at),
                        double number => number.ToString("R", CultureInfo.InvariantCulture),
                        _ => (string?)value,
                    }
                )
                .Append(value is null ? '\u001e' : '\u001f');
        }
        return BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text.Append(attributes).ToString())));
    }

    /// <summary>The attributes as JSON; null if there are none.</summary>
    internal string? AttributesAsJson() =>
        Attributes.Names.Count == 0
            ? null
            : JsonSerializer.Serialize(
                Attributes.Names.Zip(Attributes.Values).ToDictionary(pair => pair.First, pair => pair.Second)
            );

    /// <summary>The values as a JSON array, for <see cref="ReadValues"/>.</summary>
    internal string WriteValues() => WriteValues(Values);

    /// <summary>The same of values by position.</summary>
    internal static string WriteValues(IEnumerable<object?> values) =>
        JsonSerializer.Serialize(values.Select(value => value is DateTime at ? Instants.Text(at) : value));

    /// <summary>What <see cref="WriteValues()"/> wrote, also before the table got its later columns: those are empty.</summary>
    internal static object?[] ReadValues(FactTable table, string json)
    {
        using var document = JsonDocument.Parse(json);
        var missing = table.Columns.Count - document.RootElement.GetArrayLength();
        var later = missing == 0 ? [] : table.Columns.Where(column => column.IsLater).TakeLast(missing).ToList();
        var values = new object?[table.Columns.Count];
        using var held = document.RootElement.EnumerateArray();
        foreach (var column in table.Columns)
        {
            if (later.Contains(column))
                continue;
            held.MoveNext();
            var value = held.Current;
            values[column.Position] =
                value.ValueKind == JsonValueKind.Null
                    ? null
                    : column.Kind switch
                    {
                        ColumnKind.Number => value.GetDouble(),
                        ColumnKind.Instant => Instants.OfText(value.GetString()!),
                        _ => (object)value.GetString()!,
                    };
        }
        return values;
    }
}
