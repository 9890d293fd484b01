using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Mapping;

/// <summary>What may be seen of a partner's list.</summary>
/// <param name="PartnerId">The partner.</param>
/// <param name="Mode">fields, or counts: then no record and no match is shown, and cells below five are not told apart.</param>
public sealed record PartnerSharing(PartnerId PartnerId, string Mode);

/// <summary>What partners agreed to have seen of their lists: fields where nothing is said.</summary>
public sealed class PartnerSharingTable : FactTable<PartnerSharing>
{
    readonly FactColumn _partner,
        _mode;

    /// <summary>Declares the table.</summary>
    public PartnerSharingTable()
        : base("partner_sharing", MappingCapability.Shared)
    {
        Route = "partner-sharing";
        MakesFeatures = false;
        _partner = Key("partner_id", references: "partners");
        _mode = Text("mode", required: true, oneOf: ["fields", "counts"]);
        Recorded();
    }

    /// <inheritdoc/>
    public override PartnerSharing Read(HistoryRow row) => new(row.Text(_partner)!, row.Text(_mode)!);

    /// <inheritdoc/>
    protected override DateTime? StartOf(PartnerSharing noun) => null;
}
