using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Matching;
using Outcome = Microsoft.AspNetCore.Http.HttpResults.Results<
    Recommender.Api.WriteOutcome<Microsoft.AspNetCore.Http.HttpResults.Results<
        Microsoft.AspNetCore.Http.HttpResults.Ok<Recommender.Api.Endpoints.LeadResponse>,
        Recommender.Api.NotFound,
        Recommender.Api.PreconditionFailed
    >>,
    Recommender.Api.BadBody,
    Recommender.Api.Unavailable
>;

namespace Recommender.Api.Endpoints;

static class LeadsApi
{
    public static void MapLeads(this IEndpointRouteBuilder routes)
    {
        var leads = routes.MapGroup("/v1/leads").WithTags("Leads").RequireAuthorization("recommend");
        leads
            .MapPost("", SubmitAsync)
            .WithName("SubmitLead")
            .WithMetadata(new RowBody(LeadsCapability.Leads) { IsSubmitted = true })
            .Accepts<System.Text.Json.JsonElement>("application/json");
        leads.MapGet("", Find).WithName("FindLeads");
        leads.MapGet("/{id}/state", State).WithName("GetLeadState");
        var offers = routes.MapGroup("/v1/lead-offers").WithTags("Leads").RequireAuthorization("recommend");
        offers.MapGet("", FindOffers).WithName("FindLeadOffers");
        foreach (
            var (group, action, name, act) in (IEnumerable<(RouteGroupBuilder, string, string, Delegate)>)
                [
                    (leads, "route", "RouteLead", RouteAsync),
                    (leads, "assign", "AssignLead", AssignAsync),
                    (leads, "withdraw", "WithdrawLead", WithdrawAsync),
                    (offers, "accept", "AcceptLeadOffer", AcceptAsync),
                    (offers, "decline", "DeclineLeadOffer", DeclineAsync),
                ]
        )
            group
                .MapPost($"/{{id}}/{action}", act)
                .WithName(name)
                .Accepts<LeadOrderRequest>(isOptional: true, "application/json");
    }

    /// <summary>Takes a lead in, finds its account and offers it to a rep or a partner: who gets it, why, who comes next and until when it is to be accepted. With dry_run nothing is kept and nobody who was left out is left unnamed</summary>
    public static async Task<
        Results<WriteOutcome<Results<Created<LeadResponse>, NotFound>>, BadContent, Invalid, Unavailable>
    > SubmitAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    )
    {
        var (bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, "application/json");
        if (bytes is null)
            return problem!;
        if (LeadBody.Read(bytes, live.Now(), options.Value.Reader.Settings, out var wrong) is not var (row, isNewAccount))
            return wrong!;
        if (!live.Answers)
            return Problems.NotReady(http);
        return await TakeAsync(http, live, writes, row, isNewAccount, bytes, needsKey: true, dry_run);
    }

    /// <summary>Takes a lead in.</summary>
    public static Task<WriteOutcome<Results<Created<LeadResponse>, NotFound>>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        HistoryRow row,
        bool isNewAccount,
        byte[] bytes,
        bool needsKey,
        bool dryRun
    )
    {
        if (live.Store.IsShared)
            live.FollowRules();
        var accounts = live.Leads.Accounts();
        var prepared = live.Leads.Prepare(accounts, row, isNewAccount);
        return RunAsync<Results<Created<LeadResponse>, NotFound>>(
            http,
            live,
            writes,
            bytes,
            needsKey,
            dryRun,
            StatusCodes.Status201Created,
            accounts,
            actions => actions.Submit(row, isNewAccount, Caller.Of(http), prepared),
            explainsAll: dryRun
        );
    }

    /// <summary>Leads in the order in which they came, by where they stand, who has them, or account</summary>
    public static Results<Ok<LeadsResponse>, Invalid, Unavailable> Find(
        HttpContext http,
        LiveRecommender live,
        string? state = null,
        string? assignee_type = null,
        string? assignee_id = null,
        string? account_id = null,
        int limit = 50,
        string? cursor = null
    )
    {
        if (state is not null && !LeadFile.States.Contains(state))
            return Problems.Invalid("state", $"Expected one of {string.Join(", ", LeadFile.States)}.");
        if (WrongAssignee(assignee_type, assignee_id, out var to) is { } wrong)
            return wrong;
        if (Cursor.Fault(limit, cursor, out var after) is { } wrongPage)
            return wrongPage;
        if (!live.Answers)
            return Problems.NotReady(http);
        var found = live.Read((fold, _) => LeadList.Of(fold, state, to, AccountId.OrNone(account_id), after, limit + 1));
        var next = found.Count > limit ? Cursor.Of(found[limit - 1].Lead.CreatedAt, found[limit - 1].Lead.Id) : null;
        return TypedResults.Ok(
            new LeadsResponse([.. found.Take(limit).Select(file => LeadResponse.Of(file))], Pagination.Of(http, next))
        );
    }

    /// <summary>Offers that wait for an answer, what is due first on top, of one assignee or of all</summary>
    public static Results<Ok<LeadsResponse>, Invalid, Unavailable> FindOffers(
        HttpContext http,
        LiveRecommender live,
        string? assignee_type = null,
        string? assignee_id = null,
        int limit = 50
    )
    {
        if (WrongAssignee(assignee_type, assignee_id, out var to) is { } wrong)
            return wrong;
        if (limit is < 1 or > 1000)
            return Problems.Invalid("limit", FormattableString.Invariant($"Found {limit}; expected 1 to 1000."));
        if (!live.Answers)
            return Problems.NotReady(http);
        return live.Read(
            (fold, _) =>
                TypedResults.Ok(
                    new LeadsResponse(
                        [.. LeadList.OpenOffers(fold, to).Take(limit).Select(file => LeadResponse.Of(file))],
                        Pagination.Of(http, null)
                    )
                )
        );
    }

    static Invalid? WrongAssignee(string? type, string? id, out Assignee? to)
    {
        to = type is not null && id is not null ? new(type, id) : null;
        return type is null != id is null ? Problems.Invalid("assignee_id", "Expected assignee_type and assignee_id, or neither.")
            : type is not null && !Assignee.Types.Contains(type)
                ? Problems.Invalid("assignee_type", $"Expected one of {string.Join(", ", Assignee.Types)}.")
            : null;
    }

    /// <summary>Where a lead stands: its steps with why each was taken, how fast it was taken up, and what may be done</summary>
    public static Results<Ok<LeadResponse>, NotFound, Unavailable> State(string id, HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Read((fold, _) => LeadList.Find(fold, id)) is not { } file)
            return Problems.NotFound($"No lead has the id '{id}'.");
        http.Response.Headers.ETag = RowsApi.ETag(file.Version);
        return TypedResults.Ok(LeadResponse.Of(file, LeadResponse.StepsOf(live.Store, file)));
    }

    /// <summary>Routes a lead that nobody has: one that was imported, lies in a queue, or whose account a person names by account_id or new_account</summary>
    public static Task<Outcome> RouteAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, LeadAction.Route, http, live, writes, options, dry_run);

    /// <summary>Gives a lead that nobody has to a rep or a partner, if the rules let it</summary>
    public static Task<Outcome> AssignAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, LeadAction.Assign, http, live, writes, options, dry_run);

    /// <summary>Ends a lead: it is none any more</summary>
    public static Task<Outcome> WithdrawAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, LeadAction.Withdraw, http, live, writes, options, dry_run);

    /// <summary>Accepts an offer: who was asked has the lead</summary>
    public static Task<Outcome> AcceptAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, LeadAction.Accept, http, live, writes, options, dry_run);

    /// <summary>Declines an offer, for a reason of the closed list: the next in line is asked at once, and who declined never again</summary>
    public static Task<Outcome> DeclineAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, LeadAction.Decline, http, live, writes, options, dry_run);

    static async Task<Outcome> DoAsync(
        string id,
        LeadAction action,
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
            ApiJson.Default.LeadOrderRequest,
            order => order.Faults(action)
        );
        if (problem is not null)
            return problem;
        if (!live.Answers)
            return Problems.NotReady(http);
        return await WorkAsync(http, live, writes, id, action, request, bytes, expected.Fingerprint, dryRun);
    }

    /// <summary>Works on a lead or an offer.</summary>
    public static Task<WriteOutcome<Results<Ok<LeadResponse>, NotFound, PreconditionFailed>>> WorkAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        string id,
        LeadAction action,
        LeadOrderRequest request,
        byte[] bytes,
        long? version,
        bool dryRun
    )
    {
        var by = Caller.Of(http);
        if (live.Store.IsShared)
            live.FollowRules();
        return RunAsync<Results<Ok<LeadResponse>, NotFound, PreconditionFailed>>(
            http,
            live,
            writes,
            bytes,
            needsKey: false,
            dryRun,
            StatusCodes.Status200OK,
            action is LeadAction.Accept or LeadAction.Withdraw ? null : live.Leads.Accounts(),
            actions =>
                action switch
                {
                    LeadAction.Route => actions.Route(id, AccountId.OrNone(request.AccountId), request.NewAccount, by, version),
                    LeadAction.Assign => actions.Assign(
                        id,
                        new(request.AssigneeType!, request.AssigneeId!),
                        by,
                        request.Note,
                        version
                    ),
                    LeadAction.Withdraw => actions.Withdraw(id, by, request.Note, version),
                    _ => actions.Answer(id, action, by, request.Reason, request.Note, version),
                },
            explainsAll: dryRun
        );
    }

    static Task<WriteOutcome<T>> RunAsync<T>(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        byte[] bytes,
        bool needsKey,
        bool dryRun,
        int status,
        OurAccounts? accounts,
        Func<LeadActions, LeadOutcome> run,
        bool explainsAll
    )
        where T : IEndpointMetadataProvider =>
        writes.RunAsync<T>(
            http,
            bytes,
            needsKey,
            dryRun,
            scope =>
            {
                try
                {
                    var outcome = live.Leads.Do(scope, accounts, run);
                    return WriteAnswer.Of(
                        LeadResponse.Of(outcome, explainsAll),
                        ApiJson.Default.LeadResponse,
                        status,
                        RowsApi.ETag(outcome.File.Version)
                    );
                }
                catch (LeadRefusedException e)
                {
                    throw new WriteRefusedException(ProblemOf(e));
                }
            },
            decides: true
        );

    static Problem ProblemOf(LeadRefusedException e) =>
        e.Why switch
        {
            LeadRefusal.Unknown => Problems.NotFound(e.Message),
            LeadRefusal.Changed => new PreconditionFailed(e.Message),
            LeadRefusal.Row => Problems.Refused(e.Message, "row_rejected", Problems.ErrorOf(e.Rejected!)),
            LeadRefusal.MayNotHaveIt => Problems.Conflict(e.Message, "may_not_have_it"),
            LeadRefusal.ThereAlready => Problems.Conflict(e.Message, "there_already"),
            _ => Problems.Conflict(e.Message, "not_allowed_now"),
        };
}
