using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Recommender.Api.Endpoints;
using Recommender.Facts;

namespace Recommender.Api;

/// <summary>Reads what is to be done with something that has states: a body that may be left out, and the version that it is meant for.</summary>
static class OrderBody
{
    /// <summary>The order, as it came, and its If-Match; a problem if it is none.</summary>
    /// <param name="http">The request.</param>
    /// <param name="limit">The longest body, bytes.</param>
    /// <param name="type">What it is read as.</param>
    /// <param name="faults">What is wrong with one.</param>
    public static async Task<(T Order, byte[] Bytes, RowExpectation Expected, BadBody? Problem)> ReadAsync<T>(
        HttpContext http,
        int limit,
        JsonTypeInfo<T> type,
        Func<T, List<ProblemError>> faults
    )
        where T : class, new()
    {
        var (order, bytes) = (new T(), Array.Empty<byte>());
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            (var sent, bytes, var problem) = await Body.ReadAsync(http, limit, type);
            if (sent is null)
                return (order, bytes, default, problem);
            order = sent;
        }
        if (faults(order) is { Count: > 0 } found)
            return (order, bytes, default, new(Problems.Invalid(found)));
        return RowsApi.Expectation(http, out var expected) is { } bad
            ? (order, bytes, default, new BadBody(bad))
            : (order, bytes, expected, null);
    }
}
