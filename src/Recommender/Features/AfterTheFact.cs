using System.Globalization;
using Recommender.CoSell;
using Recommender.Facts;

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
    const int LeastOpen = 20;
    const double MostAuc = 0.7;
    const string Edited = "its name says that it is kept up to date while a deal lives";

    readonly Dictionary<OpportunityId, SeenDeal> _deals = [];
    readonly Dictionary<AccountId, Account> _accounts = [];
    readonly Dictionary<PartnerId, Partner> _partners = [];

    sealed class SeenDeal(Opportunity row)
    {
        public Opportunity Row { get; } = row;
        public bool? Won { get; set; }
        public DateTime? ClosedAt { get; set; }
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
                    (deal.Won, deal.ClosedAt) = (opportunity.Outcome == Outcome.Won, opportunity.ClosedAt);
                break;
            case Engagement engagement when !engagement.IsWithdrawn:
                if (_deals.TryGetValue(engagement.OpportunityId, out var worked))
                    worked.Partners.Add(engagement.PartnerId);
                break;
            default:
                break;
        }
    }

    /// <summary>The columns that were written after the fact.</summary>
    /// <param name="keep">Names of columns that are said to be known in time.</param>
    public List<LeftOut> Find(IReadOnlyCollection<string> keep)
    {
        var found = new List<LeftOut>();
        var deals = _deals.Values.ToList();
        void Look(string of, string name, Func<string?> why)
        {
            if (!keep.Contains(name) && why() is { } reason)
                found.Add(new(of, name, reason));
        }
        foreach (var name in Names(deals.Select(deal => deal.Row.Attributes)))
            Look(
                "opportunities",
                name,
                () => OfDeals(name, deals, deal => deal.Row.Attributes[name], EditedColumns.OfDeals, 0.05)
            );
        Look("opportunities", "expected_close_at", () => OfExpectedClose(deals));
        Look(
            "opportunities",
            "amount",
            () => ByOutcome(deals, deal => deal.Row.Amount?.ToString("R", CultureInfo.InvariantCulture))
        );
        foreach (var name in Names(_accounts.Values.Select(account => account.Attributes)))
            Look(
                "accounts",
                name,
                () =>
                    OfDeals(
                        name,
                        deals,
                        deal => _accounts.GetValueOrDefault(deal.Row.AccountId)?.Attributes[name],
                        EditedColumns.OfOthers,
                        0.2
                    )
            );
        foreach (var name in Names(_partners.Values.Select(partner => partner.Attributes)))
            Look("partners", name, () => OfPartners(name, deals));
        return found;
    }

    static IEnumerable<string> Names(IEnumerable<Attributes> rows) => rows.SelectMany(row => row.Names).Distinct();

    static string? OfDeals(
        string name,
        List<SeenDeal> deals,
        Func<SeenDeal, string?> value,
        Func<string, bool> isEdited,
        double mostAhead
    ) =>
        (isEdited(name) ? Edited : null)
        ?? ByDates(deals, value, mostAhead)
        ?? ByPartner(deals, value)
        ?? ByOutcome(deals, value);

    static string? ByDates(List<SeenDeal> deals, Func<SeenDeal, string?> value, double most)
    {
        int dates = 0,
            others = 0,
            ahead = 0;
        foreach (var deal in deals)
        {
            if (value(deal) is not { } text)
                continue;
            if (!Instants.TryParse(text, out var at))
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
        var byValue = engaged
            .Select(deal => (Value: value(deal), Partner: deal.Partners.First()))
            .Where(one => one.Value is not null)
            .GroupBy(one => one.Value!)
            .Where(group => group.Count() >= 3)
            .Select(group => (Rows: group.Count(), OfOne: group.GroupBy(one => one.Partner).Max(one => one.Count())))
            .ToList();
        var rows = byValue.Sum(group => group.Rows);
        var most = engaged.GroupBy(deal => deal.Partners.First()).Max(group => group.Count()) / (double)engaged.Count;
        if (byValue.Count >= 3 && rows >= LeastDeals && byValue.Sum(group => group.OfOne) > Math.Max(0.8, 2 * most) * rows)
            return "it names the partner who was brought in";
        var alone = deals.Count - engaged.Count;
        if (alone < LeastDeals)
            return null;
        var with = engaged.Count(deal => value(deal) is not null) / (double)engaged.Count;
        var without = deals.Count(deal => deal.Partners.Count == 0 && value(deal) is not null) / (double)alone;
        return Math.Abs(with - without) > 0.5 ? "it is filled where a partner was brought in" : null;
    }

    /// <summary>Whether it knows of outcomes what open deals of the same age do not.</summary>
    static string? ByOutcome(List<SeenDeal> deals, Func<SeenDeal, string?> value)
    {
        var (bins, count) = Bins(deals, value);
        var open = Enumerable.Range(0, deals.Count).Where(i => deals[i].Won is null && deals[i].ClosedAt is null).ToList();
        var won = Enumerable.Range(0, deals.Count).Where(i => deals[i].Won == true).ToList();
        var lost = Enumerable.Range(0, deals.Count).Where(i => deals[i].Won == false).ToList();
        if (won.Count < LeastDeals / 4 || lost.Count < LeastDeals / 4 || count < 2)
            return null;
        // Of closed deals those of the time in which the open ones were created, or of a longer one if those are few.
        var since = new[] { open, won, lost }
            .Select(some => some.Select(i => deals[i].Row.CreatedAt).OrderDescending().ToList())
            .Select(
                (at, i) =>
                    at.Count == 0 ? DateTime.MinValue : at[Math.Min(at.Count - 1, i == 0 ? 9 * at.Count / 10 : LeastDeals / 2)]
            )
            .Min();
        var shares = (
            Open: Shares(open.Where(i => deals[i].Row.CreatedAt >= since)),
            Won: Shares(won.Where(i => deals[i].Row.CreatedAt >= since)),
            Lost: Shares(lost.Where(i => deals[i].Row.CreatedAt >= since))
        );
        if (open.Count >= LeastOpen && shares.Won is { } ofWon && shares.Lost is { } ofLost && shares.Open is { } ofOpen)
        {
            // Whatever share of the open deals will be won, a column that was known in time lies between the two.
            var apart = Enumerable.Range(0, 21).Min(step => Distance(ofOpen, ofWon, ofLost, step / 20.0));
            var filled = Enumerable.Range(0, count).Count(b => ofOpen[b] + ofWon[b] + ofLost[b] > 0);
            if (apart > 0.4 + Math.Sqrt(filled / (4.0 * open.Count)))
                return "it tells open deals from closed ones of the same age";
        }
        var (all, none) = (Shares(won)!, Shares(lost)!);
        var auc = Auc(all, none);
        // Standard error of an AUC (Hanley and McNeil 1982), at its widest.
        var error = Math.Sqrt(auc * (1 - auc) / Math.Min(won.Count, lost.Count));
        return auc - 2 * error > MostAuc
            ? FormattableString.Invariant(
                $"alone it foretells outcomes with an AUC of {auc:0.00}, which nothing known at the start does"
            )
            : null;

        double[]? Shares(IEnumerable<int> of)
        {
            var sums = new double[count];
            var n = 0;
            foreach (var i in of)
            {
                sums[bins[i]]++;
                n++;
            }
            return n < LeastOpen ? null : [.. sums.Select(sum => sum / n)];
        }
    }

    /// <summary>Total variation between open deals and a mixture of won and lost ones.</summary>
    static double Distance(double[] open, double[] won, double[] lost, double share)
    {
        var sum = 0.0;
        for (var b = 0; b < open.Length; b++)
            sum += Math.Abs(open[b] - share * won[b] - (1 - share) * lost[b]);
        return sum / 2;
    }

    /// <summary>How well the bins, ordered by their share of won deals, tell won from lost.</summary>
    static double Auc(double[] won, double[] lost)
    {
        var order = Enumerable.Range(0, won.Length).OrderBy(b => won[b] / (won[b] + lost[b] + 1e-9)).ThenBy(b => b);
        double auc = 0,
            below = 0;
        foreach (var b in order)
        {
            auc += won[b] * (below + lost[b] / 2);
            below += lost[b];
        }
        return auc;
    }

    /// <summary>A number below the second for each deal: fifths of numbers and of days from the deal's creation, frequent words, or whether it is filled.</summary>
    static (int[] Bins, int Count) Bins(List<SeenDeal> deals, Func<SeenDeal, string?> value)
    {
        var texts = deals.Select(value).ToArray();
        var numbers = new double[texts.Length];
        var (filled, numeric) = (0, 0);
        for (var i = 0; i < texts.Length; i++)
        {
            numbers[i] = double.NaN;
            if (texts[i] is not { } text)
                continue;
            filled++;
            if (Numbers.TryPlain(text, out var number))
                numbers[i] = number;
            else if (Instants.TryParse(text, out var at))
                numbers[i] = (at - deals[i].Row.CreatedAt).TotalDays;
            numeric += double.IsNaN(numbers[i]) ? 0 : 1;
        }
        var words = texts
            .OfType<string>()
            .GroupBy(text => text)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .ToList();
        if (words.Count > 12 && numeric >= 0.95 * filled)
        {
            var sorted = numbers.Where(double.IsFinite).Order().ToList();
            double[] cuts = [.. Enumerable.Range(1, 4).Select(part => sorted[part * sorted.Count / 5])];
            return ([.. numbers.Select(number => double.IsNaN(number) ? 5 : cuts.Count(cut => number >= cut))], 6);
        }
        if (words.Count > 20 && words.Count > 0.3 * filled)
            return ([.. texts.Select(text => text is null ? 1 : 0)], 2);
        var frequent = words.Take(12).Select((group, i) => (group.Key, i)).ToDictionary(one => one.Key, one => one.i);
        return ([.. texts.Select(text => text is null ? 13 : frequent.GetValueOrDefault(text, 12))], 14);
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
        var pairs = new List<(double, double)>();
        foreach (var partner in _partners.Values)
        {
            if (Numbers.TryPlain(partner.Attributes[name], out var number))
                pairs.Add((engagements.GetValueOrDefault(partner.Id), number));
        }
        return pairs.Count >= 20 && Spearman(pairs) > 0.8 ? "it counts the partner's engagements, those to come, too" : null;
    }

    /// <summary>Correlation of ranks (Spearman 1904); ties share theirs.</summary>
    static double Spearman(List<(double, double)> pairs)
    {
        var (left, right) = (Ranks([.. pairs.Select(pair => pair.Item1)]), Ranks([.. pairs.Select(pair => pair.Item2)]));
        var mean = (pairs.Count - 1) / 2.0;
        double both = 0,
            ofLeft = 0,
            ofRight = 0;
        for (var i = 0; i < left.Length; i++)
        {
            var (x, y) = (left[i] - mean, right[i] - mean);
            both += x * y;
            ofLeft += x * x;
            ofRight += y * y;
        }
        return ofLeft > 0 && ofRight > 0 ? both / Math.Sqrt(ofLeft * ofRight) : 0;
    }

    static double[] Ranks(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Length];
        for (var start = 0; start < order.Length; )
        {
            var end = start;
            while (end < order.Length && values[order[end]].Equals(values[order[start]]))
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + end - 1) / 2.0;
            start = end;
        }
        return ranks;
    }
}
