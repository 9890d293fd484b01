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

/// <summary>Our accounts, under all names and domains that each has or had, as records are compared with them.</summary>
public sealed class OurAccounts
{
    OurAccounts(IReadOnlyList<(string Id, string? Name, string? Domain, string? Country, string? Region)> rows)
    {
        Companies =
        [
            .. Company
                .All(rows.Count, i => Company.Of(rows[i].Id, rows[i].Name, rows[i].Domain, rows[i].Country, rows[i].Region))
                .Where(company => company.Name is not null || company.Domains.Length > 0),
        ];
        Matcher = new(Companies);
    }

    internal IReadOnlyList<Company> Companies { get; }

    internal CompanyMatcher Matcher { get; }

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
        var rows = Task.Run(() => store.ReadNouns(accounts));
        var merged = store
            .ReadNouns(FactTables.Aliases)
            .Where(alias => alias.Table == accounts.Name)
            .ToDictionary(alias => alias.OldId);
        var into = merged.Values.ToLookup(Last);
        return new([.. rows.Result.SelectMany(account => Rows(account, into[account.Id.Value]))]);

        string Last(Alias alias)
        {
            var seen = new HashSet<string>();
            while (seen.Add(alias.NewId) && merged.TryGetValue(alias.NewId, out var next))
                alias = next;
            return alias.NewId;
        }
    }

    /// <summary>Accounts that were written, or merged into, since a moment; null if one was merged.</summary>
    public static IReadOnlySet<string>? ChangedSince(HistoryStore store, DateTime since)
    {
        const int Page = 10_000;
        if (store.ReadNouns(FactTables.Aliases).Any(alias => alias.At >= since))
            return null;
        var (changed, after, more) = (new HashSet<string>(), "", true);
        while (more)
        {
            var written = store.WrittenSince(FactTables.Accounts, since, after, Page);
            changed.UnionWith(written.Select(one => one.Row.Key));
            more = written.Count == Page;
            if (more)
                (since, after) = (written[^1].WrittenAt, written[^1].Row.Key);
        }
        return changed;
    }

    static IEnumerable<(string, string?, string?, string?, string?)> Rows(Account account, IEnumerable<Alias> merged)
    {
        yield return (account.Id.Value, account.Name, account.Identifiers().Domain, account.Country, account.Region);
        foreach (var alias in merged)
            yield return (account.Id.Value, alias.Name, alias.Domain, account.Country, account.Region);
    }
}
