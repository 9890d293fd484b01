using Recommender.Facts;

namespace Recommender.Capabilities.Registrations;

/// <summary>Why something was not done with a registration.</summary>
public enum RegistrationRefusal
{
    /// <summary>There is no such registration, partner, account or deal.</summary>
    Unknown,

    /// <summary>Where it stands does not allow it.</summary>
    NotAllowedNow,

    /// <summary>Something speaks against it.</summary>
    Conflict,

    /// <summary>Two claims have equal rights, and somebody else decides.</summary>
    NotTheAdjudicator,

    /// <summary>The company may be one of several accounts.</summary>
    WhichAccount,

    /// <summary>The id is another registration's.</summary>
    ThereAlready,

    /// <summary>It was changed meanwhile.</summary>
    Changed,

    /// <summary>A row does not fit the history.</summary>
    Row,
}

/// <summary>Something that cannot be done with a registration; nothing of it is kept.</summary>
/// <param name="why">Why.</param>
/// <param name="message">What a person is told.</param>
public sealed class RegistrationRefusedException(RegistrationRefusal why, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public RegistrationRefusal Why { get; } = why;

    /// <summary>What speaks against it; empty if that is not why.</summary>
    public IReadOnlyList<Ground> Grounds { get; init; } = [];

    /// <summary>The row that does not fit; null if that is not why.</summary>
    public RejectedRow? Rejected { get; init; }
}
