namespace Recommender.Training;

/// <summary>Who sells, with what only the simulation knows: log odds that a seller adds whatever the deal, by industry and by product, and the partners that it likes.</summary>
sealed record SimulatedSeller(double Skill, int[] Favourites)
{
    public double[] ByIndustry { get; init; } = [];

    public double[] ByProduct { get; init; } = [];

    /// <summary>What it adds to a deal.</summary>
    public double Of(int industry, int product) =>
        ByIndustry.Length == 0 ? Skill : Skill + ByIndustry[industry] + ByProduct[product];

    /// <summary>What it is called, by its place.</summary>
    public static string Name(int seller) => FormattableString.Invariant($"seller{1 + seller:00}");
}

/// <summary>Leads that deals begin as, and the truth of some: the chance of winning of whoever may have it.</summary>
sealed class SimulatedLeads
{
    const double ToPartner = 0.35;
    readonly Random _random;
    readonly List<SimulatedPartner> _partners;
    readonly TrueChances _chances;
    readonly IReadOnlyList<SimulatedSeller> _sellers;
    readonly SimulatedCsv _leads;
    readonly SimulatedCsv _truth;

    public SimulatedLeads(
        SimulatedFiles files,
        Random random,
        List<SimulatedPartner> partners,
        TrueChances chances,
        IReadOnlyList<SimulatedSeller> sellers
    )
    {
        (_random, _partners, _chances, _sellers) = (random, partners, chances, sellers);
        _leads = files.Open("leads", "lead_id,account_id,product,amount,currency,source,created_at,opportunity_id");
        _truth = files.Open("lead_truth", "lead_id,assignee_type,assignee_id,win_probability", clean: true);
        var reps = files.Open("reps", "rep_id,name", clean: true);
        for (var seller = 0; seller < sellers.Count; seller++)
            reps.Add(SimulatedSeller.Name(seller), FormattableString.Invariant($"Seller {1 + seller}"));
    }

    /// <summary>The deal with the lead that it began as, if it did: half of them do.</summary>
    public SimulatedDeal Begun(SimulatedDeal deal) =>
        _random.NextDouble() < 0.5
            ? deal
            : deal with
            {
                LeadId = "L" + deal.Id[1..],
                IsLedByPartner = _random.NextDouble() < ToPartner,
            };

    public void Write(SimulatedDeal deal, string currency)
    {
        if (deal.LeadId is not { } id)
            return;
        var at = deal.CreatedAt.AddMinutes(-60 * 24 * _random.Next(1, 6) + 60 * 8 + _random.Next(600));
        _leads.Add(
            id,
            FormattableString.Invariant($"A{deal.Account + 1:000000}"),
            Vocabulary.Products[deal.Product],
            _random.NextDouble() < 0.3 ? "" : SimulatedCsv.Number(Math.Round(deal.Amount, 2)),
            currency,
            Vocabulary.Channels[deal.Channel],
            SimulatedCsv.Moment(at),
            deal.Id
        );
    }

    /// <summary>The truth of the lead that a deal began as.</summary>
    public void WriteTruth(SimulatedDeal deal, SimulatedAccount account)
    {
        if (deal.LeadId is not { } id)
            return;
        void Add(string type, string who, double sum) =>
            _truth.Add(id, type, who, SimulatedCsv.Number(Math.Round(_chances.WinProbability(sum), 5)));
        var whoever = deal.Alone - deal.Skill;
        for (var seller = 0; seller < _sellers.Count; seller++)
            Add("rep", SimulatedSeller.Name(seller), whoever + _sellers[seller].Of(account.Industry, deal.Product));
        for (var partner = 0; partner < _partners.Count; partner++)
        {
            if (_partners[partner].JoinedAt < deal.CreatedAt)
                Add("partner", _partners[partner].Id, whoever + _chances.Effect(deal, account, partner));
        }
    }
}
