using Recommender.Facts;

namespace Recommender.Capabilities.Leads;

/// <summary>Why something was not done with a lead.</summary>
public enum LeadRefusal
{
    /// <summary>There is no such lead, offer, account or assignee.</summary>
    Unknown,

    /// <summary>Where it stands does not allow it.</summary>
    NotAllowedNow,

    /// <summary>Who it is to be given to may not have it.</summary>
    MayNotHaveIt,

    /// <summary>The id is another lead's.</summary>
    ThereAlready,

    /// <summary>It was changed meanwhile.</summary>
    Changed,

    /// <summary>A row does not fit the history.</summary>
    Row,
}

/// <summary>Something that cannot be done with a lead; nothing of it is kept.</summary>
/// <param name="why">Why.</param>
/// <param name="message">What a person is told.</param>
public sealed class LeadRefusedException(LeadRefusal why, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public LeadRefusal Why { get; } = why;

    /// <summary>The row that does not fit; null if that is not why.</summary>
    public RejectedRow? Rejected { get; init; }
}
