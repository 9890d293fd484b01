using System.Globalization;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Ranking;

/// <summary>Says an idea in the facts behind it.</summary>
static class ReasonSentences
{
    public static string Of(string idea, PairView pair)
    {
        var partner = pair.Partner;
        var decision = pair.Decision;
        var state = decision.State;
        var counts = partner.Counts;
        switch (idea)
        {
            case Ideas.Activity:
                return counts.Engagements == 0
                    ? "Has no engagement with us yet"
                    : $"{Count(counts.Engagements, "engagement")} with {Count(partner.Accounts, "account")} so far, the last on {Day(partner.LastEngagementAt)}";
            case Ideas.History:
                return pair.Pair.Engagements == 0
                    ? "Has not worked with this account before"
                    : $"Worked with this account {Times(pair.Pair.Engagements)}, last on {Day(pair.Pair.LastEngagementAt)}{Won(pair.Pair.Won, pair.Pair.Lost)}";
            case Ideas.Neighbours:
                var beside = Beside(pair).Take(3).ToList();
                return beside.Count == 0
                    ? "Has not worked beside the account's earlier partners"
                    : $"Has worked beside the account's earlier {(beside.Count == 1 ? "partner" : "partners")} {string.Join(", ", beside)}";
            case Ideas.Succession:
                var after = After(pair).Take(3).ToList();
                return after.Count == 0
                    ? "Has not come to an account after this account's earlier partners"
                    : $"Has come to other accounts after this account's earlier {(after.Count == 1 ? "partner" : "partners")} {string.Join(", ", after)}";
            case Ideas.WinRate:
                return counts.Won + counts.Lost == 0
                    ? "None of its deals has an outcome old enough to count"
                    : FormattableString.Invariant(
                        $"Won {counts.Won} of {Count(counts.Won + counts.Lost, "deal")} whose outcome counts"
                    );
            case Ideas.Size:
                return SizeSentence(pair);
            case Ideas.Kind:
                var kind = string.Join(
                    ", ",
                    new[] { partner.Row?.PartnerType, partner.Row?.Tier }.Where(text => !string.IsNullOrEmpty(text))
                );
                return kind.Length == 0 ? "Its kind of partner is unknown" : $"Is {kind}".Replace('_', ' ');
            case Ideas.Coverage:
                return CoverageSentence(pair);
            case Ideas.Overlap:
                return pair.LiveOverlap is { } overlap
                    ? $"The account is its {overlap.Population.Replace('_', ' ')} since {Day(overlap.Since)}, {Count((int)(overlap.ContactCount ?? 0), "contact")}"
                    : "No overlap with this account is known";
            case Ideas.Touches:
                return pair.Pair.LastTouchAt == default
                    ? "No contact of the partner with this account is on record"
                    : $"The partner's last contact with this account was on {Day(pair.Pair.LastTouchAt)}";
            case Ideas.Registrations:
                return pair.LiveRegistration is { } claim
                    ? $"Holds an approved registration on this account{(claim.ExpiresAt is { } end ? $" until {Day(end)}" : "")}"
                    : $"{Count(partner.Registrations, "deal registration")} submitted so far, none live on this account";
            case Ideas.Assists:
                return $"{Count(pair.Pair.AssistsGiven + pair.Pair.AssistsReceived, "assist")} on this account";
            case Ideas.Certifications:
                return CertificationSentence(partner, decision.AsOf);
            case Ideas.Account:
                return $"The account has had {Count(decision.Account?.Engagements ?? 0, "engagement")} with partners";
            case Ideas.Deal:
                return "What is known of the deal itself";
            default:
                return InDimension(idea, pair, state);
        }
    }

    static string CertificationSentence(PartnerState partner, DateTime asOf)
    {
        var held = (partner.Certifications ?? [])
            .Where(certification => certification.IsLive(asOf))
            .Select(certification => certification.Competency)
            .Distinct();
        return held.Any() ? $"Certified in {string.Join(", ", held)}" : "Holds no certification";
    }

    static string InDimension(string idea, PairView pair, HistoryState state)
    {
        var name = idea["in:".Length..];
        if (state.Settings.IndexOfCross(name) is >= 0 and var cross)
            return InCross(cross, pair, state);
        var d = state.Settings.IndexOfDimension(name);
        var words = name.Replace('_', ' ');
        if (d < 0 || pair.Decision.ValueIds[d].Length == 0)
            return $"The {words} is unknown";
        var ids = pair.Decision.ValueIds[d];
        var value = ids.Length == 1 ? NameOf(state, ids[0]) : string.Join(", ", ids.Select(id => NameOf(state, id)));
        var counts = pair.Values[d];
        return counts.Engagements == 0 ? $"No engagement in {words} {value} yet"
            // An engagement counts once for each value: they may add up to more than there are.
            : pair.Decision.ValueIds[d].Length > 1
                ? $"Met {words} {value} {Times(counts.Engagements)} in its engagements{Won(counts.Won, counts.Lost)}"
            : FormattableString.Invariant(
                $"{counts.Engagements} of its {Count(pair.Partner.Counts.Engagements, "engagement")} in {words} {value}{Won(counts.Won, counts.Lost)}"
            );
    }

    static string InCross(int cross, PairView pair, HistoryState state)
    {
        var (left, right) = state.Settings.Crosses[cross];
        var (of, with) = (Words(left), Words(right));
        if (of is null || with is null)
            return $"The {(of is null ? left : right).Replace('_', ' ')} is unknown";
        var counts = pair.Values[state.Settings.Dimensions.Count + cross];
        return counts.Engagements == 0
            ? $"No engagement in {of} together with {with} yet"
            : $"Met {of} together with {with} {Times(counts.Engagements)}{Won(counts.Won, counts.Lost)}";

        string? Words(string dimension) =>
            pair.Decision.ValueIds[state.Settings.IndexOfDimension(dimension)] is { Length: > 0 } ids
                ? $"{dimension.Replace('_', ' ')} {string.Join(", ", ids.Select(id => NameOf(state, id)))}"
                : null;
    }

    static string NameOf(HistoryState state, int category) => category < 0 ? "as given" : state.Categories[category];

    static string CoverageSentence(PairView pair)
    {
        var (partner, account) = (pair.Partner.Row, pair.Decision.Account?.Row);
        ReadOnlySpan<(string Word, string? Value, string? Named)> all =
        [
            ("industry", account?.Industry, partner?.Industries),
            ("region", account?.Region, partner?.Regions),
            ("country", account?.Country, partner?.Regions),
            ("product", pair.Decision.Decision.Opportunity.Product, partner?.Competencies),
        ];
        var (covered, missed) = ("", "");
        foreach (var (word, value, named) in all)
        {
            if (string.IsNullOrEmpty(value) || string.IsNullOrEmpty(named))
                continue;
            if (Names(named, value))
                covered = Join(covered, " and ", word, value);
            else if (word != "country")
                missed = Join(missed, " or ", word, value);
        }
        return (covered.Length, missed.Length) switch
        {
            (0, 0) => "What it covers is not known for this deal",
            (_, 0) => $"Says it covers {covered}",
            (0, _) => $"Does not name {missed} in what it covers",
            _ => $"Says it covers {covered}, but not {missed}",
        };
    }

    static string Join(string before, string between, string word, string value) =>
        before.Length == 0 ? $"{word} {value}" : $"{before}{between}{word} {value}";

    static bool Names(ReadOnlySpan<char> named, string value)
    {
        foreach (var part in named.Split('|'))
        {
            if (TextKey.AreSame(named[part], value))
                return true;
        }
        return false;
    }

    static string SizeSentence(PairView pair)
    {
        var chosen = -1;
        for (var m = 0; m < pair.Partner.Measures.Length; m++)
        {
            var settings = pair.Decision.Settings.Measures[m];
            if (pair.Partner.Measures[m].Count == 0 || double.IsNaN(pair.Decision.Measures[m]) || settings.IsDate)
                continue;
            if (chosen < 0 || settings.Name == "amount")
                chosen = m;
        }
        if (chosen < 0)
            return "The size of this deal or of its usual deals is unknown";
        var (count, sum, _) = pair.Partner.Measures[chosen];
        var (usual, here) = (Back(sum / count), Back(pair.Decision.Measures[chosen]));
        var name = pair.Decision.Settings.Measures[chosen].Name;
        var unit = name == "amount" && pair.Decision.Settings.BaseCurrency is { } code ? " " + code : "";
        return $"Its usual {name.Replace('_', ' ')} is about {Short(usual)}{unit}, here {Short(here)}{unit}";
    }

    static IEnumerable<string> Beside(PairView pair) =>
        Earlier(pair, other => other.Neighbours?.GetValueOrDefault(pair.Index) ?? 0);

    static IEnumerable<string> After(PairView pair) =>
        Earlier(pair, other => other.Successors?.GetValueOrDefault(pair.Index) ?? 0);

    /// <summary>Names of the account's earlier partners that <paramref name="times"/> counts at all, most first.</summary>
    static IEnumerable<string> Earlier(PairView pair, Func<PartnerState, int> times)
    {
        if (pair.Decision.Account?.Pairs is not { } pairs)
            return [];
        var states = pair.Decision.State.PartnerStates;
        return pairs
            .Partners.Where(other => pairs[other].Engagements > 0 && times(states[other]) > 0)
            .OrderByDescending(other => times(states[other]))
            .ThenBy(other => states[other].Id)
            .Select(other => states[other].Row?.Name ?? states[other].Id.Value);
    }

    static double Back(double logarithm) => Math.CopySign(Elementary.Exp(Math.Abs(logarithm)) - 1, logarithm);

    static string Short(double number) =>
        Math.Abs(number) switch
        {
            >= 1e9 => (number / 1e9).ToString("0.#", CultureInfo.InvariantCulture) + "bn",
            >= 1e6 => (number / 1e6).ToString("0.#", CultureInfo.InvariantCulture) + "m",
            >= 1e3 => (number / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + "k",
            _ => number.ToString("0.#", CultureInfo.InvariantCulture),
        };

    static string Won(int won, int lost) => won + lost == 0 ? "" : FormattableString.Invariant($", {won} of {won + lost} won");

    static string Times(int count) => count == 1 ? "once" : FormattableString.Invariant($"{count} times");

    static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : FormattableString.Invariant($"{count} {noun}s");

    static string Day(DateTime at) => at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
