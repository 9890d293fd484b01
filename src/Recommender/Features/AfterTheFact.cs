using System.Globalization;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>A column that makes no features, because its values were written after the moment they are seen from.</summary>
/// <param name="Of">accounts, partners or opportunities.</param>
/// <param name="Column">Its name.</param>
/// <param name="Why">How that shows, in a few words.</param>
public sealed record LeftOut(string Of, string Column, string Why);

/// <summary>
/// Looks for columns that an export has as they are on its day, not as they were when a deal was new: their names say so, they hold dates of
/// the deal's future, they tell closed deals from open ones of the same age, foretell outcomes better than open deals bear out, or name
/// the partner who was brought in.
/// </summary>
sealed class AfterTheFact
{
    const int LeastDeals = 100;
    const int LeastCompanies = 20;
    const int LeastWithOutcomes = 12;
    const int LeastEnded = 5;
    const int MostBands = 12;
    const string Edited = "its name says that it is kept up to date while a deal lives";

    readonly Dictionary<OpportunityId, SeenDeal> _deals = [];
    readonly Dictionary<AccountId, Account> _accounts = [];
    readonly Dictionary<PartnerId, Partner> _partners = [];

    sealed class SeenDeal(Opportunity row)
    {
        public Opportunity Row { get; } = row;
        public bool? Won { get; set; }
        public DateTime? ClosedAt { get; set; }
        public bool IsOpen { get; set; }
        public HashSet<PartnerId> Partners { get; } = [];
    }

    /// <summary>Takes one fact in; facts may come in any order but for that of one deal.</summary>
    public void Add(in DatedFact fact)
    {
        switch (fact.Noun)
        {
            case Account account:
                _accounts.TryAdd(account.Id, account);
                break;
            case Partner partner:
                _partners.TryAdd(partner.Id, partner);
                break;
            case Opportunity opportunity:
                if (!_deals.TryGetValue(opportunity.Id, out var deal))
                    _deals[opportunity.Id] = deal = new(opportunity);
                if (fact.Kind != FactKind.OpportunityCreated)
                    (deal.Won, deal.ClosedAt, deal.IsOpen) = (opportunity.Outcome == Outcome.Won, opportunity.ClosedAt, false);
                else
                    deal.IsOpen = deal.Won is null && (opportunity.Outcome == Outcome.Open || opportunity.ClosedAt is not null);
                break;
            case Engagement engagement when !engagement.IsWithdrawn:
                if (_deals.TryGetValue(engagement.OpportunityId, out var worked))
                    worked.Partners.Add(engagement.PartnerId);
                break;
            default:
                break;
        }
    }

    /// <summary>The columns that were written after the fact, and those that look like it and are said to be known in time.</summary>
    /// <param name="keep">Names of columns that are, whatever their case, blanks and marks.</param>
    /// <exception cref="InvalidDataException">No column has such a name.</exception>
    public (List<LeftOut> Left, List<LeftOut> Kept) Find(IReadOnlyCollection<string> keep)
    {
        var (left, kept) = (new List<LeftOut>(), new List<LeftOut>());
        var named = new Dictionary<string, string>();
        var deals = _deals.Values.ToList();
        void Look(string of, string name, Func<string?> why)
        {
            named[Headers.Plain(name)] = name;
            if (why() is { } reason)
                (keep.Any(one => Headers.Plain(one) == Headers.Plain(name)) ? kept : left).Add(new(of, name, reason));
        }
        var outcomes = new OpenAgainstClosed([
            .. deals.Select(deal => (deal.Row.CreatedAt, deal.ClosedAt, IsOfSecondHalf(deal.Row.Id), deal.IsOpen, deal.Won)),
        ]);
        string? ByOutcome(Func<SeenDeal, string?> value) => outcomes.Why(i => value(deals[i]));
        Account? AccountOf(SeenDeal deal) => _accounts.GetValueOrDefault(deal.Row.AccountId);
        foreach (var name in Names(deals.Select(deal => deal.Row.Attributes)))
            Look(
                "opportunities",
                name,
                () =>
                    OfDeals(name, deal => deal.Row.Attributes[name], EditedColumns.OfDeals, 0.05)
                    ?? ByTrait(name, deals, deal => deal.Row.Attributes[name])
            );
        Look("opportunities", "expected_close_at", () => OfExpectedClose(deals));
        Look("opportunities", "amount", () => ByOutcome(deal => Text(deal.Row.Amount)));
        foreach (var name in (string[])["product", "currency", "owner"])
            Look("opportunities", name, () => ByOutcome(deal => Columns.Column(deal.Row, name)));
        foreach (var name in (string[])["industry", "country", "region"])
            Look(
                "accounts",
                name,
                () => ByOutcome(deal => AccountOf(deal) is { } account ? Columns.Column(account, name) : null)
            );
        string? ByAccount(Func<Account, double?> number) =>
            FollowsOutcomes<AccountId>(
                deals,
                deal => [deal.Row.AccountId],
                id => _accounts.TryGetValue(id, out var account) ? number(account) : null
            )
                ? "it follows what came of the account's deals, those to come, too"
                : ByOutcome(deal => AccountOf(deal) is { } account ? Text(number(account)) : null);
        Look("accounts", "employee_count", () => ByAccount(account => account.EmployeeCount));
        Look("accounts", "annual_revenue", () => ByAccount(account => account.AnnualRevenue));
        foreach (var name in Names(_accounts.Values.Select(account => account.Attributes)))
            Look(
                "accounts",
                name,
                () =>
                    OfDeals(name, deal => AccountOf(deal)?.Attributes[name], EditedColumns.OfOthers, 0.2)
                    ?? ByFirstOrLast(deals, deal => AccountOf(deal)?.Attributes[name])
                    ?? ByAccount(account => Number(account.Attributes[name]))
            );
        foreach (var name in Names(_partners.Values.Select(partner => partner.Attributes)))
            Look("partners", name, () => OfPartners(name, deals));
        return keep.FirstOrDefault(one => !named.ContainsKey(Headers.Plain(one))) is { } unknown && deals.Count > 0
            ? throw new InvalidDataException(
                $"features.keep names {unknown}; this history has the columns {string.Join(", ", named.Values)}."
            )
            : (left, kept);

        string? OfDeals(string name, Func<SeenDeal, string?> value, Func<string, bool> isEdited, double mostAhead) =>
            (isEdited(name) ? Edited : null) ?? ByDates(deals, value, mostAhead) ?? ByPartner(deals, value) ?? ByOutcome(value);
    }

    static string? Text(double? number) => number?.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>One half of all deals, the same in every run.</summary>
    static bool IsOfSecondHalf(OpportunityId id)
    {
        var hash = 17u;
        foreach (var c in id.Value)
            hash = (hash ^ c) * 16777619;
        return (hash >> 16 & 1) != 0;
    }

    static IEnumerable<string> Names(IEnumerable<Attributes> rows) => rows.SelectMany(row => row.Names).Distinct();

    /// <summary>Whether it says of the partner who was brought in what that partner's row says, under another name.</summary>
    string? ByTrait(string name, List<SeenDeal> deals, Func<SeenDeal, string?> value)
    {
        var engaged = deals
            .Where(deal => deal.Partners.Count > 0 && value(deal) is not null)
            .Select(deal => (Value: Categories.Normal(value(deal)!), Partners: deal.Partners.Select(_partners.GetValueOrDefault)))
            .ToList();
        if (engaged.Count < LeastDeals)
            return null;
        var traits = Names(_partners.Values.Select(partner => partner.Attributes)).Concat(["partner_type", "tier"]);
        foreach (var trait in traits.Where(trait => !TextKey.AreSame(trait, name)))
        {
            var pairs = engaged
                .Select(one =>
                    (
                        one.Value,
                        Traits: one.Partners.Select(partner => partner is null ? null : Columns.Column(partner, trait))
                            .OfType<string>()
                            .Select(Categories.Normal)
                            .ToList()
                    )
                )
                .Where(one => one.Traits.Count > 0)
                .ToList();
            if (pairs.Count < LeastDeals || pairs.Count(one => one.Traits.Contains(one.Value)) < 0.95 * pairs.Count)
                continue;
            // Where nearly all partners are alike, it says nothing of one.
            var byTrait = pairs.CountBy(one => one.Traits[0]).ToList();
            if (byTrait.Sum(one => (double)one.Value * one.Value) < 0.7 * pairs.Count * pairs.Count)
                return $"it is the {trait} of the partner who was brought in";
        }
        return null;
    }

    static string? ByDates(List<SeenDeal> deals, Func<SeenDeal, string?> value, double most)
    {
        int dates = 0,
            others = 0,
            ahead = 0;
        foreach (var deal in deals)
        {
            if (value(deal) is not { } text)
                continue;
            if (!Instants.TryParse(text, out var at) && !TryEpoch(text, out at))
            {
                others++;
                continue;
            }
            dates++;
            ahead += at > deal.Row.CreatedAt.AddDays(1) ? 1 : 0;
        }
        return others <= 0.05 * dates && ahead > Math.Max(4, most * dates)
            ? FormattableString.Invariant($"{100.0 * ahead / dates:0} % of its dates lie after the deal was created")
            : null;
    }

    /// <summary>Milliseconds since 1970, as CRMs give out dates: thirteen digits, of 2001 to 2065.</summary>
    static bool TryEpoch(string text, out DateTime at)
    {
        var isOne =
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds is >= 1_000_000_000_000 and < 3_000_000_000_000;
        at = isOne ? DateTime.UnixEpoch.AddMilliseconds(milliseconds) : default;
        return isOne;
    }

    static string? OfExpectedClose(List<SeenDeal> deals)
    {
        var both = deals.Where(deal => deal.ClosedAt is not null && deal.Row.ExpectedCloseAt is not null).ToList();
        var same = both.Count(deal => deal.Row.ExpectedCloseAt!.Value.Date == deal.ClosedAt!.Value.Date);
        return both.Count >= LeastDeals && same > both.Count / 2
            ? FormattableString.Invariant(
                $"it is the day on which the deal closed for {100.0 * same / both.Count:0} % of closed deals"
            )
            : null;
    }

    /// <summary>Whether it names who was brought in, or is filled where someone was.</summary>
    static string? ByPartner(List<SeenDeal> deals, Func<SeenDeal, string?> value)
    {
        var engaged = deals.Where(deal => deal.Partners.Count > 0).ToList();
        if (engaged.Count < LeastDeals)
            return null;
        if (NamesPartners([.. engaged.Select(deal => (deal, deal.Partners.Take(1)))], value, 0.8))
            return "it names the partner who was brought in";
        var alone = deals.Count - engaged.Count;
        if (alone < LeastDeals)
            return null;
        var with = engaged.Count(deal => value(deal) is not null) / (double)engaged.Count;
        var without = deals.Count(deal => deal.Partners.Count == 0 && value(deal) is not null) / (double)alone;
        return Math.Abs(with - without) > 0.5 ? "it is filled where a partner was brought in" : null;
    }

    /// <summary>Whether it names, for accounts, a partner of the first or of the last deal that had one: who came before or after is another.</summary>
    static string? ByFirstOrLast(List<SeenDeal> deals, Func<SeenDeal, string?> value)
    {
        var byAccount = deals
            .Where(deal => deal.Partners.Count > 0)
            .GroupBy(deal => deal.Row.AccountId)
            .Where(of => of.Count() > 1)
            .Select(of => of.OrderBy(deal => deal.Row.CreatedAt).ToList())
            .ToList();
        return
            NamesPartners([.. byAccount.Select(of => (of[0], of[0].Partners.AsEnumerable()))], value, 0.9)
            || NamesPartners([.. byAccount.Select(of => (of[^1], of[^1].Partners.AsEnumerable()))], value, 0.9)
            ? "it names the partner who was brought in on the account's first or last deal"
            : null;
    }

    static bool NamesPartners(
        List<(SeenDeal Deal, IEnumerable<PartnerId> Partners)> of,
        Func<SeenDeal, string?> value,
        double least
    )
    {
        var byValue = of.Select(one => (Value: value(one.Deal), one.Partners))
            .Where(one => one.Value is not null)
            .GroupBy(one => one.Value!)
            .Where(group => group.Count() >= 3)
            .Select(group => (Rows: group.Count(), OfOne: MostOfOne(group.Select(one => one.Partners))))
            .ToList();
        var rows = byValue.Sum(group => group.Rows);
        var most = MostOfOne(of.Select(one => one.Partners)) / (double)Math.Max(1, of.Count);
        return byValue.Count >= 3 && rows >= LeastDeals && byValue.Sum(group => group.OfOne) > Math.Max(least, 2 * most) * rows;

        static int MostOfOne(IEnumerable<IEnumerable<PartnerId>> partners) =>
            partners.SelectMany(some => some).CountBy(id => id).Select(one => one.Value).DefaultIfEmpty().Max();
    }

    string? OfPartners(string name, List<SeenDeal> deals)
    {
        if (EditedColumns.OfOthers(name))
            return Edited;
        int dates = 0,
            ahead = 0;
        var engagements = new Dictionary<PartnerId, int>();
        foreach (var deal in deals)
        {
            foreach (var id in deal.Partners)
            {
                engagements[id] = engagements.GetValueOrDefault(id) + 1;
                if (_partners.GetValueOrDefault(id)?.Attributes[name] is not { } text || !Instants.TryParse(text, out var at))
                    continue;
                dates++;
                ahead += at > deal.Row.CreatedAt.AddDays(1) ? 1 : 0;
            }
        }
        if (ahead > Math.Max(4, 0.2 * dates))
            return FormattableString.Invariant(
                $"{100.0 * ahead / dates:0} % of its dates lie after the deals to which the partner came"
            );
        var counts = new List<(double, double)>();
        var bands = new List<(string Word, double Number)>();
        foreach (var partner in _partners.Values)
        {
            double count = engagements.GetValueOrDefault(partner.Id);
            if (Numbers.TryPlain(partner.Attributes[name], out var number))
                counts.Add((count, number));
            else if (partner.Attributes[name] is { } word)
                bands.Add((word, count));
        }
        return counts.Count >= LeastCompanies && Math.Abs(RankCorrelation.Spearman(counts)) > 0.8 || AreBands(bands)
                ? "it counts the partner's engagements, those to come, too"
            : FollowsOutcomes(deals, deal => deal.Partners, id => Number(_partners.GetValueOrDefault(id)?.Attributes[name]))
                ? "it follows what came of the partner's deals, those to come, too"
            : null;
    }

    /// <summary>Whether few words stand for ranges of a number.</summary>
    static bool AreBands(List<(string Word, double Number)> of)
    {
        var words = of.CountBy(one => one.Word).Where(word => word.Value >= LeastEnded).Select(word => word.Key).ToHashSet();
        return of.Count >= LeastCompanies
            && words.Count is >= 2 and <= MostBands
            && of.Count(one => words.Contains(one.Word)) > 0.8 * of.Count
            && of.Count(one => one.Number > 0) > of.Count / 2
            && RankCorrelation.Concordance([.. of.Where(one => words.Contains(one.Word))]) > 0.97;
    }

    /// <summary>
    /// Whether a number of companies has the order of the share, number or amount of their deals that were won: what is known in time foretells
    /// that with the error of chance.
    /// </summary>
    static bool FollowsOutcomes<TId>(List<SeenDeal> deals, Func<SeenDeal, IEnumerable<TId>> of, Func<TId, double?> number)
        where TId : notnull
    {
        var ended = new Dictionary<TId, (int Won, int All, int Open, double Amount)>();
        foreach (var deal in deals.Where(deal => deal.Won is not null || deal.IsOpen))
        {
            foreach (var id in of(deal))
            {
                var sums = ended.GetValueOrDefault(id);
                ended[id] =
                    deal.Won is null ? sums with { Open = sums.Open + 1 }
                    : deal.Won == true
                        ? sums with
                        {
                            Won = sums.Won + 1,
                            All = sums.All + 1,
                            Amount = sums.Amount + (deal.Row.Amount ?? 0),
                        }
                    : sums with { All = sums.All + 1 };
            }
        }
        var known = ended
            .Where(pair => pair.Value.All >= LeastEnded)
            .Select(pair => (pair.Value.Won, pair.Value.All, pair.Value.Open, pair.Value.Amount, Number: number(pair.Key)))
            .Where(one => one.Number is not null)
            .ToList();
        if (known.Count < LeastWithOutcomes)
            return false;
        var shares = known.Select(one => one.Won / (double)one.All).ToList();
        var mean = shares.Average();
        var variance = shares.Average(share => (share - mean) * (share - mean));
        // Even who knows each company's true chance is as near to what came of it as chance allows (reliability, Spearman 1904).
        var chance = known.Average(one => one.Won * (double)(one.All - one.Won) / one.All / one.All / one.All);
        var nearest = Math.Sqrt(Math.Max(0, 1 - chance / Math.Max(variance, 1e-12)));
        var most = Math.Max(0.9, 0.6 + 0.4 * nearest);
        return Math.Abs(To(one => one.Won / (double)one.All)) > most
            || Math.Abs(To(one => one.Won / (double)(one.All + one.Open))) > most
            || Math.Abs(To(one => one.Won)) > 0.97
            || Math.Abs(To(one => one.Amount)) > 0.97;

        double To(Func<(int Won, int All, int Open, double Amount, double? Number), double> what) =>
            RankCorrelation.Spearman([.. known.Select(one => (what(one), one.Number!.Value))]);
    }

    static double? Number(string? text) => Numbers.TryPlain(text, out var number) ? number : null;
}
