using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Where a registration stands at a moment.</summary>
/// <param name="Row">The registration, as far as it is known then.</param>
/// <param name="State">submitted, approved, converted, rejected, withdrawn or expired.</param>
/// <param name="IsLive">True if it protects the account.</param>
public sealed record RegistrationStanding(DealRegistration Row, string State, bool IsLive);

/// <summary>A row that something rests on.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Id">Its key, the parts parted by '|'.</param>
/// <param name="Date">When what it says happened, UTC; null if it has no date.</param>
public sealed record GroundRow(string Table, string Id, DateTime? Date)
{
    /// <summary>What a partner holds of an account.</summary>
    public static GroundRow Of(AccountOverlap overlap) =>
        new(
            FactTables.AccountOverlaps.Name,
            $"{overlap.PartnerId}|{overlap.AccountId}|{overlap.Population}|{Instants.Text(overlap.Since)}",
            overlap.Since
        );
}

/// <summary>A piece of work that a partner did with an account.</summary>
/// <param name="Table">The table of its row.</param>
/// <param name="Id">The key of its row, its parts parted by '|'.</param>
/// <param name="At">When, UTC: of an overlap, since when it holds.</param>
public sealed record DatedWork(string Table, string Id, DateTime At);

// Registrations, and what partners did with accounts, as of a moment.
public sealed partial class HistoryState
{
    /// <summary>The registrations of an account, as they were known, in no useful order.</summary>
    public IEnumerable<RegistrationStanding> RegistrationsOf(AccountId accountId, DateTime asOf)
    {
        var account = FindAccountState(accountId);
        foreach (var row in account?.Submitted ?? [])
            yield return StandingOf(account!, row, asOf);
    }

    /// <summary>A registration; null if it is not known.</summary>
    public RegistrationStanding? FindRegistration(string id, DateTime asOf) =>
        Registrations.AccountOf(id) is { } account && Array.Find(account.Submitted ?? [], row => row.Id == id) is { } submitted
            ? StandingOf(account, submitted, asOf)
            : null;

    /// <summary>All registrations that are known, in no useful order.</summary>
    public IEnumerable<RegistrationStanding> AllRegistrations(DateTime asOf)
    {
        foreach (var account in AccountStates)
        {
            foreach (var row in account.Submitted ?? [])
                yield return StandingOf(account, row, asOf);
        }
    }

    static RegistrationStanding StandingOf(AccountState account, DealRegistration submitted, DateTime asOf)
    {
        // What the row says of its decision may lie ahead: known is what was decided by now.
        if (
            Array.FindLast(account.Decided ?? [], held => held.Row.Id == submitted.Id)
            is not { Row: { IsDecided: true } row } seen
        )
            return new(
                submitted is { Status: "submitted", DecidedAt: null, ExpiresAt: null }
                    ? submitted
                    : submitted with
                    {
                        Status = "submitted",
                        DecidedAt = null,
                        ExpiresAt = null,
                    },
                "submitted",
                false
            );
        var isLive = row.IsLive(asOf, seen.SeenAt);
        return new(row, row.Status == "approved" && !isLive ? "expired" : row.Status!, isLive);
    }

    /// <summary>The first contact with an account from a moment on, of a partner or of our own people; null if none is known.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="since">From when on, inclusive, UTC.</param>
    /// <param name="by">The partner; null for our own people.</param>
    public DateTime? FirstTouch(AccountId accountId, DateTime since, PartnerId? by)
    {
        if (FindAccountState(accountId) is not { } account)
            return null;
        var times = by is { } partner
            ? (account.TouchesOfPartners ?? []).Where(touch => touch.Partner == IndexOfPartner(partner)).Select(touch => touch.At)
            : account.OwnTouchTimes ?? [];
        DateTime? first = null;
        foreach (var at in times)
        {
            if (at >= since && !(at >= first))
                first = at;
        }
        return first;
    }

    /// <summary>What a partner did with an account before a moment, newest first: contacts, overlaps that hold, assists and deals worked on.</summary>
    public IReadOnlyList<DatedWork> WorkOf(PartnerId partnerId, AccountId accountId, DateTime asOf)
    {
        if (IndexOfPartner(partnerId) is not (>= 0 and var partner) || FindAccountState(accountId) is not { } account)
            return [];
        var work = new List<DatedWork>();
        foreach (var touch in account.TouchesOfPartners ?? [])
        {
            if (touch.Partner == partner)
                work.Add(new(FactTables.Touches.Name, touch.Id!, touch.At));
        }
        if (account.Pairs is { } pairs && pairs.TryGet(partner, out var pair))
        {
            foreach (var overlap in pair.Overlaps ?? [])
            {
                if (overlap.IsLive(asOf))
                    work.Add(new(FactTables.AccountOverlaps.Name, GroundRow.Of(overlap).Id, overlap.Since));
            }
            foreach (var assist in pair.Assists ?? [])
                work.Add(new(FactTables.Assists.Name, assist.Id, assist.At));
            if (pair.Engagements > 0)
            {
                foreach (var deal in DealsOf(account))
                {
                    foreach (var entry in deal.Engagements.Where(entry => entry.Partner == partner))
                        work.Add(new(FactTables.Engagements.Name, entry.Id, entry.StartedAt));
                }
            }
        }
        work.RemoveAll(one => one.At > asOf);
        return
        [
            .. work.OrderByDescending(one => one.At)
                .ThenBy(one => one.Table, StringComparer.Ordinal)
                .ThenBy(one => one.Id, StringComparer.Ordinal),
        ];
    }
}
