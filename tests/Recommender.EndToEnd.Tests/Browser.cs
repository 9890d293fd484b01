using Microsoft.Playwright;
using Recommender.Models;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>A real browser beside the real service on the sample history, with a second version of partner fit in its registry.</summary>
public sealed class Browser : IAsyncLifetime
{
    const string Chromium = "/usr/bin/chromium";
    readonly TemporaryFolder _folder = new();
    IPlaywright? _playwright;
    IBrowser? _browser;
    ServiceProcess? _service;

    /// <summary>Of REG-2 with REG-1; its id follows from what it is about.</summary>
    public const string Conflict = "cf_3ff6a9c43587f2d0f091b5d9";

    public string Address { get; private set; } = "";

    public string OtherVersion { get; private set; } = "";

    public HttpClient Client => _service!.Client;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium))
            return;
        foreach (var model in ModelRegistry.Models)
        {
            var version = new ModelRegistry(Sample.Models).Live(model)!;
            TemporaryFolder.Copy(Path.Combine(Sample.Models, model, version), Path.Combine(_folder.Path, model, version));
            new ModelRegistry(_folder.Path).Promote(model, version);
        }
        OtherVersion = LiveModelsTests.Shorter(_folder.Path);
        _service = await ServiceProcess
            .Start(
                Sample.Root,
                "Development",
                [
                    .. TestDatabase.Settings(_folder["page.db"]),
                    "Models:Path=" + _folder.Path,
                    "Demo:Path=" + Sample.Folder,
                    "Demo:ShiftDates=false",
                    "Index:CorePercent=100",
                    "Webhooks:AllowPrivate=true",
                ]
            )
            .WhenReadyAsync();
        Address = _service.Client.BaseAddress!.ToString().TrimEnd('/');
        // A partner whose list is mapped, for its pages.
        using var list = new StringContent(
            "record_id,name,domain,country,population,contact_count\n"
                + "R1,Wescrest & Co,wescrestco.example,US,customer,3\nR2,Altport Corp.,altportcorporation.example,DE,prospect,1\n"
                + "R3,Holford Logistics,holfordholding.example,US,prospect,\nR4,Nobody We Know AG,nobody.example,DE,customer,2\n",
            System.Text.Encoding.UTF8,
            "text/csv"
        );
        (await Client.PostAsync("/v1/partners/P00050/account-list", list)).EnsureSuccessStatusCode();
        // Registrations: one that waits with a rival, and one that protects.
        foreach (
            var (id, partner, account, product) in ((string, string, string, string)[])
                [
                    ("REG-1", "P00001", "A000002", "Security"),
                    ("REG-2", "P00018", "A000002", "Security"),
                    ("REG-3", "P00001", "A000002", "Analytics Plus"),
                ]
        )
        {
            using var claim = new StringContent(
                $$"""{"registration_id":"{{id}}","partner_id":"{{partner}}","account_id":"{{account}}","product":"{{product}}","amount":48000,"currency":"EUR","evidence":"Workshop with the CISO"}""",
                System.Text.Encoding.UTF8,
                "application/json"
            );
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/deal-registrations") { Content = claim };
            request.Headers.Add("Idempotency-Key", id);
            (await Client.SendAsync(request)).EnsureSuccessStatusCode();
        }
        (await Client.PostAsync("/v1/deal-registrations/REG-3/approve", null)).EnsureSuccessStatusCode();
        // Leads: one that is offered, one of a company that may be an account, one that was accepted.
        foreach (
            var (id, company) in ((string, string)[])
                [
                    ("LEAD-1", "\"account_id\":\"A000002\""),
                    ("LEAD-2", "\"name\":\"Tampor\""),
                    ("LEAD-3", "\"account_id\":\"A000003\""),
                ]
        )
        {
            using var lead = new StringContent(
                $$"""{"lead_id":"{{id}}",{{company}},"product":"Security","amount":48000,"currency":"EUR","source":"web"}""",
                System.Text.Encoding.UTF8,
                "application/json"
            );
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/leads") { Content = lead };
            request.Headers.Add("Idempotency-Key", id);
            (await Client.SendAsync(request)).EnsureSuccessStatusCode();
        }
        (await Client.PostAsync("/v1/lead-offers/LEAD-3.1/accept", null)).EnsureSuccessStatusCode();
        // Handoffs: one that a partner gives us, one that waits to be introduced, and a draft.
        foreach (
            var (id, partner, more) in ((string, string, string)[])
                [("HANDOFF-1", "P00001", ",\"direction\":\"received\""), ("HANDOFF-2", "P00018", ""), ("HANDOFF-3", "P00002", "")]
        )
        {
            using var handoff = new StringContent(
                $$"""{"handoff_id":"{{id}}","partner_id":"{{partner}}","account_id":"A000002","product":"Security","amount":48000,"currency":"EUR","owner":"seller08","packet":{"trigger":"The auditors come in March"}{{more}}}""",
                System.Text.Encoding.UTF8,
                "application/json"
            );
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/handoffs") { Content = handoff };
            request.Headers.Add("Idempotency-Key", id);
            (await Client.SendAsync(request)).EnsureSuccessStatusCode();
        }
        foreach (var step in (string[])["send", "accept"])
            (await Client.PostAsync("/v1/handoffs/HANDOFF-2/" + step, null)).EnsureSuccessStatusCode();
        Assertions.SetDefaultExpectTimeout(30_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = Chromium,
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ],
            }
        );
    }

    /// <summary>A page of a new visitor; skips the test where there is no Chromium.</summary>
    public async Task<IPage> OpenAsync(BrowserNewContextOptions? options = null)
    {
        if (_browser is null)
            Assert.Skip($"Needs Chromium at {Chromium} (on Debian: apt-get install chromium).");
        options ??= new();
        options.BaseURL = Address;
        options.ReducedMotion = ReducedMotion.Reduce;
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(60_000);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        _service?.Dispose();
        _folder.Dispose();
    }
}
