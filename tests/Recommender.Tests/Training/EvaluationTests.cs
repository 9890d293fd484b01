using System.Text.Json;
using Recommender.CoSell;
using Recommender.Models;
using Recommender.Training;

namespace Recommender.Tests.Training;

public class EvaluationTests
{
    static readonly DateTime _from = Sample.Day(2025, 9, 1);
    static readonly DateTime _to = Sample.Day(2026, 2, 28);
    static readonly Progress _quiet = new(quiet: true);

    [Fact]
    public void Figures_have_intervals_slices_exposure_and_a_clean_leak_check()
    {
        var evaluation = Evaluation.Run(Sample.Facts, Sample.SmallConfig, _from, _to, ModelParts.Both, null, null, _quiet);
        evaluation.Learn(Sample.Facts, _from, _to, ModelParts.Both, null, _quiet);
        var fit = JsonSerializer.SerializeToElement(evaluation.PartnerFitJson(), ModelManifest.Json);
        var own = fit.GetProperty("models").GetProperty("partner_fit").GetProperty("all");
        var interval = own.GetProperty("ndcg_at_10_interval");
        Assert.InRange(own.GetProperty("ndcg_at_10").GetDouble(), interval[0].GetDouble(), interval[1].GetDouble());
        Assert.True(
            fit.GetProperty("models").GetProperty("most_popular").GetProperty("behind_by").GetProperty("low").GetDouble() > 0
        );
        var slices = fit.GetProperty("slices").EnumerateArray().ToList();
        foreach (var name in (string[])["cold_start", "deal_size", "industry", "region", "partner_type"])
        {
            var parts = slices.Where(slice => slice.GetProperty("slice").GetString() == name).ToList();
            Assert.NotEmpty(parts);
            Assert.InRange(parts.Sum(slice => slice.GetProperty("decisions").GetInt32()), 1, evaluation.Fit.Decisions);
        }
        Assert.Equal(
            evaluation.Fit.Decisions,
            slices
                .Where(slice => slice.GetProperty("slice").GetString() == "cold_start")
                .Sum(slice => slice.GetProperty("decisions").GetInt32())
        );
        Assert.InRange(fit.GetProperty("exposure").GetProperty("gini").GetDouble(), 0.05, 0.95);
        var win = JsonSerializer.SerializeToElement(evaluation.WinProbabilityJson(), ModelManifest.Json);
        Assert.Equal(
            evaluation.Won.Count,
            win.GetProperty("calibration_by_quarter").EnumerateArray().Sum(part => part.GetProperty("decisions").GetInt32())
        );
        foreach (var leaks in (LeakReport[])[evaluation.FitLeaks!, evaluation.WinLeaks!])
        {
            Assert.Empty(leaks.Alarms);
            Assert.InRange(leaks.ShuffledAuc!.Value - 0.5, -leaks.ShuffledNoise!.Value, leaks.ShuffledNoise.Value);
        }
        Assert.Equal([0.25, 0.5, 1], evaluation.LearningCurve.Select(point => point.Share));
        Assert.True(evaluation.LearningCurve[0].Decisions < evaluation.LearningCurve[2].Decisions);
    }

    [Fact]
    public void A_column_that_knows_the_outcome_raises_an_alarm_and_the_gate_refuses()
    {
        var outcomes = Sample
            .FactList.Where(fact => fact.Kind == FactKind.OpportunityClosed)
            .Select(fact => (Opportunity)fact.Noun)
            .ToDictionary(deal => deal.Id, deal => deal.Outcome);
        var leaking = Sample
            .FactList.Select(fact =>
                fact is { Kind.Name: nameof(FactKind.OpportunityCreated), Noun: Opportunity deal }
                    ? fact with
                    {
                        Noun = deal with { Amount = outcomes.GetValueOrDefault(deal.Id) == Outcome.Won ? 1000 : 10 },
                    }
                    : fact
            )
            .ToList();
        var evaluation = Evaluation.Run(
            new(until => leaking.TakeWhile(fact => fact.SeenAt < until), Sample.Facts.Files),
            Sample.SmallConfig with
            {
                Features = new() { Keep = ["amount"] },
            },
            _from,
            _to,
            ModelParts.WinProbability,
            null,
            null,
            _quiet
        );
        Assert.Contains(evaluation.WinLeaks!.Alarms, alarm => alarm.StartsWith("amount alone", StringComparison.Ordinal));
        var gate = PromotionGate.WinProbability(evaluation, Sample.SmallConfig);
        Assert.False(gate.Promote);
        Assert.Contains("not to be trusted", gate.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_of_a_family_can_be_left_out()
    {
        var without = Sample.SmallConfig with { Features = new() { Without = ["in", "succession"] } };
        using var examples = TrainingExamples.Build(Sample.Facts, without, _from, ModelParts.Both, _quiet);
        Assert.DoesNotContain(examples.Featurizer.PartnerFit, column => column.Idea.StartsWith("in:", StringComparison.Ordinal));
        Assert.DoesNotContain(examples.Featurizer.PartnerFit, column => column.Name == "succession_sum");
        Assert.Contains(examples.Featurizer.PartnerFit, column => column.Name == "co_engagement_sum");
        var e = Assert.Throws<InvalidDataException>(() =>
            TrainingExamples.Build(
                Sample.Facts,
                without with
                {
                    Features = new() { Without = ["in", "sucession"] },
                },
                _from,
                ModelParts.Both,
                _quiet
            )
        );
        Assert.StartsWith("features.without names sucession; this history has", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_search_with_the_same_seed_draws_the_same_and_takes_the_best()
    {
        var runs = Enumerable
            .Range(0, 2)
            .Select(_ => HyperSearch.Run(Sample.Facts, Sample.SmallConfig, _from, 3, _quiet))
            .ToList();
        Assert.Equal(runs[0].Fit.Select(trial => trial.Best.Metric), runs[1].Fit.Select(trial => trial.Best.Metric));
        Assert.Equal(3, runs[0].Win.Select(trial => trial.Settings.Leaves + trial.Settings.LearningRate).Distinct().Count());
        var best = runs[0].Fit.MaxBy(trial => trial.Best.Metric)!;
        Assert.Same(best.Settings, runs[0].Best.PartnerFit);
        Assert.Same(runs[0].Win.MinBy(trial => trial.Best.Metric)!.Settings, runs[0].Best.WinProbability);
    }

    [Fact]
    public void Examples_are_exported_as_numpy_reads_them()
    {
        using var folder = new TemporaryFolder();
        ExampleExport.Write(Sample.Facts, Sample.SmallConfig, _from, _to, folder["out"], _quiet);
        using var examples = TrainingExamples.Build(Sample.Facts, Sample.SmallConfig, _from, ModelParts.Both, _quiet);
        var fit = examples.Builder.PartnerFit;
        var file = File.ReadAllBytes(folder["out/partner-fit/train.x.npy"]);
        Assert.Equal([0x93, .. "NUMPY"u8], file[..6]);
        Assert.Contains(
            $"({fit.Count}, {fit.Columns})",
            System.Text.Encoding.ASCII.GetString(file, 10, 118),
            StringComparison.Ordinal
        );
        Assert.Equal(128 + 4L * fit.Count * fit.Columns, file.Length);
        Assert.Equal(fit.Row(1)[0], BitConverter.ToSingle(file, 128 + 4 * fit.Columns));
        var groups = File.ReadAllBytes(folder["out/partner-fit/test.group.npy"]);
        var rows = new FileInfo(folder["out/partner-fit/test.y.npy"]).Length / 4 - 32;
        Assert.Equal(
            rows,
            Enumerable.Range(0, (groups.Length - 128) / 4).Sum(i => (long)BitConverter.ToInt32(groups, 128 + 4 * i))
        );
        Assert.Throws<IOException>(() =>
            ExampleExport.Write(Sample.Facts, Sample.SmallConfig, _from, _to, folder["out"], _quiet)
        );
    }

    [Fact]
    public void Population_stability_is_zero_on_the_same_and_large_on_a_shift()
    {
        var random = new Random(2);
        float[] Draw(float shift) => [.. Enumerable.Range(0, 2000).Select(_ => random.NextSingle() + shift)];
        Assert.InRange(PopulationStability.Index(Draw(0), Draw(0)), 0, 0.05);
        Assert.True(PopulationStability.Index(Draw(0), Draw(0.5f)) > 1);
        Assert.Equal(0, PopulationStability.Index([1, 1, 1, 1], [1, 1]), 1);
    }

    [Fact]
    public void Rank_correlation_counts_order_only()
    {
        Assert.Equal(1, RankCorrelation.Of([1, 2, 3], [10, 200, 3000])!.Value, 9);
        Assert.Equal(-1, RankCorrelation.Of([1, 2, 3], [3, 2, 1])!.Value, 9);
        Assert.Null(RankCorrelation.Of([1, 1], [1, 2]));
    }
}
