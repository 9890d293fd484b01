using System.Net;
using System.Text.Json;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Registrations through the API: checked, submitted, decided, seen by the next ranking, told to who listens.</summary>
public sealed class RegistrationsApiTests : IAsyncLifetime
{
    const string All = "/v1/deal-registrations";
    const string Claim =
        """{"partner_id":"P00001","account_id":"A000002","product":"Cloud Backup","amount":5000,"currency":"EUR","registration_id":"T1"}""";
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync("Index:CorePercent=100");

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Fact]
    public async Task A_claim_is_checked_submitted_approved_and_shuts_others_out_of_the_next_ranking()
    {
        (await _service.PutAsync("/v1/rules", """{"rules":[{"id":"ROE-3","kind":"registration"}]}""")).Expect(HttpStatusCode.OK);
        var check = (await _service.PostAsync(All + "/check", Claim)).Expect(HttpStatusCode.OK);
        Assert.Equal(
            ("clear", "A000002", 0),
            (check["verdict"].GetString(), check["account_id"].GetString(), check["grounds"].GetArrayLength())
        );
        var dry = (await Submit(Claim, "?dry_run=true")).Expect(HttpStatusCode.Created);
        Assert.Equal("submitted", dry["state"].GetString());
        (await _service.GetAsync(All + "/T1/state")).Expect(HttpStatusCode.NotFound);

        var submitted = (await Submit(Claim)).Expect(HttpStatusCode.Created);
        Assert.Equal(
            ("submitted", "clear", false),
            (submitted["state"].GetString(), submitted["verdict"].GetString(), submitted["is_live"].GetBoolean())
        );
        Assert.Equal(["approve", "reject", "withdraw"], Words(submitted["allowed"]));
        // The same call again is the same registration.
        var again = await _service.PostAsync(All, Claim, ("Idempotency-Key", "T1"));
        Assert.Equal(submitted.Text, again.Text);
        Assert.Empty(Holders(await Rank()));

        (await Act("approve", "{}", "?dry_run=true")).Expect(HttpStatusCode.OK);
        (await Act("approve", "{}", headers: ("If-Match", "\"0000000000000001\""))).Expect(HttpStatusCode.PreconditionFailed);
        var approved = (await Act("approve", """{"note":"Go"}""", headers: ("If-Match", submitted.ETag!))).Expect(
            HttpStatusCode.OK
        );
        Assert.True(approved["is_live"].GetBoolean());
        Assert.Equal("Go", approved["steps"][1].GetProperty("note").GetString());
        Assert.NotEqual(submitted.ETag, approved.ETag);
        var holders = Holders(await Rank());
        Assert.NotEmpty(holders);
        Assert.All(holders, detail => Assert.Contains("holds a live registration", detail, StringComparison.Ordinal));

        // What a rival is told says who, since when and until when.
        var rival = (
            await _service.PostAsync(All + "/check", Claim.Replace("P00001", "P00002", StringComparison.Ordinal))
        ).Expect(HttpStatusCode.OK);
        var ground = rival["grounds"].EnumerateArray().First();
        Assert.Equal(
            ("conflict", "ROE-3", "duplicate"),
            (rival["verdict"].GetString(), ground.GetProperty("rule_id").GetString(), ground.GetProperty("code").GetString())
        );
        Assert.Equal(
            "deal_registrations T1",
            $"{ground.GetProperty("rows")[0].GetProperty("table")} {ground.GetProperty("rows")[0].GetProperty("id")}"
        );
        (
            await Submit(
                Claim.Replace("P00001", "P00002", StringComparison.Ordinal).Replace("T1", "T2", StringComparison.Ordinal)
            )
        ).Expect(HttpStatusCode.Created);
        var refused = (await Act("approve", null, id: "T2")).Expect(HttpStatusCode.Conflict);
        Assert.Equal(
            ("registration_conflict", "duplicate"),
            (refused["code"].GetString(), refused["errors"][0].GetProperty("pointer").GetString())
        );
        Assert.Contains("Allowed: reject, withdraw.", refused["detail"].GetString(), StringComparison.Ordinal);
        (await Act("reject", "{}", id: "T2")).Expect(HttpStatusCode.BadRequest);
        (await Act("reject", """{"ground":"because"}""", id: "T2")).Expect(HttpStatusCode.BadRequest);
        (await Act("reject", """{"ground":"duplicate"}""", id: "T2")).Expect(HttpStatusCode.OK);

        await _service.RestartAsync();
        Assert.NotEmpty(Holders(await Rank()));
        (await Act("extend", null)).Expect(HttpStatusCode.OK);
        var twice = (await Act("extend", null)).Expect(HttpStatusCode.Conflict);
        Assert.Equal("not_allowed_now", twice["code"].GetString());
        var converted = (await Act("convert", """{"opportunity_id":"NEW1"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal(("converted", "NEW1"), (converted["state"].GetString(), converted["opportunity_id"].GetString()));
        Assert.Equal("A000002", (await _service.GetAsync("/v1/opportunities/NEW1"))["account_id"].GetString());
        Assert.Contains("already_engaged", (await Rank("NEW1")).Text, StringComparison.Ordinal);

        var state = (await _service.GetAsync(All + "/T1/state")).Expect(HttpStatusCode.OK);
        Assert.Equal(converted.ETag, state.ETag);
        Assert.Equal(
            ["submitted", "approved", "extended", "converted"],
            state["steps"].EnumerateArray().Select(step => step.GetProperty("step").GetString())
        );
        var told = (await _service.GetAsync("/v1/events?limit=1000"))["items"]
            .EnumerateArray()
            .Where(one => one.GetProperty("type").GetString()!.StartsWith("recommender.registration.", StringComparison.Ordinal))
            .Select(one =>
                $"{one.GetProperty("subject").GetString()} {one.GetProperty("type").GetString()!["recommender.registration.".Length..]}"
            );
        Assert.Equal(["T1 submitted", "T1 approved", "T2 submitted", "T2 rejected", "T1 extended", "T1 converted"], told);
    }

    [Fact]
    public async Task Registrations_are_listed_by_state_partner_and_account_page_by_page()
    {
        for (var r = 0; r < 5; r++)
            (
                await Submit(
                    Claim
                        .Replace("T1", $"L{r}", StringComparison.Ordinal)
                        .Replace("Cloud Backup", $"Product {r}", StringComparison.Ordinal)
                )
            ).Expect(HttpStatusCode.Created);
        (await Act("withdraw", null, id: "L4")).Expect(HttpStatusCode.OK);
        var found = new List<string>();
        for (string? next = All + "?state=submitted&partner_id=P00001&limit=3"; next is not null; )
        {
            var page = (await _service.GetAsync(next)).Expect(HttpStatusCode.OK);
            found.AddRange(page["items"].EnumerateArray().Select(one => one.GetProperty("registration_id").GetString()!));
            next = page["pagination"].GetProperty("next_href").GetString();
        }
        Assert.Equal(["L0", "L1", "L2", "L3"], found);
        Assert.Equal(
            "L4",
            Assert
                .Single((await _service.GetAsync(All + "?state=withdrawn"))["items"].EnumerateArray())
                .GetProperty("registration_id")
                .GetString()
        );
        // Those that were imported stand beside those that were made here.
        var ofAccount = (await _service.GetAsync(All + "?account_id=A000002"))["items"]
            .EnumerateArray()
            .Select(one => one.GetProperty("registration_id").GetString()!)
            .ToList();
        Assert.Contains("R0000203", ofAccount);
        Assert.Contains("L0", ofAccount);
        (await _service.GetAsync(All + "?state=done")).Expect(HttpStatusCode.BadRequest);
        (await _service.GetAsync(All + "?cursor=x")).Expect(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_company_is_found_or_asked_about_or_becomes_an_account()
    {
        const string Body = """{"partner_id":"P00001","product":"Cloud Backup","amount":1,"evidence":"Met the board",""";
        var known = (
            await _service.PostAsync(All + "/check", Body + """ "name":"Whoever","domain":"www.tamportbv.example"}""")
        ).Expect(HttpStatusCode.OK);
        Assert.Equal("A000001", known["account_id"].GetString());
        var may = (await Submit(Body + """ "name":"Junwell GmbH"}""")).Expect(HttpStatusCode.Conflict);
        Assert.Equal("account_ambiguous", may["code"].GetString());
        Assert.Contains("A000002", may.Text, StringComparison.Ordinal);
        var made = (await Submit(Body + """ "name":"Junwell GmbH","new_account":true,"registration_id":"N1"}""")).Expect(
            HttpStatusCode.Created
        );
        Assert.Equal("acc_N1", made["account_id"].GetString());
        Assert.Equal("Junwell GmbH", (await _service.GetAsync("/v1/accounts/acc_N1"))["name"].GetString());
        (await _service.PostAsync(All + "/check", Body + """ "account_id":"nobody"}""")).Expect(HttpStatusCode.NotFound);
        (await _service.PostAsync(All + "/check", Body + """ "amount":-1}""")).Expect(HttpStatusCode.BadRequest);
        (await _service.PostAsync(All, Claim)).Expect(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_clock_that_runs_out_is_told_once_also_after_a_restart()
    {
        (await _service.PutAsync("/v1/rules", """{"rules":[{"id":"W","kind":"registration_window","review_hours":0}]}""")).Expect(
            HttpStatusCode.OK
        );
        (await Submit(Claim)).Expect(HttpStatusCode.Created);
        await Eventually.IsSoAsync(async () => (await Overdue()) == 1);
        await _service.RestartAsync();
        (
            await Submit(
                Claim.Replace("T1", "T2", StringComparison.Ordinal).Replace("Cloud Backup", "Data", StringComparison.Ordinal)
            )
        ).Expect(HttpStatusCode.Created);
        // When the second is told of, the sweep has been there after the restart.
        await Eventually.IsSoAsync(async () => (await Overdue()) == 2);
        Assert.True((await _service.GetAsync(All + "/T1/state"))["is_overdue"].GetBoolean());
    }

    async Task<int> Overdue() =>
        (await _service.GetAsync("/v1/events?type=registration.review_overdue"))["items"].GetArrayLength();

    Task<Answer> Submit(string body, string query = "") =>
        _service.PostAsync(
            All + query,
            body,
            (
                "Idempotency-Key",
                JsonElement.Parse(body).TryGetProperty("registration_id", out var id)
                    ? id.GetString()!
                    : Guid.NewGuid().ToString()
            )
        );

    Task<Answer> Act(string action, string? body, string query = "", string id = "T1", params (string, string)[] headers) =>
        body is null
            ? _service.SendAsync(HttpMethod.Post, $"{All}/{id}/{action}{query}")
            : _service.SendAsync(HttpMethod.Post, $"{All}/{id}/{action}{query}", body, "application/json", headers);

    Task<Answer> Rank(string? deal = null) =>
        _service.RankAsync(
            deal is null
                ? """{"account_id":"A000002","product":"Cloud Backup"}"""
                : $$"""{"account_id":"A000002","opportunity_id":"{{deal}}"}"""
        );

    static List<string> Holders(Answer ranking) =>
        [
            .. ranking["excluded"]
                .EnumerateArray()
                .Where(one => one.GetProperty("rule").GetString() == "ROE-3")
                .Select(one => one.GetProperty("detail").GetString()!),
        ];

    static IEnumerable<string?> Words(JsonElement list) => list.EnumerateArray().Select(one => one.GetString());
}
