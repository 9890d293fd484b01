using System.Runtime.InteropServices;
using Recommender.Artifacts;
using Recommender.Tests;
using Recommender.Training;

namespace Recommender.EndToEnd.Tests;

public class DemoModelTests
{
    [Fact]
    public void Training_on_data_samples_gives_the_committed_models_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        var config = TrainingConfig.Read(Path.Combine(Sample.Root, "training/configs/default.json"));
        var written = TrainingRun.Train(Sample.Facts, config, Sample.AsOf, folder.Path, new Progress(quiet: true));
        var committed = new ModelRegistry(Sample.Models);
        foreach (var manifest in written)
        {
            if (OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64)
            {
                var expected = Path.Combine(Sample.Models, manifest.Model, committed.Live(manifest.Model)!);
                var found = Path.Combine(folder.Path, manifest.Model, manifest.Version);
                Assert.Equal(Names(expected), Names(found));
                foreach (var name in Names(expected))
                    Assert.True(
                        File.ReadAllBytes(Path.Combine(expected, name))
                            .SequenceEqual(File.ReadAllBytes(Path.Combine(found, name))),
                        $"{manifest.Model}/{name} differs."
                    );
            }
            else
            {
                using var live = committed.OpenLive(manifest.Model)!;
                var golden = live.Manifest.Golden;
                using var model = new OnnxModel(
                    File.ReadAllBytes(Path.Combine(folder.Path, manifest.Model, manifest.Version, "model.onnx"))
                );
                var scores = new float[golden.Scores.Length];
                model.Score(golden.Features.SelectMany(row => row).ToArray(), scores.Length, scores);
                for (var i = 0; i < scores.Length; i++)
                    Assert.Equal(golden.Scores[i], scores[i], 0.05f);
            }
            Assert.True(manifest.Gate.Promote, manifest.Gate.Reason);
        }
    }

    static List<string> Names(string folder) =>
        [.. Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
