using System.Text.Json.Nodes;
using Recommender.Models;

namespace Recommender.Tests.Models;

public sealed class ModelPackageTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly ModelRegistry _registry;
    readonly string _version;

    public ModelPackageTests()
    {
        _version = new ModelRegistry(Sample.Models).Live(ModelPackage.PartnerFit)!;
        TemporaryFolder.Copy(Path.Combine(Sample.Models, ModelPackage.PartnerFit, _version), Package);
        _registry = new(_folder.Path);
    }

    string Package => Path.Combine(_folder.Path, ModelPackage.PartnerFit, _version);

    string LiveFile => _folder["live.json"];

    string Manifest => Path.Combine(Package, "manifest.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_committed_packages_stand_their_checks()
    {
        foreach (var model in ModelRegistry.Models)
        {
            using var package = new ModelRegistry(Sample.Models).OpenLive(model);
            Assert.NotNull(package);
        }
    }

    [Fact]
    public void A_flipped_byte_is_refused_and_what_is_live_stays()
    {
        _registry.Promote(ModelPackage.PartnerFit, _version);
        var path = Path.Combine(Package, "model.onnx");
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
        var e = Assert.Throws<InvalidDataException>(() => _registry.Promote(ModelPackage.PartnerFit, _version));
        Assert.Contains("The file was changed after training", e.Message, StringComparison.Ordinal);
        Assert.Equal(_version, _registry.Live(ModelPackage.PartnerFit));
    }

    [Fact]
    public void A_manifest_of_another_schema_is_refused()
    {
        Edit(manifest => manifest["schema_version"] = 99);
        Refused("schema_version is 99; expected 1");
    }

    [Fact]
    public void A_manifest_that_is_no_json_is_refused()
    {
        File.WriteAllText(Manifest, "{");
        Refused("manifest.json");
    }

    [Fact]
    public void A_package_that_cannot_be_read_does_not_hide_the_others()
    {
        TemporaryFolder.Copy(Package, Path.Combine(_folder.Path, ModelPackage.PartnerFit, "good"));
        File.WriteAllText(Manifest, "{");
        var refused = new List<string>();
        Assert.Single(_registry.List(refused.Add));
        Assert.Contains("manifest.json", Assert.Single(refused), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_refused()
    {
        File.Delete(Path.Combine(Package, "report.html"));
        Refused("report.html is missing");
    }

    [Fact]
    public void Features_in_another_order_are_refused()
    {
        Edit(manifest => manifest["features"]![0]!["name"] = "something_else");
        Refused("feature 0 is something_else; this code makes partner_engagements there");
    }

    [Fact]
    public void A_golden_row_with_another_score_is_refused()
    {
        Edit(manifest => manifest["golden"]!["scores"]![0] = 123.0);
        Refused("golden row 0 scores");
    }

    [Fact]
    public void Rolling_back_goes_to_the_version_before()
    {
        _registry.Promote(ModelPackage.PartnerFit, _version);
        Assert.Throws<InvalidDataException>(() => _registry.Rollback(ModelPackage.PartnerFit));
        Other("2020-01-01-other");
        _registry.Promote(ModelPackage.PartnerFit, "2020-01-01-other");
        Assert.Equal("2020-01-01-other", _registry.Live(ModelPackage.PartnerFit));
        Assert.Equal(_version, _registry.Rollback(ModelPackage.PartnerFit));
        Assert.Equal(_version, _registry.Live(ModelPackage.PartnerFit));
    }

    [Fact]
    public void A_package_in_the_place_of_another_is_refused()
    {
        TemporaryFolder.Copy(Package, Path.Combine(_folder.Path, ModelPackage.PartnerFit, "2020-01-01-other"));
        TemporaryFolder.Copy(Package, Path.Combine(_folder.Path, ModelPackage.WinProbability, _version));
        foreach (
            var (model, version) in ((string, string)[])
                [(ModelPackage.PartnerFit, "2020-01-01-other"), (ModelPackage.WinProbability, _version)]
        )
        {
            var e = Assert.Throws<InvalidDataException>(() => _registry.Promote(model, version));
            Assert.EndsWith(
                $"holds partner-fit {_version}; expected {model} {version}, as its place says.",
                e.Message,
                StringComparison.Ordinal
            );
            Assert.Null(_registry.Live(model));
        }
    }

    [Fact]
    public void A_refused_package_moves_no_pointer()
    {
        _registry.Promote(ModelPackage.PartnerFit, _version);
        var pointer = File.ReadAllBytes(LiveFile);
        var bad = Other("2020-01-01-bad");
        File.WriteAllText(Path.Combine(bad, "notes.txt"), "x");
        Assert.Throws<InvalidDataException>(() => _registry.Promote(ModelPackage.PartnerFit, "2020-01-01-bad"));
        Assert.Equal(pointer, File.ReadAllBytes(LiveFile));

        File.Delete(Path.Combine(bad, "notes.txt"));
        _registry.Promote(ModelPackage.PartnerFit, "2020-01-01-bad");
        pointer = File.ReadAllBytes(LiveFile);
        File.WriteAllText(Path.Combine(Package, "notes.txt"), "x");
        Assert.Throws<InvalidDataException>(() => _registry.Rollback(ModelPackage.PartnerFit));
        Assert.Equal(pointer, File.ReadAllBytes(LiveFile));
    }

    [Fact]
    public void A_move_that_is_not_made_or_comes_too_late_moves_no_pointer()
    {
        Other("2020-01-01-other");
        using var package = _registry.Open(ModelPackage.PartnerFit, _version);
        var move = _registry.Promotion(package);
        Assert.Null(_registry.Live(ModelPackage.PartnerFit));
        _registry.Promote(ModelPackage.PartnerFit, "2020-01-01-other");
        var e = Assert.Throws<InvalidDataException>(move.Make);
        Assert.StartsWith("Another promoted or rolled back partner-fit", e.Message, StringComparison.Ordinal);
        Assert.Equal("2020-01-01-other", _registry.Live(ModelPackage.PartnerFit));
    }

    [Fact]
    public void What_the_gate_refused_is_not_promoted()
    {
        Edit(manifest => manifest["gate"]!["promote"] = false);
        var e = Assert.Throws<InvalidDataException>(() => _registry.Promote(ModelPackage.PartnerFit, _version));
        Assert.StartsWith($"partner-fit {_version} is not promoted: ", e.Message, StringComparison.Ordinal);
        Assert.Null(_registry.Live(ModelPackage.PartnerFit));
    }

    [Fact]
    public void The_newest_that_stands_its_checks_is_opened_and_those_refused_are_told()
    {
        Assert.Null(_registry.OpenNewest(ModelPackage.PartnerFit, out var refused));
        Assert.Empty(refused);
        var (second, third) = (Other("2020-01-02-second"), Other("2020-01-03-third"));
        _registry.Promote(ModelPackage.PartnerFit, _version);
        _registry.Promote(ModelPackage.PartnerFit, "2020-01-02-second");
        _registry.Promote(ModelPackage.PartnerFit, "2020-01-03-third");
        var pointer = File.ReadAllBytes(LiveFile);
        string Opened()
        {
            using var package = _registry.OpenNewest(ModelPackage.PartnerFit, out refused)!;
            return package.Manifest.Version;
        }
        Assert.Equal("2020-01-03-third", Opened());
        Assert.Empty(refused);
        File.WriteAllText(Path.Combine(third, "notes.txt"), "x");
        Directory.Delete(second, true);
        Assert.Equal(_version, Opened());
        Assert.Equal(["2020-01-03-third", "2020-01-02-second"], refused.Select(one => one.Version));
        Assert.Contains("notes.txt is there", refused[0].Reason, StringComparison.Ordinal);
        Assert.Contains("manifest.json is missing", refused[1].Reason, StringComparison.Ordinal);
        File.Delete(Manifest);
        var e = Assert.Throws<InvalidDataException>(() => _registry.OpenNewest(ModelPackage.PartnerFit, out refused));
        Assert.StartsWith(
            "None of the versions of partner-fit that were promoted stands its checks. ",
            e.Message,
            StringComparison.Ordinal
        );
        Assert.Equal(pointer, File.ReadAllBytes(LiveFile));
    }

    [Fact]
    public void A_package_made_elsewhere_is_taken_in_once()
    {
        var registry = new ModelRegistry(_folder["elsewhere"]);
        Assert.Equal(_version, registry.Import(Package).Version);
        Assert.Null(registry.Live(ModelPackage.PartnerFit));
        Assert.Throws<InvalidDataException>(() => registry.Import(Package));
    }

    /// <summary>The same package under another version.</summary>
    string Other(string version)
    {
        var package = Path.Combine(_folder.Path, ModelPackage.PartnerFit, version);
        TemporaryFolder.Copy(Package, package);
        Edit(Path.Combine(package, "manifest.json"), manifest => manifest["version"] = version);
        return package;
    }

    void Edit(Action<JsonNode> change) => Edit(Manifest, change);

    static void Edit(string path, Action<JsonNode> change)
    {
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        change(manifest);
        File.WriteAllText(path, manifest.ToJsonString());
    }

    void Refused(string message) =>
        Assert.Contains(
            message,
            Assert.Throws<InvalidDataException>(() => ModelPackage.Open(Package)).Message,
            StringComparison.Ordinal
        );
}
