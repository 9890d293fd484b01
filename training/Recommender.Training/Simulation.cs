using System.Globalization;
using System.Text;
using Recommender.History;

namespace Recommender.Training;

/// <summary>How large a simulated history is, and what it holds.</summary>
sealed record SimulationSettings
{
    public required int Accounts { get; init; }
    public required int Partners { get; init; }
    public required int Opportunities { get; init; }
    public required int Years { get; init; }
    public required int Seed { get; init; }

    /// <summary>Decisions for which the truth is written.</summary>
    public int TruthDecisions { get; init; } = 2000;

    /// <summary>Share of rows that are spoilt, 0 to 1.</summary>
    public double Dirty { get; init; }

    /// <summary>Outcomes and partner choice at random.</summary>
    public bool NoSignal { get; init; }
}

/// <summary>
/// A history with known truth. Each account and partner has a latent profile; a partner's fit to a deal comes from coverage, profile,
/// size and their interaction; good deals draw partners (confounding); wins close early and losses late; some facts are recorded late.
/// </summary>
sealed class Simulation(SimulationSettings settings)
{
    const int Latent = 4;
    const int Shortlist = 64;

    static readonly DateTime _end = new(2026, 7, 1, 0, 0, 0, DateTimeKind.Utc);
    static readonly string[] _industries =
    [
        "logistics",
        "banking",
        "insurance",
        "healthcare",
        "retail",
        "manufacturing",
        "energy",
        "telecom",
        "public sector",
        "education",
        "media",
        "software",
    ];
    static readonly string[] _regions =
    [
        "Northeast",
        "Southeast",
        "Midwest",
        "West",
        "DACH",
        "Nordics",
        "Benelux",
        "UK & Ireland",
    ];
    static readonly string[] _countries = ["US", "US", "US", "US", "DE", "SE", "NL", "GB"];
    static readonly string[] _products = ["Core Platform", "Analytics", "Security", "Integration", "Field Service", "Data Cloud"];
    static readonly double[] _complexity = [0.4, 0.8, 1.2, 1.0, 0.6, 1.3];
    static readonly double[] _productEffect = [0.3, 0.1, -0.2, 0, 0.2, -0.4];
    static readonly string[] _types = ["system_integrator", "isv", "reseller", "managed_service", "consultancy"];
    static readonly double[] _typeSize = [7.5, 6, 5, 5.5, 6.5];
    static readonly string[] _tiers = ["registered", "silver", "gold", "platinum"];
    static readonly string[] _stacks = ["azure", "aws", "gcp", "on_premises"];
    static readonly string[] _channels = ["inbound", "outbound", "event", "referral", "renewal"];
    static readonly double[] _channelEffect = [0.3, -0.4, 0, 0.5, 0.7];
    static readonly string[] _pains = ["legacy", "cost", "compliance", "growth", "talent", "data silos", "outages", "mergers"];
    static readonly string[] _stages = ["qualification", "discovery", "proposal", "negotiation"];
    static readonly string[] _first =
    [
        "Nor",
        "Alt",
        "Bri",
        "Cor",
        "Del",
        "Ever",
        "Fal",
        "Gran",
        "Hol",
        "Iron",
        "Jun",
        "Kel",
        "Lum",
        "Mar",
        "Nim",
        "Oak",
        "Pel",
        "Quin",
        "Riv",
        "Sol",
        "Tam",
        "Umb",
        "Ver",
        "Wes",
    ];
    static readonly string[] _second =
    [
        "lake",
        "berg",
        "mont",
        "field",
        "stone",
        "wood",
        "haven",
        "bridge",
        "ford",
        "gate",
        "crest",
        "dale",
        "mark",
        "port",
        "ridge",
        "ton",
        "well",
        "wick",
        "yard",
        "vale",
    ];

    readonly Random _random = new(settings.Seed);
    readonly DateTime _start = _end.AddYears(-settings.Years);
    readonly double[][] _industryProfile = new double[_industries.Length][];
    readonly double[][] _stackProfile = new double[_stacks.Length][];
    readonly List<SimulatedAccount> _accounts = [];
    readonly List<SimulatedPartner> _partners = [];
    int _touches;
    int _registrations;
    int _assists;
    int _engagements;

    sealed class SimulatedAccount
    {
        public string Id = "";
        public int Industry;
        public int Region;
        public int Stack;
        public double LogSize;
        public double Maturity;
        public double Propensity;
        public double[] Profile = [];
        public List<int> Earlier = [];
        public HashSet<int> Overlaps = [];
    }

    sealed class SimulatedPartner
    {
        public string Id = "";
        public int[] Industries = [];
        public int[] Regions = [];
        public int[] Products = [];
        public int Stack;
        public double Size;
        public double Quality;
        public double Fame;
        public double[] Profile = [];
        public DateTime JoinedAt;
    }

    sealed record SimulatedDeal(
        string Id,
        int Account,
        int Product,
        double Amount,
        int Channel,
        DateTime CreatedAt,
        double Alone
    );

    /// <summary>Writes the history and truth.csv into <paramref name="folder"/>, which must be empty or not there.</summary>
    public void Write(string folder, Action<double>? progress = null)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"{folder} is not empty; expected a new or empty folder.");
        Directory.CreateDirectory(folder);
        using var files = new Files(folder, settings.Dirty, new Random(settings.Seed + 1));
        for (var i = 0; i < _industries.Length; i++)
            _industryProfile[i] = Profile(1);
        for (var i = 0; i < _stacks.Length; i++)
            _stackProfile[i] = Profile(1);
        MakePartners(files);
        MakeAccounts(files);
        MakeOverlaps(files);
        MakeDeals(files, progress);
    }

    void MakePartners(Files files)
    {
        var partners = files.Open(
            "partners",
            "partner_id,name,partner_type,tier,industries,regions,competencies,joined_at,domain,delivery_model,languages"
        );
        var certifications = files.Open("certifications", "partner_id,competency,earned_at,expires_at");
        for (var i = 0; i < settings.Partners; i++)
        {
            var type = _random.Next(_types.Length);
            var quality = Normal() * 0.6;
            var partner = new SimulatedPartner
            {
                Id = $"P{i + 1:00000}",
                Industries = Some(_industries.Length, 1 + _random.Next(3)),
                Regions = Some(_regions.Length, 1 + _random.Next(3)),
                Products = Some(_products.Length, 1 + _random.Next(4)),
                Stack = _random.Next(_stacks.Length),
                Size = _typeSize[type] + Normal() * 0.7,
                Quality = quality,
                Fame = Normal() * 0.8,
                JoinedAt =
                    _random.NextDouble() < 0.6
                        ? _start.AddDays(-_random.Next(1500))
                        : _start.AddDays(_random.Next((int)(_end - _start).TotalDays)),
            };
            partner.Profile = Mix(_industryProfile[partner.Industries[0]], _stackProfile[partner.Stack]);
            _partners.Add(partner);
            var name = $"{Word()} {Pick(["Consulting", "Systems", "Partners", "Digital", "Group", "Solutions"])}";
            partners.Add(
                partner.Id,
                name,
                _types[type],
                _tiers[Math.Clamp((int)Math.Round(1.4 + 1.2 * quality + 0.6 * Normal()), 0, 3)],
                Join(partner.Industries, _industries),
                Join(partner.Regions, _regions),
                Join(partner.Products, _products),
                Day(partner.JoinedAt),
                Slug(name) + ".example",
                Pick(["onshore", "nearshore", "offshore", "hybrid"]),
                Join(Some(4, 1 + _random.Next(2)), ["en", "de", "sv", "nl"])
            );
            foreach (var product in partner.Products.Where(_ => _random.NextDouble() < 0.7))
            {
                var earned = partner.JoinedAt.AddDays(_random.Next(400));
                if (earned < _end)
                    certifications.Add(
                        partner.Id,
                        _products[product],
                        Day(earned),
                        _random.NextDouble() < 0.5 ? Day(earned.AddDays(730)) : ""
                    );
            }
        }
    }

    void MakeAccounts(Files files)
    {
        var accounts = files.Open(
            "accounts",
            "account_id,name,industry,country,region,employee_count,annual_revenue,created_at,domain,cloud_stack,pain_points,digital_maturity,fiscal_year_start"
        );
        for (var i = 0; i < settings.Accounts; i++)
        {
            var (industry, region) = (Skewed(_industries.Length), Skewed(_regions.Length));
            var account = new SimulatedAccount
            {
                Id = $"A{i + 1:000000}",
                Industry = industry,
                Region = region,
                Stack = _random.NextDouble() < 0.7 ? (industry * 7 + 3) % _stacks.Length : _random.Next(_stacks.Length),
                LogSize = Math.Clamp(5.8 + 1.4 * Normal(), 1.5, 12),
                Maturity = Normal(),
                Propensity = 0.6 * Normal(),
            };
            account.Profile = Mix(_industryProfile[industry], _stackProfile[account.Stack]);
            _accounts.Add(account);
            var name = $"{Word()} {Pick(["Inc.", "GmbH", "Ltd", "AB", "Holding", "& Co", "Corporation", "BV"])}";
            var employees = Math.Round(Elementary.Exp(account.LogSize));
            accounts.Add(
                account.Id,
                name,
                _random.NextDouble() < 0.03 ? "" : _industries[industry],
                _countries[region],
                _regions[region],
                Number(employees),
                _random.NextDouble() < 0.1 ? "" : Number(Math.Round(employees * Elementary.Exp(11.5 + 0.4 * Normal()))),
                Day(_start.AddDays(-_random.Next(2000))),
                Slug(name) + ".example",
                _stacks[account.Stack],
                Join(Some(_pains.Length, 1 + _random.Next(3)), _pains),
                _random.NextDouble() < 0.15 ? "" : Number(Math.Round(5 + 2 * account.Maturity + 0.5 * Normal(), 1)),
                Day(new DateTime(2020, 1 + _random.Next(12), 1, 0, 0, 0, DateTimeKind.Utc))
            );
        }
    }

    void MakeOverlaps(Files files)
    {
        var overlaps = files.Open(
            "account_overlaps",
            "partner_id,account_id,population,since,contact_count,contact_level,until,recorded_at"
        );
        for (var a = 0; a < _accounts.Count; a++)
        {
            for (var k = Poisson(2.5); k > 0; k--)
            {
                var best = _random.Next(_partners.Count);
                for (var trial = 0; trial < 8 && !settings.NoSignal; trial++)
                {
                    var other = _random.Next(_partners.Count);
                    if (AccountFit(_accounts[a], _partners[other]) > AccountFit(_accounts[a], _partners[best]))
                        best = other;
                }
                if (!_accounts[a].Overlaps.Add(best))
                    continue;
                var from = _partners[best].JoinedAt > _start ? _partners[best].JoinedAt : _start;
                var since = from.AddDays(_random.Next(Math.Max(1, (int)((_end - from).TotalDays * 0.5))));
                overlaps.Add(
                    _partners[best].Id,
                    _accounts[a].Id,
                    Pick(["customer", "customer", "open_opportunity", "prospect"]),
                    Day(since),
                    Number(1 + Poisson(2)),
                    Pick(["executive", "director", "manager"]),
                    _random.NextDouble() < 0.1 ? Day(since.AddDays(300)) : "",
                    Late(since)
                );
            }
        }
    }

    void MakeDeals(Files files, Action<double>? progress)
    {
        var opportunities = files.Open(
            "opportunities",
            "opportunity_id,account_id,product,amount,currency,created_at,expected_close_at,closed_at,outcome,stage,owner,source_channel,seats,recorded_at"
        );
        var engagements = files.Open("engagements", "engagement_id,opportunity_id,partner_id,role,started_at,status,recorded_at");
        var stages = files.Open("opportunity_stages", "opportunity_id,stage,entered_at");
        var touches = files.Open("touches", "touch_id,account_id,opportunity_id,partner_id,kind,at");
        var registrations = files.Open(
            "deal_registrations",
            "registration_id,partner_id,account_id,product,submitted_at,status,decided_at,expires_at"
        );
        var assists = files.Open("assists", "assist_id,partner_id,direction,account_id,opportunity_id,at");
        var truth = files.Open("truth", "opportunity_id,partner_id,win_probability,fit", clean: true);
        var span = (_end - _start).TotalDays;
        // A growing pipeline: later days have more deals.
        var days = Enumerable
            .Range(0, settings.Opportunities)
            .Select(_ => span * Power(_random.NextDouble(), 0.7))
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
            var createdAt = _start.AddDays(Math.Floor(days[i]));
            var deal = MakeDeal(i, createdAt);
            var account = _accounts[deal.Account];
            var joined = Candidates(account, createdAt);
            var chosen = Choose(deal, account, joined);
            if (
                truthFrom >= 0
                && i >= truthFrom
                && (i - truthFrom) % truthEvery == 0
                && (i - truthFrom) / truthEvery < settings.TruthDecisions
            )
                WriteTruth(truth, deal, account, createdAt, chosen);
            var won = _random.NextDouble() < WinProbability(deal, account, chosen);
            var days_ = won ? 20 + Exponential(55) : 35 + Exponential(110);
            var closedAt = createdAt.AddDays(Math.Ceiling(days_));
            var closed = closedAt < _end;
            WriteStages(stages, deal, won, closed, closedAt, out var stage);
            opportunities.Add(
                deal.Id,
                account.Id,
                _products[deal.Product],
                _random.NextDouble() < 0.05 ? "" : Number(Math.Round(deal.Amount, 2)),
                _countries[account.Region] == "US" ? "USD" : "EUR",
                Day(createdAt),
                Day(createdAt.AddDays(60 + _random.Next(60))),
                closed ? Day(closedAt) : "",
                !closed ? "open"
                    : won ? "won"
                    : "lost",
                stage,
                $"seller{1 + deal.Account % 17:00}",
                _channels[deal.Channel],
                Number(Math.Round(Elementary.Exp(account.LogSize * 0.6 + Normal() * 0.4))),
                Late(createdAt)
            );
            WriteTouches(touches, deal, account, null, closedAt, 3);
            foreach (var partner in chosen)
            {
                var startedAt =
                    _random.NextDouble() < 0.6 ? createdAt : createdAt.AddDays(Math.Floor(_random.NextDouble() * 0.4 * days_));
                if (startedAt >= _end)
                    continue;
                var role = Pick(["sourced", "influenced", "co_sell", "co_sell", "resell", "services"]);
                engagements.Add(
                    $"E{++_engagements:0000000}",
                    deal.Id,
                    _partners[partner].Id,
                    role,
                    Day(startedAt),
                    closed ? "ended" : "active",
                    Late(startedAt)
                );
                // What comes before an engagement must not foretell it where there is to be no signal.
                var busy = settings.NoSignal ? joined[_random.Next(joined.Count)] : partner;
                WriteTouches(touches, deal, account, _partners[busy].Id, closedAt, 1.5);
                if (role == "sourced")
                    WriteRegistration(registrations, busy, account, deal, createdAt.AddDays(-1 - _random.Next(20)));
                if (_random.NextDouble() < 0.25)
                    assists.Add(
                        $"S{++_assists:0000000}",
                        _partners[partner].Id,
                        _random.NextDouble() < 0.5 ? "given" : "received",
                        account.Id,
                        deal.Id,
                        Day(startedAt)
                    );
                if (!account.Earlier.Contains(partner))
                    account.Earlier.Add(partner);
            }
            if (_random.NextDouble() < 0.02 && joined.Count > 0)
                WriteRegistration(
                    registrations,
                    joined[_random.Next(joined.Count)],
                    account,
                    deal,
                    createdAt.AddDays(-_random.Next(40))
                );
        }
        progress?.Invoke(1);
    }

    SimulatedDeal MakeDeal(int index, DateTime createdAt)
    {
        var account = Math.Min(_accounts.Count - 1, (int)(_accounts.Count * Power(_random.NextDouble(), 1.2)));
        var of = _accounts[account];
        var product = _random.NextDouble() < 0.5 ? (of.Industry + of.Stack) % _products.Length : _random.Next(_products.Length);
        var logAmount = 7 + 0.5 * of.LogSize + 0.6 * _complexity[product] + 0.7 * Normal();
        var channel = Skewed(_channels.Length);
        var years = (createdAt - _start).TotalDays / 365.25;
        var alone =
            -0.35
            + of.Propensity
            + 0.35 * of.Maturity
            + _productEffect[product]
            + _channelEffect[channel]
            - 0.3 * (logAmount - 10.5) * (logAmount - 10.5) / 2
            + 0.4 * (of.Stack == 3 && product is 1 or 5 ? -1 : 0)
            + 0.1 * Math.Sin(years * 2 * Math.PI / 5);
        return new(
            $"O{index + 1:0000000}",
            account,
            product,
            Elementary.Exp(logAmount),
            channel,
            createdAt,
            settings.NoSignal ? 0 : alone
        );
    }

    /// <summary>How well a partner's coverage and profile suit an account, whatever the deal; about -3 to 3.</summary>
    static double AccountFit(SimulatedAccount account, SimulatedPartner partner)
    {
        var cosine = 0.0;
        for (var i = 0; i < Latent; i++)
            cosine += account.Profile[i] * partner.Profile[i];
        var size = (account.LogSize - partner.Size) / 1.3;
        return (partner.Industries.Contains(account.Industry) ? 1.2 : 0)
            + (partner.Regions.Contains(account.Region) ? 1.0 : -0.4)
            + 1.3 * cosine
            - 0.5 * Math.Min(4, size * size);
    }

    /// <summary>The true fit of a partner to a deal, 0 to 1.</summary>
    double Fit(SimulatedDeal deal, SimulatedAccount account, SimulatedPartner partner)
    {
        if (settings.NoSignal)
            return 0.5;
        var competent = partner.Products.Contains(deal.Product);
        var sum =
            AccountFit(account, partner)
            + (competent ? _complexity[deal.Product] : -0.3)
            + (competent && partner.Industries.Contains(account.Industry) ? 0.9 : 0)
            + (partner.Stack == account.Stack && deal.Product is 0 or 5 ? 0.6 : 0);
        return Elementary.Logistic(1.4 * (sum - 2.4));
    }

    /// <summary>What a partner adds to the log odds of winning.</summary>
    double Effect(SimulatedDeal deal, SimulatedAccount account, int partner) =>
        settings.NoSignal ? 0 : -0.8 + 2.2 * Fit(deal, account, _partners[partner]) + 0.6 * _partners[partner].Quality;

    double WinProbability(SimulatedDeal deal, SimulatedAccount account, IReadOnlyList<int> partners)
    {
        var effects = partners.Select(partner => Effect(deal, account, partner)).OrderDescending().ToList();
        var sum = deal.Alone + effects.Take(1).Sum() + 0.3 * effects.Skip(1).Sum();
        return Elementary.Logistic(sum);
    }

    List<int> Candidates(SimulatedAccount account, DateTime at)
    {
        IEnumerable<int> all =
            _partners.Count <= 256
                ? Enumerable.Range(0, _partners.Count)
                : Enumerable
                    .Range(0, Shortlist)
                    .Select(_ => _random.Next(_partners.Count))
                    .Concat(account.Earlier)
                    .Concat(account.Overlaps)
                    .Distinct();
        return [.. all.Where(partner => _partners[partner].JoinedAt < at)];
    }

    List<int> Choose(SimulatedDeal deal, SimulatedAccount account, List<int> candidates)
    {
        var attach = settings.NoSignal ? 0.6 : Elementary.Logistic(0.6 + deal.Alone);
        if (candidates.Count == 0 || _random.NextDouble() > attach)
            return [];
        var count = _random.NextDouble() < 0.2 ? 2 : 1;
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
        var noise = -Elementary.Log(-Elementary.Log(Math.Max(1e-12, _random.NextDouble())));
        return settings.NoSignal
            ? noise
            : 5 * Fit(deal, account, _partners[partner])
                + 0.5 * _partners[partner].Fame
                + (account.Earlier.Contains(partner) ? 1.2 : 0)
                + (account.Overlaps.Contains(partner) ? 0.8 : 0)
                + 0.8 * noise;
    }

    void WriteTruth(CsvFile truth, SimulatedDeal deal, SimulatedAccount account, DateTime at, List<int> chosen)
    {
        truth.Add(deal.Id, "", Number(Math.Round(WinProbability(deal, account, []), 5)), "");
        var partners = Enumerable.Range(0, _partners.Count).Where(partner => _partners[partner].JoinedAt < at);
        if (_partners.Count > 500)
        {
            var random = new Random(settings.Seed + deal.Account);
            partners = Enumerable
                .Range(0, 400)
                .Select(_ => random.Next(_partners.Count))
                .Concat(chosen)
                .Distinct()
                .Where(p => _partners[p].JoinedAt < at);
        }
        foreach (var partner in partners)
            truth.Add(
                deal.Id,
                _partners[partner].Id,
                Number(Math.Round(WinProbability(deal, account, [partner]), 5)),
                Number(Math.Round(Fit(deal, account, _partners[partner]), 5))
            );
    }

    void WriteStages(CsvFile stages, SimulatedDeal deal, bool won, bool closed, DateTime closedAt, out string last)
    {
        var reached = won ? _stages.Length : 1 + _random.Next(_stages.Length);
        var step = (closedAt - deal.CreatedAt).TotalDays / (reached + 1);
        last = _stages[0];
        for (var s = 0; s < reached; s++)
        {
            var at = deal.CreatedAt.AddDays(s * step * (0.8 + 0.2 * _random.NextDouble()));
            if (at >= _end)
                break;
            last = _stages[s];
            stages.Add(deal.Id, last, Moment(at));
        }
        if (closed)
            last = won ? "closed won" : "closed lost";
    }

    void WriteTouches(
        CsvFile touches,
        SimulatedDeal deal,
        SimulatedAccount account,
        string? partner,
        DateTime closedAt,
        double mean
    )
    {
        for (var k = Poisson(mean); k > 0; k--)
        {
            var at = deal.CreatedAt.AddDays(_random.NextDouble() * (closedAt - deal.CreatedAt).TotalDays);
            if (at < _end)
                touches.Add(
                    $"T{++_touches:00000000}",
                    account.Id,
                    deal.Id,
                    partner ?? "",
                    Pick(["call", "email", "meeting", "demo"]),
                    Moment(at)
                );
        }
    }

    void WriteRegistration(CsvFile registrations, int partner, SimulatedAccount account, SimulatedDeal deal, DateTime at)
    {
        var decided = at.AddDays(2);
        var approved = _random.NextDouble() < 0.85;
        var expires = decided.AddDays(90);
        registrations.Add(
            $"R{++_registrations:0000000}",
            _partners[partner].Id,
            account.Id,
            _products[deal.Product],
            Day(at),
            decided >= _end ? "submitted"
                : !approved ? "rejected"
                : expires < _end ? "expired"
                : "approved",
            decided < _end ? Day(decided) : "",
            decided < _end && approved ? Day(expires) : ""
        );
    }

    double[] Profile(double scale) => [.. Enumerable.Range(0, Latent).Select(_ => scale * Normal())];

    double[] Mix(double[] industry, double[] stack)
    {
        var mixed = Enumerable.Range(0, Latent).Select(i => 0.8 * industry[i] + 0.6 * stack[i] + 0.8 * Normal()).ToArray();
        var norm = Math.Sqrt(mixed.Sum(x => x * x));
        return [.. mixed.Select(x => x / norm)];
    }

    double Normal() => Math.Sqrt(-2 * Elementary.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    static double Power(double x, double exponent) => Elementary.Exp(exponent * Elementary.Log(x));

    double Exponential(double mean) => -mean * Elementary.Log(1 - _random.NextDouble());

    int Poisson(double mean)
    {
        var (limit, product, count) = (Elementary.Exp(-mean), _random.NextDouble(), 0);
        for (; product > limit; count++)
            product *= _random.NextDouble();
        return count;
    }

    int Skewed(int count) => (int)(count * Power(_random.NextDouble(), 1.4));

    int[] Some(int of, int count)
    {
        var all = Enumerable.Range(0, of).ToArray();
        _random.Shuffle(all);
        return all[..count];
    }

    string Pick(ReadOnlySpan<string> of) => of[_random.Next(of.Length)];

    string Word() => Pick(_first) + Pick(_second);

    string Late(DateTime at)
    {
        if (_random.NextDouble() > 0.1)
            return "";
        var recorded = at.AddDays(1 + Math.Floor(Exponential(20)));
        return recorded < _end ? Day(recorded) : "";
    }

    static string Join(int[] which, string[] names) => string.Join('|', which.Select(i => names[i]));

    static string Day(DateTime at) => at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    static string Moment(DateTime at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);

    static string Slug(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    /// <summary>The files of a history, spoilt on request.</summary>
    sealed class Files(string folder, double dirty, Random random) : IDisposable
    {
        readonly List<CsvFile> _open = [];

        public CsvFile Open(string name, string header, bool clean = false)
        {
            var file = new CsvFile(Path.Combine(folder, name + ".csv"), header, clean ? 0 : dirty, random);
            _open.Add(file);
            return file;
        }

        public void Dispose() => _open.ForEach(file => file.Dispose());
    }

    sealed class CsvFile : IDisposable
    {
        readonly StreamWriter _writer;
        readonly string[] _columns;
        readonly double _dirty;
        readonly Random _random;

        public CsvFile(string path, string header, double dirty, Random random)
        {
            _writer = new(path, false, new UTF8Encoding(false), 1 << 16) { NewLine = "\n" };
            _writer.WriteLine(header);
            _columns = header.Split(',');
            (_dirty, _random) = (dirty, random);
        }

        public void Add(params string[] fields)
        {
            if (_dirty > 0 && _random.NextDouble() < _dirty)
                Spoil(ref fields);
            for (var i = 0; i < fields.Length; i++)
            {
                if (i > 0)
                    _writer.Write(',');
                var quoted = fields[i].AsSpan().IndexOfAny(",\"\r\n") >= 0;
                _writer.Write(quoted ? $"\"{fields[i].Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : fields[i]);
            }
            _writer.WriteLine();
        }

        void Spoil(ref string[] fields)
        {
            fields = [.. fields];
            switch (_random.Next(4))
            {
                case 0:
                    fields[0] = "";
                    break;
                case 1:
                    fields = fields[..^1];
                    break;
                default:
                    var dates = Enumerable
                        .Range(0, fields.Length)
                        .Where(i => _columns[i].EndsWith("_at", StringComparison.Ordinal))
                        .ToArray();
                    if (dates.Length > 0)
                        fields[dates[_random.Next(dates.Length)]] = "31/12/2020";
                    else
                        fields[0] = "";
                    break;
            }
        }

        public void Dispose() => _writer.Dispose();
    }
}
