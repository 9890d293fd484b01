using System.Collections.Concurrent;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Models;

namespace Recommender.Ranking;

/// <summary>
/// Ranks partners for an account from a fold. Candidates are all partners known and joined by the as-of date, the unproven too, less
/// those a rule excludes and those the caller does not want; ties are broken by partner id. Safe for use by several threads as long as no
/// fact is applied meanwhile.
/// </summary>
public sealed class PartnerRanker
{
    /// <summary>The simple ranking that answers while no partner-fit model is live.</summary>
    public const string FallbackName = "earlier_partners_first";

    /// <summary>What leaves out a partner whose score cannot be said: stands in place of a rule.</summary>
    public const string NotFinite = "not_finite";
    readonly RankingModels _models;
    readonly IReadOnlyList<HistoryState> _states;
    readonly CandidateChoice _candidates;
    readonly ConcurrentBag<RankingWorkspace> _workspaces = [];

    /// <summary>A ranker over folds that others keep.</summary>
    /// <param name="models">The models.</param>
    /// <param name="states">One fold for each of <see cref="RankingModels.Folds"/>.</param>
    public PartnerRanker(RankingModels models, IReadOnlyList<HistoryState> states) =>
        (_models, _states, _candidates) = (models, states, new(states[0]));

    /// <summary>A ranker over an empty history of its own; facts are given by <see cref="Apply"/>.</summary>
    public PartnerRanker(ModelPackage? fit, ModelPackage? win)
        : this(new RankingModels(fit, win)) { }

    PartnerRanker(RankingModels models)
        : this(models, [.. models.Folds.Select(fold => new HistoryState(fold))]) { }

    /// <summary>The history as far as it was applied.</summary>
    public HistoryState State => _states[0];

    /// <summary>The models that answer.</summary>
    public RankingModels Models => _models;

    /// <summary>Applies a fact to the ranker's own folds.</summary>
    public void Apply(in DatedFact fact)
    {
        foreach (var state in _states)
            state.Apply(fact);
    }

    /// <summary>Ranks partners; null if the account is unknown, or the opportunity is not one of its own.</summary>
    public Recommendation? Rank(RankingRequest request) => Rank(request, RuleSet.None);

    /// <summary>Ranks partners that the rules leave; null if the account is unknown, or the opportunity is not one of its own.</summary>
    public Recommendation? Rank(RankingRequest request, RuleSet rules)
    {
        if (State.FindAccount(request.AccountId) is not { } account)
            return null;
        Decision decision;
        if (request.OpportunityId is { } id)
        {
            if (State.FindOpportunity(id) is not { } deal || deal.AccountId != request.AccountId)
                return null;
            decision = new(request.AsOf, deal);
        }
        else
            decision = Decision.About(request.AccountId, request.AsOf, request.Product, request.Amount);
        if (!_workspaces.TryTake(out var workspace))
            workspace = new(_models, _states);
        try
        {
            return Rank(workspace, request, rules, account, decision);
        }
        finally
        {
            _workspaces.Add(workspace);
        }
    }

    Recommendation Rank(RankingWorkspace workspace, RankingRequest request, RuleSet rules, Account account, Decision decision)
    {
        workspace.Look(decision);
        var onDeal = State.PartnersOn(decision.Opportunity.Id, request.AsOf);
        var excluded = new List<ExcludedPartner>();
        var excludedCount = _candidates.Choose(workspace, request, rules, account, decision, onDeal, excluded);
        if (_models.Fit is null)
            ScoreByBaseline(workspace, decision);
        else
        {
            ScoreByModel(workspace);
            foreach (var partner in workspace.DropNotFinite())
            {
                if (excludedCount++ < CandidateChoice.MostExcludedListed)
                    excluded.Add(new(State.PartnerId(partner).Value, NotFinite, "Its score is not a finite number"));
            }
        }
        var count = workspace.Count;
        var limit = Math.Min(Math.Clamp(request.Limit, 1, 100), count);
        Chance[]? chances;
        Span<int> top = stackalloc int[limit];
        if (request.Objective == Objective.Fit || _models.Win is null)
        {
            Top.Best(top, count, new ByObjective(this, workspace));
            chances = workspace.Chances(onDeal, top);
        }
        else
        {
            var everybody = new int[count];
            for (var i = 0; i < count; i++)
                everybody[i] = i;
            var all = workspace.Chances(onDeal, everybody)!;
            Top.Best(top, count, new ByObjective(this, workspace, all, request.Objective));
            chances = new Chance[limit];
            for (var i = 0; i < limit; i++)
                chances[i] = all[top[i]];
        }
        if (request.Explain)
            Explain(workspace, top);
        var partners = new RecommendedPartner[limit];
        for (var rank = 0; rank < limit; rank++)
        {
            var reasons = request.Explain ? ReasonsOf(workspace, workspace.Candidates[top[rank]], rank, request.Reasons) : [];
            partners[rank] = Describe(workspace, decision, top[rank], rank + 1, chances?[rank], reasons);
        }
        if (request.Explain)
            NameTwins(workspace, top, partners);
        return new(
            request.AccountId.Value,
            request.OpportunityId?.Value,
            request.AsOf,
            _models.Versions,
            _models.Fit is null ? FallbackName : null,
            count,
            _models.Shap?.ExpectedScore ?? 0,
            partners,
            excluded
        )
        {
            ExcludedCount = excludedCount,
            RulesVersion = rules.Version,
        };
    }

    void ScoreByModel(RankingWorkspace workspace)
    {
        var (features, count) = (workspace.Fit, workspace.Count);
        if (_models.Scorer is { } scorer)
        {
            var stride = (count + TreeScorer.Block - 1) / TreeScorer.Block * TreeScorer.Block;
            var columns = workspace.Room(scorer.Features.Length * stride);
            features.WriteColumns(workspace.Candidates, scorer.Features, columns, stride);
            features.WriteShared(workspace.Row);
            scorer.Score(
                workspace.Row,
                features.FirstShared,
                columns,
                stride,
                count,
                workspace.Scratch(scorer.ScratchLength),
                workspace.Scores
            );
            return;
        }
        var width = features.PartnerFit.Count;
        workspace.Room(count * width);
        for (var i = 0; i < count; i++)
            features.WritePartnerFit(workspace.Candidates[i], workspace.Matrix.AsSpan(i * width, width));
        _models.Fit!.Model.Score(workspace.Matrix, count, workspace.ScoreArray);
    }

    void ScoreByBaseline(RankingWorkspace workspace, Decision decision)
    {
        var industry = State.Settings.IndexOfDimension("industry");
        workspace.Baseline.Clear();
        for (var i = 0; i < workspace.Count; i++)
        {
            var counts = Baselines.Counts(State, industry, decision.Opportunity.AccountId, workspace.Candidates[i]);
            workspace.Baseline.Add(counts);
            workspace.Scores[i] = counts.WithAccount;
        }
    }

    /// <summary>Candidates by what is asked for, if that is not fit; then by fit, and ties by id.</summary>
    readonly struct ByObjective(
        PartnerRanker ranker,
        RankingWorkspace workspace,
        Chance[]? chances = null,
        Objective objective = Objective.Fit
    ) : IOrder
    {
        public bool IsBefore(int a, int b)
        {
            if (chances is not null && Of(chances[a]) is var x && Of(chances[b]) is var y && x != y)
                return x > y;
            if (ranker._models.Fit is null)
            {
                var (one, other) = (workspace.Baseline[a], workspace.Baseline[b]);
                var order = (other.WithAccount, other.InIndustry, other.Recent).CompareTo(
                    (one.WithAccount, one.InIndustry, one.Recent)
                );
                if (order != 0)
                    return order < 0;
            }
            else if (workspace.Scores[a] != workspace.Scores[b])
                return workspace.Scores[a] > workspace.Scores[b];
            var state = ranker.State;
            return state.PartnerId(workspace.Candidates[a]).CompareTo(state.PartnerId(workspace.Candidates[b])) < 0;
        }

        double Of(Chance chance) =>
            !chance.IsFinite ? double.NegativeInfinity
            : chance.Lift is not { } lift ? double.MinValue
            : objective == Objective.Lift ? lift.Lift
            : chance.Winning;
    }

    readonly ref struct BySize(ReadOnlySpan<double> numbers) : IOrder
    {
        readonly ReadOnlySpan<double> _numbers = numbers;

        public bool IsBefore(int a, int b) => Math.Abs(_numbers[a]) > Math.Abs(_numbers[b]);
    }

    RecommendedPartner Describe(RankingWorkspace workspace, Decision decision, int at, int rank, Chance? chance, Reason[] reasons)
    {
        var partner = workspace.Candidates[at];
        var score = workspace.Scores[at];
        var pair = workspace.Fit.Pair(partner);
        var counts = pair.Partner.Counts;
        var industry = State.Settings.IndexOfDimension("industry");
        var overlap = pair.LiveOverlap;
        var holders = _candidates.OtherHolders(pair.Decision.Account, partner, decision);
        var isUnsayable = chance?.IsFinite == false;
        if (isUnsayable)
            chance = null;
        return new()
        {
            PartnerId = State.PartnerId(partner).Value,
            Name = pair.Partner.Row?.Name,
            Rank = rank,
            FitScore = score,
            Grade = GradeOf(score),
            Unproven = counts.Engagements == 0,
            WinProbability = chance?.Winning,
            WinProbabilityAlone = chance?.Alone,
            Lift = chance?.Lift?.Lift,
            LiftLow = chance?.Lift?.Low,
            LiftHigh = chance?.Lift?.High,
            LiftEValue = chance?.Lift?.EValue,
            LiftEValueLow = chance?.Lift?.EValueLow,
            ExpectedValue = chance?.Winning * decision.Opportunity.Amount is { } value && double.IsFinite(value) ? value : null,
            Support = new(
                industry < 0 ? 0 : pair.Values[industry].Won + pair.Values[industry].Lost,
                chance?.Lift?.Deals ?? counts.Won + counts.Lost
            ),
            Reasons = reasons,
            WarmPath = overlap is null ? null : WarmPath.Of(overlap),
            Cautions = isUnsayable
                ? [.. Cautions(pair, holders), "Its win probability is not a finite number and is left out"]
                : Cautions(pair, holders),
            NextAction = NextActions.For(pair, holders is [var first, ..] ? first : null),
        };
    }

    /// <summary>Says of partners on one list that they seem to be one company under two ids.</summary>
    void NameTwins(RankingWorkspace workspace, ReadOnlySpan<int> top, RecommendedPartner[] partners)
    {
        for (var i = 1; i < top.Length; i++)
        {
            var company = State.PartnerStates[workspace.Candidates[top[i]]].Identity!;
            for (var j = 0; j < i; j++)
            {
                var other = State.PartnerStates[workspace.Candidates[top[j]]].Identity!;
                if (company.SameAs(other) is not (var why, true))
                    continue;
                foreach (var (one, twin) in ((int, int)[])[(i, j), (j, i)])
                    partners[one] = partners[one] with
                    {
                        Cautions =
                        [
                            .. partners[one].Cautions,
                            $"Seems to be the same company as {partners[twin].PartnerId}: {why}",
                        ],
                    };
            }
        }
    }

    /// <summary>Puts the contributions of the ideas for each of <paramref name="top"/> onto the workspace.</summary>
    void Explain(RankingWorkspace workspace, ReadOnlySpan<int> top)
    {
        if (_models.Shap is not { } shap)
            return;
        var width = workspace.Fit.PartnerFit.Count;
        var rows = workspace.Room(top.Length * width).AsSpan(0, top.Length * width);
        for (var i = 0; i < top.Length; i++)
            workspace.Fit.WritePartnerFit(workspace.Candidates[top[i]], rows.Slice(i * width, width));
        shap.Explain(rows, workspace.RoomToExplain(top.Length * shap.Groups));
    }

    Reason[] ReasonsOf(RankingWorkspace workspace, int partner, int rank, int most)
    {
        if (_models.Shap is not { } shap)
        {
            var view = workspace.Fit.Pair(partner);
            return
            [
                new(ReasonSentences.Of(Ideas.History, view), 0, "positive"),
                new(ReasonSentences.Of(Ideas.Activity, view), 0, "positive"),
            ];
        }
        var byIdea = workspace.Contributions.AsSpan(rank * shap.Groups, shap.Groups);
        Span<int> top = stackalloc int[Math.Min(most, shap.Groups)];
        Top.Best(top, shap.Groups, new BySize(byIdea));
        var pair = workspace.Fit.Pair(partner);
        var reasons = new Reason[top.Length];
        for (var i = 0; i < top.Length; i++)
        {
            var contribution = byIdea[top[i]];
            reasons[i] = new(
                ReasonSentences.Of(_models.Ideas[top[i]], pair),
                contribution,
                contribution >= 0 ? "positive" : "negative"
            )
            {
                Idea = _models.Ideas[top[i]],
            };
        }
        return reasons;
    }

    static string[] Cautions(PairView pair, string[] holders)
    {
        List<string>? cautions = null;
        void Add(string caution) => (cautions ??= []).Add(caution);
        if (
            pair.Decision.Account is { Row: { } account, Merged: var merged }
            && pair.Partner.Identity is { } identity
            && CompanyIdentity.Of(account, merged).SameAs(identity) is var (why, _)
        )
            Add($"May be the customer itself: {why}");
        foreach (var holder in holders)
            Add($"{holder} holds a live registration on this account");
        if (pair.Partner.Certifications is { Count: > 0 } certifications && !AnyIsLive(certifications, pair.Decision.AsOf))
            Add("All its certifications have expired");
        if (pair.Partner.Counts.Engagements == 0)
            Add("Unproven: no engagement yet");
        else if ((pair.Decision.AsOf - pair.Partner.LastEngagementAt).TotalDays > 365)
            Add(FormattableString.Invariant($"No engagement since {pair.Partner.LastEngagementAt:yyyy-MM-dd}"));
        if (pair.Pair.LastDecline is { } declined)
            Add(FormattableString.Invariant($"Declined on {declined.At:yyyy-MM-dd}"));
        return cautions is null ? [] : [.. cautions];
    }

    static bool AnyIsLive(List<Certification> certifications, DateTime asOf)
    {
        foreach (var certification in certifications)
        {
            if (certification.IsLive(asOf))
                return true;
        }
        return false;
    }

    string? GradeOf(float score) =>
        _models.Fit?.Manifest.Grades is not [var a, var b, var c] ? null
        : score >= a ? "A"
        : score >= b ? "B"
        : score >= c ? "C"
        : "D";
}
