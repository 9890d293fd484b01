using Recommender.Models;
using Recommender.Tests;
using Recommender.Training;

namespace Recommender.EndToEnd.Tests;

/// <summary>The committed models, trained again.</summary>
public sealed class DemoModels : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public DemoModels() =>
        Trained = TrainingRun.Train(
            Sample.Facts,
            TrainingConfig.Read(Path.Combine(Sample.Root, "training/configs/default.json")),
            Sample.AsOf,
            _folder.Path,
            new Progress(quiet: true)
        );

    internal IReadOnlyList<ModelManifest> Trained { get; }

    internal string FolderOf(ModelManifest trained) => Path.Combine(_folder.Path, trained.Model, trained.Version);

    internal static string Committed(string model) =>
        Path.Combine(Sample.Models, model, new ModelRegistry(Sample.Models).Live(model)!);

    public void Dispose() => _folder.Dispose();
}

public class DemoModelTests(DemoModels demo) : IClassFixture<DemoModels>
{
    /// <summary>Scores of partner fit go from about -30 to 30; on another kind of machine a tree may split elsewhere.</summary>
    const float FitTolerance = 0.05f;
    const float ProbabilityTolerance = 0.005f;

    [Fact]
    public void Training_on_data_samples_gives_the_scores_of_the_committed_models_on_every_machine()
    {
        Assert.Equal(ModelRegistry.Models.Order(), demo.Trained.Select(manifest => manifest.Model).Order());
        foreach (var manifest in demo.Trained)
        {
            Assert.True(manifest.Gate.Promote, manifest.Gate.Reason);
            using var package = ModelPackage.Open(DemoModels.Committed(manifest.Model));
            using var trained = ModelPackage.Open(demo.FolderOf(manifest));
            var golden = package.Manifest.Golden;
            var scores = new float[golden.Scores.Length];
            trained.Model.Score(golden.Features.SelectMany(row => row).ToArray(), scores.Length, scores);
            var tolerance = manifest.Model == ModelPackage.PartnerFit ? FitTolerance : ProbabilityTolerance;
            for (var i = 0; i < scores.Length; i++)
                Assert.Equal(golden.Scores[i], scores[i], tolerance);
        }
    }

    [Fact]
    public void Training_on_data_samples_gives_the_committed_models_byte_for_byte()
    {
        foreach (var manifest in demo.Trained)
        {
            var (expected, found) = (DemoModels.Committed(manifest.Model), demo.FolderOf(manifest));
            var trainedOn = ModelPackage.ReadManifest(expected).TrainedOn;
            Assert.SkipUnless(
                manifest.TrainedOn == trainedOn,
                $"Needs a machine of the kind that trained the committed models ({trainedOn}); this one is {manifest.TrainedOn}: compared by score only."
            );
            Assert.Equal(Path.GetFileName(expected), Path.GetFileName(found));
            Assert.Equal(Names(expected), Names(found));
            foreach (var name in Names(expected))
                Assert.True(
                    File.ReadAllBytes(Path.Combine(expected, name)).SequenceEqual(File.ReadAllBytes(Path.Combine(found, name))),
                    $"{manifest.Model}/{name} differs."
                );
        }
    }

    static List<string> Names(string folder) =>
        [.. Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
