using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>The registrations that were submitted: how many of each partner, and which of each account.</summary>
sealed class Registrations(HistoryState state) : Ledger<DealRegistration>
{
    readonly Dictionary<string, int> _accounts = [];

    /// <summary>The account that a registration is on; null if it is not known.</summary>
    public AccountState? AccountOf(string id) => _accounts.TryGetValue(id, out var account) ? state.AccountStates[account] : null;

    /// <summary>Has the registrations of an account that was read from a snapshot be found.</summary>
    public void Index(int account)
    {
        foreach (var row in state.AccountStates[account].Submitted ?? [])
            _accounts[row.Id] = account;
    }

    protected override void Add(DealRegistration row, in DatedFact fact)
    {
        state.Partner(row.PartnerId).Registrations++;
        var account = state.AccountIndex(row.AccountId);
        state.AccountStates[account].Submitted = Several.With(state.AccountStates[account].Submitted, row);
        _accounts[row.Id] = account;
    }

    protected override void Retract(DealRegistration row, in DatedFact fact)
    {
        state.Partner(row.PartnerId).Registrations--;
        var account = state.AccountIndex(row.AccountId);
        var known = state.AccountStates[account];
        known.Submitted = Several.Without(known.Submitted, held => held == row);
        if (_accounts.GetValueOrDefault(row.Id, -1) == account && !Array.Exists(known.Submitted ?? [], held => held.Id == row.Id))
            _accounts.Remove(row.Id);
    }
}

/// <summary>
/// The registrations that were decided, by account; of those that were approved, by partner too: as many as hold at the same time.
/// </summary>
sealed class DecidedRegistrations(HistoryState state) : Ledger<DealRegistration>
{
    protected override void Add(DealRegistration row, in DatedFact fact)
    {
        var account = state.Account(row.AccountId);
        account.Decided = Several.With(account.Decided, new(row, fact.SeenAt));
        if (!row.WasApproved)
            return;
        ref var pair = ref account.Note(state.PartnerIndex(row.PartnerId), 1);
        pair.Registrations = Several.With(pair.Registrations, new(row, fact.SeenAt));
    }

    protected override void Retract(DealRegistration row, in DatedFact fact)
    {
        var account = state.Account(row.AccountId);
        account.Decided = Several.Without(account.Decided, held => held.Row == row);
        if (!row.WasApproved)
            return;
        ref var pair = ref account.Note(state.PartnerIndex(row.PartnerId), -1);
        pair.Registrations = Several.Without(pair.Registrations, held => held.Row == row);
    }
}
