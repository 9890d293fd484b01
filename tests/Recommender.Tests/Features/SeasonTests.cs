using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Tests.Features;

public class SeasonTests
{
    static readonly string[] _own = ["created_day_of_year", "created_month_deal_win_rate", "created_month_is_03"];

    [Fact]
    public void Win_probability_knows_the_month_and_how_often_deals_of_that_month_were_won_in_earlier_years()
    {
        var settings = Of(Sample.AsOf);
        var state = new HistoryState(settings.Fold);
        var featurizer = new Featurizer(settings, state);
        foreach (var fact in Sample.FactList.TakeWhile(fact => fact.SeenAt < Sample.Day(2025, 9, 1)))
            state.Apply(fact);
        var march = Row(featurizer, Sample.Day(2025, 3, 10));
        Assert.Equal(69, march["created_day_of_year"]);
        Assert.Equal(1, march["created_month_is_03"]);
        var april = Row(featurizer, Sample.Day(2025, 4, 10));
        Assert.Equal(0, april["created_month_is_03"]);
        Assert.NotEqual(march["created_month_deal_win_rate"], april["created_month_deal_win_rate"]);
        Assert.InRange(march["created_month_deal_win_rate"], 0.2, 0.8);
    }

    [Fact]
    public void A_partner_is_not_ranked_by_the_season()
    {
        var settings = Of(Sample.AsOf);
        var featurizer = new Featurizer(settings, new HistoryState(settings.Fold));
        Assert.DoesNotContain(featurizer.PartnerFit, column => column.Name.Contains("created_month", StringComparison.Ordinal));
        Assert.DoesNotContain(
            featurizer.WinProbability,
            column => column.Name.StartsWith("with_created_month", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_history_of_one_year_has_no_season()
    {
        var settings = Of(Sample.Day(2023, 7, 1));
        Assert.DoesNotContain(
            new Featurizer(settings, new HistoryState(settings.Fold)).WinProbability,
            column => _own.Contains(column.Name)
        );
    }

    static FeatureSettings Of(DateTime asOf) => HistoryProfile.Of(Sample.Facts.Before(asOf), Sample.Facts.Files, asOf, 0.95);

    static Dictionary<string, float> Row(Featurizer featurizer, DateTime createdAt)
    {
        var deal = Sample
            .FactList.Where(fact => fact.Kind == FactKind.OpportunityCreated)
            .Select(fact => (Opportunity)fact.Noun)
            .First();
        featurizer.Look(new(Sample.Day(2025, 9, 1), deal with { Id = new("NEW"), CreatedAt = createdAt }));
        var row = new float[featurizer.WinProbability.Count];
        featurizer.WriteWinProbability([], row);
        return featurizer.WinProbability.Select((column, i) => (column.Name, row[i])).ToDictionary();
    }
}
