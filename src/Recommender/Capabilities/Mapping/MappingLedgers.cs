using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Mapping;

/// <summary>The lists of partners, as they stand.</summary>
sealed class PartnerLists : Ledger<PartnerAccount>
{
    static readonly Dictionary<string, PartnerAccount> _none = [];
    readonly Dictionary<string, Dictionary<string, PartnerAccount>> _lists = [];

    /// <summary>By record id, those that ended too.</summary>
    public IReadOnlyDictionary<string, PartnerAccount> Of(PartnerId partnerId) =>
        _lists.GetValueOrDefault(partnerId.Value, _none);

    /// <summary>Partners that have a list.</summary>
    public IEnumerable<string> Partners => _lists.Keys;

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_lists.Values.Sum(list => list.Count));
        foreach (var record in _lists.Values.SelectMany(list => list.Values))
        {
            to.Write(record.PartnerId.Value);
            to.Write(record.RecordId);
            to.Write(record.Name);
            to.Write(record.Domain);
            to.Write(record.Country);
            to.Write(record.Region);
            to.Write(record.Population);
            to.Write(record.ContactCount);
            to.Write(record.ContactLevel);
            to.Write(record.Since);
            to.Write(record.Until);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(
                    from.Text()!,
                    from.Text()!,
                    from.Text(),
                    from.Text(),
                    from.Text(),
                    from.Text(),
                    from.Text()!,
                    from.NumberOrNone(),
                    from.Text(),
                    from.InstantOrNone(),
                    from.InstantOrNone()
                )
            );
    }

    protected override void Add(PartnerAccount row, in DatedFact fact) => Put(row);

    protected override void Retract(PartnerAccount row, in DatedFact fact)
    {
        var list = _lists.GetValueOrDefault(row.PartnerId.Value, _none);
        if (!list.Remove(row.RecordId))
            throw new InvalidOperationException($"The record {row.RecordId} is taken back, which was never taken in.");
        if (list.Count == 0)
            _lists.Remove(row.PartnerId.Value);
    }

    void Put(PartnerAccount row)
    {
        if (!_lists.TryGetValue(row.PartnerId.Value, out var list))
            _lists.Add(row.PartnerId.Value, list = []);
        list.Add(row.RecordId, row);
    }
}

/// <summary>What is held of records and accounts, by partner.</summary>
sealed class HeldMatches : Ledger<AccountMatch>
{
    static readonly Dictionary<(string, string), AccountMatch> _none = [];
    readonly Dictionary<string, Dictionary<(string Record, string Account), AccountMatch>> _matches = [];

    /// <summary>By record and account.</summary>
    public IReadOnlyDictionary<(string Record, string Account), AccountMatch> Of(PartnerId partnerId) =>
        _matches.GetValueOrDefault(partnerId.Value, _none);

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_matches.Values.Sum(list => list.Count));
        foreach (var match in _matches.Values.SelectMany(list => list.Values))
        {
            to.Write(match.PartnerId.Value);
            to.Write(match.RecordId);
            to.Write(match.AccountId.Value);
            to.Write(match.State);
            to.Write(match.Probability);
            to.Write(match.Agrees);
            to.Write(match.Differs);
            to.Write(match.Population);
            to.Write(match.OverlapSince);
            to.Write(match.By);
            to.Write(match.At);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(
                new(
                    from.Text()!,
                    from.Text()!,
                    from.Text()!,
                    from.Text()!,
                    from.NumberOrNone(),
                    from.Text(),
                    from.Text(),
                    from.Text(),
                    from.InstantOrNone(),
                    from.Text(),
                    from.Instant()
                )
            );
    }

    protected override void Add(AccountMatch row, in DatedFact fact) => Put(row);

    protected override void Retract(AccountMatch row, in DatedFact fact)
    {
        var list = _matches.GetValueOrDefault(row.PartnerId.Value, _none);
        if (!list.Remove((row.RecordId, row.AccountId.Value)))
            throw new InvalidOperationException($"The match of {row.RecordId} is taken back, which was never taken in.");
        if (list.Count == 0)
            _matches.Remove(row.PartnerId.Value);
    }

    void Put(AccountMatch row)
    {
        if (!_matches.TryGetValue(row.PartnerId.Value, out var list))
            _matches.Add(row.PartnerId.Value, list = []);
        list.Add((row.RecordId, row.AccountId.Value), row);
    }
}

/// <summary>What partners agreed to have seen.</summary>
sealed class SharingModes : Ledger<PartnerSharing>
{
    readonly Dictionary<string, string> _modes = [];

    /// <summary>Partners that share counts only.</summary>
    public IEnumerable<PartnerId> WithCounts => _modes.Where(one => one.Value == "counts").Select(one => new PartnerId(one.Key));

    /// <summary>fields or counts.</summary>
    public string Of(PartnerId partnerId) => _modes.GetValueOrDefault(partnerId.Value, "fields");

    public override bool IsWritten => true;

    public override void Write(SnapshotWriter to)
    {
        to.Write(_modes.Count);
        foreach (var (partner, mode) in _modes)
        {
            to.Write(partner);
            to.Write(mode);
        }
    }

    public override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            _modes.Add(from.Text()!, from.Text()!);
    }

    protected override void Add(PartnerSharing row, in DatedFact fact) => _modes.Add(row.PartnerId.Value, row.Mode);

    protected override void Retract(PartnerSharing row, in DatedFact fact) => _modes.Remove(row.PartnerId.Value);
}
