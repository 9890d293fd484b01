using System.Text;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Ranking;
using Recommender.Tests.Capabilities.Registrations;
using Recommender.Training;
using static Recommender.Tests.Sample;

namespace Recommender.Tests.Training;

/// <summary>What a new version of the rules would have changed, counted beside the facts themselves.</summary>
public class RuleComparisonTests
{
    const string House = """{"id":"H","kind":"house_account","accounts":{"industry":["banking"]}}""";
    static readonly DateTime _from = AsOf.AddDays(-90);

    [Fact]
    public void A_house_rule_would_have_left_out_whoever_was_brought_into_its_accounts_in_the_window()
    {
        var found = Compare("", House);
        var banks = FactList
            .Where(fact => fact.Kind == FactKind.Account)
            .Select(fact => (Account)fact.Noun)
            .Where(account => account.Industry == "banking")
            .Select(account => account.Id)
            .ToHashSet();
        var deals = FactList
            .Where(fact => fact.Kind == FactKind.OpportunityCreated)
            .Select(fact => (Opportunity)fact.Noun)
            .ToDictionary(deal => deal.Id);
        var inWindow = FactList.Where(fact => fact.SeenAt >= _from && fact.SeenAt < AsOf && !fact.IsRetraction).ToList();
        // One that was known before its deal is judged with it.
        var known = FactList
            .Where(fact => fact.Kind == FactKind.OpportunityCreated)
            .ToDictionary(fact => ((Opportunity)fact.Noun).Id, fact => fact.SeenAt);
        var engaged = FactList
            .Where(fact => fact.Kind == FactKind.Engagement)
            .Select(fact => (At: fact.SeenAt, Engagement: (Engagement)fact.Noun))
            .Where(one =>
                (one.At > known[one.Engagement.OpportunityId] ? one.At : known[one.Engagement.OpportunityId]) is var at
                && at >= _from
                && at < AsOf
            )
            .Select(one => one.Engagement)
            .ToList();
        Assert.Equal(engaged.Count, found.Engagements);
        var ofBanks = engaged.Where(one => banks.Contains(deals[one.OpportunityId].AccountId)).ToList();
        Assert.True(ofBanks.Count > 10, $"{ofBanks.Count} engagements");
        Assert.Equal(new(0, ofBanks.Count), found.EngagementsLeftOut);
        Assert.Equal(
            ofBanks.Select(one => (one.OpportunityId.Value, (string?)one.PartnerId.Value)).Order(),
            found.Changed.Where(one => one.What == "engagement").Select(one => (one.Id, one.PartnerId)).Order()
        );
        Assert.All(
            found.Changed.Where(one => one.What == "engagement"),
            one =>
                Assert.Equal(
                    ("may be brought in", "left out by H: A house account: sold without partners"),
                    (one.Before, one.After)
                )
        );
        var opened = inWindow
            .Where(fact => fact.Kind == FactKind.OpportunityCreated)
            .Select(fact => (Opportunity)fact.Noun)
            .ToList();
        Assert.Equal(opened.Count, found.Deals);
        Assert.Equal(new(0, opened.Count(deal => banks.Contains(deal.AccountId))), found.DealsWithoutPartners);
        var claimed = inWindow
            .Where(fact => fact.Kind == FactKind.RegistrationSubmitted)
            .Select(fact => (DealRegistration)fact.Noun)
            .ToList();
        Assert.Equal(claimed.Count, found.Registrations + found.RegistrationsUnknown);
        Assert.InRange(found.RegistrationsUnknown, 0, 2);
        var ofHouse = claimed.Count(row => banks.Contains(row.AccountId));
        Assert.InRange(
            found.Changed.Count(one =>
                one.What == "registration" && one.After.StartsWith("conflict by H", StringComparison.Ordinal)
            ),
            ofHouse - found.RegistrationsUnknown,
            ofHouse
        );
        Assert.True(found.Conflicts.After > found.Conflicts.Before);
    }

    [Fact]
    public void The_same_rules_change_nothing_and_the_other_way_round_it_is_the_other_way_round()
    {
        var same = Compare(House, House);
        Assert.Empty(same.Changed);
        Assert.Equal(same.EngagementsLeftOut.Before, same.EngagementsLeftOut.After);
        Assert.All(same.Verdicts.Values, pair => Assert.Equal(pair.Before, pair.After));
        var (one, other) = (Compare("", House), Compare(House, ""));
        Assert.Equal(one.Changed.Count, other.Changed.Count);
        Assert.Equal(
            one.Changed.Select(change => (change.What, change.Id, change.Before, change.After)),
            other.Changed.Select(change => (change.What, change.Id, change.After, change.Before))
        );
        Assert.Equal((one.Conflicts.After, one.Conflicts.Before), (other.Conflicts.Before, other.Conflicts.After));
    }

    [Fact]
    public void A_rule_that_begins_later_counts_as_begun_and_one_that_ended_does_not_come_back()
    {
        var later = House.Replace("}}", """},"from":"2027-01-01"}""", StringComparison.Ordinal);
        var ended = House.Replace("}}", """},"to":"2020-01-01"}""", StringComparison.Ordinal);
        Assert.Equal(Compare("", House).Changed, Compare("", later).Changed);
        Assert.Empty(Compare("", ended).Changed);
    }

    [Fact]
    public void Windows_and_approval_of_registrations_count_too()
    {
        var found = Compare(
            "",
            """{"id":"W","kind":"registration_window","protection_days":30},{"id":"A","kind":"auto_approve"}"""
        );
        Assert.Equal(found.Registrations, found.Changed.Count);
        Assert.Equal(new(0, found.Verdicts["clear"].After), found.ApprovedAtOnce);
        Assert.All(found.Changed, one => Assert.EndsWith("protected for 30 days", one.After, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_registration_made_here_is_judged_with_what_was_submitted()
    {
        using var folder = new TemporaryFolder();
        await using var world = await RegistrationWorld.NewAsync(folder);
        // No amount: a person has to look, whatever approves by itself.
        await world.SubmitAsync(RegistrationWorld.Claim("p1") with { Amount = null }, "thin");
        await world.SubmitAsync(RegistrationWorld.Claim("p2", product: "Data"), "whole");
        RuleComparison Of(string before, string after) =>
            RuleComparison.Of(
                new(until => world.Store.ReadFacts(until), []),
                Rules(before),
                Rules(after),
                world.Now.AddDays(-90),
                world.Now.AddDays(1),
                _ => { }
            );
        const string Auto = """{"id":"A","kind":"auto_approve"}""";
        var found = Of("", Auto);
        Assert.Equal((2, new(0, 1)), (found.Registrations, found.ApprovedAtOnce));
        Assert.Equal("whole", Assert.Single(found.Changed).Id);
        Assert.Equal((new(1, 1), new(1, 1)), (found.Verdicts["clear"], found.Verdicts["review"]));
    }

    [Fact]
    public void A_day_is_judged_by_what_was_known_before_it()
    {
        using var folder = new TemporaryFolder();
        void File(string name, string text) => System.IO.File.WriteAllText(folder[name + ".csv"], text);
        File("accounts", "account_id,industry,created_at\na,banking,2020-01-01\n");
        File("partners", "partner_id,joined_at\np1,2020-01-01\np3,2020-01-01\n");
        File(
            "opportunities",
            "opportunity_id,account_id,product,created_at,outcome\nd,a,Cloud,2026-02-15,open\ne,a,Cloud,2026-02-15,open\n"
        );
        // The registration of another that came the same day nobody knew; who did not come was not brought in.
        File(
            "deal_registrations",
            "registration_id,partner_id,account_id,product,submitted_at,status,decided_at,expires_at\nr,p3,a,Cloud,2026-02-01,approved,2026-02-15,2027-01-01\n"
        );
        File(
            "engagements",
            "engagement_id,opportunity_id,partner_id,role,started_at,status\nsame,d,p1,co_sell,2026-02-15,\nnext,e,p1,co_sell,2026-02-16,\nnot,d,p1,co_sell,2026-02-17,cancelled\n"
        );
        var facts = new HistoryFolder(folder.Path).ReadFacts(row => throw new InvalidOperationException(row.ToString())).Facts;
        RuleComparison Of(string before, string after) =>
            RuleComparison.Of(
                new(until => facts.TakeWhile(fact => fact.SeenAt < until), []),
                Rules(before),
                Rules(after),
                Day(2026, 1, 1),
                Day(2026, 4, 1),
                _ => { }
            );
        const string Roe = """{"id":"ROE","kind":"registration"}""";
        var found = Of("", Roe);
        Assert.Equal((2, new(0, 1)), (found.Engagements, found.EngagementsLeftOut));
        Assert.Equal("e", Assert.Single(found.Changed, one => one.What == "engagement").Id);
        // What begins later counts as begun, on both sides.
        var later = Roe.Replace("}", ",\"from\":\"2027-01-01\"}", StringComparison.Ordinal);
        Assert.Equal(found.Changed, Of("", later).Changed);
        Assert.Empty(Of(Roe, later).Changed);
    }

    static RuleComparison Compare(string before, string after) =>
        RuleComparison.Of(Sample.Facts, Rules(before), Rules(after), _from, AsOf, _ => { });

    static RuleSet Rules(string rules) =>
        RuleSet.Read(Encoding.UTF8.GetBytes($$"""{"rules":[{{rules}}]}"""), 1, out var faults)
        ?? throw new InvalidOperationException(string.Join(' ', faults));
}
