using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>The deals of a simulation with all that happens on them, and the truth of some.</summary>
sealed class SimulatedDeals(
    SimulationSettings settings,
    Random random,
    Draws draws,
    DateTime start,
    List<SimulatedAccount> accounts,
    List<SimulatedPartner> partners
)
{
    const int Shortlist = 64;

    /// <summary>A few percent of deals have no amount.</summary>
    const double WithoutAmount = 0.05;

    readonly TrueChances _chances = new(partners, settings);

    /// <summary>Writes the files that belong to deals.</summary>
    public void Write(SimulatedFiles files, Action<double>? progress)
    {
        var of = new DealFiles(files, random, draws);
        var lived = settings.World.IsTidy
            ? null
            : new LivedDeals(settings, random, draws, partners, _chances, of, new Corrections(settings, files, random), files);
        var span = (Simulation.End - start).TotalDays;
        // A growing pipeline: later days have more deals.
        var days = Enumerable
            .Range(0, settings.Opportunities)
            .Select(_ => span * Draws.Power(random.NextDouble(), 0.7))
            .Order()
            .ToArray();
        var truthFrom = Array.FindIndex(days, day => day >= span * 0.8);
        var truthEvery =
            truthFrom < 0
                ? int.MaxValue
                : Math.Max(1, (settings.Opportunities - truthFrom) / Math.Max(1, settings.TruthDecisions));
        for (var i = 0; i < settings.Opportunities; i++)
        {
            if ((i & 1023) == 0)
                progress?.Invoke((double)i / settings.Opportunities);
            var createdAt = start.AddDays(Math.Floor(days[i]));
            var deal = MakeDeal(i, createdAt);
            if (lived is not null)
                deal = lived.Sold(deal, accounts[deal.Account], (createdAt - start).TotalDays / span);
            var account = accounts[deal.Account];
            var joined = Candidates(account, createdAt);
            List<int>? chosen = lived is null ? Choose(deal, account, joined) : null;
            if (
                truthFrom >= 0
                && i >= truthFrom
                && (i - truthFrom) % truthEvery == 0
                && (i - truthFrom) / truthEvery < settings.TruthDecisions
            )
            {
                WriteTruth(of.Truth, deal, account, createdAt, chosen ?? []);
                lived?.WriteTruth(deal, account);
            }
            if (lived is not null)
                lived.Live(deal, account, joined);
            else
                Live(of, deal, account, joined, chosen!);
        }
        progress?.Invoke(1);
    }

    void Live(DealFiles of, SimulatedDeal deal, SimulatedAccount account, List<int> joined, List<int> chosen)
    {
        var createdAt = deal.CreatedAt;
        var won = random.NextDouble() < _chances.WinProbability(deal, account, chosen);
        var days = won ? 20 + draws.Exponential(55) : 35 + draws.Exponential(110);
        var closedAt = createdAt.AddDays(Math.Ceiling(days));
        var closed = closedAt < Simulation.End;
        WriteStages(of.Stages, deal, won, closed, closedAt, out var stage);
        of.Opportunities.Add(
            deal.Id,
            account.Id,
            Vocabulary.Products[deal.Product],
            random.NextDouble() < WithoutAmount ? "" : SimulatedCsv.Number(Math.Round(deal.Amount, 2)),
            Vocabulary.Countries[account.Region] == "US" ? "USD" : "EUR",
            SimulatedCsv.Day(createdAt),
            SimulatedCsv.Day(createdAt.AddDays(60 + random.Next(60))),
            closed ? SimulatedCsv.Day(closedAt) : "",
            !closed ? "open"
                : won ? "won"
                : "lost",
            stage,
            FormattableString.Invariant($"seller{1 + deal.Account % 17:00}"),
            Vocabulary.Channels[deal.Channel],
            SimulatedCsv.Number(Math.Round(Elementary.Exp(account.LogSize * 0.6 + draws.Normal() * 0.4))),
            draws.RecordedLate(createdAt)
        );
        of.Touch(deal, account, null, createdAt, closedAt, 3);
        foreach (var partner in chosen)
        {
            var startedAt =
                random.NextDouble() < 0.6 ? createdAt : createdAt.AddDays(Math.Floor(random.NextDouble() * 0.4 * days));
            if (startedAt >= Simulation.End)
                continue;
            var role = draws.Pick(["sourced", "influenced", "co_sell", "co_sell", "resell", "services"]);
            of.Engage(deal, partners[partner], role, startedAt, closed);
            // What comes before an engagement must not foretell it where there is to be no signal.
            var busy = settings.NoSignal ? joined[random.Next(joined.Count)] : partner;
            of.Touch(deal, account, partners[busy], createdAt, closedAt, 1.5);
            if (role == "sourced")
                of.Register(partners[busy], account, deal, createdAt.AddDays(-1 - random.Next(20)));
            of.Assist(deal, account, partners[partner], startedAt);
            if (!account.Earlier.Contains(partner))
                account.Earlier.Add(partner);
        }
        if (random.NextDouble() < 0.02 && joined.Count > 0)
            of.Register(partners[joined[random.Next(joined.Count)]], account, deal, createdAt.AddDays(-random.Next(40)));
    }

    SimulatedDeal MakeDeal(int index, DateTime createdAt)
    {
        var account = Math.Min(accounts.Count - 1, (int)(accounts.Count * Draws.Power(random.NextDouble(), 1.2)));
        var of = accounts[account];
        var product =
            random.NextDouble() < 0.5
                ? (of.Industry + of.Stack) % Vocabulary.Products.Length
                : random.Next(Vocabulary.Products.Length);
        var logAmount = 7 + 0.5 * of.LogSize + 0.6 * Vocabulary.Complexity[product] + 0.7 * draws.Normal();
        var channel = draws.Skewed(Vocabulary.Channels.Length);
        var years = (createdAt - start).TotalDays / 365.25;
        var alone =
            -0.35
            + of.Propensity
            + 0.35 * of.Maturity
            + Vocabulary.ProductEffect[product]
            + Vocabulary.ChannelEffect[channel]
            - 0.3 * (logAmount - 10.5) * (logAmount - 10.5) / 2
            + 0.4 * (of.Stack == 3 && product is 1 or 5 ? -1 : 0)
            + 0.1 * Math.Sin(years * 2 * Math.PI / 5);
        return new(
            FormattableString.Invariant($"O{index + 1:0000000}"),
            account,
            product,
            Elementary.Exp(logAmount),
            channel,
            createdAt,
            settings.NoSignal ? 0 : alone
        );
    }

    List<int> Candidates(SimulatedAccount account, DateTime at)
    {
        IEnumerable<int> all =
            partners.Count <= 256
                ? Enumerable.Range(0, partners.Count)
                : Enumerable
                    .Range(0, Shortlist)
                    .Select(_ => random.Next(partners.Count))
                    .Concat(account.Earlier)
                    .Concat(account.Overlaps)
                    .Distinct();
        return [.. all.Where(partner => partners[partner].JoinedAt < at)];
    }

    List<int> Choose(SimulatedDeal deal, SimulatedAccount account, List<int> candidates)
    {
        var attach = settings.NoSignal ? 0.6 : Elementary.Logistic(0.6 + deal.Alone);
        if (candidates.Count == 0 || random.NextDouble() > attach)
            return [];
        var count = random.NextDouble() < 0.2 ? 2 : 1;
        return
        [
            .. candidates
                .Select(partner => (Partner: partner, Utility: Utility(deal, account, partner)))
                .OrderByDescending(choice => choice.Utility)
                .Take(count)
                .Select(choice => choice.Partner),
        ];
    }

    double Utility(SimulatedDeal deal, SimulatedAccount account, int partner)
    {
        var noise = -Elementary.Log(-Elementary.Log(Math.Max(1e-12, random.NextDouble())));
        return settings.NoSignal
            ? noise
            : 5 * _chances.Fit(deal, account, partners[partner])
                + 0.5 * partners[partner].Fame
                + (account.Earlier.Contains(partner) ? 1.2 : 0)
                + (account.Overlaps.Contains(partner) ? 0.8 : 0)
                + 0.8 * noise;
    }

    void WriteTruth(SimulatedCsv truth, SimulatedDeal deal, SimulatedAccount account, DateTime at, List<int> chosen)
    {
        truth.Add(deal.Id, "", SimulatedCsv.Number(Math.Round(_chances.WinProbability(deal, account, []), 5)), "");
        var which = Enumerable.Range(0, partners.Count).Where(partner => partners[partner].JoinedAt < at);
        if (partners.Count > 500)
        {
            var own = new Random(settings.Seed + deal.Account);
            which = Enumerable
                .Range(0, 400)
                .Select(_ => own.Next(partners.Count))
                .Concat(chosen)
                .Distinct()
                .Where(p => partners[p].JoinedAt < at);
        }
        foreach (var partner in which)
            truth.Add(
                deal.Id,
                partners[partner].Id,
                SimulatedCsv.Number(Math.Round(_chances.WinProbability(deal, account, [partner]), 5)),
                SimulatedCsv.Number(Math.Round(_chances.Fit(deal, account, partners[partner]), 5))
            );
    }

    void WriteStages(SimulatedCsv stages, SimulatedDeal deal, bool won, bool closed, DateTime closedAt, out string last)
    {
        var reached = won ? Vocabulary.Stages.Length : 1 + random.Next(Vocabulary.Stages.Length);
        var step = (closedAt - deal.CreatedAt).TotalDays / (reached + 1);
        last = Vocabulary.Stages[0];
        for (var s = 0; s < reached; s++)
        {
            var at = deal.CreatedAt.AddDays(s * step * (0.8 + 0.2 * random.NextDouble()));
            if (at >= Simulation.End)
                break;
            last = Vocabulary.Stages[s];
            stages.Add(deal.Id, last, SimulatedCsv.Moment(at));
        }
        if (closed)
            last = won ? "closed won" : "closed lost";
    }
}
