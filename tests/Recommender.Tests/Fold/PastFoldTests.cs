using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.History;

namespace Recommender.Tests.Fold;

/// <summary>What is answered from a snapshot is what a fold from the start answers, to the bit.</summary>
public sealed class PastFoldTests : IDisposable
{
    static readonly FoldSettings _fold = SmallHistory.Settings.Fold with { PartnerTraits = ["partner_type"] };
    static readonly Action _never = () => { };
    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    public void Dispose() => _folder.Dispose();

    /// <summary>After an import, corrections, deletions and late facts of a running service, and a restart; whatever is asked in whatever order.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Past_moments_are_as_folded_from_the_start(string engine)
    {
        var store = HistoryStore.Open(TestDatabase.Of(engine, _folder["s.db"]));
        store.Import(new HistoryFolder(Sample.Folder), _folder["rejected.csv"], strict: false);
        var random = new Random(5);
        var past = new PastFold(store, 6, 64 << 20);
        var moments = new List<DateTime>();
        for (var restart = 0; restart < 2; restart++)
        {
            await using var history = LiveHistory.Open(
                store,
                TimeProvider.System,
                [_fold],
                cancel: TestContext.Current.CancellationToken
            );
            for (var i = 0; i < 60; i++)
            {
                await Write(history, Correction(random, restart * 60 + i));
                moments.Add(history.Fold.Read(now => now));
            }
            for (var round = 0; round < 3; round++)
                AssertAsFromTheStart(store, past, Questions(random, moments, 5));
            past = restart == 0 ? past : new PastFold(store, 6, 64 << 20);
        }
        // Once more what was asked before is asked again: from other snapshots.
        AssertAsFromTheStart(store, past, Questions(random, moments, 8));
        Assert.InRange(past.Kept.Count, 1, 6);
    }

    [Fact]
    public void A_moment_after_a_snapshot_takes_in_only_the_facts_since()
    {
        var (store, facts) = Imported();
        var past = new PastFold(store, 8, 64 << 20);
        var last = facts[^1].AppliedAt;
        Ask(past, [new(last, last, _ => { })]);
        Assert.Equal(facts.Count(fact => fact.AppliedAt < last), past.Folded);
        Assert.InRange(past.Kept.Count, 4, 8);
        var before = past.Folded;
        AssertAsFromTheStart(store, past, [facts[facts.Count / 3].AppliedAt.AddDays(1)]);
        Assert.InRange(past.Folded - before, 0, facts.Count / 8 + 1000);
        // Asked together, one way serves all; asked again, nothing is taken in.
        before = past.Folded;
        var together = Enumerable.Range(1, 10).Select(i => facts[facts.Count * i / 11].AppliedAt).ToList();
        AssertAsFromTheStart(store, past, together);
        Assert.InRange(past.Folded - before, 0, facts.Count);
        before = past.Folded;
        AssertAsFromTheStart(store, past, [together[^1], together[^1], together[^1]]);
        Assert.Equal(before, past.Folded);
    }

    [Fact]
    public void Without_room_for_snapshots_it_is_folded_from_the_start()
    {
        var (store, facts) = Imported();
        foreach (var past in (PastFold[])[new(store, 0, 64 << 20), new(store, 8, 1000)])
        {
            AssertAsFromTheStart(store, past, [facts[facts.Count / 2].AppliedAt]);
            AssertAsFromTheStart(store, past, [facts[facts.Count / 3].AppliedAt]);
            Assert.Equal((0, 0), past.Kept);
        }
    }

    /// <summary>An import changes what was known in the past, an erasure takes it out: nothing that was kept before holds.</summary>
    [Fact]
    public async Task An_import_or_an_erasure_forgets_every_snapshot()
    {
        var (store, facts) = Imported();
        var past = new PastFold(store, 8, 64 << 20);
        var (middle, last) = (facts[facts.Count / 2].AppliedAt, facts[^1].AppliedAt);
        AssertAsFromTheStart(store, past, [middle, last]);
        Directory.CreateDirectory(_folder["more"]);
        foreach (var file in Directory.GetFiles(Sample.Folder, "*.csv"))
            File.Copy(file, Path.Combine(_folder["more"], Path.GetFileName(file)));
        var header = File.ReadLines(Path.Combine(_folder["more"], "touches.csv")).First().Split(',');
        var cells = header.Select(name =>
            name switch
            {
                "touch_id" => "late1",
                "account_id" => "A000001",
                "partner_id" => "P00001",
                "kind" => "call",
                "at" => "2000-01-01",
                _ => "",
            }
        );
        await File.AppendAllTextAsync(
            Path.Combine(_folder["more"], "touches.csv"),
            string.Join(',', cells) + "\n",
            TestContext.Current.CancellationToken
        );
        store.Import(new HistoryFolder(_folder["more"]), _folder["rejected.csv"], strict: false);
        var asked = new List<SortedDictionary<string, double>>();
        AssertAsFromTheStart(store, past, [middle, last], asked);
        await using (
            var history = LiveHistory.Open(store, TimeProvider.System, [_fold], cancel: TestContext.Current.CancellationToken)
        )
        {
            Assert.True(history.TryWrite(scope => scope.Erase("A000001"), out var erased));
            Assert.NotNull(await erased);
        }
        var again = new List<SortedDictionary<string, double>>();
        AssertAsFromTheStart(store, past, [middle, last], again);
        Assert.NotEqual(asked[0], again[0]);
    }

    /// <summary>What comes while others are answered is answered on the same way if it lies ahead.</summary>
    [Fact]
    public void One_that_comes_meanwhile_joins_those_that_are_answered()
    {
        var (store, facts) = Imported();
        var past = new PastFold(store, 8, 64 << 20);
        DateTime At(double share) => facts[(int)(share * (facts.Count - 1))].AppliedAt;
        var answers = new List<(DateTime, SortedDictionary<string, double>)>();
        PastQuestion Of(DateTime at) => new(at, at, states => answers.Add((at, Counts(states[0], at))));
        var coming = new Queue<DateTime>([At(0.4), At(0.6), At(0.5)]);
        past.Answer(
            [_fold],
            [Of(At(0.3)), Of(At(1))],
            facts.Count,
            (after, before) =>
                coming.TryPeek(out var next) && next > after && next < before && coming.TryDequeue(out _) ? [Of(next)] : [],
            _never
        );
        Assert.Equal([At(0.3), At(0.4), At(0.6), At(1)], answers.Select(one => one.Item1));
        Assert.Equal(facts.Count(fact => fact.AppliedAt < At(1)), past.Folded);
        foreach (var (at, found) in answers)
        {
            var state = new HistoryState(_fold);
            foreach (var fact in store.ReadApplied(at, at))
                state.Apply(fact);
            Assert.Equal(Counts(state, at), found);
        }
    }

    [Fact]
    public void One_that_is_given_up_leaves_the_next_right()
    {
        var (store, facts) = Imported();
        var (middle, last) = (facts[facts.Count / 2].AppliedAt, facts[^1].AppliedAt);
        foreach (var after in (int[])[1, 20, 60, 150])
        {
            var past = new PastFold(store, 8, 64 << 20);
            AssertAsFromTheStart(store, past, [facts[facts.Count / 8].AppliedAt]);
            var rests = 0;
            Assert.Throws<OperationCanceledException>(() =>
                past.Answer(
                    [_fold],
                    [new(last, last, _ => Assert.Fail("It was given up."))],
                    facts.Count,
                    null,
                    () =>
                    {
                        if (++rests == after)
                            throw new OperationCanceledException();
                    }
                )
            );
            AssertAsFromTheStart(store, past, [middle, last]);
        }
    }

    /// <summary>A ledger of a capability that does not write itself keeps the fold from being kept, not from being right.</summary>
    [Fact]
    public void A_waiting_fact_of_a_kind_that_cannot_be_written_is_no_snapshot()
    {
        var state = new HistoryState(_fold);
        state.Known("o1", new(SmallHistory.At(1), FactKind.Feedback, "f1", "what nobody knows to write"));
        Assert.False(state.CanBeWritten);
        var cache = new SnapshotCache(4, 64 << 20);
        cache.Keep(SmallHistory.At(2), [state], _never);
        Assert.Equal(0, cache.Count);
    }

    (HistoryStore Store, List<DatedFact> Facts) Imported()
    {
        var store = new SqliteHistoryStore(_folder["s.db"]);
        store.Import(new HistoryFolder(Sample.Folder), _folder["rejected.csv"], strict: false);
        return (store, [.. store.ReadApplied(DateTime.MaxValue, DateTime.MaxValue)]);
    }

    static List<(DateTime AsOf, DateTime KnownBefore)> Questions(Random random, List<DateTime> moments, int count)
    {
        var questions = new List<(DateTime, DateTime)>();
        for (var i = 0; i < count; i++)
        {
            var known = moments[random.Next(moments.Count)];
            questions.Add(
                random.Next(4) switch
                {
                    0 => (known, known),
                    1 => (moments[random.Next(moments.Count)], known),
                    _ => (Sample.Day(2023, 1, 1).AddHours(random.Next(30_000)), known),
                }
            );
        }
        return questions;
    }

    static void AssertAsFromTheStart(
        HistoryStore store,
        PastFold past,
        List<DateTime> moments,
        List<SortedDictionary<string, double>>? found = null
    ) => AssertAsFromTheStart(store, past, [.. moments.Select(one => (one, one))], found);

    static void AssertAsFromTheStart(
        HistoryStore store,
        PastFold past,
        List<(DateTime AsOf, DateTime KnownBefore)> moments,
        List<SortedDictionary<string, double>>? found = null
    )
    {
        var texts = new Dictionary<int, SortedDictionary<string, double>>();
        Ask(
            past,
            [
                .. moments.Select(
                    (moment, i) =>
                        new PastQuestion(moment.AsOf, moment.KnownBefore, states => texts.Add(i, Counts(states[0], moment.AsOf)))
                ),
            ]
        );
        Assert.Equal(moments.Count, texts.Count);
        for (var i = 0; i < moments.Count; i++)
        {
            var state = new HistoryState(_fold);
            foreach (var fact in store.ReadApplied(moments[i].AsOf, moments[i].KnownBefore))
                state.Apply(fact);
            Assert.Equal(Counts(state, moments[i].AsOf), texts[i]);
            found?.Add(texts[i]);
        }
    }

    static SortedDictionary<string, double> Counts(HistoryState state, DateTime asOf) =>
        StateText.Of(state, asOf, features: false);

    static void Ask(PastFold past, List<PastQuestion> questions) => past.Answer([_fold], questions, 20_000, null, _never);

    /// <summary>A row that is changed, taken out, or comes late.</summary>
    static HistoryRow Correction(Random random, int i)
    {
        string Any(string letter, int digits) =>
            letter + random.Next(1, 9).ToString("D" + digits, System.Globalization.CultureInfo.InvariantCulture);
        string Day() => $"{random.Next(2023, 2026)}-{random.Next(1, 13):00}-{random.Next(1, 28):00}";
        string? Recorded() => random.Next(2) == 0 ? null : Day();
        return random.Next(7) switch
        {
            0 => Row(
                "accounts",
                new
                {
                    account_id = Any("A", 6),
                    industry = Any("i", 1),
                    recorded_at = Recorded(),
                }
            ),
            1 or 2 => Row(
                "opportunities",
                new
                {
                    opportunity_id = Any("new", 1),
                    account_id = Any("A", 6),
                    created_at = Day(),
                    outcome = random.Next(2) == 0 ? "won" : "open",
                    closed_at = random.Next(3) == 0 ? "2030-01-01" : Day(),
                    recorded_at = Recorded(),
                }
            ),
            3 or 4 => Row(
                "engagements",
                new
                {
                    engagement_id = Any("newe", 1),
                    opportunity_id = Any("new", 1),
                    partner_id = Any("P", 5),
                    started_at = Day(),
                    recorded_at = Recorded(),
                }
            ),
            5 => Row(
                "touches",
                new
                {
                    touch_id = "newt" + i,
                    account_id = Any("A", 6),
                    partner_id = Any("P", 5),
                    kind = "call",
                    at = Day(),
                    recorded_at = Recorded(),
                }
            ),
            _ => Row(
                "deletions",
                new
                {
                    table = "engagements",
                    key = Any("newe", 1),
                    at = Day() + $"T00:{i / 60 % 60:00}:{i % 60:00}Z",
                }
            ),
        };
    }

    static HistoryRow Row(string table, object row) => StoreContractTests.Row(table, row);

    static async Task Write(LiveHistory history, HistoryRow row)
    {
        Assert.True(history.TryWrite(scope => scope.Upsert(row), out var done));
        await done;
    }
}
