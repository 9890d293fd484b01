using Recommender.CoSell;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Registrations;

/// <summary>How long a registration may wait, protects and may be extended, and who decides a tie.</summary>
/// <param name="Rule">The rule that says so; null if it is what holds without one.</param>
/// <param name="Review">Within which it is to be decided.</param>
/// <param name="Protection">For how long it protects once it was approved.</param>
/// <param name="Extension">By how much it is extended.</param>
/// <param name="Extensions">How often.</param>
/// <param name="Adjudicator">Who decides where two claims have equal rights; null for anybody.</param>
/// <param name="AutoApprove">The rule by which it is approved at once if nothing speaks against it; null if a person approves.</param>
public sealed record RegistrationPolicy(
    string? Rule,
    TimeSpan Review,
    TimeSpan Protection,
    TimeSpan Extension,
    int Extensions,
    string? Adjudicator,
    string? AutoApprove
)
{
    const double ReviewHours = 48;
    const double ProtectionDays = 90;
    const double ExtensionDays = 30;

    /// <summary>What holds for a partner, by the rules that concern the decision.</summary>
    internal static RegistrationPolicy Of(IReadOnlyList<Rule>? concerned, PartnerState? partner)
    {
        Rule? First(string kind) =>
            partner?.Row is null ? null : concerned?.FirstOrDefault(rule => rule.Kind == kind && RuleSet.IsMeant(rule, partner));
        var window = First("registration_window");
        return new(
            window?.Id,
            TimeSpan.FromHours(window?.ReviewHours ?? ReviewHours),
            TimeSpan.FromDays(window?.ProtectionDays ?? ProtectionDays),
            TimeSpan.FromDays(window?.ExtensionDays ?? ExtensionDays),
            window?.Extensions ?? 1,
            window?.Adjudicator,
            First("auto_approve")?.Id
        );
    }
}
