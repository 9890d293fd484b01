using System.Security.Cryptography;
using System.Text.Json;

namespace Recommender.Models;

/// <summary>
/// What a package consists of, read once: manifest.json and the files it names, whose hashes were compared. Names that lead out of a
/// folder are refused before anything else is read.
/// </summary>
sealed class PackageFiles
{
    public const string ModelFile = "model.onnx";
    public const string ManifestFile = "manifest.json";
    const int LongestName = 100;

    static readonly JsonSerializerOptions _strict = new(ModelManifest.Json) { RespectNullableAnnotations = true };

    readonly Dictionary<string, byte[]> _files = [];

    PackageFiles(string where, ModelManifest manifest) => (Where, Manifest) = (where, manifest);

    /// <summary>What messages call the package.</summary>
    public string Where { get; }

    public ModelManifest Manifest { get; }

    /// <summary>All files by name, manifest.json too.</summary>
    public IReadOnlyDictionary<string, byte[]> All => _files;

    public byte[] this[string name] =>
        _files.TryGetValue(name, out var bytes)
            ? bytes
            : throw new InvalidDataException($"{Where}: {ManifestFile} names no {name}; expected one.");

    /// <summary>The package in a folder. What lies there beside is not looked at.</summary>
    /// <exception cref="InvalidDataException">A file is missing or another than the manifest says, or the manifest is refused.</exception>
    public static PackageFiles In(string folder) =>
        Of(folder, name => Path.Combine(folder, name) is var path && File.Exists(path) ? File.ReadAllBytes(path) : null);

    /// <summary>A package from wherever <paramref name="read"/> gets its files.</summary>
    public static PackageFiles Of(string where, Func<string, byte[]?> read)
    {
        byte[] Find(string name, string expected) =>
            read(name) ?? throw new InvalidDataException($"{Path.Combine(where, name)} is missing; expected {expected}.");
        var json = Find(ManifestFile, "a model package");
        var package = new PackageFiles(where, ReadManifest(Path.Combine(where, ManifestFile), json));
        package._files[ManifestFile] = json;
        foreach (var (name, expected) in package.Manifest.Files)
        {
            var bytes = Find(name, $"as {ManifestFile} names it");
            if (Hash(bytes) is var found && found != expected)
                throw new InvalidDataException(
                    $"{Path.Combine(where, name)}: SHA-256 is {found}; expected {expected}. The file was changed after training."
                );
            package._files[name] = bytes;
        }
        return package;
    }

    /// <summary>Refuses a folder in which something lies that the manifest does not name.</summary>
    public void CheckNothingBeside(string folder)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
        {
            if (!_files.ContainsKey(Path.GetFileName(path)) || !File.Exists(path))
                throw new InvalidDataException($"{path} is there; expected only {ManifestFile} and the files that it names.");
        }
    }

    /// <summary>Reads a manifest and checks what it calls itself and its files.</summary>
    public static ModelManifest ReadManifest(string path, byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var schema =
                root.ValueKind == JsonValueKind.Object && root.TryGetProperty("schema_version", out var version)
                    ? version.GetRawText()
                    : "missing";
            if (schema != ModelManifest.CurrentSchema.ToString(System.Globalization.CultureInfo.InvariantCulture))
                throw new InvalidDataException($"{path}: schema_version is {schema}; expected {ModelManifest.CurrentSchema}.");
            var manifest = root.Deserialize<ModelManifest>(_strict)!;
            Check(path, manifest);
            return manifest;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    static void Check(string path, ModelManifest manifest)
    {
        if (!ModelRegistry.Models.Contains(manifest.Model))
            throw new InvalidDataException(
                $"{path}: model is '{manifest.Model}'; expected one of {string.Join(", ", ModelRegistry.Models)}."
            );
        // A manifest that is exported for others to fill in has no version yet.
        if (manifest.Version.Length > 0 && !IsVersion(manifest.Version))
            throw new InvalidDataException(
                $"{path}: version is '{manifest.Version}'; expected letters, digits and hyphens, such as 2026-07-01-c030239f."
            );
        foreach (var name in manifest.Files.Keys)
        {
            if (!IsFileName(name))
                throw new InvalidDataException(
                    $"{path}: it names a file '{name}'; expected letters, digits, '-', '_' and '.', no '.' in front, and not {ManifestFile}."
                );
        }
    }

    /// <summary>True if a version is one, and no path.</summary>
    public static bool IsVersion(string version) =>
        version.Length is > 0 and <= LongestName && version.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    static bool IsFileName(string name) =>
        name.Length is > 0 and <= LongestName
        && name[0] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        && !name.Equals(ManifestFile, StringComparison.OrdinalIgnoreCase);

    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
