using System.Text.Json.Nodes;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Tests.Models;

/// <summary>Packages that come from elsewhere: by import, or from the database that replicas share. What they call themselves is no path.</summary>
public sealed class TakingInTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly string _version = new ModelRegistry(Sample.Models).Live(ModelPackage.PartnerFit)!;
    readonly ModelRegistry _registry;

    public TakingInTests()
    {
        Directory.CreateDirectory(_folder["inner"]);
        Directory.CreateDirectory(Registry);
        Restore();
        _registry = new(Registry);
    }

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    string Registry => Path.Combine(_folder["inner"], "models");

    string Package => Path.Combine(_folder["inner"], "package");

    string Manifest => Path.Combine(Package, "manifest.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Only_what_the_manifest_names_is_taken()
    {
        File.WriteAllText(Path.Combine(Package, "notes.txt"), "x");
        Directory.CreateDirectory(Path.Combine(Package, "old"));
        Assert.Equal(_version, _registry.Import(Package).Version);
        Assert.Equal(
            ["MODEL_CARD.md", "manifest.json", "metrics.json", "model.onnx", "report.html"],
            Directory
                .GetFileSystemEntries(Path.Combine(Registry, ModelPackage.PartnerFit, _version))
                .Select(path => Path.GetFileName(path))
                .Order(StringComparer.Ordinal)
        );
        _registry.Open(ModelPackage.PartnerFit, _version).Dispose();
        var e = Assert.Throws<InvalidDataException>(() => _registry.Import(Package));
        Assert.Equal($"partner-fit {_version} is there already.", e.Message);
    }

    [Theory]
    [InlineData("model", "../../x", "model is '../../x'; expected one of ")]
    [InlineData("model", "/tmp/x", "model is '/tmp/x'; expected one of ")]
    [InlineData("version", "../../x", "version is '../../x'; expected letters, digits and hyphens")]
    [InlineData("version", "..", "version is '..'; expected letters, digits and hyphens")]
    [InlineData("version", ".hidden", "version is '.hidden'; expected letters, digits and hyphens")]
    [InlineData("version", "", "'' is no version of partner-fit; expected letters, digits and hyphens")]
    public void A_package_that_calls_itself_a_path_is_refused_before_anything_is_written(string key, string value, string message)
    {
        Edit(manifest => manifest[key] = value);
        Refused(message);
    }

    [Theory]
    [InlineData("../../x")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("..\\x")]
    [InlineData("/tmp/x")]
    public void A_package_that_names_a_path_is_refused_before_anything_is_written(string name)
    {
        Edit(manifest => manifest["files"]![name] = "00");
        Refused($"it names a file '{name}'; expected letters, digits, '-', '_' and '.'");
    }

    [Fact]
    public void A_package_that_does_not_stand_its_checks_leaves_nothing_behind()
    {
        File.AppendAllText(Path.Combine(Package, "model.onnx"), "x");
        Refused("The file was changed after training.");
        Restore();
        Edit(manifest => manifest["golden"]!["scores"]![0] = 123.0);
        Refused("golden row 0 scores ");
    }

    [Fact]
    public void What_fails_half_way_leaves_nothing_behind()
    {
        Directory.CreateDirectory(Path.Combine(Registry, ModelPackage.PartnerFit));
        var inTheWay = Path.Combine(Registry, ModelPackage.PartnerFit, _version);
        File.WriteAllText(inTheWay, "x");
        Assert.ThrowsAny<IOException>(() => _registry.Import(Package));
        Assert.Equal([inTheWay], Directory.GetFileSystemEntries(Path.Combine(Registry, ModelPackage.PartnerFit)));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("..")]
    [InlineData("")]
    public void A_version_that_is_a_path_is_nowhere(string version)
    {
        Assert.False(_registry.Has(ModelPackage.PartnerFit, version));
        Assert.False(_registry.Has(version, _version));
        Assert.Throws<InvalidDataException>(() => _registry.Open(ModelPackage.PartnerFit, version));
        Assert.Throws<InvalidDataException>(() => _registry.Open(version, _version));
        Assert.Throws<InvalidDataException>(() => _registry.Promote(ModelPackage.PartnerFit, version));
    }

    [Fact]
    public void What_the_database_holds_is_taken_only_if_it_is_whole_and_what_it_is_called()
    {
        var files = Files();
        void Refused(string model, string version, string message)
        {
            var e = Assert.Throws<InvalidDataException>(() => _registry.Take(model, version, files));
            Assert.Contains(message, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
            Assert.Empty(Directory.GetFileSystemEntries(Registry));
        }
        Refused(
            ModelPackage.PartnerFit,
            "2020-01-01-other",
            $"holds partner-fit {_version}; expected partner-fit 2020-01-01-other"
        );
        Refused("../x", _version, $"holds partner-fit {_version}; expected ../x {_version}");
        files.RemoveAll(file => file.Name == "report.html");
        Refused(ModelPackage.PartnerFit, _version, "report.html is missing; expected as manifest.json names it.");
        files.Add(("report.html", [1]));
        Refused(ModelPackage.PartnerFit, _version, "The file was changed after training.");
        Edit(manifest => manifest["files"]!["../x"] = "00");
        files = Files();
        files.Add(("../x", [1]));
        Refused(ModelPackage.PartnerFit, _version, "it names a file '../x'");

        Restore();
        files = Files();
        files.Add(("../../x", [1]));
        _registry.Take(ModelPackage.PartnerFit, _version, files);
        _registry.Open(ModelPackage.PartnerFit, _version).Dispose();
        Assert.False(File.Exists(Path.Combine(_folder["inner"], "x")));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_refused_package_moves_no_pointer_in_the_folder_nor_in_the_database(string engine)
    {
        var store = HistoryStore.Open(TestDatabase.Of(engine, _folder["s.db"]));
        var registry = new ModelRegistry(Registry, store);
        registry.Import(Package);
        registry.Promote(ModelPackage.PartnerFit, _version);
        Edit(manifest => manifest["version"] = "2020-01-01-other");
        registry.Import(Package);
        var other = registry.PathOf(ModelPackage.PartnerFit, "2020-01-01-other");
        File.WriteAllText(Path.Combine(other, "notes.txt"), "x");
        Assert.Throws<InvalidDataException>(() => registry.Promote(ModelPackage.PartnerFit, "2020-01-01-other"));
        Assert.Equal(_version, registry.Live(ModelPackage.PartnerFit));
        Assert.Equal(_version, new ModelRegistry(_folder["elsewhere"], store).Live(ModelPackage.PartnerFit) ?? _version);

        File.Delete(Path.Combine(other, "notes.txt"));
        registry.Promote(ModelPackage.PartnerFit, "2020-01-01-other");
        File.WriteAllText(Path.Combine(registry.PathOf(ModelPackage.PartnerFit, _version), "notes.txt"), "x");
        Assert.Throws<InvalidDataException>(() => registry.Rollback(ModelPackage.PartnerFit));
        Assert.Equal("2020-01-01-other", registry.Live(ModelPackage.PartnerFit));
        using var newest = registry.OpenNewest(ModelPackage.PartnerFit, out var refused);
        Assert.Equal("2020-01-01-other", newest!.Manifest.Version);
        Assert.Empty(refused);
    }

    void Restore()
    {
        if (Directory.Exists(Package))
            Directory.Delete(Package, true);
        TemporaryFolder.Copy(Path.Combine(Sample.Models, ModelPackage.PartnerFit, _version), Package);
    }

    List<(string Name, byte[] Content)> Files() =>
        [.. Directory.GetFiles(Package).Select(path => (Path.GetFileName(path), File.ReadAllBytes(path)))];

    void Edit(Action<JsonNode> change)
    {
        var manifest = JsonNode.Parse(File.ReadAllText(Manifest))!;
        change(manifest);
        File.WriteAllText(Manifest, manifest.ToJsonString());
    }

    void Refused(string message)
    {
        var e = Assert.Throws<InvalidDataException>(() => _registry.Import(Package));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Empty(Directory.GetFileSystemEntries(Registry));
        Assert.Equal(
            ((string[])[Registry, Package]).Order(StringComparer.Ordinal),
            Directory.GetFileSystemEntries(_folder["inner"]).Order(StringComparer.Ordinal)
        );
    }
}
