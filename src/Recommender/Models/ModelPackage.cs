using System.Security.Cryptography;
using System.Text.Json;
using Recommender.Features;
using Recommender.History;

namespace Recommender.Models;

/// <summary>A verified model, ready to score. Made by <see cref="Open"/>.</summary>
public sealed class ModelPackage : IDisposable
{
    /// <summary>The model that ranks.</summary>
    public const string PartnerFit = "partner-fit";

    /// <summary>The model that says how likely a deal is won.</summary>
    public const string WinProbability = "win-probability";

    const string ModelFile = "model.onnx";
    const string ManifestFile = "manifest.json";
    const float Tolerance = 1e-4f;

    ModelPackage(ModelManifest manifest, OnnxModel model, TreeEnsemble trees, EffectModels? effect)
    {
        Manifest = manifest;
        Model = model;
        Trees = trees;
        Effect = effect;
    }

    /// <summary>Facts about the model.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>The model in ONNX Runtime.</summary>
    public OnnxModel Model { get; }

    /// <summary>The same trees, for the reasons.</summary>
    public TreeEnsemble Trees { get; }

    /// <summary>What partners add to the chance of winning; null where the history could not tell.</summary>
    public EffectModels? Effect { get; }

    /// <summary>Opens a package after checking hashes, schema, features, shapes and golden rows.</summary>
    /// <param name="folder">models/&lt;model&gt;/&lt;version&gt;.</param>
    /// <exception cref="InvalidDataException">A check fails; the message says which.</exception>
    public static ModelPackage Open(string folder)
    {
        var manifest = ReadManifest(folder);
        foreach (var (file, expected) in manifest.Files)
        {
            var path = Path.Combine(folder, file);
            if (!File.Exists(path))
                throw new InvalidDataException($"{path} is missing; expected as {ManifestFile} names it.");
            var found = Hash(File.ReadAllBytes(path));
            if (found != expected)
                throw new InvalidDataException(
                    $"{path}: SHA-256 is {found}; expected {expected}. The file was changed after training."
                );
        }
        if (!manifest.Files.ContainsKey(ModelFile))
            throw new InvalidDataException($"{folder}: {ManifestFile} names no {ModelFile}.");
        var featurizer = new Featurizer(manifest.FeatureSettings, new HistoryState(manifest.FeatureSettings.Fold));
        var columns = manifest.Model == PartnerFit ? featurizer.PartnerFit : featurizer.WinProbability;
        for (var i = 0; i < Math.Max(columns.Count, manifest.Features.Count); i++)
        {
            var found = i < manifest.Features.Count ? manifest.Features[i].Name : "nothing";
            var expected = i < columns.Count ? columns[i].Name : "nothing";
            if (found != expected)
                throw new InvalidDataException($"{folder}: feature {i} is {found}; this code makes {expected} there.");
        }
        var bytes = File.ReadAllBytes(Path.Combine(folder, ModelFile));
        var trees = OnnxTrees.Read(bytes);
        var model = new OnnxModel(bytes);
        try
        {
            if (model.FeatureCount != columns.Count)
                throw new InvalidDataException(
                    $"{folder}: the model takes {model.FeatureCount} features; the manifest names {columns.Count}."
                );
            var golden = manifest.Golden;
            var scores = new float[golden.Scores.Length];
            model.Score(golden.Features.SelectMany(row => row).ToArray(), scores.Length, scores);
            for (var i = 0; i < scores.Length; i++)
            {
                if (!(Math.Abs(scores[i] - golden.Scores[i]) <= Tolerance * Math.Max(1, Math.Abs(golden.Scores[i]))))
                    throw new InvalidDataException($"{folder}: golden row {i} scores {scores[i]}; expected {golden.Scores[i]}.");
            }
            return new(manifest, model, trees, OpenEffect(folder, manifest, featurizer.PartnerFit.Count));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    static EffectModels? OpenEffect(string folder, ModelManifest manifest, int columns)
    {
        if (!manifest.Files.ContainsKey(PartnerEffect.File))
            return null;
        var effect = PartnerEffect.Read(File.ReadAllBytes(Path.Combine(folder, PartnerEffect.File)));
        OnnxModel Open(string name)
        {
            if (!manifest.Files.ContainsKey(name))
                throw new InvalidDataException(
                    $"{folder}: {PartnerEffect.File} needs {name}, which {ManifestFile} does not name."
                );
            var model = new OnnxModel(File.ReadAllBytes(Path.Combine(folder, name)));
            if (model.FeatureCount == columns)
                return model;
            model.Dispose();
            throw new InvalidDataException($"{folder}: {name} takes {model.FeatureCount} features; partner fit has {columns}.");
        }
        var fit = Open(PartnerEffect.FitFile);
        try
        {
            return new(effect, fit, Open(PartnerEffect.SuitabilityFile));
        }
        catch
        {
            fit.Dispose();
            throw;
        }
    }

    /// <summary>Reads manifest.json without checking the files it names.</summary>
    /// <exception cref="InvalidDataException">It is missing, no JSON, or of another schema.</exception>
    public static ModelManifest ReadManifest(string folder)
    {
        var path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path))
            throw new InvalidDataException($"{path} is missing; expected a model package.");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var schema = json.RootElement.TryGetProperty("schema_version", out var version) ? version.GetRawText() : "missing";
            if (schema != ModelManifest.CurrentSchema.ToString(System.Globalization.CultureInfo.InvariantCulture))
                throw new InvalidDataException($"{path}: schema_version is {schema}; expected {ModelManifest.CurrentSchema}.");
            return json.Deserialize<ModelManifest>(ModelManifest.Json)!;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Writes a package in one step: either all of it is there or nothing.</summary>
    /// <param name="models">The folder of all models.</param>
    /// <param name="onnx">model.onnx.</param>
    /// <param name="manifest">Its version and file hashes are filled in here.</param>
    /// <param name="others">Other files by name; they get the finished manifest to speak of.</param>
    /// <returns>The manifest as written.</returns>
    public static ModelManifest Write(
        string models,
        byte[] onnx,
        ModelManifest manifest,
        Func<ModelManifest, IReadOnlyDictionary<string, byte[]>> others
    )
    {
        var hash = Hash(onnx);
        manifest = manifest with { Version = $"{manifest.Training.AsOf:yyyy-MM-dd}-{hash[..8]}" };
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { [ModelFile] = onnx };
        foreach (var (name, bytes) in others(manifest))
            files[name] = bytes;
        manifest = manifest with { Files = files.ToDictionary(file => file.Key, file => Hash(file.Value)) };
        files[ManifestFile] = JsonSerializer.SerializeToUtf8Bytes(manifest, ModelManifest.Json);

        var parent = Path.Combine(models, manifest.Model);
        Directory.CreateDirectory(parent);
        var folder = Path.Combine(parent, manifest.Version);
        var temporary = Path.Combine(parent, $".{manifest.Version}.part");
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, true);
        Directory.CreateDirectory(temporary);
        foreach (var (name, bytes) in files)
            File.WriteAllBytes(Path.Combine(temporary, name), bytes);
        if (Directory.Exists(folder))
            Directory.Delete(folder, true);
        Directory.Move(temporary, folder);
        return manifest;
    }

    /// <summary>Replaces manifest.json in one step.</summary>
    internal static ModelManifest Rewrite(string folder, ModelManifest manifest)
    {
        var path = Path.Combine(folder, ManifestFile);
        File.WriteAllBytes(path + ".part", JsonSerializer.SerializeToUtf8Bytes(manifest, ModelManifest.Json));
        File.Move(path + ".part", path, true);
        return manifest;
    }

    static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        Effect?.Dispose();
    }
}
