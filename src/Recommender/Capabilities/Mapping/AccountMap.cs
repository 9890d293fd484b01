using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Mapping;

/// <summary>A cell of the map: accounts that are one thing to us and another to the partner.</summary>
/// <param name="Ours">customer, open_opportunity or prospect of ours.</param>
/// <param name="Theirs">customer, open_opportunity or prospect of theirs.</param>
/// <param name="Count">How many accounts; null if the partner shares counts only and there are fewer than five.</param>
/// <param name="Shown">The count as it is shown, such as 12 or &lt; 5.</param>
/// <param name="Value">What our open deals on them are worth, in the base currency; null where the count is.</param>
/// <param name="WithoutRate">Deals that are not in the value, for want of an amount or a rate; null where the count is.</param>
public sealed record AccountMapCell(string Ours, string Theirs, int? Count, string Shown, double? Value, int? WithoutRate);

/// <summary>Who else holds our accounts: our population by theirs.</summary>
/// <param name="PartnerId">The partner.</param>
/// <param name="Sharing">fields or counts.</param>
/// <param name="Currency">Of the values; null if amounts are taken as they stand.</param>
/// <param name="Cells">Nine.</param>
/// <param name="Records">Records of the partner's list; null if it has none, or shares counts only.</param>
/// <param name="Review">Records that wait for a person to decide; null as <paramref name="Records"/>.</param>
public sealed record AccountMap(
    string PartnerId,
    string Sharing,
    string? Currency,
    IReadOnlyList<AccountMapCell> Cells,
    int? Records,
    int? Review
)
{
    /// <summary>Below it, a cell of a partner that shares counts only is not told from others.</summary>
    public const int FewestShown = 5;

    /// <summary>What an account may be, to us and to them.</summary>
    public static IReadOnlyList<string> Populations { get; } = ["customer", "open_opportunity", "prospect"];

    /// <summary>The map of a partner; null if it is unknown.</summary>
    public static AccountMap? Of(HistoryState state, PartnerId partnerId, DateTime asOf)
    {
        if (state.FindPartner(partnerId) is null)
            return null;
        var (sharing, currency) = (MappingCapability.SharingOf(state, partnerId), state.Settings.BaseCurrency);
        var cells = Held(state, partnerId, asOf)
            .Select(one => (Ours: state.PopulationOf(one.AccountId), one.Population, one.AccountId))
            .Distinct()
            .ToLookup(one => (one.Ours, one.Population), one => one.AccountId);
        var records = MappingCapability.ListsOf(state).Of(partnerId);
        var isShown = sharing == "fields" && records.Count > 0;
        return new(
            partnerId.Value,
            sharing,
            currency,
            [
                .. Populations.SelectMany(ours =>
                    Populations.Select(theirs => Cell(state, ours, theirs, [.. cells[(ours, theirs)]], sharing == "counts"))
                ),
            ],
            isShown ? records.Values.Count(record => record.IsLive(asOf)) : null,
            isShown ? MatchList.Waiting(state, partnerId, asOf) : null
        );
    }

    /// <summary>The accounts of a cell with what the partner knows of each; none if it shares counts only.</summary>
    public static IReadOnlyList<AccountOverlap> AccountsOf(
        HistoryState state,
        PartnerId partnerId,
        string ours,
        string theirs,
        DateTime asOf
    ) =>
        MappingCapability.SharesCountsOnly(state, partnerId)
            ? []
            :
            [
                .. Held(state, partnerId, asOf)
                    .Where(overlap => overlap.Population == theirs && state.PopulationOf(overlap.AccountId) == ours)
                    .GroupBy(overlap => overlap.AccountId)
                    .Select(overlaps => overlaps.MinBy(overlap => overlap.Since)!),
            ];

    /// <summary>What the partner holds now: its overlaps, or if it shares counts only, which makes none, what its records match.</summary>
    static IEnumerable<AccountOverlap> Held(HistoryState state, PartnerId partnerId, DateTime asOf)
    {
        if (!MappingCapability.SharesCountsOnly(state, partnerId))
            return state
                .OverlapsOf(partnerId)
                .Where(overlap => overlap.IsLive(asOf) && state.FindAccount(overlap.AccountId) is not null);
        return MappingCapability
            .LiveMatchesOf(state, partnerId, asOf)
            .Where(one => one.Match.IsMatch)
            .Select(one => new AccountOverlap(
                partnerId,
                one.Match.AccountId,
                one.Record.Population,
                null,
                null,
                one.Match.At,
                null
            ));
    }

    static AccountMapCell Cell(HistoryState state, string ours, string theirs, IReadOnlyList<AccountId> accounts, bool hidesFew)
    {
        if (hidesFew && accounts.Count < FewestShown)
            return new(ours, theirs, null, FormattableString.Invariant($"< {FewestShown}"), null, null);
        var worths = accounts
            .SelectMany(state.OpenDealsOf)
            .Select(deal => state.WorthOf(deal, state.Settings.BaseCurrency))
            .ToList();
        return new(
            ours,
            theirs,
            accounts.Count,
            FormattableString.Invariant($"{accounts.Count}"),
            Math.Round(worths.Sum(worth => worth ?? 0), 2),
            worths.Count(worth => worth is null)
        );
    }
}
