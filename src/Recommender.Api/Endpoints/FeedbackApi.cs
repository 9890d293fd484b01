using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Webhooks;

namespace Recommender.Api.Endpoints;

/// <summary>What came of a recommended partner.</summary>
sealed record FeedbackRequest
{
    /// <summary>The answer it is about; account and deal are taken from it. Without it account_id is needed.</summary>
    public string? RecommendationId { get; init; }

    /// <summary>The account, if no recommendation is named.</summary>
    public string? AccountId { get; init; }

    /// <summary>The deal, if no recommendation is named.</summary>
    public string? OpportunityId { get; init; }

    /// <summary>The partner.</summary>
    public required string PartnerId { get; init; }

    /// <summary>accepted, declined, note, reported_won or reported_lost; won and lost close the deal if the caller may ingest, else they are taken as reported.</summary>
    public required string Event { get; init; }

    /// <summary>Why, in a word.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>When it happened, ISO 8601; now if it is not said.</summary>
    public string? OccurredAt { get; init; }
}

/// <summary>The feedback as taken, and the facts it became.</summary>
/// <param name="FeedbackId">Its id.</param>
/// <param name="Facts">Tables and ids of the rows written: feedback itself, an engagement if a partner accepted, the deal if its outcome was set.</param>
/// <param name="Event">What was kept: reported_won or reported_lost wait for the CRM, close no deal and teach no model.</param>
/// <param name="Warnings">occurred_at, if it lies ahead or far away, and what it is taken for; not there if it does not.</param>
sealed record FeedbackResponse(
    string FeedbackId,
    IReadOnlyList<string> Facts,
    string Event,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<RowWarning>? Warnings = null
);

static class FeedbackApi
{
    static readonly string[] _events = ["accepted", "declined", "won", "lost", "reported_won", "reported_lost", "note"];

    public static void MapFeedback(this IEndpointRouteBuilder routes) =>
        routes
            .MapPost("/v1/feedback", PostAsync)
            .RequireAuthorization("recommend")
            .WithTags("Recommendations")
            .WithName("TakeFeedback")
            .Accepts<FeedbackRequest>("application/json");

    /// <summary>What came of a recommendation; becomes history at once. The outcome of a deal is set by whoever may ingest; from others it is kept as reported</summary>
    public static async Task<
        Results<Results<WriteOutcome<Created<FeedbackResponse>>, Invalid, NotFound, Unavailable>, BadBody>
    > PostAsync(HttpContext http, LiveRecommender live, Writes writes, IOptions<RecommenderOptions> options, bool dry_run = false)
    {
        var (request, bytes, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.FeedbackRequest
        );
        if (request is null)
            return problem!;
        return await TakeAsync(http, live, writes, request, bytes, dry_run);
    }

    /// <summary>Takes feedback in; bytes stand for it where it is told from other requests with the same key.</summary>
    public static async Task<Results<WriteOutcome<Created<FeedbackResponse>>, Invalid, NotFound, Unavailable>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        FeedbackRequest request,
        byte[] bytes,
        bool dryRun
    )
    {
        if (Faults(request, out var occurredAt) is { Count: > 0 } faults)
            return Problems.Invalid(faults);
        if (!live.Answers)
            return Problems.NotReady(http);
        var (account, opportunity) = (request.AccountId, request.OpportunityId);
        if (request.RecommendationId is { } id)
        {
            if (live.Journal.Find(id) is not { } entry)
                return Problems.NoRecommendation();
            (account, opportunity) = (entry.AccountId, entry.OpportunityId ?? opportunity);
        }
        if (request.Event is "won" or "lost" && !Auth.Grants(http.User, "ingest"))
            request = request with { Event = "reported_" + request.Event };
        return await writes.RunAsync<Created<FeedbackResponse>>(
            http,
            bytes,
            needsKey: true,
            dryRun,
            scope => Take(scope, request, account!, opportunity, occurredAt, live.Events)
        );
    }

    static WriteAnswer Take(
        WriteScope scope,
        FeedbackRequest request,
        string account,
        string? opportunity,
        DateTime? occurredAt,
        EventLog events
    )
    {
        // What happened is behind us, whatever the caller's clock says.
        var at = occurredAt < scope.Stamp ? occurredAt.Value : scope.Stamp;
        var id = IdOf(scope, request, opportunity);
        var engagement = $"{id}_engagement";
        RowWarning[]? warnings =
            occurredAt is { } said && DateMeaning.Of(DateRole.Noted, said, scope.Stamp) is { } meaning
                ? [new("occurred_at", Instants.Text(said), meaning)]
                : null;
        var facts = new List<string>();
        WriteAnswer Answer() =>
            WriteAnswer.Of(
                new FeedbackResponse(id, facts, request.Event, warnings),
                ApiJson.Default.FeedbackResponse,
                StatusCodes.Status201Created
            );
        void Write(HistoryRow row)
        {
            Writes.Take(scope, row, "The feedback does not fit the history; errors says where.");
            Say(row.Table, row.Key);
        }
        void Say(FactTable table, string key) => facts.Add($"{table.Name}/{key}");
        if (
            scope.Find(FactTables.Feedback, id) is not null
            && (opportunity is null || scope.Find(FactTables.Engagements, engagement) is not null)
        )
        {
            Say(FactTables.Feedback, id);
            if (opportunity is not null)
                Say(FactTables.Engagements, engagement);
            return Answer();
        }
        Write(
            FactTables.Feedback.Row(
                ("feedback_id", id),
                ("recommendation_id", request.RecommendationId),
                ("partner_id", request.PartnerId),
                ("account_id", account),
                ("opportunity_id", opportunity),
                ("event", request.Event),
                ("reason", request.Reason),
                ("note", request.Note),
                ("at", at)
            )
        );
        if (opportunity is not null && scope.Find(FactTables.Opportunities, opportunity) is { Row: var deal })
        {
            if (FactTables.Opportunities.Read(deal).AccountId != account)
                throw new WriteRefusedException(
                    Problems.Invalid("/opportunity_id", $"The deal belongs to another account; expected one of {account}.")
                );
            if (request.Event == "accepted")
                Write(
                    FactTables.Engagements.Row(
                        ("engagement_id", engagement),
                        ("opportunity_id", opportunity),
                        ("partner_id", request.PartnerId),
                        ("role", "co_sell"),
                        ("started_at", at)
                    )
                );
            else if (request.Event is "won" or "lost")
                Write(deal.With("closed_at", at).With("outcome", request.Event).With("recorded_at", null));
        }
        events.Append(
            scope,
            new(
                "feedback.taken",
                id,
                scope.Stamp,
                new Dictionary<string, object?>
                {
                    ["feedback_id"] = id,
                    ["recommendation_id"] = request.RecommendationId,
                    ["partner_id"] = request.PartnerId,
                    ["account_id"] = account,
                    ["opportunity_id"] = opportunity,
                    ["event"] = request.Event,
                }
            )
        );
        return Answer();
    }

    /// <summary>
    /// A new id; of an acceptance that follows a recommendation one of its own, so that a second acceptance is the first and puts the partner
    /// on the deal once.
    /// </summary>
    static string IdOf(WriteScope scope, FeedbackRequest request, string? opportunity) =>
        "fb_"
        + (
            request is { Event: "accepted", RecommendationId: { } recommendation }
                ? Convert.ToHexStringLower(
                    SHA256.HashData(Encoding.UTF8.GetBytes($"{recommendation}\n{opportunity}\n{request.PartnerId}")).AsSpan(0, 16)
                )
                : Guid.CreateVersion7(new DateTimeOffset(scope.Stamp)).ToString("N")
        );

    static List<ProblemError> Faults(FeedbackRequest request, out DateTime? occurredAt)
    {
        var faults = new List<ProblemError>();
        occurredAt = null;
        foreach (
            var (name, text) in (IEnumerable<(string, string?)>)
                [
                    ("recommendation_id", request.RecommendationId),
                    ("account_id", request.AccountId),
                    ("opportunity_id", request.OpportunityId),
                    ("partner_id", request.PartnerId),
                ]
        )
        {
            if (text is not null && JsonRow.FaultOfId(text) is { } expected)
                faults.Add(new("/" + name, $"Expected {expected}."));
        }
        if (request.RecommendationId is null && request.AccountId is null)
            faults.Add(new("/recommendation_id", "Expected a recommendation, or an account."));
        if (!_events.Contains(request.Event))
            faults.Add(new("/event", $"Expected one of {string.Join(", ", _events)}."));
        if (request.Reason is { Length: > 200 })
            faults.Add(new("/reason", "Expected at most 200 characters."));
        if (request.Note is { Length: > 4000 })
            faults.Add(new("/note", "Expected at most 4000 characters."));
        if (request.OccurredAt is { } text2)
        {
            if (Instants.TryParse(text2, out var at))
                occurredAt = at;
            else
                faults.Add(new("/occurred_at", "Expected an ISO 8601 date or instant such as 2026-01-31T09:30:00Z."));
        }
        return faults;
    }
}
