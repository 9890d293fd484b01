using System.Text.RegularExpressions;

namespace Recommender.Facts;

/// <summary>CSV (RFC 4180) that a spreadsheet opens as it is: it begins with a byte order mark, and no cell is a formula.</summary>
public static partial class CsvText
{
    /// <summary>What the file begins with; without it a spreadsheet takes UTF-8 for something else.</summary>
    public const string Mark = "\uFEFF";

    /// <summary>A line of cells; null is an empty one.</summary>
    public static string Line(params IEnumerable<string?> cells) => string.Join(',', cells.Select(Cell)) + '\n';

    static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        if (IsFormula().IsMatch(text) && !IsNumber().IsMatch(text))
            text = "'" + text;
        return Quote(text);
    }

    /// <summary>A cell as it stands, in quotes if it needs them.</summary>
    internal static string Quote(string text) =>
        text.AsSpan().ContainsAny("\",\r\n\t") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    // Spreadsheets skip blanks, and some take the wide signs of East Asia for the plain ones.
    [GeneratedRegex(
        @"^(\s*[=+\-@＝＋－＠]|[\t\r\n])",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        Timeout.Infinite
    )]
    private static partial Regex IsFormula();

    [GeneratedRegex(
        @"^-[0-9]+(\.[0-9]+)?([Ee][+\-]?[0-9]+)?\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        Timeout.Infinite
    )]
    private static partial Regex IsNumber();
}
