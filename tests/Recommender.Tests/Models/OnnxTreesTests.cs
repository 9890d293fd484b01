using Google.Protobuf;
using Recommender.Models;
using Recommender.Models.Onnx;
using OnnxAttribute = Recommender.Models.Onnx.Attribute;

namespace Recommender.Tests.Models;

/// <summary>A graph is read only if it says what is read: each change is one that ONNX Runtime may take and the trees would not follow.</summary>
public class OnnxTreesTests
{
    static readonly TreeEnsemble _ensemble = new([Stump(0, 1, -1), Stump(1, 2, -2)], 0.5f, 2, new Calibration(0.2, 0.1));

    public static TheoryData<string> Faults => [.. _faults.Keys];

    static readonly Dictionary<string, (Action<Graph> Change, string Message)> _faults = new()
    {
        ["another aggregate"] = (
            graph => Add(graph, "aggregate_function", text: "AVERAGE"),
            "aggregate_function is AVERAGE; expected SUM."
        ),
        ["another end"] = (graph => Add(graph, "post_transform", text: "LOGISTIC"), "post_transform is LOGISTIC; expected NONE."),
        ["two targets"] = (graph => Of(graph, "n_targets").I = 2, "n_targets is 2; expected 1."),
        ["a leaf of another target"] = (
            graph => Of(graph, "target_ids").Ints[1] = 1,
            "A leaf counts to another target than 0; expected one target."
        ),
        ["thresholds as doubles"] = (
            graph => Add(graph, "nodes_values_as_tensor", text: ""),
            "TreeEnsembleRegressor has an attribute nodes_values_as_tensor; expected each of"
        ),
        ["an attribute twice"] = (
            graph => Add(graph, "n_targets", text: ""),
            "TreeEnsembleRegressor has an attribute n_targets; expected each of"
        ),
        ["two ensembles"] = (
            graph => graph.Node.Add(graph.Node[0].Clone()),
            "The graph has 2 nodes TreeEnsembleRegressor; expected one."
        ),
        ["no ensemble"] = (graph => graph.Node.RemoveAt(0), "The graph has 0 nodes TreeEnsembleRegressor; expected one."),
        ["trees over something else"] = (
            graph => graph.Node[0].Input[0] = "raw",
            "TreeEnsembleRegressor reads raw; expected features and one output."
        ),
        ["no input"] = (graph => graph.Input[0].Name = "x", "The graph has no input features [n, F]; expected one."),
        ["a feature that there is not"] = (
            graph => Of(graph, "nodes_featureids").Ints[0] = 2,
            "Tree 0, node 0 tests feature 2; expected 0 to 1."
        ),
        ["a split at nothing"] = (
            graph => Of(graph, "nodes_values").Floats[0] = float.NaN,
            "Tree 0, node 0 splits at NaN; expected a finite number."
        ),
        ["a leaf of nothing"] = (
            graph => Of(graph, "target_weights").Floats[0] = float.PositiveInfinity,
            "Tree 0, node 1 adds Infinity; expected a finite number."
        ),
        ["a bias of nothing"] = (
            graph => Of(graph, "base_values").Floats[0] = float.NaN,
            "base_values are NaN; expected one number at most."
        ),
        ["two biases"] = (
            graph => Of(graph, "base_values").Floats.Add(1),
            "base_values are 0.5, 1; expected one number at most."
        ),
        ["a cover below zero"] = (
            graph => Of(graph, "nodes_hitrates").Floats[0] = -1,
            "Tree 0, node 0: its hit rate is -1; expected 0 or more."
        ),
        ["another kind of split"] = (
            graph => Of(graph, "nodes_modes").Strings[0] = ByteString.CopyFromUtf8("BRANCH_GT"),
            "Tree 0, node 0 is BRANCH_GT; expected LEAF, BRANCH_LEQ or BRANCH_LT."
        ),
        ["a mode too few"] = (graph => Of(graph, "nodes_modes").Strings.RemoveAt(0), "5 nodes_modes; expected 6, one a node."),
        ["a cover too few"] = (
            graph => Of(graph, "nodes_hitrates").Floats.RemoveAt(0),
            "5 nodes_hitrates; expected 6, one a node."
        ),
        ["a node twice"] = (graph => Of(graph, "nodes_nodeids").Ints[1] = 0, "Tree 0 has node 0 twice; expected each once."),
        ["a tree in two parts"] = (
            graph =>
            {
                Of(graph, "nodes_treeids").Ints[2] = 1;
                Of(graph, "nodes_treeids").Ints[3] = 0;
            },
            "Tree 0 goes on to node 2, which it does not have."
        ),
        ["a child that there is not"] = (
            graph => Of(graph, "nodes_truenodeids").Ints[0] = 7,
            "Tree 0 goes on to node 7, which it does not have."
        ),
        ["a circle"] = (
            graph => Of(graph, "nodes_truenodeids").Ints[0] = 0,
            "Tree 0 comes to its 1. node twice; expected a tree, which has no circles."
        ),
        ["a shared leaf"] = (
            graph => Of(graph, "nodes_truenodeids").Ints[0] = 2,
            "Tree 0 comes to its 3. node twice; expected a tree, which has no circles."
        ),
        ["a weight at a split"] = (
            graph => Of(graph, "target_nodeids").Ints[0] = 0,
            "Tree 0 has a weight at node 0; expected weights at leaves."
        ),
        ["a weight too few"] = (
            graph => Of(graph, "target_weights").Floats.RemoveAt(0),
            "4 target_treeids and 4 target_nodeids; expected 3, one for each of target_weights."
        ),
        ["another operator"] = (
            graph => graph.Node[1].OpType = "Div",
            "The graph has a Div after the trees; expected Mul and Add of a number each and a Sigmoid, or nothing."
        ),
        ["a factor that is no number"] = (
            graph => graph.Initializer[0].FloatData.Add(1),
            "A Mul takes slope; expected one number of type float."
        ),
        ["no end"] = (graph => graph.Node.RemoveAt(3), "Not one node reads logit; expected a chain from the trees to score."),
        ["scaled without a probability"] = (
            graph => graph.Node[3].OpType = "Identity",
            "The graph scales its trees without a Sigmoid; expected the sum of the leaves itself."
        ),
        ["an operator beside"] = (
            graph =>
                graph.Node.Add(
                    new Node
                    {
                        OpType = "Neg",
                        Input = { "slope" },
                        Output = { "other" },
                    }
                ),
            "The graph has a Neg beside the trees; expected nothing."
        ),
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_graph_that_says_something_else_is_refused(string fault)
    {
        var (change, message) = _faults[fault];
        var model = Model.Parser.ParseFrom(OnnxTrees.Write(_ensemble));
        change(model.Graph);
        var e = Assert.Throws<InvalidDataException>(() => OnnxTrees.Read(model.ToByteArray()));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_onnx_is_refused()
    {
        var e = Assert.Throws<InvalidDataException>(() => OnnxTrees.Read([1, 2, 3]));
        Assert.StartsWith("The file is not ONNX: ", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<InvalidDataException>(() => OnnxTrees.Read([]));
        Assert.Equal("The file has no graph; expected an ONNX model.", e.Message);
    }

    [Fact]
    public void Nodes_that_nothing_leads_to_are_refused()
    {
        var tree = Chain(3);
        tree.Feature[0] = -1;
        var e = Assert.Throws<InvalidDataException>(() => OnnxTrees.Read(OnnxTrees.Write(new([tree], 0, 1, null))));
        Assert.Equal("Tree 0 comes to 1 of its 7 nodes; expected to all, from the first on.", e.Message);
    }

    [Fact]
    public void A_path_may_have_128_splits_and_no_more()
    {
        Assert.Single(OnnxTrees.Read(OnnxTrees.Write(new([Chain(128)], 0, 1, null))).Trees);
        var e = Assert.Throws<InvalidDataException>(() => OnnxTrees.Read(OnnxTrees.Write(new([Chain(129)], 0, 1, null))));
        Assert.Equal("Tree 0 has a path of more than 128 splits; expected at most that.", e.Message);
    }

    [Fact]
    public void A_sigmoid_alone_and_numbers_as_raw_bytes_are_read()
    {
        Assert.Equal(new Calibration(0.2f, 0.1f), OnnxTrees.Read(OnnxTrees.Write(_ensemble)).Calibration);
        var model = Model.Parser.ParseFrom(OnnxTrees.Write(_ensemble));
        foreach (var number in model.Graph.Initializer)
        {
            number.RawData = ByteString.CopyFrom(BitConverter.GetBytes(number.FloatData[0]));
            number.FloatData.Clear();
        }
        Assert.Equal(new Calibration(0.2f, 0.1f), OnnxTrees.Read(model.ToByteArray()).Calibration);
        model.Graph.Node.RemoveAt(1);
        model.Graph.Node.RemoveAt(1);
        model.Graph.Node[1].Input[0] = "raw";
        Assert.Equal(new Calibration(1, 0), OnnxTrees.Read(model.ToByteArray()).Calibration);
    }

    static OnnxAttribute Of(Graph graph, string name) => graph.Node[0].Attribute.Single(attribute => attribute.Name == name);

    static void Add(Graph graph, string name, string text) =>
        graph
            .Node[0]
            .Attribute.Add(
                new OnnxAttribute
                {
                    Name = name,
                    Type = 3,
                    S = ByteString.CopyFromUtf8(text),
                }
            );

    static Tree Stump(int feature, float low, float high) =>
        new()
        {
            Feature = [feature, -1, -1],
            Threshold = [0, 0, 0],
            Left = [1, 0, 0],
            Right = [2, 0, 0],
            Value = [0, low, high],
            Cover = [2, 1, 1],
        };

    /// <summary>A tree in which each split has a leaf to its left.</summary>
    static Tree Chain(int splits)
    {
        var tree = Tree.OfSize(2 * splits + 1);
        Array.Fill(tree.Feature, -1);
        for (var i = 0; i < splits; i++)
            (tree.Feature[2 * i], tree.Threshold[2 * i], tree.Left[2 * i], tree.Right[2 * i]) = (0, i, 2 * i + 1, 2 * i + 2);
        return tree;
    }
}
