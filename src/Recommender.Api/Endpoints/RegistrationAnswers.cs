using System.Text.Json.Serialization;
using Recommender.Capabilities.Registrations;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Endpoints;

/// <summary>A claim of a partner on an account.</summary>
sealed record RegistrationRequest
{
    const int LongestProduct = 200;

    // Its account, deal and engagement are called after it.
    const int LongestId = 180;

    /// <summary>The partner.</summary>
    public required string PartnerId { get; init; }

    /// <summary>The account; without it the company is found by name and domain.</summary>
    public string? AccountId { get; init; }

    /// <summary>The company's name, if no account is named.</summary>
    public string? Name { get; init; }

    /// <summary>Its domain.</summary>
    public string? Domain { get; init; }

    /// <summary>Its country, a name or a code.</summary>
    public string? Country { get; init; }

    /// <summary>Its region.</summary>
    public string? Region { get; init; }

    /// <summary>What is to be sold; without it the claim is on everything.</summary>
    public string? Product { get; init; }

    /// <summary>What the deal may be worth.</summary>
    public double? Amount { get; init; }

    /// <summary>The currency of the amount, three letters of ISO 4217.</summary>
    public string? Currency { get; init; }

    /// <summary>What the partner did with the company, in its words.</summary>
    public string? Evidence { get; init; }

    /// <summary>What the registration is to be called; it gets an id of its own without. A check ignores it.</summary>
    public string? RegistrationId { get; init; }

    /// <summary>True if the company is none of our accounts though it may seem one.</summary>
    public bool NewAccount { get; init; }

    /// <summary>The claim.</summary>
    public RegistrationClaim Claim() =>
        new()
        {
            PartnerId = PartnerId,
            AccountId = CoSell.AccountId.OrNone(AccountId),
            Name = Name,
            Domain = Domain,
            Country = Country,
            Region = Region,
            Product = Product,
            Amount = Amount,
            Currency = CoSell.Currency.Of(Currency),
            Evidence = Evidence,
        };

    /// <summary>What is wrong with a claim.</summary>
    public List<ProblemError> Faults()
    {
        var faults = new List<ProblemError>();
        foreach (
            var (name, text) in (IEnumerable<(string, string?)>)
                [("partner_id", PartnerId), ("account_id", AccountId), ("registration_id", RegistrationId)]
        )
        {
            if (text is not null && JsonRow.FaultOfId(text) is { } expected)
                faults.Add(new("/" + name, $"Expected {expected}."));
        }
        if (RegistrationId?.Length > LongestId)
            faults.Add(new("/registration_id", FormattableString.Invariant($"Expected at most {LongestId} characters.")));
        if (AccountId is null && string.IsNullOrWhiteSpace(Name) && string.IsNullOrWhiteSpace(Domain))
            faults.Add(new("/account_id", "Expected an account, or the name and domain of a company."));
        foreach (
            var (name, text, most) in (IEnumerable<(string, string?, int)>)
                [
                    ("name", Name, 400),
                    ("domain", Domain, 400),
                    ("country", Country, 400),
                    ("region", Region, 400),
                    ("product", Product, LongestProduct),
                    ("evidence", Evidence, RegistrationOrderRequest.LongestText),
                ]
        )
        {
            if (text?.Length > most)
                faults.Add(new("/" + name, FormattableString.Invariant($"Expected at most {most} characters.")));
            else if (text is not null && string.IsNullOrWhiteSpace(text))
                faults.Add(new("/" + name, "Found nothing but blanks; expected a text, or none."));
        }
        if (Amount is not (null or (>= 0 and < 1e15)))
            faults.Add(new("/amount", "Expected a number, zero or more and below 10^15."));
        if (Currency is not null && CoSell.Currency.Of(Currency) is not { Length: 3 })
            faults.Add(new("/currency", $"Found '{Currency}'; expected a currency by its ISO 4217 code, such as EUR."));
        return faults;
    }
}

/// <summary>What is said with a decision. Nothing is needed but a ground where a registration is rejected.</summary>
sealed record RegistrationOrderRequest
{
    public const int LongestText = 4000;

    /// <summary>Why it is rejected: duplicate, active_direct_pipeline, house_list, not_qualified, no_verifiable_relationship or thin_submission.</summary>
    public string? Ground { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>The deal that it becomes: one that is open on the account, or the id of a new one. An id of its own without.</summary>
    public string? OpportunityId { get; init; }

    /// <summary>What is wrong with an order.</summary>
    public List<ProblemError> Faults(RegistrationAction action)
    {
        var faults = new List<ProblemError>();
        if (action == RegistrationAction.Reject ? Ground is null || !Grounds.Codes.Contains(Ground) : Ground is not null)
            faults.Add(
                new("/ground", $"Expected one of {string.Join(", ", Grounds.Codes)} where it is rejected, and nothing elsewhere.")
            );
        if (Note?.Length > LongestText)
            faults.Add(new("/note", FormattableString.Invariant($"Expected at most {LongestText} characters.")));
        if (OpportunityId is { } deal)
        {
            if (action != RegistrationAction.Convert)
                faults.Add(new("/opportunity_id", "Expected nothing: it belongs to convert."));
            else if (JsonRow.FaultOfId(deal) is { } expected)
                faults.Add(new("/opportunity_id", $"Expected {expected}."));
        }
        return faults;
    }
}

/// <summary>What speaks against a registration.</summary>
/// <param name="RuleId">The company's rule, or the standing one that every registration is held to.</param>
/// <param name="Code">duplicate, active_direct_pipeline, house_list, not_qualified, no_verifiable_relationship or thin_submission.</param>
/// <param name="Sentence">What a person is told.</param>
/// <param name="Verdict">conflict if it cannot be approved while this holds, review if a person has to look.</param>
/// <param name="Rows">The rows behind it.</param>
sealed record GroundResponse(string RuleId, string Code, string Sentence, string Verdict, IReadOnlyList<GroundRow> Rows)
{
    public static GroundResponse Of(Ground ground) =>
        new(ground.Rule, ground.Code, ground.Sentence, ground.IsConflict ? "conflict" : "review", ground.Rows);
}

/// <summary>An account that a company may be.</summary>
sealed record CandidateAccountResponse(string AccountId, string? Name);

/// <summary>What stands in the way of a registration.</summary>
/// <param name="Verdict">clear, review or conflict.</param>
/// <param name="Grounds">What speaks against it, rules of the company first.</param>
/// <param name="AccountId">The account; null if the company is none of ours yet, or it is not sure which.</param>
/// <param name="Candidates">The accounts that it may be.</param>
/// <param name="DecideBy">Until when it is decided if it is submitted now, UTC.</param>
/// <param name="ProtectedUntil">Until when it protects if it is approved now, UTC.</param>
/// <param name="PolicyRuleId">The rule that sets these windows; null if 48 hours, 90 days and one extension of 30 hold without one.</param>
/// <param name="AutoApproveRuleId">The rule by which it is approved at once if it is clear; null if a person approves.</param>
/// <param name="Adjudicator">Who decides where two claims have equal rights; null for anybody.</param>
/// <param name="Work">What the partner did with the account, newest first, at most ten.</param>
sealed record RegistrationCheckResponse(
    string Verdict,
    IReadOnlyList<GroundResponse> Grounds,
    string? AccountId,
    IReadOnlyList<CandidateAccountResponse> Candidates,
    DateTime DecideBy,
    DateTime ProtectedUntil,
    string? PolicyRuleId,
    string? AutoApproveRuleId,
    string? Adjudicator,
    IReadOnlyList<GroundRow> Work
)
{
    const int MostWork = 10;

    public static RegistrationCheckResponse Of(RegistrationCheck check) =>
        new(
            check.Verdict,
            [.. check.Grounds.Select(GroundResponse.Of)],
            check.Account?.Id.Value,
            [.. check.Candidates.Select(one => new CandidateAccountResponse(one.Id.Value, one.Name))],
            check.DecideBy,
            check.ProtectedUntil,
            check.Policy.Rule,
            check.Policy.AutoApprove,
            check.Adjudicator,
            [.. check.Work.Take(MostWork).Select(one => new GroundRow(one.Table, one.Id, one.At))]
        );
}

/// <summary>A step of a registration.</summary>
/// <param name="Step">submitted, approved, rejected, extended, withdrawn, converted; review_overdue or expired where a clock ran out.</param>
/// <param name="At">When, UTC.</param>
/// <param name="By">Who, or rule:ID; null of a clock.</param>
/// <param name="Until">Until when it is to be decided, or protects, from this step on.</param>
/// <param name="Ground">Why it was rejected.</param>
/// <param name="Note">What a person said.</param>
/// <param name="Verdict">What the check came to.</param>
/// <param name="Grounds">What it found.</param>
/// <param name="RulesVersion">Which version of the rules held; null of a clock.</param>
sealed record RegistrationStepResponse(
    string Step,
    DateTime At,
    string? By,
    DateTime? Until,
    string? Ground,
    string? Note,
    string? Verdict,
    IReadOnlyList<GroundResponse> Grounds,
    long? RulesVersion = null
)
{
    public static RegistrationStepResponse Of(RegistrationStep step) =>
        new(
            step.Kind,
            step.At,
            step.By,
            step.Until,
            step.Ground,
            step.Note,
            step.Verdict,
            [.. step.GroundsFound().Select(GroundResponse.Of)],
            step.RulesVersion
        );
}

/// <summary>A registration and where it stands.</summary>
/// <param name="RegistrationId">Its id.</param>
/// <param name="PartnerId">Whose claim it is.</param>
/// <param name="AccountId">The account.</param>
/// <param name="Product">What is to be sold; null for everything.</param>
/// <param name="Amount">What it may be worth; null if nobody said.</param>
/// <param name="Currency">The currency of the amount.</param>
/// <param name="State">submitted, approved, rejected, expired, withdrawn or converted.</param>
/// <param name="IsLive">True if it protects the account now.</param>
/// <param name="SubmittedAt">When it was submitted, UTC.</param>
/// <param name="DecideBy">Until when it is to be decided; null if it was, or was made elsewhere.</param>
/// <param name="IsOverdue">True if that is past.</param>
/// <param name="DecidedAt">When it was decided last; null if it was not.</param>
/// <param name="ProtectedUntil">Until when it protects, or did; null if it never did, or for ever.</param>
/// <param name="ExtensionsLeft">How often it may be extended still.</param>
/// <param name="OpportunityId">The deal that it became; null if none.</param>
/// <param name="Allowed">What may be done with it now: approve, reject, extend, withdraw, convert.</param>
/// <param name="Verdict">What the last check of it came to: when it was submitted, or approved; null of one that was made elsewhere.</param>
/// <param name="Grounds">What that check found.</param>
/// <param name="Steps">How it came here, the first first; not there in lists.</param>
sealed record RegistrationResponse(
    string RegistrationId,
    string PartnerId,
    string AccountId,
    string? Product,
    double? Amount,
    string? Currency,
    string State,
    bool IsLive,
    DateTime SubmittedAt,
    DateTime? DecideBy,
    bool IsOverdue,
    DateTime? DecidedAt,
    DateTime? ProtectedUntil,
    int ExtensionsLeft,
    string? OpportunityId,
    IReadOnlyList<string> Allowed,
    string? Verdict,
    IReadOnlyList<GroundResponse> Grounds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<RegistrationStepResponse>? Steps = null
)
{
    public static RegistrationResponse Of(RegistrationFile file, DateTime now, RegistrationCheck? check, bool isWhole = true)
    {
        var last = file.Steps.LastOrDefault(step => step.Verdict is not null);
        return new(
            file.Row.Id,
            file.Row.PartnerId.Value,
            file.Row.AccountId.Value,
            file.Row.Product,
            file.Submitted?.Amount,
            file.Submitted?.Currency,
            file.State,
            file.IsLive,
            file.Row.SubmittedAt,
            file.DecideBy,
            file.DecideBy < now,
            file.Row.DecidedAt,
            file.ProtectedUntil,
            file.State == "approved" ? file.ExtensionsLeft : 0,
            file.OpportunityId?.Value,
            [.. file.Allowed.Select(action => action.ToString().ToLowerInvariant())],
            last?.Verdict,
            [.. (check?.Grounds ?? last?.GroundsFound() ?? []).Select(GroundResponse.Of)],
            isWhole ? [.. file.Steps.Select(RegistrationStepResponse.Of)] : null
        );
    }
}

/// <summary>Registrations found.</summary>
sealed record RegistrationsResponse(IReadOnlyList<RegistrationResponse> Items, Pagination Pagination);
