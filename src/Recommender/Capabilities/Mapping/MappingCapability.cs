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

    /// <summary>True if nothing of a partner's list may be seen but counts.</summary>
    public static bool SharesCountsOnly(HistoryState state, PartnerId partnerId) => SharingOf(state, partnerId) == "counts";

    internal static PartnerLists ListsOf(HistoryState state) => (PartnerLists)state.LedgerOf(Listed);

    internal static HeldMatches MatchesOf(HistoryState state) => (HeldMatches)state.LedgerOf(Matched);

    /// <summary>What is held of the records that a partner's list has now.</summary>
    internal static IEnumerable<(AccountMatch Match, PartnerAccount Record)> LiveMatchesOf(
        HistoryState state,
        PartnerId partnerId,
        DateTime asOf
    )
    {
        var records = ListsOf(state).Of(partnerId);
        foreach (var match in MatchesOf(state).Of(partnerId).Values)
        {
            if (records.TryGetValue(match.RecordId, out var record) && record.IsLive(asOf))
                yield return (match, record);
        }
    }

    /// <summary>What was made of the list of a partner that shares counts only ends.</summary>
    public IEnumerable<HistoryRow> Due(HistoryState state, DateTime now) =>
        ((SharingModes)state.LedgerOf(Shared))
            .WithCounts.Where(partner => MatchesOf(state).Of(partner).Values.Any(match => HasOverlap(state, match, now)))
            .Select(partner => PartnerList.Of(state, partner))
            .OfType<PartnerList>()
            .SelectMany(list => new OverlapSync(list, list.Records, list.Matches.Values, now).Overlaps);

    /// <summary>True if the overlap that was made of a match last goes on.</summary>
    static bool HasOverlap(HistoryState state, AccountMatch match, DateTime now) =>
        match.OverlapSince is { } since
        && state
            .OverlapsOf(match.PartnerId, match.AccountId)
            .Any(overlap => overlap.Population == match.Population && overlap.Since == since && overlap.GoesOnAfter(now));
}
