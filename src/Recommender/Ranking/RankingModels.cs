using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Ranking;

/// <summary>The models that answer together, with what is made of them once. Whoever opened the packages closes them. Immutable; safe for use by several threads.</summary>
public sealed class RankingModels
{
    /// <summary>Models that answer together.</summary>
    /// <param name="fit">Partner fit; null to rank by the best simple baseline.</param>
    /// <param name="win">Win probability; null to leave probabilities unknown.</param>
    public RankingModels(ModelPackage? fit, ModelPackage? win)
    {
        (Fit, Win) = (fit, win);
        FitSettings = (fit ?? win)?.Manifest.FeatureSettings ?? WithoutModel;
        WinSettings = win?.Manifest.FeatureSettings ?? FitSettings;
        Folds = Same(FitSettings.Fold, WinSettings.Fold) ? [FitSettings.Fold] : [FitSettings.Fold, WinSettings.Fold];
        Scorer = fit?.Served.Scorer.ByColumns;
        foreach (var package in (ModelPackage?[])[fit, win])
        {
            if (package is not null)
                Versions[package.Manifest.Model] = package.Manifest.Version;
        }
        if (fit is null)
            return;
        Ideas = [.. fit.Manifest.Features.Select(column => column.Idea).Distinct()];
        Shap = new(fit.Trees, [.. fit.Manifest.Features.Select(column => Array.IndexOf(Ideas, column.Idea))]);
    }

    /// <summary>The fold settings that the models need, partner fit's first.</summary>
    public IReadOnlyList<FoldSettings> Folds { get; }

    /// <summary>Version by model.</summary>
    public SortedDictionary<string, string> Versions { get; } = new(StringComparer.Ordinal);

    internal ModelPackage? Fit { get; }

    internal ModelPackage? Win { get; }

    internal FeatureSettings FitSettings { get; }

    internal FeatureSettings WinSettings { get; }

    internal TreeShap? Shap { get; }

    internal TreeScorer? Scorer { get; }

    /// <summary>The ideas that reasons can be about: the groups of <see cref="Shap"/>.</summary>
    internal string[] Ideas { get; } = [];

    /// <summary>True if one featurizer can serve both models.</summary>
    internal bool ShareFeatures => Same(FitSettings, WinSettings);

    /// <summary>True if folds made for <paramref name="other"/> serve these models too.</summary>
    public bool FitInto(RankingModels other) => Same(Folds, other.Folds);

    static FeatureSettings WithoutModel =>
        new()
        {
            Fold = new()
            {
                MaturityDays = 0,
                Dimensions = [new("industry", Side.Account)],
                Measures = [],
                PartnerTraits = [],
                Files = [],
            },
            Matches = [],
            OneHots = [],
        };

    static bool Same<T>(T left, T right) => JsonSerializer.Serialize(left) == JsonSerializer.Serialize(right);

    /// <summary>Closes the packages.</summary>
    public void Close()
    {
        Fit?.Dispose();
        Win?.Dispose();
    }
}
