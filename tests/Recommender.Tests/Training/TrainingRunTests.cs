using Recommender.Models;
using Recommender.Ranking;
using Recommender.Training;

namespace Recommender.Tests.Training;

public class TrainingRunTests
{
    [Fact]
    public void The_same_run_gives_the_same_models_whatever_the_number_of_threads()
    {
        var runs = ((int[])[1, 2, 2]).Select(threads => Onnx(Sample.SmallConfig with { Threads = threads })).ToList();
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(runs[1], runs[2]);
        Assert.NotEqual(runs[0], Onnx(Sample.SmallConfig with { Seed = 8 }));
    }

    [Fact]
    public void On_history_without_signal_the_gates_refuse_and_say_why()
    {
        using var folder = new TemporaryFolder();
        new Simulation(
            new()
            {
                Accounts = 100,
                Partners = 30,
                Opportunities = 2500,
                Years = 4,
                Seed = 3,
                NoSignal = true,
            }
        ).Write(folder["history"]);
        var (facts, _) = new Recommender.Facts.HistoryFolder(folder["history"]).ReadFacts(_ => { });
        var written = TrainingRun.Train(
            new(until => facts.TakeWhile(fact => fact.SeenAt < until), []),
            Sample.SmallConfig,
            Sample.AsOf,
            folder["models"],
            new Progress(quiet: true)
        );
        Assert.All(written, manifest => Assert.False(manifest.Gate.Promote, manifest.Gate.Reason));
        Assert.All(
            written,
            manifest => Assert.Contains("not better by more than noise", manifest.Gate.Reason, StringComparison.Ordinal)
        );
        var registry = new ModelRegistry(folder["models"]);
        Assert.Throws<InvalidDataException>(() => registry.Promote(written[0].Model, written[0].Version));
        Assert.Null(registry.Live(written[0].Model));
    }

    [Fact]
    public void A_history_without_outcomes_still_gives_partner_fit()
    {
        using var folder = new TemporaryFolder();
        var open = Sample.FactList.Where(fact => fact.Kind != Recommender.CoSell.FactKind.OpportunityClosed).ToList();
        var written = TrainingRun.Train(
            new(until => open.TakeWhile(fact => fact.SeenAt < until), []),
            Sample.SmallConfig,
            Sample.AsOf,
            folder.Path,
            new Progress(quiet: true)
        );
        Assert.Equal(ModelPackage.PartnerFit, Assert.Single(written).Model);
    }

    [Fact]
    public void A_history_with_nothing_to_learn_from_is_refused_in_one_sentence()
    {
        using var folder = new TemporaryFolder();
        var few = Sample.FactList.Take(30).ToList();
        var e = Assert.Throws<InvalidDataException>(() =>
            TrainingRun.Train(
                new(until => few.TakeWhile(fact => fact.SeenAt < until), []),
                Sample.SmallConfig,
                Sample.AsOf,
                folder.Path,
                new Progress(quiet: true)
            )
        );
        Assert.Equal("The history has too little for either model; nothing was written.", e.Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_simulation_with_the_same_seed_writes_the_same_files()
    {
        using var folder = new TemporaryFolder();
        var settings = new SimulationSettings
        {
            Accounts = 400,
            Partners = 60,
            Opportunities = 5000,
            Years = 4,
            Seed = 7,
            TruthDecisions = 200,
        };
        new Simulation(settings).Write(folder["same"]);
        foreach (var file in Directory.GetFiles(Sample.Folder, "*.csv"))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder["same"], Path.GetFileName(file))));
    }

    [Fact]
    public void Dirty_rows_are_all_rejected_and_counted()
    {
        using var folder = new TemporaryFolder();
        new Simulation(
            new()
            {
                Accounts = 50,
                Partners = 20,
                Opportunities = 500,
                Years = 2,
                Seed = 3,
                Dirty = 0.05,
            }
        ).Write(folder["history"]);
        var rejected = new List<Recommender.Facts.RejectedRow>();
        var (_, counts) = new Recommender.Facts.HistoryFolder(folder["history"]).ReadFacts(rejected.Add);
        Assert.Equal(rejected.Count, counts.Sum(count => count.Rejected));
        foreach (var count in counts)
            Assert.Equal(
                File.ReadAllLines(Path.Combine(folder["history"], count.File)).Length - 1,
                count.Accepted + count.Rejected
            );
        Assert.True(rejected.Count > 50);
    }

    static string Onnx(TrainingConfig config)
    {
        using var models = TrainedModels.Train(Sample.Facts, config, Sample.AsOf, ModelParts.Both, new Progress(quiet: true));
        return string.Join(
            ' ',
            ((Learned[])[models.PartnerFit!, models.WinProbability!]).Select(learned =>
                Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(OnnxTrees.Write(learned.Trees)))
            )
        );
    }
}
