using System.Collections.Immutable;
using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Trainers.LightGbm;
using Microsoft.ML.Transforms;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>Trains boosted trees with ML.NET and takes them over into a <see cref="TreeEnsemble"/>.</summary>
sealed class TreeTrainer(int seed, int threads)
{
    const string Features = nameof(Example.Features);

    // One gain per grade; the trainers want more of them than there are.
    static readonly int[] _gains = [0, 1, 2, 4, 8];

    readonly MLContext _context = new(seed);

    int? Threads => threads == 0 ? Environment.ProcessorCount : threads;

    /// <summary>
    /// LambdaMART (Burges, 2010) over engaged or not. That a deal was won weighs its whole decision and is no grade: one that all positives of
    /// a group share cancels in the ideal DCG.
    /// </summary>
    public (TreeEnsemble Trees, ITransformer Model) TrainRanking(
        ExampleSet examples,
        Range range,
        PartnerFitConfig config,
        Learner learner,
        int trees
    )
    {
        if (learner == Learner.LightGbm)
        {
            var lightGbm = LightGbm<
                LightGbmRankingTrainer.Options,
                float,
                RankingPredictionTransformer<LightGbmRankingModelParameters>,
                LightGbmRankingModelParameters
            >(config, trees);
            lightGbm.CustomGains = _gains;
            lightGbm.RowGroupColumnName = nameof(Example.Group);
            lightGbm.ExampleWeightColumnName = nameof(Example.Weight);
            var boosted = Native(() =>
                _context.Ranking.Trainers.LightGbm(lightGbm).Fit(View(examples, range, wonWeight: config.WonWeight))
            );
            return (Ensemble(boosted.Model.TrainedTreeEnsemble, examples, range), boosted);
        }
        var options = Options<FastTreeRankingTrainer.Options>(config, trees);
        options.CustomGains = [.. _gains];
        options.NdcgTruncationLevel = 10;
        options.RowGroupColumnName = nameof(Example.Group);
        options.ExampleWeightColumnName = nameof(Example.Weight);
        var model = _context.Ranking.Trainers.FastTree(options).Fit(View(examples, range, wonWeight: config.WonWeight));
        return (Ensemble(model.Model.TrainedTreeEnsemble, examples, range), model);
    }

    /// <summary>Boosted trees on log loss; scores are log odds before calibration.</summary>
    public (TreeEnsemble Trees, ITransformer Model) TrainBinary(
        ExampleSet examples,
        Range range,
        TreesConfig config,
        Learner learner,
        int trees
    )
    {
        if (learner == Learner.LightGbm)
        {
            var lightGbm = LightGbm<
                LightGbmBinaryTrainer.Options,
                float,
                BinaryPredictionTransformer<CalibratedModelParametersBase<LightGbmBinaryModelParameters, PlattCalibrator>>,
                CalibratedModelParametersBase<LightGbmBinaryModelParameters, PlattCalibrator>
            >(config, trees);
            lightGbm.ExampleWeightColumnName = nameof(Example.Weight);
            lightGbm.Sigmoid = 1;
            var boosted = Native(() =>
                _context.BinaryClassification.Trainers.LightGbm(lightGbm).Fit(View(examples, range, binary: true))
            );
            return (Ensemble(boosted.Model.SubModel.TrainedTreeEnsemble, examples, range), boosted);
        }
        var options = Options<FastTreeBinaryTrainer.Options>(config, trees);
        options.ExampleWeightColumnName = nameof(Example.Weight);
        var model = _context.BinaryClassification.Trainers.FastTree(options).Fit(View(examples, range, binary: true));
        return (Ensemble(model.Model.SubModel.TrainedTreeEnsemble, examples, range), model);
    }

    /// <summary>Logistic regression on features in twenty bins of equal count, as one tree of steps per feature.</summary>
    public (TreeEnsemble Trees, BinnedRegression Model) TrainLogisticRegression(ExampleSet examples, Range range)
    {
        var binning = _context
            .Transforms.NormalizeBinning(Features, maximumBinCount: 20, fixZero: false)
            .Fit(View(examples, range, binary: true));
        var bins = (NormalizingTransformer.BinNormalizerModelParameters<ImmutableArray<float>>)
            binning.GetNormalizerModelParameters(0);
        var model = BinnedRegression.Train(examples, range, bins.UpperBounds);
        var trees = new List<Tree>();
        for (var f = 0; f < examples.Columns; f++)
        {
            var (feature, bounds) = (f, model.Bounds[f]);
            if (bounds.Length > 1)
                trees.Add(Steps(feature, bounds, bin => model.Step(feature, bin)));
        }
        return (WithCovers(new(trees, (float)model.Bias, examples.Columns, null), examples, range), model);
    }

    /// <summary>A balanced tree over the bins of one feature; bin i ends at bounds[i].</summary>
    static Tree Steps(int feature, ImmutableArray<float> bounds, Func<int, double> value)
    {
        var tree = Tree.OfSize(2 * bounds.Length - 1);
        var next = 0;
        int Grow(int first, int last)
        {
            var node = next++;
            if (first == last)
            {
                (tree.Feature[node], tree.Value[node]) = (-1, (float)value(first));
                return node;
            }
            var middle = (first + last) / 2;
            (tree.Feature[node], tree.Threshold[node]) = (feature, bounds[middle]);
            tree.Left[node] = Grow(first, middle);
            tree.Right[node] = Grow(middle + 1, last);
            return node;
        }
        Grow(0, bounds.Length - 1);
        return tree;
    }

    /// <summary>What ML.NET itself says of examples.</summary>
    public RawScores ScoresBy(ITransformer model, bool binary) =>
        examples => model.Transform(View(examples, .., binary)).GetColumn<float>("Score").Select(score => (double)score);

    /// <summary>The examples as ML.NET reads them; with <paramref name="wonWeight"/>, as it learns to rank.</summary>
    IDataView View(ExampleSet examples, Range range, bool binary = false, double? wonWeight = null)
    {
        var schema = SchemaDefinition.Create(typeof(Example));
        schema[Features].ColumnType = new VectorDataViewType(NumberDataViewType.Single, examples.Columns);
        if (binary)
            schema["Label"].ColumnType = NumberDataViewType.Single;
        var view = _context.Data.LoadFromEnumerable(Rows(examples, range, wonWeight), schema);
        return binary
            ? _context.Transforms.Conversion.ConvertType("Label", outputKind: DataKind.Boolean).Fit(view).Transform(view)
            : view;
    }

    static IEnumerable<Example> Rows(ExampleSet examples, Range range, double? wonWeight)
    {
        var (start, length) = range.GetOffsetAndLength(examples.Count);
        var weights = wonWeight is { } won ? GroupWeights(examples, won) : null;
        var row = new Example { Features = new float[examples.Columns] };
        for (var i = start; i < start + length; i++)
        {
            examples.Row(i).CopyTo(row.Features);
            row.Label = weights is null ? examples.Labels[i] : Math.Min(1, examples.Labels[i]);
            row.Weight = weights is null ? examples.Weights[i] : weights[examples.Groups[i]];
            row.Group = (uint)examples.Groups[i] + 1;
            yield return row;
        }
    }

    /// <summary>What each decision weighs: 1 if its deal was lost, <paramref name="won"/> if it was won, between them if that is open.</summary>
    static Dictionary<int, float> GroupWeights(ExampleSet examples, double won)
    {
        var weights = new Dictionary<int, float>();
        for (var i = 0; i < examples.Count; i++)
            weights[examples.Groups[i]] = Math.Max(
                weights.GetValueOrDefault(examples.Groups[i]),
                (float)(1 + (won - 1) * Math.Max(0, examples.Labels[i] - 1))
            );
        return weights;
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

    TOptions LightGbm<TOptions, TOutput, TTransformer, TModel>(TreesConfig config, int trees)
        where TOptions : LightGbmTrainerBase<TOptions, TOutput, TTransformer, TModel>.OptionsBase, new()
        where TTransformer : ISingleFeaturePredictionTransformer<TModel>
        where TModel : class =>
        new()
        {
            FeatureColumnName = Features,
            NumberOfIterations = trees,
            NumberOfLeaves = config.Leaves,
            MinimumExampleCountPerLeaf = config.MinExamplesPerLeaf,
            LearningRate = config.LearningRate,
            Booster = new GradientBooster.Options { FeatureFraction = config.FeatureFraction, L2Regularization = 1 },
            HandleMissingValue = false,
            Seed = seed,
            Deterministic = true,
            ForceRowWise = true,
            NumberOfThreads = Threads,
        };

    /// <summary>Trains with a native library.</summary>
    /// <exception cref="InvalidDataException">It cannot be loaded.</exception>
    static T Native<T>(Func<T> train)
    {
        try
        {
            return train();
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            throw new InvalidDataException(
                $"light_gbm cannot be loaded here ({e.Message.Split('\n')[0]}); install libgomp1 or name fast_tree as learner.",
                e
            );
        }
    }

    static TreeEnsemble Ensemble(RegressionTreeEnsemble trained, ExampleSet examples, Range range)
    {
        var trees = new List<Tree>();
        for (var t = 0; t < trained.Trees.Count; t++)
            trees.Add(Convert(trained.Trees[t], trained.TreeWeights[t]));
        return WithCovers(new(trees, (float)trained.Bias, examples.Columns, null), examples, range);
    }

    /// <summary>Counts how many of the examples pass each node.</summary>
    static TreeEnsemble WithCovers(TreeEnsemble ensemble, ExampleSet examples, Range range)
    {
        var (start, length) = range.GetOffsetAndLength(examples.Count);
        Parallel.ForEach(
            ensemble.Trees,
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
        return ensemble;
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
}
