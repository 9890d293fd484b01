using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Ranking;
using Recommender.Training;
using static Recommender.Tests.Sample;

namespace Recommender.Tests.Training;

/// <summary>What another policy would have decided over leads of the past, and how that is held against the truth.</summary>
public class RoutingReplayTests
{
    static readonly DateTime _from = Day(2026, 1, 1);
    static readonly DateTime _to = Day(2026, 4, 1);
    readonly List<DatedFact> _facts = [];
    int _deals;

    public RoutingReplayTests()
    {
        // ann wins three in four of her own, bob one in four; p1 has worked with us before.
        _facts.Add(Fact(Day(2020, 1, 1), FactKind.Account, "a", Account("a")));
        _facts.Add(
            Fact(
                Day(2020, 1, 1),
                FactKind.Partner,
                "p1",
                new Partner(new("p1"), "Norlake", null, null, null, null, null, Day(2020, 1, 1), Attributes.None)
            )
        );
        for (var i = 0; i < 40; i++)
            Deal("ann", Day(2024, 1, 1).AddDays(i), i % 4 != 0);
        for (var i = 0; i < 40; i++)
            Deal("bob", Day(2024, 1, 1).AddDays(i), i % 4 == 0);
        foreach (var rep in (string[])["ann", "bob"])
            _facts.Add(Fact(Day(2020, 1, 1), Kind(LeadsCapability.Reps), rep, new Rep(rep)));
    }

    static Account Account(string id) => new(new(id), "Northwind", null, null, null, null, null, null, Attributes.None);

    static FactKind Kind(FactTable table) => table.Kind!;

    static DatedFact Fact(DateTime at, FactKind kind, string key, object noun) => new(at, kind, key, noun);

    string Deal(string owner, DateTime at, bool? won, double? amount = null)
    {
        var id = $"d{++_deals:000}";
        var row = new Opportunity(
            new(id),
            new("a"),
            null,
            amount,
            null,
            at,
            null,
            won is null ? null : at.AddDays(20),
            won switch
            {
                true => Outcome.Won,
                false => Outcome.Lost,
                null => Outcome.Open,
            },
            owner,
            Attributes.None
        );
        _facts.Add(Fact(at, FactKind.OpportunityCreated, id, row));
        if (won is not null)
            _facts.Add(Fact(at.AddDays(20), FactKind.OpportunityClosed, id, row));
        return id;
    }

    void Engage(string deal, DateTime at, string role = "co_sell") =>
        _facts.Add(Fact(at, FactKind.Engagement, "e" + deal, new Engagement("e" + deal, new(deal), new("p1"), role, at)));

    Lead Lead(string id, DateTime at, string? deal = null)
    {
        var lead = new Lead(id, at) { AccountId = new("a"), OpportunityId = deal is null ? (OpportunityId?)null : new(deal) };
        _facts.Add(Fact(at, Kind(LeadsCapability.Leads), id, lead));
        return lead;
    }

    void Step(string lead, int offer, string kind, DateTime at, Assignee to) =>
        _facts.Add(Fact(at, Kind(LeadsCapability.Steps), $"{lead}|{offer}|{kind}", new LeadStep(lead, offer, kind, at, to)));

    IReadOnlyList<ReplayedLead> Replay(RoutingPolicy? policy = null, string rules = "")
    {
        var facts = new FactSource(until => _facts.Order().Where(fact => fact.SeenAt < until), []);
        return RoutingReplay
            .Of(
                facts,
                PastLeads.Of(facts),
                new PartnerRanker(fit: null, win: null),
                RuleSet.Read(System.Text.Encoding.UTF8.GetBytes($$"""{"rules":[{{rules}}]}"""), 1, out _)!,
                policy ?? RoutingPolicy.Default,
                _from,
                _to,
                null,
                _ => { }
            )
            .Leads;
    }

    [Fact]
    public void Who_had_a_lead_is_told_by_its_steps_else_by_its_deal_and_so_is_what_came_of_it()
    {
        var at = Day(2026, 2, 1);
        Lead("before", _from.AddDays(-1));
        Lead("after", _to);
        Lead("accepted", at, Deal("ann", at.AddDays(3), true, 1000));
        Step("accepted", 1, "offered", at, Assignee.Rep("ann"));
        Step("accepted", 1, "declined", at.AddHours(1), Assignee.Rep("ann"));
        Step("accepted", 2, "offered", at.AddHours(1), Assignee.Rep("bob"));
        Step("accepted", 2, "accepted", at.AddHours(2), Assignee.Rep("bob"));
        Lead("owned", at, Deal("bob", at.AddDays(3), false));
        var led = Deal("bob", at.AddDays(3), null);
        Engage(led, at.AddDays(3));
        Lead("led", at, led);
        var joined = Deal("bob", at.AddDays(3), true);
        Engage(joined, at.AddDays(30));
        Lead("joined", at, joined);
        var served = Deal("bob", at.AddDays(3), true);
        Engage(served, at.AddDays(3), "services");
        Lead("served", at, served);
        Lead("nobody", at);
        var found = Replay().ToDictionary(lead => lead.LeadId);
        Assert.Equal(["accepted", "joined", "led", "nobody", "owned", "served"], found.Keys.Order());
        Assert.Equal(
            (Assignee.Rep("bob"), "won", 1000.0),
            (found["accepted"].Was, found["accepted"].Outcome, found["accepted"].Worth)
        );
        Assert.Equal((Assignee.Rep("bob"), "lost"), (found["owned"].Was, found["owned"].Outcome));
        Assert.Equal((Assignee.Partner(new("p1")), "open"), (found["led"].Was, found["led"].Outcome));
        Assert.Equal(Assignee.Rep("bob"), found["joined"].Was);
        Assert.Equal(Assignee.Rep("bob"), found["served"].Was);
        Assert.Equal((null, "none"), (found["nobody"].Was, found["nobody"].Outcome));
        // ann is likelier; whoever declined in fact does so here, and the next is asked.
        Assert.Equal(Assignee.Rep("bob"), found["accepted"].Would);
        Assert.All(found.Values.Where(lead => lead.LeadId != "accepted"), lead => Assert.Equal(Assignee.Rep("ann"), lead.Would));
        Assert.True(found["owned"].WouldChance > found["owned"].WasChance + 0.2);
    }

    [Fact]
    public void What_the_policy_gave_out_before_counts_until_it_becomes_a_deal_and_not_what_was_given_out_in_fact()
    {
        var at = Day(2026, 2, 1);
        // In fact bob had all of them.
        Lead("l1", at, Deal("bob", at.AddDays(5).AddHours(1), null));
        Lead("l2", at.AddDays(1));
        Lead("l3", at.AddDays(4));
        Lead("l4", at.AddDays(6));
        foreach (var id in (string[])["l1", "l2", "l3", "l4"])
        {
            Step(id, 1, "offered", at.AddDays(7), Assignee.Rep("bob"));
            Step(id, 1, "accepted", at.AddDays(7), Assignee.Rep("bob"));
        }
        IEnumerable<string> Would(RoutingPolicy policy) =>
            Replay(policy).Select(lead => (lead.Would.Type == "queue" ? "queue of " : "") + lead.Would.Id);
        Assert.Equal(["ann", "ann", "ann", "ann"], Would(RoutingPolicy.Default));
        // One each, the third waits with who owned the last deal; on the fifth day the first becomes a deal, and ann has room again.
        Assert.Equal(["ann", "bob", "queue of bob", "ann"], Would(new() { RepOpenLeads = 1 }));
        // A rep who declines leads elsewhere does not here, and those who count as alike take turns.
        Assert.Equal(["ann", "bob", "ann", "bob"], Would(new() { NearTie = 0.5 }));
    }

    [Fact]
    public void A_lead_is_not_told_what_became_of_it()
    {
        // Its deal has a date alone, so that it comes before the lead; p1 is on the deal, which a rule would see.
        var at = Day(2026, 2, 1);
        var deal = Deal("bob", at, true);
        Engage(deal, at);
        Lead("l", at.AddHours(9), deal);
        var one = Assert.Single(Replay());
        Assert.Equal((at, Assignee.Partner(new("p1")), Assignee.Rep("ann")), (one.At, one.Was, one.Would));
    }

    [Fact]
    public void A_lead_of_a_deal_of_months_before_is_routed_when_it_came_and_by_its_row_of_then()
    {
        var deal = Deal("bob", Day(2025, 6, 1), true);
        var at = Day(2026, 2, 1);
        var first = Lead("l", at, deal);
        // Corrected later: it was of a partner's all along.
        _facts.Add(
            new(at.AddDays(9), Kind(LeadsCapability.Leads), "l", first with { PartnerId = new("p1") }) { Replaced = first }
        );
        var one = Assert.Single(Replay());
        Assert.Equal((at, Assignee.Rep("ann"), "won"), (one.At, one.Would, one.Outcome));
    }

    [Fact]
    public void Rules_of_the_company_hold_and_a_company_that_may_be_ours_waits()
    {
        var at = Day(2026, 2, 1);
        Lead("l", at);
        _facts.Add(Fact(at, Kind(LeadsCapability.Leads), "none", new Lead("none", at)));
        _facts.Add(Fact(at, Kind(LeadsCapability.Leads), "new", new Lead("new", at) { Name = "Contoso Pumps" }));
        var found = Replay(rules: """{"id":"P","kind":"account_class","class":"partner","accounts":{"name":["Northwind"]}}""")
            .ToDictionary(lead => lead.LeadId);
        Assert.Equal((Assignee.Partner(new("p1")), "account_class"), (found["l"].Would, found["l"].Rule));
        Assert.Equal((new Assignee("queue", "unassigned"), (string?)null), (found["none"].Would, found["none"].AccountId));
        Assert.Equal((Assignee.Rep("ann"), "acc_new"), (found["new"].Would, found["new"].AccountId));
    }

    [Fact]
    public void By_the_truth_of_simulated_leads_the_likeliest_rep_wins_more_than_whoever_is_next_and_less_than_the_best()
    {
        using var folder = new TemporaryFolder();
        new Simulation(
            new()
            {
                World = World.Of("leads"),
                Accounts = 600,
                Partners = 30,
                Opportunities = 5000,
                Years = 5,
                Seed = 41,
            }
        ).Write(folder["history"]);
        var (facts, _) = new HistoryFolder(folder["history"]).ReadFacts(row =>
            throw new InvalidOperationException(row.ToString())
        );
        var source = new FactSource(until => facts.TakeWhile(fact => fact.SeenAt < until), []);
        var replay = RoutingReplay.Of(
            source,
            PastLeads.Of(source),
            new PartnerRanker(fit: null, win: null),
            RuleSet.None,
            RoutingPolicy.Default,
            Day(2025, 9, 1),
            Day(2026, 5, 1),
            LeadTruth.Read(folder["history/lead_truth.csv"]),
            _ => { }
        );
        var rates = replay.Truth.Rates(SmallConfig).ToDictionary(rate => rate.Name);
        Assert.True(replay.Truth.Leads > 150, $"{replay.Truth.Leads}");
        // Without models a partner's lift is unknown, and reps are told apart by what they won.
        Assert.Equal(rates["policy"].WinRate, rates["always the likeliest rep"].WinRate);
        Assert.Equal((1.0, 0.0), (rates["oracle"].Share.Value, rates["random"].Share.Value));
        Assert.True(rates["policy"].Share.Value > 0.4, $"{rates["policy"]}");
        Assert.True(rates["reps in turn"].Behind.Low > 0.08, $"{rates["reps in turn"]}");
        Assert.True(rates["as it was"].Behind.Low > 0.03, $"{rates["as it was"]}");
        Assert.True(rates["oracle"].Behind.High < 0);
        Assert.All(rates.Values, rate => Assert.InRange(rate.WinRate.Value, rate.WinRate.Low, rate.WinRate.High));
        // Who had each is as the simulation gave it out: 35 % to partners.
        Assert.InRange(replay.Leads.Count(lead => lead.Was is { IsPartner: true }) / (double)replay.Leads.Count, 0.28, 0.42);
    }
}
