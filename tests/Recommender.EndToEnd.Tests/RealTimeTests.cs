using System.Net;
using System.Text;

namespace Recommender.EndToEnd.Tests;

/// <summary>What was accepted is in the very next answer, and a service that starts again answers the same.</summary>
public sealed class RealTimeTests : IAsyncLifetime
{
    const string Ask = """{"account_id":"A000007","product":"Security","amount":60000,"limit":60}""";
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync();

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Fact]
    public async Task Every_fact_is_in_the_next_recommendation()
    {
        // A partner that did not exist, then its certification, overlap and registration; each changes the very next answer.
        (
            await _service.PutAsync("/v1/partners/NEW", """{"name":"Newcomer","partner_type":"si","industries":"banking"}""")
        ).Expect(HttpStatusCode.Created);
        var before = Partner(await _service.RankAsync(Ask), "NEW");
        Assert.True(before.GetProperty("unproven").GetBoolean());
        Assert.Null(before.GetProperty("warm_path").GetString());
        (
            await _service.BulkAsync(
                """
                {"table":"account_overlaps","row":{"partner_id":"NEW","account_id":"A000007","population":"customer","contact_count":4,"since":"2026-01-01"}}
                """
            )
        ).Expect(HttpStatusCode.OK);
        var overlapping = Partner(await _service.RankAsync(Ask), "NEW");
        Assert.Equal("customer", overlapping.GetProperty("warm_path").GetProperty("population").GetString());
        Assert.NotEqual(before.GetProperty("fit_score").GetDouble(), overlapping.GetProperty("fit_score").GetDouble());
        (
            await _service.PutAsync(
                "/v1/opportunities/NO1",
                """{"account_id":"A000007","product":"Security","amount":1000,"created_at":"2026-06-01"}"""
            )
        ).Expect(HttpStatusCode.Created);
        (
            await _service.PutAsync(
                "/v1/engagements/NE1",
                """{"opportunity_id":"NO1","partner_id":"NEW","started_at":"2026-06-02"}"""
            )
        ).Expect(HttpStatusCode.Created);
        Assert.False(Partner(await _service.RankAsync(Ask), "NEW").GetProperty("unproven").GetBoolean());
        var onDeal = await _service.RankAsync("""{"account_id":"A000007","opportunity_id":"NO1","limit":60}""");
        Assert.Contains(
            onDeal["excluded"].EnumerateArray(),
            left =>
                left.GetProperty("partner_id").GetString() == "NEW" && left.GetProperty("rule").GetString() == "already_engaged"
        );
    }

    [Fact]
    public async Task A_partner_that_declined_is_left_out_for_that_deal_at_once()
    {
        await _service.PutAsync(
            "/v1/opportunities/NO2",
            """{"account_id":"A000007","product":"Security","created_at":"2026-06-01"}"""
        );
        const string Deal = """{"account_id":"A000007","opportunity_id":"NO2","limit":5}""";
        var first = await _service.RankAsync(Deal);
        var best = first["partners"][0].GetProperty("partner_id").GetString();
        var id = first["recommendation_id"].GetString();
        (
            await _service.PostAsync(
                "/v1/feedback",
                $$"""{"recommendation_id":"{{id}}","partner_id":"{{best}}","event":"declined","reason":"no capacity"}""",
                ("Idempotency-Key", "d1")
            )
        ).Expect(HttpStatusCode.Created);
        var next = await _service.RankAsync(Deal);
        Assert.DoesNotContain(
            best,
            next["partners"].EnumerateArray().Select(partner => partner.GetProperty("partner_id").GetString())
        );
        Assert.Contains(next["excluded"].EnumerateArray(), left => left.GetProperty("rule").GetString() == "declined");
        var accepted = next["partners"][0].GetProperty("partner_id").GetString();
        (
            await _service.PostAsync(
                "/v1/feedback",
                $$"""{"recommendation_id":"{{next["recommendation_id"].GetString()}}","partner_id":"{{accepted}}","event":"accepted"}""",
                ("Idempotency-Key", "d2")
            )
        ).Expect(HttpStatusCode.Created);
        Assert.Contains(
            (await _service.RankAsync(Deal))["excluded"].EnumerateArray(),
            left =>
                left.GetProperty("partner_id").GetString() == accepted
                && left.GetProperty("rule").GetString() == "already_engaged"
        );
        (
            await _service.PostAsync(
                "/v1/feedback",
                $$"""{"recommendation_id":"{{id}}","partner_id":"{{accepted}}","event":"won"}""",
                ("Idempotency-Key", "d3")
            )
        ).Expect(HttpStatusCode.Created);
        Assert.Equal("won", (await _service.GetAsync("/v1/opportunities/NO2"))["outcome"].GetString());
    }

    [Fact]
    public async Task The_page_of_a_partner_counts_a_deal_once_and_not_when_its_work_has_ended()
    {
        await _service.PutAsync("/v1/partners/TWICE", """{"name":"Twice","joined_at":"2025-01-01"}""");
        foreach (
            var (deal, product, works) in (IEnumerable<(string, string, string[])>)
                [("NO4", "Both", ["", ""]), ("NO5", "Gone", [""","ended_at":"2026-06-20" """])]
        )
        {
            await _service.PutAsync(
                "/v1/opportunities/" + deal,
                $$"""{"account_id":"A000007","product":"{{product}}","created_at":"2026-06-01"}"""
            );
            for (var e = 0; e < works.Length; e++)
                (
                    await _service.PutAsync(
                        $"/v1/engagements/{deal}-{e}",
                        $$"""{"opportunity_id":"{{deal}}","partner_id":"TWICE","started_at":"2026-06-02"{{works[e]}}}"""
                    )
                ).Expect(HttpStatusCode.Created);
        }
        var page = (await _service.GetAsync("/partners/TWICE")).Expect(HttpStatusCode.OK).Text;
        Assert.Contains("<dt>Open deals</dt><dd>1</dd>", page, StringComparison.Ordinal);
        var open = page[page.IndexOf("<h2>Open work</h2>", StringComparison.Ordinal)..];
        var (atWork, finished) = (
            open[..open.IndexOf("<h2>Last", StringComparison.Ordinal)],
            open[open.IndexOf("<h2>Last", StringComparison.Ordinal)..]
        );
        Assert.Equal(2, atWork.Split("<td>Both</td>").Length);
        Assert.DoesNotContain("Gone", atWork, StringComparison.Ordinal);
        Assert.Contains("open, its work ended", finished, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partner_that_accepts_twice_is_on_the_deal_once()
    {
        await _service.PutAsync(
            "/v1/opportunities/NO3",
            """{"account_id":"A000007","product":"Security","created_at":"2026-06-01"}"""
        );
        var recommended = await _service.RankAsync("""{"account_id":"A000007","opportunity_id":"NO3","limit":2}""");
        async Task<Answer> AcceptAsync(int partner, string key) =>
            (
                await _service.PostAsync(
                    "/v1/feedback",
                    $$"""{"recommendation_id":"{{recommended["recommendation_id"].GetString()}}","partner_id":"{{recommended["partners"][partner].GetProperty("partner_id").GetString()}}","event":"accepted"}""",
                    ("Idempotency-Key", key)
                )
            ).Expect(HttpStatusCode.Created);
        var first = await AcceptAsync(0, "a1");
        Assert.Equal(first.Text, (await AcceptAsync(0, "a2")).Text);
        Assert.NotEqual(first["feedback_id"].GetString(), (await AcceptAsync(1, "a3"))["feedback_id"].GetString());
        Assert.Equal(2, (await _service.GetAsync("/v1/events?type=feedback.taken"))["items"].GetArrayLength());
        // One that was taken back by mistake can be put on again.
        var engagement = first["facts"][1].GetString();
        (await _service.SendAsync(HttpMethod.Delete, "/v1/" + engagement)).Expect(HttpStatusCode.OK);
        Assert.Equal(engagement, (await AcceptAsync(0, "a4"))["facts"][1].GetString());
        (await _service.GetAsync("/v1/" + engagement)).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_restart_gives_the_same_scores_to_the_bit()
    {
        // Facts in a bad order: changed rows, corrected outcomes, late facts, facts of the future, many in one call.
        var random = new Random(17);
        for (var call = 0; call < 12; call++)
        {
            var lines = new StringBuilder();
            for (var i = 0; i < 60; i++)
            {
                var (account, partner, day) = (
                    random.Next(1, 60),
                    random.Next(1, 60),
                    new DateTime(2026, 1, 1).AddDays(random.Next(0, 500))
                );
                var (account_id, partner_id, at) = ($"A{account:000000}", $"P{partner:00000}", $"{day:yyyy-MM-dd}");
                string[] outcomes = ["won", "lost", "open"];
                lines.AppendLine(
                    random.Next(6) switch
                    {
                        0 => Service.Line(
                            "opportunities",
                            new
                            {
                                opportunity_id = $"R{account % 5}-{random.Next(20)}",
                                account_id = $"A{1 + account % 5:000000}",
                                product = "Security",
                                amount = random.Next(1000, 90000),
                                created_at = "2026-02-01",
                                outcome = outcomes[random.Next(3)],
                                closed_at = $"2026-{random.Next(3, 13):00}-01",
                            }
                        ),
                        1 => Service.Line(
                            "engagements",
                            new
                            {
                                engagement_id = $"RE{random.Next(10_000)}",
                                opportunity_id = $"O{random.Next(1, 900):0000000}",
                                partner_id,
                                started_at = at,
                            }
                        ),
                        2 => Service.Line(
                            "touches",
                            new
                            {
                                touch_id = $"RT{random.Next(10_000)}",
                                account_id,
                                partner_id,
                                kind = "call",
                                at,
                            }
                        ),
                        3 => Service.Line(
                            "account_overlaps",
                            new
                            {
                                partner_id,
                                account_id,
                                population = "customer",
                                since = at,
                                contact_count = random.Next(9),
                            }
                        ),
                        4 => Service.Line(
                            "deal_registrations",
                            new
                            {
                                registration_id = $"RR{partner_id}{account_id}",
                                partner_id,
                                account_id,
                                submitted_at = "2026-03-01",
                                status = "approved",
                                decided_at = at,
                            }
                        ),
                        _ => Service.Line(
                            "partners",
                            new
                            {
                                partner_id,
                                name = $"Renamed {i}",
                                tier = "gold",
                            }
                        ),
                    }
                );
            }
            var taken = (await _service.BulkAsync(lines.ToString())).Expect(HttpStatusCode.OK);
            Assert.True(taken["rejected"].GetInt64() < 10, taken.Text);
        }
        var before = new List<string>();
        for (var account = 1; account <= 40; account++)
            before.Add(Service.WithoutId(await _service.RankAsync($$"""{"account_id":"A{{account:000000}}","limit":60}""")));
        await _service.RestartAsync();
        for (var account = 1; account <= 40; account++)
            Assert.Equal(
                before[account - 1],
                Service.WithoutId(await _service.RankAsync($$"""{"account_id":"A{{account:000000}}","limit":60}"""))
            );
    }

    static System.Text.Json.JsonElement Partner(Answer answer, string id) =>
        answer["partners"].EnumerateArray().Single(partner => partner.GetProperty("partner_id").GetString() == id);
}
