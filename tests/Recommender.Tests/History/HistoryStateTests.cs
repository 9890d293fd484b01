using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Tests.History;

public class HistoryStateTests
{
    [Fact]
    public void An_engagement_is_not_seen_at_its_own_moment()
    {
        var facts = new SmallHistory().Deal("o1", "a1", day: 10, partners: ["p1"]).Facts;
        Assert.Equal(0, Feature(facts, day: 10, "partner_engagements"));
        Assert.Equal(1, Feature(facts, day: 11, "partner_engagements"));
    }

    [Fact]
    public void A_fact_recorded_late_is_not_seen_before_it_was_recorded()
    {
        var facts = new SmallHistory().Deal("o1", "a1", day: 10, partners: ["p1"], recordedLate: 30).Facts;
        Assert.Equal(0, Feature(facts, day: 35, "partner_engagements"));
        Assert.Equal(1, Feature(facts, day: 41, "partner_engagements"));
    }

    [Fact]
    public void An_outcome_counts_only_once_the_deal_is_mature()
    {
        var facts = new SmallHistory().Deal("o1", "a1", day: 10, partners: ["p1"], closedAfter: 5, won: true).Facts;
        Assert.Equal(0, Feature(facts, day: 100, "partner_outcomes"));
        Assert.Equal(1, Feature(facts, day: 10 + SmallHistory.MaturityDays + 1, "partner_outcomes"));
    }

    [Fact]
    public void A_decayed_count_halves_in_a_half_life()
    {
        var facts = new SmallHistory().Deal("o1", "a1", day: 10, partners: ["p1"]).Facts;
        Assert.Equal(0.5, Feature(facts, day: 10 + 365, "partner_engagements_decayed"), 5);
    }

    [Fact]
    public void Partners_of_one_deal_are_neighbours()
    {
        var facts = new SmallHistory()
            .Deal("o1", "a1", day: 10, partners: ["p1"])
            .Deal("o2", "a2", day: 20, partners: ["p1", "p2"])
            .Facts;
        Assert.Equal(1, Feature(facts, day: 30, "co_engagement_partners", partner: "p2"));
        Assert.Equal(0, Feature(facts, day: 30, "account_engagements", partner: "p2"));
        Assert.Equal(1, Feature(facts, day: 30, "account_engagements", partner: "p1"));
    }

    [Fact]
    public void A_fact_that_comes_before_its_deal_waits_for_it()
    {
        var facts = new SmallHistory().Deal("o1", "a1", day: 10, partners: ["p1"]).Facts;
        var engagement = facts.Single(fact => fact.Kind == FactKind.Engagement);
        var early = facts.Select(fact => fact == engagement ? fact with { SeenAt = SmallHistory.At(1) } : fact).Order().ToList();
        Assert.Equal(0, Feature(early, day: 5, "partner_engagements"));
        Assert.Equal(1, Feature(early, day: 11, "partner_engagements"));
    }

    static double Feature(IEnumerable<DatedFact> facts, int day, string name, string partner = "p1")
    {
        var state = new HistoryState(SmallHistory.Settings.Fold);
        var asOf = SmallHistory.At(day);
        foreach (var fact in facts.Where(fact => fact.SeenAt < asOf))
            state.Apply(fact);
        var featurizer = new Featurizer(SmallHistory.Settings, state);
        featurizer.Look(Decision.About("a1", asOf));
        var row = new float[featurizer.PartnerFit.Count];
        featurizer.WritePartnerFit(state.IndexOfPartner(partner), row);
        return row[featurizer.PartnerFit.Select(column => column.Name).ToList().IndexOf(name)];
    }
}

/// <summary>A history made by hand: days count from 2020-01-01.</summary>
sealed class SmallHistory
{
    public const int MaturityDays = 200;

    readonly List<DatedFact> _facts = [];

    public SmallHistory()
    {
        foreach (var id in (string[])["a1", "a2"])
            _facts.Add(
                new(
                    DateTime.MinValue,
                    FactKind.Account,
                    id,
                    new Account(id, id, "retail", "US", "West", 100, null, null, Attributes.None)
                )
            );
        foreach (var id in (string[])["p1", "p2", "p3"])
            _facts.Add(
                new(
                    DateTime.MinValue,
                    FactKind.Partner,
                    id,
                    new Partner(id, id, "isv", "gold", "retail", null, null, null, Attributes.None)
                )
            );
    }

    public static FeatureSettings Settings { get; } =
        new()
        {
            Fold = new()
            {
                MaturityDays = MaturityDays,
                Dimensions = [new("industry", Side.Account), new("product", Side.Opportunity)],
                Crosses = [new("industry", "product")],
                Measures = [new("amount", Side.Opportunity, false), new("employee_count", Side.Account, false)],
                PartnerTraits = ["partner_type", "industries"],
                Files = ["opportunity_stages", "touches", "account_overlaps", "deal_registrations", "assists", "certifications"],
            },
            Matches = [new("industries", "industry")],
            OneHots = [new("partner_type", true, ["isv"]), new("product", false, ["core"])],
        };

    public IReadOnlyList<DatedFact> Facts => [.. _facts.Order()];

    public static DateTime At(int day) => Sample.Day(2020, 1, 1).AddDays(day);

    public SmallHistory Deal(
        string id,
        string account,
        int day,
        string[] partners,
        int closedAfter = 0,
        bool won = false,
        int recordedLate = 0
    )
    {
        var seen = At(day + recordedLate);
        var closedAt = closedAfter > 0 ? At(day + closedAfter) : (DateTime?)null;
        var outcome =
            closedAt is null ? Outcome.Open
            : won ? Outcome.Won
            : Outcome.Lost;
        var deal = new Opportunity(id, account, "core", 1000, "USD", At(day), null, closedAt, outcome, null, Attributes.None);
        _facts.Add(new(seen, FactKind.OpportunityCreated, id, deal));
        foreach (var partner in partners)
            _facts.Add(new(seen, FactKind.Engagement, id + partner, new Engagement(id + partner, id, partner, null, At(day))));
        if (closedAt is { } at)
            _facts.Add(new(at > seen ? at : seen, FactKind.OpportunityClosed, id, deal));
        return this;
    }
}
