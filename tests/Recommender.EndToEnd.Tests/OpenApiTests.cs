using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Recommender.Models;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>The contract: what the document says, that generators accept it, and that every example works.</summary>
public sealed partial class OpenApiTests : IAsyncLifetime
{
    static readonly string _approved = Path.Combine(Sample.Root, "tests/Recommender.EndToEnd.Tests/openapi.v1.json");
    Service _service = null!;

    public async ValueTask InitializeAsync() => _service = await Service.StartAsync("Webhooks:AllowPrivate=true");

    public ValueTask DisposeAsync()
    {
        _service.Dispose();
        return default;
    }

    [Fact]
    public async Task The_document_is_as_approved()
    {
        var found = await Document();
        if (Environment.GetEnvironmentVariable("APPROVE") == "1")
            await File.WriteAllTextAsync(_approved, found, TestContext.Current.CancellationToken);
        var approved = await File.ReadAllTextAsync(_approved, TestContext.Current.CancellationToken);
        Assert.True(approved == found, "The API changed. Look at the change, then: APPROVE=1 dotnet test -c Release");
    }

    [Fact]
    public async Task A_linter_finds_no_fault_and_a_generated_typescript_client_compiles()
    {
        await Npm.NeedAsync();
        var document = Path.Combine(Npm.Folder, "gen", "openapi.json");
        Directory.CreateDirectory(Path.GetDirectoryName(document)!);
        await File.WriteAllTextAsync(document, await Document(), TestContext.Current.CancellationToken);
        foreach (
            var command in (string[])
                [
                    "redocly lint gen/openapi.json --config redocly.yaml",
                    "openapi-ts -i ./gen/openapi.json -o gen/client",
                    "tsc -p .",
                ]
        )
        {
            var (code, output) = await Npm.RunAsync("npx", ["--no-install", .. command.Split(' ')]);
            Assert.True(code == 0, $"{command}: {output}");
        }
        // The negative control: a property that the contract does not have must not compile.
        var wrong = Path.Combine(Npm.Folder, "gen", "wrong.ts");
        await File.WriteAllTextAsync(
            wrong,
            "import { recommendPartners } from \"./client\";\nexport const x = recommendPartners({ body: { account: \"A1\" } });\n",
            TestContext.Current.CancellationToken
        );
        var (refused, _) = await Npm.RunAsync("npx", "--no-install", "tsc", "-p", ".");
        File.Delete(wrong);
        Assert.NotEqual(0, refused);
    }

    [Fact]
    public async Task Every_example_of_the_document_works()
    {
        var paths = JsonElement.Parse(await Document()).GetProperty("paths");
        var tried = 0;
        // Rows first, and what takes them out last: other calls are about them.
        int Turn(JsonProperty path) =>
            path.Value.TryGetProperty("put", out _) ? 0
            : path.Name.EndsWith("/merge", StringComparison.Ordinal) ? 2
            : 1;
        // One for each thing that may be done with a registration.
        foreach (
            var (id, status) in ((string, string)[])
                [
                    ("approve", "submitted"),
                    ("reject", "submitted"),
                    ("extend", "approved"),
                    ("withdraw", "approved"),
                    ("convert", "approved"),
                ]
        )
            (
                await _service.PutAsync(
                    "/v1/deal-registrations/EX-" + id,
                    $$"""{"partner_id":"P00001","account_id":"A000069","product":"{{id}}","submitted_at":"2026-01-01","status":"{{status}}","expires_at":"2099-01-01"}"""
                )
            ).Expect(HttpStatusCode.Created);
        // And one conflict.
        foreach (var partner in (string[])["P00001", "P00018"])
            (
                await _service.PutAsync(
                    "/v1/deal-registrations/EX-" + partner,
                    $$"""{"partner_id":"{{partner}}","account_id":"A000069","product":"conflict","submitted_at":"2026-01-01","status":"submitted"}"""
                )
            ).Expect(HttpStatusCode.Created);
        var conflicts = (await _service.GetAsync("/v1/conflicts?account_id=A000069&kind=second_registration")).Expect(
            HttpStatusCode.OK
        );
        var conflict = Assert.Single(conflicts["items"].EnumerateArray()).GetProperty("conflict_id").GetString();
        // Leads that nobody has, and some that are offered; and who may be given one.
        (await _service.PutAsync("/v1/reps/seller03", "{}")).Expect(HttpStatusCode.Created);
        foreach (var id in (string[])["route", "assign", "withdraw"])
            (
                await _service.PutAsync(
                    "/v1/leads/EX-" + id,
                    """{"account_id":"A000069","product":"Security","created_at":"2020-01-01"}"""
                )
            ).Expect(HttpStatusCode.Created);
        foreach (var id in (string[])["accept", "decline"])
            (
                await _service.SendAsync(
                    HttpMethod.Post,
                    "/v1/leads",
                    $$"""{"lead_id":"EX-{{id}}","account_id":"A000069","product":"Security"}""",
                    "application/json",
                    ("Idempotency-Key", "EX-" + id)
                )
            ).Expect(HttpStatusCode.Created);
        // Handoffs, each where something may be done with it, and a deal that one became.
        (
            await _service.PutAsync(
                "/v1/opportunities/O-3001",
                """{"account_id":"A000069","product":"Data","created_at":"2026-01-05"}"""
            )
        ).Expect(HttpStatusCode.Created);
        foreach (
            var (id, steps) in ((string, string[])[])
                [
                    ("edit", []),
                    ("link", []),
                    ("send", []),
                    ("withdraw", []),
                    ("accept", ["send"]),
                    ("decline", ["send"]),
                    ("introduce", ["send", "accept"]),
                    ("meet", ["send", "accept"]),
                    ("rate", ["send", "accept"]),
                ]
        )
        {
            (
                await _service.PutAsync(
                    "/v1/handoffs/EX-" + id,
                    """{"direction":"given","partner_id":"P00001","account_id":"A000069","created_at":"2026-01-05"}"""
                )
            ).Expect(HttpStatusCode.Created);
            foreach (var step in steps)
                (await _service.PostAsync($"/v1/handoffs/EX-{id}/{step}", "{}")).Expect(HttpStatusCode.OK);
        }
        foreach (var path in paths.EnumerateObject().OrderBy(Turn))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var answers = operation.Value.GetProperty("responses").EnumerateObject().First(one => one.Name.StartsWith('2'));
                Assert.True(
                    answers.Value.TryGetProperty("content", out var answered)
                        && answered
                            .EnumerateObject()
                            .All(one => one.Name == "application/x-ndjson" || one.Value.TryGetProperty("example", out _)),
                    $"{operation.Name} {path.Name} has no example of an answer"
                );
                if (!operation.Value.TryGetProperty("requestBody", out var body))
                    continue;
                var media = body.GetProperty("content").EnumerateObject().First();
                Assert.True(
                    media.Value.TryGetProperty("example", out var example),
                    $"{operation.Name} {path.Name} has no example"
                );
                var text = media.Name is "application/x-ndjson" or "text/csv" ? example.GetString()! : example.GetRawText();
                var address = path
                    .Name.Replace("{model}", ModelPackage.PartnerFit, StringComparison.Ordinal)
                    .Replace(
                        "{id}",
                        path.Name.StartsWith("/v1/deal-registrations/{id}/", StringComparison.Ordinal)
                                ? "EX-" + path.Name.Split('/')[^1]
                            : path.Name.StartsWith("/v1/conflicts/", StringComparison.Ordinal) ? conflict
                            : path.Name.StartsWith("/v1/leads/{id}/", StringComparison.Ordinal)
                            || path.Name.StartsWith("/v1/handoffs/{id}/", StringComparison.Ordinal)
                                ? "EX-" + path.Name.Split('/')[^1]
                            : path.Name.StartsWith("/v1/lead-offers/{id}/", StringComparison.Ordinal)
                                ? $"EX-{path.Name.Split('/')[^1]}.1"
                            : "EX1",
                        StringComparison.Ordinal
                    )
                    .Replace("{externalId}", "EX2", StringComparison.Ordinal)
                    .Replace("{record_id}", "R1", StringComparison.Ordinal);
                Answer answer = null!;
                // After an erasure a shared database is folded anew, and until then nobody decides: Retry-After.
                await Eventually.IsSoAsync(async () =>
                {
                    answer = await _service.SendAsync(
                        new(operation.Name.ToUpperInvariant()),
                        address,
                        text,
                        media.Name,
                        ("Idempotency-Key", address)
                    );
                    return answer.Status != HttpStatusCode.ServiceUnavailable;
                });
                Assert.True(
                    (int)answer.Status is >= 200 and < 300,
                    $"{operation.Name} {address}: {(int)answer.Status} {answer.Text}"
                );
                tried++;
            }
        }
        Assert.True(tried >= 17, $"{tried} examples");
    }

    [Fact]
    public async Task Every_request_of_recommender_http_works()
    {
        var text = await File.ReadAllTextAsync(
            Path.Combine(Sample.Root, "docs/recommender.http"),
            TestContext.Current.CancellationToken
        );
        var tried = 0;
        foreach (var part in text.Split("###", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = part.Replace("{{host}}", "", StringComparison.Ordinal)
                .Split('\n')
                .SkipWhile(line => !Request().IsMatch(line))
                .ToList();
            if (lines.Count == 0)
                continue;
            var first = lines[0].Trim().Split(' ');
            var headers = lines.Skip(1).TakeWhile(line => line.Trim().Length > 0).Select(line => line.Split(": ", 2)).ToList();
            var body = string.Join('\n', lines.Skip(2 + headers.Count)).Trim();
            var answer = await _service.SendAsync(
                new(first[0]),
                first[1],
                body.Length > 0 ? body : null,
                headers.FirstOrDefault(header => header[0] == "Content-Type")?[1].Trim() ?? "application/json",
                [
                    .. headers
                        .Where(header => header[0] is not ("Content-Type" or "Authorization"))
                        .Select(header => (header[0], header[1].Trim())),
                ]
            );
            Assert.True((int)answer.Status is >= 200 and < 300, $"{lines[0]}: {(int)answer.Status} {answer.Text}");
            tried++;
        }
        Assert.True(tried >= 12, $"{tried} requests");
    }

    [Fact]
    public async Task A_batch_answers_line_by_line_and_a_bad_line_does_not_stop_it()
    {
        var answer = await _service.SendAsync(
            HttpMethod.Post,
            "/v1/partner-recommendations/batch",
            "{\"account_id\":\"A000007\",\"limit\":2}\n\n{\"account_id\":\"nobody\"}\nno json\n{\"account_id\":\"A000008\",\"limit\":1}",
            "application/x-ndjson"
        );
        answer.Expect(HttpStatusCode.OK);
        var lines = answer
            .Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line))
            .ToList();
        Assert.Equal(4, lines.Count);
        Assert.Equal("A000007", lines[0].GetProperty("account_id").GetString());
        Assert.Equal((2, 404), (lines[1].GetProperty("line").GetInt32(), lines[1].GetProperty("status").GetInt32()));
        Assert.Equal(400, lines[2].GetProperty("status").GetInt32());
        Assert.Equal("A000008", lines[3].GetProperty("account_id").GetString());
    }

    async Task<string> Document()
    {
        var answer = (await _service.GetAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK);
        return JsonNode.Parse(answer.Text)!.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    [GeneratedRegex("^(GET|POST|PUT|DELETE) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Request();
}
