using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>
/// Which dimensions to cross: those that together tell more of the partner than the better of them does alone. What they tell is judged on
/// first meetings of a partner and an account, each foretold from the meetings before it and nothing else, so that a pair of too many
/// values loses by itself: it has seen nothing of most. The chance of a partner under a pair is backed off to that under the better part,
/// and this to its share of all, by how often somebody new turned up there (Witten, Bell, "The zero-frequency problem", IEEE Transactions
/// on Information Theory 37(4), 1991).
/// </summary>
sealed class CrossSearch
{
    /// <summary>Crosses at most.</summary>
    public const int Most = 3;

    /// <summary>What a cross must tell beyond its better part, bits a meeting; with less, its columns are in the way of others.</summary>
    public const double LeastBits = 0.2;

    const int MostDimensions = 12;
    const int MostMeetings = 20_000;
    const int LeastMeetings = 200;
    const double MostLists = 0.05;

    // Somebody new at a pair of values counts three times: most pairs are rare.
    const double Caution = 3;

    // The best of the 66 pairs of twelve dimensions that tell nothing lies 2.4 standard errors above zero in the middle.
    const double StandardErrors = 4;

    readonly Dictionary<AccountId, DatedFact> _accounts = [];
    readonly Dictionary<OpportunityId, DatedFact> _deals = [];
    readonly Dictionary<string, DatedFact> _engagements = [];

    /// <summary>Takes a fact, in any order; of one row the newest counts.</summary>
    public void Add(in DatedFact fact)
    {
        switch (fact.Noun)
        {
            case Account account:
                Keep(_accounts, account.Id, fact);
                break;
            case Opportunity deal when fact.Kind == FactKind.OpportunityCreated:
                Keep(_deals, deal.Id, fact);
                break;
            case Engagement engagement:
                Keep(_engagements, engagement.Id, fact);
                break;
            default:
                break;
        }
    }

    static void Keep<T>(Dictionary<T, DatedFact> rows, T key, in DatedFact fact)
        where T : notnull
    {
        if (!rows.TryGetValue(key, out var held) || fact >= held)
            rows[key] = fact;
    }

    /// <summary>
    /// The crosses, best first, <see cref="Most"/> at most. No dimension is in two of them: columns that say nearly the same, such as the
    /// state of a company and that of its site, would make the same cross twice.
    /// </summary>
    public IReadOnlyList<Cross> Find(IReadOnlyList<Dimension> dimensions)
    {
        var meetings = Meetings(dimensions);
        if (meetings.Count < LeastMeetings)
            return [];
        var single = Enumerable
            .Range(0, dimensions.Count)
            .Where(d => meetings.Count(meeting => meeting.Values[d] == Several) <= MostLists * meetings.Count)
            .ToList();
        var told = single
            .Zip(Gains(meetings, single, []))
            .OrderByDescending(one => one.Second.Mean)
            .Take(MostDimensions)
            .Select(one => one.First)
            .ToList();
        // The better part of a pair comes first.
        var pairs = new List<(int Better, int Other)>();
        for (var i = 0; i < told.Count; i++)
            pairs.AddRange(told.Skip(i + 1).Select(other => (told[i], other)));
        var crosses = new List<Cross>();
        var taken = new HashSet<int>();
        foreach (
            var ((left, right), (mean, error)) in pairs
                .Zip(Gains(meetings, told, pairs))
                .OrderByDescending(one => one.Second.Mean)
        )
        {
            if (crosses.Count == Most || mean < Math.Max(LeastBits, StandardErrors * error))
                break;
            var cross = new Cross(dimensions[left].Name, dimensions[right].Name);
            if (taken.Contains(left) || taken.Contains(right) || dimensions.Any(dimension => dimension.Name == cross.Name))
                continue;
            taken.UnionWith([left, right]);
            crosses.Add(cross);
        }
        return crosses;
    }

    const int None = -1;
    const int Several = -2;

    readonly record struct Meeting(DateTime At, int Partner, int[] Values);

    /// <summary>The newest first meetings of a partner and an account, in order, with the values of the deal.</summary>
    List<Meeting> Meetings(IReadOnlyList<Dimension> dimensions)
    {
        var (categories, partners) = (new Categories(), new Ids());
        var seen = new HashSet<(PartnerId, AccountId)>();
        var meetings = new List<(Engagement Row, Opportunity Deal)>();
        foreach (var fact in _engagements.Values.Where(fact => !fact.IsRetraction))
        {
            var row = (Engagement)fact.Noun;
            if (!row.IsWithdrawn && _deals.TryGetValue(row.OpportunityId, out var deal) && !deal.IsRetraction)
                meetings.Add((row, (Opportunity)deal.Noun));
        }
        meetings.Sort(
            static (x, y) =>
                x.Row.StartedAt != y.Row.StartedAt
                    ? x.Row.StartedAt.CompareTo(y.Row.StartedAt)
                    : string.CompareOrdinal(x.Row.Id, y.Row.Id)
        );
        meetings.RemoveAll(one => !seen.Add((one.Row.PartnerId, one.Deal.AccountId)));
        return
        [
            .. meetings
                .Skip(meetings.Count - MostMeetings)
                .Select(one => new Meeting(one.Row.StartedAt, partners.Of(one.Row.PartnerId.Value), Values(one.Deal))),
        ];

        int[] Values(Opportunity deal)
        {
            var account = _accounts.TryGetValue(deal.AccountId, out var fact) && !fact.IsRetraction ? (Account)fact.Noun : null;
            return
            [
                .. dimensions.Select(dimension =>
                    categories.AddAll(
                        dimension.Of == Side.Opportunity ? Columns.Column(deal, dimension.Name)
                        : account is null ? null
                        : Columns.Column(account, dimension.Name)
                    ) switch
                    {
                        [] => None,
                        [var one] => one,
                        _ => Several,
                    }
                ),
            ];
        }
    }

    /// <summary>
    /// How much more of the partners of the second half of the meetings each pair tells than its better part or, without pairs, each
    /// dimension than how often a partner is met at all: bits a meeting, and the standard error.
    /// </summary>
    static List<(double Mean, double Error)> Gains(
        List<Meeting> meetings,
        List<int> dimensions,
        List<(int Better, int Other)> pairs
    )
    {
        var all = new Chances();
        var parts = dimensions.ToDictionary(d => d, _ => new Chances());
        var together = pairs.ConvertAll(_ => new Chances());
        var sums = new (double Sum, double Squares)[pairs.Count > 0 ? pairs.Count : dimensions.Count];
        var judged = 0;
        for (int at = 0, next; at < meetings.Count; at = next)
        {
            // What starts at one moment does not know of each other.
            for (next = at; next < meetings.Count && meetings[next].At == meetings[at].At; next++)
            {
                if (next >= meetings.Count / 2 && all.Of(0, meetings[next].Partner, 0, 0) is > 0 and var share)
                    Judge(meetings[next], share);
            }
            for (var i = at; i < next; i++)
                Take(meetings[i]);
        }
        return [.. sums.Select(sum => (sum.Sum / Math.Max(1, judged), Math.Sqrt(sum.Squares) / Math.Max(1, judged)))];

        void Judge(Meeting meeting, double share)
        {
            judged++;
            var (_, partner, values) = meeting;
            for (var i = 0; i < sums.Length; i++)
            {
                var better = pairs.Count > 0 ? pairs[i].Better : dimensions[i];
                if (values[better] < 0)
                    continue;
                var alone = parts[better].Of(values[better], partner, share, 1);
                var gain =
                    pairs.Count == 0 ? Elementary.Log2(alone / share)
                    : Key(values, pairs[i]) is { } key ? Elementary.Log2(together[i].Of(key, partner, alone, Caution) / alone)
                    : 0;
                sums[i] = (sums[i].Sum + gain, sums[i].Squares + gain * gain);
            }
        }

        void Take(Meeting meeting)
        {
            var (_, partner, values) = meeting;
            all.Add(0, partner);
            foreach (var d in dimensions.Where(d => values[d] >= 0))
                parts[d].Add(values[d], partner);
            for (var i = 0; i < pairs.Count; i++)
            {
                if (Key(values, pairs[i]) is { } key)
                    together[i].Add(key, partner);
            }
        }
    }

    static long? Key(int[] values, (int Left, int Right) pair) =>
        (values[pair.Left], values[pair.Right]) is (>= 0 and var left, >= 0 and var right) ? ValueKeys.Of(left, right) : null;

    /// <summary>How often partners were met under each key, and the chance that the next one there is a partner.</summary>
    sealed class Chances
    {
        readonly Dictionary<(long Key, int Partner), int> _met = [];
        readonly Dictionary<long, (int Meetings, int Partners)> _all = [];

        public void Add(long key, int partner)
        {
            ref var met = ref CollectionsMarshal.GetValueRefOrAddDefault(_met, (key, partner), out var isKnown);
            met++;
            ref var all = ref CollectionsMarshal.GetValueRefOrAddDefault(_all, key, out _);
            all = (all.Meetings + 1, isKnown ? all.Partners : all.Partners + 1);
        }

        /// <summary>The chance of a partner, 0 to 1.</summary>
        /// <param name="key">Under which partners were met.</param>
        /// <param name="partner">The partner.</param>
        /// <param name="otherwise">Its chance where nobody was met.</param>
        /// <param name="caution">How often each partner that was met there counts as somebody new.</param>
        public double Of(long key, int partner, double otherwise, double caution)
        {
            var (meetings, partners) = _all.GetValueOrDefault(key);
            var isNew = caution * partners;
            return meetings == 0 ? otherwise : (_met.GetValueOrDefault((key, partner)) + isNew * otherwise) / (meetings + isNew);
        }
    }
}
