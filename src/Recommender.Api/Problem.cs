using System.Reflection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace Recommender.Api;

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Pointer">Where: a JSON pointer into the body, a parameter's name, or a line of NDJSON.</param>
/// <param name="Message">What was found and what was expected.</param>
sealed record ProblemError(string Pointer, string Message);

/// <summary>Problem details (RFC 9457). Each kind says its statuses, so that they stand in the signature of an endpoint and in the OpenAPI document.</summary>
abstract class Problem(int status, string detail, string code, IReadOnlyList<ProblemError> errors) : IResult
{
    readonly ProblemHttpResult _result = TypedResults.Problem(
        detail,
        statusCode: status,
        extensions: errors.Count == 0
            ? new Dictionary<string, object?> { ["code"] = code }
            : new Dictionary<string, object?> { ["code"] = code, ["errors"] = errors }
    );

    public int Status => status;

    public string Code => code;

    public string Detail => detail;

    public IReadOnlyList<ProblemError> Errors => errors;

    public Task ExecuteAsync(HttpContext httpContext) => _result.ExecuteAsync(httpContext);

    protected static void Declare(EndpointBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            builder.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), ["application/problem+json"]));
    }
}

/// <summary>400: the request is not as expected.</summary>
sealed class Invalid(IReadOnlyList<ProblemError> errors)
    : Problem(StatusCodes.Status400BadRequest, "The request is not as expected; errors says where.", "invalid_request", errors),
        IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 400);
}

/// <summary>404: what is asked about is not there.</summary>
sealed class NotFound(string detail) : Problem(StatusCodes.Status404NotFound, detail, "not_found", []), IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 404);
}

/// <summary>403: the partner shares counts only.</summary>
sealed class CountsOnly()
    : Problem(
        StatusCodes.Status403Forbidden,
        "The partner shares counts only: nothing of its list is shown, only how many accounts stand in each cell of the map.",
        "counts_only",
        []
    ),
        IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 403);
}

/// <summary>410: the list that a cursor goes on in is not kept any more.</summary>
sealed class Gone()
    : Problem(
        StatusCodes.Status410Gone,
        "The list that this cursor goes on in has changed and is not kept any more; read it anew from its first page.",
        "cursor_expired",
        []
    ),
        IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 410);
}

/// <summary>412: what is there is not what If-Match or If-None-Match expect.</summary>
sealed class PreconditionFailed(string detail)
    : Problem(StatusCodes.Status412PreconditionFailed, detail, "precondition_failed", []),
        IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 412);
}

/// <summary>429: the caller asks more often than it may.</summary>
sealed class TooManyRequests(string detail) : Problem(StatusCodes.Status429TooManyRequests, detail, "rate_limited", []);

/// <summary>503: not now; Retry-After says when to come back.</summary>
sealed class Unavailable(string detail, string code)
    : Problem(StatusCodes.Status503ServiceUnavailable, detail, code, []),
        IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 503);
}

/// <summary>413 or 415: the body is too large or of another type.</summary>
sealed class BadContent(int status, string detail, string code) : Problem(status, detail, code, []), IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 413, 415);
}

/// <summary>400, 413 or 415: the body is not as expected, too large or of another type.</summary>
sealed class BadBody(Problem problem)
    : Problem(problem.Status, problem.Detail, problem.Code, problem.Errors),
        IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 400, 413, 415);
}

/// <summary>400, 409, 422, 503 or 507: a write was not done, and nothing of it is kept.</summary>
sealed class NotWritten(int status, string detail, string code, params IReadOnlyList<ProblemError> errors)
    : Problem(status, detail, code, errors),
        IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => Declare(builder, 400, 409, 422, 503, 507);
}
