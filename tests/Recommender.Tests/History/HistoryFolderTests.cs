using System.Text;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

public sealed class HistoryFolderTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly List<RejectedRow> _rejected = [];

    public HistoryFolderTests()
    {
        Write("accounts.csv", "account_id,name\na1,One\na2,Two\n");
        Write("partners.csv", "partner_id,name\np1,Partner\n");
        Write("opportunities.csv", "opportunity_id,account_id,created_at,amount\no1,a1,2024-01-01,100\n");
        Write("engagements.csv", "engagement_id,opportunity_id,partner_id,started_at\ne1,o1,p1,2024-01-02\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_clean_folder_has_no_rejected_rows()
    {
        Assert.Equal(5, Read().Count);
        Assert.Empty(_rejected);
    }

    [Fact]
    public void A_missing_required_file_is_named()
    {
        File.Delete(_folder["engagements.csv"]);
        var e = Assert.Throws<InvalidDataException>(() => new HistoryFolder(_folder.Path));
        Assert.Contains("engagements.csv not found", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_named() =>
        Assert.Contains(
            "no/such is not a folder",
            Assert.Throws<InvalidDataException>(() => new HistoryFolder("no/such")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void An_empty_file_is_refused() =>
        Refused("accounts.csv", "", "accounts.csv, line 1: the file is empty; expected a header row");

    [Fact]
    public void A_missing_column_is_refused_with_what_was_found() =>
        Refused("accounts.csv", "key,name\na1,One\n", "accounts.csv, line 1: column 'account_id' is missing; found key, name");

    [Fact]
    public void A_column_named_twice_is_refused() =>
        Refused("accounts.csv", "account_id,name,name\n", "accounts.csv, line 1: column 'name' stands 2 times");

    [Fact]
    public void A_duplicate_id_keeps_the_first_row() =>
        Rejects(
            "accounts.csv",
            "account_id,name\na1,One\na2,Two\na1,Again\n",
            "accounts.csv, line 4: account_id is 'a1'; expected a key that no earlier line has."
        );

    [Fact]
    public void An_unknown_account_is_rejected() =>
        Rejects(
            "opportunities.csv",
            "opportunity_id,account_id,created_at\no1,a1,2024-01-01\no2,zz,2024-01-01\n",
            "opportunities.csv, line 3: account_id is 'zz'; expected an id that accounts has."
        );

    [Fact]
    public void A_negative_amount_is_rejected() =>
        Rejects(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,amount\no1,a1,2024-01-01,1\no2,a1,2024-01-01,-5\n",
            "opportunities.csv, line 3: amount is '-5'; expected a number, zero or more and below 10^15, such as 1234.5."
        );

    [Fact]
    public void A_number_that_no_database_keeps_is_rejected() =>
        Rejects(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,amount\no1,a1,2024-01-01,1\no2,a1,2024-01-01,1e15\n",
            "opportunities.csv, line 3: amount is '1e15'; expected a number, zero or more and below 10^15, such as 1234.5."
        );

    [Fact]
    public void A_number_is_kept_to_four_decimals()
    {
        Write("opportunities.csv", "opportunity_id,account_id,created_at,amount\no1,a1,2024-01-01,1234.56789\n");
        Assert.Equal(1234.5679, Read().Select(fact => fact.Noun).OfType<Opportunity>().Single().Amount);
    }

    [Fact]
    public void An_id_longer_than_every_database_keeps_is_rejected() =>
        Rejects(
            "accounts.csv",
            $"account_id,name\na1,One\n{new string('x', 201)},Two\n",
            $"accounts.csv, line 3: account_id is '{new string('x', 200)}…'; expected at most 200 characters, not 201."
        );

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    public void An_id_that_no_address_can_hold_is_rejected(string id)
    {
        Rejects(
            "accounts.csv",
            $"account_id,name\na1,One\n{id},Two\n",
            $"accounts.csv, line 3: account_id is '{id}'; expected another id: an address reads '.' and '..' as folders, so no call could name the row."
        );
        var json = new Utf8JsonReader(JsonSerializer.SerializeToUtf8Bytes(new { account_id = id }));
        json.Read();
        Assert.False(JsonRow.TryRead(FactTables.Accounts, ref json, 1, out _, out var fault));
        Assert.Contains("no call could name the row", fault!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_outside_the_contract_is_rejected() =>
        Rejects(
            "opportunities.csv",
            "opportunity_id,account_id,created_at,outcome\no1,a1,2024-01-01,\no2,a1,2024-01-01,Wonn\n",
            "opportunities.csv, line 3: outcome is 'Wonn'; expected one of won, lost, open."
        );

    [Fact]
    public void Dates_and_instants_of_iso_8601_are_taken_and_others_rejected()
    {
        Write(
            "opportunities.csv",
            "opportunity_id,account_id,created_at\no1,a1,2024-03-04\no2,a1,2024-03-04T10:00:00+02:00\no3,a1,2024-03-04T08:00:00.5Z\no4,a1,04/03/2024\no5,a1,March 4\n"
        );
        var deals = Read().Select(fact => fact.Noun).OfType<Opportunity>().ToDictionary(deal => deal.Id, deal => deal.CreatedAt);
        Assert.Equal(Sample.Day(2024, 3, 4), deals["o1"]);
        Assert.Equal(Sample.Day(2024, 3, 4).AddHours(8), deals["o2"]);
        Assert.Equal(Sample.Day(2024, 3, 4).AddHours(8).AddMilliseconds(500), deals["o3"]);
        Assert.Equal(
            ["opportunities.csv, line 5", "opportunities.csv, line 6"],
            _rejected.Select(row => $"{row.File}, line {row.Line}")
        );
        Assert.All(_rejected, row => Assert.StartsWith("an ISO 8601 date", row.Expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Broken_utf8_is_rejected_and_a_real_replacement_character_is_not()
    {
        File.WriteAllBytes(_folder["accounts.csv"], [.. "account_id,name\na1,One\na2,"u8, 0xC3, 0x28, .. "\na3,Mia\uFFFD\n"u8]);
        var names = Read().Select(fact => fact.Noun).OfType<Account>().Select(account => account.Name);
        Assert.Equal(["One", "Mia\uFFFD"], names);
        Assert.Equal(
            "accounts.csv, line 3: name is '\uFFFD('; expected UTF-8, or the setting 'encoding' of the file, such as windows-1252.",
            Assert.Single(_rejected).ToString()
        );
    }

    [Theory]
    [InlineData("\uFEFFaccount_id,name\na1,One\n")]
    [InlineData("account_id,name\r\na1,One\r\n")]
    [InlineData("name,account_id\nOne,a1\n")]
    [InlineData("account_id,name\n\na1,One\n\n")]
    public void Byte_order_marks_line_ends_column_order_and_blank_lines_do_not_matter(string text)
    {
        Write("accounts.csv", text);
        Assert.Equal("One", Read().Select(fact => fact.Noun).OfType<Account>().Single().Name);
        Assert.Empty(_rejected);
    }

    [Fact]
    public void A_quoted_newline_belongs_to_the_field_and_lines_still_count()
    {
        Write("accounts.csv", "account_id,name,employee_count\na1,\"One,\n\"\"Inc\"\"\",5\na2,Two,many\n");
        Assert.Equal("One,\n\"Inc\"", Read().Select(fact => fact.Noun).OfType<Account>().Single().Name);
        Assert.Equal(4, Assert.Single(_rejected).Line);
    }

    [Fact]
    public void A_line_of_ten_megabytes_is_rejected_and_the_next_is_taken()
    {
        Write("accounts.csv", $"account_id,name\na1,{new string('x', 10_000_000)}\na2,Two\n");
        Write("opportunities.csv", "opportunity_id,account_id,created_at\no1,a2,2024-01-01\n");
        Assert.Equal("a2", Read().Select(fact => fact.Noun).OfType<Account>().Single().Id);
        Assert.Equal(
            "accounts.csv, line 2: the line is '10000002 characters long'; expected at most 1000000.",
            Assert.Single(_rejected).ToString()
        );
    }

    [Fact]
    public void A_line_with_too_few_fields_is_rejected() =>
        Rejects(
            "accounts.csv",
            "account_id,name\na1,One\na2\n",
            "accounts.csv, line 3: the line is '1 fields'; expected 2 as in the header."
        );

    [Fact]
    public void A_column_the_contract_does_not_name_is_kept()
    {
        Write("accounts.csv", "account_id,cloud\na1,azure|aws\n");
        Assert.Equal("azure|aws", Read().Select(fact => fact.Noun).OfType<Account>().Single().Attributes["cloud"]);
    }

    [Fact]
    public void A_fact_is_seen_from_the_later_of_when_it_was_true_and_when_it_was_recorded()
    {
        Write(
            "engagements.csv",
            "engagement_id,opportunity_id,partner_id,started_at,recorded_at\ne1,o1,p1,2024-01-02,2024-02-01\n"
        );
        Assert.Equal(Sample.Day(2024, 2, 1), Read().Single(fact => fact.Kind == FactKind.Engagement).SeenAt);
    }

    void Write(string file, string text) => File.WriteAllText(_folder[file], text, new UTF8Encoding(false));

    List<DatedFact> Read() => new HistoryFolder(_folder.Path).ReadFacts(_rejected.Add).Facts;

    void Refused(string file, string text, string message)
    {
        Write(file, text);
        Assert.StartsWith(message, Assert.Throws<InvalidDataException>(Read).Message, StringComparison.Ordinal);
    }

    void Rejects(string file, string text, string message)
    {
        Write(file, text);
        Read();
        Assert.Equal(message, _rejected.First(row => row.File == file).ToString());
    }
}
