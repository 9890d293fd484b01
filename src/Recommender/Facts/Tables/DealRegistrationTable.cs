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
        _status = Text("status", oneOf: ["submitted", "approved", "rejected", "expired"]);
        _decided = Date("decided_at");
        _expires = Date("expires_at");
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

    /// <summary>When it was decided; if its status says that it was and no date stands there, when it was submitted.</summary>
    protected override DateTime? EndOf(DealRegistration noun) =>
        noun.DecidedAt ?? (noun.Status is "approved" or "rejected" or "expired" ? noun.SubmittedAt : null);

    /// <inheritdoc/>
    protected override bool SpeaksOfAhead(DealRegistration noun, DateTime moment) =>
        noun.Status == "expired" && noun.ExpiresAt > moment;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(DealRegistration noun) =>
        (noun.AccountId, null);
}
