namespace Recommender.Capabilities.Handoffs;

/// <summary>The packet that a partner is handed with a deal.</summary>
public sealed class HandoffsCapability : ICapability
{
    /// <inheritdoc/>
    public string Name => "handoffs";

    /// <inheritdoc/>
    public IReadOnlyList<string> EventTypes { get; } = ["handoff.prepared", "handoff.sent"];
}
