using System.Globalization;
using Spectre.Console;

namespace Recommender.Training;

/// <summary>A table on standard output, without lines: as wide as it needs where nobody sees it, in plain text off a terminal.</summary>
sealed class ConsoleTable
{
    const int Unlimited = 10_000;

    readonly Table _table = new Table().NoBorder();

    /// <summary>Columns by their headers; the first stands left, and so does one that begins with "&lt;", the others right.</summary>
    public ConsoleTable(params ReadOnlySpan<string> columns)
    {
        foreach (var column in columns)
        {
            var isText = _table.Columns.Count == 0 || column.StartsWith('<');
            _table.AddColumn(
                new TableColumn(Markup.Escape(column.TrimStart('<')))
                {
                    Alignment = isText ? Justify.Left : Justify.Right,
                    Padding = new(0, 0, 2, 0),
                    NoWrap = Console.IsOutputRedirected,
                }
            );
        }
    }

    /// <summary>Without the line of headers.</summary>
    public ConsoleTable WithoutHeader()
    {
        _table.HideHeaders();
        return this;
    }

    /// <summary>A whole number as a cell.</summary>
    public static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number as a cell, empty if there is none.</summary>
    public static string Number(double? number, string format) => number?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    /// <summary>Adds a row, a text for each column.</summary>
    public void Add(params ReadOnlySpan<string> cells)
    {
        var row = new Text[cells.Length];
        for (var i = 0; i < row.Length; i++)
            row[i] = new(cells[i]);
        _table.AddRow(row);
    }

    /// <summary>Prints it.</summary>
    public void Print()
    {
        if (!Console.IsOutputRedirected)
        {
            AnsiConsole.Console.Write(_table);
            return;
        }
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var console = AnsiConsole.Create(
            new()
            {
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Out = new AnsiConsoleOutput(text),
            }
        );
        console.Profile.Width = Unlimited;
        console.Write(_table);
        foreach (var line in text.ToString().TrimEnd().Split('\n'))
            Console.WriteLine(line.TrimEnd());
    }
}
