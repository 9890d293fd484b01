using Recommender.Capabilities.Registrations;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Api.Pages.Registrations;

/// <summary>A registration as pages show it.</summary>
/// <param name="File">The registration.</param>
/// <param name="Partner">The partner's name, or its id.</param>
/// <param name="Account">The account's name, or its id.</param>
/// <param name="Check">What stands in its way now; null if it does not wait.</param>
public sealed record RegistrationView(RegistrationFile File, string Partner, string Account, RegistrationCheck? Check)
{
    /// <summary>A registration with what stands in its way now.</summary>
    public static RegistrationView Of(HistoryState fold, RuleSet rules, RegistrationFile file, DateTime asOf) =>
        new(
            file,
            fold.FindPartner(file.Row.PartnerId)?.Name ?? file.Row.PartnerId.Value,
            fold.FindAccount(file.Row.AccountId)?.Name ?? file.Row.AccountId.Value,
            file.State == "submitted" ? RegistrationCheck.Of(fold, rules, file, asOf) : null
        );

    /// <summary>What is due, and when, in words.</summary>
    public string Due(DateTime now) =>
        File.State switch
        {
            "submitted" when File.DecideBy is { } by => by < now
                ? $"overdue since {Format.Moment(by)}"
                : $"decide by {Format.Moment(by)}",
            "submitted" => $"submitted {Format.Day(File.Row.SubmittedAt)}",
            "approved" => File.ProtectedUntil is { } until ? $"protects until {Format.Day(until)}" : "protects for ever",
            "expired" => File.ProtectedUntil is { } end ? $"ended {Format.Day(end)}" : "ended",
            var state => File.Steps is [.., var last] ? $"{state} {Format.Day(last.At)}"
            : File.Row.DecidedAt is { } decided ? $"{state} {Format.Day(decided)}"
            : state,
        };

    /// <summary>True if it should have been decided before now.</summary>
    public bool IsOverdue(DateTime now) => File.DecideBy < now;
}
