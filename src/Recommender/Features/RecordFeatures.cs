using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>What the records of partners say beside deals: overlaps, contacts, registrations, assists, certifications, if the history has them.</summary>
static class RecordFeatures
{
    public static void Add(FeatureList<PairView> features, FoldSettings fold)
    {
        if (fold.Has("account_overlaps"))
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
                v => v.LiveOverlap is { } overlap ? Ages.Days(overlap.Since, v.Decision.AsOf) : double.NaN
            );
            features.Add("partner_overlaps", Ideas.Overlap, "Accounts the partner shares with us", v => v.Partner.Overlaps);
        }
        if (fold.Has("touches"))
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
                v => v.Pair.LastTouchAt == default ? double.NaN : Ages.Days(v.Pair.LastTouchAt, v.Decision.AsOf)
            );
        }
        if (fold.Has("deal_registrations"))
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
        if (fold.Has("assists"))
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
        if (fold.Has("certifications"))
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
    }

    /// <summary>Certifications held, or those of them that name the competency.</summary>
    static int Certified(PairView v, string? competency)
    {
        if (v.Partner.Certifications is not { } certifications)
            return 0;
        var count = 0;
        foreach (var held in certifications)
        {
            if (held.IsLive(v.Decision.AsOf) && (competency is null || TextKey.AreSame(held.Competency, competency)))
                count++;
        }
        return count;
    }
}
