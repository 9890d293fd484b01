using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Tests.Fold;

namespace Recommender.Tests.History;

/// <summary>An account or a partner is known by what was merged into it, too.</summary>
public sealed class MergedIdentityTests : CorrectedHistory
{
    public static TheoryData<string, bool> Ways =>
        new()
        {
            { TestDatabase.Sqlite, true },
            { TestDatabase.Sqlite, false },
            { TestDatabase.SqlServer, true },
            { TestDatabase.SqlServer, false },
        };

    /// <summary>By domain, external id, and id with name, of a partner or of the account, directly or by way of another.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_partner_that_is_the_customer_by_alias_is_not_recommended_to_it(string engine, bool byFile)
    {
        var store = Open(engine);
        string[] aliases =
        [
            "old_id,table,new_id,at",
            "one,partners,p1,2024-05-01",
            "x1,partners,x2,2024-05-01",
            "x2,partners,p2,2024-05-02",
            "p3old,partners,p3,2024-05-01",
            "a2old,accounts,a2,2024-05-01",
        ];
        Directory.CreateDirectory(InFolder["one"]);
        Write(
            "one",
            "accounts.csv",
            "account_id,name,domain,external_id",
            "one,Aqua,,",
            "a1,Acme,x1.com,E7",
            "a2,Bolt,,",
            "a2old,Old Bolt,bolt.com,"
        );
        Write(
            "one",
            "partners.csv",
            "partner_id,name,domain,external_id,joined_at",
            "one,Aqua,,,2023-01-01",
            "p1,Aqua Holding,,,2023-01-01",
            "x1,Ex,x1.com,,2023-01-01",
            "x2,Ex two,,,2023-01-01",
            "p2,Ex three,,,2023-01-01",
            "p3,Peer,,,2023-01-01",
            "p3old,Pear,,E7,2024-05-01",
            "p4,Bolt Services,bolt.com,,2023-01-01"
        );
        Write("one", "opportunities.csv", "opportunity_id,account_id,created_at", "o1,a1,2024-01-10");
        Write("one", "engagements.csv", "engagement_id,opportunity_id,partner_id,started_at", "e1,o1,p4,2024-02-01");
        if (byFile)
            Write("one", "aliases.csv", aliases);
        Import(store, "one", strict: true);
        var before = byFile ? Sample.Day(2024, 4, 1) : TimeProvider.System.GetUtcNow().UtcDateTime;
        if (!byFile)
        {
            await using var history = Live(store);
            foreach (var alias in aliases.Skip(1).Select(line => line.Split(',')))
                await Write(
                    history,
                    Row(
                        "aliases",
                        new
                        {
                            old_id = alias[0],
                            table = alias[1],
                            new_id = alias[2],
                            at = alias[3],
                        }
                    )
                );
            AssertIsRefolded(history, store);
        }
        Assert.Equal(
            [
                "a1: p2 Is the customer itself: the same domain x1.com",
                "a1: p3 Is the customer itself: the same external id e7",
                "a2: p4 Is the customer itself: the same domain bolt.com",
                "one: p1 Is the customer itself: the same id and name",
            ],
            Excluded(store, DateTime.MaxValue, "a1", "a2", "one")
        );
        // Nobody knew before.
        Assert.Equal(
            ["a1: x1 Is the customer itself: the same domain x1.com", "one: one Is the customer itself: the same id and name"],
            Excluded(store, before, "a1", "a2", "one").Where(line => !line.Contains("p3old", StringComparison.Ordinal))
        );
        Assert.Equal(0, Import(store, "one").Tables.Sum(table => table.Inserted + table.Updated));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Who_was_erased_is_not_known_of_its_survivor(string engine)
    {
        var store = Open(engine);
        await using var history = Live(store);
        foreach (var (id, domain) in (IEnumerable<(string, string)>)[("a1", "one.com"), ("a2", "two.com"), ("a3", "three.com")])
            await Write(
                history,
                Row(
                    "accounts",
                    new
                    {
                        account_id = id,
                        name = "Secret",
                        domain,
                    }
                )
            );
        await Merge(history, "a3", "a2");
        await Merge(history, "a2", "a1");
        Assert.Equal(["a2", "a3"], history.Fold.Read(_ => Merged(history.Fold.States[0])));
        Assert.True(history.TryWrite(scope => scope.Erase("a3"), out var erased));
        Assert.NotNull(await erased);
        Assert.Equal(["a2"], history.Fold.Read(_ => Merged(history.Fold.States[0])));
        await history.RefoldAsync([Settings], _ => { }, TestContext.Current.CancellationToken);
        AssertIsRefolded(history, store);
        Assert.Equal(["a2"], Merged(FoldOf(store, DateTime.MaxValue)));

        static IEnumerable<string> Merged(HistoryState state) => state.FindAccountState("a1")!.Merged!.Select(old => old.OldId);
    }

    /// <summary>In whatever order merges are told and taken back, and from a snapshot on the way.</summary>
    [Fact]
    public void Who_was_merged_into_whom_does_not_depend_on_the_order_in_which_it_was_told() =>
        Gen.Select(Gen.Int[0, 8].Array[10], Gen.Shuffle(Enumerable.Range(1, 10).ToArray()), Gen.Int[0, 10], Gen.Bool.Array[10])
            .Sample(
                (into, order, cut, isBack) =>
                {
                    // Each into one with a lower number: no merge leads back.
                    var rows = order.Select(old => new Alias(
                        $"a{old}",
                        $"a{into[old - 1] % old}",
                        SmallHistory.At(old),
                        "accounts",
                        $"Name {old}",
                        $"d{old}.com",
                        null
                    ));
                    var (told, kept) = (new HistoryState(Settings), new HistoryState(Settings));
                    foreach (var (row, i) in rows.Select((row, i) => (row, i)))
                    {
                        if (i == cut)
                            told = SnapshotTests.Copy(told);
                        told.Apply(Fact(row));
                    }
                    foreach (var (row, i) in rows.Select((row, i) => (row, i)))
                    {
                        if (isBack[i])
                            told.Apply(Fact(row) with { IsRetraction = true });
                    }
                    foreach (var (row, _) in rows.Zip(isBack).Where(one => !one.Second).OrderBy(one => one.First.OldId))
                        kept.Apply(Fact(row));
                    for (var a = 0; a <= 10; a++)
                        Assert.Equal(kept.FindAccountState($"a{a}")?.Merged, told.FindAccountState($"a{a}")?.Merged);
                },
                iter: 300,
                threads: 1
            );

    static DatedFact Fact(Alias row) => new(SmallHistory.At(20), FactKind.Merge, $"{row.OldId}\u001faccounts", row);

    static List<string> Excluded(HistoryStore store, DateTime asOf, params string[] accounts)
    {
        var ranker = new PartnerRanker(fit: null, win: null);
        foreach (var fact in store.ReadFacts(asOf))
            ranker.Apply(fact);
        return
        [
            .. accounts.SelectMany(account =>
                ranker
                    .Rank(new(account, Sample.Day(2026, 1, 1)))!
                    .Excluded.OrderBy(one => one.PartnerId, StringComparer.Ordinal)
                    .Select(one => $"{account}: {one.PartnerId} {one.Detail}")
            ),
        ];
    }
}
