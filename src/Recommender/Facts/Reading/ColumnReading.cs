namespace Recommender.Facts;

/// <summary>What a column of a file was taken for.</summary>
/// <param name="Column">Its name in the file.</param>
/// <param name="TakenFor">The columns of the contract or the attribute it went to; null if it was passed over.</param>
/// <param name="Kind">contract, attribute or passed_over.</param>
/// <param name="Type">What it holds, in a few words.</param>
/// <param name="Full">Share of the rows that have a value, 0 to 1.</param>
/// <param name="Note">Why it was passed over, what it may be instead, or what was taken for unknown; null if there is nothing to say.</param>
public sealed record ColumnReading(string Column, string? TakenFor, string Kind, string Type, double Full, string? Note);

/// <summary>How a file was read.</summary>
/// <param name="File">Its name.</param>
/// <param name="Table">The table its rows are of.</param>
/// <param name="Dialect">Encoding, separator, decimal sign, date order and time zone where they are not the contract's own, in a few words.</param>
/// <param name="Rows">How many rows it has.</param>
/// <param name="PassedOver">How many of them the map passes over.</param>
/// <param name="Columns">In the file's order.</param>
/// <param name="Notes">What else there is to say.</param>
public sealed record FileReading(
    string File,
    string Table,
    string Dialect,
    long Rows,
    long PassedOver,
    IReadOnlyList<ColumnReading> Columns,
    IReadOnlyList<string> Notes
);

/// <summary>What the cells of a column hold, counted while they are read.</summary>
sealed class ColumnCensus
{
    const int MostDistinct = 1000;
    const int FewDistinct = 20;
    readonly HashSet<string> _distinct = [];
    long _rows,
        _numbers,
        _dates,
        _lists;

    /// <summary>Cells that had a placeholder.</summary>
    public long Placeholders { get; set; }

    /// <summary>Cells that a comma parts into a list.</summary>
    public long PartedByComma { get; set; }

    /// <summary>Cells that could be two numbers or dates and are kept as they came.</summary>
    public long Unread { get; set; }

    public long Filled => _rows;

    public void Add(string value)
    {
        _rows++;
        if (_distinct.Count < MostDistinct)
            _distinct.Add(value);
        if (!value.AsSpan().ContainsAnyInRange('0', '9'))
            _lists += value.AsSpan().ContainsAny('|', ';') ? 1 : 0;
        else if (Instants.TryParse(value, out _))
            _dates++;
        else if (Numbers.TryRead(value, DecimalSign.Point, out _, out _, out _))
            _numbers++;
        else if (value.AsSpan().ContainsAny('|', ';'))
            _lists++;
    }

    /// <summary>Counts a cell of a column whose type is known.</summary>
    public void Add() => _rows++;

    public string Type =>
        _rows == 0 ? "empty"
        : _distinct.Count == 1 ? "one value"
        : _numbers >= 0.99 * _rows
            ? _distinct.Count <= FewDistinct ? FormattableString.Invariant($"number, {_distinct.Count} values")
                : "number"
        : _dates >= 0.99 * _rows ? "date"
        : _distinct.Count >= MostDistinct || _distinct.Count > FewDistinct && _distinct.Count > 0.3 * _rows ? "text"
        : FormattableString.Invariant($"category, {_distinct.Count} values") + (_lists > 0 ? ", lists" : "");
}
