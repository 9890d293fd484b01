using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Tests.History;

namespace Recommender.Tests.Fold;

/// <summary>Everything a fold knows, by name: whole counts under names that begin with #, what decays scaled to a moment.</summary>
static class StateText
{
    public static bool IsWhole(string name) => name[0] == '#';

    /// <summary>How far two values may be from each other; features are floats, which only keep seven digits.</summary>
    public static double Tolerance(string name) => name.StartsWith("~feature", StringComparison.Ordinal) ? 1e-5 : 1e-9;

    public static SortedDictionary<string, double> Of(HistoryState state, DateTime asOf, bool features = true)
    {
        var all = new SortedDictionary<string, double>(StringComparer.Ordinal);
        void Whole(string name, double count)
        {
            if (count != 0)
                all.Add("#" + name, count);
        }
        void Part(string name, double value)
        {
            if (Math.Abs(value) > 1e-9)
                all.Add("~" + name, value);
        }
        void Date(string name, DateTime at)
        {
            if (at != default)
                all.Add("@" + name, at.Ticks);
        }
        state.AdvanceTo(asOf);
        var (slow, fast, outcome) = (state.Slow.Scale(asOf), state.Fast.Scale(asOf), state.OutcomeDecay.Scale(asOf));
        void Counts(string name, PartnerCounts counts)
        {
            Whole(name + ".engagements", counts.Engagements);
            Whole(name + ".won", counts.Won);
            Whole(name + ".lost", counts.Lost);
            Part(name + ".decayed", counts.Decayed * slow);
        }
        void Outcomes(string name, OutcomeCounts counts)
        {
            Whole(name + ".won", counts.Won);
            Whole(name + ".lost", counts.Lost);
            Part(name + ".decayed_won", counts.DecayedWon * outcome);
            Part(name + ".decayed_lost", counts.DecayedLost * outcome);
        }
        Whole("engagements", state.Engagements.All);
        Part("engagements.decayed", state.Engagements.Decayed * slow);
        Outcomes("outcomes", state.Outcomes.All);
        foreach (var (stage, counts) in state.Outcomes.OfStages)
            Outcomes("stage " + state.Categories[stage], counts);
        for (var d = 0; d < state.Dimensions.Length; d++)
        {
            foreach (var (value, known) in state.Dimensions[d])
            {
                var name = NameOf(state, d, value);
                Whole(name + ".opportunities", known.Opportunities);
                Whole(name + ".engagements", known.Engagements);
                Part(name + ".decayed", known.DecayedEngagements * slow);
                Outcomes(name, known.Outcomes);
                foreach (var partner in known.Partners.Partners)
                    Counts($"{name} {state.PartnerId(partner)}", known.Partners[partner]);
            }
        }
        foreach (var seller in state.Sellers.There.Append(state.Sellers.All))
        {
            var owner = seller == state.Sellers.All ? "all" : seller.Name;
            Whole($"seller {owner}.open", seller.Open);
            Date($"seller {owner}.last", seller.LastAt);
            Whole($"seller {owner}.won", seller.Own.Won);
            Whole($"seller {owner}.lost", seller.Own.Lost);
            foreach (var ((dimension, value), counts) in seller.ByValue)
            {
                Whole($"seller {owner} {NameOf(state, dimension, value)}.won", counts.Won);
                Whole($"seller {owner} {NameOf(state, dimension, value)}.lost", counts.Lost);
            }
        }
        foreach (var account in state.AccountStates)
        {
            var name = account.Id;
            Whole(name + ".known", account.Row is null ? 0 : 1);
            foreach (var old in account.Merged ?? [])
                Whole($"{name}.merged {old}", 1);
            Whole(name + ".opportunities", account.Opportunities);
            Whole(name + ".won", account.Won);
            Whole(name + ".lost", account.Lost);
            Whole(name + ".open", account.Open);
            Whole(name + ".engagements", account.Engagements);
            Whole(name + ".partners", account.Partners);
            Part(name + ".own_touches", account.OwnTouches * fast);
            Part(name + ".partner_touches", account.PartnerTouches * fast);
            foreach (var at in (account.OwnTouchTimes ?? []).CountBy(at => at))
                Whole($"{name}.own_touch {at.Key:O}", at.Value);
            if (account.Opportunities > 0)
            {
                Date(name + ".first_opportunity", account.FirstOpportunityAt);
                Date(name + ".last_opportunity", account.LastOpportunityAt);
            }
            if (account.Won > 0)
                Date(name + ".last_won", account.LastWonAt);
            if (account.Row is not null)
                Whole(name + ".open " + string.Join(',', state.OpenDealsOf(name).Select(deal => deal.Id)), 1);
            Whole(
                name + ".found",
                account.Row?.Name is { } known && state.FindAccounts(known, 50).Any(one => one.Id == name) ? 1 : 0
            );
            foreach (var partner in account.Pairs?.Partners ?? [])
            {
                var pair = account.Pairs![partner];
                if (pair.Facts == 0)
                    continue;
                var both = $"{name} {state.PartnerId(partner)}";
                Whole(both + ".facts", pair.Facts);
                Whole(both + ".engagements", pair.Engagements);
                Whole(both + ".won", pair.Won);
                Whole(both + ".lost", pair.Lost);
                Whole(both + ".assists_given", pair.AssistsGiven);
                Whole(both + ".assists_received", pair.AssistsReceived);
                Part(both + ".decayed", pair.Decayed * slow);
                Part(both + ".touches", pair.Touches * fast);
                Date(both + ".last_touch", pair.LastTouchAt);
                if (pair.Engagements > 0)
                {
                    Whole(both + ".deals_since", pair.DealsSince);
                    Date(both + ".last_engagement", pair.LastEngagementAt);
                }
                Whole(both + ".overlaps", pair.Overlaps?.Length ?? 0);
                Whole(both + ".registrations", pair.Registrations?.Length ?? 0);
                Whole(both + ".declines", pair.Declines?.Length ?? 0);
                Whole(both + ".overlap " + pair.LiveOverlap(asOf), 1);
                Whole(both + ".live " + pair.LiveRegistration(asOf)?.ExpiresAt, 1);
                Whole(both + ".declined " + pair.LastDecline?.At, 1);
            }
        }
        foreach (var partner in state.PartnerStates)
        {
            var name = partner.Id.Value;
            Whole(name + ".known", partner.Row is null ? 0 : 1);
            foreach (var old in partner.Merged ?? [])
                Whole($"{name}.merged {old}", 1);
            Counts(name, partner.Counts);
            Part(name + ".short", partner.Short * fast);
            Whole(name + ".accounts", partner.Accounts);
            Whole(name + ".overlaps", partner.Overlaps);
            Whole(name + ".registrations", partner.Registrations);
            Whole(name + ".open_deals", partner.OpenDeals);
            Whole(name + ".open_deals_at_work", partner.OpenDealsAt(asOf));
            for (var end = 0; end < partner.Ends.Count; end++)
                Date($"{name}.end{end}", partner.Ends[end]);
            Part(name + ".assists_given", partner.AssistsGiven * slow);
            Part(name + ".assists_received", partner.AssistsReceived * slow);
            Date(name + ".first_engagement", partner.FirstEngagementAt);
            Date(name + ".last_engagement", partner.LastEngagementAt);
            Whole(name + ".earlier_deals.count", partner.EarlierDeals.Count);
            Part(name + ".earlier_deals.sum", partner.EarlierDeals.Sum);
            Part(name + ".earlier_deals.squares", partner.EarlierDeals.Squares);
            for (var m = 0; m < partner.Measures.Length; m++)
            {
                Whole($"{name}.measure{m}.count", partner.Measures[m].Count);
                Part($"{name}.measure{m}.sum", partner.Measures[m].Sum);
                Part($"{name}.measure{m}.squares", partner.Measures[m].Squares);
            }
            foreach (var (other, times) in partner.Neighbours ?? [])
                Whole($"{name}.beside {state.PartnerId(other)}", times);
            foreach (var (other, times) in partner.Successors ?? [])
                Whole($"{name}.before {state.PartnerId(other)}", times);
            foreach (var held in partner.Certifications ?? [])
                Whole($"{name}.certified {held}", 1);
        }
        foreach (var deal in state.OpportunityStates)
        {
            if (deal is null)
                continue;
            var name = deal.Row.Id;
            Whole($"{name} {deal.Row}", 1);
            Whole(name + ".matured", deal.Matured ? 1 : 0);
            Whole($"{name}.{deal.Outcome}", 1);
            Date(name + ".due", deal.Outcome == Outcome.Open ? default : state.Outcomes.DueAt(deal));
            Part(name + ".own_touches", deal.OwnTouches * fast);
            Part(name + ".partner_touches", deal.PartnerTouches * fast);
            Whole(
                name + ".stages " + string.Join(',', deal.Stages.All.ToArray().Select(stage => state.Categories[stage.Stage])),
                1
            );
            Whole(name + ".partners " + string.Join(',', state.PartnersOn(name).Select(state.PartnerId).Order()), 1);
            Whole(name + ".at_work " + string.Join(',', state.PartnersOn(name, asOf).Select(state.PartnerId).Order()), 1);
        }
        if (features)
            Features(state, asOf, Part);
        return all;
    }

    static string NameOf(HistoryState state, int dimension, long value)
    {
        var dimensions = state.Settings.Dimensions;
        if (dimension < dimensions.Count)
            return $"{dimensions[dimension].Name} {state.Categories[(int)value]}";
        var (left, right) = ((int)(value >> 32), (int)value);
        return $"{state.Settings.Crosses[dimension - dimensions.Count].Name} {state.Categories[left]} {state.Categories[right]}";
    }

    static void Features(HistoryState state, DateTime asOf, Action<string, double> add)
    {
        var featurizer = new Featurizer(SmallHistory.Settings with { Fold = state.Settings, Matches = [] }, state);
        var decisions = state
            .Accounts.Select(account => Decision.About(account.Id, asOf, "core", 500))
            .Concat(state.OpenDeals.Select(deal => new Decision(asOf, deal)));
        foreach (var decision in decisions)
        {
            featurizer.Look(decision);
            var (fit, win) = (new float[featurizer.PartnerFit.Count], new float[featurizer.WinProbability.Count]);
            for (var partner = 0; partner < state.PartnerCount; partner++)
            {
                if (state.FindPartner(partner) is null)
                    continue;
                featurizer.WritePartnerFit(partner, fit);
                featurizer.WriteWinProbability([partner], win);
                var name = $"feature {decision.Opportunity.AccountId} {decision.Opportunity.Id} {state.PartnerId(partner)} ";
                for (var f = 0; f < fit.Length; f++)
                    add(name + featurizer.PartnerFit[f].Name, fit[f]);
                for (var f = 0; f < win.Length; f++)
                    add(name + "win " + featurizer.WinProbability[f].Name, win[f]);
            }
        }
    }
}
