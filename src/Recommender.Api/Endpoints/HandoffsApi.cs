using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Handoffs;
using Recommender.CoSell;
using Outcome = Microsoft.AspNetCore.Http.HttpResults.Results<
    Recommender.Api.WriteOutcome<Microsoft.AspNetCore.Http.HttpResults.Results<
        Microsoft.AspNetCore.Http.HttpResults.Ok<Recommender.Api.Endpoints.HandoffResponse>,
        Recommender.Api.NotFound,
        Recommender.Api.PreconditionFailed
    >>,
    Recommender.Api.BadBody,
    Recommender.Api.Unavailable
>;

namespace Recommender.Api.Endpoints;

static class HandoffsApi
{
    public static void MapHandoffs(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/handoffs").WithTags("Handoffs").RequireAuthorization("recommend");
        group.MapPost("", DraftAsync).WithName("DraftHandoff").Accepts<HandoffRequest>("application/json");
        group.MapGet("", Find).WithName("FindHandoffs");
        group.MapGet("/{id}/state", State).WithName("GetHandoffState");
        foreach (
            var (action, act) in (IEnumerable<(HandoffAction, Delegate)>)
                [
                    (HandoffAction.Edit, EditAsync),
                    (HandoffAction.Link, LinkAsync),
                    (HandoffAction.Send, SendAsync),
                    (HandoffAction.Accept, AcceptAsync),
                    (HandoffAction.Decline, DeclineAsync),
                    (HandoffAction.Introduce, IntroduceAsync),
                    (HandoffAction.Meet, MeetAsync),
                    (HandoffAction.Rate, RateAsync),
                    (HandoffAction.Withdraw, WithdrawAsync),
                ]
        )
            group
                .MapPost($"/{{id}}/{action.ToString().ToLowerInvariant()}", act)
                .WithName(action + "Handoff")
                .Accepts<HandoffOrderRequest>(isOptional: true, "application/json");
    }

    /// <summary>Drafts a handoff to a partner, its packet filled as far as the history knows; one that a partner gives us waits for our answer at once</summary>
    public static async Task<Results<WriteOutcome<Results<Created<HandoffResponse>, NotFound>>, BadBody, Unavailable>> DraftAsync(
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
            ApiJson.Default.HandoffRequest
        );
        if (request is null)
            return problem!;
        if (request.Faults() is { Count: > 0 } faults)
            return new BadBody(Problems.Invalid(faults));
        if (!live.Answers)
            return Problems.NotReady(http);
        return await TakeAsync(http, live, writes, request, bytes, needsKey: true, dry_run);
    }

    /// <summary>Drafts a handoff.</summary>
    public static Task<WriteOutcome<Results<Created<HandoffResponse>, NotFound>>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        HandoffRequest request,
        byte[] bytes,
        bool needsKey,
        bool dryRun
    )
    {
        var (draft, packet) = Fill(live, request);
        return RunAsync<Results<Created<HandoffResponse>, NotFound>>(
            http,
            live,
            writes,
            bytes,
            needsKey,
            dryRun,
            StatusCodes.Status201Created,
            desk => desk.Draft(draft, packet, Caller.Of(http))
        );
    }

    /// <summary>The handoff of a request; of one that we give, with what the ranking of now says of the partner.</summary>
    static (Handoff Draft, Dictionary<string, string> Packet) Fill(LiveRecommender live, HandoffRequest request)
    {
        var draft = new Handoff(
            request.HandoffId ?? "",
            request.Direction ?? "given",
            new(request.PartnerId!),
            new(request.AccountId!),
            live.Now()
        )
        {
            OpportunityId = OpportunityId.OrNone(request.OpportunityId),
            LeadId = request.LeadId,
            Owner = request.Owner,
            Product = request.Product,
            Amount = request.Amount,
            Currency = request.Currency,
            RecommendationId = request.RecommendationId,
        };
        var packet = new Dictionary<string, string>();
        // As they are called now, and in the currency that models compare.
        double? worth;
        (draft, worth) = live.Read((state, now) => HandoffDesk.AsKnown(state, draft, now));
        var ranked = draft.IsReceived
            ? null
            : live.Rank(
                new(draft.AccountId, default)
                {
                    OpportunityId = draft.OpportunityId,
                    Product = draft.OpportunityId is null ? draft.Product : null,
                    Amount = draft.OpportunityId is null ? worth : null,
                    Limit = 1,
                    Filters = new() { Include = [draft.PartnerId.Value] },
                }
            );
        if (
            ranked?.Recommendation is { Partners: [var partner] }
            && live.Read((state, _) => (state.FindAccount(draft.AccountId), Deal(state, draft))) is ({ } account, var deal)
        )
        {
            packet = HandoffPacket.Fill(account, deal, partner, draft.RecommendationId);
            packet["introduction"] = HandoffPacket.Introduction(account, deal, partner);
            draft = draft with { Probability = partner.WinProbability, Owner = draft.Owner ?? deal?.Owner };
        }
        foreach (var (name, text) in request.Packet ?? new Dictionary<string, string>())
            packet[name] = text;
        return (draft, packet);
    }

    static Opportunity? Deal(Fold.HistoryState state, Handoff draft) =>
        draft.OpportunityId is { } id ? state.FindOpportunity(id) : null;

    /// <summary>Handoffs in the order in which they were drafted, by where they stand, direction, partner or account; overdue=true for those whose next step is late</summary>
    public static Results<Ok<HandoffsResponse>, Invalid, Unavailable> Find(
        HttpContext http,
        LiveRecommender live,
        string? state = null,
        string? direction = null,
        string? partner_id = null,
        string? account_id = null,
        bool overdue = false,
        int limit = 50,
        string? cursor = null
    )
    {
        if (state is not null && !HandoffFile.States.Contains(state))
            return Problems.Invalid("state", $"Expected one of {string.Join(", ", HandoffFile.States)}.");
        if (direction is not null && !Handoff.Directions.Contains(direction))
            return Problems.Invalid("direction", $"Expected one of {string.Join(", ", Handoff.Directions)}.");
        if (Cursor.Fault(limit, cursor, out var after) is { } wrongPage)
            return wrongPage;
        if (!live.Answers)
            return Problems.NotReady(http);
        var now = live.Now();
        var found = live.Read(
            (fold, _) =>
                HandoffList.Of(
                    fold,
                    file =>
                        (state is null || file.State == state)
                        && (direction is null || file.Handoff.Direction == direction)
                        && (!overdue || file.IsOverdue(now)),
                    PartnerId.OrNone(partner_id),
                    AccountId.OrNone(account_id),
                    after,
                    limit + 1
                )
        );
        var next = found.Count > limit ? Cursor.Of(found[limit - 1].Handoff.CreatedAt, found[limit - 1].Handoff.Id) : null;
        return TypedResults.Ok(
            new HandoffsResponse([.. found.Take(limit).Select(file => HandoffResponse.Of(file, now))], Pagination.Of(http, next))
        );
    }

    /// <summary>Where a handoff stands: its packet, its steps, its clock, and what may be done</summary>
    public static Results<Ok<HandoffResponse>, NotFound, Unavailable> State(string id, HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (Read(live, id) is not var (file, packet, terms))
            return Problems.NotFound($"No handoff has the id '{id}'.");
        http.Response.Headers.ETag = RowsApi.ETag(file.Version);
        return TypedResults.Ok(HandoffResponse.Of(file, packet, terms, live.Now()));
    }

    /// <summary>A handoff with its packet and what it needs; null if it is not known.</summary>
    public static (HandoffFile File, IReadOnlyDictionary<string, string> Packet, HandoffTerms Terms)? Read(
        LiveRecommender live,
        string id
    )
    {
        var rules = live.Rules;
        return
            live.Store.Find(HandoffsCapability.Handoffs, id) is { } row
            && live.Read(
                (state, now) =>
                    HandoffList.Find(state, id) is { } file ? (file, HandoffTerms.Of(state, rules, file.Handoff, now)) : default
            )
                is ({ } found, var terms)
            ? (found, HandoffsCapability.Handoffs.PacketOf(row.Row), terms)
            : null;
    }

    /// <summary>Changes fields of the packet while it is not with the other side</summary>
    public static Task<Outcome> EditAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Edit, http, live, writes, options, dry_run);

    /// <summary>Says which open deal of the account a handoff became; when that is won or lost, so is the handoff</summary>
    public static Task<Outcome> LinkAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Link, http, live, writes, options, dry_run);

    /// <summary>Sends a handoff to the other side, whose clock runs from now on. 409 while a rule keeps the account from the partner, or the packet lacks what a rule needs</summary>
    public static Task<Outcome> SendAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Send, http, live, writes, options, dry_run);

    /// <summary>Accepts a handoff: whoever received it takes it up</summary>
    public static Task<Outcome> AcceptAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Accept, http, live, writes, options, dry_run);

    /// <summary>Declines a handoff, for a reason of the closed list</summary>
    public static Task<Outcome> DeclineAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Decline, http, live, writes, options, dry_run);

    /// <summary>Says that buyer and receiver were introduced to each other</summary>
    public static Task<Outcome> IntroduceAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Introduce, http, live, writes, options, dry_run);

    /// <summary>Says that they met</summary>
    public static Task<Outcome> MeetAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Meet, http, live, writes, options, dry_run);

    /// <summary>Says how good a handoff was, 1 to 5, once at its acceptance and once at its end, for each side</summary>
    public static Task<Outcome> RateAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Rate, http, live, writes, options, dry_run);

    /// <summary>Ends a handoff: it is none any more</summary>
    public static Task<Outcome> WithdrawAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    ) => DoAsync(id, HandoffAction.Withdraw, http, live, writes, options, dry_run);

    static async Task<Outcome> DoAsync(
        string id,
        HandoffAction action,
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
            ApiJson.Default.HandoffOrderRequest,
            order => order.Faults(action)
        );
        if (problem is not null)
            return problem;
        if (!live.Answers)
            return Problems.NotReady(http);
        return await WorkAsync(http, live, writes, id, action, request, bytes, expected.Fingerprint, dryRun);
    }

    /// <summary>Works on a handoff.</summary>
    public static Task<WriteOutcome<Results<Ok<HandoffResponse>, NotFound, PreconditionFailed>>> WorkAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        string id,
        HandoffAction action,
        HandoffOrderRequest request,
        byte[] bytes,
        long? version,
        bool dryRun
    ) =>
        RunAsync<Results<Ok<HandoffResponse>, NotFound, PreconditionFailed>>(
            http,
            live,
            writes,
            bytes,
            needsKey: false,
            dryRun,
            StatusCodes.Status200OK,
            desk => desk.Do(id, request.Order(action, Caller.Of(http)), version)
        );

    static Task<WriteOutcome<T>> RunAsync<T>(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        byte[] bytes,
        bool needsKey,
        bool dryRun,
        int status,
        Func<HandoffDesk, HandoffOutcome> run
    )
        where T : IEndpointMetadataProvider
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
                    if (outcome.Sent is { } sent)
                        live.Events.Append(
                            scope,
                            HandoffsCapability.EventOf(sent, scope.Stamp, outcome.Packet, outcome.File.Handoff)
                        );
                    return WriteAnswer.Of(
                        HandoffResponse.Of(outcome.File, outcome.Packet, outcome.Terms, scope.Stamp),
                        ApiJson.Default.HandoffResponse,
                        status,
                        RowsApi.ETag(outcome.File.Version)
                    );
                }
                catch (HandoffRefusedException e)
                {
                    throw new WriteRefusedException(ProblemOf(e));
                }
            },
            decides: true
        );
    }

    static string TitleOf(string name) => HandoffPacket.Fields.First(field => field.Name == name).Title;

    static Problem ProblemOf(HandoffRefusedException e) =>
        e.Why switch
        {
            HandoffRefusal.Unknown => Problems.NotFound(e.Message),
            HandoffRefusal.Changed => new PreconditionFailed(e.Message),
            HandoffRefusal.Row => Problems.Refused(e.Message, "row_rejected", Problems.ErrorOf(e.Rejected!)),
            HandoffRefusal.MayNotHaveIt => Problems.Conflict(e.Message, "may_not_have_it"),
            HandoffRefusal.Incomplete => Problems.Conflict(
                e.Message,
                "packet_incomplete",
                [
                    .. e.Missing.Select(name => new ProblemError(
                        "/packet/" + name,
                        $"{TitleOf(name)}: expected a text that says something."
                    )),
                ]
            ),
            HandoffRefusal.ThereAlready => Problems.Conflict(e.Message, "there_already"),
            _ => Problems.Conflict(e.Message, "not_allowed_now"),
        };
}
