using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Options;
using Recommender.Api;
using Recommender.Api.Pages;
using Recommender.Capabilities;
using Recommender.Facts;
using Recommender.Fold;

// Pages and answers do not depend on where the machine stands; a component writes numbers in the culture of its thread.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    CapabilityList.Open();
}
catch (InvalidDataException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

// Where nobody says where to listen; ASPNETCORE_URLS, ASPNETCORE_HTTP_PORTS and --urls do.
if (
    ((string[])["urls", "http_ports", "https_ports"]).All(name => string.IsNullOrEmpty(builder.Configuration[name]))
    && !builder.Configuration.GetSection("Kestrel:Endpoints").Exists()
)
    builder.WebHost.UseUrls("http://localhost:5080");
builder.WebHost.ConfigureKestrel(
    (context, kestrel) =>
    {
        var limits = context.Configuration.GetSection("Limits").Get<RecommenderOptions.LimitsOptions>() ?? new();
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = limits.BulkBytes + 1024L;
    }
);
builder.Services.AddSingleton(TimeProvider.System);
builder
    .Services.AddOptions<RecommenderOptions>()
    .Bind(builder.Configuration)
    .ValidateDataAnnotations()
    .Validate(
        options => TimeZoneInfo.TryFindSystemTimeZoneById(options.Reader.TimeZone, out _),
        "Reader:TimeZone is no time zone; expected one such as Europe/Berlin."
    )
    .ValidateOnStart();
builder.Services.AddSingleton<LiveRecommender>();
builder.Services.AddHostedService(services => services.GetRequiredService<LiveRecommender>());
builder.Services.AddSingleton<WebhookSender>();
builder.Services.AddHostedService(services => services.GetRequiredService<WebhookSender>());
builder.Services.AddSingleton<Writes>();
builder.Services.AddSingleton<Recommender.Api.Pages.Imports.Uploads>();
builder.Services.AddSingleton<Limits>();
builder.Services.AddSingleton(services => new KeptLists<string>(services.GetRequiredService<TimeProvider>(), id => id));
builder.Services.AddSingleton(services => new KeptLists<PartnerOnDeal>(
    services.GetRequiredService<TimeProvider>(),
    one => $"{one.OpportunityId} {one.PartnerId}"
));
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(60));
builder.Services.ConfigureHttpJsonOptions(json =>
{
    json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
    json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
    json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
});
builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problems.Explain);
builder.Services.AddRequestTimeouts(timeouts =>
{
    var limits = builder.Configuration.GetSection("Limits").Get<RecommenderOptions.LimitsOptions>() ?? new();
    timeouts.DefaultPolicy = new() { Timeout = TimeSpan.FromSeconds(limits.TimeoutSeconds), TimeoutStatusCode = 503 };
    timeouts.AddPolicy(
        "bulk",
        new RequestTimeoutPolicy { Timeout = TimeSpan.FromSeconds(20.0 * limits.TimeoutSeconds), TimeoutStatusCode = 503 }
    );
});
builder.AddProtection();
builder.AddCallers();
builder.Services.AddRazorComponents();
builder.Services.Configure<FormOptions>(forms =>
{
    forms.ValueCountLimit = 64;
    forms.ValueLengthLimit = 64 * 1024;
    forms.BufferBodyLengthLimit = forms.MultipartBodyLengthLimit = 1024 * 1024;
});
builder.Services.AddHttpContextAccessor();
builder.Services.AddAntiforgery(antiforgery => antiforgery.Cookie.Name = "recommender-form");
builder.AddTelemetry();
builder.Services.AddOpenApi(options => ApiDescription.Configure(options));
WebhookSender.AddClient(builder.Services);

await using var app = builder.Build();
RecommenderOptions settings;
try
{
    settings = app.Services.GetRequiredService<IOptions<RecommenderOptions>>().Value;
}
catch (OptionsValidationException e)
{
    await Console.Error.WriteLineAsync(e.Message.ReplaceLineEndings(" "));
    return 1;
}
if (settings.Sandbox.Enabled)
    app.Use(
        (http, next) =>
        {
            http.Response.Headers["X-Environment"] = "sandbox";
            return next(http);
        }
    );
app.UseExceptionHandler(
    new ExceptionHandlerOptions
    {
        StatusCodeSelector = e =>
            e switch
            {
                BadHttpRequestException bad => bad.StatusCode,
                StoreUnavailableException unavailable => Problems.StatusOf(unavailable),
                _ => StatusCodes.Status500InternalServerError,
            },
        SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException or StoreUnavailableException,
    }
);

// What a statement fails with that broke off is a database that does not answer now, not a fault of ours.
app.Use(next =>
{
    var live = app.Services.GetRequiredService<LiveRecommender>();
    return async http =>
    {
        try
        {
            await next(http);
        }
        catch (Exception e) when (e is not StoreUnavailableException)
        {
            if (live.Store?.Unavailable(e) is { } unavailable)
                throw unavailable;
            throw;
        }
    };
});
app.UseStatusCodePages(Problems.ShowAsync);
app.UseRouting();
app.Use(
    (http, next) =>
    {
        Addresses.DecodeIds(http);
        return next(http);
    }
);
app.UseAuthentication();
app.Use(next =>
{
    var limits = app.Services.GetRequiredService<Limits>();
    return http => limits.PassAsync(http, next);
});
app.UseAuthorization();
app.UseAntiforgery();
app.UseRequestTimeouts();
app.MapOpenApi().AllowAnonymous();
app.MapPrometheusScrapingEndpoint().AllowAnonymous().ExcludeFromDescription();
app.MapHealth();
app.MapPartnerRecommendations();
app.MapRecommendations();
app.MapOpportunityRecommendations();
app.MapFeedback();
app.MapRows();
app.MapHistory();
app.MapCorrections();
app.MapAccounts();
app.MapPartners();
app.MapAccountLists();
app.MapMatches();
app.MapAccountMap();
app.MapRegistrations();
app.MapConflicts();
app.MapLeads();
app.MapHandoffs();
app.MapRoutingPolicy();
app.MapModels();
app.MapRules();
app.MapEvents();
app.MapWebhooks();
app.MapCapabilities();
app.MapPages();
Telemetry.Watch(app.Services.GetRequiredService<LiveRecommender>());
try
{
    await app.StartAsync();
    await app.WaitForShutdownAsync();
    return Environment.ExitCode;
}
catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
{
    // Before it listened.
    return Environment.ExitCode;
}
catch (Exception e) when (e is InvalidDataException or IOException or OptionsValidationException)
{
    await Console.Error.WriteLineAsync(e.Message.ReplaceLineEndings(" "));
    return 1;
}
