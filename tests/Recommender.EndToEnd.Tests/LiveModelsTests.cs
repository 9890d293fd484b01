using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Recommender.Models;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Versions change while the service answers: no answer fails, none mixes two versions.</summary>
public sealed class LiveModelsTests : IAsyncLifetime
{
    readonly TemporaryFolder _models = new();
    readonly string _first = new ModelRegistry(Sample.Models).Live(ModelPackage.PartnerFit)!;
    string _second = "";
    Service _service = null!;

    public async ValueTask InitializeAsync()
    {
        foreach (var model in ModelRegistry.Models)
        {
            var version = new ModelRegistry(Sample.Models).Live(model)!;
            TemporaryFolder.Copy(Path.Combine(Sample.Models, model, version), Path.Combine(_models.Path, model, version));
            new ModelRegistry(_models.Path).Promote(model, version);
        }
        _second = Shorter(_models.Path);
        _service = await Service.StartAsync(
            "Models:Path=" + _models.Path,
            "Models:WatchMilliseconds=100",
            "Limits:RequestsPerSecond=1000000",
            "Limits:Burst=1000000"
        );
    }

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        _models.Dispose();
        return default;
    }

    [Fact]
    public async Task Promoted_and_rolled_back_a_hundred_times_under_load_no_answer_fails_and_none_is_mixed()
    {
        const string Ask = """{"account_id":"A000007","product":"Security","limit":30}""";
        var said = new ConcurrentDictionary<string, ConcurrentDictionary<string, byte>>();
        var answers = 0;
        using var stop = new CancellationTokenSource();
        var load = Enumerable
            .Range(0, 3)
            .Select(_ =>
                Task.Run(
                    async () =>
                    {
                        while (!stop.IsCancellationRequested)
                        {
                            var answer = await _service.RankAsync(Ask);
                            var version = answer["model_versions"].GetProperty(ModelPackage.PartnerFit).GetString()!;
                            var scores = string.Join(
                                ' ',
                                answer["partners"]
                                    .EnumerateArray()
                                    .Select(partner => partner.GetProperty("fit_score").GetRawText())
                            );
                            said.GetOrAdd(version, _ => new())[scores] = 0;
                            Interlocked.Increment(ref answers);
                        }
                    },
                    CancellationToken.None
                )
            )
            .ToList();
        for (var round = 0; round < 100; round++)
        {
            var promoted = (
                await _service.PostAsync(
                    "/v1/models/partner-fit/promote",
                    $$"""{"version":"{{_second}}"}""",
                    ("Idempotency-Key", $"p{round}")
                )
            ).Expect(HttpStatusCode.OK);
            Assert.Equal(_second, promoted["version"].GetString());
            Assert.Equal(
                _second,
                (await _service.RankAsync(Ask))["model_versions"].GetProperty(ModelPackage.PartnerFit).GetString()
            );
            var back = (
                await _service.SendAsync(
                    HttpMethod.Post,
                    "/v1/models/partner-fit/rollback",
                    headers: ("Idempotency-Key", $"r{round}")
                )
            ).Expect(HttpStatusCode.OK);
            Assert.Equal(_first, back["version"].GetString());
            Assert.Equal(
                _first,
                (await _service.RankAsync(Ask))["model_versions"].GetProperty(ModelPackage.PartnerFit).GetString()
            );
        }
        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal([_first, _second], said.Keys.OrderBy(version => version != _first));
        // Each version says one thing, and the two say different things.
        Assert.All(said.Values, scores => Assert.Single(scores));
        Assert.NotEqual(said[_first].Keys.Single(), said[_second].Keys.Single());
        Assert.True(answers > 100, $"{answers} answers");
    }

    [Fact]
    public async Task The_console_moves_the_live_pointer_and_the_service_follows()
    {
        using (
            var console = Process.Start(
                "dotnet",
                [
                    ConsoleTests.Program,
                    "models",
                    "promote",
                    ModelPackage.PartnerFit,
                    _second,
                    "--models",
                    _models.Path,
                    "--database",
                    TestDatabase.Of(_service.Database),
                ]
            )
        )
        {
            await console.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, console.ExitCode);
        }
        await Eventually.IsSoAsync(async () => Live(await _service.GetAsync("/v1/models")) == _second);
        // It answers with the version first and then tells of it.
        await Eventually.IsSoAsync(async () =>
            (await _service.GetAsync("/v1/events?type=model.promoted"))["items"]
                .EnumerateArray()
                .Select(happened => happened.GetProperty("data").GetProperty("version").GetString())
                .LastOrDefault() == _second
        );
    }

    [Fact]
    public async Task A_package_with_a_flipped_byte_is_refused_and_the_old_one_stays()
    {
        var path = Path.Combine(_models.Path, ModelPackage.PartnerFit, _second, "model.onnx");
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        var refused = (
            await _service.PostAsync(
                "/v1/models/partner-fit/promote",
                $$"""{"version":"{{_second}}"}""",
                ("Idempotency-Key", "x")
            )
        ).Expect(HttpStatusCode.UnprocessableEntity);
        Assert.Contains("The file was changed after training", refused.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(_models.Path, refused.Text, StringComparison.Ordinal);
        Assert.Equal(_first, Live(await _service.GetAsync("/v1/models")));
        (
            await _service.PostAsync(
                "/v1/models/partner-fit/promote",
                """{"version":"2020-01-01-00000000"}""",
                ("Idempotency-Key", "y")
            )
        ).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_is_refused_moves_no_pointer_and_the_next_start_answers()
    {
        var pointer = await File.ReadAllBytesAsync(LiveFile, TestContext.Current.CancellationToken);
        async Task Refused(string call, string? body, string reason)
        {
            var refused = (
                await _service.SendAsync(
                    HttpMethod.Post,
                    "/v1/models/partner-fit/" + call,
                    body,
                    headers: ("Idempotency-Key", Guid.NewGuid().ToString())
                )
            ).Expect(HttpStatusCode.UnprocessableEntity);
            Assert.Contains(reason, refused.Text, StringComparison.Ordinal);
            Assert.Equal(pointer, await File.ReadAllBytesAsync(LiveFile, TestContext.Current.CancellationToken));
            Assert.Equal(_first, Live(await _service.GetAsync("/v1/models")));
        }

        var disagreeing = Disagreeing(_models.Path);
        await Refused("promote", $$"""{"version":"{{disagreeing}}"}""", "its trees give ");
        await Refused("rollback", null, "has no earlier live version");

        // The package itself is good, but the generation that it would be part of cannot be built.
        var win = Path.Combine(
            _models.Path,
            ModelPackage.WinProbability,
            new ModelRegistry(_models.Path).Live(ModelPackage.WinProbability)!
        );
        await File.WriteAllTextAsync(Path.Combine(win, "notes.txt"), "x", TestContext.Current.CancellationToken);
        await Refused("promote", $$"""{"version":"{{_second}}"}""", "notes.txt is there");
        File.Delete(Path.Combine(win, "notes.txt"));

        await _service.RestartAsync();
        Assert.Equal(_first, Live(await _service.GetAsync("/v1/models")));
    }

    [Fact]
    public async Task The_console_moves_no_pointer_to_what_is_refused()
    {
        var pointer = await File.ReadAllBytesAsync(LiveFile, TestContext.Current.CancellationToken);
        using var console = Process.Start(
            new ProcessStartInfo(
                "dotnet",
                [
                    ConsoleTests.Program,
                    "models",
                    "promote",
                    ModelPackage.PartnerFit,
                    Disagreeing(_models.Path),
                    "--models",
                    _models.Path,
                    "--database",
                    TestDatabase.Of(_service.Database),
                ]
            )
            {
                RedirectStandardError = true,
                UseShellExecute = false,
            }
        )!;
        var said = await console.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await console.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, console.ExitCode);
        Assert.Contains("its trees give ", said, StringComparison.Ordinal);
        Assert.Equal(pointer, await File.ReadAllBytesAsync(LiveFile, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_live_package_that_is_damaged_neither_stops_the_other_model_nor_the_next_start()
    {
        new ModelRegistry(_models.Path).Promote(ModelPackage.PartnerFit, _second);
        // On SQL Server the pointer is the database's as soon as something was promoted there.
        var registry = new ModelRegistry(_models.Path, TestDatabase.Store(_service.Database));
        registry.Promote(ModelPackage.PartnerFit, _second);
        await Eventually.IsSoAsync(async () => Live(await _service.GetAsync("/v1/models")) == _second);
        var damaged = Path.Combine(_models.Path, ModelPackage.PartnerFit, _second, "model.onnx");
        var whole = await File.ReadAllBytesAsync(damaged, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(damaged, "x", TestContext.Current.CancellationToken);
        var pointer = await File.ReadAllBytesAsync(LiveFile, TestContext.Current.CancellationToken);

        await _service.RestartAsync();
        Assert.Equal(_first, Live(await _service.GetAsync("/v1/models")));
        Assert.Equal(pointer, await File.ReadAllBytesAsync(LiveFile, TestContext.Current.CancellationToken));

        using (
            var process = SampleService.Start(
                _service.Database + ".process",
                ["Models:Path=" + _models.Path, "Sandbox:Enabled=true"]
            )
        )
        {
            await process.WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
            Assert.Contains(
                $"partner-fit {_second}, which is live, is refused; {_first}, promoted before it, answers: {damaged}: SHA-256 is ",
                process.Output,
                StringComparison.Ordinal
            );
        }

        // The other model goes on being promoted.
        var win = Resealed(_models.Path, ModelPackage.WinProbability);
        (
            await _service.PostAsync(
                "/v1/models/win-probability/promote",
                $$"""{"version":"{{win}}"}""",
                ("Idempotency-Key", "w")
            )
        ).Expect(HttpStatusCode.OK);
        Assert.Equal(_first, Live(await _service.GetAsync("/v1/models")));
        Assert.Equal(win, Live(await _service.GetAsync("/v1/models"), ModelPackage.WinProbability));
        Assert.Equal(_second, registry.Live(ModelPackage.PartnerFit));

        // Going back takes the pointer to what answers.
        (await _service.SendAsync(HttpMethod.Post, "/v1/models/partner-fit/rollback", headers: ("Idempotency-Key", "b"))).Expect(
            HttpStatusCode.OK
        );
        Assert.Equal(_first, registry.Live(ModelPackage.PartnerFit));
        await File.WriteAllBytesAsync(damaged, whole, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task If_no_promoted_package_stands_its_checks_the_service_does_not_start_and_says_why()
    {
        File.Delete(Path.Combine(_models.Path, ModelPackage.PartnerFit, _first, "report.html"));
        using var process = SampleService.Start(
            _service.Database + ".process",
            ["Models:Path=" + _models.Path, "Sandbox:Enabled=true"]
        );
        Assert.Equal(1, await process.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains(
            "None of the versions of partner-fit that were promoted stands its checks. ",
            process.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("report.html is missing", process.Output, StringComparison.Ordinal);
    }

    string LiveFile => Path.Combine(_models.Path, "live.json");

    static string Live(Answer models, string model = ModelPackage.PartnerFit) =>
        models["items"]
            .EnumerateArray()
            .Single(item => item.GetProperty("live").GetBoolean() && item.GetProperty("model").GetString() == model)
            .GetProperty("version")
            .GetString()!;

    /// <summary>Writes the live partner fit again with its last trees left out: another version that says something else.</summary>
    internal static string Shorter(string models) =>
        Rewritten(models, trees => trees with { Trees = [.. trees.Trees.SkipLast(20)] });

    /// <summary>A version whose leaves add up to something else in ONNX Runtime, as floats, than in the trees, as doubles.</summary>
    static string Disagreeing(string models)
    {
        static Tree Leaf(float value)
        {
            var tree = Tree.OfSize(1);
            (tree.Feature[0], tree.Value[0], tree.Cover[0]) = (-1, value, 1);
            return tree;
        }
        return Rewritten(models, trees => trees with { Trees = [Leaf(1e8f), Leaf(3), Leaf(-1e8f)] });
    }

    static string Rewritten(string models, Func<TreeEnsemble, TreeEnsemble> change)
    {
        using var package = new ModelRegistry(models).OpenLive(ModelPackage.PartnerFit)!;
        var onnx = OnnxTrees.Write(change(package.Trees));
        var golden = package.Manifest.Golden;
        var scores = new float[golden.Scores.Length];
        using (var model = new OnnxModel(onnx))
            model.Score(golden.Features.SelectMany(row => row).ToArray(), scores.Length, scores);
        return ModelPackage
            .Write(
                models,
                onnx,
                package.Manifest with
                {
                    Golden = golden with { Scores = scores },
                },
                _ => new Dictionary<string, byte[]>()
            )
            .Version;
    }

    /// <summary>The live package of a model under another version.</summary>
    static string Resealed(string models, string model)
    {
        const string Version = "2020-01-01-again";
        var package = Path.Combine(models, model, Version);
        TemporaryFolder.Copy(Path.Combine(models, model, new ModelRegistry(models).Live(model)!), package);
        var manifest = Path.Combine(package, "manifest.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(manifest))!;
        json["version"] = Version;
        File.WriteAllText(manifest, json.ToJsonString());
        return Version;
    }
}
