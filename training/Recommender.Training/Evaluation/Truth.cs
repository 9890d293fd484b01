using System.Globalization;
using CsvHelper;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>What the simulation knows of one decision.</summary>
sealed record TrueDecision(double Alone, Dictionary<PartnerId, (double WinProbability, double Fit)> Partners);

/// <summary>truth.csv of a simulated history.</summary>
sealed class Truth
{
    readonly Dictionary<OpportunityId, TrueDecision> _decisions = [];

    public TrueDecision? Of(OpportunityId opportunityId) => _decisions.GetValueOrDefault(opportunityId);

    /// <summary>Reads the file as `simulate` writes it.</summary>
    /// <exception cref="InvalidDataException">A line is not opportunity_id,partner_id,win_probability,fit.</exception>
    public static Truth Read(string file)
    {
        var truth = new Truth();
        var alone = new Dictionary<OpportunityId, double>();
        using var reader = new StreamReader(file);
        using var csv = new CsvParser(reader, CultureInfo.InvariantCulture);
        csv.Read();
        while (csv.Read())
        {
            var fields = csv.Record!;
            if (
                fields.Length != 4
                || !double.TryParse(fields[2], NumberStyles.Float, CultureInfo.InvariantCulture, out var probability)
                || (
                    !double.TryParse(fields[3], NumberStyles.Float, CultureInfo.InvariantCulture, out var fit)
                    && fields[1].Length > 0
                )
            )
                throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"{file}, line {csv.RawRow}: found '{csv.RawRecord.TrimEnd()}'; expected opportunity_id,partner_id,win_probability,fit."
                    )
                );
            if (!truth._decisions.TryGetValue(fields[0], out var decision))
                truth._decisions[fields[0]] = decision = new(0, []);
            if (fields[1].Length == 0)
                truth._decisions[fields[0]] = decision with { Alone = probability };
            else
                decision.Partners[fields[1]] = (probability, fit);
        }
        return truth;
    }
}

/// <summary>A lift that the model stated or held back, beside the true difference.</summary>
/// <param name="Known">True if it was stated.</param>
/// <param name="Estimate">What was, or would have been, stated.</param>
/// <param name="True">The true difference.</param>
/// <param name="PartnerId">The partner.</param>
/// <param name="Decision">The number of the decision.</param>
/// <param name="Rank">Its place by fit, from 0.</param>
/// <param name="At">When it was asked for.</param>
/// <param name="Worth">Of the deal, in the currency of the co-sell list; null if unknown.</param>
readonly record struct TrueLift(
    bool Known,
    LiftEstimate Estimate,
    double True,
    PartnerId PartnerId,
    int Decision,
    int Rank,
    DateTime At,
    double? Worth
);

/// <summary>What a comparison without any adjustment would say: won share with a partner less won share without.</summary>
sealed record RawDifference(double Overall, IReadOnlyDictionary<PartnerId, double> ByPartner)
{
    public double Of(PartnerId partnerId) => ByPartner.GetValueOrDefault(partnerId, Overall);
}

/// <summary>Rankings, lift and choices judged by the truth.</summary>
sealed class TruthResults
{
    readonly Dictionary<string, List<double>> _ndcg = [];

    /// <summary>NDCG@10 with the true fit as gain, by model.</summary>
    public List<double> Ndcg(string model) => _ndcg.TryGetValue(model, out var list) ? list : _ndcg[model] = [];

    /// <summary>NDCG@10 of the model with engaged partners as relevant.</summary>
    public List<double> Engaged { get; } = [];

    /// <summary>The same for a ranking by true fit.</summary>
    public List<double> EngagedByOracle { get; } = [];

    public List<TrueLift> Lifts { get; } = [];

    /// <summary>Win probability of the deals alone.</summary>
    public List<(double Predicted, double True)> Alone { get; } = [];

    /// <summary>Won share of matured training deals with each partner, and with any, less that of deals without one.</summary>
    public RawDifference? Raw { get; set; }

    /// <summary>True win probability with the partner that the model expects most of.</summary>
    public List<double> Policy { get; } = [];

    public List<double> OraclePolicy { get; } = [];

    public List<double> RandomPolicy { get; } = [];

    public List<double> PopularPolicy { get; } = [];

    /// <summary>The same with the partner that fits best.</summary>
    public List<double> FitPolicy { get; } = [];

    /// <summary>Partners that a page shows.</summary>
    const int Shown = 10;

    /// <summary>Deals that a co-sell list shows.</summary>
    const int Listed = 20;

    /// <summary>NDCG@10 with graded gains against the best order of them.</summary>
    public static double GradedNdcg((double, double, double)[] keys, double[] gains)
    {
        double Dcg(IEnumerable<int> order) => order.Take(10).Select((i, rank) => gains[i] / Elementary.Log2(rank + 2)).Sum();
        var all = Enumerable.Range(0, gains.Length);
        var ideal = Dcg(all.OrderByDescending(i => gains[i]));
        return ideal > 0 ? Dcg(all.OrderByDescending(i => keys[i])) / ideal : 1;
    }

    /// <summary>The part of evaluate's JSON under "truth".</summary>
    public object ToJson()
    {
        var ten = Lifts.Where(lift => lift.Rank < Shown).ToList();
        var span = OraclePolicy.Average() - RandomPolicy.Average();
        double Share(List<double> values) => span > 0 ? (values.Average() - RandomPolicy.Average()) / span : 0;
        return new
        {
            decisions = OraclePolicy.Count,
            ndcg_at_10_by_true_fit = _ndcg.ToDictionary(pair => pair.Key, pair => pair.Value.Average()),
            share_of_oracle_ndcg_at_10 = Ndcg("partner_fit").Average(),
            ndcg_at_10_engaged = Engaged.Count == 0 ? 0 : Engaged.Average(),
            oracle_ndcg_at_10_engaged = EngagedByOracle.Count == 0 ? 0 : EngagedByOracle.Average(),
            win_probability_alone_mean = Alone.Count == 0 ? (double?)null : Alone.Average(alone => alone.Predicted),
            true_win_probability_alone_mean = Alone.Count == 0 ? (double?)null : Alone.Average(alone => alone.True),
            lift = LiftJson(ten),
            policy_value = Policy.Count == 0 ? (double?)null : Policy.Average(),
            policy_value_oracle = OraclePolicy.Average(),
            policy_value_random = RandomPolicy.Average(),
            policy_value_most_popular = PopularPolicy.Average(),
            policy_share_of_oracle = Policy.Count == 0 ? (double?)null : Share(Policy),
            policy_share_of_oracle_by_fit = Share(FitPolicy),
            policy_share_of_oracle_most_popular = Share(PopularPolicy),
        };
    }

    object LiftJson(List<TrueLift> ten)
    {
        var known = Lifts.Where(lift => lift.Known).ToList();
        var knownOfTen = ten.Where(lift => lift.Known).ToList();
        var best = knownOfTen.GroupBy(lift => lift.Decision).Select(lifts => lifts.MaxBy(lift => lift.Estimate.Lift)).ToList();
        var stated = Figures(known);
        return new
        {
            known = known.Count,
            unknown_share = Lifts.Count == 0 ? 1 : 1 - (double)known.Count / Lifts.Count,
            known_of_ten = ten.Count == 0 ? (double?)null : Shown * (double)knownOfTen.Count / ten.Count,
            stated.mean,
            stated.true_mean,
            stated.coverage_of_90_interval,
            stated.rmse,
            stated.rmse_of_zero,
            rmse_of_raw_difference = Rmse(known, _ => Raw!.Overall),
            rmse_of_raw_difference_by_partner = Rmse(known, lift => Raw!.Of(lift.PartnerId)),
            rank_correlation = RankCorrelation.Of(
                [.. known.Select(lift => lift.Estimate.Lift)],
                [.. known.Select(lift => lift.True)]
            ),
            of_ten = Figures(knownOfTen),
            all_of_ten = Figures(ten),
            first_place = Figures([.. knownOfTen.Where(lift => lift.Rank == 0)]),
            best_of_ten = Figures(best),
            // A list a month: its deals, each with the partner that adds most, by what that is worth.
            top_20 = Figures([
                .. best.GroupBy(lift => (lift.At.Year, lift.At.Month))
                    .SelectMany(month => month.OrderByDescending(lift => lift.Estimate.Lift * (lift.Worth ?? 0)).Take(Listed)),
            ]),
            all = Figures(Lifts),
        };
    }

    static double? Rmse(List<TrueLift> of, Func<TrueLift, double> guess) =>
        of.Count == 0 ? null : Math.Sqrt(of.Average(lift => (guess(lift) - lift.True) * (guess(lift) - lift.True)));

    static LiftFigures Figures(List<TrueLift> of)
    {
        double? Mean(Func<TrueLift, double> figure) => of.Count == 0 ? null : of.Average(figure);
        return new(
            of.Count,
            Mean(lift => lift.Estimate.Lift),
            Mean(lift => lift.True),
            Mean(lift => lift.True >= lift.Estimate.Low && lift.True <= lift.Estimate.High ? 1 : 0),
            Rmse(of, lift => lift.Estimate.Lift),
            Rmse(of, _ => 0)
        );
    }
}

/// <summary>Lifts beside the truth, points of win probability; null of none.</summary>
#pragma warning disable IDE1006 // they are written to JSON under these names
sealed record LiftFigures(
    int count,
    double? mean,
    double? true_mean,
    double? coverage_of_90_interval,
    double? rmse,
    double? rmse_of_zero
);
