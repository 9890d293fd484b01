using System.Net;
using System.Text.Json;
using Recommender.Capabilities;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>A partner's list through the API: taken in, matched, decided on, mapped, and kept to itself.</summary>
public sealed class MappingApiTests : IAsyncLifetime
{
    const string List = """
        Account ID,Account Name,Website,Billing Country,Type,Number of Associated Contacts,Customer Since
        R1,TAMPORT B.V.,https://www.tamportbv.example,US,Customer,3,2020-05-01
        R2,Junwell Corp,,US,Prospect,1,
        R3,Verridge Logistics GmbH,verridgegmbh.example,US,Open Opportunity,2,
        R4,Nobody We Know AG,nobody.example,DE,Customer,1,
        R5,Odd,,DE,Friend,1,

        """;
    const string Partner = "/v1/partners/P00002";
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync("Index:CorePercent=100");

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Fact]
    public async Task A_list_is_matched_and_the_next_ranking_knows_the_way_in()
    {
        var before = await WarmPath("A000001");
        var dry = (await Post("?dry_run=true", List)).Expect(HttpStatusCode.OK);
        Assert.Equal((4, 2, 1, 1, 1), Counts(dry));
        Assert.Empty((await Matches("matched")).EnumerateArray());
        Assert.Equal(before, await WarmPath("A000001"));

        var taken = (await Post("", List)).Expect(HttpStatusCode.OK);
        Assert.Equal((4, 2, 1, 1, 1), Counts(taken));
        Assert.Equal("line 6, population", taken["errors"][0].GetProperty("pointer").GetString());
        var matched = await Matches("matched");
        Assert.Equal(["R1 A000001", "R2 A000002"], matched.EnumerateArray().Select(Pair));
        Assert.Contains(
            "domain tamportbv.example",
            matched[0].GetProperty("agrees").EnumerateArray().Select(one => one.GetString())
        );
        Assert.Equal(["R3 A000003"], (await Matches("review")).EnumerateArray().Select(Pair));
        Assert.Equal("R4", Assert.Single((await Matches("none")).EnumerateArray()).GetProperty("record_id").GetString());
        Assert.Equal("customer 3 2020-05-01T00:00:00Z", await WarmPath("A000001"));

        // The same as lines of JSON, with one record less: it ends.
        var lines = """
            {"record_id":"R1","name":"TAMPORT B.V.","domain":"https://www.tamportbv.example","country":"US","population":"Customer","contact_count":3,"since":"2020-05-01"}
            {"record_id":"R2","name":"Junwell Corp","country":"US","population":"prospect","contact_count":1}
            """;
        var later = (await _service.SendAsync(HttpMethod.Post, Partner + "/account-list", lines, "application/x-ndjson")).Expect(
            HttpStatusCode.OK
        );
        Assert.Equal((2, 2), (later["unchanged"].GetInt32(), later["ended"].GetInt32()));
        Assert.Empty((await Matches("review")).EnumerateArray());
        await _service.RestartAsync();
        Assert.Equal(["R1 A000001", "R2 A000002"], (await Matches("matched")).EnumerateArray().Select(Pair));
    }

    [Fact]
    public async Task A_decision_wins_is_told_and_can_be_taken_back()
    {
        (await Post("", List)).Expect(HttpStatusCode.OK);
        var confirmed = (await Decide("R3", "confirm", "A000003")).Expect(HttpStatusCode.OK);
        Assert.Equal("confirmed", confirmed["state"].GetString());
        Assert.StartsWith("open_opportunity 2", await WarmPath("A000003"), StringComparison.Ordinal);
        var other = (await Decide("R3", "confirm", "A000001")).Expect(HttpStatusCode.Conflict);
        Assert.Contains("Allowed: reject.", other["detail"].GetString(), StringComparison.Ordinal);
        (await Decide("R3", "confirm", "A000003")).Expect(HttpStatusCode.OK);
        (await Decide("R2", "undo", "A000002")).Expect(HttpStatusCode.Conflict);
        (await Decide("R9", "confirm", "A000002")).Expect(HttpStatusCode.NotFound);
        (await Decide("R2", "confirm", "nobody")).Expect(HttpStatusCode.NotFound);
        (await Decide("R1", "reject", "A000001")).Expect(HttpStatusCode.OK);
        var again = (await _service.SendAsync(HttpMethod.Post, Partner + "/account-list/match")).Expect(HttpStatusCode.OK);
        Assert.Equal((1, 1), (again["matched"].GetInt32(), again["confirmed"].GetInt32()));
        Assert.Equal("rejected", Assert.Single((await Matches("rejected")).EnumerateArray()).GetProperty("state").GetString());
        (await Decide("R1", "undo", "A000001")).Expect(HttpStatusCode.OK);
        Assert.Contains("R1 A000001", (await Matches("matched")).EnumerateArray().Select(Pair));
        var events = (await _service.GetAsync("/v1/events?type=match.decided"))["items"].EnumerateArray().ToList();
        Assert.Equal(
            ["confirmed", "rejected", "matched"],
            events.Select(one => one.GetProperty("data").GetProperty("state").GetString())
        );
        Assert.NotEmpty((await _service.GetAsync("/v1/events?type=account_list.taken"))["items"].EnumerateArray());
    }

    [Fact]
    public async Task The_map_counts_nine_cells_and_lists_the_accounts_of_each()
    {
        (await Post("", List)).Expect(HttpStatusCode.OK);
        var map = (await _service.GetAsync(Partner + "/account-map")).Expect(HttpStatusCode.OK);
        Assert.Equal(9, map["cells"].GetArrayLength());
        Assert.Equal((4, 1), (map["records"].GetInt32(), map["review"].GetInt32()));
        var listed = 0;
        foreach (var cell in map["cells"].EnumerateArray())
        {
            var address =
                $"{Partner}/account-map/accounts?ours={cell.GetProperty("ours").GetString()}&theirs={cell.GetProperty("theirs").GetString()}";
            var accounts = (await _service.GetAsync(address)).Expect(HttpStatusCode.OK);
            Assert.Equal(cell.GetProperty("count").GetInt32(), accounts["count"].GetInt32());
            var lifts = accounts["items"]
                .EnumerateArray()
                .Select(one => one.GetProperty("lift"))
                .Select(lift => lift.ValueKind == JsonValueKind.Null ? double.MinValue : lift.GetDouble());
            Assert.Equal(lifts.OrderDescending(), lifts);
            listed += accounts["items"].GetArrayLength();
        }
        Assert.True(listed > 2);
        (await _service.GetAsync("/v1/partners/nobody/account-map")).Expect(HttpStatusCode.NotFound);
        (await _service.GetAsync(Partner + "/account-map/accounts?ours=friend&theirs=customer")).Expect(
            HttpStatusCode.BadRequest
        );
    }

    [Fact]
    public async Task What_is_no_list_is_refused_in_one_line_and_nothing_of_the_one_before_ends()
    {
        (await Post("", List)).Expect(HttpStatusCode.OK);
        foreach (
            var bad in (string[])
                ["", "x", "name,population\nA,customer\n", "record_id,name,population\n", "record_id,name\nR1,A\n"]
        )
        {
            var refused = (await Post("", bad)).Expect(HttpStatusCode.BadRequest);
            Assert.NotEmpty(refused["errors"][0].GetProperty("message").GetString()!);
        }
        (await _service.SendAsync(HttpMethod.Post, Partner + "/account-list", "{}", "application/json")).Expect(
            HttpStatusCode.UnsupportedMediaType
        );
        (await Post("?population=friend", List)).Expect(HttpStatusCode.BadRequest);
        (await _service.SendAsync(HttpMethod.Post, "/v1/partners/nobody/account-list", List, "text/csv")).Expect(
            HttpStatusCode.NotFound
        );
        (await _service.SendAsync(HttpMethod.Post, "/v1/partners/P00003/account-list/match")).Expect(HttpStatusCode.NotFound);
        Assert.Equal(2, (await Matches("matched")).GetArrayLength());
    }

    [Fact]
    public async Task With_counts_no_route_and_no_page_says_a_name_of_the_list()
    {
        string[] names = [.. Enumerable.Range(0, 12).Select(i => $"Secretive{(char)('a' + i)} Holdings")];
        var accounts = (await _service.GetAsync("/v1/accounts?limit=12"))["items"].EnumerateArray().ToList();
        // Some match by domain, under a name that only the partner uses; some are nobody we know.
        var list =
            "record_id,name,domain,country,population\n"
            + string.Join(
                '\n',
                names.Select(
                    (name, i) =>
                        $"SECRET-{i},{name},{(i < 8 ? accounts[i].GetProperty("domain").GetString() : "secretive.example")},US,customer"
                )
            );
        (await _service.PutAsync("/v1/partner-sharing/P00002", """{"mode":"counts"}""")).Expect(HttpStatusCode.Created);
        (await Post("", list)).Expect(HttpStatusCode.OK);
        (await _service.RankAsync($$"""{"account_id":"{{accounts[0].GetProperty("account_id").GetString()}}"}""")).ToString();

        var document = JsonElement.Parse((await _service.GetAsync("/openapi/v1.json")).Text);
        var routes = document
            .GetProperty("paths")
            .EnumerateObject()
            .Where(path => path.Value.TryGetProperty("get", out _))
            .SelectMany(path => Filled(path.Name, accounts))
            .Concat(
                CapabilityList
                    .All.SelectMany(capability => capability.Questions)
                    .SelectMany(question => Filled(question.Path, accounts))
            )
            .Concat(
                accounts.SelectMany(account =>
                    (string[])
                        [
                            "/accounts/" + account.GetProperty("account_id").GetString(),
                            $"/accounts/{account.GetProperty("account_id").GetString()}/partners/P00002/why",
                            $"/accounts/{account.GetProperty("account_id").GetString()}/partners/P00002/handoff",
                        ]
                )
            )
            .Concat([
                "/",
                "/deals",
                "/deals?partner=P00002",
                "/models",
                "/import",
                "/search?q=hold",
                "/partners/P00002",
                "/partners/P00002/map",
                "/partners/P00002/review",
            ])
            .Concat([
                "/partners/P00002/matches",
                "/partners/P00002/matches?state=none",
                "/partners/P00002/map/accounts?ours=customer&theirs=customer",
            ])
            .Append("/metrics")
            .ToList();
        Assert.True(routes.Count > 60, $"{routes.Count} routes");
        var answered = 0;
        foreach (var route in routes)
        {
            var answer = await _service.GetAsync(route);
            answered += answer.Status == HttpStatusCode.OK ? 1 : 0;
            Assert.False(SaysSecret(answer.Text), route);
        }
        Assert.True(answered > 40, $"{answered} answered");
        foreach (var action in (string[])["confirm", "reject", "undo"])
            (await Decide("SECRET-1", action, "A000001")).Expect(HttpStatusCode.Forbidden);
        var map = (await _service.GetAsync(Partner + "/account-map")).Expect(HttpStatusCode.OK);
        Assert.All(
            map["cells"].EnumerateArray(),
            cell => Assert.True(cell.GetProperty("shown").GetString() == "< 5" || cell.GetProperty("count").GetInt32() >= 5)
        );
        // The negative control: what is shared is found by the same search.
        (await _service.PutAsync("/v1/partner-sharing/P00002", """{"mode":"fields"}""")).Expect(HttpStatusCode.OK);
        Assert.True(SaysSecret((await _service.GetAsync(Partner + "/matches")).Text));
    }

    /// <summary>A route with ids in the place of its parameters.</summary>
    static IEnumerable<string> Filled(string route, List<JsonElement> accounts)
    {
        if (route.Contains("{id}", StringComparison.Ordinal) && route.StartsWith("/v1/accounts", StringComparison.Ordinal))
            return accounts.Select(account =>
                route.Replace("{id}", account.GetProperty("account_id").GetString(), StringComparison.Ordinal)
            );
        var filled = route
            .Replace("{id}", "P00002", StringComparison.Ordinal)
            .Replace("{model}", "partner-fit", StringComparison.Ordinal)
            .Replace("{record_id}", "SECRET-1", StringComparison.Ordinal);
        return [filled, filled + "?ours=customer&theirs=customer"];
    }

    static bool SaysSecret(string text) =>
        text.Contains("secretive", StringComparison.OrdinalIgnoreCase) || text.Contains("SECRET-", StringComparison.Ordinal);

    Task<Answer> Post(string query, string list) =>
        _service.SendAsync(HttpMethod.Post, Partner + "/account-list" + query, list, "text/csv");

    Task<Answer> Decide(string record, string action, string account) =>
        _service.SendAsync(HttpMethod.Post, $"{Partner}/matches/{record}/{action}", $$"""{"account_id":"{{account}}"}""");

    async Task<JsonElement> Matches(string state) =>
        (await _service.GetAsync($"{Partner}/matches?state={state}")).Expect(HttpStatusCode.OK)["items"];

    async Task<string> WarmPath(string account)
    {
        var answer = await _service.RankAsync(
            $$$"""{"account_id":"{{{account}}}","limit":100,"filters":{"include":["P00002"]}}"""
        );
        var path = answer["partners"].EnumerateArray().Select(one => one.GetProperty("warm_path")).FirstOrDefault();
        return path.ValueKind == JsonValueKind.Object
            ? $"{path.GetProperty("population").GetString()} {path.GetProperty("contact_count").GetInt32()} {path.GetProperty("since").GetString()}"
            : "none";
    }

    static (int, int, int, int, int) Counts(Answer answer) =>
        (
            answer["records"].GetInt32(),
            answer["matched"].GetInt32(),
            answer["review"].GetInt32(),
            answer["none"].GetInt32(),
            answer["rejected"].GetInt32()
        );

    static string Pair(JsonElement match) =>
        $"{match.GetProperty("record_id").GetString()} {match.GetProperty("account_id").GetString()}";
}
