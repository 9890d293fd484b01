using Recommender.Capabilities.Mapping.Matching;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Mapping;

/// <summary>A partner's list as it stands, what is held of it, and the accounts that its records may be.</summary>
public sealed class PartnerList
{
    readonly Dictionary<(string Account, string Population), List<AccountOverlap>> _overlaps = [];

    /// <summary>Takes together what is known of a partner's list.</summary>
    /// <param name="partnerId">The partner.</param>
    /// <param name="sharing">fields or counts.</param>
    /// <param name="records">By record id, those that ended too.</param>
    /// <param name="matches">By record and account.</param>
    /// <param name="overlaps">The partner's.</param>
    public PartnerList(
        PartnerId partnerId,
        string sharing,
        IReadOnlyDictionary<string, PartnerAccount> records,
        IReadOnlyDictionary<(string Record, string Account), AccountMatch> matches,
        IEnumerable<AccountOverlap> overlaps
    )
    {
        (PartnerId, Sharing, Records, Matches) = (partnerId, sharing, records, matches);
        foreach (var overlap in overlaps)
        {
            var key = (overlap.AccountId.Value, overlap.Population);
            if (!_overlaps.TryGetValue(key, out var held))
                _overlaps.Add(key, held = new(1));
            held.Add(overlap);
        }
    }

    /// <summary>The partner.</summary>
    public PartnerId PartnerId { get; }

    /// <summary>fields or counts.</summary>
    public string Sharing { get; }

    /// <summary>By record id, those that ended too.</summary>
    public IReadOnlyDictionary<string, PartnerAccount> Records { get; }

    /// <summary>By record and account.</summary>
    public IReadOnlyDictionary<(string Record, string Account), AccountMatch> Matches { get; }

    /// <summary>The overlaps of an account in a population.</summary>
    internal IReadOnlyList<AccountOverlap> OverlapsOf(string account, string population) =>
        _overlaps.GetValueOrDefault((account, population)) ?? [];

    /// <summary>What the fold knows, copied, so that it can be worked on beside the fold; null if the partner is unknown.</summary>
    public static PartnerList? Of(HistoryState state, PartnerId partnerId) =>
        state.FindPartner(partnerId) is null
            ? null
            : new(
                partnerId,
                MappingCapability.SharingOf(state, partnerId),
                new Dictionary<string, PartnerAccount>(MappingCapability.ListsOf(state).Of(partnerId)),
                new Dictionary<(string, string), AccountMatch>(MappingCapability.MatchesOf(state).Of(partnerId)),
                [.. state.OverlapsOf(partnerId)]
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
            accounts.SelectMany(account => state.OverlapsOf(partnerId, account))
        );
    }

    /// <summary>What a database holds; null if the partner is unknown.</summary>
    public static PartnerList? Of(HistoryStore store, PartnerId partnerId)
    {
        if (store.Find(FactTables.Partners, partnerId.Value) is null)
            return null;
        IEnumerable<T> Of<T>(FactTable<T> table)
            where T : class => store.ReadRows(table, partnerId.Value).Select(table.Read);
        return new(
            partnerId,
            Of(MappingCapability.Sharing).FirstOrDefault()?.Mode ?? "fields",
            Of(MappingCapability.PartnerAccounts).ToDictionary(record => record.RecordId),
            Of(MappingCapability.AccountMatches).ToDictionary(match => (match.RecordId, match.AccountId.Value)),
            Of(FactTables.AccountOverlaps)
        );
    }
}

/// <summary>Our accounts, under all names and domains that each has or had, as records are compared with them.</summary>
public sealed class OurAccounts
{
    readonly List<Company> _companies;

    OurAccounts(IEnumerable<(string Id, string? Name, string? Domain, string? Country, string? Region)> rows) =>
        _companies = [
            .. rows.AsParallel()
                .AsOrdered()
                .Select(row => Company.Of(row.Id, row.Name, row.Domain, row.Country, row.Region))
                .Where(company => company.Name is not null || company.Domains.Length > 0),
        ];

    internal IReadOnlyList<Company> Companies => _companies;

    /// <summary>What the fold knows; the rows are copied before anything is worked out.</summary>
    public static Func<OurAccounts> Of(HistoryState state)
    {
        var rows = state.Accounts.SelectMany(account => Rows(account, state.MergedInto(account.Id))).ToList();
        return () => new(rows);
    }

    /// <summary>What a database holds.</summary>
    public static OurAccounts Of(HistoryStore store)
    {
        var accounts = FactTables.Accounts;
        var merged = store
            .ReadRows(FactTables.Aliases)
            .Select(FactTables.Aliases.Read)
            .Where(alias => alias.Table == accounts.Name)
            .ToDictionary(alias => alias.OldId);
        var into = merged.Values.ToLookup(Last);
        return new([
            .. store.ReadRows(accounts).Select(accounts.Read).SelectMany(account => Rows(account, into[account.Id.Value])),
        ]);

        string Last(Alias alias)
        {
            var seen = new HashSet<string>();
            while (seen.Add(alias.NewId) && merged.TryGetValue(alias.NewId, out var next))
                alias = next;
            return alias.NewId;
        }
    }

    static IEnumerable<(string, string?, string?, string?, string?)> Rows(Account account, IEnumerable<Alias> merged)
    {
        yield return (account.Id.Value, account.Name, account.Identifiers().Domain, account.Country, account.Region);
        foreach (var alias in merged)
            yield return (account.Id.Value, alias.Name, alias.Domain, account.Country, account.Region);
    }
}
