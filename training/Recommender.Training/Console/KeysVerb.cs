using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Recommender.Access;
using Recommender.Models;
using Recommender.Records;
using Recommender.Webhooks;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>API keys of the service.</summary>
static class KeysVerb
{
    public static Command Command()
    {
        var name = new Option<string>("--name") { Description = "What a person calls the key", Required = true };
        var scopes = new Option<string>("--scopes")
        {
            Description = $"What it may do, separated by commas: {string.Join(", ", ApiKeys.AllScopes)}",
            DefaultValueFactory = _ => "recommend",
        };
        var id = new Argument<string>("key") { Description = "The key's id, as list shows it" };
        var create = new Command("create", "Makes a key; it is shown this once, only a hash of it is kept")
        {
            name,
            scopes,
            JsonOption,
        };
        create.SetAction(
            Run(result =>
            {
                var (key, secret) = new ApiKeys(Store(result)).Create(
                    result.GetValue(name)!,
                    [.. result.GetValue(scopes)!.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)],
                    TimeProvider.System.GetUtcNow().UtcDateTime
                );
                Console.WriteLine(
                    result.GetValue(JsonOption)
                        ? JsonSerializer.Serialize(
                            new
                            {
                                key.KeyId,
                                key.Name,
                                key.Scopes,
                                Secret = secret,
                            },
                            ModelManifest.Json
                        )
                        : $"{key.KeyId} may {string.Join(", ", key.Scopes)}. Send it as Authorization: Bearer; it is not shown again:\n{secret}"
                );
                return 0;
            })
        );
        var list = new Command("list", "All keys, when they were last used, and which are revoked") { JsonOption };
        list.SetAction(
            Run(result =>
            {
                var keys = new ApiKeys(Store(result)).List();
                if (result.GetValue(JsonOption))
                {
                    Console.WriteLine(
                        JsonSerializer.Serialize(
                            keys.Select(key => new
                            {
                                key.KeyId,
                                key.Name,
                                key.Scopes,
                                key.CreatedAt,
                                key.LastUsedAt,
                                key.RevokedAt,
                            }),
                            ModelManifest.Json
                        )
                    );
                    return 0;
                }
                if (keys.Count == 0)
                {
                    Console.WriteLine("No keys.");
                    return 0;
                }
                var table = new ConsoleTable("key", "<name", "<scopes", "<used").WithoutHeader();
                foreach (var key in keys)
                    table.Add(
                        key.KeyId,
                        key.Name,
                        string.Join(',', key.Scopes),
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"made {key.CreatedAt:yyyy-MM-dd}, {(key.LastUsedAt is { } used ? string.Create(CultureInfo.InvariantCulture, $"used {used:yyyy-MM-dd HH:mm}") : "never used")}{(key.RevokedAt is { } at ? string.Create(CultureInfo.InvariantCulture, $", REVOKED {at:yyyy-MM-dd HH:mm}") : "")}"
                        )
                    );
                table.Print();
                return 0;
            })
        );
        var revoke = new Command("revoke", "Makes a key worthless, in a running service within a second") { id };
        revoke.SetAction(
            Run(result =>
            {
                var found = new ApiKeys(Store(result)).Revoke(result.GetValue(id)!, TimeProvider.System.GetUtcNow().UtcDateTime);
                if (!found)
                    throw new InvalidDataException($"There is no key '{result.GetValue(id)}' that is good; keys list shows all.");
                Console.WriteLine($"{result.GetValue(id)} is revoked.");
                return 0;
            })
        );
        return new Command("keys", "API keys of the service") { create, list, revoke };
    }
}
