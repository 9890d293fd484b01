using System.Text;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Tests.History;

/// <summary>Names that are nearly a column, and marks beside numbers: nothing of them is taken, or passed over, without a word.</summary>
public sealed class NearMissTests : SmallFolder
{
    [Theory]
    [InlineData("opportunities", "CurrencyIsoCode", "currency")]
    [InlineData("opportunities", "Deal Currency", "currency")]
    [InlineData("opportunities", "Währung", "currency")]
    [InlineData("opportunities", "Waehrung", "currency")]
    [InlineData("opportunities", "Devise", "currency")]
    [InlineData("opportunities", "curency", "currency")]
    [InlineData("opportunities", "Betrag", "amount")]
    [InlineData("opportunities", "Montant", "amount")]
    [InlineData("opportunities", "金額", "amount")]
    [InlineData("opportunities", "Deal Size", "amount")]
    [InlineData("opportunities", "Amount in thousands", "amount")]
    [InlineData("opportunities", "Date de clôture", "closed_at")]
    [InlineData("opportunities", "Geschlossen am", "closed_at")]
    [InlineData("opportunities", "Actual Close", "closed_at")]
    [InlineData("opportunities", "Won Date", "closed_at")]
    [InlineData("opportunities", "IsClosed", "outcome")]
    [InlineData("opportunities", "hs_is_closed_won", "outcome")]
    [InlineData("opportunities", "Ergebnis", "outcome")]
    [InlineData("partners", "Partner Since", "joined_at")]
    [InlineData("partners", "Created Date", "joined_at")]
    [InlineData("engagements", "Engagement Status", "status")]
    [InlineData("engagements", "Removed At", "ended_at")]
    [InlineData("engagements", "Finish Date", "ended_at")]
    [InlineData("deal_registrations", "Valid To", "expires_at")]
    [InlineData("deal_registrations", "Protection End", "expires_at")]
    [InlineData("deal_registrations", "Approval Date", "decided_at")]
    [InlineData("deal_registrations", "Decision", "status")]
    [InlineData("account_overlaps", "ended_at", "until")]
    [InlineData("account_overlaps", "Until Date", "until")]
    [InlineData("certifications", "valid_to", "expires_at")]
    [InlineData("certifications", "Expiry", "expires_at")]
    public void A_name_that_is_nearly_a_column_that_teaches_stops_a_file_and_a_body(string table, string name, string column)
    {
        var of = FactTables.Find(table)!;
        WithoutRows();
        var known = of.Columns.Where(one => one.Required).Select(one => one.Name).ToList();
        Write(of.File, string.Join(',', [.. known, name]) + "\n");
        Assert.Contains(
            $"'{name}' is nearly {column};",
            Assert.Throws<InvalidDataException>(Read).Message,
            StringComparison.Ordinal
        );
        Write("map.json", $$$"""{ "tables": { "{{{table}}}": { "columns": { "{{{name}}}": "kept" } } } }""");
        Read("map.json");
        var body = of
            .Columns.Where(one => one.Required)
            .ToDictionary(one => one.Name, string? (one) => one.Kind == ColumnKind.Instant ? "2024-01-01" : one.OneOf?[0] ?? "x");
        Assert.True(TryRead(of, body, out _, out _));
        Assert.False(TryRead(of, new(body) { [name] = "x" }, out _, out var fault));
        Assert.Equal(name, fault!.Column);
        Assert.Contains($"'{column}'", fault.Expected, StringComparison.Ordinal);
        // Whoever says both means what it says.
        Assert.True(TryRead(of, new(body) { [name] = "x", [column] = null }, out var row, out _));
        Assert.Equal([name], row.Attributes.Names);
    }

    /// <summary>Negative control: other names are columns of one's own.</summary>
    [Theory]
    [InlineData("opportunities", "seats")]
    [InlineData("opportunities", "source_channel")]
    [InlineData("opportunities", "closed_by")]
    [InlineData("opportunities", "amount", "Amount in company currency")]
    [InlineData("partners", "delivery_model")]
    [InlineData("accounts", "currency")]
    [InlineData("accounts", "cloud_stack")]
    [InlineData("engagements", "referral_fee")]
    public void Another_name_is_an_attribute(string table, params string[] names)
    {
        var of = FactTables.Find(table)!;
        WithoutRows();
        Write(of.File, string.Join(',', [.. of.Columns.Where(one => one.Required).Select(one => one.Name), .. names]) + "\n");
        Read();
    }

    [Fact]
    public void A_sign_of_several_currencies_is_told_of_and_must_not_gainsay_the_currency()
    {
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,amount,currency\no1,a1,2024-01-01,\"¥9,000,000.00\",\no2,a1,2024-01-01,\"¥9,000,000.00\",JPY\no3,a1,2024-01-01,\"$1,500.00\",EUR\no4,a1,2024-01-01,\"$1,500.00\",Canadian Dollar\n"
        );
        var summary = Import();
        Assert.Equal(
            "opportunities.csv, line 4: amount is '$'; expected an amount in EUR, as currency says.",
            Assert.Single(Rejected).ToString()
        );
        var warning = Assert.Single(summary.Warnings, one => one.Field == "amount");
        Assert.Equal((1, 2, "¥"), (warning.Rows, warning.Line, warning.Value));
        Assert.Contains("JPY, CNY", warning.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_currency_beside_a_revenue_is_told_of_in_files_and_bodies()
    {
        Write("accounts.csv", "account_id,name,annual_revenue\na1,One,\"EUR 1,000,000.00\"\na2,Two,5000000\n");
        Assert.Equal(
            ("EUR", 1),
            Import().Warnings.Where(one => one.Field == "annual_revenue").Select(one => (one.Value, one.Rows)).Single()
        );
        Assert.True(
            TryRead(
                FactTables.Accounts,
                new() { ["account_id"] = "a1", ["annual_revenue"] = "¥ 150,000,000.00" },
                out var row,
                out _
            )
        );
        Assert.Contains(DateMeaning.Warnings(row, Sample.AsOf), one => one is { Field: "annual_revenue", Value: "¥" });
    }

    [Fact]
    public void Words_and_conditions_of_a_map_are_compared_as_people_compare_texts()
    {
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,closed_at,outcome,Typ\n"
                + "o1,a1,2024-01-01,2024-02-01,Gagne\u0301,Geschäft\no2,a1,2024-01-01,2024-02-01,Ｐerdu\u200b,Gescha\u0308ft\no3,a1,2024-01-01,,offen,andere\n"
        );
        Write(
            "map.json",
            """{ "tables": { "opportunities": { "values": { "outcome": { "Gagné": "won", "PERDU": "lost", "*": "open" } }, "where": { "Typ": ["Geschäft"] } } } }"""
        );
        var deals = Read("map.json").Select(fact => fact.Noun).OfType<Opportunity>().DistinctBy(deal => deal.Id);
        Assert.Equal([("o1", Outcome.Won), ("o2", Outcome.Lost)], deals.Select(deal => (deal.Id.Value, deal.Outcome)).Order());
    }

    [Fact]
    public void A_map_finds_a_company_by_its_domain_however_that_is_written()
    {
        Write("accounts.csv", "account_id,name,domain\na1,One,acme.com\na2,Two,https://www.Beta.com/de\n");
        Write(
            "opportunities.csv",
            "opportunity_id,Company,created_at\no1,https://www.ACME.com/x,2024-01-01\no2,info@beta.com,2024-01-01\n"
        );
        Write(
            "map.json",
            """{ "tables": { "opportunities": { "columns": { "Company": { "as": "account_id", "by": "domain" } } } } }"""
        );
        var deals = Read("map.json").Select(fact => fact.Noun).OfType<Opportunity>();
        Assert.Equal(["a1", "a2"], deals.Select(deal => deal.AccountId.Value).Order());
        Assert.Empty(Rejected);
    }

    [Fact]
    public void A_spreadsheet_s_day_number_with_a_time_is_one_of_the_time_zone()
    {
        Write("touches.csv", "touch_id,account_id,kind,at\nt1,a1,call,2024-02-01 12:00\nt2,a1,call,45323.5\nt3,a1,call,45323\n");
        Write("map.json", """{ "time_zone": "America/New_York" }""");
        var at = Read("map.json").Select(fact => fact.Noun).OfType<Touch>().Select(touch => touch.At).Order();
        Assert.Equal(
            ["2024-02-01T00:00:00.000Z", "2024-02-01T17:00:00.000Z", "2024-02-01T17:00:00.000Z"],
            at.Select(Instants.Text)
        );
    }

    [Fact]
    public void Files_put_together_and_texts_kept_from_being_numbers_lose_no_row()
    {
        Write("accounts.csv", "\ufeffaccount_id,name\n=\"00123\",One\n\ufeff\"a2\",\"Two\"\n\"=\"\"00124\"\"\",Three\na1,Four\n");
        var accounts = Read()
            .Select(fact => fact.Noun)
            .OfType<Account>()
            .Select(account => account.Id.Value)
            .Order(StringComparer.Ordinal);
        Assert.Equal(["00123", "00124", "a1", "a2"], accounts);
        Assert.Empty(Rejected);
    }

    /// <summary>Without end, if a pattern were to try all ways of parting a text.</summary>
    [Fact]
    public void Whatever_stands_in_a_date_is_read_or_refused()
    {
        foreach (var part in (string[])["de ", "a", "1", " ", ". ", "1 de ", "ja, ", "1.", "-", "12:00 ", "1 a 2", "年"])
        {
            var text = string.Concat(Enumerable.Repeat(part, 64))[..64];
            for (var length = 1; length <= text.Length; length++)
            {
                Dates.TryRead(text[..length], DateOrder.DayFirst, TimeZoneInfo.Utc, out _, out _);
                Dates.TryRead("4. " + text[..Math.Min(length, 60)] + "!", null, TimeZoneInfo.Utc, out _, out _);
            }
        }
        Assert.True(Dates.TryRead("4. März 2024", null, TimeZoneInfo.Utc, out _, out _));
    }

    void WithoutRows()
    {
        foreach (var file in Directory.GetFiles(InFolder.Path))
            File.WriteAllLines(file, File.ReadLines(file).Take(1).ToList());
    }

    ImportSummary Import()
    {
        var store = new SqliteHistoryStore(InFolder["history.db"]);
        var summary = store.Import(new HistoryFolder(InFolder.Path), InFolder["rejected.csv"], strict: false);
        Read();
        return summary;
    }

    static bool TryRead(FactTable table, Dictionary<string, string?> body, out HistoryRow row, out RejectedRow? fault) =>
        TryRead(table, JsonSerializer.Serialize(body), out row, out fault);
}
