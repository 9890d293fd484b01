using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Recommender.Api;

/// <summary>Room to write an answer into as JSON; given back when it is disposed, and used again for the next.</summary>
sealed class JsonRoom : IDisposable
{
    static readonly ConcurrentBag<JsonRoom> _free = [];
    readonly ArrayBufferWriter<byte> _bytes = new(16 * 1024);
    readonly Utf8JsonWriter _writer;

    JsonRoom() => _writer = new(_bytes, new() { SkipValidation = true });

    /// <summary>What was written last.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    public static JsonRoom Take() => _free.TryTake(out var room) ? room : new();

    /// <summary>Writes a value in place of what was there.</summary>
    public void Write<T>(T value, JsonTypeInfo<T> type)
    {
        _bytes.ResetWrittenCount();
        _writer.Reset();
        JsonSerializer.Serialize(_writer, value, type);
        _writer.Flush();
    }

    public void Dispose() => _free.Add(this);
}
