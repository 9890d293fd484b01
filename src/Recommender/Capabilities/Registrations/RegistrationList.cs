using Recommender.CoSell;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Registrations;

/// <summary>Registrations as people look for them.</summary>
public static class RegistrationList
{
    /// <summary>What a registration may be.</summary>
    public static IReadOnlyList<string> States { get; } =
    ["submitted", "approved", "rejected", "expired", "withdrawn", "converted"];

    /// <summary>A registration with its steps; null if it is not known.</summary>
    public static RegistrationFile? Find(HistoryState state, RuleSet rules, string id, DateTime now) =>
        state.FindRegistration(id, now) is { } standing ? FileOf(state, rules, standing, now) : null;

    /// <summary>Registrations in the order in which they were submitted, by id within a moment.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="held">One of <see cref="States"/>; null for all.</param>
    /// <param name="partnerId">Of a partner; null for all.</param>
    /// <param name="accountId">On an account; null for all.</param>
    /// <param name="after">When that was submitted, and its id, after which to go on; null to begin.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="now">Now, UTC.</param>
    public static IReadOnlyList<RegistrationFile> Of(
        HistoryState state,
        RuleSet rules,
        string? held,
        PartnerId? partnerId,
        AccountId? accountId,
        (DateTime At, string Id)? after,
        int limit,
        DateTime now
    ) =>
        [
            .. (accountId is { } account ? state.RegistrationsOf(account, now) : state.AllRegistrations(now))
                .Where(one =>
                    (held is null || one.State == held)
                    && (partnerId is null || one.Row.PartnerId == partnerId)
                    && (after is not { } last || Several.ByMoment.Compare((one.Row.SubmittedAt, one.Row.Id), last) > 0)
                )
                .OrderBy(one => (one.Row.SubmittedAt, one.Row.Id), Several.ByMoment)
                .Take(limit)
                .Select(one => FileOf(state, rules, one, now)),
        ];

    /// <summary>Registrations of a state, what is due first on top: by when they are to be decided, or by when their protection ends; what is over, the newest first.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="held">One of <see cref="States"/>.</param>
    /// <param name="skip">How many stand before.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="now">Now, UTC.</param>
    /// <returns>Them, and how many there are in all.</returns>
    public static (IReadOnlyList<RegistrationFile> Items, int Total) DueFirst(
        HistoryState state,
        RuleSet rules,
        string held,
        int skip,
        int limit,
        DateTime now
    )
    {
        var steps = RegistrationsCapability.StepsOf(state);
        var all = state.AllRegistrations(now).Where(one => one.State == held).ToList();
        DateTime Due(DealRegistration row) =>
            held switch
            {
                "submitted" => steps.Of(row.Id).FirstOrDefault(step => step.Kind == "submitted")?.Until ?? DateTime.MaxValue,
                "approved" => row.ExpiresAt ?? DateTime.MaxValue,
                _ => default,
            };
        return (
            [
                .. all.OrderBy(one => Due(one.Row))
                    .ThenByDescending(one => one.Row.DecidedAt ?? one.Row.SubmittedAt)
                    .ThenBy(one => one.Row.Id, StringComparer.Ordinal)
                    .Skip(skip)
                    .Take(limit)
                    .Select(one => FileOf(state, rules, one, now)),
            ],
            all.Count
        );
    }

    static RegistrationFile FileOf(HistoryState state, RuleSet rules, RegistrationStanding standing, DateTime now)
    {
        var (row, held, isLive) = standing;
        var account = state.FindAccountState(row.AccountId);
        var concerned = account?.Row is { } known ? rules.About(known, account.Merged, row.Product, now) : null;
        var partner = state.IndexOfPartner(row.PartnerId) is >= 0 and var at ? state.PartnerStates[at] : null;
        return new(
            row,
            held,
            isLive,
            RegistrationsCapability.StepsOf(state).Of(row.Id),
            RegistrationPolicy.Of(concerned, partner)
        );
    }
}
