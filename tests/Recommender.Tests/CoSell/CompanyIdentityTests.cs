using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Ranking;

namespace Recommender.Tests.Nouns;

/// <summary>In a CRM partners are accounts, too: one company stands in both tables.</summary>
public class CompanyIdentityTests
{
    [Theory]
    [InlineData("acme.com", "https://www.Acme.com:443/en?x=1", true)]
    [InlineData("acme.com", "ACME.COM.", true)]
    [InlineData("acme.com", " info@acme.com ", true)]
    [InlineData("müller.de", "xn--mller-kva.de", true)]
    [InlineData("acme.com", "ａｃｍｅ.com", true)]
    [InlineData("acme.com", "acme\u200b.com", true)]
    [InlineData("acme.com", "acme.org", null)]
    [InlineData("acme.com", "notacme.com", null)]
    [InlineData("acme.com", "shop.acme.com", false)]
    [InlineData("acme.co.uk", "other.co.uk", null)]
    [InlineData("gmail.com", "gmail.com", null)]
    [InlineData("a.github.io", "b.github.io", null)]
    [InlineData("acme", "acme", null)]
    [InlineData("quibble.de;quibble.com", "quibble.com", true)]
    [InlineData("quibble.de, www.quibble.com", "https://quibble.com/|quibble.fr", true)]
    [InlineData("quibble.de quibble.com", "shop.quibble.com", false)]
    [InlineData("gmail.com|quibble.de", "gmail.com;quibble.fr", null)]
    public void Domains_are_the_same_as_people_see_them(string account, string partner, bool? isSure) =>
        Assert.Equal(isSure, Of(Account("a1", "One", account)).SameAs(Of(Partner("p1", "Two", partner)))?.IsSure);

    [Theory]
    [InlineData("a1", "Acme Ltd", "acme.com", "a1", "ACME Ltd.", null, true)]
    [InlineData("a1", "Acme Ltd", "acme.com", "a1", "Peer", "peer.com", null)]
    [InlineData("a1", "Acme Ltd", null, "p1", "Ácme  LTD", null, false)]
    [InlineData("a1", "Acme Ltd", "acme.com", "p1", "Acme Ltd", "mail.acme.com", true)]
    [InlineData("a1", "Acme Ltd", "acme.com", "p1", "Acme Ltd", "acme.de", false)]
    [InlineData("a1", null, null, "a1", null, null, null)]
    public void A_name_by_itself_is_not_sure(
        string accountId,
        string? account,
        string? domain,
        string partnerId,
        string? partner,
        string? partnersDomain,
        bool? isSure
    ) =>
        Assert.Equal(
            isSure,
            Of(Account(accountId, account, domain)).SameAs(Of(Partner(partnerId, partner, partnersDomain)))?.IsSure
        );

    [Theory]
    [InlineData("Acme", "Acme", "0015g-1", true)]
    [InlineData("Acme", null, "0015g-1", true)]
    [InlineData("Acme", "Peer", "0015g-1", true)]
    [InlineData("Acme", "Peer", " 0015G-1 ", true)]
    [InlineData("Acme", "Peer", "0015g-2", null)]
    [InlineData("Acme", "Peer", " ", null)]
    public void The_same_external_id_is_sure_whatever_the_names(string account, string? partner, string id, bool? isSure) =>
        Assert.Equal(
            isSure,
            Of(Account("a1", account, null) with { ExternalId = "0015g-1" })
                .SameAs(Of(Partner("p1", partner, null) with { ExternalId = id }))
                ?.IsSure
        );

    /// <summary>Whatever is put around a domain that people do not take for part of it.</summary>
    [Fact]
    public void A_domain_is_the_same_in_any_dress()
    {
        var label = Gen.String[Gen.Char["abcxyz019"], 1, 8];
        Gen.Select(label, label, Gen.Int[0, 6], Gen.Bool)
            .Sample(
                (name, top, dress, isUpper) =>
                {
                    var domain = $"{name}.x{top}";
                    string[] dressed =
                    [
                        domain,
                        "www." + domain,
                        "http://" + domain,
                        "https://www." + domain + "/",
                        domain + ".",
                        "sales@" + domain,
                        " " + domain + ":8080 ",
                    ];
                    var other = isUpper ? dressed[dress].ToUpperInvariant() : dressed[dress];
                    Assert.Equal(CompanyIdentity.HostOf(domain), CompanyIdentity.HostOf(other));
                    Assert.Equal(domain, CompanyIdentity.HostOf(other));
                }
            );
    }

    [Fact]
    public void A_company_is_not_ranked_for_selling_to_itself_and_a_namesake_is_cautioned()
    {
        var ranker = new PartnerRanker(fit: null, win: null);
        foreach (
            var (kind, key, noun) in (IEnumerable<(FactKind, string, object)>)
                [
                    (FactKind.Account, "a1", Account("a1", "Acme", "acme.com")),
                    (FactKind.Account, "a2", Account("a2", "Bolt", "bolt.com")),
                    (FactKind.Partner, "p1", Partner("p1", "Acme Services", "www.ACME.com")),
                    (FactKind.Partner, "p2", Partner("p2", "ACME", null)),
                    (FactKind.Partner, "p3", Partner("p3", "Peer", "peer.com")),
                ]
        )
            ranker.Apply(new(DateTime.MinValue, kind, key, noun));
        var answer = ranker.Rank(new("a1", Sample.AsOf))!;
        Assert.Equal(
            [new ExcludedPartner("p1", "same_company", "Is the customer itself: the same domain acme.com")],
            answer.Excluded
        );
        Assert.Equal(["p2", "p3"], answer.Partners.Select(partner => partner.PartnerId).Order());
        bool Warns(string id) =>
            answer
                .Partners.Single(partner => partner.PartnerId == id)
                .Cautions.Any(one => one.StartsWith("May be the customer", StringComparison.Ordinal));
        Assert.True(Warns("p2"));
        Assert.False(Warns("p3"));
        Assert.Equal(3, ranker.Rank(new("a2", Sample.AsOf))!.Candidates);
        // A correction of the row is heard.
        ranker.Apply(
            new(Sample.Day(2024, 1, 1), FactKind.Partner, "p1", Partner("p1", "Acme Services", "acme-services.com"))
            {
                Replaced = Partner("p1", "Acme Services", "www.ACME.com"),
            }
        );
        Assert.Equal(3, ranker.Rank(new("a1", Sample.AsOf))!.Candidates);
    }

    [Fact]
    public void One_company_under_two_ids_on_a_list_is_told_and_two_that_share_a_name_are_not()
    {
        var ranker = new PartnerRanker(fit: null, win: null);
        ranker.Apply(new(DateTime.MinValue, FactKind.Account, "a1", Account("a1", "Acme", "acme.com")));
        foreach (
            var row in (Partner[])
                [
                    Partner("p1", "Bolt", "bolt.com"),
                    Partner("p2", "Bolt Inc", "https://www.BOLT.com/de"),
                    Partner("p3", "Bolt", null),
                    Partner("p4", "Peer", "gmail.com"),
                    Partner("p5", "Pear", "gmail.com"),
                ]
        )
            ranker.Apply(new(DateTime.MinValue, FactKind.Partner, row.Id.Value, row));
        var twins = ranker
            .Rank(new("a1", Sample.AsOf))!
            .Partners.SelectMany(partner => partner.Cautions.Select(caution => (partner.PartnerId, caution)))
            .Where(one => one.caution.StartsWith("Seems to be", StringComparison.Ordinal))
            .Order();
        Assert.Equal(
            [
                ("p1", "Seems to be the same company as p2: the same domain bolt.com"),
                ("p2", "Seems to be the same company as p1: the same domain bolt.com"),
            ],
            twins
        );
    }

    static CompanyIdentity Of(Account row) => CompanyIdentity.Of(row);

    static CompanyIdentity Of(Partner row) => CompanyIdentity.Of(row);

    static Account Account(string id, string? name, string? domain) =>
        new(id, name, null, null, null, null, null, null, Attributes.None) { Domain = domain };

    static Partner Partner(string id, string? name, string? domain) =>
        new(id, name, null, null, null, null, null, null, Attributes.None) { Domain = domain };
}
