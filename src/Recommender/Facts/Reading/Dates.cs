using System.Globalization;
using System.Text.RegularExpressions;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Dates as people and spreadsheets write them, beside those of ISO 8601.</summary>
static partial class Dates
{
    const int Longest = 64;

    /// <summary>Names of months without accents: of each the first letters tell, three at least, as far as no other month begins so.</summary>
    static readonly string[][] _months =
    [
        ["january", "januar", "janvier", "enero", "gennaio", "janeiro"],
        ["february", "februar", "fevrier", "febrero", "febbraio", "fevereiro", "februari"],
        ["march", "marz", "maerz", "mars", "marzo", "marco", "maart", "mrz"],
        ["april", "avril", "abril", "aprile"],
        ["may", "mai", "mayo", "maggio", "maio", "mei", "maj"],
        ["june", "juni", "juin", "junio", "giugno", "junho"],
        ["july", "juli", "juillet", "julio", "luglio", "julho"],
        ["august", "aout", "agosto", "augusti", "augustus"],
        ["september", "septembre", "septiembre", "settembre", "setembro", "sept"],
        ["october", "oktober", "octobre", "octubre", "ottobre", "outubro"],
        ["november", "novembre", "noviembre", "novembro"],
        ["december", "dezember", "decembre", "diciembre", "dicembre", "dezembro"],
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
        return TryIso(text, zone, out at) || TrySerial(text, zone, out at);
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
        // The end of a day by ISO 8601.
        var isEnd = hour == 24 && minute == 0 && second == 0 && !match.Groups["half"].Success;
        if (hour > 23 && !isEnd || minute > 59 || second > 59)
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
    static bool TrySerial(string text, TimeZoneInfo zone, out DateTime at)
    {
        at = default;
        if (
            !text.All(c => char.IsAsciiDigit(c) || c == '.')
            || !double.TryParse(text, CultureInfo.InvariantCulture, out var number)
        )
            return false;
        var whole = text.IndexOf('.', StringComparison.Ordinal) is >= 0 and var mark ? mark : text.Length;
        if (whole == 5 && number is >= 20_000 and < 80_000)
        {
            at = Instants.ToMillisecond(DateTime.FromOADate(number));
            if (whole < text.Length)
            {
                at = Instants.Utc(DateTime.SpecifyKind(at, DateTimeKind.Utc), zone);
                return true;
            }
        }
        else if (whole == text.Length && whole is 10 or 13)
            at = DateTime.UnixEpoch.AddMilliseconds(whole == 10 ? number * 1000 : number);
        else
            return false;
        at = DateTime.SpecifyKind(at, DateTimeKind.Utc);
        return true;
    }

    static bool TryMonth(string name, out int month)
    {
        name = TextKey.Search(name);
        var named = Enumerable
            .Range(0, 12)
            .Where(m => Array.Exists(_months[m], known => name.Length >= 3 && known.StartsWith(name, StringComparison.Ordinal)))
            .ToList();
        month = named.Count == 1 ? 1 + named[0] : 0;
        return month > 0;
    }

    /// <summary>The other forms of ISO 8601: 20240131, 20240131T120000Z, 2024-W05-3, 2024-032; and 2024年1月31日.</summary>
    static bool TryIso(string text, TimeZoneInfo zone, out DateTime at)
    {
        at = default;
        if (Basic().Match(text) is { Success: true } basic)
            return TryMake(
                Int(basic.Groups["year"].Value),
                Int(basic.Groups["month"].Value),
                Int(basic.Groups["day"].Value),
                basic,
                zone,
                out at
            );
        if (Counted().Match(text) is not { Success: true } counted)
            return false;
        var year = Int(counted.Groups["year"].Value);
        if (year is < 1900 or > 2999)
            return false;
        if (counted.Groups["ordinal"].Success)
        {
            var day = Int(counted.Groups["ordinal"].Value);
            at = new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(day - 1);
            return day > 0 && at.Year == year;
        }
        var week = Int(counted.Groups["week"].Value);
        if (week < 1 || week > ISOWeek.GetWeeksInYear(year))
            return false;
        var weekday = Int(counted.Groups["weekday"].Value);
        at = DateTime.SpecifyKind(ISOWeek.ToDateTime(year, week, (DayOfWeek)(weekday % 7)), DateTimeKind.Utc);
        return weekday is >= 1 and <= 7;
    }

    /// <summary>A year of two digits is one of 1970 to 2069.</summary>
    static int Year(string digits) => Int(digits) is var year && digits.Length == 2 ? year + (year < 70 ? 2000 : 1900) : year;

    static int Int(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    // What they match is short and each ends soon: a limit in time would refuse dates where the machine is busy.
    const string Time =
        @"(?:(?:,?\s+|T)(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?\s*(?<half>[AaPp])?(?:\.?[Mm]\.?)?\s*(?<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?";

    [GeneratedRegex(
        @"^(?<a>\d{1,4})(?<mark>[./-])(?<b>\d{1,2})\k<mark>(?<c>\d{1,4})" + Time + "$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Timeout.Infinite
    )]
    private static partial Regex Numeric();

    [GeneratedRegex(
        @"^(?:\p{L}{2,10}\.?,?\s+)?(?:(?<day>\d{1,2})(?:st|nd|rd|th|er|º|°)?[\s.-]+(?:de\s+)?(?<month>\p{L}{3,10})\.?[\s,.-]+(?:de\s+)?(?<year>\d{4}|\d{2})|(?<month>\p{L}{3,10})\.?\s+(?<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?<year>\d{4}))"
            + Time
            + "$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Timeout.Infinite
    )]
    private static partial Regex Named();

    [GeneratedRegex(
        @"^(?:(?<year>(?:19|20)\d{2})(?<month>\d{2})(?<day>\d{2})(?:T(?<hour>\d{2})(?<minute>\d{2})(?<second>\d{2})?(?:[.,](?<fraction>\d{1,9}))?(?<offset>Z|[+-]\d{2}:?\d{2})?)?|(?<year>\d{4})年(?<month>\d{1,2})月(?<day>\d{1,2})日)$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Timeout.Infinite
    )]
    private static partial Regex Basic();

    [GeneratedRegex(
        @"^(?<year>\d{4})(?:-?W(?<week>\d{2})-?(?<weekday>\d)|-(?<ordinal>\d{3}))$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Timeout.Infinite
    )]
    private static partial Regex Counted();
}
