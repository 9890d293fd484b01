using Recommender.Capabilities.Handoffs;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Api.Pages.Handoffs;

/// <summary>A handoff as pages show it.</summary>
/// <param name="File">The handoff.</param>
/// <param name="Account">The account's name.</param>
/// <param name="Partner">The partner's name.</param>
/// <param name="Product">What is to be sold, by the deal where there is one.</param>
/// <param name="Worth">What it may be worth, in words.</param>
public sealed record HandoffView(HandoffFile File, string Account, string Partner, string? Product, string Worth)
{
    /// <summary>A handoff with names.</summary>
    public static HandoffView Of(HistoryState fold, HandoffFile file)
    {
        var (handoff, deal) = (file.Handoff, file.Deal);
        return new(
            file,
            fold.FindAccount(handoff.AccountId)?.Name ?? handoff.AccountId.Value,
            fold.NameOf(handoff.PartnerId),
            deal?.Product ?? handoff.Product,
            (deal is null ? handoff.Amount : deal.Amount) is not { } amount
                ? ""
                : Format.Money(amount, deal is null ? handoff.Currency : deal.Currency)
        );
    }

    /// <summary>From whom to whom, in words.</summary>
    public string Way => File.Handoff.IsReceived ? $"{Partner} to us" : $"us to {Partner}";

    /// <summary>Who is to answer, in words.</summary>
    public string Receiver => File.Handoff.IsReceived ? "us" : Partner;

    /// <summary>Where it stands, in words.</summary>
    public string Standing =>
        File.State switch
        {
            "draft" => "Not sent yet",
            "sent" when File.Handoff.IsReceived => "Waits for our answer",
            "sent" => $"Waits for {Partner}",
            "accepted" => "Accepted, not introduced yet",
            "introduced" => "Introduced, no meeting yet",
            "meeting" => "They met",
            "expired" => $"{(File.Handoff.IsReceived ? "We" : Partner)} did not answer in time",
            "declined" => $"Declined{(File.Steps[^1].Reason is { } reason ? $": {Format.Plain(reason)}" : "")}",
            "withdrawn" when File.Steps[^1].Reason == "deal_closed" => "Over: the deal ended before it was taken up",
            var state => char.ToUpperInvariant(state[0]) + state[1..],
        };

    /// <summary>What is due, and when, in words; empty if nothing is.</summary>
    public string Due(DateTime now) =>
        File.DueAt is not { } at ? ""
        : at < now ? $"overdue since {Format.Moment(at)}"
        : $"{(File.State == "sent" ? "answer" : File.State == "accepted" ? "introduce" : "meet")} by {Format.Moment(at)}";

    /// <summary>What may be done first, as a button says it.</summary>
    public string Step =>
        File.State switch
        {
            "draft" => "Complete and send",
            "expired" => "Send again",
            "sent" when File.Handoff.IsReceived => "Answer",
            "accepted" => "Introduce",
            "introduced" => "Note the meeting",
            _ => "Open",
        };

    /// <summary>Who a step is of, in words.</summary>
    public string SideOf(HandoffStep step) =>
        step.Side switch
        {
            "us" => "us",
            "partner" => Partner,
            _ => step.Kind is "won" or "lost" or "reopened" or "withdrawn" ? "the deal" : "the clock",
        };
}
