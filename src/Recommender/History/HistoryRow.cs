using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Recommender.CoSell;

namespace Recommender.History;

/// <summary>A row that could not be taken, and why. Lines count from 1, the header's line.</summary>
public sealed record RejectedRow(string File, long Line, string Column, string Found, string Expected)
{
    /// <summary>One line for a person.</summary>
    public override string ToString() => $"{File}, line {Line}: {Column} is '{Found}'; expected {Expected}.";
}

/// <summary>A checked row of a history table.</summary>
/// <param name="Table">The table it belongs to.</param>
/// <param name="Values">string, double, DateTime (UTC) or null, in the order of the table's columns.</param>
/// <param name="Attributes">Columns the contract does not name.</param>
public sealed record HistoryRow(HistoryTable Table, object?[] Values, Attributes Attributes)
{
    /// <summary>The key columns, joined by a unit separator.</summary>
    public string Key =>
        Table.KeyLength == 1
            ? (string)Values[0]!
            : string.Join(
                '\u001f',
                Values.Take(Table.KeyLength).Select(value => value is DateTime at ? Instants.Text(at) : (string)value!)
            );

    /// <summary>The facts this row states, each with the moment from which it can be seen. A deal that ended states two.</summary>
    public IEnumerable<DatedFact> Facts()
    {
        var recordedAt = Values[^1] as DateTime?;
        DatedFact Seen(DateTime? at, FactKind kind, object noun) =>
            new(Later(at ?? DateTime.MinValue, recordedAt), kind, Key, noun);
        string? Text(int at) => (string?)Values[at];
        switch (Table.Name)
        {
            case "accounts":
                var account = new Account(
                    Text(0)!,
                    Text(1),
                    Text(2),
                    Text(3),
                    Text(4),
                    Values[5] as double?,
                    Values[6] as double?,
                    Values[7] as DateTime?,
                    Attributes
                );
                yield return Seen(account.CreatedAt, FactKind.Account, account);
                break;
            case "partners":
                var partner = new Partner(
                    Text(0)!,
                    Text(1),
                    Text(2),
                    Text(3),
                    Text(4),
                    Text(5),
                    Text(6),
                    Values[7] as DateTime?,
                    Attributes
                );
                yield return Seen(partner.JoinedAt, FactKind.Partner, partner);
                break;
            case "opportunities":
                var opportunity = ToOpportunity();
                yield return Seen(opportunity.CreatedAt, FactKind.OpportunityCreated, opportunity);
                if (opportunity is { Outcome: not Outcome.Open, ClosedAt: { } closedAt })
                    yield return Seen(Later(closedAt, opportunity.CreatedAt), FactKind.OpportunityClosed, opportunity);
                break;
            case "engagements":
                var engagement = new Engagement(Text(0)!, Text(1)!, Text(2)!, Text(3), (DateTime)Values[4]!);
                yield return Seen(engagement.StartedAt, FactKind.Engagement, engagement);
                break;
            case "opportunity_stages":
                var stage = new StageChange(Text(0)!, Text(1)!, (DateTime)Values[2]!);
                yield return Seen(stage.EnteredAt, FactKind.StageEntered, stage);
                break;
            case "touches":
                var touch = new Touch(Text(0)!, Text(1), Text(2), Text(3), Text(4)!, (DateTime)Values[5]!);
                yield return Seen(touch.At, FactKind.Touch, touch);
                break;
            case "account_overlaps":
                var overlap = new AccountOverlap(
                    Text(0)!,
                    Text(1)!,
                    Text(2)!,
                    Values[4] as double?,
                    Text(5),
                    (DateTime)Values[3]!,
                    Values[6] as DateTime?
                );
                yield return Seen(overlap.Since, FactKind.Overlap, overlap);
                break;
            case "deal_registrations":
                var registration = new DealRegistration(
                    Text(0)!,
                    Text(1)!,
                    Text(2)!,
                    Text(3),
                    (DateTime)Values[4]!,
                    Text(5),
                    Values[6] as DateTime?,
                    Values[7] as DateTime?
                );
                yield return Seen(registration.SubmittedAt, FactKind.RegistrationSubmitted, registration);
                if (registration.DecidedAt is { } decidedAt)
                    yield return Seen(Later(decidedAt, registration.SubmittedAt), FactKind.RegistrationDecided, registration);
                break;
            case "assists":
                var assist = new Assist(
                    Text(0)!,
                    Text(1)!,
                    string.Equals(Text(2), "given", StringComparison.Ordinal),
                    Text(3),
                    Text(4),
                    (DateTime)Values[5]!
                );
                yield return Seen(assist.At, FactKind.Assist, assist);
                break;
            case "certifications":
                var certification = new Certification(Text(0)!, Text(1)!, (DateTime)Values[2]!, Values[3] as DateTime?);
                yield return Seen(certification.EarnedAt, FactKind.Certification, certification);
                break;
            case "feedback":
                var feedback = new Feedback(Text(0)!, Text(1), Text(2)!, Text(3)!, Text(4), Text(5)!, (DateTime)Values[8]!);
                yield return Seen(feedback.At, FactKind.Feedback, feedback);
                break;
            default:
                throw new InvalidOperationException($"{Table.Name} states no facts.");
        }
    }

    /// <summary>A number that changes when the row does; the attributes as JSON come with it, null if there are none.</summary>
    internal long Fingerprint(out string? attributes)
    {
        attributes =
            Attributes.Names.Count == 0
                ? null
                : JsonSerializer.Serialize(
                    Attributes.Names.Zip(Attributes.Values).ToDictionary(pair => pair.First, pair => pair.Second)
                );
        var text = new StringBuilder();
        foreach (var value in Values)
        {
            text.Append(
                    value switch
                    {
                        DateTime at => Instants.Text(at),
                        double number => number.ToString("R", CultureInfo.InvariantCulture),
                        _ => (string?)value,
                    }
                )
                .Append(value is null ? '\u001e' : '\u001f');
        }
        return BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text.Append(attributes).ToString())));
    }

    /// <summary>The values as a JSON array, for <see cref="ReadValues"/>.</summary>
    internal string WriteValues() =>
        JsonSerializer.Serialize(Values.Select(value => value is DateTime at ? Instants.Text(at) : value));

    internal static object?[] ReadValues(HistoryTable table, string json)
    {
        using var document = JsonDocument.Parse(json);
        return
        [
            .. document
                .RootElement.EnumerateArray()
                .Select(
                    (value, i) =>
                        value.ValueKind == JsonValueKind.Null
                            ? null
                            : table.Columns[i].Kind switch
                            {
                                ColumnKind.Number => value.GetDouble(),
                                ColumnKind.Instant => Instants.OfText(value.GetString()!),
                                _ => (object)value.GetString()!,
                            }
                ),
        ];
    }

    Opportunity ToOpportunity() =>
        new(
            (string)Values[0]!,
            (string)Values[1]!,
            (string?)Values[2],
            Values[3] as double?,
            (string?)Values[4],
            (DateTime)Values[5]!,
            Values[6] as DateTime?,
            Values[7] as DateTime?,
            (string?)Values[8] switch
            {
                "won" => Outcome.Won,
                "lost" => Outcome.Lost,
                _ => Outcome.Open,
            },
            (string?)Values[10],
            Attributes
        );

    static DateTime Later(DateTime at, DateTime? recordedAt) => recordedAt > at ? recordedAt.Value : at;
}

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
    public static bool TryParse(ReadOnlySpan<char> text, out DateTime at)
    {
        if (
            !DateTime.TryParseExact(
                text,
                _formats,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out at
            )
        )
            return false;
        at = ToMillisecond(at);
        return true;
    }
}
