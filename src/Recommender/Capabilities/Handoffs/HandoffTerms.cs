using Recommender.CoSell;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Handoffs;

/// <summary>What a handoff needs before it may be sent, and how fast its steps are to follow each other.</summary>
/// <param name="Needs">Fields of the packet that have to say something.</param>
/// <param name="Accept">Within which it is to be answered.</param>
/// <param name="Introduce">Within which, once it was accepted, buyer and receiver are to be introduced.</param>
/// <param name="Meet">Within which, once they were introduced, they are to meet.</param>
/// <param name="Rules">The rules that say so.</param>
public sealed record HandoffTerms(
    IReadOnlyList<string> Needs,
    TimeSpan Accept,
    TimeSpan Introduce,
    TimeSpan Meet,
    IReadOnlyList<string> Rules
)
{
    const double AcceptHours = 48;
    const double IntroduceHours = 120;
    const double MeetHours = 336;

    /// <summary>What holds for a handoff: all that rules of kind handoff which fit need, and of each time the first that says one.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="handoff">The handoff.</param>
    /// <param name="now">Now, UTC.</param>
    public static HandoffTerms Of(HistoryState state, RuleSet rules, Handoff handoff, DateTime now)
    {
        var deal = handoff.OpportunityId is { } id ? state.FindOpportunity(id) : null;
        var amount = deal is not null
            ? state.WorthOf(deal, state.Settings.BaseCurrency)
            : state.Rates.Convert(handoff.Amount, handoff.Currency, state.Settings.BaseCurrency, now);
        var account = state.FindAccountState(handoff.AccountId);
        var partner = state.IndexOfPartner(handoff.PartnerId) is >= 0 and var at ? state.PartnerStates[at] : null;
        var meant =
            account is not { Row: { } row } || partner is not { Row: not null }
                ? []
                : (rules.About(row, account.Merged, deal?.Product ?? handoff.Product, now) ?? [])
                    .Where(rule => rule.Kind == "handoff" && !(rule.MinAmount > (amount ?? 0)) && RuleSet.IsMeant(rule, partner))
                    .ToList();
        TimeSpan Hours(Func<Rule, double?> of, double otherwise) =>
            TimeSpan.FromHours(meant.Select(of).FirstOrDefault(hours => hours is not null) ?? otherwise);
        return new(
            [
                .. HandoffPacket
                    .Fields.Select(field => field.Name)
                    .Where(name => meant.Any(rule => rule.Needs?.Contains(name) == true)),
            ],
            Hours(rule => rule.AcceptHours, AcceptHours),
            Hours(rule => rule.IntroduceHours, IntroduceHours),
            Hours(rule => rule.MeetHours, MeetHours),
            [.. meant.Select(rule => rule.Id)]
        );
    }
}
