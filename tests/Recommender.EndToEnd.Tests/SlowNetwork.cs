using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Recommender.EndToEnd.Tests;

/// <summary>A slow network before a service: pages come in pieces, so that a browser draws what is there meanwhile.</summary>
sealed class SlowNetwork : IAsyncDisposable
{
    public const int Pieces = 12;
    readonly WebApplication _app;

    SlowNetwork(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    /// <summary>In how many pieces the last page came.</summary>
    public int Sent { get; private set; }

    public static async Task<SlowNetwork> StartAsync(HttpClient behind)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Logging:LogLevel:Default"] = "None";
        var network = new SlowNetwork(builder.Build());
        network._app.MapFallback(http => network.PassAsync(http, behind));
        await network._app.StartAsync();
        return network;
    }

    async Task PassAsync(HttpContext http, HttpClient behind)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, http.Request.Path + http.Request.QueryString.Value);
        request.Headers.Accept.ParseAdd("text/html, */*");
        using var answer = await behind.SendAsync(request, http.RequestAborted);
        var body = await answer.Content.ReadAsByteArrayAsync(http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        if (answer.Content.Headers.ContentType?.MediaType != "text/html")
        {
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
            return;
        }
        var sent = 0;
        foreach (var piece in body.Chunk(body.Length / Pieces + 1))
        {
            await http.Response.Body.WriteAsync(piece, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            sent++;
            await Task.Delay(40, http.RequestAborted);
        }
        Sent = sent;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
