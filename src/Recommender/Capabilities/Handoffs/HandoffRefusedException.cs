using Recommender.Facts;

namespace Recommender.Capabilities.Handoffs;

/// <summary>Why something was not done with a handoff.</summary>
public enum HandoffRefusal
{
    /// <summary>There is no such handoff, account, partner or deal.</summary>
    Unknown,

    /// <summary>Where it stands does not allow it.</summary>
    NotAllowedNow,

    /// <summary>The rules keep the account from the partner.</summary>
    MayNotHaveIt,

    /// <summary>The packet lacks what the rules need.</summary>
    Incomplete,

    /// <summary>There is one under this id, or of this account and partner, or it was rated already.</summary>
    ThereAlready,

    /// <summary>It was changed meanwhile.</summary>
    Changed,

    /// <summary>A row does not fit the history.</summary>
    Row,
}

/// <summary>Something that cannot be done with a handoff; nothing of it is kept.</summary>
/// <param name="why">Why.</param>
/// <param name="message">What a person is told.</param>
public sealed class HandoffRefusedException(HandoffRefusal why, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public HandoffRefusal Why { get; } = why;

    /// <summary>Fields of the packet that are missing.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The row that does not fit; null if that is not why.</summary>
    public RejectedRow? Rejected { get; init; }
}
