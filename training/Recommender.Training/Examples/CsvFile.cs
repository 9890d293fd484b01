using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Recommender.Training;

/// <summary>Writes rows as RFC 4180 says, in UTF-8 and with a line feed after each.</summary>
sealed class CsvFile : IDisposable
{
    readonly CsvWriter _writer;

    public CsvFile(string path, params IReadOnlyList<string> columns)
    {
        _writer = new(
            new StreamWriter(path, false, new UTF8Encoding(false), 1 << 16),
            new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" }
        );
        Add(columns);
    }

    /// <summary>Adds a row, which may be shorter than the header.</summary>
    public void Add(params IReadOnlyList<string> fields)
    {
        foreach (var field in fields)
            _writer.WriteField(field);
        _writer.NextRecord();
    }

    public void Dispose() => _writer.Dispose();
}
