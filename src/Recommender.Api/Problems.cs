using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api;

/// <summary>Says in problem details (RFC 9457) what was wrong with a request, and nothing of the inside.</summary>
static class Problems
{
    public static Invalid Invalid(IReadOnlyList<ProblemError> errors) => new(errors);

    public static Invalid Invalid(string pointer, string message) => new([new(pointer, message)]);

    public static NotFound NotFound(string detail) => new(detail);

    public static NotFound NoRecommendation() => new("No such recommendation, or it is older than the journal keeps them.");

    /// <summary>Why a row was not taken.</summary>
    /// <param name="why">The reason.</param>
    /// <param name="pointer">Where; its column if it is not said.</param>
    public static ProblemError ErrorOf(RejectedRow why, string? pointer = null) =>
        new(pointer ?? "/" + why.Column, $"Found '{why.Found}'; expected {why.Expected}.");

    public static Unavailable NotReady(HttpContext http) => Busy(http, "The history is still being read.", "not_ready");

    public static Unavailable Busy(HttpContext http, string detail, string code)
    {
        http.Response.Headers.RetryAfter = "1";
        return new(detail, code);
    }

    public static BadContent TooLarge(long limit) =>
        new(
            StatusCodes.Status413PayloadTooLarge,
            FormattableString.Invariant($"The body is larger than {limit} bytes."),
            "body_too_large"
        );

    public static BadContent OtherType(string expected) =>
        new(StatusCodes.Status415UnsupportedMediaType, $"Expected Content-Type {expected}.", "unsupported_media_type");

    public static NotWritten Conflict(string detail, string code, params IReadOnlyList<ProblemError> errors) =>
        new(StatusCodes.Status409Conflict, detail, code, errors);

    public static NotWritten Refused(string detail, string code, params IReadOnlyList<ProblemError> errors) =>
        new(StatusCodes.Status422UnprocessableEntity, detail, code, errors);

    public static NotWritten Of(HttpContext http, StoreUnavailableException fault)
    {
        var status = StatusOf(fault);
        if (status == StatusCodes.Status503ServiceUnavailable)
            http.Response.Headers.RetryAfter = "1";
        return new(status, fault.Message, CodeOf(fault));
    }

    public static int StatusOf(StoreUnavailableException fault) =>
        fault.Fault == StoreFault.Full ? StatusCodes.Status507InsufficientStorage : StatusCodes.Status503ServiceUnavailable;

    static string CodeOf(StoreUnavailableException fault) =>
        fault.Fault switch
        {
            StoreFault.Full => "database_full",
            StoreFault.ReadOnly => "database_read_only",
            StoreFault.Denied => "database_denied",
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
        }
        if (problem.Status == StatusCodes.Status503ServiceUnavailable)
            context.HttpContext.Response.Headers.RetryAfter = "1";
        problem.Instance ??= Addresses.PathOf(context.HttpContext);
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
