using System.Text.Json;
using System.Text.Json.Nodes;
using Recommender.Fold;

namespace Recommender.Api.Pages.Leads;

/// <summary>What was typed of a new lead.</summary>
public sealed record LeadForm
{
    /// <summary>The company, by name or account id.</summary>
    public string Company { get; init; } = "";

    /// <summary>Its domain.</summary>
    public string Domain { get; init; } = "";

    /// <summary>Its country.</summary>
    public string Country { get; init; } = "";

    /// <summary>True if it is none of our accounts though it may seem one.</summary>
    public bool IsNew { get; init; }

    /// <summary>What is to be sold.</summary>
    public string Product { get; init; } = "";

    /// <summary>What it may be worth.</summary>
    public string Amount { get; init; } = "";

    /// <summary>In which currency.</summary>
    public string Currency { get; init; } = "";

    /// <summary>Where it came from.</summary>
    public string Source { get; init; } = "";

    /// <summary>The partner that gave it.</summary>
    public string Partner { get; init; } = "";

    /// <summary>Whose queue it lies in if nobody takes it.</summary>
    public string Owner { get; init; } = "";

    /// <summary>What it is to be called: sent twice it is one.</summary>
    public string Id { get; init; } = "ld_" + Guid.CreateVersion7().ToString("N");

    /// <summary>What was sent.</summary>
    public static LeadForm Of(IFormCollection form)
    {
        string Text(string name) => form[name].ToString().Trim();
        return new()
        {
            Company = Text("company"),
            Domain = Text("domain"),
            Country = Text("country"),
            IsNew = Text("new") == "yes",
            Product = Text("product"),
            Amount = Text("amount"),
            Currency = Text("currency"),
            Source = Text("source"),
            Partner = Text("partner"),
            Owner = Text("owner"),
            Id = Text("id") is { Length: > 0 } id ? id : new LeadForm().Id,
        };
    }

    /// <summary>The lead as the API takes it: what is wrong with it is said there.</summary>
    internal byte[] Body(HistoryState fold)
    {
        var isAccount = Company.Length > 0 && fold.FindAccount(Company) is not null;
        var json = new JsonObject { ["lead_id"] = Id };
        foreach (
            var (name, text) in (IEnumerable<(string, string)>)
                [
                    (isAccount ? "account_id" : "name", Company),
                    ("domain", isAccount ? "" : Domain),
                    ("country", isAccount ? "" : Country),
                    ("product", Product),
                    ("amount", Amount),
                    ("currency", Currency),
                    ("source", Source),
                    ("partner_id", Partner),
                    ("owner", Owner),
                ]
        )
        {
            if (text.Length > 0)
                json[name] = text;
        }
        if (IsNew && !isAccount)
            json["new_account"] = true;
        return JsonSerializer.SerializeToUtf8Bytes(json, ApiJson.Default.JsonObject);
    }
}
