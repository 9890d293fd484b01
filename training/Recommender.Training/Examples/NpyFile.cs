using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Recommender.Training;

/// <summary>
/// Writes an array row by row as NumPy reads it (NEP 1, version 1.0); the number of rows is filled in at the end. Little-endian machines only.
/// </summary>
/// <param name="path">The file to write.</param>
/// <param name="columns">Values per row; 0 for an array of one dimension.</param>
sealed class NpyFile<T>(string path, int columns = 0) : IDisposable
    where T : unmanaged
{
    const int HeaderLength = 128;
    readonly FileStream _stream = Opened(path);
    long _values;

    public void Write(ReadOnlySpan<T> values)
    {
        _stream.Write(MemoryMarshal.AsBytes(values));
        _values += values.Length;
    }

    public void Dispose()
    {
        var type = typeof(T) == typeof(float) ? "<f4" : "<i4";
        var shape =
            columns == 0
                ? FormattableString.Invariant($"({_values},)")
                : string.Create(CultureInfo.InvariantCulture, $"({_values / columns}, {columns})");
        var text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(HeaderLength - 11) + "\n";
        _stream.Position = 0;
        _stream.Write([0x93, .. "NUMPY"u8, 1, 0, HeaderLength - 10, 0]);
        _stream.Write(Encoding.ASCII.GetBytes(text));
        _stream.Dispose();
    }

    static FileStream Opened(string path)
    {
        var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        stream.Write(new byte[HeaderLength]);
        return stream;
    }
}
