namespace Recommender.Fold;

/// <summary>
/// How far our own people differ in what they win: the variance, in log odds, of the person, and of the person with each value of a dimension.
/// By moments of observed less expected wins (DerSimonian and Laird, 1986, on the score), each drawn to what twenty deals of shrinkage assume as
/// if five people stood behind that. The score is linear, so that it finds too little of large differences: nine tenths of a variance of 0.16, two thirds of 0.6.
/// </summary>
/// <param name="Person">Of the person.</param>
/// <param name="ByDimension">By position in <see cref="Sellers.Dimensions"/>.</param>
sealed record SellerSpread(double Person, IReadOnlyList<double> ByDimension)
{
    const double Deals = 20;
    const double People = 5;
    const double Least = 1e-4;

    /// <summary>The share of deals that we win of those that began without a partner; a half if none is known.</summary>
    public double Average { get; private init; } = 0.5;

    /// <summary>Log odds of a person, of all the deals it had.</summary>
    public double Of(SellerState? seller) => seller is null ? 0 : Shrunk(seller.Own, Average, Person) - Logit(Average);

    /// <summary>What is added to that where the deal is of a value.</summary>
    /// <param name="sellers">Everybody.</param>
    /// <param name="seller">Who.</param>
    /// <param name="person">Its log odds whatever the value.</param>
    /// <param name="place">The dimension, by position.</param>
    /// <param name="value">The value.</param>
    public double Of(Sellers sellers, SellerState seller, double person, int place, long value)
    {
        var key = (sellers.Dimensions[place], value);
        var usual = Usual(sellers.All.ByValue.GetValueOrDefault(key), Average, person);
        return Shrunk(seller.ByValue.GetValueOrDefault(key), usual, ByDimension[place]) - Logit(usual);
    }

    /// <summary>Works it out.</summary>
    public static SellerSpread Of(Sellers sellers)
    {
        var all = sellers.All.Own;
        var average = (all.Won + 1.0) / (all.All + 2.0);
        var assumed = 1 / (Deals * average * (1 - average));
        var moments = new Moments();
        // In an order that does not depend on when they came: sums of doubles do.
        var everybody = sellers.There.OrderBy(seller => seller.Name, StringComparer.Ordinal).ToList();
        foreach (var seller in everybody)
            moments.Add(seller.Own, average);
        var spread = new SellerSpread(moments.Variance(assumed), []) { Average = average };
        var byDimension = new double[sellers.Dimensions.Count];
        for (var place = 0; place < byDimension.Length; place++)
        {
            moments = new();
            foreach (var seller in everybody)
            {
                var person = spread.Of(seller);
                foreach (var (key, counts) in seller.ByValue.OrderBy(pair => pair.Key))
                {
                    if (key.Dimension == sellers.Dimensions[place])
                        moments.Add(counts, Usual(sellers.All.ByValue[key], average, person));
                }
            }
            byDimension[place] = moments.Variance(assumed);
        }
        return spread with { ByDimension = byDimension };
    }

    /// <summary>The chance of somebody where the value is known and nothing of the two together.</summary>
    static double Usual(WonAndLost ofValue, double average, double person) =>
        Facts.Elementary.Logistic(Logit((ofValue.Won + Deals * average) / (ofValue.All + Deals)) + person);

    /// <summary>As if so many more deals had been won in the usual share as the variance stands for.</summary>
    static double Shrunk(WonAndLost counts, double usual, double variance)
    {
        var deals = 1 / (variance * usual * (1 - usual));
        return Logit((counts.Won + deals * usual) / (counts.All + deals));
    }

    public static double Logit(double share)
    {
        var p = Math.Clamp(share, Least, 1 - Least);
        return Facts.Elementary.Log(p / (1 - p));
    }

    /// <summary>Sums over people, or over people and values.</summary>
    struct Moments
    {
        double _excess,
            _weight,
            _squares;

        public void Add(WonAndLost counts, double expected)
        {
            var noise = counts.All * expected * (1 - expected);
            var off = counts.Won - counts.All * expected;
            _excess += off * off - noise;
            _weight += noise * noise;
            _squares += noise * noise * noise * noise;
        }

        public readonly double Variance(double assumed)
        {
            if (_weight <= 0)
                return assumed;
            // As many as they would be if all had the same number of deals.
            var count = _weight * _weight / _squares;
            return Math.Max(Least, (count * _excess / _weight + People * assumed) / (count + People));
        }
    }
}
