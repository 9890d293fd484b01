namespace Recommender.Ranking;

/// <summary>An order of candidates by their position.</summary>
interface IOrder
{
    bool IsBefore(int a, int b);
}

/// <summary>The first of many, without ordering all.</summary>
static class Top
{
    /// <summary>The best of <paramref name="count"/> candidates, best first: insertion into what is best so far.</summary>
    public static void Best<TOrder>(Span<int> top, int count, TOrder order)
        where TOrder : struct, IOrder, allows ref struct
    {
        var held = 0;
        for (var i = 0; i < count; i++)
        {
            if (held == top.Length && !order.IsBefore(i, top[held - 1]))
                continue;
            var at = held < top.Length ? held++ : held - 1;
            while (at > 0 && order.IsBefore(i, top[at - 1]))
            {
                top[at] = top[at - 1];
                at--;
            }
            top[at] = i;
        }
    }
}
