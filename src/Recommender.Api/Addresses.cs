using Microsoft.AspNetCore.Routing.Patterns;

namespace Recommender.Api;

/// <summary>
/// Ids in addresses. The server leaves %2F in a path as it is, so that it cannot be told there from %252F; what stands between two slashes
/// is therefore decoded here, once, from the address as it was sent.
/// </summary>
static class Addresses
{
    /// <summary>The path as it was sent, to be written into an address again.</summary>
    public static string PathOf(HttpContext http)
    {
        var raw = http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()?.RawTarget ?? "";
        return raw.StartsWith('/') ? raw.Split('?', 2)[0] : http.Request.Path.ToUriComponent();
    }

    /// <summary>The path as it was sent, with its query.</summary>
    public static string Of(HttpContext http) => PathOf(http) + http.Request.QueryString;

    /// <summary>Has each id of the route be what was sent.</summary>
    public static void DecodeIds(HttpContext http)
    {
        var sent = PathOf(http);
        if (!sent.Contains('%') || http.GetEndpoint() is not RouteEndpoint endpoint)
            return;
        var parts = sent.Split('/');
        // With /../ in it the server has taken parts out.
        if (http.Request.Path.Value?.Split('/').Length != parts.Length)
            return;
        foreach (var (segment, part) in endpoint.RoutePattern.PathSegments.Zip(parts.Skip(1)))
        {
            if (segment.Parts is [RoutePatternParameterPart id])
                http.Request.RouteValues[id.Name] = Uri.UnescapeDataString(part);
        }
    }
}
