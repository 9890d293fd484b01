using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Recommender.Facts;

namespace Recommender.Api.Pages.Imports;

/// <summary>A column of a file and what was chosen for it: a column of the table, "attribute" or "none".</summary>
/// <param name="Field">The name of its choice list.</param>
/// <param name="Column">The column.</param>
/// <param name="Chosen">What was chosen.</param>
/// <param name="Words">Words of it that the table does not have, and what each was said to mean.</param>
public sealed record ColumnChoice(
    string Field,
    UploadedColumn Column,
    string Chosen,
    IReadOnlyList<(string Field, string Word, string Means)> Words
);

/// <summary>What is known of a file before anybody chose.</summary>
/// <param name="Path">Where its page is.</param>
/// <param name="Query">What goes with it.</param>
/// <param name="Set">By column of the table, what it holds where the file has nothing.</param>
/// <param name="Columns">By name in the file, the column of the table; others are passed over.</param>
/// <param name="Words">What words of the file mean.</param>
public sealed record ImportPreset(
    string Path,
    string Query,
    IReadOnlyDictionary<string, string> Set,
    IReadOnlyDictionary<string, string> Columns,
    IReadOnlyDictionary<string, string> Words
);

/// <summary>A file as it would be read by what was chosen.</summary>
public sealed record ImportView(
    string Id,
    UploadedFile File,
    FactTable Table,
    IReadOnlyList<ColumnChoice> Columns,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<UploadedRow> Rows,
    string? Fault,
    string Map
)
{
    /// <summary>What was known before anybody chose; null if nothing was.</summary>
    public ImportPreset? Preset { get; private init; }

    /// <summary>Where a part of its page is.</summary>
    public string Address(string part = "") => Preset is { } known ? known.Path + part + known.Query : $"/import/{Id}{part}";

    /// <summary>Passed over.</summary>
    public const string None = "none";

    /// <summary>Kept under its own name.</summary>
    public const string Attribute = "attribute";

    const int Shown = 20;
    static readonly JsonSerializerOptions _json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Settings of a file that may be chosen, with what each may be.</summary>
    public static IReadOnlyList<(string Name, string Label, string[] Values)> Choices { get; } =
    [
        ("encoding", "Encoding", ["utf-8", "utf-16", "windows-1252", "windows-1250", "iso-8859-15"]),
        ("separator", "Fields parted by", [",", ";", "tab", "|"]),
        ("decimal", "Decimal sign", ["point", "comma"]),
        ("dates", "03/04/2024 is", ["day_first", "month_first"]),
    ];

    /// <summary>What a file would be read as.</summary>
    /// <param name="id">By which the file is found.</param>
    /// <param name="table">The table.</param>
    /// <param name="file">The file.</param>
    /// <param name="form">What was chosen; what was not is suggested.</param>
    /// <param name="settings">How texts are read where the file says nothing else.</param>
    /// <param name="preset">What is known before anybody chose; null if nothing is.</param>
    public static ImportView Of(
        string id,
        FactTable table,
        UploadedFile file,
        IFormCollection form,
        ReaderSettings settings,
        ImportPreset? preset = null
    )
    {
        var chosen = Choices
            .Select(choice => (choice.Name, Value: form[choice.Name].ToString()))
            .Where(one => one.Value.Length > 0)
            .ToDictionary(one => one.Name, one => one.Value);
        var zone = form["time_zone"].ToString().Trim();
        if (zone.Length > 0)
            chosen["time_zone"] = zone;
        var map = new JsonObject();
        foreach (var (name, value) in chosen)
            map[name] = value;
        try
        {
            var columns = Choose(file, Source(file, table, map, settings), form, preset);
            var (into, values) = (new JsonObject(), new JsonObject());
            foreach (var one in columns.Where(one => one.Column.Name.Length > 0))
            {
                into[one.Column.Name] =
                    one.Chosen == None ? null
                    : one.Chosen == Attribute ? one.Column.Name
                    : one.Chosen;
                foreach (var (_, word, means) in one.Words.Where(word => word.Means.Length > 0))
                {
                    values[one.Chosen] ??= new JsonObject();
                    values[one.Chosen]!.AsObject()[word] = means;
                }
            }
            var source = new JsonObject { ["from"] = file.Name, ["columns"] = into };
            if (values.Count > 0)
                source["values"] = values;
            if (preset is { Set.Count: > 0 })
                source["set"] = JsonSerializer.SerializeToNode(preset.Set);
            map["tables"] = new JsonObject { [table.Name] = source };
            var view = new ImportView(id, file, table, columns, chosen, [], null, map.ToJsonString(_json)) { Preset = preset };
            try
            {
                return view with { Rows = [.. view.Read(settings).Take(Shown)] };
            }
            catch (InvalidDataException e)
            {
                return view with { Fault = e.Message };
            }
        }
        catch (InvalidDataException e)
        {
            return new(id, file, table, [], chosen, [], e.Message, "") { Preset = preset };
        }
    }

    /// <summary>All rows as they are read by what was chosen.</summary>
    public IEnumerable<UploadedRow> Read(ReaderSettings settings) =>
        File.Rows(Source(File, Table, JsonNode.Parse(Map)!.AsObject(), settings));

    /// <summary>The file read otherwise, by what was chosen.</summary>
    public T Read<T>(ReaderSettings settings, Func<UploadedFile, SourceMap, T> read) =>
        read(File, Source(File, Table, JsonNode.Parse(Map)!.AsObject(), settings));

    /// <summary>The table's columns that nothing becomes and that must be there.</summary>
    public IEnumerable<string> Missing =>
        Table
            .Columns.Where(column =>
                column.Required && Preset?.Set.ContainsKey(column.Name) != true && !Columns.Any(one => one.Chosen == column.Name)
            )
            .Select(column => column.Name);

    /// <summary>What a row holds under a column of the table or an attribute's name.</summary>
    public static string Text(HistoryRow row, string column) =>
        row.Table.IndexOf(column) < 0
            ? row.Attributes[column] ?? ""
            : row[column] switch
            {
                DateTime at when at.TimeOfDay == TimeSpan.Zero => at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                DateTime at => at.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
                double number => number.ToString("R", CultureInfo.InvariantCulture),
                var text => (string?)text ?? "",
            };

    static SourceMap Source(UploadedFile file, FactTable table, JsonObject map, ReaderSettings settings)
    {
        var read = ImportMap.Of(file.Name, JsonSerializer.SerializeToElement(map));
        var source = read.Sources is [var one] ? one : read.Defaults with { Table = table, File = file.Name };
        return source with
        {
            Settings = source.Settings with
            {
                Placeholders = settings.Placeholders,
                ListSeparators = settings.ListSeparators,
                Zone = map.ContainsKey("time_zone") ? source.Settings.Zone : settings.Zone,
                Sign = source.Settings.Sign ?? settings.Sign,
                Dates = source.Settings.Dates ?? settings.Dates,
            },
        };
    }

    static List<ColumnChoice> Choose(UploadedFile file, SourceMap map, IFormCollection form, ImportPreset? preset)
    {
        var choices = new List<ColumnChoice>();
        var taken = new HashSet<string>();
        var columns = file.Columns(map);
        for (var i = 0; i < columns.Count; i++)
        {
            var field = FormattableString.Invariant($"column{i}");
            var said = form[field].ToString();
            var chosen =
                columns[i].Name.Length == 0 ? None
                : said is None or Attribute || map.Table.IndexOf(said) >= 0 ? said
                : preset is not null ? preset.Columns.GetValueOrDefault(columns[i].Name, None)
                : columns[i].Suggested is { } near
                && !taken.Contains(near)
                && !columns.Any(other => other.Name == near && other != columns[i])
                    ? near
                : Attribute;
            taken.Add(chosen);
            var known = map.Table.IndexOf(chosen) is >= 0 and var at ? map.Table.Columns[at].OneOf : null;
            choices.Add(
                new(
                    field,
                    columns[i],
                    chosen,
                    known is null
                        ? []
                        :
                        [
                            .. columns[i]
                                .Words.Select((word, w) => (FormattableString.Invariant($"{field}word{w}"), word))
                                .Where(one =>
                                    !known.Contains(one.word, StringComparer.OrdinalIgnoreCase)
                                    && !map.Settings.IsPlaceholder(one.word)
                                )
                                .Select(one =>
                                    (
                                        one.Item1,
                                        one.word,
                                        known.Contains(form[one.Item1].ToString())
                                            ? form[one.Item1].ToString()
                                            : UploadedFile.Means(one.word, known)
                                                ?? preset?.Words.GetValueOrDefault(one.word)
                                                ?? ""
                                    )
                                ),
                        ]
                )
            );
        }
        return choices;
    }
}
