using System.Globalization;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Registrations;

/// <summary>What is to be done with a registration.</summary>
/// <param name="Action">What.</param>
/// <param name="By">Who does it.</param>
public sealed record RegistrationOrder(RegistrationAction Action, string By)
{
    /// <summary>Why it is rejected, one of <see cref="Grounds.Codes"/>; of no other action.</summary>
    public string? Ground { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>The deal that it becomes: one that is open on the account, or the id of a new one; null for an id of its own.</summary>
    public OpportunityId? OpportunityId { get; init; }
}

/// <summary>What came of a registration that was submitted or worked on.</summary>
/// <param name="File">The registration as it stands now.</param>
/// <param name="Check">What stood in its way when it was submitted or approved; null where that is not asked.</param>
/// <param name="Fingerprint">The version of its row.</param>
public sealed record RegistrationOutcome(RegistrationFile File, RegistrationCheck? Check, long Fingerprint);

/// <summary>
/// Submits registrations and decides on them, by the code that checks them. Runs as a write that decides by the fold
/// (<see cref="LiveHistory.TryWrite"/>): the fold it is given holds all that was written before.
/// </summary>
/// <param name="scope">The write.</param>
/// <param name="state">The fold.</param>
/// <param name="rules">The rules that hold.</param>
public sealed class RegistrationDesk(WriteScope scope, HistoryState state, RuleSet rules)
{
    const int MostRows = 5;
    static readonly FactColumn _amount = ColumnOf("amount");
    static readonly FactColumn _trace = ColumnOf("trace");
    readonly DateTime _now = scope.Stamp;

    /// <summary>Takes a claim in; one against which nothing speaks is approved at once if a rule says so.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="id">What it is to be called; null for an id of its own.</param>
    /// <param name="by">Who submits it.</param>
    /// <param name="isNewAccount">True if the company is none of our accounts though it may seem one.</param>
    /// <exception cref="RegistrationRefusedException">It cannot be taken.</exception>
    public RegistrationOutcome Submit(RegistrationClaim claim, string? id, string by, bool isNewAccount = false)
    {
        // As the database keeps it.
        if (claim.Amount is { } amount && _amount.TryKeep(amount, out var kept))
            claim = claim with { Amount = kept };
        id ??= "dr_" + Guid.CreateVersion7(new DateTimeOffset(_now)).ToString("N");
        if (scope.Find(FactTables.DealRegistrations, id) is not null)
            throw new RegistrationRefusedException(
                RegistrationRefusal.ThereAlready,
                $"There is a registration '{id}' already: submit this one under another id."
            );
        var check =
            RegistrationCheck.Of(state, rules, claim, _now)
            ?? throw new RegistrationRefusedException(
                RegistrationRefusal.Unknown,
                $"No partner has the id '{claim.PartnerId}', or no account the id '{claim.AccountId}'."
            );
        if (
            check.Account is null
            && !isNewAccount
            && check.Grounds.FirstOrDefault(ground => ground.Rule == "known_account") is { } which
        )
            throw new RegistrationRefusedException(RegistrationRefusal.WhichAccount, which.Sentence + ", or that it is new.")
            {
                Grounds = [which],
            };
        var account = check.Account?.Id ?? AddAccount(claim, id);
        var approves = check is { Verdict: "clear", Policy.AutoApprove: not null };
        var row = FactTables.DealRegistrations.Row(
            ("registration_id", id),
            ("partner_id", check.PartnerId),
            ("account_id", account),
            ("product", claim.Product),
            ("submitted_at", _now),
            ("status", approves ? "approved" : "submitted"),
            ("decided_at", approves ? _now : null),
            ("expires_at", approves ? check.ProtectedUntil : null)
        );
        var fingerprint = Take(row, new(null, Absent: true));
        var submitted = WithTrace(
            new(id, "submitted", _now, check.PartnerId, account)
            {
                By = by,
                Until = check.DecideBy,
                Amount = claim.Amount,
                Currency = claim.Currency,
                Evidence = claim.Evidence,
                RulesVersion = rules.Version,
            },
            check
        );
        List<RegistrationStep> steps = [submitted];
        if (approves)
        {
            Hold(FactTables.DealRegistrations.Read(row));
            steps.Add(
                WithTrace(
                    new(id, "approved", _now, check.PartnerId, account)
                    {
                        By = "rule:" + check.Policy.AutoApprove,
                        Until = check.ProtectedUntil,
                        RulesVersion = rules.Version,
                    },
                    check
                )
            );
        }
        foreach (var step in steps)
            Take(RegistrationsCapability.Steps.RowOf(step));
        return new(FileOf(row, steps, check.Policy), check, fingerprint);
    }

    /// <summary>Works on a registration.</summary>
    /// <param name="id">The registration.</param>
    /// <param name="order">What is to be done.</param>
    /// <param name="expected">The version that it must have.</param>
    /// <exception cref="RegistrationRefusedException">It cannot be done.</exception>
    public RegistrationOutcome Do(string id, RegistrationOrder order, RowExpectation expected = default)
    {
        if (
            scope.Find(FactTables.DealRegistrations, id) is not var (row, held)
            || RegistrationList.Find(state, rules, id, _now) is not { } file
        )
            throw new RegistrationRefusedException(RegistrationRefusal.Unknown, $"No registration has the id '{id}'.");
        if (expected.Fingerprint is { } version && version != held)
            throw new RegistrationRefusedException(RegistrationRefusal.Changed, "The registration was changed meanwhile.");
        if (!file.Allowed.Contains(order.Action))
            throw new RegistrationRefusedException(RegistrationRefusal.NotAllowedNow, file.WhyNot(order.Action));
        List<RegistrationStep> steps = [.. file.Steps];
        // Whoever came too late still came too late.
        if (file.DecideBy < _now && !steps.Exists(step => step.Kind == "review_overdue"))
            Note(steps, StepOf(file, "review_overdue", null) with { At = file.DecideBy.Value, Until = file.DecideBy });
        RegistrationCheck? check = null;
        var claim = file.Row;
        switch (order.Action)
        {
            case RegistrationAction.Approve:
                check = CheckOf(file, order.By);
                row = row.With("status", "approved").With("decided_at", _now).With("expires_at", check.ProtectedUntil);
                Hold(FactTables.DealRegistrations.Read(row));
                Note(steps, WithTrace(StepOf(file, "approved", order) with { Until = check.ProtectedUntil }, check));
                break;
            case RegistrationAction.Reject:
                row = row.With("status", "rejected").With("decided_at", _now);
                Note(steps, StepOf(file, "rejected", order) with { Ground = order.Ground });
                break;
            case RegistrationAction.Extend:
                AssertAlone(claim);
                var until = Instants.ToMillisecond(claim.ExpiresAt!.Value + file.Policy.Extension);
                row = row.With("expires_at", until);
                Note(steps, StepOf(file, "extended", order) with { Until = until });
                break;
            case RegistrationAction.Withdraw:
                row = row.With("status", "withdrawn").With("decided_at", _now);
                Note(steps, StepOf(file, "withdrawn", order));
                break;
            default:
                row = row.With("status", "converted");
                Note(steps, StepOf(file, "converted", order) with { OpportunityId = Deal(file, order), Until = claim.ExpiresAt });
                break;
        }
        var fingerprint = Take(row.With("recorded_at", null));
        return new(FileOf(row, steps, file.Policy), check, fingerprint);
    }

    /// <summary>What stands in the way of approving it; refused if it is a conflict.</summary>
    RegistrationCheck CheckOf(RegistrationFile file, string by)
    {
        var check =
            RegistrationCheck.Of(state, rules, file, _now)
            ?? throw new RegistrationRefusedException(
                RegistrationRefusal.Unknown,
                $"The partner '{file.Row.PartnerId}' or the account '{file.Row.AccountId}' is not known any more."
            );
        if (check.Verdict == "conflict")
            throw new RegistrationRefusedException(
                RegistrationRefusal.Conflict,
                $"It cannot be approved: {string.Join(". ", check.Grounds.Where(ground => ground.IsConflict).Select(ground => ground.Sentence))}. Allowed: reject, withdraw."
            )
            {
                Grounds = check.Grounds,
            };
        if (check is { IsTie: true, Adjudicator: { } adjudicator } && adjudicator != by)
            throw new RegistrationRefusedException(
                RegistrationRefusal.NotTheAdjudicator,
                $"Another claim has equal rights: only {adjudicator} approves it. Allowed: reject, withdraw."
            )
            {
                Grounds = check.Grounds,
            };
        return check;
    }

    /// <summary>Refuses to prolong one of two that came to stand on one account, such as when accounts were merged.</summary>
    void AssertAlone(DealRegistration row)
    {
        if (
            state
                .RegistrationsOf(row.AccountId, _now)
                .FirstOrDefault(one => one.IsLive && one.Row.Id != row.Id && one.Row.IsAbout(row.Product)) is
            { Row: var other }
        )
            throw new RegistrationRefusedException(
                RegistrationRefusal.Conflict,
                $"{other.PartnerId} holds the live registration {other.Id} on the same. Allowed: withdraw, convert."
            );
    }

    AccountId AddAccount(RegistrationClaim claim, string registration)
    {
        AccountId id = "acc_" + registration;
        Take(
            FactTables.Accounts.Row(
                ("account_id", id),
                ("name", claim.Name),
                ("domain", claim.Domain),
                ("country", claim.Country),
                ("region", claim.Region),
                ("created_at", _now)
            ),
            new(null, Absent: true)
        );
        return id;
    }

    /// <summary>Has a registration hold its account for its product; the database lets one.</summary>
    void Hold(DealRegistration row)
    {
        foreach (var product in (string[])[RegistrationHoldTable.ProductOf(row.Product), RegistrationHoldTable.AnyProduct])
        {
            if (
                scope.Find(RegistrationsCapability.Holds, RegistrationHoldTable.KeyOf(row.AccountId, product)) is var (found, _)
                && RegistrationsCapability.Holds.Read(found).RegistrationId is var holder
                && holder != row.Id
                && Holds(holder, row)
            )
                throw new RegistrationRefusedException(
                    RegistrationRefusal.Conflict,
                    $"The registration {holder} holds the account for this."
                );
        }
        Take(RegistrationsCapability.Holds.RowOf(new(row.AccountId, RegistrationHoldTable.ProductOf(row.Product), row.Id)));
    }

    /// <summary>True if a registration holds what another asks for: it may be over since, taken back, or on another account.</summary>
    bool Holds(string holder, DealRegistration row) =>
        scope.Find(FactTables.DealRegistrations, holder) is var (found, _)
        && FactTables.DealRegistrations.Read(found) is { Status: "approved" or "converted" } held
        && held.AccountId == row.AccountId
        && held.IsAbout(row.Product)
        && !(held.ExpiresAt <= _now);

    /// <summary>The deal that a registration becomes, with the partner on it.</summary>
    OpportunityId Deal(RegistrationFile file, RegistrationOrder order)
    {
        var claim = file.Row;
        OpportunityId id = order.OpportunityId ?? New(FactTables.Opportunities, $"deal_{claim.Id}", "deal_");
        var known = state.FindOpportunity(id);
        if (known is not null && (known.AccountId != claim.AccountId || !state.IsOpen(id) || !claim.IsAbout(known.Product)))
            throw new RegistrationRefusedException(
                RegistrationRefusal.Unknown,
                $"The deal '{id}' is not open on the account {claim.AccountId} for this product; expected one that is, or an id that no deal has."
            );
        if (known is null)
            Take(
                FactTables.Opportunities.Row(
                    ("opportunity_id", id),
                    ("account_id", claim.AccountId),
                    ("product", claim.Product),
                    ("amount", file.Submitted?.Amount),
                    ("currency", file.Submitted?.Currency),
                    ("created_at", _now)
                ),
                new(null, Absent: true)
            );
        if (known is null || !state.WorksOn(claim.PartnerId, id, _now))
            Take(
                FactTables.Engagements.Row(
                    ("engagement_id", New(FactTables.Engagements, $"{claim.Id}_engagement", "")),
                    ("opportunity_id", id),
                    ("partner_id", claim.PartnerId),
                    // Who came before there was a deal brought it.
                    ("role", known is null || known.CreatedAt > claim.SubmittedAt ? "sourced" : "co_sell"),
                    ("started_at", _now)
                )
            );
        return id;
    }

    /// <summary>An id that no row has: one that became a deal before, and that the CRM set back, may become another.</summary>
    string New(FactTable table, string id, string prefix) =>
        scope.Find(table, id) is null
            ? id
            : string.Create(CultureInfo.InvariantCulture, $"{prefix}{Guid.CreateVersion7(new DateTimeOffset(_now)):N}");

    RegistrationStep StepOf(RegistrationFile file, string kind, RegistrationOrder? order) =>
        new(file.Row.Id, kind, _now, file.Row.PartnerId, file.Row.AccountId)
        {
            By = order?.By,
            Note = order?.Note,
            RulesVersion = order is null ? null : rules.Version,
        };

    static RegistrationStep WithTrace(RegistrationStep step, RegistrationCheck check) =>
        step with
        {
            Verdict = check.Verdict,
            Codes =
                check.Grounds.Count == 0
                    ? null
                    : string.Join('|', check.Grounds.Select(ground => ground.Code).Distinct(StringComparer.Ordinal)),
            Trace = check.Grounds.Count == 0 ? null : TraceOf(check.Grounds),
        };

    /// <summary>Grounds as JSON, with as many of the rows behind them as fit, and as many of them.</summary>
    static string TraceOf(IReadOnlyList<Ground> grounds)
    {
        for (var (kept, rows) = (grounds.Count, MostRows); ; )
        {
            var text = JsonSerializer.Serialize(
                grounds.Take(kept).Select(ground => ground with { Rows = [.. ground.Rows.Take(rows)] }),
                Grounds.Json
            );
            if (text.Length <= _trace.MaxLength)
                return text;
            if (rows > 0)
                rows--;
            else
                kept--;
        }
    }

    static FactColumn ColumnOf(string name) => RegistrationsCapability.Steps.Columns[RegistrationsCapability.Steps.IndexOf(name)];

    void Note(List<RegistrationStep> steps, RegistrationStep step)
    {
        Take(RegistrationsCapability.Steps.RowOf(step));
        steps.Add(step);
    }

    long Take(HistoryRow row, RowExpectation expected = default)
    {
        var result = scope.Upsert(row, expected);
        return result.Verdict switch
        {
            RowVerdict.Rejected => throw new RegistrationRefusedException(
                RegistrationRefusal.Row,
                $"A row of {row.Table.Name} does not fit the history."
            )
            {
                Rejected = result.Reason,
            },
            RowVerdict.NotAsExpected => throw new RegistrationRefusedException(
                RegistrationRefusal.ThereAlready,
                $"There is a row '{row.Key}' of {row.Table.Name} already."
            ),
            _ => result.Fingerprint,
        };
    }

    RegistrationFile FileOf(HistoryRow row, IReadOnlyList<RegistrationStep> steps, RegistrationPolicy policy)
    {
        var noun = FactTables.DealRegistrations.Read(row);
        return new(noun, noun.Status!, noun.IsLive(_now, _now), steps, policy);
    }
}
