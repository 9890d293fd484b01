using System.Globalization;
using System.Text;
using CsvHelper;

namespace Recommender.Tests.History;

/// <summary>Writes the history in data-samples as CRMs export theirs: their files, column names, words, dates and numbers.</summary>
static class CrmExports
{
    /// <summary>Writes the files of a CRM, by the name of its map.</summary>
    public static void Write(string crm, string folder)
    {
        if (crm == "salesforce")
            Salesforce(folder);
        else if (crm == "hubspot")
            HubSpot(folder);
        else
            Dynamics(folder);
    }

    static List<Dictionary<string, string>> Rows(string file)
    {
        using var reader = File.OpenText(Path.Combine(Sample.Folder, file));
        using var csv = new CsvReader(reader, CultureInfo.InvariantCulture);
        return
        [
            .. csv.GetRecords<dynamic>()
                .Select(row => ((IDictionary<string, object>)row).ToDictionary(pair => pair.Key, pair => (string)pair.Value)),
        ];
    }

    static void Write(string path, Encoding encoding, char mark, string[] header, IEnumerable<string[]> rows)
    {
        using var writer = new StreamWriter(path, false, encoding) { NewLine = "\r\n" };
        foreach (var row in rows.Prepend(header))
            writer.WriteLine(
                string.Join(mark, row.Select(cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\""))
            );
    }

    static DateTime? Day(string text) =>
        text.Length == 0
            ? null
            : DateTime.Parse(
                text,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal
            );

    static string Text(DateTime? at, string format) => at?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    /// <summary>As Data Export of Salesforce writes it: everything quoted, accounts and partners in one file, partners of deals in both directions.</summary>
    static void Salesforce(string folder)
    {
        const string Instant = "yyyy-MM-dd'T'HH:mm:ss.fff'+0000'";
        var utf8 = new UTF8Encoding(false);
        Write(
            Path.Combine(folder, "Account.csv"),
            utf8,
            ',',
            [
                "Id",
                "IsDeleted",
                "Name",
                "Type",
                "BillingState",
                "BillingCountry",
                "Website",
                "Industry",
                "AnnualRevenue",
                "NumberOfEmployees",
                "OwnerId",
                "CreatedDate",
                "LastModifiedDate",
                "SystemModstamp",
                "LastActivityDate",
                "IsPartner",
                "Partner_Tier__c",
                "Partner_Industries__c",
                "Partner_Regions__c",
                "Partner_Competencies__c",
                "Partner_Since__c",
            ],
            Rows("accounts.csv")
                .Select(row =>
                    (string[])
                        [
                            row["account_id"],
                            "false",
                            row["name"],
                            "Prospect",
                            row["region"],
                            row["country"],
                            "https://www." + row["domain"],
                            row["industry"],
                            row["annual_revenue"],
                            row["employee_count"],
                            "005000000000001",
                            Text(Day(row["created_at"]), Instant),
                            "2026-06-30T08:15:00.000+0000",
                            "2026-06-30T08:15:00.000+0000",
                            "2026-06-29",
                            "false",
                            "",
                            "",
                            "",
                            "",
                            "",
                        ]
                )
                .Concat(
                    Rows("partners.csv")
                        .Select(row =>
                            (string[])
                                [
                                    row["partner_id"],
                                    "false",
                                    row["name"],
                                    row["partner_type"],
                                    "",
                                    "",
                                    "https://www." + row["domain"],
                                    "",
                                    "",
                                    "",
                                    "005000000000001",
                                    "2015-01-01T00:00:00.000+0000",
                                    "2026-06-30T08:15:00.000+0000",
                                    "2026-06-30T08:15:00.000+0000",
                                    "",
                                    "true",
                                    row["tier"],
                                    row["industries"].Replace('|', ';'),
                                    row["regions"].Replace('|', ';'),
                                    row["competencies"].Replace('|', ';'),
                                    row["joined_at"],
                                ]
                        )
                )
        );
        Write(
            Path.Combine(folder, "Opportunity.csv"),
            utf8,
            ',',
            [
                "Id",
                "IsDeleted",
                "AccountId",
                "Name",
                "StageName",
                "Amount",
                "Probability",
                "CloseDate",
                "NextStep",
                "IsClosed",
                "IsWon",
                "ForecastCategory",
                "CurrencyIsoCode",
                "OwnerId",
                "CreatedDate",
                "LastModifiedDate",
                "LastActivityDate",
                "Product__c",
            ],
            Rows("opportunities.csv")
                .Select(row =>
                    (string[])
                        [
                            row["opportunity_id"],
                            "false",
                            row["account_id"],
                            "A deal",
                            row["stage"],
                            row["amount"],
                            row["outcome"] == "won" ? "100"
                            : row["outcome"] == "lost" ? "0"
                            : "40",
                            row["closed_at"].Length > 0 ? row["closed_at"] : row["expected_close_at"],
                            "",
                            row["closed_at"].Length > 0 ? "true" : "false",
                            row["outcome"] == "won" ? "true" : "false",
                            row["outcome"] == "won" ? "Closed" : "Omitted",
                            row["currency"],
                            row["owner"],
                            Text(Day(row["created_at"]), Instant),
                            "2026-06-30T08:15:00.000+0000",
                            row["closed_at"],
                            row["product"],
                        ]
                )
        );
        var accounts = Rows("opportunities.csv").ToDictionary(row => row["opportunity_id"], row => row["account_id"]);
        Write(
            Path.Combine(folder, "OpportunityPartner.csv"),
            utf8,
            ',',
            ["Id", "OpportunityId", "AccountToId", "Role", "IsPrimary", "CreatedDate", "IsDeleted", "ReversePartnerId"],
            Rows("engagements.csv")
                .SelectMany(row =>
                    (string[][])
                        [
                            [
                                row["engagement_id"],
                                row["opportunity_id"],
                                row["partner_id"],
                                row["role"] == "resell" ? "VAR/Reseller" : "System Integrator",
                                "true",
                                Text(Day(row["started_at"]), Instant),
                                "false",
                                "r" + row["engagement_id"],
                            ],
                            [
                                "r" + row["engagement_id"],
                                row["opportunity_id"],
                                accounts[row["opportunity_id"]],
                                "None",
                                "false",
                                Text(Day(row["started_at"]), Instant),
                                "false",
                                row["engagement_id"],
                            ],
                        ]
                )
        );
        Write(
            Path.Combine(folder, "OpportunityHistory.csv"),
            utf8,
            ',',
            ["Id", "OpportunityId", "CreatedById", "CreatedDate", "StageName", "Amount", "CloseDate", "Probability", "IsDeleted"],
            Rows("opportunity_stages.csv")
                .Select(
                    (row, i) =>
                        (string[])
                            [
                                "008" + i.ToString(CultureInfo.InvariantCulture),
                                row["opportunity_id"],
                                "005000000000001",
                                Text(Day(row["entered_at"]), Instant),
                                row["stage"],
                                "",
                                "",
                                "",
                                "false",
                            ]
                )
        );
    }

    /// <summary>As views of HubSpot are exported: a date in the file's name, blanks in names, several values parted by semicolons.</summary>
    static void HubSpot(string folder)
    {
        const string Instant = "yyyy-MM-dd HH:mm";
        var utf8 = new UTF8Encoding(true);
        Write(
            Path.Combine(folder, "hubspot-crm-exports-all-companies-2026-07-01.csv"),
            utf8,
            ',',
            [
                "Record ID",
                "Company name",
                "Company owner",
                "Create Date",
                "Last Activity Date",
                "Country/Region",
                "State/Region",
                "Industry",
                "Type",
                "Number of Employees",
                "Annual Revenue",
                "Company Domain Name",
                "Number of Associated Deals",
                "Partner Type",
                "Partner Tier",
                "Partner Industries",
                "Partner Regions",
                "Partner Competencies",
                "Partner Since",
            ],
            Rows("accounts.csv")
                .Select(row =>
                    (string[])
                        [
                            row["account_id"],
                            row["name"],
                            "",
                            Text(Day(row["created_at"]), Instant),
                            "2026-06-29 10:00",
                            row["country"],
                            row["region"],
                            row["industry"],
                            "Prospect",
                            row["employee_count"],
                            row["annual_revenue"],
                            row["domain"],
                            "4",
                            "",
                            "",
                            "",
                            "",
                            "",
                            "",
                        ]
                )
                .Concat(
                    Rows("partners.csv")
                        .Select(row =>
                            (string[])
                                [
                                    row["partner_id"],
                                    row["name"],
                                    "",
                                    "2015-01-01 00:00",
                                    "2026-06-29 10:00",
                                    "",
                                    "",
                                    "",
                                    "Partner",
                                    "",
                                    "",
                                    row["domain"],
                                    "0",
                                    row["partner_type"],
                                    row["tier"],
                                    row["industries"].Replace('|', ';'),
                                    row["regions"].Replace('|', ';'),
                                    row["competencies"].Replace('|', ';'),
                                    row["joined_at"],
                                ]
                        )
                )
        );
        var partners = Rows("engagements.csv")
            .GroupBy(row => row["opportunity_id"])
            .ToDictionary(group => group.Key, group => group.First());
        Write(
            Path.Combine(folder, "hubspot-crm-exports-all-deals-2026-07-01.csv"),
            utf8,
            ',',
            [
                "Record ID",
                "Deal Name",
                "Deal Stage",
                "Close Date",
                "Deal owner",
                "Amount",
                "Currency",
                "Create Date",
                "Is Deal Closed?",
                "Is Closed Won",
                "Number of Sales Activities",
                "Last Modified Date",
                "Deal probability",
                "Product",
                "Associated Company",
                "Associated Company IDs (Primary)",
                "Partner Record ID",
                "Partner Role",
                "Partner Added Date",
            ],
            Rows("opportunities.csv")
                .Select(row =>
                {
                    var partner = partners.GetValueOrDefault(row["opportunity_id"]);
                    return (string[])
                        [
                            row["opportunity_id"],
                            "A deal",
                            row["stage"],
                            Text(Day(row["closed_at"].Length > 0 ? row["closed_at"] : row["expected_close_at"]), Instant),
                            row["owner"],
                            row["amount"],
                            row["currency"],
                            Text(Day(row["created_at"]), Instant),
                            row["closed_at"].Length > 0 ? "true" : "false",
                            row["outcome"] == "won" ? "true" : "false",
                            "12",
                            "2026-06-30 08:15",
                            "0.4",
                            row["product"],
                            "N/A",
                            row["account_id"],
                            partner?["partner_id"] ?? "",
                            partner is null ? "" : "Reseller",
                            Text(Day(partner?["started_at"] ?? ""), Instant),
                        ];
                })
        );
    }

    /// <summary>As a German user of Dynamics exports to Excel and saves it as Unicode text: names for lookups, decimal commas, days first.</summary>
    static void Dynamics(string folder)
    {
        const string Instant = "dd.MM.yyyy HH:mm";
        var german = CultureInfo.GetCultureInfo("de-DE");
        string Money(string number) =>
            number.Length == 0 ? "" : decimal.Parse(number, CultureInfo.InvariantCulture).ToString("N2", german);
        var accounts = Rows("accounts.csv");
        var partners = Rows("partners.csv");
        var names = accounts
            .Concat(partners)
            .GroupBy(row => row["name"])
            .Where(group => group.Count() > 1)
            .Select(group => group.Key)
            .ToHashSet();
        string Name(Dictionary<string, string> row, string id) =>
            names.Contains(row["name"]) ? $"{row["name"]} {row[id]}" : row["name"];
        Write(
            Path.Combine(folder, "My Active Accounts 01.07.2026 09-30-00.csv"),
            Encoding.Unicode,
            '\t',
            [
                "(Do Not Modify) Account",
                "(Do Not Modify) Row Checksum",
                "(Do Not Modify) Modified On",
                "Account Name",
                "Relationship Type",
                "Industry",
                "Address 1: Country/Region",
                "Address 1: State/Province",
                "Number of Employees",
                "Annual Revenue",
                "Created On",
                "Website",
                "Partner Type",
                "Partner Tier",
                "Partner Industries",
                "Partner Regions",
                "Partner Competencies",
                "Partner Since",
            ],
            accounts
                .Select(row =>
                    (string[])
                        [
                            row["account_id"],
                            "c2hlY2s=",
                            "30.06.2026 08:15",
                            Name(row, "account_id"),
                            "Customer",
                            row["industry"],
                            row["country"],
                            row["region"],
                            row["employee_count"].Length == 0
                                ? ""
                                : int.Parse(row["employee_count"], CultureInfo.InvariantCulture).ToString("N0", german),
                            Money(row["annual_revenue"]) is { Length: > 0 } money ? money + " €" : "",
                            Text(Day(row["created_at"]), Instant),
                            "http://" + row["domain"],
                            "",
                            "",
                            "",
                            "",
                            "",
                            "",
                        ]
                )
                .Concat(
                    partners.Select(row =>
                        (string[])
                            [
                                row["partner_id"],
                                "c2hlY2s=",
                                "30.06.2026 08:15",
                                Name(row, "partner_id"),
                                "Partner",
                                "",
                                "",
                                "",
                                "",
                                "",
                                "01.01.2015 00:00",
                                "http://" + row["domain"],
                                row["partner_type"],
                                row["tier"],
                                row["industries"].Replace("|", "; ", StringComparison.Ordinal),
                                row["regions"].Replace("|", "; ", StringComparison.Ordinal),
                                row["competencies"].Replace("|", "; ", StringComparison.Ordinal),
                                Text(Day(row["joined_at"]), "dd.MM.yyyy"),
                            ]
                    )
                )
        );
        var accountNames = accounts.ToDictionary(row => row["account_id"], row => Name(row, "account_id"));
        var partnerNames = partners.ToDictionary(row => row["partner_id"], row => Name(row, "partner_id"));
        var first = Rows("engagements.csv")
            .GroupBy(row => row["opportunity_id"])
            .ToDictionary(group => group.Key, group => group.First());
        Write(
            Path.Combine(folder, "All Opportunities 01.07.2026 09-31-00.csv"),
            Encoding.Unicode,
            '\t',
            [
                "(Do Not Modify) Opportunity",
                "(Do Not Modify) Row Checksum",
                "(Do Not Modify) Modified On",
                "Topic",
                "Potential Customer",
                "Est. Close Date",
                "Actual Close Date",
                "Est. Revenue",
                "Actual Revenue",
                "Currency",
                "Probability",
                "Status",
                "Sales Stage",
                "Owner",
                "Created On",
                "Product",
                "Partner",
                "Partner Role",
                "Partner Added On",
            ],
            Rows("opportunities.csv")
                .Select(row =>
                {
                    var partner = first.GetValueOrDefault(row["opportunity_id"]);
                    return (string[])
                        [
                            row["opportunity_id"],
                            "c2hlY2s=",
                            "30.06.2026 08:15",
                            "A deal",
                            accountNames[row["account_id"]],
                            Text(Day(row["expected_close_at"]), "dd.MM.yyyy"),
                            Text(Day(row["closed_at"]), "dd.MM.yyyy"),
                            Money(row["amount"]),
                            row["outcome"] == "won" ? Money(row["amount"]) : "0,00",
                            row["currency"] switch
                            {
                                "EUR" => "Euro",
                                "GBP" => "Pound Sterling",
                                "USD" => "US Dollar",
                                var other => other,
                            },
                            "40",
                            row["outcome"] switch
                            {
                                "won" => "Won",
                                "lost" => "Lost",
                                _ => "Open",
                            },
                            row["stage"],
                            row["owner"],
                            Text(Day(row["created_at"]), Instant),
                            row["product"],
                            partner is null ? "" : partnerNames[partner["partner_id"]],
                            partner is null ? "" : "Services",
                            Text(Day(partner?["started_at"] ?? ""), Instant),
                        ];
                })
        );
    }
}
