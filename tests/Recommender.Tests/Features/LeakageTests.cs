using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Tests.History;
using Recommender.Training;

namespace Recommender.Tests.Features;

public class LeakageTests
{
    const int DecisionDay = 400;

    static readonly Gen<string> _accounts = Any("a1", "a2", "a9");
    static readonly Gen<string> _partners = Any("p1", "p2", "p3", "p9");
    static readonly Gen<string> _deals = Any("o1", "o2", "o3", "o9");

    static Gen<string> Any(params string[] ids) => Gen.Int[0, ids.Length - 1].Select(i => ids[i]);

    /// <summary>Facts of every kind about things known and unknown, true at <paramref name="day"/>.</summary>
    static Gen<DatedFact> FactsAt(Gen<int> day) =>
        Gen.Select(
            Gen.Int[0, FactKind.Feedback.Order].Select(order => FactKind.All[order]),
            _accounts,
            _partners,
            _deals,
            day,
            Gen.Bool,
            (kind, account, partner, deal, on, flag) =>
            {
                var at = SmallHistory.At(on);
                object noun = kind.Name switch
                {
                    nameof(FactKind.Account) => new Account(
                        account,
                        "x",
                        flag ? "retail" : "energy",
                        "US",
                        null,
                        on,
                        null,
                        at,
                        Attributes.None
                    ),
                    nameof(FactKind.Partner) => new Partner(partner, "x", "isv", null, "energy", null, null, at, Attributes.None),
                    nameof(FactKind.Certification) => new Certification(partner, "core", at, flag ? at.AddDays(30) : null),
                    nameof(FactKind.Overlap) => new AccountOverlap(
                        partner,
                        account,
                        "customer",
                        3,
                        null,
                        at,
                        flag ? at.AddDays(20) : null
                    ),
                    nameof(FactKind.OpportunityCreated) => new Opportunity(
                        deal,
                        account,
                        "core",
                        on,
                        null,
                        at,
                        null,
                        null,
                        Outcome.Open,
                        null,
                        Attributes.None
                    ),
                    nameof(FactKind.OpportunityClosed) => new Opportunity(
                        deal,
                        account,
                        "core",
                        on,
                        null,
                        at.AddDays(-50),
                        null,
                        at,
                        flag ? Outcome.Won : Outcome.Lost,
                        null,
                        Attributes.None
                    ),
                    nameof(FactKind.RegistrationSubmitted) or nameof(FactKind.RegistrationDecided) => new DealRegistration(
                        "r" + on,
                        partner,
                        account,
                        "core",
                        at,
                        flag ? "approved" : "rejected",
                        at,
                        at.AddDays(90)
                    ),
                    nameof(FactKind.StageEntered) => new StageChange(deal, "proposal", at),
                    nameof(FactKind.Touch) => new Touch(
                        "t" + on,
                        account,
                        OpportunityId.OrNone(flag ? deal : null),
                        PartnerId.OrNone(flag ? partner : null),
                        "call",
                        at
                    ),
                    nameof(FactKind.Feedback) => new Feedback("f" + on, null, partner, account, deal, "declined", at),
                    nameof(FactKind.Assist) => new Assist("s" + on, partner, flag, account, deal, at),
                    _ => new Engagement("e" + on + partner, deal, partner, null, at),
                };
                return new DatedFact(at, kind, $"{kind}{on}{account}{partner}{deal}", noun);
            }
        );

    static readonly Gen<List<DatedFact>> _past = FactsAt(Gen.Int[0, DecisionDay - 1]).List[0, 60];

    [Fact]
    public void A_fact_dated_or_recorded_at_or_after_a_decision_changes_no_bit_of_its_features()
    {
        // Dated later, or true long ago but only recorded at the decision or after it.
        var future = Gen.Select(
            FactsAt(Gen.Int[0, DecisionDay + 300]),
            Gen.Int[0, 200],
            (fact, late) =>
            {
                var seen = SmallHistory.At(DecisionDay + late);
                return fact.SeenAt < seen ? fact with { SeenAt = seen } : fact;
            }
        );
        Gen.Select(_past, future.List[1, 20])
            .Sample((past, later) => Assert.Equal(Vectors(past, []), Vectors(past, later)), iter: 400);
    }

    [Fact]
    public void A_fact_seen_just_before_the_decision_is_noticed()
    {
        // The negative control of the test above: the same facts, a day earlier, do change features.
        var engagement = new SmallHistory().Deal("o9", "a1", DecisionDay - 1, ["p1"]).Facts;
        Assert.NotEqual(Vectors([], []), Vectors([.. engagement.Where(fact => fact.Kind.Order > FactKind.Partner.Order)], []));
    }

    [Fact]
    public void Every_feature_is_finite_whatever_the_history() =>
        _past.Sample(
            past => Assert.All(Vectors(past, []), value => Assert.True(float.IsFinite(BitConverter.Int32BitsToSingle(value)))),
            iter: 300
        );

    [Fact]
    public void Features_served_from_the_database_equal_those_replayed_in_training_to_the_bit()
    {
        using var folder = new TemporaryFolder();
        var store = new SqliteHistoryStore(folder["test.db"]);
        store.Import(new HistoryFolder(Sample.Folder), folder["rejected.csv"], strict: true);
        var settings = HistoryProfile.Of(Sample.FactList, Sample.Facts.Files, Sample.AsOf, 0.95);
        Assert.Equal(settings.Fold.Files, HistoryProfile.Of([], store.Tables(), Sample.AsOf, 0.95).Fold.Files);
        using var replay = new Replay(Sample.FactList, new HistoryState(settings.Fold));
        var trained = new Featurizer(settings, replay.State);
        using var serving = new Replay(store.ReadFacts(DateTime.MaxValue), new HistoryState(settings.Fold));
        var served = new Featurizer(settings, serving.State);
        var decisions = Deal.KnownBefore(Sample.FactList, DateTime.MaxValue)
            .Where(deal => deal.DecidedAt is not null)
            .OrderBy(deal => deal.DecidedAt)
            .ToList();
        Assert.True(decisions.Count > 2000);
        for (var i = 0; i < decisions.Count; i++)
        {
            var decision = new Decision(decisions[i].DecidedAt!.Value, decisions[i].Row);
            replay.To(decision.AsOf);
            serving.To(decision.AsOf);
            Assert.Equal(Bits(trained, decision, i % 7), Bits(served, decision, i % 7));
            if (i % 200 == 0)
            {
                var fresh = new HistoryState(settings.Fold);
                foreach (var fact in store.ReadFacts(decision.AsOf))
                    fresh.Apply(fact);
                Assert.Equal(Bits(trained, decision, 3), Bits(new Featurizer(settings, fresh), decision, 3));
            }
        }
    }

    static int[] Bits(Featurizer featurizer, Decision decision, int from)
    {
        featurizer.Look(decision);
        var fit = new float[featurizer.PartnerFit.Count];
        var win = new float[featurizer.WinProbability.Count];
        var bits = new List<int>();
        for (var partner = from; partner < featurizer.State.PartnerCount; partner += 7)
        {
            featurizer.WritePartnerFit(partner, fit);
            featurizer.WriteWinProbability([partner], win);
            bits.AddRange(fit.Concat(win).Select(BitConverter.SingleToInt32Bits));
        }
        return [.. bits];
    }

    static int[] Vectors(List<DatedFact> past, List<DatedFact> later)
    {
        var known = new SmallHistory()
            .Deal("o1", "a1", 5, ["p1", "p2"], closedAfter: 20, won: true)
            .Deal("o2", "a2", 50, ["p3"])
            .Facts;
        var asOf = SmallHistory.At(DecisionDay);
        var state = new HistoryState(SmallHistory.Settings.Fold);
        using var replay = new Replay([.. known.Concat(past).Concat(later).Order()], state);
        replay.To(asOf);
        var featurizer = new Featurizer(SmallHistory.Settings, state);
        var bits = new List<int>();
        foreach (
            var opportunity in (Opportunity[])
                [
                    Decision.About("a1", asOf, "core", 500).Opportunity,
                    new("o2", "a2", "core", 1000, "USD", SmallHistory.At(50), null, null, Outcome.Open, null, Attributes.None),
                ]
        )
        {
            featurizer.Look(new(asOf, opportunity));
            var fit = new float[featurizer.PartnerFit.Count];
            var win = new float[featurizer.WinProbability.Count];
            foreach (var id in (string[])["p1", "p2", "p3"])
            {
                featurizer.WritePartnerFit(state.IndexOfPartner(id), fit);
                featurizer.WriteWinProbability([state.IndexOfPartner(id)], win);
                bits.AddRange(fit.Concat(win).Select(BitConverter.SingleToInt32Bits));
            }
        }
        return [.. bits];
    }
}
