using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>Deals of the worlds in which partners join while a deal goes on (<see cref="DealLife"/>).</summary>
sealed class LivedDeals
{
    const int Sellers = 24;
    const int Favourites = 4;

    /// <summary>Part of a further partner's effect that counts beside the first's.</summary>
    const double Beside = 0.3;

    readonly SimulationSettings _settings;
    readonly Random _random;
    readonly Draws _draws;
    readonly List<SimulatedPartner> _partners;
    readonly TrueChances _chances;
    readonly DealFiles _files;
    readonly Corrections _corrections;
    readonly SimulatedSeller[] _sellers;
    readonly SimulatedLeads? _leads;

    public LivedDeals(
        SimulationSettings settings,
        Random random,
        Draws draws,
        List<SimulatedPartner> partners,
        TrueChances chances,
        DealFiles files,
        Corrections corrections,
        SimulatedFiles history
    )
    {
        (_settings, _random, _draws, _partners) = (settings, random, draws, partners);
        (_chances, _files, _corrections) = (chances, files, corrections);
        _sellers =
        [
            .. Enumerable
                .Range(0, Sellers)
                .Select(_ => new SimulatedSeller(
                    settings.World.Skill * draws.Normal(),
                    draws.Some(partners.Count, Math.Min(Favourites, partners.Count))
                )),
        ];
        foreach (var strong in draws.Some(partners.Count, (partners.Count + 9) / 10))
            partners[strong].IsStrong = true;
        if (!settings.World.HasLeads)
            return;
        double[] Specialties(int count, double deviation) =>
            [.. Enumerable.Range(0, count).Select(_ => settings.NoSignal ? 0 : deviation * draws.Normal())];
        for (var i = 0; i < _sellers.Length; i++)
            _sellers[i] = _sellers[i] with
            {
                Skill = settings.NoSignal ? 0 : _sellers[i].Skill,
                ByIndustry = Specialties(Vocabulary.Industries.Length, settings.World.SpecialtyByIndustry),
                ByProduct = Specialties(Vocabulary.Products.Length, settings.World.Specialty),
            };
        _leads = new(history, random, partners, chances, _sellers);
    }

    /// <summary>The deal with who sells it and what else makes its chance; <paramref name="time"/> is 0 on the first day and 1 on the last.</summary>
    public SimulatedDeal Sold(SimulatedDeal deal, SimulatedAccount account, double time)
    {
        var seller = _random.Next(Sellers);
        var drift = _settings.World.Drift * (time - 0.5 + 0.3 * Math.Sin(4 * Math.PI * time));
        deal = _leads?.Begun(deal) ?? deal;
        var skill = deal.IsLedByPartner || _settings.NoSignal ? 0 : _sellers[seller].Of(account.Industry, deal.Product);
        var more = skill + _settings.World.Unmeasured * _draws.Normal() + drift;
        return deal with { Seller = seller, Skill = skill, Alone = _settings.NoSignal ? 0 : deal.Alone + more };
    }

    /// <summary>Writes the truth of the lead that a deal began as.</summary>
    public void WriteTruth(SimulatedDeal deal, SimulatedAccount account) => _leads?.WriteTruth(deal, account);

    public void Live(SimulatedDeal deal, SimulatedAccount account, List<int> candidates)
    {
        var joined = new List<(int Partner, double Effect, DateTime At)>();
        var asked = _settings.NoSignal ? 0 : _settings.World.Confounding * deal.Alone;
        var draw = Elementary.Exp(0.6 * asked);
        var (stage, week, won, endedAt, isRecorded) = (0, 0, false, DateTime.MaxValue, true);
        _files.Stages.Add(deal.Id, Vocabulary.Stages[0], SimulatedCsv.Moment(deal.CreatedAt));
        if (deal.LeadId is null ? _random.NextDouble() < Elementary.Logistic(asked - 1) : deal.IsLedByPartner)
            Join(0);
        for (; ; week++)
        {
            var at = deal.CreatedAt.AddDays(7 * week);
            if (at >= Simulation.End)
                break;
            if (week > 0 && _random.NextDouble() < 1 - Elementary.Exp(-RateOfJoining()))
                Join(week);
            var effects = joined.Select(one => one.Effect).OrderDescending().ToList();
            var (win, lose, onward) = DealLife.Rates(stage, deal.Alone + effects.Take(1).Sum() + Beside * effects.Skip(1).Sum());
            var sum = win + lose + onward;
            if (_random.NextDouble() >= 1 - Elementary.Exp(-sum))
                continue;
            var which = _random.NextDouble() * sum;
            if (which < onward)
            {
                stage++;
                _files.Stages.Add(deal.Id, Vocabulary.Stages[stage], SimulatedCsv.Moment(at.AddDays(1 + _random.Next(5))));
                continue;
            }
            (won, endedAt) = (which < onward + win, at.AddDays(6));
            isRecorded = won || _settings.World.LeftOpen == 0 || _random.NextDouble() >= _settings.World.LeftOpen;
            break;
        }
        Write(deal, account, candidates, joined, stage, won, endedAt, isRecorded);

        // Deals that go well are given partners, those in the later stages more; few are given a second one.
        double RateOfJoining() => draw * (stage == 0 ? 0.02 : 0.04) * (joined.Count == 0 ? 1 : 0.3);

        void Join(int inWeek)
        {
            if (joined.Count >= 3 || Choose(deal, account, candidates, joined) is not { } partner)
                return;
            joined.Add(
                (
                    partner,
                    _chances.Effect(deal, account, partner) * _chances.ShareAt(stage),
                    inWeek == 0 ? deal.CreatedAt : deal.CreatedAt.AddDays(7 * inWeek - 1)
                )
            );
        }
    }

    int? Choose(
        SimulatedDeal deal,
        SimulatedAccount account,
        List<int> candidates,
        List<(int Partner, double Effect, DateTime At)> joined
    )
    {
        var habits = _sellers[deal.Seller].Favourites;
        var (best, highest) = (-1, double.MinValue);
        foreach (var partner in candidates)
        {
            if (joined.Exists(one => one.Partner == partner))
                continue;
            var noise = -Elementary.Log(-Elementary.Log(Math.Max(1e-12, _random.NextDouble())));
            var utility = _settings.NoSignal
                ? noise
                : 5 * _chances.Fit(deal, account, _partners[partner])
                    + 0.6 * _partners[partner].Fame
                    + (account.Earlier.Contains(partner) ? 1.2 : 0)
                    + (account.Overlaps.Contains(partner) ? 0.8 : 0)
                    + (_settings.World.Skill > 0 && habits.Contains(partner) ? 1.5 : 0)
                    + 0.8 * noise;
            if (utility > highest)
                (best, highest) = (partner, utility);
        }
        return best < 0 ? null : best;
    }

    void Write(
        SimulatedDeal deal,
        SimulatedAccount account,
        List<int> candidates,
        List<(int Partner, double Effect, DateTime At)> joined,
        int stage,
        bool won,
        DateTime endedAt,
        bool isRecorded
    )
    {
        var closed = isRecorded && endedAt < Simulation.End;
        var until = endedAt < Simulation.End ? endedAt : Simulation.End;
        var (amount, currency) = _corrections.Amount(deal, Vocabulary.Countries[account.Region] == "US" ? "USD" : "EUR");
        _files.Opportunities.Add(
            deal.Id,
            account.Id,
            Vocabulary.Products[deal.Product],
            amount,
            currency,
            SimulatedCsv.Day(deal.CreatedAt),
            SimulatedCsv.Day(deal.CreatedAt.AddDays(60 + _random.Next(60))),
            closed ? SimulatedCsv.Day(endedAt) : "",
            !closed ? "open"
                : won ? "won"
                : "lost",
            !closed ? Vocabulary.Stages[stage]
                : won ? "closed won"
                : "closed lost",
            SimulatedSeller.Name(deal.Seller),
            Vocabulary.Channels[deal.Channel],
            SimulatedCsv.Number(Math.Round(Elementary.Exp(account.LogSize * 0.6 + _draws.Normal() * 0.4))),
            _draws.RecordedLate(deal.CreatedAt)
        );
        _leads?.Write(deal, currency);
        var months = (until - deal.CreatedAt).TotalDays / 30;
        _files.Touch(deal, account, null, deal.CreatedAt, until, 0.8 * months);
        foreach (var (partner, _, at) in joined)
        {
            if (at >= Simulation.End)
                continue;
            var role =
                at == deal.CreatedAt && _random.NextDouble() < 0.5
                    ? "sourced"
                    : _draws.Pick(["influenced", "co_sell", "co_sell", "resell"]);
            _files.Engage(deal, _partners[partner], role, at, closed);
            _files.Touch(deal, account, _partners[partner], at, until, 0.4 * months);
            if (role == "sourced")
                _files.Register(_partners[partner], account, deal, at.AddDays(-1 - _random.Next(20)));
            _files.Assist(deal, account, _partners[partner], at);
            if (!account.Earlier.Contains(partner))
                account.Earlier.Add(partner);
        }
        if (candidates.Count == 0)
            return;
        // Whoever delivers comes after the win, or now and then before it, and adds nothing to it.
        if (closed && (won ? _random.NextDouble() < 0.5 : _random.NextDouble() < 0.03))
        {
            var partner =
                joined.Count > 0 && _random.NextDouble() < 0.6 ? joined[0].Partner : candidates[_random.Next(candidates.Count)];
            var at = won && _random.NextDouble() < 0.9 ? endedAt.AddDays(3 + _random.Next(60)) : until.AddDays(-1);
            if (at < Simulation.End)
                _files.Engage(deal, _partners[partner], "services", at, false);
        }
        if (_random.NextDouble() < 0.02)
            _files.Register(
                _partners[candidates[_random.Next(candidates.Count)]],
                account,
                deal,
                deal.CreatedAt.AddDays(-_random.Next(40))
            );
        _corrections.Mistake(deal, _partners[candidates[_random.Next(candidates.Count)]], _files, closed);
    }
}
