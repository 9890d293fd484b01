using System.Text;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What a file tells about the way its numbers and dates are written: all of it is looked through if its first rows leave that open.</summary>
sealed class FileSurvey
{
    const int First = 1000;
    const int MostEndings = 8;
    readonly SourceMap _map;
    int _points,
        _commas,
        _ownPoints,
        _ownCommas,
        _daysFirst,
        _monthsFirst;
    bool _isOpen;

    FileSurvey(SourceMap map) => _map = map;

    /// <summary>Reads the values of the file.</summary>
    public ValueReader Values { get; private set; } = null!;

    /// <summary>Reads the numbers and dates of columns that the contract does not name: they decide for themselves alone.</summary>
    public ValueReader Own { get; private set; } = null!;

    /// <summary>What there is to say about it.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Columns with a bar or a semicolon in a cell: a comma parts nothing there.</summary>
    public HashSet<int> ListColumns { get; } = [];

    /// <summary>Columns of deals that say how one ended, and the words by which they do.</summary>
    public Dictionary<int, SortedSet<string>> Endings { get; } = [];

    /// <summary>Columns that the contract does not name whose values are written otherwise than it writes numbers.</summary>
    public HashSet<int> NumberColumns { get; } = [];

    /// <summary>The same of dates.</summary>
    public HashSet<int> DateColumns { get; } = [];

    /// <summary>Looks through the rows of a file.</summary>
    /// <param name="map">What was said about it.</param>
    /// <param name="header">Its names.</param>
    /// <param name="rows">Its fields, row by row.</param>
    public static FileSurvey Of(SourceMap map, string[] header, Func<IEnumerable<string[]>> rows)
    {
        var survey = new FileSurvey(map);
        var kinds = header.Select(name => Kinds(map, name).ToArray()).ToArray();
        var own = header.Select(_ => new OwnColumn()).ToArray();
        var plain = new ValueReader(map.Settings);
        var endings = map.Table.IndexOf("outcome") >= 0;
        var row = 0;
        foreach (var fields in rows())
        {
            if (++row > First && !survey._isOpen)
                break;
            for (var i = 0; i < Math.Min(header.Length, fields.Length); i++)
            {
                if (kinds[i].Length == 0 && row > First && !own[i].IsWrittenOtherwise || plain.Clean(fields[i]) is not { } text)
                    continue;
                text = ValueReader.Visible(text);
                if (text.AsSpan().ContainsAny('|', ';'))
                    survey.ListColumns.Add(i);
                if (kinds[i].Length == 0)
                    own[i].Add(text);
                if (endings && kinds[i] is [] or [ColumnKind.Text] && Headers.Ending(text) is not null)
                    survey.LookAtEnding(i, text);
                if (kinds[i].Contains(ColumnKind.Number))
                    survey.LookAtNumber(text, isOwn: false);
                else if (own[i].IsNumber)
                    survey.LookAtNumber(text, isOwn: true);
                if (kinds[i].Contains(ColumnKind.Instant) || own[i].IsDate)
                    survey.LookAtDate(text);
            }
        }
        for (var i = 0; i < own.Length; i++)
        {
            if (own[i].IsNumber)
                survey.NumberColumns.Add(i);
            if (own[i].IsDate)
                survey.DateColumns.Add(i);
        }
        survey.Decide();
        return survey;
    }

    /// <summary>What the columns of the contract that a name goes to hold.</summary>
    static IEnumerable<ColumnKind> Kinds(SourceMap map, string name) =>
        (map.Columns.TryGetValue(name, out var targets) ? targets.Select(target => target.As) : [name])
            .Select(map.Table.IndexOf)
            .Where(at => at >= 0)
            .Select(at => map.Table.Columns[at].Kind);

    void LookAtNumber(string text, bool isOwn)
    {
        Numbers.TryRead(Numbers.Bare(text), null, out _, out _, out var telling);
        ref var points = ref isOwn ? ref _ownPoints : ref _points;
        ref var commas = ref isOwn ? ref _ownCommas : ref _commas;
        points += telling == Numbers.Telling.Point ? 1 : 0;
        commas += telling == Numbers.Telling.Comma ? 1 : 0;
        _isOpen |= telling is Numbers.Telling.Comma or Numbers.Telling.Either;
    }

    void LookAtEnding(int field, string text)
    {
        if (!Endings.TryGetValue(field, out var words))
            Endings[field] = words = new(StringComparer.OrdinalIgnoreCase);
        if (words.Count < MostEndings)
            words.Add(text);
    }

    void LookAtDate(string text)
    {
        if (Instants.TryParse(text, out _))
            return;
        _isOpen = true;
        Dates.TryRead(text, null, TimeZoneInfo.Utc, out _, out var told);
        _daysFirst += told == DateOrder.DayFirst ? 1 : 0;
        _monthsFirst += told == DateOrder.MonthFirst ? 1 : 0;
    }

    void Decide()
    {
        var settings = _map.Settings;
        DecimalSign? sign =
            settings.Sign
            ?? (
                _points > 0 && _commas == 0 ? DecimalSign.Point
                : _commas > 0 && _points == 0 ? DecimalSign.Comma
                : null
            );
        DateOrder? order =
            settings.Dates
            ?? (
                _daysFirst > 0 && _monthsFirst == 0 ? DateOrder.DayFirst
                : _monthsFirst > 0 && _daysFirst == 0 ? DateOrder.MonthFirst
                : null
            );
        if (settings.Sign is null && _points > 0 && _commas > 0)
            Notes.Add(
                FormattableString.Invariant(
                    $"{_points} numbers have a decimal point and {_commas} a decimal comma: those that could have either are not taken"
                )
            );
        if (settings.Dates is null && _daysFirst > 0 && _monthsFirst > 0)
            Notes.Add(
                FormattableString.Invariant(
                    $"{_daysFirst} dates have the day first and {_monthsFirst} the month: those that could have either are not taken"
                )
            );
        Values = new(settings, sign, order);
        Own = new(
            settings,
            sign
                ?? (
                    _ownPoints > 0 && _ownCommas == 0 ? DecimalSign.Point
                    : _ownCommas > 0 && _ownPoints == 0 ? DecimalSign.Comma
                    : null
                ),
            order
        );
        Order = order;
    }

    DateOrder? Order { get; set; }

    /// <summary>How the file is written, where that is not as the contract writes.</summary>
    public string Describe(CsvDialect dialect)
    {
        var parts = new List<string>();
        if (dialect.Encoding.CodePage != Encoding.UTF8.CodePage)
            parts.Add(dialect.Encoding.WebName);
        if (dialect.Separator != ",")
            parts.Add(dialect.Separator == "\t" ? "tabs" : $"fields parted by '{dialect.Separator}'");
        if (Values.Sign == DecimalSign.Comma)
            parts.Add("decimal comma");
        if (Order is { } order)
            parts.Add(order == DateOrder.DayFirst ? "day first" : "month first");
        if (!_map.Settings.Zone.Equals(TimeZoneInfo.Utc))
            parts.Add($"times of {_map.Settings.Zone.Id}");
        return string.Join(", ", parts);
    }

    /// <summary>What a column holds that the contract does not name, and whether it is written as the contract would.</summary>
    sealed class OwnColumn
    {
        int _filled,
            _numbers,
            _dates,
            _otherwise;
        readonly HashSet<string> _units = [];
        bool _hasPlain;

        public bool IsWrittenOtherwise => _otherwise > 0;

        /// <summary>Numbers of one unit, written otherwise than the contract does.</summary>
        public bool IsNumber =>
            _otherwise > 0 && _numbers >= 0.99 * _filled && _units.Count <= 1 && !(_hasPlain && _units.Contains("%"));

        public bool IsDate => _otherwise > 0 && _dates >= 0.99 * _filled;

        public void Add(string text)
        {
            _filled++;
            if (Instants.TryParse(text, out _))
                _dates++;
            else if (
                Dates.TryRead(text, DateOrder.DayFirst, TimeZoneInfo.Utc, out _, out var told) | told is not null
                && text.Any(c => c is '/' or '-' or '.' or ' ')
                && text.Length >= 6
            )
            {
                _dates++;
                _otherwise++;
            }
            else if (
                double.TryParse(
                    text,
                    System.Globalization.NumberStyles.Float,
                    System.Globalization.CultureInfo.InvariantCulture,
                    out _
                )
            )
            {
                _numbers++;
                _hasPlain = true;
                Numbers.TryRead(text, null, out _, out _, out var telling);
                _otherwise += telling == Numbers.Telling.Either ? 1 : 0;
            }
            else if (
                Numbers.TryRead(Numbers.Bare(text), DecimalSign.Comma, out _, out var currency, out _)
                || Numbers.TryRead(Numbers.Bare(text), DecimalSign.Point, out _, out currency, out _)
            )
            {
                _numbers++;
                _otherwise++;
                if (text.EndsWith('%'))
                    _units.Add("%");
                else if (currency is not null && Currency.Sharing(currency) is null)
                    _units.Add(currency);
                else
                    _hasPlain = true;
            }
        }
    }
}
