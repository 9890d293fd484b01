using Recommender.Features;

namespace Recommender.Models;

/// <summary>What a package must stand to be opened, beside its files being those that the manifest names. Each refusal is one line.</summary>
static class PackageChecks
{
    const float Tolerance = 1e-4f;
    const int MadeUpRows = 16;

    /// <summary>The manifest's features are those that this code makes, in order and by the ideas of its reasons.</summary>
    public static void Features(string where, IReadOnlyList<FeatureColumn> found, IReadOnlyList<FeatureColumn> made)
    {
        for (var i = 0; i < Math.Max(made.Count, found.Count); i++)
        {
            var name = i < found.Count ? found[i]?.Name : "nothing";
            var expected = i < made.Count ? made[i].Name : "nothing";
            if (name != expected)
                throw new InvalidDataException(
                    FormattableString.Invariant($"{where}: feature {i} is {name}; this code makes {expected} there.")
                );
            if (found[i].Idea != made[i].Idea)
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"{where}: feature {i}, {name}, is about {found[i].Idea}; this code takes it to be about {made[i].Idea}."
                    )
                );
        }
    }

    /// <summary>There are golden rows, of as many finite numbers as there are features, and as many scores.</summary>
    public static void Golden(string where, ModelManifest manifest)
    {
        var (rows, scores, columns) = (manifest.Golden.Features, manifest.Golden.Scores, manifest.Features.Count);
        if (rows.Length == 0 || rows.Length != scores.Length)
            throw new InvalidDataException(
                $"{where}: {rows.Length} golden rows and {scores.Length} scores; expected at least one row, and a score for each."
            );
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i]?.Length != columns)
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"{where}: golden row {i} has {rows[i]?.Length ?? 0} numbers; expected {columns}, one a feature."
                    )
                );
            if (rows[i].Any(x => !float.IsFinite(x)) || !float.IsFinite(scores[i]))
                throw new InvalidDataException(
                    FormattableString.Invariant($"{where}: golden row {i} or its score is not finite; expected finite numbers.")
                );
            if (manifest.Model == ModelPackage.WinProbability && scores[i] is < 0 or > 1)
                throw new InvalidDataException(
                    FormattableString.Invariant($"{where}: golden row {i} scores {scores[i]}; expected a probability, 0 to 1.")
                );
        }
    }

    /// <summary>Grades are three falling scores or none; the calibration is the one that stands in the graph.</summary>
    public static void Scale(string where, ModelManifest manifest, TreeEnsemble trees)
    {
        if (manifest.Grades is { } grades && (grades is not [var a, var b, var c] || !(a >= b && b >= c)))
            throw new InvalidDataException(
                $"{where}: grades are {string.Join(", ", grades)}; expected the least scores of A, B and C, falling."
            );
        if (manifest.Model == ModelPackage.PartnerFit && trees.Calibration is not null)
            throw new InvalidDataException(
                $"{where}: the graph of {ModelPackage.PartnerFit} ends in a Sigmoid; expected scores."
            );
        if (
            manifest.Calibration is { } said
            && !(trees.Calibration is { } found && Near(said.Slope, found.Slope) && Near(said.Offset, found.Offset))
        )
            throw new InvalidDataException(
                $"{where}: the manifest is calibrated by {said}; the graph by {trees.Calibration?.ToString() ?? "nothing"}."
            );
    }

    /// <summary>ONNX Runtime scores golden rows as the manifest says.</summary>
    public static void GoldenScores(string where, OnnxModel model, GoldenRows golden)
    {
        var scores = Scores(model, golden.Features);
        for (var i = 0; i < scores.Length; i++)
        {
            if (!Near(scores[i], golden.Scores[i]))
                throw new InvalidDataException(
                    FormattableString.Invariant($"{where}: golden row {i} scores {scores[i]}; expected {golden.Scores[i]}.")
                );
        }
    }

    /// <summary>The model takes rows of <paramref name="columns"/> features.</summary>
    public static void Shape(int columns, OnnxModel model, TreeEnsemble trees)
    {
        if (model.FeatureCount != columns || trees.FeatureCount != columns)
            throw new InvalidDataException(
                FormattableString.Invariant($"it takes {model.FeatureCount} features; expected {columns}, as this code makes.")
            );
    }

    /// <summary>
    /// The trees, which answer, score as ONNX Runtime does, which is the reference: on <paramref name="rows"/>, and on rows made up of the
    /// points at which the trees split.
    /// </summary>
    public static void Agreement(string path, ServedModel model, float[][] rows)
    {
        Agree("golden row", rows);
        Agree("made-up row", RowsAtSplits(model.Trees));

        void Agree(string name, float[][] those)
        {
            var expected = Scores(model.Onnx, those);
            var found = new float[those.Length];
            model.Scorer.Score(those.SelectMany(row => row).ToArray(), those.Length, found);
            for (var i = 0; i < found.Length; i++)
            {
                if (!Near(found[i], expected[i]))
                    throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"{path}: its trees give {found[i]} for {name} {i}; expected {expected[i]}, as ONNX Runtime gives."
                        )
                    );
            }
        }
    }

    /// <summary>An effect has a number for each of its terms, and each of its kinds is a feature of partner fit.</summary>
    public static void Effect(string path, PartnerEffect effect, Featurizer featurizer)
    {
        foreach (var kind in effect.Kinds)
        {
            if (featurizer.PartnerFit.All(column => column.Name != kind))
                throw new InvalidDataException($"{path}: it names the kind {kind}; expected a feature of partner fit.");
        }
        var terms = PartnerEffect.BeforeKinds + effect.Kinds.Count;
        var partners = effect.Partners.Values;
        if (
            effect.Coefficients.Length != terms
            || effect.Covariance.Length != terms
            || effect.Covariance.Any(row => row?.Length != terms)
            || partners.Any(partner => partner?.Covariance?.Length != terms)
        )
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{path}: coefficients or covariances are not of {terms} terms; expected intercept, suitability, age and {effect.Kinds.Count} kinds."
                )
            );
        double[] numbers =
        [
            .. effect.Alone,
            effect.AttractionMean,
            effect.ScoreMean,
            effect.ScoreDeviation,
            effect.ScoreLow,
            effect.ScoreHigh,
            effect.PartnerVariance,
            effect.PairVariance,
            .. effect.Coefficients,
            .. effect.Covariance.SelectMany(row => row),
            .. partners.SelectMany(partner => (double[])[partner.Value, partner.Variance, .. partner.Covariance]),
        ];
        if (effect.Alone.Length != PartnerEffect.TermsAlone)
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{path}: alone has {effect.Alone.Length} terms; expected {PartnerEffect.TermsAlone}."
                )
            );
        if (!numbers.All(double.IsFinite) || effect.ScoreDeviation <= 0 || effect.ScoreLow > effect.ScoreHigh)
            throw new InvalidDataException(
                $"{path}: a number is not finite, score_deviation not above 0, or score_low above score_high; expected that."
            );
    }

    static float[] Scores(OnnxModel model, float[][] rows)
    {
        var scores = new float[rows.Length];
        model.Score(rows.SelectMany(row => row).ToArray(), rows.Length, scores);
        return scores;
    }

    static bool Near(double found, double expected) =>
        found.Equals(expected) || Math.Abs(found - expected) <= Tolerance * Math.Max(1, Math.Abs(expected));

    /// <summary>Rows whose values stand on splits of the trees, where "at most" and "less than" part, or just beyond them.</summary>
    static float[][] RowsAtSplits(TreeEnsemble trees)
    {
        var splits = new SortedSet<float>[trees.FeatureCount];
        foreach (var tree in trees.Trees)
        {
            for (var node = 0; node < tree.Feature.Length; node++)
            {
                if (tree.Feature[node] >= 0)
                    (splits[tree.Feature[node]] ??= []).Add(tree.Threshold[node]);
            }
        }
        var points = splits.Select(those => those is null ? [0f] : those.ToArray()).ToArray();
        return
        [
            .. Enumerable
                .Range(0, MadeUpRows)
                .Select(row =>
                    points
                        .Select(
                            (those, feature) =>
                            {
                                var at = those[(row * those.Length / MadeUpRows + feature * row) % those.Length];
                                return (row + feature) % 2 == 0 ? at : Math.Min(MathF.BitIncrement(at), float.MaxValue);
                            }
                        )
                        .ToArray()
                ),
        ];
    }
}
