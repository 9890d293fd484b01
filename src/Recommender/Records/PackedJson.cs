using System.Buffers;
using System.IO.Compression;

namespace Recommender.Records;

/// <summary>JSON as it is kept: answers name the same properties over and over, and take a quarter of the room when packed.</summary>
/// <param name="Bytes">What is kept.</param>
/// <param name="Encoding">How it is packed, a content coding of HTTP: br; null if it is the JSON itself.</param>
public readonly record struct PackedJson(byte[] Bytes, string? Encoding)
{
    const string Brotli = "br";
    const int Quality = 1;
    const int WindowBits = 16;

    /// <summary>Packs.</summary>
    public static PackedJson Of(ReadOnlySpan<byte> json)
    {
        var room = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(json.Length));
        try
        {
            return BrotliEncoder.TryCompress(json, room, out var length, Quality, WindowBits)
                ? new(room.AsSpan(0, length).ToArray(), Brotli)
                : new(json.ToArray(), null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(room);
        }
    }

    /// <summary>The JSON.</summary>
    /// <exception cref="InvalidDataException">It was packed in a way that is not known here, or what is kept is damaged.</exception>
    public byte[] Unpack()
    {
        if (Encoding is null)
            return Bytes;
        if (Encoding != Brotli)
            throw new InvalidDataException($"An answer is kept as {Encoding}; expected {Brotli}.");
        // Not by a stream, which takes what was cut off for the end.
        using var decoder = new BrotliDecoder();
        var json = new ArrayBufferWriter<byte>();
        ReadOnlySpan<byte> rest = Bytes;
        OperationStatus status;
        do
        {
            status = decoder.Decompress(rest, json.GetSpan(16 * 1024), out var read, out var written);
            rest = rest[read..];
            json.Advance(written);
        } while (status == OperationStatus.DestinationTooSmall);
        return status == OperationStatus.Done
            ? json.WrittenSpan.ToArray()
            : throw new InvalidDataException("An answer in the journal is damaged; expected one that unpacks.");
    }
}
