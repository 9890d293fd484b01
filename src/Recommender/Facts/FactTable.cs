using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What a column of a table holds.</summary>
public enum ColumnKind
{
    /// <summary>Text as it stands.</summary>
    Text,

    /// <summary>A number, zero or more and below 10^15, kept to four decimals unless the column says otherwise.</summary>
    Number,

    /// <summary>An ISO 8601 date or instant, UTC if it has no offset, kept to the millisecond.</summary>
    Instant,
}

/// <summary>A column that a table declares.</summary>
public sealed record FactColumn
{
    const int LongestWord = 400;
    const double NumbersBelow = 1e15;
    static readonly string[] _reserved = ["table", "key", "column", "value", "trigger"];

    internal FactColumn(string name, int position) => (Name, Position) = (name, position);

    /// <summary>Header name, property of the JSON row and database column.</summary>
    public string Name { get; }

    /// <summary>What it holds.</summary>
    public ColumnKind Kind { get; internal init; }

    /// <summary>The header must name it and no row may leave it empty.</summary>
    public bool Required { get; internal init; }

    /// <summary>The words it may hold; null if any.</summary>
    public IReadOnlyList<string>? OneOf { get; internal init; }

    /// <summary>The table whose key it must name; null if none.</summary>
    public string? References { get; internal init; }

    /// <summary>What its date says, if it holds dates.</summary>
    public DateRole Role { get; internal init; }

    /// <summary>What it means if its date is missing; null if that needs no word.</summary>
    public string? IfMissing { get; internal init; }

    /// <summary>The longest text it may hold, characters.</summary>
    public int MaxLength { get; internal init; } = LongestWord;

    /// <summary>True if the table got it later: rows that were superseded before do not have it.</summary>
    internal bool IsLater { get; init; }

    /// <summary>Its position in a row.</summary>
    internal int Position { get; }

    /// <summary>How SQL names it.</summary>
    internal string Sql => _reserved.Contains(Name) ? $"\"{Name}\"" : Name;

    /// <summary>True if it holds several values, parted by '|'.</summary>
    public bool IsList { get; internal init; }

    /// <summary>True if it holds an id.</summary>
    internal bool IsId =>
        Kind == ColumnKind.Text && OneOf is null && (References is not null || Required) && MaxLength <= JsonRow.LongestId;

    /// <summary>To how many decimals its numbers are kept.</summary>
    public int Decimals { get; internal init; } = 4;

    /// <summary>True if its numbers are above zero.</summary>
    public bool IsPositive { get; internal init; }

    /// <summary>Which numbers it takes.</summary>
    internal string Numbers => IsPositive ? "a number above zero and below 10^15" : "a number, zero or more and below 10^15";

    /// <summary>A number as it is kept: to so many decimals and at most 15 digits, so that every engine gives back the same. False if it cannot be.</summary>
    public bool TryKeep(double number, out double kept)
    {
        kept = number is >= 0 and < NumbersBelow ? (double)decimal.Round((decimal)number, Decimals) : double.NaN;
        return kept > 0 || kept == 0 && !IsPositive;
    }
}

/// <summary>
/// A file of the history contract, the database table of the same name, the rows of JSON and what they state: declared in one place, in a
/// file a table. Reading, writing, SQL of both engines, endpoints, OpenAPI and documentation follow from it.
/// </summary>
public abstract class FactTable
{
    const int LongestText = 4000;

    /// <summary>What it means that nobody knows since when a row holds.</summary>
    protected const string KnownSinceRecorded = "known since recorded_at; without that from the call on, in a file always";
    readonly List<FactColumn> _columns = [];
    TableStatements? _statements;

    private protected FactTable(string name, FactKind? kind) => (Name, Kind) = (name, kind);

    /// <summary>File name without .csv, and the database table.</summary>
    public string Name { get; }

    /// <summary>The file's name.</summary>
    public string File => Name + ".csv";

    /// <summary>What a row states; null if nothing is folded from it.</summary>
    public FactKind? Kind { get; }

    /// <summary>Its rows have others be merged, gone or dated; they are taken in after those.</summary>
    public bool IsAboutRows { get; protected init; }

    /// <summary>A history without it is refused.</summary>
    public bool Required { get; protected init; }

    /// <summary>What its rows are, in a few words, for the documentation.</summary>
    public required string Summary { get; init; }

    /// <summary>The resource under /v1 where single rows are read and written; null if there is none.</summary>
    public string? Route { get; protected init; }

    /// <summary>False if rows are written by an endpoint of their own only.</summary>
    public bool TakesRows { get; protected init; } = true;

    /// <summary>Tables whose rows, when they are deleted, take along those of this table that name them: it is about what others say, and written by the service only.</summary>
    public IReadOnlyList<string> GoesWith { get; protected init; } = [];

    /// <summary>False if no feature is made of its rows: a history without them lacks nothing.</summary>
    public bool MakesFeatures { get; protected init; } = true;

    /// <summary>The columns, those of the key first, recorded_at last.</summary>
    public IReadOnlyList<FactColumn> Columns => _columns;

    /// <summary>How many of the first columns make the key.</summary>
    public int KeyLength { get; private set; }

    /// <summary>When the second fact of a row was true, as its column's name without _at; null if a row states one.</summary>
    public string? End { get; protected init; }

    /// <summary>True if others read its rows in the order in which they were written, as feed: accounts and partners.</summary>
    public bool IsListed => !IsAboutRows && IndexOf("external_id") >= 0;

    /// <summary>True if its rows say since when something is there: accounts, partners and deals.</summary>
    internal bool IsOfExistence { get; private set; }

    internal TableStatements Statements => _statements ??= new(this);

    internal FactColumn RecordedAt => _columns[^1];

    /// <summary>The position of <paramref name="column"/>, or -1.</summary>
    public int IndexOf(string column)
    {
        for (var i = 0; i < _columns.Count; i++)
        {
            if (_columns[i].Name == column)
                return i;
        }
        return -1;
    }

    /// <summary>A row of named values; what is not named is empty.</summary>
    /// <exception cref="ArgumentException">The table has no such column.</exception>
    public HistoryRow Row(params ReadOnlySpan<(string Column, object? Value)> values)
    {
        var row = new object?[_columns.Count];
        foreach (var (name, value) in values)
            row[
                IndexOf(name) is >= 0 and var at
                    ? at
                    : throw new ArgumentException($"{Name} has no column {name}.", nameof(values))
            ] = value is IRowId id ? id.Value : value;
        return new(this, row, Attributes.None);
    }

    /// <summary>The noun of a row.</summary>
    internal abstract object NounOf(HistoryRow row);

    /// <summary>When what a noun says was true; null if nobody knows, which counts as always.</summary>
    internal abstract DateTime? StartOf(object noun);

    /// <summary>When its second fact was true, which is no later than it was told; null if it states none.</summary>
    internal abstract DateTime? EndOf(object noun, DateTime told);

    /// <summary>What a row says in one column and not in another, or against it.</summary>
    /// <param name="row">The row.</param>
    /// <param name="told">When it was told, UTC.</param>
    internal virtual IEnumerable<RowWarning> Doubts(HistoryRow row, DateTime told) => [];

    /// <summary>What is to be said of an end that lies before its start; none otherwise.</summary>
    private protected static IEnumerable<RowWarning> EndBefore(HistoryRow row, FactColumn start, FactColumn end) =>
        row.Date(end) is { } ended && ended < row.Date(start)
            ? [new(end.Name, Instants.Text(ended), $"lies before {start.Name}; taken as it stands")]
            : [];

    /// <summary>True if a row takes the place of another that has the key it comes to have because what both name was merged.</summary>
    internal virtual bool Wins(HistoryRow row, HistoryRow over) => false;

    /// <summary>What it means that a row has no date in a column; null if that needs no word.</summary>
    internal virtual string? MeaningIfMissing(HistoryRow row, FactColumn column) => column.IfMissing;

    /// <summary>The account and the opportunity that a noun says something of; null where it says of none.</summary>
    public abstract (AccountId? AccountId, OpportunityId? OpportunityId) ConcernsOf(object noun);

    private protected FactColumn Add(FactColumn column)
    {
        _columns.Add(column);
        IsOfExistence |= column.Role == DateRole.Existence;
        return column;
    }

    /// <summary>Adds a column of the key.</summary>
    protected FactColumn Key(
        string name,
        ColumnKind kind = ColumnKind.Text,
        string? references = null,
        IReadOnlyList<string>? oneOf = null,
        int maxLength = JsonRow.LongestId,
        bool required = true,
        DateRole role = DateRole.Start
    )
    {
        KeyLength++;
        return Add(
            new(name, _columns.Count)
            {
                Kind = kind,
                Required = required,
                References = references,
                OneOf = oneOf,
                MaxLength = maxLength,
                Role = role,
            }
        );
    }

    /// <summary>Adds a column that names a row of another table, or may.</summary>
    protected FactColumn Reference(string name, string references, bool required = false) =>
        Add(
            new(name, _columns.Count)
            {
                References = references,
                Required = required,
                MaxLength = JsonRow.LongestId,
            }
        );

    /// <summary>Adds a column of text.</summary>
    protected FactColumn Text(
        string name,
        bool required = false,
        IReadOnlyList<string>? oneOf = null,
        bool isId = false,
        bool isLong = false,
        bool isList = false
    )
    {
        var column = new FactColumn(name, _columns.Count)
        {
            Required = required,
            OneOf = oneOf,
            IsList = isList,
        };
        return Add(
            isLong || isList ? column with { MaxLength = LongestText }
            : required || isId ? column with { MaxLength = JsonRow.LongestId }
            : column
        );
    }

    /// <summary>Adds a column of numbers.</summary>
    protected FactColumn Number(string name, bool required = false, int decimals = 4, bool isPositive = false) =>
        Add(
            new(name, _columns.Count)
            {
                Kind = ColumnKind.Number,
                Required = required,
                Decimals = decimals,
                IsPositive = isPositive,
            }
        );

    /// <summary>Adds a column of dates or instants.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="required">True if no row may leave it empty.</param>
    /// <param name="role">What the date says.</param>
    /// <param name="ifMissing">What it means if it is missing; null if that needs no word.</param>
    protected FactColumn Date(string name, bool required = false, DateRole role = DateRole.Start, string? ifMissing = null) =>
        Add(
            new(name, _columns.Count)
            {
                Kind = ColumnKind.Instant,
                Required = required,
                Role = role,
                IfMissing = ifMissing,
            }
        );

    /// <summary>Says that the table got columns later, in this order.</summary>
    protected void AddedLater(params ReadOnlySpan<FactColumn> columns)
    {
        foreach (var column in columns)
            _columns[column.Position] = column with { IsLater = true };
    }

    /// <summary>Adds recorded_at, the last column of every table.</summary>
    protected void Recorded() => Date("recorded_at", role: DateRole.Noted);

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A table whose rows are <typeparamref name="T"/>.</summary>
/// <param name="name">File name without .csv, and the database table.</param>
/// <param name="kind">What a row states; null if it is about other rows.</param>
public abstract class FactTable<T>(string name, FactKind? kind) : FactTable(name, kind)
    where T : class
{
    /// <summary>The noun of a row.</summary>
    public abstract T Read(HistoryRow row);

    /// <summary>When what a noun says was true; null if nobody knows, which counts as always.</summary>
    protected abstract DateTime? StartOf(T noun);

    /// <summary>When its second fact was true, which is no later than it was told; null if it states none.</summary>
    protected virtual DateTime? EndOf(T noun, DateTime told) => null;

    internal sealed override object NounOf(HistoryRow row) => Read(row);

    internal sealed override DateTime? StartOf(object noun) => StartOf((T)noun);

    internal sealed override DateTime? EndOf(object noun, DateTime told) => EndOf((T)noun, told);

    /// <summary>The account and the opportunity that a noun says something of; null where it says of none.</summary>
    protected virtual (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(T noun) => (null, null);

    /// <inheritdoc/>
    public sealed override (AccountId? AccountId, OpportunityId? OpportunityId) ConcernsOf(object noun) => Concerns((T)noun);
}
