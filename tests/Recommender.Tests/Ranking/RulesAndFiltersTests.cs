using System.Text;
using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Tests.Scoring;

public sealed class RulesAndFiltersTests : IDisposable
{
    readonly ModelPackage _fit = new ModelRegistry(Sample.Models).OpenLive(ModelPackage.PartnerFit)!;
    readonly PartnerRanker _ranker;
    readonly List<Partner> _partners;

    public RulesAndFiltersTests()
    {
        _ranker = new(_fit, null);
        foreach (var fact in Sample.FactList.TakeWhile(fact => fact.SeenAt < Sample.AsOf))
            _ranker.Apply(fact);
        _partners =
        [
            .. Enumerable
                .Range(0, _ranker.State.PartnerCount)
                .Select(i => _ranker.State.FindPartner(_ranker.State.PartnerId(i))!),
        ];
    }

    public void Dispose() => _fit.Dispose();

    [Fact]
    public void No_filter_is_ever_broken_and_none_hides_a_partner_that_passes()
    {
        Gen<List<string>?> Some(Func<Partner, string?> column)
        {
            string[] values =
            [
                .. _partners.SelectMany(partner => column(partner)?.Split('|') ?? []).Distinct().Order(StringComparer.Ordinal),
                "nothing",
            ];
            return Gen.Frequency(
                (2, Gen.Const((List<string>?)null)),
                (1, AnyOf(values).List[0, 3].Select(list => (List<string>?)list))
            );
        }
        var ids = Gen.Frequency(
            (3, Gen.Const((List<string>?)null)),
            (1, AnyOf<string>([.. _partners.Select(partner => partner.Id.Value)]).List[0, 20].Select(list => (List<string>?)list))
        );
        var filters = Gen.Select(
            Gen.Select(Some(p => p.PartnerType), Some(p => p.Tier), Some(p => p.Regions)),
            Gen.Select(Some(p => p.Industries), Some(p => p.Competencies)),
            Gen.Select(ids, ids, AnyOf<string?>([null, "new", "known"])),
            (a, b, c) =>
                new PartnerFilter
                {
                    PartnerTypes = a.Item1,
                    Tiers = a.Item2,
                    Regions = a.Item3,
                    Industries = b.Item1,
                    Competencies = b.Item2,
                    Include = c.Item1,
                    Exclude = c.Item2,
                    Known = c.Item3,
                }
        );
        Gen.Select(filters, Gen.Int[1, 400], Gen.Int[1, 70])
            .Sample(
                (filter, account, limit) =>
                {
                    var id = $"A{account:000000}";
                    var everybody = _ranker.Rank(new(id, Sample.AsOf) { Limit = 100, Explain = false })!;
                    var answer = _ranker.Rank(
                        new(id, Sample.AsOf)
                        {
                            Filters = filter,
                            Limit = limit,
                            Explain = false,
                        }
                    )!;
                    var wanted = everybody
                        .Partners.Where(partner => Passes(filter, _ranker.State.FindPartner(partner.PartnerId)!, id))
                        .Select(partner => partner.PartnerId)
                        .ToList();
                    Assert.Equal(wanted.Take(limit), answer.Partners.Select(partner => partner.PartnerId));
                },
                iter: 1500,
                threads: 1
            );
    }

    static Gen<T> AnyOf<T>(T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    /// <summary>The filters, told once more and otherwise.</summary>
    static bool Passes(PartnerFilter filter, Partner partner, AccountId account)
    {
        static bool Any(IEnumerable<string>? wanted, string? column) =>
            wanted is null
            || !wanted.Any()
            || (column ?? "").Split('|').Intersect(wanted, StringComparer.OrdinalIgnoreCase).Any();
        var together = _together.Value.Contains((partner.Id, account));
        return Any(filter.PartnerTypes, partner.PartnerType)
            && Any(filter.Tiers, partner.Tier)
            && Any(filter.Regions, partner.Regions)
            && Any(filter.Industries, partner.Industries)
            && Any(filter.Competencies, partner.Competencies)
            && (filter.Include is not { Count: > 0 } include || include.Contains(partner.Id.Value))
            && filter.Exclude?.Contains(partner.Id.Value) != true
            && (filter.Known is null || together == (filter.Known == "known"));
    }

    static readonly Lazy<HashSet<(PartnerId, AccountId)>> _together = new(() =>
    {
        var nouns = Sample.FactList.TakeWhile(fact => fact.SeenAt < Sample.AsOf).Select(fact => fact.Noun).ToList();
        var accounts = nouns
            .OfType<Opportunity>()
            .DistinctBy(deal => deal.Id)
            .ToDictionary(deal => deal.Id, deal => deal.AccountId);
        return [.. nouns.OfType<Engagement>().Select(row => (row.PartnerId, accounts[row.OpportunityId]))];
    });

    [Theory]
    [InlineData("""{"id":"R","kind":"house_account","accounts":{"account_id":["A000007"]}}""", "house account")]
    [InlineData(
        """{"id":"R","kind":"partner_only","accounts":{"industry":["banking"]},"partners":{"partner_id":["P00001"]}}""",
        "kept for other partners"
    )]
    [InlineData("""{"id":"R","kind":"do_not_share","partners":{"partner_type":["isv"]}}""", "Not to be shared")]
    [InlineData(
        """{"id":"S","kind":"account_class","class":"partner","accounts":{"account_id":["A000008"]}},{"id":"R","kind":"account_class","class":"direct","accounts":{"account_id":["A000007","A000008"]}}""",
        "Sold directly"
    )]
    [InlineData("""{"id":"R","kind":"territory"}""", "outside its territory")]
    [InlineData("""{"id":"R","kind":"certification"}""", "Holds no live certification in Security")]
    [InlineData("""{"id":"R","kind":"capacity","limit":2}""", "open deals; 2 are its limit")]
    [InlineData("""{"id":"R","kind":"registration"}""", "holds a live registration")]
    public void Each_kind_of_rule_excludes_with_its_id_and_why(string rule, string why)
    {
        var rules = Read(rule);
        var excluded = new List<ExcludedPartner>();
        for (var account = 1; account <= 400 && !(account > 60 && excluded.Count > 0); account++)
        {
            var id = $"A{account:000000}";
            var before = Ask(id, RuleSet.None);
            var after = Ask(id, rules);
            excluded.AddRange(after.Excluded);
            // Who is left comes in the same order, and everybody is either ranked or excluded.
            Assert.Equal(
                before.Partners.Select(partner => partner.PartnerId).Except(after.Excluded.Select(left => left.PartnerId)),
                after.Partners.Select(partner => partner.PartnerId)
            );
            Assert.Equal(before.Candidates, after.Candidates + after.ExcludedCount);
        }
        Assert.NotEmpty(excluded);
        Assert.All(excluded, left => Assert.Equal("R", left.Rule));
        Assert.Contains(excluded, left => left.Detail.Contains(why, StringComparison.Ordinal));
    }

    [Fact]
    public void A_rule_holds_from_its_first_day_until_before_its_last_and_only_for_its_products()
    {
        const string Rule =
            """{"id":"R","kind":"house_account","accounts":{"account_id":["A000007"]},"from":"2026-07-01","to":"2026-08-01","products":["Security"]}""";
        int Left(DateTime asOf, string product) =>
            _ranker.Rank(new("A000007", asOf) { Product = product, Limit = 1 }, Read(Rule))!.ExcludedCount;
        Assert.Equal(0, Left(Sample.Day(2026, 6, 30), "Security"));
        Assert.NotEqual(0, Left(Sample.Day(2026, 7, 1), "Security"));
        Assert.Equal(0, Left(Sample.Day(2026, 7, 2), "Analytics"));
        Assert.Equal(0, Left(Sample.Day(2026, 8, 1), "Security"));
    }

    [Theory]
    [InlineData("{\"rules\":[\n{\"id\":\"a\",\"kind\":\"registration\"},\n{\"id\":\"b\",\"kind\":\"territry\"}]}", 3, "territry")]
    [InlineData(
        "{\"rules\":[\n{\"id\":\"a\",\"kind\":\"registration\"},\n{\"id\":\"a\",\"kind\":\"territory\"}]}",
        3,
        "stands twice"
    )]
    [InlineData("{\"rules\":[{\"id\":\"a\",\"kind\":\"capacity\"}]}", 1, "limit")]
    [InlineData("{\"rules\":[\n\n{\"id\":\"a\",\"kind\":\"territory\",\"colour\":1}]}", 3, "unknown")]
    [InlineData("{\"rules\":[\n{\"id\":\"a\",\n\"kind\":\"territory\",\"from\":\"soon\"}]}", 3, "not as expected")]
    [InlineData("{\"rules\":[\n{\"id\":\"a\",\"kind\":\"territory\"},\n}", 3, "")]
    [InlineData("[]", 1, "object")]
    [InlineData("", 1, "")]
    public void A_rule_with_an_error_is_refused_with_its_line(string text, int line, string says)
    {
        Assert.Null(RuleSet.Read(Encoding.UTF8.GetBytes(text), 1, out var faults));
        Assert.Equal(line, faults[0].Line);
        Assert.Contains(says, faults[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("accounts", "Segment", "Strategic", true)]
    [InlineData("accounts", "segment", "strategic", true)]
    [InlineData("accounts", " SEG-ment ", "strategic ", true)]
    [InlineData("accounts", "Industry", "Banking", true)]
    [InlineData("accounts", "name", "ru", true)]
    [InlineData("accounts", "Domain", "ru.example", true)]
    [InlineData("accounts", "external id", "X-1", true)]
    [InlineData("accounts", "Account ID", "a1", true)]
    [InlineData("accounts", "segment", "other", false)]
    [InlineData("partners", "name", "PEER", true)]
    [InlineData("partners", "Partner Type", "isv", true)]
    [InlineData("partners", "practice_area", "data", true)]
    [InlineData("partners", "name", "Bolt", false)]
    public void A_rule_names_a_column_as_people_write_it(string side, string column, string value, bool holds)
    {
        var ranker = Small();
        var rules = Read(Condition(side, column, value));
        Assert.Equal(holds ? 1 : 0, ranker.Rank(new("a1", Sample.AsOf), rules)!.ExcludedCount);
        Assert.Empty(RuleColumns.Unknown(rules, ranker.State));
    }

    [Theory]
    [InlineData("accounts", "nosuch", "'account_id', 'name', 'industry'")]
    [InlineData("accounts", "segmnt", "expected 'Segment'")]
    [InlineData("accounts", "employee_count", "'industry'")]
    [InlineData("accounts", "Practice Area", "'Segment'")]
    [InlineData("partners", "partner_typ", "expected 'partner_type'")]
    [InlineData("partners", "a/b~c", "'Practice Area'")]
    public void A_rule_on_a_column_that_nothing_has_is_told_with_names_that_are_near(string side, string column, string near)
    {
        var unknown = Assert.Single(RuleColumns.Unknown(Read(Condition(side, column, "x")), Small().State));
        Assert.Equal($"/rules/0/{side}/{column.Replace("~", "~0").Replace("/", "~1")}", unknown.Where);
        Assert.Contains($"'{column}'", unknown.Message, StringComparison.Ordinal);
        Assert.Contains(near, unknown.Message, StringComparison.Ordinal);
    }

    /// <summary>The partner is ranked for that deal again, so it has room for another.</summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(-11, false)]
    public void Work_that_has_ended_fills_no_capacity(int? endsAfterDays, bool fills)
    {
        var ranker = Small();
        var endsAt = endsAfterDays is { } days ? Sample.AsOf.AddDays(days) : (DateTime?)null;
        foreach (
            var row in (HistoryRow[])
                [
                    FactTables.Accounts.Row(("account_id", "a2")),
                    FactTables.Opportunities.Row(
                        ("opportunity_id", "o1"),
                        ("account_id", "a1"),
                        ("created_at", Sample.Day(2026, 5, 1))
                    ),
                    FactTables.Engagements.Row(
                        ("engagement_id", "e1"),
                        ("opportunity_id", "o1"),
                        ("partner_id", "p1"),
                        ("started_at", Sample.Day(2026, 6, 1)),
                        ("ended_at", endsAt)
                    ),
                ]
        )
        {
            foreach (var fact in row.Facts())
                ranker.Apply(fact);
        }
        var rules = Read("""{"id":"R","kind":"capacity","limit":1}""");
        Assert.Equal(fills ? 1 : 0, ranker.Rank(new("a2", Sample.AsOf), rules)!.ExcludedCount);
        Assert.Equal(fills ? 1 : 0, ranker.Rank(new("a1", Sample.AsOf) { OpportunityId = "o1" })!.ExcludedCount);
        Assert.Equal(fills ? 1 : 0, ranker.State.OpenDealsOf("p1", Sample.AsOf));
        Assert.Equal(fills, ranker.State.WorksOn("p1", "o1", Sample.AsOf));
    }

    [Theory]
    [InlineData("accounts", "account_id", "old")]
    [InlineData("accounts", "Name", "OLD name")]
    [InlineData("accounts", "domain", "old.example")]
    [InlineData("accounts", "external_id", "X-0")]
    [InlineData("partners", "partner_id", "old")]
    [InlineData("partners", "partner id", "older")]
    [InlineData("partners", "name", "old name")]
    public void A_rule_that_names_what_was_merged_protects_what_it_was_merged_into(string side, string column, string value)
    {
        var ranker = Small();
        Recommendation Ask() => ranker.Rank(new("a1", Sample.AsOf), Read(Condition(side, column, value)))!;
        Assert.Equal(0, Ask().ExcludedCount);
        var into = side == "accounts" ? "a1" : "p1";
        ranker.Apply(Merged(side, "old", into));
        ranker.Apply(Merged(side, "older", "old"));
        Assert.Equal(1, Ask().ExcludedCount);
    }

    [Fact]
    public void A_filter_that_names_a_merged_partner_means_what_it_was_merged_into()
    {
        var ranker = Small();
        ranker.Apply(Merged("partners", "old", "p1"));
        int Left(PartnerFilter filter) => ranker.Rank(new("a1", Sample.AsOf) { Filters = filter })!.Partners.Count;
        Assert.Equal(1, Left(new() { Include = ["old"] }));
        Assert.Equal(0, Left(new() { Exclude = ["old"] }));
        Assert.Equal(0, Left(new() { Include = ["another"] }));
        Assert.Equal(1, Left(new() { Exclude = ["another"] }));
    }

    static DatedFact Merged(string table, string old, string into) =>
        new(
            Sample.Day(2026, 5, 1),
            FactKind.Merge,
            $"{old}\u001f{table}",
            new Alias(old, into, Sample.Day(2026, 5, 1), table, "Old Name", "old.example", "X-0")
        );

    static string Condition(string side, string column, string value) =>
        $$$"""{"id":"R","kind":"do_not_share","{{{side}}}":{"{{{column}}}":["{{{value}}}"]}}""";

    static PartnerRanker Small()
    {
        var ranker = new PartnerRanker(fit: null, win: null);
        var account = new Account("a1", "RU", "banking", null, null, null, null, null, new(["Segment"], ["Strategic "]))
        {
            Domain = "ru.example",
            ExternalId = "X-1",
        };
        var partner = new Partner("p1", "Peer", "ISV", null, null, null, null, null, new(["Practice Area"], ["Data"]));
        ranker.Apply(new(DateTime.MinValue, FactKind.Account, "a1", account));
        ranker.Apply(new(DateTime.MinValue, FactKind.Partner, "p1", partner));
        return ranker;
    }

    Recommendation Ask(string account, RuleSet rules) =>
        _ranker.Rank(
            new(account, Sample.AsOf)
            {
                Product = "Security",
                Limit = 100,
                Explain = false,
            },
            rules
        )!;

    static RuleSet Read(string rule) =>
        RuleSet.Read(Encoding.UTF8.GetBytes($$"""{"rules":[{{rule}}]}"""), 1, out var faults)
        ?? throw new InvalidOperationException(string.Join("; ", faults));
}
