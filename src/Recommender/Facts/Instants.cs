using System.Globalization;

namespace Recommender.Facts;

/// <summary>Instants as text, to the millisecond, UTC.</summary>
public static class Instants
{
    static readonly string[] _formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd HH:mm:ssK",
        "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd HH:mmK",
        "yyyy-MM-dd",
    ];

    const string Sortable = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    const int Length = 24;

    /// <summary>The instant without what is finer than a millisecond, UTC.</summary>
    public static DateTime ToMillisecond(DateTime at) =>
        new(at.Ticks - at.Ticks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);

    /// <summary>A text that sorts as the instant does.</summary>
    public static string Text(DateTime at) =>
        string.Create(
            Length,
            at,
            static (text, at) =>
            {
                var (year, month, day) = at;
                "    -  -  T  :  :  .   Z".CopyTo(text);
                Write(text[..4], year);
                Write(text[5..7], month);
                Write(text[8..10], day);
                Write(text[11..13], at.Hour);
                Write(text[14..16], at.Minute);
                Write(text[17..19], at.Second);
                Write(text[20..23], at.Millisecond);
            }
        );

    static void Write(Span<char> digits, int number)
    {
        for (var i = digits.Length - 1; i >= 0; i--, number /= 10)
            digits[i] = (char)('0' + number % 10);
    }

    /// <summary>The instant of a <see cref="Text"/>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static DateTime OfText(string text)
    {
        if (
            text is not [_, _, _, _, '-', _, _, '-', _, _, 'T', _, _, ':', _, _, ':', _, _, '.', _, _, _, 'Z']
            || Digits(text, 0, 4) is not (> 0 and var year)
            || Digits(text, 5, 2) is not (>= 1 and <= 12 and var month)
            || Digits(text, 8, 2) is not (>= 1 and var day)
            || day > DateTime.DaysInMonth(year, month)
            || Digits(text, 11, 2) is not (>= 0 and < 24 and var hour)
            || Digits(text, 14, 2) is not (>= 0 and < 60 and var minute)
            || Digits(text, 17, 2) is not (>= 0 and < 60 and var second)
            || Digits(text, 20, 3) is not (>= 0 and var millisecond)
        )
            throw new FormatException($"'{text}' is no instant as {Sortable} has it.");
        return new(year, month, day, hour, minute, second, millisecond, DateTimeKind.Utc);
    }

    /// <summary>The number that stands there; -1 if a character is no digit.</summary>
    static int Digits(string text, int start, int length)
    {
        var number = 0;
        for (var i = start; i < start + length; i++)
        {
            var digit = text[i] - '0';
            if ((uint)digit > 9)
                return -1;
            number = 10 * number + digit;
        }
        return number;
    }

    /// <summary>Reads an ISO 8601 date or instant; UTC if it has no offset. False if it is neither.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTime at) => TryParse(text, TimeZoneInfo.Utc, out at);

    /// <summary>The same; a time without offset is one of <paramref name="zone"/>, a date by itself midnight UTC.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, TimeZoneInfo zone, out DateTime at)
    {
        if (!DateTime.TryParseExact(text, _formats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out at))
            return false;
        at = ToMillisecond(at.Kind == DateTimeKind.Utc || text.Length <= "yyyy-MM-dd".Length ? at : Utc(at, zone));
        return true;
    }

    /// <summary>The instant at which clocks of a zone show a time; the first of two, and an hour that they leave out as if they had not.</summary>
    public static DateTime Utc(DateTime local, TimeZoneInfo zone)
    {
        local = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        var offset =
            zone.IsInvalidTime(local) ? zone.GetUtcOffset(local.AddHours(-1))
            : zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max()
            : zone.GetUtcOffset(local);
        return DateTime.SpecifyKind(local - offset, DateTimeKind.Utc);
    }
}
