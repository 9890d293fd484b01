using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Recommender.Models;

namespace Recommender.Tests.Models;

/// <summary>Packages that are whole and say one thing wrong. Each is refused in one line.</summary>
public sealed class PackageChecksTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("notes.txt", false)]
    [InlineData(".DS_Store", false)]
    [InlineData("old", true)]
    public void Nothing_may_lie_beside_the_files_that_are_named(string name, bool isFolder)
    {
        var package = Copy(ModelPackage.PartnerFit);
        if (isFolder)
            Directory.CreateDirectory(Path.Combine(package, name));
        else
            File.WriteAllText(Path.Combine(package, name), "x");
        Refused(package, $"{name} is there; expected only manifest.json and the files that it names.");
    }

    [Theory]
    [InlineData("../model.onnx")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("/etc/hostname")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData("manifest.json")]
    public void A_file_name_that_is_a_path_is_refused(string name)
    {
        var package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest["files"]![name] = "00");
        Refused(package, $"manifest.json: it names a file '{name}'; expected letters, digits, '-', '_' and '.'");
    }

    [Theory]
    [InlineData("model", "../../x", "model is '../../x'; expected one of partner-fit, win-probability.")]
    [InlineData("version", "../x", "version is '../x'; expected letters, digits and hyphens, such as 2026-07-01-c030239f.")]
    [InlineData("version", "..", "version is '..'; expected letters, digits and hyphens")]
    public void A_model_or_version_that_is_a_path_is_refused(string key, string value, string message)
    {
        var package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest[key] = value);
        Refused(package, message);
    }

    [Theory]
    [InlineData("features")]
    [InlineData("golden")]
    [InlineData("files")]
    [InlineData("feature_settings")]
    public void A_manifest_that_leaves_something_null_is_refused(string key)
    {
        var package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest[key] = null);
        Refused(package, "manifest.json: ");
    }

    [Fact]
    public void A_manifest_that_names_no_model_is_refused()
    {
        var package = Copy(ModelPackage.PartnerFit);
        File.Delete(Path.Combine(package, "model.onnx"));
        Edit(package, manifest => manifest["files"]!.AsObject().Remove("model.onnx"));
        Refused(package, "manifest.json names no model.onnx; expected one.");
    }

    [Fact]
    public void A_feature_about_another_idea_is_refused()
    {
        var package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest["features"]![0]!["idea"] = "weather");
        Refused(package, "feature 0, partner_engagements, is about weather; this code takes it to be about");
    }

    [Fact]
    public void A_feature_too_few_is_refused()
    {
        var package = Copy(ModelPackage.WinProbability);
        Edit(package, manifest => manifest["features"]!.AsArray().RemoveAt(manifest["features"]!.AsArray().Count - 1));
        Refused(package, "is nothing; this code makes");
    }

    [Theory]
    [InlineData(ModelPackage.PartnerFit)]
    [InlineData(ModelPackage.WinProbability)]
    public void Golden_rows_are_there_and_whole(string model)
    {
        var package = Copy(model);
        Edit(
            package,
            manifest => manifest["golden"] = new JsonObject { ["features"] = new JsonArray(), ["scores"] = new JsonArray() }
        );
        Refused(package, "0 golden rows and 0 scores; expected at least one row, and a score for each.");

        package = Copy(model);
        Edit(package, manifest => manifest["golden"]!["scores"]!.AsArray().RemoveAt(0));
        Refused(package, "16 golden rows and 15 scores; expected at least one row, and a score for each.");

        package = Copy(model);
        Edit(package, manifest => manifest["golden"]!["features"]![3]!.AsArray().RemoveAt(0));
        Refused(package, "golden row 3 has ");

        package = Copy(model);
        Edit(package, manifest => manifest["golden"]!["features"]![3]![0] = 1e300);
        Refused(package, "golden row 3 or its score is not finite; expected finite numbers.");

        package = Copy(model);
        Edit(package, manifest => manifest["golden"]!["scores"]![1] = 0.987f);
        Refused(package, "golden row 1 scores ");
    }

    [Theory]
    [InlineData(ModelPackage.PartnerFit)]
    [InlineData(ModelPackage.WinProbability)]
    public void Trees_that_score_otherwise_than_onnx_runtime_are_refused(string model)
    {
        // Summed as floats, in the order of the trees, the 3 is lost; as doubles it is not.
        var package = Rebuilt(model, trees => trees with { Trees = [Leaf(1e8f), Leaf(3), Leaf(-1e8f)] });
        Refused(package, "its trees give ");
    }

    [Fact]
    public void Trees_that_part_from_onnx_runtime_only_between_golden_rows_are_refused()
    {
        var stump = new Tree
        {
            Feature = [0, -1, -1],
            Threshold = [1e6f, 0, 0],
            Left = [1, 0, 0],
            Right = [2, 0, 0],
            Value = [0, 0, 1e8f],
            Cover = [2, 1, 1],
        };
        var package = Rebuilt(
            ModelPackage.PartnerFit,
            trees => trees with { Trees = [stump, Leaf(3), stump with { Value = [0, 0, -1e8f] }] }
        );
        Refused(package, "for made-up row ");
    }

    [Fact]
    public void A_model_of_another_width_is_refused()
    {
        using (var committed = ModelPackage.Open(Committed(ModelPackage.PartnerFit)))
        {
            var golden = committed.Manifest.Golden;
            var narrow = ModelPackage.Write(
                _folder["narrow"],
                OnnxTrees.Write(new([Leaf(1)], 0, committed.Trees.FeatureCount - 1, null)),
                committed.Manifest with
                {
                    Golden = golden with { Scores = new float[golden.Scores.Length] },
                },
                _ => new Dictionary<string, byte[]>()
            );
            Refused(
                Path.Combine(_folder["narrow"], narrow.Model, narrow.Version),
                $"model.onnx: it takes {committed.Trees.FeatureCount - 1} features; expected {committed.Trees.FeatureCount}, as this code makes."
            );
        }
    }

    [Fact]
    public void A_probability_lies_between_0_and_1()
    {
        var package = Rebuilt(
            ModelPackage.WinProbability,
            trees => trees with { Trees = [Leaf(2)], Bias = 0, Calibration = null }
        );
        Refused(package, "golden row 0 scores 2; expected a probability, 0 to 1.");
    }

    [Fact]
    public void Partner_fit_is_no_probability()
    {
        var package = Rebuilt(ModelPackage.PartnerFit, trees => trees with { Calibration = new(1, 0) });
        Refused(package, "the graph of partner-fit ends in a Sigmoid; expected scores.");
    }

    [Fact]
    public void The_calibration_that_the_manifest_states_is_that_of_the_graph()
    {
        var package = Copy(ModelPackage.WinProbability);
        Edit(package, manifest => manifest["calibration"]!["slope"] = 0.3);
        Refused(package, "the manifest is calibrated by ");
        package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest["calibration"] = new JsonObject { ["slope"] = 1, ["offset"] = 0 });
        Refused(package, "; the graph by nothing.");
    }

    [Fact]
    public void Grades_fall()
    {
        var package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest["grades"] = new JsonArray(1, 2, 3));
        Refused(package, "grades are 1, 2, 3; expected the least scores of A, B and C, falling.");
        package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest["grades"] = new JsonArray(2, 1));
        Refused(package, "grades are 2, 1; expected the least scores of A, B and C, falling.");
    }

    [Fact]
    public void An_effect_without_its_models_is_refused()
    {
        var package = Copy(ModelPackage.WinProbability);
        File.Delete(Path.Combine(package, PartnerEffect.SuitabilityFile));
        Edit(package, manifest => manifest["files"]!.AsObject().Remove(PartnerEffect.SuitabilityFile));
        Refused(package, "manifest.json names no suitability.onnx; expected one.");
    }

    [Theory]
    [InlineData(PartnerEffect.OddsFile)]
    [InlineData(PartnerEffect.AttractionFile)]
    [InlineData(PartnerEffect.SuitabilityFile)]
    public void The_models_of_an_effect_stand_the_same_checks(string name)
    {
        var package = Copy(ModelPackage.WinProbability);
        var columns = OnnxTrees.Read(File.ReadAllBytes(Path.Combine(package, name))).FeatureCount;
        Replace(package, name, OnnxTrees.Write(new([Leaf(1)], 0, 3, null)));
        Refused(package, $"{name}: it takes 3 features; expected {columns}, as this code makes.");
        Replace(package, name, OnnxTrees.Write(new([Leaf(1e8f), Leaf(3), Leaf(-1e8f)], 0, columns, null)));
        Refused(package, $"{name}: its trees give ");
    }

    [Theory]
    [InlineData("kinds", "it names the kind x; expected a feature of partner fit.")]
    [InlineData("coefficients", "coefficients or covariances are not of ")]
    [InlineData("covariance", "coefficients or covariances are not of ")]
    [InlineData("partners", "coefficients or covariances are not of ")]
    [InlineData("score_deviation", "score_deviation not above 0, or score_low above score_high; expected that.")]
    [InlineData("alone", "effect.json: ")]
    [InlineData("gate", "effect.json: ")]
    public void An_effect_that_does_not_fit_together_is_refused(string key, string message)
    {
        var package = Copy(ModelPackage.WinProbability);
        var path = Path.Combine(package, PartnerEffect.File);
        var effect = JsonNode.Parse(File.ReadAllText(path))!;
        switch (key)
        {
            case "kinds":
                effect[key]![0] = "x";
                break;
            case "coefficients":
            case "covariance":
                effect[key]!.AsArray().RemoveAt(0);
                break;
            case "partners":
                effect[key]!.AsObject().First().Value!["covariance"]!.AsArray().RemoveAt(0);
                break;
            case "score_deviation":
                effect[key] = 0;
                break;
            default:
                effect.AsObject().Remove(key);
                break;
        }
        Replace(package, PartnerEffect.File, System.Text.Encoding.UTF8.GetBytes(effect.ToJsonString()));
        Refused(package, message);
    }

    [Fact]
    public void A_package_of_before_the_gate_of_lift_serves_on_without_lift()
    {
        var package = Copy(ModelPackage.WinProbability);
        Replace(package, PartnerEffect.File, """{"alone_slope":1,"alone_offset":0,"least_score":2}"""u8.ToArray());
        using var opened = ModelPackage.Open(package);
        Assert.Null(opened.Effect);
        using var now = ModelPackage.Open(Copy(ModelPackage.WinProbability));
        Assert.NotNull(now.Effect);
    }

    [Fact]
    public void An_effect_is_no_part_of_partner_fit()
    {
        var package = Copy(ModelPackage.PartnerFit);
        Replace(package, PartnerEffect.File, "{}"u8.ToArray());
        Refused(package, "effect.json is in a package of partner-fit; expected it in win-probability only.");
    }

    [Fact]
    public void Settings_of_features_that_make_none_are_refused()
    {
        var package = Copy(ModelPackage.PartnerFit);
        Edit(package, manifest => manifest["feature_settings"]!["fold"]!["dimensions"]![0] = null);
        Refused(package, "feature_settings make no features: ");
    }

    static string Committed(string model) => Path.Combine(Sample.Models, model, new ModelRegistry(Sample.Models).Live(model)!);

    string Copy(string model)
    {
        var package = _folder[Guid.NewGuid().ToString("N")];
        TemporaryFolder.Copy(Committed(model), package);
        return package;
    }

    /// <summary>The committed package with other trees, whose golden scores are what ONNX Runtime says of them.</summary>
    string Rebuilt(string model, Func<TreeEnsemble, TreeEnsemble> change)
    {
        using var committed = ModelPackage.Open(Committed(model));
        var onnx = OnnxTrees.Write(change(committed.Trees));
        var golden = committed.Manifest.Golden;
        var scores = new float[golden.Scores.Length];
        using (var runtime = new OnnxModel(onnx))
            runtime.Score(golden.Features.SelectMany(row => row).ToArray(), scores.Length, scores);
        var manifest = ModelPackage.Write(
            _folder["rebuilt"],
            onnx,
            committed.Manifest with
            {
                Golden = golden with { Scores = scores },
            },
            _ => new Dictionary<string, byte[]>()
        );
        return Path.Combine(_folder["rebuilt"], model, manifest.Version);
    }

    static void Replace(string package, string name, byte[] bytes)
    {
        File.WriteAllBytes(Path.Combine(package, name), bytes);
        Edit(package, manifest => manifest["files"]![name] = Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    static void Edit(string package, Action<JsonNode> change)
    {
        var path = Path.Combine(package, "manifest.json");
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        change(manifest);
        File.WriteAllText(path, manifest.ToJsonString());
    }

    static void Refused(string package, string message)
    {
        var e = Assert.Throws<InvalidDataException>(() => ModelPackage.Open(package));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.StartsWith(package, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    static Tree Leaf(float value) =>
        new()
        {
            Feature = [-1],
            Threshold = [0],
            Left = [0],
            Right = [0],
            Value = [value],
            Cover = [1],
        };
}
