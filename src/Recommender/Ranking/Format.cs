using System.Globalization;

namespace Recommender.Ranking;

/// <summary>Numbers and dates as a person reads them, in English whatever the culture of the machine.</summary>
public static class Format
{
    static readonly CultureInfo _culture = CultureInfo.InvariantCulture;

    /// <summary>A day, such as 4 Jun 2026.</summary>
    public static string Day(DateTime at) => at.ToString("d MMM yyyy", _culture);

    /// <summary>A moment, such as 4 Jun 2026 09:30 UTC.</summary>
    public static string Moment(DateTime at) => at.ToString("d MMM yyyy HH:mm", _culture) + " UTC";

    /// <summary>A probability as whole percent.</summary>
    public static string Percent(double? probability) =>
        probability is { } p ? FormattableString.Invariant($"{Math.Round(100 * p):0} %") : "unknown";

    /// <summary>A difference of probabilities as signed points.</summary>
    public static string Points(double difference) =>
        Math.Round(100 * difference) is var points && points == 0 ? "0 points"
        : points is 1 or -1 ? $"{(points > 0 ? "+" : "−")}1 point"
        : FormattableString.Invariant($"{(points > 0 ? "+" : "−")}{Math.Abs(points):0} points");

    static string Bound(double difference) =>
        Math.Round(100 * difference) is var points && points < 0
            ? FormattableString.Invariant($"−{-points:0}")
            : FormattableString.Invariant($"{points:0}");

    /// <summary>A number with its sign and one decimal.</summary>
    public static string WithSign(double number) => (number < 0 ? "−" : "+") + Math.Abs(number).ToString("0.0", _culture);

    /// <summary>An amount in its currency, shortened: 1.5 m EUR; unknown if there is none.</summary>
    public static string Money(double? amount, string? currency)
    {
        if (amount is not { } worth)
            return "unknown";
        var number = Math.Abs(worth) switch
        {
            >= 1e9 => (worth / 1e9).ToString("0.##", _culture) + " bn",
            >= 1e6 => (worth / 1e6).ToString("0.##", _culture) + " m",
            >= 1e4 => (worth / 1e3).ToString("0", _culture) + " k",
            _ => worth.ToString("0", _culture),
        };
        return currency is { Length: > 0 } ? $"{number} {currency}" : number;
    }

    /// <summary>How many of something: 1 deal, 1,200 deals.</summary>
    public static string Count(long count, string noun) =>
        count == 1 ? $"1 {noun}" : string.Create(_culture, $"{count:#,0} {noun}s");

    /// <summary>A code such as co_sell without its underscores; empty if there is none.</summary>
    public static string Plain(string? code) => (code ?? "").Replace('_', ' ');

    /// <summary>What bringing the partner changes, for a person: the estimate with its interval and what it rests on, or that it is not known.</summary>
    public static string Lift(RecommendedPartner partner) =>
        partner.Lift is { } lift ? $"{Points(lift)}, {Range(partner)}" : Range(partner);

    /// <summary>The interval of the difference, and what it rests on.</summary>
    public static string Range(RecommendedPartner partner) =>
        partner.Lift is not null
            ? $"{Bound(partner.LiftLow!.Value)} to {Bound(partner.LiftHigh!.Value)}, from {Count(partner.Support.PartnerDeals, "finished deal")} of this partner"
            : "unknown: nothing comparable to tell it from";

    /// <summary>What it would take to explain the difference away; null where there is none to explain.</summary>
    public static string? Robustness(RecommendedPartner partner) =>
        partner.Lift is > 0 && partner.LiftEValue is { } strength && partner.LiftEValueLow is { } least
            ? string.Create(
                _culture,
                $"An estimate from observed deals, not an experiment. To explain it away, a cause that is in no column would have to make both being brought in and winning {strength:0.0} times as likely{(least > 1 ? $", and {least:0.0} times to bring the lower end to zero" : "; the interval holds zero already")}."
            )
            : null;

    /// <summary>How sure the estimate is: by the width of its interval.</summary>
    public static string Confidence(RecommendedPartner partner) =>
        partner.Lift is null
            ? "unknown"
            : (partner.LiftHigh - partner.LiftLow) switch
            {
                <= 0.2 => "high",
                <= 0.4 => "medium",
                _ => "low",
            };

    /// <summary>An owner for an address: no personal data there.</summary>
    public static string Token(string text) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)))[..10];
}
