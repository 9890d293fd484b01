using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Mapping;

/// <summary>Rows of partners under a key of their own, as they stand.</summary>
abstract class OfPartners<TKey, T> : Ledger<T>
    where TKey : notnull
    where T : class
{
    static readonly Dictionary<TKey, T> _none = [];
    readonly Dictionary<PartnerId, Dictionary<TKey, T>> _rows = [];

    /// <summary>Those of a partner.</summary>
    public IReadOnlyDictionary<TKey, T> Of(PartnerId partnerId) => _rows.GetValueOrDefault(partnerId, _none);

    public sealed override bool IsWritten => true;

    public sealed override void Write(SnapshotWriter to)
    {
        to.Write(_rows.Values.Sum(rows => rows.Count));
        foreach (var row in _rows.Values.SelectMany(rows => rows.Values))
            Write(to, row);
    }

    public sealed override void Read(SnapshotReader from)
    {
        for (var left = from.Whole(); left > 0; left--)
            Put(ReadOne(from));
    }

    protected abstract (PartnerId PartnerId, TKey Key) KeyOf(T row);

    protected abstract void Write(SnapshotWriter to, T row);

    protected abstract T ReadOne(SnapshotReader from);

    protected sealed override void Add(T row, in DatedFact fact) => Put(row);

    protected sealed override void Retract(T row, in DatedFact fact)
    {
        var (partner, key) = KeyOf(row);
        var rows = _rows.GetValueOrDefault(partner, _none);
        if (!rows.Remove(key))
            throw new InvalidOperationException($"The {typeof(T).Name} {key} is taken back, which was never taken in.");
        if (rows.Count == 0)
            _rows.Remove(partner);
    }

    void Put(T row)
    {
        var (partner, key) = KeyOf(row);
        if (!_rows.TryGetValue(partner, out var rows))
            _rows.Add(partner, rows = []);
        rows.Add(key, row);
    }
}

/// <summary>The lists of partners: by record, those that ended too.</summary>
sealed class PartnerLists : OfPartners<string, PartnerAccount>
{
    protected override (PartnerId PartnerId, string Key) KeyOf(PartnerAccount record) => (record.PartnerId, record.RecordId);

    protected override void Write(SnapshotWriter to, PartnerAccount record)
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

    protected override PartnerAccount ReadOne(SnapshotReader from) =>
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
        );
}

/// <summary>What is held of records and accounts, by both.</summary>
sealed class HeldMatches : OfPartners<(string Record, string Account), AccountMatch>
{
    protected override (PartnerId PartnerId, (string Record, string Account) Key) KeyOf(AccountMatch match) =>
        (match.PartnerId, (match.RecordId, match.AccountId.Value));

    protected override void Write(SnapshotWriter to, AccountMatch match)
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

    protected override AccountMatch ReadOne(SnapshotReader from) =>
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
        );
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
