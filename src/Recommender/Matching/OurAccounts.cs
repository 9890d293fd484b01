using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Matching;

/// <summary>An account that a company may be.</summary>
/// <param name="Id">The account.</param>
/// <param name="Probability">That it is, 0 to 1.</param>
/// <param name="Why">What they have in common, in words.</param>
public sealed record LikelyAccount(AccountId Id, double Probability, string Why)
{
    /// <summary>True if it counts as that account without a person.</summary>
    public bool IsSure => Probability >= CompanyMatcher.MatchedFrom;
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

    /// <summary>Does what the first <see cref="Find"/> would do otherwise.</summary>
    public void MakeReady() => Matcher.MakeReady();

    /// <summary>
    /// Accounts that a company may be, the likeliest first, at most three; empty if it is likely none of them. Those that came since this was
    /// made are found by the same domain or name.
    /// </summary>
    /// <param name="state">The fold as it is now.</param>
    /// <param name="name">The company's name; null if it is not known.</param>
    /// <param name="domain">Its domain, or an address that holds it; null if it is not known.</param>
    /// <param name="country">A name or code; null if it is not known.</param>
    /// <param name="region">As our accounts have it; null if it is not known.</param>
    public IReadOnlyList<LikelyAccount> Find(HistoryState state, string? name, string? domain, string? country, string? region)
    {
        var company = Company.Of("", name, domain, country, region);
        var now = state.FindCompany(name, domain, country);
        var newer = now.Candidates.Select(one => one.Account);
        if (now.Account is { } sure)
            newer = newer.Append(sure);
        var found = new List<LikelyAccount>();
        foreach (
            var match in Matcher.Find(
                company,
                [.. newer.Select(row => Company.Of(row.Id.Value, row.Name, row.Identifiers().Domain, row.Country, row.Region))]
            )
        )
        {
            var id = state.Merges.Last(FactTables.Accounts, match.Account);
            if (state.FindAccount(id) is null)
                continue;
            // Two that were merged since are one.
            var same = found.FindIndex(one => one.Id == id);
            if (same < 0)
                found.Add(new(id, match.Probability, string.Join(", ", match.Pair.Agrees(company))));
            else
                found[same] = found[same] with { Probability = Math.Min(1, found[same].Probability + match.Probability) };
        }
        return found;
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
