using System.Globalization;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Api.Endpoints;
using Recommender.Capabilities.Registrations;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Registrations;

/// <summary>What partners claim: what is due, one registration with what may be done, and a new one.</summary>
static class RegistrationRoutes
{
    const int OfPage = 25;

    public static void MapRegistrationPages(this IEndpointRouteBuilder pages)
    {
        var group = pages.MapGroup("/registrations");
        group.MapGet("", List);
        group.MapGet("/new", New);
        group.MapPost("/new", TakeAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        group.MapGet("/{id}", Look);
        group.MapPost("/{id}/decide", DecideAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    public static string PageOf(string id) => $"/registrations/{Uri.EscapeDataString(id)}";

    static RazorComponentResult List(LiveRecommender live, string state = "submitted", string? page = null)
    {
        if (!RegistrationList.States.Contains(state))
            state = "submitted";
        var at = NumberOf(page);
        var rules = live.Rules;
        var (rows, total) = live.Read(
            (fold, asOf) =>
            {
                var (found, count) = RegistrationList.DueFirst(fold, rules, state, (at - 1) * OfPage, OfPage, asOf);
                return (found.Select(file => RegistrationView.Of(fold, rules, file, asOf)).ToList(), count);
            }
        );
        return Page<RegistrationsPage>(
            (nameof(RegistrationsPage.State), state),
            (nameof(RegistrationsPage.Rows), rows),
            (nameof(RegistrationsPage.Total), total),
            (nameof(RegistrationsPage.At), at),
            (nameof(RegistrationsPage.HasMore), at * OfPage < total),
            (nameof(RegistrationsPage.Now), live.Now())
        );
    }

    static RazorComponentResult Look(string id, LiveRecommender live)
    {
        var rules = live.Rules;
        return
            live.Read(
                (fold, asOf) =>
                    RegistrationList.Find(fold, rules, id, asOf) is { } file ? RegistrationView.Of(fold, rules, file, asOf) : null
            )
                is { } view
            ? Page<RegistrationPage>(
                (nameof(RegistrationPage.View), view),
                (nameof(RegistrationPage.Now), live.Now()),
                (nameof(RegistrationPage.Version), RegistrationsApi.VersionOf(live, view.File) ?? 0)
            )
            : Message("No such registration", "There is no registration with this id.", 404, "/registrations");
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> DecideAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        if (!Enum.TryParse<RegistrationAction>(form["action"].ToString(), ignoreCase: true, out var action))
            return Message("That was not done", "The page sent something that is no decision.", 400, PageOf(id));
        var request = new RegistrationOrderRequest
        {
            Ground = action == RegistrationAction.Reject ? Text(form, "ground") : null,
            Note = Text(form, "note"),
            OpportunityId = action == RegistrationAction.Convert ? Text(form, "deal") : null,
        };
        if (request.Faults(action) is [var fault, ..])
            return Message(
                "That was not done",
                fault.Pointer == "/ground" ? "Say why it is rejected." : fault.Message,
                400,
                PageOf(id)
            );
        // Who decides on what was changed meanwhile, or twice, is told so.
        var seen = long.TryParse(
            form["version"].ToString(),
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var version
        )
            ? version
            : 0;
        var answer = await RegistrationsApi.WorkAsync(
            http,
            live,
            writes,
            id,
            action,
            request,
            [],
            new(seen, Absent: false),
            dryRun: false
        );
        return ProblemOf(answer, PageOf(id)) is { } told ? told : Seen(http, PageOf(id));
    }

    static RazorComponentResult New(LiveRecommender live, string? partner = null, string? account = null) =>
        Page<NewRegistrationPage>(
            (nameof(NewRegistrationPage.Form), new RegistrationForm { Partner = partner ?? "", Company = account ?? "" }),
            (nameof(NewRegistrationPage.Partners), PartnersOf(live))
        );

    static List<(string Id, string Name)> PartnersOf(LiveRecommender live) =>
        live.Read((fold, _) => RegistrationForm.PartnersOf(fold));

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var sent = await FormAsync(http);
        var form = RegistrationForm.Of(sent);
        RazorComponentResult Again(int status, string? fault, RegistrationCheck? check = null) =>
            Page<NewRegistrationPage>(
                status,
                (nameof(NewRegistrationPage.Form), form),
                (nameof(NewRegistrationPage.Partners), PartnersOf(live)),
                (nameof(NewRegistrationPage.Fault), fault),
                (nameof(NewRegistrationPage.Check), check)
            );
        string? wrong = null;
        if (live.Read((fold, _) => form.Request(fold, out wrong)) is not { } request)
            return Again(400, wrong);
        if (request.Faults() is { Count: > 0 } faults)
            return Again(400, string.Join(" ", faults.Select(fault => $"{fault.Pointer.Trim('/')}: {fault.Message}")));
        if (sent["go"] != "submit")
            return RegistrationsApi.Check(live, request) is { } check
                ? Again(200, null, check)
                : Again(400, "No partner or no account is called so.");
        // Sent twice it is one.
        if (live.Read((fold, asOf) => fold.FindRegistration(form.Id, asOf)) is not null)
            return Seen(http, PageOf(form.Id));
        var answer = await RegistrationsApi.TakeAsync(http, live, writes, request, [], needsKey: false, dryRun: false);
        return ProblemOf(answer, "/registrations/new") is { } told ? told : Seen(http, PageOf(request.RegistrationId!));
    }

    static string? Text(IFormCollection form, string name) => form[name].ToString().Trim() is { Length: > 0 } text ? text : null;
}
