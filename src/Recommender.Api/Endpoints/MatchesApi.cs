using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Mapping;
using Recommender.Fold;

namespace Recommender.Api.Endpoints;

/// <summary>A record of a partner's list and an account of ours.</summary>
/// <param name="RecordId">The record.</param>
/// <param name="AccountId">The account; null if the record is none.</param>
/// <param name="State">matched, review or none as computed, confirmed or rejected by a person.</param>
/// <param name="Probability">That they are one as computed, 0 to 1; null if nothing was.</param>
/// <param name="Agrees">What speaks for it.</param>
/// <param name="Differs">What speaks against it.</param>
/// <param name="Name">Of the record.</param>
/// <param name="AccountName">Of the account.</param>
/// <param name="DecidedBy">Who decided; null if nobody did.</param>
/// <param name="At">Since when it is held so; null if the record is none.</param>
sealed record MatchResponse(
    string RecordId,
    string? AccountId,
    string State,
    double? Probability,
    IReadOnlyList<string> Agrees,
    IReadOnlyList<string> Differs,
    string? Name,
    string? AccountName,
    string? DecidedBy,
    DateTime? At
);

/// <summary>Matches found.</summary>
sealed record MatchesResponse(IReadOnlyList<MatchResponse> Items, Pagination Pagination);

/// <summary>Which account a decision is about.</summary>
sealed record MatchDecisionRequest
{
    /// <summary>The account.</summary>
    public required string AccountId { get; init; }
}

static class MatchesApi
{
    static readonly string[] _states = ["matched", "review", "none", "confirmed", "rejected"];

    public static void MapMatches(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/partners/{id}").WithTags("Partners");
        group.MapGet("/matches", FindMatches).RequireAuthorization("recommend").WithName("FindMatches");
        foreach (
            var (name, decide) in (IEnumerable<(string, Delegate)>)
                [("Confirm", ConfirmAsync), ("Reject", RejectAsync), ("Undo", UndoAsync)]
        )
            group
                .MapPost($"/matches/{{record_id}}/{name.ToLowerInvariant()}", decide)
                .RequireAuthorization("recommend")
                .WithName(name + "Match")
                .Accepts<MatchDecisionRequest>("application/json");
    }

    /// <summary>Records of a partner's list and the accounts that they are, may be, or are not, in the order of their ids</summary>
    public static Results<Ok<MatchesResponse>, Invalid, NotFound, CountsOnly, Unavailable> FindMatches(
        string id,
        HttpContext http,
        LiveRecommender live,
        string? state = null,
        int limit = 50,
        string? cursor = null
    )
    {
        if (state is not null && !_states.Contains(state))
            return Problems.Invalid("state", $"Expected one of {string.Join(", ", _states)}.");
        if (limit is < 1 or > 1000)
            return Problems.Invalid("limit", "Expected 1 to 1000.");
        var after = cursor is null ? ["", ""] : Cursor.Read(cursor, 2);
        if (after is null)
            return Problems.Invalid("cursor", "Expected a cursor of an earlier answer.");
        if (!live.Answers)
            return Problems.NotReady(http);
        var (isKnown, isShared, items, next) = live.Read(
            (fold, asOf) =>
            {
                if (fold.FindPartner(id) is null)
                    return (false, true, [], null);
                if (MappingCapability.SharesCountsOnly(fold, id))
                    return (true, false, [], null);
                var (found, more) = Found(fold, id, state, after, limit, asOf);
                return (true, true, found, more);
            }
        );
        if (!isKnown)
            return Problems.NotFound($"No partner has the id '{id}'.");
        if (!isShared)
            return new CountsOnly();
        return TypedResults.Ok(new MatchesResponse([.. items.Select(Response)], Pagination.Of(http, next)));
    }

    /// <summary>A page of what is held of live records, and the cursor of the next; null if it is the last.</summary>
    public static (IReadOnlyList<ListedMatch> Items, string? Next) Found(
        HistoryState state,
        string partner,
        string? held,
        string[] after,
        int limit,
        DateTime asOf
    )
    {
        var found = MatchList.Of(state, partner, held, (after[0], after[1]), limit + 1, asOf);
        return found.Count <= limit
            ? (found, null)
            : ([.. found.Take(limit)], Cursor.Of(found[limit - 1].RecordId, found[limit - 1].Match?.AccountId.Value ?? ""));
    }

    internal static MatchResponse Response(ListedMatch one) =>
        new(
            one.RecordId,
            one.Match?.AccountId.Value,
            one.Match?.State ?? "none",
            one.Match?.Probability,
            one.Match?.Agrees?.Split('|') ?? [],
            one.Match?.Differs?.Split('|') ?? [],
            one.Record.Name,
            one.Account?.Name,
            one.Match?.By,
            one.Match?.At
        );

    /// <summary>Decides that a record is an account: it stays so whatever is computed later, until that is taken back</summary>
    public static Task<
        Results<WriteOutcome<Results<Ok<MatchResponse>, NotFound>>, BadBody, NotFound, CountsOnly, Unavailable>
    > ConfirmAsync(
        string id,
        string record_id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DecideAsync(http, live, writes, options, id, record_id, MatchAction.Confirm, dry_run);

    /// <summary>Decides that a record is not an account: it stays so whatever is computed later, until that is taken back</summary>
    public static Task<
        Results<WriteOutcome<Results<Ok<MatchResponse>, NotFound>>, BadBody, NotFound, CountsOnly, Unavailable>
    > RejectAsync(
        string id,
        string record_id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DecideAsync(http, live, writes, options, id, record_id, MatchAction.Reject, dry_run);

    /// <summary>Takes a decision back: what was computed holds again</summary>
    public static Task<
        Results<WriteOutcome<Results<Ok<MatchResponse>, NotFound>>, BadBody, NotFound, CountsOnly, Unavailable>
    > UndoAsync(
        string id,
        string record_id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DecideAsync(http, live, writes, options, id, record_id, MatchAction.Undo, dry_run);

    static async Task<
        Results<WriteOutcome<Results<Ok<MatchResponse>, NotFound>>, BadBody, NotFound, CountsOnly, Unavailable>
    > DecideAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        string partner,
        string record,
        MatchAction action,
        bool dryRun
    )
    {
        var (request, bytes, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.MatchDecisionRequest
        );
        return request is null
            ? problem!
            : await DecideAsync(http, live, writes, partner, record, request.AccountId, action, bytes, dryRun);
    }

    /// <summary>Decides on a record and an account.</summary>
    public static async Task<
        Results<WriteOutcome<Results<Ok<MatchResponse>, NotFound>>, BadBody, NotFound, CountsOnly, Unavailable>
    > DecideAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        string partner,
        string record,
        string account,
        MatchAction action,
        byte[] bytes,
        bool dryRun
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Read((state, _) => MappingCapability.SharesCountsOnly(state, partner)))
            return new CountsOnly();
        return await writes.RunAsync<Results<Ok<MatchResponse>, NotFound>>(
            http,
            bytes,
            needsKey: false,
            dryRun,
            scope =>
            {
                var decision =
                    live.Read(
                        (state, _) => MatchDecision.Of(state, partner, record, account, action, Caller.Of(http), scope.Stamp)
                    )
                    ?? throw new WriteRefusedException(
                        Problems.NotFound($"Partner {partner} has no record '{record}', or no account has the id '{account}'.")
                    );
                if (decision.Match is not { } match)
                    throw new WriteRefusedException(
                        Problems.Conflict(
                            $"{decision.Why} Allowed: {string.Join(", ", decision.Allowed).ToLowerInvariant()}.",
                            "not_allowed_now"
                        )
                    );
                foreach (var row in decision.Rows)
                    Writes.Take(scope, row, "The decision does not fit the history.");
                if (decision.Rows.Count > 0)
                    live.Events.Append(
                        scope,
                        new(
                            "match.decided",
                            account,
                            scope.Stamp,
                            new Dictionary<string, object?>
                            {
                                ["partner_id"] = partner,
                                ["record_id"] = record,
                                ["account_id"] = account,
                                ["state"] = match.State,
                                ["decided_by"] = match.By,
                            }
                        )
                    );
                return WriteAnswer.Of(
                    Response(live.Read((state, _) => MatchList.Of(state, match))),
                    ApiJson.Default.MatchResponse
                );
            },
            decides: true
        );
    }
}
