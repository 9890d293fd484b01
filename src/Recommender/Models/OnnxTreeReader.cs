using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Recommender.Models.Onnx;
using OnnxAttribute = Recommender.Models.Onnx.Attribute;

namespace Recommender.Models;

/// <summary>Reads tree ensembles from ONNX. Refuses every graph that says more than what is read, and every tree that is none.</summary>
static class OnnxTreeReader
{
    const string Regressor = "TreeEnsembleRegressor";

    static readonly HashSet<string> _known =
    [
        "aggregate_function",
        "base_values",
        "n_targets",
        "nodes_falsenodeids",
        "nodes_featureids",
        "nodes_hitrates",
        // Where missing values go: rows hold none.
        "nodes_missing_value_tracks_true",
        "nodes_modes",
        "nodes_nodeids",
        "nodes_treeids",
        "nodes_truenodeids",
        "nodes_values",
        "post_transform",
        "target_ids",
        "target_nodeids",
        "target_treeids",
        "target_weights",
    ];

    public static TreeEnsemble Read(byte[] bytes)
    {
        Model model;
        try
        {
            model = Model.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException("The file is not ONNX: " + e.Message, e);
        }
        var graph = model.Graph ?? throw new InvalidDataException("The file has no graph; expected an ONNX model.");
        List<Node> nodes = [.. graph.Node];
        if (nodes.Count(node => node.OpType == Regressor) is not 1 and var found)
            throw new InvalidDataException(
                FormattableString.Invariant($"The graph has {found} nodes {Regressor}; expected one.")
            );
        var regressor = nodes.Single(node => node.OpType == Regressor);
        nodes.Remove(regressor);
        if (regressor.Input is not [OnnxTrees.Input] || regressor.Output is not [var output])
            throw new InvalidDataException(
                $"{Regressor} reads {string.Join(", ", regressor.Input)}; expected {OnnxTrees.Input} and one output."
            );
        var columns = ColumnsOf(graph);
        var attributes = AttributesOf(regressor);
        var trees = TreesOf(attributes, columns);
        var bias = Floats(attributes, "base_values");
        if (bias.Count > 1 || bias.Any(value => !float.IsFinite(value)))
            throw new InvalidDataException($"base_values are {string.Join(", ", bias)}; expected one number at most.");
        return new(trees, bias.FirstOrDefault(), columns, CalibrationOf(graph, nodes, output));
    }

    static int ColumnsOf(Graph graph)
    {
        var shape = graph.Input.FirstOrDefault(input => input.Name == OnnxTrees.Input)?.Type?.TensorType?.Shape;
        return shape?.Dim is [_, { DimValue: > 0 and <= int.MaxValue and var columns }]
            ? (int)columns
            : throw new InvalidDataException($"The graph has no input {OnnxTrees.Input} [n, F]; expected one.");
    }

    static Dictionary<string, OnnxAttribute> AttributesOf(Node regressor)
    {
        var attributes = new Dictionary<string, OnnxAttribute>();
        foreach (var attribute in regressor.Attribute)
        {
            if (!_known.Contains(attribute.Name) || !attributes.TryAdd(attribute.Name, attribute))
                throw new InvalidDataException(
                    $"{Regressor} has an attribute {attribute.Name}; expected each of {string.Join(", ", _known.Order(StringComparer.Ordinal))} once at most."
                );
        }
        void Is(string name, string expected)
        {
            if (attributes.TryGetValue(name, out var found) && found.S.ToStringUtf8() != expected)
                throw new InvalidDataException($"{name} is {found.S.ToStringUtf8()}; expected {expected}.");
        }
        Is("aggregate_function", "SUM");
        Is("post_transform", "NONE");
        if (attributes.TryGetValue("n_targets", out var targets) && targets.I != 1)
            throw new InvalidDataException(FormattableString.Invariant($"n_targets is {targets.I}; expected 1."));
        if (Ints(attributes, "target_ids").Any(target => target != 0))
            throw new InvalidDataException("A leaf counts to another target than 0; expected one target.");
        return attributes;
    }

    static RepeatedField<long> Ints(Dictionary<string, OnnxAttribute> attributes, string name) =>
        attributes.TryGetValue(name, out var found) ? found.Ints : [];

    static RepeatedField<float> Floats(Dictionary<string, OnnxAttribute> attributes, string name) =>
        attributes.TryGetValue(name, out var found) ? found.Floats : [];

    static List<Tree> TreesOf(Dictionary<string, OnnxAttribute> attributes, int columns)
    {
        var (treeIds, nodeIds) = (Ints(attributes, "nodes_treeids"), Ints(attributes, "nodes_nodeids"));
        var features = Ints(attributes, "nodes_featureids");
        var (left, right) = (Ints(attributes, "nodes_truenodeids"), Ints(attributes, "nodes_falsenodeids"));
        var (values, covers) = (Floats(attributes, "nodes_values"), Floats(attributes, "nodes_hitrates"));
        var modes = attributes.TryGetValue("nodes_modes", out var given) ? given.Strings : [];
        foreach (
            var (name, count) in (ReadOnlySpan<(string, int)>)
                [
                    ("nodes_nodeids", nodeIds.Count),
                    ("nodes_featureids", features.Count),
                    ("nodes_truenodeids", left.Count),
                    ("nodes_falsenodeids", right.Count),
                    ("nodes_values", values.Count),
                    ("nodes_hitrates", covers.Count),
                    ("nodes_modes", modes.Count),
                ]
        )
        {
            if (count != treeIds.Count)
                throw new InvalidDataException(
                    FormattableString.Invariant($"{count} {name}; expected {treeIds.Count}, one a node.")
                );
        }
        var places = new Dictionary<(long, long), (Tree Tree, int Node)>();
        var trees = new List<Tree>();
        for (var start = 0; start < treeIds.Count; )
        {
            var id = treeIds[start];
            var end = start;
            while (end < treeIds.Count && treeIds[end] == id)
                end++;
            var tree = Tree.OfSize(end - start);
            for (var i = 0; i < end - start; i++)
            {
                if (!places.TryAdd((id, nodeIds[start + i]), (tree, i)))
                    throw new InvalidDataException(
                        FormattableString.Invariant($"Tree {id} has node {nodeIds[start + i]} twice; expected each once.")
                    );
            }
            int PlaceOf(long node) =>
                places.TryGetValue((id, node), out var place) && ReferenceEquals(place.Tree, tree)
                    ? place.Node
                    : throw new InvalidDataException(
                        FormattableString.Invariant($"Tree {id} goes on to node {node}, which it does not have.")
                    );
            for (var i = 0; i < end - start; i++)
            {
                var at = start + i;
                tree.Cover[i] =
                    float.IsFinite(covers[at]) && covers[at] >= 0
                        ? covers[at]
                        : throw new InvalidDataException(
                            FormattableString.Invariant(
                                $"Tree {id}, node {nodeIds[at]}: its hit rate is {covers[at]}; expected 0 or more."
                            )
                        );
                var mode = modes[at].ToStringUtf8();
                if (mode == "LEAF")
                {
                    tree.Feature[i] = -1;
                    continue;
                }
                if (mode is not ("BRANCH_LEQ" or "BRANCH_LT"))
                    throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"Tree {id}, node {nodeIds[at]} is {mode}; expected LEAF, BRANCH_LEQ or BRANCH_LT."
                        )
                    );
                if (features[at] < 0 || features[at] >= columns)
                    throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"Tree {id}, node {nodeIds[at]} tests feature {features[at]}; expected 0 to {columns - 1}."
                        )
                    );
                if (!float.IsFinite(values[at]))
                    throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"Tree {id}, node {nodeIds[at]} splits at {values[at]}; expected a finite number."
                        )
                    );
                tree.Feature[i] = (int)features[at];
                tree.Threshold[i] = mode == "BRANCH_LT" ? MathF.BitDecrement(values[at]) : values[at];
                tree.Left[i] = PlaceOf(left[at]);
                tree.Right[i] = PlaceOf(right[at]);
            }
            CheckShape(tree, id);
            trees.Add(tree);
            start = end;
        }
        AddLeaves(attributes, places);
        return trees;
    }

    /// <summary>Every node but the first hangs on one other, none lies on a circle, and no path is too long to walk down by recursion.</summary>
    static void CheckShape(Tree tree, long id)
    {
        var seen = new bool[tree.Feature.Length];
        var ahead = new Stack<(int Node, int Splits)>([(0, 0)]);
        var count = 0;
        while (ahead.TryPop(out var at))
        {
            if (seen[at.Node])
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"Tree {id} comes to its {at.Node + 1}. node twice; expected a tree, which has no circles."
                    )
                );
            seen[at.Node] = true;
            count++;
            if (tree.Feature[at.Node] < 0)
                continue;
            if (at.Splits == TreeEnsemble.MostSplits)
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"Tree {id} has a path of more than {TreeEnsemble.MostSplits} splits; expected at most that."
                    )
                );
            ahead.Push((tree.Right[at.Node], at.Splits + 1));
            ahead.Push((tree.Left[at.Node], at.Splits + 1));
        }
        if (count < seen.Length)
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"Tree {id} comes to {count} of its {seen.Length} nodes; expected to all, from the first on."
                )
            );
    }

    static void AddLeaves(Dictionary<string, OnnxAttribute> attributes, Dictionary<(long, long), (Tree Tree, int Node)> places)
    {
        var (trees, nodes) = (Ints(attributes, "target_treeids"), Ints(attributes, "target_nodeids"));
        var weights = Floats(attributes, "target_weights");
        if (trees.Count != weights.Count || nodes.Count != weights.Count)
            throw new InvalidDataException(
                $"{trees.Count} target_treeids and {nodes.Count} target_nodeids; expected {weights.Count}, one for each of target_weights."
            );
        for (var i = 0; i < weights.Count; i++)
        {
            if (!places.TryGetValue((trees[i], nodes[i]), out var place) || place.Tree.Feature[place.Node] >= 0)
                throw new InvalidDataException(
                    FormattableString.Invariant($"Tree {trees[i]} has a weight at node {nodes[i]}; expected weights at leaves.")
                );
            if (!float.IsFinite(weights[i]))
                throw new InvalidDataException(
                    FormattableString.Invariant($"Tree {trees[i]}, node {nodes[i]} adds {weights[i]}; expected a finite number.")
                );
            place.Tree.Value[place.Node] += weights[i];
        }
    }

    /// <summary>Follows what comes after the trees up to the output.</summary>
    static Calibration? CalibrationOf(Graph graph, List<Node> nodes, string at)
    {
        var (slope, offset, isProbability, isScaled) = (1.0, 0.0, false, false);
        while (at != OnnxTrees.Output)
        {
            if (nodes.Where(node => node.Input.Contains(at)).ToList() is not [{ Output: [var output] } next])
                throw new InvalidDataException(
                    $"Not one node reads {at}; expected a chain from the trees to {OnnxTrees.Output}."
                );
            switch (next.OpType)
            {
                case "Mul" when !isProbability:
                    var factor = NumberOf(graph, next, at);
                    (slope, offset, isScaled) = (slope * factor, offset * factor, true);
                    break;
                case "Add" when !isProbability:
                    (offset, isScaled) = (offset + NumberOf(graph, next, at), true);
                    break;
                case "Sigmoid" when !isProbability:
                    isProbability = true;
                    break;
                case "Identity":
                    break;
                default:
                    throw new InvalidDataException(
                        $"The graph has a {next.OpType} after the trees; expected Mul and Add of a number each and a Sigmoid, or nothing."
                    );
            }
            at = output;
            nodes.Remove(next);
        }
        if (nodes is [var other, ..])
            throw new InvalidDataException($"The graph has a {other.OpType} beside the trees; expected nothing.");
        if (isScaled && !isProbability)
            throw new InvalidDataException(
                "The graph scales its trees without a Sigmoid; expected the sum of the leaves itself."
            );
        return isProbability ? new(slope, offset) : null;
    }

    static float NumberOf(Graph graph, Node node, string other)
    {
        var name = node.Input.FirstOrDefault(input => input != other);
        var tensor = graph.Initializer.FirstOrDefault(tensor => tensor.Name == name);
        float? number = tensor switch
        {
            { DataType: OnnxTrees.Float, FloatData: [var single] } => single,
            { DataType: OnnxTrees.Float, RawData.Length: sizeof(float) } => BinaryPrimitives.ReadSingleLittleEndian(
                tensor.RawData.Span
            ),
            _ => null,
        };
        return number is { } value && float.IsFinite(value)
            ? value
            : throw new InvalidDataException($"A {node.OpType} takes {name}; expected one number of type float.");
    }
}
