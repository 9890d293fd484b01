using System.Text.Json;

namespace Recommender.Models;

/// <summary>Which versions were promoted, by model, newest last: live.json, or the database that replicas share.</summary>
sealed class LivePointer(string folder, SharedPackages? shared)
{
    const string File = "live.json";

    /// <summary>The versions of a model that were promoted, newest last.</summary>
    public IReadOnlyList<string> Promoted(string model) => Read().GetValueOrDefault(model) ?? [];

    /// <summary>Replaces the versions of a model; false if they are no longer as they were.</summary>
    public bool Move(string model, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        if (shared is not null)
            return shared.Move(model, Text(before), Text(after));
        var promoted = ReadFile();
        if (!(promoted.GetValueOrDefault(model) ?? []).SequenceEqual(before))
            return false;
        promoted[model] = [.. after];
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, File);
        System.IO.File.WriteAllText(path + ".part", JsonSerializer.Serialize(promoted, ModelManifest.Json) + "\n");
        System.IO.File.Move(path + ".part", path, true);
        return true;
    }

    Dictionary<string, List<string>> Read()
    {
        var promoted = ReadFile();
        foreach (var (model, versions) in shared?.Live() ?? new Dictionary<string, string>())
            promoted[model] = JsonSerializer.Deserialize<List<string>>(versions) ?? [];
        return promoted;
    }

    Dictionary<string, List<string>> ReadFile()
    {
        var path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
            return [];
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, List<string>>>(System.IO.File.ReadAllBytes(path)) ?? [];
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    static string Text(IReadOnlyList<string> versions) => JsonSerializer.Serialize(versions);
}

/// <summary>A change of the live pointer that may be made and is not made yet.</summary>
public sealed class PointerMove
{
    readonly Action _make;

    internal PointerMove(string model, string version, Action make) => (Model, Version, _make) = (model, version, make);

    /// <summary>The model.</summary>
    public string Model { get; }

    /// <summary>The version that is live afterwards.</summary>
    public string Version { get; }

    /// <summary>Makes it.</summary>
    /// <exception cref="InvalidDataException">Another moved the pointer of this model meanwhile; nothing was done.</exception>
    public void Make() => _make();
}
