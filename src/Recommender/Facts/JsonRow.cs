using System.Text.Json;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Reads rows of the history contract from JSON objects. A property that the contract does not name becomes an attribute, and so do those of an object "attributes".</summary>
public static class JsonRow
{
    /// <summary>The longest id, in characters.</summary>
    public const int LongestId = 200;

    const int LongestText = 4000;
    const int MostAttributes = 200;

    /// <summary>Reads the object at which <paramref name="json"/> stands.</summary>
    /// <param name="table">The table it is a row of.</param>
    /// <param name="json">At the start of an object; afterwards at its end.</param>
    /// <param name="line">For the explanation of what is wrong.</param>
    /// <param name="row">The row.</param>
    /// <param name="fault">What is wrong, if anything is; the reader then stands anywhere.</param>
    /// <param name="key">The key by which the caller addressed the row; null if the row has to name it itself.</param>
    /// <param name="settings">How texts are read.</param>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static bool TryRead(
        FactTable table,
        ref Utf8JsonReader json,
        long line,
        out HistoryRow row,
        out RejectedRow? fault,
        string? key = null,
        ReaderSettings? settings = null
    )
    {
        var reader = settings is null ? ValueReader.Default : new ValueReader(settings);
        row = null!;
        RejectedRow Reject(string column, string found, string expected) =>
            new(table.Name, line, column, found.Length > 200 ? found[..200] + "…" : found, expected);
        if (json.TokenType != JsonTokenType.StartObject)
        {
            fault = Reject("the row", Kind(json.TokenType), "a JSON object");
            return false;
        }
        var values = new object?[table.Columns.Count];
        List<string>? names = null;
        List<string?>? texts = null;
        var seen = 0L;
        string? money = null;
        List<RowWarning>? notes = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var at = IndexOf(table, ref json);
            if (at < 0)
            {
                if (TakeAttribute(table, ref json, reader, ref names, ref texts) is var (where, what, wanted))
                {
                    fault = Reject(where, what, wanted);
                    return false;
                }
                continue;
            }
            if ((seen & 1L << at) != 0)
            {
                fault = Reject(table.Columns[at].Name, "a second value", "one");
                return false;
            }
            seen |= 1L << at;
            json.Read();
            if (json.TokenType != JsonTokenType.Null)
            {
                values[at] = Value(table.Columns[at], ref json, reader, out var found, out var expected, out var currency);
                if (currency is not null && table.Columns[at].Name == "amount")
                    money = currency;
                else if (currency is not null && ValueReader.NoteOf(table.Columns[at], currency) is { } note)
                    (notes ??= []).Add(note);
                if (expected is not null)
                {
                    fault = Reject(table.Columns[at].Name, found!, expected);
                    return false;
                }
            }
        }
        if (key is not null)
        {
            if (values[0] is string named && named != key)
            {
                fault = Reject(table.Columns[0].Name, named, $"'{key}' as in the address, or nothing");
                return false;
            }
            values[0] = key;
        }
        if (ValueReader.TakeCurrency(table, values, money, ref notes) is { } other)
        {
            fault = Reject("amount", money!, other);
            return false;
        }
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is null && table.Columns[i].Required)
            {
                fault = Reject(table.Columns[i].Name, "nothing", "a value");
                return false;
            }
        }
        foreach (var name in names ?? [])
        {
            // Whoever gives both, or says that there is none, means what it says.
            if (Headers.Mistaken(table, name) is { } near && values[near.Position] is null && (seen & 1L << near.Position) == 0)
            {
                fault = Reject(name, "a property", $"'{near.Name}', which it nearly is, or both ('{near.Name}': null for none)");
                return false;
            }
        }
        row = new(table, values, names is null ? Attributes.None : new([.. names], [.. texts!])) { Notes = notes ?? [] };
        fault = null;
        return true;
    }

    /// <summary>The row as a JSON object that <see cref="TryRead"/> reads; what is absent is left out.</summary>
    public static byte[] Write(HistoryRow row)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < row.Values.Length; i++)
            {
                var name = row.Table.Columns[i].Name;
                switch (row.Values[i])
                {
                    case double number:
                        json.WriteNumber(name, number);
                        break;
                    case DateTime at:
                        json.WriteString(name, Instants.Text(at));
                        break;
                    case string text:
                        json.WriteString(name, text);
                        break;
                    default:
                        break;
                }
            }
            for (var i = 0; i < row.Attributes.Names.Count; i++)
            {
                if (row.Attributes.Values[i] is { } value)
                    json.WriteString(row.Attributes.Names[i], value);
            }
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>What is wrong with an id; null if nothing is.</summary>
    public static string? FaultOfId(string id) =>
        id.Length is 0 or > LongestId || ValueReader.HasControl(id) || id.Trim().Length != id.Length
            ? $"1 to {LongestId} characters, none a control character, no space at either end"
        : id is "." or ".." ? "another id: an address reads '.' and '..' as folders, so no call could name the row"
        : null;

    /// <summary>What is wrong with an id that an address gives a row; null if nothing is. Rows have to be able to name it, so it is what they read.</summary>
    public static string? FaultOfAddress(string id, ReaderSettings settings)
    {
        if (FaultOfId(id) is { } fault)
            return fault;
        var read = new ValueReader(settings).Clean(id) is { } clean ? ValueReader.Visible(clean) : null;
        return read == id ? null
            : read is null ? $"another id: rows read '{id}' as none, so no row could name it"
            : $"'{read}', without marks that nobody sees: so do rows read it";
    }

    static int IndexOf(FactTable table, ref Utf8JsonReader json)
    {
        for (var i = 0; i < table.Columns.Count; i++)
        {
            if (json.ValueTextEquals(table.Columns[i].Name))
                return i;
        }
        return -1;
    }

    /// <summary>Takes the property at which <paramref name="json"/> stands for an attribute, or those of an object "attributes", as some answers have them.</summary>
    /// <returns>What is wrong, if anything is.</returns>
    static (string Column, string Found, string Expected)? TakeAttribute(
        FactTable table,
        ref Utf8JsonReader json,
        ValueReader reader,
        ref List<string>? names,
        ref List<string?>? texts
    )
    {
        if (!TryText(ref json, out var name) || name.Length is 0 or > LongestId || ValueReader.HasControl(name))
            return ("a property's name", name, $"1 to {LongestId} characters, none a control character");
        json.Read();
        if (name == "attributes" && json.TokenType == JsonTokenType.StartObject)
        {
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (IndexOf(table, ref json) is >= 0 and var column)
                    return (name, $"{table.Columns[column].Name} in it", "columns of the contract beside it");
                if (TakeAttribute(table, ref json, reader, ref names, ref texts) is { } fault)
                    return fault;
            }
            return null;
        }
        if (names is { Count: >= MostAttributes })
            return ("the row", $"more than {MostAttributes} attributes", $"at most {MostAttributes}");
        if (!TryAttribute(ref json, reader, out var text))
            return (
                name,
                Kind(json.TokenType),
                $"a text of at most {LongestText} characters, a number, a truth value or a list of those"
            );
        if (names?.Contains(name) == true)
            return (name, "a second value", "one");
        (names ??= []).Add(name);
        (texts ??= []).Add(text);
        return null;
    }

    static object? Value(
        FactColumn column,
        ref Utf8JsonReader json,
        ValueReader reader,
        out string? found,
        out string? expected,
        out string? currency
    )
    {
        (found, expected, currency) = (null, null, null);
        string? text = null;
        switch (json.TokenType)
        {
            case JsonTokenType.Number when column.Kind == ColumnKind.Number:
                if (json.TryGetDouble(out var number) && column.TryKeep(number, out number))
                    return number;
                (found, expected) = (Raw(ref json), column.Numbers);
                return null;
            case JsonTokenType.Number when Raw(ref json) is var digits && digits.All(char.IsAsciiDigit):
                text = digits;
                break;
            case JsonTokenType.StartArray when column.Kind == ColumnKind.Text:
                if (!TryList(ref json, reader, out text))
                    (found, expected) = ("a list with something else in it", "a list of texts");
                break;
            case JsonTokenType.String when TryText(ref json, out text):
                break;
            default:
                (found, expected) = (
                    Raw(ref json),
                    column.Kind switch
                    {
                        ColumnKind.Number => column.Numbers,
                        ColumnKind.Instant => "an ISO 8601 date or instant such as 2026-01-31 or 2026-01-31T09:30:00Z",
                        _ => "a text",
                    }
                );
                break;
        }
        if (expected is not null)
            return null;
        if (!reader.TryRead(column, text!, out var value, out expected, out currency))
            found = text;
        return value;
    }

    static bool TryAttribute(ref Utf8JsonReader json, ValueReader reader, out string? text)
    {
        text = null;
        switch (json.TokenType)
        {
            case JsonTokenType.Null:
                return true;
            case JsonTokenType.String:
                if (!TryText(ref json, out text) || text.Length > LongestText)
                    return false;
                text = reader.Attribute(text);
                return true;
            case JsonTokenType.Number:
                text = Raw(ref json);
                return text.Length <= 100;
            case JsonTokenType.True:
            case JsonTokenType.False:
                text = json.TokenType == JsonTokenType.True ? "true" : "false";
                return true;
            case JsonTokenType.StartArray:
                return TryList(ref json, reader, out text) && text!.Length <= LongestText;
            default:
                return false;
        }
    }

    static bool TryList(ref Utf8JsonReader json, ValueReader reader, out string? text)
    {
        var parts = new List<string>();
        text = null;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (
                json.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject
                || !TryAttribute(ref json, reader, out var part)
                || part?.Contains('|') == true
            )
                return false;
            if (part is not null)
                parts.Add(part);
        }
        text = string.Join('|', parts);
        return true;
    }

    /// <summary>False if the text holds half a surrogate pair, which is no Unicode.</summary>
    static bool TryText(ref Utf8JsonReader json, out string text)
    {
        try
        {
            text = json.GetString() ?? "";
            return true;
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }

    static string Raw(ref Utf8JsonReader json) =>
        json.TokenType switch
        {
            JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(json.ValueSpan),
            JsonTokenType.String => TryText(ref json, out var text) ? text : "text that is no Unicode",
            _ => Kind(json.TokenType),
        };

    static string Kind(JsonTokenType token) =>
        token switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "a list",
            JsonTokenType.String => "a text",
            JsonTokenType.Number => "a number",
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            JsonTokenType.Null => "null",
            _ => token.ToString(),
        };
}
