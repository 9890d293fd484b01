using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>A feature and how far it has moved.</summary>
/// <param name="Name">The feature.</param>
/// <param name="Psi">Its population stability index; 0 is alike.</param>
/// <param name="ByChance">The index that as many cases of the same would exceed once in a thousand times.</param>
sealed record FeatureShift(string Name, double Psi, double ByChance);

/// <summary>Rows as a model is asked for them over a stretch of time, and how many independent cases they are.</summary>
sealed class DriftRows(int columns)
{
    /// <summary>As the model gets them.</summary>
    public ExampleSet Rows { get; } = new(columns);

    /// <summary>The same with win rates of few cases shrunk to one rate that does not move.</summary>
    public ExampleSet Comparable { get; } = new(columns);

    /// <summary>Accounts that were decided on: what is said of a decision has as many cases.</summary>
    public HashSet<AccountId> Accounts { get; } = [];

    /// <summary>Partners in the rows: what is said of a partner has as many cases.</summary>
    public HashSet<int> Partners { get; } = [];
}

/// <summary>
/// How far features have moved. A count grows from day to day though nothing changes, so the rows since a day are made with a history behind
/// them of as many deals as the reference had: of a business that goes on as before, or grows as a whole, both say the same.
/// </summary>
static class Drift
{
    const int CandidatesPerDecision = 20;

    /// <summary>
    /// The facts without the first <paramref name="deals"/> deals, all that was done on them, and what else was done until then. What is known
    /// of accounts and partners stays, and so do the accounts they share and what they have proven.
    /// </summary>
    public static IEnumerable<DatedFact> WithoutTheFirst(int deals, IEnumerable<DatedFact> facts)
    {
        var (dropped, kept) = (new HashSet<OpportunityId>(), new HashSet<OpportunityId>());
        bool IsDropped(OpportunityId deal) => !kept.Contains(deal) && (dropped.Contains(deal) || dropped.Count < deals);
        foreach (var fact in facts)
        {
            var isDropped = fact.Noun switch
            {
                Opportunity deal => IsDropped(deal.Id),
                Engagement engagement => IsDropped(engagement.OpportunityId),
                StageChange stage => IsDropped(stage.OpportunityId),
                Account or Partner or AccountOverlap or Certification or ExchangeRate or Alias => false,
                _ => dropped.Count < deals,
            };
            if (!isDropped)
                yield return fact;
            if (fact.Noun is Opportunity { Id: var id })
                (isDropped ? dropped : kept).Add(id);
        }
    }

    /// <summary>How many deals more were known in the middle of one stretch of time than in the middle of another; at least none.</summary>
    public static int DealsBetween(IEnumerable<Deal> deals, List<Deal> earlier, List<Deal> later)
    {
        if (earlier.Count == 0 || later.Count == 0)
            return 0;
        var (from, to) = (earlier[earlier.Count / 2].Row.CreatedAt, later[later.Count / 2].Row.CreatedAt);
        return deals.Count(deal => deal.Row.CreatedAt >= from && deal.Row.CreatedAt < to);
    }

    /// <summary>Rows as the model would be asked for: some candidates of each decision, or each deal at its creation.</summary>
    public static DriftRows Rows(
        TrainingConfig config,
        FeatureSettings settings,
        Featurizer featurizer,
        Replay replay,
        List<Deal> deals,
        bool isFit
    )
    {
        var found = new DriftRows(isFit ? featurizer.PartnerFit.Count : featurizer.WinProbability.Count);
        var settled = new Featurizer(settings, featurizer.State) { ShrunkTo = 0.5 };
        var candidates = new CandidateSets(config.Candidates, featurizer.State);
        foreach (
            var (at, deal) in deals
                .Select(deal => (At: isFit ? deal.DecidedAt!.Value : deal.Row.CreatedAt, deal))
                .OrderBy(pair => pair.At)
        )
        {
            replay.To(at);
            candidates.At(at);
            var partners = isFit
                ? ExampleBuilder.EvenlySpaced(candidates.Proven, CandidatesPerDecision)
                : deal.PartnersBy(at, featurizer.State);
            foreach (var (maker, rows) in ((Featurizer, ExampleSet)[])[(featurizer, found.Rows), (settled, found.Comparable)])
            {
                maker.Look(new(at, deal.RowIn(featurizer.State)));
                if (!isFit)
                    maker.WriteWinProbability([.. partners], rows.Add(0, 1, at, 0));
                else
                    foreach (var partner in partners)
                        maker.WritePartnerFit(partner, rows.Add(0, 1, at, 0));
            }
            found.Accounts.Add(deal.Last.AccountId);
            found.Partners.UnionWith(partners);
        }
        return found;
    }

    /// <summary>Features that can be compared, those first that moved furthest beyond chance and <paramref name="limit"/>.</summary>
    public static List<FeatureShift> Of(Featurizer featurizer, DriftRows reference, DriftRows now, bool isFit, double limit)
    {
        var columns = isFit ? featurizer.PartnerFit : featurizer.WinProbability;
        if (reference.Rows.Count == 0 || now.Rows.Count == 0)
            return [];
        return
        [
            .. columns
                .Select((column, f) => (column, f))
                .Where(pair => pair.column.Moves != Movement.WithCalendar)
                .Select(pair => new FeatureShift(
                    pair.column.Name,
                    PopulationStability.Index(reference.Comparable.Column(pair.f), now.Comparable.Column(pair.f)),
                    ByChance(reference, now, isFit ? pair.f < featurizer.FirstShared : IsOfPartner(pair.column))
                ))
                .OrderByDescending(shift => shift.Psi / Math.Max(limit, shift.ByChance)),
        ];
    }

    /// <summary>Features that neither grow with the history nor go with the calendar.</summary>
    public static IEnumerable<(FeatureColumn Column, double Psi)> OfWhatStays(
        IReadOnlyList<FeatureColumn> columns,
        ExampleSet reference,
        ExampleSet now
    ) =>
        columns
            .Select((column, f) => (column, f))
            .Where(pair => pair.column.Moves == Movement.None)
            .Select(pair => (pair.column, PopulationStability.Index(reference.Column(pair.f), now.Column(pair.f))));

    /// <summary>The first of them as metrics.json says them; <c>moved</c> beyond <paramref name="limit"/> and chance.</summary>
    public static object ToJson(IEnumerable<(FeatureColumn Column, double Psi)> drift, double limit, int reference, int now)
    {
        var least = Math.Max(limit, PopulationStability.ByChance(reference, now));
        return drift
            .Take(15)
            .Select(feature => new
            {
                feature.Column.Name,
                feature.Psi,
                Moved = feature.Psi > least,
            });
    }

    /// <summary>The index that rows of the same exceed once in a thousand times, by how many accounts, or also partners, they are about.</summary>
    public static double ByChance(DriftRows reference, DriftRows now, bool isOfPartner)
    {
        int Cases(DriftRows of) =>
            isOfPartner && of.Partners.Count > 0 ? Math.Min(of.Accounts.Count, of.Partners.Count) : of.Accounts.Count;
        return PopulationStability.ByChance(Cases(reference), Cases(now));
    }

    static bool IsOfPartner(FeatureColumn column) => column.Name.StartsWith("with_", StringComparison.Ordinal);
}
