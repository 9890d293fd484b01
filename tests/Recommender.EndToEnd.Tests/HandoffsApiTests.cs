using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Handoffs through the API: from a draft to a deal that is won, both directions, each step once, whatever happens to the process.</summary>
public sealed class HandoffsApiTests : IAsyncLifetime
{
    const string Handoffs = "/v1/handoffs";
    static readonly string[] _way = ["send", "accept", "introduce", "meet"];
    static readonly string[] _steps = ["sent", "accepted", "introduced", "meeting"];
    readonly TemporaryFolder _folder = new();
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync();

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        _folder.Dispose();
        return default;
    }

    [Theory]
    [InlineData("given", "us", "partner")]
    [InlineData("received", "partner", "us")]
    public async Task A_handoff_goes_from_draft_to_won_each_step_once_and_told(string direction, string sender, string receiver)
    {
        var draft =
            $$$"""{"handoff_id":"H","direction":"{{{direction}}}","account_id":"A000007","partner_id":"P00001","product":"Security","packet":{"trigger":"The auditors come"}}""";
        (await _service.PostAsync(Handoffs, draft)).Expect(HttpStatusCode.BadRequest);
        (await Post(Handoffs + "?dry_run=true", draft, "dry")).Expect(HttpStatusCode.Created);
        (await _service.GetAsync(Handoffs + "/H/state")).Expect(HttpStatusCode.NotFound);
        var drafted = (await Post(Handoffs, draft, "h")).Expect(HttpStatusCode.Created);
        Assert.Equal("The auditors come", drafted["packet"].GetProperty("trigger").GetString());
        Assert.Equal(drafted.Text, (await Post(Handoffs, draft, "h")).Text);
        Assert.Equal("there_already", (await Post(Handoffs, draft, "i")).Expect(HttpStatusCode.Conflict)["code"].GetString());
        // Of one that we give, the history says why; of one that we receive, only what the partner said.
        Assert.Equal(direction == "given", drafted["packet"].TryGetProperty("why_this_partner", out _));

        if (direction == "given")
        {
            (await Step("edit", """{"packet":{"nonsense":"x"}}""")).Expect(HttpStatusCode.BadRequest);
            var edited = await Step("edit", """{"packet":{"joint_value":"Both","evidence":""}}""", ("If-Match", drafted.ETag!));
            Assert.Equal("Both", edited.Expect(HttpStatusCode.OK)["packet"].GetProperty("joint_value").GetString());
            (await Step("edit", """{"packet":{"joint_value":"Late"}}""", ("If-Match", drafted.ETag!))).Expect(
                HttpStatusCode.PreconditionFailed
            );
            (await Step("accept")).Expect(HttpStatusCode.Conflict);
            Assert.Equal("sent", (await Step("send?dry_run=true")).Expect(HttpStatusCode.OK)["state"].GetString());
            Assert.Equal(
                "sent",
                (await Step("send", headers: ("Idempotency-Key", "s"))).Expect(HttpStatusCode.OK)["state"].GetString()
            );
            Assert.Equal(
                "sent",
                (await Step("send", headers: ("Idempotency-Key", "s"))).Expect(HttpStatusCode.OK)["state"].GetString()
            );
        }
        (await Step("decline", """{"reason":"tired"}""")).Expect(HttpStatusCode.BadRequest);
        (await Step("accept")).Expect(HttpStatusCode.OK);
        (await Step("accept")).Expect(HttpStatusCode.Conflict);
        (await Step("rate", """{"side":"us","rating":6}""")).Expect(HttpStatusCode.BadRequest);
        (await Step("rate", """{"side":"us","rating":5,"note":"All there"}""")).Expect(HttpStatusCode.OK);
        (await Step("rate", """{"side":"us","rating":1}""")).Expect(HttpStatusCode.Conflict);
        (await Step("introduce")).Expect(HttpStatusCode.OK);
        (await Step("meet", """{"note":"An hour"}""")).Expect(HttpStatusCode.OK);
        // It becomes a deal; who only recommends does not say that it is won, the CRM does.
        const string Deal = """{"account_id":"A000007","product":"Security","created_at":"2026-01-05"}""";
        (await _service.PutAsync("/v1/opportunities/NEW", Deal)).Expect(HttpStatusCode.Created);
        (await Step("link", """{"opportunity_id":"O-nobody"}""")).Expect(HttpStatusCode.NotFound);
        (await Step("link", """{"opportunity_id":"NEW"}""")).Expect(HttpStatusCode.OK);
        (
            await _service.PutAsync(
                "/v1/opportunities/NEW",
                """{"account_id":"A000007","product":"Security","created_at":"2026-01-05","closed_at":"2026-02-05","outcome":"won"}"""
            )
        ).Expect(HttpStatusCode.OK);
        await Eventually.IsSoAsync(async () => (await _service.GetAsync(Handoffs + "/H/state"))["state"].GetString() == "won");
        var state = await _service.GetAsync(Handoffs + "/H/state");
        Assert.Equal(
            [
                ("sent", sender),
                ("accepted", receiver),
                ("rated_acceptance", "us"),
                ("introduced", sender),
                ("meeting", receiver),
                ("linked", "us"),
                ("won", "history"),
            ],
            state["steps"].EnumerateArray().Select(step => (Text(step, "step"), Text(step, "side")))
        );
        Assert.Equal(["rate"], state["allowed"].EnumerateArray().Select(one => one.GetString()));
        var told = new List<JsonElement>();
        var cursor = "";
        while (true)
        {
            var events = await _service.GetAsync("/v1/events?limit=100" + cursor);
            told.AddRange(events["items"].EnumerateArray().Where(one => Text(one, "subject") == "H"));
            if (!events["pagination"].GetProperty("has_more").GetBoolean())
                break;
            cursor = "&cursor=" + events["pagination"].GetProperty("next_cursor").GetString();
        }
        Assert.Equal(
            ["sent", "accepted", "rated_acceptance", "introduced", "meeting", "linked", "won"],
            told.Select(one => Text(one, "type")["recommender.handoff.".Length..])
        );
        Assert.Equal("The auditors come", told[0].GetProperty("data").GetProperty("packet").GetProperty("trigger").GetString());
        foreach (var query in (string[])["state=won", "direction=" + direction, "partner_id=P00001", "account_id=A000007"])
            Assert.Contains(
                (await _service.GetAsync($"{Handoffs}?{query}"))["items"].EnumerateArray(),
                one => Text(one, "handoff_id") == "H"
            );
        foreach (var query in (string[])["state=sent", "partner_id=P00018", "account_id=A000012", "overdue=true"])
            Assert.Empty((await _service.GetAsync($"{Handoffs}?{query}"))["items"].EnumerateArray());
    }

    [Fact]
    public async Task Rules_of_the_company_say_what_is_missing_and_who_may_not_have_it()
    {
        (
            await _service.PutAsync(
                "/v1/rules",
                """
                {"rules": [
                {"id": "PACKET", "kind": "handoff", "needs": ["trigger"], "accept_hours": 8},
                {"id": "OURS", "kind": "do_not_share", "accounts": {"account_id": ["A000012"]}}
                ]}
                """
            )
        ).Expect(HttpStatusCode.OK);
        foreach (var (id, account) in ((string, string)[])[("H", "A000007"), ("O", "A000012")])
            (await Post(Handoffs, $$"""{"handoff_id":"{{id}}","account_id":"{{account}}","partner_id":"P00001"}""", id)).Expect(
                HttpStatusCode.Created
            );
        var refused = (await Step("send")).Expect(HttpStatusCode.Conflict);
        Assert.Equal("packet_incomplete", refused["code"].GetString());
        Assert.Equal("/packet/trigger", refused["errors"][0].GetProperty("pointer").GetString());
        (await Step("edit", """{"packet":{"trigger":"The auditors come"}}""")).Expect(HttpStatusCode.OK);
        var sent = (await Step("send")).Expect(HttpStatusCode.OK);
        Assert.Equal(8, (sent["due_at"].GetDateTime() - sent["steps"][0].GetProperty("at").GetDateTime()).TotalHours, 6);
        Assert.Equal(
            "may_not_have_it",
            (await _service.PostAsync(Handoffs + "/O/send", "{}")).Expect(HttpStatusCode.Conflict)["code"].GetString()
        );
        // A rule that says something else is refused, with its line.
        var wrong = await _service.PutAsync(
            "/v1/rules",
            "{\"rules\": [\n{\"id\": \"PACKET\", \"kind\": \"handoff\", \"needs\": [\"colour\"]}]}"
        );
        Assert.Contains("colour", wrong.Expect(HttpStatusCode.BadRequest).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_an_account_that_was_erased_no_packet_stays_anywhere()
    {
        const string Said = "Zzyzx wants out of its contract";
        (
            await Post(
                Handoffs,
                $$$"""{"handoff_id":"H","account_id":"A000007","partner_id":"P00001","packet":{"trigger":"{{{Said}}}"}}""",
                "h"
            )
        ).Expect(HttpStatusCode.Created);
        (await Step("edit", """{"packet":{"trigger":"Forget it"}}""")).Expect(HttpStatusCode.OK);
        (await Step("edit", $$$"""{"packet":{"trigger":"{{{Said}}}"}}""")).Expect(HttpStatusCode.OK);
        (await Step("send", $$"""{"note":"{{Said}}"}""")).Expect(HttpStatusCode.OK);
        (await Step("accept")).Expect(HttpStatusCode.OK);
        (await Post("/v1/erasures", """{"account_id":"A000007"}""", "e")).Expect(HttpStatusCode.OK);
        (await _service.GetAsync(Handoffs + "/H/state")).Expect(HttpStatusCode.NotFound);
        _service.AssertStoresNowhere("Zzyzx");
    }

    [Fact]
    public async Task Killed_at_any_moment_no_step_that_was_answered_is_lost_and_none_is_there_twice()
    {
        var cancel = TestContext.Current.CancellationToken;
        var random = new Random(5);
        var answered = new Dictionary<string, int>();
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
                    using var request = new HttpRequestMessage(HttpMethod.Post, Handoffs)
                    {
                        Content = JsonContent.Create(
                            new
                            {
                                handoff_id = id,
                                account_id = $"A{1 + sent % 400:000000}",
                                partner_id = $"P{1 + sent / 400 % 60:00000}",
                                packet = new { evidence = "Their letter" },
                            }
                        ),
                    };
                    request.Headers.Add("Idempotency-Key", id);
                    using var drafted = await service.Client.SendAsync(request, cancel);
                    drafted.EnsureSuccessStatusCode();
                    answered[id] = 0;
                    foreach (var step in _way)
                    {
                        using var done = await service.Client.PostAsync($"{Handoffs}/{id}/{step}", null, cancel);
                        done.EnsureSuccessStatusCode();
                        answered[id]++;
                    }
                    longest = clock.Elapsed - started > longest ? clock.Elapsed - started : longest;
                    if (round == 0 && answered.Count == 5)
                        kill.Change(TimeSpan.FromMilliseconds(50), Timeout.InfiniteTimeSpan);
                }
                Assert.Fail("It was not killed.");
            }
            catch (Exception e) when (e is HttpRequestException { StatusCode: null } or IOException) { }
        }
        using var last = await Start().WhenReadyAsync(cancel: cancel);
        for (var h = 0; h < sent; h++)
        {
            using var state = await last.Client.GetAsync($"{Handoffs}/K{h}/state", cancel);
            if (state.StatusCode == HttpStatusCode.NotFound)
            {
                Assert.DoesNotContain($"K{h}", answered.Keys);
                continue;
            }
            var handoff = await state.Content.ReadFromJsonAsync<JsonElement>(cancel);
            var steps = handoff.GetProperty("steps").EnumerateArray().Select(step => Text(step, "step")).ToList();
            // What was answered, and at most the one that was on its way.
            Assert.Equal(_steps.Take(steps.Count), steps);
            Assert.InRange(steps.Count, answered.GetValueOrDefault($"K{h}"), answered.GetValueOrDefault($"K{h}") + 1);
            Assert.Equal("Their letter", handoff.GetProperty("packet").GetProperty("evidence").GetString());
        }
    }

    static string Text(JsonElement from, string name) => from.GetProperty(name).GetString()!;

    Task<Answer> Post(string path, string body, string key) => _service.PostAsync(path, body, ("Idempotency-Key", key));

    Task<Answer> Step(string step, string body = "{}", params (string, string)[] headers) =>
        _service.PostAsync($"{Handoffs}/H/{step}", body, headers);

    ServiceProcess Start() => SampleService.Start(_folder["killed.db"]);
}
