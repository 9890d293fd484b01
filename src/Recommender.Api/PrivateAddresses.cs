using System.Net;

namespace Recommender.Api;

/// <summary>Addresses that are not of the internet.</summary>
static class PrivateAddresses
{
    static readonly IPNetwork[] _private =
    [
        .. new[]
        {
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/128",
            "::1/128",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    public static bool Include(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return _private.Any(network => network.Contains(address));
    }

    /// <summary>True if the host is written as such an address; a name is looked up when it is called.</summary>
    public static bool Include(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address) && Include(address);
}
