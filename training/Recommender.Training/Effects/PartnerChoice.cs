using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>How partners are chosen by how well they suit: a conditional logit (McFadden, 1974) with one scale, over a sample of those that could have come.</summary>
sealed class PartnerChoice
{
    const int Steps = 40;
    const double MostScale = 20;

    /// <summary>Learns the scale.</summary>
    /// <param name="trials">The trials.</param>
    /// <param name="scores">What is known of them.</param>
    /// <param name="pairs">The pairs to learn from.</param>
    public PartnerChoice(TrialExamples trials, TrialScores scores, IEnumerable<int> pairs)
    {
        Surprise = new double[scores.Suitability.Length];
        var others = new List<double>[Surprise.Length];
        for (var i = 0; i < scores.Others.Length; i++)
            (others[trials.Others.Groups[i]] ??= []).Add(scores.Others[i]);
        var chosen = pairs.Where(pair => others[pair] is not null).Order().ToArray();
        double Against(int pair, double scale)
        {
            var sum = 0.0;
            foreach (var other in others[pair])
                sum += Elementary.Exp(Math.Min(700, scale * (other - scores.Suitability[pair])));
            return Elementary.Log(1 + trials.Beside[pair] * sum);
        }
        // The negative log likelihood is convex in the scale: golden section.
        var (low, high) = (1e-3, MostScale);
        for (var step = 0; step < Steps && chosen.Length > 0; step++)
        {
            var (a, b) = (low + (high - low) * 0.381966, low + (high - low) * 0.618034);
            if (chosen.Sum(pair => Against(pair, a)) < chosen.Sum(pair => Against(pair, b)))
                high = b;
            else
                low = a;
        }
        Scale = (low + high) / 2;
        for (var pair = 0; pair < Surprise.Length; pair++)
            Surprise[pair] = others[pair] is null ? 0 : Against(pair, Scale);
    }

    /// <summary>Utility per point of suitability.</summary>
    public double Scale { get; }

    /// <summary>The log of the odds against each pair's choice, 0 for a certain one.</summary>
    public double[] Surprise { get; }
}
