using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Recommender.Access;

namespace Recommender.Api.Pages.SignIn;

/// <summary>Who looks at the pages: signed in with an API key, or at an OpenID Connect provider; kept in an encrypted cookie.</summary>
static class PageAuth
{
    public const string Scheme = "Page";
    const string KeyId = "key_id";

    public static void AddPageCallers(this AuthenticationBuilder authentication, WebApplicationBuilder builder)
    {
        authentication.AddCookie(
            Scheme,
            cookie =>
            {
                cookie.LoginPath = cookie.AccessDeniedPath = "/sign-in";
                cookie.ReturnUrlParameter = "next";
                cookie.Cookie.Name = "recommender";
                cookie.Cookie.HttpOnly = true;
                // Lax, for the way back from a provider; every form has its antiforgery token.
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.Cookie.SecurePolicy = SecureIn(builder.Environment);
                cookie.ExpireTimeSpan = TimeSpan.FromHours(12);
                cookie.SlidingExpiration = true;
                cookie.Events.OnRedirectToLogin = context => ToSignIn(context.HttpContext);
                cookie.Events.OnRedirectToAccessDenied = context => ToSignIn(context.HttpContext);
                cookie.Events.OnValidatePrincipal = context =>
                {
                    var keys = context.HttpContext.RequestServices.GetRequiredService<KeyRing>();
                    if (context.Principal?.FindFirstValue(KeyId) is { } id && !keys.IsGood(id))
                        context.RejectPrincipal();
                    return Task.CompletedTask;
                };
            }
        );
        var oidc = builder.Configuration.GetSection("Auth:Oidc").Get<RecommenderOptions.OidcOptions>() ?? new();
        if (oidc.Authority is null)
            return;
        authentication.AddOpenIdConnect(connect =>
        {
            connect.SignInScheme = Scheme;
            connect.Authority = oidc.Authority;
            connect.RequireHttpsMetadata = !builder.Environment.IsDevelopment();
            connect.ClientId = oidc.ClientId;
            connect.ClientSecret = oidc.ClientSecret;
            connect.ResponseType = "code";
            connect.ResponseMode = "query";
            foreach (var cookie in (CookieBuilder[])[connect.CorrelationCookie, connect.NonceCookie])
            {
                cookie.SameSite = SameSiteMode.Lax;
                cookie.SecurePolicy = SecureIn(builder.Environment);
            }
            connect.UsePkce = true;
            connect.MapInboundClaims = false;
            connect.TokenValidationParameters.NameClaimType = "name";
            connect.Scope.Clear();
            connect.Scope.Add("openid");
            connect.Scope.Add("profile");
            connect.Events.OnTokenValidated = context =>
            {
                ((ClaimsIdentity)context.Principal!.Identity!).AddClaim(new("scope", oidc.Grants));
                return Task.CompletedTask;
            };
        });
    }

    /// <summary>To the way in, and then back to the address as it was sent.</summary>
    static Task ToSignIn(HttpContext http)
    {
        http.Response.Redirect("/sign-in?next=" + Uri.EscapeDataString(Addresses.Of(http)));
        return Task.CompletedTask;
    }

    static CookieSecurePolicy SecureIn(IHostEnvironment environment) =>
        environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;

    /// <summary>True if the pages are open to somebody who is not signed in.</summary>
    public static bool IsOpen(IHostEnvironment environment, RecommenderOptions settings) =>
        environment.IsDevelopment() && settings.Auth.AllowAnonymous;

    public static ClaimsPrincipal Of(ApiKey key) =>
        new(
            new ClaimsIdentity(
                [
                    new(ClaimTypes.NameIdentifier, key.KeyId),
                    new(ClaimTypes.Name, key.Name),
                    new(KeyId, key.KeyId),
                    .. key.Scopes.Select(scope => new Claim("scope", scope)),
                ],
                Scheme
            )
        );

    public static string ProviderScheme => OpenIdConnectDefaults.AuthenticationScheme;
}
