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
        var other = Path.Combine(_folder.Path, ModelPackage.PartnerFit, "2020-01-01-other");
        TemporaryFolder.Copy(Package, other);
        _registry.Promote(ModelPackage.PartnerFit, "2020-01-01-other");
        Assert.Equal("2020-01-01-other", _registry.Live(ModelPackage.PartnerFit));
        Assert.Equal(_version, _registry.Rollback(ModelPackage.PartnerFit));
        Assert.Equal(_version, _registry.Live(ModelPackage.PartnerFit));
    }

    [Fact]
    public void A_package_made_elsewhere_is_taken_in_once()
    {
        var registry = new ModelRegistry(_folder["elsewhere"]);
        Assert.Equal(_version, registry.Import(Package).Version);
        Assert.Null(registry.Live(ModelPackage.PartnerFit));
        Assert.Throws<InvalidDataException>(() => registry.Import(Package));
    }

    void Edit(Action<JsonNode> change)
    {
        var manifest = JsonNode.Parse(File.ReadAllText(Manifest))!;
        change(manifest);
        File.WriteAllText(Manifest, manifest.ToJsonString());
    }

    void Refused(string message) =>
        Assert.Contains(
            message,
            Assert.Throws<InvalidDataException>(() => ModelPackage.Open(Package)).Message,
            StringComparison.Ordinal
        );
}
