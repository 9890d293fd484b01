using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;

namespace Recommender.Training;

/// <summary>Looks for tables that were written once a deal was won: of lost deals hardly any has rows, and open ones do not bear that out.</summary>
static class RowsByOutcome
{
    const int Least = 25;
    const double MostOfLost = 0.1;

    /// <summary>One sentence for each such table that the model has features of.</summary>
    /// <param name="facts">Those that the deals are known by.</param>
    /// <param name="deals">All deals.</param>
    /// <param name="columns">Those of win probability.</param>
    public static IEnumerable<string> Alarms(
        IEnumerable<DatedFact> facts,
        IReadOnlyList<Deal> deals,
        IReadOnlyList<FeatureColumn> columns
    )
    {
        var ends = deals
            .Where(deal => deal.Last.ClosedAt is not null)
            .ToDictionary(deal => deal.Row.Id, deal => deal.Last.ClosedAt!.Value);
        var having = new HashSet<(FactKind, OpportunityId)>();
        foreach (var fact in facts)
        {
            var of = fact.Noun switch
            {
                StageChange stage => stage.OpportunityId,
                Touch touch => touch.OpportunityId,
                Assist assist => assist.OpportunityId,
                _ => null,
            };
            // What came when the deal had ended is no feature of it.
            if (of is { } id && !(ends.TryGetValue(id, out var end) && fact.SeenAt >= end))
                having.Add((fact.Kind, id));
        }
        (string Rows, bool IsUsed, Func<Deal, bool> Has)[] tables =
        [
            ("Partners", true, deal => deal.Engagements.Count > 0),
            ("Stages", columns.Any(column => column.Name == "stages_seen"), Rows(FactKind.StageEntered)),
            ("Touches", columns.Any(column => column.Idea == Ideas.Touches), Rows(FactKind.Touch)),
            ("Assists", columns.Any(column => column.Idea == Ideas.Assists), Rows(FactKind.Assist)),
        ];
        return tables.Where(table => table.IsUsed).Select(table => Alarm(table.Rows, deals, table.Has)).OfType<string>();

        Func<Deal, bool> Rows(FactKind kind) => deal => having.Contains((kind, deal.Row.Id));
    }

    static string? Alarm(string rows, IReadOnlyList<Deal> deals, Func<Deal, bool> has)
    {
        var open = deals.Where(deal => deal.Outcome == Outcome.Open && !OutcomeChecks.IsWithoutEnd(deal)).ToList();
        var (won, lost) = (Of(Outcome.Won, default), Of(Outcome.Lost, default));
        // Were a fifth as many lost deals to have rows, so few would be a chance below one in a thousand (Chernoff 1952).
        var expected = MostOfLost * 2 * won.Share * lost.Count;
        var chance = lost.Having - expected - (lost.Having > 0 ? lost.Having * Elementary.Log(lost.Having / expected) : 0);
        if (won.Count < Least || lost.Count < Least || lost.Share > MostOfLost * won.Share || chance > -7 || AreBorneOut())
            return null;
        return FormattableString.Invariant(
            $"{rows} stand on {100 * won.Share:0} % of won deals and {100 * lost.Share:0} % of lost ones, {(open.Count > 0 ? FormattableString.Invariant($"and on {100.0 * open.Count(has) / open.Count:0} % of open ones") : "and no open ones say otherwise")}: what was written once a deal was won teaches neither its chance nor what partners add."
        );

        // Open deals have rows as a mixture of won and lost ones of their age would.
        bool AreBorneOut()
        {
            if (open.Count < HistoryProfile.LeastOpenDeals)
                return false;
            var since = open.Select(deal => deal.Row.CreatedAt).Order().ElementAt(open.Count / 10);
            var (youngWon, youngLost) = (Of(Outcome.Won, since), Of(Outcome.Lost, since));
            if (youngWon.Count < Least || youngLost.Count < Least)
                (youngWon, youngLost) = (won, lost);
            var found = open.Count(has) / (double)open.Count;
            var error = Math.Sqrt(found * (1 - found) / open.Count);
            var wonShare = youngWon.Count / (youngWon.Count + youngLost.Count);
            return found - 2 * error > youngLost.Share
                && found + 2 * error > Mixed(wonShare / 2)
                && found - 2 * error < Mixed((1 + wonShare) / 2);

            double Mixed(double share) => share * youngWon.Share + (1 - share) * youngLost.Share;
        }

        (double Count, double Having, double Share) Of(Outcome outcome, DateTime since)
        {
            var such = deals.Where(deal => deal.Outcome == outcome && deal.Row.CreatedAt >= since).ToList();
            return (such.Count, such.Count(has), such.Count(has) / (double)Math.Max(1, such.Count));
        }
    }
}
