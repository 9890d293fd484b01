using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Which field of a line goes to which column.</summary>
sealed class FileColumns
{
    readonly SourceMap _map;
    readonly FactTable _table;
    readonly ValueReader _values;
    readonly FileSurvey _survey;
    readonly string[] _names;
    readonly KnownKeys? _keys;

    /// <summary>By column of the table: the fields that may fill it; the first that counts and holds something does.</summary>
    readonly FieldSource[][] _sources;

    /// <summary>Fields that go to one column or another; a value that goes to none is not lost in silence.</summary>
    readonly (int Field, FieldSource[] Ways)[] _ways;
    readonly IReadOnlyDictionary<string, string>?[] _words;
    readonly string?[] _set;
    readonly string[] _attributeNames;
    readonly FieldSource[] _attributes;
    readonly (int Field, IReadOnlyList<string> Values)[] _where;
    readonly ColumnCensus[] _census;
    readonly int _amount;
    readonly FileTargets _targets;

    /// <summary>Takes the names of a file.</summary>
    /// <exception cref="InvalidDataException">A column is missing, or nearly there, or stands twice.</exception>
    public FileColumns(SourceMap map, string[] names, FileSurvey survey, KnownKeys? keys)
    {
        (_map, _table, _names, _keys, _survey, _values) = (map, map.Table, names, keys, survey, survey.Values);
        _targets = new(map, names);
        if (_table.IndexOf("outcome") >= 0 && !_targets.HasSource("outcome"))
            _targets.RefuseOutcomeIn(survey.Endings);
        _sources = _targets.Sources;
        _ways = _targets.Ways;
        (_attributeNames, _attributes) = (_targets.AttributeNames, _targets.Attributes);
        _words = [.. _table.Columns.Select(column => map.Values.GetValueOrDefault(column.Name))];
        _set = [.. _table.Columns.Select(column => map.Set.GetValueOrDefault(column.Name))];
        _where = FileTargets.Conditions(names, map.Where);
        _census = [.. names.Select(_ => new ColumnCensus())];
        _amount = _table.IndexOf("amount");
    }

    /// <summary>True if a column of the key of the last row named what was merged into something else.</summary>
    public bool HasRenamedKey { get; private set; }

    /// <summary>True if the map does not pass the row over.</summary>
    public bool Counts(string[] fields) => Holds(_where, fields);

    /// <summary>The row of a line; null if it was rejected.</summary>
    public HistoryRow? ToRow(string[] fields, Action<string, string, string> reject)
    {
        HasRenamedKey = false;
        foreach (var (field, ways) in _ways)
        {
            if (_values.Clean(fields[field]) is { } lost && !Array.Exists(ways, way => Holds(way.When, fields)))
            {
                reject(
                    _names[field],
                    lost,
                    $"a map that says where it goes when {string.Join(" and ", ways[0].When.Select(one => $"{_names[one.Field]} is '{fields[one.Field].Trim()}'"))}"
                );
                return null;
            }
        }
        for (var i = 0; i < _names.Length; i++)
        {
            if (!fields[i].Contains(CsvDialect.NotText, StringComparison.Ordinal))
                continue;
            reject(
                _names[i],
                fields[i].Replace(CsvDialect.NotText, "\uFFFD", StringComparison.Ordinal),
                _map.Encoding ?? "UTF-8, or the setting 'encoding' of the file, such as windows-1252"
            );
            return null;
        }
        var values = new object?[_table.Columns.Count];
        string? money = null;
        List<RowWarning>? notes = null;
        for (var i = 0; i < values.Length; i++)
        {
            var column = _table.Columns[i];
            var source = SourceOf(_sources[i], fields);
            var text = source is null ? "" : fields[source.Field];
            if (
                _words[i] is { } words
                && (
                    words.TryGetValue(text.Trim(), out var ours)
                    || words.TryGetValue(_values.Clean(text) ?? "", out ours)
                    || words.TryGetValue("*", out ours)
                )
            )
                text = ours;
            if (_set[i] is { } set && _values.Clean(text) is null)
                text = set;
            if (
                !_values.TryRead(
                    column,
                    text,
                    out values[i],
                    out var expected,
                    out var currency,
                    source is null || !_survey.ListColumns.Contains(source.Field)
                )
            )
            {
                reject(column.Name, text.Trim(), expected!);
                return null;
            }
            if (values[i] is null)
            {
                if (text.Length > 0 && source is not null && !string.IsNullOrWhiteSpace(text))
                    _census[source.Field].Placeholders++;
                if (!column.Required)
                    continue;
                reject(column.Name, text.Trim(), "a value");
                return null;
            }
            if (source is not null)
            {
                _census[source.Field].Add();
                if (
                    column.IsList
                    && text.Contains(',', StringComparison.Ordinal)
                    && values[i] is string list
                    && !list.Contains(',', StringComparison.Ordinal)
                )
                    _census[source.Field].PartedByComma++;
            }
            if (i == _amount)
                money = currency;
            else if (currency is not null && ValueReader.NoteOf(column, currency) is { } note)
                (notes ??= []).Add(note);
            if (!IsKnown(column, source, values, reject))
                return null;
        }
        if (ValueReader.TakeCurrency(_table, values, money, ref notes) is { } other)
        {
            reject("amount", money!, other);
            return null;
        }
        return new HistoryRow(_table, values, ReadAttributes(fields)) { Notes = notes ?? [] };
    }

    /// <summary>What the columns were taken for.</summary>
    /// <param name="rows">How many rows were looked at.</param>
    public List<ColumnReading> Readings(long rows)
    {
        var readings = new List<ColumnReading>();
        for (var i = 0; i < _names.Length; i++)
        {
            var census = _census[i];
            var full = rows == 0 ? 0 : census.Filled / (double)rows;
            var contract = _table
                .Columns.Where(column => Array.Exists(_sources[column.Position], source => source.Field == i))
                .ToList();
            var attribute = Array.FindIndex(_attributes, source => source.Field == i);
            var placeholders =
                census.PartedByComma > 0
                    ? FormattableString.Invariant(
                        $"{census.PartedByComma} lists parted at commas; list_separators says otherwise"
                    )
                : census.Placeholders == 0 ? null
                : FormattableString.Invariant($"{census.Placeholders} placeholders are unknown");
            if (contract.Count > 0)
                readings.Add(
                    new(
                        _names[i],
                        string.Join(", ", contract.Select(column => column.Name)),
                        "contract",
                        TypeOf(contract[0]),
                        Math.Min(1, full / contract.Count),
                        placeholders
                    )
                );
            else if (attribute >= 0)
                readings.Add(
                    new(
                        _names[i],
                        _attributeNames[attribute],
                        "attribute",
                        census.Type,
                        full,
                        (_targets.NearTo(_attributeNames[attribute]) is { } near ? $"{near.Name}? a map says so" : null)
                            ?? (
                                census.Unread > 0
                                    ? FormattableString.Invariant(
                                        $"{census.Unread} are kept as text: they could be two numbers or dates, or are none; the settings decimal and dates decide"
                                    )
                                    : placeholders
                            )
                    )
                );
            else
                readings.Add(
                    new(
                        _names[i].Length == 0 ? FormattableString.Invariant($"column {i + 1}") : _names[i],
                        null,
                        "passed_over",
                        census.Filled == 0 ? "empty" : census.Type,
                        full,
                        _names[i].Length == 0 ? "it has no name" : "the map says so"
                    )
                );
        }
        foreach (
            var name in _map
                .Columns.Where(one => one.Value.Count > 0)
                .Select(one => one.Key)
                .Concat(_map.Where.Keys)
                .Where(name => !_names.Contains(name))
                .Distinct()
        )
            readings.Add(new(name, null, "passed_over", "", 0, "the map names it; the file does not have it"));
        return readings;
    }

    Attributes ReadAttributes(string[] fields)
    {
        for (var i = 0; i < _names.Length; i++)
        {
            if (_names[i].Length == 0 && _values.Clean(fields[i]) is { } nameless)
                _census[i].Add(nameless);
        }
        if (_attributeNames.Length == 0)
            return Attributes.None;
        var texts = new string?[_attributes.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            var (source, field) = (_attributes[i], _attributes[i].Field);
            if (!Holds(source.When, fields))
                continue;
            texts[i] = AsContractWrites(field, _values.Attribute(fields[field]));
            if (texts[i] is { } text)
                _census[field].Add(text);
            else if (!string.IsNullOrWhiteSpace(fields[field]))
                _census[field].Placeholders++;
        }
        return new(_attributeNames, texts);
    }

    /// <summary>A number or date of a column that the contract does not name, as the contract writes it.</summary>
    string? AsContractWrites(int field, string? text)
    {
        if (text is null)
            return null;
        var read = _survey.NumberColumns.Contains(field)
            ? _survey.Own.TryReadNumber(text) is { } number
                ? Numbers.Text(number)
                : null
            : _survey.DateColumns.Contains(field)
                ? _survey.Own.TryReadDate(text) is { } at
                    ? Instants.Text(at)
                    : null
                : text;
        _census[field].Unread += read is null ? 1 : 0;
        return read ?? text;
    }

    bool IsKnown(FactColumn column, FieldSource? source, object?[] values, Action<string, string, string> reject)
    {
        // Without them, whoever takes the row says so.
        if (_keys is null)
            return true;
        var i = column.Position;
        if (column.References is { } other)
        {
            var text = (string)values[i]!;
            var found = source?.By is { } by ? _keys.FindBy(other, by, text) : text;
            if (found is null || _keys.Find(other, found) is not { } key)
            {
                reject(
                    column.Name,
                    text,
                    source?.By is { } named
                        ? $"the {named} of one of {other}, and of one only"
                        : _keys.Erased(other, text) ?? $"an id that {other} has"
                );
                return false;
            }
            values[i] = key;
            HasRenamedKey |= i < _table.KeyLength && key != found;
        }
        else if (i == 0 && _keys.Erased(_table.Name, (string)values[0]!) is { } erased)
        {
            reject(column.Name, (string)values[0]!, erased);
            return false;
        }
        return true;
    }

    bool Holds((int Field, IReadOnlyList<string> Values)[] conditions, string[] fields)
    {
        foreach (var (field, values) in conditions)
        {
            var text = field < 0 ? "" : _values.Clean(fields[field]) ?? "";
            if (
                !values.Any(value =>
                    value == "*" ? text.Length > 0
                    : value is ['@', .. var table] ? text.Length > 0 && _keys?.Find(table, text) is not null
                    : TextKey.AreSame(value, text)
                )
            )
                return false;
        }
        return true;
    }

    FieldSource? SourceOf(FieldSource[] sources, string[] fields)
    {
        FieldSource? empty = null;
        foreach (var source in sources)
        {
            if (source.When.Length > 0 && !Holds(source.When, fields))
                continue;
            if (sources.Length == 1 || _values.Clean(fields[source.Field]) is not null)
                return source;
            empty ??= source;
        }
        return empty;
    }

    static string TypeOf(FactColumn column) =>
        column.References is { } other ? $"id of {other}"
        : column.OneOf is { } words ? string.Join("|", words)
        : column.IsList ? "list"
        : column.Kind switch
        {
            ColumnKind.Number => "number",
            ColumnKind.Instant => "date",
            _ => column.IsId ? "id" : "text",
        };
}
