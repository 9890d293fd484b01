using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Registrations;

/// <summary>What a person may do with a registration.</summary>
public enum RegistrationAction
{
    /// <summary>It protects from now on.</summary>
    Approve,

    /// <summary>It does not, for a ground of the closed list.</summary>
    Reject,

    /// <summary>It protects longer.</summary>
    Extend,

    /// <summary>The partner gives it up.</summary>
    Withdraw,

    /// <summary>It becomes a deal.</summary>
    Convert,
}

/// <summary>A registration, where it stands, how it came there and what may be done.</summary>
/// <param name="Row">The registration as it is known.</param>
/// <param name="State">submitted, approved, converted, rejected, withdrawn or expired.</param>
/// <param name="IsLive">True if it protects the account.</param>
/// <param name="Steps">How it came there; none of one that was made elsewhere.</param>
/// <param name="Policy">How long it may wait and be extended, by the rules that hold now.</param>
public sealed record RegistrationFile(
    DealRegistration Row,
    string State,
    bool IsLive,
    IReadOnlyList<RegistrationStep> Steps,
    RegistrationPolicy Policy
)
{
    /// <summary>How it was submitted; null of one that was made elsewhere.</summary>
    public RegistrationStep? Submitted => Steps.FirstOrDefault(step => step.Kind == "submitted");

    /// <summary>Until when it is to be decided, UTC; null if it was, or was made elsewhere.</summary>
    public DateTime? DecideBy => State == "submitted" ? Submitted?.Until : null;

    /// <summary>Until when it protects, or protected, UTC; null if it never did, or for ever.</summary>
    public DateTime? ProtectedUntil => State is "approved" or "expired" or "converted" ? Row.ExpiresAt : null;

    /// <summary>How often it may be extended still.</summary>
    public int ExtensionsLeft => Math.Max(0, Policy.Extensions - Steps.Count(step => step.Kind == "extended"));

    /// <summary>The deal that it became; null if it did not.</summary>
    public OpportunityId? OpportunityId => Steps.LastOrDefault(step => step.OpportunityId is not null)?.OpportunityId;

    /// <summary>True if a row says of it what is known here.</summary>
    public bool IsAs(DealRegistration row) =>
        Row == (row.IsDecided ? row : row with { Status = "submitted", DecidedAt = null, ExpiresAt = null });

    /// <summary>What may be done with it now.</summary>
    public IReadOnlyList<RegistrationAction> Allowed =>
        State switch
        {
            "submitted" => [RegistrationAction.Approve, RegistrationAction.Reject, RegistrationAction.Withdraw],
            "approved" when ExtensionsLeft > 0 && Row.ExpiresAt is not null =>
            [
                RegistrationAction.Extend,
                RegistrationAction.Withdraw,
                RegistrationAction.Convert,
            ],
            "approved" => [RegistrationAction.Withdraw, RegistrationAction.Convert],
            "converted" when IsLive => [RegistrationAction.Withdraw],
            _ => [],
        };

    /// <summary>Why an action is not allowed, and what is.</summary>
    /// <param name="action">The action.</param>
    public string WhyNot(RegistrationAction action) =>
        action == RegistrationAction.Extend && State == "approved"
            ? Row.ExpiresAt is null
                ? $"It does not expire. {AllowedText}"
                : $"It was extended as often as the policy allows. {AllowedText}"
            : $"It is {State}. {AllowedText}";

    string AllowedText =>
        Allowed.Count > 0
            ? $"Allowed: {string.Join(", ", Allowed).ToLowerInvariant()}."
            : "Nothing is allowed any more: submit it again under another id.";
}
