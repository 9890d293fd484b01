using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>Win probability learned without some columns, judged on the same deals.</summary>
/// <param name="Columns">What was left out, such as opportunities.amount.</param>
/// <param name="Predicted">Probabilities, in the order of the judged deals.</param>
sealed record WithoutColumns(IReadOnlyList<string> Columns, IReadOnlyList<double> Predicted);

/// <summary>
/// Columns that a CRM overwrites: what an export holds is known of its day, not of the day of a decision, unless field_changes gives
/// the history of it.
/// </summary>
static class OverwrittenColumns
{
    const double LeastTold = 0.02;

    /// <summary>Columns of the contract that stay as they are.</summary>
    static readonly string[] _lasting =
    [
        "product",
        "currency",
        "created_month",
        "industry",
        "country",
        "region",
        "created_at",
        "partner_type",
        "industries",
        "regions",
        "competencies",
    ];

    /// <summary>Those that features are made of, in the order of the settings; columns of the history's own are taken to be such.</summary>
    public static IReadOnlyList<LeftOut> Of(FeatureSettings settings, FactSource facts, DateTime asOf)
    {
        const string Why = "a CRM overwrites it";
        var fold = settings.Fold;
        var told = fold.Has("field_changes") ? Told(facts.Before(asOf)) : [];
        string TableOf(Side side) => side == Side.Account ? "accounts" : "opportunities";
        return
        [
            .. fold
                .Dimensions.Select(dimension => (Of: TableOf(dimension.Of), dimension.Name))
                .Concat(fold.Measures.Select(measure => (Of: TableOf(measure.Of), measure.Name)))
                .Concat(fold.PartnerTraits.Select(trait => (Of: "partners", Name: trait)))
                .Concat(fold.PartnerMeasures.Select(measure => (Of: "partners", measure.Name)))
                .Distinct()
                .Where(column => !_lasting.Contains(column.Name) && !(column.Of == "opportunities" && told.Contains(column.Name)))
                .Select(column => new LeftOut(column.Of, column.Name, Why)),
        ];
    }

    /// <summary>Columns of deals that facts tell anew during the life of one deal in fifty or more.</summary>
    static HashSet<string> Told(IEnumerable<DatedFact> facts)
    {
        var (told, deals) = (new Dictionary<string, HashSet<OpportunityId>>(), new HashSet<OpportunityId>());
        foreach (var fact in facts)
        {
            if (fact is not { Noun: Opportunity row, Kind: var kind } || kind != FactKind.OpportunityCreated || fact.IsRetraction)
                continue;
            deals.Add(row.Id);
            if (fact.Replaced is not Opportunity before)
                continue;
            if (row.Amount != before.Amount)
                Add("amount", row.Id);
            if (row.ExpectedCloseAt != before.ExpectedCloseAt)
                Add("expected_close_at", row.Id);
            if (row.Owner != before.Owner)
                Add("owner", row.Id);
            foreach (var name in row.Attributes.Names)
            {
                if (row.Attributes[name] != before.Attributes[name])
                    Add(name, row.Id);
            }
        }
        // One correction is no history.
        return [.. told.Where(column => column.Value.Count >= LeastTold * deals.Count).Select(column => column.Key)];

        void Add(string column, OpportunityId deal)
        {
            if (!told.TryGetValue(column, out var changed))
                told[column] = changed = [];
            changed.Add(deal);
        }
    }
}
