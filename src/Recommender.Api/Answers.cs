using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace Recommender.Api;

/// <summary>An answer that is written as JSON already.</summary>
sealed class JsonBytes(ReadOnlyMemory<byte> body, int status, string contentType = JsonBytes.Json) : IResult
{
    public const string Json = "application/json; charset=utf-8";

    public int Status => status;

    public ReadOnlyMemory<byte> Body => body;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = status;
        return WriteAsync(httpContext, body, contentType);
    }

    public static Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> body, string contentType = Json)
    {
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }
}

/// <summary>200 with a T that is written as JSON already, maybe into a room that is given back when it is sent.</summary>
sealed class Json<T>(ReadOnlyMemory<byte> body, JsonRoom? room = null) : IResult, IEndpointMetadataProvider, IDisposable
{
    public ReadOnlyMemory<byte> Body => body;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using (this)
            await JsonBytes.WriteAsync(httpContext, body);
    }

    public void Dispose() => room?.Dispose();

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
}

/// <summary>200 with lines of JSON, a T or an error each, written while they are made.</summary>
sealed class NdjsonStream<T>(Func<Task> writeAsync) : IResult, IEndpointMetadataProvider
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/x-ndjson; charset=utf-8";
        return writeAsync();
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/x-ndjson"]));
}

/// <summary>What came of a write: an outcome that the type names, or why it was not done.</summary>
/// <typeparam name="TOutcomes">What the write itself can end with, such as Results&lt;Ok&lt;RowResponse&gt;, NotFound&gt;.</typeparam>
sealed class WriteOutcome<TOutcomes>(IResult result) : IResult, INestedHttpResult, IEndpointMetadataProvider
    where TOutcomes : IEndpointMetadataProvider
{
    public IResult Result => result;

    public Task ExecuteAsync(HttpContext httpContext) => result.ExecuteAsync(httpContext);

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        TOutcomes.PopulateMetadata(method, builder);
        NotWritten.PopulateMetadata(method, builder);
        builder.Metadata.Add(new WriteMetadata());
    }
}

/// <summary>Marks an endpoint that writes.</summary>
sealed record WriteMetadata;
