using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Matching;

namespace Recommender.Capabilities.Mapping;

/// <summary>What a person decides on a record and an account.</summary>
public enum MatchAction
{
    /// <summary>They are one company.</summary>
    Confirm,

    /// <summary>They are not.</summary>
    Reject,

    /// <summary>What was decided is taken back: what was computed holds again.</summary>
    Undo,
}

/// <summary>What comes of a decision.</summary>
/// <param name="Match">The pair as it is held from now on; null if the state does not allow the action.</param>
/// <param name="Rows">The rows to write; none if nothing changes.</param>
/// <param name="Allowed">The actions that the state allows.</param>
/// <param name="Why">Why the action is not allowed; null if it is.</param>
public sealed record MatchDecision(
    AccountMatch? Match,
    IReadOnlyList<HistoryRow> Rows,
    IReadOnlyList<MatchAction> Allowed,
    string? Why
)
{
    /// <summary>Decides; null if the partner's list has no such record, or the account is unknown.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="partnerId">The partner.</param>
    /// <param name="recordId">The record of its list.</param>
    /// <param name="accountId">The account.</param>
    /// <param name="action">What is decided.</param>
    /// <param name="by">Who decides.</param>
    /// <param name="at">Now, UTC.</param>
    public static MatchDecision? Of(
        HistoryState state,
        PartnerId partnerId,
        string recordId,
        AccountId accountId,
        MatchAction action,
        string by,
        DateTime at
    )
    {
        var list = PartnerList.Of(state, partnerId, recordId, accountId);
        if (list is null || !list.Records.TryGetValue(recordId, out _) || state.FindAccount(accountId) is null)
            return null;
        var held = list.Matches.GetValueOrDefault((recordId, accountId.Value));
        var confirmed = list.Matches.Values.FirstOrDefault(match => match.RecordId == recordId && match.State == "confirmed");
        List<MatchAction> allowed = held?.State switch
        {
            "confirmed" => [MatchAction.Reject, MatchAction.Undo],
            "rejected" => [MatchAction.Confirm, MatchAction.Undo],
            _ => [MatchAction.Confirm, MatchAction.Reject],
        };
        if (confirmed is not null && confirmed.AccountId != accountId)
            allowed.Remove(MatchAction.Confirm);
        var isDone = (action, held?.State) is (MatchAction.Confirm, "confirmed") or (MatchAction.Reject, "rejected");
        if (isDone)
            return new(held, [], allowed, null);
        if (!allowed.Contains(action))
            return new(
                null,
                [],
                allowed,
                action == MatchAction.Confirm
                    ? $"The record is confirmed as {confirmed!.AccountId}."
                    : "Nobody decided on the two."
            );
        var pair = held ?? Compared(state, list.Records[recordId], accountId, at);
        var matches = new Dictionary<(string, string), AccountMatch>(list.Matches);
        matches[(recordId, accountId.Value)] = pair with
        {
            State = action switch
            {
                MatchAction.Confirm => "confirmed",
                MatchAction.Reject => "rejected",
                _ => "none",
            },
            By = by,
            At = at,
        };
        Recompute(matches, recordId, at);
        var sync = new OverlapSync(list, list.Records, matches.Values, at);
        return new(
            sync.Matches().First(match => match.RecordId == recordId && match.AccountId == accountId),
            [
                .. sync.Matches()
                    .Where(match => list.Matches.GetValueOrDefault((match.RecordId, match.AccountId.Value)) != match)
                    .Select(MappingCapability.AccountMatches.RowOf),
                .. sync.Overlaps,
            ],
            allowed,
            null
        );
    }

    /// <summary>
    /// Holds what nobody decided of a record as it was computed. A record is one account: beside one that is confirmed, or computed to be
    /// it, there is no other.
    /// </summary>
    static void Recompute(Dictionary<(string Record, string Account), AccountMatch> matches, string recordId, DateTime at)
    {
        var pairs = matches.Values.Where(match => match.RecordId == recordId).ToList();
        var isTaken = pairs.Exists(match => match.State == "confirmed");
        foreach (
            var match in pairs
                .Where(match => !match.IsDecided)
                .OrderByDescending(match => match.Probability ?? 0)
                .ThenBy(match => match.AccountId)
        )
        {
            var state = isTaken ? "none" : CompanyMatcher.StateOf(match.Probability);
            isTaken |= state == "matched";
            if (state != match.State)
                matches[(recordId, match.AccountId.Value)] = match with { State = state, At = at };
        }
    }

    /// <summary>A pair that was not found, with what the two have in common all the same.</summary>
    static AccountMatch Compared(HistoryState state, PartnerAccount record, AccountId accountId, DateTime at)
    {
        var account = state.FindAccount(accountId)!;
        var (left, right) = (
            Company.Of(record.RecordId, record.Name, record.Domain, record.Country, record.Region),
            Company.Of(accountId.Value, account.Name, account.Identifiers().Domain, account.Country, account.Region)
        );
        var pair = new Comparer(new([right]), [left]).Of(left, right);
        return new(
            record.PartnerId,
            record.RecordId,
            accountId,
            "none",
            null,
            AccountListRun.Text(pair.Agrees(left)),
            AccountListRun.Text(pair.Differs()),
            null,
            null,
            null,
            at
        );
    }
}
