using System.Collections.Immutable;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Recommender.Training;

namespace Recommender.Tests.Training;

public class BinnedRegressionTests
{
    /// <summary>The trainer of ML.NET minimises the same loss, but its last digits depend on the width of the processor's vectors.</summary>
    [Fact]
    public void It_finds_what_the_trainer_of_mlnet_finds()
    {
        const int Columns = 6;
        const int Bins = 20;
        var random = new Random(3);
        var examples = new ExampleSet(Columns);
        for (var i = 0; i < 6000; i++)
        {
            var row = Enumerable.Range(0, Columns).Select(_ => random.Next(Bins)).ToArray();
            var odds = 2.0 * row[0] / (Bins - 1) - 1.0 * row[1] / (Bins - 1) - 0.5;
            var won = random.NextDouble() < 1 / (1 + Math.Exp(-odds));
            row.Select(bin => (float)bin).ToArray().CopyTo(examples.Add(won ? 1 : 0, 0.1f + random.NextSingle(), default, 0));
        }
        var bounds = Enumerable.Range(0, Bins).Select(bin => bin + 0.5f).ToArray();
        var ours = BinnedRegression.Train(examples, .., [.. Enumerable.Repeat(bounds.ToImmutableArray(), Columns)]);

        var context = new MLContext(1);
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, Columns);
        var rows = Enumerable
            .Range(0, examples.Count)
            .Select(i => new Row
            {
                Features = [.. examples.Row(i).ToArray().Select(bin => bin / (Bins - 1))],
                Label = examples.Labels[i] > 0,
                Weight = examples.Weights[i],
            });
        var theirs = context
            .BinaryClassification.Trainers.LbfgsLogisticRegression(
                new LbfgsLogisticRegressionBinaryTrainer.Options
                {
                    ExampleWeightColumnName = nameof(Row.Weight),
                    L2Regularization = 10,
                    L1Regularization = 0,
                    OptimizationTolerance = 1e-9f,
                    NumberOfThreads = 1,
                }
            )
            .Fit(context.Data.LoadFromEnumerable(rows, schema))
            .Model.SubModel;
        Assert.Equal(theirs.Bias, ours.Bias, 0.01);
        for (var f = 0; f < Columns; f++)
            Assert.Equal(theirs.Weights[f], ours.Weights[f], 0.01);
        Assert.InRange(ours.Weights[0], 1.5, 2.2);
        Assert.InRange(ours.Weights[1], -1.3, -0.7);
    }

    /// <summary>With nothing but the priors against it, the slope would run away where every deal was won.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void One_outcome_only_gives_finite_odds(float label)
    {
        var examples = new ExampleSet(1);
        for (var i = 0; i < 40; i++)
            examples.Add(label, 1, default, 0)[0] = i % 2;
        var model = BinnedRegression.Train(
            examples,
            ..,
            [
                [0.5f, 1.5f],
            ]
        );
        Assert.True(double.IsFinite(model.Bias) && double.IsFinite(model.Weights[0]));
        Assert.Equal(label, model.Score([1]) > 0 ? 1 : 0);
    }

    sealed class Row
    {
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }

        public float Weight { get; set; }
    }
}
