using System.Globalization;
using System.Text.RegularExpressions;
using Recommender.Api.Endpoints;
using Recommender.Fold;

namespace Recommender.Api.Pages.Registrations;

/// <summary>What was typed of a new registration.</summary>
public sealed record RegistrationForm
{
    const int MostPartners = 1000;
    static readonly Regex _amount = new(@"^\d[\d ]{0,17}(\.\d{1,2})?$", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));

    /// <summary>The partner, by name or id.</summary>
    public string Partner { get; init; } = "";

    /// <summary>The company, by name or account id.</summary>
    public string Company { get; init; } = "";

    /// <summary>The company's domain.</summary>
    public string Domain { get; init; } = "";

    /// <summary>What is to be sold.</summary>
    public string Product { get; init; } = "";

    /// <summary>What it may be worth.</summary>
    public string Amount { get; init; } = "";

    /// <summary>In which currency.</summary>
    public string Currency { get; init; } = "";

    /// <summary>What the partner did with the company.</summary>
    public string Evidence { get; init; } = "";

    /// <summary>True if it is none of our accounts though it may seem one.</summary>
    public bool IsNew { get; init; }

    /// <summary>What it is to be called: sent twice it is one.</summary>
    public string Id { get; init; } = "dr_" + Guid.CreateVersion7().ToString("N");

    /// <summary>What was sent.</summary>
    public static RegistrationForm Of(IFormCollection form) =>
        new()
        {
            Partner = form["partner"].ToString().Trim(),
            Company = form["company"].ToString().Trim(),
            Domain = form["domain"].ToString().Trim(),
            Product = form["product"].ToString().Trim(),
            Amount = form["amount"].ToString().Trim(),
            Currency = form["currency"].ToString().Trim(),
            Evidence = form["evidence"].ToString().Trim(),
            IsNew = form["new"] == "yes",
            Id = form["id"].ToString() is { Length: > 0 } id ? id : new RegistrationForm().Id,
        };

    /// <summary>Partners to choose from.</summary>
    public static List<(string Id, string Name)> PartnersOf(HistoryState fold) =>
        [
            .. Enumerable
                .Range(0, fold.PartnerCount)
                .Select(fold.FindPartner)
                .OfType<CoSell.Partner>()
                .Select(row => (row.Id.Value, row.Name ?? row.Id.Value))
                .OrderBy(one => one.Item2, StringComparer.OrdinalIgnoreCase)
                .Take(MostPartners),
        ];

    /// <summary>The claim; null and what is wrong if it is none. Partner and account may be typed by id or by name.</summary>
    internal RegistrationRequest? Request(HistoryState fold, out string? wrong)
    {
        wrong = null;
        var partner = PartnerOf(fold, Partner);
        if (partner is null)
            wrong = Partner.Length == 0 ? "Say which partner." : $"No partner is called '{Partner}'; choose one of the list.";
        double? amount = null;
        if (Amount.Length > 0)
        {
            // A comma is thousands to some and decimals to others.
            if (
                _amount.IsMatch(Amount)
                && double.TryParse(
                    Amount.Replace(" ", "", StringComparison.Ordinal),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var number
                )
            )
                amount = number;
            else
                wrong ??= $"'{Amount}' is no amount; expected digits, and a point before cents, such as 48000 or 48000.50.";
        }
        var isAccount = Company.Length > 0 && fold.FindAccount(Company) is not null;
        return wrong is not null
            ? null
            : new()
            {
                PartnerId = partner!,
                AccountId = isAccount ? Company : null,
                Name = isAccount || Company.Length == 0 ? null : Company,
                Domain = isAccount || Domain.Length == 0 ? null : Domain,
                Product = Product.Length == 0 ? null : Product,
                Amount = amount,
                Currency = Currency.Length == 0 ? null : Currency,
                Evidence = Evidence.Length == 0 ? null : Evidence,
                RegistrationId = Id,
                NewAccount = IsNew,
            };
    }

    /// <summary>A partner that was typed by id or by name; null if there is none, or several are called so.</summary>
    internal static string? PartnerOf(HistoryState fold, string typed) =>
        fold.FindPartner(typed)?.Id.Value
        ?? OnlyOne([.. fold.FindPartners(typed, 20).Where(row => row.Name == typed).Select(row => row.Id.Value)]);

    static string? OnlyOne(IReadOnlyList<string> ids) => ids is [var one] ? one : null;
}
