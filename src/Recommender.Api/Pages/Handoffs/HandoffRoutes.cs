using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Api.Endpoints;
using Recommender.Api.Pages.Registrations;
using Recommender.Capabilities.Handoffs;
using Recommender.CoSell;
using Recommender.Fold;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Handoffs;

/// <summary>Handoffs: an account handed to a partner with its packet, the board, one handoff, and one that a partner gives us.</summary>
static class HandoffRoutes
{
    const int OfPage = 25;
    static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    public static void MapHandoffPages(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/accounts/{id}/partners/{partnerId}/handoff", HandoffAsync);
        pages
            .MapPost("/accounts/{id}/partners/{partnerId}/handoff", SendHandoffAsync)
            .WithMetadata(new RequireAntiforgeryTokenAttribute());
        var group = pages.MapGroup("/handoffs");
        group.MapGet("", Board);
        group.MapGet("/new", New);
        group.MapPost("/new", ReceiveAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        group.MapGet("/{id}", Look);
        group.MapPost("/{id}/step", StepAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        pages.MapMethods("/accounts/{id}/partners/{partnerId}/handover", ["GET", "POST"], MovedHandoff);
    }

    public static string PageOf(string id) => $"/handoffs/{Uri.EscapeDataString(id)}";

    /// <summary>Where the page stands that had another name before, for addresses that people kept.</summary>
    static RedirectHttpResult MovedHandoff(HttpContext http) =>
        TypedResults.Redirect(
            Addresses.PathOf(http).TrimEnd('/')[..^"handover".Length] + "handoff" + http.Request.QueryString,
            permanent: true,
            preserveMethod: true
        );

    static string HandoffOf(string id, string partnerId) =>
        $"/accounts/{Uri.EscapeDataString(id)}/partners/{Uri.EscapeDataString(partnerId)}/handoff";

    static async Task<RazorComponentResult> HandoffAsync(
        string id,
        string partnerId,
        HttpContext http,
        LiveRecommender live,
        string? deal = null
    )
    {
        if (
            DealView.Of(live, id, deal) is not { } view
            || await view.RecommendAsync(live, Caller.Of(http), http.RequestAborted) is not { } said
        )
            return DealView.NotFound();
        if (view.Explain(live, partnerId) is not var (partner, _))
            return DealView.NotRanked(id);
        var packet = HandoffPacket.Fill(view.Account, view.Deal, partner, said.RecommendationId);
        packet["introduction"] = HandoffPacket.Introduction(view.Account, view.Deal, partner);
        return Page<HandoffPage>(
            (nameof(HandoffPage.View), view),
            (nameof(HandoffPage.Partner), partner),
            (nameof(HandoffPage.RecommendationId), said.RecommendationId),
            (nameof(HandoffPage.Packet), packet),
            (nameof(HandoffPage.Once), Guid.NewGuid().ToString("N")),
            (nameof(HandoffPage.CanSend), live.Events.Webhooks.Any(webhook => webhook.Wants("handoff.sent"))),
            (nameof(HandoffPage.Live), live.Read((fold, _) => LiveOne(fold, view, partner.PartnerId)))
        );
    }

    /// <summary>The handoff of the same account, deal and partner that goes on; null if none does.</summary>
    static string? LiveOne(HistoryState fold, DealView view, PartnerId partner) =>
        HandoffList
            .LiveLike(fold, new("", "given", partner, view.Account.Id, default) { OpportunityId = view.Deal?.Id })
            ?.Handoff.Id;

    static async Task<Results<RazorComponentResult, FileContentHttpResult, StatusCodeHttpResult>> SendHandoffAsync(
        string id,
        string partnerId,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        var packet = PacketOf(form);
        var (to, deal) = (form["to"].ToString(), form["deal"].ToString());
        var page = $"{HandoffOf(id, partnerId)}?deal={Uri.EscapeDataString(deal.Length > 0 ? deal : "none")}";
        if (to is "send" or "draft")
        {
            var request = new HandoffRequest
            {
                // Sent twice it is one.
                HandoffId = "ho_" + form["once"],
                PartnerId = partnerId,
                AccountId = id,
                OpportunityId = deal.Length > 0 ? deal : null,
                RecommendationId = form["recommendation_id"].ToString() is { Length: > 0 } said ? said : null,
                Packet = packet,
            };
            return await TakeAsync(http, live, writes, request, page, sends: to == "send");
        }
        var data = new Dictionary<string, object?>
        {
            ["account_id"] = id,
            ["opportunity_id"] = deal.Length > 0 ? deal : null,
            ["partner_id"] = partnerId,
            ["recommendation_id"] = form["recommendation_id"].ToString(),
            ["complete"] = FormattableString.Invariant($"{HandoffPacket.Filled(packet)}/{HandoffPacket.Fields.Count}"),
            ["packet"] = packet,
        };
        http.Request.Headers["Idempotency-Key"] = $"page-{form["once"]}-{to}";
        var answer = await writes.RunAsync<Ok<TestEventResponse>>(
            http,
            JsonSerializer.SerializeToUtf8Bytes(packet),
            needsKey: true,
            dryRun: false,
            scope =>
            {
                live.Events.Append(scope, new("handoff.prepared", $"{id}/{partnerId}", scope.Stamp, data));
                return WriteAnswer.Of(new TestEventResponse("kept"), ApiJson.Default.TestEventResponse);
            }
        );
        if (ProblemOf(answer, page) is { } told)
            return told;
        var name = string.Join('_', $"handoff-{id}-{partnerId}".Split([.. "/\\:*?\"<>|"]));
        return to == "markdown"
            ? TypedResults.File(
                Encoding.UTF8.GetBytes(HandoffPacket.Markdown($"Handoff: {id} to {partnerId}", packet)),
                "text/markdown; charset=utf-8",
                name + ".md"
            )
            : TypedResults.File(JsonSerializer.SerializeToUtf8Bytes(data, _indented), "application/json", name + ".json");
    }

    /// <summary>The packet that was typed. Browsers send lines with two signs at their ends; what is too long is refused, not cut.</summary>
    static Dictionary<string, string> PacketOf(IFormCollection form) =>
        HandoffPacket.Names.ToDictionary(name => name, name => form[name].ToString().ReplaceLineEndings("\n").Trim());

    /// <summary>Drafts a handoff, and sends it if that is meant; what cannot be sent is kept as a draft.</summary>
    static async Task<Results<RazorComponentResult, FileContentHttpResult, StatusCodeHttpResult>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        HandoffRequest request,
        string page,
        bool sends
    )
    {
        var id = request.HandoffId!;
        if (request.Faults() is [var fault, ..])
            return Message("That was not done", fault.Message, 400, page);
        // Gone back to and sent again, it is the same, with what is typed now.
        if (live.Read((fold, _) => HandoffList.Find(fold, id)) is { } before)
        {
            if (before.Handoff.PartnerId != request.PartnerId! || before.Handoff.AccountId != request.AccountId!)
                return Message("That was not done", "It was taken in already, of another partner or account.", 409, PageOf(id));
            if (before.Allowed.Contains(HandoffAction.Edit))
            {
                var edit = new HandoffOrderRequest { Packet = request.Packet };
                var edited = await HandoffsApi.WorkAsync(
                    http,
                    live,
                    writes,
                    id,
                    HandoffAction.Edit,
                    edit,
                    [],
                    version: null,
                    dryRun: false
                );
                if (ProblemOf(edited, PageOf(id)) is { } notEdited)
                    return notEdited;
            }
        }
        else
        {
            var drafted = await HandoffsApi.TakeAsync(http, live, writes, request, [], needsKey: false, dryRun: false);
            if (ProblemOf(drafted, page) is { } told)
                return told;
        }
        if (sends && live.Read((fold, _) => HandoffList.Find(fold, id)) is { State: "draft" })
        {
            var sent = await HandoffsApi.WorkAsync(
                http,
                live,
                writes,
                id,
                HandoffAction.Send,
                new(),
                [],
                version: null,
                dryRun: false
            );
            if (ProblemOf(sent, PageOf(id)) is { } told)
                return told;
        }
        return Seen(http, PageOf(id));
    }

    static RazorComponentResult Board(LiveRecommender live, string? board = null, string? page = null)
    {
        var shown = HandoffBoard.All.FirstOrDefault(one => one.Name == board) ?? HandoffBoard.All[0];
        var at = NumberOf(page);
        var (counts, rows) = live.Read(
            (fold, _) =>
            {
                var all = HandoffList.Of(fold, _ => true, null, null, null, int.MaxValue);
                var held = all.Where(shown.Holds);
                var ordered = shown.IsByDue ? held.OrderBy(file => file.DueAt) : held.Reverse();
                return (
                    HandoffBoard.All.ToDictionary(one => one, one => all.Count(one.Holds)),
                    ordered.Skip((at - 1) * OfPage).Take(OfPage).Select(file => HandoffView.Of(fold, file)).ToList()
                );
            }
        );
        return Page<HandoffsPage>(
            (nameof(HandoffsPage.Board), shown),
            (nameof(HandoffsPage.Rows), rows),
            (nameof(HandoffsPage.Counts), counts),
            (nameof(HandoffsPage.At), at),
            (nameof(HandoffsPage.HasMore), at * OfPage < counts[shown]),
            (nameof(HandoffsPage.Now), live.Now())
        );
    }

    static RazorComponentResult Look(string id, LiveRecommender live)
    {
        if (HandoffsApi.Read(live, id) is not var (file, packet, terms))
            return Message("No such handoff", "There is no handoff with this id.", 404, "/handoffs");
        var (view, deals) = live.Read(
            (fold, _) => (HandoffView.Of(fold, file), fold.OpenDealsOf(file.Handoff.AccountId).Take(50).ToList())
        );
        return Page<HandoffFilePage>(
            (nameof(HandoffFilePage.View), view),
            (nameof(HandoffFilePage.Packet), packet),
            (nameof(HandoffFilePage.Terms), terms),
            (nameof(HandoffFilePage.OpenDeals), deals),
            (nameof(HandoffFilePage.Now), live.Now())
        );
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> StepAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        if (!Enum.TryParse<HandoffAction>(form["action"].ToString(), ignoreCase: true, out var action) || !Enum.IsDefined(action))
            return Message("That was not done", "The page sent something that cannot be done with a handoff.", 400, PageOf(id));
        // Who works on what was changed meanwhile, or twice, is told so.
        long? seen = long.TryParse(form["seen"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : -1;
        // What is typed is kept, whether it can be sent or not.
        HandoffAction[] steps = action == HandoffAction.Send ? [HandoffAction.Edit, HandoffAction.Send] : [action];
        foreach (var step in steps)
        {
            var request = RequestOf(step, form);
            if (request.Faults(step) is [var fault, ..])
                return Message("That was not done", fault.Message, 400, PageOf(id));
            var answer = await HandoffsApi.WorkAsync(http, live, writes, id, step, request, [], seen, dryRun: false);
            if (ProblemOf(answer, PageOf(id)) is { } told)
                return told;
            seen = null;
        }
        return Seen(http, PageOf(id));
    }

    static HandoffOrderRequest RequestOf(HandoffAction action, IFormCollection form) =>
        new()
        {
            Reason = action == HandoffAction.Decline ? form["reason"].ToString() : null,
            Note = Text(form, "note"),
            Rating =
                action == HandoffAction.Rate
                && int.TryParse(form["rating"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var rating)
                    ? rating
                    : null,
            Side = action == HandoffAction.Rate ? form["side"].ToString() : null,
            OpportunityId = action == HandoffAction.Link ? Text(form, "opportunity") : null,
            Packet = action == HandoffAction.Edit ? PacketOf(form) : null,
        };

    static RazorComponentResult New(LiveRecommender live, string? partner = null, string? account = null) =>
        NewPage(
            live,
            200,
            new Dictionary<string, string>
            {
                ["id"] = Guid.NewGuid().ToString("N"),
                ["partner"] = partner ?? "",
                ["account"] = account ?? "",
            },
            null
        );

    static RazorComponentResult NewPage(LiveRecommender live, int status, Dictionary<string, string> form, string? fault)
    {
        foreach (var name in NewHandoffPage.Asked.Concat(["id", "partner", "account", "product", "owner"]))
            form.TryAdd(name, "");
        return Page<NewHandoffPage>(
            status,
            (nameof(NewHandoffPage.Form), form),
            (nameof(NewHandoffPage.Partners), live.Read((fold, _) => RegistrationForm.PartnersOf(fold))),
            (nameof(NewHandoffPage.Fault), fault)
        );
    }

    static async Task<Results<RazorComponentResult, FileContentHttpResult, StatusCodeHttpResult>> ReceiveAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var sent = await FormAsync(http);
        var form = sent.ToDictionary(one => one.Key, one => one.Value.ToString().Trim());
        var (partner, account) = live.Read(
            (fold, _) => (RegistrationForm.PartnerOf(fold, Text(sent, "partner") ?? ""), Text(sent, "account") ?? "")
        );
        if (partner is null)
            return NewPage(live, 400, form, "No partner is called so; choose one of the list.");
        if (live.Read((fold, _) => fold.FindAccount(account)) is null)
            return NewPage(live, 400, form, $"No account has the id '{account}'.");
        var request = new HandoffRequest
        {
            HandoffId = "ho_" + Text(sent, "id"),
            Direction = "received",
            PartnerId = partner,
            AccountId = account,
            Product = Text(sent, "product"),
            Owner = Text(sent, "owner"),
            Packet = NewHandoffPage.Asked.ToDictionary(name => name, name => sent[name].ToString().Trim()),
        };
        return await TakeAsync(http, live, writes, request, "/handoffs/new", sends: false);
    }

    static string? Text(IFormCollection form, string name) => form[name].ToString().Trim() is { Length: > 0 } text ? text : null;
}
