using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Leads;

/// <summary>Leads, by id, by account and by when they came.</summary>
sealed class LeadRows(HistoryState state) : Ledger<Lead>
{
    readonly Dictionary<string, Lead> _leads = [];
    readonly Dictionary<AccountId, string[]> _ofAccounts = [];
    readonly Moments _byTime = new();
    readonly Moments _unrouted = new();

    /// <summary>All, by when they came.</summary>
    public Moments ByTime => _byTime;

    /// <summary>Those of which nothing became yet, by when they came.</summary>
    public Moments Unrouted => _unrouted;

    /// <summary>Notes that something became of a lead, or that nothing did after all.</summary>
    public void NoteRouted(string id, bool isRouted)
    {
        if (_leads.TryGetValue(id, out var lead))
            _unrouted.Note(lead.CreatedAt, id, isRouted || lead.OpportunityId is not null ? -1 : 1);
    }

    /// <summary>A lead; null if it is not known.</summary>
    public Lead? Find(string id) => _leads.GetValueOrDefault(id);

    /// <summary>The leads of an account, by their rows or, where these say none, by what was found here.</summary>
    public IEnumerable<Lead> Of(AccountId accountId) =>
        (_ofAccounts.GetValueOrDefault(accountId) ?? [])
            .Select(id => _leads[id])
            .Concat(
                LeadsCapability
                    .StepsOf(state)
                    .Of(accountId)
                    .Select(_leads.GetValueOrDefault)
                    .OfType<Lead>()
                    .Where(lead => lead.AccountId is null)
            );

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_leads.Count);
        foreach (var (_, id) in _byTime.Since(DateTime.MinValue))
        {
            var lead = _leads[id];
            to.Write(lead.Id);
            to.Write(lead.CreatedAt);
            to.Write(lead.AccountId?.Value);
            to.Write(lead.Name);
            to.Write(lead.Domain);
            to.Write(lead.Country);
            to.Write(lead.Region);
            to.Write(lead.Product);
            to.Write(lead.Amount);
            to.Write(lead.Currency);
            to.Write(lead.Source);
            to.Write(lead.PartnerId?.Value);
            to.Write(lead.Owner);
            to.Write(
                lead.MayShare is { } may
                    ? may
                        ? 1
                        : 2
                    : 0
            );
            to.Write(lead.OpportunityId?.Value);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(from.Text()!, from.Instant())
                {
                    AccountId = AccountId.OrNone(from.Text()),
                    Name = from.Text(),
                    Domain = from.Text(),
                    Country = from.Text(),
                    Region = from.Text(),
                    Product = from.Text(),
                    Amount = from.NumberOrNone(),
                    Currency = from.Text(),
                    Source = from.Text(),
                    PartnerId = PartnerId.OrNone(from.Text()),
                    Owner = from.Text(),
                    MayShare = from.Whole() is not 0 and var may ? may == 1 : null,
                    OpportunityId = OpportunityId.OrNone(from.Text()),
                }
            );
    }

    protected override void Add(Lead row, in DatedFact fact) => Put(row);

    protected override void Retract(Lead row, in DatedFact fact)
    {
        if (!_leads.Remove(row.Id, out var held))
            throw new InvalidOperationException($"Lead {row.Id} is taken back, which was never taken in.");
        _byTime.Note(held.CreatedAt, held.Id, -1);
        _unrouted.Note(held.CreatedAt, held.Id, -1);
        if (held.AccountId is not { } account)
            return;
        if (Several.Without(_ofAccounts[account], id => id == held.Id) is { } left)
            _ofAccounts[account] = left;
        else
            _ofAccounts.Remove(account);
    }

    void Put(Lead row)
    {
        _leads.Add(row.Id, row);
        _byTime.Note(row.CreatedAt, row.Id, 1);
        NoteRouted(row.Id, LeadsCapability.StepsOf(state).Of(row.Id).Count > 0);
        if (row.AccountId is { } account)
            _ofAccounts[account] = Several.With(_ofAccounts.GetValueOrDefault(account), row.Id);
    }
}

/// <summary>What somebody was offered.</summary>
sealed class OffersTo
{
    /// <summary>Leads that it was offered and did not answer yet, or accepted, and that are no deals, by when that was.</summary>
    public Moments Held { get; } = new();

    /// <summary>All that it was offered, by when.</summary>
    public Moments Offers { get; } = new();
}

/// <summary>The steps of each lead in their order, which clocks run, and what everybody has.</summary>
sealed class LeadSteps(HistoryState state) : Ledger<LeadStep>
{
    static readonly LeadStep[] _none = [];
    readonly Dictionary<string, LeadStep[]> _steps = [];
    readonly SortedSet<(DateTime Until, string LeadId)> _clocks = new(Several.ByMoment);
    readonly SortedSet<string> _waiting = new(StringComparer.Ordinal);
    readonly Dictionary<Assignee, OffersTo> _to = [];
    readonly Dictionary<AccountId, SortedSet<string>> _ofAccounts = [];
    readonly Moments _toPartners = new();

    /// <summary>The steps of a lead, the first first.</summary>
    public IReadOnlyList<LeadStep> Of(string leadId) => _steps.GetValueOrDefault(leadId, _none);

    /// <summary>Leads of which a step names an account.</summary>
    public IEnumerable<string> Of(AccountId accountId) => _ofAccounts.TryGetValue(accountId, out var leads) ? leads : [];

    /// <summary>Leads whose last offer came to nothing, and that nobody was offered since.</summary>
    public IReadOnlyCollection<string> Waiting => _waiting;

    /// <summary>What somebody was offered; null if nothing.</summary>
    public OffersTo? To(Assignee assignee) => _to.GetValueOrDefault(assignee);

    /// <summary>Everybody who has a lead, or was offered one.</summary>
    public IEnumerable<Assignee> Assignees => _to.Keys;

    /// <summary>The last offers to partners, the newest first.</summary>
    public IEnumerable<LeadStep> LastToPartners =>
        _toPartners
            .NewestFirst.Select(one => LeadStep.ReadOfferId(one.Id)!.Value)
            .Select(id => Array.Find(_steps[id.LeadId], step => step.Kind == "offered" && step.Offer == id.Offer)!);

    /// <summary>Offers whose time was over before a moment, the earliest first.</summary>
    public IEnumerable<LeadStep> RanOut(DateTime now)
    {
        foreach (var (until, id) in _clocks)
        {
            if (until >= now)
                yield break;
            yield return _steps[id][^1];
        }
    }

    /// <summary>Offers that wait for an answer, what is due first on top.</summary>
    public IEnumerable<LeadStep> Open => _clocks.Select(one => _steps[one.LeadId][^1]);

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_steps.Values.Sum(steps => steps.Length));
        foreach (var step in _steps.Values.SelectMany(steps => steps))
        {
            to.Write(step.LeadId);
            to.Write(step.Offer);
            to.Write(step.Kind);
            to.Write(step.At);
            to.Write(step.To.Type);
            to.Write(step.To.Id);
            to.Write(step.AccountId?.Value);
            to.Write(step.Until);
            to.Write(step.Reason);
            to.Write(step.Note);
            to.Write(step.By);
            to.Write(step.Probability);
            to.Write((double?)step.PolicyVersion);
            to.Write((double?)step.RulesVersion);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(from.Text()!, from.Whole(), from.Text()!, from.Instant(), new(from.Text()!, from.Text()!))
                {
                    AccountId = AccountId.OrNone(from.Text()),
                    Until = from.InstantOrNone(),
                    Reason = from.Text(),
                    Note = from.Text(),
                    By = from.Text(),
                    Probability = from.NumberOrNone(),
                    PolicyVersion = (long?)from.NumberOrNone(),
                    RulesVersion = (long?)from.NumberOrNone(),
                }
            );
    }

    protected override void Add(LeadStep row, in DatedFact fact) => Put(row);

    protected override void Retract(LeadStep row, in DatedFact fact)
    {
        var steps = _steps.GetValueOrDefault(row.LeadId, _none);
        if (!Array.Exists(steps, held => IsSame(held, row)))
            throw new InvalidOperationException($"A step of lead {row.LeadId} is taken back that was never taken in.");
        Set(row.LeadId, [.. steps.Where(held => !IsSame(held, row))]);
    }

    static bool IsSame(LeadStep one, LeadStep other) => (one.Offer, one.Kind) == (other.Offer, other.Kind);

    void Put(LeadStep row) =>
        Set(
            row.LeadId,
            [
                .. _steps
                    .GetValueOrDefault(row.LeadId, _none)
                    .Append(row)
                    .OrderBy(step => step.Offer)
                    .ThenBy(step => Several.Rank(LeadStep.Kinds, step.Kind)),
            ]
        );

    void Set(string id, LeadStep[] steps)
    {
        Count(id, _steps.GetValueOrDefault(id, _none), -1);
        if (steps.Length > 0)
            _steps[id] = steps;
        else
            _steps.Remove(id);
        Count(id, steps, 1);
        LeadsCapability.LeadsOf(state).NoteRouted(id, steps.Length > 0);
    }

    /// <summary>What the steps of a lead add to what is looked up.</summary>
    void Count(string id, LeadStep[] steps, int times)
    {
        if (steps.Length == 0)
            return;
        var last = steps[^1];
        if (last is { Kind: "offered", Until: { } until })
            Note(_clocks, (until, id), times);
        if (last.Kind is "declined" or "expired")
            Note(_waiting, id, times);
        if (last.Kind is "offered" or "accepted")
            Note(last.To, offers => offers.Held, last.At, id, times);
        foreach (var account in steps.Select(step => step.AccountId).OfType<AccountId>().Distinct())
        {
            if (!_ofAccounts.TryGetValue(account, out var leads))
                _ofAccounts.Add(account, leads = new(StringComparer.Ordinal));
            Note(leads, id, times);
            if (leads.Count == 0)
                _ofAccounts.Remove(account);
        }
        foreach (var offer in steps)
        {
            if (offer.Kind != "offered")
                continue;
            Note(offer.To, offers => offers.Offers, offer.At, offer.OfferId, times);
            if (offer.To.IsPartner)
                _toPartners.Note(offer.At, offer.OfferId, times);
        }
    }

    void Note(Assignee to, Func<OffersTo, Moments> of, DateTime at, string id, int times)
    {
        if (!_to.TryGetValue(to, out var offers))
            _to.Add(to, offers = new());
        of(offers).Note(at, id, times);
        if (offers.Held.Count == 0 && offers.Offers.Count == 0)
            _to.Remove(to);
    }

    static void Note<T>(SortedSet<T> all, T one, int times)
    {
        if (times > 0)
            all.Add(one);
        else
            all.Remove(one);
    }
}

/// <summary>Our own people who sell.</summary>
sealed class RepRows : Ledger<Rep>
{
    readonly SortedDictionary<string, Rep> _reps = new(StringComparer.Ordinal);
    readonly Dictionary<string, string[]> _spellings = new(TextKey.Comparer);

    /// <summary>All that are known, by id; of those whose ids are one text to people the first.</summary>
    public IEnumerable<Rep> All => _reps.Values.Where(rep => Find(rep.Id) == rep);

    /// <summary>A rep, however its id is spelt; null if it is not known.</summary>
    public Rep? Find(string id) => _spellings.TryGetValue(id, out var ids) ? _reps[ids[0]] : null;

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_reps.Count);
        foreach (var rep in _reps.Values)
        {
            to.Write(rep.Id);
            to.Write(rep.Name);
            to.Write(rep.Regions);
            to.Write(rep.Industries);
            to.Write(rep.Products);
            to.Write(rep.OpenLeads);
            to.Write(rep.TimeZone);
            to.Write(rep.LeftAt);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
        {
            var rep = new Rep(from.Text()!)
            {
                Name = from.Text(),
                Regions = from.Text(),
                Industries = from.Text(),
                Products = from.Text(),
                OpenLeads = from.NumberOrNone(),
                TimeZone = from.Text(),
                LeftAt = from.InstantOrNone(),
            };
            Put(rep);
        }
    }

    protected override void Add(Rep row, in DatedFact fact) => Put(row);

    void Put(Rep row)
    {
        _reps.Add(row.Id, row);
        _spellings[row.Id] = [.. (_spellings.GetValueOrDefault(row.Id) ?? []).Append(row.Id).Order(StringComparer.Ordinal)];
    }

    protected override void Retract(Rep row, in DatedFact fact)
    {
        if (!_reps.Remove(row.Id))
            throw new InvalidOperationException($"Rep {row.Id} is taken back, which was never taken in.");
        if (Several.Without(_spellings[row.Id], id => id == row.Id) is { } left)
            _spellings[row.Id] = left;
        else
            _spellings.Remove(row.Id);
    }
}

/// <summary>The routing policies in their versions; the newest holds.</summary>
sealed class PoliciesSet : Ledger<SetPolicy>
{
    readonly SortedDictionary<long, (SetPolicy Set, RoutingPolicy? Policy)> _policies = [];

    /// <summary>The one that holds: the newest that can be read here, where a setting of a later version may be unknown.</summary>
    public RoutingPolicy Newest { get; private set; } = RoutingPolicy.Default;

    /// <summary>The newest as it was set, whether it can be read here or not; null before the first.</summary>
    public SetPolicy? Last => _policies.Count > 0 ? _policies.Values.Last().Set : null;

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_policies.Count);
        foreach (var (set, _) in _policies.Values)
        {
            to.Write((double)set.Version);
            to.Write(set.At);
            to.Write(set.Body);
            to.Write(set.By);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(new((long)from.Number(), from.Instant(), from.Text()!, from.Text()));
    }

    protected override void Add(SetPolicy row, in DatedFact fact) => Put(row);

    protected override void Retract(SetPolicy row, in DatedFact fact)
    {
        if (!_policies.Remove(row.Version))
            throw new InvalidOperationException("A routing policy is taken back that was never taken in.");
        Choose();
    }

    void Put(SetPolicy row)
    {
        _policies.Add(row.Version, (row, RoutingPolicy.Read(row.Body, row.Version, out _, isHere: false)));
        Choose();
    }

    void Choose() => Newest = _policies.Values.LastOrDefault(one => one.Policy is not null).Policy ?? RoutingPolicy.Default;
}
