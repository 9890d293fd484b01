using Recommender.Models;

namespace Recommender.Training;

/// <summary>An effect with how it stands in the deals that it was learned from.</summary>
/// <param name="Effect">The effect.</param>
/// <param name="Mean">Mean log odds that those add who were brought in.</param>
/// <param name="Error">Its standard error.</param>
/// <param name="Shade">Log odds by which all of it was lowered for what is not measured.</param>
/// <param name="Spread">How far partners differ beyond chance, in standard deviations.</param>
/// <param name="Parts">The mean by role and by year.</param>
sealed record FittedEffect(
    PartnerEffect Effect,
    double Mean,
    double Error,
    double Shade,
    double Spread,
    IReadOnlyList<EffectOfPart> Parts
);

/// <summary>The mean effect of a part of those who were brought in, log odds.</summary>
readonly record struct EffectOfPart(string Part, int Deals, double Mean, double Error);
