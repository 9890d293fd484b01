using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Recommender.Capabilities.Leads;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Leads through the API: routed, answered, told, once each, whatever happens to the process.</summary>
public sealed class LeadsApiTests : IAsyncLifetime
{
    const string Leads = "/v1/leads";
    readonly TemporaryFolder _folder = new();
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync("Index:CorePercent=100");

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        _folder.Dispose();
        return default;
    }

    [Fact]
    public async Task A_lead_is_routed_with_a_trace_declined_accepted_and_told_and_nothing_happens_twice()
    {
        const string Lead =
            """{"lead_id":"L","account_id":"A000007","product":"Security","amount":48000,"currency":"EUR","campaign":"spring"}""";
        (await _service.PostAsync(Leads, Lead)).Expect(HttpStatusCode.BadRequest);
        var dry = (await _service.PostAsync(Leads + "?dry_run=true", Lead)).Expect(HttpStatusCode.Created);
        (await _service.GetAsync(Leads + "/L/state")).Expect(HttpStatusCode.NotFound);
        // Of a dry run everybody who is out is named.
        var named = dry["trace"].EnumerateArray().Sum(step => step.GetProperty("dropped").GetArrayLength());
        Assert.Equal(dry["trace"].EnumerateArray().Sum(step => step.GetProperty("dropped_count").GetInt32()), named);
        var routed = (await Post(Leads, Lead, "l")).Expect(HttpStatusCode.Created);
        Assert.Equal(dry["assignee"].GetRawText(), routed["assignee"].GetRawText());
        Assert.Equal(("offered", "L.1"), (routed["state"].GetString(), routed["offer_id"].GetString()));
        Assert.Equal(
            ("known", "A000007"),
            (routed["account"].GetProperty("state").GetString(), routed["account"].GetProperty("account_id").GetString())
        );
        Assert.Equal("choice", routed["trace"][routed["trace"].GetArrayLength() - 1].GetProperty("step").GetString());
        Assert.True(routed["runners_up"].GetArrayLength() > 0);
        // Sent again it is the same answer; under another key it is there already.
        Assert.Equal(routed.Text, (await Post(Leads, Lead, "l")).Text);
        Assert.Equal("there_already", (await Post(Leads, Lead, "m")).Expect(HttpStatusCode.Conflict)["code"].GetString());
        Assert.Equal("spring", (await _service.GetAsync(Leads + "/L"))["campaign"].GetString());

        var offers = await _service.GetAsync(
            $"/v1/lead-offers?assignee_type={Text(routed, "type")}&assignee_id={Text(routed, "id")}"
        );
        Assert.Equal("L", Assert.Single(offers["items"].EnumerateArray()).GetProperty("lead_id").GetString());
        const string Decline = """{"reason":"no_capacity","note":"Two others"}""";
        (await _service.PostAsync("/v1/lead-offers/L.1/decline", """{"reason":"tired"}""")).Expect(HttpStatusCode.BadRequest);
        (await _service.PostAsync("/v1/lead-offers/L.1/accept", """{"reason":"no_capacity"}""")).Expect(
            HttpStatusCode.BadRequest
        );
        (await _service.PostAsync("/v1/lead-offers/L.7/accept", "{}")).Expect(HttpStatusCode.NotFound);
        (await _service.PostAsync("/v1/lead-offers/L.1/decline", Decline, ("If-Match", "\"0000000000000007\""))).Expect(
            HttpStatusCode.PreconditionFailed
        );
        (await _service.PostAsync("/v1/lead-offers/L.1/decline", Decline, ("If-Match", "W/\"what\""))).Expect(
            HttpStatusCode.PreconditionFailed
        );
        Assert.Equal(
            "L.2",
            (await _service.PostAsync("/v1/lead-offers/L.1/decline?dry_run=true", Decline))["offer_id"].GetString()
        );
        var second = (
            await _service.PostAsync("/v1/lead-offers/L.1/decline", Decline, ("If-Match", routed.ETag!), ("Idempotency-Key", "d"))
        ).Expect(HttpStatusCode.OK);
        Assert.Equal("L.2", second["offer_id"].GetString());
        Assert.NotEqual(routed["assignee"].GetRawText(), second["assignee"].GetRawText());
        Assert.Equal(
            second.Text,
            (
                await _service.PostAsync(
                    "/v1/lead-offers/L.1/decline",
                    Decline,
                    ("If-Match", routed.ETag!),
                    ("Idempotency-Key", "d")
                )
            ).Text
        );
        Assert.Equal(
            "not_allowed_now",
            (await _service.PostAsync("/v1/lead-offers/L.1/accept", "{}")).Expect(HttpStatusCode.Conflict)["code"].GetString()
        );
        Assert.Equal(
            "accepted",
            (await _service.PostAsync("/v1/lead-offers/L.2/accept", "")).Expect(HttpStatusCode.OK)["state"].GetString()
        );
        var refused = (await _service.PostAsync("/v1/lead-offers/L.2/accept", "")).Expect(HttpStatusCode.Conflict);
        Assert.Contains("Allowed: withdraw", refused["detail"].GetString(), StringComparison.Ordinal);
        (await _service.PutAsync("/v1/touches/T1", """{"account_id":"A000007","kind":"call","at":"2099-01-01"}""")).Expect(
            HttpStatusCode.Created
        );
        var whole = (await _service.GetAsync(Leads + "/L/state")).Expect(HttpStatusCode.OK);
        Assert.Equal(
            ["offered", "declined", "offered", "accepted"],
            whole["steps"].EnumerateArray().Select(step => step.GetProperty("step").GetString())
        );
        Assert.Equal("choice", whole["steps"][2].GetProperty("trace").EnumerateArray().Last().GetProperty("step").GetString());

        // It becomes a deal: told by its row.
        (
            await _service.PutAsync(
                Leads + "/L",
                """{"account_id":"A000007","created_at":"2026-01-01","opportunity_id":"O0000001"}"""
            )
        ).Expect(HttpStatusCode.OK);
        await Eventually.IsSoAsync(async () =>
            (await EventsOf("L")).SequenceEqual(["offered", "declined", "offered", "accepted", "converted"])
        );
        Assert.Equal(
            "converted",
            (await _service.GetAsync(Leads + "?state=converted&account_id=A000007"))["items"][0].GetProperty("state").GetString()
        );
    }

    [Theory]
    [InlineData("""{"product":"Security"}""", "/account_id")]
    [InlineData("""{"account_id":"A000007","currency":"dollars"}""", "/currency")]
    [InlineData("""{"account_id":"A000007","new_account":true}""", "/new_account")]
    [InlineData("""{"account_id":"A000007","new_account":"yes"}""", "/new_account")]
    [InlineData("""{"account_id":"A000007","opportunity_id":"O0000001"}""", "/opportunity_id")]
    [InlineData("""{"account_id":"A000007","created_at":"2199-01-01"}""", "/created_at")]
    [InlineData("""{"account_id":"A000007","amount":"lots"}""", "/amount")]
    [InlineData("""{"account_id":"A000007","may_share":"perhaps"}""", "/may_share")]
    [InlineData("""{"name":"\ud800"}""", "")]
    [InlineData("""{"name":"x","name":"y"}""", "")]
    [InlineData("[]", "")]
    public async Task What_is_wrong_with_a_lead_is_said_where_it_stands_and_nothing_is_kept(string lead, string where)
    {
        var refused = (await Post(Leads, lead, "x")).Expect(HttpStatusCode.BadRequest);
        Assert.Contains(refused["errors"].EnumerateArray(), error => error.GetProperty("pointer").GetString() == where);
        Assert.Empty((await _service.GetAsync(Leads))["items"].EnumerateArray());
    }

    [Fact]
    public async Task A_policy_is_set_in_versions_and_imported_leads_are_routed_by_it_without_being_asked()
    {
        Assert.Equal("{}\n", (await _service.GetAsync("/v1/routing-policy")).Text);
        var wrong = (await _service.PutAsync("/v1/routing-policy", "{\n\"offers\": 99}")).Expect(HttpStatusCode.BadRequest);
        Assert.Equal("line 2", wrong["errors"][0].GetProperty("pointer").GetString());
        const string Policy = """{"rep_open_leads": 0, "queue": "desk"}""";
        Assert.Equal(1, (await _service.PutAsync("/v1/routing-policy", Policy)).Expect(HttpStatusCode.OK)["version"].GetInt32());
        (await _service.PutAsync("/v1/routing-policy", "{}", ("If-Match", "\"7\""))).Expect(HttpStatusCode.PreconditionFailed);
        Assert.Equal(Policy, (await _service.GetAsync("/v1/routing-policy")).Text);
        var now = TimeProvider.System.GetUtcNow().ToString("O");
        (
            await _service.BulkAsync(
                $$$"""
                {"table":"leads","row":{"lead_id":"I1","account_id":"A000069","may_share":"no","owner":"cleo","created_at":"{{{now}}}"}}
                {"table":"leads","row":{"lead_id":"I2","name":"Somebody New","domain":"somebody.example","may_share":"no","created_at":"{{{now}}}"}}
                {"table":"leads","row":{"lead_id":"I3","account_id":"A000069","created_at":"2020-01-01"}}
                """
            )
        ).Expect(HttpStatusCode.OK);
        await Eventually.IsSoAsync(async () => (await _service.GetAsync(Leads + "?state=queued"))["items"].GetArrayLength() == 2);
        var queued = (await _service.GetAsync(Leads + "?state=queued&assignee_type=queue&assignee_id=cleo"))["items"];
        Assert.Equal(
            ("I1", "nobody_left"),
            (queued[0].GetProperty("lead_id").GetString(), queued[0].GetProperty("reason").GetString())
        );
        Assert.Equal("acc_I2", (await _service.GetAsync(Leads + "/I2/state"))["account"].GetProperty("account_id").GetString());
        Assert.Equal("Somebody New", (await _service.GetAsync("/v1/accounts/acc_I2"))["name"].GetString());
        Assert.Equal("new", (await _service.GetAsync(Leads + "/I3/state"))["state"].GetString());
        // A person has one routed; nobody may have more than none, so it is given by a policy that says otherwise.
        (await _service.PutAsync("/v1/routing-policy", "{}")).Expect(HttpStatusCode.OK);
        Assert.Equal(
            "offered",
            (await _service.PostAsync(Leads + "/I1/route", "")).Expect(HttpStatusCode.OK)["state"].GetString()
        );
        var given = await _service.PostAsync(Leads + "/I2/assign", """{"assignee_type":"partner","assignee_id":"P00001"}""");
        Assert.Contains(
            "must not be passed to partners",
            given.Expect(HttpStatusCode.Conflict)["detail"].GetString(),
            StringComparison.Ordinal
        );
        (await _service.PostAsync(Leads + "/I2/withdraw", """{"note":"A test"}""")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Killed_at_any_moment_every_lead_that_was_answered_is_there_and_has_one_offer()
    {
        var cancel = TestContext.Current.CancellationToken;
        var random = new Random(5);
        var answered = new HashSet<string>();
        var (sent, longest) = (0, TimeSpan.Zero);
        for (var round = 0; round < 20; round++)
        {
            using var service = await Start().WhenReadyAsync(cancel: cancel);
            var clock = Stopwatch.StartNew();
            using var kill = new Timer(_ => service.Kill());
            if (round > 0)
                kill.Change(
                    TimeSpan.FromMilliseconds(random.Next(5, 300)) + random.NextDouble() * 3 * longest,
                    Timeout.InfiniteTimeSpan
                );
            try
            {
                while (clock.Elapsed < TimeSpan.FromSeconds(60))
                {
                    var started = clock.Elapsed;
                    var id = $"K{sent++}";
                    using var request = new HttpRequestMessage(HttpMethod.Post, Leads)
                    {
                        Content = JsonContent.Create(
                            new
                            {
                                lead_id = id,
                                account_id = "A000007",
                                product = "Security",
                            }
                        ),
                    };
                    request.Headers.Add("Idempotency-Key", id);
                    using var answer = await service.Client.SendAsync(request, cancel);
                    answer.EnsureSuccessStatusCode();
                    var offer = JsonElement
                        .Parse(await answer.Content.ReadAsStringAsync(cancel))
                        .GetProperty("offer_id")
                        .GetString();
                    if (sent % 3 == 0)
                        (
                            await service.Client.PostAsJsonAsync(
                                $"/v1/lead-offers/{offer}/decline",
                                new { reason = "not_a_fit" },
                                cancel
                            )
                        ).EnsureSuccessStatusCode();
                    answered.Add(id);
                    longest = clock.Elapsed - started > longest ? clock.Elapsed - started : longest;
                    if (round == 0 && answered.Count == 5)
                        kill.Change(TimeSpan.FromMilliseconds(50), Timeout.InfiniteTimeSpan);
                }
                Assert.Fail("It was not killed.");
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException) { }
        }
        using var last = await Start().WhenReadyAsync(cancel: cancel);
        for (var l = 0; l < sent; l++)
        {
            using var state = await last.Client.GetAsync($"{Leads}/K{l}/state", cancel);
            if (state.StatusCode == HttpStatusCode.NotFound)
            {
                Assert.DoesNotContain($"K{l}", answered);
                continue;
            }
            var lead = await state.Content.ReadFromJsonAsync<JsonElement>(cancel);
            Assert.Equal("offered", lead.GetProperty("state").GetString());
            var steps = lead.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("step").GetString()).ToList();
            // Whole steps only: what was declined was offered to the next in the same breath.
            Assert.True(steps is ["offered"] or ["offered", "declined", "offered"], string.Join(' ', steps));
        }
    }

    ServiceProcess Start() => SampleService.Start(_folder["k.db"]);

    Task<Answer> Post(string path, string body, string key) => _service.PostAsync(path, body, ("Idempotency-Key", key));

    static string Text(Answer answer, string name) => Uri.EscapeDataString(answer["assignee"].GetProperty(name).GetString()!);

    async Task<List<string>> EventsOf(string lead) =>
        [
            .. (await _service.GetAsync("/v1/events?limit=1000"))["items"]
                .EnumerateArray()
                .Where(one => one.GetProperty("subject").GetString() == lead)
                .Select(one => one.GetProperty("type").GetString()!.Split('.')[^1]),
        ];
}
