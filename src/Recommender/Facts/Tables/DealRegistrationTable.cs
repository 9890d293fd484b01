using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Claims of partners on deals. Known from submitted_at; what was decided, from decided_at.</summary>
public sealed class DealRegistrationTable : FactTable<DealRegistration>
{
    readonly FactColumn _id,
        _partner,
        _account,
        _product,
        _submitted,
        _status,
        _decided,
        _expires;

    /// <summary>Declares the table.</summary>
    public DealRegistrationTable()
        : base("deal_registrations", FactKind.RegistrationSubmitted)
    {
        Route = "deal-registrations";
        End = "decided";
        _id = Key("registration_id");
        _partner = Reference("partner_id", "partners", required: true);
        _account = Reference("account_id", "accounts", required: true);
        _product = Text("product");
        _submitted = Date("submitted_at", required: true);
        _status = Text("status", oneOf: ["submitted", "approved", "rejected", "expired", "withdrawn", "converted"]);
        _decided = Date(
            "decided_at",
            role: DateRole.End,
            ifMissing: "decided when it was submitted, if its status says that it was"
        );
        _expires = Date(
            "expires_at",
            role: DateRole.Planned,
            ifMissing: "does not expire; one whose status is expired protects nothing"
        );
        Recorded();
    }

    /// <inheritdoc/>
    public override DealRegistration Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            row.Text(_partner)!,
            row.Text(_account)!,
            row.Text(_product),
            row.Date(_submitted)!.Value,
            row.Text(_status),
            row.Date(_decided),
            row.Date(_expires)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(DealRegistration noun) => noun.SubmittedAt;

    /// <summary>
    /// When it was decided, or told to be; if its status says that it was and no date stands there, when it was submitted. One that is called
    /// expired though its end lies ahead was over when it was told.
    /// </summary>
    protected override DateTime? EndOf(DealRegistration noun, DateTime told)
    {
        var decided = noun.DecidedAt ?? (noun.IsDecided ? noun.SubmittedAt : null);
        return decided > told || noun.Status == "expired" && noun.ExpiresAt > told ? told : decided;
    }

    internal override IEnumerable<RowWarning> Doubts(HistoryRow row, DateTime told) =>
        [.. EndBefore(row, _submitted, _decided), .. EndBefore(row, _submitted, _expires)];

    internal override string? MeaningIfMissing(HistoryRow row, FactColumn column) =>
        column == _decided && !DealRegistration.IsDecision(row.Text(_status))
        || column == _expires && !DealRegistration.IsApproval(row.Text(_status))
            ? null
            : base.MeaningIfMissing(row, column);

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(DealRegistration noun) =>
        (noun.AccountId, null);
}
