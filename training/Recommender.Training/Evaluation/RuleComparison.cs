using Recommender.Capabilities.Conflicts;
using Recommender.Capabilities.Registrations;
using Recommender.CoSell;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Training;

/// <summary>Something that happened and would have gone otherwise under other rules.</summary>
/// <param name="What">engagement, registration or conflict.</param>
/// <param name="At">When it happened, UTC.</param>
/// <param name="Id">Of the deal or the registration; of a conflict the account.</param>
/// <param name="AccountId">The account.</param>
/// <param name="PartnerId">The partner; null of a conflict without one.</param>
/// <param name="Before">What the rules that it is compared with say of it.</param>
/// <param name="After">What the new ones say.</param>
sealed record ChangedByRules(
    string What,
    DateTime At,
    string Id,
    string AccountId,
    string? PartnerId,
    string Before,
    string After
);

/// <summary>The same count under the rules that are compared.</summary>
/// <param name="Before">Under those that it is compared with.</param>
/// <param name="After">Under the new ones.</param>
sealed record BeforeAndAfter(double Before, double After);

/// <summary>
/// What a set of rules would have changed in a span of the past, beside another: facts are walked in their order, and those of an instant
/// are judged by what was known before it. Rules that begin within the span, or later, count as begun on both sides.
/// </summary>
sealed class RuleComparison
{
    readonly RuleSet _before;
    readonly RuleSet _after;
    readonly DateTime _from;
    readonly HistoryState _state;
    readonly List<ChangedByRules> _changed = [];
    readonly HashSet<OpportunityId> _seen = [];
    readonly Dictionary<OpportunityId, List<Engagement>> _waiting = [];
    readonly int[] _leftOut = new int[2];
    readonly int[] _nobody = new int[2];
    readonly int[] _deals = new int[2];
    readonly Dictionary<string, int[]> _verdicts = new()
    {
        ["clear"] = new int[2],
        ["review"] = new int[2],
        ["conflict"] = new int[2],
    };
    readonly int[] _approved = new int[2];

    RuleComparison(RuleSet before, RuleSet after, DateTime from, HistoryState state) =>
        (_before, _after, _from, _state) = (before, after, from, state);

    /// <summary>From when on it was looked at, inclusive, UTC.</summary>
    public DateTime From => _from;

    /// <summary>Until when, exclusive, UTC.</summary>
    public DateTime To { get; private init; }

    /// <summary>How many partners were brought into a deal.</summary>
    public int Engagements { get; private set; }

    /// <summary>How many of them a rule would have left out.</summary>
    public BeforeAndAfter EngagementsLeftOut => Pair(_leftOut);

    /// <summary>How many deals were opened.</summary>
    public int Deals { get; private set; }

    /// <summary>How many partners a rule left out of the ranking of such a deal, the mean.</summary>
    public BeforeAndAfter PartnersLeftOutOfADeal => new(Mean(_deals[0]), Mean(_deals[1]));

    /// <summary>For how many of them no partner was left.</summary>
    public BeforeAndAfter DealsWithoutPartners => Pair(_nobody);

    /// <summary>How many registrations were submitted.</summary>
    public int Registrations { get; private set; }

    /// <summary>How many more were, whose partner or account was not known then: nobody could have judged them.</summary>
    public int RegistrationsUnknown { get; private set; }

    /// <summary>What their check came to when they were.</summary>
    public IReadOnlyDictionary<string, BeforeAndAfter> Verdicts =>
        _verdicts.ToDictionary(pair => pair.Key, pair => Pair(pair.Value));

    /// <summary>How many of them would have been approved at once.</summary>
    public BeforeAndAfter ApprovedAtOnce => Pair(_approved);

    /// <summary>How many conflicts stand at the end.</summary>
    public BeforeAndAfter Conflicts { get; private set; } = new(0, 0);

    /// <summary>What would have gone otherwise, in the order in which it happened.</summary>
    public IReadOnlyList<ChangedByRules> Changed => _changed;

    /// <summary>Compares.</summary>
    /// <param name="facts">The history.</param>
    /// <param name="before">What it is compared with.</param>
    /// <param name="after">The new rules.</param>
    /// <param name="from">From when on, inclusive, UTC.</param>
    /// <param name="to">Until when, exclusive, UTC.</param>
    /// <param name="told">Told how far it is, 0 to 1.</param>
    public static RuleComparison Of(
        FactSource facts,
        RuleSet before,
        RuleSet after,
        DateTime from,
        DateTime to,
        Action<double> told
    )
    {
        // Its fold keeps what rules ask; no model is asked.
        var ranker = new PartnerRanker(fit: null, win: null);
        var comparison = new RuleComparison(before.AsIfBegun(from), after.AsIfBegun(from), from, ranker.State) { To = to };
        foreach (var instant in facts.Instants(to))
        {
            comparison.Take(instant, ranker);
            told(Math.Max(0, (instant[0].AppliedAt - from) / (to - from)));
        }
        comparison.JudgeConflicts(to);
        return comparison;
    }

    static BeforeAndAfter Pair(int[] counts) => new(counts[0], counts[1]);

    double Mean(int sum) => Deals == 0 ? 0 : Math.Round((double)sum / Deals, 2);

    /// <summary>Judges what happened at an instant by what was known before, but for who its accounts and partners are; then takes it in.</summary>
    void Take(IReadOnlyList<DatedFact> instant, PartnerRanker ranker)
    {
        foreach (var fact in instant.Where(FactSource.IsMaster))
            ranker.Apply(fact);
        foreach (
            var fact in instant.Where(fact =>
                fact.Kind == FactKind.Engagement && (fact.IsRetraction || fact.Replaced is not null)
            )
        )
            Correct((Engagement)fact.Noun, isGone: fact.IsRetraction);
        Judge([.. instant.Where(fact => fact is { IsRetraction: false, Replaced: null })], instant[0].AppliedAt);
        foreach (var fact in instant.Where(fact => !FactSource.IsMaster(fact)))
            ranker.Apply(fact);
    }

    /// <summary>What waits for its deal waits as it stands.</summary>
    void Correct(Engagement engagement, bool isGone)
    {
        foreach (var waiting in _waiting.Values)
        {
            if (waiting.RemoveAll(one => one.Id == engagement.Id) > 0 && !isGone)
                waiting.Add(engagement);
        }
    }

    void Judge(List<DatedFact> news, DateTime at)
    {
        var isIn = at >= _from;
        var deals = new Dictionary<OpportunityId, Opportunity>();
        foreach (var deal in news.Where(fact => fact.Kind == FactKind.OpportunityCreated).Select(fact => (Opportunity)fact.Noun))
        {
            deals[deal.Id] = deal;
            if (isIn)
                Judge(deal, at);
            // One that was known before its deal waits for it, as in the fold.
            _waiting.Remove(deal.Id, out var waited);
            foreach (var one in isIn ? waited ?? [] : [])
                Judge(one, deal, at);
        }
        foreach (var one in news.Where(fact => fact.Kind == FactKind.Engagement).Select(fact => (Engagement)fact.Noun))
        {
            if (one.IsWithdrawn)
                continue;
            if ((deals.GetValueOrDefault(one.OpportunityId) ?? _state.FindOpportunity(one.OpportunityId)) is not { } deal)
                _waiting[one.OpportunityId] = [.. _waiting.GetValueOrDefault(one.OpportunityId) ?? [], one];
            else if (isIn)
                Judge(one, deal, at);
        }
        if (!isIn)
            return;
        var submitted = news.Select(fact => fact.Noun)
            .OfType<RegistrationStep>()
            .Where(step => step.Kind == "submitted")
            .ToDictionary(step => step.RegistrationId);
        foreach (
            var row in news.Where(fact => fact.Kind == FactKind.RegistrationSubmitted).Select(fact => (DealRegistration)fact.Noun)
        )
            Judge(row, submitted.GetValueOrDefault(row.Id), at);
    }

    /// <summary>A partner that was brought in: would a rule have left it out?</summary>
    void Judge(Engagement engagement, Opportunity deal, DateTime at)
    {
        Engagements++;
        var why = Both(rules => rules.Excluded(_state, new(at, deal), engagement.PartnerId) is [var left, ..] ? left : null);
        for (var r = 0; r < 2; r++)
            _leftOut[r] += why[r] is null ? 0 : 1;
        static string TextOf(ExcludedPartner? left) =>
            left is null ? "may be brought in" : $"left out by {left.Rule}: {left.Detail}";
        if (why[0]?.Rule != why[1]?.Rule)
            Add("engagement", at, deal.Id.Value, deal.AccountId, engagement.PartnerId, TextOf(why[0]), TextOf(why[1]));
    }

    /// <summary>A registration that was submitted: what would its check have said?</summary>
    void Judge(DealRegistration row, RegistrationStep? submitted, DateTime at)
    {
        var checks = Both(rules => RegistrationCheck.Of(_state, rules, row, submitted, at));
        if (checks[0] is null || checks[1] is null)
        {
            RegistrationsUnknown++;
            return;
        }
        Registrations++;
        var texts = new string[2];
        for (var r = 0; r < 2; r++)
        {
            var check = checks[r]!;
            _verdicts[check.Verdict][r]++;
            var isApproved = check is { Verdict: "clear", Policy.AutoApprove: not null };
            _approved[r] += isApproved ? 1 : 0;
            texts[r] =
                isApproved ? $"approved at once by {check.Policy.AutoApprove}"
                : check.Grounds.FirstOrDefault(ground => ground.IsConflict == (check.Verdict == "conflict")) is { } ground
                    ? $"{check.Verdict} by {ground.Rule}: {ground.Sentence}"
                : check.Verdict;
            texts[r] += FormattableString.Invariant(
                $", decided within {check.Policy.Review.TotalHours:0.#} h, protected for {check.Policy.Protection.TotalDays:0.#} days"
            );
        }
        if (texts[0] != texts[1])
            Add("registration", at, row.Id, row.AccountId, row.PartnerId, texts[0], texts[1]);
    }

    /// <summary>A deal that was opened: how many partners would its ranking have left out?</summary>
    void Judge(Opportunity deal, DateTime at)
    {
        if (_state.FindAccount(deal.AccountId) is null || !_seen.Add(deal.Id))
            return;
        Deals++;
        var left = Both(rules => rules.Excluded(_state, new(at, deal)).Count);
        for (var r = 0; r < 2; r++)
        {
            _deals[r] += left[r];
            _nobody[r] += left[r] > 0 && left[r] == Partners() ? 1 : 0;
        }
    }

    int Partners() => Enumerable.Range(0, _state.PartnerCount).Count(partner => _state.FindPartner(partner) is not null);

    void JudgeConflicts(DateTime to)
    {
        var counts = new int[2];
        foreach (var account in _state.Accounts)
        {
            var found = Both(rules => ConflictFinder.Of(_state, rules, account.Id, to));
            for (var r = 0; r < 2; r++)
                counts[r] += found[r].Count;
            foreach (
                var (mine, other, isNew) in ((IReadOnlyList<FoundConflict>, IReadOnlyList<FoundConflict>, bool)[])
                    [(found[0], found[1], false), (found[1], found[0], true)]
            )
            {
                foreach (var one in mine.Where(one => other.All(two => two.Key != one.Key)))
                    Add(
                        "conflict",
                        to,
                        account.Id.Value,
                        account.Id,
                        one.Other,
                        isNew ? "none" : $"{one.Kind} by {one.Rule}: {one.Sentence}",
                        isNew ? $"{one.Kind} by {one.Rule}: {one.Sentence}" : "none"
                    );
            }
        }
        Conflicts = Pair(counts);
    }

    T[] Both<T>(Func<RuleSet, T> judge) => [judge(_before), judge(_after)];

    void Add(string what, DateTime at, string id, AccountId account, PartnerId? partner, string before, string after) =>
        _changed.Add(new(what, at, id, account.Value, partner?.Value, before, after));
}
