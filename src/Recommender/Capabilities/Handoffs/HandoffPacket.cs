using System.Text;
using Recommender.CoSell;
using Recommender.Features;
using Recommender.Ranking;

namespace Recommender.Capabilities.Handoffs;

/// <summary>A part of the packet that a partner is handed.</summary>
/// <param name="Name">In forms and JSON.</param>
/// <param name="Title">For a person.</param>
/// <param name="Hint">What belongs there.</param>
public sealed record HandoffField(string Name, string Title, string Hint);

/// <summary>What a partner needs to know to step in: eleven fields and a warm introduction, filled as far as the history knows.</summary>
public static class HandoffPacket
{
    /// <summary>The fields, in the order in which they stand.</summary>
    public static IReadOnlyList<HandoffField> Fields { get; } =
    [
        new("account_and_opportunity", "Account and opportunity", "Which deal; sourced or influenced by the partner"),
        new("partner_and_contact", "Partner and named contact", "Who at the partner takes it"),
        new("why_this_partner", "Why this partner", "In the facts of the history"),
        new("trigger", "Trigger in the buyer's words", "What the buyer said that makes it urgent"),
        new("joint_value", "Joint value", "What both bring that neither has alone"),
        new("warm_path", "Warm path", "Who knows whom at the account"),
        new("our_next_move", "Our next move", "What we do, until when"),
        new("partner_next_move", "Partner's next move", "What the partner does, until when"),
        new("conflict_and_credit", "Conflict and credit", "Registrations, other partners, who is credited"),
        new("evidence", "Evidence", "Where it can be looked up"),
        new("owner_and_due_date", "Owner and due date", "Who sees to it, until when"),
    ];

    /// <summary>The fields by name, and the introduction that goes with them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Fields.Select(field => field.Name), "introduction"];

    /// <summary>
    /// The packet as far as the history fills it, with nothing that a partner must not see: no chance of ours, no caution, and no reason or
    /// move that names another partner.
    /// </summary>
    public static Dictionary<string, string> Fill(
        Account about,
        Opportunity? deal,
        RecommendedPartner partner,
        string? recommendationId
    )
    {
        var account = about.Name ?? about.Id.Value;
        var name = partner.Name ?? partner.PartnerId;
        var positive = MayBeSaid(partner).Select(reason => reason.Text).Take(3).ToList();
        return new()
        {
            ["account_and_opportunity"] = deal is null
                ? $"{account} ({about.Id}); no deal yet"
                : $"{account} ({about.Id}), deal {deal.Id}{(deal.Product is { } product ? $", {product}" : "")}, {Format.Money(deal.Amount, deal.Currency)}; influenced",
            ["partner_and_contact"] = name + ": ",
            ["why_this_partner"] = string.Join(". ", positive) + (positive.Count > 0 ? "." : ""),
            ["trigger"] = "",
            ["joint_value"] = "",
            ["warm_path"] = partner.WarmPath is { } path ? WarmPath(path) : "",
            ["our_next_move"] = partner.NextAction.Code == "resolve_registration" ? "" : partner.NextAction.Text + ".",
            ["partner_next_move"] = "",
            ["conflict_and_credit"] = partner.Cautions.Count > 0 ? "" : "No live registration of another partner is known.",
            ["evidence"] = recommendationId is null ? "" : $"Recommendation {recommendationId}",
            ["owner_and_due_date"] = deal?.Owner is { } owner ? owner + ", " : "",
        };
    }

    /// <summary>Who knows the account, in a sentence.</summary>
    public static string WarmPath(WarmPath path) =>
        $"The account is its {Format.Plain(path.Population)} since {Format.Day(path.Since)}"
        + (
            path.ContactCount > 0
                ? $"; {Format.Count(path.ContactCount, "contact")}{(path.ContactLevel is { } level ? $", up to {Format.Plain(level)} level" : "")}"
                : ""
        );

    /// <summary>A first letter to the partner.</summary>
    public static string Introduction(Account about, Opportunity? deal, RecommendedPartner partner)
    {
        var account = about.Name ?? about.Id.Value;
        var why =
            partner.WarmPath is not null ? $"you know {account} already"
            : MayBeSaid(partner).FirstOrDefault() is { } reason
                ? $"of what we saw: {char.ToLowerInvariant(reason.Text[0])}{reason.Text[1..]}"
            : "you came up first for it";
        return $"Hello,\n\nwe are talking to {account}{(deal?.Product is { } product ? $" about {product}" : "")} and thought of {partner.Name ?? partner.PartnerId}, because {why}. Would you be open to a short call this week to see whether we go in together?\n\nIf it fits, we would introduce you as the partner for this deal.";
    }

    /// <summary>What speaks for a partner and names no other.</summary>
    static IEnumerable<Reason> MayBeSaid(RecommendedPartner partner) =>
        partner.Reasons.Where(reason =>
            reason.Contribution > 0 && reason.Idea is not (Ideas.Neighbours or Ideas.Succession or Ideas.Account)
        );

    /// <summary>A field that says something beyond what it always begins with.</summary>
    public static bool IsFilled(string? text) =>
        text?.Trim() is { Length: > 0 } trimmed && !trimmed.EndsWith(':') && !trimmed.EndsWith(',');

    /// <summary>How many fields are filled.</summary>
    public static int Filled(IReadOnlyDictionary<string, string> packet) =>
        Fields.Count(field => IsFilled(packet.GetValueOrDefault(field.Name)));

    /// <summary>The packet as Markdown; what is not filled is marked open.</summary>
    public static string Markdown(string title, IReadOnlyDictionary<string, string> packet)
    {
        var text = new StringBuilder("# ").Append(title).Append("\n\n");
        foreach (var field in Fields)
            text.Append("**")
                .Append(field.Title)
                .Append(":** ")
                .Append(
                    IsFilled(packet.GetValueOrDefault(field.Name)) ? packet[field.Name].Trim().ReplaceLineEndings(" ") : "_open_"
                )
                .Append("\n\n");
        if (packet.GetValueOrDefault("introduction") is { Length: > 0 } introduction)
            text.Append("## Introduction\n\n").Append(introduction.ReplaceLineEndings("\n")).Append('\n');
        return text.ToString();
    }
}
