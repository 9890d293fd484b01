using System.Globalization;

namespace Recommender.CoSell;

/// <summary>Who a company is, as far as its row tells, and the rows that were merged into it: companies stand among accounts and among partners under ids of their own.</summary>
public sealed class CompanyIdentity
{
    // Where many companies have an address each: it tells none from another.
    static readonly string[] _shared =
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "yahoo.com",
        "icloud.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "proton.me",
        "protonmail.com",
        "mail.ru",
        "qq.com",
        "163.com",
        "github.io",
        "wordpress.com",
        "wixsite.com",
        "blogspot.com",
        "myshopify.com",
        "linkedin.com",
        "facebook.com",
    ];

    static readonly string[] _secondLevel = ["co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "go", "gob", "gv"];
    static readonly IdnMapping _idn = new();
    static readonly char[] _between = [';', ',', '|', ' '];
    readonly (string Id, string? Name)[] _names;
    readonly string[] _externalIds;

    /// <summary>Its hosts, each with the domain that was registered for it, without those that many share.</summary>
    readonly (string Host, string Registered)[] _domains;

    CompanyIdentity(string id, string? name, string? domain, string? externalId, IReadOnlyList<Alias>? merged)
    {
        (string Id, string? Name, string? Domain, string? ExternalId)[] rows =
        [
            (id, name, domain, externalId),
            .. (merged ?? []).Select(old => (old.OldId, old.Name, old.Domain, old.ExternalId)),
        ];
        _names = [.. rows.Select(row => (row.Id, NameOf(row.Name)))];
        _externalIds =
        [
            .. rows.Select(row => row.ExternalId is { } external ? KeyOf(TextKey.Of(external)) : null)
                .OfType<string>()
                .Distinct(),
        ];
        _domains =
        [
            .. rows.SelectMany(row => HostsOf(row.Domain))
                .Select(host => (host, RegisteredOf(host)))
                .Where(one => !_shared.Contains(one.Item2))
                .Distinct(),
        ];
    }

    /// <summary>Of an account, with those that were merged into it.</summary>
    public static CompanyIdentity Of(Account row, IReadOnlyList<Alias>? merged = null) =>
        new(row.Id.Value, row.Name, row.Domain, row.ExternalId, merged);

    /// <summary>Of a partner, with those that were merged into it.</summary>
    public static CompanyIdentity Of(Partner row, IReadOnlyList<Alias>? merged = null) =>
        new(row.Id.Value, row.Name, row.Domain, row.ExternalId, merged);

    /// <summary>What another company may have that is this one: its domains, its external id. What many share is not among them.</summary>
    public IEnumerable<string> Marks
    {
        get
        {
            foreach (var (host, _) in _domains)
                yield return host;
            foreach (var externalId in _externalIds)
                yield return '\0' + externalId;
        }
    }

    /// <summary>
    /// What speaks for two being one company; null if nothing does. Sure are the same domain, the same external id, and the same id where the
    /// name is the same, too, be it that of a row that was merged into one of them; the same name by itself, or an address below the same domain, is not.
    /// </summary>
    public (string Why, bool IsSure)? SameAs(CompanyIdentity other)
    {
        if (Common(other, byRegistered: false) is { } domain)
            return ($"the same domain {domain}", true);
        var isNamesake = IsNamesake(other, byId: false);
        var related = Common(other, byRegistered: true);
        if (isNamesake && related is not null)
            return ("the same name and domain", true);
        if (ExternalIdOfBoth(other) is { } externalId)
            return ($"the same external id {externalId}", true);
        if (isNamesake)
            return IsNamesake(other, byId: true) ? ("the same id and name", true) : ("the same name", false);
        return related is not null ? ($"an address below {related}", false) : null;
    }

    /// <summary>The first host, or registered domain, that both have; null if there is none.</summary>
    string? Common(CompanyIdentity other, bool byRegistered)
    {
        foreach (var mine in _domains)
        {
            foreach (var others in other._domains)
            {
                if (byRegistered ? mine.Registered == others.Registered : mine.Host == others.Host)
                    return byRegistered ? mine.Registered : mine.Host;
            }
        }
        return null;
    }

    string? ExternalIdOfBoth(CompanyIdentity other) =>
        Array.Find(_externalIds, mine => Array.IndexOf(other._externalIds, mine) >= 0);

    /// <summary>True if both have, or had, one name, under the same id if that counts.</summary>
    bool IsNamesake(CompanyIdentity other, bool byId)
    {
        foreach (var (id, name) in _names)
        {
            foreach (var (otherId, otherName) in other._names)
            {
                if (name is not null && name == otherName && (!byId || id == otherId))
                    return true;
            }
        }
        return false;
    }

    static string? NameOf(string? name) => name is null ? null : KeyOf(TextKey.Search(name.Replace('.', ' ').Replace(',', ' ')));

    static string? KeyOf(string key) => key.Length == 0 ? null : key;

    /// <summary>The hosts of a cell, which may list several domains.</summary>
    static IEnumerable<string> HostsOf(string? domains) =>
        domains is null
            ? []
            : TextKey.Of(domains).Split(_between, StringSplitOptions.RemoveEmptyEntries).Select(HostOf).OfType<string>();

    /// <summary>The host of a domain as people write it: without scheme, www., port, path and the dot at its end, in ASCII; null if there is none.</summary>
    public static string? HostOf(string? domain)
    {
        if (domain is null)
            return null;
        var host = TextKey.Of(domain);
        if (host.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme)
            host = host[(scheme + 3)..];
        if (host.AsSpan().IndexOfAny("/?#") is >= 0 and var path)
            host = host[..path];
        host = host[(host.LastIndexOf('@') + 1)..];
        if (host.IndexOf(':', StringComparison.Ordinal) is >= 0 and var port)
            host = host[..port];
        host = host.Replace('。', '.').Trim('.', ' ');
        if (host.StartsWith("www.", StringComparison.Ordinal))
            host = host[4..];
        try
        {
            host = _idn.GetAscii(host);
        }
        catch (ArgumentException)
        {
            // It is compared as it stands.
        }
        return host.Contains('.', StringComparison.Ordinal) ? host : null;
    }

    static string RegisteredOf(string host)
    {
        var labels = host.Split('.');
        var length = labels.Length > 2 && labels[^1].Length == 2 && _secondLevel.Contains(labels[^2]) ? 3 : 2;
        return labels.Length <= length ? host : string.Join('.', labels[^length..]);
    }
}
