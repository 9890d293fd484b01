namespace Recommender.Facts;

/// <summary>What a date of a row says.</summary>
public enum DateRole
{
    /// <summary>When what the row says came true: it counts from then on.</summary>
    Start,

    /// <summary>Since when an account, a partner or a deal is there. Who tells of it knows it: it does not lie ahead.</summary>
    Existence,

    /// <summary>When it came to its end or was decided.</summary>
    End,

    /// <summary>When something was noted.</summary>
    Noted,

    /// <summary>What is planned or agreed: it may lie ahead.</summary>
    Planned,
}

/// <summary>A field that was taken otherwise than it may have been meant.</summary>
/// <param name="Field">The column.</param>
/// <param name="Value">What stands there; null if nothing does.</param>
/// <param name="Meaning">What it is taken for.</param>
public sealed record RowWarning(string Field, string? Value, string Meaning);

/// <summary>What a date means that is missing, lies ahead of when it was told, or far away.</summary>
public static class DateMeaning
{
    /// <summary>A start that lies ahead by no more counts as of now: clocks are ahead, and local times come without their offset.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromDays(1);

    const int FarYears = 20;
    static readonly DateTime _early = new(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>From when a row counts that was told at a moment.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="start">When what it says was true; null counts as always.</param>
    /// <param name="told">When it was told, UTC.</param>
    /// <param name="from">When it took the place of a version that was seen, UTC; null for the first.</param>
    internal static DateTime Counted(FactTable table, DateTime? start, DateTime told, DateTime? from) =>
        start is not { } at ? DateTime.MinValue
        : at <= told ? at
        : table.IsOfExistence ? from ?? told
        : at - told <= Skew ? told
        : at;

    /// <summary>What is to be said of how a row was read, of its dates, and of what contradicts them.</summary>
    /// <param name="row">As the caller gave it.</param>
    /// <param name="told">When it was told, UTC.</param>
    public static IEnumerable<RowWarning> Warnings(HistoryRow row, DateTime told)
    {
        foreach (var doubt in row.Notes.Concat(row.Table.Doubts(row, told)))
            yield return doubt;
        foreach (var column in row.Table.Columns)
        {
            if (column.Kind != ColumnKind.Instant)
                continue;
            var meaning = row.Date(column) is { } at ? Of(column.Role, at, told) : row.Table.MeaningIfMissing(row, column);
            if (meaning is not null)
                yield return new(column.Name, row.Date(column) is { } date ? Instants.Text(date) : null, meaning);
        }
    }

    /// <summary>What a date is taken for; null for what it says.</summary>
    public static string? Of(DateRole role, DateTime at, DateTime told) =>
        at < _early ? "lies before 1970; taken as it stands"
        : at <= told ? null
        : role switch
        {
            DateRole.Planned => at > told.AddYears(FarYears)
                ? FormattableString.Invariant($"lies more than {FarYears} years ahead; taken as it stands")
                : null,
            DateRole.Existence => "lies ahead; counts as of now",
            DateRole.Start => at - told <= Skew ? "lies ahead; counts as of now" : "lies ahead; does not count before then",
            _ => "lies ahead; taken as of now",
        };
}

/// <summary>Warnings of many rows, those of the same kind counted together.</summary>
public sealed class WarningCounts
{
    readonly Dictionary<(string Table, string Field, string Meaning), WarningCount> _counts = [];

    /// <summary>By table, field and meaning, in the order in which they first came.</summary>
    public IReadOnlyList<WarningCount> All => [.. _counts.Values];

    /// <summary>Counts what is to be said of a row.</summary>
    public void Add(HistoryRow row, long line, IEnumerable<RowWarning> warnings)
    {
        foreach (var (field, value, meaning) in warnings)
        {
            var kind = (row.Table.Name, field, meaning);
            _counts[kind] = _counts.TryGetValue(kind, out var known)
                ? known with
                {
                    Rows = known.Rows + 1,
                }
                : new(row.Table.Name, field, meaning, 1, line, value);
        }
    }
}

/// <summary>A field that was taken otherwise than it may have been meant, in some rows.</summary>
/// <param name="Table">The table.</param>
/// <param name="Field">The column.</param>
/// <param name="Meaning">What it is taken for.</param>
/// <param name="Rows">In how many rows.</param>
/// <param name="Line">The first of them.</param>
/// <param name="Value">What stands there; null if nothing does.</param>
public sealed record WarningCount(string Table, string Field, string Meaning, long Rows, long Line, string? Value);
