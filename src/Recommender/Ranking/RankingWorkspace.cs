using System.Buffers;
using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Ranking;

/// <summary>
/// The chance of winning: with the partner and alone where its lift is known, else that of the deal as it stands, so that no other number says what
/// is not known.
/// </summary>
readonly record struct Chance(double Winning, double? Alone, LiftEstimate? Lift)
{
    /// <summary>True if all of it are numbers that can be said.</summary>
    public bool IsFinite =>
        double.IsFinite(Winning)
        && double.IsFinite(Alone ?? 0)
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
    double _age;
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
        _age = Ages.Days(decision.Opportunity.CreatedAt, decision.AsOf);
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
    /// known for the first on a deal only.
    /// </summary>
    public Chance[]? Chances(IReadOnlyList<int> onDeal, ReadOnlySpan<int> joining) => Chances(onDeal, joining, out _);

    /// <summary>The same, and the chance as the deal stands, which needs no candidate; null without a model.</summary>
    public Chance[]? Chances(IReadOnlyList<int> onDeal, ReadOnlySpan<int> joining, out double? asItStands)
    {
        asItStands = null;
        if (_models.Win is not { } win)
            return null;
        var row = new float[_win.WinProbability.Count];
        _win.WriteWinProbability([.. onDeal.Select(InWin)], row);
        if (onDeal.Count == 0 && win.Effect is { Effect.Gate.Promote: true } effect)
        {
            var estimates = Estimates(effect, row, joining, out var alone);
            asItStands = alone;
            return estimates;
        }
        var chance = new float[1];
        win.Served.Score(row, 1, chance);
        asItStands = chance[0];
        var chances = new Chance[joining.Length];
        Array.Fill(chances, new(chance[0], null, null));
        return chances;
    }

    int InWin(int partner) =>
        ReferenceEquals(_win.State, Fit.State) ? partner : _win.State.IndexOfPartner(Fit.State.PartnerId(partner));

    /// <summary><paramref name="deal"/> is the deal's row of win probability without partners.</summary>
    Chance[] Estimates(EffectModels models, float[] deal, ReadOnlySpan<int> joining, out double alone)
    {
        var columns = _win.PartnerFit.Count;
        var rows = ArrayPool<float>.Shared.Rent((joining.Length + TreeScorer.Block) * (columns + _kinds.Length));
        var kindsOf = ArrayPool<float>.Shared.Rent(Math.Max(1, joining.Length * _kinds.Length));
        var suitability = ArrayPool<float>.Shared.Rent(Math.Max(1, joining.Length));
        var of = new float[2];
        try
        {
            Suit(models, joining, suitability, rows, kindsOf);
            models.Odds.Score(deal, 1, of);
            var odds = of[0];
            models.Attraction.Score(deal, 1, of);
            alone = models.Effect.ChanceAlone(odds, of[0], _age);
            var chances = new Chance[joining.Length];
            Span<float> kinds = stackalloc float[_kinds.Length];
            for (var i = 0; i < chances.Length; i++)
            {
                var id = Fit.State.PartnerId(Candidates[joining[i]]);
                for (var k = 0; k < kinds.Length; k++)
                    kinds[k] = kindsOf[i * kinds.Length + k];
                if (!models.Effect.IsSupported(suitability[i]))
                {
                    chances[i] = new(alone, null, null);
                    continue;
                }
                var estimate = models.Effect.OfScore(alone, _age, id, suitability[i], kinds);
                chances[i] = new(estimate.WinProbability, alone, estimate);
            }
            return chances;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rows);
            ArrayPool<float>.Shared.Return(kindsOf);
            ArrayPool<float>.Shared.Return(suitability);
        }
    }

    /// <summary>How well each partner suits, and of what kind it is; of many by the columns that the trees look at.</summary>
    void Suit(EffectModels models, ReadOnlySpan<int> joining, float[] suitability, float[] room, float[] kinds)
    {
        var width = _win.PartnerFit.Count;
        if (
            joining.Length < TreeScorer.Block
            || models.Suitability.Scorer.ByColumns is not { } scorer
            || Array.Exists(_kinds, kind => kind >= _win.FirstShared)
        )
        {
            for (var i = 0; i < joining.Length; i++)
            {
                var row = room.AsSpan(i * width, width);
                _win.WritePartnerFit(InWin(Candidates[joining[i]]), row);
                for (var k = 0; k < _kinds.Length; k++)
                    kinds[i * _kinds.Length + k] = row[_kinds[k]];
            }
            models.Suitability.Score(room, joining.Length, suitability);
            return;
        }
        // The columns of the trees come first, as the scorer takes them, then those of the kinds.
        var stride = (joining.Length + TreeScorer.Block - 1) / TreeScorer.Block * TreeScorer.Block;
        var own = scorer.Features.TakeWhile(feature => feature < _win.FirstShared).ToArray();
        int[] chosen = [.. own, .. _kinds];
        var partners = new int[joining.Length];
        for (var i = 0; i < partners.Length; i++)
            partners[i] = InWin(Candidates[joining[i]]);
        var columns = room.AsSpan(0, chosen.Length * stride);
        columns.Clear();
        _win.WriteColumns(partners, chosen, columns, stride);
        for (var i = 0; i < joining.Length; i++)
        {
            for (var k = 0; k < _kinds.Length; k++)
                kinds[i * _kinds.Length + k] = columns[(own.Length + k) * stride + i];
        }
        _win.WriteShared(Row);
        var scores = new float[stride];
        scorer.Score(Row, _win.FirstShared, columns, stride, joining.Length, Scratch(scorer.ScratchLength), scores);
        for (var i = 0; i < joining.Length; i++)
            suitability[i] = models.Suitability.Trees.Calibration is { } calibration
                ? (float)calibration.Probability(scores[i])
                : scores[i];
    }
}
