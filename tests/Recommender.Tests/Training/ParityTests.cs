using CsCheck;
using Recommender.Models;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Both models, trained on the sample history, once for all tests.</summary>
public sealed class TrainedSample : IDisposable
{
    /// <summary>Every decision and deal of the sample history, with fewer trees than the default to be quick.</summary>
    static readonly TrainingConfig _config = new()
    {
        PartnerFit = new() { Trees = 120 },
        WinProbability = new()
        {
            Trees = 150,
            ValidationFolds = 1,
            Learners = [Learner.FastTree],
        },
    };

    internal TrainedModels Models { get; } =
        TrainedModels.Train(Sample.Facts, _config, Sample.AsOf, ModelParts.Both, new Progress(quiet: true));

    internal TreeTrainer Trainer { get; } = new(_config.Seed, 0);

    public void Dispose() => Models.Dispose();
}

public class ParityTests(TrainedSample sample) : IClassFixture<TrainedSample>
{
    [Fact]
    public void Onnx_ranks_every_sample_row_with_the_score_of_mlnet() =>
        Same(sample.Models.PartnerFit!, sample.Models.Examples.Builder.PartnerFit, 1e-4);

    [Fact]
    public void Onnx_gives_every_sample_row_the_probability_of_mlnet() =>
        Same(sample.Models.WinProbability!, sample.Models.Examples.Builder.WinProbability, 1e-5);

    [Fact]
    public void Onnx_and_mlnet_agree_on_random_rows()
    {
        var columns = sample.Models.Examples.Builder.PartnerFit.Columns;
        var value = Gen.Frequency((3, Gen.Float[-3, 3]), (2, Gen.Int[-2, 60].Select(i => (float)i)), (1, Gen.Float[-1e6f, 1e6f]));
        value
            .Array[columns]
            .Array[50]
            .Sample(
                rows =>
                {
                    var examples = new ExampleSet(columns);
                    foreach (var row in rows)
                        row.CopyTo(examples.Add(0, 1, default, 0));
                    Same(sample.Models.PartnerFit!, examples, 1e-4);
                },
                iter: 40
            );
    }

    [Fact]
    public void Trees_read_back_from_onnx_score_as_those_written()
    {
        var learned = sample.Models.WinProbability!;
        var read = OnnxTrees.Read(OnnxTrees.Write(learned.Trees));
        var examples = sample.Models.Examples.Builder.WinProbability;
        for (var i = 0; i < examples.Count; i++)
            Assert.Equal(learned.Trees.Score(examples.Row(i)), read.Score(examples.Row(i)));
        Assert.Equal(learned.Trees.Calibration!.Value.Slope, read.Calibration!.Value.Slope, 5);
    }

    [Theory]
    [InlineData(nameof(Learner.LogisticRegression), 1e-4)]
    [InlineData(nameof(Learner.Blend), 1e-4)]
    [InlineData(nameof(Learner.LightGbm), 1e-4)]
    public void Every_learner_of_win_probability_ships_what_it_learned(string learner, double tolerance)
    {
        var config = Sample.SmallConfig with
        {
            WinProbability = Sample.SmallConfig.WinProbability with { Learners = [Enum.Parse<Learner>(learner)] },
        };
        var examples = sample.Models.Examples.Builder.WinProbability;
        Same(Learn(() => Learning.WinProbability(sample.Trainer, examples, config, 0)), examples, tolerance);
    }

    [Fact]
    public void LightGbm_ranks_as_what_ships()
    {
        var config = Sample.SmallConfig with
        {
            PartnerFit = new() { Trees = 40, Learners = [Learner.FastTree, Learner.LightGbm] },
        };
        var examples = sample.Models.Examples.Builder.PartnerFit;
        var learned = Learn(() => Learning.PartnerFit(sample.Trainer, examples, config));
        Assert.Equal(2, learned.Trials.Count);
        Assert.Equal(learned.Trials.Max(trial => trial.Metric), learned.Chosen.Metric);
        Same(learned, examples, 1e-4);
    }

    static Learned Learn(Func<Learned> learn)
    {
        try
        {
            return learn();
        }
        catch (InvalidDataException e) when (e.Message.Contains("libgomp1", StringComparison.Ordinal))
        {
            Assert.Skip("Needs the system's OpenMP library: install libgomp1.");
            throw;
        }
    }

    static void Same(Learned learned, ExampleSet examples, double tolerance)
    {
        var trained = new double[examples.Count];
        foreach (var (part, share) in learned.Parts)
        {
            var i = 0;
            foreach (var score in part(examples))
                trained[i++] += share * score;
        }
        using var model = new OnnxModel(OnnxTrees.Write(learned.Trees));
        var scores = examples.ScoredBy(model.Score);
        var judged = examples.ScoredBy(new EnsembleScorer(learned.Trees).Score);
        Assert.NotEmpty(scores);
        for (var i = 0; i < scores.Length; i++)
        {
            var raw = learned.Trees.Score(examples.Row(i));
            Assert.Equal((float)(learned.Trees.Calibration?.Probability((float)raw) ?? raw), judged[i]);
            Assert.InRange(scores[i] - (learned.Trees.Calibration?.Probability(trained[i]) ?? trained[i]), -tolerance, tolerance);
        }
    }
}
