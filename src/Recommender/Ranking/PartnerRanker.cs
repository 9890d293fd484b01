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
    const int MostExcludedListed = 1000;

    /// <summary>For how many days a partner that declined is left out for that deal.</summary>
    public const int DeclinedDays = 90;

    /// <summary>The simple ranking that answers while no partner-fit model is live.</summary>
    public const string FallbackName = "earlier_partners_first";
    readonly RankingModels _models;
    readonly IReadOnlyList<HistoryState> _states;
    readonly ConcurrentBag<RankingWorkspace> _workspaces = [];

    /// <summary>A ranker over folds that others keep.</summary>
    /// <param name="models">The models.</param>
    /// <param name="states">One fold for each of <see cref="RankingModels.Folds"/>.</param>
    public PartnerRanker(RankingModels models, IReadOnlyList<HistoryState> states) => (_models, _states) = (models, states);

    /// <summary>A ranker over an empty history of its own; facts are given by <see cref="Apply"/>.</summary>
    public PartnerRanker(ModelPackage? fit, ModelPackage? win)
    {
        _models = new(fit, win);
        _states = [.. _models.Folds.Select(fold => new HistoryState(fold))];
    }

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
        var onDeal = State.PartnersOn(decision.Opportunity.Id);
        var excluded = new List<ExcludedPartner>();
        var excludedCount = Choose(workspace, request, rules, account, decision, onDeal, excluded);
        var count = workspace.Count;
        if (_models.Fit is null)
            ScoreByBaseline(workspace, decision);
        else
            ScoreByModel(workspace);
        var limit = Math.Min(Math.Clamp(request.Limit, 1, 100), count);
        Chance[]? chances;
        Span<int> top = stackalloc int[limit];
        if (request.Objective == Objective.Fit || _models.Win is null)
        {
            Best(top, count, new ByObjective(this, workspace));
            chances = workspace.Chances(onDeal, top);
        }
        else
        {
            var everybody = new int[count];
            for (var i = 0; i < count; i++)
                everybody[i] = i;
            var all = workspace.Chances(onDeal, everybody)!;
            Best(top, count, new ByObjective(this, workspace, all, request.Objective));
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
        return new(
            request.AccountId,
            request.OpportunityId,
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

    /// <summary>Puts those who may be ranked onto the workspace; returns how many a rule excludes.</summary>
    int Choose(
        RankingWorkspace workspace,
        RankingRequest request,
        RuleSet rules,
        Account account,
        Decision decision,
        IReadOnlyList<int> onDeal,
        List<ExcludedPartner> excluded
    )
    {
        var asOf = request.AsOf;
        var concerned = rules.About(account, decision.Opportunity.Product, asOf);
        var state = State.FindAccountState(account.Id)!;
        var count = 0;
        void Exclude(PartnerState partner, string rule, string detail)
        {
            if (count++ < MostExcludedListed)
                excluded.Add(new(partner.Id, rule, detail));
        }
        workspace.Clear(State.PartnerCount);
        for (var partner = 0; partner < State.PartnerCount; partner++)
        {
            var known = State.PartnerStates[partner];
            if (known.Row is not { } row || row.JoinedAt >= asOf)
                continue;
            var pair = state.Pairs is { } pairs && pairs.TryGet(partner, out var history) ? history : default;
            if (request.Filters?.Admits(row, pair.Engagements > 0) == false)
                continue;
            if (onDeal.Count > 0 && onDeal.Contains(partner))
            {
                Exclude(known, "already_engaged", "Already works on this opportunity");
                continue;
            }
            if (pair.Declines is { } declines && DeclineOf(declines, request.OpportunityId, asOf) is { } declined)
            {
                Exclude(known, "declined", FormattableString.Invariant($"Declined on {declined.At:yyyy-MM-dd}"));
                continue;
            }
            if (concerned is not null && Excluding(concerned, account, state, known, partner, decision) is var (rule, detail))
            {
                Exclude(known, rule, detail);
                continue;
            }
            workspace.Add(partner);
        }
        return count;
    }

    (string Rule, string Detail)? Excluding(
        List<Rule> concerned,
        Account account,
        AccountState state,
        PartnerState known,
        int partner,
        Decision decision
    )
    {
        foreach (var rule in concerned)
        {
            if (
                RuleSet.Excludes(
                    rule,
                    account,
                    known,
                    decision.Opportunity.Product,
                    () => OtherHolders(state, partner, decision) is [var first, ..] ? first : null,
                    decision.AsOf
                ) is
                { } detail
            )
                return (rule.Id, detail);
        }
        return null;
    }

    /// <summary>The last time the partner declined the deal, or the account as such, that counts still; null if it did not.</summary>
    static Feedback? DeclineOf(Feedback[] declines, string? opportunityId, DateTime asOf)
    {
        Feedback? last = null;
        foreach (var decline in declines)
        {
            if (
                decline.OpportunityId == opportunityId
                && (asOf - decline.At).TotalDays <= DeclinedDays
                && (last is null || decline.At > last.At)
            )
                last = decline;
        }
        return last;
    }

    /// <summary>Names of other partners with a live registration on the account for what is sold.</summary>
    string[] OtherHolders(AccountState? account, int partner, Decision decision)
    {
        List<string>? names = null;
        if (account?.Pairs is { } pairs)
        {
            foreach (var other in pairs.Partners)
            {
                if (
                    other != partner
                    && pairs[other] is { Registrations: not null } pair
                    && pair.LiveRegistration(decision.AsOf, decision.Opportunity.Product) is { } claim
                )
                    (names ??= []).Add(State.PartnerStates[other].Row?.Name ?? claim.PartnerId);
            }
        }
        return names is null ? [] : [.. names];
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

    interface IOrder
    {
        bool IsBefore(int a, int b);
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
            return string.CompareOrdinal(state.PartnerId(workspace.Candidates[a]), state.PartnerId(workspace.Candidates[b])) < 0;
        }

        double Of(Chance chance) => objective == Objective.Lift ? chance.Lift?.Lift ?? double.MinValue : chance.With;
    }

    readonly ref struct BySize(ReadOnlySpan<double> numbers) : IOrder
    {
        readonly ReadOnlySpan<double> _numbers = numbers;

        public bool IsBefore(int a, int b) => Math.Abs(_numbers[a]) > Math.Abs(_numbers[b]);
    }

    /// <summary>The best of <paramref name="count"/> candidates, best first: insertion into what is best so far.</summary>
    static void Best<TOrder>(Span<int> top, int count, TOrder order)
        where TOrder : struct, IOrder, allows ref struct
    {
        var held = 0;
        for (var i = 0; i < count; i++)
        {
            if (held == top.Length && !order.IsBefore(i, top[held - 1]))
                continue;
            var at = held < top.Length ? held++ : held - 1;
            while (at > 0 && order.IsBefore(i, top[at - 1]))
            {
                top[at] = top[at - 1];
                at--;
            }
            top[at] = i;
        }
    }

    RecommendedPartner Describe(RankingWorkspace workspace, Decision decision, int at, int rank, Chance? chance, Reason[] reasons)
    {
        var partner = workspace.Candidates[at];
        var score = workspace.Scores[at];
        var pair = workspace.Fit.Pair(partner);
        var counts = pair.Partner.Counts;
        var industry = State.Settings.IndexOfDimension("industry");
        var overlap = pair.LiveOverlap;
        var holders = OtherHolders(pair.Decision.Account, partner, decision);
        return new()
        {
            PartnerId = State.PartnerId(partner),
            Name = pair.Partner.Row?.Name,
            Rank = rank,
            FitScore = score,
            Grade = GradeOf(score),
            Unproven = counts.Engagements == 0,
            WinProbability = chance?.With,
            WinProbabilityAlone = chance?.Alone,
            Lift = chance?.Lift?.Lift,
            LiftLow = chance?.Lift?.Low,
            LiftHigh = chance?.Lift?.High,
            ExpectedValue = chance?.With * decision.Opportunity.Amount,
            Support = new(industry < 0 ? 0 : pair.Values[industry].Engagements, counts.Won + counts.Lost),
            Reasons = reasons,
            WarmPath = overlap is null
                ? null
                : new(
                    overlap.Population,
                    (int)Math.Min(overlap.ContactCount ?? 0, int.MaxValue),
                    overlap.ContactLevel,
                    overlap.Since
                ),
            Cautions = Cautions(pair, holders),
            NextAction = NextActions.For(pair, holders is [var first, ..] ? first : null),
        };
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
        Best(top, shap.Groups, new BySize(byIdea));
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
