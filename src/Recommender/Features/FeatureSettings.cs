using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>A column of partners whose words also occur in a dimension, such as industries and industry.</summary>
public sealed record Match(string Trait, string Dimension);

/// <summary>The values of a category that have a column of their own, fitted on the training window.</summary>
/// <param name="Name">The dimension or trait.</param>
/// <param name="OfPartner">True for a trait of partners, false for a dimension.</param>
/// <param name="Values">In lower case, in ordinal order.</param>
public sealed record OneHot(string Name, bool OfPartner, IReadOnlyList<string> Values);

/// <summary>Everything that features depend on besides history and decision. Stored with the model.</summary>
public sealed record FeatureSettings
{
    /// <summary>What the fold keeps count of.</summary>
    public required FoldSettings Fold { get; init; }

    /// <summary>Columns of partners to compare with dimensions.</summary>
    public required IReadOnlyList<Match> Matches { get; init; }

    /// <summary>Fitted encoders.</summary>
    public required IReadOnlyList<OneHot> OneHots { get; init; }

    /// <summary>Ideas, or families of ideas such as "in", whose features are left out.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    internal bool Has(string idea) => !Without.Contains(idea) && !Without.Contains(Ideas.FamilyOf(idea));
}

/// <summary>Looks through a history once to see what it holds: columns, their types, how long deals take.</summary>
public static class HistoryProfile
{
    const int MostValues = 12;

    /// <summary>What features can be made from the facts seen strictly before <paramref name="asOf"/>.</summary>
    /// <param name="facts">In any order.</param>
    /// <param name="files">Names of the tables the history holds.</param>
    /// <param name="asOf">End of the training window, exclusive.</param>
    /// <param name="maturityQuantile">Share of closed deals that closed within the maturity horizon, 0 to 1.</param>
    /// <param name="baseCurrency">What amounts are counted in, if the history holds exchange rates; null for what most deals are in.</param>
    public static FeatureSettings Of(
        IEnumerable<DatedFact> facts,
        IEnumerable<string> files,
        DateTime asOf,
        double maturityQuantile,
        string? baseCurrency = null
    )
    {
        var columns = new Dictionary<(string Owner, string Name), ColumnProfile>();
        ColumnProfile Column(string owner, string name) =>
            columns.TryGetValue((owner, name), out var profile) ? profile : columns[(owner, name)] = new();
        void AddAll(string owner, Attributes attributes)
        {
            for (var i = 0; i < attributes.Names.Count; i++)
                Column(owner, attributes.Names[i]).Add(attributes.Values[i]);
        }
        var durations = new List<double>();
        var deals = new List<Opportunity>();
        var (first, last) = (asOf, DateTime.MinValue);
        foreach (var fact in facts)
        {
            if (fact.SeenAt >= asOf || fact.IsRetraction)
                continue;
            switch (fact.Noun)
            {
                case Account account:
                    foreach (var name in (string[])["industry", "country", "region"])
                        Column("account", name).Add(Columns.Column(account, name));
                    Column("account", "employee_count").AddNumber(account.EmployeeCount);
                    Column("account", "annual_revenue").AddNumber(account.AnnualRevenue);
                    Column("account", "created_at").AddDate(account.CreatedAt);
                    AddAll("account", account.Attributes);
                    break;
                case Partner partner:
                    foreach (var name in (string[])["partner_type", "tier", "industries", "regions", "competencies"])
                        Column("partner", name).Add(Columns.Column(partner, name));
                    AddAll("partner", partner.Attributes);
                    break;
                case Opportunity opportunity when fact.Kind == FactKind.OpportunityCreated:
                    foreach (var name in (string[])["product", "currency", "owner"])
                        Column("opportunity", name).Add(Columns.Column(opportunity, name));
                    deals.Add(opportunity);
                    Column("opportunity", "amount").AddNumber(opportunity.Amount);
                    Column("opportunity", "expected_close_at").AddDate(opportunity.ExpectedCloseAt);
                    AddAll("opportunity", opportunity.Attributes);
                    first = opportunity.CreatedAt < first ? opportunity.CreatedAt : first;
                    last = opportunity.CreatedAt > last ? opportunity.CreatedAt : last;
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
        foreach (var ((owner, name), profile) in columns)
        {
            var side = owner == "account" ? Side.Account : Side.Opportunity;
            switch (profile.Kind)
            {
                case ColumnProfileKind.Category when owner == "partner":
                    traits.Add(name);
                    break;
                case ColumnProfileKind.Category:
                    dimensions.Add(new(name, side));
                    break;
                case ColumnProfileKind.Number or ColumnProfileKind.Date when owner != "partner":
                    measures.Add(new(name, side, profile.Kind == ColumnProfileKind.Date));
                    break;
                default:
                    break;
            }
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
                Measures = measures,
                PartnerTraits = traits,
                Files = held,
                BaseCurrency = hasRates ? Currency.Of(baseCurrency) ?? Currency.MostCommon(deals) : null,
            },
            Matches = [.. matches],
            OneHots = [.. oneHots],
        };
    }

    static int MaturityDays(List<double> durations, double quantile)
    {
        if (durations.Count == 0)
            return 0;
        durations.Sort();
        return (int)Math.Ceiling(Math.Max(0, durations[(int)(quantile * (durations.Count - 1))]));
    }

    enum ColumnProfileKind
    {
        Unusable,
        Category,
        Number,
        Date,
    }

    sealed class ColumnProfile
    {
        const int MostDistinct = 20_000;
        readonly Dictionary<string, int> _counts = [];
        int _rows;
        int _numbers;
        int _dates;

        public ColumnProfileKind Kind
        {
            get
            {
                if (_rows == 0 || (_counts.Count < 2 && _numbers + _dates == 0))
                    return ColumnProfileKind.Unusable;
                if (_numbers >= 0.99 * _rows)
                    return ColumnProfileKind.Number;
                if (_dates >= 0.99 * _rows)
                    return ColumnProfileKind.Date;
                return _counts.Count >= MostDistinct || (_counts.Count > 20 && _counts.Count > 0.3 * _rows)
                    ? ColumnProfileKind.Unusable
                    : ColumnProfileKind.Category;
            }
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
            if (
                double.TryParse(
                    text,
                    System.Globalization.NumberStyles.Float,
                    System.Globalization.CultureInfo.InvariantCulture,
                    out var number
                ) && double.IsFinite(number)
            )
                _numbers++;
            else if (Instants.TryParse(text, out _))
                _dates++;
            foreach (var word in text.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
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
