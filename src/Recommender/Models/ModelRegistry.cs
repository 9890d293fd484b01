using System.Text.Json;
using Recommender.History;

namespace Recommender.Models;

/// <summary>
/// The packages in a folder and which of them is live. live.json holds, per model, the versions promoted, newest last. With a database
/// that replicas share, the pointer stands there once something was promoted, together with every package that was: what the folder
/// lacks is fetched.
/// </summary>
public sealed class ModelRegistry
{
    const string LiveFile = "live.json";
    readonly string _folder;
    readonly SharedPackages? _shared;
    readonly Lock _fetching = new();

    /// <summary>The registry of a folder.</summary>
    /// <param name="folder">Where the packages lie.</param>
    /// <param name="store">The database, if one is used; it matters only if it is shared.</param>
    public ModelRegistry(string folder, HistoryStore? store = null)
    {
        _folder = folder;
        _shared = store is { IsShared: true } ? new(store) : null;
    }

    /// <summary>The models there can be.</summary>
    public static IReadOnlyList<string> Models { get; } = [ModelPackage.PartnerFit, ModelPackage.WinProbability];

    /// <summary>Manifests of all packages, by model and version.</summary>
    /// <param name="refused">Told why a package whose manifest cannot be read is left out.</param>
    public IReadOnlyList<ModelManifest> List(Action<string>? refused = null)
    {
        foreach (var (model, version) in _shared?.List() ?? [])
            Fetch(model, version);
        var manifests = new List<ModelManifest>();
        var packages = Models
            .Select(model => Path.Combine(_folder, model))
            .Where(Directory.Exists)
            .SelectMany(path => Directory.GetDirectories(path).Where(package => !Path.GetFileName(package).StartsWith('.')))
            .Order(StringComparer.Ordinal);
        foreach (var package in packages)
        {
            try
            {
                manifests.Add(ModelPackage.ReadManifest(package));
            }
            catch (InvalidDataException e)
            {
                refused?.Invoke(e.Message);
            }
        }
        return manifests;
    }

    /// <summary>The live version of a model, or null if none is.</summary>
    public string? Live(string model) => Promoted().TryGetValue(model, out var versions) ? versions.LastOrDefault() : null;

    /// <summary>Opens the live package of a model, or null if none is live.</summary>
    /// <exception cref="InvalidDataException">The package does not stand its checks.</exception>
    public ModelPackage? OpenLive(string model) => Live(model) is { } version ? Open(model, version) : null;

    /// <summary>Opens a package.</summary>
    /// <exception cref="InvalidDataException">There is none, or it does not stand its checks.</exception>
    public ModelPackage Open(string model, string version)
    {
        Fetch(model, version);
        return ModelPackage.Open(PathOf(model, version));
    }

    /// <summary>True if there is such a package.</summary>
    public bool Has(string model, string version)
    {
        Fetch(model, version);
        return Directory.Exists(PathOf(model, version));
    }

    /// <summary>Makes a version live after opening it once.</summary>
    /// <exception cref="InvalidDataException">There is no such package, it does not stand its checks, or the gate refused it.</exception>
    public void Promote(string model, string version)
    {
        if (!Models.Contains(model))
            throw new InvalidDataException($"'{model}' is no model; expected one of {string.Join(", ", Models)}.");
        using (var package = Open(model, version))
        {
            if (!package.Manifest.Gate.Promote)
                throw new InvalidDataException($"{model} {version} is not promoted: {package.Manifest.Gate.Reason}");
        }
        var promoted = Promoted();
        var versions = promoted.TryGetValue(model, out var known) ? known : promoted[model] = [];
        var before = Text(versions);
        if (versions.LastOrDefault() == version && _shared is null)
            return;
        if (versions.LastOrDefault() != version)
            versions.Add(version);
        Write(promoted, model, before);
    }

    /// <summary>Goes back to the version that was live before; returns it.</summary>
    /// <exception cref="InvalidDataException">None was, or it does not stand its checks.</exception>
    public string Rollback(string model)
    {
        var promoted = Promoted();
        if (!promoted.TryGetValue(model, out var versions) || versions.Count < 2)
            throw new InvalidDataException($"{model} has no earlier live version to go back to.");
        Open(model, versions[^2]).Dispose();
        var before = Text(versions);
        versions.RemoveAt(versions.Count - 1);
        Write(promoted, model, before);
        return versions[^1];
    }

    /// <summary>Copies a package made elsewhere in, after opening it once. It is not live.</summary>
    /// <exception cref="InvalidDataException">It does not stand its checks, or its version is there already.</exception>
    public ModelManifest Import(string package)
    {
        ModelManifest manifest;
        using (var opened = ModelPackage.Open(package))
            manifest = opened.Manifest;
        var target = PathOf(manifest.Model, manifest.Version);
        if (Directory.Exists(target))
            throw new InvalidDataException($"{manifest.Model} {manifest.Version} is there already.");
        Place(
            manifest.Model,
            manifest.Version,
            temporary =>
            {
                foreach (var file in Directory.GetFiles(package))
                    File.Copy(file, Path.Combine(temporary, Path.GetFileName(file)));
            }
        );
        return manifest;
    }

    /// <summary>Puts a package into the folder, whole or not at all.</summary>
    void Place(string model, string version, Action<string> fill)
    {
        var temporary = Path.Combine(_folder, model, $".{version}.part");
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, true);
        Directory.CreateDirectory(temporary);
        fill(temporary);
        Directory.Move(temporary, PathOf(model, version));
    }

    /// <summary>Gets what the folder lacks and the database has.</summary>
    void Fetch(string model, string version)
    {
        if (_shared is null || Directory.Exists(PathOf(model, version)))
            return;
        lock (_fetching)
        {
            if (Directory.Exists(PathOf(model, version)) || _shared.Files(model, version) is not { Count: > 0 } files)
                return;
            Place(
                model,
                version,
                temporary =>
                {
                    foreach (var (name, content) in files)
                        File.WriteAllBytes(Path.Combine(temporary, Path.GetFileName(name)), content);
                }
            );
        }
    }

    /// <summary>Writes down what an evaluation found: figures and verdict of a version.</summary>
    /// <exception cref="InvalidDataException">There is no such package, or it does not stand its checks.</exception>
    public ModelManifest Record(string model, string version, JsonElement metrics, GateVerdict gate)
    {
        var path = PathOf(model, version);
        using var package = Open(model, version);
        var manifest = ModelPackage.Rewrite(path, package.Manifest with { Metrics = metrics, Gate = gate });
        if (_shared is not null && _shared.List().Contains((model, version)))
            _shared.Put(model, version, Directory.GetFiles(path));
        return manifest;
    }

    /// <summary>The folder of a version.</summary>
    public string PathOf(string model, string version) => Path.Combine(_folder, model, version);

    Dictionary<string, List<string>> Promoted()
    {
        var promoted = PromotedInFolder();
        foreach (var (model, versions) in _shared?.Live() ?? new Dictionary<string, string>())
            promoted[model] = JsonSerializer.Deserialize<List<string>>(versions) ?? [];
        return promoted;
    }

    Dictionary<string, List<string>> PromotedInFolder()
    {
        var path = Path.Combine(_folder, LiveFile);
        if (!File.Exists(path))
            return [];
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, List<string>>>(File.ReadAllBytes(path)) ?? [];
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    static string Text(List<string> versions) => JsonSerializer.Serialize(versions);

    void Write(Dictionary<string, List<string>> promoted, string model, string before)
    {
        if (_shared is not null)
        {
            var version = promoted[model][^1];
            if (!_shared.List().Contains((model, version)))
                _shared.Put(model, version, Directory.GetFiles(PathOf(model, version)));
            if (!_shared.Move(model, before, Text(promoted[model])))
                throw new InvalidDataException(
                    $"Another promoted or rolled back {model} at the same moment; nothing was done. Look at what is live and try again."
                );
            return;
        }
        Directory.CreateDirectory(_folder);
        var path = Path.Combine(_folder, LiveFile);
        File.WriteAllText(path + ".part", JsonSerializer.Serialize(promoted, ModelManifest.Json) + "\n");
        File.Move(path + ".part", path, true);
    }
}
