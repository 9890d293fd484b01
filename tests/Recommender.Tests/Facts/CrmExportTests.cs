using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Tests.History;

/// <summary>Exports of CRMs, read by the maps in docs/maps, say what the history says of which they were made.</summary>
public sealed class CrmExportTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("salesforce")]
    [InlineData("hubspot")]
    [InlineData("dynamics")]
    public void An_export_says_what_the_history_says(string crm)
    {
        CrmExports.Write(crm, _folder.Path);
        var history = new HistoryFolder(_folder.Path, ImportMap.Read(Path.Combine(Sample.Root, "docs", "maps", crm + ".json")));
        var rejected = new List<RejectedRow>();
        var (facts, _) = history.ReadFacts(rejected.Add);
        Assert.Empty(rejected);
        Assert.Equal(Deals(Sample.FactList), Deals(facts));
        Assert.Equal(Accounts(Sample.FactList), Accounts(facts));
        Assert.Equal(Partners(Sample.FactList), Partners(facts));
        // HubSpot and Dynamics name one partner a deal.
        var expected = Engagements(Sample.FactList);
        if (crm != "salesforce")
            expected = [.. expected.DistinctBy(one => one.OpportunityId).OrderBy(one => one.OpportunityId)];
        Assert.Equal(expected, Engagements(facts));
        // What is edited while a deal lives is not even an attribute.
        Assert.All(
            facts.Select(fact => fact.Noun).OfType<Opportunity>(),
            deal => Assert.DoesNotContain(deal.Attributes.Names, name => name.Contains("odified", StringComparison.Ordinal))
        );
        Assert.Contains(history.Readings, reading => reading.Table == "opportunities" && reading.Rows == 5000);
    }

    static List<object> Deals(IEnumerable<DatedFact> facts) =>
        [
            .. facts
                .Where(fact => fact.Kind == FactKind.OpportunityCreated)
                .Select(fact => (Opportunity)fact.Noun)
                .OrderBy(deal => deal.Id)
                .Select(deal =>
                    (object)
                        (
                            deal.Id,
                            deal.AccountId,
                            deal.Product,
                            deal.Amount,
                            deal.Currency,
                            deal.CreatedAt,
                            deal.ClosedAt,
                            deal.Outcome,
                            deal.Owner
                        )
                ),
        ];

    static List<object> Accounts(IEnumerable<DatedFact> facts) =>
        [
            .. facts
                .Select(fact => fact.Noun)
                .OfType<Account>()
                .OrderBy(account => account.Id)
                .Select(account =>
                    (object)
                        (
                            account.Id,
                            account.Industry,
                            account.Country,
                            account.Region,
                            account.EmployeeCount,
                            account.AnnualRevenue,
                            account.CreatedAt
                        )
                ),
        ];

    static List<object> Partners(IEnumerable<DatedFact> facts) =>
        [
            .. facts
                .Select(fact => fact.Noun)
                .OfType<Partner>()
                .OrderBy(partner => partner.Id)
                .Select(partner =>
                    (object)
                        (
                            partner.Id,
                            partner.PartnerType,
                            partner.Tier,
                            partner.Industries,
                            partner.Regions,
                            partner.Competencies,
                            partner.JoinedAt
                        )
                ),
        ];

    static List<(OpportunityId OpportunityId, PartnerId, DateTime)> Engagements(IEnumerable<DatedFact> facts) =>
        [
            .. facts
                .Select(fact => fact.Noun)
                .OfType<Engagement>()
                .OrderBy(engagement => engagement.OpportunityId)
                .ThenBy(engagement => engagement.Id, StringComparer.Ordinal)
                .Select(engagement => (engagement.OpportunityId, engagement.PartnerId, engagement.StartedAt)),
        ];
}
