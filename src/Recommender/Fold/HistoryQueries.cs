using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>A partner's engagements in one industry, and the outcomes that count.</summary>
public sealed record PartnerRecord(string Value, int Engagements, int Won, int Lost);

/// <summary>What a partner did so far. Won and lost count deals whose outcome matured.</summary>
public sealed record PartnerHistory(Partner? Row, int Engagements, int Won, int Lost, IReadOnlyList<PartnerRecord> Industries);

/// <summary>What is asked of the fold.</summary>
public sealed partial class HistoryState
{
    /// <summary>The account's row as last seen, or null if unknown.</summary>
    public Account? FindAccount(AccountId id) => FindAccountState(id)?.Row;

    /// <summary>The partner's row as last seen, or null if unknown.</summary>
    public Partner? FindPartner(PartnerId id) => _partners.Find(id.Value) is >= 0 and var at ? PartnerStates[at].Row : null;

    /// <summary>The opportunity's row as last seen, or null if unknown.</summary>
    public Opportunity? FindOpportunity(OpportunityId id) => FindOpportunityState(id)?.Row;

    /// <summary>The partner's id.</summary>
    /// <param name="partner">0 to <see cref="PartnerCount"/> - 1.</param>
    public PartnerId PartnerId(int partner) => PartnerStates[partner].Id;

    /// <summary>The partner's number, or -1 if unknown.</summary>
    public int IndexOfPartner(PartnerId id) => _partners.Find(id.Value);

    /// <summary>Accounts known, in the order in which they came.</summary>
    public IEnumerable<Account> Accounts =>
        AccountStates.Where(account => account.Row is not null).Select(account => account.Row!);

    /// <summary>Ids of accounts, known or only named, in the order in which they came.</summary>
    /// <param name="first">How many to pass over.</param>
    /// <param name="count">How many at most.</param>
    public IEnumerable<AccountId> AccountIds(int first, int count)
    {
        for (var at = first; at < Math.Min(first + count, AccountStates.Count); at++)
            yield return AccountStates[at].Id;
    }

    /// <summary>The accounts and the deals that facts have something to say of, or had.</summary>
    public (IReadOnlySet<AccountId> Accounts, IReadOnlySet<OpportunityId> Deals) ConcernedBy(IEnumerable<DatedFact> facts)
    {
        var (accounts, deals) = (new HashSet<AccountId>(), new HashSet<OpportunityId>());
        foreach (var fact in facts)
        {
            foreach (var noun in (object?[])[fact.Noun, fact.Replaced])
            {
                var (account, deal) = noun is null ? default : FactTables.Of(fact.Kind).ConcernsOf(noun);
                if (deal is { } id)
                    deals.Add(id);
                if ((account ?? (deal is { } of ? FindOpportunity(of)?.AccountId : null)) is { } one)
                    accounts.Add(one);
            }
        }
        return (accounts, deals);
    }

    /// <summary>Accounts whose name or id holds <paramref name="text"/>, those whose name begins with it first, then by name and id.</summary>
    /// <param name="text">What to look for, as people look for it: without accents or in Latin letters, whatever the case and the blanks.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<Account> FindAccounts(string text, int limit) =>
        Best(Names.Find(text).Select(index => AccountStates[index].Row!), row => (row.Name, row.Id.Value), text, limit);

    /// <summary>Partners whose name or id holds <paramref name="text"/>, in the order of <see cref="FindAccounts"/>.</summary>
    /// <param name="text">What to look for, whatever the case.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<Partner> FindPartners(string text, int limit) =>
        Best(PartnerNames.Find(text).Select(index => PartnerStates[index].Row!), row => (row.Name, row.Id.Value), text, limit);

    static List<T> Best<T>(IEnumerable<T> rows, Func<T, (string? Name, string Id)> called, string text, int limit)
    {
        // The worst of the best so far comes out first.
        var best = new PriorityQueue<T, (bool IsMiddle, string Name, string Id)>(_worstFirst);
        var sought = Spellings.Of(text);
        bool Begins(string name) =>
            Spellings.Of(name).Any(spelling => sought.Any(one => spelling.StartsWith(one, StringComparison.Ordinal)));
        foreach (var row in rows)
        {
            var (name, id) = called(row);
            var order = (!Begins(name ?? ""), name ?? "", id);
            if (best.Count < limit)
                best.Enqueue(row, order);
            else
                best.EnqueueDequeue(row, order);
        }
        var found = new List<T>(best.Count);
        while (best.TryDequeue(out var row, out _))
            found.Add(row);
        found.Reverse();
        return found;
    }

    static readonly Comparer<(bool IsMiddle, string Name, string Id)> _worstFirst = Comparer<(
        bool IsMiddle,
        string Name,
        string Id
    )>.Create(
        (x, y) =>
            y.IsMiddle != x.IsMiddle ? y.IsMiddle.CompareTo(x.IsMiddle)
            : StringComparer.OrdinalIgnoreCase.Compare(y.Name, x.Name) is var names && names != 0 ? names
            : string.CompareOrdinal(y.Id, x.Id)
    );

    /// <summary>When the account's first deal was created; null if it had none.</summary>
    public DateTime? FirstDealOf(AccountId accountId) =>
        FindAccountState(accountId) is { Opportunities: > 0 } account ? account.FirstOpportunityAt : null;

    /// <summary>When the partner first engaged; null if it never did.</summary>
    public DateTime? FirstEngagementOf(int partner) =>
        PartnerStates[partner] is { Counts.Engagements: > 0 } state ? state.FirstEngagementAt : null;

    /// <summary>What the partner is called: its name, or its id.</summary>
    public string NameOf(PartnerId id) => FindPartner(id)?.Name ?? id.Value;

    /// <summary>The partner's row; null if only its engagements are known.</summary>
    public Partner? FindPartner(int partner) => PartnerStates[partner].Row;

    /// <summary>How many engagements the partner has had, and when the last started.</summary>
    public (int Count, DateTime LastAt) EngagementsOf(int partner) =>
        (PartnerStates[partner].Counts.Engagements, PartnerStates[partner].LastEngagementAt);

    /// <summary>What the partner did so far, by industry; null if it is not known.</summary>
    public PartnerHistory? RecordOf(PartnerId partnerId)
    {
        if (_partners.Find(partnerId.Value) is not (>= 0 and var partner))
            return null;
        var (state, industry) = (PartnerStates[partner], Settings.IndexOfDimension("industry"));
        var industries = new List<PartnerRecord>();
        foreach (var (value, known) in industry < 0 ? [] : Dimensions[industry])
        {
            if (known.Partners.TryGet(partner, out var counts) && counts.Engagements > 0)
                industries.Add(new(Categories[(int)value], counts.Engagements, counts.Won, counts.Lost));
        }
        return new(
            state.Row,
            state.Counts.Engagements,
            state.Counts.Won,
            state.Counts.Lost,
            [.. industries.OrderByDescending(row => row.Engagements).ThenBy(row => row.Value, StringComparer.Ordinal)]
        );
    }

    /// <summary>True if the partner has worked with the account.</summary>
    public bool HaveWorkedTogether(int partner, AccountId accountId) =>
        FindAccountState(accountId)?.Pairs is { } pairs && pairs.TryGet(partner, out var pair) && pair.Engagements > 0;

    /// <summary>Accounts that a partner holds too, or held, in the order in which the accounts came.</summary>
    public IEnumerable<AccountOverlap> OverlapsOf(PartnerId partnerId) =>
        IndexOfPartner(partnerId) is >= 0 and var partner
            ? AccountStates.SelectMany(account => OverlapsOf(account, partner))
            : [];

    /// <summary>What a partner holds, or held, of an account.</summary>
    public IReadOnlyList<AccountOverlap> OverlapsOf(PartnerId partnerId, AccountId accountId) =>
        IndexOfPartner(partnerId) is >= 0 and var partner && FindAccountState(accountId) is { } account
            ? OverlapsOf(account, partner)
            : [];

    static AccountOverlap[] OverlapsOf(AccountState account, int partner) =>
        account.Pairs is { } pairs && pairs.TryGet(partner, out var pair) ? pair.Overlaps ?? [] : [];

    /// <summary>What an account is to us: customer if it bought, open_opportunity if it may, prospect otherwise.</summary>
    public string PopulationOf(AccountId accountId)
    {
        if (FindAccountState(accountId) is not { } account)
            return "prospect";
        var population = "prospect";
        foreach (var deal in DealsOf(account))
        {
            if (deal.Outcome == Outcome.Won)
                return "customer";
            if (deal.IsOpen)
                population = "open_opportunity";
        }
        return population;
    }

    /// <summary>What was merged into an account: the names and domains that it had.</summary>
    public IReadOnlyList<Alias> MergedInto(AccountId accountId) => FindAccountState(accountId)?.Merged ?? [];

    /// <summary>What a partner is called now: itself, or what it was merged into.</summary>
    public PartnerId NowCalled(PartnerId id) => Merges.Last(FactTables.Partners, id.Value);

    /// <summary>The partners engaged on the opportunity, by number, in the order in which they were known.</summary>
    public IReadOnlyList<int> PartnersOn(OpportunityId opportunityId)
    {
        if (FindOpportunityState(opportunityId) is not { Engagements.Length: > 0 } deal)
            return _noValues;
        var partners = new List<int>(deal.Engagements.Length);
        for (var e = 0; e < deal.Engagements.Length; e++)
        {
            if (deal.Counts(e))
                partners.Add(deal.Engagements[e].Partner);
        }
        return partners;
    }

    /// <summary>Those of them whose engagement had not ended at a moment.</summary>
    public IReadOnlyList<int> PartnersOn(OpportunityId opportunityId, DateTime asOf)
    {
        var partners = PartnersOn(opportunityId);
        var engagements = FindOpportunityState(opportunityId)?.Engagements ?? [];
        return Array.TrueForAll(engagements, entry => entry.EndsAt > asOf)
            ? partners
            : [.. partners.Where(partner => Array.Exists(engagements, entry => entry.Partner == partner && entry.EndsAt > asOf))];
    }

    /// <summary>True if the deal is open and the partner's work on it has not ended at a moment.</summary>
    public bool WorksOn(PartnerId partnerId, OpportunityId opportunityId, DateTime asOf) =>
        IsOpen(opportunityId) && FindOpportunityState(opportunityId)!.EndOf(IndexOfPartner(partnerId)) > asOf;

    /// <summary>How many open deals the partner works on at a moment.</summary>
    public int OpenDealsOf(PartnerId partnerId, DateTime asOf) =>
        IndexOfPartner(partnerId) is >= 0 and var at ? PartnerStates[at].OpenDealsAt(asOf) : 0;

    /// <summary>The account's deals that are open, newest first.</summary>
    public IEnumerable<Opportunity> OpenDealsOf(AccountId accountId) =>
        FindAccountState(accountId) is { } account ? DealsOf(account).Where(IsOpen).Select(deal => deal.Row) : [];

    /// <summary>All deals that are open, in the order in which they came.</summary>
    public IEnumerable<Opportunity> OpenDeals => OpportunityStates.Where(IsOpen).Select(state => state!.Row);

    /// <summary>True if the deal is known and open.</summary>
    public bool IsOpen(OpportunityId opportunityId) => IsOpen(FindOpportunityState(opportunityId));

    static bool IsOpen(OpportunityState? state) => state is { IsOpen: true };

    /// <summary>For how many days past their expected close deals are told apart, at least.</summary>
    public static IReadOnlyList<int> OverdueDays { get; } = [0, 30, 90, 180, 365];

    /// <summary>By <see cref="OverdueDays"/>, deals that closed so many days past their expected close or later, and how many were won.</summary>
    public IReadOnlyList<(int Closed, int Won)> ClosedPastExpected => Outcomes.PastExpected;

    /// <summary>What a deal is worth in a currency at the day it was created; null if it has no amount or there is no rate.</summary>
    /// <param name="deal">The deal.</param>
    /// <param name="currency">An ISO 4217 code; null for the amount as it stands.</param>
    public double? WorthOf(Opportunity deal, string? currency) =>
        Rates.Convert(deal.Amount, deal.Currency, currency, deal.CreatedAt);

    internal AccountState? FindAccountState(AccountId id) =>
        _accounts.Find(id.Value) is >= 0 and var at ? AccountStates[at] : null;

    internal OpportunityState? FindOpportunityState(OpportunityId id) =>
        id.Value.Length > 0 && _opportunities.Find(id.Value) is >= 0 and var at ? OpportunityStates[at] : null;
}
