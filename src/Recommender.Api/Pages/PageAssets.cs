using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Recommender.Api.Pages;

/// <summary>Stylesheet, script and icon: part of the program, and kept by browsers as long as their content is the same.</summary>
static class PageAssets
{
    static readonly FrozenDictionary<string, (byte[] Bytes, string Type, string Tag)> _files = new[]
    {
        ("page.css", "text/css; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    }.ToFrozenDictionary(
        file => file.Item1,
        file =>
        {
            using var stream = typeof(PageAssets).Assembly.GetManifestResourceStream(
                "Recommender.Api.Pages.Assets." + file.Item1
            )!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return (bytes, file.Item2, Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]);
        }
    );

    /// <summary>Where a file is; the address changes with its content.</summary>
    public static string Address(string name) => $"/assets/{name}?v={_files[name].Tag}";

    public static void MapAssets(this IEndpointRouteBuilder routes) =>
        routes
            .MapGet("/assets/{name}", (string name, HttpContext http) => Find(name, http))
            .AllowAnonymous()
            .ExcludeFromDescription();

    static Results<FileContentHttpResult, Microsoft.AspNetCore.Http.HttpResults.NotFound> Find(string name, HttpContext http)
    {
        if (!_files.TryGetValue(name, out var file))
            return TypedResults.NotFound();
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Bytes(file.Bytes, file.Type);
    }
}
