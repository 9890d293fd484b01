using System.Globalization;
using Recommender.Ranking;

namespace Recommender.Api.Pages;

/// <summary>Numbers and dates in the words that stand on a page.</summary>
static class Format
{
    static readonly CultureInfo _culture = CultureInfo.InvariantCulture;

    public static string Day(DateTime at) => at.ToString("d MMM yyyy", _culture);

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

    public static string Signed(double number) => (number < 0 ? "−" : "+") + Math.Abs(number).ToString("0.0", _culture);

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

    public static string Count(long count, string noun) =>
        count == 1 ? $"1 {noun}" : string.Create(_culture, $"{count:#,0} {noun}s");

    public static string Plain(string? code) => (code ?? "").Replace('_', ' ');

    /// <summary>What bringing the partner changes, for a person: the estimate with its interval and what it rests on, or that it is not known.</summary>
    public static string Lift(RecommendedPartner partner) =>
        partner.Lift is { } lift ? $"{Points(lift)}, {Range(partner)}" : Range(partner);

    /// <summary>The interval of the difference, and what it rests on.</summary>
    public static string Range(RecommendedPartner partner) =>
        partner.Lift is not null
            ? $"{Bound(partner.LiftLow!.Value)} to {Bound(partner.LiftHigh!.Value)}, from {Count(partner.Support.PartnerDeals, "finished deal")} of this partner"
            : "unknown: too few comparable deals to tell";

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
