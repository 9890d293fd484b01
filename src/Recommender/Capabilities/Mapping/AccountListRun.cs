using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Matching;

namespace Recommender.Capabilities.Mapping;

/// <summary>What became of a list.</summary>
/// <param name="Records">Records that the list holds now.</param>
/// <param name="New">Those that were not there.</param>
/// <param name="Changed">Those that say something else than before.</param>
/// <param name="Unchanged">Those that say the same.</param>
/// <param name="Ended">Records that the list does not have any more: they hold until now.</param>
/// <param name="Matched">Records that are an account of ours, as computed.</param>
/// <param name="Confirmed">Records that are an account of ours, as a person decided.</param>
/// <param name="Review">Records that may be: a person decides.</param>
/// <param name="None">Records that are none of our accounts.</param>
public sealed record AccountListSummary(
    int Records,
    int New,
    int Changed,
    int Unchanged,
    int Ended,
    int Matched,
    int Confirmed,
    int Review,
    int None
);

/// <summary>Takes a list in, or matches the one that is there again: pure, what is to be written comes as rows.</summary>
public sealed class AccountListRun
{
    // A probability that moves by less with the list around it is not worth a row.
    const double Worth = 0.02;
    readonly PartnerList _list;
    readonly DateTime _at;
    readonly Dictionary<string, PartnerAccount> _records;
    readonly Dictionary<(string Record, string Account), AccountMatch> _matches;
    readonly List<HistoryRow> _rows = [];
    readonly HashSet<string> _touched = [];
    readonly HashSet<(string Record, string Account)> _put = [];
    readonly ILookup<string, AccountMatch> _byRecord;
    int _new,
        _changed,
        _unchanged,
        _ended;

    AccountListRun(PartnerList list, DateTime at)
    {
        (_list, _at) = (list, at);
        _records = new(list.Records);
        _matches = new(list.Matches);
        _byRecord = list.Matches.Values.ToLookup(match => match.RecordId);
    }

    /// <summary>Matches a list.</summary>
    /// <param name="list">The list as it stands.</param>
    /// <param name="accounts">Ours.</param>
    /// <param name="given">The list as it is from now on; null to match the one that is there again.</param>
    /// <param name="at">Now, UTC.</param>
    /// <param name="changed">
    /// Accounts that are others than when the list was matched last, if nothing else is that counts: then only records are matched that
    /// changed, or that these concern. Null to match all.
    /// </param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <returns>The rows to write, in the order in which they refer to one another, and what became of the list.</returns>
    public static (IReadOnlyList<HistoryRow> Rows, AccountListSummary Summary) Of(
        PartnerList list,
        OurAccounts accounts,
        AccountListFile? given,
        DateTime at,
        IReadOnlySet<string>? changed = null,
        Action<double>? progress = null
    )
    {
        var run = new AccountListRun(list, at);
        if (given is not null)
            run.Take(given);
        return run.Match(accounts, changed, progress);
    }

    /// <summary>A list is a snapshot: what it does not have any more ends now.</summary>
    void Take(AccountListFile given)
    {
        // A row that could not be read is on the list all the same.
        var there = new HashSet<string>(given.Unread);
        foreach (var record in given.Records)
        {
            there.Add(record.RecordId);
            if (_records.TryGetValue(record.RecordId, out var before) && before == record)
            {
                _unchanged++;
                continue;
            }
            if (before is null)
                _new++;
            else
                _changed++;
            TakeRecord(record);
        }
        if (given.HasNameless)
            return;
        foreach (var record in _list.Records.Values.Where(record => record.IsLive(_at) && !there.Contains(record.RecordId)))
        {
            _ended++;
            TakeRecord(record with { Until = _at });
        }
    }

    void TakeRecord(PartnerAccount record)
    {
        _records[record.RecordId] = record;
        _touched.Add(record.RecordId);
        _rows.Add(MappingCapability.PartnerAccounts.RowOf(record));
    }

    (IReadOnlyList<HistoryRow> Rows, AccountListSummary Summary) Match(
        OurAccounts accounts,
        IReadOnlySet<string>? changed,
        Action<double>? progress
    )
    {
        // Read while the list is matched.
        var overlaps = Task.Run(_list.ReadOverlaps);
        var live = _records.Values.Where(record => record.GoesOnAfter(_at)).ToList();
        live.Sort((x, y) => string.CompareOrdinal(x.RecordId, y.RecordId));
        var lookedAt = LookedAt(live, changed);
        var companies = Company.All(
            lookedAt.Count,
            i => live[lookedAt[i]] is var one ? Company.Of(one.RecordId, one.Name, one.Domain, one.Country, one.Region) : null!
        );
        var decisions = _matches
            .Values.Where(match => match.IsDecided)
            .ToLookup(match => match.RecordId, match => (match.AccountId.Value, match.State == "confirmed"));
        var found = accounts.Matcher.Match(
            companies,
            decisions,
            changed is null ? _ => true : Wanted(companies, accounts, changed),
            progress
        );
        var (matched, confirmed, review) = (0, 0, 0);
        for (var (i, next) = (0, 0); i < live.Count; i++)
        {
            var isLookedAt = next < lookedAt.Count && lookedAt[next] == i;
            var of = isLookedAt ? next++ : -1;
            switch (isLookedAt && found[of] is { } those ? Hold(live[i].RecordId, companies[of], those) : Held(live[i].RecordId))
            {
                case "matched":
                    matched++;
                    break;
                case "confirmed":
                    confirmed++;
                    break;
                case "review":
                    review++;
                    break;
            }
        }
        var before = _list.Matches;
        overlaps.GetAwaiter().GetResult();
        var accountsTouched = _matches
            .Values.Where(match =>
                _touched.Contains(match.RecordId)
                || _put.Contains((match.RecordId, match.AccountId.Value))
                || HasOverlap(match) != (match.IsMatch && _list.Sharing == "fields")
            )
            .Select(match => match.AccountId.Value)
            .ToHashSet();
        var now = new OverlapSync(
            _list,
            _records,
            _matches.Values.Where(match => accountsTouched.Contains(match.AccountId.Value)),
            _at
        );
        foreach (
            var match in now.Matches().Where(match => before.GetValueOrDefault((match.RecordId, match.AccountId.Value)) != match)
        )
            _rows.Add(MappingCapability.AccountMatches.RowOf(match));
        _rows.AddRange(now.Overlaps);
        return (
            _rows,
            new(
                live.Count,
                _new,
                _changed,
                _unchanged,
                _ended,
                matched,
                confirmed,
                review,
                live.Count - matched - confirmed - review
            )
        );
    }

    /// <summary>
    /// The records that are looked at, by position: all, unless only the list changed. Then those that changed, those that have a domain of
    /// theirs, and enough others to tell how true pairs agree.
    /// </summary>
    List<int> LookedAt(List<PartnerAccount> live, IReadOnlySet<string>? changed)
    {
        if (changed is null || changed.Count > 0)
            return [.. Enumerable.Range(0, live.Count)];
        var domains = live.Where(record => record.Domain is not null && _touched.Contains(record.RecordId))
            .Select(record => record.Domain!)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var lookedAt = new List<int>();
        for (var i = 0; i < live.Count; i++)
        {
            if (
                CompanyMatcher.IsSample(i, live.Count)
                || _touched.Contains(live[i].RecordId)
                || live[i].Domain is { } domain && domains.Contains(domain)
                || _byRecord[live[i].RecordId].Any(match => match.IsDecided)
            )
                lookedAt.Add(i);
        }
        return lookedAt;
    }

    /// <summary>Which records are to be matched: those that changed, and those that are, or may be, one of the accounts that did.</summary>
    Func<int, bool> Wanted(Company[] companies, OurAccounts accounts, IReadOnlySet<string> changed)
    {
        var wanted = new HashSet<string>(_touched);
        wanted.UnionWith(_matches.Values.Where(match => changed.Contains(match.AccountId.Value)).Select(match => match.RecordId));
        var search = new CompanySearch(new([.. accounts.Companies.Where(account => changed.Contains(account.Id))]));
        var found = new List<int>();
        if (changed.Count > 0)
        {
            foreach (var company in companies)
            {
                search.Find(company, found);
                if (found.Count > 0)
                    wanted.Add(company.Id);
            }
        }
        return i => wanted.Contains(companies[i].Id);
    }

    /// <summary>True if the overlap that was made of a match last holds.</summary>
    bool HasOverlap(AccountMatch match) =>
        match.OverlapSince is { } since
        && _list
            .OverlapsOf(match.AccountId.Value, match.Population!)
            .Any(overlap => overlap.Since == since && overlap.IsLive(_at));

    /// <summary>How a record is held that was not matched again.</summary>
    string Held(string record) =>
        _byRecord[record].Select(match => match.State).FirstOrDefault(state => state is not ("none" or "rejected")) ?? "none";

    /// <summary>Holds what was found of a record; what a person decided stays.</summary>
    string Hold(string record, Company company, IReadOnlyList<FoundMatch> found)
    {
        var isConfirmed = _byRecord[record].Any(match => match.State == "confirmed");
        var state = isConfirmed ? "confirmed" : CompanyMatcher.StateOf(found is [var first, ..] ? first.Probability : null);
        var held = state switch
        {
            "matched" => found.Take(1),
            "review" => found,
            _ => [],
        };
        foreach (var match in held)
            Put(
                new(
                    _list.PartnerId,
                    record,
                    match.Account,
                    state,
                    Math.Round(match.Probability, 4),
                    Text(match.Pair.Agrees(company)),
                    Text(match.Pair.Differs()),
                    null,
                    null,
                    null,
                    _at
                )
            );
        foreach (var old in _byRecord[record])
        {
            if (old.State is "matched" or "review" && !held.Any(match => match.Account == old.AccountId.Value))
                Put(
                    old with
                    {
                        State = "none",
                        Probability = found.FirstOrDefault(match => match.Account == old.AccountId.Value)?.Probability is { } now
                            ? Math.Round(now, 4)
                            : null,
                        By = null,
                        At = _at,
                    }
                );
        }
        return state;
    }

    void Put(AccountMatch match)
    {
        var key = (match.RecordId, match.AccountId.Value);
        if (_matches.TryGetValue(key, out var before))
        {
            if (before.IsDecided)
                return;
            match = match with { Population = before.Population, OverlapSince = before.OverlapSince };
            if (
                before.By is null
                && before.State == match.State
                && before.Agrees == match.Agrees
                && before.Differs == match.Differs
                && Math.Abs((before.Probability ?? 0) - (match.Probability ?? 0)) < Worth
            )
                return;
        }
        _matches[key] = match;
        _put.Add(key);
    }

    internal static string? Text(IEnumerable<string> parts) =>
        string.Join('|', parts.Select(part => part.Replace('|', ' '))) is { Length: > 0 } text ? text : null;
}
