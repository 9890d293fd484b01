using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Recommender.Capabilities.Leads;

namespace Recommender.Training;

/// <summary>lead_truth.csv of a simulated history: the true chance of winning of whoever may have a lead.</summary>
sealed class LeadTruth
{
    readonly Dictionary<string, Dictionary<Assignee, double>> _leads = [];

    LeadTruth(string file) => File = file;

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The chances of a lead; null if the file does not tell.</summary>
    public IReadOnlyDictionary<Assignee, double>? Of(string leadId) => _leads.GetValueOrDefault(leadId);

    /// <summary>Reads the file as `simulate` writes it.</summary>
    /// <exception cref="InvalidDataException">A line is not lead_id,assignee_type,assignee_id,win_probability.</exception>
    public static LeadTruth Read(string file)
    {
        var truth = new LeadTruth(file);
        using var reader = new StreamReader(file);
        // A quote out of place is found by what the line then is.
        using var csv = new CsvParser(reader, new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = null });
        csv.Read();
        while (csv.Read())
        {
            if (
                csv.Record is not [var lead, var type, var id, var number]
                || !Assignee.Types.Contains(type)
                || !double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var probability)
                || probability is not (>= 0 and <= 1)
            )
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"{file}, line {csv.RawRow}: found '{csv.RawRecord.TrimEnd()}'; expected lead_id,assignee_type,assignee_id,win_probability."
                    )
                );
            if (!truth._leads.TryGetValue(lead, out var chances))
                truth._leads[lead] = chances = [];
            chances[new(type, id)] = probability;
        }
        return truth;
    }
}
