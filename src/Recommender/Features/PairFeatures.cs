using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>What can be said of a partner and a decision: one definition serves both models.</summary>
static class PairFeatures
{
    public static FeatureList<PairView> Of(FeatureSettings settings)
    {
        var features = new FeatureList<PairView>();

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
            v => v.Partner.Counts.Engagements == 0 ? double.NaN : (v.Decision.AsOf - v.Partner.LastEngagementAt).TotalDays
        );
        features.AddOptional(
            "partner_tenure_days",
            Ideas.Activity,
            "Days since the partner joined or first engaged",
            v =>
                v.Partner.Row?.JoinedAt is { } joined ? (v.Decision.AsOf - joined).TotalDays
                : v.Partner.Counts.Engagements > 0 ? (v.Decision.AsOf - v.Partner.FirstEngagementAt).TotalDays
                : double.NaN
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
            v => v.Pair.Engagements == 0 ? double.NaN : (v.Decision.AsOf - v.Pair.LastEngagementAt).TotalDays
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

        for (var dimension = 0; dimension < settings.Fold.Dimensions.Count; dimension++)
        {
            var d = dimension;
            var name = settings.Fold.Dimensions[d].Name;
            var idea = Ideas.In(name);
            features.Add(
                $"{name}_engagements",
                idea,
                $"The partner's engagements in this {name}",
                v => v.Values[d].Engagements,
                Combine.Max
            );
            features.Add(
                $"{name}_engagements_decayed",
                idea,
                $"The same, decayed with the slow half-life",
                v => v.Values[d].Decayed * v.Decision.SlowScale
            );
            features.Add(
                $"{name}_share",
                idea,
                $"Share of the partner's engagements in this {name}, shrunk to zero",
                v => v.Values[d].Engagements / (v.Partner.Counts.Engagements + 5.0)
            );
            features.Add(
                $"{name}_affinity",
                idea,
                $"Logarithm of the partner's share in this {name} against everybody's",
                v => Affinity(v, d),
                Combine.Max
            );
            features.Add(
                $"{name}_share_of_value",
                idea,
                $"Share of recent engagements in this {name} that are the partner's, per hundred",
                v => 100 * Ratio(v.Values[d].Decayed, Sum(v.Decision.Values[d], value => value.DecayedEngagements))
            );
            features.Add(
                $"{name}_win_rate",
                idea,
                $"Share of the partner's matured deals in this {name} that were won, shrunk to its overall share",
                v =>
                {
                    var rate = v.Decision.Smoothed(v.Partner.Counts.Won, v.Partner.Counts.Lost);
                    var (won, lost) = (v.Values[d].Won, v.Values[d].Lost);
                    return (won + v.Decision.Settings.Smoothing * rate) / (won + lost + v.Decision.Settings.Smoothing);
                },
                Combine.Mean
            );
        }
        for (var measure = 0; measure < settings.Fold.Measures.Count; measure++)
        {
            var m = measure;
            var name = settings.Fold.Measures[m].Name;
            features.AddOptional(
                $"{name}_gap",
                Ideas.Size,
                $"{name} against the partner's usual, in its standard deviations; negative is less",
                v => Gap(v, m)
            );
            features.Add(
                $"{name}_distance",
                Ideas.Size,
                $"{name} against the partner's usual, without sign; 0 if unknown",
                v => Gap(v, m) is var gap && double.IsNaN(gap) ? 0 : Math.Abs(gap),
                Combine.Mean
            );
        }
        foreach (var encoder in settings.OneHots.Where(encoder => encoder.OfPartner))
        {
            var trait = settings.Fold.PartnerTraits.ToList().IndexOf(encoder.Name);
            foreach (var value in encoder.Values)
            {
                // The list belongs to one featurizer and so to one state; a value keeps its number once it has one.
                var number = -1;
                features.Add(
                    $"{encoder.Name}_is_{Slug(value)}",
                    Ideas.Kind,
                    $"1 if the partner's {encoder.Name} is {value}",
                    v => Has(v.Partner.Traits, trait, number >= 0 ? number : number = v.Decision.State.Categories.Find(value)),
                    Combine.Max
                );
            }
        }
        foreach (var match in settings.Matches)
        {
            var trait = settings.Fold.PartnerTraits.ToList().IndexOf(match.Trait);
            var d = settings.Fold.IndexOfDimension(match.Dimension);
            features.Add(
                $"{match.Trait}_covers_{match.Dimension}",
                Ideas.Coverage,
                $"1 if the partner's {match.Trait} name this {match.Dimension}",
                v => Covers(v.Partner.Traits, trait, v.Decision.ValueIds[d]),
                Combine.Max
            );
        }
        if (settings.Fold.Has("account_overlaps"))
        {
            foreach (var population in (string[])["customer", "open_opportunity", "prospect"])
                features.Add(
                    $"overlap_{population}",
                    Ideas.Overlap,
                    $"1 if the account is a {population} of the partner",
                    v => v.IsOverlap(population) ? 1 : 0,
                    Combine.Max
                );
            features.Add(
                "overlap_contacts",
                Ideas.Overlap,
                "The partner's contacts at the account",
                v => v.LiveOverlap?.ContactCount ?? 0,
                Combine.Max
            );
            features.AddOptional(
                "overlap_days",
                Ideas.Overlap,
                "Days since the overlap began",
                v => v.LiveOverlap is { } overlap ? (v.Decision.AsOf - overlap.Since).TotalDays : double.NaN
            );
            features.Add("partner_overlaps", Ideas.Overlap, "Accounts the partner shares with us", v => v.Partner.Overlaps);
        }
        if (settings.Fold.Has("touches"))
        {
            features.Add(
                "pair_touches",
                Ideas.Touches,
                "The partner's contacts with the account, decayed with the short half-life",
                v => v.Pair.Touches * v.Decision.FastScale,
                Combine.Max
            );
            features.AddOptional(
                "days_since_touch",
                Ideas.Touches,
                "Days since the partner's last contact with the account",
                v => v.Pair.LastTouchAt == default ? double.NaN : (v.Decision.AsOf - v.Pair.LastTouchAt).TotalDays
            );
        }
        if (settings.Fold.Has("deal_registrations"))
        {
            features.Add(
                "registration_live",
                Ideas.Registrations,
                "1 if the partner has a live registration on the account",
                v => v.LiveRegistration is null ? 0 : 1,
                Combine.Max
            );
            features.Add(
                "partner_registrations",
                Ideas.Registrations,
                "Registrations the partner has submitted",
                v => v.Partner.Registrations
            );
        }
        if (settings.Fold.Has("assists"))
        {
            features.Add(
                "assists_given",
                Ideas.Assists,
                "Assists given to the partner, decayed with the slow half-life",
                v => v.Partner.AssistsGiven * v.Decision.SlowScale
            );
            features.Add(
                "assists_received",
                Ideas.Assists,
                "Assists received from the partner, decayed with the slow half-life",
                v => v.Partner.AssistsReceived * v.Decision.SlowScale
            );
            features.Add(
                "pair_assists",
                Ideas.Assists,
                "Assists with the partner on the account",
                v => v.Pair.AssistsGiven + v.Pair.AssistsReceived,
                Combine.Max
            );
        }
        if (settings.Fold.Has("certifications"))
        {
            features.Add(
                "certifications",
                Ideas.Certifications,
                "Certifications the partner holds",
                v => Certified(v, null),
                Combine.Max
            );
            features.Add(
                "certified_for_product",
                Ideas.Certifications,
                "1 if one of them names the deal's product",
                v => v.Decision.Decision.Opportunity.Product is { } product && Certified(v, product) > 0 ? 1 : 0,
                Combine.Max
            );
        }
        return features;
    }

    static double Gap(PairView v, int m) => Gap(v.Partner.Measures[m], v.Decision.Measures[m]);

    static double Gap((int Count, double Sum, double Squares) usual, double value)
    {
        var (count, sum, squares) = usual;
        if (count == 0 || double.IsNaN(value))
            return double.NaN;
        var mean = sum / count;
        var variance = (Math.Max(0, squares - sum * mean) + 1) / (count + 1);
        return (value - mean) / Math.Sqrt(variance);
    }

    static double Affinity(PairView v, int d)
    {
        var everybody = Ratio(Sum(v.Decision.Values[d], value => value.Engagements), v.Decision.State.Engagements.All);
        if (everybody <= 0)
            return 0;
        var k = v.Decision.Settings.Smoothing;
        var own = (v.Values[d].Engagements + k * everybody) / (v.Partner.Counts.Engagements + k);
        return Elementary.Log(own / everybody);
    }

    static double Sum(List<ValueState> values, Func<ValueState, double> of)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += of(value);
        return sum;
    }

    static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;

    /// <summary>Certifications held, or those of them that name the competency.</summary>
    static int Certified(PairView v, string? competency)
    {
        if (v.Partner.Certifications is not { } certifications)
            return 0;
        var count = 0;
        foreach (var held in certifications)
        {
            if (
                held.IsLive(v.Decision.AsOf)
                && (competency is null || string.Equals(held.Competency, competency, StringComparison.OrdinalIgnoreCase))
            )
                count++;
        }
        return count;
    }

    static double Covers(int[][] traits, int trait, int[] values)
    {
        foreach (var value in values)
        {
            if (Has(traits, trait, value) > 0)
                return 1;
        }
        return 0;
    }

    static double Has(int[][] traits, int trait, int value) =>
        value >= 0 && trait < traits.Length && Array.IndexOf(traits[trait], value) >= 0 ? 1 : 0;

    public static string Slug(string value) => string.Concat(value.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}
