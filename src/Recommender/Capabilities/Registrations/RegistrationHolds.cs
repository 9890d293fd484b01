using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Registrations;

/// <summary>
/// Which registration holds an account for a product, as long as it is approved and not over. Its key lets one be there at a time: of two
/// approvals at once the database takes one.
/// </summary>
/// <param name="AccountId">The account.</param>
/// <param name="Product">What is sold, folded; <see cref="RegistrationHoldTable.AnyProduct"/> if the registration names no product.</param>
/// <param name="RegistrationId">The registration that holds it, or held it last.</param>
public sealed record RegistrationHold(AccountId AccountId, string Product, string RegistrationId);

/// <summary>What registrations hold.</summary>
public sealed class RegistrationHoldTable : FactTable<RegistrationHold>
{
    /// <summary>Stands for a registration that names no product.</summary>
    public const string AnyProduct = "*";

    readonly FactColumn _account,
        _product,
        _registration;

    /// <summary>Declares the table.</summary>
    public RegistrationHoldTable()
        : base("registration_holds", RegistrationsCapability.Held)
    {
        TakesRows = false;
        MakesFeatures = false;
        _account = Key("account_id", references: "accounts");
        _product = Key("product");
        _registration = Reference("registration_id", "deal_registrations", required: true);
        Recorded();
    }

    /// <summary>The key of what a registration holds.</summary>
    public static string KeyOf(AccountId accountId, string? product) => $"{accountId}\u001f{ProductOf(product)}";

    /// <summary>A product as it stands in the key: alike however it is spelt.</summary>
    public static string ProductOf(string? product) =>
        product is null ? AnyProduct
        : TextKey.Of(product) is { Length: > JsonRow.LongestId } longer ? longer[..JsonRow.LongestId]
        : TextKey.Of(product);

    /// <inheritdoc/>
    public override RegistrationHold Read(HistoryRow row) =>
        new(row.Text(_account)!, row.Text(_product)!, row.Text(_registration)!);

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(RegistrationHold hold) =>
        Row(("account_id", hold.AccountId), ("product", hold.Product), ("registration_id", hold.RegistrationId));

    /// <inheritdoc/>
    protected override DateTime? StartOf(RegistrationHold noun) => null;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(RegistrationHold noun) =>
        (noun.AccountId, null);
}
