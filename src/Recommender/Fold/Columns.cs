using System.Globalization;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Columns of accounts, partners and opportunities by name, those of the contract and custom ones.</summary>
static class Columns
{
    /// <summary>The month of the year in which a deal was created, 01 to 12: a column that every history has, unless it has one of its own by that name.</summary>
    public const string CreatedMonth = "created_month";

    public static string? Column(Account row, string name) =>
        name switch
        {
            "industry" => row.Industry,
            "country" => row.Country,
            "region" => row.Region,
            _ => row.Attributes[name],
        };

    public static string? Column(Partner row, string name) =>
        name switch
        {
            "partner_type" => row.PartnerType,
            "tier" => row.Tier,
            "industries" => row.Industries,
            "regions" => row.Regions,
            "competencies" => row.Competencies,
            _ => row.Attributes[name],
        };

    public static string? Column(Opportunity row, string name) =>
        name switch
        {
            "product" => row.Product,
            "currency" => row.Currency,
            "owner" => row.Owner,
            CreatedMonth => row.Attributes[name] ?? row.CreatedAt.ToString("MM", CultureInfo.InvariantCulture),
            _ => row.Attributes[name],
        };

    public static double Number(Account row, string name) =>
        name switch
        {
            "employee_count" => row.EmployeeCount ?? double.NaN,
            "annual_revenue" => row.AnnualRevenue ?? double.NaN,
            "created_at" => Days(row.CreatedAt),
            _ => Number(row.Attributes[name]),
        };

    public static double Number(Opportunity row, string name) =>
        name switch
        {
            "amount" => row.Amount ?? double.NaN,
            "expected_close_at" => Days(row.ExpectedCloseAt),
            _ => Number(row.Attributes[name]),
        };

    /// <summary>The measures of a partner.</summary>
    public static double[] MeasuresOf(Partner? row, FoldSettings settings) =>
        row is null ? [] : [.. settings.PartnerMeasures.Select(measure => Number(row.Attributes[measure.Name]))];

    static double Days(DateTime? at) => at is { } date ? Decay.Days(date) : double.NaN;

    static double Number(string? text)
    {
        if (text is null)
            return double.NaN;
        if (Numbers.TryPlain(text, out var number))
            return number;
        return Instants.TryParse(text, out var at) ? Decay.Days(at) : double.NaN;
    }
}
