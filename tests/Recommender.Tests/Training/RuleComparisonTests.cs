using System.Text;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Ranking;
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
            one => Assert.Equal(("may be brought in", "left out by H: A house account: sold without partners"), (one.Before, one.After))
        );
        var opened = inWindow.Where(fact => fact.Kind == FactKind.OpportunityCreated).Select(fact => (Opportunity)fact.Noun).ToList();
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
        var found = Compare("", """{"id":"W","kind":"registration_window","protection_days":30},{"id":"A","kind":"auto_approve"}""");
        Assert.Equal(found.Registrations, found.Changed.Count);
        Assert.Equal(new(0, found.Verdicts["clear"].After), found.ApprovedAtOnce);
        Assert.All(found.Changed, one => Assert.EndsWith("protected for 30 days", one.After, StringComparison.Ordinal));
    }

    static RuleComparison Compare(string before, string after) =>
        RuleComparison.Of(Sample.Facts, Rules(before), Rules(after).AsIfBegun(AsOf), _from, AsOf, _ => { });

    static RuleSet Rules(string rules) =>
        RuleSet.Read(Encoding.UTF8.GetBytes($$"""{"rules":[{{rules}}]}"""), 1, out var faults)
        ?? throw new InvalidOperationException(string.Join(' ', faults));
}
