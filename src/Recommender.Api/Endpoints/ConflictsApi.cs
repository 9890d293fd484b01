using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Conflicts;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Outcome = Microsoft.AspNetCore.Http.HttpResults.Results<
    Recommender.Api.WriteOutcome<Microsoft.AspNetCore.Http.HttpResults.Results<
        Microsoft.AspNetCore.Http.HttpResults.Ok<Recommender.Api.Endpoints.ConflictResponse>,
        Recommender.Api.NotFound,
        Recommender.Api.PreconditionFailed
    >>,
    Recommender.Api.BadBody,
    Recommender.Api.Unavailable
>;

namespace Recommender.Api.Endpoints;

/// <summary>What is decided on a conflict, and why.</summary>
sealed record ConflictDecisionRequest
{
    public const int LongestText = 4000;

    /// <summary>holder_keeps, other_proceeds, both_proceed or no_conflict; nothing where it is opened again.</summary>
    public string? Decision { get; init; }

    /// <summary>Why, in a sentence that both sides can read.</summary>
    public required string Reason { get; init; }

    /// <summary>What is wrong with it.</summary>
    public List<ProblemError> Faults(bool decides)
    {
        var faults = new List<ProblemError>();
        if (decides && (Decision is null || !ConflictStep.Decisions.Contains(Decision)))
            faults.Add(new("/decision", $"Expected one of {string.Join(", ", ConflictStep.Decisions)}."));
        if (!decides && Decision is not null)
            faults.Add(new("/decision", "Expected nothing: it is opened again."));
        if (string.IsNullOrWhiteSpace(Reason))
            faults.Add(new("/reason", "Expected a sentence that says why."));
        else if (Reason.Length > LongestText)
            faults.Add(new("/reason", FormattableString.Invariant($"Expected at most {LongestText} characters.")));
        return faults;
    }
}

/// <summary>A side of a conflict.</summary>
/// <param name="PartnerId">The partner; null where it is us, or a rule of ours.</param>
/// <param name="Name">Its name.</param>
/// <param name="Claim">The registration or deal by which it is there; null where a rule holds the account, or it may be several.</param>
sealed record ConflictPartyResponse(string? PartnerId, string? Name, string? Claim);

/// <summary>A step of a conflict.</summary>
/// <param name="Step">detected, decided, reopened or ended.</param>
/// <param name="At">When, UTC.</param>
/// <param name="By">Who; null of what no person did.</param>
/// <param name="Decision">What was decided.</param>
/// <param name="Reason">Why.</param>
sealed record ConflictStepResponse(string Step, DateTime At, string? By, string? Decision, string? Reason);

/// <summary>A conflict: claims on an account that cannot both stand.</summary>
/// <param name="ConflictId">Its id.</param>
/// <param name="AccountId">The account.</param>
/// <param name="Kind">second_registration, direct_deal, held_account, house_account or territory.</param>
/// <param name="State">open, decided by a person, or ended before anybody decided.</param>
/// <param name="IsCurrent">True as long as its facts hold.</param>
/// <param name="Sentence">What a person is told: as it stands, as it stood when it was decided, or as it was found if it ended before.</param>
/// <param name="RuleId">The company's rule that makes it a conflict, or the standing one.</param>
/// <param name="RulesVersion">Which version of the rules held when it was found.</param>
/// <param name="Holder">Who holds the account, or came first, as it stands or stood when it was decided.</param>
/// <param name="Other">Who came into it.</param>
/// <param name="Since">Since when both stand, UTC.</param>
/// <param name="DetectedAt">When it was found, UTC.</param>
/// <param name="DecidedAt">When it was decided, UTC; null if it is not.</param>
/// <param name="DecidedBy">Who decided.</param>
/// <param name="Decision">holder_keeps, other_proceeds, both_proceed or no_conflict.</param>
/// <param name="Reason">Why.</param>
/// <param name="EndedAt">When its facts held no more, UTC; null while they hold.</param>
/// <param name="Allowed">What may be done with it now: decide or reopen.</param>
/// <param name="Rows">The rows behind it, ten at most.</param>
/// <param name="Steps">How it came here, the first first; not there in lists.</param>
sealed record ConflictResponse(
    string ConflictId,
    string AccountId,
    string Kind,
    string State,
    bool IsCurrent,
    string? Sentence,
    string? RuleId,
    long? RulesVersion,
    ConflictPartyResponse Holder,
    ConflictPartyResponse Other,
    DateTime? Since,
    DateTime DetectedAt,
    DateTime? DecidedAt,
    string? DecidedBy,
    string? Decision,
    string? Reason,
    DateTime? EndedAt,
    IReadOnlyList<string> Allowed,
    IReadOnlyList<GroundRow> Rows,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ConflictStepResponse>? Steps = null
)
{
    public static ConflictResponse Of(
        HistoryState state,
        RuleSet rules,
        AccountConflict conflict,
        DateTime now,
        bool isWhole = true
    )
    {
        var (found, decision) = (conflict.AsItStands(state, rules, now).Found, conflict.Decision);
        ConflictPartyResponse Party(PartnerId? id, string? claim) =>
            new(id?.Value, id is { } one ? state.FindPartner(one)?.Name : null, claim);
        return new(
            conflict.Id,
            conflict.AccountId.Value,
            found.Kind,
            conflict.State,
            conflict.IsCurrent,
            found.Sentence,
            found.RuleId,
            found.RulesVersion,
            Party(AccountConflict.Now(state, found.HolderId), found.HolderClaim),
            Party(AccountConflict.Now(state, found.OtherId), found.OtherClaim),
            found.Since,
            found.At,
            decision?.At,
            decision?.By,
            decision?.Decision,
            decision?.Reason,
            conflict.EndedAt,
            conflict.Allowed,
            found.Rows(),
            isWhole
                ?
                [
                    .. conflict.Steps.Select(step => new ConflictStepResponse(
                        step.Step,
                        step.At,
                        step.By,
                        step.Decision,
                        step.Reason
                    )),
                ]
                : null
        );
    }
}

/// <summary>Conflicts found.</summary>
sealed record ConflictsResponse(IReadOnlyList<ConflictResponse> Items, Pagination Pagination);

/// <summary>How many conflicts there are of each kind, and what was decided.</summary>
sealed record ConflictCountsResponse(DateTime? Since, IReadOnlyList<ConflictCount> Kinds);

static class ConflictsApi
{
    public static void MapConflicts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/conflicts").WithTags("Conflicts").RequireAuthorization("recommend");
        group.MapGet("", FindAsync).WithName("FindConflicts");
        group.MapGet("/counts", CountAsync).WithName("CountConflicts");
        group.MapGet("/{id}", GetAsync).WithName("GetConflict");
        group
            .MapPost("/{id}/decide", DecideAsync)
            .WithName("DecideConflict")
            .Accepts<ConflictDecisionRequest>("application/json");
        group
            .MapPost("/{id}/reopen", ReopenAsync)
            .WithName("ReopenConflict")
            .Accepts<ConflictDecisionRequest>("application/json");
    }

    /// <summary>Conflicts in the order in which they were found, by state, kind, partner or account</summary>
    public static async Task<Results<Ok<ConflictsResponse>, Invalid, Unavailable>> FindAsync(
        HttpContext http,
        LiveRecommender live,
        string? state = null,
        string? kind = null,
        string? partner_id = null,
        string? account_id = null,
        int limit = 50,
        string? cursor = null
    )
    {
        if (state is not null && !AccountConflict.States.Contains(state))
            return Problems.Invalid("state", $"Expected one of {string.Join(", ", AccountConflict.States)}.");
        if (kind is not null && !ConflictStep.Kinds.Contains(kind))
            return Problems.Invalid("kind", $"Expected one of {string.Join(", ", ConflictStep.Kinds)}.");
        if (Cursor.Fault(limit, cursor, out var after) is { } wrongPage)
            return wrongPage;
        if (!live.Answers)
            return Problems.NotReady(http);
        await live.Accounts.SettledAsync(AccountId.OrNone(account_id), http.RequestAborted);
        var rules = live.Rules;
        return live.Read(
            (fold, asOf) =>
            {
                var found = ConflictList
                    .Of(fold, state, kind, PartnerId.OrNone(partner_id), AccountId.OrNone(account_id), after)
                    .Take(limit + 1)
                    .ToList();
                var next = found.Count > limit ? Cursor.Of(found[limit - 1].Found.At, found[limit - 1].Id) : null;
                return TypedResults.Ok(
                    new ConflictsResponse(
                        [.. found.Take(limit).Select(one => ConflictResponse.Of(fold, rules, one, asOf, isWhole: false))],
                        Pagination.Of(http, next)
                    )
                );
            }
        );
    }

    /// <summary>How many conflicts of each kind are open, decided and ended, what was decided and how long that took</summary>
    public static async Task<Results<Ok<ConflictCountsResponse>, Invalid, Unavailable>> CountAsync(
        HttpContext http,
        LiveRecommender live,
        string? since = null
    )
    {
        DateTime? from = null;
        if (since is not null)
        {
            if (!Instants.TryParse(since, out var at))
                return Problems.Invalid("since", "Expected a date or an instant, such as 2026-01-31.");
            from = at;
        }
        if (!live.Answers)
            return Problems.NotReady(http);
        await live.Accounts.SettledAsync(null, http.RequestAborted);
        return TypedResults.Ok(new ConflictCountsResponse(from, live.Read((fold, _) => ConflictList.Count(fold, from))));
    }

    /// <summary>One conflict with its steps and what may be done with it</summary>
    public static async Task<Results<Ok<ConflictResponse>, NotFound, Unavailable>> GetAsync(
        string id,
        HttpContext http,
        LiveRecommender live
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        await live.Accounts.SettledAsync(AccountOf(live, id), http.RequestAborted);
        var rules = live.Rules;
        if (
            live.Read(
                (fold, asOf) => ConflictList.Find(fold, id) is { } found ? ConflictResponse.Of(fold, rules, found, asOf) : null
            )
            is not { } conflict
        )
            return Problems.NotFound($"No conflict has the id '{id}'.");
        http.Response.Headers.ETag = RowsApi.ETag(conflict.Steps!.Count);
        return TypedResults.Ok(conflict);
    }

    /// <summary>The account of a conflict, as far as it is written; null if it is not.</summary>
    public static AccountId? AccountOf(LiveRecommender live, string id) =>
        live.Read((fold, _) => ConflictList.Find(fold, id)?.AccountId);

    /// <summary>Decides an open conflict, with a reason. It is kept and counted; what follows is done with the registration, the deal or the rule</summary>
    public static Task<Outcome> DecideAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => ReadAsync(id, decides: true, http, live, writes, options, dry_run);

    /// <summary>Takes a decision back, with a reason: the conflict is open again</summary>
    public static Task<Outcome> ReopenAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => ReadAsync(id, decides: false, http, live, writes, options, dry_run);

    static async Task<Outcome> ReadAsync(
        string id,
        bool decides,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dryRun
    )
    {
        var (request, bytes, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.ConflictDecisionRequest
        );
        if (request is null)
            return problem!;
        if (request.Faults(decides) is { Count: > 0 } faults)
            return new BadBody(Problems.Invalid(faults));
        if (RowsApi.Expectation(http, out var expected) is { } bad)
            return new BadBody(bad);
        if (!live.Answers)
            return Problems.NotReady(http);
        return await TakeAsync(http, live, writes, id, request, bytes, expected.Fingerprint, dryRun);
    }

    /// <summary>Decides a conflict, or opens it again if the request names no decision.</summary>
    public static Task<WriteOutcome<Results<Ok<ConflictResponse>, NotFound, PreconditionFailed>>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        string id,
        ConflictDecisionRequest request,
        byte[] bytes,
        long? seen,
        bool dryRun
    ) =>
        writes.RunAsync<Results<Ok<ConflictResponse>, NotFound, PreconditionFailed>>(
            http,
            bytes,
            needsKey: false,
            dryRun,
            scope =>
            {
                try
                {
                    var (answer, steps) = live.Read(
                        (state, _) =>
                        {
                            var decisions = new ConflictDecisions(scope, state, live.Rules);
                            var conflict = request.Decision is { } decision
                                ? decisions.Decide(id, decision, request.Reason, Caller.Of(http), seen)
                                : decisions.Reopen(id, request.Reason, Caller.Of(http), seen);
                            return (ConflictResponse.Of(state, live.Rules, conflict, scope.Stamp), conflict.Steps.Count);
                        }
                    );
                    return WriteAnswer.Of(answer, ApiJson.Default.ConflictResponse, etag: RowsApi.ETag(steps));
                }
                catch (ConflictRefusedException e)
                {
                    throw new WriteRefusedException(
                        e.Why switch
                        {
                            ConflictRefusal.Unknown => Problems.NotFound(e.Message),
                            ConflictRefusal.Changed => new PreconditionFailed(e.Message),
                            _ => Problems.Conflict(e.Message, "not_allowed_now"),
                        }
                    );
                }
            },
            decides: true
        );
}
