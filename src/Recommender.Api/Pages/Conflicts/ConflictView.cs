using Recommender.Capabilities.Conflicts;
using Recommender.CoSell;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Api.Pages.Conflicts;

/// <summary>A conflict as pages show it.</summary>
/// <param name="Conflict">The conflict.</param>
/// <param name="Account">The account's name, or its id.</param>
/// <param name="Holder">Who holds the account.</param>
/// <param name="Other">Who came into it.</param>
public sealed record ConflictView(AccountConflict Conflict, string Account, string Holder, string Other)
{
    /// <summary>A conflict as it stands, with the names of its sides.</summary>
    public static ConflictView Of(HistoryState fold, RuleSet rules, AccountConflict kept, DateTime now)
    {
        string Name(PartnerId? id, string otherwise) =>
            AccountConflict.Now(fold, id) is { } partner ? fold.NameOf(partner) : otherwise;
        var conflict = kept.AsItStands(fold, rules, now);
        var found = conflict.Found;
        return new(
            conflict,
            fold.FindAccount(conflict.AccountId)?.Name ?? conflict.AccountId.Value,
            Name(found.HolderId, $"the rule {found.RuleId}"),
            Name(found.OtherId, "we")
        );
    }

    /// <summary>What it is of, in words.</summary>
    public static string Title(string kind) =>
        kind switch
        {
            "second_registration" => "Second registration",
            "direct_deal" => "Our own deal",
            "held_account" => "Held account",
            "house_account" => "House account",
            _ => "Territory",
        };

    /// <summary>What a decision means for its sides, in words.</summary>
    public string Words(string? decision) =>
        decision switch
        {
            "holder_keeps" when Conflict.Found.HolderClaim is null => $"{Capital(Holder)} holds",
            "holder_keeps" => $"{Holder} keeps the account",
            "other_proceeds" => $"{Capital(Other)} {(Other == "we" ? "go" : "goes")} on",
            "both_proceed" => "Both go on",
            "no_conflict" => "It is no conflict",
            _ => "",
        };

    /// <summary>Where to do what follows from a decision: the registration or the account.</summary>
    public (string Address, string Text) Next =>
        Conflict.Found.Kind == "second_registration"
            ? ($"/registrations/{Uri.EscapeDataString(Conflict.Found.OtherClaim!)}", "the registration that stands second")
        : Conflict.Found.HolderClaim is { } claim ? ($"/registrations/{Uri.EscapeDataString(claim)}", "the registration")
        : ($"/accounts/{Uri.EscapeDataString(Conflict.AccountId.Value)}", "the account");

    static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
