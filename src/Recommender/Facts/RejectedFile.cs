using System.Globalization;
using System.Text;

namespace Recommender.Facts;

/// <summary>Rows that could not be taken, as a CSV file.</summary>
public static class RejectedFile
{
    /// <summary>Writes them, replacing what is there.</summary>
    public static void Write(string path, IEnumerable<RejectedRow> rejected)
    {
        using var writer = new StreamWriter(path, false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        writer.Write(CsvText.Line("file", "line", "column", "found", "expected"));
        foreach (var row in rejected)
            writer.Write(
                CsvText.Line(row.File, row.Line.ToString(CultureInfo.InvariantCulture), row.Column, row.Found, row.Expected)
            );
    }
}
