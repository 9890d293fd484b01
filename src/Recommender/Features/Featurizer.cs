using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>
/// Makes feature vectors of both models from the fold. Looks up a decision once, then fills a row per candidate. Every value is
/// finite. One object serves one thread, and only while no fact is applied.
/// </summary>
public sealed class Featurizer
{
    readonly DecisionView _decision;
    readonly PairView _pair;
    readonly Feature<PairView>[] _pairs;
    readonly Feature<DecisionView>[] _decisions;
    readonly Feature<DecisionView>[] _winning;
    readonly Feature<PairView>[] _combined;
    readonly double[] _winningValues;
    Func<PairView, double>[] _chosen = [];

    /// <summary>Features of <paramref name="state"/> as <paramref name="settings"/> define them.</summary>
    public Featurizer(FeatureSettings settings, HistoryState state)
    {
        State = state;
        _decision = new(state);
        _pair = new(_decision);
        _pairs = [.. PairFeatures.Of(settings).Where(feature => settings.Has(feature.Column.Idea))];
        _decisions = [.. DecisionFeatures.Of(settings).Where(feature => settings.Has(feature.Column.Idea))];
        _winning = [.. _decisions, .. DecisionFeatures.OfWinning(settings).Where(feature => settings.Has(feature.Column.Idea))];
        _combined = [.. _pairs.Where(feature => feature.Combine != Combine.None)];
        _winningValues = new double[_winning.Length];
        PartnerFit = [.. _pairs.Select(feature => feature.Column), .. _decisions.Select(feature => feature.Column)];
        WinProbability =
        [
            .. _winning.Select(feature => feature.Column),
            new("partners_on_deal", "Partners engaged on the deal, the one asked about included", Ideas.Activity),
            .. _combined.Select(feature =>
                feature.Column with
                {
                    Name = "with_" + feature.Column.Name,
                    Meaning =
                        $"{feature.Column.Meaning}; {(feature.Combine == Combine.Max ? "largest" : "mean")} over the partners on the deal, 0 if none",
                }
            ),
        ];
    }

    /// <summary>The history the features are read from.</summary>
    public HistoryState State { get; }

    /// <summary>Columns of the partner-fit model, in order.</summary>
    public IReadOnlyList<FeatureColumn> PartnerFit { get; }

    /// <summary>Columns of the win-probability model, in order.</summary>
    public IReadOnlyList<FeatureColumn> WinProbability { get; }

    /// <summary>
    /// What win rates of few cases are shrunk to, 0 to 1. The default, null, is the overall rate at the decision, as models have learned it;
    /// with a fixed rate the same cases give the same number at any time.
    /// </summary>
    public double? ShrunkTo
    {
        get => _decision.ShrunkTo;
        init => _decision.ShrunkTo = value;
    }

    /// <summary>Where columns of partner fit stand in a row.</summary>
    /// <exception cref="InvalidDataException">There is no such column.</exception>
    public int[] PositionsOf(IEnumerable<string> names)
    {
        var positions = PartnerFit.Select((column, i) => (column.Name, i)).ToDictionary(pair => pair.Name, pair => pair.i);
        return
        [
            .. names.Select(name =>
                positions.TryGetValue(name, out var position)
                    ? position
                    : throw new InvalidDataException($"Partner fit has no feature {name}.")
            ),
        ];
    }

    /// <summary>Turns to a decision; the rows that follow are about it.</summary>
    public void Look(Decision decision)
    {
        _decision.Look(decision);
        for (var i = 0; i < _winning.Length; i++)
            _winningValues[i] = _winning[i].Value(_decision);
    }

    /// <summary>Writes the partner-fit features of one candidate.</summary>
    /// <param name="partner">The partner's number in <see cref="State"/>.</param>
    /// <param name="row">As long as <see cref="PartnerFit"/>.</param>
    public void WritePartnerFit(int partner, Span<float> row)
    {
        _pair.Look(partner);
        for (var i = 0; i < _pairs.Length; i++)
            row[i] = Finite(_pairs[i].Value(_pair));
        for (var i = 0; i < _decisions.Length; i++)
            row[_pairs.Length + i] = Finite(_winningValues[i]);
    }

    /// <summary>The first column of partner fit that all candidates of a decision share.</summary>
    public int FirstShared => _pairs.Length;

    /// <summary>Writes the columns of partner fit that all candidates share, from <see cref="FirstShared"/> on.</summary>
    /// <param name="row">As long as <see cref="PartnerFit"/>.</param>
    public void WriteShared(Span<float> row)
    {
        for (var i = 0; i < _decisions.Length; i++)
            row[_pairs.Length + i] = Finite(_winningValues[i]);
    }

    /// <summary>Writes chosen columns of partner fit for many candidates.</summary>
    /// <param name="partners">The candidates' numbers in <see cref="State"/>.</param>
    /// <param name="chosen">Columns, ascending; those that all candidates share are left out.</param>
    /// <param name="columns">Column c goes to c × <paramref name="stride"/>.</param>
    /// <param name="stride">At least as many as candidates.</param>
    public void WriteColumns(ReadOnlySpan<int> partners, ReadOnlySpan<int> chosen, Span<float> columns, int stride)
    {
        if (_chosen.Length < chosen.Length)
            _chosen = new Func<PairView, double>[chosen.Length];
        var (values, count) = (_chosen, 0);
        for (; count < chosen.Length && chosen[count] < _pairs.Length; count++)
            values[count] = _pairs[chosen[count]].Value;
        for (var p = 0; p < partners.Length; p++)
        {
            _pair.Look(partners[p]);
            for (var c = 0; c < count; c++)
                columns[c * stride + p] = (float)values[c](_pair);
        }
        for (var c = 0; c < count; c++)
        {
            foreach (var value in columns.Slice(c * stride, partners.Length))
                Finite(value);
        }
    }

    /// <summary>Writes the win-probability features of the deal with <paramref name="partners"/> on it.</summary>
    /// <param name="partners">Numbers of the partners; none for the deal alone.</param>
    /// <param name="row">As long as <see cref="WinProbability"/>.</param>
    public void WriteWinProbability(ReadOnlySpan<int> partners, Span<float> row)
    {
        for (var i = 0; i < _winning.Length; i++)
            row[i] = Finite(_winningValues[i]);
        row = row[_winning.Length..];
        row[0] = partners.Length;
        row = row[1..];
        row.Clear();
        for (var p = 0; p < partners.Length; p++)
        {
            _pair.Look(partners[p]);
            for (var i = 0; i < _combined.Length; i++)
            {
                var value = Finite(_combined[i].Value(_pair));
                row[i] =
                    p == 0 ? value
                    : _combined[i].Combine == Combine.Max ? Math.Max(row[i], value)
                    : row[i] + (value - row[i]) / (p + 1);
            }
        }
    }

    /// <summary>The candidate beside the decision last turned to, for the facts behind a reason.</summary>
    internal PairView Pair(int partner)
    {
        _pair.Look(partner);
        return _pair;
    }

    static float Finite(double value)
    {
        var number = (float)value;
        return float.IsFinite(number) ? number : throw new InvalidOperationException("A feature is not finite.");
    }
}
