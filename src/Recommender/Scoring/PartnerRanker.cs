using System.Buffers;
using System.Text.Json;
using Recommender.Artifacts;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.History;

namespace Recommender.Scoring;

/// <summary>
/// Ranks partners for an account from the live fold. Candidates are all partners known and joined by the as-of date, the unproven
/// too, less those a rule excludes; ties are broken by partner id. Safe for use by several threads.
/// </summary>
public sealed class PartnerRanker
{
    const int Reasons = 3;

    /// <summary>The simple ranking that answers while no partner-fit model is live.</summary>
    public const string FallbackName = "earlier_partners_first";
    readonly ModelPackage? _fit;
    readonly ModelPackage? _win;
    readonly Featurizer _fitFeatures;
    readonly Featurizer _winFeatures;
    readonly TreeShap? _shap;
    readonly int[] _kinds;
    readonly Lock _gate = new();

    /// <summary>A ranker over an empty history; facts are given by <see cref="Apply"/>.</summary>
    /// <param name="fit">The live partner-fit model; null to rank by the best simple baseline.</param>
    /// <param name="win">The live win-probability model; null to leave probabilities unknown.</param>
    public PartnerRanker(ModelPackage? fit, ModelPackage? win)
    {
        (_fit, _win) = (fit, win);
        var settings = (fit ?? win)?.Manifest.FeatureSettings ?? WithoutModel;
        _fitFeatures = new(settings, new HistoryState(settings.Fold));
        // One featurizer looks a decision up once for both models; models of different runs need their own, or even another fold.
        var winSettings = win?.Manifest.FeatureSettings ?? settings;
        _winFeatures =
            Same(settings, winSettings) ? _fitFeatures
            : Same(settings.Fold, winSettings.Fold) ? new(winSettings, _fitFeatures.State)
            : new(winSettings, new HistoryState(winSettings.Fold));
        _shap = fit is null ? null : new(fit.Trees);
        _kinds = _winFeatures.PositionsOf(win?.Effect?.Effect.Kinds ?? []);
    }

    /// <summary>The history as far as it was applied.</summary>
    public HistoryState State => _fitFeatures.State;

    static FeatureSettings WithoutModel =>
        new()
        {
            Fold = new()
            {
                MaturityDays = 0,
                Dimensions = [new("industry", Side.Account)],
                Measures = [],
                PartnerTraits = [],
                Files = [],
            },
            Matches = [],
            OneHots = [],
        };

    /// <summary>Applies a fact to the live fold.</summary>
    public void Apply(in DatedFact fact)
    {
        lock (_gate)
        {
            _fitFeatures.State.Apply(fact);
            if (!ReferenceEquals(_fitFeatures.State, _winFeatures.State))
                _winFeatures.State.Apply(fact);
        }
    }

    /// <summary>Accounts whose name or id holds <paramref name="text"/>, those whose name begins with it first, then by name.</summary>
    public IReadOnlyList<Account> FindAccounts(string text, int limit)
    {
        lock (_gate)
        {
            return
            [
                .. State
                    .Accounts.Where(account =>
                        account.Id.Contains(text, StringComparison.OrdinalIgnoreCase)
                        || account.Name?.Contains(text, StringComparison.OrdinalIgnoreCase) == true
                    )
                    .OrderByDescending(account => account.Name?.StartsWith(text, StringComparison.OrdinalIgnoreCase) == true)
                    .ThenBy(account => account.Name, StringComparer.OrdinalIgnoreCase)
                    .ThenBy(account => account.Id, StringComparer.Ordinal)
                    .Take(limit),
            ];
        }
    }

    /// <summary>Ranks partners; null if the account is unknown, or the opportunity is not one of its own.</summary>
    public Recommendation? Rank(RankingRequest request)
    {
        lock (_gate)
            return RankLocked(request);
    }

    Recommendation? RankLocked(RankingRequest request)
    {
        var state = _fitFeatures.State;
        if (state.FindAccount(request.AccountId) is null)
            return null;
        Decision decision;
        if (request.OpportunityId is { } id)
        {
            if (state.FindOpportunity(id) is not { } deal || deal.AccountId != request.AccountId)
                return null;
            decision = new(request.AsOf, deal);
        }
        else
            decision = Decision.About(request.AccountId, request.AsOf, request.Product, request.Amount);
        _fitFeatures.Look(decision);
        if (!ReferenceEquals(_winFeatures, _fitFeatures))
            _winFeatures.Look(decision);

        var onDeal = state.PartnersOn(decision.Opportunity.Id);
        var candidates = new List<int>(state.PartnerCount);
        for (var partner = 0; partner < state.PartnerCount; partner++)
        {
            if (state.PartnerStates[partner].Row is { } row && !(row.JoinedAt >= request.AsOf) && !onDeal.Contains(partner))
                candidates.Add(partner);
        }
        var excluded = onDeal
            .Select(partner => new ExcludedPartner(
                state.PartnerId(partner),
                "already_engaged",
                "Already works on this opportunity"
            ))
            .ToList();

        var columns = _fitFeatures.PartnerFit.Count;
        var rows = ArrayPool<float>.Shared.Rent(Math.Max(1, candidates.Count * columns));
        var scores = ArrayPool<float>.Shared.Rent(Math.Max(1, candidates.Count));
        try
        {
            var order = _fit is null ? ByBaseline(decision, candidates, scores) : ByModel(candidates, rows, scores, columns);
            var top = order.Take(Math.Clamp(request.Limit, 1, 100)).ToList();
            var chances = Chances(onDeal, [.. top.Select(at => candidates[at])]);
            var partners = top.Select(
                    (at, rank) =>
                        Describe(
                            decision,
                            candidates[at],
                            scores[at],
                            rows.AsSpan(at * columns, columns),
                            rank + 1,
                            chances?[rank]
                        )
                )
                .ToList();
            var versions = new Dictionary<string, string>();
            foreach (var package in (ModelPackage?[])[_fit, _win])
            {
                if (package is not null)
                    versions[package.Manifest.Model] = package.Manifest.Version;
            }
            return new(
                request.AccountId,
                request.OpportunityId,
                request.AsOf,
                versions,
                _fit is null ? FallbackName : null,
                candidates.Count,
                _shap?.ExpectedScore ?? 0,
                partners,
                excluded
            );
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rows);
            ArrayPool<float>.Shared.Return(scores);
        }
    }

    IEnumerable<int> ByModel(List<int> candidates, float[] rows, float[] scores, int columns)
    {
        for (var i = 0; i < candidates.Count; i++)
            _fitFeatures.WritePartnerFit(candidates[i], rows.AsSpan(i * columns, columns));
        _fit!.Model.Score(rows, candidates.Count, scores);
        return Enumerable
            .Range(0, candidates.Count)
            .OrderByDescending(i => scores[i])
            .ThenBy(i => State.PartnerId(candidates[i]), StringComparer.Ordinal);
    }

    IEnumerable<int> ByBaseline(Decision decision, List<int> candidates, float[] scores)
    {
        var industry = State.Settings.IndexOfDimension("industry");
        var counts = candidates
            .Select(partner => Baselines.Counts(State, industry, decision.Opportunity.AccountId, partner))
            .ToList();
        for (var i = 0; i < counts.Count; i++)
            scores[i] = counts[i].WithAccount;
        return Enumerable
            .Range(0, candidates.Count)
            .OrderByDescending(i => (counts[i].WithAccount, counts[i].InIndustry, counts[i].Recent))
            .ThenBy(i => State.PartnerId(candidates[i]), StringComparer.Ordinal);
    }

    RecommendedPartner Describe(Decision decision, int partner, float score, ReadOnlySpan<float> row, int rank, Chance? chance)
    {
        var pair = _fitFeatures.Pair(partner);
        var counts = pair.Partner.Counts;
        var industry = State.Settings.IndexOfDimension("industry");
        var support = new Support(industry < 0 ? 0 : pair.Values[industry].Engagements, counts.Won + counts.Lost);
        var reasons = ReasonsOf(pair, row);
        var cautions = Cautions(pair, partner);
        var overlap = pair.LiveOverlap;
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
            Support = support,
            Reasons = reasons,
            WarmPath = overlap is null
                ? null
                : new(overlap.Population, (int)(overlap.ContactCount ?? 0), overlap.ContactLevel, overlap.Since),
            Cautions = cautions,
        };
    }

    /// <summary>The chance of winning with a partner and without; the lift only where it is known.</summary>
    readonly record struct Chance(double With, double Alone, LiftEstimate? Lift);

    /// <summary>
    /// The chances with each of <paramref name="joining"/>; null without a model. What a partner adds is known for the first on a deal
    /// only; beside others the model's own difference stands for it, and no lift is stated.
    /// </summary>
    Chance[]? Chances(IReadOnlyList<int> onDeal, IReadOnlyList<int> joining)
    {
        if (_win is null)
            return null;
        int InWin(int partner) =>
            ReferenceEquals(_winFeatures.State, State) ? partner : _winFeatures.State.IndexOfPartner(State.PartnerId(partner));
        var columns = _winFeatures.WinProbability.Count;
        var rows = ArrayPool<float>.Shared.Rent((joining.Count + 1) * columns);
        var probabilities = new float[joining.Count + 1];
        try
        {
            List<int> partners = [.. onDeal.Select(InWin)];
            _winFeatures.WriteWinProbability(partners, rows.AsSpan(0, columns));
            for (var i = 0; i < joining.Count; i++)
                _winFeatures.WriteWinProbability([.. partners, InWin(joining[i])], rows.AsSpan((i + 1) * columns, columns));
            _win.Model.Score(rows, probabilities.Length, probabilities);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rows);
        }
        return _win.Effect is { } effect && onDeal.Count == 0
            ? Estimates(effect, probabilities[0], [.. joining.Select(InWin)])
            : [.. probabilities.Skip(1).Select(with => new Chance(with, probabilities[0], null))];
    }

    Chance[] Estimates(EffectModels models, double created, int[] joining)
    {
        var columns = _winFeatures.PartnerFit.Count;
        var rows = ArrayPool<float>.Shared.Rent(Math.Max(1, joining.Length * columns));
        var (fit, suitability) = (new float[joining.Length], new float[joining.Length]);
        try
        {
            for (var i = 0; i < joining.Length; i++)
                _winFeatures.WritePartnerFit(joining[i], rows.AsSpan(i * columns, columns));
            models.Fit.Score(rows, joining.Length, fit);
            models.Suitability.Score(rows, joining.Length, suitability);
            var alone = models.Effect.Alone(created);
            return
            [
                .. joining.Select(
                    (partner, i) =>
                    {
                        var id = _winFeatures.State.PartnerId(partner);
                        var kinds = Array.ConvertAll(_kinds, column => rows[i * columns + column]);
                        var estimate = models.Effect.Of(created, id, suitability[i], kinds);
                        return new Chance(
                            estimate.WinProbability,
                            alone,
                            models.Effect.IsSupported(id, fit[i]) ? estimate : null
                        );
                    }
                ),
            ];
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rows);
        }
    }

    List<Reason> ReasonsOf(PairView pair, ReadOnlySpan<float> row)
    {
        if (_shap is null)
            return
            [
                new(ReasonSentences.Of(Ideas.History, pair), 0, "positive"),
                new(ReasonSentences.Of(Ideas.Activity, pair), 0, "positive"),
            ];
        var contributions = new double[row.Length];
        _shap.Explain(row, contributions);
        return
        [
            .. _fitFeatures
                .PartnerFit.Select((column, i) => (column.Idea, Contribution: contributions[i]))
                .GroupBy(column => column.Idea)
                .Select(idea => (Idea: idea.Key, Contribution: idea.Sum(column => column.Contribution)))
                .OrderByDescending(idea => Math.Abs(idea.Contribution))
                .Take(Reasons)
                .Select(idea => new Reason(
                    ReasonSentences.Of(idea.Idea, pair),
                    idea.Contribution,
                    idea.Contribution >= 0 ? "positive" : "negative"
                )),
        ];
    }

    List<string> Cautions(PairView pair, int partner)
    {
        var cautions = new List<string>();
        var asOf = pair.Decision.AsOf;
        if (pair.Decision.Account?.Pairs is { } pairs)
        {
            foreach (var other in pairs.Partners)
            {
                if (other != partner && pairs[other].Registration is { } claim && claim.IsLive(asOf))
                    cautions.Add(
                        $"{State.PartnerStates[other].Row?.Name ?? claim.PartnerId} holds a live registration on this account"
                    );
            }
        }
        if (pair.Partner.Certifications is { Count: > 0 } certifications && !certifications.Exists(held => held.IsLive(asOf)))
            cautions.Add("All its certifications have expired");
        if (pair.Partner.Counts.Engagements == 0)
            cautions.Add("Unproven: no engagement yet");
        else if ((asOf - pair.Partner.LastEngagementAt).TotalDays > 365)
            cautions.Add($"No engagement since {pair.Partner.LastEngagementAt:yyyy-MM-dd}");
        return cautions;
    }

    string? GradeOf(float score) =>
        _fit?.Manifest.Grades is not [var a, var b, var c] ? null
        : score >= a ? "A"
        : score >= b ? "B"
        : score >= c ? "C"
        : "D";

    static bool Same<T>(T left, T right) => JsonSerializer.Serialize(left) == JsonSerializer.Serialize(right);
}
