using System.Globalization;

namespace Recommender.CoSell;

/// <summary>Who a company is, as far as a row tells: companies stand among accounts and among partners under ids of their own.</summary>
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
    readonly string _id;
    readonly string? _name,
        _domain,
        _externalId;

    CompanyIdentity(string id, string? name, string? domain, string? externalId)
    {
        _id = id;
        _name =
            name is null ? null
            : TextKey.Search(name.Replace('.', ' ').Replace(',', ' ')) is { Length: > 0 } key ? key
            : null;
        (_domain, _externalId) = (HostOf(domain), externalId);
    }

    /// <summary>Of an account.</summary>
    public static CompanyIdentity Of(Account row) => new(row.Id.Value, row.Name, row.Domain, row.ExternalId);

    /// <summary>Of a partner.</summary>
    public static CompanyIdentity Of(Partner row) => new(row.Id.Value, row.Name, row.Domain, row.ExternalId);

    /// <summary>What another company may have that is this one: its domain, its external id. What many share is not among them.</summary>
    public IEnumerable<string> Marks
    {
        get
        {
            if (_domain is not null && !_shared.Contains(RegisteredOf(_domain)))
                yield return _domain;
            if (_externalId is not null)
                yield return '\0' + _externalId;
        }
    }

    /// <summary>False if another is none of this one for sure, seen at a glance.</summary>
    public bool MayBe(CompanyIdentity other) =>
        _domain is not null && _domain == other._domain
        || _externalId is not null && _externalId == other._externalId
        || _name is not null && _name == other._name;

    /// <summary>
    /// What speaks for two being one company; null if nothing does. Sure are the same domain, or the same id or external id where no other name
    /// speaks against it; the same name by itself, or an address below the same domain, is not.
    /// </summary>
    public (string Why, bool IsSure)? SameAs(CompanyIdentity other)
    {
        var isNamesake = _name is not null && _name == other._name;
        var isNamedOtherwise = !isNamesake && _name is not null && other._name is not null;
        if (_domain is not null && _domain == other._domain && !_shared.Contains(RegisteredOf(_domain)))
            return ($"the same domain {_domain}", true);
        var isRelated =
            _domain is not null
            && other._domain is not null
            && RegisteredOf(_domain) is var registered
            && registered == RegisteredOf(other._domain)
            && !_shared.Contains(registered);
        if (isNamesake && isRelated)
            return ("the same name and domain", true);
        if (_externalId is not null && _externalId == other._externalId)
            return ($"the same external id {_externalId}", !isNamedOtherwise);
        if (isNamesake)
            return _id == other._id ? ("the same id and name", true) : ("the same name", false);
        return isRelated ? ($"an address below {RegisteredOf(_domain!)}", false) : null;
    }

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
