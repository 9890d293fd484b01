using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>What can be said of a partner and a decision: one definition serves both models.</summary>
static class PairFeatures
{
    public static FeatureList<PairView> Of(FeatureSettings settings)
    {
        var features = new FeatureList<PairView>(Movement.WithHistory);

        features.Add(
            "partner_engagements",
            Ideas.Activity,
            "Engagements of the partner",
            v => v.Partner.Counts.Engagements,
            Combine.Max
        );
        features.Add(
            "partner_engagements_decayed",
            Ideas.Activity,
            "Engagements of the partner, decayed with the slow half-life",
            v => v.Partner.Counts.Decayed * v.Decision.SlowScale,
            Combine.Max
        );
        features.Add(
            "partner_engagements_recent",
            Ideas.Activity,
            "Engagements of the partner, decayed with the short half-life",
            v => v.Partner.Short * v.Decision.FastScale,
            Combine.Max
        );
        features.Add(
            "partner_share",
            Ideas.Activity,
            "Share of all decayed engagements that are the partner's, per thousand",
            v => 1000 * Ratio(v.Partner.Counts.Decayed, v.Decision.State.Engagements.Decayed)
        );
        features.AddOptional(
            "partner_days_since_engagement",
            Ideas.Activity,
            "Days since the partner's last engagement started",
            v => v.Partner.Counts.Engagements == 0 ? double.NaN : Ages.Days(v.Partner.LastEngagementAt, v.Decision.AsOf)
        );
        features.AddOptional(
            "partner_tenure_days",
            Ideas.Activity,
            "Days since the partner joined or first engaged",
            v =>
                v.Partner.Row?.JoinedAt is { } joined ? Math.Max(0, Ages.Days(joined, v.Decision.AsOf))
                : v.Partner.Counts.Engagements > 0 ? Ages.Days(v.Partner.FirstEngagementAt, v.Decision.AsOf)
                : double.NaN,
            Movement.WithCalendar
        );
        features.Add("partner_accounts", Ideas.Activity, "Accounts the partner has worked with", v => v.Partner.Accounts);
        features.Add(
            "partner_win_rate",
            Ideas.WinRate,
            "Share of the partner's matured deals that were won, shrunk to the overall share",
            v => v.Decision.Smoothed(v.Partner.Counts.Won, v.Partner.Counts.Lost),
            Combine.Mean
        );
        features.Add(
            "partner_outcomes",
            Ideas.WinRate,
            "Matured deals of the partner",
            v => v.Partner.Counts.Won + v.Partner.Counts.Lost,
            Combine.Max
        );

        features.Add(
            "account_engagements",
            Ideas.History,
            "Engagements of partner and account",
            v => v.Pair.Engagements,
            Combine.Max
        );
        features.Add(
            "account_engagements_decayed",
            Ideas.History,
            "Engagements of partner and account, decayed with the slow half-life",
            v => v.Pair.Decayed * v.Decision.SlowScale,
            Combine.Max
        );
        features.AddOptional(
            "account_days_since_engagement",
            Ideas.History,
            "Days since partner and account last worked together",
            v => v.Pair.Engagements == 0 ? double.NaN : Ages.Days(v.Pair.LastEngagementAt, v.Decision.AsOf)
        );
        features.Add(
            "account_share",
            Ideas.History,
            "Share of the account's engagements that were with the partner",
            v => Ratio(v.Pair.Engagements, v.Decision.Account?.Engagements ?? 0)
        );
        features.Add(
            "account_pair_win_rate",
            Ideas.History,
            "Share of matured deals of partner and account that were won, shrunk to the overall share",
            v => v.Decision.Smoothed(v.Pair.Won, v.Pair.Lost),
            Combine.Mean
        );
        features.Add(
            "co_engagement_sum",
            Ideas.Neighbours,
            "Cosine of co-engagement with the account's earlier partners, summed",
            v => v.CoEngagement.Sum,
            Combine.Max
        );
        features.Add(
            "co_engagement_best",
            Ideas.Neighbours,
            "Cosine of co-engagement with the closest of them",
            v => v.CoEngagement.Best
        );
        features.Add(
            "co_engagement_partners",
            Ideas.Neighbours,
            "How many of them the partner has worked beside",
            v => v.CoEngagement.Count
        );

        features.Add(
            "succession_sum",
            Ideas.Succession,
            "How often the partner came to accounts after this account's earlier partners, per account of theirs, summed",
            v => v.Decision.Succession[v.Index].Sum
        );
        features.Add(
            "succession_best",
            Ideas.Succession,
            "The same after the one of them it follows most",
            v => v.Decision.Succession[v.Index].Best
        );
        features.Add(
            "succession_cosine",
            Ideas.Succession,
            "The sum over the square root of the partner's accounts",
            v => v.Decision.Succession[v.Index].Sum / Math.Sqrt(v.Partner.Accounts + 3.0)
        );
        features.Add(
            "succession_partners",
            Ideas.Succession,
            "How many of them the partner has come after",
            v => v.Decision.Succession[v.Index].Count
        );
        features.Add(
            "partner_repeat_share",
            Ideas.Activity,
            "Share of the partner's engagements that were with an account it knew, shrunk to zero",
            v => (v.Partner.Counts.Engagements - v.Partner.Accounts) / (v.Partner.Counts.Engagements + 3.0)
        );
        features.Add(
            "account_deals_missed",
            Ideas.History,
            "The account's deals since the partner last worked on one; 0 if it never did",
            v => v.Pair.Engagements == 0 ? 0 : Math.Max(0, (v.Decision.Account?.Opportunities ?? 0) - v.Pair.DealsSince)
        );
        features.AddOptional(
            "account_stage_gap",
            Ideas.Account,
            "Earlier deals of the account against those the partner usually joins at, logarithms, in its standard deviations",
            v => Gap(v.Partner.EarlierDeals, Elementary.Log(Math.Max(1, v.Decision.Account?.Opportunities ?? 1)))
        );

        ValueFeatures.Add(features, settings);
        RecordFeatures.Add(features, settings.Fold);
        return features;
    }

    public static double Gap((int Count, double Sum, double Squares) usual, double value)
    {
        var (count, sum, squares) = usual;
        if (count == 0 || double.IsNaN(value))
            return double.NaN;
        var mean = sum / count;
        var variance = (Math.Max(0, squares - sum * mean) + 1) / (count + 1);
        return (value - mean) / Math.Sqrt(variance);
    }

    public static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;
}
