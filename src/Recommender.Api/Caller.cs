using System.Security.Claims;

namespace Recommender.Api;

/// <summary>Who calls.</summary>
static class Caller
{
    public const string Anonymous = "anonymous";

    /// <summary>The key's id, or the subject of a token.</summary>
    public static string Of(HttpContext http) =>
        http.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? http.User.FindFirstValue("sub") ?? Anonymous;
}
