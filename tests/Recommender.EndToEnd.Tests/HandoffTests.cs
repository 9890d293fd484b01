using System.Net;

namespace Recommender.EndToEnd.Tests;

/// <summary>The page of a handoff, and its name of before.</summary>
public class HandoffTests
{
    const string Pair = "/accounts/A000007/partners/P00001";

    [Fact]
    public async Task The_old_address_leads_to_the_handoff_for_good()
    {
        using var service = await Service.StartAsync();
        using var client = service.ClientWithoutRedirects();
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post])
        {
            using var old = new HttpRequestMessage(method, Pair + "/handover?deal=none");
            using var answer = await client.SendAsync(old, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.PermanentRedirect, answer.StatusCode);
            Assert.Equal(Pair + "/handoff?deal=none", answer.Headers.Location!.ToString());
        }
        // An id cannot lead elsewhere.
        using var odd = await client.GetAsync(
            "/accounts/%2F%2Fevil.example/partners/a%3Fb/handover",
            TestContext.Current.CancellationToken
        );
        Assert.Equal("/accounts/%2F%2Fevil.example/partners/a%3Fb/handoff", odd.Headers.Location!.ToString());
    }

    [Fact]
    public async Task The_page_names_the_event_that_is_sent()
    {
        using var service = await Service.StartAsync();
        var page = (await service.GetAsync(Pair + "/handoff?deal=none")).Expect(HttpStatusCode.OK).Text;
        Assert.Contains("<code>handoff.sent</code>", page, StringComparison.Ordinal);
        foreach (var path in (string[])["", "/accounts/A000007", Pair, Pair + "/handoff", "/openapi/v1.json"])
            Assert.DoesNotContain(
                "handover",
                (await service.GetAsync(path)).Expect(HttpStatusCode.OK).Text,
                StringComparison.OrdinalIgnoreCase
            );
    }
}
