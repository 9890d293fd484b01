using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.History;
using static Recommender.Tests.Sample;

namespace Recommender.Tests.Fold;

/// <summary>How far our own people differ, against differences that were planted.</summary>
public class SellerSpreadTests
{
    const int People = 60;
    const int Deals = 240;

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(0.4, 0.0)]
    [InlineData(0.0, 0.5)]
    [InlineData(0.4, 0.5)]
    public void What_was_planted_is_found_and_nothing_where_nothing_was(double ofPerson, double ofProduct)
    {
        var random = new Random(7);
        double Normal() => Math.Sqrt(-2 * Elementary.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var (drawnOfPerson, drawnOfProduct) = (0.0, 0.0);
        var state = new HistoryState(SmallHistory.Settings.Fold);
        state.Apply(Fact(Day(2020, 1, 1), FactKind.Account, "a", Named("a")));
        for (var person = 0; person < People; person++)
        {
            var skill = ofPerson * Normal();
            double[] byProduct = [.. Enumerable.Range(0, 4).Select(_ => ofProduct * Normal())];
            // What all products have in common is the person's.
            var common = byProduct.Average();
            drawnOfPerson += (skill + common) * (skill + common) / People;
            drawnOfProduct += byProduct.Average(one => (one - common) * (one - common)) / People;
            for (var i = 0; i < Deals; i++)
            {
                var won = random.NextDouble() < Elementary.Logistic(skill + byProduct[i % 4] - 0.3);
                var at = Day(2024, 1, 1).AddDays(i);
                var deal = Deal($"d{person}_{i}", at, won, $"rep{person}", $"product{i % 4}");
                state.Apply(Fact(at, FactKind.OpportunityCreated, deal.Id.Value, deal));
                state.Apply(Fact(at.AddDays(20), FactKind.OpportunityClosed, deal.Id.Value, deal));
            }
        }
        // Long enough after for every outcome to count.
        state.Apply(Fact(Day(2026, 1, 1), FactKind.Account, "a", Named("a")));
        var sellers = state.Sellers;
        var product = sellers.Dimensions.ToList().IndexOf(state.Settings.IndexOfDimension("product"));
        AssertNear(drawnOfPerson, sellers.Spread.Person);
        AssertNear(drawnOfProduct, sellers.Spread.ByDimension[product]);
    }

    static void AssertNear(double drawn, double found) => Assert.InRange(found, drawn * 0.6, drawn * 1.3 + 0.02);

    static DatedFact Fact(DateTime at, FactKind kind, string key, object noun) => new(at, kind, key, noun);

    static Account Named(string id) => new(new(id), "Northwind", null, null, null, null, null, null, Attributes.None);

    static Opportunity Deal(string id, DateTime at, bool won, string owner, string product) =>
        new(
            new(id),
            new("a"),
            product,
            null,
            null,
            at,
            null,
            at.AddDays(20),
            won ? Outcome.Won : Outcome.Lost,
            owner,
            Attributes.None
        );
}
