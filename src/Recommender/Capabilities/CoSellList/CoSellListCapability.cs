namespace Recommender.Capabilities.CoSellList;

/// <summary>Open deals ranked by what a partner would add. It folds no facts of its own: an index of open deals follows the fold.</summary>
public sealed class CoSellListCapability : ICapability
{
    /// <inheritdoc/>
    public string Name => "co_sell_list";
}
