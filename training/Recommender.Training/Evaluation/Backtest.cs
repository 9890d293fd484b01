using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Training;

/// <summary>Scores rows in one batch, as <see cref="OnnxModel.Score"/> and <see cref="EnsembleScorer.Score"/> do.</summary>
delegate void BatchScorer(Memory<float> features, int rows, Memory<float> scores);

/// <summary>Rankings judged inside a test window, by model.</summary>
sealed class FitResults
{
    public static readonly string[] Names = ["partner_fit", "most_popular", "most_popular_in_industry", "earlier_partners_first"];

    public int Decisions => Deals.Count;

    /// <summary>What was judged, in the order of <see cref="All"/>.</summary>
    public List<JudgedDeal> Deals { get; } = [];

    /// <summary>The same for <see cref="New"/>.</summary>
    public List<JudgedDeal> NewDeals { get; } = [];

    /// <summary>NDCG@10 of partner fit; null if nothing was judged.</summary>
    public double? MeanNdcg => All["partner_fit"].Count == 0 ? null : All["partner_fit"].Average(quality => quality.Ndcg);

    /// <summary>How much of the first ten places goes to how few partners.</summary>
    public object ExposureJson()
    {
        var shown = Shown.Values.OrderDescending().ToList();
        double places = Math.Max(1, shown.Sum());
        var few = Math.Max(1, shown.Count / 100);
        return new
        {
            partners_shown = shown.Count,
            share_of_most_shown_10 = shown.Take(10).Sum() / places,
            share_of_most_shown_1_percent = shown.Take(few).Sum() / places,
            gini = shown.Count == 0 ? 0 : 1 - 2 * shown.Select((count, i) => (i + 0.5) * count).Sum() / (shown.Count * places),
        };
    }

    /// <summary>How often each partner stood among the first ten.</summary>
    public Dictionary<PartnerId, int> Shown { get; } = [];

    public long Candidates { get; set; }

    public Dictionary<string, List<RankingQuality>> All { get; } =
        Names.ToDictionary(name => name, _ => new List<RankingQuality>());

    public Dictionary<string, List<RankingQuality>> New { get; } =
        Names.ToDictionary(name => name, _ => new List<RankingQuality>());
}

/// <summary>Probabilities judged inside a test window.</summary>
sealed class WinResults(int columns)
{
    public ExampleSet Examples { get; } = new(columns);

    public List<bool> Won { get; } = [];

    public List<JudgedDeal> Deals { get; } = [];
}

/// <summary>Judges models on decisions of a window, each with only what was seen before it.</summary>
sealed class Backtest(
    TrainingConfig config,
    Featurizer featurizer,
    BatchScorer? partnerFit,
    BatchScorer? winProbability,
    LearnedEffect? effect,
    DateTime from
)
{
    readonly CandidateSets _candidates = new(config.Candidates, featurizer.State);
    readonly int _industry = featurizer.State.Settings.IndexOfDimension("industry");
    readonly int[] _kinds = featurizer.PositionsOf(effect?.Effect.Kinds ?? []);
    float[] _rows = [];
    float[] _scores = [];

    public FitResults Fit { get; } = new();

    public TruthResults Truth { get; } = new();

    public WinResults Win { get; } = new(featurizer.WinProbability.Count);

    /// <summary>Judges the decisions and outcomes of deals created inside the window, in time order.</summary>
    public void Run(Replay replay, IReadOnlyList<Deal> inside, Truth? truth, Action<double>? progress = null)
    {
        var moments = Moments(inside);
        for (var i = 0; i < moments.Count; i++)
        {
            var (at, deal, isFit) = moments[i];
            replay.To(at);
            featurizer.Look(new(at, deal.RowIn(featurizer.State)));
            if (isFit)
                JudgeRanking(at, deal);
            else
            {
                JudgeProbability(at, deal);
                if (truth?.Of(deal.Row.Id) is { } known)
                    JudgeTruth(at, deal, known);
            }
            if ((i & 31) == 0)
                progress?.Invoke((double)i / moments.Count);
        }
        progress?.Invoke(1);
    }

    /// <summary>When deals are judged: for ranking when partners were brought in, for winning at creation; in time order.</summary>
    public static List<(DateTime At, Deal Deal, bool IsFit)> Moments(IEnumerable<Deal> deals)
    {
        var inside = deals.ToList();
        return
        [
            .. inside
                .Where(deal => deal.DecidedAt is not null)
                .Select(deal => (At: deal.DecidedAt!.Value, Deal: deal, IsFit: true))
                .Concat(
                    inside
                        .Where(deal => deal.Ending is not null)
                        .Select(deal => (At: deal.Row.CreatedAt, Deal: deal, IsFit: false))
                )
                .OrderBy(moment => moment.At)
                .ThenBy(moment => moment.Deal.Row.Id.Value, StringComparer.Ordinal),
        ];
    }

    void JudgeProbability(DateTime at, Deal deal)
    {
        var partners = deal.PartnersBy(at, featurizer.State);
        var won = deal.Ending!.Value.IsWon;
        featurizer.WriteWinProbability([.. partners], Win.Examples.Add(won ? 1 : 0, 1, at, 0));
        Win.Won.Add(won);
        Win.Deals.Add(JudgedDeal.Of(deal, at, partners, featurizer.State, from));
    }

    void JudgeRanking(DateTime at, Deal deal)
    {
        var state = featurizer.State;
        _candidates.At(at);
        var candidates = _candidates.Proven;
        var engaged = deal.PartnersEver(state);
        var relevant = Enumerable.Range(0, candidates.Count).Where(i => engaged.Contains(candidates[i])).ToArray();
        if (relevant.Length == 0)
            return;
        Fit.Deals.Add(JudgedDeal.Of(deal, at, relevant.Select(i => candidates[i]), state, from));
        Fit.Candidates += candidates.Count;
        var known = candidates.Select(partner => state.HaveWorkedTogether(partner, deal.Row.AccountId)).ToArray();
        if (relevant.Any(i => !known[i]))
            Fit.NewDeals.Add(Fit.Deals[^1]);
        foreach (var (name, keys) in Keys(deal, candidates))
        {
            if (name == "partner_fit")
            {
                foreach (var i in Enumerable.Range(0, keys.Length).OrderByDescending(i => keys[i]).Take(10))
                    CollectionsMarshal.GetValueRefOrAddDefault(Fit.Shown, state.PartnerId(candidates[i]), out _)++;
            }
            Fit.All[name].Add(RankingQuality.Of(Ranks(keys, relevant, candidates, null)));
            var unknown = relevant.Where(i => !known[i]).ToArray();
            if (unknown.Length > 0)
                Fit.New[name].Add(RankingQuality.Of(Ranks(keys, unknown, candidates, known)));
        }
    }

    /// <summary>What each model sorts the candidates by, largest first.</summary>
    IEnumerable<(string Name, (double, double, double)[] Keys)> Keys(Deal deal, List<int> candidates)
    {
        if (partnerFit is null)
            yield break;
        var columns = featurizer.PartnerFit.Count;
        if (_scores.Length < candidates.Count)
        {
            _scores = new float[candidates.Count * 2];
            _rows = new float[_scores.Length * columns];
        }
        for (var i = 0; i < candidates.Count; i++)
            featurizer.WritePartnerFit(candidates[i], _rows.AsSpan(i * columns, columns));
        partnerFit(_rows, candidates.Count, _scores);
        var counts = candidates
            .Select(partner => Baselines.Counts(featurizer.State, _industry, deal.Row.AccountId, partner))
            .ToArray();
        yield return ("partner_fit", [.. _scores.Take(counts.Length).Select(score => ((double)score, 0.0, 0.0))]);
        yield return ("most_popular", [.. counts.Select(count => (count.Recent, 0.0, 0.0))]);
        yield return ("most_popular_in_industry", [.. counts.Select(count => ((double)count.InIndustry, count.Recent, 0.0))]);
        yield return (
            "earlier_partners_first",
            [.. counts.Select(count => ((double)count.WithAccount, count.InIndustry, count.Recent))]
        );
    }

    /// <summary>Judges against the simulation's truth, over candidates with a record that the truth knows.</summary>
    void JudgeTruth(DateTime at, Deal deal, TrueDecision truth)
    {
        var state = featurizer.State;
        _candidates.At(at);
        var candidates = _candidates.Proven.Where(partner => truth.Partners.ContainsKey(state.PartnerId(partner))).ToList();
        if (candidates.Count < 2 || partnerFit is null || winProbability is null)
            return;
        var fits = candidates.Select(partner => truth.Partners[state.PartnerId(partner)].Fit).ToArray();
        var wins = candidates.Select(partner => truth.Partners[state.PartnerId(partner)].WinProbability).ToArray();
        var engaged = deal.PartnersEver(state);
        var relevant = Enumerable.Range(0, candidates.Count).Where(i => engaged.Contains(candidates[i])).ToArray();
        foreach (var (name, keys) in Keys(deal, candidates))
        {
            Truth.Ndcg(name).Add(TruthResults.GradedNdcg(keys, fits));
            if (name == "partner_fit" && relevant.Length > 0)
            {
                Truth.Engaged.Add(RankingQuality.Of(Ranks(keys, relevant, candidates, null)).Ndcg);
                Truth.EngagedByOracle.Add(
                    RankingQuality.Of(Ranks([.. fits.Select(fit => (fit, 0.0, 0.0))], relevant, candidates, null)).Ndcg
                );
            }
            if (name == "most_popular")
                Truth.PopularPolicy.Add(wins[Enumerable.Range(0, wins.Length).MaxBy(i => keys[i])]);
        }
        JudgeLifts(at, deal, truth, candidates, wins, fits);
    }

    /// <summary>The ranking's keys have left rows and scores of the candidates behind.</summary>
    void JudgeLifts(DateTime at, Deal deal, TrueDecision truth, List<int> candidates, double[] wins, double[] fits)
    {
        var state = featurizer.State;
        var row = new float[featurizer.WinProbability.Count];
        featurizer.WriteWinProbability([], row);
        var ranks = new int[candidates.Count];
        foreach (
            var (i, rank) in Enumerable
                .Range(0, ranks.Length)
                .OrderByDescending(i => _scores[i])
                .ThenBy(i => state.PartnerId(candidates[i]))
                .Select((i, rank) => (i, rank))
        )
            ranks[i] = rank;
        Truth.OraclePolicy.Add(wins.Max());
        Truth.RandomPolicy.Add(wins.Average());
        Truth.FitPolicy.Add(wins[Array.IndexOf(ranks, 0)]);
        if (effect is null)
        {
            var alone = new float[1];
            winProbability!(row, 1, alone);
            Truth.Alone.Add((alone[0], truth.Alone));
            return;
        }
        var of = effect.Effect;
        var without = of.ChanceAlone(effect.Odds.Score(row), effect.Attraction.Score(row), Ages.Days(deal.Row.CreatedAt, at));
        Truth.Alone.Add((without, truth.Alone));
        var worth = state.WorthOf(deal.Row, state.Settings.BaseCurrency);
        var expected = new double[candidates.Count];
        var suited = new (double, double, double)[candidates.Count];
        for (var i = 0; i < expected.Length; i++)
        {
            var id = state.PartnerId(candidates[i]);
            var candidate = _rows.AsSpan(i * featurizer.PartnerFit.Count, featurizer.PartnerFit.Count);
            var suitability = effect.Suitability.Score(candidate);
            suited[i] = (suitability, 0, 0);
            var estimate = of.OfScore(without, Ages.Days(deal.Row.CreatedAt, at), id, suitability, Kinds(i));
            var known = of.Gate.Promote && of.IsSupported(suitability);
            expected[i] = known ? estimate.WinProbability : double.MinValue;
            Truth.Lifts.Add(new(known, estimate, wins[i] - truth.Alone, id, Truth.Alone.Count, ranks[i], at, worth));
        }
        Truth.Ndcg("suitability").Add(TruthResults.GradedNdcg(suited, fits));
        Truth.Policy.Add(wins[Enumerable.Range(0, wins.Length).MaxBy(i => (expected[i], -ranks[i]))]);
    }

    /// <summary>What shifts the effect of the candidate that was ranked i-th in the list.</summary>
    float[] Kinds(int i) => [.. _kinds.Select(column => _rows[i * featurizer.PartnerFit.Count + column])];

    int[] Ranks((double, double, double)[] keys, int[] relevant, List<int> candidates, bool[]? without)
    {
        var state = featurizer.State;
        var ranks = relevant
            .Select(r =>
            {
                var rank = 0;
                for (var i = 0; i < keys.Length; i++)
                {
                    if (without is not null && without[i])
                        continue;
                    var order = keys[i].CompareTo(keys[r]);
                    if (order > 0 || order == 0 && state.PartnerId(candidates[i]).CompareTo(state.PartnerId(candidates[r])) < 0)
                        rank++;
                }
                return rank;
            })
            .ToArray();
        Array.Sort(ranks);
        return ranks;
    }
}
