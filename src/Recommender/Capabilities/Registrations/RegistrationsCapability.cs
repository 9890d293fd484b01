using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Webhooks;

namespace Recommender.Capabilities.Registrations;

/// <summary>Claims of partners on accounts: checked, submitted, decided, and over when their time is.</summary>
public sealed class RegistrationsCapability : ICapability
{
    /// <inheritdoc/>
    public string Name => "registrations";

    /// <inheritdoc/>
    public IReadOnlyList<FactTable> Tables { get; } = [Steps, Holds];

    /// <inheritdoc/>
    public IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> Ledgers { get; } = [(Taken, _ => new StepsTaken())];

    /// <inheritdoc/>
    public IReadOnlyList<string> EventTypes { get; } = [.. RegistrationStep.Kinds.Select(kind => "registration." + kind)];

    internal static FactKind Taken { get; } = FactKind.Declare("registration_step");

    internal static FactKind Held { get; } = FactKind.Declare("registration_hold");

    /// <summary>What became of registrations.</summary>
    public static RegistrationStepTable Steps { get; } = new() { Summary = "What became of registrations, step by step" };

    /// <summary>What registrations hold.</summary>
    public static RegistrationHoldTable Holds { get; } =
        new() { Summary = "Which approved registration holds an account for a product: one" };

    internal static StepsTaken StepsOf(HistoryState state) => (StepsTaken)state.LedgerOf(Taken);

    /// <inheritdoc/>
    public IEnumerable<Event> EventsOf(DatedFact fact)
    {
        if (fact is not { Noun: RegistrationStep step, IsRetraction: false, Replaced: null })
            yield break;
        yield return new(
            "registration." + step.Kind,
            step.RegistrationId,
            fact.AppliedAt,
            new Dictionary<string, object?>
            {
                ["registration_id"] = step.RegistrationId,
                ["partner_id"] = step.PartnerId.Value,
                ["account_id"] = step.AccountId.Value,
                ["at"] = Instants.Text(step.At),
                ["by"] = step.By,
                ["until"] = step.Until is { } until ? Instants.Text(until) : null,
                ["verdict"] = step.Verdict,
                ["ground"] = step.Ground,
                ["opportunity_id"] = step.OpportunityId?.Value,
            }
        );
    }

    /// <summary>A review that nobody came to in time, and a protection that is over, dated when the clock ran out.</summary>
    public IEnumerable<HistoryRow> Due(HistoryState state, DateTime now)
    {
        foreach (var (last, kind) in StepsOf(state).RanOut(now))
        {
            var standing = state.FindRegistration(last.RegistrationId, now);
            // Where the CRM said something else meanwhile, that holds.
            if (standing?.State == (kind == "expired" ? "expired" : "submitted"))
            {
                // A CRM may have moved the end.
                var until = kind == "expired" ? standing.Row.ExpiresAt ?? last.Until!.Value : last.Until!.Value;
                yield return Steps.RowOf(new(last.RegistrationId, kind, until, last.PartnerId, last.AccountId) { Until = until });
            }
        }
    }
}
