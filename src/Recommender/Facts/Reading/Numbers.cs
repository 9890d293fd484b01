using System.Buffers;
using System.Globalization;
using System.Text;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Numbers as people and spreadsheets write them: separators of thousands, decimal commas, currency signs, percent.</summary>
static class Numbers
{
    static readonly SearchValues<char> _separators = SearchValues.Create(",.'’ \u00a0");

    /// <summary>What a text says about the sign before its fraction.</summary>
    public enum Telling
    {
        /// <summary>It reads the same either way.</summary>
        Nothing,

        /// <summary>It can only be read with a decimal point.</summary>
        Point,

        /// <summary>It can only be read with a decimal comma.</summary>
        Comma,

        /// <summary>It can be read in both ways, and is another number in each: 1.234.</summary>
        Either,
    }

    /// <summary>Reads a number; false if it is none, or could be two and <paramref name="sign"/> does not decide.</summary>
    /// <param name="text">Without space at its ends.</param>
    /// <param name="sign">The decimal sign of the file; null if nobody knows.</param>
    /// <param name="number">The number.</param>
    /// <param name="currency">The ISO 4217 code that stands beside it, or that of a sign which only one currency has, or a sign that several have.</param>
    /// <param name="telling">What it says about the sign.</param>
    public static bool TryRead(string text, DecimalSign? sign, out double number, out string? currency, out Telling telling)
    {
        (number, telling) = (double.NaN, Telling.Nothing);
        if (text.Length <= 15 && !text.AsSpan().ContainsAnyExceptInRange('0', '9') && text.Length > 0)
        {
            currency = null;
            return double.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        }
        var body = WithFraction(WithoutCurrency(Plain(text), out currency));
        if (body.Length == 0 || !TryParts(body, out var digits, out var exponent))
            return false;
        var (points, commas) = (digits.Count(c => c == '.'), digits.Count(c => c == ','));
        char? fraction = null;
        if (points > 0 && commas > 0)
        {
            fraction = digits.LastIndexOf('.') > digits.LastIndexOf(',') ? '.' : ',';
            if ((fraction == '.' ? points : commas) > 1)
                return false;
        }
        else if (points + commas == 1)
        {
            var mark = points == 1 ? '.' : ',';
            var at = digits.IndexOf(mark, StringComparison.Ordinal);
            var whole = digits[..at].TrimStart('-', '+');
            if (digits.Length - at - 1 == 3 && whole.Length is >= 1 and <= 3 && whole[0] != '0' && exponent.Length == 0)
            {
                telling = Telling.Either;
                if (sign is null)
                    return false;
                fraction = (sign == DecimalSign.Point) == (mark == '.') ? mark : null;
            }
            else
                fraction = mark;
        }
        else if (points + commas > 1)
            telling = points > 0 ? Telling.Comma : Telling.Point;
        if (telling == Telling.Nothing && fraction is not null)
            telling = fraction == '.' ? Telling.Point : Telling.Comma;
        if (
            sign is { } known
            && telling is Telling.Point or Telling.Comma
            && telling == Telling.Point != (sign == DecimalSign.Point)
        )
            return false;
        var end = fraction is { } decimals ? digits.LastIndexOf(decimals) : digits.Length;
        return AreGroups(digits[..end].TrimStart('-', '+'))
            && double.TryParse(
                digits[..end].Replace(".", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal)
                    + (end < digits.Length ? "." + digits[(end + 1)..] : "")
                    + exponent,
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out number
            )
            && double.IsFinite(number);
    }

    /// <summary>A percentage without its sign, and a number in brackets, which is below zero, with a minus; the text itself if it is neither.</summary>
    public static string Bare(string text) =>
        text.EndsWith('%') ? text[..^1].TrimEnd()
        : text is ['(', _, .., ')'] && char.IsAsciiDigit(text[^2]) ? "-" + text[1..^1].Trim()
        : text;

    /// <summary>
    /// A number as JSON and this contract write it, or with separators of thousands where it can be read in one way only; false if it is none,
    /// or not finite.
    /// </summary>
    public static bool TryPlain(string? text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
            ? double.IsFinite(number)
            : IsGrouped(text)
                && TryRead(text!, null, out number, out var currency, out _)
                && (currency is null || Currency.Sharing(currency) is not null);

    /// <summary>True for what may be a number with separators; 1,2 may be two.</summary>
    static bool IsGrouped(string? text) =>
        text is [(>= '0' and <= '9') or '-', _, _, _, _, ..]
        && text.AsSpan().ContainsAny(_separators)
        && (text.Count(c => c == ',') != 1 || text.Contains('.', StringComparison.Ordinal));

    /// <summary>The number as JSON and this contract write it.</summary>
    public static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A number without the currency beside it: a code, a sign, or a sign and a code that go together.</summary>
    static string WithoutCurrency(string text, out string? currency)
    {
        text = WithoutOne(text, out currency);
        if (currency is null || text.Length == 0)
            return text;
        var rest = WithoutOne(text, out var other);
        if (other is null || !Currency.MayBe(currency, other) && !Currency.MayBe(other, currency))
            return text;
        currency = Currency.Sharing(currency) is null ? currency : other;
        return rest;
    }

    static string WithoutOne(string text, out string? currency)
    {
        currency = null;
        foreach (var (sign, code) in Currency.Signs)
        {
            if (text.StartsWith(sign, StringComparison.Ordinal) || text.EndsWith(sign, StringComparison.Ordinal))
            {
                currency = code;
                return text.Replace(sign, "", StringComparison.Ordinal).Trim();
            }
        }
        if (text.Length > 3 && Currency.IsCode(text.AsSpan(0, 3)) && !char.IsAsciiLetter(text[3]))
            (currency, text) = (text[..3], text[3..]);
        else if (text.Length > 3 && Currency.IsCode(text.AsSpan(text.Length - 3)) && !char.IsAsciiLetter(text[^4]))
            (currency, text) = (text[^3..], text[..^3]);
        else if (char.GetUnicodeCategory(text[0]) == UnicodeCategory.CurrencySymbol)
            (currency, text) = (text[..1], text[1..]);
        else if (char.GetUnicodeCategory(text[^1]) == UnicodeCategory.CurrencySymbol)
            (currency, text) = (text[^1..], text[..^1]);
        if (currency is { Length: 1 } && Currency.Sharing(currency) is null)
            currency = null;
        return text.Trim();
    }

    /// <summary>Digits of any script, and signs of any width, as ASCII has them.</summary>
    static string Plain(string text)
    {
        if (Ascii.IsValid(text))
            return text;
        text = text.Normalize(NormalizationForm.FormKC);
        return text.Any(c => c > '\x7f' && char.IsDigit(c))
            ? string.Concat(
                text.Select(c => c > '\x7f' && char.IsDigit(c) ? (char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c)) : c)
            )
            : text;
    }

    /// <summary>Zeros in place of the dash that stands for no fraction: 1.000,- and 1'000.–</summary>
    static string WithFraction(string text) =>
        text is [_, .., '.' or ',', '-' or '–' or '—'] ? text[..^1] + "00"
        : text is [_, .., '.' or ',', '-', '-'] ? text[..^2] + "00"
        : text;

    /// <summary>Digits and marks without what only groups them, and an exponent; false if something else stands there.</summary>
    static bool TryParts(string body, out string digits, out string exponent)
    {
        var kept = new StringBuilder(body.Length);
        (digits, exponent) = ("", "");
        for (var i = 0; i < body.Length; i++)
        {
            var c = body[i];
            if (char.IsAsciiDigit(c) || c is '.' or ',' || c is '-' or '+' && i == 0)
                kept.Append(c);
            else if (c is ' ' or '\u00a0' or '\u202f' or '\u2009' or '\'' or '’')
            {
                // Blanks and apostrophes part thousands: digits before, three after.
                if (
                    i == 0
                    || !char.IsAsciiDigit(body[i - 1])
                    || i + 3 >= body.Length
                    || !body.AsSpan(i + 1, 3).ContainsAnyInRange('0', '9')
                    || body.AsSpan(i + 1, 3).ContainsAnyExceptInRange('0', '9')
                    || i + 4 < body.Length && char.IsAsciiDigit(body[i + 4])
                )
                    return false;
            }
            else if (c is 'e' or 'E' && i > 0)
            {
                exponent = body[i..];
                if (
                    exponent.Length < 2
                    || exponent[1..].TrimStart('-', '+') is not { Length: > 0 } power
                    || !power.All(char.IsAsciiDigit)
                )
                    return false;
                break;
            }
            else
                return false;
        }
        digits = kept.ToString();
        return digits.Any(char.IsAsciiDigit);
    }

    /// <summary>True if marks stand only before groups of three digits; two, as in India, further left.</summary>
    static bool AreGroups(string whole)
    {
        var parts = whole.Split('.', ',');
        if (parts.Length == 1)
            return true;
        return parts[0].Length is >= 1 and <= 3
            && parts[^1].Length == 3
            && parts[1..^1].All(part => part.Length == parts[1].Length && part.Length is 2 or 3)
            && !(whole.Contains('.', StringComparison.Ordinal) && whole.Contains(',', StringComparison.Ordinal));
    }
}
