using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Tests.Features;

public class AgesTests
{
    [Fact]
    public void What_is_said_of_a_deal_stays_the_same_all_day_unless_a_fact_comes()
    {
        var settings = HistoryProfile.Of(Sample.Facts.Before(Sample.AsOf), Sample.Facts.Files, Sample.AsOf, 0.95);
        var featurizer = new Featurizer(settings, new HistoryState(settings.Fold));
        foreach (var fact in Sample.FactList.TakeWhile(fact => fact.SeenAt < Sample.AsOf))
            featurizer.State.Apply(fact);
        var deals = Sample
            .FactList.Where(fact => fact.Kind == FactKind.OpportunityCreated)
            .Select(fact => (Opportunity)fact.Noun)
            .TakeLast(20)
            .ToList();
        var morning = deals.Select(deal => Rows(featurizer, deal, Sample.AsOf.AddMinutes(5))).ToList();
        var evening = deals.Select(deal => Rows(featurizer, deal, Sample.AsOf.AddHours(23))).ToList();
        var tomorrow = deals.Select(deal => Rows(featurizer, deal, Sample.AsOf.AddHours(25))).ToList();
        Assert.Equal(morning, evening);
        Assert.NotEqual(morning, tomorrow);
    }

    /// <summary>What both models see of a deal and of partners on it.</summary>
    static List<float> Rows(Featurizer featurizer, Opportunity deal, DateTime asOf)
    {
        featurizer.Look(new(asOf, deal));
        var (fit, win) = (new float[featurizer.PartnerFit.Count], new float[featurizer.WinProbability.Count]);
        var rows = new List<float>();
        for (var partner = 0; partner < featurizer.State.PartnerCount; partner++)
        {
            featurizer.WritePartnerFit(partner, fit);
            featurizer.WriteWinProbability([partner], win);
            rows.AddRange(fit);
            rows.AddRange(win);
        }
        return rows;
    }
}
