namespace Recommender.Features;

/// <summary>Whether two numbers have the same order.</summary>
static class RankCorrelation
{
    /// <summary>Correlation of ranks (Spearman 1904); ties share theirs.</summary>
    public static double Spearman(List<(double, double)> pairs)
    {
        var (left, right) = (Ranks([.. pairs.Select(pair => pair.Item1)]), Ranks([.. pairs.Select(pair => pair.Item2)]));
        var mean = (pairs.Count - 1) / 2.0;
        double both = 0,
            ofLeft = 0,
            ofRight = 0;
        for (var i = 0; i < left.Length; i++)
        {
            var (x, y) = (left[i] - mean, right[i] - mean);
            both += x * y;
            ofLeft += x * x;
            ofRight += y * y;
        }
        return ofLeft > 0 && ofRight > 0 ? both / Math.Sqrt(ofLeft * ofRight) : 0;
    }

    static double[] Ranks(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Length];
        for (var start = 0; start < order.Length; )
        {
            var end = start;
            while (end < order.Length && values[order[end]].Equals(values[order[start]]))
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + end - 1) / 2.0;
            start = end;
        }
        return ranks;
    }

    /// <summary>
    /// How far words order numbers: of all pairs with different words, the share whose numbers stand as the words' means do; ties count half.
    /// </summary>
    public static double Concordance(List<(string Word, double Number)> pairs)
    {
        var words = pairs
            .GroupBy(pair => pair.Word)
            .OrderBy(of => of.Average(pair => pair.Number))
            .Select((of, at) => (of.Key, at))
            .ToDictionary(one => one.Key, one => one.at);
        var below = new double[words.Count];
        double all = 0,
            same = 0;
        foreach (var ties in pairs.GroupBy(pair => pair.Number).OrderBy(of => of.Key))
        {
            var here = new double[words.Count];
            foreach (var (word, _) in ties)
                here[words[word]]++;
            for (var w = 0; w < here.Length; w++)
            {
                for (var v = 0; v < w; v++)
                    same += here[w] * (below[v] + here[v] / 2);
            }
            for (var w = 0; w < here.Length; w++)
                below[w] += here[w];
        }
        for (var w = 0; w < below.Length; w++)
            all += below[w] * below[..w].Sum();
        return all > 0 ? same / all : 0;
    }
}
