using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>Looks through a history once to see what it holds: columns, their types, how long deals take.</summary>
public static class HistoryProfile
{
    /// <summary>Open deals without which no column can be held against them.</summary>
    public const int LeastOpenDeals = 20;
    const int MostValues = 12;

    /// <summary>A year: win rates by category, month and stage follow a drift, and hold each season once at about the same weight.</summary>
    const double OutcomeHalfLifeDays = 365;
    static readonly string[] _ofAccounts = ["industry", "country", "region"];
    static readonly string[] _ofPartners = ["partner_type", "tier", "industries", "regions", "competencies"];
    static readonly string[] _ofDeals = ["product", "currency", "owner"];

    /// <summary>What features can be made from the facts seen strictly before <paramref name="asOf"/>.</summary>
    /// <param name="facts">In any order.</param>
    /// <param name="files">Names of the tables the history holds.</param>
    /// <param name="asOf">End of the training window, exclusive.</param>
    /// <param name="maturityQuantile">Share of closed deals that closed within the maturity horizon, 0 to 1.</param>
    /// <param name="baseCurrency">What amounts are counted in, if the history holds exchange rates; null for what most deals are in.</param>
    /// <param name="keep">Columns that were known in time, whatever they look like.</param>
    /// <param name="leftOut">The columns that were written after the fact; null for those that the facts betray.</param>
    public static FeatureSettings Of(
        IEnumerable<DatedFact> facts,
        IEnumerable<string> files,
        DateTime asOf,
        double maturityQuantile,
        string? baseCurrency = null,
        IReadOnlyCollection<string>? keep = null,
        IReadOnlyList<LeftOut>? leftOut = null
    )
    {
        var afterTheFact = new AfterTheFact();
        var columns = new Dictionary<(string Owner, string Name), ColumnProfile>();
        ColumnProfile Column(string owner, string name) =>
            columns.TryGetValue((owner, name), out var profile) ? profile : columns[(owner, name)] = new();
        void AddCategory(string owner, string name, string? text) => Column(owner, name).AddCategory(text);
        void AddAll(string owner, Attributes attributes)
        {
            for (var i = 0; i < attributes.Names.Count; i++)
                Column(owner, attributes.Names[i]).Add(attributes.Values[i]);
        }
        var crosses = new CrossSearch();
        var durations = new List<double>();
        var deals = new List<Opportunity>();
        foreach (var fact in facts)
        {
            if (fact.SeenAt >= asOf)
                continue;
            crosses.Add(fact);
            if (fact.IsRetraction)
                continue;
            afterTheFact.Add(fact);
            switch (fact.Noun)
            {
                case Account account:
                    foreach (var name in _ofAccounts)
                        AddCategory("account", name, Columns.Column(account, name));
                    Column("account", "employee_count").AddNumber(account.EmployeeCount);
                    Column("account", "annual_revenue").AddNumber(account.AnnualRevenue);
                    Column("account", "created_at").AddDate(account.CreatedAt);
                    AddAll("account", account.Attributes);
                    break;
                case Partner partner:
                    foreach (var name in _ofPartners)
                        AddCategory("partner", name, Columns.Column(partner, name));
                    AddAll("partner", partner.Attributes);
                    break;
                case Opportunity opportunity when fact.Kind == FactKind.OpportunityCreated:
                    foreach (var name in _ofDeals)
                        AddCategory("opportunity", name, Columns.Column(opportunity, name));
                    deals.Add(opportunity);
                    Column("opportunity", "amount").AddNumber(opportunity.Amount);
                    Column("opportunity", "expected_close_at").AddDate(opportunity.ExpectedCloseAt);
                    AddAll("opportunity", opportunity.Attributes);
                    break;
                case Opportunity opportunity:
                    durations.Add((opportunity.ClosedAt!.Value - opportunity.CreatedAt).TotalDays);
                    break;
                default:
                    break;
            }
        }

        string[] held = [.. files.Order(StringComparer.Ordinal)];
        var hasRates = held.Contains(FactTables.ExchangeRates.Name);
        // A deal is the same deal in another currency.
        if (hasRates)
            columns.Remove(("opportunity", "currency"));
        var dimensions = new List<Dimension>();
        var measures = new List<Measure>();
        var traits = new List<string>();
        var partnerMeasures = new List<PartnerMeasure>();
        IReadOnlyList<LeftOut> kept = [];
        var late = leftOut;
        if (late is null)
            (late, kept) = afterTheFact.Find(keep ?? []);
        foreach (var ((owner, name), profile) in columns)
        {
            if (late.Any(one => one.Of == TableOf(owner) && one.Column == name))
                continue;
            var side = owner == "account" ? Side.Account : Side.Opportunity;
            if (profile.IsCategory && owner == "partner")
                traits.Add(name);
            else if (profile.IsCategory)
                dimensions.Add(new(name, side));
            if (profile.IsMeasure && owner == "partner")
                partnerMeasures.Add(new(name, profile.IsDate));
            else if (profile.IsMeasure)
                measures.Add(new(name, side, profile.IsDate));
        }
        // Of the columns that the files hold: a partner is not chosen for the season.
        var crossed = crosses.Find(dimensions);
        var hasOwn = columns.Keys.Any(column => column.Name == Columns.CreatedMonth);
        if (!hasOwn && IsOfSeveralYears(deals))
        {
            dimensions.Add(new(Columns.CreatedMonth, Side.Opportunity));
            foreach (var deal in deals)
                AddCategory("opportunity", Columns.CreatedMonth, Columns.Column(deal, Columns.CreatedMonth));
        }
        ColumnProfile OfDimension(Dimension dimension) =>
            columns[(dimension.Of == Side.Account ? "account" : "opportunity", dimension.Name)];
        var matches =
            from trait in traits
            from dimension in dimensions
            where columns[("partner", trait)].SharesWordsWith(OfDimension(dimension))
            select new Match(trait, dimension.Name);
        var oneHots = traits
            .Select(trait => new OneHot(trait, true, columns[("partner", trait)].Frequent(MostValues)))
            .Concat(
                dimensions.Select(dimension => new OneHot(dimension.Name, false, OfDimension(dimension).Frequent(MostValues)))
            )
            .Where(encoder => encoder.Values.Count > 0);
        return new()
        {
            Fold = new()
            {
                MaturityDays = MaturityDays(durations, maturityQuantile),
                Dimensions = dimensions,
                Crosses = crossed,
                Measures = measures,
                PartnerTraits = traits,
                PartnerMeasures = partnerMeasures,
                Files = held,
                OutcomeHalfLifeDays = OutcomeHalfLifeDays,
                BaseCurrency = hasRates ? Currency.Of(baseCurrency) ?? Currency.MostCommon(deals) : null,
            },
            Matches = [.. matches],
            OneHots = [.. oneHots],
            LeftOut = late,
            Kept = kept,
        };
    }

    /// <summary>Whether a season came back at least once: in a single year it is no other than the time.</summary>
    static bool IsOfSeveralYears(List<Opportunity> deals)
    {
        const int Years = 2;
        if (deals.Count == 0)
            return false;
        var created = deals.Select(deal => deal.CreatedAt).Order().ToList();
        // What lies before the first twentieth is older than the history proper.
        return (created[^1] - created[created.Count / 20]).TotalDays >= Years * 365;
    }

    static string TableOf(string owner) => owner == "opportunity" ? "opportunities" : owner + "s";

    static int MaturityDays(List<double> durations, double quantile)
    {
        if (durations.Count == 0)
            return 0;
        durations.Sort();
        return (int)Math.Ceiling(Math.Max(0, durations[(int)(quantile * (durations.Count - 1))]));
    }

    sealed class ColumnProfile
    {
        const int MostDistinct = 20_000;
        readonly Dictionary<string, int> _counts = [];
        int _rows;
        int _numbers;
        int _dates;
        bool _isWhole = true;

        bool _isCategory;

        /// <summary>True if its values tell rows apart as words do: the contract says so, or they are no numbers or dates, or few whole numbers.</summary>
        public bool IsCategory =>
            _rows > 0
            && _counts.Count > 1
            && _counts.Count < MostDistinct
            && (_counts.Count <= 20 || _counts.Count <= 0.3 * _rows)
            && (_isCategory || !IsMeasure || !IsDate && _isWhole && _counts.Count <= MostValues && _rows >= 20 * _counts.Count);

        public bool IsMeasure => !_isCategory && _rows > 0 && (_numbers >= 0.99 * _rows || IsDate);

        public bool IsDate => _dates >= 0.99 * _rows;

        public void AddCategory(string? text)
        {
            _isCategory = true;
            Add(text);
        }

        public void AddNumber(double? number)
        {
            if (number is null)
                return;
            _rows++;
            _numbers++;
        }

        public void AddDate(DateTime? date)
        {
            if (date is null)
                return;
            _rows++;
            _dates++;
        }

        public void Add(string? text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return;
            _rows++;
            if (Numbers.TryPlain(text, out var number))
            {
                _numbers++;
                _isWhole &= number == Math.Floor(number);
            }
            else if (Instants.TryParse(text, out _))
                _dates++;
            foreach (var word in Categories.Words(text))
            {
                var value = Categories.Normal(word);
                if (_counts.TryGetValue(value, out var count))
                    _counts[value] = count + 1;
                else if (_counts.Count < MostDistinct)
                    _counts[value] = 1;
            }
        }

        public bool SharesWordsWith(ColumnProfile other) =>
            _counts.Keys.Count(other._counts.ContainsKey) is >= 2 and var shared
            && shared * 5 >= Math.Min(_counts.Count, other._counts.Count);

        public IReadOnlyList<string> Frequent(int most) =>
            [
                .. _counts
                    .Where(pair => pair.Value >= Math.Max(5, 0.01 * _rows))
                    .OrderByDescending(pair => pair.Value)
                    .ThenBy(pair => pair.Key, StringComparer.Ordinal)
                    .Take(most)
                    .Select(pair => pair.Key)
                    .Order(StringComparer.Ordinal),
            ];
    }
}
