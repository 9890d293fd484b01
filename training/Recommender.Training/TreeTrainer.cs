using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.FastTree;
using Recommender.Artifacts;

namespace Recommender.Training;

/// <summary>Trains boosted trees with ML.NET and takes them over into a <see cref="TreeEnsemble"/>.</summary>
sealed class TreeTrainer(int seed, int threads)
{
    const string Features = nameof(Example.Features);

    readonly MLContext _context = new(seed);

    int? Threads => threads == 0 ? Environment.ProcessorCount : threads;

    /// <summary>LambdaMART (Burges, 2010) over grades; <paramref name="gains"/> has one gain per grade.</summary>
    public (TreeEnsemble Trees, ITransformer Model) TrainRanking(
        ExampleSet examples,
        Range range,
        TreesConfig config,
        int trees,
        double[] gains
    )
    {
        var options = Options<FastTreeRankingTrainer.Options>(config, trees);
        options.CustomGains = gains;
        options.NdcgTruncationLevel = 10;
        options.RowGroupColumnName = nameof(Example.Group);
        var model = _context.Ranking.Trainers.FastTree(options).Fit(View(examples, range));
        return (Ensemble(model.Model.TrainedTreeEnsemble, examples, range), model);
    }

    /// <summary>Boosted trees on log loss; scores are log odds before calibration.</summary>
    public (TreeEnsemble Trees, ITransformer Model) TrainBinary(ExampleSet examples, Range range, TreesConfig config, int trees)
    {
        var options = Options<FastTreeBinaryTrainer.Options>(config, trees);
        options.ExampleWeightColumnName = nameof(Example.Weight);
        var model = _context.BinaryClassification.Trainers.FastTree(options).Fit(View(examples, range, binary: true));
        return (Ensemble(model.Model.SubModel.TrainedTreeEnsemble, examples, range), model);
    }

    /// <summary>Fits Platt's sigmoid to raw scores.</summary>
    public Calibration Calibrate(IReadOnlyList<double> scores, IReadOnlyList<float> labels)
    {
        var rows = scores.Select((score, i) => new ScoredExample { Score = (float)score, Label = labels[i] > 0.5f });
        var model = _context.BinaryClassification.Calibrators.Platt().Fit(_context.Data.LoadFromEnumerable(rows));
        var platt = ((ISingleFeaturePredictionTransformer<PlattCalibrator>)model).Model;
        return new(-platt.Slope, -platt.Offset);
    }

    /// <summary>The simple baseline of its kind: logistic regression on features in twenty bins of equal count.</summary>
    public Func<ExampleSet, double[]> TrainLogisticRegression(ExampleSet examples)
    {
        var options = new LbfgsLogisticRegressionBinaryTrainer.Options
        {
            FeatureColumnName = Features,
            ExampleWeightColumnName = nameof(Example.Weight),
            L2Regularization = 10,
            L1Regularization = 0,
            NumberOfThreads = 1,
            MaximumNumberOfIterations = 200,
        };
        var model = _context
            .Transforms.NormalizeBinning(Features, maximumBinCount: 20, fixZero: false)
            .Append(_context.BinaryClassification.Trainers.LbfgsLogisticRegression(options))
            .Fit(View(examples, .., binary: true));
        return test => [.. model.Transform(View(test, .., binary: true)).GetColumn<float>("Probability").Select(p => (double)p)];
    }

    /// <summary>The examples as ML.NET reads them.</summary>
    public IDataView View(ExampleSet examples, Range range, bool binary = false)
    {
        var schema = SchemaDefinition.Create(typeof(Example));
        schema[Features].ColumnType = new VectorDataViewType(NumberDataViewType.Single, examples.Columns);
        if (binary)
            schema["Label"].ColumnType = NumberDataViewType.Single;
        var view = _context.Data.LoadFromEnumerable(Rows(examples, range), schema);
        return binary
            ? _context.Transforms.Conversion.ConvertType("Label", outputKind: DataKind.Boolean).Fit(view).Transform(view)
            : view;
    }

    static IEnumerable<Example> Rows(ExampleSet examples, Range range)
    {
        var (start, length) = range.GetOffsetAndLength(examples.Count);
        var row = new Example { Features = new float[examples.Columns] };
        for (var i = start; i < start + length; i++)
        {
            examples.Row(i).CopyTo(row.Features);
            row.Label = examples.Labels[i];
            row.Weight = examples.Weights[i];
            row.Group = (uint)examples.Groups[i] + 1;
            yield return row;
        }
    }

    TOptions Options<TOptions>(TreesConfig config, int trees)
        where TOptions : BoostedTreeOptions, new() =>
        new()
        {
            FeatureColumnName = Features,
            NumberOfTrees = trees,
            NumberOfLeaves = config.Leaves,
            MinimumExampleCountPerLeaf = config.MinExamplesPerLeaf,
            LearningRate = config.LearningRate,
            FeatureFraction = config.FeatureFraction,
            Seed = seed,
            FeatureSelectionSeed = seed,
            NumberOfThreads = Threads,
        };

    static TreeEnsemble Ensemble(RegressionTreeEnsemble trained, ExampleSet examples, Range range)
    {
        var trees = new List<Tree>();
        for (var t = 0; t < trained.Trees.Count; t++)
            trees.Add(Convert(trained.Trees[t], trained.TreeWeights[t]));
        var (start, length) = range.GetOffsetAndLength(examples.Count);
        Parallel.ForEach(
            trees,
            tree =>
            {
                for (var i = start; i < start + length; i++)
                {
                    var row = examples.Row(i);
                    for (
                        var node = 0;
                        ;
                        node = row[tree.Feature[node]] <= tree.Threshold[node] ? tree.Left[node] : tree.Right[node]
                    )
                    {
                        tree.Cover[node]++;
                        if (tree.Feature[node] < 0)
                            break;
                    }
                }
            }
        );
        return new(trees, (float)trained.Bias, examples.Columns, null);
    }

    static Tree Convert(RegressionTree from, double weight)
    {
        var splits = from.NumberOfNodes;
        var count = splits + from.NumberOfLeaves;
        var tree = Tree.OfSize(count);
        int Node(int child) => child >= 0 ? child : splits + ~child;
        for (var n = 0; n < splits; n++)
        {
            tree.Feature[n] = from.NumericalSplitFeatureIndexes[n];
            tree.Threshold[n] = from.NumericalSplitThresholds[n];
            tree.Left[n] = Node(from.LeftChild[n]);
            tree.Right[n] = Node(from.RightChild[n]);
        }
        for (var l = 0; l < from.NumberOfLeaves; l++)
        {
            tree.Feature[splits + l] = -1;
            tree.Value[splits + l] = (float)(from.LeafValues[l] * weight);
        }
        return tree;
    }

    sealed class Example
    {
        public float[] Features { get; set; } = [];

        public float Label { get; set; }

        public float Weight { get; set; }

        [KeyType(int.MaxValue)]
        public uint Group { get; set; }
    }

    sealed class ScoredExample
    {
        public float Score { get; set; }

        public bool Label { get; set; }
    }
}
