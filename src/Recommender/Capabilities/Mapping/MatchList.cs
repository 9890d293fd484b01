using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.Mapping;

/// <summary>A record of a list and what is held of it.</summary>
/// <param name="RecordId">The record.</param>
/// <param name="Record">What the list says of it.</param>
/// <param name="Match">What is held of it and an account; null if it is none of ours.</param>
/// <param name="Account">The account; null if it is none of ours.</param>
public sealed record ListedMatch(string RecordId, PartnerAccount Record, AccountMatch? Match, Account? Account);

/// <summary>The records of a list by what is held of them.</summary>
public static class MatchList
{
    /// <summary>What is held of live records, in the order of record and account.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="partnerId">The partner.</param>
    /// <param name="held">matched, review, none, confirmed or rejected; null for all.</param>
    /// <param name="after">The record and the account after which to go on; empty to begin.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="asOf">Now.</param>
    public static IReadOnlyList<ListedMatch> Of(
        HistoryState state,
        PartnerId partnerId,
        string? held,
        (string Record, string Account) after,
        int limit,
        DateTime asOf
    )
    {
        var matches = MappingCapability
            .LiveMatchesOf(state, partnerId, asOf)
            .Select(one => one.Match)
            .Where(match => match.State != "none")
            .ToList();
        IEnumerable<(string Record, AccountMatch? Match)> all = matches
            .Where(match => held is null || match.State == held)
            .Select(match => (match.RecordId, (AccountMatch?)match));
        if (held is null or "none")
        {
            // A record that a person said is not an account, and nothing else either, is none of ours.
            var found = matches.Where(match => match.State != "rejected").Select(match => match.RecordId).ToHashSet();
            all = all.Concat(
                MappingCapability
                    .ListsOf(state)
                    .Of(partnerId)
                    .Values.Where(record => record.IsLive(asOf) && !found.Contains(record.RecordId))
                    .Select(record => (record.RecordId, (AccountMatch?)null))
            );
        }
        return
        [
            .. all.Where(one => Compare((one.Record, one.Match?.AccountId.Value ?? ""), after) > 0)
                .OrderBy(one => one.Record, StringComparer.Ordinal)
                .ThenBy(one => one.Match?.AccountId.Value ?? "", StringComparer.Ordinal)
                .Take(limit)
                .Select(one => Of(state, partnerId, one.Record, one.Match)),
        ];
    }

    /// <summary>How many records wait for a person to decide.</summary>
    public static int Waiting(HistoryState state, PartnerId partnerId, DateTime asOf) =>
        MappingCapability
            .LiveMatchesOf(state, partnerId, asOf)
            .Where(one => one.Match.State == "review")
            .Select(one => one.Match.RecordId)
            .Distinct()
            .Count();

    /// <summary>A pair with what both sides say.</summary>
    public static ListedMatch Of(HistoryState state, AccountMatch match) => Of(state, match.PartnerId, match.RecordId, match);

    static ListedMatch Of(HistoryState state, PartnerId partnerId, string record, AccountMatch? match) =>
        new(
            record,
            MappingCapability.ListsOf(state).Of(partnerId)[record],
            match,
            match is null ? null : state.FindAccount(match.AccountId)
        );

    static int Compare((string Record, string Account) one, (string Record, string Account) other) =>
        string.CompareOrdinal(one.Record, other.Record) is not 0 and var order
            ? order
            : string.CompareOrdinal(one.Account, other.Account);
}
