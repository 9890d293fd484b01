using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.SignIn;

/// <summary>In with a key or at a provider, and out again.</summary>
static class SignInRoutes
{
    public static void MapSignInPages(this IEndpointRouteBuilder open)
    {
        open.MapGet("/sign-in", (HttpContext http, string? next) => SignIn(http, next, null));
        open.MapPost("/sign-in", SignInAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        open.MapGet("/sign-in/provider", (HttpContext http, string? next) => AtProvider(http, next));
        open.MapPost("/sign-out", (Delegate)SignOutAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    static RazorComponentResult SignIn(HttpContext http, string? next, string? fault, int status = 200) =>
        Page<SignInPage>(
            status,
            (nameof(SignInPage.Fault), fault),
            (nameof(SignInPage.Next), Local(next)),
            (
                nameof(SignInPage.HasProvider),
                http.RequestServices.GetRequiredService<IOptions<RecommenderOptions>>().Value.Auth.Oidc.Authority is not null
            )
        );

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> SignInAsync(HttpContext http, KeyRing keys)
    {
        var form = await FormAsync(http);
        if (keys.Find(form["key"].ToString().Trim()) is not { } key)
            return SignIn(
                http,
                form["next"],
                "This key is not good: it is mistyped or revoked.",
                StatusCodes.Status401Unauthorized
            );
        keys.Used(key);
        await http.SignInAsync(PageAuth.Scheme, PageAuth.Of(key));
        return Seen(http, Local(form["next"]));
    }

    static Results<RazorComponentResult, ChallengeHttpResult> AtProvider(HttpContext http, string? next) =>
        http.RequestServices.GetRequiredService<IOptions<RecommenderOptions>>().Value.Auth.Oidc.Authority is null
            ? Message("No provider", "No OpenID Connect provider is configured.", 404)
            : TypedResults.Challenge(new() { RedirectUri = Local(next) }, [PageAuth.ProviderScheme]);

    static async Task<StatusCodeHttpResult> SignOutAsync(HttpContext http)
    {
        await http.SignOutAsync(PageAuth.Scheme);
        return Seen(http, "/sign-in");
    }
}
