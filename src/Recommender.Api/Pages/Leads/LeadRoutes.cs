using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Api.Endpoints;
using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Ranking;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Leads;

/// <summary>Leads: offers to answer, what nobody took, one lead with why it went where it went, and a new one.</summary>
static class LeadRoutes
{
    const int OfPage = 25;

    public static void MapLeadPages(this IEndpointRouteBuilder pages)
    {
        var group = pages.MapGroup("/leads");
        group.MapGet("", List);
        group.MapGet("/new", () => Page<NewLeadPage>((nameof(NewLeadPage.Form), new LeadForm())));
        group.MapPost("/new", TakeAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        group.MapGet("/{id}", Look);
        group.MapPost("/{id}/answer", AnswerAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    public static string PageOf(string id) => $"/leads/{Uri.EscapeDataString(id)}";

    public static string ListOf(string state, Assignee? to) =>
        $"/leads?state={state}{(to is { } who ? $"&to={Uri.EscapeDataString($"{who.Type}:{who.Id}")}" : "")}";

    static Assignee? AssigneeOf(string? text) =>
        text?.IndexOf(':', StringComparison.Ordinal) is > 0 and var at && Assignee.Types.Contains(text[..at])
            ? new(text[..at], text[(at + 1)..])
            : null;

    static RazorComponentResult List(LiveRecommender live, string state = "offered", string? to = null, string? page = null)
    {
        if (!LeadFile.States.Contains(state))
            state = "offered";
        var (at, who) = (NumberOf(page), AssigneeOf(to));
        var ((files, total), everybody) = live.Read(
            (fold, _) =>
                (
                    state == "offered" && LeadList.OpenOffers(fold, who).ToList() is var open
                        ? ([.. open.Skip((at - 1) * OfPage).Take(OfPage)], open.Count)
                        : LeadList.NewestFirst(fold, state, who, (at - 1) * OfPage, OfPage),
                    LeadList.Everybody(fold)
                )
        );
        var traces = files.Select(file => TraceOf(live, file)).ToList();
        var rows = live.Read((fold, _) => files.Zip(traces, (file, trace) => LeadView.Of(fold, file, trace)).ToList());
        return Page<LeadsPage>(
            (nameof(LeadsPage.State), state),
            (nameof(LeadsPage.Rows), rows),
            (nameof(LeadsPage.Everybody), Named(live, everybody)),
            (nameof(LeadsPage.To), who),
            (nameof(LeadsPage.Total), total),
            (nameof(LeadsPage.At), at),
            (nameof(LeadsPage.HasMore), at * OfPage < total),
            (nameof(LeadsPage.Now), live.Now())
        );
    }

    static IReadOnlyList<TraceStep> TraceOf(LiveRecommender live, LeadFile file) =>
        file.Steps.LastOrDefault(step => step.Kind is "offered" or "queued") is { } step
            ? LeadResponse.TraceOf(live.Store, step)
            : [];

    static List<(Assignee, string)> Named(LiveRecommender live, IReadOnlyList<Assignee> all) =>
        live.Read(
            (fold, _) =>
                all.Select(who => (who, LeadView.NameOf(fold, who)))
                    .OrderBy(one => one.Item2, StringComparer.OrdinalIgnoreCase)
                    .ToList()
        );

    static RazorComponentResult Look(string id, LiveRecommender live)
    {
        if (live.Read((fold, _) => LeadList.Find(fold, id)) is not { } file)
            return Message("No such lead", "There is no lead with this id.", 404, "/leads");
        var trace = TraceOf(live, file);
        var accounts = file.Lead.AccountId is null ? live.Leads.Accounts() : null;
        var (view, steps, everybody, likely, giver) = live.Read(
            (fold, now) =>
                (
                    LeadView.Of(fold, file, trace),
                    file.Steps.Select(step => (step, LeadView.NameOf(fold, step.To))).ToList(),
                    LeadList.Candidates(fold, now),
                    (accounts?.Find(fold, file.Lead.Name, file.Lead.Domain, file.Lead.Country, file.Lead.Region) ?? [])
                        .Select(one => (one.Id.Value, fold.FindAccount(one.Id)?.Name ?? one.Id.Value))
                        .ToList(),
                    file.Lead.PartnerId is { } partner ? fold.NameOf(partner) : null
                )
        );
        return Page<LeadPage>(
            (nameof(LeadPage.View), view),
            (nameof(LeadPage.Steps), steps),
            (nameof(LeadPage.Everybody), Named(live, everybody)),
            (nameof(LeadPage.Likely), likely),
            (nameof(LeadPage.Giver), giver),
            (nameof(LeadPage.Now), live.Now())
        );
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> AnswerAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        if (!Enum.TryParse<LeadAction>(form["action"].ToString(), ignoreCase: true, out var action) || !Enum.IsDefined(action))
            return Message("That was not done", "The page sent something that cannot be done with a lead.", 400, PageOf(id));
        var who = action == LeadAction.Assign ? AssigneeOf(form["who"]) : null;
        var request = new LeadOrderRequest
        {
            Reason = action == LeadAction.Decline ? form["reason"].ToString() : null,
            Note = Text(form, "note"),
            AccountId = action == LeadAction.Route ? Text(form, "account") : null,
            NewAccount = action == LeadAction.Route && form["new"] == "yes",
            AssigneeType = who?.Type,
            AssigneeId = who?.Id,
        };
        if (request.Faults(action) is [var fault, ..])
            return Message("That was not done", fault.Message, 400, PageOf(id));
        // Who works on what was changed meanwhile, or twice, is told so.
        var seen = long.TryParse(form["seen"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var steps)
            ? steps
            : -1;
        var answer = await LeadsApi.WorkAsync(
            http,
            live,
            writes,
            action is LeadAction.Accept or LeadAction.Decline ? form["offer"].ToString() : id,
            action,
            request,
            [],
            seen,
            dryRun: false
        );
        return ProblemOf(answer, PageOf(id)) is { } told ? told : Seen(http, PageOf(id));
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options
    )
    {
        var sent = await FormAsync(http);
        var form = LeadForm.Of(sent);
        RazorComponentResult Again(
            int status,
            string? fault,
            string? goes = null,
            IReadOnlyList<TraceStep>? trace = null,
            IReadOnlyDictionary<Assignee, string>? names = null
        ) =>
            Page<NewLeadPage>(
                status,
                (nameof(NewLeadPage.Form), form),
                (nameof(NewLeadPage.Fault), fault),
                (nameof(NewLeadPage.Goes), goes),
                (nameof(NewLeadPage.Trace), trace ?? []),
                (nameof(NewLeadPage.Names), names ?? new Dictionary<Assignee, string>())
            );
        var bytes = live.Read((fold, _) => form.Body(fold));
        if (LeadBody.Read(bytes, live.Now(), options.Value.Reader.Settings, out var wrong) is not var (row, isNewAccount))
            return Again(
                400,
                string.Join(" ", wrong!.Errors.Select(error => $"{Format.Plain(error.Pointer.Trim('/'))}: {error.Message}"))
            );
        var submits = sent["go"] == "submit";
        // Sent twice it is one.
        if (submits && live.Read((fold, _) => LeadList.Find(fold, form.Id)) is not null)
            return Seen(http, PageOf(form.Id));
        var answer = await LeadsApi.TakeAsync(http, live, writes, row, isNewAccount, bytes, needsKey: false, dryRun: !submits);
        if (ProblemOf(answer, "/leads/new") is { } told)
            return told;
        if (submits)
            return Seen(http, PageOf(form.Id));
        var lead = JsonSerializer.Deserialize(BytesOf(answer).Span, ApiJson.Default.LeadResponse)!;
        var to = new Assignee(lead.Assignee!.Type, lead.Assignee.Id);
        var names = live.Read((fold, _) => LeadView.NamesOf(fold, lead.Trace ?? []));
        return Again(
            200,
            null,
            lead.State == "queued"
                ? $"Nobody: it would lie in {live.Read((fold, _) => LeadView.NameOf(fold, to))}, because {LeadView.ReasonOf(lead.Reason)}"
                : $"{live.Read((fold, _) => LeadView.NameOf(fold, to))} ({to.Type}), to be answered by {Format.Moment(lead.AcceptBy!.Value)}",
            lead.Trace,
            names
        );
    }

    static ReadOnlyMemory<byte> BytesOf(IResult answer)
    {
        while (answer is INestedHttpResult nested)
            answer = nested.Result;
        return ((JsonBytes)answer).Body;
    }

    static string? Text(IFormCollection form, string name) => form[name].ToString().Trim() is { Length: > 0 } text ? text : null;
}
