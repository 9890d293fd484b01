using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Handoffs;

/// <summary>Handoffs, by id, account, partner and when they were drafted.</summary>
sealed class HandoffRows : Ledger<Handoff>
{
    readonly Dictionary<string, Handoff> _handoffs = [];
    readonly Dictionary<AccountId, string[]> _ofAccounts = [];
    readonly Dictionary<PartnerId, string[]> _ofPartners = [];
    readonly Moments _byTime = new();

    /// <summary>All, by when they were drafted.</summary>
    public Moments ByTime => _byTime;

    /// <summary>A handoff; null if it is not known.</summary>
    public Handoff? Find(string id) => _handoffs.GetValueOrDefault(id);

    /// <summary>Those of an account.</summary>
    public IEnumerable<Handoff> Of(AccountId accountId) =>
        (_ofAccounts.GetValueOrDefault(accountId) ?? []).Select(id => _handoffs[id]);

    /// <summary>Those of a partner.</summary>
    public IEnumerable<Handoff> Of(PartnerId partnerId) =>
        (_ofPartners.GetValueOrDefault(partnerId) ?? []).Select(id => _handoffs[id]);

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_handoffs.Count);
        foreach (var (_, id) in _byTime.Since(DateTime.MinValue))
        {
            var handoff = _handoffs[id];
            to.Write(handoff.Id);
            to.Write(handoff.Direction);
            to.Write(handoff.PartnerId.Value);
            to.Write(handoff.AccountId.Value);
            to.Write(handoff.CreatedAt);
            to.Write(handoff.OpportunityId?.Value);
            to.Write(handoff.LeadId);
            to.Write(handoff.Owner);
            to.Write(handoff.Product);
            to.Write(handoff.Amount);
            to.Write(handoff.Currency);
            to.Write(handoff.RecommendationId);
            to.Write(handoff.Probability);
            to.Write(handoff.Filled);
            to.Write(handoff.PacketVersion);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(from.Text()!, from.Text()!, new(from.Text()!), new(from.Text()!), from.Instant())
                {
                    OpportunityId = OpportunityId.OrNone(from.Text()),
                    LeadId = from.Text(),
                    Owner = from.Text(),
                    Product = from.Text(),
                    Amount = from.NumberOrNone(),
                    Currency = from.Text(),
                    RecommendationId = from.Text(),
                    Probability = from.NumberOrNone(),
                    Filled = from.Whole(),
                    PacketVersion = from.Large(),
                }
            );
    }

    protected override void Add(Handoff row, in DatedFact fact) => Put(row);

    protected override void Retract(Handoff row, in DatedFact fact)
    {
        if (!_handoffs.Remove(row.Id, out var held))
            throw new InvalidOperationException($"Handoff {row.Id} is taken back, which was never taken in.");
        _byTime.Note(held.CreatedAt, held.Id, -1);
        Forget(_ofAccounts, held.AccountId, held.Id);
        Forget(_ofPartners, held.PartnerId, held.Id);
    }

    void Put(Handoff row)
    {
        _handoffs.Add(row.Id, row);
        _byTime.Note(row.CreatedAt, row.Id, 1);
        _ofAccounts[row.AccountId] = Several.With(_ofAccounts.GetValueOrDefault(row.AccountId), row.Id);
        _ofPartners[row.PartnerId] = Several.With(_ofPartners.GetValueOrDefault(row.PartnerId), row.Id);
    }

    static void Forget<TKey>(Dictionary<TKey, string[]> of, TKey key, string id)
        where TKey : notnull
    {
        if (Several.Without(of[key], held => held == id) is { } left)
            of[key] = left;
        else
            of.Remove(key);
    }
}

/// <summary>The steps of each handoff in their order, and which clocks run.</summary>
sealed class HandoffSteps : Ledger<HandoffStep>
{
    static readonly HandoffStep[] _none = [];
    readonly Dictionary<string, HandoffStep[]> _steps = [];
    readonly SortedSet<(DateTime Until, string HandoffId)> _clocks = new(Several.ByMoment);

    /// <summary>The steps of a handoff, the first first.</summary>
    public IReadOnlyList<HandoffStep> Of(string handoffId) => _steps.GetValueOrDefault(handoffId, _none);

    /// <summary>Handoffs whose clock ran out before a moment, the earliest first, each with what that is.</summary>
    public IEnumerable<HandoffStep> RanOut(DateTime now)
    {
        foreach (var (until, id) in _clocks)
        {
            if (until >= now)
                yield break;
            yield return HandoffFile.ClockOf(_steps[id])!;
        }
    }

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_steps.Values.Sum(steps => steps.Length));
        foreach (var step in _steps.Values.SelectMany(steps => steps))
        {
            to.Write(step.HandoffId);
            to.Write(step.Round);
            to.Write(step.Kind);
            to.Write(step.Side);
            to.Write(step.At);
            to.Write(step.AccountId.Value);
            to.Write(step.PartnerId.Value);
            to.Write(step.OpportunityId?.Value);
            to.Write(step.Until);
            to.Write(step.Reason);
            to.Write(step.Note);
            to.Write(step.Rating);
            to.Write(step.Filled);
            to.Write(step.By);
            to.Write((double?)step.RulesVersion);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(from.Text()!, from.Whole(), from.Text()!, from.Text()!, from.Instant(), new(from.Text()!), new(from.Text()!))
                {
                    OpportunityId = OpportunityId.OrNone(from.Text()),
                    Until = from.InstantOrNone(),
                    Reason = from.Text(),
                    Note = from.Text(),
                    Rating = from.NumberOrNone(),
                    Filled = from.NumberOrNone(),
                    By = from.Text(),
                    RulesVersion = (long?)from.NumberOrNone(),
                }
            );
    }

    protected override void Add(HandoffStep row, in DatedFact fact) => Put(row);

    protected override void Retract(HandoffStep row, in DatedFact fact)
    {
        var steps = _steps.GetValueOrDefault(row.HandoffId, _none);
        if (!Array.Exists(steps, held => IsSame(held, row)))
            throw new InvalidOperationException($"A step of handoff {row.HandoffId} is taken back that was never taken in.");
        Set(row.HandoffId, [.. steps.Where(held => !IsSame(held, row))]);
    }

    static bool IsSame(HandoffStep one, HandoffStep other) =>
        (one.Round, one.Kind, one.Side) == (other.Round, other.Kind, other.Side);

    void Put(HandoffStep row) =>
        Set(
            row.HandoffId,
            [
                .. _steps
                    .GetValueOrDefault(row.HandoffId, _none)
                    .Append(row)
                    .OrderBy(step => step.Round)
                    .ThenBy(step => step.At)
                    .ThenBy(step => Several.Rank(HandoffStep.Kinds, step.Kind))
                    .ThenBy(step => Several.Rank(HandoffStep.Sides, step.Side)),
            ]
        );

    void Set(string id, HandoffStep[] steps)
    {
        if (HandoffFile.ClockOf(Of(id)) is { } before)
            _clocks.Remove((before.At, id));
        if (steps.Length > 0)
            _steps[id] = steps;
        else
            _steps.Remove(id);
        if (HandoffFile.ClockOf(steps) is { } clock)
            _clocks.Add((clock.At, id));
    }
}
