using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Registrations;

/// <summary>The steps of each registration in their order, and which clocks run.</summary>
sealed class StepsTaken : Ledger<RegistrationStep>
{
    static readonly RegistrationStep[] _none = [];
    readonly Dictionary<string, RegistrationStep[]> _steps = [];
    readonly SortedSet<(DateTime Until, string RegistrationId)> _clocks = new(Several.ByMoment);

    /// <summary>The steps of a registration, the first first; none of one that was made elsewhere.</summary>
    public IReadOnlyList<RegistrationStep> Of(string registrationId) => _steps.GetValueOrDefault(registrationId, _none);

    /// <summary>For each clock that ran out before a moment, the step that set it and what that makes, the earliest first.</summary>
    public IEnumerable<(RegistrationStep Last, string Kind)> RanOut(DateTime now)
    {
        foreach (var (until, id) in _clocks)
        {
            if (until >= now)
                yield break;
            var last = Last(_steps[id])!;
            yield return (last, last.Kind == "submitted" ? "review_overdue" : "expired");
        }
    }

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_steps.Values.Sum(steps => steps.Length));
        foreach (var step in _steps.Values.SelectMany(steps => steps))
        {
            to.Write(step.RegistrationId);
            to.Write(step.Kind);
            to.Write(step.At);
            to.Write(step.PartnerId.Value);
            to.Write(step.AccountId.Value);
            to.Write(step.By);
            to.Write(step.Until);
            to.Write(step.Amount);
            to.Write(step.Currency);
            to.Write(step.Evidence);
            to.Write(step.Ground);
            to.Write(step.Note);
            to.Write(step.Verdict);
            to.Write(step.Codes);
            to.Write(step.Trace);
            to.Write(step.OpportunityId?.Value);
            to.Write((double?)step.RulesVersion);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(from.Text()!, from.Text()!, from.Instant(), from.Text()!, from.Text()!)
                {
                    By = from.Text(),
                    Until = from.InstantOrNone(),
                    Amount = from.NumberOrNone(),
                    Currency = from.Text(),
                    Evidence = from.Text(),
                    Ground = from.Text(),
                    Note = from.Text(),
                    Verdict = from.Text(),
                    Codes = from.Text(),
                    Trace = from.Text(),
                    OpportunityId = OpportunityId.OrNone(from.Text()),
                    RulesVersion = (long?)from.NumberOrNone(),
                }
            );
    }

    protected override void Add(RegistrationStep row, in DatedFact fact) => Put(row);

    protected override void Retract(RegistrationStep row, in DatedFact fact)
    {
        var steps = _steps.GetValueOrDefault(row.RegistrationId, _none);
        if (!Array.Exists(steps, held => held == row))
            throw new InvalidOperationException($"A step of {row.RegistrationId} is taken back, which was never taken in.");
        Set(row.RegistrationId, [.. steps.Where(held => held != row)]);
    }

    void Put(RegistrationStep row) =>
        Set(
            row.RegistrationId,
            [
                .. _steps
                    .GetValueOrDefault(row.RegistrationId, _none)
                    .Append(row)
                    .OrderBy(step => step.At)
                    .ThenBy(step => Several.Rank(RegistrationStep.Kinds, step.Kind)),
            ]
        );

    void Set(string id, RegistrationStep[] steps)
    {
        if (Last(_steps.GetValueOrDefault(id, _none)) is { } before)
            _clocks.Remove((before.Until!.Value, id));
        if (steps.Length > 0)
            _steps[id] = steps;
        else
            _steps.Remove(id);
        if (Last(steps) is { } last)
            _clocks.Add((last.Until!.Value, id));
    }

    /// <summary>The step that set the clock that runs; null if none does.</summary>
    static RegistrationStep? Last(RegistrationStep[] steps) =>
        steps is [.., { Kind: "submitted" or "approved" or "extended", Until: not null } last] ? last : null;
}
