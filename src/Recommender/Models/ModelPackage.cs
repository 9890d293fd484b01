using System.Text;
using System.Text.Json;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Models;

/// <summary>A verified model, ready to score. Made by <see cref="Open(string)"/>.</summary>
public sealed class ModelPackage : IDisposable
{
    /// <summary>The model that ranks.</summary>
    public const string PartnerFit = "partner-fit";

    /// <summary>The model that says how likely a deal is won.</summary>
    public const string WinProbability = "win-probability";

    ModelPackage(ModelManifest manifest, ServedModel served, EffectModels? effect)
    {
        Manifest = manifest;
        Served = served;
        Effect = effect;
    }

    /// <summary>Facts about the model.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>The model as it answers.</summary>
    public ServedModel Served { get; }

    /// <summary>The model in ONNX Runtime: the reference.</summary>
    public OnnxModel Model => Served.Onnx;

    /// <summary>The same trees, which answer and give the reasons.</summary>
    public TreeEnsemble Trees => Served.Trees;

    /// <summary>What partners add to the chance of winning; null where the history could not tell.</summary>
    public EffectModels? Effect { get; }

    /// <summary>
    /// Opens a package after all its checks: names and hashes of its files and that nothing lies beside them, schema, features, shapes,
    /// trees, golden rows, and that the trees score as ONNX Runtime does.
    /// </summary>
    /// <param name="folder">models/&lt;model&gt;/&lt;version&gt;.</param>
    /// <exception cref="InvalidDataException">A check fails; the message says in one line where, what was found and what was expected.</exception>
    public static ModelPackage Open(string folder)
    {
        var files = PackageFiles.In(folder);
        files.CheckNothingBeside(folder);
        return Open(files);
    }

    internal static ModelPackage Open(PackageFiles files)
    {
        var (where, manifest) = (files.Where, files.Manifest);
        var featurizer = FeaturizerOf(where, manifest);
        var columns = manifest.Model == PartnerFit ? featurizer.PartnerFit : featurizer.WinProbability;
        PackageChecks.Features(where, manifest.Features, columns);
        PackageChecks.Golden(where, manifest);
        var model = OpenModel(files, PackageFiles.ModelFile, columns.Count);
        try
        {
            PackageChecks.Scale(where, manifest, model.Trees);
            PackageChecks.GoldenScores(where, model.Onnx, manifest.Golden);
            PackageChecks.Agreement(where, model, manifest.Golden.Features);
            return new(manifest, model, OpenEffect(files, featurizer));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    static Featurizer FeaturizerOf(string where, ModelManifest manifest)
    {
        try
        {
            return new(manifest.FeatureSettings, new HistoryState(manifest.FeatureSettings.Fold));
        }
        catch (Exception e)
            when (e is ArgumentException or InvalidOperationException or NullReferenceException or OverflowException)
        {
            throw new InvalidDataException($"{where}: feature_settings make no features: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    static ServedModel OpenModel(PackageFiles files, string name, int columns)
    {
        var path = Path.Combine(files.Where, name);
        var bytes = files[name];
        try
        {
            // Before ONNX Runtime, which may walk a circle for ever.
            var trees = OnnxTrees.Read(bytes);
            var model = new OnnxModel(bytes);
            try
            {
                PackageChecks.Shape(columns, model, trees);
                return new(model, trees);
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    static EffectModels? OpenEffect(PackageFiles files, Featurizer featurizer)
    {
        if (!files.All.TryGetValue(PartnerEffect.File, out var json))
            return null;
        var path = Path.Combine(files.Where, PartnerEffect.File);
        if (files.Manifest.Model != WinProbability)
            throw new InvalidDataException(
                $"{path} is in a package of {files.Manifest.Model}; expected it in {WinProbability} only."
            );
        if (PartnerEffect.IsOfOlderForm(json))
            return null;
        var effect = PartnerEffect.Read(path, json);
        PackageChecks.Effect(path, effect, featurizer);
        var opened = new List<ServedModel>();
        try
        {
            foreach (
                var (name, columns) in (ReadOnlySpan<(string, int)>)
                    [
                        (PartnerEffect.OddsFile, featurizer.WinProbability.Count),
                        (PartnerEffect.AttractionFile, featurizer.WinProbability.Count),
                        (PartnerEffect.SuitabilityFile, featurizer.PartnerFit.Count),
                    ]
            )
            {
                opened.Add(OpenModel(files, name, columns));
                PackageChecks.Agreement(Path.Combine(files.Where, name), opened[^1], []);
            }
            return new(effect, opened[0], opened[1], opened[2]);
        }
        catch
        {
            opened.ForEach(model => model.Dispose());
            throw;
        }
    }

    /// <summary>Reads manifest.json without looking at the files it names.</summary>
    /// <exception cref="InvalidDataException">It is missing, no JSON, of another schema, or its names are no names.</exception>
    public static ModelManifest ReadManifest(string folder)
    {
        var path = Path.Combine(folder, PackageFiles.ManifestFile);
        if (!File.Exists(path))
            throw new InvalidDataException($"{path} is missing; expected a model package.");
        return PackageFiles.ReadManifest(path, File.ReadAllBytes(path));
    }

    /// <summary>Writes a package in one step: either all of it is there or nothing.</summary>
    /// <param name="models">The folder of all models.</param>
    /// <param name="onnx">model.onnx.</param>
    /// <param name="manifest">Its version and file hashes are filled in here.</param>
    /// <param name="others">Other files by name; they get the finished manifest to speak of.</param>
    /// <param name="scoring">Further files by name that numbers come from: another version has another of them.</param>
    /// <returns>The manifest as written.</returns>
    public static ModelManifest Write(
        string models,
        byte[] onnx,
        ModelManifest manifest,
        Func<ModelManifest, IReadOnlyDictionary<string, byte[]>> others,
        IReadOnlyDictionary<string, byte[]>? scoring = null
    )
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { [PackageFiles.ModelFile] = onnx };
        foreach (var (name, bytes) in scoring ?? new Dictionary<string, byte[]>())
            files[name] = bytes;
        var scores = files.Values.Select(PackageFiles.Hash);
        var settings = JsonSerializer.Serialize(new { manifest.FeatureSettings, manifest.Grades }, ModelManifest.Json);
        var hash = PackageFiles.Hash(Encoding.UTF8.GetBytes(string.Join(' ', [.. scores, settings])));
        manifest = manifest with { Version = FormattableString.Invariant($"{manifest.Training.AsOf:yyyy-MM-dd}-{hash[..8]}") };
        foreach (var (name, bytes) in others(manifest))
            files[name] = bytes;
        manifest = manifest with { Files = files.ToDictionary(file => file.Key, file => PackageFiles.Hash(file.Value)) };
        files[PackageFiles.ManifestFile] = JsonSerializer.SerializeToUtf8Bytes(manifest, ModelManifest.Json);

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

    /// <summary>Replaces manifest.json in one step; until then the new one lies beside the package, where nothing may lie in it.</summary>
    internal static ModelManifest Rewrite(string folder, ModelManifest manifest)
    {
        var written = Path.Combine(Path.GetDirectoryName(folder)!, $".{Path.GetFileName(folder)}.{PackageFiles.ManifestFile}");
        File.WriteAllBytes(written, JsonSerializer.SerializeToUtf8Bytes(manifest, ModelManifest.Json));
        File.Move(written, Path.Combine(folder, PackageFiles.ManifestFile), true);
        return manifest;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Served.Dispose();
        Effect?.Dispose();
    }
}
