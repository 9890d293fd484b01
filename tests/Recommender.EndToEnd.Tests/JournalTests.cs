using System.Net;
using Dapper;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

public sealed class JournalTests
{
    const string Ask =
        """{"account_id":"A000007","product":"Security","amount":60000,"limit":20,"filters":{"exclude":["P00009"]}}""";

    [Fact]
    public async Task What_was_said_is_kept_and_computed_again_to_the_bit_whatever_came_later()
    {
        using var service = await Service.StartAsync();
        var said = new List<Answer> { await service.RankAsync(Ask) };
        await service.PutAsync("/v1/rules", """{"rules":[{"id":"R1","kind":"registration"}]}""");
        said.Add(await service.RankAsync(Ask));
        await service.BulkAsync(
            """
            {"table":"partners","row":{"partner_id":"P00018","name":"Renamed","tier":"silver"}}
            {"table":"touches","row":{"touch_id":"JT1","account_id":"A000007","partner_id":"P00002","kind":"call","at":"2026-06-20"}}
            {"table":"opportunities","row":{"opportunity_id":"JO1","account_id":"A000007","created_at":"2026-06-20","product":"Security"}}
            {"table":"engagements","row":{"engagement_id":"JE1","opportunity_id":"JO1","partner_id":"P00002","started_at":"2026-06-21"}}
            """
        );
        said.Add(await service.RankAsync(Ask));
        said.Add(await service.RankAsync("""{"account_id":"A000007","as_of":"2025-01-01","limit":10}"""));
        Assert.NotEqual(Service.WithoutId(said[0]), Service.WithoutId(said[2]));
        for (var round = 0; round < 2; round++)
        {
            foreach (var answer in said)
            {
                var id = answer["recommendation_id"].GetString();
                Assert.Equal(answer.Text, (await service.GetAsync("/v1/recommendations/" + id)).Expect(HttpStatusCode.OK).Text);
                var replay = (await service.GetAsync($"/v1/recommendations/{id}/replay")).Expect(HttpStatusCode.OK);
                Assert.True(replay["match"].GetString() == "exact", replay["reason"].ToString());
            }
            await service.RestartAsync();
        }
        (await service.GetAsync("/v1/recommendations/rec_none")).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_is_older_than_the_retention_is_forgotten()
    {
        using var service = await Service.StartAsync("Journal:RetentionDays=30");
        var old = (await service.RankAsync(Ask))["recommendation_id"].GetString();
        var young = (await service.RankAsync(Ask))["recommendation_id"].GetString();
        Assert.NotNull(old);
        await service.RestartAsync();
        // As if the first were made long ago.
        await using (var connection = TestDatabase.Store(service.Database).Connect())
        {
            const string Age = "UPDATE recommendations SET made_at = '2026-01-01T00:00:00.000Z' WHERE recommendation_id = @old";
            Assert.Equal(1, await connection.ExecuteAsync(Age, new { old }));
        }
        await service.RestartAsync();
        await Eventually.IsSoAsync(async () =>
            (await service.GetAsync("/v1/recommendations/" + old)).Status == HttpStatusCode.NotFound
        );
        (await service.GetAsync("/v1/recommendations/" + young)).Expect(HttpStatusCode.OK);
    }
}
