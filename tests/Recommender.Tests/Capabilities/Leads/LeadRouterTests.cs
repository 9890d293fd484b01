using System.Text;
using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Tests.Capabilities.Leads;

/// <summary>Who gets a lead and why, on the sample history with the models that ship.</summary>
public sealed class LeadRouterTests
{
    static readonly Lazy<PartnerRanker> _sample = new(() =>
    {
        var registry = new ModelRegistry(Sample.Models);
        var ranker = new PartnerRanker(
            registry.OpenNewest(ModelPackage.PartnerFit, out _),
            registry.OpenNewest(ModelPackage.WinProbability, out _)
        );
        foreach (var fact in Sample.FactList.Where(fact => fact.AppliedAt < Sample.AsOf))
            ranker.Apply(fact);
        return ranker;
    });

    [Fact]
    public void The_trace_gives_one_reason_for_each_who_is_out_and_says_by_itself_who_gets_the_lead()
    {
        var random = new Random(11);
        var (toPartners, toReps, toNobody) = (0, 0, 0);
        var steps = new HashSet<string>();
        for (var round = 0; round < 400; round++)
        {
            using var _ = Steps(random, round, out var ranker);
            var question = QuestionOf(random, ranker);
            var answer = LeadRouter.Route(question);
            var all = AllOf(question);
            var left = new HashSet<Assignee>(all);
            Assert.Equal("candidates", answer.Trace[0].Step);
            Assert.Equal(all.Count, answer.Trace[0].Kept);
            foreach (var step in answer.Trace)
            {
                steps.Add(step.Step);
                foreach (var one in step.Dropped)
                {
                    // Once, and with a reason.
                    Assert.True(left.Remove(new(one.Type, one.Id)), $"{one} is out twice, or nobody knows it");
                    Assert.False(string.IsNullOrWhiteSpace(one.Why));
                }
                Assert.Equal((left.Count, step.Dropped.Count), (step.Kept, step.DroppedCount));
            }
            Assert.Equal(left, answer.Line.Select(one => one.Who).ToHashSet());
            Assert.Equal(ByTrace(question, answer.Trace), answer.Line.Count > 0 ? answer.Line[0].Who : null);
            // The same question has the same answer, and what is kept says who it was.
            Assert.Equal(answer.Line, LeadRouter.Route(question).Line);
            var kept = RoutingTrace.Read(RoutingTrace.Write(answer.Trace, 4000));
            Assert.Equal(
                answer.Trace.Select(step => (step.Step, step.Kept, step.DroppedCount)),
                kept.Select(step => (step.Step, step.Kept, step.DroppedCount))
            );
            if (answer.Line.Count == 0)
                toNobody++;
            else
                Assert.Equal(answer.Line[0].Who, kept[^1].Numbers[0].Who);
            toPartners += answer.Line is [{ Type: "partner" }, ..] ? 1 : 0;
            toReps += answer.Line is [{ Type: "rep" }, ..] ? 1 : 0;
        }
        // Otherwise this would show nothing.
        Assert.True(toPartners > 40 && toReps > 40 && toNobody > 0, $"{toPartners} {toReps} {toNobody}");
        Assert.Superset(
            new HashSet<string>
            {
                "consent",
                "rules",
                "account_class",
                "territory",
                "product",
                "capacity",
                "offered_before",
                "lift",
                "choice",
            },
            steps
        );
    }

    /// <summary>Who gets it, worked out from the trace alone, in other words than the router has.</summary>
    static Assignee? ByTrace(RouteQuestion question, IReadOnlyList<TraceStep> trace)
    {
        var numbers = trace[^1].Numbers;
        if (numbers.Count == 0)
            return null;
        if (question.Lead.PartnerId is { } giver && numbers.FirstOrDefault(one => one.Who == Assignee.Partner(giver)) is { } gave)
            return gave.Who;
        var partners = numbers.Where(one => one.Type == "partner").ToList();
        List<CandidateNumbers> pool = question.Policy.Choice == "partner_first" && partners.Count > 0 ? partners : [.. numbers];
        if (trace[^1].Rule == "lift_above")
            Assert.All(partners, one => Assert.True(one.LiftLow > question.Policy.LiftAbove));
        // Where nothing is known of anybody's lift the numbers are one, and how well each suits decides, which the order says.
        if (!pool[0].IsOwn)
            return pool[0].Who;
        pool.RemoveAll(one => !one.IsOwn);
        var best = pool.Max(one => (one.WinProbability ?? 0) + (one.Bonus ?? 0));
        var equal = pool.Where(one => (one.WinProbability ?? 0) + (one.Bonus ?? 0) >= best - question.Policy.NearTie).ToList();
        // Whoever had fewer offers; the rest of the tie is how long ago and then how good, which the order says.
        return equal.OrderBy(one => one.OffersLately ?? 0).First().Who;
    }

    static List<Assignee> AllOf(RouteQuestion question) =>
        [
            .. Enumerable
                .Range(0, question.Ranker.State.PartnerCount)
                .Select(question.Ranker.State.FindPartner)
                .OfType<Partner>()
                .Select(row => Assignee.Partner(row.Id)),
            .. LeadRouter.RepsOf(question.Ranker.State, question.Now).Select(Assignee.Rep),
        ];

    /// <summary>The sample, in some rounds with people and with leads that they have; taken back afterwards.</summary>
    static TakenBack Steps(Random random, int round, out PartnerRanker ranker)
    {
        ranker = _sample.Value;
        var facts = new List<DatedFact>();
        if (round % 2 == 0)
        {
            for (var rep = 1; rep <= 6; rep++)
                facts.Add(
                    Fact(
                        LeadsCapability.Sells,
                        $"seller0{rep}",
                        new Rep($"seller0{rep}")
                        {
                            Regions = random.Next(2) == 0 ? null : "EMEA|DACH|US",
                            Industries = random.Next(3) == 0 ? "retail" : null,
                            Products = random.Next(3) == 0 ? "Security" : null,
                            OpenLeads = random.Next(3) == 0 ? 1 : null,
                        }
                    )
                );
        }
        for (var l = random.Next(12); l > 0; l--)
        {
            var to =
                random.Next(2) == 0
                    ? Assignee.Rep($"seller0{random.Next(1, 7)}")
                    : Assignee.Partner($"P0000{random.Next(1, 10)}");
            facts.Add(Fact(LeadsCapability.Came, $"l{l}", new Lead($"l{l}", Sample.AsOf.AddDays(-2))));
            facts.Add(
                Fact(
                    LeadsCapability.Stepped,
                    $"l{l}",
                    new LeadStep($"l{l}", 1, "offered", Sample.AsOf.AddDays(-random.Next(40)), to) { Until = Sample.AsOf }
                )
            );
        }
        foreach (var fact in facts)
            ranker.Apply(fact);
        return new(ranker, facts);
    }

    static DatedFact Fact(FactKind kind, string key, object noun) => new(Sample.AsOf, kind, key, noun);

    sealed class TakenBack(PartnerRanker ranker, List<DatedFact> facts) : IDisposable
    {
        public void Dispose()
        {
            foreach (var fact in Enumerable.Reverse(facts))
                ranker.Apply(fact with { IsRetraction = true });
        }
    }

    static RouteQuestion QuestionOf(Random random, PartnerRanker ranker)
    {
        var rules = new List<string>();
        if (random.Next(3) == 0)
            rules.Add("""{"id":"T","kind":"territory"}""");
        if (random.Next(4) == 0)
            rules.Add("""{"id":"C","kind":"account_class","class":"partner"}""");
        else if (random.Next(6) == 0)
            rules.Add("""{"id":"D","kind":"account_class","class":"direct"}""");
        if (random.Next(3) == 0)
            rules.Add("""{"id":"K","kind":"capacity","limit":3}""");
        if (random.Next(8) == 0)
            rules.Add("""{"id":"Z","kind":"certification"}""");
        var set = RuleSet.Read(Encoding.UTF8.GetBytes($$"""{"rules":[{{string.Join(',', rules)}}]}"""), 1, out _)!;
        var policy = new RoutingPolicy
        {
            LiftAbove = random.Next(3) * 0.2 - 0.3,
            NearTie = random.Next(2) * 0.05,
            Choice = random.Next(2) == 0 ? "likeliest" : "partner_first",
            NeedsConsent = random.Next(6) == 0,
            PartnerOpenLeads = random.Next(4) == 0 ? 1 : null,
            RepOpenLeads = random.Next(4) == 0 ? random.Next(2) : null,
            ReciprocityBonus = random.Next(3) == 0 ? 0.1 : 0,
        };
        string[] products = ["Security", "Cloud Backup", "Nothing We Know"];
        AccountId id = $"A{random.Next(1, 400):000000}";
        var account = ranker.State.FindAccount(id)!;
        return new(
            ranker,
            set,
            policy,
            new("q", Sample.AsOf)
            {
                AccountId = id,
                Product = random.Next(5) == 0 ? null : products[random.Next(3)],
                Amount = random.Next(4) == 0 ? null : 1000 * random.Next(1, 100),
                PartnerId = random.Next(6) == 0 ? new PartnerId($"P0000{random.Next(1, 10)}") : (PartnerId?)null,
                MayShare = random.Next(4) switch
                {
                    0 => false,
                    1 => true,
                    _ => null,
                },
            },
            account,
            Sample.AsOf.AddMilliseconds(1)
        )
        {
            Before = [.. Enumerable.Range(1, random.Next(4)).Select(rep => Assignee.Rep($"seller0{rep}"))],
        };
    }

    static RouteQuestion Plain(RoutingPolicy policy, Lead lead, Account? account = null) =>
        new(
            _sample.Value,
            RuleSet.None,
            policy,
            lead,
            account ?? _sample.Value.State.FindAccount("A000007")!,
            Sample.AsOf.AddMilliseconds(1)
        );

    [Fact]
    public void A_trace_of_very_many_rules_is_kept_and_names_who_got_it()
    {
        var long_ = new string('x', 90);
        var steps = Enumerable
            .Range(0, 100)
            .Select(rule => new TraceStep("rules", $"{long_}{rule}", 100 - rule, 1)
            {
                Dropped = [new("partner", $"P{rule}", new string('y', 5000))],
            })
            .Append(new("choice", "best_rep", 1, 0) { Text = new string('z', 9000), Numbers = [new("rep", "ann", 0.5, 0, 3)] })
            .ToList();
        var text = RoutingTrace.Write(steps, 4000);
        Assert.InRange(text.Length, 1000, 4000);
        var kept = RoutingTrace.Read(text);
        Assert.Equal("ann", kept[^1].Numbers[0].Id);
        Assert.Equal(100, kept.Sum(step => step.DroppedCount));
    }

    [Fact]
    public void An_account_kept_for_some_partners_goes_to_them_the_best_first_and_to_no_rep()
    {
        var rules = RuleSet.Read(
            """{"rules":[{"id":"K","kind":"partner_only","accounts":{"account_id":["A000007"]},"partners":{"partner_id":["P00001","P00002","P00003"]}}]}"""u8,
            1,
            out var faults
        );
        Assert.Empty(faults);
        var answer = LeadRouter.Route(
            Plain(RoutingPolicy.Default, new("q", Sample.AsOf) { Product = "Security" }) with
            {
                Rules = rules!,
            }
        );
        Assert.Equal(["P00001", "P00002", "P00003"], answer.Line.Select(one => one.Id).Order());
        Assert.Equal("account_class", answer.Trace[^1].Rule);
    }

    [Fact]
    public void Who_is_the_only_one_left_gets_it_though_others_who_may_not_have_it_work_now()
    {
        var fact = Fact(LeadsCapability.Sells, "far", new Rep("far") { TimeZone = "Asia/Tokyo" });
        _sample.Value.Apply(fact);
        var policy = RoutingPolicy.Read(
            """{"at_work_only":true,"lift_above":1,"working_hours":{"from":"09:00","to":"17:00"}}""",
            1,
            out _
        )!;
        var answer = LeadRouter.Route(Plain(policy, new("q", Sample.AsOf)) with { Now = Sample.AsOf.AddHours(12) });
        using (new TakenBack(_sample.Value, [fact])) { }
        Assert.Equal(["far"], answer.Line.Select(one => one.Id));
    }

    [Fact]
    public void What_a_partner_gave_goes_to_it_first_unless_a_gate_leaves_it_out()
    {
        var lead = new Lead("q", Sample.AsOf) { PartnerId = new("P00009"), Product = "Security" };
        var answer = LeadRouter.Route(Plain(RoutingPolicy.Default, lead));
        Assert.Equal((Assignee.Partner("P00009"), "came_from_partner"), (answer.Line[0].Who, answer.Trace[^1].Rule));
        Assert.DoesNotContain(
            LeadRouter.Route(Plain(RoutingPolicy.Default, lead with { MayShare = false })).Line,
            one => one.Type == "partner"
        );
    }

    [Fact]
    public void Whose_chances_are_nearly_equal_take_turns()
    {
        var lead = new Lead("q", Sample.AsOf) { Product = "Security", MayShare = false };
        var policy = new RoutingPolicy { NearTie = 0.2 };
        var question = Plain(policy, lead);
        var line = LeadRouter.Route(question).Line;
        var equal = line.Count(one => one.WinProbability >= line.Max(other => other.WinProbability) - 0.2);
        Assert.True(equal > 3, $"{equal}");
        var facts = new List<DatedFact>();
        var got = new List<Assignee>();
        for (var l = 0; l < 3 * equal; l++)
        {
            var now = Sample.AsOf.AddMinutes(l);
            var to = LeadRouter.Route(question with { Now = now.AddMilliseconds(1) }).Line[0].Who;
            got.Add(to);
            facts.Add(
                new(
                    now,
                    LeadsCapability.Stepped,
                    $"t{l}",
                    new LeadStep($"t{l}", 1, "offered", now, to) { Until = now.AddHours(4) }
                )
            );
            _sample.Value.Apply(facts[^1]);
        }
        using (new TakenBack(_sample.Value, facts)) { }
        Assert.All(got.CountBy(who => who), one => Assert.Equal(3, one.Value));
        Assert.Equal(equal, got.Distinct().Count());
    }

    [Fact]
    public void New_partners_get_their_share_of_the_offers_and_what_partners_gave_counts_a_little()
    {
        List<DatedFact> facts = [];
        var lead = new Lead("q", Sample.AsOf) { Product = "Security", MayShare = true };
        var off = Plain(new RoutingPolicy { LiftAbove = -1 }, lead);
        var on = off with
        {
            Policy = new RoutingPolicy
            {
                LiftAbove = -1,
                NewPartnerShare = 0.25,
                ReciprocityBonus = 0.05,
            },
        };
        var turns = 0;
        var plain = LeadRouter.Route(off).Line;
        Assert.False(plain[0].IsUnproven);
        Assert.All(plain, one => Assert.Null(one.Bonus));
        var got = new List<Assignee>();
        for (var l = 0; l < 20; l++)
        {
            var now = Sample.AsOf.AddMinutes(l);
            var answer = LeadRouter.Route(on with { Now = now.AddMilliseconds(1) });
            var to = answer.Line[0].Who;
            Assert.True(answer.Line[0].IsUnproven || answer.Trace[^1].Rule != "new_partner_share");
            turns += answer.Trace[^1].Rule == "new_partner_share" ? 1 : 0;
            Assert.All(answer.Line, one => Assert.InRange(one.Bonus ?? 0, 0, 0.05));
            got.Add(to);
            facts.Add(
                new(
                    now,
                    LeadsCapability.Stepped,
                    $"n{l}",
                    new LeadStep($"n{l}", 1, "offered", now, to) { Until = now.AddHours(4) }
                )
            );
            _sample.Value.Apply(facts[^1]);
        }
        Assert.Contains(LeadRouter.Route(on).Line, one => one.Bonus > 0);
        using (new TakenBack(_sample.Value, facts)) { }
        Assert.True(got.All(who => who.IsPartner));
        // One in four, the first after three that were not.
        Assert.Equal(5, turns);
    }

    [Fact]
    public void Who_does_not_work_now_is_left_out_while_somebody_does()
    {
        var facts = new List<DatedFact>
        {
            Fact(LeadsCapability.Sells, "here", new Rep("here") { TimeZone = "UTC" }),
            Fact(LeadsCapability.Sells, "far", new Rep("far") { TimeZone = "Asia/Tokyo" }),
        };
        foreach (var fact in facts)
            _sample.Value.Apply(fact);
        var policy = RoutingPolicy.Read(
            """{"at_work_only":true,"working_hours":{"days":["wed","thu"],"from":"09:00","to":"17:00"}}""",
            1,
            out _
        )!;
        var lead = new Lead("q", Sample.AsOf) { MayShare = false };
        IEnumerable<string> At(DateTime now) =>
            LeadRouter.Route(Plain(policy, lead) with { Now = now }).Line.Select(one => one.Id).Order();
        // 1 July 2026 is a Wednesday; Tokyo is nine hours ahead.
        var (morning, noon, evening) = (
            At(Sample.AsOf.AddHours(1)).ToList(),
            At(Sample.AsOf.AddHours(12)).ToList(),
            At(Sample.AsOf.AddHours(20)).ToList()
        );
        using (new TakenBack(_sample.Value, facts)) { }
        Assert.Equal(["far"], morning);
        Assert.Equal(["here"], noon);
        Assert.Equal(["far", "here"], evening);
    }

    [Fact]
    public void A_company_that_is_no_account_yet_is_routed_by_what_is_known_of_it()
    {
        var known = _sample.Value.State.FindAccount("A000007")!;
        var twin = known with { Id = new("new") };
        var question = Plain(RoutingPolicy.Default, new("q", Sample.AsOf) { Product = "Security" }, twin);
        var rules = RuleSet.Read(
            Encoding.UTF8.GetBytes(
                $$$"""{"rules":[{"id":"H","kind":"house_account","accounts":{"region":["{{{known.Region}}}"]}}]}"""
            ),
            1,
            out _
        )!;
        var answer = LeadRouter.Route(question with { Rules = rules });
        Assert.Contains(answer.Trace, step => step.Rule == "H" && step.DroppedCount > 50);
        // A row of the same columns without history is asked about alike: the chance that we have alone is no constant.
        var other = LeadRouter.Route(question with { Account = twin with { Industry = "nothing", EmployeeCount = 3 } });
        Assert.NotEqual(answer.Line[0].WinProbability, other.Line[0].WinProbability);
    }
}
