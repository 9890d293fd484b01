using Google.Protobuf;
using Recommender.Models.Onnx;
using OnnxAttribute = Recommender.Models.Onnx.Attribute;
using OnnxType = Recommender.Models.Onnx.Type;

namespace Recommender.Models;

/// <summary>Writes and reads tree ensembles as ONNX (ai.onnx.ml TreeEnsembleRegressor, opset 1; covers travel as hit rates).</summary>
public static class OnnxTrees
{
    internal const int Float = 1;
    internal const string Input = "features";
    internal const string Output = "score";

    /// <summary>The bytes of model.onnx: features [n, F] float32 → score [n, 1] float32. The same ensemble gives the same bytes.</summary>
    public static byte[] Write(TreeEnsemble ensemble)
    {
        var graph = new Graph { Name = "recommender" };
        graph.Input.Add(Value(Input, ensemble.FeatureCount));
        graph.Output.Add(Value(Output, 1));
        var sum = ensemble.Calibration is null ? Output : "raw";
        graph.Node.Add(Regressor(ensemble, sum));
        if (ensemble.Calibration is { } calibration)
        {
            graph.Initializer.Add(Scalar("slope", calibration.Slope));
            graph.Initializer.Add(Scalar("offset", calibration.Offset));
            graph.Node.Add(Operator("Mul", ["raw", "slope"], "scaled"));
            graph.Node.Add(Operator("Add", ["scaled", "offset"], "logit"));
            graph.Node.Add(Operator("Sigmoid", ["logit"], Output));
        }
        var model = new Model
        {
            IrVersion = 8,
            ProducerName = "recommender",
            Graph = graph,
        };
        model.OpsetImport.Add(new OperatorSet { Domain = "", Version = 13 });
        model.OpsetImport.Add(new OperatorSet { Domain = "ai.onnx.ml", Version = 1 });
        return model.ToByteArray();
    }

    /// <summary>
    /// Reads the trees of an ONNX model that is one TreeEnsembleRegressor, with splits "at most" or "less than" and summed leaves, followed
    /// by nothing or by Mul and Add of a number each and a Sigmoid.
    /// </summary>
    /// <exception cref="InvalidDataException">The graph says something else, or the nodes of a tree make no tree.</exception>
    public static TreeEnsemble Read(byte[] bytes) => OnnxTreeReader.Read(bytes);

    static Node Regressor(TreeEnsemble ensemble, string output)
    {
        List<long> treeIds = [],
            nodeIds = [],
            features = [],
            left = [],
            right = [],
            targetTrees = [],
            targetNodes = [];
        List<float> values = [],
            covers = [],
            weights = [];
        List<ByteString> modes = [];
        var (leaf, branch) = (ByteString.CopyFromUtf8("LEAF"), ByteString.CopyFromUtf8("BRANCH_LEQ"));
        for (var t = 0; t < ensemble.Trees.Count; t++)
        {
            var tree = ensemble.Trees[t];
            for (var n = 0; n < tree.Feature.Length; n++)
            {
                var isLeaf = tree.Feature[n] < 0;
                treeIds.Add(t);
                nodeIds.Add(n);
                features.Add(Math.Max(0, tree.Feature[n]));
                values.Add(tree.Threshold[n]);
                left.Add(tree.Left[n]);
                right.Add(tree.Right[n]);
                covers.Add(tree.Cover[n]);
                modes.Add(isLeaf ? leaf : branch);
                if (isLeaf)
                {
                    targetTrees.Add(t);
                    targetNodes.Add(n);
                    weights.Add(tree.Value[n]);
                }
            }
        }
        var node = Operator("TreeEnsembleRegressor", [Input], output);
        node.Domain = "ai.onnx.ml";
        void Ints(string name, IEnumerable<long> all) =>
            node.Attribute.Add(
                new OnnxAttribute
                {
                    Name = name,
                    Type = 7,
                    Ints = { all },
                }
            );
        void Floats(string name, IEnumerable<float> all) =>
            node.Attribute.Add(
                new OnnxAttribute
                {
                    Name = name,
                    Type = 6,
                    Floats = { all },
                }
            );
        Floats("base_values", [ensemble.Bias]);
        node.Attribute.Add(
            new OnnxAttribute
            {
                Name = "n_targets",
                Type = 2,
                I = 1,
            }
        );
        Ints("nodes_falsenodeids", right);
        Ints("nodes_featureids", features);
        Floats("nodes_hitrates", covers);
        node.Attribute.Add(
            new OnnxAttribute
            {
                Name = "nodes_modes",
                Type = 8,
                Strings = { modes },
            }
        );
        Ints("nodes_nodeids", nodeIds);
        Ints("nodes_treeids", treeIds);
        Ints("nodes_truenodeids", left);
        Floats("nodes_values", values);
        Ints("target_ids", targetNodes.Select(_ => 0L));
        Ints("target_nodeids", targetNodes);
        Ints("target_treeids", targetTrees);
        Floats("target_weights", weights);
        return node;
    }

    static Node Operator(string type, IEnumerable<string> inputs, string output) =>
        new()
        {
            OpType = type,
            Name = output,
            Input = { inputs },
            Output = { output },
        };

    static Tensor Scalar(string name, double value) =>
        new()
        {
            Name = name,
            DataType = Float,
            Dims = { 1 },
            FloatData = { (float)value },
        };

    static ValueInfo Value(string name, int columns) =>
        new()
        {
            Name = name,
            Type = new OnnxType
            {
                TensorType = new OnnxType.Types.Tensor
                {
                    ElemType = Float,
                    Shape = new Shape
                    {
                        Dim =
                        {
                            new Shape.Types.Dimension { DimParam = "n" },
                            new Shape.Types.Dimension { DimValue = columns },
                        },
                    },
                },
            },
        };
}
