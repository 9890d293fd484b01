using System.Net;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>Questions about the past have a lane of their own.</summary>
public sealed class PastTests
{
    static string Ask(int i) =>
        $$"""{"account_id":"A{{i % 7 + 1:000000}}","as_of":"{{2023 + i % 3}}-{{i % 12 + 1:00}}-15","limit":10}""";

    /// <summary>More of them than requests may be worked on at once: who asks about now is answered all the same, at once.</summary>
    [Fact]
    public async Task Many_questions_about_the_past_do_not_keep_others_waiting()
    {
        using var service = await Service.StartAsync("Limits:Concurrency=2", "Past:CorePercent=10");
        var past = Enumerable.Range(0, 16).Select(i => service.PostAsync("/v1/partner-recommendations", Ask(i))).ToList();
        await Task.Delay(200, TestContext.Current.CancellationToken);
        var answered = 0;
        while (!past.TrueForAll(task => task.IsCompleted) && answered < 50)
        {
            await service.RankAsync("""{"account_id":"A000007"}""");
            answered++;
        }
        Assert.Equal(50, answered);
        foreach (var task in past)
            Assert.Contains(
                (await task).Status,
                (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.ServiceUnavailable]
            );
    }

    [Fact]
    public async Task Together_in_any_order_and_with_no_snapshots_the_answers_are_the_same()
    {
        var said = new List<List<string>>();
        foreach (
            var settings in (string[][])
                [
                    [],
                    ["Past:Snapshots=0"],
                    ["Past:Snapshots=2", "Past:CorePercent=100"],
                ]
        )
        {
            using var service = await Service.StartAsync(settings);
            var together = await Task.WhenAll(Enumerable.Range(0, 12).Reverse().Select(i => AnsweredAsync(service, Ask(i))));
            said.Add([.. together.Reverse().Select(Text)]);
            var alone = new List<string>();
            for (var i = 0; i < 12; i += 3)
                alone.Add(Text(await AnsweredAsync(service, Ask(i))));
            Assert.Equal(said[^1].Where((_, i) => i % 3 == 0), alone);
        }
        Assert.Equal(said[0], said[1]);
        Assert.Equal(said[0], said[2]);
        Assert.NotEqual(said[0][0], said[0][7]);
    }

    [Fact]
    public async Task More_than_may_wait_are_told_to_come_back()
    {
        using var service = await Service.StartAsync("Past:Waiting=1", "Past:CorePercent=100");
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(i => service.PostAsync("/v1/partner-recommendations", Ask(i)))
        );
        var refused = answers.Where(answer => answer.Status == HttpStatusCode.ServiceUnavailable).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, answer => Assert.NotNull(answer.Headers.RetryAfter));
        (await AnsweredAsync(service, Ask(0))).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task One_who_hangs_up_does_not_keep_the_lane()
    {
        using var service = await Service.StartAsync("Past:CorePercent=10");
        using var hangUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        using var body = new StringContent(Ask(1), System.Text.Encoding.UTF8, "application/json");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            service.Client.PostAsync("/v1/partner-recommendations", body, hangUp.Token)
        );
        (await AnsweredAsync(service, Ask(2))).Expect(HttpStatusCode.OK);
    }

    /// <summary>It is what clients send for a date that is not set: an answer about now would be taken for one about the past.</summary>
    [Theory]
    [InlineData("0001-01-01")]
    [InlineData("0001-01-01T00:00:00.000Z")]
    [InlineData("0001-01-01T00:00:00+02:00")]
    public async Task The_first_day_of_the_calendar_is_no_moment_to_ask_about(string asOf)
    {
        using var service = await Service.StartAsync();
        var ask = $$"""{"account_id":"A000007","as_of":"{{asOf}}"}""";
        var refused = (await service.PostAsync("/v1/partner-recommendations", ask)).Expect(HttpStatusCode.BadRequest);
        Assert.Equal("/as_of", refused["errors"][0].GetProperty("pointer").GetString());
        var batch = await service.SendAsync(HttpMethod.Post, "/v1/partner-recommendations/batch", ask, "application/x-ndjson");
        Assert.Contains("/as_of", batch.Text, StringComparison.Ordinal);
    }

    /// <summary>Asks again while too many wait, as a caller would.</summary>
    static async Task<Answer> AnsweredAsync(Service service, string ask)
    {
        Answer answer;
        do answer = await service.PostAsync("/v1/partner-recommendations", ask);
        while (answer.Status == HttpStatusCode.ServiceUnavailable);
        return answer;
    }

    static string Text(Answer answer) =>
        answer.Status == HttpStatusCode.OK ? Service.WithoutId(answer) : answer.Status.ToString();
}
