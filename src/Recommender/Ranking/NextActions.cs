using Recommender.Features;

namespace Recommender.Ranking;

/// <summary>Says what to do about a partner first.</summary>
static class NextActions
{
    public static NextAction For(PairView pair, string? holder)
    {
        var name = pair.Partner.Row?.Name ?? pair.Partner.Id.Value;
        if (holder is not null)
            return new("resolve_registration", $"Settle the registration of {holder} before you bring {name} in");
        if (pair.LiveRegistration is not null)
            return new("join_registration", $"Call {name}: it has registered a deal on this account");
        if (pair.LiveOverlap is { } overlap)
            return new(
                "request_introduction",
                overlap.ContactLevel is { } level
                    ? $"Ask {name} for an introduction at {level.Replace('_', ' ')} level"
                    : $"Ask {name} for an introduction"
            );
        if (pair.Pair.Engagements > 0)
            return new(
                "reconnect",
                FormattableString.Invariant(
                    $"Call {name}: you worked on this account together on {pair.Pair.LastEngagementAt:yyyy-MM-dd}"
                )
            );
        return pair.Partner.Counts.Engagements == 0
            ? new("qualify", $"Have a first call with {name} before you share the deal: it is unproven")
            : new("propose", $"Propose the deal to {name}");
    }
}
