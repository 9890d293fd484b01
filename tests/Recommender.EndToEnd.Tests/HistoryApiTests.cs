using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Recommender.Facts;

namespace Recommender.EndToEnd.Tests;

public sealed class HistoryApiTests : IAsyncLifetime
{
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync();

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Fact]
    public async Task A_row_is_added_then_replaced_then_unchanged_and_its_etag_guards_it()
    {
        var added = (
            await _service.PutAsync("/v1/accounts/X1", """{"name":"Contoso","industry":"retail","custom":"7"}""")
        ).Expect(HttpStatusCode.Created);
        Assert.Equal("inserted", added["result"].GetString());
        var changed = (await _service.PutAsync("/v1/accounts/X1", """{"name":"Contoso AG"}""", ("If-Match", added.ETag!))).Expect(
            HttpStatusCode.OK
        );
        Assert.Equal("updated", changed["result"].GetString());
        (await _service.PutAsync("/v1/accounts/X1", """{"name":"Lost"}""", ("If-Match", added.ETag!))).Expect(
            HttpStatusCode.PreconditionFailed
        );
        (await _service.PutAsync("/v1/accounts/X1", """{"name":"Lost"}""", ("If-None-Match", "*"))).Expect(
            HttpStatusCode.PreconditionFailed
        );
        Assert.Equal(
            "unchanged",
            (await _service.PutAsync("/v1/accounts/X1", """{"name":"Contoso AG"}"""))["result"].GetString()
        );
        var read = (await _service.GetAsync("/v1/accounts/X1")).Expect(HttpStatusCode.OK);
        Assert.Equal("Contoso AG", read["name"].GetString());
        Assert.Equal(changed.ETag, read.ETag);
    }

    /// <summary>A client that reads a row, changes a column and puts it back loses nothing.</summary>
    [Theory]
    [InlineData("accounts", """{"name":"Tokiwa","industry":"energy","created_at":"2024-01-01","cloud_stack":"aws"}""")]
    [InlineData(
        "partners",
        """{"name":"Tokiwa","tier":"gold","industries":"energy|retail","joined_at":"2024-01-01","cloud":"aws"}"""
    )]
    [InlineData("opportunities", """{"account_id":"A000007","amount":5,"created_at":"2026-06-01","seats":"4"}""")]
    public async Task What_is_got_can_be_put_as_it_is(string table, string body)
    {
        var row = JsonNode.Parse(body)!.AsObject();
        if (table != "opportunities")
            (row["domain"], row["external_id"]) = ("tokiwa.example", "T-1");
        (await _service.PutAsync($"/v1/{table}/T1", row.ToJsonString())).Expect(HttpStatusCode.Created);
        var before = (await _service.GetAsync($"/v1/{table}/T1")).Expect(HttpStatusCode.OK);
        (await _service.PutAsync($"/v1/{table}/T1", before.Text, ("If-Match", before.ETag!))).Expect(HttpStatusCode.OK);
        var after = (await _service.GetAsync($"/v1/{table}/T1")).Expect(HttpStatusCode.OK);
        Assert.Equal(WithoutRecordedAt(before), WithoutRecordedAt(after));
        foreach (var (name, value) in row)
            Assert.Contains(
                value!.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : name,
                after.Text,
                StringComparison.Ordinal
            );
        if (table == "opportunities")
            return;
        var listed = (await _service.GetAsync($"/v1/{table}?q=tokiwa"))["items"][0].GetRawText();
        (await _service.PutAsync($"/v1/{table}/T1", listed)).Expect(HttpStatusCode.OK);
        var columns = JsonNode.Parse((await _service.GetAsync($"/v1/{table}/T1")).Text)!.AsObject();
        Assert.Equal(("tokiwa.example", "T-1"), ((string?)columns["domain"], (string?)columns["external_id"]));

        static string WithoutRecordedAt(Answer answer)
        {
            var json = JsonNode.Parse(answer.Text)!.AsObject();
            Assert.True(json.Remove("recorded_at"));
            return json.ToJsonString();
        }
    }

    [Fact]
    public async Task A_column_among_the_attributes_is_refused()
    {
        var refused = await _service.PutAsync("/v1/accounts/T1", """{"name":"Tokiwa","attributes":{"domain":"x.example"}}""");
        Assert.Contains("domain in it", refused.Expect(HttpStatusCode.BadRequest).Text, StringComparison.Ordinal);
    }

    /// <summary>Nothing is taken and then not there without a word: the clock of the caller is ahead, or the year is wrong.</summary>
    [Theory]
    [InlineData(9)]
    [InlineData(30 * 24)]
    [InlineData(3650 * 24)]
    public async Task A_date_that_lies_ahead_is_taken_as_of_now_and_the_answer_says_so(int hours)
    {
        var (ahead, soon) = (Ahead(hours), Ahead(9));
        foreach (
            var (address, body, field) in (IEnumerable<(string, string, string)>)
                [
                    ("accounts/AHEAD", $$"""{"name":"Tokiwa","created_at":"{{ahead}}"}""", "created_at"),
                    ("partners/AHEAD", $$"""{"name":"Elder","joined_at":"{{ahead}}"}""", "joined_at"),
                    ("opportunities/AHEAD", $$"""{"account_id":"AHEAD","created_at":"{{ahead}}"}""", "created_at"),
                    (
                        "engagements/AHEAD",
                        $$"""{"opportunity_id":"AHEAD","partner_id":"P00001","started_at":"{{soon}}"}""",
                        "started_at"
                    ),
                ]
        )
        {
            var taken = (await _service.PutAsync("/v1/" + address, body)).Expect(HttpStatusCode.Created);
            var warning = taken["warnings"].EnumerateArray().First(one => one.GetProperty("field").GetString() == field);
            Assert.Equal("lies ahead; counts as of now", warning.GetProperty("meaning").GetString());
            (await _service.GetAsync("/v1/" + address)).Expect(HttpStatusCode.OK);
        }
        var answer = await _service.RankAsync("""{"account_id":"AHEAD","opportunity_id":"AHEAD","limit":100}""");
        Assert.Contains(answer["partners"].EnumerateArray(), one => one.GetProperty("partner_id").GetString() == "AHEAD");
        Assert.Contains(
            answer["excluded"].EnumerateArray(),
            one =>
                one.GetProperty("partner_id").GetString() == "P00001" && one.GetProperty("rule").GetString() == "already_engaged"
        );
        var bulk = (
            await _service.BulkAsync(
                """
                {"table":"touches","row":{"touch_id":"T2062","account_id":"AHEAD","kind":"call","at":"2062-01-01"}}
                {"table":"touches","row":{"touch_id":"T2063","account_id":"AHEAD","kind":"call","at":"2063-01-01"}}
                """
            )
        ).Expect(HttpStatusCode.OK);
        var counted = Assert.Single(bulk["warnings"].EnumerateArray());
        Assert.Equal(("at", 2), (counted.GetProperty("field").GetString(), counted.GetProperty("rows").GetInt32()));

        static string Ahead(int hours) => Instants.Text(TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(hours));
    }

    [Fact]
    public async Task A_deletion_or_feedback_that_is_dated_ahead_is_taken_as_of_now_and_the_answer_says_so()
    {
        (await _service.PutAsync("/v1/touches/T1", """{"account_id":"A000007","kind":"call","at":"2026-06-01"}""")).Expect(
            HttpStatusCode.Created
        );
        var deleted = await _service.BulkAsync(
            Service.Line(
                "deletions",
                new
                {
                    table = "touches",
                    key = "T1",
                    at = "2062-01-01",
                }
            )
        );
        AssertIsWarned(deleted.Expect(HttpStatusCode.OK), "at");
        (await _service.GetAsync("/v1/touches/T1")).Expect(HttpStatusCode.NotFound);
        var feedback = await _service.PostAsync(
            "/v1/feedback",
            """{"account_id":"A000007","partner_id":"P00001","event":"declined","occurred_at":"2062-01-01"}""",
            ("Idempotency-Key", "ahead")
        );
        AssertIsWarned(feedback.Expect(HttpStatusCode.Created), "occurred_at");
        var now = await _service.PostAsync(
            "/v1/feedback",
            """{"account_id":"A000007","partner_id":"P00001","event":"note"}""",
            ("Idempotency-Key", "now")
        );
        Assert.DoesNotContain("warnings", now.Expect(HttpStatusCode.Created).Text, StringComparison.Ordinal);

        static void AssertIsWarned(Answer answer, string field)
        {
            var warning = Assert.Single(answer["warnings"].EnumerateArray());
            Assert.Equal(
                (field, "2062-01-01T00:00:00.000Z", "lies ahead; taken as of now"),
                (
                    warning.GetProperty("field").GetString(),
                    warning.GetProperty("value").GetString(),
                    warning.GetProperty("meaning").GetString()
                )
            );
        }
    }

    /// <summary>A row that no other could name, or a second one beside that which they name.</summary>
    [Theory]
    [InlineData("ZW\u200b1", "'ZW1'")]
    [InlineData("\ufeffZW1", "'ZW1'")]
    [InlineData("soft\u00adhyphen", "'softhyphen'")]
    [InlineData("unknown", "none")]
    [InlineData("N/A", "none")]
    public async Task An_id_that_rows_read_otherwise_is_no_id_of_an_address(string id, string says)
    {
        foreach (var address in (string[])["accounts/", "opportunities/", "accounts/by-external-id/", "partners/by-external-id/"])
        {
            var refused = await _service.PutAsync(
                "/v1/" + address + Uri.EscapeDataString(id),
                """{"account_id":"A000007","created_at":"2026-06-01"}"""
            );
            Assert.Contains(says, refused.Expect(HttpStatusCode.BadRequest).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_external_id_finds_the_same_row_again()
    {
        var made = (
            await _service.PutAsync("/v1/partners/by-external-id/0015g-1", """{"name":"Harbour","partner_type":"si"}""")
        ).Expect(HttpStatusCode.Created);
        var id = made["id"].GetString()!;
        var again = (await _service.PutAsync("/v1/partners/by-external-id/0015g-1", """{"name":"Harbour AG"}""")).Expect(
            HttpStatusCode.OK
        );
        Assert.Equal(id, again["id"].GetString());
        Assert.Equal("Harbour AG", (await _service.GetAsync("/v1/partners/" + id))["name"].GetString());
    }

    [Fact]
    public async Task A_byte_order_mark_loses_no_row_and_no_question()
    {
        const string Mark = "\uFEFF";
        var lines = string.Join(
            "\r\n",
            new[] { "M1", "M2", "M3" }.Select(id => Service.Line("accounts", new { account_id = id }))
        );
        var bulk = (await _service.BulkAsync(Mark + lines)).Expect(HttpStatusCode.OK);
        Assert.Equal((3, 0), (bulk["inserted"].GetInt32(), bulk["rejected"].GetInt32()));
        // Files that were put together have a mark where each began; one that is empty is nothing but its mark.
        var joined = (
            await _service.BulkAsync(
                Mark + lines + "\n" + Mark + Service.Line("accounts", new { account_id = "M4" }) + "\n" + Mark
            )
        ).Expect(HttpStatusCode.OK);
        Assert.Equal((1, 3, 0), (joined["inserted"].GetInt32(), joined["unchanged"].GetInt32(), joined["rejected"].GetInt32()));
        (await _service.PutAsync("/v1/accounts/M5", Mark + """{"name":"Marked"}""")).Expect(HttpStatusCode.Created);
        (await _service.PutAsync("/v1/rules", Mark + """{"rules":[]}""")).Expect(HttpStatusCode.OK);
        (await _service.PostAsync("/v1/partner-recommendations", Mark + """{"account_id":"M5"}""")).Expect(HttpStatusCode.OK);
        var answers = (
            await _service.SendAsync(
                HttpMethod.Post,
                "/v1/partner-recommendations/batch",
                Mark + """{"account_id":"M5","limit":1}""" + "\n" + Mark + """{"account_id":"M1","limit":1}""",
                "application/x-ndjson"
            )
        ).Expect(HttpStatusCode.OK);
        Assert.Equal(2, answers.Text.Split("\"partners\"").Length - 1);
        // A mark within a text is part of it.
        (await _service.PutAsync("/v1/accounts/M6", "{\"name\":\"x" + Mark + "y\"}")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_and_changes_nothing()
    {
        var tried = (await _service.PutAsync("/v1/accounts/X2?dry_run=true", """{"name":"Never"}""")).Expect(
            HttpStatusCode.Created
        );
        Assert.Equal("inserted", tried["result"].GetString());
        Assert.True(tried.Headers.Contains("Dry-Run"));
        (await _service.GetAsync("/v1/accounts/X2")).Expect(HttpStatusCode.NotFound);
        (await _service.BulkAsync("""{"table":"accounts","row":{"account_id":"X2"}}""", "?dry_run=true")).Expect(
            HttpStatusCode.OK
        );
        (await _service.GetAsync("/v1/accounts/X2")).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_idempotency_key_is_answered_once_replayed_after_and_refused_for_another_request()
    {
        const string Body = """{"account_id":"A000007","partner_id":"P00001","event":"note","note":"Met at the fair"}""";
        (await _service.PostAsync("/v1/feedback", Body)).Expect(HttpStatusCode.BadRequest);
        var first = (await _service.PostAsync("/v1/feedback", Body, ("Idempotency-Key", "k1"))).Expect(HttpStatusCode.Created);
        var second = (await _service.PostAsync("/v1/feedback", Body, ("Idempotency-Key", "k1"))).Expect(HttpStatusCode.Created);
        Assert.Equal(first.Text, second.Text);
        Assert.True(second.Headers.Contains("Idempotency-Replayed"));
        (
            await _service.PostAsync(
                "/v1/feedback",
                Body.Replace("fair", "show", StringComparison.Ordinal),
                ("Idempotency-Key", "k1")
            )
        ).Expect(HttpStatusCode.UnprocessableEntity);
        var both = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => _service.PostAsync("/v1/feedback", Body, ("Idempotency-Key", "k2")))
        );
        Assert.All(
            both,
            answer => Assert.Contains(answer.Status, (HttpStatusCode[])[HttpStatusCode.Created, HttpStatusCode.Conflict])
        );
        Assert.Single(both.Where(answer => answer.Status == HttpStatusCode.Created).Select(answer => answer.Text).Distinct());
    }

    [Fact]
    public async Task Bad_lines_of_a_bulk_are_told_with_their_number_and_the_others_are_taken_unless_it_is_strict()
    {
        const string Lines = """
            {"table":"accounts","row":{"account_id":"B1","employee_count":12}}
            {"table":"accounts","row":{"account_id":"B2","employee_count":"many"}}
            {"table":"opportunities","row":{"opportunity_id":"BO1","account_id":"B1","created_at":"2026-06-01"}}
            {"table":"opportunities","row":{"opportunity_id":"BO2","account_id":"nobody","created_at":"2026-06-01"}}
            {"table":"weather","row":{}}
            not json
            """;
        var strict = (await _service.BulkAsync(Lines, "?strict=true")).Expect(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("row_rejected", strict["code"].GetString());
        (await _service.GetAsync("/v1/accounts/B1")).Expect(HttpStatusCode.NotFound);
        var taken = (await _service.BulkAsync(Lines)).Expect(HttpStatusCode.OK);
        Assert.Equal((2, 4), (taken["inserted"].GetInt64(), taken["rejected"].GetInt64()));
        Assert.Equal(
            ["line 2", "line 4", "line 5", "line 6"],
            taken["errors"].EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!.Split(',')[0])
        );
        Assert.Contains("'many'", taken["errors"][0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, (await _service.BulkAsync(Lines))["unchanged"].GetInt64());
    }

    [Fact]
    public async Task Changed_accounts_are_paged_to_an_end_and_a_bookmark_leads_on_from_there()
    {
        var seen = new List<string>();
        string? cursor = null,
            bookmark;
        do
        {
            var page = (await _service.GetAsync("/v1/accounts?limit=150" + (cursor is null ? "" : "&cursor=" + cursor))).Expect(
                HttpStatusCode.OK
            );
            var ids = page["items"].EnumerateArray().Select(item => item.GetProperty("account_id").GetString()!).ToList();
            var at = page["pagination"];
            (cursor, bookmark) = (at.GetProperty("next_cursor").GetString(), at.GetProperty("bookmark").GetString());
            Assert.Equal(
                (cursor is not null, cursor is not null),
                (at.GetProperty("has_more").GetBoolean(), at.GetProperty("next_href").GetString() is not null)
            );
            seen.AddRange(ids);
        } while (cursor is not null);
        Assert.Equal(400, seen.Distinct().Count());
        Assert.Equal(400, seen.Count);
        await _service.PutAsync("/v1/accounts/A000005", """{"name":"Renamed"}""");
        // Dated before all that was read, and to a day to come.
        await _service.PutAsync("/v1/accounts/OLD", """{"created_at":"2001-01-01","recorded_at":"2001-01-01"}""");
        await _service.PutAsync("/v1/accounts/NEW", """{"created_at":"2101-01-01"}""");
        var later = await _service.GetAsync("/v1/accounts?cursor=" + bookmark);
        Assert.Equal(
            ["A000005", "OLD", "NEW"],
            later["items"].EnumerateArray().Select(item => item.GetProperty("account_id").GetString())
        );
        (await _service.GetAsync("/v1/accounts?cursor=bogus")).Expect(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_partner_is_found_by_its_name_and_its_list_goes_on_from_a_bookmark()
    {
        (await _service.PutAsync("/v1/partners/QB/1", """{"name":"no such address"}""")).Expect(HttpStatusCode.NotFound);
        var bookmark = (await _service.GetAsync("/v1/partners?limit=1000"))["pagination"].GetProperty("bookmark").GetString();
        (await _service.PutAsync("/v1/partners/QB%2F1", """{"name":"Quillback Example","joined_at":"2001-01-01"}""")).Expect(
            HttpStatusCode.Created
        );
        foreach (var query in (string[])["?q=quillback", "?q=BACK%20ex", "?q=qb%2F1", "?cursor=" + bookmark])
        {
            var found = (await _service.GetAsync("/v1/partners" + query)).Expect(HttpStatusCode.OK);
            Assert.Equal("QB/1", Assert.Single(found["items"].EnumerateArray()).GetProperty("partner_id").GetString());
        }
        using var client = _service.ClientWithoutRedirects();
        using var search = await client.PostAsync(
            "/search",
            new FormUrlEncodedContent([new("q", "Quillback")]),
            TestContext.Current.CancellationToken
        );
        Assert.Equal("/partners/QB%2F1", search.Headers.Location?.OriginalString);
        await _service.RestartAsync();
        Assert.Single((await _service.GetAsync("/v1/partners?q=quillback"))["items"].EnumerateArray());
    }

    [Fact]
    public async Task The_list_of_deals_as_a_file_opens_in_a_spreadsheet_as_it_is()
    {
        await _service.BulkAsync(
            Service.Line("accounts", new { account_id = "X20", name = "=HYPERLINK(\"x\",\"Müllerhof\")" })
                + "\n"
                + Service.Line(
                    "opportunities",
                    new
                    {
                        opportunity_id = "X20-1",
                        account_id = "X20",
                        product = "Security",
                        owner = "-2+3",
                        amount = 9e8,
                        created_at = "2026-07-01",
                    }
                )
        );
        await Recommender.Tests.Eventually.IsSoAsync(async () =>
            (await _service.GetAsync("/deals.csv")).Text.Contains("X20-1", StringComparison.Ordinal)
        );
        var bytes = await _service.Client.GetByteArrayAsync("/deals.csv", TestContext.Current.CancellationToken);
        Assert.Equal([0xEF, 0xBB, 0xBF], bytes[..3]);
        var line = System
            .Text.Encoding.UTF8.GetString(bytes)
            .Split('\n')
            .Single(one => one.Contains("X20-1", StringComparison.Ordinal));
        Assert.Contains(",\"'=HYPERLINK(\"\"x\"\",\"\"Müllerhof\"\")\",", line, StringComparison.Ordinal);
        Assert.Contains(",'-2+3,", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        var large = new string('x', 300 * 1024);
        var answer = await _service.PutAsync("/v1/accounts/X9", JsonSerializer.Serialize(new { name = large }));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        Assert.Equal("application/problem+json", answer.MediaType);
    }
}
