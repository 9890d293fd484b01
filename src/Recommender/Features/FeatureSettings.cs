using Recommender.Fold;

namespace Recommender.Features;

/// <summary>A column of partners whose words also occur in a dimension, such as industries and industry.</summary>
public sealed record Match(string Trait, string Dimension);

/// <summary>The values of a category that have a column of their own, fitted on the training window.</summary>
/// <param name="Name">The dimension or trait.</param>
/// <param name="OfPartner">True for a trait of partners, false for a dimension.</param>
/// <param name="Values">In lower case, in ordinal order.</param>
public sealed record OneHot(string Name, bool OfPartner, IReadOnlyList<string> Values);

/// <summary>Everything that features depend on besides history and decision. Stored with the model.</summary>
public sealed record FeatureSettings
{
    /// <summary>What the fold keeps count of.</summary>
    public required FoldSettings Fold { get; init; }

    /// <summary>Columns of partners to compare with dimensions.</summary>
    public required IReadOnlyList<Match> Matches { get; init; }

    /// <summary>Fitted encoders.</summary>
    public required IReadOnlyList<OneHot> OneHots { get; init; }

    /// <summary>Ideas, or families of ideas such as "in", whose features are left out.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Columns that make no features, because their values were written after the moment they are seen from.</summary>
    public IReadOnlyList<LeftOut> LeftOut { get; init; } = [];

    /// <summary>Columns that look like it and make features, because somebody said that they were known in time.</summary>
    public IReadOnlyList<LeftOut> Kept { get; init; } = [];

    internal bool Has(string idea) => !Without.Contains(idea) && !Without.Contains(Ideas.FamilyOf(idea));
}
