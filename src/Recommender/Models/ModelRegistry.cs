using System.Text.Json;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Models;

/// <summary>
/// The packages in a folder and which of them is live. live.json holds, per model, the versions promoted, newest last. With a database
/// that replicas share, the pointer stands there once something was promoted, together with every package that was: what the folder
/// lacks is fetched.
/// </summary>
public sealed class ModelRegistry
{
    readonly string _folder;
    readonly LivePointer _pointer;
    readonly SharedPackages? _shared;
    readonly Lock _fetching = new();

    /// <summary>The registry of a folder.</summary>
    /// <param name="folder">Where the packages lie.</param>
    /// <param name="store">The database, if one is used; it matters only if it is shared.</param>
    public ModelRegistry(string folder, HistoryStore? store = null)
    {
        _folder = folder;
        _shared = store is { IsShared: true } ? new(store) : null;
        _pointer = new(folder, _shared);
    }

    /// <summary>The models there can be.</summary>
    public static IReadOnlyList<string> Models { get; } = [ModelPackage.PartnerFit, ModelPackage.WinProbability];

    /// <summary>Manifests of all packages, by model and version.</summary>
    /// <param name="refused">Told why a package whose manifest cannot be read is left out.</param>
    public IReadOnlyList<ModelManifest> List(Action<string>? refused = null)
    {
        foreach (var (model, version) in _shared?.List() ?? [])
        {
            try
            {
                Fetch(model, version);
            }
            catch (InvalidDataException e)
            {
                refused?.Invoke(e.Message);
            }
        }
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
    public string? Live(string model) => _pointer.Promoted(model) is [.., var live] ? live : null;

    /// <summary>Opens the live package of a model, or null if none is live.</summary>
    /// <exception cref="InvalidDataException">The package does not stand its checks.</exception>
    public ModelPackage? OpenLive(string model) => Live(model) is { } version ? Open(model, version) : null;

    /// <summary>Opens the newest version of a model that was promoted and stands its checks; null if none was ever promoted.</summary>
    /// <param name="model">The model.</param>
    /// <param name="refused">Versions promoted later that do not, newest first, with the reasons.</param>
    /// <exception cref="InvalidDataException">Versions were promoted and none stands its checks.</exception>
    public ModelPackage? OpenNewest(string model, out IReadOnlyList<(string Version, string Reason)> refused)
    {
        var reasons = new List<(string Version, string Reason)>();
        refused = reasons;
        foreach (var version in _pointer.Promoted(model).Reverse().Distinct())
        {
            try
            {
                return Open(model, version);
            }
            catch (InvalidDataException e)
            {
                reasons.Add((version, e.Message));
            }
        }
        return reasons.Count == 0
            ? null
            : throw new InvalidDataException(
                $"None of the versions of {model} that were promoted stands its checks. {string.Join(" ", reasons.Select(one => one.Reason))}"
            );
    }

    /// <summary>Opens a package.</summary>
    /// <exception cref="InvalidDataException">There is none, it does not stand its checks, or it is another than its place says.</exception>
    public ModelPackage Open(string model, string version)
    {
        Fetch(model, version);
        var package = ModelPackage.Open(PathOf(model, version));
        try
        {
            CheckPlace(PathOf(model, version), package.Manifest, model, version);
            return package;
        }
        catch
        {
            package.Dispose();
            throw;
        }
    }

    /// <summary>True if there is such a package.</summary>
    public bool Has(string model, string version) =>
        Models.Contains(model)
        && PackageFiles.IsVersion(version)
        && (Directory.Exists(PathOf(model, version)) || _shared?.List().Contains((model, version)) == true);

    /// <summary>Makes a version live after opening it once.</summary>
    /// <exception cref="InvalidDataException">There is no such package, it does not stand its checks, or the gate refused it.</exception>
    public void Promote(string model, string version)
    {
        using var package = Open(model, version);
        Promotion(package).Make();
    }

    /// <summary>Goes back to the version that was live before, after opening it once; returns it.</summary>
    /// <exception cref="InvalidDataException">None was, or it does not stand its checks.</exception>
    public string Rollback(string model)
    {
        var move = Return(model);
        Open(model, move.Version).Dispose();
        move.Make();
        return move.Version;
    }

    /// <summary>The move of the pointer to a package of this registry, for whoever has more to do before it is made.</summary>
    /// <exception cref="InvalidDataException">The gate refused the package.</exception>
    public PointerMove Promotion(ModelPackage package)
    {
        var (model, version) = (package.Manifest.Model, package.Manifest.Version);
        if (!package.Manifest.Gate.Promote)
            throw new InvalidDataException($"{model} {version} is not promoted: {package.Manifest.Gate.Reason}");
        var promoted = _pointer.Promoted(model);
        return MoveOf(model, promoted, promoted is [.., var live] && live == version ? promoted : [.. promoted, version]);
    }

    /// <summary>The move of the pointer to the version that was live before. Whoever makes it opens that version first.</summary>
    /// <exception cref="InvalidDataException">None was.</exception>
    public PointerMove Return(string model)
    {
        var promoted = _pointer.Promoted(model);
        return promoted.Count < 2
            ? throw new InvalidDataException($"{model} has no earlier live version to go back to.")
            : MoveOf(model, promoted, [.. promoted.SkipLast(1)]);
    }

    PointerMove MoveOf(string model, IReadOnlyList<string> before, IReadOnlyList<string> after) =>
        new(
            model,
            after[^1],
            () =>
            {
                if (_shared is null && before.SequenceEqual(after))
                    return;
                // Whoever follows the pointer finds the package there.
                if (_shared is not null && !_shared.List().Contains((model, after[^1])))
                    _shared.Put(model, after[^1], Directory.GetFiles(PathOf(model, after[^1])));
                if (!_pointer.Move(model, before, after))
                    throw new InvalidDataException(
                        $"Another promoted or rolled back {model} at the same moment; nothing was done. Look at what is live and try again."
                    );
            }
        );

    /// <summary>
    /// Takes in a package made elsewhere: manifest.json and the files it names, after the checks of opening. It is not live.
    /// </summary>
    /// <exception cref="InvalidDataException">It does not stand its checks, or its version is there already; nothing was written.</exception>
    public ModelManifest Import(string package)
    {
        var files = PackageFiles.In(package);
        ModelPackage.Open(files).Dispose();
        var (model, version) = (files.Manifest.Model, files.Manifest.Version);
        if (Directory.Exists(PathOf(model, version)))
            throw new InvalidDataException($"{model} {version} is there already.");
        Place(model, version, files);
        return files.Manifest;
    }

    /// <summary>Puts a package into the folder, whole or not at all.</summary>
    void Place(string model, string version, PackageFiles files)
    {
        var path = PathOf(model, version);
        var temporary = Path.Combine(_folder, model, $".{version}.part");
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, true);
        try
        {
            Directory.CreateDirectory(temporary);
            foreach (var (name, content) in files.All)
                File.WriteAllBytes(Path.Combine(temporary, name), content);
            Directory.Move(temporary, path);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, true);
            throw;
        }
    }

    /// <summary>Gets what the folder lacks and the database has.</summary>
    void Fetch(string model, string version)
    {
        if (_shared is null || Directory.Exists(PathOf(model, version)))
            return;
        lock (_fetching)
        {
            if (!Directory.Exists(PathOf(model, version)) && _shared.Files(model, version) is { Count: > 0 } files)
                Take(model, version, files);
        }
    }

    /// <summary>Takes in a package that the database holds, without anything beside the files that its manifest names.</summary>
    /// <exception cref="InvalidDataException">It is another package, or not whole; nothing was written.</exception>
    internal void Take(string model, string version, IReadOnlyList<(string Name, byte[] Content)> files)
    {
        var named = files.ToDictionary(file => file.Name, file => file.Content);
        var package = PackageFiles.Of($"{model}/{version} in the database", named.GetValueOrDefault);
        CheckPlace(package.Where, package.Manifest, model, version);
        Place(model, version, package);
    }

    static void CheckPlace(string where, ModelManifest manifest, string model, string version)
    {
        if (manifest.Model != model || manifest.Version != version)
            throw new InvalidDataException(
                $"{where} holds {manifest.Model} {manifest.Version}; expected {model} {version}, as its place says."
            );
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
    /// <exception cref="InvalidDataException">It is no model, or no version: a path, perhaps.</exception>
    public string PathOf(string model, string version) =>
        !Models.Contains(model)
            ? throw new InvalidDataException($"'{model}' is no model; expected one of {string.Join(", ", Models)}.")
        : !PackageFiles.IsVersion(version)
            ? throw new InvalidDataException(
                $"'{version}' is no version of {model}; expected letters, digits and hyphens, such as 2026-07-01-c030239f."
            )
        : Path.Combine(_folder, model, version);
}
