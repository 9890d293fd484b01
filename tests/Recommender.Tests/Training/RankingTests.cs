using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>What partner fit learns from, and what its grades mean.</summary>
public class RankingTests
{
    static readonly Progress _quiet = new(quiet: true);

    /// <summary>
    /// Partners of even number win 80 % of their deals, those of odd number 20 %; both are chosen equally often. So only the outcomes tell
    /// them apart.
    /// </summary>
    [Theory]
    [InlineData(nameof(Learner.FastTree), 2)]
    [InlineData(nameof(Learner.LightGbm), 8)]
    public void Of_partners_chosen_equally_often_those_who_win_stand_higher(string name, double wonWeight)
    {
        var learner = Enum.Parse<Learner>(name);
        Assert.InRange(WinnersAhead(wonWeight, learner), 0.75, 1);
        // What the weight is for: without it the ranking knows nothing of outcomes.
        Assert.InRange(WinnersAhead(1, learner), 0.35, 0.65);
    }

    [Fact]
    public void A_partner_that_came_after_the_win_weighs_as_if_the_outcome_were_unknown()
    {
        static bool[] Neutral(int daysLater)
        {
            var planted = PlantedHistory.Of();
            // A row says when it was closed.
            var closed = planted
                .Where(fact => fact.Kind == FactKind.OpportunityClosed)
                .ToDictionary(fact => fact.Key, fact => fact.Noun);
            var facts = planted
                .Select(fact =>
                    fact.Kind == FactKind.OpportunityCreated && closed.TryGetValue(fact.Key, out var row)
                        ? fact with
                        {
                            Noun = row,
                        }
                        : fact
                )
                .Select(fact =>
                    fact.Noun is Engagement engagement
                        ? fact with
                        {
                            SeenAt = fact.SeenAt.AddDays(daysLater),
                            Noun = engagement with { StartedAt = engagement.StartedAt.AddDays(daysLater) },
                        }
                        : fact
                )
                .Order()
                .ToList();
            var asOf = PlantedHistory.First.AddDays(PlantedHistory.Days - 100);
            using var trained = TrainedModels.Train(
                new(until => facts.TakeWhile(fact => fact.SeenAt < until), []),
                Sample.SmallConfig,
                asOf,
                ModelParts.PartnerFit,
                _quiet
            );
            var examples = trained.Examples.Builder.PartnerFit;
            return
            [
                .. Enumerable
                    .Range(0, examples.Count)
                    .Where(i => examples.Labels[i] > 0 && examples.At[i] < asOf.AddDays(-100))
                    .Select(i => examples.Labels[i] is > 1 and < 2)
                    .Distinct(),
            ];
        }
        // Deals close after thirty days.
        Assert.False(Assert.Single(Neutral(daysLater: 20)));
        Assert.True(Assert.Single(Neutral(daysLater: 40)));
    }

    [Fact]
    public void The_share_that_grades_promise_reaches_them_on_decisions_after_training()
    {
        var asOf = Sample.Day(2025, 7, 1);
        var config = Sample.SmallConfig with
        {
            PartnerFit = new()
            {
                MaxDecisions = 700,
                Trees = 200,
                MinExamplesPerLeaf = 5,
                LearningRate = 0.2,
            },
        };
        using var trained = TrainedModels.Train(Sample.Facts, config, asOf, ModelParts.PartnerFit, _quiet);
        var fit = trained.PartnerFit!;
        var examples = trained.Examples.Builder.PartnerFit;
        List<double> seen =
        [
            .. Enumerable
                .Range(0, examples.Count)
                .Where(i => examples.Labels[i] > 0 && examples.Weights[i] == 1)
                .Select(i => fit.Trees.Score(examples.Row(i)))
                .Order(),
        ];
        var later = EngagedLater(trained, asOf);
        Assert.True(later.Count > 300);
        double Reach(double least) => later.Count(score => score >= least) / (double)later.Count;
        Assert.InRange(Reach(fit.Grades![0]), 0.42, 0.58);
        Assert.InRange(Reach(fit.Grades[1]), 0.67, 0.83);
        Assert.InRange(Reach(fit.Grades[2]), 0.82, 0.96);
        // Many small leaves learn by heart. By scores of decisions that the model has seen, fewer would reach an A than was promised.
        Assert.True(Reach(seen[seen.Count / 2]) < Reach(fit.Grades[0]) - 0.1);
    }

    /// <summary>Scores of partners with a record who were engaged after training.</summary>
    static List<double> EngagedLater(TrainedModels trained, DateTime asOf)
    {
        var featurizer = trained.Examples.Featurizer;
        var candidates = new CandidateSets(Sample.SmallConfig.Candidates, featurizer.State);
        var row = new float[featurizer.PartnerFit.Count];
        var scores = new List<double>();
        foreach (
            var deal in Deal.KnownBefore(Sample.FactList, Sample.AsOf)
                .Where(deal => deal.DecidedAt >= asOf)
                .OrderBy(deal => deal.DecidedAt)
        )
        {
            var at = deal.DecidedAt!.Value;
            trained.Examples.Replay.To(at);
            featurizer.Look(new(at, deal.RowIn(featurizer.State)));
            candidates.At(at);
            foreach (var partner in deal.PartnersEver(featurizer.State).Where(candidates.Proven.Contains))
            {
                featurizer.WritePartnerFit(partner, row);
                scores.Add(trained.PartnerFit!.Trees.Score(row));
            }
        }
        return scores;
    }

    /// <summary>How often, of two partners chosen equally often, the one that wins stands higher; 0 to 1, 0.5 by chance.</summary>
    static double WinnersAhead(double wonWeight, Learner learner)
    {
        var facts = PlantedHistory.Of(chance: (_, partner) => partner % 2 == 0 ? 0.8 : 0.2);
        var asOf = PlantedHistory.First.AddDays(PlantedHistory.Days);
        var config = Sample.SmallConfig with
        {
            PartnerFit = new()
            {
                MaxDecisions = 2000,
                Trees = 60,
                WonWeight = wonWeight,
                Learners = [learner],
            },
        };
        using var trained = TrainedModels.Train(
            new(until => facts.TakeWhile(fact => fact.SeenAt < until), ["accounts", "partners", "opportunities", "engagements"]),
            config,
            asOf,
            ModelParts.PartnerFit,
            _quiet
        );
        var featurizer = trained.Examples.Featurizer;
        var row = new float[featurizer.PartnerFit.Count];
        var (ahead, pairs) = (0, 0);
        foreach (var deal in Deal.KnownBefore(facts, asOf).TakeLast(100))
        {
            featurizer.Look(new(asOf, deal.Row));
            double Score(int partner)
            {
                featurizer.WritePartnerFit(featurizer.State.IndexOfPartner($"P{partner:000}"), row);
                return trained.PartnerFit!.Trees.Score(row);
            }
            for (var partner = 0; partner < 100; partner += 2)
            {
                ahead += Score(partner) > Score(partner + 1) ? 1 : 0;
                pairs++;
            }
        }
        return (double)ahead / pairs;
    }
}
