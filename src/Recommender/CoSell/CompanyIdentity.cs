namespace Recommender.CoSell;

/// <summary>Who a company is, as far as its row tells, and the rows that were merged into it: companies stand among accounts and among partners under ids of their own.</summary>
public sealed class CompanyIdentity
{
    // Where many companies have an address each: it tells none from another. Of the first, under any suffix.
    static readonly HashSet<string> _sharedLabels = Of(
        "gmail googlemail hotmail outlook yahoo ymail gmx live rocketmail protonmail"
    );
    static readonly HashSet<string> _shared = Of(
        """
        icloud.com me.com mac.com msn.com aol.com mail.com email.com usa.com proton.me pm.me zoho.com zohomail.com fastmail.com fastmail.fm
        tutanota.com tuta.io hey.com hushmail.com inbox.com yandex.com yandex.ru ya.ru mail.ru bk.ru list.ru inbox.ru rambler.ru ukr.net
        qq.com 163.com 126.com sina.com sina.cn sohu.com foxmail.com naver.com daum.net hanmail.net rediffmail.com
        web.de freenet.de t-online.de arcor.de posteo.de mailbox.org online.de 1und1.de
        orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr libero.it virgilio.it tiscali.it alice.it tin.it telefonica.net
        wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz abv.bg uol.com.br bol.com.br terra.com.br ig.com.br
        telenet.be skynet.be ziggo.nl planet.nl hetnet.nl home.nl kpnmail.nl xs4all.nl bluewin.ch hispeed.ch telia.com bredband.net
        comcast.net verizon.net att.net sbcglobal.net cox.net bellsouth.net earthlink.net charter.net juno.com
        btinternet.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk bigpond.com bigpond.net.au optusnet.com.au shaw.ca
        rogers.com sympatico.ca
        github.io wordpress.com wixsite.com weebly.com blogspot.com myshopify.com squarespace.com godaddysites.com sharepoint.com
        onmicrosoft.com linkedin.com facebook.com instagram.com linktr.ee
        """
    );

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
                .Select(host => (host, PublicSuffixes.RegisteredOf(host)))
                .Where(one => !IsShared(one.Item2))
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

    /// <summary>The hosts of a cell, which may list several domains, as <see cref="HostOf"/> has them.</summary>
    public static IEnumerable<string> HostsOf(string? domains) =>
        domains is null
            ? []
            : TextKey.Of(domains).Split(_between, StringSplitOptions.RemoveEmptyEntries).Select(HostOf).OfType<string>();

    /// <summary>The domains that were registered for a company, of a cell that may list several, without those that many share.</summary>
    public static IEnumerable<string> RegisteredOf(string? domains) =>
        HostsOf(domains).Select(PublicSuffixes.RegisteredOf).Where(registered => !IsShared(registered)).Distinct();

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
            host = host[4..].TrimStart('.');
        if (host.Contains("..", StringComparison.Ordinal))
            return null;
        if (!System.Text.Ascii.IsValid(host))
        {
            try
            {
                host = Lists.Idn.GetAscii(host);
            }
            catch (ArgumentException)
            {
                // It is compared as it stands.
            }
        }
        return host.Contains('.', StringComparison.Ordinal) ? host : null;
    }

    /// <summary>True if many companies have an address under a registered domain: it is a mail provider's, a web host's or a social network's.</summary>
    /// <param name="registered">As <see cref="PublicSuffixes.RegisteredOf"/> has it.</param>
    public static bool IsShared(string registered) =>
        _shared.Contains(registered) || _sharedLabels.Contains(PublicSuffixes.LabelOf(registered));

    static HashSet<string> Of(string words) => [.. words.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)];
}
