using CsCheck;
using Recommender.Capabilities.Registrations;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.History;
using static Recommender.Tests.Capabilities.Registrations.RegistrationWorld;

namespace Recommender.Tests.Capabilities.Registrations;

/// <summary>What a check finds, and that it is what a decision does.</summary>
public sealed class RegistrationCheckTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_ground_is_found_with_its_rule_and_the_rows_behind_it()
    {
        await using var world = await NewAsync(_folder);
        Assert.Equal("clear", world.Check(Claim("p1"))!.Verdict);
        Assert.Null(world.Check(Claim("nobody")));
        Assert.Null(world.Check(Claim("p1", "nowhere")));

        // Too little said, nothing known.
        Is(world, new() { PartnerId = "p1", AccountId = "a" }, "review complete_submission thin_submission");
        Is(world, Claim("p1", "b"), "review relationship no_verifiable_relationship");

        // Our own deals: open, of another product, bought.
        await world.WriteAsync(Deal("o", "a", "2026-01-05"));
        var direct = Is(world, Claim("p1"), "conflict direct_pipeline active_direct_pipeline");
        Assert.Equal([new("opportunities", "o", Sample.Day(2026, 1, 5))], direct.Grounds[0].Rows);
        Assert.Equal("clear", world.Check(Claim("p1", product: "Data"))!.Verdict);
        Is(
            world,
            Claim("p1", product: null) with
            {
                Amount = 1,
            },
            "conflict direct_pipeline active_direct_pipeline, review complete_submission thin_submission"
        );
        await world.WriteAsync(Engagement("o", "p2"));
        Is(world, Claim("p1"), "review partner_on_deal duplicate");
        Assert.Equal("clear", world.Check(Claim("p2"))!.Verdict);
        await world.WriteAsync(Deal("o2", "a", "2026-01-05", "Data", "won"));
        Is(world, Claim("p1", product: "Data"), "review direct_pipeline active_direct_pipeline");

        // Rules of the company.
        foreach (
            var (rule, found) in ((string, string)[])
                [
                    ("""{"id":"h","kind":"house_account","accounts":{"region":["EMEA"]}}""", "conflict h house_list"),
                    (
                        """{"id":"o","kind":"partner_only","accounts":{"account_id":["a"]},"partners":{"partner_id":["p9"]}}""",
                        "conflict o house_list"
                    ),
                    ("""{"id":"d","kind":"do_not_share","partners":{"tier":["gold"]}}""", "conflict d house_list"),
                    ("""{"id":"t","kind":"territory"}""", ""),
                    ("""{"id":"c","kind":"certification"}""", "conflict c not_qualified"),
                    ("""{"id":"n","kind":"capacity","limit":0}""", "review n not_qualified"),
                    (
                        """{"id":"x","kind":"account_class","class":"direct","accounts":{"account_id":["a"]}}""",
                        "conflict x house_list"
                    ),
                    ("""{"id":"x","kind":"account_class","class":"shared","accounts":{"account_id":["b"]}}""", ""),
                    ("""{"id":"r","kind":"registration"}""", ""),
                ]
        )
        {
            world.SetRules(rule);
            Is(world, Claim("p3", product: "Phones"), found);
        }
        world.SetRules("""{"id":"t","kind":"territory"}""");
        await world.WriteAsync(
            Row(
                "partners",
                new
                {
                    partner_id = "p3",
                    name = "Partner p3",
                    regions = "APAC",
                }
            )
        );
        Is(world, Claim("p3", product: "Phones"), "conflict t not_qualified");
        world.SetRules("");

        // The partner is the customer.
        await world.WriteAsync(
            Row(
                "partners",
                new
                {
                    partner_id = "self",
                    name = "Acme",
                    domain = "acme.example",
                }
            ),
            Touch("self", "a", "2026-01-09")
        );
        Is(world, Claim("self", product: "Phones"), "conflict same_company not_qualified");
    }

    [Fact]
    public async Task Of_an_account_that_partners_sell_to_our_own_deal_is_in_nobodys_way_and_of_a_shared_one_a_person_looks()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(Deal("o", "a", "2026-01-05"));
        foreach (
            var (kind, found) in ((string, string)[])
                [
                    ("partner", ""),
                    ("shared", "review x active_direct_pipeline"),
                    ("direct", "conflict x house_list, conflict x active_direct_pipeline"),
                ]
        )
        {
            // The first that is about the account holds.
            world.SetRules(
                $$"""
                {"id":"x","kind":"account_class","class":"{{kind}}","accounts":{"account_id":["a"]} },
                {"id":"y","kind":"account_class","class":"direct","accounts":{"country":["DE"]} }
                """
            );
            Is(world, Claim("p1"), found);
        }
    }

    [Fact]
    public async Task Somebody_elses_registration_is_in_the_way_from_its_approval_to_its_end()
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(Imported("r", "p2", "2026-02-03", "approved", "2026-02-04", "2026-06-01"));
        var held = Is(world, Claim("p1"), "conflict one_live_registration duplicate");
        Assert.Equal([new("deal_registrations", "r", Sample.Day(2026, 2, 4))], held.Grounds[0].Rows);
        Assert.Contains(
            "Partner p2 holds the live registration r until 1 Jun 2026",
            held.Grounds[0].Sentence,
            StringComparison.Ordinal
        );
        Is(world, Claim("p2"), "conflict one_live_registration duplicate");
        Is(world, Claim("p1", product: "cloud "), "conflict one_live_registration duplicate");
        Assert.Equal("clear", world.Check(Claim("p1", product: "Data"))!.Verdict);
        world.SetRules("""{"id":"mine","kind":"registration"}""");
        Is(world, Claim("p1"), "conflict mine duplicate");
        world.Time.Advance(TimeSpan.FromDays(100));
        Assert.Equal("clear", world.Check(Claim("p1"))!.Verdict);
    }

    [Fact]
    public async Task The_first_qualified_claim_goes_first_then_who_did_more_then_the_adjudicator()
    {
        await using var world = await NewAsync(_folder);
        // p1 came first and said too little; p2 came second and is qualified.
        await world.SubmitAsync(Claim("p1") with { Amount = null }, "thin");
        Assert.Equal("clear", world.Check(Claim("p2"))!.Verdict);
        await world.SubmitAsync(Claim("p2"), "good");
        Is(world, Claim("p3"), "conflict first_qualified_registration duplicate");
        await Refused(world, "thin", RegistrationRefusal.Conflict);
        await world.DoAsync("good", RegistrationAction.Approve);

        // Two that came at the same moment, as far as anybody knows.
        world.Time.Advance(TimeSpan.FromDays(91));
        await world.WriteAsync(Imported("i1", "p1", "2026-05-01", "submitted"), Imported("i2", "p2", "2026-05-01", "submitted"));
        await world.DoAsync("thin", RegistrationAction.Withdraw);
        world.SetRules("""{"id":"w","kind":"registration_window","adjudicator":"judge"}""");
        await Refused(world, "i1", RegistrationRefusal.NotTheAdjudicator);
        await world.WriteAsync(
            Touch("p2", "a", "2026-04-03"),
            Row(
                "assists",
                new
                {
                    assist_id = "s",
                    partner_id = "p2",
                    account_id = "a",
                    direction = "received",
                    at = "2026-04-05",
                }
            )
        );
        var refused = await Refused(world, "i1", RegistrationRefusal.Conflict);
        Assert.Equal(
            [
                new("deal_registrations", "i2", Sample.Day(2026, 5, 1)),
                new("assists", "s", Sample.Day(2026, 4, 5)),
                new("touches", "p2-a-2026-04-03", Sample.Day(2026, 4, 3)),
                new("touches", "p2-a-2026-02-01", Sample.Day(2026, 2, 1)),
            ],
            refused.Grounds.Single(ground => ground.IsConflict).Rows
        );
        await world.WriteAsync(Touch("p1", "a", "2026-04-06"), Touch("p1", "a", "2026-04-07"));
        await Refused(world, "i2", RegistrationRefusal.NotTheAdjudicator);
        Assert.True((await world.DoAsync("i2", RegistrationAction.Approve, "judge")).File.IsLive);
        await Refused(world, "i1", RegistrationRefusal.Conflict);
    }

    [Fact]
    public async Task One_that_lapsed_and_is_sent_again_does_not_go_before_one_that_came_in_between()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "first");
        await world.DoAsync("first", RegistrationAction.Approve);
        world.Time.Advance(TimeSpan.FromDays(60));
        await world.SubmitAsync(Claim("p2"), "between");
        world.Time.Advance(TimeSpan.FromDays(31));
        Assert.Equal(2, await world.SweepAsync());
        Is(world, Claim("p1"), "conflict first_qualified_registration duplicate");
        var again = await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.SubmitAsync(Claim("p1"), "first"));
        Assert.Equal(RegistrationRefusal.ThereAlready, again.Why);
        await world.SubmitAsync(Claim("p1"), "again");
        await Refused(world, "again", RegistrationRefusal.Conflict);
        Assert.True((await world.DoAsync("between", RegistrationAction.Approve)).File.IsLive);
    }

    [Fact]
    public async Task A_claim_that_a_rule_shuts_out_or_that_nothing_speaks_for_is_in_nobodys_way()
    {
        await using var world = await NewAsync(_folder);
        world.SetRules("""{"id":"o","kind":"partner_only","accounts":{"account_id":["a"]},"partners":{"partner_id":["p2"]}}""");
        await world.SubmitAsync(Claim("p1"), "shut-out");
        Assert.Equal("clear", world.Check(Claim("p2"))!.Verdict);
        world.SetRules("");
        await world.SubmitAsync(Claim("p1", "b"), "bare");
        await world.WriteAsync(Touch("p2", "b", "2026-02-01"));
        Assert.Equal("clear", world.Check(Claim("p2", "b"))!.Verdict);
        await world.SubmitAsync(Claim("p1", "b", "Data") with { Evidence = "Workshop" }, "said");
        Is(world, Claim("p2", "b", "Data"), "conflict first_qualified_registration duplicate");
    }

    [Fact]
    public async Task A_claim_on_everything_is_held_to_rules_of_single_products()
    {
        await using var world = await NewAsync(_folder);
        world.SetRules("""{"id":"h","kind":"house_account","accounts":{"account_id":["a"]},"products":["Cloud"]}""");
        Is(world, Claim("p1"), "conflict h house_list");
        Assert.Equal("clear", world.Check(Claim("p1", product: "Data"))!.Verdict);
        Is(world, Claim("p1", product: null), "conflict h house_list, review complete_submission thin_submission");
    }

    [Fact]
    public async Task Windows_of_parts_of_days_and_amounts_of_parts_of_cents_stay_what_they_are()
    {
        await using var world = await NewAsync(_folder);
        world.SetRules(
            """{"id":"w","kind":"registration_window","review_hours":1.7,"protection_days":4.1,"extension_days":2.3}"""
        );
        await world.SubmitAsync(Claim("p1") with { Amount = 1234.56789 }, "r");
        await world.DoAsync("r", RegistrationAction.Approve);
        await world.DoAsync("r", RegistrationAction.Extend);
        var before = world.Find("r")!;
        await world.RestartAsync();
        var after = world.Find("r")!;
        Assert.Equal(before.Steps, after.Steps);
        Assert.Equal(before.Row, after.Row);
        Assert.Equal(1234.5679, after.Submitted!.Amount);
        await world.DoAsync("r", RegistrationAction.Withdraw);
        Assert.False(world.History.IsOutdated);
    }

    [Fact]
    public async Task Nobody_decides_by_a_fold_that_lacks_what_another_process_imported()
    {
        await using var world = await NewAsync(time => new SharedSqliteStore(_folder["shared.db"], time));
        await world.SubmitAsync(Claim("p1"), "r");
        var folder = Directory.CreateDirectory(_folder["history"]).FullName;
        foreach (
            var (name, text) in ((string, string)[])
                [
                    ("accounts", "account_id\na\n"),
                    ("partners", "partner_id\np2\n"),
                    ("opportunities", "opportunity_id,account_id,product,created_at\no,a,Else,2026-01-01\n"),
                    ("engagements", "engagement_id,opportunity_id,partner_id,started_at\ne,o,p2,2026-01-01\n"),
                    (
                        "deal_registrations",
                        "registration_id,partner_id,account_id,submitted_at,status,decided_at\ni,p2,a,2026-01-01,approved,2026-01-02\n"
                    ),
                ]
        )
            await File.WriteAllTextAsync(Path.Combine(folder, name + ".csv"), text, TestContext.Current.CancellationToken);
        world.Store.Import(new HistoryFolder(folder), _folder["rejected.csv"], strict: true);
        var busy = await Assert.ThrowsAsync<StoreUnavailableException>(() => world.DoAsync("r", RegistrationAction.Approve));
        Assert.Equal(StoreFault.Busy, busy.Fault);
        await world.History.RefoldAsync([world.History.Fold.States[0].Settings], _ => { }, TestContext.Current.CancellationToken);
        var held = await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.DoAsync("r", RegistrationAction.Approve));
        Assert.Contains("holds the live registration i", held.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_ours_later_is_no_ground_against_who_came_before()
    {
        await using var world = await NewAsync(_folder);
        await world.SubmitAsync(Claim("p1"), "r");
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.WriteAsync(Deal("o", "a", "2026-03-04T06:00:00Z"));
        Is(
            world,
            Claim("p2"),
            "conflict first_qualified_registration duplicate, conflict direct_pipeline active_direct_pipeline"
        );
        Assert.True((await world.DoAsync("r", RegistrationAction.Approve)).File.IsLive);
    }

    [Fact]
    public async Task Windows_follow_tier_product_and_region_and_what_is_clear_is_approved_by_a_rule()
    {
        await using var world = await NewAsync(_folder);
        world.SetRules(
            """
            {"id":"phones","kind":"registration_window","products":["Phones"],"review_hours":4},
            {"id":"gold","kind":"registration_window","partners":{"tier":["gold"]},"accounts":{"region":["EMEA"]},"review_hours":24,"protection_days":30,"extension_days":10,"extensions":2},
            {"id":"auto","kind":"auto_approve","partners":{"tier":["gold"]}}
            """
        );
        var check = world.Check(Claim("p1"))!;
        Assert.Equal(
            ("gold", "auto", world.Now.AddHours(24).Date, world.Now.AddDays(30).Date),
            (check.Policy.Rule, check.Policy.AutoApprove, check.DecideBy.Date, check.ProtectedUntil.Date)
        );
        Assert.Equal(
            ("phones", TimeSpan.FromHours(4), TimeSpan.FromDays(90)),
            (
                world.Check(Claim("p1", product: "Phones"))!.Policy is var phones
                    ? (phones.Rule, phones.Review, phones.Protection)
                    : default
            )
        );
        Assert.Null(world.Check(Claim("p1", "b"))!.Policy.Rule);
        var taken = (await world.SubmitAsync(Claim("p1"), "r")).File;
        Assert.Equal(("approved", true, "rule:auto"), (taken.State, taken.IsLive, taken.Steps[^1].By));
        Assert.Equal(["submitted", "approved"], world.EventsOf("r"));
        Assert.Equal("submitted", (await world.SubmitAsync(Claim("p2"), "s")).File.State);
        for (var extension = 0; extension < 2; extension++)
            await world.DoAsync("r", RegistrationAction.Extend);
        await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.DoAsync("r", RegistrationAction.Extend));
        Assert.Equal(taken.Row.DecidedAt!.Value.AddDays(50), world.Find("r")!.ProtectedUntil);
        // A rule that changes later does not move a clock that runs.
        world.SetRules("");
        Assert.Equal(taken.Row.DecidedAt.Value.AddDays(50), world.Find("r")!.ProtectedUntil);
    }

    [Theory]
    [InlineData("""{"id":"w","kind":"registration_window"}""", "needs one of")]
    [InlineData("""{"id":"w","kind":"registration_window","review_hours":-1}""", "review_hours")]
    [InlineData("""{"id":"w","kind":"registration_window","protection_days":0}""", "protection_days")]
    [InlineData("""{"id":"w","kind":"registration_window","extensions":-1}""", "extensions")]
    [InlineData("""{"id":"w","kind":"territory","review_hours":1}""", "belong to a rule of kind registration_window")]
    [InlineData("""{"id":"w","kind":"account_class","accounts":{"account_id":["a"]}}""", "class is ''")]
    [InlineData("""{"id":"w","kind":"account_class","class":"mine"}""", "class is 'mine'")]
    [InlineData("""{"id":"w","kind":"territory","class":"direct"}""", "class is 'direct'")]
    public void A_rule_that_cannot_be_meant_is_refused_with_why(string rule, string why)
    {
        Assert.Null(Ranking.RuleSet.Read(System.Text.Encoding.UTF8.GetBytes($$"""{"rules":[{{rule}}]}"""), 1, out var faults));
        Assert.Contains(why, Assert.Single(faults).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Whatever", "https://www.acme.example/about", null, "a")]
    [InlineData(null, "info@mail.acme.example", null, "a")]
    [InlineData("ACME", null, null, "? a")]
    [InlineData("Acme Private Limited", null, null, "? a")]
    [InlineData("Muller", null, null, "? m")]
    [InlineData("Mueller Holding", "www.müller.example", null, "m")]
    [InlineData("Any", "xn--mller-kva.example", null, "m")]
    [InlineData("Any", "me.example", null, "-")]
    [InlineData("Acme S.A.", "acme.test", null, "? a")]
    [InlineData("Acme", null, "FR", "-")]
    [InlineData("Acmeo", "gmail.com", null, "-")]
    [InlineData("Old Bolt Works", null, null, "? b")]
    [InlineData("Any", "oldbolt.example", null, "b")]
    public async Task A_company_is_the_account_of_its_domain_and_may_be_that_of_its_name(
        string? name,
        string? domain,
        string? country,
        string found
    )
    {
        await using var world = await NewAsync(_folder);
        await world.WriteAsync(
            Row("accounts", new { account_id = "m", name = "Wrong" }),
            Row(
                "accounts",
                new
                {
                    account_id = "old",
                    name = "Old Bolt Works Ltd",
                    domain = "oldbolt.example",
                }
            ),
            Row(
                "aliases",
                new
                {
                    old_id = "old",
                    new_id = "b",
                    table = "accounts",
                    at = "2026-03-01",
                }
            )
        );
        var claim = Claim("p1", null) with { Name = name, Domain = domain, Country = country };
        Assert.Empty(world.Check(Claim("p1", null) with { Name = "Müller AG" })!.Candidates);
        // Corrected after somebody asked.
        await world.WriteAsync(
            Row(
                "accounts",
                new
                {
                    account_id = "m",
                    name = "Müller AG",
                    domain = "Müller.example",
                }
            )
        );
        var check = world.Check(claim)!;
        Assert.Equal(
            found,
            check.Account is { } account ? account.Id.Value
                : check.Candidates is [var may] ? "? " + may.Id
                : "-"
        );
        if (check.Candidates.Count > 0)
        {
            Assert.Contains(check.Grounds, ground => ground.Rule == "known_account");
            var which = await Assert.ThrowsAsync<RegistrationRefusedException>(() => world.SubmitAsync(claim));
            Assert.Equal(RegistrationRefusal.WhichAccount, which.Why);
        }
        var taken = await world.SubmitAsync(claim, "r", isNewAccount: true);
        Assert.Equal(check.Account?.Id.Value ?? "acc_r", taken.File.Row.AccountId.Value);
        Assert.Equal(check.Verdict, taken.Check!.Verdict);
    }

    [Fact]
    public void The_verdict_of_a_check_is_what_submit_and_decide_do_at_the_same_moment() =>
        Gen.Int[0, int.MaxValue]
            .Sample(
                seed =>
                {
                    using var folder = new TemporaryFolder();
                    RunHistory(new Random(seed), folder).GetAwaiter().GetResult();
                },
                iter: 60,
                threads: 1
            );

    static async Task RunHistory(Random random, TemporaryFolder folder)
    {
        await using var world = await NewAsync(folder);
        T One<T>(params T[] of) => of[random.Next(of.Length)];
        var (deals, claims) = (0, 0);
        for (var step = 0; step < 30; step++)
        {
            world.Time.Advance(One(TimeSpan.FromMinutes(7), TimeSpan.FromHours(30), TimeSpan.FromDays(40)));
            var (partner, account, product) = (One("p1", "p2", "p3"), One("a", "b"), One(Product, "Data", null));
            switch (random.Next(9))
            {
                case 0:
                    await world.WriteAsync(
                        Deal($"o{deals++}", account, Instants.Text(world.Now), product, One("won", "lost", null, null))
                    );
                    break;
                case 1 when deals > 0:
                    await world.WriteAsync(Engagement($"o{random.Next(deals)}", partner));
                    break;
                case 2:
                    await world.WriteAsync(Touch(partner, account, Instants.Text(world.Now)));
                    break;
                case 3:
                    world.SetRules(
                        One(
                            "",
                            """{"id":"h","kind":"house_account","accounts":{"region":["EMEA"]},"products":["Data"]}""",
                            """{"id":"c","kind":"capacity","limit":1},{"id":"auto","kind":"auto_approve"}""",
                            """{"id":"x","kind":"account_class","class":"shared","accounts":{"account_id":["a"]}},{"id":"w","kind":"registration_window","protection_days":20,"review_hours":1}"""
                        )
                    );
                    break;
                case 4:
                    await world.SweepAsync();
                    break;
                case 5 when claims > 0:
                    var id = $"r{random.Next(claims)}";
                    if (
                        world.Find(id)!.Allowed is { Count: > 0 } allowed
                        && One([.. allowed]) is var action and not RegistrationAction.Approve
                    )
                        await DoIfAlone(world, id, action);
                    break;
                case 6:
                    // What the CRM says of one of its own, or of one that was made here.
                    var known = claims > 0 && random.Next(2) == 0 ? $"r{random.Next(claims)}" : "i";
                    var status = One("submitted", "approved", "rejected", "withdrawn", "converted", "expired");
                    await world.WriteAsync(
                        Imported(
                            known,
                            partner,
                            Instants.Text(world.Now.AddDays(-2)),
                            status,
                            status == "submitted" ? null : Instants.Text(world.Now.AddDays(-1)),
                            One(Instants.Text(world.Now.AddDays(30)), null)
                        )
                    );
                    break;
                default:
                    if (random.Next(4) == 0)
                    {
                        await Compare(
                            world,
                            Claim(partner, null, product) with
                            {
                                Domain = One("acme.example", "new.example"),
                                Amount = 10,
                            },
                            $"r{claims++}"
                        );
                        break;
                    }
                    var claim = Claim(partner, account, product) with { Amount = random.Next(4) == 0 ? null : 10 };
                    await Compare(world, claim, $"r{claims++}");
                    break;
            }
        }
    }

    static async Task DoIfAlone(RegistrationWorld world, string id, RegistrationAction action)
    {
        try
        {
            await world.DoAsync(id, action);
        }
        catch (RegistrationRefusedException e) when (e.Why == RegistrationRefusal.Conflict)
        {
            // The CRM has another live one beside it.
            Assert.Equal(RegistrationAction.Extend, action);
        }
    }

    static async Task Compare(RegistrationWorld world, RegistrationClaim claim, string id)
    {
        var check = world.Check(claim)!;
        var told = Words(check);
        var submitted = await world.SubmitAsync(claim, id);
        Assert.Equal(told, Words(submitted.Check!));
        Assert.Equal(check.Verdict == "clear" && check.Policy.AutoApprove is not null, submitted.File.State == "approved");
        if (submitted.File.State == "approved")
            return;
        if (check.Verdict == "conflict")
        {
            var refused = await Refused(world, id, RegistrationRefusal.Conflict);
            Assert.Equal(told, Words(refused.Grounds));
        }
        else
        {
            var approved = await world.DoAsync(id, RegistrationAction.Approve);
            Assert.Equal(told, Words(approved.Check!));
            Assert.True(approved.File.IsLive);
        }
    }

    static Task<RegistrationRefusedException> Refused(RegistrationWorld world, string id, RegistrationRefusal why) =>
        Assert
            .ThrowsAsync<RegistrationRefusedException>(() => world.DoAsync(id, RegistrationAction.Approve))
            .ContinueWith(
                refused =>
                {
                    Assert.Equal(why, refused.Result.Why);
                    return refused.Result;
                },
                TaskScheduler.Default
            );

    static RegistrationCheck Is(RegistrationWorld world, RegistrationClaim claim, string expected)
    {
        var check = world.Check(claim)!;
        Assert.Equal(expected, Words(check));
        Assert.All(check.Grounds, ground => Assert.Contains(ground.Code, Grounds.Codes));
        return check;
    }

    static string Words(RegistrationCheck check) => Words(check.Grounds);

    static string Words(IEnumerable<Ground> grounds) =>
        string.Join(", ", grounds.Select(ground => $"{(ground.IsConflict ? "conflict" : "review")} {ground.Rule} {ground.Code}"));
}
