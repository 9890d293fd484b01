using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.History;

namespace Recommender.Tests.Fold;

/// <summary>A fold that was written and read again is the fold that was written, to the bit, and stays it whatever comes.</summary>
public class SnapshotTests
{
    static readonly Action _never = () => { };

    [Fact]
    public void A_fold_that_is_read_goes_on_as_the_one_that_was_written() =>
        CorrectionTests
            .Changes.Array[200]
            .Sample(
                changes =>
                {
                    var world = new CorrectionTests.World();
                    HistoryState? copy = null;
                    world.Telling = fact => copy?.Apply(fact);
                    for (var i = 0; i < changes.Length; i++)
                    {
                        world.Take(changes[i]);
                        if (i % 40 != 20)
                            continue;
                        world.Flush();
                        if (copy is not null)
                            AssertSame(world.State, copy);
                        var written = Written(world.State);
                        copy = Read(CorrectionTests.World.Settings, written);
                        Assert.Equal(written, Written(copy));
                    }
                    world.Flush();
                    AssertSame(world.State, copy!);
                },
                seed: "0000KOIPe402",
                iter: 150,
                threads: 1
            );

    [Fact]
    public void The_sample_history_is_read_as_it_was_written()
    {
        var state = new HistoryState(SmallHistory.Settings.Fold with { PartnerTraits = ["partner_type"] });
        foreach (var fact in Sample.FactList.Take(Sample.FactList.Count / 2))
            state.Apply(fact);
        var copy = Read(state.Settings, Written(state));
        foreach (var fact in Sample.FactList.Skip(Sample.FactList.Count / 2))
        {
            state.Apply(fact);
            copy.Apply(fact);
        }
        Assert.Equal((state.Facts, state.SeenUntil, state.MaturedUntil), (copy.Facts, copy.SeenUntil, copy.MaturedUntil));
        var asOf = state.SeenUntil.AddDays(1);
        foreach (var one in (HistoryState[])[state, copy])
            one.AdvanceTo(asOf);
        Assert.Equal(Written(state).Length, Written(copy).Length);
        Assert.Equal(
            state.FindAccounts("a", 50).Select(account => account.Id),
            copy.FindAccounts("a", 50).Select(account => account.Id)
        );
    }

    /// <summary>Negative control: what is forgotten is noticed.</summary>
    [Fact]
    public void A_count_that_is_not_copied_is_noticed()
    {
        var state = new HistoryState(SmallHistory.Settings.Fold);
        state.Apply(
            new(
                SmallHistory.At(1),
                FactKind.Account,
                "a1",
                FactTables.Accounts.Read(FactTables.Accounts.Row(("account_id", "a1")))
            )
        );
        var copy = Read(state.Settings, Written(state));
        copy.AccountStates[0].Won++;
        Assert.NotEqual(Written(state), Written(copy));
    }

    [Fact]
    public void A_snapshot_of_other_settings_or_cut_short_is_refused()
    {
        var settings = SmallHistory.Settings.Fold;
        var written = Written(new(settings));
        Assert.Throws<InvalidDataException>(() => Read(settings with { MaturityDays = settings.MaturityDays + 1 }, written));
        Assert.ThrowsAny<IOException>(() => Read(settings, written[..^10]));
        written[0] ^= 1;
        Assert.Throws<InvalidDataException>(() => Read(settings, written));
    }

    [Fact]
    public void Snapshots_stay_within_their_room_and_are_spread_over_the_history()
    {
        var cache = new SnapshotCache(4, 20L * SnapshotRoom.PieceLength);
        var state = new HistoryState(SmallHistory.Settings.Fold);
        foreach (var (fact, i) in Sample.FactList.Select((fact, i) => (fact, i)))
        {
            if (i % 500 == 499)
                cache.Keep(fact.AppliedAt, [state], _never);
            state.Apply(fact);
        }
        Assert.InRange(cache.Count, 1, 4);
        Assert.InRange(cache.Taken, 1, 20L * SnapshotRoom.PieceLength);
        Assert.Null(cache.Before(DateTime.MinValue));
        var last = cache.Before(DateTime.MaxValue)!;
        Assert.Equal(last.Facts, SnapshotCache.Read(last, [state.Settings], _never)[0].Facts);
        // What does not fit at all is not kept, and what was kept makes room in vain.
        var small = new SnapshotCache(4, SnapshotRoom.PieceLength);
        small.Keep(state.SeenUntil, [state], _never);
        Assert.Equal((0, 0), (small.Count, small.Taken));
    }

    static void AssertSame(HistoryState state, HistoryState copy)
    {
        var asOf = state.SeenUntil.AddHours(1);
        Assert.Equal(StateText.Of(state, asOf), StateText.Of(copy, asOf));
    }

    /// <summary>A fold that was written and read again.</summary>
    public static HistoryState Copy(HistoryState state) => Read(state.Settings, Written(state));

    static byte[] Written(HistoryState state)
    {
        using var stream = new MemoryStream();
        using (var writer = new SnapshotWriter(stream))
            state.Write(writer);
        return stream.ToArray();
    }

    static HistoryState Read(FoldSettings settings, byte[] written)
    {
        using var stream = new MemoryStream(written);
        using var reader = new SnapshotReader(stream);
        return HistoryState.Read(settings, reader);
    }
}
