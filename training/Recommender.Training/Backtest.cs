using Recommender.Artifacts;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.History;
using Recommender.Scoring;

namespace Recommender.Training;

/// <summary>Rankings judged inside a test window, by model.</summary>
sealed class FitResults
{
    public static readonly string[] Names = ["partner_fit", "most_popular", "most_popular_in_industry", "earlier_partners_first"];

    public int Decisions { get; set; }

    public long Candidates { get; set; }

    public Dictionary<string, List<RankingQuality>> All { get; } = Names.ToDictionary(name => name, _ => new List<RankingQuality>());

    public Dictionary<string, List<RankingQuality>> New { get; } = Names.ToDictionary(name => name, _ => new List<RankingQuality>());
}

/// <summary>Probabilities judged inside a test window.</summary>
sealed class WinResults(int columns)
{
    public ExampleSet Examples { get; } = new(columns);

    public List<bool> Won { get; } = [];

    public List<double> Predicted { get; } = [];
}

/// <summary>Judges models on decisions of a window, each with only what was seen before it.</summary>
sealed class Backtest(TrainingConfig config, Featurizer featurizer, OnnxModel partnerFit)
{
    readonly CandidateSets _candidates = new(config.Candidates, featurizer.State);
    readonly int _industry = featurizer.State.Settings.Dimensions.ToList().FindIndex(dimension => dimension.Name == "industry");
    float[] _rows = [];
    float[] _scores = [];

    public FitResults Fit { get; } = new();

    public WinResults Win { get; } = new(featurizer.WinProbability.Count);

    /// <summary>Judges decisions created from <paramref name="from"/> to the end of the day <paramref name="to"/>.</summary>
    public void Run(Replay replay, IReadOnlyList<Deal> deals, DateTime from, DateTime to, Action<double>? progress = null)
    {
        var inside = deals.Where(deal => deal.Row.CreatedAt >= from && deal.Row.CreatedAt < to.Date.AddDays(1)).ToList();
        var moments = inside
            .Where(deal => deal.DecidedAt is not null)
            .Select(deal => (At: deal.DecidedAt!.Value, Deal: deal, IsFit: true))
            .Concat(inside.Where(deal => deal.Outcome != Outcome.Open).Select(deal => (At: deal.Row.CreatedAt, Deal: deal, IsFit: false)))
            .OrderBy(moment => moment.At)
            .ThenBy(moment => moment.Deal.Row.Id, StringComparer.Ordinal)
            .ToList();
        for (var i = 0; i < moments.Count; i++)
        {
            var (at, deal, isFit) = moments[i];
            replay.To(at);
            featurizer.Look(new(at, deal.Row));
            if (isFit)
                JudgeRanking(at, deal);
            else
                JudgeProbability(at, deal);
            if ((i & 31) == 0)
                progress?.Invoke((double)i / moments.Count);
        }
        progress?.Invoke(1);
    }

    void JudgeProbability(DateTime at, Deal deal)
    {
        var partners = deal
            .Engagements.Where(engagement => engagement.StartedAt.Date <= at.Date)
            .Select(engagement => featurizer.State.IndexOfPartner(engagement.PartnerId))
            .Where(partner => partner >= 0)
            .ToList();
        var won = deal.Outcome == Outcome.Won;
        featurizer.WriteWinProbability(partners, Win.Examples.Add(won ? 1 : 0, 1, at, 0));
        Win.Won.Add(won);
    }

    void JudgeRanking(DateTime at, Deal deal)
    {
        var state = featurizer.State;
        _candidates.At(at);
        var candidates = _candidates.Proven;
        var engaged = deal.Engagements.Select(engagement => state.IndexOfPartner(engagement.PartnerId)).ToHashSet();
        var relevant = Enumerable.Range(0, candidates.Count).Where(i => engaged.Contains(candidates[i])).ToArray();
        if (relevant.Length == 0)
            return;
        var columns = featurizer.PartnerFit.Count;
        if (_scores.Length < candidates.Count)
        {
            _scores = new float[candidates.Count * 2];
            _rows = new float[_scores.Length * columns];
        }
        for (var i = 0; i < candidates.Count; i++)
            featurizer.WritePartnerFit(candidates[i], _rows.AsSpan(i * columns, columns));
        partnerFit.Score(_rows, candidates.Count, _scores);

        Fit.Decisions++;
        Fit.Candidates += candidates.Count;
        var known = candidates.Select(partner => state.HaveWorkedTogether(partner, deal.Row.AccountId)).ToArray();
        var popular = new (double, double, double)[candidates.Count];
        var inIndustry = new (double, double, double)[candidates.Count];
        var earlier = new (double, double, double)[candidates.Count];
        var learned = new (double, double, double)[candidates.Count];
        for (var i = 0; i < candidates.Count; i++)
        {
            var (recent, industry, together) = Baselines.Counts(state, _industry, deal.Row.AccountId, candidates[i]);
            popular[i] = (recent, 0, 0);
            inIndustry[i] = (industry, recent, 0);
            earlier[i] = (together, industry, recent);
            learned[i] = (_scores[i], 0, 0);
        }
        foreach (
            var (name, keys) in ((string, (double, double, double)[])[])
                [
                    ("partner_fit", learned),
                    ("most_popular", popular),
                    ("most_popular_in_industry", inIndustry),
                    ("earlier_partners_first", earlier),
                ]
        )
        {
            Fit.All[name].Add(RankingQuality.Of(Ranks(keys, relevant, candidates, null)));
            var unknown = relevant.Where(i => !known[i]).ToArray();
            if (unknown.Length > 0)
                Fit.New[name].Add(RankingQuality.Of(Ranks(keys, unknown, candidates, known)));
        }
    }

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
                    if (
                        order > 0
                        || (order == 0 && string.CompareOrdinal(state.PartnerId(candidates[i]), state.PartnerId(candidates[r])) < 0)
                    )
                        rank++;
                }
                return rank;
            })
            .ToArray();
        Array.Sort(ranks);
        return ranks;
    }
}
