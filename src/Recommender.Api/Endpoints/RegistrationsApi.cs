using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Registrations;
using Recommender.CoSell;
using Recommender.Facts;
using Outcome = Microsoft.AspNetCore.Http.HttpResults.Results<
    Recommender.Api.WriteOutcome<Microsoft.AspNetCore.Http.HttpResults.Results<
        Microsoft.AspNetCore.Http.HttpResults.Ok<Recommender.Api.Endpoints.RegistrationResponse>,
        Recommender.Api.NotFound,
        Recommender.Api.PreconditionFailed
    >>,
    Recommender.Api.BadBody,
    Recommender.Api.Unavailable
>;

namespace Recommender.Api.Endpoints;

static class RegistrationsApi
{
    public static void MapRegistrations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/deal-registrations").WithTags("Registrations").RequireAuthorization("recommend");
        group.MapPost("/check", CheckAsync).WithName("CheckRegistration").Accepts<RegistrationRequest>("application/json");
        group.MapPost("", SubmitAsync).WithName("SubmitRegistration").Accepts<RegistrationRequest>("application/json");
        group.MapGet("", Find).WithName("FindRegistrations");
        group.MapGet("/{id}/state", State).WithName("GetRegistrationState");
        foreach (
            var (action, act) in (IEnumerable<(RegistrationAction, Delegate)>)
                [
                    (RegistrationAction.Approve, ApproveAsync),
                    (RegistrationAction.Reject, RejectAsync),
                    (RegistrationAction.Extend, ExtendAsync),
                    (RegistrationAction.Withdraw, WithdrawAsync),
                    (RegistrationAction.Convert, ConvertAsync),
                ]
        )
            group
                .MapPost($"/{{id}}/{action.ToString().ToLowerInvariant()}", act)
                .WithName(action + "Registration")
                .Accepts<RegistrationOrderRequest>(isOptional: true, "application/json");
    }

    /// <summary>What would stand in the way of a registration, with rule, ground and rows; nothing is written, and the decision runs the same code</summary>
    public static async Task<Results<Ok<RegistrationCheckResponse>, BadBody, NotFound, Unavailable>> CheckAsync(
        HttpContext http,
        LiveRecommender live,
        IOptions<RecommenderOptions> options
    )
    {
        var (request, _, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.RegistrationRequest
        );
        if (request is null)
            return problem!;
        if (request.Faults() is { Count: > 0 } faults)
            return new BadBody(Problems.Invalid(faults));
        if (!live.Answers)
            return Problems.NotReady(http);
        return Check(live, request) is { } check
            ? TypedResults.Ok(RegistrationCheckResponse.Of(check))
            : Problems.NotFound(
                $"No partner has the id '{request.PartnerId}', or no account the id '{request.AccountId}'; a company that is none of ours yet is named by name and domain."
            );
    }

    /// <summary>What stands in the way of a claim now; null if its partner or account is unknown.</summary>
    public static RegistrationCheck? Check(LiveRecommender live, RegistrationRequest request)
    {
        var rules = live.Rules;
        return live.Read((state, asOf) => RegistrationCheck.Of(state, rules, request.Claim(), asOf));
    }

    /// <summary>Takes a registration in; one against which nothing speaks is approved at once if a rule of kind auto_approve says so</summary>
    public static async Task<
        Results<WriteOutcome<Results<Created<RegistrationResponse>, NotFound>>, BadBody, Unavailable>
    > SubmitAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    )
    {
        var (request, bytes, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.RegistrationRequest
        );
        if (request is null)
            return problem!;
        if (request.Faults() is { Count: > 0 } faults)
            return new BadBody(Problems.Invalid(faults));
        if (!live.Answers)
            return Problems.NotReady(http);
        return await TakeAsync(http, live, writes, request, bytes, needsKey: true, dry_run);
    }

    /// <summary>Takes a registration in.</summary>
    public static Task<WriteOutcome<Results<Created<RegistrationResponse>, NotFound>>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        RegistrationRequest request,
        byte[] bytes,
        bool needsKey,
        bool dryRun
    ) =>
        RunAsync<Results<Created<RegistrationResponse>, NotFound>>(
            http,
            live,
            writes,
            bytes,
            needsKey,
            dryRun,
            StatusCodes.Status201Created,
            desk => desk.Submit(request.Claim(), request.RegistrationId, Caller.Of(http), request.NewAccount)
        );

    /// <summary>Registrations in the order in which they were submitted, by where they stand, partner or account</summary>
    public static Results<Ok<RegistrationsResponse>, Invalid, Unavailable> Find(
        HttpContext http,
        LiveRecommender live,
        string? state = null,
        string? partner_id = null,
        string? account_id = null,
        int limit = 50,
        string? cursor = null
    )
    {
        if (state is not null && !RegistrationList.States.Contains(state))
            return Problems.Invalid("state", $"Expected one of {string.Join(", ", RegistrationList.States)}.");
        if (Cursor.Fault(limit, cursor, out var after) is { } wrongPage)
            return wrongPage;
        if (!live.Answers)
            return Problems.NotReady(http);
        var rules = live.Rules;
        var found = live.Read(
            (fold, asOf) =>
                RegistrationList.Of(
                    fold,
                    rules,
                    state,
                    PartnerId.OrNone(partner_id),
                    AccountId.OrNone(account_id),
                    after,
                    limit + 1,
                    asOf
                )
        );
        var page = found.Take(limit).ToList();
        var next = found.Count > limit && page is [.., { Row: var last }] ? Cursor.Of(last.SubmittedAt, last.Id) : null;
        return TypedResults.Ok(
            new RegistrationsResponse(
                [.. page.Select(one => RegistrationResponse.Of(one, live.Now(), null, isWhole: false))],
                Pagination.Of(http, next)
            )
        );
    }

    /// <summary>Where a registration stands: its steps, its clocks, and what may be done with it</summary>
    public static Results<Ok<RegistrationResponse>, NotFound, Unavailable> State(
        string id,
        HttpContext http,
        LiveRecommender live
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        var rules = live.Rules;
        if (live.Read((state, asOf) => RegistrationList.Find(state, rules, id, asOf)) is not { } file)
            return Problems.NotFound($"No registration has the id '{id}'.");
        if (VersionOf(live, file) is { } version)
            http.Response.Headers.ETag = RowsApi.ETag(version);
        return TypedResults.Ok(RegistrationResponse.Of(file, live.Now(), null));
    }

    /// <summary>The version of a registration that is shown; null if the fold has not taken in yet what the database holds.</summary>
    public static long? VersionOf(LiveRecommender live, RegistrationFile file) =>
        live.Store.Find(FactTables.DealRegistrations, file.Row.Id) is { } row
        && file.IsAs(FactTables.DealRegistrations.Read(row.Row))
            ? row.Fingerprint
            : null;

    /// <summary>Approves a registration: it protects its account and product from now on, alone. 409 while something speaks against it</summary>
    public static Task<Outcome> ApproveAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, RegistrationAction.Approve, http, live, writes, options, dry_run);

    /// <summary>Rejects a registration, for a ground of the closed list</summary>
    public static Task<Outcome> RejectAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, RegistrationAction.Reject, http, live, writes, options, dry_run);

    /// <summary>Has an approved registration protect longer, as often and for as long as the policy says</summary>
    public static Task<Outcome> ExtendAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, RegistrationAction.Extend, http, live, writes, options, dry_run);

    /// <summary>Gives a registration up: from now on it protects nothing</summary>
    public static Task<Outcome> WithdrawAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, RegistrationAction.Withdraw, http, live, writes, options, dry_run);

    /// <summary>Makes an approved registration a deal, a new one or one that is open on the account, with the partner on it</summary>
    public static Task<Outcome> ConvertAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, RegistrationAction.Convert, http, live, writes, options, dry_run);

    static async Task<Outcome> DoAsync(
        string id,
        RegistrationAction action,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dryRun
    )
    {
        var (request, bytes, expected, problem) = await OrderBody.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.RegistrationOrderRequest,
            order => order.Faults(action)
        );
        if (problem is not null)
            return problem;
        if (!live.Answers)
            return Problems.NotReady(http);
        return await WorkAsync(http, live, writes, id, action, request, bytes, expected, dryRun);
    }

    /// <summary>Works on a registration.</summary>
    public static Task<WriteOutcome<Results<Ok<RegistrationResponse>, NotFound, PreconditionFailed>>> WorkAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        string id,
        RegistrationAction action,
        RegistrationOrderRequest request,
        byte[] bytes,
        RowExpectation expected,
        bool dryRun
    ) =>
        RunAsync<Results<Ok<RegistrationResponse>, NotFound, PreconditionFailed>>(
            http,
            live,
            writes,
            bytes,
            needsKey: false,
            dryRun,
            StatusCodes.Status200OK,
            desk =>
                desk.Do(
                    id,
                    new(action, Caller.Of(http))
                    {
                        Ground = request.Ground,
                        Note = request.Note,
                        OpportunityId = OpportunityId.OrNone(request.OpportunityId),
                    },
                    expected
                )
        );

    static Task<WriteOutcome<T>> RunAsync<T>(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        byte[] bytes,
        bool needsKey,
        bool dryRun,
        int status,
        Func<RegistrationDesk, RegistrationOutcome> run
    )
        where T : Microsoft.AspNetCore.Http.Metadata.IEndpointMetadataProvider
    {
        if (live.Store.IsShared)
            live.FollowRules();
        return writes.RunAsync<T>(
            http,
            bytes,
            needsKey,
            dryRun,
            scope =>
            {
                try
                {
                    var outcome = live.Read((state, _) => run(new(scope, state, live.Rules)));
                    return WriteAnswer.Of(
                        RegistrationResponse.Of(outcome.File, scope.Stamp, outcome.Check),
                        ApiJson.Default.RegistrationResponse,
                        status,
                        RowsApi.ETag(outcome.Fingerprint)
                    );
                }
                catch (RegistrationRefusedException e)
                {
                    throw new WriteRefusedException(ProblemOf(e));
                }
            },
            decides: true
        );
    }

    static Problem ProblemOf(RegistrationRefusedException e) =>
        e.Why switch
        {
            RegistrationRefusal.Unknown => Problems.NotFound(e.Message),
            RegistrationRefusal.Changed => new PreconditionFailed(e.Message),
            RegistrationRefusal.Row => Problems.Refused(e.Message, "row_rejected", Problems.ErrorOf(e.Rejected!)),
            _ => Problems.Conflict(
                e.Message,
                e.Why switch
                {
                    RegistrationRefusal.NotAllowedNow => "not_allowed_now",
                    RegistrationRefusal.Conflict => "registration_conflict",
                    RegistrationRefusal.NotTheAdjudicator => "adjudicator_decides",
                    RegistrationRefusal.WhichAccount => "account_ambiguous",
                    _ => "there_already",
                },
                [.. e.Grounds.Select(ground => new ProblemError(ground.Code, ground.Sentence + "."))]
            ),
        };
}
