using System.Net;
using System.Text.Json;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

public sealed class RulesAndOpportunitiesTests : IAsyncLifetime
{
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync("Index:CorePercent=100");

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Fact]
    public async Task Rules_hold_from_the_next_answer_on_and_a_wrong_one_changes_nothing()
    {
        const string Ask = """{"account_id":"A000007","limit":100}""";
        var before = await _service.RankAsync(Ask);
        var best = before["partners"][0].GetProperty("partner_id").GetString();
        var rules =
            $$"""{"rules":[{"id":"ROE-7","kind":"do_not_share","partners":{"partner_id":["{{best}}"]},"detail":"Competes here"}]}""";
        var tag = (await _service.GetAsync("/v1/rules")).ETag!;
        (await _service.PutAsync("/v1/rules", rules, ("If-Match", tag))).Expect(HttpStatusCode.OK);
        var after = await _service.RankAsync(Ask);
        Assert.Equal(1, after["rules_version"].GetInt64());
        var left = Assert.Single(after["excluded"].EnumerateArray());
        Assert.Equal((best, "ROE-7", "Competes here"), (Text(left, "partner_id"), Text(left, "rule"), Text(left, "detail")));
        Assert.NotEqual(best, after["partners"][0].GetProperty("partner_id").GetString());
        var refused = (await _service.PutAsync("/v1/rules", "{\"rules\":[\n{\"id\":\"a\",\"kind\":\"wrong\"}]}")).Expect(
            HttpStatusCode.BadRequest
        );
        Assert.Equal("line 2", refused["errors"][0].GetProperty("pointer").GetString());
        (await _service.PutAsync("/v1/rules", rules, ("If-Match", tag))).Expect(HttpStatusCode.PreconditionFailed);
        Assert.Equal(1, (await _service.RankAsync(Ask))["rules_version"].GetInt64());
        await _service.RestartAsync();
        Assert.Equal(1, (await _service.RankAsync(Ask))["rules_version"].GetInt64());
    }

    [Fact]
    public async Task A_rule_on_a_column_that_nothing_has_is_refused_and_one_spelt_otherwise_protects()
    {
        (await _service.PutAsync("/v1/accounts/RU1", """{"name":"RU","Segment":"Strategic "}""")).Expect(HttpStatusCode.Created);
        const string Wrong = """{"rules":[{"id":"S","kind":"house_account","accounts":{"segmant":["strategic"]}}]}""";
        var refused = (await _service.PutAsync("/v1/rules", Wrong)).Expect(HttpStatusCode.BadRequest);
        Assert.Equal("/rules/0/accounts/segmant", refused["errors"][0].GetProperty("pointer").GetString());
        Assert.Contains("'Segment'", refused["errors"][0].GetProperty("message").GetString(), StringComparison.Ordinal);
        (await _service.PutAsync("/v1/rules", Wrong.Replace("segmant", "segment", StringComparison.Ordinal))).Expect(
            HttpStatusCode.OK
        );
        Assert.Empty((await _service.RankAsync("""{"account_id":"RU1"}"""))["partners"].EnumerateArray());
    }

    [Theory]
    [InlineData(60, 1e9)]
    [InlineData(3, 0.01)]
    public async Task Read_page_by_page_each_deal_comes_once_though_one_moves_meanwhile(int place, double amount)
    {
        await IndexedAsync();
        async Task<List<string>> WalkAsync(Func<Task> afterTheFirst)
        {
            var ids = new List<string>();
            string? cursor = null;
            do
            {
                var page = (
                    await _service.PostAsync(
                        "/v1/opportunity-recommendations",
                        JsonSerializer.Serialize(new { limit = 20, cursor })
                    )
                ).Expect(HttpStatusCode.OK);
                ids.AddRange(page["items"].EnumerateArray().Select(item => Text(item, "opportunity_id")!));
                if (cursor is null)
                    await afterTheFirst();
                cursor = page["pagination"].GetProperty("next_cursor").GetString();
                Assert.Equal(cursor is not null, page["pagination"].GetProperty("has_more").GetBoolean());
            } while (cursor is not null);
            return ids;
        }
        var before = await WalkAsync(() => Task.CompletedTask);
        var moved = before[place];
        var row = System.Text.Json.Nodes.JsonNode.Parse((await _service.GetAsync("/v1/opportunities/" + moved)).Text)!.AsObject();
        row.Remove("recorded_at");
        row["amount"] = amount;
        var meanwhile = await WalkAsync(async () =>
        {
            (await _service.PutAsync("/v1/opportunities/" + moved, row.ToJsonString())).Expect(HttpStatusCode.OK);
            await IndexedAsync();
            Assert.NotEqual(before, await WalkAsync(() => Task.CompletedTask));
        });
        // Two that weigh nearly the same may change places from one reading to the next, since it is about now.
        Assert.Equal(before.Order(), meanwhile.Order());
    }

    [Fact]
    public async Task A_cursor_is_good_for_its_own_list_only_and_of_one_that_is_not_kept_the_caller_is_told()
    {
        await IndexedAsync();
        var cursor = (await _service.PostAsync("/v1/opportunity-recommendations", """{"limit":5}"""))["pagination"]
            .GetProperty("next_cursor")
            .GetString();
        // The same list can be told again, after a restart or by another replica.
        await _service.RestartAsync();
        await IndexedAsync();
        var next = await _service.PostAsync("/v1/opportunity-recommendations", $$"""{"limit":5,"cursor":"{{cursor}}"}""");
        Assert.Equal(6, next.Expect(HttpStatusCode.OK)["items"][0].GetProperty("rank").GetInt32());
        await _service.RestartAsync();
        await IndexedAsync();
        var other = await _service.PostAsync(
            "/v1/opportunity-recommendations",
            $$"""{"limit":5,"cursor":"{{cursor}}","account_id":"A000007"}"""
        );
        Assert.Equal("cursor_expired", other.Expect(HttpStatusCode.Gone)["code"].GetString());
        (await _service.PostAsync("/v1/opportunity-recommendations", """{"cursor":"MQ"}""")).Expect(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_search_read_page_by_page_gives_each_account_once_though_one_is_renamed_meanwhile()
    {
        async Task<List<string>> WalkAsync(Func<Task> afterTheFirst)
        {
            var ids = new List<string>();
            string? address = "/v1/accounts?q=a&limit=50";
            for (var first = true; address is not null; first = false)
            {
                var page = (await _service.GetAsync(address)).Expect(HttpStatusCode.OK);
                ids.AddRange(page["items"].EnumerateArray().Select(item => Text(item, "account_id")!));
                if (first)
                    await afterTheFirst();
                address = page["pagination"].GetProperty("next_href").GetString();
            }
            return ids;
        }
        var before = await WalkAsync(() => Task.CompletedTask);
        Assert.True(before.Count > 100);
        var meanwhile = await WalkAsync(async () =>
            (await _service.PutAsync("/v1/accounts/" + before[^1], """{"name":"aaaa"}""")).Expect(HttpStatusCode.OK)
        );
        Assert.Equal(before, meanwhile);
    }

    [Fact]
    public async Task Open_deals_come_by_what_the_best_partner_would_add_and_a_page_is_what_ranking_says()
    {
        await IndexedAsync();
        var items = new List<JsonElement>();
        string? cursor = null;
        do
        {
            var page = (
                await _service.PostAsync(
                    "/v1/opportunity-recommendations",
                    cursor is null ? """{"limit":40}""" : $$"""{"limit":40,"cursor":"{{cursor}}"}"""
                )
            ).Expect(HttpStatusCode.OK);
            items.AddRange(page["items"].EnumerateArray());
            cursor = page["pagination"].GetProperty("next_cursor").GetString();
            Assert.Equal(0, page["waiting_to_be_indexed"].GetInt32());
        } while (cursor is not null);
        Assert.True(items.Count > 50, $"{items.Count} open deals");
        Assert.Equal(items.Count, items.Select(item => Text(item, "opportunity_id")).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, items.Count), items.Select(item => item.GetProperty("rank").GetInt32()));
        var priorities = items.Select(item => Number(item, "priority") ?? double.NegativeInfinity).ToList();
        Assert.Equal(priorities.OrderDescending(), priorities);
        foreach (var item in items.Take(5))
        {
            var partner = item.GetProperty("partner");
            var direct = await _service.RankAsync(
                $$"""{"account_id":"{{Text(item, "account_id")}}","opportunity_id":"{{Text(item, "opportunity_id")}}","limit":5}"""
            );
            var same = direct["partners"]
                .EnumerateArray()
                .Single(other => Text(other, "partner_id") == Text(partner, "partner_id"));
            Assert.Equal(Number(same, "lift"), Number(partner, "lift"));
            // No other of its five best partners by fit would add more.
            Assert.True(
                direct["partners"]
                    .EnumerateArray()
                    .All(other => (Number(other, "lift") ?? double.MinValue) <= (Number(partner, "lift") ?? double.MinValue))
            );
            Assert.NotEmpty(partner.GetProperty("reasons").EnumerateArray());
            if (Number(item, "priority") is { } priority)
                Assert.Equal(
                    Number(partner, "lift")!.Value * Number(item, "amount_in_base")!.Value * Number(item, "urgency")!.Value,
                    priority,
                    1e-6
                );
        }
    }

    [Fact]
    public async Task A_fact_moves_the_list_at_once_and_lists_can_be_asked_for_an_owner_and_a_partner()
    {
        await IndexedAsync();
        (
            await _service.PutAsync(
                "/v1/opportunities/BIG",
                """{"account_id":"A000007","product":"Security","amount":900000000,"created_at":"2026-06-01","expected_close_at":"2026-12-01","owner":"dana"}"""
            )
        ).Expect(HttpStatusCode.Created);
        var mine = (await _service.PostAsync("/v1/opportunity-recommendations", """{"owner":"dana"}""")).Expect(
            HttpStatusCode.OK
        );
        Assert.Equal("BIG", Text(Assert.Single(mine["items"].EnumerateArray()), "opportunity_id"));
        var partner = Text(mine["items"][0].GetProperty("partner"), "partner_id");
        var theirs = (
            await _service.PostAsync("/v1/opportunity-recommendations", $$"""{"partner_id":"{{partner}}","limit":100}""")
        ).Expect(HttpStatusCode.OK);
        Assert.Contains(theirs["items"].EnumerateArray(), item => Text(item, "opportunity_id") == "BIG");
        Assert.All(
            theirs["items"].EnumerateArray(),
            item => Assert.Equal(partner, Text(item.GetProperty("partner"), "partner_id"))
        );
        await _service.PutAsync(
            "/v1/opportunities/BIG",
            """{"account_id":"A000007","product":"Security","amount":900000000,"created_at":"2026-06-01","outcome":"lost","closed_at":"2026-06-20","owner":"dana"}"""
        );
        Assert.Empty(
            (await _service.PostAsync("/v1/opportunity-recommendations", """{"owner":"dana"}"""))["items"].EnumerateArray()
        );
        (await _service.PostAsync("/v1/opportunity-recommendations", """{"partner_id":"nobody"}""")).Expect(
            HttpStatusCode.NotFound
        );
    }

    Task IndexedAsync() =>
        Eventually.IsSoAsync(async () =>
            (await _service.PostAsync("/v1/opportunity-recommendations", """{"limit":1}"""))["waiting_to_be_indexed"].GetInt32()
            == 0
        );

    static string? Text(JsonElement item, string property) => item.GetProperty(property).GetString();

    static double? Number(JsonElement item, string property) =>
        item.GetProperty(property) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
}
