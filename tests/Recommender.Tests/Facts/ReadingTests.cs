using System.Globalization;
using System.Text;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Tests.History;

/// <summary>Texts of files and bodies are read where there is one way to read them, and otherwise refused with the setting that decides.</summary>
public sealed class ReadingTests : SmallFolder
{
    [Theory]
    [InlineData("1234.5", 1234.5)]
    [InlineData("1,234.56", 1234.56)]
    [InlineData("1.234,56", 1234.56)]
    [InlineData("1 234,56", 1234.56)]
    [InlineData("1\u00a0234\u00a0567,8", 1234567.8)]
    [InlineData("1\u202f234,5", 1234.5)]
    [InlineData("1'234.50", 1234.5)]
    [InlineData("1.234.567", 1234567)]
    [InlineData("12,34,567.5", 1234567.5)]
    [InlineData("€ 1.234,56", 1234.56)]
    [InlineData("1,234.56 USD", 1234.56)]
    [InlineData("$1,234.56", 1234.56)]
    [InlineData("0,125", 0.125)]
    [InlineData("1e5", 100000)]
    [InlineData("１２３４", 1234)]
    [InlineData("￥９，８７６．５", 9876.5)]
    [InlineData("١٢٣٤", 1234)]
    [InlineData("CHF 1’000.–", 1000)]
    [InlineData("1.000,- €", 1000)]
    [InlineData("$1,234.00 USD", 1234)]
    [InlineData("CA$ 1,234.00 CAD", 1234)]
    [InlineData("\u200e1234\u200b", 1234)]
    public void A_number_that_can_be_read_in_one_way_is(string text, double expected) => Assert.Equal(expected, Number(text));

    [Theory]
    [InlineData("1.234")]
    [InlineData("1,234")]
    [InlineData("12,3456,7")]
    [InlineData("1,23.45")]
    [InlineData("1 23")]
    [InlineData("12a")]
    [InlineData("50k")]
    [InlineData("€1,234.00 USD")]
    [InlineData("11-50")]
    [InlineData("1,2,3")]
    [InlineData("12 %")]
    public void Another_is_not(string text) => Assert.Null(Number(text));

    [Theory]
    [InlineData(DecimalSign.Point, "1.234", 1.234)]
    [InlineData(DecimalSign.Point, "1,234", 1234)]
    [InlineData(DecimalSign.Comma, "1.234", 1234)]
    [InlineData(DecimalSign.Comma, "1,234", 1.234)]
    public void The_decimal_sign_decides(DecimalSign sign, string text, double expected) =>
        Assert.Equal(expected, Number(text, new() { Sign = sign }));

    [Theory]
    [InlineData("2024-03-04", "2024-03-04T00:00:00.000Z")]
    [InlineData("2024-03-04T10:00:00+02:00", "2024-03-04T08:00:00.000Z")]
    [InlineData("2024-03-04T10:00:00.000+0000", "2024-03-04T10:00:00.000Z")]
    [InlineData("2024/03/04", "2024-03-04T00:00:00.000Z")]
    [InlineData("31/01/2024", "2024-01-31T00:00:00.000Z")]
    [InlineData("1/31/2024 2:05 PM", "2024-01-31T14:05:00.000Z")]
    [InlineData("04.03.2024", "2024-03-04T00:00:00.000Z")]
    [InlineData("04.03.2024 14:05:06", "2024-03-04T14:05:06.000Z")]
    [InlineData("4-Mar-2024", "2024-03-04T00:00:00.000Z")]
    [InlineData("March 4, 2024", "2024-03-04T00:00:00.000Z")]
    [InlineData("Mon 4 Mar 2024 12:00 AM", "2024-03-04T00:00:00.000Z")]
    [InlineData("03/03/2024", "2024-03-03T00:00:00.000Z")]
    [InlineData("1709510400000", "2024-03-04T00:00:00.000Z")]
    [InlineData("1709510400", "2024-03-04T00:00:00.000Z")]
    [InlineData("45355", "2024-03-04T00:00:00.000Z")]
    [InlineData("2024-03-04 10:00:00 UTC", "2024-03-04T10:00:00.000Z")]
    [InlineData("20240304", "2024-03-04T00:00:00.000Z")]
    [InlineData("20240304T100000+0200", "2024-03-04T08:00:00.000Z")]
    [InlineData("2024-W10-1", "2024-03-04T00:00:00.000Z")]
    [InlineData("2024-064", "2024-03-04T00:00:00.000Z")]
    [InlineData("2024-03-03T24:00:00", "2024-03-04T00:00:00.000Z")]
    [InlineData("2024年3月4日", "2024-03-04T00:00:00.000Z")]
    [InlineData("4. März 2024", "2024-03-04T00:00:00.000Z")]
    [InlineData("Mo., 4. Mrz. 2024", "2024-03-04T00:00:00.000Z")]
    [InlineData("1er août 2024", "2024-08-01T00:00:00.000Z")]
    [InlineData("31 janvier 2024", "2024-01-31T00:00:00.000Z")]
    [InlineData("4 de marzo de 2024", "2024-03-04T00:00:00.000Z")]
    public void A_date_that_can_be_read_in_one_way_is(string text, string expected) => Assert.Equal(expected, Instant(text));

    [Theory]
    [InlineData("03/04/2024")]
    [InlineData("3-4-2024")]
    [InlineData("31/31/2024")]
    [InlineData("30.02.2024")]
    [InlineData("March")]
    [InlineData("20241304")]
    [InlineData("2024-W60-1")]
    [InlineData("2024-366-1")]
    [InlineData("2023-366")]
    [InlineData("4 jui 2024")]
    [InlineData("2024-03-03T24:00:01")]
    [InlineData("2024")]
    [InlineData("13:00 PM")]
    [InlineData("24-01-31")]
    public void Another_date_is_not(string text) => Assert.Null(Instant(text));

    [Theory]
    [InlineData("03/04/2024", "2024-04-03T00:00:00.000Z")]
    [InlineData("31.12.24", "2024-12-31T00:00:00.000Z")]
    public void The_date_order_decides(string text, string expected) =>
        Assert.Equal(expected, Instant(text, new() { Dates = DateOrder.DayFirst }));

    [Fact]
    public void A_time_without_offset_is_one_of_the_zone_and_a_date_is_a_day()
    {
        var settings = new ReaderSettings { Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin") };
        Assert.Equal("2024-07-01T08:00:00.000Z", Instant("2024-07-01 10:00", settings));
        Assert.Equal("2024-01-01T09:00:00.000Z", Instant("01.01.2024 10:00", settings));
        Assert.Equal("2024-07-01T10:00:00.000Z", Instant("2024-07-01T10:00:00Z", settings));
        Assert.Equal("2024-07-01T00:00:00.000Z", Instant("2024-07-01", settings));
        // The hour that clocks leave out, and the first of the one that comes twice.
        Assert.Equal("2024-03-31T01:30:00.000Z", Instant("2024-03-31 02:30", settings));
        Assert.Equal("2024-10-27T00:30:00.000Z", Instant("2024-10-27 02:30", settings));
    }

    [Theory]
    [InlineData("N/A")]
    [InlineData("n/a")]
    [InlineData("#N/A")]
    [InlineData("NULL")]
    [InlineData(" Unknown ")]
    [InlineData("-")]
    [InlineData("none")]
    [InlineData("''")]
    [InlineData("\u200b")]
    [InlineData("\0")]
    public void A_placeholder_is_unknown_in_every_column_of_a_file_and_of_a_body(string text)
    {
        Write(
            "accounts.csv",
            $"account_id,name,industry,employee_count,created_at,segment\na1,{text},{text},{text},{text},{text}\n"
        );
        var account = Read().Select(fact => fact.Noun).OfType<Account>().Single();
        Assert.Equal(
            (null, null, null, null, null),
            (account.Name, account.Industry, account.EmployeeCount, account.CreatedAt, account.Attributes["segment"])
        );
        Assert.Empty(Rejected);
        var json = JsonSerializer.Serialize(
            new
            {
                account_id = "a1",
                industry = text,
                employee_count = text,
                segment = text,
            }
        );
        Assert.True(TryRead(FactTables.Accounts, json, out var row, out var fault), fault?.ToString());
        Assert.Null(row["industry"]);
        Assert.Null(row["employee_count"]);
        Assert.Null(row.Attributes["segment"]);
    }

    [Theory]
    [InlineData("West|UK & Ireland")]
    [InlineData("West;UK & Ireland")]
    [InlineData("West; UK & Ireland;")]
    [InlineData("West, UK & Ireland")]
    [InlineData("[\"West\",\"UK & Ireland\"]")]
    [InlineData("{West,\"UK & Ireland\"}")]
    public void A_list_is_read_as_it_is_written(string text)
    {
        Write("partners.csv", $"partner_id,regions\np1,\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"\n");
        Assert.Equal("West|UK & Ireland", Read().Select(fact => fact.Noun).OfType<Partner>().Single().Regions);
        Assert.True(
            TryRead(FactTables.Partners, JsonSerializer.Serialize(new { partner_id = "p1", regions = text }), out var row, out _)
        );
        Assert.Equal("West|UK & Ireland", row["regions"]);
    }

    [Fact]
    public void Numbers_sent_as_text_and_ids_sent_as_numbers_are_read()
    {
        Assert.True(
            TryRead(
                FactTables.Opportunities,
                """{"opportunity_id": 17, "account_id": "a1", "amount": "1234.50", "created_at": 1709510400000, "outcome": "Won", "owner": 44120001}""",
                out var row,
                out var fault
            ),
            fault?.ToString()
        );
        Assert.Equal(
            ("17", 1234.5, "won", "44120001"),
            ((string)row["opportunity_id"]!, (double)row["amount"]!, (string)row["outcome"]!, (string)row["owner"]!)
        );
        Assert.Equal(Sample.Day(2024, 3, 4), row["created_at"]);
    }

    [Theory]
    [InlineData("Closed At")]
    [InlineData("closedAt")]
    [InlineData("CLOSED-AT")]
    public void A_property_that_is_nearly_a_column_is_refused_by_name(string name)
    {
        Assert.False(
            TryRead(
                FactTables.Opportunities,
                $$"""{"opportunity_id": "o1", "account_id": "a1", "created_at": "2024-01-01", "{{name}}": "2024-02-01"}""",
                out _,
                out var fault
            )
        );
        Assert.Contains("'closed_at'", fault!.Expected, StringComparison.Ordinal);
        Assert.Equal(name, fault.Column);
    }

    [Fact]
    public void What_stands_beside_an_amount_says_its_currency_and_must_not_gainsay_it()
    {
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,amount,currency\no1,a1,2024-01-01,\"€ 1.234,50\",\no2,a1,2024-01-01,GBP 5,gbp\no3,a1,2024-01-01,\"5,50 €\",USD\no4,a1,2024-01-01,$5,CAD\n"
        );
        var deals = Read().Select(fact => fact.Noun).OfType<Opportunity>().Select(deal => (deal.Amount, deal.Currency)).ToList();
        Assert.Equal([(1234.5, "EUR"), (5, "GBP"), (5, "CAD")], deals);
        Assert.Equal(
            "opportunities.csv, line 4: amount is 'EUR'; expected an amount in USD, as currency says.",
            Assert.Single(Rejected).ToString()
        );
    }

    [Fact]
    public void A_file_whose_dates_could_be_either_is_refused_with_the_setting_that_decides_and_read_with_it()
    {
        Write("opportunities.csv", "opportunity_id,account_id,created_at,amount\no1,a1,03/04/2024,\"1,234\"\n");
        Assert.Contains("'decimal'", Assert.Throws<InvalidDataException>(Read).Message, StringComparison.Ordinal);
        Write("map.json", """{ "decimal": "point" }""");
        var e = Assert.Throws<InvalidDataException>(() => Read("map.json"));
        Assert.Contains("created_at is '03/04/2024'", e.Message, StringComparison.Ordinal);
        Assert.Contains("'dates'", e.Message, StringComparison.Ordinal);
        Write("map.json", """{ "dates": "month_first", "decimal": "point" }""");
        var deal = Read("map.json").Select(fact => fact.Noun).OfType<Opportunity>().Single();
        Assert.Equal((Sample.Day(2024, 3, 4), 1234), (deal.CreatedAt, deal.Amount));
    }

    [Fact]
    public void A_file_in_another_encoding_is_refused_with_the_setting_that_decides_and_read_with_it()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        File.WriteAllText(InFolder["accounts.csv"], "account_id,name\na1,Müller\n", Encoding.GetEncoding(1252));
        Assert.Contains("windows-1252", Assert.Throws<InvalidDataException>(Read).Message, StringComparison.Ordinal);
        Write("map.csv", "table,column,as\n,encoding,windows-1252\n");
        Assert.Equal("Müller", Read("map.csv").Select(fact => fact.Noun).OfType<Account>().Single().Name);
    }

    [Theory]
    [InlineData("closed_at")]
    [InlineData("outcome")]
    [InlineData("amount")]
    [InlineData("created_at")]
    [InlineData("account_id")]
    [InlineData("recorded_at")]
    [InlineData("product")]
    public void A_header_that_is_nearly_a_column_stops_with_a_line_that_mends_it(string column)
    {
        var random = new Random(column.Length);
        for (var attempt = 0; attempt < 30; attempt++)
        {
            var name = Mangled(column, random);
            if (name == column)
                continue;
            var columns = new Dictionary<string, string>
            {
                ["opportunity_id"] = "o1",
                ["account_id"] = "a1",
                ["created_at"] = "2024-01-01",
                ["closed_at"] = "2024-02-01",
                ["outcome"] = "won",
                ["amount"] = "5.5",
                ["recorded_at"] = "2024-01-03",
                ["product"] = "Security",
            };
            Write(
                "opportunities.csv",
                string.Join(',', columns.Keys.Select(key => key == column ? name : key))
                    + "\n"
                    + string.Join(',', columns.Values)
                    + "\n"
            );
            var e = Assert.Throws<InvalidDataException>(Read);
            Assert.Contains($"'{name}' is nearly {column}", e.Message, StringComparison.Ordinal);
            var line = $"opportunities,{name},{column}";
            Assert.Contains(line, e.Message, StringComparison.Ordinal);
            Write("map.csv", $"table,column,as\n{line}\n");
            var deal = Read("map.csv")
                .Where(fact => fact.Kind == FactKind.OpportunityClosed)
                .Select(fact => (Opportunity)fact.Noun)
                .Single();
            Assert.Equal(
                (Outcome.Won, 5.5, "Security", Sample.Day(2024, 2, 1)),
                (deal.Outcome, deal.Amount, deal.Product, deal.ClosedAt)
            );
        }
    }

    [Fact]
    public void A_map_that_looks_at_a_column_which_is_not_there_stops_and_a_value_that_goes_nowhere_is_told()
    {
        const string Map = """
            { "tables": { "opportunities": { "columns": { "Close Date": [
              { "as": "closed_at", "when": { "Closed?": ["true", "yes"] } },
              { "as": "expected_close_at", "when": { "Closed?": ["false", ""] } } ] } } } }
            """;
        Write("map.json", Map);
        Write("opportunities.csv", "opportunity_id,account_id,created_at,Close Date\no1,a1,2024-01-01,2024-02-01\n");
        Assert.Contains(
            "'Closed?' is missing",
            Assert.Throws<InvalidDataException>(() => Read("map.json")).Message,
            StringComparison.Ordinal
        );
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,Close Date,Closed?,outcome\no1,a1,2024-01-01,2024-02-01,yes,won\no2,a1,2024-01-01,2024-02-01,maybe,won\n"
        );
        Assert.Equal(Sample.Day(2024, 2, 1), Read("map.json").Select(fact => fact.Noun).OfType<Opportunity>().First().ClosedAt);
        Assert.Contains("Closed? is 'maybe'", Assert.Single(Rejected).Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void An_outcome_under_another_name_stops_the_import()
    {
        Write("opportunities.csv", "opportunity_id,account_id,created_at,closed_at,Status\no1,a1,2024-01-01,2024-02-01,Won\n");
        Assert.Contains(
            "opportunities,Status,outcome",
            Assert.Throws<InvalidDataException>(Read).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Deals_whose_end_only_a_stage_tells_stop_the_import_with_the_lines_that_say_it()
    {
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,closed_at,stage\no1,a1,2024-01-01,2024-02-01,6 - Closed Won\no2,a1,2024-01-01,,\"Proposal, sent\"\no3,a1,2024-01-01,2024-03-01,Closed Lost\n"
        );
        var told = Assert.Throws<InvalidDataException>(Read).Message;
        Assert.Contains("every deal would count as open", told, StringComparison.Ordinal);
        var lines = told[
            (told.IndexOf("the lines ", StringComparison.Ordinal) + 10)..told.IndexOf("; or", StringComparison.Ordinal)
        ];
        Write("map.csv", "table,column,as,value,becomes\n" + lines.Replace(" and ", "\n", StringComparison.Ordinal) + "\n");
        var ends = Read("map.csv").Where(fact => fact.Kind == FactKind.OpportunityClosed).Select(fact => (Opportunity)fact.Noun);
        Assert.Equal([("o1", Outcome.Won), ("o3", Outcome.Lost)], ends.Select(deal => (deal.Id.Value, deal.Outcome)));
        Assert.Empty(Rejected);
    }

    [Theory]
    [InlineData("Closed Won", "won")]
    [InlineData("closedlost", "lost")]
    [InlineData("Won (100 %)", "won")]
    [InlineData("Not won", null)]
    [InlineData("Lost contact", null)]
    [InlineData("Wonder", null)]
    public void A_stage_says_how_a_deal_ended_or_does_not(string stage, string? ending)
    {
        Assert.True(
            TryRead(
                FactTables.Opportunities,
                $$"""{"opportunity_id":"o1","account_id":"a1","created_at":"2024-01-01","stage":"{{stage}}"}""",
                out var row,
                out _
            )
        );
        var doubts = DateMeaning.Warnings(row, Sample.Day(2024, 2, 1)).Where(warning => warning.Field == "outcome").ToList();
        Assert.Equal(ending is null ? 0 : 1, doubts.Count);
        Assert.Equal(ending, UploadedFile.Means(stage, ["won", "lost", "open"]));
    }

    [Theory]
    [InlineData("€", "EUR")]
    [InlineData(" eur ", "EUR")]
    [InlineData("US Dollar", "USD")]
    [InlineData("USD - U.S. Dollar", "USD")]
    [InlineData("Euro (EUR)", "EUR")]
    [InlineData("US$", "USD")]
    [InlineData("$", "$")]
    [InlineData("XTS", "XTS")]
    public void A_currency_is_one_however_it_is_spelt(string text, string code) => Assert.Equal(code, Currency.Of(text));

    [Fact]
    public void A_body_says_the_currency_beside_the_amount_too()
    {
        static string Deal(string amount, string currency) =>
            $$"""{"opportunity_id":"o1","account_id":"a1","created_at":"2024-01-01","amount":"{{amount}}","currency":{{currency}}}""";
        Assert.True(TryRead(FactTables.Opportunities, Deal("€ 5", "null"), out var row, out _));
        Assert.Equal((5.0, "EUR"), (row["amount"], row["currency"]));
        Assert.True(TryRead(FactTables.Opportunities, Deal("5 €", "\"Euro\""), out row, out _));
        Assert.False(TryRead(FactTables.Opportunities, Deal("€ 5", "\"USD\""), out _, out var fault));
        Assert.Equal("amount", fault!.Column);
        // What a rate is in is not what it is a rate of.
        const string Rate = """{"currency":"EUR","date":"2024-01-01","rate":"1.09 USD"}""";
        Assert.True(TryRead(FactTables.ExchangeRates, Rate, out row, out _));
        Assert.Equal((1.09, "EUR"), (row["rate"], row["currency"]));
    }

    [Fact]
    public void Rows_that_are_merged_are_not_told_of_as_one_company_under_two_ids()
    {
        Write("accounts.csv", "account_id,name,domain\na1,One,one.com\na2,One Ltd,one.com\n");
        Write("aliases.csv", "old_id,new_id,at\na2,a1,2024-05-01\n");
        var store = new SqliteHistoryStore(InFolder["history.db"]);
        var summary = store.Import(new HistoryFolder(InFolder.Path), InFolder["rejected.csv"], strict: true);
        Assert.DoesNotContain(summary.Warnings, warning => warning.Meaning.Contains("aliases", StringComparison.Ordinal));
    }

    [Fact]
    public void One_company_under_two_ids_is_told_of_by_the_import()
    {
        Write(
            "accounts.csv",
            "account_id,name,domain,external_id\na1,One,one.com,\na2,One Ltd,www.One.com,\na3,Two,gmail.com,7\na4,Three,gmail.com,7\na5,,,7\n"
        );
        var store = new SqliteHistoryStore(InFolder["history.db"]);
        var twins = store
            .Import(new HistoryFolder(InFolder.Path), InFolder["rejected.csv"], strict: true)
            .Warnings.Where(warning => warning.Meaning.Contains("aliases", StringComparison.Ordinal));
        Assert.Equal([("accounts", 3L, 3L, "a2")], twins.Select(one => (one.Table, one.Rows, one.Line, one.Value)));
    }

    [Theory]
    [InlineData("1234.5", 1234.5)]
    [InlineData("1,234.50", 1234.5)]
    [InlineData("1.234,50", 1234.5)]
    [InlineData("1 234 567", 1234567.0)]
    [InlineData("-12,345,678", -12345678.0)]
    [InlineData("1,2", null)]
    [InlineData("1,234", null)]
    [InlineData("10.0.0.1", null)]
    [InlineData("2024-01-31", null)]
    [InlineData("1.2.3 beta", null)]
    [InlineData("€ 1,234.50", null)]
    [InlineData("NaN", null)]
    public void A_number_that_a_call_sends_as_text_is_read_where_features_ask_for_one(string text, double? expected) =>
        Assert.Equal(expected, Numbers.TryPlain(text, out var number) ? number : null);

    [Fact]
    public void A_line_of_totals_is_no_row()
    {
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,amount\no1,a1,2024-01-01,5\nGrand Total (1),,,5\nTotal,a1,2024-01-01,7\n"
        );
        Assert.Equal(["Total", "o1"], Read().Select(fact => fact.Noun).OfType<Opportunity>().Select(deal => deal.Id.Value));
        Assert.Contains("a line of totals", Assert.Single(Rejected).Expected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n,,\n")]
    [InlineData("\"\",\"\"\r\n")]
    public void Blank_lines_before_the_header_are_no_header(string before)
    {
        Write("accounts.csv", before + "account_id,name\na1,One\na1,Two\n");
        Assert.Equal("One", Read().Select(fact => fact.Noun).OfType<Account>().Single().Name);
        Assert.Equal(before.Count(c => c == '\n') + 3, Assert.Single(Rejected).Line);
    }

    [Fact]
    public void A_header_that_is_no_text_is_refused_with_the_setting_that_decides()
    {
        File.WriteAllText(InFolder["accounts.csv"], "account_id,Größe\na1,One\n", Encoding.Latin1);
        Assert.Contains("windows-1252", Assert.Throws<InvalidDataException>(Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_columns_of_one_name_stop_the_import_unless_a_map_leaves_them_out()
    {
        Write("accounts.csv", "account_id,Email,Email\na1,x,y\n");
        Assert.Contains("stands 2 times", Assert.Throws<InvalidDataException>(Read).Message, StringComparison.Ordinal);
        Write("map.csv", "table,column,as\naccounts,Email,\n");
        Assert.Null(Read("map.csv").Select(fact => fact.Noun).OfType<Account>().Single().Attributes["Email"]);
    }

    [Fact]
    public void A_line_that_mends_a_map_is_good_though_a_header_has_a_comma()
    {
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,\"Closed, at\",outcome\no1,a1,2024-01-01,2024-02-01,won\n"
        );
        var told = Assert.Throws<InvalidDataException>(Read).Message;
        const string Line = "opportunities,\"Closed, at\",closed_at";
        Assert.Contains(Line, told, StringComparison.Ordinal);
        Write("map.csv", $"table,column,as\n{Line}\n");
        Assert.Contains(Read("map.csv"), fact => fact.Kind == FactKind.OpportunityClosed);
    }

    [Fact]
    public void What_a_map_calls_nearly_like_a_column_is_refused()
    {
        Write("opportunities.csv", "opportunity_id,account_id,created_at,Ende\no1,a1,2024-01-01,2024-02-01\n");
        Write("map.csv", "table,column,as\nopportunities,Ende,closedat\n");
        Assert.Contains(
            "opportunities,Ende,closed_at",
            Assert.Throws<InvalidDataException>(() => Read("map.csv")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_is_found_whatever_its_case_one_that_is_nearly_called_so_stops_and_another_is_named()
    {
        Write("Touches.CSV", "touch_id,account_id,at\nt1,a1,2024-01-01\n");
        Write("notes.csv", "a,b\n1,2\n");
        var folder = new HistoryFolder(InFolder.Path);
        Assert.Contains(FactTables.Touches, folder.Tables);
        Assert.Equal(["notes.csv"], folder.Unread);
        Write("certification.csv", "partner_id\np1\n");
        Assert.Contains(
            "'certification.csv' is nearly certifications.csv",
            Assert.Throws<InvalidDataException>(() => new HistoryFolder(InFolder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("ABC-123", "XYZ-123")]
    [InlineData("LON1", "NYC1")]
    [InlineData("PRO 100", "ENT 100")]
    [InlineData("€ 100", "£ 100")]
    [InlineData("12%", "0.1")]
    public void Words_of_a_column_of_ones_own_stay_as_they_came(string first, string second)
    {
        Write("accounts.csv", $"account_id,code\na1,{first}\na2,{second}\n");
        Assert.Equal(
            [first, second],
            Read().Select(fact => fact.Noun).OfType<Account>().Select(account => account.Attributes["code"]!)
        );
    }

    [Fact]
    public void A_column_of_ones_own_does_not_decide_how_amounts_are_written()
    {
        Write("opportunities.csv", "opportunity_id,account_id,created_at,amount,modules\no1,a1,2024-01-01,\"1,234\",\"1,2\"\n");
        Assert.Contains("'decimal'", Assert.Throws<InvalidDataException>(Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quote_that_is_closed_rows_later_takes_no_row_in_silence()
    {
        Write("accounts.csv", "account_id,name,note\na1,One,\"x\na2,Two,\nb1,Three,\nb2,Four,y\"\nb3,Five,\"two\nlines\"\n");
        Write("opportunities.csv", "opportunity_id,account_id,created_at\no1,b3,2024-01-01\n");
        Assert.Equal("b3", Read().Select(fact => fact.Noun).OfType<Account>().Single().Id);
        Assert.Contains("lines like rows", Assert.Single(Rejected).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_placeholder_is_nothing_to_a_map_too()
    {
        Write("accounts.csv", "account_id,C1,C2,Tier\na1,N/A,Germany,n/a\na2,France,Spain,x\n");
        Write(
            "map.json",
            """{ "tables": { "accounts": { "columns": { "C1": "country", "C2": "country" }, "set": { "region": "EU" } } } }"""
        );
        var accounts = Read("map.json").Select(fact => fact.Noun).OfType<Account>().ToList();
        Assert.Equal([("Germany", "EU"), ("France", "EU")], accounts.Select(account => (account.Country, account.Region)));
    }

    [Theory]
    [InlineData("""{ "tables": { "opportunities": { "set": { "Currency": "EUR" } } } }""", "Currency")]
    [InlineData("""{ "tables": { "opportunities": { "values": { "Product": { "a": "b" } } } } }""", "Product")]
    [InlineData(
        """{ "tables": { "opportunities": { "values": { "outcome": { "Closed Won": "won", "closed won": "lost" } } } } }""",
        "twice"
    )]
    [InlineData("""{ "tables": { "opportunities": { "columns": { "a": "b", "a": "c" } } } }""", "twice")]
    [InlineData("""{ "tables": { "opportunities": { "where": { "account_id": "@account" } } } }""", "@account")]
    [InlineData("""{ "separator": "" }""", "separator")]
    public void A_map_that_cannot_be_meant_is_refused_in_one_line(string map, string named)
    {
        Write("map.json", map);
        Assert.Contains(
            named,
            Assert.Throws<InvalidDataException>(() => ImportMap.Read(InFolder["map.json"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_innocent_header_stops_nothing()
    {
        Write("accounts.csv", "account_id,Created By,Recorded By,Phone\na1,dana,dana,1\na2,dana,dana,2\n");
        Assert.NotEmpty(Read());
        Assert.Empty(Rejected);
    }

    [Fact]
    public void A_comma_parts_nothing_where_a_column_parts_its_lists_otherwise()
    {
        Write("partners.csv", "partner_id,regions\np1,\"North;Washington, D.C.\"\np2,\"Washington, D.C.\"\n");
        Assert.Equal(
            ["North|Washington, D.C.", "Washington, D.C."],
            Read().Select(fact => fact.Noun).OfType<Partner>().Select(partner => partner.Regions!)
        );
    }

    /// <summary>The same rows in whatever dialect a spreadsheet may write them say the same.</summary>
    [Fact]
    public void Random_dialects_of_the_same_rows_say_the_same()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        for (var seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var rows = Enumerable.Range(0, 40).Select(i => Row.Random(random, i)).ToList();
            // At least one value of each kind that tells how the others are written.
            rows.Add(new Row("t1", 1234.56, new(2024, 5, 31), "Zürich – Nord", 0.25, new(2023, 12, 24)));
            var (mark, comma, order, encoding) = (
                (string[])[",", ";", "\t", "|"],
                random.Next(2) == 0,
                random.Next(4),
                (Encoding[])[new UTF8Encoding(true), new UTF8Encoding(false), Encoding.Unicode, Encoding.BigEndianUnicode]
            ) switch
            {
                var (marks, c, o, encodings) => (marks[random.Next(4)], c, o, encodings[random.Next(4)]),
            };
            var hasMark = random.Next(3) == 0;
            var blanks = random.Next(3);
            var text = new StringBuilder();
            if (hasMark)
                text.Append("sep=").Append(mark).Append("\r\n");
            string Cell(string value) =>
                value.Contains(mark, StringComparison.Ordinal)
                || value.Contains('"', StringComparison.Ordinal)
                || random.Next(5) == 0
                    ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
                    : value;
            void Line(IEnumerable<string> cells) =>
                text.AppendJoin(mark, cells.Select(Cell).Concat(Enumerable.Repeat("", blanks))).Append("\r\n");
            Line(["opportunity_id", "account_id", "created_at", "amount", "product", "score", "signed_at"]);
            foreach (var row in rows)
                Line([
                    row.Id + (random.Next(9) == 0 ? "\u200b" : ""),
                    "a1",
                    Date(row.CreatedAt, order),
                    row.Amount is { } amount ? Written(amount, comma, random) : Empty(random),
                    row.Product ?? Empty(random),
                    Written(row.Score, comma, random),
                    Date(row.SignedAt, order),
                ]);
            File.WriteAllText(InFolder["opportunities.csv"], text.ToString(), encoding);
            Write("engagements.csv", "engagement_id,opportunity_id,partner_id,started_at\ne1,t1,p1,2024-06-02\n");
            var read = Read()
                .Select(fact => fact.Noun)
                .OfType<Opportunity>()
                .ToDictionary(
                    deal => deal.Id.Value,
                    deal =>
                        (deal.CreatedAt, deal.Amount, deal.Product, deal.Attributes["score"], deal.Attributes["signed_at"]?[..10])
                );
            Assert.True(Rejected.Count == 0, $"seed {seed}: {Rejected.FirstOrDefault()}");
            foreach (var row in rows)
                Assert.Equal(
                    (
                        row.CreatedAt,
                        row.Amount,
                        row.Product,
                        row.Score.ToString("R", CultureInfo.InvariantCulture),
                        row.SignedAt.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
                    ),
                    read[row.Id] switch
                    {
                        var (at, amount, product, score, signed) => (
                            at,
                            amount,
                            product,
                            double.Parse(score!, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture),
                            signed!
                        ),
                    }
                );
        }
    }

    sealed record Row(string Id, double? Amount, DateTime CreatedAt, string? Product, double Score, DateTime SignedAt)
    {
        static readonly string?[] _products = ["Security", "Cloud, managed", "Größe \"L\"", "a;b", "Ødegård|x", null];

        public static Row Random(Random random, int i) =>
            new(
                FormattableString.Invariant($"o{i}"),
                random.Next(6) == 0 ? null : Math.Round(random.NextDouble() * Math.Pow(10, random.Next(1, 7)), 2),
                Sample.Day(2024, 1, 1).AddDays(random.Next(366)),
                _products[random.Next(_products.Length)],
                Math.Round(random.NextDouble() * 10, 2),
                Sample.Day(2023, 1, 1).AddDays(random.Next(366))
            );
    }

    static string Empty(Random random) => ((string[])["", "N/A", "NULL", "-", "#N/A", "unknown"])[random.Next(6)];

    static string Date(DateTime at, int order) =>
        at.ToString(((string[])["yyyy-MM-dd", "dd/MM/yyyy", "M/d/yyyy", "dd.MM.yyyy"])[order], CultureInfo.InvariantCulture);

    static string Written(double number, bool comma, Random random)
    {
        var text = number.ToString(random.Next(2) == 0 ? "N2" : "F2", CultureInfo.InvariantCulture);
        return comma ? text.Replace(',', '\'').Replace('.', ',').Replace('\'', '.') : text;
    }

    static string Mangled(string column, Random random)
    {
        var words = column.Split('_').Select(word => random.Next(2) == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]);
        var name = string.Join(((string[])["_", " ", "-", "", "."])[random.Next(5)], words);
        return (random.Next(4) == 0 ? name.ToUpperInvariant() : name) + (random.Next(5) == 0 ? " (USD)" : "");
    }

    static double? Number(string text, ReaderSettings? settings = null) =>
        new ValueReader(settings ?? ReaderSettings.Default).TryRead(Column("amount"), text, out var value, out _, out _)
            ? (double?)value
            : null;

    static string? Instant(string text, ReaderSettings? settings = null) =>
        new ValueReader(settings ?? ReaderSettings.Default).TryRead(Column("created_at"), text, out var value, out _, out _)
            ? Instants.Text((DateTime)value!)
            : null;

    static FactColumn Column(string name) => FactTables.Opportunities.Columns[FactTables.Opportunities.IndexOf(name)];
}
