using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;

namespace Recommender.Training;

/// <summary>
/// Binds a commented JSON file and overrides to <see cref="TrainingConfig"/>. A list replaces a list, and what is wrong is collected: the
/// binder itself would add to lists, and stop at the first fault.
/// </summary>
static class TrainingConfigReader
{
    static readonly JsonSerializerOptions _oneLine = new(TrainingConfig.Json) { WriteIndented = false };

    /// <summary>The configuration that a file and overrides make, checked.</summary>
    /// <exception cref="InvalidDataException">A line for each setting that is unknown, of another type or out of range.</exception>
    public static TrainingConfig Read(string? file, IEnumerable<string> overrides)
    {
        var errors = new List<string>();
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (file is not null)
            Put(values, "", FromFile(file));
        foreach (var text in overrides)
        {
            if (text.Split('=', 2) is [{ Length: > 0 } path, var value])
                Put(values, path.Replace('.', ':'), FromText(value));
            else
                errors.Add($"'{text}' is no override; expected one such as win_probability.trees=300.");
        }
        var config = new TrainingConfig();
        Check(Configuration(values), config, values, errors);
        // Property names are those of the file without underscores; the binder does not look at case.
        Configuration(values.Select(pair => KeyValuePair.Create(pair.Key.Replace("_", "", StringComparison.Ordinal), pair.Value)))
            .Bind(config);
        CheckRanges(config, "", errors);
        return errors.Count == 0
            ? config
            : throw new InvalidDataException($"{file ?? "The configuration"}: {string.Join('\n', errors)}");
    }

    static IConfigurationRoot Configuration(IEnumerable<KeyValuePair<string, string?>> values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values).Build();

    static IConfigurationRoot FromFile(string file)
    {
        using var stream = File.OpenRead(file);
        try
        {
            return new ConfigurationBuilder().AddJsonStream(stream).Build();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(FormattableString.Invariant($"{file}, line {e.LineNumber + 1}: {e.Message}"), e);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{file}: {e.Message}", e);
        }
    }

    /// <summary>An override's value: JSON, or else a text, under the key "value".</summary>
    static IConfigurationRoot FromText(string text)
    {
        JsonNode? value;
        try
        {
            value = JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            value = text;
        }
        var json = new JsonObject { ["value"] = value }.ToJsonString();
        return new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();
    }

    /// <summary>Puts settings in at a place, "" for all, instead of what stood there.</summary>
    static void Put(Dictionary<string, string?> values, string at, IConfigurationRoot settings)
    {
        Remove(values, at);
        foreach (var (key, value) in settings.AsEnumerable())
        {
            if (value is not null || !settings.GetSection(key).GetChildren().Any())
                values[at.Length == 0 ? key : at + key["value".Length..]] = value;
        }
    }

    /// <summary>Takes out a setting with all inside it.</summary>
    static void Remove(Dictionary<string, string?> values, string at)
    {
        foreach (var key in values.Keys)
        {
            if (
                key.Equals(at, StringComparison.OrdinalIgnoreCase) || key.StartsWith(at + ":", StringComparison.OrdinalIgnoreCase)
            )
                values.Remove(key);
        }
    }

    /// <summary>
    /// Adds an error for each setting that there is not, or that is of another type, and takes it out of the values; empties the lists of
    /// <paramref name="part"/> that settings name.
    /// </summary>
    static void Check(IConfiguration settings, object part, Dictionary<string, string?> values, List<string> errors)
    {
        var known = Properties(part).ToDictionary(Name, StringComparer.Ordinal);
        foreach (var setting in settings.GetChildren())
        {
            var path = setting.Path.Replace(':', '.');
            if (!known.TryGetValue(setting.Key, out var property))
                errors.Add($"{path} is no setting; expected one of {string.Join(", ", known.Keys)}.");
            else if (IsPart(property.PropertyType) && setting.Value is null)
            {
                Check(setting, property.GetValue(part)!, values, errors);
                if (setting.GetChildren().Any())
                    continue;
            }
            else if (ElementOf(property.PropertyType) is { } element && IsListOf(element, setting))
            {
                property.SetValue(part, Array.CreateInstance(element, 0));
                continue;
            }
            else if (property.PropertyType.IsValueType && IsOf(property.PropertyType, setting))
                continue;
            else
                errors.Add($"{path} is {Text(setting)}; expected {Words(property.PropertyType)}.");
            Remove(values, setting.Path);
        }
    }

    /// <summary>Whether a setting is a list, which is the text "" where it is empty.</summary>
    static bool IsListOf(Type element, IConfigurationSection setting) =>
        setting.GetChildren().ToList() is { Count: > 0 } items
            ? items.TrueForAll(item => IsOf(element, item))
            : setting.Value is "";

    static bool IsOf(Type type, IConfigurationSection setting)
    {
        if (setting.Value is null || setting.GetChildren().Any())
            return false;
        try
        {
            return TypeDescriptor.GetConverter(type).ConvertFromInvariantString(setting.Value) is not null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return false;
        }
    }

    static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    static bool IsPart(Type type) => type.IsClass && type.Assembly == typeof(TrainingConfig).Assembly;

    static string Words(Type type) =>
        type == typeof(int) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(bool) ? "true or false"
        : ElementOf(type) is { IsEnum: true }
            ? $"a list of {string.Join(", ", Enum.GetValues<Learner>().Select(TrainingConfig.Name))}"
        : ElementOf(type) is not null ? "a list of texts"
        : "an object";

    /// <summary>What a setting holds, as JSON.</summary>
    static string Text(IConfigurationSection setting) =>
        setting.GetChildren().Any()
            ? setting.GetChildren().All(item => int.TryParse(item.Key, CultureInfo.InvariantCulture, out _))
                ? $"[{string.Join(", ", setting.GetChildren().Select(Text))}]"
                : "an object"
            : setting.Value is null
                ? "null"
                : setting.Value is "True" or "False"
                    ? (setting.Value == "True" ? "true" : "false")
                    : double.TryParse(setting.Value, CultureInfo.InvariantCulture, out _)
                        ? setting.Value
                        : $"\"{setting.Value}\"";

    static void CheckRanges(object part, string prefix, List<string> errors)
    {
        foreach (var property in Properties(part))
        {
            var (path, value) = (prefix + Name(property), property.GetValue(part));
            foreach (var limit in property.GetCustomAttributes<ValidationAttribute>().Where(limit => !limit.IsValid(value)))
                errors.Add(
                    limit is RangeAttribute range
                        ? string.Create(
                            CultureInfo.InvariantCulture,
                            $"{path} is {value}; expected {property.Name} from {range.Minimum} to {range.Maximum}."
                        )
                        : $"{path} is {JsonSerializer.Serialize(value, _oneLine)}; {limit.FormatErrorMessage(path)}."
                );
            if (IsPart(property.PropertyType))
                CheckRanges(value!, path + ".", errors);
        }
    }

    static string Name(PropertyInfo property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);

    static PropertyInfo[] Properties(object part) => part.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance);
}
