using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>One dated fact, for a person.</summary>
/// <param name="At">When it was true, UTC.</param>
/// <param name="Kind">engagement, overlap, registration, assist or certification.</param>
/// <param name="What">The rest, in a few words.</param>
/// <param name="Where">The deal or the account it is about; null if neither.</param>
public sealed record BookedFact(DateTime At, string Kind, string What, string? Where);

/// <summary>A deal that a partner works or worked on.</summary>
/// <param name="OpportunityId">The deal.</param>
/// <param name="AccountId">The account.</param>
/// <param name="AccountName">Its name, if it has one.</param>
/// <param name="Product">What is sold.</param>
/// <param name="Amount">What it is worth.</param>
/// <param name="Currency">In which currency.</param>
/// <param name="Outcome">won, lost or open.</param>
/// <param name="Owner">Who of us owns it.</param>
/// <param name="StartedAt">When the partner joined, UTC.</param>
public sealed record PartnerDeal(
    string OpportunityId,
    string AccountId,
    string? AccountName,
    string? Product,
    double? Amount,
    string? Currency,
    string Outcome,
    string? Owner,
    DateTime StartedAt
);

/// <summary>Looks facts up for a person to read; ranking reads the fold instead.</summary>
public sealed class FactBook(HistoryStore store)
{
    // Until when it holds comes beside it: a date is written here, not by an engine.
    static readonly SqlText _between = SqlText.Limited(
        """
        -- index: engagements_by_partner, opportunities_key, account_overlaps_key, deal_registrations_by_account, assists_by_partner, certifications_key
        SELECT e.started_at AS At, 'engagement' AS Kind, CONCAT(COALESCE(e.role, 'worked on a deal'), ', ', COALESCE(o.outcome, 'open')) AS What, o.opportunity_id AS Place, CAST(NULL AS datetimeoffset(3)) AS Until
        FROM engagements e
        JOIN opportunities o ON o.opportunity_id = e.opportunity_id
        WHERE e.partner_id = @partnerId AND o.account_id = @accountId
        UNION ALL
        SELECT v.since, 'overlap', v.population, CAST(NULL AS nvarchar(200)), CAST(NULL AS datetimeoffset(3))
        FROM account_overlaps v
        WHERE v.partner_id = @partnerId AND v.account_id = @accountId
        UNION ALL
        SELECT r.submitted_at, 'registration', COALESCE(r.status, 'submitted'), r.product, CAST(NULL AS datetimeoffset(3))
        FROM deal_registrations r
        WHERE r.account_id = @accountId AND r.partner_id = @partnerId
        UNION ALL
        SELECT a.at, 'assist', a.direction, a.opportunity_id, CAST(NULL AS datetimeoffset(3))
        FROM assists a
        WHERE a.partner_id = @partnerId AND a.account_id = @accountId
        UNION ALL
        SELECT c.earned_at, 'certification', c.competency, CAST(NULL AS nvarchar(200)), c.expires_at
        FROM certifications c
        WHERE c.partner_id = @partnerId
        ORDER BY 1 DESC, 2, 3
        """
    );

    static readonly SqlText _dealsOfPartner = SqlText.Limited(
        """
        -- index: engagements_by_partner, opportunities_key, accounts_key
        SELECT o.opportunity_id AS OpportunityId, o.account_id AS AccountId, a.name AS AccountName, o.product AS Product, o.amount AS Amount, o.currency AS Currency, COALESCE(o.outcome, 'open') AS Outcome, o.owner AS Owner, e.started_at AS StartedAt, e.status AS Status
        FROM engagements e
        JOIN opportunities o ON o.opportunity_id = e.opportunity_id
        JOIN accounts a ON a.account_id = o.account_id
        WHERE e.partner_id = @partnerId
        ORDER BY e.started_at DESC, o.opportunity_id
        """
    );

    const string AssistsOfPartner = """
        -- index: assists_by_partner
        SELECT direction, CAST(COUNT(*) AS bigint)
        FROM assists
        WHERE partner_id = @partnerId
        GROUP BY direction
        ORDER BY direction
        """;

    /// <summary>How many assists the partner was given and gave us.</summary>
    public (long Given, long Received) AssistsOf(string partnerId)
    {
        var counts = store.Read(connection =>
            connection.Query<(string Direction, long Count)>(AssistsOfPartner, new { partnerId }).ToDictionary()
        );
        return (counts.GetValueOrDefault("given"), counts.GetValueOrDefault("received"));
    }

    /// <summary>What happened between an account and a partner, newest first, with the partner's certifications.</summary>
    public IReadOnlyList<BookedFact> FactsBetween(string accountId, string partnerId, int limit) =>
        store.Read<IReadOnlyList<BookedFact>>(connection =>
            [
                .. connection
                    .Query<Row>(
                        _between.For(connection),
                        new
                        {
                            accountId,
                            partnerId,
                            limit,
                        }
                    )
                    .Select(row => new BookedFact(
                        row.At,
                        row.Kind,
                        row.What,
                        row.Until is { } until ? FormattableString.Invariant($"until {until:yyyy-MM-dd}") : row.Place
                    )),
            ]
        );

    /// <summary>The partner's deals, each once, those it joined last first; a deal on which its work was withdrawn is none.</summary>
    public IReadOnlyList<PartnerDeal> DealsOf(string partnerId, int limit) =>
        store.Read<IReadOnlyList<PartnerDeal>>(connection =>
            [
                .. connection
                    .Query<DealRow>(_dealsOfPartner.For(connection), new { partnerId, limit })
                    .Where(row => !Engagement.IsWithdrawal(row.Status))
                    .DistinctBy(row => row.OpportunityId)
                    .Select(row => new PartnerDeal(
                        row.OpportunityId,
                        row.AccountId,
                        row.AccountName,
                        row.Product,
                        row.Amount,
                        row.Currency,
                        row.Outcome,
                        row.Owner,
                        row.StartedAt
                    )),
            ]
        );

    sealed class Row
    {
        public DateTime At { get; init; }
        public string Kind { get; init; } = "";
        public string What { get; init; } = "";
        public string? Place { get; init; }
        public DateTime? Until { get; init; }
    }

    sealed class DealRow
    {
        public string OpportunityId { get; init; } = "";
        public string AccountId { get; init; } = "";
        public string? AccountName { get; init; }
        public string? Product { get; init; }
        public double? Amount { get; init; }
        public string? Currency { get; init; }
        public string Outcome { get; init; } = "";
        public string? Owner { get; init; }
        public DateTime StartedAt { get; init; }
        public string? Status { get; init; }
    }
}
