using Recommender.CoSell;

namespace Recommender.Matching;

/// <summary>How far two companies' domains are one.</summary>
enum DomainLevel
{
    /// <summary>One has none that is its own.</summary>
    Unknown,

    /// <summary>The same registered domain.</summary>
    Same,

    /// <summary>The same but for the public suffix, such as acme.de and acme.com.</summary>
    SameLabel,

    /// <summary>Others.</summary>
    Different,
}

/// <summary>Whether a column says the same of both.</summary>
enum ColumnLevel
{
    /// <summary>One of them does not say.</summary>
    Unknown,

    /// <summary>It does.</summary>
    Same,

    /// <summary>It does not.</summary>
    Different,
}

/// <summary>What a record and an account have in common: one of few kinds of pairs, and how likely it is by chance.</summary>
/// <param name="Name">Of the names.</param>
/// <param name="Domain">Of the domains.</param>
/// <param name="Country">Of the countries.</param>
/// <param name="Region">Of the regions.</param>
/// <param name="Form">Of the legal forms, where that is not said by <paramref name="Name"/>.</param>
/// <param name="Namesakes">How many other accounts are expected to agree so far by name with a company that is none of ours.</param>
/// <param name="Sharers">How many other companies have the domain that both have.</param>
/// <param name="CountryShare">Share of the accounts in the record's country.</param>
/// <param name="RegionShare">Share of the accounts of that country in the record's region.</param>
/// <param name="FormShare">Share of the accounts that have the record's legal form.</param>
/// <param name="SharedDomain">The record's domain that agrees; null if none does.</param>
readonly record struct Comparison(
    NameLevel Name,
    DomainLevel Domain,
    ColumnLevel Country,
    ColumnLevel Region,
    ColumnLevel Form,
    double Namesakes,
    double Sharers,
    double CountryShare,
    double RegionShare,
    double FormShare,
    string? SharedDomain
)
{
    /// <summary>The kind of pair: what decisions on such pairs teach holds for all of it.</summary>
    public PairKind Kind => new(Name, Domain, Country);

    /// <summary>What speaks for the two being one, in words.</summary>
    public IEnumerable<string> Agrees(Company record)
    {
        if (Domain == DomainLevel.Same)
            yield return $"domain {SharedDomain}";
        else if (Domain == DomainLevel.SameLabel)
            yield return $"domain {SharedDomain} but for its ending";
        if (NameAgrees is { } name)
            yield return name;
        if (Country == ColumnLevel.Same)
            yield return $"country {record.Country}";
        if (Region == ColumnLevel.Same)
            yield return "region";
    }

    /// <summary>What speaks against it, in words.</summary>
    public IEnumerable<string> Differs()
    {
        if (Domain == DomainLevel.Different)
            yield return "domain";
        if (Name == NameLevel.Different)
            yield return "name";
        else if (Name == NameLevel.Part)
            yield return "one name says more";
        else if (Name == NameLevel.SomeWords)
            yield return "other words of the name";
        else if (Name == NameLevel.SameOtherForm)
            yield return "legal form";
        if (Country == ColumnLevel.Different)
            yield return "country";
        if (Region == ColumnLevel.Different)
            yield return "region";
    }

    string? NameAgrees =>
        Name switch
        {
            NameLevel.Same => "name",
            NameLevel.SameWithoutForm => "name, one without legal form",
            NameLevel.SameOtherForm => "name but for the legal form",
            NameLevel.Reordered => "name in another order",
            NameLevel.Misspelt => "name but for a letter",
            NameLevel.MisspeltTwice => "name but for two letters",
            NameLevel.GeneralWords => "name but for words that many have",
            NameLevel.MisspeltGeneralWords => "name but for a letter or two and words that many have",
            NameLevel.Initials => "first letters of the name",
            NameLevel.Part => "part of the name",
            NameLevel.SomeWords => "a word of the name",
            _ => null,
        };
}

/// <summary>What a pair has in common, without how likely that is by chance.</summary>
readonly record struct PairKind(NameLevel Name, DomainLevel Domain, ColumnLevel Country);
