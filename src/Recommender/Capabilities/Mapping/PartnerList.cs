using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Matching;

namespace Recommender.Capabilities.Mapping;

/// <summary>A partner's list as it stands, what is held of it, and the accounts that its records may be.</summary>
public sealed class PartnerList
{
    readonly Lazy<ILookup<(string Account, string Population), AccountOverlap>> _overlaps;

    /// <summary>Takes together what is known of a partner's list.</summary>
    /// <param name="partnerId">The partner.</param>
    /// <param name="sharing">fields or counts.</param>
    /// <param name="records">By record id, those that ended too.</param>
    /// <param name="matches">By record and account.</param>
    /// <param name="overlaps">Gives the partner's, when they are needed.</param>
    public PartnerList(
        PartnerId partnerId,
        string sharing,
        IReadOnlyDictionary<string, PartnerAccount> records,
        IReadOnlyDictionary<(string Record, string Account), AccountMatch> matches,
        Func<IEnumerable<AccountOverlap>> overlaps
    )
    {
        (PartnerId, Sharing, Records, Matches) = (partnerId, sharing, records, matches);
        _overlaps = new(() => overlaps().ToLookup(overlap => (overlap.AccountId.Value, overlap.Population)));
    }

    /// <summary>The partner.</summary>
    public PartnerId PartnerId { get; }

    /// <summary>fields or counts.</summary>
    public string Sharing { get; }

    /// <summary>By record id, those that ended too.</summary>
    public IReadOnlyDictionary<string, PartnerAccount> Records { get; }

    /// <summary>By record and account.</summary>
    public IReadOnlyDictionary<(string Record, string Account), AccountMatch> Matches { get; }

    /// <summary>
    /// Since when nothing but accounts can have changed what was computed: when it was computed last, unless people decided something since.
    /// </summary>
    public DateTime? ComputedAt
    {
        get
        {
            var (computed, decided) = (DateTime.MinValue, DateTime.MinValue);
            foreach (var match in Matches.Values)
            {
                if (match.By is not null)
                    decided = match.At > decided ? match.At : decided;
                else
                    computed = match.At > computed ? match.At : computed;
            }
            return computed > decided ? computed : null;
        }
    }

    /// <summary>True if the same is known as another time.</summary>
    public bool IsStill(PartnerList? now) =>
        now is not null
        && now.Sharing == Sharing
        && now.Records.Count == Records.Count
        && now.Matches.Count == Matches.Count
        && now._overlaps.Value.SelectMany(one => one).SequenceEqual(_overlaps.Value.SelectMany(one => one))
        && now.Records.Values.All(record => ReferenceEquals(Records.GetValueOrDefault(record.RecordId), record))
        && now.Matches.Values.All(match =>
            ReferenceEquals(Matches.GetValueOrDefault((match.RecordId, match.AccountId.Value)), match)
        );

    /// <summary>Reads the overlaps, if that was not done.</summary>
    internal void ReadOverlaps() => _ = _overlaps.Value;

    /// <summary>The overlaps of an account in a population.</summary>
    internal IEnumerable<AccountOverlap> OverlapsOf(string account, string population) => _overlaps.Value[(account, population)];

    /// <summary>What the fold knows, copied, so that it can be worked on beside the fold; null if the partner is unknown.</summary>
    public static PartnerList? Of(HistoryState state, PartnerId partnerId) =>
        state.FindPartner(partnerId) is null
            ? null
            : new(
                partnerId,
                MappingCapability.SharingOf(state, partnerId),
                new Dictionary<string, PartnerAccount>(MappingCapability.ListsOf(state).Of(partnerId)),
                new Dictionary<(string, string), AccountMatch>(MappingCapability.MatchesOf(state).Of(partnerId)),
                Copied(state.OverlapsOf(partnerId))
            );

    /// <summary>The same of one record: what is held of it, and of the accounts that it is held to be, or may be from now on.</summary>
    internal static PartnerList? Of(HistoryState state, PartnerId partnerId, string recordId, AccountId accountId)
    {
        if (state.FindPartner(partnerId) is null)
            return null;
        var (lists, matches) = (MappingCapability.ListsOf(state).Of(partnerId), MappingCapability.MatchesOf(state).Of(partnerId));
        var accounts = matches
            .Values.Where(match => match.RecordId == recordId)
            .Select(match => match.AccountId)
            .Append(accountId)
            .ToHashSet();
        var of = matches.Values.Where(match => accounts.Contains(match.AccountId)).ToList();
        return new(
            partnerId,
            MappingCapability.SharingOf(state, partnerId),
            of.Select(match => match.RecordId)
                .Append(recordId)
                .Distinct()
                .Where(lists.ContainsKey)
                .ToDictionary(record => record, record => lists[record]),
            of.ToDictionary(match => (match.RecordId, match.AccountId.Value)),
            Copied(accounts.SelectMany(account => state.OverlapsOf(partnerId, account)))
        );
    }

    /// <summary>What a database holds; null if the partner is unknown.</summary>
    public static PartnerList? Of(HistoryStore store, PartnerId partnerId)
    {
        if (store.Find(FactTables.Partners, partnerId.Value) is null)
            return null;
        IReadOnlyList<T> Of<T>(FactTable<T> table)
            where T : class => store.ReadNouns(table, partnerId.Value);
        var (sharing, records, matches) = (
            Of(MappingCapability.Sharing),
            Of(MappingCapability.PartnerAccounts).ToDictionary(record => record.RecordId),
            Of(MappingCapability.AccountMatches).ToDictionary(match => (match.RecordId, match.AccountId.Value))
        );
        return new(
            partnerId,
            sharing is [var said, ..] ? said.Mode : "fields",
            records,
            matches,
            () => Of(FactTables.AccountOverlaps)
        );
    }

    static Func<IEnumerable<AccountOverlap>> Copied(IEnumerable<AccountOverlap> overlaps)
    {
        var copy = overlaps.ToList();
        return () => copy;
    }
}
