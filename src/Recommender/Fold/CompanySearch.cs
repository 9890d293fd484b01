using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Accounts that a company may be.</summary>
/// <param name="Account">That which it is for sure; null if there is none, or several.</param>
/// <param name="Candidates">Those that it may be, by id, with why; empty if it is one for sure.</param>
/// <param name="IsCut">True if too many have such a name to be told apart.</param>
public sealed record CompanyFound(Account? Account, IReadOnlyList<(Account Account, string Why)> Candidates, bool IsCut = false);

// Accounts by what people know of a company.
public sealed partial class HistoryState
{
    const int MostNamesCompared = 300;

    /// <summary>
    /// The account that a company is: one of its domain is it for sure; one of the same name, whatever the legal form and accents,
    /// may be. Names and domains of accounts that were merged into others count.
    /// </summary>
    /// <param name="name">Its name; null if it is not known.</param>
    /// <param name="domain">Its domain, or an address that holds it; null if it is not known.</param>
    /// <param name="country">A name or code; one of another country is not of the same name. Null if it is not known.</param>
    public CompanyFound FindCompany(string? name, string? domain, string? country)
    {
        var sure = new SortedDictionary<string, (Account, string)>(StringComparer.Ordinal);
        var may = new SortedDictionary<string, (Account, string)>(StringComparer.Ordinal);
        var registered = CompanyIdentity
            .HostsOf(domain)
            .Select(PublicSuffixes.RegisteredOf)
            .Where(one => !CompanyIdentity.IsShared(one))
            .ToHashSet();
        foreach (var account in registered.SelectMany(Names.FindByDomain).Select(index => AccountStates[index].Row!))
        {
            if (RegisteredOf(account.Identifiers().Domain).Overlaps(registered))
                sure[account.Id.Value] = (account, "the same domain");
        }
        var isCut = false;
        var core = CompanyName.Of(name ?? "").Core;
        if (core.Length > 0)
        {
            var code = string.IsNullOrWhiteSpace(country) ? null : Countries.CodeOf(country);
            var left = MostNamesCompared;
            foreach (var account in Names.Find(WordOf(name!)).Select(index => AccountStates[index].Row!))
            {
                if (left-- == 0)
                {
                    isCut = true;
                    break;
                }
                if (
                    CompanyName.Of(account.Name ?? "").Core == core
                    && (code is null || string.IsNullOrWhiteSpace(account.Country) || Countries.CodeOf(account.Country) == code)
                )
                    may[account.Id.Value] = (account, "the same name");
            }
        }
        foreach (var (into, old) in Merges.Accounts)
        {
            if (FindAccount(into) is not { } account)
                continue;
            if (registered.Count > 0 && RegisteredOf(old.Domain).Overlaps(registered))
                sure[into] = (account, "the same domain");
            else if (core.Length > 0 && old.Name is { } was && CompanyName.Of(was).Core == core)
                may[into] = (account, "the same name");
        }
        if (sure.Count == 1)
            return new(sure.Values.First().Item1, []);
        foreach (var (id, found) in sure)
            may[id] = found;
        return new(null, [.. may.Values], isCut && sure.Count == 0);
    }

    static HashSet<string> RegisteredOf(string? domain) =>
        [.. CompanyIdentity.HostsOf(domain).Select(PublicSuffixes.RegisteredOf)];

    /// <summary>The word of a name that fewest others have: the longest that says more than what kind of company it is.</summary>
    static string WordOf(string name)
    {
        var words = TextKey.Search(name).Split([' ', '.', ',', '-', '/', '&', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
        return words
                .OrderBy(word => GeneralWords.Of(word) is not null || GeneralWords.IsUnsaid(word))
                .ThenByDescending(word => word.Length)
                .FirstOrDefault()
            ?? name;
    }
}
