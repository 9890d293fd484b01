using Recommender.CoSell;
using Recommender.Models;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Small models of the first part of the sample history.</summary>
public sealed class EarlyModels : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public static DateTime AsOf { get; } = Sample.Day(2025, 7, 1);

    internal IReadOnlyList<ModelManifest> Written { get; }

    public string Models => _folder["models"];

    public EarlyModels() =>
        Written = TrainingRun.Train(
            Sample.Facts,
            Sample.SmallConfig with
            {
                PartnerFit = new() { MaxDecisions = 800, Trees = 60 },
            },
            AsOf,
            Models,
            new Progress(quiet: true)
        );

    public void Dispose() => _folder.Dispose();
}

public class MonitoringTests(EarlyModels early) : IClassFixture<EarlyModels>
{
    [Theory]
    [InlineData(ModelPackage.PartnerFit)]
    [InlineData(ModelPackage.WinProbability)]
    public void What_goes_on_as_before_raises_no_alarm_of_drift(string model)
    {
        var report = Of(model, Sample.FactList);
        Assert.True(report.Rows > 100 && report.Reference > 100);
        Assert.InRange(report.ScorePsi!.Value, 0, 0.25);
        Assert.DoesNotContain(report.Crossed, sentence => sentence.StartsWith("Scores", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Crossed, sentence => sentence.Contains("has moved", StringComparison.Ordinal));
        Assert.NotNull(report.Quality);
    }

    [Fact]
    public void Deals_that_turn_out_other_than_predicted_raise_an_alarm()
    {
        var lost = Changed(deal => deal with { Outcome = Outcome.Lost }, FactKind.OpportunityClosed);
        Assert.Contains(
            Of(ModelPackage.WinProbability, lost).Crossed,
            sentence => sentence.StartsWith("Deals are won -", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Deals_of_another_size_raise_an_alarm()
    {
        var large = Changed(deal => deal with { Amount = deal.Amount * 10_000 }, FactKind.OpportunityCreated);
        Assert.Contains(
            Of(ModelPackage.WinProbability, large).Crossed,
            sentence => sentence.StartsWith("amount has moved: PSI ", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_version_is_judged_again_on_a_window_it_has_not_seen()
    {
        var manifest = early.Written.Single(manifest => manifest.Model == ModelPackage.PartnerFit);
        var registry = new ModelRegistry(early.Models);
        using var package = ModelPackage.Open(registry.PathOf(manifest.Model, manifest.Version));
        var evaluation = Evaluation.OfPackage(
            Sample.Facts,
            Sample.SmallConfig,
            package,
            EarlyModels.AsOf,
            Sample.Day(2025, 12, 31),
            new(quiet: true)
        );
        Assert.True(evaluation.Fit.Decisions > 100);
        var gate = PromotionGate.PartnerFit(evaluation, Sample.SmallConfig);
        var recorded = registry.Record(
            manifest.Model,
            manifest.Version,
            System.Text.Json.JsonSerializer.SerializeToElement(new { figures = 1 }),
            gate with
            {
                Promote = false,
                Reason = "for a test",
            }
        );
        Assert.Equal("for a test", recorded.Gate.Reason);
        Assert.Throws<InvalidDataException>(() => registry.Promote(manifest.Model, manifest.Version));
    }

    [Fact]
    public void An_onnx_file_made_elsewhere_comes_in_only_if_it_scores_what_its_manifest_says()
    {
        using var folder = new TemporaryFolder();
        var manifest = early.Written.Single(manifest => manifest.Model == ModelPackage.WinProbability);
        var from = new ModelRegistry(early.Models).PathOf(manifest.Model, manifest.Version);
        var onnx = Path.Combine(from, "model.onnx");
        Directory.CreateDirectory(folder["models"]);
        void Describe(ModelManifest described) =>
            File.WriteAllBytes(
                folder["manifest.json"],
                System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(described, ModelManifest.Json)
            );

        Describe(
            manifest with
            {
                Golden = manifest.Golden with { Scores = [.. manifest.Golden.Scores.Select(score => score + 0.1f)] },
            }
        );
        var e = Assert.Throws<InvalidDataException>(() => TrainingRun.Import(onnx, folder["manifest.json"], folder["models"]));
        Assert.Contains("golden row 0", e.Message, StringComparison.Ordinal);
        Describe(
            manifest with
            {
                Golden = manifest.Golden with { Features = [.. manifest.Golden.Features.Select(row => row[1..])] },
            }
        );
        e = Assert.Throws<InvalidDataException>(() => TrainingRun.Import(onnx, folder["manifest.json"], folder["models"]));
        Assert.Contains("golden rows of", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder["models"]));

        Describe(manifest);
        var imported = TrainingRun.Import(onnx, folder["manifest.json"], folder["models"]);
        // Without what partners add it gives other numbers.
        Assert.NotEqual(manifest.Version, imported.Version);
        Assert.Equal(imported.Version, Assert.Single(new ModelRegistry(folder["models"]).List()).Version);
    }

    MonitorReport Of(string model, List<DatedFact> facts)
    {
        var manifest = early.Written.Single(manifest => manifest.Model == model);
        using var package = ModelPackage.Open(Path.Combine(early.Models, model, manifest.Version));
        return Monitoring.Of(
            new(until => facts.TakeWhile(fact => fact.SeenAt < until), Sample.Facts.Files),
            Sample.SmallConfig,
            package,
            EarlyModels.AsOf,
            Sample.AsOf
        );
    }

    static List<DatedFact> Changed(Func<Opportunity, Opportunity> change, FactKind kind) =>
        [
            .. Sample.FactList.Select(fact =>
                fact.Kind == kind && fact.SeenAt >= EarlyModels.AsOf && fact.Noun is Opportunity deal
                    ? fact with
                    {
                        Noun = change(deal),
                    }
                    : fact
            ),
        ];
}
