using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using Recommender.Access;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests;
using static Microsoft.Playwright.Assertions;

namespace Recommender.EndToEnd.Tests;

/// <summary>What a person does on the pages, in a real browser. Each flow is driven by the keyboard where a person could.</summary>
public sealed class PageTests(Browser browser) : IClassFixture<Browser>
{
    const string Account = "/accounts/A000007";

    // Every layout shift, with what moved.
    const string Shifts =
        "window.shifts = []; new PerformanceObserver(list => list.getEntries().forEach(entry => window.shifts.push(`${entry.value}: ${entry.sources.map(s => s.node?.outerHTML?.slice(0, 80)).join(' | ')}`))).observe({ type: 'layout-shift', buffered: true });";

    /// <summary>Every page there is, with what makes it special.</summary>
    public static TheoryData<string> Pages =>
        [
            "/",
            Account,
            Account + "?deal=none",
            Account + "/partners/P00018",
            Account + "/compare?partner=P00018&partner=P00001",
            Account + "/partners/P00001/handoff",
            "/deals",
            "/deals?owner=nobody",
            "/partners/P00001",
            "/partners/P00001/map",
            "/partners/P00050/map",
            "/partners/P00050/map/accounts?ours=customer&theirs=customer",
            "/partners/P00050/review",
            "/partners/P00001/review",
            "/partners/P00050/matches",
            "/registrations",
            "/registrations?state=approved",
            "/registrations?state=withdrawn",
            "/registrations/new?partner=P00001",
            "/registrations/REG-1",
            "/registrations/REG-2",
            "/registrations/REG-3",
            "/registrations/R0000001",
            "/accounts/A000002",
            "/conflicts",
            "/conflicts?state=decided",
            "/conflicts/" + Browser.Conflict,
            "/leads",
            "/leads?state=queued",
            "/leads?state=accepted",
            "/leads/new",
            "/leads/LEAD-1",
            "/handoffs",
            "/handoffs?board=drafts",
            "/handoffs/new",
            "/handoffs/HANDOFF-1",
            "/handoffs/HANDOFF-2",
            "/handoffs/HANDOFF-3",
            "/leads/LEAD-2",
            "/leads/LEAD-3",
            "/models",
            "/models/partner-fit/rollback",
            "/import",
            "/sign-in",
            "/accounts/nobody",
            "/nothing/here",
        ];

    [Fact]
    public async Task Three_letters_and_the_keyboard_lead_to_an_account_and_its_ranked_partners()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/models");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("nor");
        var options = page.Locator("#found [role=option]");
        await Expect(options.First).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        var name = await page.Locator("#found [aria-selected=true] strong").InnerTextAsync();
        Assert.Contains("nor", name, StringComparison.OrdinalIgnoreCase);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync(name);
        await Expect(page.Locator(".partner")).Not.ToHaveCountAsync(0);
        Assert.DoesNotContain("nor", new Uri(page.Url).Query, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task From_the_start_a_ranked_partner_is_one_click_away()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/");
        await WhenIndexedAsync(page);
        await page.Locator(".card .main").First.PressAsync("Enter");
        await Expect(page.Locator(".partner h3").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_account_shows_who_to_bring_what_it_changes_why_and_what_to_do_next()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync(Account);
        var first = page.Locator(".partner").First;
        await Expect(page.Locator(".chips a")).Not.ToHaveCountAsync(0);
        await Expect(first.Locator(".grade")).ToHaveTextAsync(Pattern("^[A-D]$"));
        await Expect(first.Locator("p.diff")).ToContainTextAsync("points");
        await Expect(first.Locator("p.small")).ToHaveTextAsync(Pattern(@"^−?\d+ to −?\d+, from [\d,]+ finished deals"));
        await Expect(first.Locator("svg.lift")).ToBeVisibleAsync();
        foreach (var label in (string[])["Win with it", "Win alone", "Expected value", "Confidence"])
            await Expect(first.Locator("dl")).ToContainTextAsync(label);
        await Expect(first.Locator(".reasons li")).ToHaveCountAsync(3);
        await Expect(first.Locator(".warm")).ToContainTextAsync("Warm path");
        await Expect(first.Locator(".next")).ToContainTextAsync("Next");
        await Expect(first.Locator(".changed")).ToBeVisibleAsync();
        await Expect(page.Locator("text=Why not the others")).ToBeVisibleAsync();
        // Where it is not known, as on a deal that has a partner already, it says so, and shows no number.
        await page.GotoAsync(Account + "?deal=O0003032");
        var unknown = page.Locator(".partner", new() { Has = page.Locator("p.diff.unknown") }).First;
        await Expect(unknown.Locator("p.diff")).ToHaveTextAsync("Difference unknown");
        await Expect(unknown.Locator("svg")).ToHaveCountAsync(0);
        await Expect(unknown.Locator("dl")).ToContainTextAsync("Win as it stands");
        await Expect(unknown.Locator("dl")).Not.ToContainTextAsync("Win with it");
    }

    [Fact]
    public async Task The_order_of_partners_is_said_in_words_and_changed_in_one_click()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync(Account);
        var orders = page.GetByRole(AriaRole.Navigation, new() { Name = "Order of the partners" });
        await Expect(orders.Locator("[aria-current]")).ToHaveTextAsync("fit");
        await Expect(page.Locator("text=Who gets chosen for such deals stands first")).ToBeVisibleAsync();
        await orders.GetByRole(AriaRole.Link, new() { Name = "chance of winning" }).ClickAsync();
        await Expect(orders.Locator("[aria-current]")).ToHaveTextAsync("chance of winning");
        await Expect(page.Locator("text=With whom the deal is likeliest to be won stands first")).ToBeVisibleAsync();
        await Expect(page.Locator("text=came after these by chance of winning")).ToBeVisibleAsync();
        await orders.GetByRole(AriaRole.Link, new() { Name = "difference" }).ClickAsync();
        await Expect(orders.Locator("[aria-current]")).ToHaveTextAsync("difference");
        // What is known stands first, the largest first; then what is unknown.
        var differences = await page.Locator(".partner p.diff").AllInnerTextsAsync();
        var points = differences
            .TakeWhile(text => text.Contains("point", StringComparison.Ordinal))
            .Select(text => Number(text.Split(' ')[0]))
            .ToList();
        Assert.NotEmpty(points);
        Assert.Equal(points.OrderDescending(), points);
        Assert.All(differences.Skip(points.Count), text => Assert.Equal("Difference unknown", text));
    }

    [Fact]
    public async Task Why_shows_every_reason_adding_up_to_the_score_beside_the_dated_facts()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync(Account);
        await page.Locator(".partner", new() { HasText = "Lumcrest Digital" })
            .GetByRole(AriaRole.Link, new() { Name = "Why?" })
            .PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Why Lumcrest Digital");
        var adds = await page.Locator("table").First.Locator("tbody .number").AllInnerTextsAsync();
        Assert.True(adds.Count > 10);
        var total = Number(await page.Locator("table").First.Locator("tfoot .number").InnerTextAsync());
        Assert.Equal(total, adds.Sum(Number), adds.Count * 0.051);
        var facts = page.Locator("table").Nth(1).Locator("tbody tr");
        Assert.True(await facts.CountAsync() > 3);
        await Expect(facts.First.Locator("td").First).ToHaveTextAsync(Pattern(@"^\d+ \w{3} \d{4}$"));
    }

    [Fact]
    public async Task Two_partners_are_compared_side_by_side()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync(Account);
        var ticks = page.Locator("input[name=partner]");
        await ticks.Nth(0).PressAsync("Space");
        await ticks.Nth(1).PressAsync("Space");
        var names = await page.Locator(".partner h3").AllInnerTextsAsync();
        await page.GetByText("Compare the two that are ticked").PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync($"{names[0]} or {names[1]}");
        await Expect(page.Locator("table.compare").First.Locator("thead")).ToContainTextAsync(names[0]);
        Assert.True(await page.Locator("table.compare").Nth(1).Locator("tbody tr").CountAsync() > 5);
        // One partner alone cannot be compared: said in words.
        await page.GotoAsync(Account + "/compare?partner=P00001");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Tick two partners");
    }

    [Fact]
    public async Task A_packet_is_filled_completed_downloaded_and_sent_to_the_prm()
    {
        var received = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Logging:LogLevel:Default"] = "None";
        await using var prm = builder.Build();
        prm.MapPost(
            "/hook",
            async (HttpContext http) => received.Enqueue(await new StreamReader(http.Request.Body).ReadToEndAsync())
        );
        await prm.StartAsync(TestContext.Current.CancellationToken);
        var page = await browser.OpenAsync();
        await page.GotoAsync(Account);
        using (
            var webhook = new HttpRequestMessage(HttpMethod.Post, "/v1/webhooks")
            {
                Content = JsonContent.Create(new { url = prm.Urls.Single() + "/hook", types = (string[])["handoff.sent"] }),
            }
        )
        {
            webhook.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
            (await browser.Client.SendAsync(webhook, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }
        await page.Locator(".partner", new() { HasText = "Ironridge" })
            .GetByRole(AriaRole.Link, new() { Name = "Hand off" })
            .PressAsync("Enter");
        await Expect(page.Locator("h1")).ToContainTextAsync("Ironridge");
        await Expect(page.Locator("textarea")).ToHaveCountAsync(12);
        var before = await page.Locator("#complete").EvaluateAsync<int>("bar => bar.value");
        await page.Locator("#trigger").FillAsync("The auditors come in March");
        await Expect(page.Locator("#complete-text")).ToHaveTextAsync($"{before + 1} of 11");
        var markdown = await page.RunAndWaitForDownloadAsync(() => page.GetByText("Download Markdown").PressAsync("Enter"));
        Assert.Contains(
            "**Trigger in the buyer's words:** The auditors come in March",
            await File.ReadAllTextAsync((await markdown.PathAsync())!, TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
        var json = await page.RunAndWaitForDownloadAsync(() => page.GetByText("Download JSON").PressAsync("Enter"));
        Assert.Equal(
            "P00001",
            JsonElement
                .Parse(await File.ReadAllTextAsync((await json.PathAsync())!, TestContext.Current.CancellationToken))
                .GetProperty("partner_id")
                .GetString()
        );
        await page.GetByText("Send to Ironridge").PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("Waits for Ironridge");
        await Eventually.IsSoAsync(() => !received.IsEmpty);
        Assert.True(received.TryDequeue(out var body));
        Assert.Contains("The auditors come in March", body, StringComparison.Ordinal);
        Assert.Equal(2, (await Events(browser.Client, "handoff.prepared")).Count);
    }

    [Fact]
    public async Task A_handoff_is_completed_sent_answered_introduced_met_and_rated_and_one_is_taken_in()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/accounts/A000006/partners/P00001/handoff?deal=none");
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep as a draft" }).PressAsync("Enter");
        await page.GotoAsync("/handoffs?board=drafts");
        await page.GetByRole(AriaRole.Link, new() { Name = "Complete and send" }).First.PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("Not sent yet");
        await page.Locator("#joint_value").FillAsync("Our product, their practice");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save and send to" }).PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("answer by");
        await Expect(page.Locator("dl.packet")).ToContainTextAsync("Our product, their practice");
        await page.GetByRole(AriaRole.Button, new() { Name = "accepts" }).PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("introduce by");
        await page.GetByRole(AriaRole.Button, new() { Name = "is introduced" }).PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("meet by");
        await page.GetByRole(AriaRole.Button, new() { Name = "met the buyer" }).PressAsync("Enter");
        await Expect(page.Locator(".notice.good")).ToContainTextAsync("They met");
        await page.Locator("#rating").SelectOptionAsync("4");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rate" }).PressAsync("Enter");
        await Expect(page.Locator("tbody")).ToContainTextAsync("4 of 5");
        await page.GotoAsync("/handoffs?board=met");
        await Expect(page.Locator("tbody tr")).Not.ToHaveCountAsync(0);

        await page.GotoAsync("/handoffs");
        await page.GetByRole(AriaRole.Link, new() { Name = "A partner hands us something" }).PressAsync("Enter");
        await page.Locator("#partner").FillAsync("Ironridge Partners");
        await page.Locator("#account").FillAsync("nobody");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it in" }).PressAsync("Enter");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("No account has the id 'nobody'");
        await page.Locator("#account").FillAsync("A000005");
        await page.Locator("#trigger").FillAsync("They asked for a migration");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it in" }).PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("Waits for our answer");
        await page.Locator("#reason").SelectOptionAsync("no_capacity");
        await page.GetByRole(AriaRole.Button, new() { Name = "Decline" }).PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("Declined: no capacity");
    }

    [Fact]
    public async Task What_a_person_says_changes_the_next_ranking_at_once()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/accounts/A000012");
        var name = await page.Locator(".partner h3").First.InnerTextAsync();
        await page.Locator(".partner summary").First.PressAsync("Enter");
        await page.Locator(".partner select").First.SelectOptionAsync("no capacity");
        await page.Locator(".partner button[value=declined]").First.PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("left out for this deal");
        Assert.DoesNotContain(name, await page.Locator(".partner h3").AllInnerTextsAsync());
        await Expect(page.Locator("section table")).ToContainTextAsync("declined");
        // The next one accepts: it works on the deal then, and the difference another makes is not known any more.
        await page.Locator(".partner summary").First.PressAsync("Enter");
        await page.Locator(".partner button[value=accepted]").First.PressAsync("Enter");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("on the deal");
        await Expect(page.Locator(".claims li", new() { HasText = "At work" }).First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_change_is_told_with_what_it_was_and_why()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/accounts/A000020?deal=none");
        await Expect(page.Locator(".changed").First).ToContainTextAsync("No change");
        var last = page.Locator(".partner").Last;
        var id = await last.GetAttributeAsync("id");
        var fact = new
        {
            contact_count = 9,
            contact_level = "director",
            since = "2026-06-01",
            population = "customer",
            partner_id = id,
            account_id = "A000020",
        };
        using (
            var line = new StringContent(
                Service.Line("account_overlaps", fact),
                System.Text.Encoding.UTF8,
                "application/x-ndjson"
            )
        )
            (
                await browser.Client.PostAsync("/v1/history", line, TestContext.Current.CancellationToken)
            ).EnsureSuccessStatusCode();
        // What the page showed is in the journal a moment later.
        await Eventually.IsSoAsync(async () =>
            (await Events(browser.Client, "recommendation.seen")).Any(happened =>
                happened.GetProperty("data").GetProperty("account_id").GetString() == "A000020"
            )
        );
        await page.ReloadAsync();
        var changed = page.Locator($"#{id} .changed");
        await Expect(changed).ToContainTextAsync("was number 10");
        await Expect(changed).ToContainTextAsync("new: The account is its customer");
    }

    [Fact]
    public async Task The_co_sell_list_is_filtered_paged_and_exported()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/");
        await WhenIndexedAsync(page);
        await page.GotoAsync("/deals");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(25);
        var partners = await page.Locator("#f-partner option[value^=P]")
            .EvaluateAllAsync<string[]>("all => all.map(one => one.text + '\\n' + one.value)");
        Assert.Equal(2, partners.Count(partner => partner.StartsWith("Kelhaven Consulting", StringComparison.Ordinal)));
        Assert.Equal(partners.Order(StringComparer.OrdinalIgnoreCase), partners);
        var first = await page.Locator("tbody tr").First.InnerTextAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "On", Exact = true }).PressAsync("Enter");
        await Expect(page.Locator(".pager")).ToContainTextAsync("Page 2");
        await Expect(page.Locator("tbody tr td").First).ToHaveTextAsync("26");
        Assert.NotEqual(first, await page.Locator("tbody tr").First.InnerTextAsync());
        var all = await page.Locator(".lead").InnerTextAsync();
        await page.Locator("#f-owner").SelectOptionAsync(new SelectOptionValue { Label = "seller07" });
        await Expect(page.Locator(".lead")).Not.ToHaveTextAsync(all);
        var owners = await page.Locator("tbody tr td:nth-child(9)").AllInnerTextsAsync();
        Assert.All(owners, owner => Assert.Equal("seller07", owner));
        Assert.DoesNotContain("seller07", page.Url, StringComparison.Ordinal);
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByText("Export CSV").PressAsync("Enter"));
        var lines = await File.ReadAllLinesAsync((await download.PathAsync())!, TestContext.Current.CancellationToken);
        Assert.StartsWith("rank,account_id,account,", lines[0], StringComparison.Ordinal);
        Assert.Equal(
            int.Parse(
                (await page.Locator(".lead").InnerTextAsync()).Split("closes. ")[1].Split(' ')[0],
                CultureInfo.InvariantCulture
            ),
            lines.Length - 1
        );
        Assert.All(lines.Skip(1), line => Assert.Contains(",seller07,", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_partner_has_a_page_of_where_it_wins_its_open_work_and_the_balance()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/partners/P00001");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Ironridge Partners");
        await Expect(page.Locator(".tiles")).ToContainTextAsync("Assists received");
        Assert.True(await page.Locator("table").First.Locator("tbody tr").CountAsync() > 2);
        await Expect(page.Locator("text=Open work")).ToBeVisibleAsync();
        await Expect(page.Locator("li.tag").First).ToHaveTextAsync(Pattern(@"^seller\d+: \d+ of \d+ won$"));
        await page.Locator("table").Nth(1).Locator("a").First.PressAsync("Enter");
        await Expect(page.Locator("text=Partners to bring")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_deal_is_registered_checked_approved_and_becomes_a_deal()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/registrations");
        await Expect(page.Locator("tbody tr", new() { HasText = "Lumcrest" }).First).ToContainTextAsync("decide by");
        await page.GetByRole(AriaRole.Link, new() { Name = "Register a deal" }).PressAsync("Enter");
        await page.Locator("#partner").FillAsync("Nobody of this name");
        await page.Locator("#company").FillAsync("Tamport");
        await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("No partner is called");
        // By name; the company is known by its domain.
        await page.Locator("#partner").FillAsync("Ironridge Partners");
        await page.Locator("#domain").FillAsync("https://www.tamportbv.example/");
        await page.Locator("#product").FillAsync("Telephony");
        await page.Locator("#amount").FillAsync("12 500.50");
        await page.GetByLabel("Currency").FillAsync("EUR");
        await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).PressAsync("Enter");
        await Expect(page.Locator("main")).ToContainTextAsync("The account is Tamport BV.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Ironridge Partners claims Tamport BV");
        await Expect(page.Locator(".notice").First).ToContainTextAsync("Submitted: decide by");
        await page.Locator("#note").FillAsync("Agreed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve until" }).PressAsync("Enter");
        await Expect(page.Locator(".notice").First).ToContainTextAsync("Approved: protects until");
        await Expect(page.Locator("tbody")).ToContainTextAsync("Agreed");
        // Another claim on it cannot be approved.
        var registration = page.Url;
        await page.GotoAsync("/registrations/new?partner=P00002&account=A000001");
        await page.Locator("#product").FillAsync("telephony");
        await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).PressAsync("Enter");
        await Expect(page.Locator(".reasons")).ToContainTextAsync("Ironridge Partners holds the live registration");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Approve" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Button, new() { Name = "Reject" }).PressAsync("Enter");
        await Expect(page.Locator(".notice").First).ToContainTextAsync("Rejected");
        await page.GotoAsync(registration);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make it a deal" }).PressAsync("Enter");
        await Expect(page.Locator(".notice").First).ToContainTextAsync("deal deal_dr_");
        await page.GotoAsync("/registrations?state=converted");
        await Expect(page.Locator("tbody")).ToContainTextAsync("Tamport BV");
    }

    [Fact]
    public async Task A_conflict_is_decided_with_a_reason_and_taken_back()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/accounts/A000002");
        await Expect(page.Locator(".claims .notice.bad")).ToContainTextAsync("Lumcrest Digital has submitted REG-2 for the same");
        await Expect(page.Locator(".claims")).ToContainTextAsync("Ironridge Partners holds the live registration REG-3");
        await page.Locator(".claims").GetByRole(AriaRole.Link, new() { Name = "Decide" }).First.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Second registration: Junwell Corporation");
        await page.Locator("#decision").SelectOptionAsync(new SelectOptionValue { Label = "Lumcrest Digital goes on" });
        // Nobody decides without a word.
        await page.GetByRole(AriaRole.Button, new() { Name = "Decide" }).PressAsync("Enter");
        await Expect(page.Locator("#reason:invalid")).ToBeVisibleAsync();
        await page.Locator("#reason").FillAsync("It did the workshop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Decide" }).PressAsync("Enter");
        await Expect(page.Locator(".notice.good")).ToContainTextAsync("Lumcrest Digital goes on, decided by");
        await Expect(page.Locator("tbody").Last).ToContainTextAsync("It did the workshop");
        await page.GotoAsync("/conflicts?state=decided");
        await Expect(page.Locator("tbody")).ToContainTextAsync("Lumcrest Digital goes on");
        await page.GotoAsync("/accounts/A000002");
        await page.GetByText("1 conflict decided or ended").PressAsync("Enter");
        await Expect(page.Locator("details.claims")).ToContainTextAsync("It did the workshop");
        await page.Locator("details.claims a").First.PressAsync("Enter");
        await page.GetByText("Take the decision back").PressAsync("Enter");
        await page.Locator("#reason").FillAsync("Too early");
        await page.GetByRole(AriaRole.Button, new() { Name = "Open it again" }).PressAsync("Enter");
        await Expect(page.Locator(".notice.bad")).ToContainTextAsync("Open since");
        await Expect(page.Locator("tbody").Last).ToContainTextAsync("Too early");
    }

    [Fact]
    public async Task A_lead_is_looked_at_routed_declined_and_accepted()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/leads");
        await Expect(page.Locator("tbody tr", new() { HasText = "Junwell" }).First).ToContainTextAsync("answer by");
        await page.GetByRole(AriaRole.Link, new() { Name = "New lead" }).PressAsync("Enter");
        await page.GetByRole(AriaRole.Button, new() { Name = "See where it would go" }).PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Expected an account, or the name and domain");
        await page.Locator("#company").FillAsync("Altogether Unheard Of");
        await page.Locator("#domain").FillAsync("unheard.example");
        await page.Locator("#product").FillAsync("Security");
        await page.Locator("#amount").FillAsync("48000");
        await page.GetByLabel("Currency").FillAsync("EUR");
        await page.GetByRole(AriaRole.Button, new() { Name = "See where it would go" }).PressAsync("Enter");
        await Expect(page.Locator(".notice").First).ToContainTextAsync("(rep), to be answered by");
        await Expect(page.Locator(".trace")).ToContainTextAsync("The rep who is likeliest to win");
        // Looking kept nothing.
        await page.GetByRole(AriaRole.Button, new() { Name = "Route it" }).PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Altogether Unheard Of");
        var first = await page.Locator(".notice strong").First.InnerTextAsync();
        await page.Locator("#note").FillAsync("Two others this week");
        await page.Locator("#reason").SelectOptionAsync("no_capacity");
        await page.GetByRole(AriaRole.Button, new() { Name = "Decline", Exact = true }).PressAsync("Enter");
        await Expect(page.Locator("tbody").Last).ToContainTextAsync("no capacity. Two others this week");
        await Expect(page.Locator(".notice strong").First).Not.ToHaveTextAsync(first);
        await Expect(page.Locator(".trace")).ToContainTextAsync("Asked before");
        await page.GetByRole(AriaRole.Button, new() { Name = "Accept for" }).PressAsync("Enter");
        await Expect(page.Locator(".notice.good")).ToContainTextAsync("Accepted: seller");
        await page.GotoAsync("/leads?state=accepted");
        await Expect(page.Locator("tbody")).ToContainTextAsync("Altogether Unheard Of");
        // A person says which account it is.
        await page.GotoAsync("/leads?state=queued");
        await page.Locator("tbody tr", new() { HasText = "Tampor" }).GetByRole(AriaRole.Link).First.PressAsync("Enter");
        await Expect(page.Locator(".trace")).ToContainTextAsync("It may be A000001");
        await page.Locator("#account").FillAsync("A000001");
        await page.GetByRole(AriaRole.Button, new() { Name = "Route it" }).PressAsync("Enter");
        await Expect(page.Locator(".notice").First).ToContainTextAsync("Offered: ");
    }

    [Fact]
    public async Task A_version_is_promoted_and_rolled_back_with_a_confirmation()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/models");
        await Expect(page.Locator("section").First.Locator("tbody").First).ToContainTextAsync("most popular in industry");
        await Expect(page.Locator("svg.calibration").First).ToBeVisibleAsync();
        var before = await page.Locator("article", new() { HasText = "live" }).First.Locator("h3").InnerTextAsync();
        await page.Locator("article", new() { HasText = browser.OtherVersion }).GetByText("Promote…").PressAsync("Enter");
        await Expect(page.Locator("h1")).ToContainTextAsync(browser.OtherVersion);
        await page.GetByText("Yes, do it").PressAsync("Enter");
        await Expect(page.Locator("article h3").First).ToContainTextAsync(browser.OtherVersion);
        await Expect(page.Locator("article h3").First).ToContainTextAsync("live since");
        await page.Locator("article").First.GetByText("Roll back…").PressAsync("Enter");
        await page.GetByText("Yes, do it").PressAsync("Enter");
        await Expect(page.Locator("article h3").First).ToContainTextAsync(before.Split(' ')[0]);
        await page.Locator("article").First.GetByRole(AriaRole.Link, new() { Name = "Report" }).PressAsync("Enter");
        await Expect(page.Locator("body")).ToContainTextAsync("NDCG");
    }

    [Fact]
    public async Task Everything_can_be_read_without_script()
    {
        var page = await browser.OpenAsync(new() { JavaScriptEnabled = false });
        await page.GotoAsync("/");
        await page.Locator("#q").FillAsync("nor");
        await page.Locator("#q").PressAsync("Enter");
        await Expect(page.Locator("h1")).ToContainTextAsync("nor");
        await page.Locator(".results a").First.PressAsync("Enter");
        await Expect(page.Locator(".partner").First).ToBeVisibleAsync();
        await page.Locator(".partner a.button").First.PressAsync("Enter");
        await Expect(page.Locator("textarea").First).ToBeVisibleAsync();
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_page_fits_is_accessible_light_and_still(string path)
    {
        await Npm.NeedAsync();
        var axe = await File.ReadAllTextAsync(
            Path.Combine(Npm.Folder, "node_modules/axe-core/axe.min.js"),
            TestContext.Current.CancellationToken
        );
        foreach (var width in (int[])[1440, 390])
        {
            foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
            {
                var page = await browser.OpenAsync(
                    new()
                    {
                        ViewportSize = new() { Width = width, Height = width == 390 ? 844 : 900 },
                        ColorScheme = scheme,
                    }
                );
                var faults = new List<string>();
                page.Console += (_, message) =>
                {
                    // A page that says 404 says so in the console, too.
                    if (message.Type is "error" or "warning" && !message.Text.Contains("status of 404", StringComparison.Ordinal))
                        faults.Add(message.Text);
                };
                page.PageError += (_, error) => faults.Add(error);
                await page.AddInitScriptAsync(Shifts);
                await page.GotoAsync(path);
                var where = $"{path} at {width} px, {scheme}";
                Assert.True(faults.Count == 0, $"{where}: {string.Join("; ", faults)}");
                Assert.True(
                    await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"),
                    $"{where} is wider than the window"
                );
                var clipped = await page.EvaluateAsync<string[]>(
                    "[...document.querySelectorAll('main *')].filter(e => e.clientWidth > 0 && !e.closest('.scroll, details:not([open])') && !e.matches('svg, svg *, select, .visually-hidden') && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 80))"
                );
                Assert.True(clipped.Length == 0, $"{where} clips {string.Join("; ", clipped)}");
                Assert.Equal("", await page.EvaluateAsync<string>("window.shifts.join('; ')"));
                var bytes = await page.EvaluateAsync<long>(
                    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, e) => sum + e.transferSize, 0)"
                );
                Assert.InRange(bytes, 1, 100 * 1024);
                await page.EvaluateAsync(axe);
                var violations = await page.EvaluateAsync<string[]>(
                    "axe.run().then(result => result.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target + ' ' + n.failureSummary).slice(0, 3).join(' | ')}`))"
                );
                Assert.True(violations.Length == 0, $"{where}: {string.Join("\n", violations)}");
                var paint = await page.EvaluateAsync<double>(
                    "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
                );
                TestContext.Current.TestOutputHelper?.WriteLine(
                    $"{where}: {bytes / 1024} KB, first contentful paint {paint:0} ms"
                );
                if (Environment.GetEnvironmentVariable("RECOMMENDER_SCREENSHOTS") is { Length: > 0 } folder)
                {
                    var name = string.Concat(path.Select(c => char.IsLetterOrDigit(c) ? c : '-')).Trim('-');
                    await page.ScreenshotAsync(
                        new()
                        {
                            Path = Path.Combine(
                                folder,
                                $"{(name.Length == 0 ? "home" : name)}-{width}-{scheme}.png".ToLowerInvariant()
                            ),
                        }
                    );
                }
                await page.Context.CloseAsync();
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_page_stays_still_however_slowly_it_arrives(string path)
    {
        await using var slow = await SlowNetwork.StartAsync(browser.Client);
        foreach (var width in (int[])[1440, 390])
        {
            var page = await browser.OpenAsync(
                new()
                {
                    ViewportSize = new() { Width = width, Height = 844 },
                }
            );
            await page.AddInitScriptAsync(Shifts);
            await page.GotoAsync(slow.Address + path);
            Assert.Equal(SlowNetwork.Pieces, slow.Sent);
            Assert.Equal("", await page.EvaluateAsync<string>("window.shifts.join('; ')"));
            await page.Context.CloseAsync();
        }
    }

    [Fact]
    public async Task Outside_development_one_signs_in_with_a_key_and_a_revoked_one_is_out()
    {
        using var folder = new TemporaryFolder();
        var keys = new ApiKeys(TestDatabase.Store(folder["s.db"]));
        var (key, secret) = keys.Create("dana", ["recommend"], Sample.AsOf);
        using var service = await SampleService
            .Start(
                "Production",
                folder["s.db"],
                [
                    "Demo:Enabled=true",
                    "Drain:Seconds=0",
                    "Auth:Oidc:Authority=https://login.example",
                    "Auth:Oidc:ClientId=recommender",
                ]
            )
            .WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
        var page = await browser.OpenAsync();
        // Chromium keeps secure cookies on localhost, which it takes for safe.
        var start = service
            .Client.BaseAddress!.ToString()
            .Replace("127.0.0.1", "localhost", StringComparison.Ordinal)
            .TrimEnd('/');
        await page.GotoAsync(start + Account);
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sign in");
        await page.Locator("#key").FillAsync("rk_wrong");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("not good");
        await page.Locator("#key").FillAsync(secret);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Norport BV");
        await Expect(page.Locator(".who")).ToContainTextAsync("dana");
        var cookie = (await page.Context.CookiesAsync()).Single(cookie => cookie.Name == "recommender");
        Assert.True(cookie is { HttpOnly: true, Secure: true, SameSite: SameSiteAttribute.Lax });
        // recommend is not admin: no button, and the address is refused.
        await page.GotoAsync(start + "/models");
        await Expect(page.Locator("text=Roll back…")).ToHaveCountAsync(0);
        await page.GotoAsync(start + "/models/partner-fit/rollback");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sign in");
        Assert.True(keys.Revoke(key.KeyId, Sample.AsOf));
        await Eventually.IsSoAsync(async () =>
        {
            await page.GotoAsync(start + Account);
            return await page.Locator("h1").InnerTextAsync() == "Sign in";
        });
        await Expect(page.Locator("text=company's account")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task One_signs_in_at_an_openid_connect_provider_and_out_again()
    {
        await using var provider = await Provider.StartAsync();
        using var folder = new TemporaryFolder();
        using var service = await SampleService
            .Start(
                folder["o.db"],
                "Auth:AllowAnonymous=false",
                "Auth:Oidc:Authority=" + provider.Address,
                "Auth:Oidc:ClientId=recommender",
                "Auth:Oidc:ClientSecret=secret"
            )
            .WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
        var page = await browser.OpenAsync();
        var start = service.Client.BaseAddress!.ToString().TrimEnd('/');
        await page.GotoAsync(start + Account);
        await page.GetByText("Sign in with your company's account").PressAsync("Enter");
        await page.GetByText("I am Dana").PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Norport BV");
        await Expect(page.Locator(".who")).ToContainTextAsync("Dana");
        await page.GetByText("Sign out").PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sign in");
        await Expect(page.Locator("footer")).Not.ToContainTextAsync("Data as of");
    }

    [Fact]
    public async Task Opening_an_account_is_noted_in_the_journal_and_asking_why_or_comparing_is_not()
    {
        using var service = await Service.StartAsync();
        var texts = new List<string>();
        foreach (
            var path in (string[])["", "/partners/P00018", "/compare?partner=P00018&partner=P00001", "/partners/P00001/handoff"]
        )
            texts.Add((await service.GetAsync(Account + path)).Expect(System.Net.HttpStatusCode.OK).Text);
        // The journal is written in the order of the pages: once the last is there, what is missing was never noted.
        await Eventually.IsSoAsync(async () => (await Events(service.Client, "recommendation.seen")).Count > 1);
        var noted = (await Events(service.Client, "recommendation.seen"))
            .Select(happened => happened.GetProperty("subject").GetString()!)
            .ToList();
        Assert.Equal(2, noted.Count);
        Assert.Contains(noted[0], texts[0], StringComparison.Ordinal);
        Assert.Contains(noted[1], texts[3], StringComparison.Ordinal);
        // Nobody asked for a recommendation: none was made.
        Assert.Empty(await Events(service.Client, "recommendation.created"));
        Assert.All(noted, id => Assert.StartsWith("seen_", id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Old_data_missing_files_and_a_missing_model_are_said_in_words_where_the_numbers_stand()
    {
        using var folder = new TemporaryFolder();
        TemporaryFolder.Copy(Sample.Folder, folder["history"]);
        File.Delete(folder["history/account_overlaps.csv"]);
        Directory.CreateDirectory(folder["models"]);
        using var service = await Service.StartAsync("Demo:Path=" + folder["history"], "Models:Path=" + folder["models"]);
        var text = System.Net.WebUtility.HtmlDecode((await service.GetAsync(Account)).Expect(System.Net.HttpStatusCode.OK).Text);
        Assert.Contains("days old: the numbers below do not know what happened since", text, StringComparison.Ordinal);
        Assert.Contains("No trained partner-fit model is live", text, StringComparison.Ordinal);
        Assert.Contains("No win-probability model is live: chances are unknown", text, StringComparison.Ordinal);
        Assert.Contains("not known: the history has no account overlaps", text, StringComparison.Ordinal);
        Assert.DoesNotContain("points</p>", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_mapped_by_choice_lists_looked_at_and_taken_in()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/import");
        await page.Locator("#table").SelectOptionAsync("opportunities");
        await page.Locator("#file")
            .SetInputFilesAsync(
                new FilePayload
                {
                    Name = "deals.csv",
                    MimeType = "text/csv",
                    Buffer = System.Text.Encoding.UTF8.GetBytes(
                        "Record ID;Company;Close Date;Create Date;Amount;Deal Status;Last Modified;Segment\nIMP-1;A000007;31.03.2024;01.02.2024;\"1.234,50 €\";Closed Won;30.06.2026;SMB\nIMP-2;A000008;05.04.2024;01.02.2024;99,00 €;Closed Lost;30.06.2026;N/A\nIMP-3;nobody;;31.02.2024;5;;;\n"
                    ),
                }
            );
        await page.ClickAsync("text=Look at it");
        // What a column is for sure, or nearly, is chosen already, and what a word holds.
        await Expect(page.Locator("[aria-label='Record ID is']")).ToHaveValueAsync("opportunity_id");
        await Expect(page.Locator("[aria-label='Close Date is']")).ToHaveValueAsync("closed_at");
        await Expect(page.Locator("label:has-text('Closed Won') select")).ToHaveValueAsync("won");
        await page.Locator("[aria-label='Company is']").SelectOptionAsync("account_id");
        await page.Locator("[aria-label='Last Modified is']").SelectOptionAsync("none");
        await page.ClickAsync("text=Look again");
        var rows = page.Locator("table").Nth(1).Locator("tbody tr");
        await Expect(rows).ToHaveCountAsync(3);
        await Expect(rows.Nth(0)).ToContainTextAsync("2024-03-31");
        await Expect(rows.Nth(0)).ToContainTextAsync("1234.5");
        await Expect(rows.Nth(2)).ToContainTextAsync("not taken: created_at is '31.02.2024'");
        var download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("text=Keep the map"));
        var map = await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Contains("\"Company\": \"account_id\"", map, StringComparison.Ordinal);
        Assert.Contains("\"Closed Won\": \"won\"", map, StringComparison.Ordinal);
        await page.ClickAsync("text=Take all rows in");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("2 rows taken: 2 new");
        var deal = await browser.Client.GetFromJsonAsync<JsonElement>(
            "/v1/opportunities/IMP-1",
            TestContext.Current.CancellationToken
        );
        Assert.Equal("won", deal.GetProperty("outcome").GetString());
        Assert.Equal("EUR", deal.GetProperty("currency").GetString());
        Assert.Equal("SMB", deal.GetProperty("Segment").GetString());
        Assert.False(deal.TryGetProperty("Last Modified", out _));
    }

    [Fact]
    public async Task A_partners_list_is_dropped_matched_and_decided_on_by_keyboard()
    {
        var page = await browser.OpenAsync();
        await page.GotoAsync("/partners/P00051");
        await page.ClickAsync("text=Account map");
        await page.Locator("#file")
            .SetInputFilesAsync(
                new FilePayload
                {
                    Name = "export.csv",
                    MimeType = "text/csv",
                    Buffer = System.Text.Encoding.UTF8.GetBytes(
                        "Account ID;Account Name;Website;Billing Country;Kind of relation\nK1;SOLWOOD B.V.;solwoodbv.example;US;Buyer\nK2;Granmark Logistics;granmarkholding.example;US;Prospect\nK3;Lumwood Energy;lumwoodltd.example;DE;Prospect\nK4;Nimwood Foods;nimwoodab.example;US;Prospect\n"
                    ),
                }
            );
        await page.ClickAsync("text=Look at it");
        await Expect(page.Locator("[aria-label='Website is']")).ToHaveValueAsync("domain");
        await Expect(page.Locator("body")).ToContainTextAsync("Still needed: population");
        await page.Locator("[aria-label='Kind of relation is']").SelectOptionAsync("population");
        await page.ClickAsync("text=Look again");
        await page.Locator("label:has-text('Buyer') select").SelectOptionAsync("customer");
        await page.ClickAsync("text=Look again");
        await page.ClickAsync("text=Take all rows in");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("4 records: 4 new");
        await page.ClickAsync("text=Decide on 3 records");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Is it the same company?");
        await Expect(page.Locator("table")).ToContainTextAsync("Granmark Logistics");
        await page.Keyboard.PressAsync("c");
        await Expect(page.Locator("table")).ToContainTextAsync("Lumwood Energy");
        await page.Keyboard.PressAsync("r");
        await Expect(page.Locator("table")).ToContainTextAsync("Nimwood Foods");
        await page.Keyboard.PressAsync("s");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("That was the last; 1 record still to decide");
        await page.ClickAsync("text=Account map");
        await page.Locator(".grid a.count").First.ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("to us");
        await page.GotoAsync("/partners/P00051/matches?state=rejected");
        await page.ClickAsync("text=Take back");
        await Expect(page.Locator("body")).ToContainTextAsync("None.");
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused_and_nothing_is_done()
    {
        await (await browser.OpenAsync()).Context.CloseAsync();
        using var form = new FormUrlEncodedContent(
            new Dictionary<string, string>
            {
                ["partner_id"] = "P00001",
                ["event"] = "declined",
                ["deal"] = "none",
            }
        );
        using var answer = await browser.Client.PostAsync(Account + "/feedback", form, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(
            "Nothing was done",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    static async Task<List<JsonElement>> Events(HttpClient client, string type) =>
        [
            .. (
                await client.GetFromJsonAsync<JsonElement>(
                    "/v1/events?limit=1000&type=" + type,
                    TestContext.Current.CancellationToken
                )
            )
                .GetProperty("items")
                .EnumerateArray(),
        ];

    static Task WhenIndexedAsync(IPage page) =>
        Eventually.IsSoAsync(async () =>
        {
            await page.ReloadAsync();
            // The sample has 535; registrations may become deals meanwhile.
            return Pattern("All 53[5-9] open deals").IsMatch(await page.ContentAsync());
        });

    static Regex Pattern(string pattern) => new(pattern, RegexOptions.None, TimeSpan.FromSeconds(1));

    static double Number(string text) => double.Parse(text.Trim().Replace('−', '-').TrimStart('+'), CultureInfo.InvariantCulture);
}
