using System.Collections.Concurrent;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Recommender.Access;
using Recommender.Api.Pages.SignIn;

namespace Recommender.Api;

/// <summary>The keys that are good, as the database had them a moment ago.</summary>
sealed partial class KeyRing(LiveRecommender live, ILogger<KeyRing> logger)
{
    static readonly TimeSpan _good = TimeSpan.FromMilliseconds(500);
    readonly Lock _reading = new();

    /// <summary>Who the caller with a key is; the scopes of a key never change.</summary>
    public ConcurrentDictionary<string, AuthenticateResult> Tickets { get; } = new(StringComparer.Ordinal);

    Ring _ring = new([], DateTime.MinValue);

    /// <summary>The key that a secret is of, if it is good; null otherwise.</summary>
    public ApiKey? Find(string secret)
    {
        var ring = Current();
        return ring.Keys.TryGetValue(ApiKeys.HashOf(secret), out var key) && key.RevokedAt is null ? key : null;
    }

    /// <summary>True if the key with this id is good.</summary>
    public bool IsGood(string keyId) => Current().Keys.Values.Any(key => key.KeyId == keyId && key.RevokedAt is null);

    /// <summary>True if there is a key that is good.</summary>
    public bool HasAny => Current().Keys.Values.Any(key => key.RevokedAt is null);

    Ring Current()
    {
        var ring = Volatile.Read(ref _ring);
        var now = live.Now();
        if (now - ring.ReadAt < _good)
            return ring;
        // While somebody looks, who knows keys goes on with those.
        if (!_reading.TryEnter(ring.ReadAt == DateTime.MinValue ? Timeout.InfiniteTimeSpan : TimeSpan.Zero))
            return ring;
        try
        {
            if (now - _ring.ReadAt < _good)
                return _ring;
            try
            {
                ring = new(live.Keys.List().ToDictionary(key => key.Hash), now);
                Volatile.Write(ref _ring, ring);
            }
            catch (Exception e) when (live.Store.IsToBlame(e))
            {
                Log.NotRead(logger, e.Message.ReplaceLineEndings(" "));
                Volatile.Write(ref _ring, _ring with { ReadAt = now });
            }
            return _ring;
        }
        finally
        {
            _reading.Exit();
        }
    }

    /// <summary>Notes that a key was used, once a minute.</summary>
    public void Used(ApiKey key)
    {
        var now = live.Now();
        if (live.History is null || (now - (key.LastUsedAt ?? DateTime.MinValue)).TotalMinutes < 1)
            return;
        lock (_used)
        {
            if (_used.TryGetValue(key.KeyId, out var last) && (now - last).TotalMinutes < 1)
                return;
            _used[key.KeyId] = now;
        }
        live.History.TryWrite(
            scope =>
            {
                ApiKeys.Used(scope, key.KeyId, now);
                return true;
            },
            out _
        );
    }

    readonly Dictionary<string, DateTime> _used = [];

    sealed record Ring(IReadOnlyDictionary<string, ApiKey> Keys, DateTime ReadAt)
    {
        public Ring(Dictionary<string, ApiKey> keys, DateTime readAt)
            : this((IReadOnlyDictionary<string, ApiKey>)keys, readAt) { }
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The keys could not be read again; those known go on: {Reason}")]
        public static partial void NotRead(ILogger logger, string reason);
    }
}

/// <summary>Authorization: Bearer with an API key; in Development also without.</summary>
sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    KeyRing keys,
    IOptions<RecommenderOptions> settings,
    IHostEnvironment environment
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string Prefix = "rk_";
    static readonly AuthenticateResult _anonymous = Ticket(Caller.Anonymous, ApiKeys.AllScopes);

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (header.Length == 0)
            return Task.FromResult(
                environment.IsDevelopment() && settings.Value.Auth.AllowAnonymous ? _anonymous : AuthenticateResult.NoResult()
            );
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return Task.FromResult(AuthenticateResult.Fail("Expected Bearer."));
        if (keys.Find(header["Bearer ".Length..].Trim()) is not { } key)
            return Task.FromResult(AuthenticateResult.Fail("No such key."));
        keys.Used(key);
        return Task.FromResult(keys.Tickets.GetOrAdd(key.KeyId, _ => Ticket(key.KeyId, key.Scopes)));
    }

    static AuthenticateResult Ticket(string caller, IReadOnlyList<string> scopes)
    {
        var identity = new ClaimsIdentity(
            [new(ClaimTypes.NameIdentifier, caller), .. scopes.Select(scope => new Claim("scope", scope))],
            SchemeName
        );
        return AuthenticateResult.Success(new(new ClaimsPrincipal(identity), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = "Bearer";
        return Task.CompletedTask;
    }
}

static class Auth
{
    const string Chosen = "Chosen";

    /// <summary>True if the caller is a person at a page who is, or has to be, signed in.</summary>
    static bool IsPage(HttpContext http, IHostEnvironment environment) =>
        http.Request.Headers.Authorization.Count == 0
        && !http.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal)
        && (
            http.Request.Cookies.ContainsKey("recommender")
            || !PageAuth.IsOpen(environment, http.RequestServices.GetRequiredService<IOptions<RecommenderOptions>>().Value)
        );

    public static void AddCallers(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var jwt = builder.Configuration.GetSection("Auth:Jwt").Get<RecommenderOptions.JwtOptions>() ?? new();
        services.AddSingleton<KeyRing>();
        services.AddHostedService<CallerCheck>();
        var authentication = services
            .AddAuthentication(Chosen)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, null)
            .AddPolicyScheme(
                Chosen,
                null,
                chosen =>
                    chosen.ForwardDefaultSelector = http =>
                        IsPage(http, builder.Environment) ? PageAuth.Scheme
                        : jwt.Issuer is not null
                        && http.Request.Headers.Authorization.ToString() is { Length: > 0 } header
                        && !header.StartsWith("Bearer " + ApiKeyHandler.Prefix, StringComparison.OrdinalIgnoreCase)
                            ? JwtBearerDefaults.AuthenticationScheme
                        : ApiKeyHandler.SchemeName
            );
        authentication.AddPageCallers(builder);
        if (jwt.Issuer is not null)
            authentication.AddJwtBearer(bearer =>
            {
                bearer.MapInboundClaims = false;
                bearer.Audience = jwt.Audience;
                if (jwt.SigningKey is null)
                    bearer.Authority = jwt.Issuer;
                bearer.TokenValidationParameters = new()
                {
                    ValidIssuer = jwt.Issuer,
                    ValidAudience = jwt.Audience,
                    ValidateIssuerSigningKey = true,
                    RequireExpirationTime = true,
                    ClockSkew = TimeSpan.FromSeconds(30),
                };
                if (jwt.SigningKey is { } key)
                    bearer.TokenValidationParameters.IssuerSigningKey = new SymmetricSecurityKey(Convert.FromBase64String(key));
            });
        var authorization = services.AddAuthorizationBuilder();
        foreach (var scope in ApiKeys.AllScopes)
            authorization.AddPolicy(
                scope,
                policy => policy.RequireAuthenticatedUser().RequireAssertion(context => Grants(context.User, scope))
            );
    }

    /// <summary>True if a claim of the caller lists the scope.</summary>
    public static bool Grants(ClaimsPrincipal caller, string scope)
    {
        foreach (var claim in caller.Claims)
        {
            if (claim.Type is not ("scope" or "scp"))
                continue;
            foreach (var part in claim.Value.AsSpan().Split(' '))
            {
                if (claim.Value.AsSpan(part).SequenceEqual(scope))
                    return true;
            }
        }
        return false;
    }
}

/// <summary>Keeps the service from listening when nobody could be let in, or anybody could.</summary>
sealed class CallerCheck(KeyRing keys, IOptions<RecommenderOptions> options, IHostEnvironment environment) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        Fault() is { } fault ? Task.FromException(new InvalidDataException(fault)) : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    string? Fault()
    {
        var settings = options.Value;
        var jwt = settings.Auth.Jwt;
        if ((jwt.Issuer is null) != (jwt.Audience is null))
            return "Auth:Jwt names an issuer or an audience alone; expected both or neither.";
        if (environment.IsDevelopment() || jwt.Issuer is not null || keys.HasAny)
            return null;
        return "No caller could be let in: there is no API key that is good, and Auth:Jwt is not set. Make one with: console keys create --name NAME --scopes recommend,ingest,admin --database "
            + settings.DatabaseFile;
    }
}
