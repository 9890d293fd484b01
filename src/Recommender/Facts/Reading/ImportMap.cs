using System.Globalization;
using System.Text.Json;
using CsvHelper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Where the values of a column of a file go.</summary>
/// <param name="As">A column of the table, or the name of an attribute.</param>
/// <param name="By">For a column that names a row of another table: the column there that the value is one of, such as name; null for the id.</param>
/// <param name="When">Other columns of the file and what they have to hold, so that the value counts.</param>
public sealed record ColumnTarget(string As, string? By, IReadOnlyDictionary<string, IReadOnlyList<string>> When);

/// <summary>How rows of one file become rows of one table.</summary>
public sealed record SourceMap
{
    /// <summary>The table.</summary>
    public required FactTable Table { get; init; }

    /// <summary>The file's name, in which * stands for anything.</summary>
    public required string File { get; init; }

    /// <summary>Columns of the file and where they go; nowhere if the list is empty. What is not named goes where its name says.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<ColumnTarget>> Columns { get; init; } =
        new Dictionary<string, IReadOnlyList<ColumnTarget>>();

    /// <summary>True if columns that are not named are passed over.</summary>
    public bool OnlyNamed { get; init; }

    /// <summary>By column of the table: what a value of the file is there; * stands for any other.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Values { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>What a column of the table holds where the file has nothing.</summary>
    public IReadOnlyDictionary<string, string> Set { get; init; } = new Dictionary<string, string>();

    /// <summary>Columns of the file and what they have to hold, so that a row counts; * is anything, the empty text nothing, @partners the id of a partner.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Where { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The file's encoding; null if the file has to tell.</summary>
    public string? Encoding { get; init; }

    /// <summary>What parts the file's fields; null if the file has to tell.</summary>
    public string? Separator { get; init; }

    /// <summary>How values are read.</summary>
    public ReaderSettings Settings { get; init; } = ReaderSettings.Default;
}

/// <summary>Which files of a folder hold which tables, and how their columns are called.</summary>
/// <param name="Sources">Files that a map names; other files are read as the contract says.</param>
/// <param name="Defaults">What holds for all files.</param>
public sealed record ImportMap(IReadOnlyList<SourceMap> Sources, SourceMap Defaults)
{
    static readonly string[] _general =
    [
        "encoding",
        "separator",
        "decimal",
        "dates",
        "time_zone",
        "placeholders",
        "list_separators",
    ];
    static readonly string[] _ofTable = ["from", "only", "columns", "values", "set", "where"];

    /// <summary>No map.</summary>
    public static ImportMap None { get; } = new([], new() { Table = FactTables.Accounts, File = "" });

    /// <summary>Reads a map: JSON, or CSV if the file's name ends so.</summary>
    /// <exception cref="InvalidDataException">It is none; the message says where, what was found and what was expected.</exception>
    public static ImportMap Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"{path} not found; expected a map, as docs/maps/README.md describes it.");
        var name = Path.GetFileName(path);
        if (path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
        {
            using var reader = File.OpenText(path);
            return OfCsv(name, reader);
        }
        try
        {
            using var json = JsonDocument.Parse(
                File.ReadAllText(path),
                new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }
            );
            return Of(name, json.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                FormattableString.Invariant($"{name}, line {e.LineNumber + 1}: no JSON; expected an object with 'tables'."),
                e
            );
        }
    }

    /// <summary>Reads a map from JSON.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static ImportMap Of(string name, JsonElement json) => new MapReader(name).Map(json);

    /// <summary>
    /// Reads a map from CSV with the columns table, column, as, value, becomes: a line with a value says what that value is, one without where a
    /// column goes (nowhere if as is empty), one without a table what a setting is.
    /// </summary>
    static ImportMap OfCsv(string name, TextReader reader)
    {
        using var csv = new CsvParser(reader, CultureInfo.InvariantCulture);
        if (!csv.Read() || csv.Record!.Select(one => one.Trim()).ToArray() is not ["table", "column", "as", .. var more] header)
            throw new InvalidDataException($"{name}, line 1: expected a header of table,column,as,value,becomes.");
        var json = new Dictionary<string, object>();
        var tables = new Dictionary<string, Dictionary<string, Dictionary<string, object?>>>();
        while (csv.Read())
        {
            var fields = csv.Record!.Select(one => one.Trim()).Concat(Enumerable.Repeat("", 5)).Take(5).ToArray();
            var (table, column, to, value, becomes) = (fields[0], fields[1], fields[2], fields[3], fields[4]);
            if (table.Length == 0)
            {
                if (column.Length > 0)
                    json[column] = to;
                continue;
            }
            var of = Get(tables, table);
            if (column.Length == 0 && value.Length == 0)
                throw new InvalidDataException(
                    FormattableString.Invariant($"{name}, line {csv.RawRow}: no column; expected one of the file of {table}.")
                );
            if (value.Length == 0)
            {
                var columns = Get(of, "columns");
                columns[column] =
                    to.Length == 0 ? null
                    : columns.GetValueOrDefault(column) is string before && before != to ? new[] { before, to }
                    : to;
            }
            else
            {
                var values = Get(of, "values");
                if (!values.TryGetValue(to, out var known))
                    values[to] = known = new Dictionary<string, string>();
                ((Dictionary<string, string>)known!)[value] = becomes;
            }
        }
        json["tables"] = tables;
        return new MapReader(name).Map(JsonSerializer.SerializeToElement(json));

        static TValue Get<TValue>(Dictionary<string, TValue> of, string key)
            where TValue : new() => of.TryGetValue(key, out var known) ? known : of[key] = new();
    }

    /// <summary>Reads the JSON of a map.</summary>
    sealed class MapReader(string name)
    {
        public ImportMap Map(JsonElement map)
        {
            var defaults = General(map, "the map", ["tables", .. _general], new() { Table = FactTables.Accounts, File = "" });
            var sources = new List<SourceMap>();
            if (map.TryGetProperty("tables", out var tables))
            {
                foreach (var property in Object(tables, "tables"))
                {
                    var table =
                        FactTables.Find(property.Name)
                        ?? throw Fault($"tables.{property.Name}", property.Name, $"one of {string.Join(", ", FactTables.All)}");
                    foreach (
                        var one in property.Value.ValueKind == JsonValueKind.Array
                            ? [.. property.Value.EnumerateArray()]
                            : new[] { property.Value }
                    )
                        sources.Add(Source(one, table, defaults));
                }
            }
            return new(sources, defaults);
        }

        SourceMap Source(JsonElement json, FactTable table, SourceMap defaults)
        {
            var where = $"tables.{table.Name}";
            var source = General(json, where, [.. _ofTable, .. _general], defaults with { Table = table, File = table.File });
            foreach (var property in Object(json, where))
            {
                var here = $"{where}.{property.Name}";
                source = property.Name switch
                {
                    "only" => source with { OnlyNamed = Text(property.Value, here) == "True" },
                    "from" => source with { File = Text(property.Value, here) },
                    "columns" => source with
                    {
                        Columns = Named(property.Value, here, one => Targets(one.Value, $"{here}.{one.Name}")),
                    },
                    "values" => source with
                    {
                        Values = Named(
                            property.Value,
                            here,
                            one => (IReadOnlyDictionary<string, string>)Words(one.Value, $"{here}.{one.Name}"),
                            table
                        ),
                    },
                    "set" => source with { Set = Named(property.Value, here, one => Text(one.Value, here), table) },
                    "where" => source with { Where = Conditions(property.Value, here) },
                    _ => source,
                };
            }
            foreach (var target in source.Columns.Values.SelectMany(targets => targets).Where(target => target.By is not null))
            {
                var other = table.IndexOf(target.As) is >= 0 and var at
                    ? FactTables.Find(table.Columns[at].References ?? "")
                    : null;
                if (other is null || other.IndexOf(target.By!) < 0)
                    throw Fault(
                        $"{where}.columns",
                        $"{target.As} by {target.By}",
                        "a column that names a row of another table, by a column there"
                    );
            }
            return source;
        }

        /// <summary>What words of a file mean, as people compare them.</summary>
        Dictionary<string, string> Words(JsonElement json, string where)
        {
            var words = new Dictionary<string, string>(TextKey.Comparer);
            foreach (var one in Object(json, where))
            {
                var means = Text(one.Value, where);
                if (!words.TryAdd(one.Name, means) && words[one.Name] != means)
                    throw Fault(where, $"{one.Name} twice", "one meaning of a word, whatever its case and blanks");
            }
            return words;
        }

        /// <summary>The properties of an object, each once; those of a table's columns if one is given.</summary>
        Dictionary<string, T> Named<T>(JsonElement json, string where, Func<JsonProperty, T> read, FactTable? table = null)
        {
            var named = new Dictionary<string, T>();
            foreach (var one in Object(json, where))
            {
                if (table is not null && table.IndexOf(one.Name) < 0)
                    throw Fault(
                        where,
                        one.Name,
                        $"a column of {table}: {string.Join(", ", table.Columns.Select(column => column.Name))}"
                    );
                if (!named.TryAdd(one.Name, read(one)))
                    throw Fault(where, $"{one.Name} twice", "it once");
            }
            return named;
        }

        SourceMap General(JsonElement json, string where, string[] known, SourceMap source)
        {
            foreach (var property in Object(json, where))
            {
                var here = where == "the map" ? property.Name : $"{where}.{property.Name}";
                if (!known.Contains(property.Name))
                    throw Fault(here, property.Name, $"one of {string.Join(", ", known)}");
                var settings = source.Settings;
                source = property.Name switch
                {
                    "encoding" => source with { Encoding = Text(property.Value, here) },
                    "separator" when Text(property.Value, here).Length == 0 => throw Fault(here, "", "a sign such as ; or tab"),
                    "separator" => source with
                    {
                        Separator = Text(property.Value, here) is "tab" or "\\t" ? "\t" : Text(property.Value, here),
                    },
                    "decimal" => source with { Settings = settings with { Sign = Word<DecimalSign>(property.Value, here) } },
                    "dates" => source with { Settings = settings with { Dates = Word<DateOrder>(property.Value, here) } },
                    "time_zone" => source with { Settings = settings with { Zone = Zone(property.Value, here) } },
                    "placeholders" => source with
                    {
                        Settings = settings with { Placeholders = [.. Texts(property.Value, here)] },
                    },
                    "list_separators" => source with { Settings = settings with { ListSeparators = Text(property.Value, here) } },
                    _ => source,
                };
            }
            return source;
        }

        IReadOnlyList<ColumnTarget> Targets(JsonElement json, string where) =>
            json.ValueKind switch
            {
                JsonValueKind.Null => [],
                JsonValueKind.Array => [.. json.EnumerateArray().SelectMany(one => Targets(one, where))],
                JsonValueKind.String => [new(Text(json, where), null, new Dictionary<string, IReadOnlyList<string>>())],
                _ => [Target(json, where)],
            };

        ColumnTarget Target(JsonElement json, string where)
        {
            string? to = null,
                by = null;
            IReadOnlyDictionary<string, IReadOnlyList<string>> when = new Dictionary<string, IReadOnlyList<string>>();
            foreach (var property in Object(json, where))
            {
                if (property.Name == "as")
                    to = Text(property.Value, where);
                else if (property.Name == "by")
                    by = Text(property.Value, where);
                else if (property.Name == "when")
                    when = Conditions(property.Value, $"{where}.when");
                else
                    throw Fault(where, property.Name, "as, by or when");
            }
            return new(to ?? throw Fault(where, "no 'as'", "the column that it becomes"), by, when);
        }

        Dictionary<string, IReadOnlyList<string>> Conditions(JsonElement json, string where) =>
            Named(
                json,
                where,
                one =>
                    (IReadOnlyList<string>)
                        [
                            .. Texts(one.Value, $"{where}.{one.Name}")
                                .Select(text =>
                                    text is ['@', .. var table]
                                    && !FactTables.All.Any(other => other.Columns.Any(column => column.References == table))
                                        ? throw Fault($"{where}.{one.Name}", text, "@accounts, @partners or @opportunities")
                                        : text
                                ),
                        ]
            );

        IEnumerable<string> Texts(JsonElement json, string where) =>
            json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().Select(one => Text(one, where)) : [Text(json, where)];

        string Text(JsonElement json, string where) =>
            json.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
                ? json.ToString()
                : throw Fault(where, json.ValueKind.ToString(), "a text");

        T Word<T>(JsonElement json, string where)
            where T : struct, Enum
        {
            var text = Text(json, where);
            return
                Enum.TryParse<T>(text.Replace("_", "", StringComparison.Ordinal), true, out var word)
                && !char.IsAsciiDigit(text[0])
                ? word
                : throw Fault(
                    where,
                    text,
                    string.Join(" or ", Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName))
                );
        }

        TimeZoneInfo Zone(JsonElement json, string where) =>
            TimeZoneInfo.TryFindSystemTimeZoneById(Text(json, where), out var zone)
                ? zone
                : throw Fault(where, Text(json, where), "a time zone such as Europe/Berlin");

        JsonElement.ObjectEnumerator Object(JsonElement json, string where) =>
            json.ValueKind == JsonValueKind.Object
                ? json.EnumerateObject()
                : throw Fault(where, json.ValueKind.ToString(), "an object");

        InvalidDataException Fault(string where, string found, string expected) =>
            new($"{name}: {where} is '{found}'; expected {expected}.");
    }
}
