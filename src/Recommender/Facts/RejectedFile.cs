using System.Globalization;
using System.Text;

namespace Recommender.Facts;

/// <summary>Rows that could not be taken, as a CSV file.</summary>
static class RejectedFile
{
    public static void Write(string path, IEnumerable<RejectedRow> rejected)
    {
        using var writer = new StreamWriter(path, false, new UTF8Encoding(false)) { NewLine = "\n" };
        using var csv = new CsvHelper.CsvWriter(writer, CultureInfo.InvariantCulture);
        foreach (var name in (string[])["file", "line", "column", "found", "expected"])
            csv.WriteField(name);
        csv.NextRecord();
        foreach (var row in rejected)
        {
            csv.WriteField(row.File);
            csv.WriteField(row.Line);
            csv.WriteField(row.Column);
            csv.WriteField(row.Found);
            csv.WriteField(row.Expected);
            csv.NextRecord();
        }
    }
}
