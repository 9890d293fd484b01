using System.Buffers;
using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Ranking;

/// <summary>The chance of winning with a partner and without; the lift only where it is known.</summary>
readonly record struct Chance(double With, double Alone, LiftEstimate? Lift)
{
    /// <summary>True if all of it are numbers that can be said.</summary>
    public bool IsFinite =>
        double.IsFinite(With)
        && double.IsFinite(Alone)
        && (Lift is not { } lift || double.IsFinite(lift.Lift) && double.IsFinite(lift.Low) && double.IsFinite(lift.High));
}

/// <summary>What one ranking at a time works with: featurizers and room that is used again for the next.</summary>
sealed class RankingWorkspace
{
    readonly RankingModels _models;
    readonly Featurizer _win;
    readonly int[] _kinds;
    readonly List<int> _candidates = [];
    uint[] _scratch = [];
    float[] _scores = [];

    public RankingWorkspace(RankingModels models, IReadOnlyList<HistoryState> states)
    {
        _models = models;
        Fit = new(models.FitSettings, states[0]);
        // One featurizer looks a decision up once for both models; models of different runs need their own, or even another fold.
        _win = models.ShareFeatures ? Fit : new(models.WinSettings, states[^1]);
        _kinds = _win.PositionsOf(models.Win?.Effect?.Effect.Kinds ?? []);
        Row = new float[Math.Max(Fit.PartnerFit.Count, _win.PartnerFit.Count)];
    }

    public Featurizer Fit { get; }

    public ReadOnlySpan<int> Candidates => CollectionsMarshal.AsSpan(_candidates);

    public int Count => _candidates.Count;

    public float[] Matrix { get; private set; } = [];

    public float[] Row { get; }

    public double[] Contributions { get; private set; } = [];

    public Span<float> Scores => _scores;

    public float[] ScoreArray => _scores;

    public List<(double Recent, int InIndustry, int WithAccount)> Baseline { get; } = [];

    public void Look(Decision decision)
    {
        Fit.Look(decision);
        if (!ReferenceEquals(_win, Fit))
            _win.Look(decision);
    }

    public void Clear(int partners)
    {
        _candidates.Clear();
        if (_scores.Length < partners)
            _scores = new float[(partners + 7) / 8 * 8 + 64];
    }

    public void Add(int partner) => _candidates.Add(partner);

    /// <summary>Takes out the candidates whose score is no finite number; returns them.</summary>
    public List<int> DropNotFinite()
    {
        var dropped = new List<int>();
        for (var i = 0; i < _candidates.Count; i++)
        {
            if (!float.IsFinite(_scores[i]))
                dropped.Add(_candidates[i]);
            else
                (_candidates[i - dropped.Count], _scores[i - dropped.Count]) = (_candidates[i], _scores[i]);
        }
        _candidates.RemoveRange(_candidates.Count - dropped.Count, dropped.Count);
        return dropped;
    }

    public float[] Room(int length)
    {
        if (Matrix.Length < length)
            Matrix = new float[length + length / 4];
        return Matrix;
    }

    public double[] RoomToExplain(int length)
    {
        if (Contributions.Length < length)
            Contributions = new double[length];
        return Contributions;
    }

    public Span<uint> Scratch(int length)
    {
        if (_scratch.Length < length)
            _scratch = new uint[length];
        return _scratch;
    }

    /// <summary>
    /// The chances with each of <paramref name="joining"/>, positions among the candidates; null without a model. What a partner adds is
    /// known for the first on a deal only; beside others the model's own difference stands for it, and no lift is stated.
    /// </summary>
    public Chance[]? Chances(IReadOnlyList<int> onDeal, ReadOnlySpan<int> joining)
    {
        if (_models.Win is not { } win)
            return null;
        var columns = _win.WinProbability.Count;
        var others = new int[onDeal.Count + 1];
        for (var i = 0; i < onDeal.Count; i++)
            others[i] = InWin(onDeal[i]);
        var withOthers = others.AsMemory(0, onDeal.Count);
        var known = win.Effect is not null && onDeal.Count == 0;
        var rows = known ? 1 : joining.Length + 1;
        var matrix = ArrayPool<float>.Shared.Rent(rows * columns);
        var probabilities = ArrayPool<float>.Shared.Rent(rows);
        try
        {
            _win.WriteWinProbability(withOthers.Span, matrix.AsSpan(0, columns));
            for (var i = 1; i < rows; i++)
            {
                others[^1] = InWin(Candidates[joining[i - 1]]);
                _win.WriteWinProbability(others, matrix.AsSpan(i * columns, columns));
            }
            win.Served.Score(matrix, rows, probabilities);
            if (known)
                return Estimates(win.Effect!, probabilities[0], joining);
            var chances = new Chance[joining.Length];
            for (var i = 0; i < chances.Length; i++)
                chances[i] = new(probabilities[i + 1], probabilities[0], null);
            return chances;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(matrix);
            ArrayPool<float>.Shared.Return(probabilities);
        }
    }

    int InWin(int partner) =>
        ReferenceEquals(_win.State, Fit.State) ? partner : _win.State.IndexOfPartner(Fit.State.PartnerId(partner));

    Chance[] Estimates(EffectModels models, double created, ReadOnlySpan<int> joining)
    {
        var columns = _win.PartnerFit.Count;
        var rows = ArrayPool<float>.Shared.Rent(Math.Max(1, joining.Length * columns));
        var fit = ArrayPool<float>.Shared.Rent(Math.Max(1, joining.Length));
        var suitability = ArrayPool<float>.Shared.Rent(Math.Max(1, joining.Length));
        try
        {
            for (var i = 0; i < joining.Length; i++)
                _win.WritePartnerFit(InWin(Candidates[joining[i]]), rows.AsSpan(i * columns, columns));
            models.Fit.Score(rows, joining.Length, fit);
            models.Suitability.Score(rows, joining.Length, suitability);
            var alone = models.Effect.Alone(created);
            var chances = new Chance[joining.Length];
            Span<float> kinds = stackalloc float[_kinds.Length];
            for (var i = 0; i < chances.Length; i++)
            {
                var id = Fit.State.PartnerId(Candidates[joining[i]]);
                for (var k = 0; k < kinds.Length; k++)
                    kinds[k] = rows[i * columns + _kinds[k]];
                var estimate = models.Effect.Of(created, id, suitability[i], kinds);
                chances[i] = new(estimate.WinProbability, alone, models.Effect.IsSupported(id, fit[i]) ? estimate : null);
            }
            return chances;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rows);
            ArrayPool<float>.Shared.Return(fit);
            ArrayPool<float>.Shared.Return(suitability);
        }
    }
}
