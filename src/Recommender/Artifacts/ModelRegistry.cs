using System.Text.Json;

namespace Recommender.Artifacts;

/// <summary>The packages in a folder and which of them is live. live.json holds, per model, the versions promoted, newest last.</summary>
public sealed class ModelRegistry(string folder)
{
    const string LiveFile = "live.json";

    /// <summary>The models there can be.</summary>
    public static IReadOnlyList<string> Models { get; } = [ModelPackage.PartnerFit, ModelPackage.WinProbability];

    /// <summary>Manifests of all packages, by model and version.</summary>
    /// <param name="refused">Told why a package whose manifest cannot be read is left out.</param>
    public IReadOnlyList<ModelManifest> List(Action<string>? refused = null)
    {
        var manifests = new List<ModelManifest>();
        var packages = Models
            .Select(model => Path.Combine(folder, model))
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
    public ModelPackage? OpenLive(string model) => Live(model) is { } version ? ModelPackage.Open(PathOf(model, version)) : null;

    /// <summary>Makes a version live after opening it once.</summary>
    /// <exception cref="InvalidDataException">There is no such package, it does not stand its checks, or the gate refused it.</exception>
    public void Promote(string model, string version)
    {
        if (!Models.Contains(model))
            throw new InvalidDataException($"'{model}' is no model; expected one of {string.Join(", ", Models)}.");
        using (var package = ModelPackage.Open(PathOf(model, version)))
        {
            if (!package.Manifest.Gate.Promote)
                throw new InvalidDataException($"{model} {version} is not promoted: {package.Manifest.Gate.Reason}");
        }
        var promoted = Promoted();
        var versions = promoted.TryGetValue(model, out var known) ? known : promoted[model] = [];
        if (versions.LastOrDefault() == version)
            return;
        versions.Add(version);
        Write(promoted);
    }

    /// <summary>Goes back to the version that was live before; returns it.</summary>
    /// <exception cref="InvalidDataException">None was, or it does not stand its checks.</exception>
    public string Rollback(string model)
    {
        var promoted = Promoted();
        if (!promoted.TryGetValue(model, out var versions) || versions.Count < 2)
            throw new InvalidDataException($"{model} has no earlier live version to go back to.");
        ModelPackage.Open(PathOf(model, versions[^2])).Dispose();
        versions.RemoveAt(versions.Count - 1);
        Write(promoted);
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
        var temporary = Path.Combine(folder, manifest.Model, $".{manifest.Version}.part");
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, true);
        Directory.CreateDirectory(temporary);
        foreach (var file in Directory.GetFiles(package))
            File.Copy(file, Path.Combine(temporary, Path.GetFileName(file)));
        Directory.Move(temporary, target);
        return manifest;
    }

    /// <summary>Writes down what an evaluation found: figures and verdict of a version.</summary>
    /// <exception cref="InvalidDataException">There is no such package, or it does not stand its checks.</exception>
    public ModelManifest Record(string model, string version, JsonElement metrics, GateVerdict gate)
    {
        var path = PathOf(model, version);
        using var package = ModelPackage.Open(path);
        return ModelPackage.Rewrite(path, package.Manifest with { Metrics = metrics, Gate = gate });
    }

    /// <summary>The folder of a version.</summary>
    public string PathOf(string model, string version) => Path.Combine(folder, model, version);

    Dictionary<string, List<string>> Promoted()
    {
        var path = Path.Combine(folder, LiveFile);
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

    void Write(Dictionary<string, List<string>> promoted)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, LiveFile);
        File.WriteAllText(path + ".part", JsonSerializer.Serialize(promoted, ModelManifest.Json) + "\n");
        File.Move(path + ".part", path, true);
    }
}
