using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Recommender.Api;

/// <summary>Reads request bodies within their limits.</summary>
static class Body
{
    /// <summary>True if the body is said to be of a media type, whatever its parameters.</summary>
    public static bool IsOf(HttpContext http, string type)
    {
        var said = http.Request.ContentType.AsSpan();
        if (said.IndexOf(';') is >= 0 and var end)
            said = said[..end];
        return said.Trim().Equals(type, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The whole body without its byte order mark; null and a problem if it is larger than allowed or of another media type.</summary>
    public static async Task<(byte[]? Bytes, BadContent? Problem)> ReadAsync(HttpContext http, int limit, string type)
    {
        if (!IsOf(http, type))
            return (null, Problems.OtherType(type));
        if (http.Request.Headers.ContentEncoding.Count > 0)
            return (
                null,
                new BadContent(
                    StatusCodes.Status415UnsupportedMediaType,
                    "Expected no Content-Encoding.",
                    "unsupported_media_type"
                )
            );
        if (http.Request.ContentLength > limit)
            return (null, Problems.TooLarge(limit));
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await Limits.AsideAsync(reader.ReadAsync(http.RequestAborted).AsTask());
            if (read.Buffer.Length > limit)
            {
                reader.AdvanceTo(read.Buffer.End);
                return (null, Problems.TooLarge(limit));
            }
            if (read.IsCompleted)
            {
                var bytes = Ndjson.WithoutMark(read.Buffer).ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return (bytes, null);
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>The whole body as an object, and as it came; null and a problem if it is too large, of another type, or no such object.</summary>
    public static async Task<(T? Value, byte[] Bytes, BadBody? Problem)> ReadAsync<T>(
        HttpContext http,
        int limit,
        JsonTypeInfo<T> type
    )
        where T : class
    {
        var (bytes, problem) = await ReadAsync(http, limit, "application/json");
        if (bytes is null)
            return (null, [], new(problem!));
        var (value, invalid) = Parse(bytes, type);
        return (value, bytes, invalid is null ? null : new(invalid));
    }

    /// <summary>The body as an object; null and a problem if it is none.</summary>
    public static (T? Value, Invalid? Problem) Parse<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) is { } value
                ? (value, null)
                : (null, Problems.Invalid("", "Found null; expected a JSON object."));
        }
        catch (JsonException e)
        {
            return (null, Problems.Invalid(Pointer(e), Problems.Explain(e)));
        }
        catch (InvalidOperationException)
        {
            return (null, Problems.Invalid("", "A text holds half a surrogate pair, which is no Unicode."));
        }
    }

    static string Pointer(JsonException e) =>
        e.Path is { } path
            ? path.Replace("$", "", StringComparison.Ordinal)
                .Replace('.', '/')
                .Replace("[", "/", StringComparison.Ordinal)
                .Replace("]", "", StringComparison.Ordinal)
            : "";
}
