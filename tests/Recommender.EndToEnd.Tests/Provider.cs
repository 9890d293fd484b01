using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Recommender.EndToEnd.Tests;

/// <summary>An OpenID Connect provider at which everybody is Dana: discovery, keys, the code flow.</summary>
sealed class Provider : IAsyncDisposable
{
    readonly RSA _rsa = RSA.Create(2048);
    readonly WebApplication _app;
    string _nonce = "";

    Provider(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    public static async Task<Provider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Logging:LogLevel:Default"] = "None";
        var provider = new Provider(builder.Build());
        provider.Map();
        await provider._app.StartAsync();
        return provider;
    }

    void Map()
    {
        var key = new RsaSecurityKey(_rsa) { KeyId = "one" };
        _app.MapGet(
            "/.well-known/openid-configuration",
            () =>
                Results.Json(
                    new
                    {
                        issuer = Address,
                        authorization_endpoint = Address + "/authorize",
                        token_endpoint = Address + "/token",
                        jwks_uri = Address + "/keys",
                        response_types_supported = (string[])["code"],
                        id_token_signing_alg_values_supported = (string[])["RS256"],
                    }
                )
        );
        _app.MapGet(
            "/keys",
            () =>
            {
                var jwk = JsonWebKeyConverter.ConvertFromRSASecurityKey(
                    new RsaSecurityKey(_rsa.ExportParameters(false)) { KeyId = "one" }
                );
                return Results.Json(
                    new
                    {
                        keys = new[]
                        {
                            new
                            {
                                kty = jwk.Kty,
                                use = "sig",
                                kid = jwk.Kid,
                                n = jwk.N,
                                e = jwk.E,
                            },
                        },
                    }
                );
            }
        );
        _app.MapMethods(
            "/authorize",
            ["GET", "POST"],
            (HttpContext http) =>
            {
                var query = http.Request.Query;
                _nonce = query["nonce"].ToString();
                return Results.Content(
                    $"""<form method="get" action="{query["redirect_uri"]}"><input type="hidden" name="code" value="c0de"><input type="hidden" name="state" value="{query["state"]}"><button autofocus>I am Dana</button></form>""",
                    "text/html"
                );
            }
        );
        _app.MapPost(
            "/token",
            () =>
                Results.Json(
                    new
                    {
                        access_token = "unused",
                        token_type = "Bearer",
                        id_token = new JsonWebTokenHandler().CreateToken(
                            new SecurityTokenDescriptor
                            {
                                Issuer = Address,
                                Audience = "recommender",
                                Claims = new Dictionary<string, object>
                                {
                                    ["sub"] = "dana-1",
                                    ["name"] = "Dana",
                                    ["nonce"] = _nonce,
                                },
                                SigningCredentials = new(key, SecurityAlgorithms.RsaSha256),
                            }
                        ),
                    }
                )
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _rsa.Dispose();
    }
}
