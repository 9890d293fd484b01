using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Ranking;

// What is said of a partner once it is ranked: numbers, reasons, cautions.
public sealed partial class PartnerRanker
{
    RecommendedPartner Describe(RankingWorkspace workspace, Decision decision, int at, int rank, Chance? chance, Reason[] reasons)
    {
        var partner = workspace.Candidates[at];
        var score = workspace.Scores[at];
        var pair = workspace.Fit.Pair(partner);
        var counts = pair.Partner.Counts;
        var industry = State.Settings.IndexOfDimension("industry");
        var overlap = pair.LiveOverlap;
        var holders = _candidates.OtherHolders(pair.Decision.Account, partner, decision);
        var isUnsayable = chance?.IsFinite == false;
        if (isUnsayable)
            chance = null;
        return new()
        {
            PartnerId = State.PartnerId(partner).Value,
            Name = pair.Partner.Row?.Name,
            Rank = rank,
            FitScore = score,
            Grade = GradeOf(score),
            Unproven = counts.Engagements == 0,
            WinProbability = chance?.Winning,
            WinProbabilityAlone = chance?.Alone,
            Lift = chance?.Lift?.Lift,
            LiftLow = chance?.Lift?.Low,
            LiftHigh = chance?.Lift?.High,
            LiftEValue = chance?.Lift?.EValue,
            LiftEValueLow = chance?.Lift?.EValueLow,
            ExpectedValue = chance?.Winning * decision.Opportunity.Amount is { } value && double.IsFinite(value) ? value : null,
            Support = new(
                industry < 0 ? 0 : pair.Values[industry].Won + pair.Values[industry].Lost,
                chance?.Lift?.Deals ?? counts.Won + counts.Lost
            ),
            Reasons = reasons,
            WarmPath = overlap is null ? null : WarmPath.Of(overlap),
            Cautions = isUnsayable
                ? [.. Cautions(pair, holders), "Its win probability is not a finite number and is left out"]
                : Cautions(pair, holders),
            NextAction = NextActions.For(pair, holders is [var first, ..] ? first : null),
        };
    }

    /// <summary>Says of partners on one list that they seem to be one company under two ids.</summary>
    void NameTwins(RankingWorkspace workspace, ReadOnlySpan<int> top, RecommendedPartner[] partners)
    {
        for (var i = 1; i < top.Length; i++)
        {
            var company = State.PartnerStates[workspace.Candidates[top[i]]].Identity!;
            for (var j = 0; j < i; j++)
            {
                var other = State.PartnerStates[workspace.Candidates[top[j]]].Identity!;
                if (company.SameAs(other) is not (var why, true))
                    continue;
                foreach (var (one, twin) in ((int, int)[])[(i, j), (j, i)])
                    partners[one] = partners[one] with
                    {
                        Cautions =
                        [
                            .. partners[one].Cautions,
                            $"Seems to be the same company as {partners[twin].PartnerId}: {why}",
                        ],
                    };
            }
        }
    }

    /// <summary>Puts the contributions of the ideas for each of <paramref name="top"/> onto the workspace.</summary>
    void Explain(RankingWorkspace workspace, ReadOnlySpan<int> top)
    {
        if (_models.Shap is not { } shap)
            return;
        var width = workspace.Fit.PartnerFit.Count;
        var rows = workspace.Room(top.Length * width).AsSpan(0, top.Length * width);
        for (var i = 0; i < top.Length; i++)
            workspace.Fit.WritePartnerFit(workspace.Candidates[top[i]], rows.Slice(i * width, width));
        shap.Explain(rows, workspace.RoomToExplain(top.Length * shap.Groups));
    }

    Reason[] ReasonsOf(RankingWorkspace workspace, int partner, int rank, int most)
    {
        if (_models.Shap is not { } shap)
        {
            var view = workspace.Fit.Pair(partner);
            return
            [
                new(ReasonSentences.Of(Ideas.History, view), 0, "positive"),
                new(ReasonSentences.Of(Ideas.Activity, view), 0, "positive"),
            ];
        }
        var byIdea = workspace.Contributions.AsSpan(rank * shap.Groups, shap.Groups);
        Span<int> top = stackalloc int[Math.Min(most, shap.Groups)];
        Top.Best(top, shap.Groups, new BySize(byIdea));
        var pair = workspace.Fit.Pair(partner);
        var reasons = new Reason[top.Length];
        for (var i = 0; i < top.Length; i++)
        {
            var contribution = byIdea[top[i]];
            reasons[i] = new(
                ReasonSentences.Of(_models.Ideas[top[i]], pair),
                contribution,
                contribution >= 0 ? "positive" : "negative"
            )
            {
                Idea = _models.Ideas[top[i]],
            };
        }
        return reasons;
    }

    static string[] Cautions(PairView pair, string[] holders)
    {
        List<string>? cautions = null;
        void Add(string caution) => (cautions ??= []).Add(caution);
        if (
            pair.Decision.Account is { Row: { } account, Merged: var merged }
            && pair.Partner.Identity is { } identity
            && CompanyIdentity.Of(account, merged).SameAs(identity) is var (why, _)
        )
            Add($"May be the customer itself: {why}");
        foreach (var holder in holders)
            Add($"{holder} holds a live registration on this account");
        if (pair.Partner.Certifications is { Count: > 0 } certifications && !AnyIsLive(certifications, pair.Decision.AsOf))
            Add("All its certifications have expired");
        if (pair.Partner.Counts.Engagements == 0)
            Add("Unproven: no engagement yet");
        else if ((pair.Decision.AsOf - pair.Partner.LastEngagementAt).TotalDays > 365)
            Add(FormattableString.Invariant($"No engagement since {pair.Partner.LastEngagementAt:yyyy-MM-dd}"));
        if (pair.Pair.LastDecline is { } declined)
            Add(FormattableString.Invariant($"Declined on {declined.At:yyyy-MM-dd}"));
        return cautions is null ? [] : [.. cautions];
    }

    static bool AnyIsLive(List<Certification> certifications, DateTime asOf)
    {
        foreach (var certification in certifications)
        {
            if (certification.IsLive(asOf))
                return true;
        }
        return false;
    }

    string? GradeOf(float score) =>
        _models.Fit?.Manifest.Grades is not [var a, var b, var c] ? null
        : score >= a ? "A"
        : score >= b ? "B"
        : score >= c ? "C"
        : "D";
}
