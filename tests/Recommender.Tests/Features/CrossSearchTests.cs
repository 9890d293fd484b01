using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Tests.History;
using Recommender.Tests.Training;
using Recommender.Training;

namespace Recommender.Tests.Features;

/// <summary>Which dimensions are crossed, and what a cross is good for.</summary>
public class CrossSearchTests
{
    static readonly DateTime _end = PlantedHistory.First.AddDays(PlantedHistory.Days);

    /// <summary>Four groups of ten partners: all work in every industry and on every product, but for each pair it is one group.</summary>
    static int OfPair(int industry, int product, int number) => (industry + product) % 4 * 10 + number % 10;

    static IReadOnlyList<Cross> Crosses(IEnumerable<DatedFact> facts) => HistoryProfile.Of(facts, [], _end, 0.95).Fold.Crosses;

    [Fact]
    public void Two_columns_that_tell_the_partner_only_together_are_crossed()
    {
        var cross = Assert.Single(Crosses(PlantedHistory.Of(partner: OfPair)));
        Assert.Equal(["industry", "product"], new[] { cross.Left, cross.Right }.Order());
    }

    [Fact]
    public void Facts_may_come_in_any_order()
    {
        var facts = PlantedHistory.Of(partner: OfPair);
        var expected = Crosses(facts);
        facts.Reverse();
        Assert.Equal(expected.Select(cross => cross.Name).Order(), Crosses(facts).Select(cross => cross.Name).Order());
    }

    /// <summary>Negative controls: where no column tells the partner, or one does alone, there is nothing to cross.</summary>
    [Fact]
    public void Columns_that_tell_nothing_more_together_are_not_crossed()
    {
        Assert.Empty(Crosses(PlantedHistory.Of()));
        Assert.Empty(Crosses(PlantedHistory.Of(partner: (industry, _, number) => industry * 10 + number % 10)));
        Assert.Empty(Crosses(PlantedHistory.Of(partner: (_, product, number) => product * 10 + number % 10)));
    }

    [Fact]
    public void What_was_taken_back_or_withdrawn_or_comes_later_says_nothing()
    {
        var facts = PlantedHistory.Of(partner: OfPair);
        Assert.Empty(HistoryProfile.Of(facts, [], PlantedHistory.First.AddDays(30), 0.95).Fold.Crosses);
        var gone = facts
            .Where(fact => fact.Kind == FactKind.Engagement)
            .Select(fact => fact with { SeenAt = fact.SeenAt.AddHours(1), IsRetraction = true });
        Assert.Empty(Crosses([.. facts, .. gone]));
        var withdrawn = facts.Select(fact =>
            fact.Noun is Engagement row ? fact with { Noun = row with { Status = "withdrawn" } } : fact
        );
        Assert.Empty(Crosses(withdrawn));
    }

    [Fact]
    public void A_cross_of_what_is_no_dimension_is_refused()
    {
        var settings = HistoryProfile.Of([], [], _end, 0.95).Fold with { Crosses = [new("industry", "product")] };
        Assert.Contains("industry", Assert.Throws<InvalidDataException>(() => new HistoryState(settings)).Message);
    }

    [Fact]
    public void A_reason_names_both_values_and_says_which_is_unknown()
    {
        var history = new SmallHistory().Deal("o1", "a1", 10, ["p1"], closedAfter: 30, won: true).Deal("o2", "a1", 20, ["p1"]);
        var state = new HistoryState(SmallHistory.Settings.Fold);
        foreach (var fact in history.Facts)
            state.Apply(fact);
        var featurizer = new Featurizer(SmallHistory.Settings, state);
        string Reason(string partner, string? product)
        {
            featurizer.Look(Decision.About("a1", SmallHistory.At(1000), product, 500));
            return ReasonSentences.Of("in:industry_and_product", featurizer.Pair(state.IndexOfPartner(partner)));
        }
        Assert.Equal("Met industry retail together with product core 2 times, 1 of 1 won", Reason("p1", "core"));
        Assert.Equal("No engagement in industry retail together with product core yet", Reason("p2", "core"));
        Assert.Equal("The product is unknown", Reason("p1", null));
    }

    [Fact]
    public void A_ranking_finds_the_partners_of_a_pair_by_its_cross_and_not_without()
    {
        Assert.InRange(OfPairAhead(withCrosses: true), 0.95, 1);
        // Negative control: industry and product, each by itself, say nothing.
        Assert.InRange(OfPairAhead(withCrosses: false), 0.4, 0.7);
    }

    /// <summary>Of one partner that works with a pair and one that does not, how often the first stands higher; 0 to 1, 0.5 by chance.</summary>
    static double OfPairAhead(bool withCrosses)
    {
        // Seven accounts more, one of an industry, that have no deal: nothing but industry and product says who suits.
        var facts = PlantedHistory.Of(partner: OfPair);
        for (var industry = 0; industry < 7; industry++)
        {
            var account = new Account(
                $"N{industry}",
                null,
                $"industry {industry}",
                "DE",
                null,
                null,
                null,
                null,
                Attributes.None
            );
            facts.Insert(0, new(PlantedHistory.First, FactKind.Account, account.Id.Value, account));
        }
        var source = new FactSource(until => facts.TakeWhile(fact => fact.SeenAt < until), ["accounts", "partners"]);
        var settings = HistoryProfile.Of(facts, source.Files, _end, 0.95);
        var config = Sample.SmallConfig with
        {
            PartnerFit = new() { MaxDecisions = 1500, Trees = 40 },
        };
        using var examples = TrainingExamples.Build(
            source,
            config,
            _end,
            ModelParts.PartnerFit,
            new(quiet: true),
            withCrosses ? settings : settings with { Fold = settings.Fold with { Crosses = [] } }
        );
        var set = examples.Builder.PartnerFit;
        var trees = new TreeTrainer(config.Seed, 1)
            .TrainRanking(set, 0..set.Count, config.PartnerFit, Learner.FastTree, config.PartnerFit.Trees)
            .Trees;
        var featurizer = examples.Featurizer;
        var row = new float[featurizer.PartnerFit.Count];
        var (ahead, pairs) = (0, 0);
        for (var at = 0; at < 7 * 4 * 10; at++)
        {
            var (industry, product, number) = (at / 40, at / 10 % 4, at % 10);
            featurizer.Look(Decision.About($"N{industry}", _end, $"product {product}", 5000));
            var score = Score(OfPair(industry, product, number));
            for (var other = 1; other < 4; other++)
            {
                ahead += score > Score(OfPair(industry + other, product, number)) ? 1 : 0;
                pairs++;
            }
        }
        return (double)ahead / pairs;

        double Score(int partner)
        {
            featurizer.WritePartnerFit(featurizer.State.IndexOfPartner($"P{partner:000}"), row);
            return trees.Score(row);
        }
    }
}
