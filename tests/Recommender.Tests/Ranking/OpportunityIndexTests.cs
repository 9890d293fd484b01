using Recommender.Capabilities.CoSellList;
using Recommender.CoSell;
using Recommender.Ranking;

namespace Recommender.Tests.Scoring;

public sealed class OpportunityIndexTests
{
    static readonly DateTime _start = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Deals_that_were_touched_come_first_and_the_others_in_turn_once_they_are_old()
    {
        var index = new OpportunityIndex();
        foreach (var (id, minutes) in (ReadOnlySpan<(string, int)>)[("b", 2), ("a", 1), ("c", 30)])
            Look(index, id, minutes);
        Assert.Empty(Taken(index, olderThan: 1));
        index.Touch(["c"]);
        Assert.Equal(["c", "a", "b"], Taken(index, olderThan: 3));
        // Looked at again an hour later, none is old; then c is, which was not looked at.
        Look(index, "a", 60);
        Look(index, "b", 61);
        Assert.Empty(Taken(index, olderThan: 30));
        Assert.Equal(["c"], Taken(index, olderThan: 31));
        Look(index, "c", 62);
        Look(index, "d", 63);
        Assert.Equal(["a"], Taken(index, olderThan: 61));
        Look(index, "a", 120);
        Assert.Equal(["b", "c", "d"], Taken(index, olderThan: 64));
    }

    [Fact]
    public void A_deal_that_is_being_looked_at_still_waits()
    {
        var index = new OpportunityIndex();
        index.Touch(["a"]);
        Assert.True(index.TryTake(_start, out var taken));
        Assert.Equal(1, index.Dirty);
        // What is told of it meanwhile has it looked at once more.
        index.Touch([taken]);
        index.Done(taken);
        Assert.Equal(1, index.Dirty);
        Assert.True(index.Take(taken));
        index.Done(taken);
        Assert.False(index.Take(taken));
        Assert.Equal(0, index.Dirty);
    }

    static void Look(OpportunityIndex index, string id, int minutes) =>
        index.Set(id, new(Decision.About("x", _start, null, null).Opportunity with { Id = id }, _start.AddMinutes(minutes), []));

    static List<string> Taken(OpportunityIndex index, int olderThan)
    {
        var taken = new List<string>();
        while (index.TryTake(_start.AddMinutes(olderThan), out var id))
            taken.Add(id.Value);
        return taken;
    }
}
