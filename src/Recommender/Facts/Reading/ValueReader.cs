using System.Globalization;
using System.Text;
using System.Text.Json;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Reads the values of one file or body: what is empty, what is a number, a date, a word, an id or a list.</summary>
/// <param name="settings">What was said about it.</param>
/// <param name="sign">The decimal sign; null if nobody knows.</param>
/// <param name="order">Day or month first; null if nobody knows.</param>
public sealed class ValueReader(ReaderSettings settings, DecimalSign? sign, DateOrder? order)
{
    /// <summary>Reads as nothing else is said.</summary>
    public static ValueReader Default { get; } = new(ReaderSettings.Default);

    /// <summary>Reads by what was said alone.</summary>
    public ValueReader(ReaderSettings settings)
        : this(settings, settings.Sign, settings.Dates) { }

    /// <summary>The decimal sign; null if nobody knows.</summary>
    internal DecimalSign? Sign => sign;

    /// <summary>Text without NUL, and without white space and invisible marks at its ends; null if nothing is left, or a placeholder.</summary>
    internal string? Clean(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            text = text.Replace("\0", "", StringComparison.Ordinal);
        var (start, end) = (0, text.Length);
        while (start < end && IsBlank(text[start]))
            start++;
        while (end > start && IsBlank(text[end - 1]))
            end--;
        text = text[start..end];
        // A spreadsheet keeps a text from being taken for a number so.
        if (text is ['=', '"', .., '"'] && text.Length > 2)
            text = text[2..^1].Replace("\"\"", "\"", StringComparison.Ordinal);
        return text.Length == 0 || settings.IsPlaceholder(text) ? null : text;
    }

    /// <summary>Reads what a column holds: string, double or DateTime (UTC); null if it is empty.</summary>
    /// <param name="column">Says what it has to be.</param>
    /// <param name="text">As it came.</param>
    /// <param name="value">What it says.</param>
    /// <param name="expected">What was expected, if it cannot be read.</param>
    /// <param name="commaParts">A comma parts the values of a list, where no other sign does.</param>
    /// <param name="currency">The ISO 4217 code that stands beside a number, or the sign if several currencies have it; null if none does.</param>
    internal bool TryRead(
        FactColumn column,
        string text,
        out object? value,
        out string? expected,
        out string? currency,
        bool commaParts = true
    )
    {
        (value, expected, currency) = (null, null, null);
        if (Clean(text) is not { } clean)
            return true;
        if (column.Kind == ColumnKind.Number)
        {
            if (TryNumber(Visible(clean), out var number, out currency, out var isEither) && column.TryKeep(number, out number))
                value = number;
            else
                expected = isEither
                    ? "a number that can be read in one way only, or the setting 'decimal' of the file: point or comma"
                    : column.Numbers + ", such as 1234.5";
        }
        else if (column.Kind == ColumnKind.Instant)
        {
            if (Dates.TryRead(Visible(clean), order, settings.Zone, out var at, out _))
                value = at;
            else
                expected =
                    "an ISO 8601 date or instant such as 2026-01-31 or 2026-01-31T09:30:00Z"
                    + (IsDayOrMonth(clean) ? ", or the setting 'dates' of the file: day_first or month_first" : "");
        }
        else
            value = Text(column, clean, commaParts, out expected);
        return expected is null;
    }

    /// <summary>Puts the currency that stood beside an amount into its column; what was expected instead, if that gainsays it.</summary>
    /// <param name="table">The table.</param>
    /// <param name="values">The row's.</param>
    /// <param name="money">A code, or a sign that several currencies have; null if nothing stood there.</param>
    /// <param name="notes">Given what is to be said of it.</param>
    internal static string? TakeCurrency(FactTable table, object?[] values, string? money, ref List<RowWarning>? notes)
    {
        if (money is null || table.IndexOf("currency") is not (>= 0 and var at))
            return null;
        var several = Currency.Sharing(money);
        if (values[at] is string said && !Currency.MayBe(said, money))
            return $"an amount in {said}, as currency says";
        if (several is null)
            values[at] = money;
        else if (values[at] is null)
            (notes ??= []).Add(
                new(
                    "amount",
                    money,
                    $"the sign of {string.Join(", ", several)} and no currency; taken as one in the base currency"
                )
            );
        return null;
    }

    /// <summary>What is to be said of a currency beside a number whose row names none; null if nothing is.</summary>
    internal static RowWarning? NoteOf(FactColumn column, string currency) =>
        column.Name == "annual_revenue"
            ? new(column.Name, currency, "stands beside a number that counts in the base currency; taken as it stands")
            : null;

    /// <summary>A value of a column that the contract does not name; null if it is empty.</summary>
    internal string? Attribute(string text) => Clean(text) is not { } clean ? null : WrittenList(clean) ?? clean;

    /// <summary>A number of a column that the contract does not name, a percentage without its sign; null if it is none, or could be two.</summary>
    internal double? TryReadNumber(string text) =>
        TryNumber(Numbers.Bare(Visible(text)), out var number, out _, out _) ? number : null;

    /// <summary>A date of such a column, UTC; null if it is none, or could be two.</summary>
    internal DateTime? TryReadDate(string text) =>
        Dates.TryRead(Visible(text), order, settings.Zone, out var at, out _) ? at : null;

    string? Text(FactColumn column, string clean, bool commaParts, out string? expected)
    {
        expected = null;
        if (column.IsList)
            clean = List(clean, commaParts);
        else if (column.IsId || column.OneOf is not null)
            clean = Visible(clean);
        if (column.OneOf is { } words)
        {
            var word = words.FirstOrDefault(word => string.Equals(word, clean, StringComparison.OrdinalIgnoreCase));
            expected = word is null ? $"one of {string.Join(", ", words)}" : null;
            return word;
        }
        expected =
            column.IsId && JsonRow.FaultOfId(clean) is { } fault && clean.Length <= column.MaxLength ? fault
            : clean.Length > column.MaxLength
                ? FormattableString.Invariant($"at most {column.MaxLength} characters, not {clean.Length}")
            : HasControl(clean, exceptLines: true) ? "text without control characters"
            : null;
        return clean.Length == 0 ? null : clean;
    }

    bool TryNumber(string text, out double number, out string? currency, out bool isEither)
    {
        (currency, isEither) = (null, false);
        if (Numbers.TryRead(text, sign, out number, out currency, out var telling))
            return true;
        isEither = telling == Numbers.Telling.Either;
        return false;
    }

    /// <summary>The values of a list, parted by '|'.</summary>
    string List(string text, bool commaParts)
    {
        if (WrittenList(text) is { } written)
            return written;
        var marks = settings.ListSeparators.Where(mark => mark != ',' && text.Contains(mark, StringComparison.Ordinal)).ToArray();
        if (marks.Length == 0 && commaParts && settings.ListSeparators.Contains(',', StringComparison.Ordinal))
            marks = [','];
        return marks.Length == 0 ? text : Join(text.Split(marks));
    }

    /// <summary>The values of a list as programs write one, ["a","b"] or {a,b}, parted by '|'; null if it is none.</summary>
    string? WrittenList(string text)
    {
        if (text is ['[', .., ']'])
        {
            try
            {
                using var list = JsonDocument.Parse(text);
                return list.RootElement.EnumerateArray().All(one => one.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                    ? Join(list.RootElement.EnumerateArray().Select(one => one.ToString()))
                    : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
        return text is ['{', .., '}'] && !text.AsSpan(1, text.Length - 2).ContainsAny("{}:")
            ? Join(text[1..^1].Split(',').Select(part => part.Trim().Trim('"')))
            : null;
    }

    string Join(IEnumerable<string> parts) => string.Join('|', parts.Select(Clean).OfType<string>());

    /// <summary>Text without marks that nobody sees.</summary>
    internal static string Visible(string text)
    {
        // Nearly all texts are plain.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u00ac') || !text.Any(IsInvisible))
            return text;
        var kept = new StringBuilder(text.Length);
        foreach (var c in text.Where(c => !IsInvisible(c)))
            kept.Append(c);
        return kept.ToString();
    }

    internal static bool HasControl(string text, bool exceptLines = false)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c) && !(exceptLines && c is '\n' or '\r' or '\t'))
                return true;
        }
        return false;
    }

    static bool IsDayOrMonth(string text) =>
        text.Length <= 40 && text.Count(char.IsAsciiDigit) >= 4 && text.AsSpan().ContainsAny('/', '-');

    static bool IsBlank(char c) => char.IsWhiteSpace(c) || IsInvisible(c);

    static bool IsInvisible(char c) => c >= '\u00ad' && char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
