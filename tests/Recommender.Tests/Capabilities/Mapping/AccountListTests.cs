using System.Text;
using CsCheck;
using Recommender.Capabilities.Mapping;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Matching;
using Recommender.Tests.Matching;

namespace Recommender.Tests.Capabilities.Mapping;

/// <summary>Lists taken in one after the other, on a real database, and what comes of them.</summary>
public sealed class AccountListTests : IDisposable
{
    const string Partner = "P00001";
    readonly TemporaryFolder _folder = new();
    readonly HistoryStore _store;

    public AccountListTests()
    {
        _store = new SqliteHistoryStore(_folder["map.db"]);
        _store.Import(new HistoryFolder(Sample.Folder), _folder["rejected.csv"], strict: true);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_list_becomes_overlaps_that_are_seen_from_now_on_and_what_a_later_list_has_not_ends()
    {
        var before = _store.ReadFacts(DateTime.MaxValue).Last().SeenAt;
        var first = Take(
            "R1,Tamport BV,tamportbv.example,US,customer,3,director,2020-05-01",
            "R2,Junwell Corp,junwellcorporation.example,US,prospect,,,"
        );
        Assert.Equal((2, 2, 2, 0), (first.Records, first.New, first.Matched, first.Ended));
        var made = Assert.Single(Overlaps("A000001"));
        Assert.Equal(
            ("customer", 3.0, "director", Day(2020, 5, 1), null),
            (made.Population, made.ContactCount, made.ContactLevel, made.Since, made.Until)
        );
        // Known since now, though it has been so for years: what nobody knew teaches nothing.
        var seen = _store
            .ReadFacts(DateTime.MaxValue)
            .Single(fact => fact.Noun is AccountOverlap { AccountId.Value: "A000001", PartnerId.Value: Partner });
        Assert.True(seen.SeenAt > before);
        Assert.DoesNotContain(
            _store.ReadFacts(seen.SeenAt),
            fact => fact.Noun is AccountOverlap { AccountId.Value: "A000001", PartnerId.Value: Partner }
        );

        var again = Take(
            "R1,Tamport BV,tamportbv.example,US,customer,3,director,2020-05-01",
            "R2,Junwell Corp,junwellcorporation.example,US,prospect,,,"
        );
        Assert.Equal((0, 0, 2, 0), (again.New, again.Changed, again.Unchanged, again.Ended));
        Assert.Equal(made, Assert.Single(Overlaps("A000001")));

        var other = Take("R1,Tamport BV,tamportbv.example,US,open_opportunity,3,director,2020-05-01");
        Assert.Equal((1, 0, 1, 1), (other.Records, other.New, other.Changed, other.Ended));
        Assert.Equal(["customer ended", "open_opportunity"], Overlaps("A000001").Select(Word).Order());
        Assert.Equal("prospect ended", Word(Assert.Single(Overlaps("A000002"))));

        Take(
            "R1,Tamport BV,tamportbv.example,US,customer,4,director,2020-05-01",
            "R2,Junwell Corp,junwellcorporation.example,US,prospect,,,"
        );
        Assert.Equal(["customer", "customer ended", "open_opportunity ended"], Overlaps("A000001").Select(Word).Order());
        Assert.Equal(["prospect"], Overlaps("A000002").Where(overlap => overlap.Until is null).Select(Word));
    }

    [Fact]
    public void An_overlap_that_came_from_elsewhere_is_left_alone()
    {
        Write(
            FactTables.AccountOverlaps.Row(
                ("partner_id", Partner),
                ("account_id", "A000001"),
                ("population", "customer"),
                ("since", Day(2022, 1, 1))
            )
        );
        Take("R1,Tamport BV,tamportbv.example,US,customer,,,");
        Assert.Equal(Day(2022, 1, 1), Assert.Single(Overlaps("A000001")).Since);
        Take("R9,Nobody we know,,US,customer,,,");
        Assert.Null(Assert.Single(Overlaps("A000001")).Until);
    }

    [Fact]
    public void What_a_person_decided_wins_over_every_later_run_and_can_be_taken_back()
    {
        string[] list =
        [
            "R1,Tamport BV,tamportbv.example,US,customer,,,",
            "R2,Junwell Corp,junwellcorporation.example,US,prospect,,,",
        ];
        Take(list);
        Decide("R1", "A000001", MatchAction.Reject);
        Assert.Equal("customer ended", Word(Assert.Single(Overlaps("A000001"))));
        Assert.Equal(1, Take(list).Matched);
        Assert.Equal("rejected", Held("R1", "A000001").State);
        Decide("R1", "A000010", MatchAction.Confirm);
        Assert.Equal("customer", Word(Overlaps("A000010").Single(overlap => overlap.Until is null)));
        var refused = Decided("R1", "A000003", MatchAction.Confirm);
        Assert.Null(refused.Match);
        Assert.Equal([MatchAction.Reject], refused.Allowed);
        Assert.Equal((1, 1), (Take(list).Matched, Take(list).Confirmed));
        Decide("R1", "A000010", MatchAction.Undo);
        Decide("R1", "A000001", MatchAction.Undo);
        Assert.Equal("matched", Held("R1", "A000001").State);
        Assert.Contains(Overlaps("A000001"), overlap => overlap.Until is null);
        Assert.DoesNotContain(Overlaps("A000010"), overlap => overlap.Until is null);
        Assert.Null(Decided("R1", "A000001", MatchAction.Undo).Match);
        Assert.Null(MatchDecision.Of(State(), Partner, "nobody", "A000001", MatchAction.Confirm, "me", Now()));
    }

    [Fact]
    public void An_overlap_from_elsewhere_that_ended_is_not_opened_again()
    {
        Write(
            FactTables.AccountOverlaps.Row(
                ("partner_id", Partner),
                ("account_id", "A000001"),
                ("population", "customer"),
                ("since", Day(2020, 5, 1)),
                ("until", Day(2021, 5, 1)),
                ("contact_count", 99.0)
            )
        );
        Take("R1,Tamport BV,tamportbv.example,US,customer,3,director,2020-05-01");
        Assert.Equal(
            [(99.0, "customer ended"), (3.0, "customer")],
            Overlaps("A000001").OrderBy(overlap => overlap.Since).Select(overlap => (overlap.ContactCount!.Value, Word(overlap)))
        );
    }

    [Fact]
    public void A_record_that_could_not_be_read_has_not_left_the_list()
    {
        string[] two =
        [
            "R1,Tamport BV,tamportbv.example,US,customer,,,",
            "R2,Junwell Corp,junwellcorporation.example,US,prospect,,,",
        ];
        Take(two);
        Assert.Equal(0, Take("R1,Tamport BV,tamportbv.example,US,churn risk,,,", two[1]).Ended);
        Assert.Equal(1, Take("R1,Tamport BV,tamportbv.example,US,churn risk,,,").Ended);
        Take(two);
        Assert.Equal(0, Take(two[0], ",Nameless,,US,customer,,,").Ended);
        Assert.Equal("customer", Word(Overlaps("A000001").Single(overlap => overlap.Until is null)));
    }

    [Fact]
    public void A_record_is_one_account_whatever_is_decided_and_taken_back()
    {
        Take("R1,Tamport BV,tamportbv.example,US,customer,,,");
        Decide("R1", "A000001", MatchAction.Reject);
        Decide("R1", "A000010", MatchAction.Confirm);
        Decide("R1", "A000001", MatchAction.Undo);
        Assert.Equal(["confirmed", "none"], States());
        Decide("R1", "A000010", MatchAction.Undo);
        Assert.Equal(["matched", "none"], States());
        Assert.Single(
            _store.ReadNouns(FactTables.AccountOverlaps, Partner),
            overlap => overlap.Until is null && overlap.Since > Day(2026, 9, 1)
        );

        List<string> States() => [.. PartnerList.Of(_store, Partner)!.Matches.Values.Select(match => match.State).Order()];
    }

    [Fact]
    public void What_a_person_decided_on_an_account_holds_for_the_one_it_is_merged_into()
    {
        Write(
            FactTables.Accounts.Row(
                ("account_id", "D1"),
                ("name", "Zebrafish Ltd"),
                ("domain", "zebrafish.example"),
                ("country", "US")
            )
        );
        Write(
            FactTables.Accounts.Row(
                ("account_id", "D2"),
                ("name", "Zebrafish Ltd"),
                ("domain", "zebrafish.example"),
                ("country", "US")
            )
        );
        Assert.Equal(1, Take("R1,Zebrafish Ltd,zebrafish.example,US,customer,,,").Review);
        Decide("R1", "D1", MatchAction.Confirm);
        Write(FactTables.Aliases.Row(("old_id", "D1"), ("new_id", "D2"), ("table", "accounts"), ("at", Now())));
        Assert.Equal("confirmed", Held("R1", "D2").State);
        Assert.Equal(1, Take("R1,Zebrafish Ltd,zebrafish.example,US,customer,,,").Confirmed);
        Assert.Single(Overlaps("D2"), overlap => overlap.Until is null);
        Take("R9,Nobody,,US,customer,,,");
        Assert.DoesNotContain(Overlaps("D2"), overlap => overlap.Until is null);
    }

    [Fact]
    public void Once_a_partner_shares_counts_only_what_was_made_of_its_list_ends_by_itself()
    {
        Take("R1,Tamport BV,tamportbv.example,US,customer,,,");
        var capability = new MappingCapability();
        Assert.Empty(capability.Due(State(), Now()));
        Write(MappingCapability.Sharing.Row(("partner_id", Partner), ("mode", "counts")));
        Write([.. capability.Due(State(), Now())]);
        Assert.Equal("customer ended", Word(Assert.Single(Overlaps("A000001"))));
        Assert.Empty(capability.Due(State(), Now()));
    }

    [Fact]
    public void With_counts_no_overlap_is_made_and_those_that_were_end()
    {
        Take("R1,Tamport BV,tamportbv.example,US,customer,,,");
        Write(MappingCapability.Sharing.Row(("partner_id", Partner), ("mode", "counts")));
        Take("R1,Tamport BV,tamportbv.example,US,customer,,,", "R2,Junwell Corp,junwellcorporation.example,US,prospect,,,");
        Assert.Equal("customer ended", Word(Assert.Single(Overlaps("A000001"))));
        Assert.Empty(Overlaps("A000002"));
        var map = AccountMap.Of(State(), Partner, Now())!;
        Assert.All(map.Cells, cell => Assert.Equal((null, "< 5", null), (cell.Count, cell.Shown, cell.Value)));
        Assert.Null(map.Records);
        Assert.Empty(AccountMap.AccountsOf(State(), Partner, "customer", "customer", Now()));
        Write(MappingCapability.Sharing.Row(("partner_id", Partner), ("mode", "fields")));
        Take("R1,Tamport BV,tamportbv.example,US,customer,,,");
        Assert.Contains(Overlaps("A000001"), overlap => overlap.Until is null);
    }

    [Fact]
    public void Accounts_that_were_merged_are_found_by_the_name_and_the_domain_that_they_had()
    {
        Write(
            FactTables.Accounts.Row(
                ("account_id", "OLD"),
                ("name", "Zebrafish Kitchens Ltd"),
                ("domain", "zebrafish.example"),
                ("country", "US")
            )
        );
        Write(FactTables.Aliases.Row(("old_id", "OLD"), ("new_id", "A000001"), ("table", "accounts"), ("at", Now())));
        Assert.Equal(1, Take("R1,Zebrafish Kitchens,zebrafish.example,US,customer,,,").Matched);
        Assert.Equal("matched", Held("R1", "A000001").State);
    }

    [Fact]
    public void Matching_only_what_changed_gives_the_same_as_matching_all()
    {
        var records = LabelledList.Of(LabelledList.SampleAccounts, 5, 300, true);
        string[] Lines(Func<int, bool> isOther) =>
            [
                .. records.Select(
                    (one, i) =>
                        $"{one.Id},\"{(isOther(i) ? one.Name + " GmbH" : one.Name)}\",{one.Domain},{one.Country},prospect,,,"
                ),
            ];
        Take(Lines(_ => false));
        var list = PartnerList.Of(_store, Partner)!;
        var given = Read(Lines(i => i % 50 == 0));
        var at = Now();
        var (all, _) = AccountListRun.Of(list, OurAccounts.Of(_store), given, at);
        var (some, _) = AccountListRun.Of(list, OurAccounts.Of(_store), given, at, new HashSet<string>());
        Assert.NotEmpty(some);
        Assert.Equal(States(all), States(some));

        List<string> States(IReadOnlyList<HistoryRow> rows) =>
            [
                .. rows.Where(row => row.Table == MappingCapability.AccountMatches)
                    .Select(row => $"{row["record_id"]} {row["account_id"]} {row["state"]}")
                    .Order(),
            ];
    }

    [Fact]
    public void Whatever_lists_and_decisions_come_overlaps_follow_the_matches_and_decisions_stay()
    {
        var accounts = LabelledList.SampleAccounts.Take(6).ToList();
        var population = Gen.Int[0, 2].Select(i => AccountMap.Populations[i]);
        var list = Gen.Select(Gen.Int[0, 5], population).Array[0, 6];
        var decision = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5], Gen.Int[0, 2].Select(i => (MatchAction)i));
        var step = Gen.Select(list, decision.Array[0, 3], Gen.Bool);
        var turn = 0;
        step.Array[1, 4]
            .Sample(
                steps =>
                {
                    var partner = FormattableString.Invariant($"P{2 + turn++ % 50:00000}");
                    foreach (var (given, decisions, isCounts) in steps)
                    {
                        Write(MappingCapability.Sharing.Row(("partner_id", partner), ("mode", isCounts ? "counts" : "fields")));
                        var lines = given
                            .DistinctBy(one => one.Item1)
                            .Select(one =>
                                $"R{one.Item1},{accounts[one.Item1].Name},{accounts[one.Item1].Domain},{accounts[one.Item1].Country},{one.Item2},,,"
                            )
                            .Append("R9,Nobody,,US,prospect,,,");
                        Take(partner, [.. lines]);
                        foreach (var (record, account, action) in decisions)
                        {
                            var decided = MatchDecision.Of(
                                State(),
                                partner,
                                $"R{record}",
                                accounts[account].Id,
                                action,
                                "me",
                                Now()
                            );
                            Write([.. decided?.Rows ?? []]);
                            if (decided?.Match is { } match)
                                Assert.Equal(
                                    match,
                                    PartnerList.Of(_store, partner)!.Matches[($"R{record}", accounts[account].Id)]
                                );
                        }
                        var held = PartnerList.Of(_store, partner)!;
                        var now = Now();
                        var expected = held
                            .Matches.Values.Where(match =>
                                match.IsMatch && held.Records[match.RecordId].Until is null && !isCounts
                            )
                            .Select(match => (match.AccountId.Value, held.Records[match.RecordId].Population))
                            .ToHashSet();
                        var elsewhere = Overlaps(partner, null).Where(overlap => overlap.Since < Day(2026, 9, 1)).ToList();
                        var made = Overlaps(partner, null)
                            .Where(overlap => overlap.Until is null)
                            .Select(overlap => (overlap.AccountId.Value, overlap.Population))
                            .ToHashSet();
                        Assert.Superset(expected, made);
                        expected.UnionWith(elsewhere.Select(overlap => (overlap.AccountId.Value, overlap.Population)));
                        Assert.Subset(expected, made);
                    }
                },
                iter: 8,
                threads: 1
            );
    }

    [Fact]
    public void The_ledgers_hold_the_same_after_they_were_written_and_read()
    {
        Take(
            "R1,Tamport BV,tamportbv.example,US,customer,3,director,2020-05-01",
            "R2,Junwell Corp,junwellcorporation.example,US,prospect,,,"
        );
        Write(MappingCapability.Sharing.Row(("partner_id", "P00002"), ("mode", "counts")));
        Decide("R1", "A000001", MatchAction.Reject);
        var state = State();
        using var bytes = new MemoryStream();
        using (var writer = new SnapshotWriter(bytes))
            state.Write(writer);
        bytes.Position = 0;
        using var reader = new SnapshotReader(bytes);
        var read = HistoryState.Read(state.Settings, reader);
        Assert.Equal(MappingCapability.ListsOf(state).Of(Partner), MappingCapability.ListsOf(read).Of(Partner));
        Assert.Equal(MappingCapability.MatchesOf(state).Of(Partner), MappingCapability.MatchesOf(read).Of(Partner));
        Assert.Equal("counts", MappingCapability.SharingOf(read, "P00002"));
    }

    [Theory]
    [InlineData(
        "Account ID,Account Name,Website,Billing Country,Billing State/Province,Type\nR1,Tamport BV,www.tamportbv.example,United States,West,Customer\n",
        "customer"
    )]
    [InlineData(
        "Record ID,Company name,Company Domain Name,Country/Region,Lifecycle Stage,Number of Associated Contacts\nR1,Tamport BV,tamportbv.example,USA,salesqualifiedlead,4\n",
        "prospect"
    )]
    [InlineData(
        "\uFEFFCRM ID;Firma;Webseite;Land;Status\nR1;Tamport BV;tamportbv.example;US;Offene Verkaufschance\n",
        "open_opportunity"
    )]
    [InlineData("id\tname\tdomain\tstage\nR1\tTamport BV\ttamportbv.example\tPipeline\n", "open_opportunity")]
    public void Lists_are_read_as_salesforce_hubspot_and_spreadsheets_export_them(string text, string population)
    {
        var read = Read(text);
        Assert.Empty(read.Rejected);
        var record = Assert.Single(read.Records);
        Assert.Equal(("R1", "Tamport BV", population), (record.RecordId, record.Name, record.Population));
        Assert.EndsWith("tamportbv.example", record.Domain, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_taken_is_said_with_its_line()
    {
        var read = Read("record_id,name,population\nR1,A,customer\nR1,B,customer\nR2,C,friend\n,D,customer\n");
        Assert.Single(read.Records);
        Assert.Equal(
            [(3L, "record_id", "R1"), (4L, "population", "friend"), (5L, "record_id", "")],
            read.Rejected.Select(row => (row.Line, row.Column, row.Found))
        );
        Assert.Contains(
            "expected a column record_id",
            Assert.Throws<InvalidDataException>(() => Read("name,population\nA,customer\n")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "expected a column population",
            Assert.Throws<InvalidDataException>(() => Read("record_id,name\nR1,A\n")).Message,
            StringComparison.Ordinal
        );
        var lines = Encoding
            .UTF8.GetBytes("{\"record_id\":\"R1\",\"name\":\"A\",\"population\":\"Customer\"}\n{\"record_id\":\"R2\"}\nx\n")
            .ToList();
        var json = AccountListReader.Read(
            Encoding
                .UTF8.GetString([.. lines])
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select((line, i) => (i + 1L, new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(line)))),
            Partner,
            null,
            ReaderSettings.Default
        );
        Assert.Single(json.Records);
        Assert.Equal([2, 3], json.Rejected.Select(row => row.Line));
    }

    static AccountListFile Read(params string[] lines) =>
        Read("record_id,name,domain,country,population,contact_count,contact_level,since\n" + string.Join('\n', lines));

    static AccountListFile Read(string text)
    {
        var file = new UploadedFile("the list", Encoding.UTF8.GetBytes(text));
        return AccountListReader.Read(file, AccountListReader.MapOf(file, Partner, null, ReaderSettings.Default));
    }

    AccountListSummary Take(params string[] lines) => Take(Partner, lines);

    AccountListSummary Take(string partner, string[] lines) =>
        _store.Write(scope =>
        {
            var read = Read(lines);
            var given = read with { Records = [.. read.Records.Select(record => record with { PartnerId = partner })] };
            var (rows, summary) = AccountListRun.Of(PartnerList.Of(_store, partner)!, OurAccounts.Of(_store), given, scope.Stamp);
            foreach (var row in rows)
                Assert.Null(scope.Upsert(row).Reason);
            return summary;
        });

    void Decide(string record, string account, MatchAction action) => Write([.. Decided(record, account, action).Rows]);

    MatchDecision Decided(string record, string account, MatchAction action) =>
        MatchDecision.Of(State(), Partner, record, account, action, "me", Now())!;

    AccountMatch Held(string record, string account) => PartnerList.Of(_store, Partner)!.Matches[(record, account)];

    void Write(params HistoryRow[] rows) =>
        _store.Write(scope =>
            rows.Select(row => scope.Upsert(row).Reason)
                .Select(reason => reason is null ? true : throw new InvalidDataException(reason.ToString()))
                .ToList()
        );

    HistoryState State()
    {
        var state = new HistoryState(Recommender.Tests.History.SmallHistory.Settings.Fold);
        foreach (var fact in _store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue))
            state.Apply(fact);
        return state;
    }

    List<AccountOverlap> Overlaps(string account) => Overlaps(Partner, account);

    List<AccountOverlap> Overlaps(string partner, string? account) =>
        [
            .. _store
                .ReadNouns(FactTables.AccountOverlaps, partner)
                .Where(overlap => account is null || overlap.AccountId.Value == account),
        ];

    static string Word(AccountOverlap overlap) => overlap.Population + (overlap.Until is null ? "" : " ended");

    static DateTime Now() => Instants.ToMillisecond(TimeProvider.System.GetUtcNow().UtcDateTime);

    static DateTime Day(int year, int month, int day) => new(year, month, day, 0, 0, 0, DateTimeKind.Utc);
}
