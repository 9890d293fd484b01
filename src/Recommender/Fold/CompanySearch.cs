using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Accounts that a company may be.</summary>
/// <param name="Account">That which it is for sure; null if there is none, or several.</param>
/// <param name="Candidates">Those that it may be, by id, with why; empty if it is one for sure.</param>
public sealed record CompanyFound(Account? Account, IReadOnlyList<(Account Account, string Why)> Candidates);

// Accounts by what people know of a company.
public sealed partial class HistoryState
{
    /// <summary>
    /// The account that a company is: one of its domain is it for sure; one of the same name, whatever the legal form and accents, may be.
    /// Names and domains of accounts that were merged into others count.
    /// </summary>
    /// <param name="name">Its name; null if it is not known.</param>
    /// <param name="domain">Its domain, or an address that holds it; null if it is not known.</param>
    /// <param name="country">A name or code; one of another country is not of the same name. Null if it is not known.</param>
    public CompanyFound FindCompany(string? name, string? domain, string? country)
    {
        var sure = Now(CompanyIdentity.RegisteredOf(domain).SelectMany(Companies.OfDomain));
        if (sure.Count == 1)
            return new(sure.Values.First(), []);
        var found = new SortedDictionary<string, (Account, string)>(StringComparer.Ordinal);
        if (CompanyName.Of(name ?? "").Core is { Length: > 0 } core)
        {
            var code = CodeOf(country);
            foreach (var (id, account) in Now(Companies.OfName(core)))
            {
                if (code is null || CodeOf(account.Country) is not { } other || other == code)
                    found[id] = (account, "the same name");
            }
        }
        foreach (var (id, account) in sure)
            found[id] = (account, "the same domain");
        return new(null, [.. found.Values]);
    }

    /// <summary>The accounts that ids stand for now.</summary>
    SortedDictionary<string, Account> Now(IEnumerable<string> ids)
    {
        var now = new SortedDictionary<string, Account>(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            if (FindAccount(Merges.Last(FactTables.Accounts, id)) is { } account)
                now[account.Id.Value] = account;
        }
        return now;
    }

    static string? CodeOf(string? country) => string.IsNullOrWhiteSpace(country) ? null : Countries.CodeOf(country);
}
