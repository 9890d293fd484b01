using System.Globalization;
using System.Text.RegularExpressions;

namespace Recommender.Facts;

/// <summary>Dates as people and spreadsheets write them, beside those of ISO 8601.</summary>
static partial class Dates
{
    const int Longest = 64;
    static readonly string[] _months =
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];

    /// <summary>Reads a date or instant; false if it is none, or could be two and <paramref name="order"/> does not decide.</summary>
    /// <param name="text">Without space at its ends.</param>
    /// <param name="order">Of the file; null if nobody knows.</param>
    /// <param name="zone">Where clocks stand whose times have no offset. A date by itself is midnight UTC.</param>
    /// <param name="at">UTC, to the millisecond.</param>
    /// <param name="told">The order, if the text can be read in one only.</param>
    public static bool TryRead(string text, DateOrder? order, TimeZoneInfo zone, out DateTime at, out DateOrder? told)
    {
        told = null;
        if (Instants.TryParse(text, zone, out at))
            return true;
        if (text.Length > Longest)
            return false;
        if (Numeric().Match(text) is { Success: true } numeric)
            return TryNumeric(numeric, order, zone, out at, out told);
        if (Named().Match(text) is { Success: true } named)
            return TryMonth(named.Groups["month"].Value, out var month)
                && TryMake(Year(named.Groups["year"].Value), month, Int(named.Groups["day"].Value), named, zone, out at);
        return TrySerial(text, out at);
    }

    static bool TryNumeric(Match match, DateOrder? order, TimeZoneInfo zone, out DateTime at, out DateOrder? told)
    {
        (at, told) = (default, null);
        var (first, second, third) = (match.Groups["a"].Value, match.Groups["b"].Value, match.Groups["c"].Value);
        if (first.Length == 4)
            return third.Length <= 2 && TryMake(Int(first), Int(second), Int(third), match, zone, out at);
        if (first.Length > 2 || third.Length is not (2 or 4))
            return false;
        var (a, b, year) = (Int(first), Int(second), Year(third));
        if (match.Groups["mark"].Value == ".")
            return TryMake(year, b, a, match, zone, out at);
        // 24-01-31 begins with the year for some and with the day for others.
        if (match.Groups["mark"].Value == "-" && third.Length == 2 && order is null)
            return false;
        told =
            a > 12 ? DateOrder.DayFirst
            : b > 12 ? DateOrder.MonthFirst
            : null;
        if (told is not null && order is not null && told != order)
            return false;
        var known = told ?? order;
        if (known is null && a != b)
            return false;
        var (day, month) = known == DateOrder.MonthFirst ? (b, a) : (a, b);
        return TryMake(year, month, day, match, zone, out at);
    }

    static bool TryMake(int year, int month, int day, Match match, TimeZoneInfo zone, out DateTime at)
    {
        at = default;
        if (year is < 1900 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
            return false;
        at = new(year, month, day, 0, 0, 0, DateTimeKind.Utc);
        if (!match.Groups["hour"].Success)
            return true;
        var hour = Int(match.Groups["hour"].Value);
        if (match.Groups["half"].Success)
        {
            if (hour is < 1 or > 12)
                return false;
            hour = hour % 12 + (match.Groups["half"].Value[0] is 'p' or 'P' ? 12 : 0);
        }
        var (minute, second) = (
            Int(match.Groups["minute"].Value),
            match.Groups["second"].Success ? Int(match.Groups["second"].Value) : 0
        );
        if (hour > 23 || minute > 59 || second > 59)
            return false;
        at = at.AddSeconds(hour * 3600 + minute * 60 + second);
        if (match.Groups["fraction"].Success)
            at = at.AddMilliseconds(Int(match.Groups["fraction"].Value.PadRight(3, '0')[..3]));
        var offset = match.Groups["offset"].Value;
        if (offset.Length == 0)
            at = Instants.Utc(at, zone);
        else if (offset[0] is '+' or '-')
            at = at.AddMinutes((offset[0] == '+' ? -1 : 1) * (Int(offset[1..3]) * 60 + Int(offset[^2..])));
        return true;
    }

    /// <summary>Seconds or milliseconds since 1970, or days since 1900 as spreadsheets count.</summary>
    static bool TrySerial(string text, out DateTime at)
    {
        at = default;
        if (
            !text.All(c => char.IsAsciiDigit(c) || c == '.')
            || !double.TryParse(text, CultureInfo.InvariantCulture, out var number)
        )
            return false;
        var whole = text.IndexOf('.', StringComparison.Ordinal) is >= 0 and var mark ? mark : text.Length;
        if (whole == 5 && number is >= 20_000 and < 80_000)
            at = Instants.ToMillisecond(DateTime.FromOADate(number));
        else if (whole == text.Length && whole is 10 or 13)
            at = DateTime.UnixEpoch.AddMilliseconds(whole == 10 ? number * 1000 : number);
        else
            return false;
        at = DateTime.SpecifyKind(at, DateTimeKind.Utc);
        return true;
    }

    static bool TryMonth(string name, out int month)
    {
        month =
            1 + Array.FindIndex(_months, known => name.Length >= 3 && known.StartsWith(name, StringComparison.OrdinalIgnoreCase));
        if (month == 0 && string.Equals(name, "sept", StringComparison.OrdinalIgnoreCase))
            month = 9;
        return month > 0;
    }

    /// <summary>A year of two digits is one of 1970 to 2069.</summary>
    static int Year(string digits) => Int(digits) is var year && digits.Length == 2 ? year + (year < 70 ? 2000 : 1900) : year;

    static int Int(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    const string Time =
        @"(?:(?:,?\s+|T)(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?\s*(?<half>[AaPp])?(?:\.?[Mm]\.?)?\s*(?<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?";

    [GeneratedRegex(
        @"^(?<a>\d{1,4})(?<mark>[./-])(?<b>\d{1,2})\k<mark>(?<c>\d{1,4})" + Time + "$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Numeric();

    [GeneratedRegex(
        @"^(?:[A-Za-z]{3,9},?\s+)?(?:(?<day>\d{1,2})(?:st|nd|rd|th)?[\s.-]+(?<month>[A-Za-z]{3,9})\.?[\s,.-]+(?<year>\d{4}|\d{2})|(?<month>[A-Za-z]{3,9})\.?\s+(?<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?<year>\d{4}))"
            + Time
            + "$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Named();
}
