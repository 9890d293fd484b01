using Recommender.Training;

namespace Recommender.Tests.Training;

public class TrainingConfigTests
{
    [Fact]
    public void A_configuration_reports_all_its_errors_at_once()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """{ "validation_share": 2, "partner_fit": { "leaves": 1 } }""");
        var e = Assert.Throws<InvalidDataException>(() => TrainingConfig.Read(folder["config.json"]));
        Assert.Contains("ValidationShare", e.Message, StringComparison.Ordinal);
        Assert.Contains("partner_fit.", e.Message, StringComparison.Ordinal);
        Assert.Contains("validation_share is 2; expected ValidationShare from 0.05 to 0.5.", e.Message, StringComparison.Ordinal);
        Assert.Contains("partner_fit.leaves is 1; expected Leaves from 2 to 512.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_configuration_file_says_what_the_code_defaults_to() =>
        Assert.Equal(
            Text(new TrainingConfig()),
            Text(TrainingConfig.Read(Path.Combine(Sample.Root, "training/configs/default.json")))
        );

    [Fact]
    public void Overrides_change_single_settings_and_wrong_ones_are_all_named()
    {
        var config = TrainingConfig.Read(null, ["win_probability.trees=77", "partner_fit.learners=[\"light_gbm\"]", "seed=3"]);
        Assert.Equal((77, 3), (config.WinProbability.Trees, config.Seed));
        Assert.Equal(Learner.LightGbm, Assert.Single(config.PartnerFit.Learners));
        Assert.Equal(Text(new TrainingConfig()), Text(config with { Seed = 7, PartnerFit = new(), WinProbability = new() }));
        var e = Assert.Throws<InvalidDataException>(() =>
            TrainingConfig.Read(
                null,
                ["win_probability.tree=1", "partner_fit.trees=many", "partner_fit.learners=[\"blend\"]", "x"]
            )
        );
        Assert.Contains("win_probability.tree is no setting", e.Message, StringComparison.Ordinal);
        Assert.Contains("partner_fit.trees is \"many\"; expected a whole number", e.Message, StringComparison.Ordinal);
        Assert.Contains("'x' is no override", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<InvalidDataException>(() => TrainingConfig.Read(null, ["partner_fit.learners=[\"blend\"]"]));
        Assert.Contains("learners must be some of fast_tree, light_gbm", e.Message, StringComparison.Ordinal);
    }

    static string Text(TrainingConfig config) => System.Text.Json.JsonSerializer.Serialize(config, TrainingConfig.Json);

    [Fact]
    public void An_unknown_setting_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """{ "sed": 2 }""");
        Assert.Throws<InvalidDataException>(() => TrainingConfig.Read(folder["config.json"]));
    }

    [Fact]
    public void Every_error_stands_on_a_line_of_its_own_with_key_what_was_found_and_what_was_expected()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder["config.json"],
            """
            {
              "sed": 2, "seed": "x", "gate": { "learning_curve": 3, "max_ece": 7 }, "monitor": 5,
              "partner_fit": { "learners": ["blend"], "trees": [3], "leaves": null, }, "features": { "without": "in" } // all wrong
            }
            """
        );
        var e = Assert.Throws<InvalidDataException>(() =>
            TrainingConfig.Read(folder["config.json"], ["win_probability.learners=[\"trees\"]", "seed.x=2", "threads=65"])
        );
        Assert.Equal(
            [
                "features.without is \"in\"; expected a list of texts.",
                "gate.learning_curve is 3; expected true or false.",
                "gate.max_ece is 7; expected MaxEce from 0 to 1.",
                "monitor is 5; expected an object.",
                "partner_fit.learners is [\"blend\"]; learners must be some of fast_tree, light_gbm.",
                "partner_fit.leaves is null; expected a whole number.",
                "partner_fit.trees is [3]; expected a whole number.",
                "sed is no setting; expected one of seed, threads, maturity_quantile, validation_share, base_currency, features, candidates, partner_fit, win_probability, gate, monitor.",
                "seed is an object; expected a whole number.",
                "threads is 65; expected Threads from 0 to 64.",
                "win_probability.learners is [\"trees\"]; expected a list of fast_tree, light_gbm, logistic_regression, blend.",
            ],
            e.Message[(folder["config.json"].Length + 2)..].Split('\n').Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_list_replaces_a_list_and_an_object_an_object()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder["config.json"],
            """{ "win_probability": { "learners": ["blend", "light_gbm"], "trees": 9 }, "features": { "without": ["in", "out"] }, "gate": {} }"""
        );
        var config = TrainingConfig.Read(folder["config.json"]);
        Assert.Equal([Learner.Blend, Learner.LightGbm], config.WinProbability.Learners);
        config = TrainingConfig.Read(folder["config.json"], ["win_probability.learners=[\"fast_tree\"]", "features.without=[]"]);
        Assert.Equal([Learner.FastTree], config.WinProbability.Learners);
        Assert.Empty(config.Features.Without);
        Assert.Equal(9, config.WinProbability.Trees);
        config = TrainingConfig.Read(folder["config.json"], ["win_probability={\"leaves\": 3}"]);
        Assert.Equal(
            Text(
                new()
                {
                    WinProbability = new() { Leaves = 3 },
                    Features = new() { Without = ["in", "out"] },
                }
            ),
            Text(config)
        );
    }

    [Theory]
    [InlineData("[1]", "config.json: Top-level JSON element must be an object.")]
    [InlineData("{ \n \"seed\": , }", "config.json, line 2: ")]
    [InlineData("{ \"seed\": 1, \"seed\": 2 }", "config.json: A duplicate key 'seed' was found.")]
    public void A_file_that_cannot_be_read_is_named(string text, string says)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], text);
        var e = Assert.Throws<InvalidDataException>(() => TrainingConfig.Read(folder["config.json"]));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }
}
