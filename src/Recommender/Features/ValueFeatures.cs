using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>A partner and the values of a decision: what it did in the same industry, product and so on, at what sizes, and what it covers.</summary>
static class ValueFeatures
{
    public static void Add(FeatureList<PairView> features, FeatureSettings settings)
    {
        var dimensions = settings.Fold.Dimensions;
        for (var d = 0; d < dimensions.Count; d++)
        {
            var (name, at) = (dimensions[d].Name, d);
            // A partner is not chosen for the season.
            if (name == Columns.CreatedMonth)
                continue;
            AddExperience(features, name, $"this {name}", at, Combine.Max);
            features.Add(
                $"{name}_win_rate",
                Ideas.In(name),
                $"Share of the partner's matured deals in this {name} that were won, shrunk to its overall share",
                v =>
                {
                    var rate = v.Decision.Smoothed(v.Partner.Counts.Won, v.Partner.Counts.Lost);
                    var (won, lost) = (v.Values[at].Won, v.Values[at].Lost);
                    return (won + v.Decision.Settings.Smoothing * rate) / (won + lost + v.Decision.Settings.Smoothing);
                },
                Combine.Mean
            );
        }
        // A cross has few deals of one partner: enough to say who is asked, not who wins. Win probability does without.
        for (var c = 0; c < settings.Fold.Crosses.Count; c++)
        {
            var cross = settings.Fold.Crosses[c];
            AddExperience(features, cross.Name, $"this {cross.Left} with this {cross.Right}", dimensions.Count + c, Combine.None);
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
        for (var measure = 0; measure < settings.Fold.PartnerMeasures.Count; measure++)
        {
            var m = measure;
            var (name, isDate) = (settings.Fold.PartnerMeasures[m].Name, settings.Fold.PartnerMeasures[m].IsDate);
            features.AddOptional(
                $"{name}_of_partner",
                Ideas.Kind,
                isDate
                    ? $"Years from the partner's {name} to the decision; unknown if it lies ahead"
                    : $"The partner's {name}, signed logarithm of 1 + the value",
                v => m < v.Partner.Numbers.Length ? OfPartner(v.Partner.Numbers[m], isDate, v.Decision.AsOf) : double.NaN,
                isDate ? Movement.WithCalendar : Movement.None
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
                    v =>
                        Has(
                            v.Partner.Traits,
                            trait,
                            number >= 0 ? number : number = v.Decision.State.Categories.Find(Categories.Normal(value))
                        ),
                    Combine.Max,
                    Movement.None
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
                Combine.Max,
                Movement.None
            );
        }
    }

    static void AddExperience(FeatureList<PairView> features, string name, string where, int d, Combine combine)
    {
        var idea = Ideas.In(name);
        features.Add($"{name}_engagements", idea, $"The partner's engagements in {where}", v => v.Values[d].Engagements, combine);
        features.Add(
            $"{name}_engagements_decayed",
            idea,
            $"The same, decayed with the slow half-life",
            v => v.Values[d].Decayed * v.Decision.SlowScale
        );
        features.Add(
            $"{name}_share",
            idea,
            $"Share of the partner's engagements in {where}, shrunk to zero",
            v => v.Values[d].Engagements / (v.Partner.Counts.Engagements + 5.0)
        );
        features.Add(
            $"{name}_affinity",
            idea,
            $"Logarithm of the partner's share in {where} against everybody's",
            v => Affinity(v, d),
            combine
        );
        features.Add(
            $"{name}_share_of_value",
            idea,
            $"Share of recent engagements in {where} that are the partner's, per hundred",
            v => 100 * PairFeatures.Ratio(v.Values[d].Decayed, v.Decision.Under[d].Decayed)
        );
    }

    static double Gap(PairView v, int m) => PairFeatures.Gap(v.Partner.Measures[m], v.Decision.Measures[m]);

    static double OfPartner(double number, bool isDate, DateTime asOf) =>
        !isDate ? HistoryState.Compressed(number)
        : HistoryState.YearsBefore(number, asOf) is >= 0 and var years ? years
        : double.NaN;

    static double Affinity(PairView v, int d)
    {
        var everybody = PairFeatures.Ratio(v.Decision.Under[d].Engagements, v.Decision.State.Engagements.All);
        if (everybody <= 0)
            return 0;
        var k = v.Decision.Settings.Smoothing;
        var own = (v.Values[d].Engagements + k * everybody) / (v.Partner.Counts.Engagements + k);
        return Elementary.Log(own / everybody);
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
