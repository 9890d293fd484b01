using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Records;

namespace Recommender.Api.Endpoints;

/// <summary>A question about an account.</summary>
sealed record PartnerRecommendationsRequest
{
    static readonly string[] _objectives = ["fit", "win_probability", "expected_value", "lift"];

    /// <summary>The account.</summary>
    public required string AccountId { get; init; }

    /// <summary>A deal of the account; without it product and amount may be given.</summary>
    public string? OpportunityId { get; init; }

    /// <summary>What is to be sold.</summary>
    public string? Product { get; init; }

    /// <summary>What it is worth, zero or more.</summary>
    public double? Amount { get; init; }

    /// <summary>How many partners at most, 1 to 100.</summary>
    public int Limit { get; set; } = 10;

    /// <summary>fit (who gets chosen and wins), win_probability, expected_value or lift.</summary>
    public string Objective { get; set; } = "fit";

    /// <summary>Which partners to rank; applied before the cut to limit.</summary>
    public PartnerFilter? Filters { get; init; }

    /// <summary>Answer from what was known strictly before this moment, not later than now. Slower than an answer about now.</summary>
    public string? AsOf { get; init; }

    /// <summary>What is asked, as of a moment; default for now.</summary>
    internal RankingRequest Question(DateTime asOf) =>
        new(AccountId, asOf)
        {
            OpportunityId = CoSell.OpportunityId.OrNone(OpportunityId),
            Product = Product,
            Amount = Amount,
            Limit = Limit,
            Filters = Filters,
            Objective = Objective switch
            {
                "fit" => Ranking.Objective.Fit,
                "lift" => Ranking.Objective.Lift,
                _ => Ranking.Objective.WinProbability,
            },
        };

    /// <summary>What is wrong with it; asOf is the moment it asks about, default for now.</summary>
    internal List<ProblemError> Faults(DateTime now, out DateTime asOf)
    {
        var faults = new List<ProblemError>();
        asOf = default;
        if (AccountId is not { Length: > 0 and <= JsonRow.LongestId })
            faults.Add(new("/account_id", $"Expected 1 to {JsonRow.LongestId} characters."));
        if (OpportunityId is { Length: 0 or > JsonRow.LongestId })
            faults.Add(new("/opportunity_id", $"Expected 1 to {JsonRow.LongestId} characters."));
        if (Product is { Length: > JsonRow.LongestId })
            faults.Add(new("/product", $"Expected at most {JsonRow.LongestId} characters."));
        if (Limit is < 1 or > 100)
            faults.Add(new("/limit", FormattableString.Invariant($"Found {Limit}; expected 1 to 100.")));
        if (Amount is { } amount && !(amount >= 0 && double.IsFinite(amount)))
            faults.Add(new("/amount", "Expected a number, zero or more."));
        if (OpportunityId is not null && (Product is not null || Amount is not null))
            faults.Add(new("/opportunity_id", "Expected either a deal, or product and amount."));
        if (!_objectives.Contains(Objective))
            faults.Add(new("/objective", $"Expected one of {string.Join(", ", _objectives)}."));
        if (Filters is { } filters)
            faults.AddRange(FaultsOf(filters));
        if (AsOf is { } text)
        {
            if (!Instants.TryParse(text, out asOf))
                faults.Add(new("/as_of", "Expected an ISO 8601 date or instant such as 2026-01-31 or 2026-01-31T09:30:00Z."));
            else if (asOf.Date == default)
                faults.Add(
                    new(
                        "/as_of",
                        "Found the first day of the calendar, which clients send for none; leave as_of out to ask about now."
                    )
                );
            else if (asOf > now)
                faults.Add(new("/as_of", "Found a moment to come; expected one not later than now."));
        }
        return faults;
    }

    static IEnumerable<ProblemError> FaultsOf(PartnerFilter filters)
    {
        if (filters.Known is not (null or "new" or "known"))
            yield return new("/filters/known", "Expected new or known.");
        foreach (
            var (name, list) in (IEnumerable<(string, IReadOnlyList<string>?)>)
                [
                    ("partner_types", filters.PartnerTypes),
                    ("tiers", filters.Tiers),
                    ("regions", filters.Regions),
                    ("industries", filters.Industries),
                    ("competencies", filters.Competencies),
                    ("include", filters.Include),
                    ("exclude", filters.Exclude),
                ]
        )
        {
            if (list is { Count: > 1000 } || list?.Any(value => value is null or { Length: > JsonRow.LongestId }) == true)
                yield return new("/filters/" + name, $"Expected at most 1000 texts of at most {JsonRow.LongestId} characters.");
        }
    }
}

/// <summary>Ranked partners for an account.</summary>
sealed record PartnerRecommendationsResponse
{
    public required string RecommendationId { get; init; }

    public required string AccountId { get; init; }

    public string? OpportunityId { get; init; }

    /// <summary>What was seen strictly before this moment counts.</summary>
    public required DateTime AsOf { get; init; }

    public required IReadOnlyDictionary<string, string> ModelVersions { get; init; }

    /// <summary>The version of the rules; 0 if there are none.</summary>
    public required long RulesVersion { get; init; }

    /// <summary>The baseline that answered, or null if the model did.</summary>
    public string? Fallback { get; init; }

    /// <summary>How many partners were ranked.</summary>
    public required int Candidates { get; init; }

    /// <summary>The score of an average candidate; contributions add up from here.</summary>
    public required double ExpectedScore { get; init; }

    public required IReadOnlyList<RecommendedPartner> Partners { get; init; }

    /// <summary>Partners that a rule left out, at most 1,000.</summary>
    public required IReadOnlyList<ExcludedPartner> Excluded { get; init; }

    /// <summary>How many a rule left out.</summary>
    public required int ExcludedCount { get; init; }

    /// <summary>What the numbers are not.</summary>
    public string Note { get; } = "lift is an estimate from observed deals, not an experiment; null means unknown";

    internal static PartnerRecommendationsResponse Of(string id, Recommendation answer) =>
        new()
        {
            RecommendationId = id,
            AccountId = answer.AccountId,
            OpportunityId = answer.OpportunityId,
            AsOf = answer.AsOf,
            ModelVersions = answer.ModelVersions,
            RulesVersion = answer.RulesVersion,
            Fallback = answer.Fallback,
            Candidates = answer.Candidates,
            ExpectedScore = answer.ExpectedScore,
            Partners = answer.Partners,
            Excluded = answer.Excluded,
            ExcludedCount = answer.ExcludedCount,
        };
}

/// <summary>A line of a batch that has no answer.</summary>
sealed record BatchError(long Line, int Status, string Code, string Detail);

/// <summary>An answer that was given.</summary>
/// <param name="RecommendationId">Its id in the journal.</param>
/// <param name="Recommendation">What it says.</param>
/// <param name="IsKept">The journal keeps it.</param>
public sealed record GivenRecommendation(string RecommendationId, Recommendation Recommendation, bool IsKept);

static class PartnerRecommendationsApi
{
    public static void MapPartnerRecommendations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1").RequireAuthorization("recommend").WithTags("Recommendations");
        group
            .MapPost("/partner-recommendations", RankAsync)
            .WithName("RecommendPartners")
            .Accepts<PartnerRecommendationsRequest>("application/json");
        group
            .MapPost("/partner-recommendations/batch", BatchAsync)
            .WithName("RecommendPartnersBatch")
            .Accepts<PartnerRecommendationsRequest>("application/x-ndjson")
            .WithRequestTimeout("bulk")
            .WithMetadata(new InLane(Lane.Batch));
    }

    /// <summary>Ranked partners for an account or one of its deals</summary>
    public static async Task<Results<Json<PartnerRecommendationsResponse>, BadContent, Invalid, NotFound, Unavailable>> RankAsync(
        HttpContext http,
        LiveRecommender live,
        Microsoft.Extensions.Options.IOptions<RecommenderOptions> options
    )
    {
        var (bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, "application/json");
        if (bytes is null)
            return problem!;
        if (!live.Answers)
            return Problems.NotReady(http);
        return await AnswerAsync(http, live, bytes);
    }

    static async Task<Results<Json<PartnerRecommendationsResponse>, BadContent, Invalid, NotFound, Unavailable>> AnswerAsync(
        HttpContext http,
        LiveRecommender live,
        byte[] bytes
    )
    {
        var (request, problem) = Body.Parse(bytes, ApiJson.Default.PartnerRecommendationsRequest);
        if (request is null)
            return problem!;
        if (request.Faults(live.Now(), out var asOf) is { Count: > 0 } faults)
            return Problems.Invalid(faults);
        var room = JsonRoom.Take();
        try
        {
            if (await RecommendAsync(live, Caller.Of(http), request, bytes, asOf, room, http.RequestAborted) is not { } said)
            {
                room.Dispose();
                return Problems.NotFound(
                    request.OpportunityId is null
                        ? "No such account."
                        : "No such account, or the opportunity is not one of its own."
                );
            }
            if (!said.IsKept)
                http.Response.Headers["Recommendation-Kept"] = "false";
            return new Json<PartnerRecommendationsResponse>(room.Written, room);
        }
        catch (TimeoutException e)
        {
            room.Dispose();
            return Problems.Busy(http, e.Message, "overloaded");
        }
    }

    /// <summary>Answers a question and notes it in the journal; null if there is no such account or deal.</summary>
    /// <param name="live">What answers.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="request">The question.</param>
    /// <param name="bytes">The same as it was sent.</param>
    /// <param name="asOf">The past moment that is asked about; default for now.</param>
    /// <param name="room">Where the answer is written as JSON.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="isSeen">A page shows it.</param>
    /// <exception cref="TimeoutException">Too many ask about the past.</exception>
    public static async Task<GivenRecommendation?> RecommendAsync(
        LiveRecommender live,
        string caller,
        PartnerRecommendationsRequest request,
        byte[] bytes,
        DateTime asOf,
        JsonRoom room,
        CancellationToken cancel,
        bool isSeen = false
    )
    {
        var question = request.Question(asOf);
        Answered? answered;
        if (asOf == default)
            answered = live.Rank(question);
        else
        {
            var now = live.Read((_, now) => now);
            var past = await live.Past.RankAsync(question, now, live.Rules, null, cancel);
            answered = past is null ? null : new(past, now);
        }
        if (answered is null)
            return null;
        var recommendation = answered.Recommendation;
        var id = JournalEntry.NewId(isSeen);
        room.Write(PartnerRecommendationsResponse.Of(id, recommendation), ApiJson.Default.PartnerRecommendationsResponse);
        Telemetry.Ranked(recommendation.Candidates);
        var isKept = live.Journal.Add(
            new(
                id,
                answered.MadeAt,
                recommendation.AsOf,
                live.Epoch,
                request.AccountId,
                request.OpportunityId,
                caller,
                recommendation.RulesVersion,
                bytes,
                PackedJson.Of(room.Written.Span)
            )
        );
        return new(id, recommendation, isKept);
    }

    /// <summary>Many questions as NDJSON, answered line by line as NDJSON while they are read</summary>
    public static async Task<Results<NdjsonStream<PartnerRecommendationsResponse>, BadContent, Unavailable>> BatchAsync(
        HttpContext http,
        LiveRecommender live,
        Microsoft.Extensions.Options.IOptions<RecommenderOptions> options
    )
    {
        var limits = options.Value.Limits;
        if (!Body.IsOf(http, "application/x-ndjson"))
            return Problems.OtherType("application/x-ndjson");
        if (http.Request.ContentLength > limits.BulkBytes)
            return Problems.TooLarge(limits.BulkBytes);
        if (!live.Answers)
            return Problems.NotReady(http);
        return new NdjsonStream<PartnerRecommendationsResponse>(() => AnswerLinesAsync(http, live, limits));
    }

    static async Task AnswerLinesAsync(HttpContext http, LiveRecommender live, RecommenderOptions.LimitsOptions limits)
    {
        long line = 0;
        using var room = JsonRoom.Take();
        await foreach (var (bytes, fault) in Ndjson.ReadAsync(http.Request.BodyReader, limits.BodyBytes, http.RequestAborted))
        {
            line++;
            if (line > limits.BulkRows)
                await WriteAsync(
                    413,
                    "batch_too_large",
                    FormattableString.Invariant($"Expected at most {limits.BulkRows} lines; the rest is not answered.")
                );
            else if (fault is not null)
                await WriteAsync(400, "invalid_request", fault);
            else
                switch ((await AnswerAsync(http, live, bytes!)).Result)
                {
                    case Problem problem:
                        await WriteAsync(
                            problem.Status,
                            problem.Code,
                            problem.Errors.Count == 0
                                ? problem.Detail
                                : string.Join(" ", problem.Errors.Select(one => $"{one.Pointer}: {one.Message}"))
                        );
                        break;
                    case Json<PartnerRecommendationsResponse> answer:
                        using (answer)
                            await Limits.AsideAsync(
                                http.Response.BodyWriter.WriteAsync(answer.Body, http.RequestAborted).AsTask()
                            );
                        break;
                }
            await http.Response.BodyWriter.WriteAsync("\n"u8.ToArray(), http.RequestAborted);
            if (line > limits.BulkRows)
                break;
        }

        async Task WriteAsync(int status, string code, string detail)
        {
            room.Write(new BatchError(line, status, code, detail), ApiJson.Default.BatchError);
            await http.Response.BodyWriter.WriteAsync(room.Written, http.RequestAborted);
        }
    }
}
