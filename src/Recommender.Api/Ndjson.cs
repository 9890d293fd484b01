using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Recommender.Api;

/// <summary>Lines of JSON. Tools of Windows begin a file with a byte order mark, and files that are put together have one at later lines; it is passed over.</summary>
static class Ndjson
{
    static ReadOnlySpan<byte> Mark => "\uFEFF"u8;

    /// <summary>The lines of a body as they come, empty ones left out; a line that is too long is a fault and ends the reading.</summary>
    public static async IAsyncEnumerable<(byte[]? Line, string? Fault)> ReadAsync(
        PipeReader reader,
        int longestLine,
        [EnumeratorCancellation] CancellationToken cancel
    )
    {
        ReadOnlySequence<byte>? held = null;
        try
        {
            while (true)
            {
                var read = await Limits.AsideAsync(reader.ReadAsync(cancel).AsTask());
                var buffer = read.Buffer;
                held = buffer;
                while (
                    buffer.PositionOf((byte)'\n') is { } end
                    && buffer.GetOffset(end) - buffer.GetOffset(buffer.Start) <= longestLine
                )
                {
                    var line = buffer.Slice(0, end);
                    line = WithoutMark(line);
                    if (!IsBlank(line))
                        yield return (line.ToArray(), null);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }
                if (buffer.Length > longestLine)
                {
                    yield return (
                        null,
                        FormattableString.Invariant($"Expected at most {longestLine} bytes; what follows is not read.")
                    );
                    yield break;
                }
                if (read.IsCompleted)
                {
                    buffer = WithoutMark(buffer);
                    if (!IsBlank(buffer))
                        yield return (buffer.ToArray(), null);
                    yield break;
                }
                reader.AdvanceTo(buffer.Start, buffer.End);
                held = null;
            }
        }
        finally
        {
            // The server reads the rest of a body that is given up, and must not find it held.
            if (held is { } rest)
                reader.AdvanceTo(rest.End);
        }
    }

    /// <summary>The lines of a body that is at hand, with their numbers from 1; empty ones left out.</summary>
    public static IEnumerable<(long Number, ReadOnlyMemory<byte> Line)> Lines(ReadOnlyMemory<byte> body)
    {
        long number = 0;
        while (!body.IsEmpty)
        {
            var end = body.Span.IndexOf((byte)'\n');
            var line = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            number++;
            if (line.Span.StartsWith(Mark))
                line = line[Mark.Length..];
            if (!line.Span.Trim(" \r\t"u8).IsEmpty)
                yield return (number, line);
        }
    }

    /// <summary>What follows the byte order mark, if there is one (RFC 8259, section 8.1).</summary>
    public static ReadOnlySequence<byte> WithoutMark(in ReadOnlySequence<byte> text)
    {
        var reader = new SequenceReader<byte>(text);
        return reader.IsNext(Mark, advancePast: true) ? reader.UnreadSequence : text;
    }

    static bool IsBlank(ReadOnlySequence<byte> line)
    {
        foreach (var part in line)
        {
            if (!part.Span.Trim(" \r\t"u8).IsEmpty)
                return false;
        }
        return true;
    }
}
