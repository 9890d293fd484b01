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

    static string Live(Answer models) =>
        models["items"]
            .EnumerateArray()
            .Single(item =>
                item.GetProperty("live").GetBoolean() && item.GetProperty("model").GetString() == ModelPackage.PartnerFit
            )
            .GetProperty("version")
            .GetString()!;

    /// <summary>Writes the live partner fit again with its last trees left out: another version that says something else.</summary>
    internal static string Shorter(string models)
    {
        using var package = new ModelRegistry(models).OpenLive(ModelPackage.PartnerFit)!;
        var trees = package.Trees;
        var onnx = OnnxTrees.Write(new([.. trees.Trees.SkipLast(20)], trees.Bias, trees.FeatureCount, trees.Calibration));
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
}
