using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>What keeps the outcomes of a history from teaching chances.</summary>
/// <param name="Alarms">One sentence each; win probability is refused for any of them.</param>
/// <param name="Notes">What else has to be said, a sentence each.</param>
sealed record OutcomeChecks(IReadOnlyList<string> Alarms, IReadOnlyList<string> Notes)
{
    /// <summary>Looks at all deals; those created before <paramref name="matured"/> teach, won or lost.</summary>
    /// <param name="facts">Those that the deals are known by.</param>
    /// <param name="deals">All of them.</param>
    /// <param name="matured">Outcomes count of deals created before.</param>
    /// <param name="endings">What became of those that nobody closed.</param>
    /// <param name="columns">Those of win probability.</param>
    /// <param name="config">The run's.</param>
    public static OutcomeChecks Of(
        IEnumerable<DatedFact> facts,
        IReadOnlyList<Deal> deals,
        DateTime matured,
        Endings endings,
        IReadOnlyList<FeatureColumn> columns,
        TrainingConfig config
    )
    {
        var (alarms, notes) = (new List<string>(), new List<string>());
        LookForEnds(deals, matured, config.Gate.MaxEce, alarms, notes);
        alarms.AddRange(RowsByOutcome.Alarms(facts, deals, columns));
        var open = deals.Count(deal => deal.Outcome == Outcome.Open && !IsWithoutEnd(deal));
        if (endings.IsMaterial)
            notes.Add(
                FormattableString.Invariant(
                    $"Of {endings.Old} deals created more than {2 * endings.MaturityDays} days ago {endings.LeftOpen} are still open, which is twice the time in which nearly all that end have ended: a chance is that of all deals, those included that are never closed, and deals younger than {endings.MaturityDays} days are not judged."
                )
            );
        if (open < HistoryProfile.LeastOpenDeals)
            notes.Add(
                FormattableString.Invariant(
                    $"Columns could not be held against open deals, of which the history has {open}: one that was written after the fact may have stayed."
                )
            );
        return new(alarms, notes);
    }

    /// <summary>The verdict on partner fit.</summary>
    public GateVerdict OfFit(GateVerdict verdict) => verdict with { Reason = string.Join(' ', [verdict.Reason, .. Notes]) };

    /// <summary>The verdict on win probability.</summary>
    public GateVerdict OfWinning(GateVerdict verdict) =>
        new(verdict.Promote && Alarms.Count == 0, string.Join(' ', [.. Alarms, verdict.Reason, .. Notes]));

    /// <summary>Whether it was won or lost nobody knows when.</summary>
    public static bool IsWithoutEnd(Deal deal) => deal.Last is { Outcome: not Outcome.Open, ClosedAt: null };

    static void LookForEnds(IReadOnlyList<Deal> deals, DateTime matured, double maxEce, List<string> alarms, List<string> notes)
    {
        var without = deals.Where(IsWithoutEnd).ToList();
        if (without.Count == 0)
            return;
        var lost = without.Count(deal => deal.Last.Outcome == Outcome.Lost);
        notes.Add(
            FormattableString.Invariant(
                $"{lost} lost and {without.Count - lost} won deals have no closed_at: their outcome teaches nothing."
            )
        );
        var taught = Share(deals.Where(deal => deal.Outcome != Outcome.Open), deal => deal.Outcome);
        var untaught = Share(without, deal => deal.Last.Outcome);
        if (taught.Count == 0 || untaught.Count == 0)
            return;
        var all = (taught.Count * taught.Won + untaught.Count * untaught.Won) / (taught.Count + untaught.Count);
        var error = Math.Sqrt(all * (1 - all) * (1.0 / taught.Count + 1.0 / untaught.Count));
        // Every chance is off by what the share is off, in test deals as well: half of the calibration error that the gate allows is left for what it can see.
        if (Math.Abs(taught.Won - all) > maxEce / 2 && Math.Abs(taught.Won - untaught.Won) > 3 * error)
            alarms.Add(
                FormattableString.Invariant(
                    $"Of the deals that teach, {100 * taught.Won:0} % were won, of all that ended {100 * all:0} %: lost and won ones lack closed_at unequally, so that every chance would be too {(taught.Won > all ? "high" : "low")}."
                )
            );

        (double Won, int Count) Share(IEnumerable<Deal> ended, Func<Deal, Outcome> outcome)
        {
            var old = ended.Where(deal => deal.Row.CreatedAt < matured).ToList();
            return (old.Count(deal => outcome(deal) == Outcome.Won) / (double)Math.Max(1, old.Count), old.Count);
        }
    }
}
