using Recommender.CoSell;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Leads;

/// <summary>A lead, and what it is routed by.</summary>
/// <param name="Ranker">The models, over the fold.</param>
/// <param name="Rules">The rules that hold.</param>
/// <param name="Policy">The policy that holds.</param>
/// <param name="Lead">The lead.</param>
/// <param name="Account">Its account; need not be in the fold.</param>
/// <param name="Now">The moment, UTC.</param>
public sealed record RouteQuestion(
    PartnerRanker Ranker,
    RuleSet Rules,
    RoutingPolicy Policy,
    Lead Lead,
    Account Account,
    DateTime Now
)
{
    /// <summary>Who was offered it since a person last had it routed.</summary>
    public IReadOnlyCollection<Assignee> Before { get; init; } = [];

    /// <summary>Who declined it: never asked again.</summary>
    public IReadOnlyCollection<Assignee> Declined { get; init; } = [];

    /// <summary>The lead's amount in the base currency, which the models compare; null if there is no amount or no rate.</summary>
    public double? AmountInBase =>
        Ranker.State.Rates.Convert(Lead.Amount, Lead.Currency, Ranker.State.Settings.BaseCurrency, Now);

    /// <summary>What was worked out before; used if nothing that it rests on has changed. Null for nothing.</summary>
    public PreparedChances? Prepared { get; init; }
}

/// <summary>
/// The numbers of all partners for a lead, worked out beside the writer's thread, which they take longer than all the rest. They hold as long as
/// no fact came that a ranking sees, and rules and models are the same.
/// </summary>
public sealed class PreparedChances
{
    readonly RouteQuestion _of;
    readonly long _facts;
    readonly DateTime _maturedUntil;
    readonly bool _withFit;
    readonly PartnerChances _chances;

    // Registrations, certifications and declines end with time.
    static readonly TimeSpan _fresh = TimeSpan.FromSeconds(2);

    bool IsBetween(DateTime? at, RouteQuestion question) => at > _of.Now && at <= question.Now;

    internal PreparedChances(RouteQuestion of, bool withFit, PartnerChances chances)
    {
        var state = of.Ranker.State;
        (_of, _withFit, _chances) = (of, withFit, chances);
        (_facts, _maturedUntil) = (state.RankedFacts, state.MaturedUntil);
    }

    /// <summary>The numbers, if they are those of a question; else null.</summary>
    internal PartnerChances? For(RouteQuestion question, bool withFit)
    {
        var state = question.Ranker.State;
        return
            question.Now - _of.Now < _fresh
            && !question.Rules.Rules.Any(rule => IsBetween(rule.From, question) || IsBetween(rule.To, question))
            && ReferenceEquals(question.Ranker, _of.Ranker)
            && ReferenceEquals(question.Rules, _of.Rules)
            && (state.RankedFacts, state.MaturedUntil) == (_facts, _maturedUntil)
            && (question.Lead.Product, question.Lead.Amount, question.Lead.Currency)
                == (_of.Lead.Product, _of.Lead.Amount, _of.Lead.Currency)
            && (
                ReferenceEquals(question.Account, _of.Account)
                || state.FindAccount(question.Account.Id) is null && question.Account with { Id = _of.Account.Id } == _of.Account
            )
            && (_withFit || !withFit)
            ? _chances
            : null;
    }
}

/// <summary>Who gets a lead.</summary>
/// <param name="Line">In the order in which they are asked; empty if nobody is left.</param>
/// <param name="Trace">Why.</param>
public sealed record RouteAnswer(IReadOnlyList<CandidateNumbers> Line, IReadOnlyList<TraceStep> Trace);

/// <summary>
/// Who gets a lead: a plain function of the fold, the models, the rules and the policy. Gates leave out who may not have it, each for one
/// reason, partners whose lift is not sure enough among them; of the others the likeliest to win goes first, and those who are nearly equal
/// take turns.
/// </summary>
public sealed class LeadRouter
{
    const double Smoothing = 3;
    static readonly TimeSpan _lately = TimeSpan.FromDays(30);
    static readonly TimeSpan _owns = TimeSpan.FromDays(365);
    readonly RouteQuestion _question;
    readonly HistoryState _state;
    readonly LeadSteps _steps;
    readonly RepRows _reps;
    readonly AccountState _account;
    readonly List<Assignee> _left = [];
    readonly List<TraceStep> _trace = [];
    PartnerChances _chances = null!;

    LeadRouter(RouteQuestion question)
    {
        (_question, _state) = (question, question.Ranker.State);
        (_steps, _reps) = (LeadsCapability.StepsOf(_state), LeadsCapability.RepsOf(_state));
        _account = _state.FindAccountState(question.Account.Id) is { Row: not null } known
            ? known
            : _state.Imagine(question.Account);
    }

    RoutingPolicy Policy => _question.Policy;

    Lead Lead => _question.Lead;

    /// <summary>Routes.</summary>
    public static RouteAnswer Route(RouteQuestion question) => new LeadRouter(question).Route();

    /// <summary>Who of ours may be offered leads: those of the table of reps; without one, who owned a deal in the last year.</summary>
    internal static IEnumerable<string> RepsOf(HistoryState state, DateTime now)
    {
        var reps = LeadsCapability.RepsOf(state).All.ToList();
        return reps.Count > 0
            ? reps.Where(rep => rep.LeftAt is null || rep.LeftAt > now).Select(rep => rep.Id)
            : state
                .Sellers.There.Where(seller => seller.LastAt >= now - _owns || seller.Open > 0)
                .Select(seller => seller.Name)
                .Order(StringComparer.Ordinal);
    }

    /// <summary>How many leads somebody has: offered, or accepted within the days of the policy and no deal yet.</summary>
    internal static int OpenLeadsOf(HistoryState state, RoutingPolicy policy, Assignee who, DateTime now) =>
        LeadsCapability.StepsOf(state).To(who)?.Held.CountSince(now.AddDays(-policy.OpenDays)) ?? 0;

    RouteAnswer Route()
    {
        var withFit = NeedsFit;
        _chances = _question.Prepared?.For(_question, withFit) ?? Compare(withFit);
        var partners = _chances
            .Partners.Select(one => one.PartnerId)
            .Concat(_chances.Excluded.Select(one => new PartnerId(one.PartnerId)))
            .Select(Assignee.Partner);
        _left.AddRange([.. partners, .. RepsOf(_state, _question.Now).Select(Assignee.Rep)]);
        _trace.Add(new("candidates", null, _left.Count, 0));
        AskConsent();
        AskRules();
        var isForPartners = AskClass();
        AskReps();
        AskCapacity();
        Drop(
            "offered_before",
            null,
            who =>
                _question.Declined.Contains(who) ? "It declined this lead"
                : _question.Before.Contains(who) ? "It was offered this lead before"
                : null
        );
        return new(Choose(isForPartners), _trace);
    }

    /// <summary>Works out beforehand what takes longest.</summary>
    public static PreparedChances Prepare(RouteQuestion question)
    {
        var router = new LeadRouter(question);
        var withFit = router.NeedsFit;
        return new(question, withFit, router.Compare(withFit));
    }

    /// <summary>Where chances are equal it decides, and nothing else says how well a new partner suits.</summary>
    bool NeedsFit => Policy.NewPartnerShare > 0 || IsForPartners() is not null;

    PartnerChances Compare(bool withFit)
    {
        return _question.Ranker.Compare(
            new(_question.Account.Id, _question.Now)
            {
                Product = Lead.Product,
                Amount = _question.AmountInBase,
                NewAccount = _account.Row,
            },
            _question.Rules,
            withFit
        )!;
    }

    /// <summary>Leaves out all for whom a reason is said; a step that leaves out nobody is not told of.</summary>
    void Drop(string step, string? rule, Func<Assignee, string?> why)
    {
        var dropped = new List<DroppedCandidate>();
        _left.RemoveAll(who =>
        {
            if (why(who) is not { } reason)
                return false;
            dropped.Add(new(who.Type, who.Id, reason));
            return true;
        });
        if (dropped.Count > 0)
            _trace.Add(new(step, rule, _left.Count, dropped.Count) { Dropped = dropped });
    }

    void AskConsent()
    {
        if (Lead.MayShare == false || Policy.NeedsConsent && Lead.MayShare != true)
            Drop(
                "consent",
                Lead.MayShare == false ? null : "needs_consent",
                who =>
                    !who.IsPartner ? null
                    : Lead.MayShare == false ? "The lead must not be passed to partners"
                    : "Nobody said that the lead may be passed to partners"
            );
    }

    /// <summary>Partners that the ranking leaves out: by rules of the company, because they are the customer, or declined.</summary>
    void AskRules()
    {
        foreach (var rule in _chances.Excluded.GroupBy(one => one.Rule))
        {
            var why = rule.ToDictionary(one => Assignee.Partner(one.PartnerId), one => one.Detail);
            Drop("rules", rule.Key, why.GetValueOrDefault);
        }
    }

    /// <summary>True if the account is sold by partners only.</summary>
    bool AskClass()
    {
        if (IsForPartners() is not { } rule)
            return false;
        Drop("account_class", rule.Id, who => who.IsPartner ? null : rule.Detail ?? "The account is sold by partners");
        return true;
    }

    /// <summary>The rule that has the account sold by partners only; null if none does.</summary>
    Rule? IsForPartners()
    {
        var concerned = _question.Rules.About(_account.Row!, _account.Merged, Lead.Product, _question.Now);
        return concerned?.Find(rule => rule.Class is not null) is { Class: "partner" } rule
            ? rule
            : concerned?.Find(rule => rule.Kind == "partner_only");
    }

    void AskReps()
    {
        var row = _account.Row!;
        Drop(
            "territory",
            null,
            who =>
                RepOf(who) is not { Regions: { } regions } || row.Region is null && row.Country is null ? null
                : row.Region is { } region && Values.Hold(regions, region) ? null
                : row.Country is { } country && Values.Hold(regions, country) ? null
                : $"{row.Region ?? row.Country} is outside its territory"
        );
        Drop(
            "territory",
            "industries",
            who =>
                RepOf(who) is not { Industries: { } industries } || row.Industry is null ? null
                : row.Industry.Split('|').Any(one => Values.Hold(industries, one)) ? null
                : $"It does not sell to {row.Industry.Replace("|", ", ", StringComparison.Ordinal)}"
        );
        Drop(
            "product",
            null,
            who =>
                RepOf(who) is not { Products: { } products } || Lead.Product is null || Values.Hold(products, Lead.Product)
                    ? null
                    : $"It does not sell {Lead.Product}"
        );
    }

    void AskCapacity() =>
        Drop(
            "capacity",
            null,
            who =>
                LimitOf(who) is { } limit && OpenLeadsOf(_state, Policy, who, _question.Now) is var open && open >= limit
                    ? FormattableString.Invariant($"It has {Format.Count(open, "open lead")}; its limit is {limit}")
                    : null
        );

    void AskHours()
    {
        if (!Policy.AtWorkOnly)
            return;
        var away = _left.Where(who => Policy.HoursIn(RepOf(who)?.TimeZone)?.Hold(_question.Now) == false).ToHashSet();
        if (away.Count < _left.Count)
            Drop("working_hours", "at_work_only", who => away.Contains(who) ? "It does not work now" : null);
    }

    Rep? RepOf(Assignee who) => who.IsPartner ? null : _reps.Find(who.Id);

    int? LimitOf(Assignee who) => who.IsPartner ? Policy.PartnerOpenLeads : (int?)RepOf(who)?.OpenLeads ?? Policy.RepOpenLeads;

    /// <summary>Who is asked, in which order.</summary>
    List<CandidateNumbers> Choose(bool isForPartners)
    {
        var giver = Lead.PartnerId is { } from ? Assignee.Partner(from) : (Assignee?)null;
        var newcomer = Newcomer();
        var chances = _chances.Partners.ToDictionary(one => Assignee.Partner(one.PartnerId));
        if (!isForPartners)
            Drop(
                "lift",
                "lift_above",
                who =>
                    !who.IsPartner || who == giver || who == newcomer || chances[who].LiftLow > Policy.LiftAbove ? null
                    : chances[who].LiftLow is { } low
                        ? FormattableString.Invariant(
                            $"The lower end of its lift is {100 * low:+0.0;-0.0;0} points; above {100 * Policy.LiftAbove:0.#} is asked for"
                        )
                    : "Nothing is known of its lift"
            );
        AskHours();
        var (partners, reps) = (_left.FindAll(who => who.IsPartner), _left.FindAll(who => !who.IsPartner));
        var line = new List<CandidateNumbers>(_left.Count);
        foreach (var first in (Assignee?[])[giver, newcomer])
        {
            if (first is { } who && partners.Remove(who))
                line.Add(NumbersOf(chances[who]));
        }
        var ofReps = new RepChances(_state, _account, Lead.Product);
        var ofPartners = partners.Select(who => NumbersOf(chances[who]));
        var numbersOfReps = reps.Select(who => NumbersOf(who, ofReps));
        if (Policy.Choice == "likeliest")
            line.AddRange(InTurn([.. ofPartners, .. numbersOfReps], chances));
        else
            line.AddRange([.. InTurn([.. ofPartners], chances), .. InTurn([.. numbersOfReps], chances)]);
        _trace.Add(
            new("choice", RuleOf(line, giver, newcomer, isForPartners), line.Count, 0)
            {
                Numbers = line,
                Text = TextOf(line, giver, newcomer, isForPartners),
            }
        );
        return line;
    }

    static string? RuleOf(List<CandidateNumbers> line, Assignee? giver, Assignee? newcomer, bool isForPartners) =>
        line is not [var first, ..] ? null
        : first.Who == giver ? "came_from_partner"
        : first.Who == newcomer ? "new_partner_share"
        : first.Type != "partner" ? "best_rep"
        : isForPartners ? "account_class"
        : "lift_above";

    string TextOf(List<CandidateNumbers> line, Assignee? giver, Assignee? newcomer, bool isForPartners)
    {
        if (line is not [var first, ..])
            return "Nobody is left";
        var chance = first.WinProbability is { } p ? $", chance of winning {Format.Percent(p)}" : "";
        return first.Who == giver ? "The lead came from this partner"
            : first.Who == newcomer ? "It is a new partner's turn"
            : first.Type == "rep" ? $"The rep who is likeliest to win{chance}"
            : isForPartners ? $"The account is sold by partners; this one is likeliest to win{chance}"
            : $"A partner that adds to the chance of winning{chance}, alone {Format.Percent(_chances.WinProbabilityAlone)}";
    }

    /// <summary>The partner without any engagement whose turn it is; null if it is nobody's.</summary>
    Assignee? Newcomer()
    {
        if (Policy.NewPartnerShare <= 0)
            return null;
        // One in so many goes to one of them.
        var between = (int)Math.Floor(1 / Policy.NewPartnerShare) - 1;
        var last = _steps.LastToPartners.Take(between).ToList();
        if (last.Count < between || last.Exists(IsUnproven))
            return null;
        return
            _chances
                .Partners.Where(one => one.IsUnproven && _left.Contains(Assignee.Partner(one.PartnerId)))
                .OrderByDescending(one => one.FitScore)
                .ThenBy(one => one.PartnerId.Value, StringComparer.Ordinal)
                .FirstOrDefault()
                is { } best
            ? Assignee.Partner(best.PartnerId)
            : null;
    }

    bool IsUnproven(LeadStep offer) =>
        _state.IndexOfPartner(offer.To.Id) is >= 0 and var at && _state.PartnerStates[at].Counts.Engagements == 0;

    CandidateNumbers NumbersOf(PartnerChance chance)
    {
        var who = Assignee.Partner(chance.PartnerId);
        return new(who.Type, who.Id, chance.WinProbability, OpenLeadsOf(_state, Policy, who, _question.Now), null)
        {
            Lift = chance.Lift,
            LiftLow = chance.LiftLow,
            LiftHigh = chance.LiftHigh,
            ExpectedValue = chance.WinProbability * Lead.Amount,
            Limit = LimitOf(who),
            IsUnproven = chance.IsUnproven,
            Bonus = BonusOf(chance.PartnerId) is > 0 and var bonus ? bonus : null,
        };
    }

    double BonusOf(PartnerId id)
    {
        if (Policy.ReciprocityBonus <= 0)
            return 0;
        var partner = _state.PartnerStates[_state.IndexOfPartner(id)];
        var (given, received) = (partner.AssistsGiven, partner.AssistsReceived);
        return Policy.ReciprocityBonus * Math.Max(0, (received - given) / (received + given + Smoothing));
    }

    CandidateNumbers NumbersOf(Assignee who, RepChances chances)
    {
        var (probability, deals) = chances.Of(who.Id, _chances.WinProbabilityAlone);
        return new(who.Type, who.Id, probability, OpenLeadsOf(_state, Policy, who, _question.Now), deals)
        {
            ExpectedValue = probability * Lead.Amount,
            Limit = LimitOf(who),
        };
    }

    /// <summary>The likeliest to win first; those who are nearly as likely as the first take turns.</summary>
    List<CandidateNumbers> InTurn(CandidateNumbers[] all, Dictionary<Assignee, PartnerChance> chances)
    {
        double Of(CandidateNumbers one) => (one.WinProbability ?? 0) + (one.Bonus ?? 0);
        double FitOf(CandidateNumbers one) => chances.TryGetValue(one.Who, out var chance) ? chance.FitScore : 0;
        var sorted = all.OrderByDescending(Of).ThenByDescending(FitOf).ThenBy(one => one.Id, StringComparer.Ordinal).ToList();
        var tied = sorted
            .TakeWhile(one => one is { IsOwn: true, WinProbability: not null } && Of(one) >= Of(sorted[0]) - Policy.NearTie)
            .Count();
        if (tied < 2)
            return sorted;
        var turns = sorted
            .Take(tied)
            .Select(one => (One: one, Offers: _steps.To(one.Who)))
            .Select(one =>
                (
                    One: one.One with
                    {
                        OffersLately = one.Offers?.Offers.CountSince(_question.Now - _lately) ?? 0,
                    },
                    LastAt: one.Offers?.Offers.Last ?? DateTime.MinValue
                )
            )
            .OrderBy(one => one.One.OffersLately)
            .ThenBy(one => one.LastAt)
            .Select(one => one.One);
        return [.. turns, .. sorted.Skip(tied)];
    }
}
