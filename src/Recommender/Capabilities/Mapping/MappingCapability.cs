using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Webhooks;

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

    /// <inheritdoc/>
    public IEnumerable<Event> EventsOf(DatedFact fact)
    {
        if (fact is { IsRetraction: false, Noun: AccountMatch { IsDecided: true } match })
            yield return new(
                "match.decided",
                match.AccountId.Value,
                fact.AppliedAt,
                new Dictionary<string, object?>
                {
                    ["partner_id"] = match.PartnerId.Value,
                    ["record_id"] = match.RecordId,
                    ["account_id"] = match.AccountId.Value,
                    ["state"] = match.State,
                    ["decided_by"] = match.By,
                }
            );
    }
}
