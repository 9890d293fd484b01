using Recommender.CoSell;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Tests.History;

namespace Recommender.Tests.Scoring;

public sealed class PartnerRankerTests : IDisposable
{
    readonly ModelPackage _fit = new ModelRegistry(Sample.Models).OpenLive(ModelPackage.PartnerFit)!;
    readonly ModelPackage _win = new ModelRegistry(Sample.Models).OpenLive(ModelPackage.WinProbability)!;

    public void Dispose()
    {
        _fit.Dispose();
        _win.Dispose();
    }

    [Fact]
    public void Partners_come_best_first_and_reasons_hold_the_largest_contributions()
    {
        var answer = Ranker().Rank(new("A000007", Sample.AsOf) { Limit = 100 })!;
        Assert.Equal(answer.Candidates, answer.Partners.Count);
        Assert.Equal(
            answer.Partners.OrderByDescending(partner => partner.FitScore).Select(partner => partner.PartnerId),
            answer.Partners.Select(partner => partner.PartnerId)
        );
        Assert.Equal(Enumerable.Range(1, answer.Partners.Count), answer.Partners.Select(partner => partner.Rank));
        Assert.All(
            answer.Partners,
            partner =>
            {
                Assert.Equal(3, partner.Reasons.Count);
                Assert.InRange(partner.WinProbability!.Value, 0, 1);
                Assert.Equal(partner.Lift, partner.WinProbability - partner.WinProbabilityAlone);
            }
        );
        Assert.Null(answer.Fallback);
    }

    [Fact]
    public void A_lift_lies_in_its_interval_and_where_it_is_unknown_nothing_else_tells_it()
    {
        var ranker = Ranker();
        var answers = Enumerable
            .Range(1, 40)
            .Select(account => ranker.Rank(new($"A{account:000000}", Sample.AsOf) { Limit = 100 })!)
            .SelectMany(answer => answer.Partners)
            .ToList();
        Assert.Contains(answers, partner => partner.Lift is not null);
        Assert.Contains(answers, partner => partner.Lift is null);
        foreach (var partner in answers)
        {
            Assert.Equal(partner.Lift is null, partner.LiftLow is null);
            Assert.Equal(partner.Lift is null, partner.LiftHigh is null);
            Assert.Equal(partner.Lift is null, partner.LiftEValue is null);
            Assert.Equal(partner.Lift is null, partner.WinProbabilityAlone is null);
            if (partner.Lift is { } lift)
            {
                Assert.Equal(partner.WinProbability!.Value - partner.WinProbabilityAlone!.Value, lift, 1e-9);
                Assert.True(partner.LiftLow < lift && lift < partner.LiftHigh);
                Assert.Equal(lift != 0, partner.LiftEValue > 1);
                Assert.True(partner.LiftEValueLow <= partner.LiftEValue);
            }
        }
        // Where the lift is unknown all partners have the deal's own chance: no number says what is not known.
        var unknown = ranker.Rank(new("A000007", Sample.AsOf) { Limit = 100 })!.Partners.Where(one => one.Lift is null).ToList();
        Assert.Single(unknown.Select(one => one.WinProbability).Distinct());
        var engaged = Sample.FactList.Select(fact => fact.Noun).OfType<Engagement>().First();
        var deal = ranker.State.FindOpportunity(engaged.OpportunityId)!;
        var beside = ranker.Rank(new(deal.AccountId, Sample.AsOf) { OpportunityId = deal.Id, Limit = 100 })!;
        Assert.NotEmpty(beside.Partners);
        Assert.All(beside.Partners, partner => Assert.Null(partner.Lift));
        Assert.Single(beside.Partners.Select(partner => partner.WinProbability).Distinct());
    }

    [Fact]
    public void Similar_deals_are_the_partners_matured_deals_in_the_accounts_industry()
    {
        var ranker = Ranker();
        ranker.State.AdvanceTo(Sample.AsOf);
        var nouns = Sample.FactList.Select(fact => fact.Noun).ToList();
        var accounts = nouns.OfType<Account>().DistinctBy(account => account.Id).ToDictionary(account => account.Id);
        var matured = nouns
            .OfType<Opportunity>()
            .Where(deal => deal.ClosedAt is not null && deal.CreatedAt.AddDays(ranker.State.Settings.MaturityDays) < Sample.AsOf)
            .DistinctBy(deal => deal.Id)
            .ToDictionary(deal => deal.Id);
        var worked = nouns
            .OfType<Engagement>()
            .Where(engagement =>
                matured.TryGetValue(engagement.OpportunityId, out var deal) && engagement.StartedAt <= deal.ClosedAt
            )
            .Select(engagement => (engagement.PartnerId, engagement.OpportunityId))
            .ToHashSet();
        foreach (var account in (string[])["A000007", "A000011"])
        {
            var similar = worked
                .Where(one => accounts[matured[one.OpportunityId].AccountId].Industry == accounts[account].Industry)
                .CountBy(one => one.PartnerId)
                .ToDictionary();
            var answer = ranker.Rank(new(account, Sample.AsOf) { Limit = 100 })!;
            Assert.Contains(answer.Partners, partner => partner.Support.SimilarDeals > 3);
            Assert.All(
                answer.Partners,
                partner =>
                {
                    Assert.Equal(similar.GetValueOrDefault(partner.PartnerId), partner.Support.SimilarDeals);
                    Assert.InRange(partner.Support.SimilarDeals, 0, partner.Support.PartnerDeals);
                }
            );
        }
    }

    [Fact]
    public void The_same_question_has_the_same_answer()
    {
        var ranker = Ranker();
        var (first, second) = (ranker.Rank(new("A000007", Sample.AsOf))!, ranker.Rank(new("A000007", Sample.AsOf))!);
        Assert.Equal(
            first.Partners.Select(partner => (partner.PartnerId, partner.FitScore, partner.WinProbability)),
            second.Partners.Select(partner => (partner.PartnerId, partner.FitScore, partner.WinProbability))
        );
    }

    [Fact]
    public void An_unknown_account_or_a_deal_of_another_account_has_no_answer()
    {
        var ranker = Ranker();
        Assert.Null(ranker.Rank(new("nobody", Sample.AsOf)));
        var deal = Sample.FactList.Select(fact => fact.Noun).OfType<Opportunity>().First(deal => deal.AccountId != "A000007");
        Assert.Null(ranker.Rank(new("A000007", Sample.AsOf) { OpportunityId = deal.Id }));
        Assert.NotNull(ranker.Rank(new(deal.AccountId, Sample.AsOf) { OpportunityId = deal.Id }));
    }

    [Fact]
    public void A_partner_already_on_the_deal_is_excluded_with_the_rule()
    {
        var engagement = Sample.FactList.Select(fact => fact.Noun).OfType<Engagement>().First();
        var ranker = Ranker();
        var deal = ranker.State.FindOpportunity(engagement.OpportunityId)!;
        var answer = ranker.Rank(new(deal.AccountId, Sample.AsOf) { OpportunityId = deal.Id, Limit = 100 })!;
        Assert.Contains(
            answer.Excluded,
            excluded => excluded.PartnerId == engagement.PartnerId && excluded.Rule == "already_engaged"
        );
        Assert.DoesNotContain(answer.Partners, partner => partner.PartnerId == engagement.PartnerId);
    }

    [Fact]
    public void Without_a_model_the_best_simple_baseline_answers_and_says_so()
    {
        var ranker = new PartnerRanker((ModelPackage?)null, null);
        foreach (
            var fact in new SmallHistory()
                .Deal("o1", "a1", 5, ["p2"])
                .Deal("o2", "a2", 6, ["p1"])
                .Deal("o3", "a2", 7, ["p1"])
                .Facts
        )
            ranker.Apply(fact);
        var answer = ranker.Rank(new("a1", SmallHistory.At(50)))!;
        Assert.Equal("earlier_partners_first", answer.Fallback);
        Assert.Equal(["p2", "p1", "p3"], answer.Partners.Select(partner => partner.PartnerId));
        Assert.All(answer.Partners, partner => Assert.Null(partner.WinProbability));
        Assert.True(answer.Partners[2].Unproven);
    }

    [Fact]
    public void A_partner_whose_score_is_not_finite_is_left_out_with_a_word_and_the_others_are_ranked()
    {
        using var folder = new TemporaryFolder();
        var ranker = Ranker();
        var engagements = Enumerable
            .Range(0, ranker.State.PartnerCount)
            .Select(partner => ranker.State.EngagementsOf(partner).Count)
            .First(count => count > 20);
        using var fit = Overflowing(_fit, "partner_engagements", engagements, folder.Path);
        var before = ranker.Rank(new("A000007", Sample.AsOf) { Limit = 100 })!;
        var answer = Ranker(fit).Rank(new("A000007", Sample.AsOf) { Limit = 100 })!;
        var left = answer.Excluded.Where(one => one.Rule == PartnerRanker.NotFinite).Select(one => one.PartnerId).ToList();
        Assert.NotEmpty(left);
        Assert.Equal(left.Count, answer.ExcludedCount - before.ExcludedCount);
        Assert.Equal(before.Candidates - left.Count, answer.Candidates);
        Assert.Equal(
            before.Partners.Select(partner => partner.PartnerId).Except(left),
            answer.Partners.Select(partner => partner.PartnerId)
        );
        Assert.All(answer.Partners, partner => Assert.True(double.IsFinite(partner.FitScore)));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_chance_that_is_not_finite_is_none(double number)
    {
        Assert.False(new Chance(number, 0.5, null).IsFinite);
        Assert.False(new Chance(0.5, number, null).IsFinite);
        Assert.True(new Chance(0.5, 0.4, null).IsFinite);
    }

    /// <summary>The same model with two leaves more for one value of a feature, of numbers that can be said alone and not together.</summary>
    static ModelPackage Overflowing(ModelPackage package, string feature, float value, string folder)
    {
        var at = package.Manifest.Features.ToList().FindIndex(one => one.Name == feature);
        var tree = new Tree
        {
            Feature = [at, -1, at, -1, -1],
            Threshold = [value - 0.5f, 0, value + 0.5f, 0, 0],
            Left = [1, 0, 3, 0, 0],
            Right = [2, 0, 4, 0, 0],
            Value = [0, 0, 0, float.MaxValue, 0],
            Cover = [4, 1, 3, 1, 2],
        };
        var kept = package
            .Manifest.Golden.Features.Zip(package.Manifest.Golden.Scores)
            .Where(row => row.First[at] != value)
            .ToList();
        var manifest = ModelPackage.Write(
            folder,
            OnnxTrees.Write(package.Trees with { Trees = [.. package.Trees.Trees, tree, tree] }),
            package.Manifest with
            {
                Golden = package.Manifest.Golden with
                {
                    Features = [.. kept.Select(row => row.First)],
                    Scores = [.. kept.Select(row => row.Second)],
                },
            },
            _ => new Dictionary<string, byte[]>()
        );
        return ModelPackage.Open(System.IO.Path.Combine(folder, package.Manifest.Model, manifest.Version));
    }

    PartnerRanker Ranker(ModelPackage? fit = null)
    {
        var ranker = new PartnerRanker(fit ?? _fit, _win);
        foreach (var fact in Sample.FactList)
            ranker.Apply(fact);
        return ranker;
    }
}
