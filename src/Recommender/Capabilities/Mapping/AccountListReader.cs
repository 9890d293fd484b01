using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Mapping;

/// <summary>A list as it was read.</summary>
/// <param name="Records">Its records, in their order.</param>
/// <param name="Rejected">Rows that could not be taken, and why.</param>
/// <param name="Unread">The records of those: they are on the list, whatever it says of them.</param>
/// <param name="HasNameless">True if nobody knows which records some of those are: then none is known to be gone.</param>
public sealed record AccountListFile(
    IReadOnlyList<PartnerAccount> Records,
    IReadOnlyList<RejectedRow> Rejected,
    IReadOnlyCollection<string> Unread,
    bool HasNameless
);

/// <summary>Reads a partner's list, as CRMs and spreadsheets export it.</summary>
public static class AccountListReader
{
    // Letters and digits of headers, in the order in which one is preferred to the next.
    static readonly (string Column, string[] Names)[] _headers =
    [
        (
            "record_id",
            Words(
                "recordid accountid accountid18 companyid crmid id hsobjectid organizationid customerid kundennummer kontoid externalid"
            )
        ),
        (
            "name",
            Words(
                "name accountname companyname company account organization organisation firma firmenname unternehmen customer kunde"
            )
        ),
        ("domain", Words("domain companydomainname companydomain website webaddress url webseite homepage emaildomain web")),
        (
            "country",
            Words(
                "country countryregion billingcountry billingcountrycode countrycode shippingcountry hqcountry land pays pais countryname"
            )
        ),
        ("region", Words("region stateregion billingstateprovince billingstate state province bundesland territory")),
        ("population", Words("population type accounttype lifecyclestage accountstatus status relationship stage segment typ")),
        (
            "contact_count",
            Words(
                "contactcount contacts numberofcontacts numberofassociatedcontacts associatedcontacts numcontacts anzahlkontakte"
            )
        ),
        ("contact_level", Words("contactlevel seniority highestcontactlevel level")),
        (
            "since",
            Words("since customersince createddate createdate datecreated created partnersince firstdealclosedate kundeseit")
        ),
        ("until", Words("until enddate end validuntil churndate")),
    ];

    static readonly Dictionary<string, string> _populations = Populations(
        (
            "customer",
            "customer, customers, client, clients, active customer, current customer, existing customer, customer - direct, customer - channel, customer direct, customer channel, installed base, evangelist, won, closed won, kunde, cliente, klant"
        ),
        (
            "open_opportunity",
            "open_opportunity, open opportunity, open opportunities, open opp, open opps, opportunity, opportunities, open deal, pipeline, in pipeline, active opportunity, offene verkaufschance"
        ),
        (
            "prospect",
            "prospect, prospects, lead, leads, target, target account, suspect, subscriber, marketingqualifiedlead, marketing qualified lead, mql, salesqualifiedlead, sales qualified lead, sql, interessent"
        )
    );

    /// <summary>What the columns of a file are; what is not named is passed over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="partnerId">Whose list it is.</param>
    /// <param name="population">The population of records that do not say one; null if each has to.</param>
    /// <param name="settings">How texts are read.</param>
    /// <exception cref="InvalidDataException">It has no header, or no column that is needed.</exception>
    public static SourceMap MapOf(UploadedFile file, PartnerId partnerId, string? population, ReaderSettings settings)
    {
        var map = Map(partnerId, population, settings) with { File = file.Name };
        var columns = ColumnsOf(file, map);
        string[] needed = ["record_id", .. population is null ? (string[])["population"] : []];
        if (needed.FirstOrDefault(column => !columns.Values.Contains(column)) is { } missing)
            throw new InvalidDataException(
                $"{file.Name}, line 1: found {string.Join(", ", file.Columns(map).Select(column => column.Name))}; expected a column {missing}"
                    + (
                        missing == "population"
                            ? ", or to be told of which population all are (customer, open_opportunity or prospect)."
                            : "."
                    )
            );
        return map with
        {
            Columns = columns.ToDictionary(
                one => one.Key,
                one =>
                    (IReadOnlyList<ColumnTarget>)
                        [new ColumnTarget(one.Value, null, new Dictionary<string, IReadOnlyList<string>>())]
            ),
        };
    }

    /// <summary>A map that says what is known of any list: whose it is, and what words of populations mean.</summary>
    public static SourceMap Map(PartnerId partnerId, string? population, ReaderSettings settings) =>
        new()
        {
            Table = MappingCapability.PartnerAccounts,
            File = "",
            OnlyNamed = true,
            Set = population is null
                ? new Dictionary<string, string> { ["partner_id"] = partnerId.Value }
                : new Dictionary<string, string> { ["partner_id"] = partnerId.Value, ["population"] = population },
            Values = new Dictionary<string, IReadOnlyDictionary<string, string>> { ["population"] = _populations },
            Settings = settings,
        };

    /// <summary>What words of populations mean, however they are spelt.</summary>
    public static IReadOnlyDictionary<string, string> PopulationWords => _populations;

    /// <summary>By name in a file, the column that it is; others are passed over.</summary>
    /// <exception cref="InvalidDataException">It has no header.</exception>
    public static IReadOnlyDictionary<string, string> ColumnsOf(UploadedFile file, SourceMap map)
    {
        var names = file.Columns(map).Select(column => column.Name).Where(name => name.Length > 0).ToList();
        var columns = new Dictionary<string, string>();
        foreach (var (column, known) in _headers)
        {
            var best = names.Where(name => !columns.ContainsKey(name)).MinBy(name => RankOf(name, known));
            if (best is not null && RankOf(best, known) < known.Length)
                columns.Add(best, column);
        }
        return columns;
    }

    /// <summary>Reads a file of CSV by a map.</summary>
    /// <exception cref="InvalidDataException">The header cannot be taken as the map says.</exception>
    public static AccountListFile Read(UploadedFile file, SourceMap map)
    {
        var (records, rejected) = (new List<PartnerAccount>(), new List<RejectedRow>());
        foreach (var (_, row, why) in file.Rows(map))
        {
            if (row is null)
                rejected.Add(OfList(why!));
            else
                records.Add(MappingCapability.PartnerAccounts.Read(row));
        }
        if (rejected.Count == 0)
            return new(records, rejected, [], false);
        // By their ids alone, all rows can be read that have one.
        var ids = map with
        {
            Columns = map.Columns.Where(column => column.Value.Any(target => target.As == "record_id")).ToDictionary(),
            OnlyNamed = true,
            Set = new Dictionary<string, string>(map.Set) { ["population"] = "prospect" },
        };
        var (lines, unread) = (rejected.Select(row => row.Line).ToHashSet(), new List<string>());
        var nameless = false;
        foreach (var (line, row, why) in file.Rows(ids))
        {
            if (row is not null && lines.Contains(line))
                unread.Add(MappingCapability.PartnerAccounts.Read(row).RecordId);
            else if (row is null)
                nameless |= !IsRepeated(why!);
        }
        return new(records, rejected, unread, nameless);
    }

    /// <summary>Reads lines of JSON, a record each.</summary>
    /// <param name="lines">With their numbers.</param>
    /// <param name="partnerId">Whose list it is.</param>
    /// <param name="population">The population of records that do not say one; null if each has to.</param>
    /// <param name="settings">How texts are read.</param>
    public static AccountListFile Read(
        IEnumerable<(long Number, ReadOnlyMemory<byte> Line)> lines,
        PartnerId partnerId,
        string? population,
        ReaderSettings settings
    )
    {
        var table = MappingCapability.PartnerAccounts;
        var (records, rejected, seen) = (new List<PartnerAccount>(), new List<RejectedRow>(), new HashSet<string>());
        var (unread, nameless) = (new List<string>(), false);
        foreach (var (number, line) in lines)
        {
            try
            {
                var json = new Utf8JsonReader(WithPopulation(line.Span, population));
                json.Read();
                if (!JsonRow.TryRead(table, ref json, number, out var row, out var fault, partnerId.Value, settings))
                {
                    rejected.Add(fault! with { File = "the list" });
                    if (IdOf(line) is { } id)
                        unread.Add(id);
                    else
                        nameless = true;
                }
                else if (json.Read())
                    rejected.Add(new("the list", number, "the line", "more than one object", "one"));
                else if (table.Read(row) is var record && !seen.Add(record.RecordId))
                    rejected.Add(new("the list", number, "record_id", record.RecordId, "an id that no earlier line has"));
                else
                    records.Add(record);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                nameless = true;
                rejected.Add(
                    new("the list", number, "the line", "no JSON", "an object with record_id, name, domain, country, …")
                );
            }
        }
        return new(records, rejected, unread, nameless);
    }

    /// <summary>The record that a line is about; null if it does not say.</summary>
    static string? IdOf(ReadOnlyMemory<byte> line)
    {
        using var json = JsonDocument.Parse(line);
        return
            json.RootElement.ValueKind == JsonValueKind.Object
            && json.RootElement.TryGetProperty("record_id", out var id)
            && id.ValueKind is JsonValueKind.String or JsonValueKind.Number
            ? id.ToString().Trim()
            : null;
    }

    /// <summary>True if an earlier row has the key, of which the partner is the first column.</summary>
    static bool IsRepeated(RejectedRow why) => why.Column == MappingCapability.PartnerAccounts.Columns[0].Name;

    /// <summary>A list is of one partner: what is said of the key is said of the record.</summary>
    static RejectedRow OfList(RejectedRow why) =>
        IsRepeated(why) ? why with { Column = "record_id", Found = why.Found[(why.Found.IndexOf('/') + 1)..] } : why;

    /// <summary>The object with a population, if it says none and one holds for all.</summary>
    static ReadOnlySpan<byte> WithPopulation(ReadOnlySpan<byte> line, string? population)
    {
        using var json = JsonDocument.Parse(line.ToArray());
        if (json.RootElement.ValueKind != JsonValueKind.Object)
            return line;
        var said =
            json.RootElement.TryGetProperty("population", out var own) && own.ValueKind == JsonValueKind.String
                ? own.GetString()
                : null;
        var means = said is null ? population : _populations.GetValueOrDefault(said, said);
        if (means is null || means == said)
            return line;
        using var to = new MemoryStream();
        using (var writer = new Utf8JsonWriter(to))
        {
            writer.WriteStartObject();
            foreach (var property in json.RootElement.EnumerateObject().Where(property => !property.NameEquals("population")))
                property.WriteTo(writer);
            writer.WriteString("population", means);
            writer.WriteEndObject();
        }
        return to.ToArray();
    }

    static int RankOf(string name, string[] known) =>
        Array.IndexOf(known, Headers.Plain(name)) is >= 0 and var rank ? rank : known.Length;

    static Dictionary<string, string> Populations(params (string Population, string Words)[] all)
    {
        var words = new Dictionary<string, string>(TextKey.Comparer);
        foreach (var (population, of) in all)
        {
            foreach (var word in of.Split(',', StringSplitOptions.TrimEntries))
                words.Add(word, population);
        }
        return words;
    }

    static string[] Words(string words) => words.Split(' ');
}
