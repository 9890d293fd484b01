using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>What a judged deal was, for slices of the figures.</summary>
sealed record JudgedDeal(
    DateTime At,
    AccountId Account,
    string? Industry,
    string? Region,
    string? PartnerType,
    double? Amount,
    bool ColdAccount,
    bool ColdPartner
)
{
    /// <summary>What is known of a deal when it is judged.</summary>
    /// <param name="deal">The deal.</param>
    /// <param name="at">When it is judged.</param>
    /// <param name="partners">Numbers of the partners who engaged.</param>
    /// <param name="state">The history up to then.</param>
    /// <param name="from">The first day of the test window: what was first seen since is cold.</param>
    public static JudgedDeal Of(Deal deal, DateTime at, IEnumerable<int> partners, HistoryState state, DateTime from)
    {
        var account = state.FindAccount(deal.Row.AccountId);
        var known = partners.ToList();
        return new(
            at,
            deal.RowIn(state).AccountId,
            account?.Industry,
            account?.Region ?? account?.Country,
            known.Select(partner => state.FindPartner(partner)?.PartnerType).FirstOrDefault(type => type is not null),
            deal.Row.Amount,
            !(state.FirstDealOf(deal.Row.AccountId) < from),
            known.Exists(partner => !(state.FirstEngagementOf(partner) < from))
        );
    }
}

/// <summary>Parts of the judged deals, each with the positions in the list.</summary>
static class Slices
{
    /// <summary>Smaller parts say too little.</summary>
    const int Least = 30;
    const int Most = 8;

    public static IEnumerable<(string Slice, string Value, List<int> Deals)> Of(IReadOnlyList<JudgedDeal> deals)
    {
        var amounts = deals.Where(deal => deal.Amount is not null).Select(deal => deal.Amount!.Value).Order().ToList();
        string Size(JudgedDeal deal) =>
            deal.Amount is not { } amount ? "unknown"
            : amount <= amounts[(amounts.Count - 1) / 3] ? "small third"
            : amount <= amounts[(amounts.Count - 1) * 2 / 3] ? "middle third"
            : "large third";
        (string Name, Func<JudgedDeal, string> Of)[] slices =
        [
            (
                "cold_start",
                deal =>
                    deal.ColdAccount ? "new account"
                    : deal.ColdPartner ? "new partner"
                    : "both known"
            ),
            ("deal_size", Size),
            ("industry", deal => deal.Industry ?? "unknown"),
            ("region", deal => deal.Region ?? "unknown"),
            ("partner_type", deal => deal.PartnerType ?? "unknown"),
        ];
        foreach (var (name, of) in slices)
        {
            var parts = Enumerable
                .Range(0, deals.Count)
                .GroupBy(i => of(deals[i]))
                .Where(part => part.Count() >= Least || name == "cold_start")
                .OrderByDescending(part => part.Count())
                .ThenBy(part => part.Key, StringComparer.Ordinal)
                .Take(Most);
            foreach (var part in parts)
                yield return (name, part.Key, [.. part]);
        }
    }
}
