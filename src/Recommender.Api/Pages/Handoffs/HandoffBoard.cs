using Recommender.Capabilities.Handoffs;

namespace Recommender.Api.Pages.Handoffs;

/// <summary>A part of the board of handoffs.</summary>
/// <param name="Name">In addresses.</param>
/// <param name="Title">For a person.</param>
/// <param name="IsByDue">True if what is due first stands on top, else the newest.</param>
/// <param name="Holds">Which handoffs stand there.</param>
public sealed record HandoffBoard(string Name, string Title, bool IsByDue, Func<HandoffFile, bool> Holds)
{
    /// <summary>The parts, what has a clock first.</summary>
    public static IReadOnlyList<HandoffBoard> All { get; } =
    [
        new("due", "Clocks that run", true, file => file.DueAt is not null),
        new("ours", "For us to answer", true, file => file.State == "sent" && file.Handoff.IsReceived),
        new("theirs", "For partners to answer", true, file => file.State == "sent" && !file.Handoff.IsReceived),
        new("drafts", "To send", false, file => file.State is "draft" or "expired"),
        new("met", "They met", false, file => file.State == "meeting"),
        new("ended", "Ended", false, file => file.State is "won" or "lost" or "declined" or "withdrawn"),
    ];
}
