using System.Buffers;
using System.IO.Compression;

namespace Recommender.Journal;

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
        using var packed = new MemoryStream(Bytes);
        using var unpacking = new BrotliStream(packed, CompressionMode.Decompress);
        using var json = new MemoryStream();
        unpacking.CopyTo(json);
        return json.ToArray();
    }
}
