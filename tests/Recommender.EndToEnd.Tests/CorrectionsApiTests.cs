using System.Net;
using System.Text.Json;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

public sealed class CorrectionsApiTests : IAsyncLifetime
{
    const string Deal = """{"account_id":"B","product":"Security","created_at":"2026-06-01","outcome":"open"}""";
    Service _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await Service.StartAsync();
        await _service.PutAsync("/v1/accounts/A", """{"name":"Orchardgate Foods GmbH"}""");
        await _service.PutAsync("/v1/accounts/B", """{"name":"Orchardgate Foods"}""");
        await _service.PutAsync("/v1/partners/P", """{"name":"Hollin"}""");
        (await _service.PutAsync("/v1/opportunities/O", Deal)).Expect(HttpStatusCode.Created);
        (
            await _service.PutAsync("/v1/engagements/E", """{"opportunity_id":"O","partner_id":"P","started_at":"2026-06-02"}""")
        ).Expect(HttpStatusCode.Created);
    }

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    Task<Answer> DeleteAsync(string path, params (string, string)[] headers) =>
        _service.SendAsync(HttpMethod.Delete, path, headers: headers);

    [Fact]
    public async Task A_row_is_deleted_once_and_not_while_others_name_it()
    {
        var named = (await DeleteAsync("/v1/opportunities/O")).Expect(HttpStatusCode.Conflict);
        Assert.Equal("row_is_named", named["code"].GetString());
        Assert.Contains("engagements 'E'", named.Text, StringComparison.Ordinal);
        (await DeleteAsync("/v1/engagements/E", ("If-Match", "\"0000000000000001\""))).Expect(HttpStatusCode.PreconditionFailed);
        Assert.Equal("deleted", (await DeleteAsync("/v1/engagements/E?dry_run=true"))["result"].GetString());
        var etag = (await _service.GetAsync("/v1/engagements/E")).Expect(HttpStatusCode.OK).ETag!;
        (await DeleteAsync("/v1/engagements/E?reason=by%20mistake", ("If-Match", etag))).Expect(HttpStatusCode.OK);
        (await DeleteAsync("/v1/engagements/E")).Expect(HttpStatusCode.NotFound);
        (await _service.GetAsync("/v1/engagements/E")).Expect(HttpStatusCode.NotFound);
        (await DeleteAsync("/v1/opportunities/O")).Expect(HttpStatusCode.OK);
        // What was taken out can come again, and be taken out again.
        (await _service.PutAsync("/v1/opportunities/O", Deal)).Expect(HttpStatusCode.Created);
        (await DeleteAsync("/v1/opportunities/O")).Expect(HttpStatusCode.OK);
        (await DeleteAsync("/v1/opportunities/O", ("Idempotency-Key", "again"))).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_was_recommended_before_a_deletion_is_computed_again_to_the_bit()
    {
        var answer = await _service.RankAsync("""{"account_id":"B","opportunity_id":"O","limit":5}""");
        var id = answer["recommendation_id"].GetString();
        Assert.Contains("already_engaged", answer.Text, StringComparison.Ordinal);
        (await DeleteAsync("/v1/engagements/E")).Expect(HttpStatusCode.OK);
        Assert.DoesNotContain(
            "already_engaged",
            (await _service.RankAsync("""{"account_id":"B","opportunity_id":"O","limit":5}""")).Text,
            StringComparison.Ordinal
        );
        var again = (await _service.GetAsync($"/v1/recommendations/{id}/replay")).Expect(HttpStatusCode.OK);
        Assert.Equal("exact", again["match"].GetString());
        await _service.RestartAsync();
        again = (await _service.GetAsync($"/v1/recommendations/{id}/replay")).Expect(HttpStatusCode.OK);
        Assert.Equal("exact", again["match"].GetString());
    }

    [Fact]
    public async Task A_merged_account_is_the_other_from_then_on()
    {
        (await _service.PostAsync("/v1/accounts/nobody/merge", """{"into":"A"}""")).Expect(HttpStatusCode.NotFound);
        (await _service.PostAsync("/v1/accounts/B/merge", """{"into":"nobody"}""")).Expect(HttpStatusCode.UnprocessableEntity);
        (await _service.PostAsync("/v1/accounts/B/merge", """{"into":"B"}""")).Expect(HttpStatusCode.UnprocessableEntity);
        var merged = (await _service.PostAsync("/v1/accounts/B/merge", """{"into":"A"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal("merged", merged["result"].GetString());
        Assert.Equal("unchanged", (await _service.PostAsync("/v1/accounts/B/merge", """{"into":"A"}"""))["result"].GetString());
        (await _service.PostAsync("/v1/accounts/B/merge", """{"into":"A000007"}""")).Expect(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("A", (await _service.GetAsync("/v1/opportunities/O"))["account_id"].GetString());
        (await _service.GetAsync("/v1/accounts/B")).Expect(HttpStatusCode.NotFound);
        var found = (await _service.GetAsync("/v1/accounts?q=Orchardgate")).Expect(HttpStatusCode.OK);
        Assert.Equal("A", Assert.Single(found["items"].EnumerateArray()).GetProperty("account_id").GetString());
        // The CRM's other rows still name it.
        (await _service.PutAsync("/v1/touches/T", """{"account_id":"B","kind":"call","at":"2026-06-03"}""")).Expect(
            HttpStatusCode.Created
        );
        Assert.Equal("A", (await _service.GetAsync("/v1/touches/T"))["account_id"].GetString());
        var partner = (await _service.PostAsync("/v1/partners/P/merge", """{"into":"P00001"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal("P00001", partner["into"].GetString());
        Assert.Equal("P00001", (await _service.GetAsync("/v1/engagements/E"))["partner_id"].GetString());
    }

    [Fact]
    public async Task What_was_merged_or_deleted_says_so_and_the_feed_tells_of_it()
    {
        await _service.PutAsync("/v1/accounts/C", """{"name":"Cedar"}""");
        await _service.PostAsync("/v1/accounts/B/merge", """{"into":"A"}""");
        await _service.PostAsync("/v1/accounts/A/merge", """{"into":"C"}""");
        await _service.PostAsync("/v1/accounts/A/merge", """{"into":"C"}""");
        await DeleteAsync("/v1/engagements/E?dry_run=true");
        await DeleteAsync("/v1/engagements/E?reason=mistake");
        (
            await _service.BulkAsync(
                Service.Line(
                    "deletions",
                    new
                    {
                        table = "opportunities",
                        key = "O",
                        at = "2026-06-03",
                    }
                )
                    + "\n"
                    + Service.Line(
                        "aliases",
                        new
                        {
                            old_id = "P",
                            new_id = "P00001",
                            at = "2026-06-03",
                        }
                    )
            )
        ).Expect(HttpStatusCode.OK);
        foreach (
            var (address, says) in (IEnumerable<(string, string)>)
                [
                    ("accounts/B", "was merged into 'C'"),
                    ("accounts/A", "was merged into 'C'"),
                    ("partners/P", "was merged into 'P00001'"),
                    ("engagements/E", "was deleted on"),
                    ("opportunities/O", "was deleted on"),
                ]
        )
        {
            var missing = (await _service.GetAsync("/v1/" + address)).Expect(HttpStatusCode.NotFound);
            Assert.Contains(says, missing["detail"].GetString(), StringComparison.Ordinal);
        }
        Assert.Equal(
            ["accounts B A", "accounts A C", "partners P P00001"],
            (await EventsAsync("row.merged")).Select(data => $"{Text(data, "table")} {Text(data, "key")} {Text(data, "into")}")
        );
        Assert.Equal(
            ["engagements E", "opportunities O"],
            (await EventsAsync("row.deleted")).Select(data => $"{Text(data, "table")} {Text(data, "key")}")
        );
        // What the feed says of an account goes with it.
        (await _service.PostAsync("/v1/erasures", """{"account_id":"C"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal("partners", Text(Assert.Single(await EventsAsync("row.merged")), "table"));

        async Task<List<JsonElement>> EventsAsync(string type) =>
            [
                .. (await _service.GetAsync("/v1/events?type=" + type))["items"]
                    .EnumerateArray()
                    .Select(one => one.GetProperty("data")),
            ];

        static string? Text(JsonElement data, string name) => data.GetProperty(name).GetString();
    }

    [Theory]
    [InlineData("accounts", "account_id")]
    [InlineData("partners", "partner_id")]
    public async Task By_the_external_id_of_a_merged_row_the_one_into_which_it_was_merged_is_put(string table, string id)
    {
        foreach (var (old, external) in (IEnumerable<(string, string)>)[("X1", "E1"), ("X2", "E2"), ("X3", "E3")])
            await _service.PutAsync($"/v1/{table}/{old}", $$"""{"name":"Wintergreen","external_id":"{{external}}"}""");
        await _service.PostAsync($"/v1/{table}/X1/merge", """{"into":"X2"}""");
        (await _service.PostAsync($"/v1/{table}/X2/merge", """{"into":"X3"}""")).Expect(HttpStatusCode.OK);
        foreach (var external in (string[])["E1", "E2", "E3"])
        {
            var put = (
                await _service.PutAsync($"/v1/{table}/by-external-id/{external}", $$"""{"name":"By {{external}}"}""")
            ).Expect(HttpStatusCode.OK);
            Assert.Equal("X3", put["id"].GetString());
        }
        var found = (await _service.GetAsync($"/v1/{table}?q=By%20E3"))["items"];
        Assert.Equal("X3", Assert.Single(found.EnumerateArray()).GetProperty(id).GetString());
        (await _service.GetAsync($"/v1/{table}/E1")).Expect(HttpStatusCode.NotFound);
        // Nobody has it any more.
        (await DeleteAsync($"/v1/{table}/X3")).Expect(HttpStatusCode.OK);
        (await _service.PutAsync($"/v1/{table}/by-external-id/E1", """{"name":"New"}""")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task By_an_external_id_that_two_rows_have_none_is_put()
    {
        var first = await _service.PutAsync("/v1/accounts/T1", """{"name":"One","external_id":"SF1"}""");
        Assert.DoesNotContain("external_id", first.Text, StringComparison.Ordinal);
        var second = await _service.PutAsync("/v1/accounts/T2", """{"name":"Two","external_id":"SF1"}""");
        AssertIsWarned(second);
        AssertIsWarned(
            await _service.BulkAsync(
                Service.Line(
                    "accounts",
                    new
                    {
                        account_id = "T2",
                        name = "Zwei",
                        external_id = "SF1",
                    }
                )
            )
        );
        // A partner of that external id is no second account.
        await _service.PutAsync("/v1/partners/T3", """{"name":"Three","external_id":"SF1"}""");
        var refused = (await _service.PutAsync("/v1/accounts/by-external-id/SF1", """{"name":"Which"}""")).Expect(
            HttpStatusCode.Conflict
        );
        Assert.Equal("external_id_ambiguous", refused["code"].GetString());
        Assert.Contains("'T1', 'T2'", refused["detail"].GetString(), StringComparison.Ordinal);
        Assert.Equal("One", (await _service.GetAsync("/v1/accounts/T1"))["name"].GetString());

        static void AssertIsWarned(Answer answer)
        {
            var warning = answer["warnings"]
                .EnumerateArray()
                .Single(one => one.GetProperty("field").GetString() == "external_id");
            Assert.Equal("SF1", warning.GetProperty("value").GetString());
            Assert.Contains("two ids", warning.GetProperty("meaning").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_erased_account_leaves_nothing_behind_but_that_it_was_erased()
    {
        await _service.PutAsync("/v1/accounts/B", """{"name":"Orchardgate Secret Foods"}""");
        await _service.RankAsync("""{"account_id":"B","opportunity_id":"O","limit":5}""");
        (await _service.PostAsync("/v1/erasures", """{"account_id":"nobody"}""")).Expect(HttpStatusCode.NotFound);
        var erased = (await _service.PostAsync("/v1/erasures", """{"account_id":"B"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal(3, erased["rows"].GetInt64());
        Assert.Equal(1, erased["recommendations"].GetInt64());
        (await _service.GetAsync("/v1/accounts/B")).Expect(HttpStatusCode.NotFound);
        (await _service.GetAsync("/v1/opportunities/O")).Expect(HttpStatusCode.NotFound);
        var events = (await _service.GetAsync("/v1/events?type=account.erased")).Expect(HttpStatusCode.OK);
        Assert.Contains("\"rows\":3", events.Text, StringComparison.Ordinal);
        _service.AssertStoresNowhere("Orchardgate Secret");
        // The fold is made anew, and the service goes on.
        (await _service.PutAsync("/v1/accounts/B", """{"name":"Another"}""")).Expect(HttpStatusCode.Created);
        (await _service.RankAsync("""{"account_id":"B","limit":5}""")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_account_that_was_merged_away_or_deleted_is_forgotten_too_and_does_not_come_back_in_bulk()
    {
        await _service.PutAsync("/v1/accounts/C", """{"name":"Orchardgate Secret Cellars"}""");
        await _service.PutAsync("/v1/accounts/D", """{"name":"Orchardgate Secret Dairy"}""");
        await _service.RankAsync("""{"account_id":"D","limit":5}""");
        (await _service.PostAsync("/v1/accounts/C/merge", """{"into":"B"}""")).Expect(HttpStatusCode.OK);
        (await DeleteAsync("/v1/accounts/D?reason=Orchardgate%20Secret%20Dairy%20closed")).Expect(HttpStatusCode.OK);
        foreach (var id in (string[])["C", "D"])
            (await _service.PostAsync("/v1/erasures", $$"""{"account_id":"{{id}}"}""")).Expect(HttpStatusCode.OK);
        _service.AssertStoresNowhere("Orchardgate Secret");
        var bulk = await _service.SendAsync(
            HttpMethod.Post,
            "/v1/history",
            """{"table":"accounts","row":{"account_id":"D","name":"Orchardgate Secret Dairy"}}""",
            "application/x-ndjson"
        );
        Assert.Contains("account D was erased on ", bulk.Text, StringComparison.Ordinal);
        (await _service.PutAsync("/v1/accounts/D", """{"name":"Another"}""")).Expect(HttpStatusCode.Created);
    }
}
