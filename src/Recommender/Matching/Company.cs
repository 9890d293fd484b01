using System.Collections.Concurrent;
using Recommender.CoSell;

namespace Recommender.Matching;

/// <summary>Who a company is, as far as one row of either side tells, made ready to be compared.</summary>
sealed record Company
{
    /// <summary>The account, or the record of the partner's list, that it is.</summary>
    public required string Id { get; init; }

    /// <summary>Its name; null if the row has none.</summary>
    public CompanyName? Name { get; private init; }

    /// <summary>The domains that were registered for it, without those that many companies share.</summary>
    public string[] Domains { get; private init; } = [];

    /// <summary>The code of its country; null if unknown.</summary>
    public string? Country { get; private init; }

    /// <summary>Its region, folded; null if unknown.</summary>
    public string? Region { get; private init; }

    /// <summary>Takes the columns of a row.</summary>
    /// <param name="id">Of the account or record.</param>
    /// <param name="name">As it came.</param>
    /// <param name="domain">A domain, an address, or several.</param>
    /// <param name="country">A name or code.</param>
    /// <param name="region">As it came.</param>
    public static Company Of(string id, string? name, string? domain, string? country, string? region) =>
        new()
        {
            Id = id,
            Name = name is not null && CompanyName.Of(name) is { Core.Length: > 0 } known ? known : null,
            Domains = [.. CompanyIdentity.RegisteredOf(domain)],
            Country = string.IsNullOrWhiteSpace(country) ? null : Countries.CodeOf(country),
            Region = string.IsNullOrWhiteSpace(region) ? null : TextKey.Search(region),
        };

    /// <summary>Many, worked out on all processors, in their order.</summary>
    public static Company[] All(int count, Func<int, Company> of)
    {
        var companies = new Company[count];
        if (count > 0)
            Parallel.ForEach(
                Partitioner.Create(0, count),
                range =>
                {
                    for (var i = range.Item1; i < range.Item2; i++)
                        companies[i] = of(i);
                }
            );
        return companies;
    }
}
