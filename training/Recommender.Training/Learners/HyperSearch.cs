using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>One draw of hyper-parameters and what it came to on the validation window.</summary>
sealed record SearchTrial(int Number, TreesConfig Settings, Trial Best);

/// <summary>
/// Random search (Bergstra and Bengio, 2012), seeded. Looks only at what was known at the start of the window that the gate tests on, so
/// that the gate judges settings that were not chosen on it. The first trial is the configuration as it is.
/// </summary>
static class HyperSearch
{
    public static (TrainingConfig Best, IReadOnlyList<SearchTrial> Fit, IReadOnlyList<SearchTrial> Win) Run(
        FactSource facts,
        TrainingConfig config,
        DateTime asOf,
        int trials,
        Progress progress
    )
    {
        var trainer = new TreeTrainer(config.Seed, config.Threads);
        using var examples = TrainingExamples.Build(facts, config, asOf, ModelParts.Both, progress);
        var random = new Random(config.Seed);
        List<SearchTrial> fit = [],
            win = [];
        progress.Step(
            FormattableString.Invariant($"search {trials} settings"),
            told =>
            {
                for (var t = 0; t < trials; t++)
                {
                    var drawn = t == 0 ? config : Draw(config, random);
                    fit.Add(
                        new(
                            t + 1,
                            drawn.PartnerFit,
                            Learning
                                .TryPartnerFit(trainer, examples.Builder.PartnerFit, drawn)
                                .Trials.Select(trial => trial.Trial)
                                .MaxBy(trial => trial.Metric)!
                        )
                    );
                    told((t + 0.7) / trials);
                    win.Add(
                        new(
                            t + 1,
                            drawn.WinProbability,
                            Learning
                                .TryWinProbability(
                                    trainer,
                                    examples.Builder.WinProbability,
                                    drawn,
                                    examples.Settings.Fold.MaturityDays
                                )
                                .Best.Trial
                        )
                    );
                    told((t + 1.0) / trials);
                }
            }
        );
        return (
            config with
            {
                PartnerFit = (PartnerFitConfig)fit.MaxBy(trial => trial.Best.Metric)!.Settings,
                WinProbability = (WinProbabilityConfig)win.MinBy(trial => trial.Best.Metric)!.Settings,
            },
            fit,
            win
        );
    }

    static TrainingConfig Draw(TrainingConfig config, Random random)
    {
        double Logarithmic(double low, double high) =>
            Math.Round(low * Elementary.Exp(random.NextDouble() * Elementary.Log(high / low)), 4);
        int Whole(double low, double high) => (int)Math.Round(Logarithmic(low, high));
        return config with
        {
            PartnerFit = config.PartnerFit with
            {
                Leaves = Whole(6, 64),
                MinExamplesPerLeaf = Whole(10, 200),
                LearningRate = Logarithmic(0.03, 0.2),
                FeatureFraction = Logarithmic(0.2, 1),
            },
            WinProbability = config.WinProbability with
            {
                Leaves = Whole(3, 24),
                MinExamplesPerLeaf = Whole(20, 300),
                LearningRate = Logarithmic(0.02, 0.15),
                FeatureFraction = Logarithmic(0.2, 1),
            },
        };
    }
}
