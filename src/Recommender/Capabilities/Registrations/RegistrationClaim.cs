using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Registrations;

/// <summary>What a partner claims.</summary>
public sealed record RegistrationClaim
{
    /// <summary>The partner.</summary>
    public required PartnerId PartnerId { get; init; }

    /// <summary>The account; null if it is to be found by name and domain.</summary>
    public AccountId? AccountId { get; init; }

    /// <summary>The company's name, if no account is named.</summary>
    public string? Name { get; init; }

    /// <summary>Its domain.</summary>
    public string? Domain { get; init; }

    /// <summary>Its country, a name or code.</summary>
    public string? Country { get; init; }

    /// <summary>Its region.</summary>
    public string? Region { get; init; }

    /// <summary>What is to be sold; null if nobody said, which counts as everything.</summary>
    public string? Product { get; init; }

    /// <summary>What it may be worth; null if nobody said.</summary>
    public double? Amount { get; init; }

    /// <summary>The currency of the amount, an ISO 4217 code.</summary>
    public string? Currency { get; init; }

    /// <summary>What the partner says it did.</summary>
    public string? Evidence { get; init; }

    /// <summary>True if it was made elsewhere: then what it does not say nobody knows.</summary>
    internal bool IsImported { get; init; }

    /// <summary>The claim of a registration that was submitted.</summary>
    internal static RegistrationClaim Of(DealRegistration row, RegistrationStep? submitted) =>
        new()
        {
            PartnerId = row.PartnerId,
            AccountId = row.AccountId,
            Product = row.Product,
            Amount = submitted?.Amount,
            Currency = submitted?.Currency,
            Evidence = submitted?.Evidence,
            IsImported = submitted is null,
        };

    /// <summary>A company that is none of our accounts yet, as it would stand among them.</summary>
    internal Account NewAccount(string id) =>
        new(id, Name, null, Country, Region, null, null, null, Attributes.None) { Domain = Domain };
}
