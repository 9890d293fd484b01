using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>
/// How deals live in the worlds other than `default`: a Markov chain over the stages, in which a deal moves on, is won or is lost at rates a
/// week. Half the log odds speed up winning, the other half slow down losing.
/// </summary>
static class DealLife
{
    const double Onward = 0.22;
    static readonly double[] _won = [0.004, 0.012, 0.03, 0.08];
    static readonly double[] _lost = [0.035, 0.03, 0.03, 0.028];

    /// <summary>The last stage.</summary>
    public const int Last = 3;

    /// <summary>Rates a week of being won, being lost, and moving on.</summary>
    public static (double Won, double Lost, double Onward) Rates(int stage, double logOdds)
    {
        var half = Elementary.Exp(logOdds / 2);
        return (_won[stage] * half, _lost[stage] / half, stage < Last ? Onward : 0);
    }

    /// <summary>The chance that a deal in its first stage is won if its log odds stay as they are.</summary>
    public static double WinProbability(double logOdds)
    {
        var (chance, reached) = (0.0, 1.0);
        for (var stage = 0; stage <= Last; stage++)
        {
            var (won, lost, onward) = Rates(stage, logOdds);
            var sum = won + lost + onward;
            chance += reached * won / sum;
            reached *= onward / sum;
        }
        return chance;
    }
}
