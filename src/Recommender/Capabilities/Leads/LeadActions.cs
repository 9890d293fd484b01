using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Matching;
using Recommender.Ranking;

namespace Recommender.Capabilities.Leads;

/// <summary>The account of a lead, as far as it is sure.</summary>
/// <param name="State">known if it was named, matched if it was found, new if the company is none of our accounts, unsure if it may be one.</param>
/// <param name="Row">The account; null while it is unsure.</param>
/// <param name="Probability">That it is that account, or the likeliest; null of one that is new or was named.</param>
/// <param name="Candidates">Accounts that it may be, the likeliest first.</param>
public sealed record LeadAccount(string State, Account? Row, double? Probability, IReadOnlyList<LikelyAccount> Candidates)
{
    /// <summary>The account of a lead, or those that it may be; null if it is none of ours.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="accounts">Our accounts; null where no company is looked for.</param>
    /// <param name="lead">The lead.</param>
    /// <param name="said">Which account it is, whatever its row says; null for that of the row.</param>
    /// <param name="isNew">True if the company is none of our accounts though it may seem one.</param>
    public static LeadAccount? Find(HistoryState state, OurAccounts? accounts, Lead lead, AccountId? said, bool isNew)
    {
        if ((said ?? lead.AccountId) is { } id)
            return state.FindAccount(state.Merges.Last(FactTables.Accounts, id.Value)) is { } named
                ? new("known", named, null, [])
                : null;
        if (lead.Name is null && lead.Domain is null)
            return new("unsure", null, null, []);
        if (isNew)
            return null;
        var found = accounts!.Find(state, lead.Name, lead.Domain, lead.Country, lead.Region);
        return found is [{ IsSure: true } sure, ..] ? new("matched", state.FindAccount(sure.Id), sure.Probability, found)
            : found.Count > 0 ? new("unsure", null, found[0].Probability, found)
            : null;
    }
}

/// <summary>What came of something that was done with a lead.</summary>
/// <param name="File">The lead as it stands now.</param>
/// <param name="Account">Its account, if that was asked; else null.</param>
/// <param name="Route">Who was asked and why, if it was routed; else null.</param>
public sealed record LeadOutcome(LeadFile File, LeadAccount? Account, RouteAnswer? Route);

/// <summary>
/// What is done with leads. Runs as a write that decides by the fold (<see cref="LiveHistory.TryWrite"/>): the fold it is given holds all that
/// was written before.
/// </summary>
/// <param name="scope">The write.</param>
/// <param name="ranker">The models, over the fold.</param>
/// <param name="rules">The rules that hold.</param>
/// <param name="accounts">Our accounts, to find those of companies, a little behind the fold maybe; null where no company is looked for.</param>
public sealed class LeadActions(WriteScope scope, PartnerRanker ranker, RuleSet rules, OurAccounts? accounts)
{
    readonly HistoryState _state = ranker.State;
    readonly DateTime _now = scope.Stamp;
    readonly RoutingPolicy _policy = LeadsCapability.PolicyOf(ranker.State);
    PreparedChances? _prepared;

    /// <summary>Takes a lead in and routes it.</summary>
    /// <param name="row">Its row, with its free columns; the account need not be said if name or domain are.</param>
    /// <param name="isNewAccount">True if the company is none of our accounts though it may seem one.</param>
    /// <param name="by">Who brings it.</param>
    /// <param name="prepared">What was worked out of it before; null for nothing.</param>
    /// <exception cref="LeadRefusedException">It cannot be taken.</exception>
    public LeadOutcome Submit(HistoryRow row, bool isNewAccount, string by, PreparedChances? prepared = null)
    {
        _prepared = prepared;
        var lead = ReadLead(_state, row);
        if (scope.Find(LeadsCapability.Leads, lead.Id) is not null)
            throw new LeadRefusedException(LeadRefusal.ThereAlready, $"There is a lead '{lead.Id}' already.");
        var account = AccountOf(lead, null, isNewAccount);
        lead = Keep(row, lead, account, new(null, Absent: true));
        return Route(LeadList.FileOf(_state, lead, []), account, by);
    }

    /// <summary>Routes a lead that nobody has: one that was imported, that lies in a queue, or whose last offer came to nothing.</summary>
    /// <param name="id">The lead.</param>
    /// <param name="accountId">Which account it is of; null for what is known.</param>
    /// <param name="isNewAccount">True if the company is none of our accounts though it may seem one.</param>
    /// <param name="by">Who has it routed; null if it is routed by itself.</param>
    /// <param name="version">The version that it must have; null for any.</param>
    /// <exception cref="LeadRefusedException">It cannot be routed.</exception>
    public LeadOutcome Route(string id, AccountId? accountId, bool isNewAccount, string? by, long? version = null)
    {
        var (row, file) = Open(id, LeadAction.Route, version);
        var account = AccountOf(file.Lead, accountId, isNewAccount);
        var lead = account.Row is not { } of || IsKept(row, of) ? file.Lead : Keep(row, file.Lead, account, default);
        return Route(file with { Lead = lead }, account, by);
    }

    /// <summary>Gives a lead that nobody has to somebody, if the rules let it.</summary>
    /// <exception cref="LeadRefusedException">It cannot be given.</exception>
    public LeadOutcome Assign(string id, Assignee to, string by, string? note, long? version = null)
    {
        var (row, file) = Open(id, LeadAction.Assign, version);
        var account = AccountOf(file.Lead, null, false);
        if (account.Row is not { } of)
            throw new LeadRefusedException(
                LeadRefusal.NotAllowedNow,
                "It is not sure which account it is of: route it with account_id, or with new_account."
            );
        var lead = IsKept(row, of) ? file.Lead : Keep(row, file.Lead, account, default);
        var answer = LeadRouter.Route(QuestionOf(lead, of, file.Steps));
        var (step, dropped) = answer
            .Trace.SelectMany(step => step.Dropped.Select(one => (Step: step, One: one)))
            .FirstOrDefault(one => new Assignee(one.One.Type, one.One.Id) == to);
        // What a person knows better: whom it pays to ask, who is at work, and who only let an offer go by.
        var isLet =
            step?.Step is null or "lift" or "working_hours"
            || step.Step == "offered_before" && !DeclinedBy(file.Steps).Contains(to);
        if (!isLet)
            throw new LeadRefusedException(
                LeadRefusal.MayNotHaveIt,
                $"{dropped!.Why} ({step!.Step}{(step.Rule is { } rule ? $" {rule}" : "")})."
            );
        var numbers = answer.Line.FirstOrDefault(one => one.Who == to);
        if (numbers is null && dropped is null)
            throw new LeadRefusedException(LeadRefusal.Unknown, $"No {to.Type} has the id '{to.Id}'.");
        // As it is called here.
        to = to with
        {
            Id = numbers?.Id ?? dropped!.Id,
        };
        TraceStep[] trace =
        [
            new("choice", "assigned", 1, 0) { Numbers = numbers is null ? [] : [numbers], Text = $"Given by {by}" },
        ];
        return Offer(file with { Lead = lead }, account, to, trace, by, note);
    }

    /// <summary>Answers an offer; one that is declined goes to the next in line at once.</summary>
    /// <param name="offerId">The offer.</param>
    /// <param name="action">Accept or Decline.</param>
    /// <param name="by">Who answers.</param>
    /// <param name="reason">Why it is declined, one of <see cref="LeadStep.Declines"/>; null of one that is accepted.</param>
    /// <param name="note">What a person wants to say.</param>
    /// <param name="version">The version that the lead must have; null for any.</param>
    /// <exception cref="LeadRefusedException">It cannot be answered.</exception>
    public LeadOutcome Answer(string offerId, LeadAction action, string by, string? reason, string? note, long? version = null)
    {
        if (
            LeadStep.ReadOfferId(offerId) is not var (id, number)
            || LeadList.Find(_state, id) is not { } known
            || !known.Steps.Any(step => step.Offer == number && step.Kind == "offered")
        )
            throw new LeadRefusedException(LeadRefusal.Unknown, $"No offer has the id '{offerId}'.");
        var (_, file) = Open(id, action, version);
        var offer = file.Offer!;
        if (offer.Offer != number)
            throw new LeadRefusedException(
                LeadRefusal.NotAllowedNow,
                $"The offer {offerId} is over: the lead was offered to {offer.To} since. Allowed: nothing."
            );
        if (offer.Until < _now)
            throw new LeadRefusedException(
                LeadRefusal.NotAllowedNow,
                $"The offer was to be answered by {Instants.Text(offer.Until.Value)}. Allowed: nothing."
            );
        var step = new LeadStep(id, number, action == LeadAction.Accept ? "accepted" : "declined", _now, offer.To)
        {
            AccountId = offer.AccountId,
            Reason = reason,
            Note = note,
            By = by,
        };
        file = Note(file, step);
        return action == LeadAction.Accept ? new(file, null, null) : Route(file, AccountOf(file.Lead, null, false), null);
    }

    /// <summary>Ends a lead.</summary>
    /// <exception cref="LeadRefusedException">It cannot be ended.</exception>
    public LeadOutcome Withdraw(string id, string by, string? note, long? version = null)
    {
        var (_, file) = Open(id, LeadAction.Withdraw, version);
        var last = file.Steps is [.., var held] ? held : null;
        return new(
            Note(
                file,
                new(id, last?.Offer ?? 1, "withdrawn", _now, last?.To ?? _policy.QueueOf(_state, file.Lead))
                {
                    AccountId = file.Lead.AccountId,
                    By = by,
                    Note = note,
                }
            ),
            null,
            null
        );
    }

    /// <summary>The lead of a row; a partner that was merged into another is that other.</summary>
    static Lead ReadLead(HistoryState state, HistoryRow row) =>
        LeadsCapability.Leads.Read(row) is { PartnerId: { } giver } lead
            ? lead with
            {
                PartnerId = state.Merges.Last(FactTables.Partners, giver.Value),
            }
            : LeadsCapability.Leads.Read(row);

    static bool IsKept(HistoryRow row, Account account) => LeadsCapability.Leads.Read(row).AccountId == account.Id;

    (HistoryRow Row, LeadFile File) Open(string id, LeadAction action, long? version)
    {
        if (scope.Find(LeadsCapability.Leads, id) is not var (row, _) || LeadList.Find(_state, id) is not { } file)
            throw new LeadRefusedException(LeadRefusal.Unknown, $"No lead has the id '{id}'.");
        if (version is { } expected && expected != file.Version)
            throw new LeadRefusedException(LeadRefusal.Changed, "The lead was changed meanwhile.");
        return file.Allowed.Contains(action)
            ? (row, file)
            : throw new LeadRefusedException(LeadRefusal.NotAllowedNow, file.WhyNot(action));
    }

    LeadAccount AccountOf(Lead lead, AccountId? said, bool isNew)
    {
        if (LeadAccount.Find(_state, accounts, lead, said, isNew) is { } found)
            return found;
        if ((said ?? lead.AccountId) is { } id)
            throw new LeadRefusedException(
                LeadRefusal.Unknown,
                $"No account has the id '{id}'; a company that is none of ours yet is named by name and domain."
            );
        var own = "acc_" + lead.Id;
        if (own.Length > JsonRow.LongestId || WasThere(FactTables.Accounts, own))
            own = "acc_" + Guid.CreateVersion7(new DateTimeOffset(_now)).ToString("N");
        return new("new", lead.NewAccount(own), null, []);
    }

    /// <summary>Works out, beside the writer's thread, what of a lead takes longest; null if it is not sure whose it is.</summary>
    /// <param name="ranker">The models, over the fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="accounts">Our accounts.</param>
    /// <param name="row">The lead's row.</param>
    /// <param name="isNewAccount">True if the company is none of our accounts though it may seem one.</param>
    /// <param name="now">Now, UTC.</param>
    public static PreparedChances? Prepare(
        PartnerRanker ranker,
        RuleSet rules,
        OurAccounts accounts,
        HistoryRow row,
        bool isNewAccount,
        DateTime now
    )
    {
        var lead = ReadLead(ranker.State, row);
        var found = LeadAccount.Find(ranker.State, accounts, lead, null, isNewAccount);
        if (found is { Row: null } || found is null && lead.AccountId is not null)
            return null;
        return LeadRouter.Prepare(
            new(ranker, rules, LeadsCapability.PolicyOf(ranker.State), lead, found?.Row ?? lead.NewAccount(""), now)
        );
    }

    bool WasThere(FactTable table, string id) =>
        scope.Find(table, id) is not null || scope.WhatBecameOf(table, id) is not (null, null);

    /// <summary>Keeps a lead with the account that it is of, and that account if it is new.</summary>
    Lead Keep(HistoryRow row, Lead lead, LeadAccount account, RowExpectation expected)
    {
        if (account is { State: "new", Row: { } company })
            Take(
                FactTables.Accounts.Row(
                    ("account_id", company.Id),
                    ("name", company.Name),
                    ("domain", lead.Domain),
                    ("country", company.Country),
                    ("region", company.Region),
                    ("created_at", _now)
                ),
                new(null, Absent: true)
            );
        if (account.Row is { } of)
            (row, lead) = (row.With("account_id", of.Id.Value), lead with { AccountId = of.Id });
        Take(row, expected);
        return lead;
    }

    /// <summary>Offers a lead to the first in line, or lays it in a queue.</summary>
    LeadOutcome Route(LeadFile file, LeadAccount account, string? by)
    {
        if (account.Row is not { } of)
            return Queue(
                file,
                account,
                "account_unsure",
                [
                    new("account", null, account.Candidates.Count, 0)
                    {
                        Text =
                            account.Candidates.Count == 0
                                ? "Neither an account nor a name or domain is known"
                                : $"It may be {string.Join(" or ", account.Candidates.Select(one => $"{one.Id} ({Format.Percent(one.Probability)}: {one.Why})"))}",
                    },
                ],
                by
            );
        // Once a person has it routed anew, it may be offered as often again.
        var offers = file.Steps.Reverse().TakeWhile(step => step.Kind != "queued").Count(step => step.Kind == "offered");
        if (offers >= _policy.Offers)
            return Queue(
                file,
                account,
                "offers_used",
                [new("choice", "offers", 0, 0) { Text = $"It was offered {Format.Count(offers, "time")}" }],
                by
            );
        var answer = LeadRouter.Route(QuestionOf(file.Lead, of, file.Steps));
        return answer.Line is [var first, ..]
            ? Offer(file, account, first.Who, answer.Trace, by, null) with
            {
                Route = answer,
            }
            : Queue(file, account, "nobody_left", answer.Trace, by) with
            {
                Route = answer,
            };
    }

    RouteQuestion QuestionOf(Lead lead, Account account, IReadOnlyList<LeadStep> steps) =>
        new(ranker, rules, _policy, lead, account, _now)
        {
            Before =
            [
                .. steps
                    .Reverse()
                    .TakeWhile(step => step.Kind != "queued")
                    .Where(step => step.Kind == "offered")
                    .Select(step => step.To),
            ],
            Declined = DeclinedBy(steps),
            Prepared = _prepared,
        };

    static IReadOnlyCollection<Assignee> DeclinedBy(IReadOnlyList<LeadStep> steps) =>
        [.. steps.Where(step => step.Kind == "declined").Select(step => step.To)];

    LeadOutcome Offer(
        LeadFile file,
        LeadAccount account,
        Assignee to,
        IReadOnlyList<TraceStep> trace,
        string? by,
        string? note
    ) =>
        new(
            Note(
                file,
                StepOf(file, account, "offered", to, trace, by) with
                {
                    Until = _policy.AcceptBy(_now, to.IsPartner ? null : LeadsCapability.RepsOf(_state).Find(to.Id)?.TimeZone),
                    Note = note,
                }
            ),
            account,
            new([], trace)
        );

    LeadOutcome Queue(LeadFile file, LeadAccount account, string reason, IReadOnlyList<TraceStep> trace, string? by) =>
        new(
            Note(file, StepOf(file, account, "queued", _policy.QueueOf(_state, file.Lead), trace, by) with { Reason = reason }),
            account,
            new([], trace)
        );

    LeadStep StepOf(LeadFile file, LeadAccount account, string kind, Assignee to, IReadOnlyList<TraceStep> trace, string? by) =>
        new(file.Lead.Id, file.Steps is [.., var last] ? last.Offer + 1 : 1, kind, _now, to)
        {
            AccountId = file.Lead.AccountId,
            By = by,
            // Found once, it was found, whoever is asked next.
            Probability =
                account.Probability
                ?? file.Steps.LastOrDefault(step => step.AccountId is { } of && of == file.Lead.AccountId)?.Probability,
            PolicyVersion = _policy.Version,
            RulesVersion = rules.Version,
            Trace = RoutingTrace.Write(trace, LeadsCapability.Steps.MostTrace),
        };

    LeadFile Note(LeadFile file, LeadStep step)
    {
        Take(LeadsCapability.Steps.RowOf(step), new(null, Absent: true));
        return LeadList.FileOf(_state, file.Lead, [.. file.Steps, step with { Trace = null }]);
    }

    void Take(HistoryRow row, RowExpectation expected)
    {
        var result = scope.Upsert(row, expected);
        if (result.Verdict == RowVerdict.Rejected)
            throw new LeadRefusedException(LeadRefusal.Row, $"A row of {row.Table.Name} does not fit the history.")
            {
                Rejected = result.Reason,
            };
        if (result.Verdict == RowVerdict.NotAsExpected)
            throw new LeadRefusedException(LeadRefusal.ThereAlready, $"There is a row '{row.Key}' of {row.Table.Name} already.");
    }
}
