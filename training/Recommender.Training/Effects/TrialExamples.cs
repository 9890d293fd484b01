using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>A deal that trials are emulated on.</summary>
readonly record struct TrialDeal(AccountId AccountId, string? Owner);

/// <summary>What became of a deal after a moment at which it was open and without a partner.</summary>
/// <param name="Exposure">Share of the period from then on in which a partner could have come, 0 to 1; 0 where it is no start of a period.</param>
/// <param name="Joins">True if one came in it.</param>
/// <param name="IsTreated">True if one came at the moment itself.</param>
/// <param name="IsUntreated">True if none ever came.</param>
/// <param name="Age">Days since the deal was created.</param>
/// <param name="Remaining">Days until it closed.</param>
readonly record struct TrialMoment(double Exposure, bool Joins, bool IsTreated, bool IsUntreated, double Age, double Remaining);

/// <summary>A moment with its date.</summary>
readonly record struct TrialAt(DateTime At, TrialMoment Moment);

/// <summary>
/// Trials emulated on matured deals (Hernán and Robins, 2016). At its creation and at the start of each period after it, a deal that is open and
/// without a partner could be given one; treated is one whose first partner in a role that sells came before the close, as it
/// stood when that partner came; untreated is one that never got any. Services deliver what was sold and are no treatment, whenever they began.
/// </summary>
sealed class TrialExamples(int fitColumns, int winColumns)
{
    /// <summary>Trials a deal is followed through at most.</summary>
    const int MostPeriods = 24;

    /// <summary>Partners that are looked at for each that came.</summary>
    const int Sampled = 24;

    /// <summary>An untreated moment stands for at most so many.</summary>
    const double MostWeight = 10;

    readonly Dictionary<OpportunityId, int> _numbers = [];

    /// <summary>The deals at those moments, without any partner: label won, group the number of the deal.</summary>
    public ExampleSet Moments { get; } = new(winColumns);

    /// <summary>What became of each moment.</summary>
    public List<TrialMoment> Of { get; } = [];

    /// <summary>Partner-fit rows of the partners that came, group the row of <see cref="Moments"/>.</summary>
    public ExampleSet Pairs { get; } = new(fitColumns);

    /// <summary>Rows of partners that could have come instead, some for each pair, group the pair.</summary>
    public ExampleSet Others { get; } = new(fitColumns);

    /// <summary>For how many partners one of the pair's others stands.</summary>
    public List<double> Beside { get; } = [];

    /// <summary>The partner of each pair.</summary>
    public List<PartnerId> Partners { get; } = [];

    /// <summary>The role of each pair's partner.</summary>
    public List<string> Roles { get; } = [];

    /// <summary>How many others came with it at once.</summary>
    public List<int> Further { get; } = [];

    /// <summary>The deals.</summary>
    public List<TrialDeal> Deals { get; } = [];

    /// <summary>Days from one trial to the next.</summary>
    public static int PeriodOf(int maturityDays) => Math.Max(7, maturityDays / 12);

    /// <summary>When a deal that closed before <paramref name="asOf"/> is looked at, in order.</summary>
    public static IEnumerable<TrialAt> When(Deal deal, int period, DateTime asOf)
    {
        var (from, end) = (deal.Row.CreatedAt, deal.Ending?.At);
        if (end is not { } closedAt || closedAt <= from || closedAt >= asOf)
            yield break;
        DateTime? joinedAt = deal.Selling.Count == 0 ? null : deal.Selling.Min(one => one.StartedAt);
        if (joinedAt < from)
            joinedAt = from;
        if (joinedAt is { } late && late.Date >= closedAt.Date && late > from)
            joinedAt = null;
        var until = joinedAt ?? closedAt;
        for (var k = 0; k < MostPeriods; k++)
        {
            var at = from.AddDays(period * k);
            if (k > 0 && (at > until || at == until && joinedAt != at))
                break;
            var atRisk = Math.Clamp((until - at).TotalDays / period, 0, 1);
            var joins = joinedAt is { } joined && joined < at.AddDays(period);
            // Whoever comes on the very day stands in both roles at once.
            var treated = joins && joinedAt == at;
            yield return new(
                at,
                new(joins ? 1 : atRisk, joins, treated, joinedAt is null, period * k, (closedAt - at).TotalDays)
            );
            if (treated)
                yield break;
        }
        if (joinedAt is { } came)
            yield return new(came, new(0, false, true, false, Ages.Days(from, came), (closedAt - came).TotalDays));
    }

    /// <summary>Writes down a moment of a deal that <paramref name="featurizer"/> looks at.</summary>
    public void Add(Featurizer featurizer, Deal deal, TrialAt at, byte half, CandidateSets candidates, Random random)
    {
        if (!_numbers.TryGetValue(deal.Row.Id, out var number))
        {
            _numbers[deal.Row.Id] = number = Deals.Count;
            Deals.Add(new(deal.Last.AccountId, deal.Row.Owner));
        }
        featurizer.WriteWinProbability([], Moments.Add(deal.Ending!.Value.IsWon ? 1 : 0, 1, at.At, number, half));
        Of.Add(at.Moment);
        if (!at.Moment.IsTreated)
            return;
        var came = deal
            .Selling.Where(one => one.StartedAt.Date <= at.At.Date)
            .Select(one => (one.Role, Partner: featurizer.State.IndexOfPartner(one.PartnerId)))
            .Where(one => one.Partner >= 0)
            .DistinctBy(one => one.Partner)
            .ToList();
        candidates.At(at.At);
        foreach (var (role, partner) in came)
        {
            featurizer.WritePartnerFit(partner, Pairs.Add(0, 1, at.At, Of.Count - 1));
            Partners.Add(featurizer.State.PartnerId(partner));
            Roles.Add(role ?? "unknown");
            Further.Add(came.Count - 1);
            var pool = candidates.Proven.Where(other => came.TrueForAll(one => one.Partner != other)).ToArray();
            random.Shuffle(pool);
            Beside.Add(pool.Length / (double)Math.Max(1, Math.Min(pool.Length, Sampled)));
            foreach (var other in pool.Take(Sampled))
                featurizer.WritePartnerFit(other, Others.Add(0, 1, at.At, Pairs.Count - 1));
        }
    }

    /// <summary>
    /// How many deals each untreated moment stands for: those like it that were given a partner later are missing among the untreated, and
    /// those that stay count for them (inverse probability of censoring weights; Robins and Finkelstein, 2000). Scaled so that they weigh as much as the
    /// deals that they tell of.
    /// </summary>
    /// <param name="attraction">How likely a partner is to come in the period, log odds.</param>
    /// <param name="takes">Moments that count, by number.</param>
    public double[] StayWeights(double[] attraction, Func<int, bool> takes)
    {
        var weights = new double[Of.Count];
        double sum = 0,
            squares = 0;
        foreach (var rows in Enumerable.Range(0, weights.Length).GroupBy(row => Moments.Groups[row]))
        {
            double stays = 1,
                deal = 0;
            foreach (var row in rows.Reverse())
            {
                if (!Of[row].IsUntreated || !takes(row))
                    break;
                var stay = Math.Max(1e-9, 1 - Elementary.Logistic(attraction[row]));
                stays *= Elementary.Exp(Of[row].Exposure * Elementary.Log(stay));
                deal += weights[row] = Math.Min(MostWeight, 1 / stays);
            }
            sum += deal;
            squares += deal * deal;
        }
        for (var row = 0; row < weights.Length; row++)
            weights[row] *= squares > 0 ? sum / squares : 1;
        return weights;
    }

    /// <summary>Won shares compared without any adjustment.</summary>
    public RawDifference RawDifference()
    {
        double Won(IEnumerable<int> rows) => rows.Select(row => (double)Moments.Labels[row]).DefaultIfEmpty(0).Average();
        var without = Won(Enumerable.Range(0, Of.Count).Where(row => Of[row] is { IsUntreated: true, Age: 0 }));
        return new(
            Won(Enumerable.Range(0, Of.Count).Where(row => Of[row].IsTreated)) - without,
            Enumerable
                .Range(0, Pairs.Count)
                .GroupBy(pair => Partners[pair])
                .ToDictionary(pairs => pairs.Key, pairs => Won(pairs.Select(pair => Pairs.Groups[pair])) - without)
        );
    }
}
