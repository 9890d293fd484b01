using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Registrations;

/// <summary>Looks for what speaks against one claim.</summary>
sealed class ClaimReview
{
    const int MostRows = 5;

    // A deal that is older says little of who works with the account now.
    static readonly TimeSpan _workCounts = TimeSpan.FromDays(365);
    readonly HistoryState _state;
    readonly RegistrationClaim _claim;
    readonly PartnerState _partner;
    readonly CompanyFound _found;
    readonly DealRegistration? _own;
    readonly DateTime _now;
    readonly AccountState? _account;
    readonly Account _row;
    readonly List<Ground> _grounds = [];

    public ClaimReview(
        HistoryState state,
        RegistrationClaim claim,
        PartnerState partner,
        CompanyFound found,
        DealRegistration? own,
        DateTime now,
        RuleSet rules
    )
    {
        (_state, _claim, _partner, _found, _own, _now) = (state, claim, partner, found, own, now);
        _account = found.Account is { } account ? state.FindAccountState(account.Id) : null;
        _row = found.Account ?? claim.NewAccount("");
        Concerned = rules.About(_row, _account?.Merged, claim.Product, now, isOfAll: claim.Product is null);
        Policy = RegistrationPolicy.Of(Concerned, partner);
        Adjudicator = Policy.Adjudicator;
        SubmittedAt = own?.SubmittedAt ?? now;
        Work = found.Account is { } known ? state.WorkOf(claim.PartnerId, known.Id, now) : [];
    }

    /// <summary>The rules that concern it.</summary>
    public IReadOnlyList<Rule>? Concerned { get; }

    /// <summary>When it was submitted; now, if it was not.</summary>
    public DateTime SubmittedAt { get; }

    /// <summary>What the partner did with the account, newest first.</summary>
    public IReadOnlyList<DatedWork> Work { get; }

    /// <summary>True if another claim has equal rights.</summary>
    public bool IsTie { get; private set; }

    /// <summary>Who decides then, by the policy of this claim, or of that which it ties with; null for anybody.</summary>
    public string? Adjudicator { get; private set; }

    /// <summary>How long it may wait, protects and may be extended.</summary>
    public RegistrationPolicy Policy { get; }

    string? Class => Concerned?.FirstOrDefault(rule => rule.Class is not null)?.Class;

    /// <summary>All of them.</summary>
    public IReadOnlyList<Ground> Grounds()
    {
        AskRules();
        AskWhoItIs();
        AskWhatIsSaid();
        if (_account is not null)
        {
            AskClaims(_account);
            AskDeals(_account);
        }
        // What is missing is told last, but says whether the claim is qualified, which claims of others ask.
        return
        [
            .. _grounds.OrderBy(ground =>
                ground.Code == Registrations.Grounds.Thin || ground.Code == Registrations.Grounds.NoRelationship
            ),
        ];
    }

    void Add(string rule, string code, string sentence, bool isConflict, params IReadOnlyList<GroundRow> rows) =>
        _grounds.Add(new(rule, code, sentence, isConflict, rows));

    void AskRules()
    {
        foreach (var rule in Concerned ?? [])
        {
            // Claims of others are looked at below, whether a rule says so or not.
            if (rule.Kind == "registration")
                continue;
            if (RuleSet.Excludes(rule, _row, _partner, _claim.Product, () => null, _now) is not { } sentence)
                continue;
            var isOfPartner = rule.Kind is "territory" or "certification" or "capacity";
            Add(
                rule.Id,
                isOfPartner ? Registrations.Grounds.NotQualified : Registrations.Grounds.HouseList,
                sentence,
                rule.Kind != "capacity",
                isOfPartner ? [OfPartner()]
                    : _account is null ? []
                    : [new(FactTables.Accounts.Name, _row.Id.Value, null)]
            );
        }
    }

    GroundRow OfPartner() => new(FactTables.Partners.Name, _claim.PartnerId.Value, _partner.Row!.JoinedAt);

    void AskWhoItIs()
    {
        if (CompanyIdentity.Of(_row, _account?.Merged).SameAs(_partner.Identity!) is (var why, true))
            Add(
                "same_company",
                Registrations.Grounds.NotQualified,
                $"The partner is the customer itself: {why}",
                true,
                OfPartner()
            );
        if (_found.Candidates.Count > 0)
            Add(
                "known_account",
                Registrations.Grounds.Duplicate,
                $"May be an account of ours: {string.Join("; ", _found.Candidates.Take(MostRows).Select(one => $"{one.Account.Name ?? one.Account.Id.Value} ({one.Account.Id}), {one.Why}"))}. Say which, by account_id",
                false,
                [
                    .. _found
                        .Candidates.Take(MostRows)
                        .Select(one => new GroundRow(FactTables.Accounts.Name, one.Account.Id.Value, null)),
                ]
            );
    }

    void AskWhatIsSaid()
    {
        if (Work.Count == 0)
            Add(
                "relationship",
                Registrations.Grounds.NoRelationship,
                _claim.Evidence is null
                    ? "No contact, overlap, assist or deal of the partner with the account is known, and it names no evidence"
                    : "No contact, overlap, assist or deal of the partner with the account is known; what it says it did stands for itself",
                false,
                OfPartner()
            );
        List<string> missing = [];
        if (_claim.Product is null)
            missing.Add("product");
        if (_claim.Amount is null && !_claim.IsImported)
            missing.Add("amount");
        if (missing.Count > 0)
            Add(
                "complete_submission",
                Registrations.Grounds.Thin,
                $"It does not say the {string.Join(" or the ", missing)}",
                false,
                _own is null ? [] : [OfClaim(_own)]
            );
    }

    static GroundRow OfClaim(DealRegistration row) => new(FactTables.DealRegistrations.Name, row.Id, row.SubmittedAt);

    void AskClaims(AccountState account)
    {
        var rule = Concerned?.FirstOrDefault(one => one.Kind == "registration")?.Id ?? "one_live_registration";
        foreach (
            var (row, standing, isLive) in _state
                .RegistrationsOf(account.Id, _now)
                .Where(one => one.Row.Id != _own?.Id && one.Row.IsAbout(_claim.Product))
                .OrderBy(one => (one.Row.SubmittedAt, one.Row.Id), Several.ByMoment)
        )
        {
            var isOwn = row.PartnerId == _claim.PartnerId;
            if (isLive)
            {
                var until = row.ExpiresAt is { } end ? $" until {Format.Day(end)}" : "";
                Add(
                    rule,
                    Registrations.Grounds.Duplicate,
                    isOwn
                        ? $"It holds the live registration {row.Id}{until} itself"
                        : $"{_state.NameOf(row.PartnerId)} holds the live registration {row.Id}{until}",
                    true,
                    new GroundRow(FactTables.DealRegistrations.Name, row.Id, row.DecidedAt ?? row.SubmittedAt)
                );
            }
            else if (standing == "submitted" && isOwn)
            {
                if (_own is null || Comes(row, before: _own))
                    Add(
                        "one_live_registration",
                        Registrations.Grounds.Duplicate,
                        $"It has submitted {row.Id} for this on {Format.Day(row.SubmittedAt)} already: that is decided first",
                        true,
                        OfClaim(row)
                    );
            }
            else if (standing == "submitted")
                AskRival(account, row);
        }
    }

    static bool Comes(DealRegistration row, DealRegistration before) =>
        Several.ByMoment.Compare((row.SubmittedAt, row.Id), (before.SubmittedAt, before.Id)) < 0;

    /// <summary>
    /// Which of two claims that wait has the better right: the first that was qualified when it was submitted, then that of the partner that
    /// did more with the account in the year before; else they are equal. One that lapsed and came again is as late as it came again.
    /// </summary>
    void AskRival(AccountState account, DealRegistration rival)
    {
        const string Rule = "first_qualified_registration";
        var name = _state.NameOf(rival.PartnerId);
        var (mine, theirs) = (IsQualified(_own), IsQualified(rival));
        if (mine && (!theirs || SubmittedAt < rival.SubmittedAt))
            return;
        if (theirs && (!mine || rival.SubmittedAt < SubmittedAt))
        {
            Add(
                Rule,
                Registrations.Grounds.Duplicate,
                $"{name} came first with {rival.Id}, qualified, on {Format.Day(rival.SubmittedAt)}: that is decided first",
                true,
                OfClaim(rival)
            );
            return;
        }
        var since = _now - _workCounts;
        List<DatedWork> Recent(IEnumerable<DatedWork> work) => [.. work.Where(one => one.At >= since)];
        var (my, their) = (Recent(Work), Recent(_state.WorkOf(rival.PartnerId, account.Id, _now)));
        if (my.Count > their.Count)
            return;
        var isTie = my.Count == their.Count;
        IsTie |= isTie;
        if (isTie && _state.IndexOfPartner(rival.PartnerId) is >= 0 and var other)
            Adjudicator ??= RegistrationPolicy.Of(Concerned, _state.PartnerStates[other]).Adjudicator;
        Add(
            Rule,
            Registrations.Grounds.Duplicate,
            isTie
                ? $"{name} claims the same with {rival.Id} and equal rights: {Adjudicator ?? "a person"} decides"
                : $"{name} claims the same with {rival.Id} and did more with the account in the last year: {Count(their)} against {Count(my)}",
            !isTie,
            [OfClaim(rival), .. their.Take(MostRows - 1).Select(one => new GroundRow(one.Table, one.Id, one.At))]
        );
    }

    static string Count(List<DatedWork> work) =>
        work is [var last, ..] ? $"{Format.Count(work.Count, "piece")} of work, the last on {Format.Day(last.At)}" : "none";

    /// <summary>
    /// True if a claim was qualified when it was submitted: complete, of a partner that may sell there, with work that is known or evidence.
    /// Of one that was made elsewhere nobody knows better.
    /// </summary>
    bool IsQualified(DealRegistration? row)
    {
        if (row is null)
            return IsQualified(_grounds.Select(ground => ground.Code), _claim.Evidence);
        var submitted = RegistrationsCapability.StepsOf(_state).Of(row.Id).FirstOrDefault(step => step.Kind == "submitted");
        return IsQualified(submitted?.Codes?.Split('|') ?? [], submitted?.Evidence);
    }

    static bool IsQualified(IEnumerable<string> codes, string? evidence) =>
        !codes.Any(code =>
            code is Registrations.Grounds.Thin or Registrations.Grounds.NotQualified or Registrations.Grounds.HouseList
            || code == Registrations.Grounds.NoRelationship && evidence is null
        );

    void AskDeals(AccountState account)
    {
        var isOurs = Class != "partner";
        var rule = Concerned?.FirstOrDefault(one => one.Class is not null)?.Id ?? "direct_pipeline";
        var bought = 0;
        foreach (var deal in _state.DealsOf(account))
        {
            var row = deal.Row;
            if (row.Product is not null && _claim.Product is not null && !TextKey.AreSame(row.Product, _claim.Product))
                continue;
            var partners = _state.PartnersOn(row.Id, _now);
            if (deal.IsOpen)
            {
                // What we began after the partner came is no ground against it.
                if (
                    row.CreatedAt >= SubmittedAt && _own is not null
                    || partners.Contains(_state.IndexOfPartner(_claim.PartnerId))
                )
                    continue;
                var opened = new GroundRow(FactTables.Opportunities.Name, row.Id.Value, row.CreatedAt);
                if (partners.Count == 0 && isOurs)
                    Add(
                        rule,
                        Registrations.Grounds.DirectPipeline,
                        $"We have the open deal {row.Id} of our own there since {Format.Day(row.CreatedAt)}",
                        Class != "shared",
                        opened
                    );
                else if (partners.Count > 0)
                    Add(
                        "partner_on_deal",
                        Registrations.Grounds.Duplicate,
                        $"{_state.NameOf(_state.PartnerId(partners[0]))} works on the open deal {row.Id} there with us",
                        false,
                        opened
                    );
            }
            else if (
                deal.Outcome == Outcome.Won
                && _state.PartnersOn(row.Id).Count == 0
                && isOurs
                && Class != "shared"
                && bought++ == 0
            )
                Add(
                    rule,
                    Registrations.Grounds.DirectPipeline,
                    $"The account bought this from us directly: deal {row.Id}, won on {Format.Day(deal.ClosedAt)}",
                    false,
                    new GroundRow(FactTables.Opportunities.Name, row.Id.Value, deal.ClosedAt)
                );
        }
    }
}
