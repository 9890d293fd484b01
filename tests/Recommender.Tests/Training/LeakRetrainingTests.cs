using System.Text.Json;
using Recommender.CoSell;
using Recommender.Models;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Leaks of each kind, planted: without the check for it, each of these passes.</summary>
public class LeakRetrainingTests
{
    static readonly DateTime _from = Sample.Day(2025, 9, 1);
    static readonly DateTime _to = Sample.Day(2026, 2, 28);
    static readonly Progress _quiet = new(quiet: true);

    static readonly Dictionary<OpportunityId, Opportunity> _closed = Sample
        .FactList.Where(fact => fact.Kind == FactKind.OpportunityClosed)
        .Select(fact => (Opportunity)fact.Noun)
        .DistinctBy(deal => deal.Id)
        .ToDictionary(deal => deal.Id);

    [Fact]
    public void A_column_that_was_written_with_the_outcome_brings_too_much_and_the_gate_refuses()
    {
        var random = new Random(4);
        var facts = With(deal =>
            deal with
            {
                // Activities go on for a while on deals that are won: strong, and far from telling all.
                Amount = Math.Round(
                    (_closed.TryGetValue(deal.Id, out var end) && end.Outcome == Outcome.Won ? 14 : 8)
                        * (0.4 + random.NextDouble())
                ),
            }
        );
        var evaluation = Evaluate(facts, "amount");
        Assert.DoesNotContain(evaluation.WinLeaks!.Alarms, alarm => alarm.Contains("implausibly", StringComparison.Ordinal));
        Assert.DoesNotContain(evaluation.WinLeaks.Alarms, alarm => alarm.StartsWith("amount alone", StringComparison.Ordinal));
        Assert.DoesNotContain(evaluation.WinLeaks.Alarms, IsBrought);
        var asked = new TrainingConfig
        {
            WinProbability = Sample.SmallConfig.WinProbability,
            Features = new() { LeftOut = [] },
        };
        var suspicious = Evaluation.Run(facts, asked, _from, _to, ModelParts.WinProbability, null, null, _quiet);
        Assert.Contains(suspicious.WinLeaks!.Alarms, IsBrought);
        var gate = PromotionGate.WinProbability(suspicious, asked);
        Assert.False(gate.Promote);
        Assert.Contains("opportunities.amount alone brings", gate.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_that_a_crm_overwrites_are_named_and_figures_without_them_stand_beside()
    {
        var evaluation = Evaluate(Sample.Facts);
        evaluation.LearnWithoutEach(Sample.Facts, _from, _to, null, _quiet);
        var columns = evaluation.WithoutOverwritten!.Columns;
        Assert.Contains("opportunities.amount", columns);
        Assert.Contains("partners.tier", columns);
        Assert.DoesNotContain("accounts.industry", columns);
        Assert.DoesNotContain("opportunities.created_month", columns);
        Assert.Equal(columns, evaluation.WithoutEach.SelectMany(without => without.Columns));
        var json = JsonSerializer.SerializeToElement(evaluation.WinProbabilityJson(), ModelManifest.Json);
        var without = json.GetProperty("without_overwritten_columns");
        Assert.InRange(without.GetProperty("auc").GetDouble(), 0.4, 0.9);
        Assert.True(
            without.GetProperty("log_loss_change").GetProperty("low").GetDouble()
                < without.GetProperty("log_loss_change").GetProperty("high").GetDouble()
        );
        Assert.Equal(columns.Count, json.GetProperty("without_each_overwritten_column").GetArrayLength());
        Assert.Empty(evaluation.WinLeaks!.Alarms);
        Assert.InRange(evaluation.WinLeaks.ShuffledOutcomesGain!.Value.Value, -0.05, 0.01);
    }

    [Fact]
    public void Features_that_know_a_deals_own_outcome_foretell_it_from_outcomes_dealt_out_anew()
    {
        // Each deal is dated to the day after its close: its own outcome counts for its account by then.
        var facts = With(deal =>
            _closed.TryGetValue(deal.Id, out var end) && end.ClosedAt is { } at ? deal with { CreatedAt = at.AddDays(1) } : deal
        );
        var leaks = Evaluate(facts).WinLeaks!;
        Assert.Contains(
            leaks.Alarms,
            alarm => alarm.StartsWith("Learned from outcomes that were dealt out anew", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Outcomes_are_dealt_out_anew_among_the_deals_of_before()
    {
        var shuffled = LeakRetraining.Shuffled(Sample.Facts, _from, 3);
        var (old, now) = (Outcomes(Sample.Facts), Outcomes(shuffled));
        Assert.Equal(old.Count(pair => pair.Value == Outcome.Won), now.Count(pair => pair.Value == Outcome.Won));
        Assert.InRange(old.Count(pair => now[pair.Key] != pair.Value), old.Count / 4, old.Count * 3 / 4);
        var later = Deal.KnownBefore(Sample.Facts.All, DateTime.MaxValue).Where(deal => deal.Row.CreatedAt >= _from).ToList();
        var same = Deal.KnownBefore(shuffled.All, DateTime.MaxValue).ToDictionary(deal => deal.Row.Id, deal => deal.Outcome);
        Assert.All(later, deal => Assert.Equal(deal.Outcome, same[deal.Row.Id]));
    }

    static bool IsBrought(string alarm) => alarm.StartsWith("opportunities.amount alone brings", StringComparison.Ordinal);

    static Dictionary<string, Outcome> Outcomes(FactSource facts) =>
        Deal.KnownBefore(facts.Before(_from), _from)
            .Where(deal => deal.Outcome != Outcome.Open)
            .ToDictionary(deal => deal.Row.Id.Value, deal => deal.Outcome);

    static Evaluation Evaluate(FactSource facts, params string[] keep) =>
        Evaluation.Run(
            facts,
            Sample.SmallConfig with
            {
                Features = new() { Keep = keep },
            },
            _from,
            _to,
            ModelParts.WinProbability,
            null,
            null,
            _quiet
        );

    /// <summary>The sample history with every deal rewritten, once for all its rows.</summary>
    static FactSource With(Func<Opportunity, Opportunity> rewrite)
    {
        var rewritten = new Dictionary<OpportunityId, Opportunity>();
        Opportunity Of(Opportunity deal) =>
            rewritten.TryGetValue(deal.Id, out var known) ? known : rewritten[deal.Id] = rewrite(deal);
        var facts = Sample
            .FactList.Select(fact =>
                fact.Noun is Opportunity deal
                    ? fact with
                    {
                        Noun = deal with { Amount = Of(deal).Amount, CreatedAt = Of(deal).CreatedAt },
                    }
                    : fact
            )
            .ToList();
        return new(until => facts.TakeWhile(fact => fact.SeenAt < until), Sample.Facts.Files);
    }
}
