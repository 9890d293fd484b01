using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api;

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Pointer">Where: a JSON pointer into the body, a parameter's name, or a line of NDJSON.</param>
/// <param name="Message">What was found and what was expected.</param>
sealed record ProblemError(string Pointer, string Message);

/// <summary>Says in problem details (RFC 9457) what was wrong with a request, and nothing of the inside.</summary>
static class Problems
{
    public static IResult Of(int status, string detail, string code, params IReadOnlyList<ProblemError> errors) =>
        Results.Problem(
            detail,
            statusCode: status,
            extensions: errors.Count == 0
                ? new Dictionary<string, object?> { ["code"] = code }
                : new Dictionary<string, object?> { ["code"] = code, ["errors"] = errors }
        );

    public static IResult Invalid(IReadOnlyList<ProblemError> errors) =>
        Of(StatusCodes.Status400BadRequest, "The request is not as expected; errors says where.", "invalid_request", errors);

    public static IResult Invalid(string pointer, string message) => Invalid([new(pointer, message)]);

    public static IResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, detail, "not_found");

    public static IResult NotReady(HttpContext http) => Busy(http, "The history is still being read.", "not_ready");

    public static IResult Busy(HttpContext http, string detail, string code)
    {
        http.Response.Headers.RetryAfter = "1";
        return Of(StatusCodes.Status503ServiceUnavailable, detail, code);
    }

    public static IResult TooLarge(long limit) =>
        Of(
            StatusCodes.Status413PayloadTooLarge,
            FormattableString.Invariant($"The body is larger than {limit} bytes."),
            "body_too_large"
        );

    public static IResult OtherType(string expected) =>
        Of(StatusCodes.Status415UnsupportedMediaType, $"Expected Content-Type {expected}.", "unsupported_media_type");

    public static IResult Of(HttpContext http, StoreUnavailableException fault)
    {
        var status = StatusOf(fault);
        return status == StatusCodes.Status503ServiceUnavailable
            ? Busy(http, fault.Message, CodeOf(fault))
            : Of(status, fault.Message, CodeOf(fault));
    }

    public static int StatusOf(StoreUnavailableException fault) =>
        fault.Fault == StoreFault.Full ? StatusCodes.Status507InsufficientStorage : StatusCodes.Status503ServiceUnavailable;

    static string CodeOf(StoreUnavailableException fault) =>
        fault.Fault switch
        {
            StoreFault.Full => "database_full",
            StoreFault.ReadOnly => "database_read_only",
            _ => "database_unavailable",
        };

    /// <summary>An error without a body: a page for a person who looks at pages, problem details for programs.</summary>
    public static async Task ShowAsync(StatusCodeContext context)
    {
        var http = context.HttpContext;
        var isPage =
            !http.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal)
            && http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);
        if (!isPage)
        {
            await Results.Problem(statusCode: http.Response.StatusCode).ExecuteAsync(http);
            return;
        }
        Pages.PageRoutes.Protect(http);
        await Pages
            .PageAnswers.Message(
                http.Response.StatusCode == StatusCodes.Status404NotFound ? "There is nothing here" : "That did not work",
                http.Response.StatusCode switch
                {
                    StatusCodes.Status404NotFound => "The address leads nowhere. Find an account above, or go to the start.",
                    StatusCodes.Status403Forbidden => "Your key does not allow this.",
                    _ => FormattableString.Invariant($"The server answered {http.Response.StatusCode}."),
                },
                http.Response.StatusCode
            )
            .ExecuteAsync(http);
    }

    public static void Explain(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        problem.Extensions["trace_id"] = Activity.Current?.TraceId.ToString() ?? context.HttpContext.TraceIdentifier;
        problem.Extensions.Remove("traceId");
        if (context.Exception is StoreUnavailableException unavailable)
        {
            problem.Extensions["code"] = CodeOf(unavailable);
            problem.Detail = unavailable.Message;
            context.HttpContext.Response.Headers.RetryAfter = "1";
        }
        problem.Instance ??= context.HttpContext.Request.Path;
        if (!problem.Extensions.ContainsKey("code"))
            problem.Extensions["code"] = problem.Status switch
            {
                StatusCodes.Status400BadRequest => "invalid_request",
                StatusCodes.Status401Unauthorized => "unauthorized",
                StatusCodes.Status403Forbidden => "forbidden",
                StatusCodes.Status404NotFound => "not_found",
                StatusCodes.Status405MethodNotAllowed => "method_not_allowed",
                StatusCodes.Status413PayloadTooLarge => "body_too_large",
                StatusCodes.Status415UnsupportedMediaType => "unsupported_media_type",
                StatusCodes.Status429TooManyRequests => "rate_limited",
                StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout => "unavailable",
                _ => "error",
            };
        problem.Detail ??= problem.Status switch
        {
            StatusCodes.Status401Unauthorized =>
                "Expected Authorization: Bearer with an API key that is good, or a token that is valid.",
            StatusCodes.Status403Forbidden => "The key lacks the scope that this call needs.",
            StatusCodes.Status404NotFound => "There is no such address.",
            StatusCodes.Status405MethodNotAllowed => "The address does not take this method.",
            StatusCodes.Status504GatewayTimeout => "The call took too long and was given up.",
            _ => null,
        };
        if (context.Exception is BadHttpRequestException bad)
            problem.Detail = bad.InnerException switch
            {
                JsonException json => Explain(json),
                _ when bad.StatusCode == StatusCodes.Status413PayloadTooLarge => "The body is too large.",
                _ => "The request could not be read; expected parameters as the OpenAPI document describes them.",
            };
        else if (context.Exception is not (null or StoreUnavailableException))
            problem.Detail = "Something went wrong on our side; the trace_id helps to find out what.";
    }

    public static string Explain(JsonException e) =>
        e is { Path: { } path, LineNumber: { } line }
            ? FormattableString.Invariant(
                $"The body is not as expected at {path}, line {line + 1}: a property may be missing, unknown, or of another type."
            )
            : "The body lacks a required property, or is no JSON object.";
}
