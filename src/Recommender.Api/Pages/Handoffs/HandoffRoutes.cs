using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Capabilities.Handoffs;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Handoffs;

/// <summary>An account handed off to a partner, with its packet.</summary>
static class HandoffRoutes
{
    static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    public static void MapHandoffPages(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/accounts/{id}/partners/{partnerId}/handoff", HandoffAsync);
        pages
            .MapPost("/accounts/{id}/partners/{partnerId}/handoff", SendHandoffAsync)
            .WithMetadata(new RequireAntiforgeryTokenAttribute());
        pages.MapMethods("/accounts/{id}/partners/{partnerId}/handover", ["GET", "POST"], MovedHandoff);
    }

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
        string? deal = null,
        string? sent = null
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
            (nameof(HandoffPage.Sent), sent is null ? null : "The packet is on its way to the PRM, and in the journal.")
        );
    }

    static async Task<Results<RazorComponentResult, FileContentHttpResult, StatusCodeHttpResult>> SendHandoffAsync(
        string id,
        string partnerId,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        var packet = HandoffPacket
            .Fields.Select(field => field.Name)
            .Append("introduction")
            .ToDictionary(name => name, name => form[name].ToString() is { Length: <= 4000 } text ? text : "");
        var (to, deal) = (form["to"].ToString(), form["deal"].ToString());
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
                live.Events.Append(
                    scope,
                    new(to == "prm" ? "handoff.sent" : "handoff.prepared", $"{id}/{partnerId}", scope.Stamp, data)
                );
                return WriteAnswer.Of(new TestEventResponse("kept"), ApiJson.Default.TestEventResponse);
            }
        );
        var page = $"{HandoffOf(id, partnerId)}?deal={Uri.EscapeDataString(deal.Length > 0 ? deal : "none")}";
        if (ProblemOf(answer, page) is { } told)
            return told;
        var name = string.Join('_', $"handoff-{id}-{partnerId}".Split([.. "/\\:*?\"<>|"]));
        return to switch
        {
            "markdown" => TypedResults.File(
                Encoding.UTF8.GetBytes(HandoffPacket.Markdown($"Handoff: {id} to {partnerId}", packet)),
                "text/markdown; charset=utf-8",
                name + ".md"
            ),
            "json" => TypedResults.File(JsonSerializer.SerializeToUtf8Bytes(data, _indented), "application/json", name + ".json"),
            _ => Seen(http, page + "&sent=1"),
        };
    }
}
