using System.Globalization;

namespace Recommender.Training;

/// <summary>The files of a history, spoilt on request.</summary>
sealed class SimulatedFiles(string folder, double dirty, Random random) : IDisposable
{
    readonly List<SimulatedCsv> _open = [];

    public SimulatedCsv Open(string name, string header, bool clean = false)
    {
        var file = new SimulatedCsv(Path.Combine(folder, name + ".csv"), header, clean ? 0 : dirty, random);
        _open.Add(file);
        return file;
    }

    public void Dispose() => _open.ForEach(file => file.Dispose());
}

/// <summary>One file of them.</summary>
sealed class SimulatedCsv : IDisposable
{
    readonly CsvFile _file;
    readonly string[] _columns;
    readonly double _dirty;
    readonly Random _random;

    public SimulatedCsv(string path, string header, double dirty, Random random)
    {
        _columns = header.Split(',');
        _file = new(path, _columns);
        (_dirty, _random) = (dirty, random);
    }

    public void Add(params string[] fields)
    {
        if (_dirty > 0 && _random.NextDouble() < _dirty)
            Spoil(ref fields);
        _file.Add(fields);
    }

    void Spoil(ref string[] fields)
    {
        fields = [.. fields];
        switch (_random.Next(4))
        {
            case 0:
                fields[0] = "";
                break;
            case 1:
                fields = fields[..^1];
                break;
            default:
                var dates = Enumerable
                    .Range(0, fields.Length)
                    .Where(i => _columns[i].EndsWith("_at", StringComparison.Ordinal))
                    .ToArray();
                if (dates.Length > 0)
                    fields[dates[_random.Next(dates.Length)]] = "31/13/2020";
                else
                    fields[0] = "";
                break;
        }
    }

    public void Dispose() => _file.Dispose();

    public static string Day(DateTime at) => at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Moment(DateTime at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
