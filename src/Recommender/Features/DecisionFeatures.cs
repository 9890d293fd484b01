using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>What can be said of a decision whoever the partner is.</summary>
static class DecisionFeatures
{
    public static FeatureList<DecisionView> Of(FeatureSettings settings)
    {
        var features = new FeatureList<DecisionView>(Movement.WithHistory);

        features.Add("account_opportunities", Ideas.Account, "Other opportunities of the account so far", v => Others(v));
        features.Add(
            "account_partners",
            Ideas.Account,
            "Partners the account has been worked with, or shares",
            v => v.Account?.Partners ?? 0
        );
        features.Add(
            "account_partner_engagements",
            Ideas.Account,
            "Engagements of partners with the account",
            v => v.Account?.Engagements ?? 0
        );
        for (var measure = 0; measure < settings.Fold.Measures.Count; measure++)
        {
            var m = measure;
            var (name, isDate) = (settings.Fold.Measures[m].Name, settings.Fold.Measures[m].IsDate);
            features.AddOptional(
                name,
                isDate || settings.Fold.Measures[m].Of == Side.Opportunity ? Ideas.Deal : Ideas.Account,
                isDate ? $"Years from {name} to the decision" : $"{name}, signed logarithm of 1 + the value",
                v => v.Measures[m],
                isDate ? Movement.WithCalendar : Movement.None
            );
        }
        return features;
    }

    /// <summary>Those that only the probability of winning needs.</summary>
    public static FeatureList<DecisionView> OfWinning(FeatureSettings settings)
    {
        var features = new FeatureList<DecisionView>(Movement.WithHistory);

        features.Add(
            "deal_age_days",
            Ideas.Deal,
            "Days since the deal was created",
            v => Math.Max(0, Ages.Days(v.Decision.Opportunity.CreatedAt, v.AsOf)),
            moves: Movement.None
        );
        features.Add(
            "overall_win_rate",
            Ideas.WinRate,
            "Share of matured deals that were won, decayed with the outcome half-life",
            v => Rate(v, v.State.Outcomes.All),
            moves: Movement.WithCalendar
        );
        features.Add(
            "account_win_rate",
            Ideas.Account,
            "Share of the account's closed deals that were won, shrunk to the overall share",
            v => v.Smoothed(v.Account?.Won ?? 0, v.Account?.Lost ?? 0)
        );
        features.Add("account_won", Ideas.Account, "Deals won on the account", v => v.Account?.Won ?? 0);
        features.Add("account_lost", Ideas.Account, "Deals lost on the account", v => v.Account?.Lost ?? 0);
        features.Add(
            "account_open",
            Ideas.Account,
            "Other open deals on the account",
            v => (v.Account?.Open ?? 0) - (v.Opportunity is { IsOpen: true } ? 1 : 0)
        );
        features.AddOptional(
            "account_days_since_win",
            Ideas.Account,
            "Days since the account last bought",
            v => v.Account is { Won: > 0 } account ? Ages.Days(account.LastWonAt, v.AsOf) : double.NaN
        );
        features.AddOptional(
            "account_days_known",
            Ideas.Account,
            "Days since the account's first deal",
            v =>
                v.Account is { Opportunities: > 0 } account
                    ? Math.Max(0, Ages.Days(account.FirstOpportunityAt, v.AsOf))
                    : double.NaN,
            Movement.WithCalendar
        );
        if (settings.Fold.IndexOfDimension(Columns.CreatedMonth) >= 0)
            features.Add(
                "created_day_of_year",
                Ideas.In(Columns.CreatedMonth),
                "Day of the year on which the deal was created, 1 to 366",
                v => v.Decision.Opportunity.CreatedAt.DayOfYear,
                moves: Movement.WithCalendar
            );
        for (var dimension = 0; dimension < settings.Fold.Dimensions.Count; dimension++)
        {
            var d = dimension;
            var name = settings.Fold.Dimensions[d].Name;
            features.Add(
                $"{name}_deal_win_rate",
                Ideas.In(name),
                $"Share of matured deals in this {name} that were won, decayed and shrunk to the overall share",
                v => RateIn(v, v.Values[d]),
                moves: Movement.WithCalendar
            );
        }
        foreach (var encoder in settings.OneHots.Where(encoder => !encoder.OfPartner))
        {
            var d = settings.Fold.IndexOfDimension(encoder.Name);
            foreach (var value in encoder.Values)
            {
                features.Add(
                    $"{encoder.Name}_is_{ValueFeatures.Slug(value)}",
                    Ideas.In(encoder.Name),
                    $"1 if the {encoder.Name} is {value}",
                    v =>
                        v.State.Categories.Find(Categories.Normal(value)) is >= 0 and var id
                        && Array.IndexOf(v.ValueIds[d], id) >= 0
                            ? 1
                            : 0,
                    moves: encoder.Name == Columns.CreatedMonth ? Movement.WithCalendar : Movement.None
                );
            }
        }
        if (settings.Fold.Has("opportunity_stages"))
        {
            features.AddOptional(
                "stage_win_rate",
                Ideas.Deal,
                "Share of matured deals that reached this stage and were won",
                v =>
                    v.Opportunity is { Stages.All: [.., var stage] }
                        ? Rate(v, v.State.Outcomes.OfStages.GetValueOrDefault(stage.Stage))
                        : double.NaN,
                Movement.WithCalendar
            );
            features.Add(
                "stages_seen",
                Ideas.Deal,
                "Stages the deal has entered",
                v => v.Opportunity?.Stages.Count ?? 0,
                moves: Movement.None
            );
            features.AddOptional(
                "days_in_stage",
                Ideas.Deal,
                "Days since the deal entered its stage",
                v => v.Opportunity is { Stages.Count: > 0 } deal ? Ages.Days(deal.StageAt, v.AsOf) : double.NaN,
                Movement.None
            );
        }
        if (settings.Fold.Has("touches"))
        {
            features.Add(
                "deal_touches",
                Ideas.Touches,
                "Our contacts on the deal, decayed with the short half-life",
                v => (v.Opportunity?.OwnTouches ?? 0) * v.FastScale
            );
            features.Add(
                "account_touches",
                Ideas.Touches,
                "Our contacts with the account, decayed with the short half-life",
                v => (v.Account?.OwnTouches ?? 0) * v.FastScale
            );
            features.Add(
                "account_partner_touches",
                Ideas.Touches,
                "Partners' contacts with the account, decayed with the short half-life",
                v => (v.Account?.PartnerTouches ?? 0) * v.FastScale
            );
        }
        return features;
    }

    /// <summary>Opportunities of the account other than the one decided on.</summary>
    static int Others(DecisionView v) => (v.Account?.Opportunities ?? 0) - (v.Opportunity is null ? 0 : 1);

    static double RateIn(DecisionView v, List<ValueState> values)
    {
        if (values.Count == 0)
            return v.WinRate;
        double sum = 0;
        foreach (var value in values)
            sum += Rate(v, value.Outcomes);
        return sum / values.Count;
    }

    static double Rate(DecisionView v, OutcomeCounts counts) =>
        v.Smoothed(counts.DecayedWon * v.OutcomeScale, counts.DecayedLost * v.OutcomeScale);
}
