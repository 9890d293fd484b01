using System.Text;

namespace Recommender.Facts;

/// <summary>How a file of a table is written: its encoding and what parts its fields.</summary>
sealed record CsvDialect(Encoding Encoding, string Separator, int LinesBefore)
{
    const int Head = 1 << 16;
    const int MostBlank = 50;
    const int Looked = 20;

    /// <summary>Stands for bytes that are not of the encoding: a code point that is no character, so that no file holds it.</summary>
    public const string NotText = "\uFDD0";

    /// <summary>Looks at the start of a file.</summary>
    /// <param name="file">At its start; left there.</param>
    /// <param name="encoding">If someone said so.</param>
    /// <param name="separator">If someone said so.</param>
    public static CsvDialect Of(Stream file, string? encoding, string? separator)
    {
        var head = new byte[Head];
        var length = file.ReadAtLeast(head, Head, throwOnEndOfStream: false);
        file.Position = 0;
        var text = encoding is null ? OfBytes(head.AsSpan(0, length)) : Named(encoding);
        var reader = new StreamReader(new MemoryStream(head, 0, length), text);
        var (first, before) = (reader.ReadLine() ?? "", 0);
        if (first.Length is 5 && first.StartsWith("sep=", StringComparison.OrdinalIgnoreCase))
            return new(text, separator ?? first[4..], 1);
        while (before < MostBlank && first.AsSpan().Trim(",;\t| \"").IsEmpty && reader.ReadLine() is { } next)
            (first, before) = (next, before + 1);
        return new(text, separator ?? OfLines(first, Lines(reader)), before);
    }

    /// <summary>An encoding by its name, such as windows-1252; what is not of it is replaced by <see cref="NotText"/>.</summary>
    /// <exception cref="InvalidDataException">There is none of that name.</exception>
    public static Encoding Named(string name)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        try
        {
            return Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, new DecoderReplacementFallback(NotText));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException($"'{name}' is no encoding; expected one such as utf-8, utf-16 or windows-1252.", e);
        }
    }

    static Encoding OfBytes(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith<byte>([0xff, 0xfe, 0, 0]))
            return Named("utf-32");
        if (head.StartsWith<byte>([0xff, 0xfe]))
            return Named("utf-16");
        if (head.StartsWith<byte>([0xfe, 0xff]))
            return Named("utf-16BE");
        // Without a mark: every second byte of letters is zero.
        int even = 0,
            odd = 0;
        for (var i = 0; i < head.Length; i++)
        {
            if (head[i] == 0)
                _ = (i & 1) == 0 ? even++ : odd++;
        }
        return Named(
            odd > head.Length / 4 && odd > 4 * even ? "utf-16"
            : even > head.Length / 4 && even > 4 * odd ? "utf-16BE"
            : "utf-8"
        );
    }

    static List<string> Lines(StreamReader reader)
    {
        var lines = new List<string>();
        while (lines.Count < Looked && reader.ReadLine() is { } line)
            lines.Add(line);
        return lines;
    }

    /// <summary>What parts most lines into as many fields as the header, and into most; the comma if nothing does.</summary>
    static string OfLines(string header, List<string> lines) =>
        ((string[])[",", ";", "\t", "|"])
            .Select(mark => (Mark: mark, Parts: Parts(header, mark[0])))
            .Where(one => one.Parts > 1)
            .OrderByDescending(one => lines.Count(line => Parts(line, one.Mark[0]) == one.Parts))
            .ThenByDescending(one => one.Parts)
            .Select(one => one.Mark)
            .FirstOrDefault(",");

    static int Parts(string line, char mark)
    {
        var (parts, isQuoted) = (1, false);
        foreach (var c in line)
        {
            if (c == '"')
                isQuoted = !isQuoted;
            else if (c == mark && !isQuoted)
                parts++;
        }
        return parts;
    }
}
