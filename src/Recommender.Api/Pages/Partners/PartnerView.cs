using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Pages.Partners;

/// <summary>All that stands on a partner's page.</summary>
public sealed record PartnerView(
    string Id,
    Partner? Row,
    int Engagements,
    int Won,
    int Lost,
    long Given,
    long Received,
    IReadOnlyList<PartnerRecord> Industries,
    int OpenDeals,
    IReadOnlyList<PartnerDeal> Deals,
    IReadOnlySet<string> AtWork,
    IReadOnlyList<RecommendedOpportunity> WouldHelp,
    IReadOnlyList<string> MissingFiles
)
{
    /// <summary>The partner; null if there is none.</summary>
    internal static PartnerView? Of(LiveRecommender live, string id)
    {
        if (live.Read((state, _) => state.RecordOf(id)) is not { } record)
            return null;
        var book = new FactBook(live.Store);
        var (given, received) = book.AssistsOf(id);
        var deals = book.DealsOf(id, 500);
        var (open, atWork) = live.Read(
            (state, asOf) =>
                (
                    state.OpenDealsOf(id, asOf),
                    deals.Select(deal => deal.OpportunityId).Where(deal => state.WorksOn(id, deal, asOf)).ToHashSet()
                )
        );
        return new(
            id,
            record.Row,
            record.Engagements,
            record.Won,
            record.Lost,
            given,
            received,
            record.Industries,
            open,
            deals,
            atWork,
            OpportunityRecommendationsApi.Rank(live, id, null, 0, 10).Items,
            OptionalFiles.Missing(live)
        );
    }
}
