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
public sealed partial class PartnerRanker
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
    public Recommendation? Rank(RankingRequest request, RuleSet rules) =>
        Ask(request, (workspace, account, decision) => Rank(workspace, request, rules, account, decision));

    /// <summary>
    /// The numbers of all partners that the rules leave, and why each of the others is left out; null if the account is unknown, or the
    /// opportunity is not one of its own.
    /// </summary>
    /// <param name="request">What is asked; how many and in which order does not matter.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="withFit">Say how well each suits, too; without, the fit score is 0 where chances are known.</param>
    public PartnerChances? Compare(RankingRequest request, RuleSet rules, bool withFit = true) =>
        Ask(
            request,
            (workspace, account, decision) =>
                Compare(workspace, request, rules, account, decision, withFit || _models.Win is null)
        );

    T? Ask<T>(RankingRequest request, Func<RankingWorkspace, Account, Decision, T> answer)
        where T : class
    {
        if ((State.FindAccount(request.AccountId) ?? request.NewAccount) is not { } account)
            return null;
        Decision decision;
        if (request.OpportunityId is { } id)
        {
            if (State.FindOpportunity(id) is not { } deal || deal.AccountId != request.AccountId)
                return null;
            decision = new(request.AsOf, deal);
        }
        else
            decision = Decision.About(request.AccountId, request.AsOf, request.Product, request.Amount) with
            {
                NewAccount = request.NewAccount,
            };
        if (!_workspaces.TryTake(out var workspace))
            workspace = new(_models, _states);
        try
        {
            return answer(workspace, account, decision);
        }
        finally
        {
            _workspaces.Add(workspace);
        }
    }

    PartnerChances Compare(
        RankingWorkspace workspace,
        RankingRequest request,
        RuleSet rules,
        Account account,
        Decision decision,
        bool withFit
    )
    {
        var excluded = new List<ExcludedPartner>();
        Choose(workspace, request, rules, account, decision, excluded, int.MaxValue, out var onDeal);
        if (withFit)
            Score(workspace, decision, excluded, 0, int.MaxValue);
        var everybody = new int[workspace.Count];
        for (var i = 0; i < everybody.Length; i++)
            everybody[i] = i;
        var chances = workspace.Chances(onDeal, everybody, out var alone);
        var partners = new PartnerChance[everybody.Length];
        for (var i = 0; i < partners.Length; i++)
        {
            Chance? chance = chances?[i] is { IsFinite: true } known ? known : null;
            var partner = workspace.Candidates[i];
            partners[i] = new(
                State.PartnerId(partner),
                withFit ? workspace.Scores[i] : 0,
                State.PartnerStates[partner].Counts.Engagements == 0,
                chance?.Winning,
                chance?.Lift?.Lift,
                chance?.Lift?.Low,
                chance?.Lift?.High
            );
        }
        return new(partners, excluded, alone is { } chanceAlone && double.IsFinite(chanceAlone) ? chanceAlone : null);
    }

    /// <summary>Puts the candidates onto the workspace; returns how many were left out.</summary>
    int Choose(
        RankingWorkspace workspace,
        RankingRequest request,
        RuleSet rules,
        Account account,
        Decision decision,
        List<ExcludedPartner> excluded,
        int mostListed,
        out IReadOnlyList<int> onDeal
    )
    {
        workspace.Look(decision);
        onDeal = State.PartnersOn(decision.Opportunity.Id, request.AsOf);
        return _candidates.Choose(workspace, request, rules, account, decision, onDeal, excluded, mostListed);
    }

    /// <summary>Puts the fit of the candidates onto the workspace; returns how many were left out now or before.</summary>
    int Score(RankingWorkspace workspace, Decision decision, List<ExcludedPartner> excluded, int excludedCount, int mostListed)
    {
        if (_models.Fit is null)
            ScoreByBaseline(workspace, decision);
        else
        {
            ScoreByModel(workspace);
            foreach (var partner in workspace.DropNotFinite())
            {
                if (excludedCount++ < mostListed)
                    excluded.Add(new(State.PartnerId(partner).Value, NotFinite, "Its score is not a finite number"));
            }
        }
        return excludedCount;
    }

    Recommendation Rank(RankingWorkspace workspace, RankingRequest request, RuleSet rules, Account account, Decision decision)
    {
        var excluded = new List<ExcludedPartner>();
        const int Most = CandidateChoice.MostExcludedListed;
        var excludedCount = Choose(workspace, request, rules, account, decision, excluded, Most, out var onDeal);
        excludedCount = Score(workspace, decision, excluded, excludedCount, Most);
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
}
