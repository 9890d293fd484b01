using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>What is trained and judged.</summary>
[Flags]
enum ModelParts
{
    PartnerFit = 1,
    WinProbability = 2,
    Both = PartnerFit | WinProbability,

    /// <summary>What partners add; it rests on both models.</summary>
    PartnerEffect = 4,
    All = Both | PartnerEffect,
}

/// <summary>Training examples with what they were made of; the replay stands at the end of the training window.</summary>
sealed record TrainingExamples(FeatureSettings Settings, Featurizer Featurizer, Replay Replay, ExampleBuilder Builder)
    : IDisposable
{
    public void Dispose() => Replay.Dispose();

    /// <summary>
    /// Replays the facts up to a moment, with the settings of a stored model or those that the history suggests; with what became of deals that are never
    /// closed (<see cref="Endings"/>), or with those alone that ended.
    /// </summary>
    public static TrainingExamples Build(
        FactSource facts,
        TrainingConfig config,
        DateTime asOf,
        ModelParts parts,
        Progress progress,
        FeatureSettings? settings = null,
        bool endedOnly = false
    )
    {
        settings ??= Leave(
            config.Features.Without,
            HistoryProfile.Of(
                facts.Before(asOf),
                facts.Files,
                asOf,
                config.MaturityQuantile,
                config.BaseCurrency,
                config.Features.Keep,
                config.Features.LeftOut
            )
        );
        foreach (var one in config.Features.LeftOut is null ? settings.LeftOut : [])
            progress.Say($"{one.Column} of {one.Of} is left out: {one.Why} (features.keep brings it back)");
        var featurizer = new Featurizer(settings, new HistoryState(settings.Fold));
        var builder = new ExampleBuilder(config, featurizer);
        var replay = new Replay(facts.All, featurizer.State);
        var (deals, endings) = endedOnly
            ? (Deal.KnownBefore(facts.Before(asOf), asOf), null)
            : Endings.Before(facts.Before(asOf), asOf, settings.Fold.MaturityDays);
        progress.Step(
            FormattableString.Invariant($"replay to {asOf:yyyy-MM-dd}"),
            told => builder.Build(replay, deals, endings, asOf, parts, told)
        );
        return new(settings, featurizer, replay, builder);
    }

    static FeatureSettings Leave(IReadOnlyList<string> without, FeatureSettings settings)
    {
        var all = new Featurizer(settings, new HistoryState(settings.Fold));
        var ideas = all.PartnerFit.Concat(all.WinProbability).Select(column => column.Idea).Distinct().ToList();
        var unknown = without.Where(name => !ideas.Exists(idea => idea == name || Ideas.FamilyOf(idea) == name)).ToList();
        return unknown.Count == 0
            ? settings with
            {
                Without = without,
            }
            : throw new InvalidDataException(
                $"features.without names {string.Join(", ", unknown)}; this history has the ideas {string.Join(", ", ideas)}."
            );
    }
}
