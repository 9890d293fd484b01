using Recommender.Fold;

namespace Recommender.Training;

/// <summary>The files that belong to deals, open to be written.</summary>
sealed class DealFiles(SimulatedFiles files, Random random, Draws draws)
{
    int _touches;
    int _registrations;
    int _assists;
    int _engagements;

    readonly SimulatedCsv _engagementRows = files.Open(
        "engagements",
        "engagement_id,opportunity_id,partner_id,role,started_at,status,recorded_at"
    );
    readonly SimulatedCsv _touchRows = files.Open("touches", "touch_id,account_id,opportunity_id,partner_id,kind,at");
    readonly SimulatedCsv _registrationRows = files.Open(
        "deal_registrations",
        "registration_id,partner_id,account_id,product,submitted_at,status,decided_at,expires_at"
    );
    readonly SimulatedCsv _assistRows = files.Open("assists", "assist_id,partner_id,direction,account_id,opportunity_id,at");

    public SimulatedCsv Opportunities { get; } =
        files.Open(
            "opportunities",
            "opportunity_id,account_id,product,amount,currency,created_at,expected_close_at,closed_at,outcome,stage,owner,source_channel,seats,recorded_at"
        );

    public SimulatedCsv Stages { get; } = files.Open("opportunity_stages", "opportunity_id,stage,entered_at");

    public SimulatedCsv Truth { get; } = files.Open("truth", "opportunity_id,partner_id,win_probability,fit", clean: true);

    /// <summary>Returns the id of the row.</summary>
    public string Engage(SimulatedDeal deal, SimulatedPartner partner, string role, DateTime at, bool ended)
    {
        var id = FormattableString.Invariant($"E{++_engagements:0000000}");
        _engagementRows.Add(
            id,
            deal.Id,
            partner.Id,
            role,
            SimulatedCsv.Day(at),
            ended ? "ended" : "active",
            draws.RecordedLate(at)
        );
        return id;
    }

    public void Assist(SimulatedDeal deal, SimulatedAccount account, SimulatedPartner partner, DateTime at)
    {
        if (random.NextDouble() < 0.25)
            _assistRows.Add(
                FormattableString.Invariant($"S{++_assists:0000000}"),
                partner.Id,
                random.NextDouble() < 0.5 ? "given" : "received",
                account.Id,
                deal.Id,
                SimulatedCsv.Day(at)
            );
    }

    /// <summary>A number of contacts, <paramref name="mean"/> on average, spread over the life of the deal from <paramref name="from"/> on.</summary>
    public void Touch(
        SimulatedDeal deal,
        SimulatedAccount account,
        SimulatedPartner? partner,
        DateTime from,
        DateTime closedAt,
        double mean
    )
    {
        for (var k = draws.Poisson(mean); k > 0; k--)
        {
            var at = from.AddDays(random.NextDouble() * (closedAt - from).TotalDays);
            if (at < Simulation.End)
                _touchRows.Add(
                    FormattableString.Invariant($"T{++_touches:00000000}"),
                    account.Id,
                    deal.Id,
                    partner?.Id ?? "",
                    draws.Pick(["call", "email", "meeting", "demo"]),
                    SimulatedCsv.Moment(at)
                );
        }
    }

    public void Register(SimulatedPartner partner, SimulatedAccount account, SimulatedDeal deal, DateTime at)
    {
        var decided = at.AddDays(2);
        var approved = random.NextDouble() < 0.85;
        var expires = decided.AddDays(90);
        _registrationRows.Add(
            FormattableString.Invariant($"R{++_registrations:0000000}"),
            partner.Id,
            account.Id,
            Vocabulary.Products[deal.Product],
            SimulatedCsv.Day(at),
            decided >= Simulation.End ? "submitted"
                : !approved ? "rejected"
                : expires < Simulation.End ? "expired"
                : "approved",
            decided < Simulation.End ? SimulatedCsv.Day(decided) : "",
            decided < Simulation.End && approved ? SimulatedCsv.Day(expires) : ""
        );
    }
}
