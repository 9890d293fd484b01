using System.Text.Json;

namespace Recommender.Api;

/// <summary>Says in problem details what was wrong with a request, and nothing of the inside.</summary>
static class Problems
{
    public static void Explain(ProblemDetailsContext context)
    {
        if (context.Exception is not BadHttpRequestException bad)
            return;
        context.ProblemDetails.Detail = bad.InnerException switch
        {
            JsonException { Path: { } path, LineNumber: { } line } =>
                $"The body is not as expected at {path}, line {line + 1}: a property may be missing, unknown, or of another type.",
            JsonException => "The body lacks a required property, or is no JSON object.",
            _ when bad.StatusCode == StatusCodes.Status415UnsupportedMediaType => "Expected application/json.",
            _ when bad.StatusCode == StatusCodes.Status413PayloadTooLarge => "The body is too large.",
            _ => "The request could not be read; expected a JSON body and parameters as the OpenAPI document describes them.",
        };
    }
}
