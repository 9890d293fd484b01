using System.Net;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Conflicts through the API: found by what is written, before the next call; decided, told, and ended by what follows.</summary>
public sealed class ConflictsApiTests : IAsyncLifetime
{
    const string All = "/v1/conflicts";
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync("Index:CorePercent=100");

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Fact]
    public async Task A_conflict_is_there_with_the_fact_that_makes_it_and_ends_with_it()
    {
        await Register("C1", "P00001", "approved");
        Assert.Empty((await Open()).EnumerateArray());
        await Register("C2", "P00002", "submitted");
        var found = Assert.Single((await Open()).EnumerateArray());
        var id = found.GetProperty("conflict_id").GetString()!;
        Assert.Equal(
            ("second_registration", "P00001", "C1", "C2"),
            (
                found.GetProperty("kind").GetString(),
                found.GetProperty("holder").GetProperty("partner_id").GetString(),
                found.GetProperty("holder").GetProperty("claim").GetString(),
                found.GetProperty("other").GetProperty("claim").GetString()
            )
        );
        Assert.Equal(2, found.GetProperty("rows").GetArrayLength());
        Assert.Equal(
            ["conflict", "live_registration", "waiting_registration"],
            (await _service.GetAsync("/v1/accounts/A000002/claims"))["items"]
                .EnumerateArray()
                .Select(claim => claim.GetProperty("kind").GetString())
                .Take(3)
        );

        // By hand and by seen version; what was decided stays.
        const string Keep = """{"decision":"holder_keeps","reason":"Came first"}""";
        (await Act(id, "decide", """{"decision":"perhaps","reason":"x"}""")).Expect(HttpStatusCode.BadRequest);
        (await Act(id, "decide", """{"decision":"holder_keeps","reason":" "}""")).Expect(HttpStatusCode.BadRequest);
        (await Act(id, "decide", """{"reason":"x"}""")).Expect(HttpStatusCode.BadRequest);
        (await Act(id, "reopen", Keep)).Expect(HttpStatusCode.BadRequest);
        (await Act("nothing", "decide", Keep)).Expect(HttpStatusCode.NotFound);
        (await Act(id, "decide", Keep, ("If-Match", "\"0000000000000007\""))).Expect(HttpStatusCode.PreconditionFailed);
        Assert.Equal("decided", (await _service.PostAsync($"{All}/{id}/decide?dry_run=true", Keep))["state"].GetString());
        var seen = (await _service.GetAsync($"{All}/{id}")).Expect(HttpStatusCode.OK);
        Assert.Equal(("open", "decide"), (seen["state"].GetString(), seen["allowed"][0].GetString()));
        var decided = (await Act(id, "decide", Keep, ("If-Match", seen.ETag!), ("Idempotency-Key", "d"))).Expect(
            HttpStatusCode.OK
        );
        Assert.Equal(
            ("decided", "holder_keeps", "Came first"),
            (decided["state"].GetString(), decided["decision"].GetString(), decided["reason"].GetString())
        );
        Assert.Equal(decided.Text, (await Act(id, "decide", Keep, ("If-Match", seen.ETag!), ("Idempotency-Key", "d"))).Text);
        var again = (await Act(id, "decide", Keep)).Expect(HttpStatusCode.Conflict);
        Assert.Equal(
            ("not_allowed_now", "It is decided. Allowed: reopen."),
            (again["code"].GetString(), again["detail"].GetString())
        );
        Assert.Empty((await Open()).EnumerateArray());
        var counts = (await _service.GetAsync(All + "/counts"))["kinds"]
            .EnumerateArray()
            .First(one => one.GetProperty("kind").GetString() == "second_registration");
        Assert.Equal(1, counts.GetProperty("decisions").GetProperty("holder_keeps").GetInt32());

        (await _service.PostAsync("/v1/deal-registrations/C2/reject", """{"ground":"duplicate"}""")).Expect(HttpStatusCode.OK);
        var ended = (await _service.GetAsync($"{All}/{id}")).Expect(HttpStatusCode.OK);
        Assert.Equal(("decided", false), (ended["state"].GetString(), ended["is_current"].GetBoolean()));
        (await Act(id, "reopen", """{"reason":"x"}""")).Expect(HttpStatusCode.Conflict);
        await _service.RestartAsync();
        Assert.Equal(ended.Text, (await _service.GetAsync($"{All}/{id}")).Text);
        Assert.Equal(["detected", "decided", "ended"], await Told(id));
    }

    [Fact]
    public async Task What_comes_in_bulk_and_what_a_rule_makes_of_it_is_found_once()
    {
        await Register("C1", "P00001", "approved");
        (
            await _service.SendAsync(
                HttpMethod.Post,
                "/v1/history",
                """
                {"table":"opportunities","row":{"opportunity_id":"CO1","account_id":"A000002","product":"Cloud Backup","amount":5,"created_at":"2026-06-01"}}
                {"table":"opportunities","row":{"opportunity_id":"CO2","account_id":"A000002","product":"Cloud Backup","amount":5,"created_at":"2026-06-01"}}
                {"table":"engagements","row":{"engagement_id":"CE2","opportunity_id":"CO2","partner_id":"P00003","role":"co_sell","started_at":"2026-06-02"}}
                """,
                "application/x-ndjson"
            )
        ).Expect(HttpStatusCode.OK);
        var open = (await Open()).EnumerateArray().ToList();
        Assert.Equal(["direct_deal", "held_account"], open.Select(one => one.GetProperty("kind").GetString()).Order());
        // Which accounts a rule means nobody writes: all are looked at.
        (
            await _service.PutAsync(
                "/v1/rules",
                """{"rules":[{"id":"HOUSE","kind":"house_account","accounts":{"account_id":["A000002"]},"detail":"Ours"}]}"""
            )
        ).Expect(HttpStatusCode.OK);
        await Eventually.IsSoAsync(async () => (await Open()).GetArrayLength() == 4);
        var ofRule = (await _service.GetAsync(All + "?account_id=A000002&kind=house_account"))["items"].EnumerateArray().ToList();
        Assert.Equal(
            ["P00001", "P00003"],
            ofRule.Select(one => one.GetProperty("other").GetProperty("partner_id").GetString()).Order()
        );
        Assert.All(
            ofRule,
            one =>
                Assert.Equal(("HOUSE", 1), (one.GetProperty("rule_id").GetString(), one.GetProperty("rules_version").GetInt32()))
        );
        Assert.Equal(
            "all",
            (await _service.GetAsync("/v1/accounts/A000002/claims"))["items"]
                .EnumerateArray()
                .First(claim => claim.GetProperty("kind").GetString() == "rule")
                .GetProperty("leaves_out")
                .GetString()
        );
        // The ranking below obeys it.
        var ranked = await _service.PostAsync("/v1/partner-recommendations", """{"account_id":"A000002"}""");
        Assert.Equal(0, ranked["partners"].GetArrayLength());
        await _service.RestartAsync();
        (await _service.PutAsync("/v1/rules", """{"rules":[]}""")).Expect(HttpStatusCode.OK);
        await Eventually.IsSoAsync(async () => (await Open()).GetArrayLength() == 2);
        foreach (var one in ofRule)
            Assert.Equal(["detected", "ended"], await Told(one.GetProperty("conflict_id").GetString()!));
        // Page by page, each once.
        var found = new List<string>();
        for (string? next = All + "?account_id=A000002&limit=1"; next is not null; )
        {
            var page = (await _service.GetAsync(next)).Expect(HttpStatusCode.OK);
            found.AddRange(page["items"].EnumerateArray().Select(one => one.GetProperty("conflict_id").GetString()!));
            next = page["pagination"].GetProperty("next_href").GetString();
        }
        Assert.Equal((4, 4), (found.Count, found.Distinct().Count()));
        (await _service.GetAsync(All + "?state=done")).Expect(HttpStatusCode.BadRequest);
        (await _service.GetAsync(All + "?kind=none")).Expect(HttpStatusCode.BadRequest);
        (await _service.GetAsync(All + "?cursor=x")).Expect(HttpStatusCode.BadRequest);
        (await _service.GetAsync(All + "/counts?since=soon")).Expect(HttpStatusCode.BadRequest);
        (await _service.GetAsync("/v1/accounts/nobody/claims")).Expect(HttpStatusCode.NotFound);
    }

    async Task Register(string id, string partner, string status) =>
        (
            await _service.PutAsync(
                "/v1/deal-registrations/" + id,
                $$"""{"partner_id":"{{partner}}","account_id":"A000002","product":"Cloud Backup","submitted_at":"2026-05-01","status":"{{status}}"{{(
                    status == "approved" ? ",\"decided_at\":\"2026-05-02\",\"expires_at\":\"2099-01-01\"" : ""
                )}}}"""
            )
        ).Expect(HttpStatusCode.Created);

    async Task<System.Text.Json.JsonElement> Open() =>
        (await _service.GetAsync(All + "?state=open&account_id=A000002")).Expect(HttpStatusCode.OK)["items"];

    Task<Answer> Act(string id, string action, string body, params (string, string)[] headers) =>
        _service.PostAsync($"{All}/{id}/{action}", body, headers);

    async Task<IEnumerable<string>> Told(string id) =>
        (await _service.GetAsync("/v1/events?limit=1000"))["items"]
            .EnumerateArray()
            .Where(one => one.GetProperty("subject").GetString() == id)
            .Select(one => one.GetProperty("type").GetString()!["recommender.conflict.".Length..]);
}
