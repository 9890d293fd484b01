using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>Replays history and writes down, at each past decision, the features before the facts of that moment.</summary>
sealed class ExampleBuilder(TrainingConfig config, Featurizer featurizer)
{
    /// <summary>Weight of the example at creation.</summary>
    const float CreationWeight = 0.7f;

    /// <summary>Weight of each example at a seeded age, a stage change or the joining of a partner; six at most, so that a deal weighs one.</summary>
    const float LaterWeight = 0.05f;

    /// <summary>Group of a win-probability example made at the deal's creation.</summary>
    public const int AtCreation = 0;

    /// <summary>Group of one made later in the deal's life.</summary>
    public const int Later = 1;

    const int SeededAges = 2;
    const int MostEvents = 4;

    /// <summary>Deals that trials are emulated on, at most.</summary>
    const int MostTrialDeals = 15_000;

    enum Kind
    {
        Winning,
        Trial,
        Decision,
    }

    /// <summary>When something of a deal is written down.</summary>
    readonly record struct Moment(DateTime At, Deal Deal, Kind Kind, int Group = 0, TrialAt Trial = default);

    readonly CandidateSets _candidates = new(config.Candidates, featurizer.State);
    DateTime _matured;
    float _wonShare;
    int _span;

    public ExampleSet PartnerFit { get; } = new(featurizer.PartnerFit.Count);

    public ExampleSet WinProbability { get; private set; } = new(featurizer.WinProbability.Count);

    /// <summary>Trials that teach what partners add.</summary>
    public TrialExamples Trials { get; } = new(featurizer.PartnerFit.Count, featurizer.WinProbability.Count);

    /// <summary>Days after which an outcome counts.</summary>
    public int MaturityDays => featurizer.State.Settings.MaturityDays;

    /// <summary>Decisions that partner-fit examples were made of.</summary>
    public int Decisions { get; private set; }

    /// <summary>Deals that win-probability examples were made of.</summary>
    public int Deals { get; private set; }

    /// <summary>Builds the examples of both models from deals known at <paramref name="asOf"/>; leaves the replay at that moment.</summary>
    public void Build(
        Replay replay,
        IReadOnlyList<Deal> deals,
        Endings? endings,
        DateTime asOf,
        ModelParts parts,
        Action<double>? progress = null
    )
    {
        // Where deals are never closed they are asked about at any age.
        _span = endings is { IsMaterial: true } ? 2 * MaturityDays : MaturityDays;
        var withEffect = parts.HasFlag(ModelParts.PartnerEffect);
        var fits = deals
            .Where(deal => parts.HasFlag(ModelParts.PartnerFit) && deal.DecidedAt < asOf)
            .OrderByDescending(deal => deal.DecidedAt)
            .ThenBy(deal => deal.Row.Id.Value, StringComparer.Ordinal)
            .Take(config.PartnerFit.MaxDecisions)
            .Select(deal => new Moment(deal.DecidedAt!.Value, deal, Kind.Decision));
        var matured = asOf.AddDays(-featurizer.State.Settings.MaturityDays);
        var wins = EvenlySpaced(
            [
                .. deals
                    .Where(deal =>
                        parts.HasFlag(ModelParts.WinProbability) && deal.Row.CreatedAt < matured && deal.Ending is not null
                    )
                    .OrderBy(deal => deal.Row.CreatedAt)
                    .ThenBy(deal => deal.Row.Id.Value, StringComparer.Ordinal),
            ],
            config.WinProbability.MaxDeals
        );
        Deals = wins.Count;
        _matured = matured;
        var decided = deals.Where(deal => deal.DecidedAt < asOf && deal.Row.CreatedAt < matured && deal.Ending is not null);
        _wonShare = (float)decided.Select(deal => deal.Ending!.Value.IsWon ? 1.0 : 0).DefaultIfEmpty(0.5).Average();
        var period = TrialExamples.PeriodOf(featurizer.State.Settings.MaturityDays);
        var trials = withEffect ? EvenlySpaced(wins, MostTrialDeals) : [];
        var moments = fits.Concat(
                wins.SelectMany(deal => Moments(deal, asOf).Select(at => new Moment(at.At, deal, Kind.Winning, at.Group)))
            )
            .Concat(
                trials.SelectMany(deal =>
                    TrialExamples.When(deal, period, asOf).Select(at => new Moment(at.At, deal, Kind.Trial, Trial: at))
                )
            )
            .OrderBy(moment => moment.At)
            .ThenBy(moment => moment.Deal.Row.Id.Value, StringComparer.Ordinal)
            .ThenBy(moment => moment.Kind)
            .ToList();
        for (var i = 0; i < moments.Count; i++)
        {
            var (at, deal, kind, group, trial) = moments[i];
            replay.To(at);
            featurizer.Look(new(at, deal.RowIn(featurizer.State)));
            if (kind == Kind.Decision)
                AddDecision(at, deal);
            else if (kind == Kind.Winning)
                AddMoment(at, deal, group);
            else
                Trials.Add(featurizer, deal, trial, HalfOf(deal), _candidates, RandomOf(deal));
            if ((i & 255) == 0)
                progress?.Invoke((double)i / moments.Count);
        }
        WinProbability = WinProbability.InTimeOrder();
        replay.To(asOf);
        progress?.Invoke(1);
    }

    /// <summary>At most <paramref name="most"/> of the items, evenly spread.</summary>
    public static List<T> EvenlySpaced<T>(List<T> items, int most) =>
        items.Count <= most ? items : [.. Enumerable.Range(0, most).Select(i => items[(int)((long)i * items.Count / most)])];

    /// <summary>
    /// When a deal is asked about: at creation, at stage changes and joinings, and at seeded ages drawn alike for every deal and kept
    /// while it is open. A deal that closes before an age leaves that weight unused: giving it to the others would favour early wins.
    /// </summary>
    IEnumerable<(DateTime At, int Group)> Moments(Deal deal, DateTime asOf)
    {
        yield return (deal.Row.CreatedAt, AtCreation);
        var closedAt = deal.Last.ClosedAt ?? asOf;
        var events = deal
            .StagesAt.Concat(deal.Engagements.Select(engagement => engagement.StartedAt))
            .Where(at => at.Date > deal.Row.CreatedAt.Date && at < closedAt)
            .Distinct()
            .Order()
            .Take(MostEvents);
        foreach (var at in events)
            yield return (at, Later);
        var random = RandomOf(deal);
        for (var i = 0; i < SeededAges; i++)
        {
            var at = deal.Row.CreatedAt.AddDays(Math.Floor(random.NextDouble() * _span) + 1);
            if (at < closedAt)
                yield return (at, Later);
        }
    }

    void AddDecision(DateTime at, Deal deal)
    {
        var state = featurizer.State;
        var onDeal = state.PartnersOn(deal.Row.Id);
        var engaged = deal
            .Engagements.Select(engagement => state.IndexOfPartner(engagement.PartnerId))
            .Where(partner => partner >= 0 && !onDeal.Contains(partner))
            .ToHashSet();
        _candidates.At(at);
        var random = RandomOf(deal);
        var keep = KeepUnproven();
        var positives = engaged.Where(partner => !_candidates.IsUnproven(partner) || random.NextDouble() < keep).Order().ToList();
        if (positives.Count == 0)
            return;
        var negatives = Sample(_candidates.Proven, config.PartnerFit.ProvenNegatives, engaged, onDeal, random);
        negatives.AddRange(Sample(_candidates.Unproven, config.PartnerFit.UnprovenNegatives, engaged, onDeal, random));
        if (negatives.Count == 0)
            return;
        var label =
            // What came before the partner is not the partner's doing.
            deal.Row.CreatedAt >= _matured
            || deal.Ending is not { } ending
            || ending.At?.Date < at.Date
                ? 1 + _wonShare
            : ending.IsWon ? 2f
            : 1f;
        // The trainer breaks ties by position: positives must not stand first.
        var candidates = positives
            .Select(partner => (partner, label))
            .Concat(negatives.Select(partner => (partner, label: 0f)))
            .ToArray();
        random.Shuffle(candidates);
        // A negative stands for all those of its kind that were not drawn; so does an unproven positive.
        var (proven, unproven) = (
            Rate(_candidates.Proven.Count, config.PartnerFit.ProvenNegatives),
            Rate(_candidates.Unproven.Count, config.PartnerFit.UnprovenNegatives)
        );
        foreach (var (partner, grade) in candidates)
        {
            var isUnproven = _candidates.IsUnproven(partner);
            var rate =
                isUnproven ? unproven
                : grade > 0 ? 1
                : proven;
            featurizer.WritePartnerFit(partner, PartnerFit.Add(grade, (float)(1 / rate), at, Decisions, HalfOf(deal)));
        }
        Decisions++;
    }

    /// <summary>
    /// The share of unproven partners who engaged that is kept, so that they stand to unproven negatives as proven ones do: otherwise
    /// the sample would make newcomers look sought after.
    /// </summary>
    double KeepUnproven() =>
        Rate(_candidates.Unproven.Count, config.PartnerFit.UnprovenNegatives)
        / Rate(_candidates.Proven.Count, config.PartnerFit.ProvenNegatives);

    static double Rate(int pool, int drawn) => Math.Clamp((double)drawn / Math.Max(1, pool), 1e-6, 1);

    void AddMoment(DateTime at, Deal deal, int group)
    {
        var partners = deal.PartnersBy(at, featurizer.State);
        var weight = group == AtCreation ? CreationWeight : LaterWeight;
        featurizer.WriteWinProbability(
            [.. partners],
            WinProbability.Add(deal.Ending!.Value.IsWon ? 1 : 0, weight, deal.Row.CreatedAt, group, HalfOf(deal))
        );
    }

    static List<int> Sample(IReadOnlyList<int> from, int count, HashSet<int> engaged, IReadOnlyList<int> onDeal, Random random)
    {
        var pool = from.Where(partner => !engaged.Contains(partner) && !onDeal.Contains(partner)).ToArray();
        count = Math.Min(count, pool.Length);
        for (var i = 0; i < count; i++)
        {
            var j = random.Next(i, pool.Length);
            (pool[i], pool[j]) = (pool[j], pool[i]);
        }
        return [.. pool.Take(count)];
    }

    Random RandomOf(Deal deal) => new(unchecked((int)Hash(deal.Row.Id.Value) ^ config.Seed));

    static byte HalfOf(Deal deal) => (byte)(Hash(deal.Last.AccountId.Value) >> 16 & 1);

    public static uint Hash(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
            hash = (hash ^ c) * 16777619;
        return hash;
    }
}

/// <summary>Who could be brought in at a moment: partners with a record, and the unproven.</summary>
sealed class CandidateSets(CandidateConfig config, HistoryState state)
{
    public List<int> Proven { get; } = [];

    public List<int> Unproven { get; } = [];

    /// <summary>True if the partner has no record at the moment last turned to.</summary>
    public bool IsUnproven(int partner) => Unproven.BinarySearch(partner) >= 0;

    public void At(DateTime asOf)
    {
        Proven.Clear();
        Unproven.Clear();
        var since = asOf.AddDays(-config.ActiveDays);
        for (var partner = 0; partner < state.PartnerCount; partner++)
        {
            var (count, lastAt) = state.EngagementsOf(partner);
            if (count >= config.MinEngagements && lastAt >= since)
                Proven.Add(partner);
            else
                Unproven.Add(partner);
        }
    }
}
