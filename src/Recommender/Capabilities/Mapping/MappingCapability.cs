using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Mapping;

/// <summary>Who else holds our accounts: lists of partners, matched with ours.</summary>
public sealed class MappingCapability : ICapability
{
    /// <inheritdoc/>
    public string Name => "mapping";

    /// <inheritdoc/>
    public IReadOnlyList<FactTable> Tables { get; } = [PartnerAccounts, AccountMatches, Sharing];

    /// <inheritdoc/>
    public IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> Ledgers { get; } =
    [(Listed, _ => new PartnerLists()), (Matched, _ => new HeldMatches()), (Shared, _ => new SharingModes())];

    /// <inheritdoc/>
    public IReadOnlyList<string> EventTypes { get; } = ["account_list.taken", "match.decided"];

    internal static FactKind Listed { get; } = FactKind.Declare("partner_account");

    internal static FactKind Matched { get; } = FactKind.Declare("account_match");

    internal static FactKind Shared { get; } = FactKind.Declare("partner_sharing");

    /// <summary>The lists of partners.</summary>
    public static PartnerAccountTable PartnerAccounts { get; } =
        new() { Summary = "The accounts that partners hold, record by record" };

    /// <summary>Which of their records are which of our accounts.</summary>
    public static AccountMatchTable AccountMatches { get; } =
        new() { Summary = "Which records of partners are which accounts of ours" };

    /// <summary>What may be seen of the lists.</summary>
    public static PartnerSharingTable Sharing { get; } = new() { Summary = "What partners agreed to have seen of their lists" };

    /// <summary>fields or counts.</summary>
    public static string SharingOf(HistoryState state, PartnerId partnerId) =>
        ((SharingModes)state.LedgerOf(Shared)).Of(partnerId);

    internal static PartnerLists ListsOf(HistoryState state) => (PartnerLists)state.LedgerOf(Listed);

    internal static HeldMatches MatchesOf(HistoryState state) => (HeldMatches)state.LedgerOf(Matched);

    /// <summary>What was made of the list of a partner that shares counts only ends.</summary>
    public IEnumerable<HistoryRow> Due(HistoryState state, DateTime now) =>
        ((SharingModes)state.LedgerOf(Shared))
            .WithCounts.Where(partner => MatchesOf(state).Of(partner).Values.Any(match => match.OverlapSince is not null))
            .Select(partner => PartnerList.Of(state, partner))
            .OfType<PartnerList>()
            .SelectMany(list => new OverlapSync(list, list.Records, list.Matches.Values, now).Overlaps);
}
