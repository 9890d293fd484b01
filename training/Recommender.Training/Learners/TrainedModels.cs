namespace Recommender.Training;

/// <summary>Models trained at a moment on what was known then, with what they were made of.</summary>
sealed record TrainedModels(TrainingExamples Examples, Learned? PartnerFit, Learned? WinProbability, LearnedEffect? Effect)
    : IDisposable
{
    public void Dispose() => Examples.Dispose();

    public static TrainedModels Train(FactSource facts, TrainingConfig config, DateTime asOf, ModelParts parts, Progress progress)
    {
        var examples = TrainingExamples.Build(facts, config, asOf, parts, progress);
        var trainer = new TreeTrainer(config.Seed, config.Threads);
        Learned? fit = null,
            win = null;
        if (parts.HasFlag(ModelParts.PartnerFit))
        {
            var of = examples.Builder.PartnerFit;
            fit = Learn("partner-fit", of, () => Learning.PartnerFit(trainer, of, config), progress);
        }
        if (parts.HasFlag(ModelParts.WinProbability))
        {
            var of = examples.Builder.WinProbability;
            win = Learn(
                "win-probability",
                of,
                () => Learning.WinProbability(trainer, of, config, examples.Settings.Fold.MaturityDays),
                progress
            );
        }
        LearnedEffect? effect = null;
        if (parts.HasFlag(ModelParts.PartnerEffect) && fit is not null && win is not null)
            progress.Step(
                "train what partners add",
                _ => effect = EffectLearning.Learn(trainer, examples.Builder, examples.Featurizer.PartnerFit, fit, config)
            );
        return new(examples, fit, win, effect);
    }

    /// <summary>One model; null, and a line on standard error, if the history has too little for it.</summary>
    static Learned? Learn(string model, ExampleSet examples, Func<Learned> learn, Progress progress)
    {
        Learned? learned = null;
        try
        {
            progress.Step($"train {model} on {examples.Count} examples", _ => learned = learn());
            progress.Say($"{model}: {TrainingConfig.Name(learned!.Chosen.Learner)}, {learned.Trees.Trees.Count} trees");
        }
        catch (InvalidDataException e)
        {
            Console.Error.WriteLine($"{model} is left out: {e.Message}");
        }
        return learned;
    }
}
