using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>What models that have not seen the account say of each trial.</summary>
/// <param name="Odds">What the deal at each moment is expected to come to, log odds.</param>
/// <param name="Attraction">How likely a partner is to come in a period, log odds.</param>
/// <param name="Suitability">How well the partner of each pair suits.</param>
/// <param name="Others">The same for those that could have come instead.</param>
sealed record TrialScores(double[] Odds, double[] Attraction, double[] Suitability, double[] Others);

/// <summary>
/// Fits what partners add. One logistic regression of won or lost holds treated and untreated moments: how the deal stood (odds, attraction, age), how many of its
/// account's deals have a partner (so that deals are compared within accounts; Mundlak, 1978), how long it went on from there (who is treated has
/// lived to be), and what the partner adds. Constants were chosen on simulated worlds, seed 5 (training/README.md).
/// </summary>
sealed class EffectFit
{
    /// <summary>
    /// Log of the odds against a choice above which it says no more of how the partner suits: what is chosen against all odds is chosen by accident.
    /// </summary>
    const double MostSurprise = 2.5;

    /// <summary>
    /// Part of what the adjustment took away that an unmeasured cause is taken for, and by which all effects are lower (selection on what is not
    /// measured in proportion to that on what is; Oster, 2019).
    /// </summary>
    const double Unmeasured = 0.15;

    /// <summary>
    /// Variance, in log odds, between deals of one partner that suitability does not explain: one outcome per deal cannot tell it from chance. It grows with
    /// what suitability is worth, since that is seen only in part.
    /// </summary>
    const double PairVariance = 0.1;
    const double PairVarianceOfSuitability = 1.5;

    /// <summary>Years after which a deal counts half for the chance alone, which moves with the times.</summary>
    const double HalfLife = 1;

    /// <summary>Terms of a moment before those of the partner, and where they stand.</summary>
    const int Own = PartnerEffect.TermsAlone + 2 + Knots + 1;
    const int Share = PartnerEffect.TermsAlone;
    const int Further = Share + 1;
    const int Remaining = Further + 1;
    const int Knots = 4;
    static readonly double[] _knotAt = [0.15, 0.4, 0.65, 0.88];

    readonly TrialExamples _trials;
    readonly TrialScores _scores;
    readonly Func<int, bool> _takes;
    readonly int[] _kinds;
    readonly string[] _names;
    readonly List<int> _rows;
    readonly Dictionary<int, int> _pairOf = [];
    readonly Dictionary<AccountId, double> _shares;
    readonly double[] _weights;
    readonly double[] _surprise;
    readonly double _attraction;
    readonly double _share;
    readonly double _mean;
    readonly double _deviation;
    readonly double _perDeviation;
    readonly (double Low, double High) _range;
    double[] _knots = [];

    /// <summary>Takes some of the trials.</summary>
    /// <param name="trials">The trials.</param>
    /// <param name="scores">What is known of them.</param>
    /// <param name="columns">Of the pairs.</param>
    /// <param name="takes">Moments to learn from, by number; the treated ones by <paramref name="rowOf"/>.</param>
    /// <param name="rowOf">The treated moment of each pair, -1 for none.</param>
    /// <param name="weightOf">How much a treated moment counts; 1 if it is not given.</param>
    public EffectFit(
        TrialExamples trials,
        TrialScores scores,
        IReadOnlyList<FeatureColumn> columns,
        Func<int, bool> takes,
        Func<int, int> rowOf,
        Func<int, double>? weightOf = null
    )
    {
        (_trials, _scores, _takes) = (trials, scores, takes);
        _kinds = [.. Enumerable.Range(0, columns.Count).Where(c => IsKind(columns[c].Name))];
        _names = [.. _kinds.Select(c => columns[c].Name)];
        // Of several partners that came at once the one that suits best counts.
        for (var pair = 0; pair < scores.Suitability.Length; pair++)
        {
            var row = rowOf(pair);
            if (row >= 0 && (!_pairOf.TryGetValue(row, out var other) || scores.Suitability[pair] > scores.Suitability[other]))
                _pairOf[row] = pair;
        }
        _weights = trials.StayWeights(scores.Attraction, takes);
        foreach (var row in _pairOf.Keys)
            _weights[row] = weightOf?.Invoke(row) ?? 1;
        _rows = [.. Enumerable.Range(0, trials.Of.Count).Where(row => _weights[row] > 0)];
        var treated = _pairOf.Keys.Select(row => trials.Moments.Groups[row]).ToHashSet();
        var deals = _rows.Select(row => trials.Moments.Groups[row]).ToHashSet();
        _shares = deals
            .GroupBy(deal => trials.Deals[deal].AccountId)
            .ToDictionary(of => of.Key, of => of.Average(deal => treated.Contains(deal) ? 1.0 : 0));
        (_share, _attraction) = (
            (double)treated.Count / Math.Max(1, deals.Count),
            _rows.Select(row => scores.Attraction[row]).DefaultIfEmpty(0).Average()
        );
        (DealsWith, DealsWithout) = (treated.Count, deals.Count - treated.Count);
        var suits = _pairOf.Values.Select(pair => scores.Suitability[pair]).Order().ToList();
        if (suits.Count == 0)
            suits.Add(0);
        _mean = suits.Average();
        _deviation = Math.Max(1e-6, Math.Sqrt(suits.Average(score => (score - _mean) * (score - _mean))));
        double At(double share) => (suits[(int)(share * (suits.Count - 1))] - _mean) / _deviation;
        _range = (At(0.03), At(0.97));
        var choice = new PartnerChoice(trials, scores, _pairOf.Values);
        _perDeviation = Math.Max(1e-6, choice.Scale * _deviation);
        _surprise = choice.Surprise;
    }

    /// <summary>Deals with a partner, and without, that the estimate is made from.</summary>
    public int DealsWith { get; }

    public int DealsWithout { get; }

    /// <summary>Treated moments, each with its pair.</summary>
    public IReadOnlyDictionary<int, int> PairOf => _pairOf;

    /// <summary>Moments that were learned from, and how much each counts.</summary>
    public IReadOnlyList<int> Rows => _rows;

    public IReadOnlyList<double> WeightOf => _weights;

    /// <summary>The chance of winning with the partner that came, as chosen as it was.</summary>
    public double With(PartnerEffect effect, double alone, int row, int pair) =>
        effect.Of(alone, _trials.Of[row].Age, _trials.Partners[pair], Standard(pair), Kinds(pair)).WinProbability;

    static bool IsKind(string name) =>
        name.StartsWith("partner_type_is_", StringComparison.Ordinal) || name.StartsWith("tier_is_", StringComparison.Ordinal);

    /// <summary>The effect, and how it stands in the deals that it was learned from.</summary>
    public FittedEffect Run()
    {
        var moments = _trials.Moments;
        var numbers = new Dictionary<PartnerId, int>();
        var terms = PartnerEffect.BeforeKinds + _kinds.Length;
        var ends = _rows.Select(LogRemaining).Order().ToArray();
        _knots = [.. _knotAt.Select(share => ends[(int)(share * (ends.Length - 1))])];
        var lines = new double[_rows.Count][];
        var partner = new int[_rows.Count];
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i] = new double[Own + terms];
            Moment(line, _rows[i]);
            partner[i] = -1;
            if (!_pairOf.TryGetValue(_rows[i], out var pair))
                continue;
            line[Further] = _trials.Further[pair];
            PartnerEffect.Fill(line.AsSpan(Own), Standard(pair), _trials.Of[_rows[i]].Age, Kinds(pair));
            var id = _trials.Partners[pair];
            partner[i] = numbers.TryGetValue(id, out var number) ? number : numbers[id] = numbers.Count;
        }
        var regression = new MixedLogistic(
            lines,
            [.. _rows.Select(row => moments.Labels[row] > 0.5f)],
            [.. _rows.Select(row => (float)_weights[row])],
            partner,
            numbers.Count,
            Priors(terms)
        );
        regression.Fit();
        var fitted = new FittedMoments(_trials, regression, _rows, lines, Own, partner, _pairOf, _weights);
        var wider = Math.Max(1, fitted.ByAccount());
        var coefficients = regression.Coefficients[Own..];
        var adjusted = fitted.Mean();
        var shade = Unmeasured * Math.Max(0, RawLogOdds() - adjusted);
        coefficients[0] -= shade;
        var covariance = regression.Covariance[Own..].Select(line => line[Own..].Select(x => x * wider).ToArray()).ToArray();
        covariance[0][0] += shade * shade;
        var perUtility = coefficients[1] / _perDeviation;
        var deals = new int[numbers.Count];
        foreach (var number in partner.Where(number => number >= 0))
            deals[number]++;
        var effect = new PartnerEffect
        {
            Kinds = _names,
            ScoreMean = _mean,
            ScoreDeviation = _deviation,
            ScoreLow = _range.Low,
            ScoreHigh = _range.High,
            Alone = Alone(regression),
            AttractionMean = _attraction,
            Coefficients = coefficients,
            Covariance = covariance,
            PartnerVariance = regression.GroupVariance,
            PairVariance = PairVariance + PairVarianceOfSuitability * perUtility * perUtility,
            DealsWith = DealsWith,
            DealsWithout = DealsWithout,
            Gate = new(true, ""),
            Partners = numbers
                .OrderBy(pair => pair.Key.Value, StringComparer.Ordinal)
                .ToDictionary(
                    pair => pair.Key.Value,
                    pair =>
                    {
                        var (value, variance, with) = regression.Group(pair.Value);
                        return new PartnerDifference(deals[pair.Value], value, variance, with[Own..]);
                    }
                ),
        };
        return new(effect, adjusted - shade, fitted.MeanError(covariance), shade, fitted.Spread(), fitted.Parts());
    }

    static NormalPrior[] Priors(int terms) =>
        [
            .. Enumerable
                .Range(0, Own + terms)
                .Select(c =>
                    c switch
                    {
                        // The deal's own log odds are expected to count as they are.
                        1 => new NormalPrior(1, 2),
                        < Own => new(0, 2),
                        Own or Own + 1 => new(0, 1),
                        _ => new(0, 0.2),
                    }
                ),
        ];

    /// <summary>Terms of the moment: as the deal stood, its account, and how long it went on.</summary>
    void Moment(double[] line, int row)
    {
        PartnerEffect.FillAlone(line, _scores.Odds[row], _scores.Attraction[row] - _attraction, _trials.Of[row].Age);
        line[Share] = _shares.GetValueOrDefault(_trials.Deals[_trials.Moments.Groups[row]].AccountId, _share) - _share;
        var log = LogRemaining(row);
        line[Remaining] = log - _knots[1];
        for (var k = 0; k < Knots; k++)
            line[Remaining + 1 + k] = Math.Max(0, log - _knots[k]);
    }

    double LogRemaining(int row) => Elementary.Log(1 + Math.Max(0, _trials.Of[row].Remaining));

    /// <summary>
    /// Suitability in standard deviations. Who was chosen against the odds suits better than can be seen (the mean of what is not seen, given the choice, is the log of
    /// the odds against it; Dubin and McFadden, 1984). Nobody who is asked about was chosen, so it counts in learning only.
    /// </summary>
    double Standard(int pair) =>
        Math.Clamp((_scores.Suitability[pair] - _mean) / _deviation, _range.Low, _range.High)
        + Math.Min(_surprise[pair], MostSurprise) / _perDeviation;

    float[] Kinds(int pair) => [.. _kinds.Select(c => _trials.Pairs.Row(pair)[c])];

    /// <summary>
    /// The chance alone as it is served: every deal without its partner's effect, whatever became of it (standardisation; Robins, 1986), in what is known when it is
    /// asked about.
    /// </summary>
    double[] Alone(MixedLogistic regression)
    {
        var lines = new List<double[]>();
        var weights = new List<float>();
        var line = new double[Own];
        var newest = _rows.Select(row => _trials.Moments.At[row]).DefaultIfEmpty().Max();
        for (var row = 0; row < _trials.Of.Count; row++)
        {
            if (!_takes(row) || !_shares.ContainsKey(_trials.Deals[_trials.Moments.Groups[row]].AccountId))
                continue;
            Moment(line, row);
            var odds = 0.0;
            for (var c = 0; c < Own; c++)
                odds += line[c] * regression.Coefficients[c];
            var chance = (float)Elementary.Logistic(odds);
            var own = line[..PartnerEffect.TermsAlone];
            var years = (newest - _trials.Moments.At[row]).TotalDays / 365.25;
            var weight = (float)Elementary.Exp(-Elementary.Log(2) * years / HalfLife);
            lines.AddRange(own, own);
            weights.AddRange(weight * chance, weight * (1 - chance));
        }
        var calibration = new MixedLogistic(
            [.. lines],
            [.. lines.Select((_, i) => i % 2 == 0)],
            weights,
            null,
            0,
            Priors(0)[..PartnerEffect.TermsAlone]
        );
        calibration.Fit();
        return calibration.Coefficients;
    }

    /// <summary>Log odds of deals that got a partner less those of deals that never did, as they are.</summary>
    double RawLogOdds()
    {
        double Odds(IEnumerable<int> rows)
        {
            var (won, all) = (0.5, 1.0);
            foreach (var row in rows)
                (won, all) = (won + _trials.Moments.Labels[row], all + 1);
            return Elementary.LogOdds(won / all);
        }
        return Odds(_pairOf.Keys) - Odds(_rows.Where(row => !_pairOf.ContainsKey(row) && _trials.Of[row].Age == 0));
    }
}
