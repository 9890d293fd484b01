namespace Recommender.Facts;

/// <summary>A field that may fill a column.</summary>
/// <param name="Field">Its position in the file.</param>
/// <param name="By">The column of the other table that its value is one of; null for the id.</param>
/// <param name="When">Other fields and what they have to hold.</param>
sealed record FieldSource(int Field, string? By, (int Field, IReadOnlyList<string> Values)[] When);

/// <summary>Which columns the names of a file's header go to. A header that is nearly right is refused, with the lines that mend it.</summary>
sealed class FileTargets
{
    readonly SourceMap _map;
    readonly FactTable _table;
    readonly string[] _names;

    /// <summary>Takes the names of a file.</summary>
    /// <exception cref="InvalidDataException">A column is missing, or nearly there, or stands twice, or is no text.</exception>
    public FileTargets(SourceMap map, string[] names)
    {
        (_map, _table, _names) = (map, map.Table, names);
        RefuseNoText();
        RefuseTwice();
        var targets = new List<(string As, FieldSource Source)>();
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0)
                continue;
            if (!map.Columns.TryGetValue(names[i], out var given))
            {
                if (!map.OnlyNamed)
                    targets.Add((names[i], new(i, null, [])));
            }
            else
                targets.AddRange(
                    given.Select(target => (target.As, new FieldSource(i, target.By, Conditions(names, target.When))))
                );
        }
        ILookup<string, FieldSource> byName = targets.ToLookup(target => target.As, target => target.Source);
        Sources = [.. _table.Columns.Select(column => byName[column.Name].ToArray())];
        RefuseTwoForOne();
        RefuseAbsentConditions();
        Ways =
        [
            .. targets
                .GroupBy(target => target.Source.Field)
                .Where(group => group.Count() > 1 && group.All(target => target.Source.When.Length > 0))
                .Select(group => (group.Key, group.Select(target => target.Source).ToArray())),
        ];
        RefuseMissing();
        var own = targets.Where(target => _table.IndexOf(target.As) < 0).ToList();
        AttributeNames = [.. own.Select(target => target.As).Distinct()];
        if (AttributeNames.Length < own.Count)
            throw Fault(
                $"two columns become '{own.GroupBy(target => target.As).First(group => group.Count() > 1).Key}'; expected one."
            );
        Attributes = [.. own.Select(target => target.Source)];
    }

    /// <summary>By column of the table: the fields that may fill it.</summary>
    public FieldSource[][] Sources { get; }

    /// <summary>Fields that go to one column or another, each under a condition.</summary>
    public (int Field, FieldSource[] Ways)[] Ways { get; }

    /// <summary>What the columns are called that the contract does not name.</summary>
    public string[] AttributeNames { get; }

    /// <summary>Where they come from.</summary>
    public FieldSource[] Attributes { get; }

    /// <summary>True if a field of the file, or the map, may fill a column.</summary>
    public bool HasSource(string column) => Sources[_table.IndexOf(column)].Length > 0 || _map.Set.ContainsKey(column);

    /// <summary>The column that a name is nearly that of and that nothing fills; null if there is none.</summary>
    public FactColumn? NearTo(string name) =>
        Headers.Near(_table, name, out _) is { } near && Sources[near.Position].Length == 0 ? near : null;

    /// <summary>Refuses a file of deals without outcomes, if another column says how deals ended.</summary>
    /// <param name="endings">Columns and the words that say so.</param>
    public void RefuseOutcomeIn(IReadOnlyDictionary<int, SortedSet<string>> endings)
    {
        foreach (var (field, words) in endings.OrderBy(one => one.Key))
        {
            if (_map.OnlyNamed && !_map.Columns.ContainsKey(_names[field]))
                continue;
            var kept = _map.Columns.TryGetValue(_names[field], out var given)
                ? given.Select(target => target.As).FirstOrDefault()
                : _names[field];
            throw Fault(
                $"no column is outcome while '{_names[field]}' holds {string.Join(", ", words.Select(word => $"'{word}'"))}: every deal would count as open; expected --map FILE.csv with a header of table,column,as,value,becomes and the lines {string.Join(
                    " and ",
                    [
                        .. kept is null ? (string[])[] : [Line(_names[field], kept, "", "")],
                        Line(_names[field], "outcome", "", ""),
                        .. words.Select(word => Line("", "outcome", word, Headers.Ending(word)!)),
                        Line("", "outcome", "*", ""),
                    ]
                )}; or an empty column outcome, if they are open."
            );
        }
    }

    /// <summary>Where conditions on columns of a file are in it.</summary>
    public static (int Field, IReadOnlyList<string> Values)[] Conditions(
        string[] names,
        IReadOnlyDictionary<string, IReadOnlyList<string>> when
    ) => [.. when.Select(one => (Array.IndexOf(names, one.Key), one.Value))];

    InvalidDataException Fault(string what) => new($"{_map.File}, line 1: {what}");

    string Line(params string[] fields) => string.Join(',', fields.Prepend(_table.Name).Select(CsvText.Quote));

    string Found() => string.Join(", ", _names.Where(name => name.Length > 0));

    void RefuseNoText()
    {
        if (_names.FirstOrDefault(name => name.Contains(CsvDialect.NotText, StringComparison.Ordinal)) is { } name)
            throw Fault(
                $"column '{name.Replace(CsvDialect.NotText, "\uFFFD", StringComparison.Ordinal)}' is no text in {_map.Encoding ?? "UTF-8"}; expected {(_map.Encoding is null ? "UTF-8, or the setting 'encoding' of the file, such as windows-1252" : _map.Encoding)}."
            );
    }

    void RefuseTwice()
    {
        var twice = _names
            .Where(name => name.Length > 0 && !IsPassedOver(name))
            .GroupBy(name => name)
            .FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
            throw Fault($"column '{twice.Key}' stands {twice.Count()} times; expected once, or a map that leaves it out.");
    }

    bool IsPassedOver(string name) => _map.Columns.TryGetValue(name, out var targets) ? targets.Count == 0 : _map.OnlyNamed;

    void RefuseTwoForOne()
    {
        foreach (var sources in Sources)
        {
            if (
                sources.Count(source => source.When.Length == 0) > 1
                && sources.Any(source => !_map.Columns.ContainsKey(_names[source.Field]))
            )
                throw Fault(
                    $"{string.Join(" and ", sources.Select(source => $"'{_names[source.Field]}'"))} both become {_table.Columns[Array.IndexOf(Sources, sources)].Name}; expected one, or a map that says when."
                );
        }
    }

    void RefuseAbsentConditions()
    {
        foreach (var (name, target) in _map.Columns.SelectMany(one => one.Value.Select(target => (one.Key, target))))
        {
            if (_names.Contains(name) && target.When.Keys.FirstOrDefault(other => !_names.Contains(other)) is { } absent)
                throw Fault(
                    $"column '{absent}' is missing, by which the map tells when '{name}' is {target.As}; found {Found()}."
                );
        }
    }

    void RefuseMissing()
    {
        var near = new List<(string Name, string As, FactColumn Column)>();
        string? missing = null;
        foreach (var column in _table.Columns.Where(column => !HasSource(column.Name)))
        {
            var (name, to) = _names
                .Where(name => name.Length > 0 && !IsPassedOver(name))
                .SelectMany(name =>
                    _map.Columns.TryGetValue(name, out var targets)
                        ? targets.Select(target => (Name: name, target.As))
                        : [(Name: name, As: name)]
                )
                .FirstOrDefault(one =>
                    _table.IndexOf(one.As) < 0
                    && Headers.Near(_table, one.As, out var isSame) == column
                    && (isSame || Headers.IsTeaching(column) && !_map.Columns.ContainsKey(one.Name))
                );
            if (name is not null)
                near.Add((name, to, column));
            else if (column.Required)
                missing ??= column.Name;
        }
        if (near.Count > 0)
            throw Fault(
                $"{string.Join(", ", near.Select(one => $"'{one.As}' is nearly {one.Column.Name}"))}; expected the contract's names, or --map FILE.csv with a header of table,column,as and {(near.Count == 1 ? "the line" : "the lines")} {string.Join(" and ", near.Select(one => Line(one.Name, one.Column.Name)))} (with nothing after the last comma the column is left out)."
            );
        if (missing is not null)
            throw Fault($"column '{missing}' is missing; found {Found()}; expected {HistoryFolder.Required(_table)}.");
    }
}
