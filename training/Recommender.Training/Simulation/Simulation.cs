using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>
/// A history with known truth. Each account and partner has a latent profile; a partner's fit to a deal comes from coverage, profile,
/// size and their interaction; good deals draw partners (confounding); wins close early and losses late; some facts are recorded late.
/// </summary>
sealed class Simulation
{
    /// <summary>The day before which everything simulated happens.</summary>
    public static readonly DateTime End = new(2026, 7, 1, 0, 0, 0, DateTimeKind.Utc);
    readonly SimulationSettings _settings;
    readonly Random _random;
    readonly DateTime _start;
    readonly double[][] _industryProfile = new double[Vocabulary.Industries.Length][];
    readonly double[][] _stackProfile = new double[Vocabulary.Stacks.Length][];
    readonly List<SimulatedAccount> _accounts = [];
    readonly List<SimulatedPartner> _partners = [];
    readonly Draws _draws;

    public Simulation(SimulationSettings settings)
    {
        _settings = settings;
        _random = new(settings.Seed);
        _draws = new(_random);
        _start = End.AddYears(-settings.Years);
    }

    /// <summary>Writes the history and truth.csv into <paramref name="folder"/>, which must be empty or not there.</summary>
    public void Write(string folder, Action<double>? progress = null)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"{folder} is not empty; expected a new or empty folder.");
        Directory.CreateDirectory(folder);
        using var files = new SimulatedFiles(folder, _settings.Dirty, new Random(_settings.Seed + 1));
        for (var i = 0; i < Vocabulary.Industries.Length; i++)
            _industryProfile[i] = Profile(1);
        for (var i = 0; i < Vocabulary.Stacks.Length; i++)
            _stackProfile[i] = Profile(1);
        MakePartners(files);
        MakeAccounts(files);
        MakeOverlaps(files);
        WriteRates(files);
        new SimulatedDeals(_settings, _random, _draws, _start, _accounts, _partners).Write(files, progress);
    }

    /// <summary>What a euro is worth in dollars, by quarter; made up, in the range of the last ten years.</summary>
    void WriteRates(SimulatedFiles files)
    {
        var rates = files.Open("exchange_rates", "currency,date,rate", clean: true);
        var date = new DateTime(_start.Year - 1, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        rates.Add("USD", SimulatedCsv.Day(date), "1");
        for (var quarter = 0; date < End; quarter++, date = date.AddMonths(3))
            rates.Add("EUR", SimulatedCsv.Day(date), Vocabulary.DollarsPerEuro[quarter % Vocabulary.DollarsPerEuro.Length]);
        if (_settings.World.Corrected)
        {
            foreach (var (currency, worth) in Corrections.Abroad)
                rates.Add(currency, SimulatedCsv.Day(_start.AddYears(-1)), SimulatedCsv.Number(worth));
        }
    }

    void MakePartners(SimulatedFiles files)
    {
        var partners = files.Open(
            "partners",
            "partner_id,name,partner_type,tier,industries,regions,competencies,joined_at,domain,delivery_model,languages"
        );
        var certifications = files.Open("certifications", "partner_id,competency,earned_at,expires_at");
        for (var i = 0; i < _settings.Partners; i++)
        {
            var type = _random.Next(Vocabulary.Types.Length);
            var quality = _draws.Normal() * 0.6;
            var partner = new SimulatedPartner
            {
                Id = FormattableString.Invariant($"P{i + 1:00000}"),
                Industries = _draws.Some(Vocabulary.Industries.Length, 1 + _random.Next(3)),
                Regions = _draws.Some(Vocabulary.Regions.Length, 1 + _random.Next(3)),
                Products = _draws.Some(Vocabulary.Products.Length, 1 + _random.Next(4)),
                Stack = _random.Next(Vocabulary.Stacks.Length),
                Size = Vocabulary.TypeSize[type] + _draws.Normal() * 0.7,
                Quality = quality,
                Fame = _draws.Normal() * 0.8,
                JoinedAt =
                    _random.NextDouble() < 0.6
                        ? _start.AddDays(-_random.Next(1500))
                        : _start.AddDays(_random.Next((int)(End - _start).TotalDays)),
            };
            partner.Profile = Mix(_industryProfile[partner.Industries[0]], _stackProfile[partner.Stack]);
            _partners.Add(partner);
            var name = $"{_draws.Word()} {_draws.Pick(["Consulting", "Systems", "Partners", "Digital", "Group", "Solutions"])}";
            partners.Add(
                partner.Id,
                name,
                Vocabulary.Types[type],
                Vocabulary.Tiers[Math.Clamp((int)Math.Round(1.4 + 1.2 * quality + 0.6 * _draws.Normal()), 0, 3)],
                Join(partner.Industries, Vocabulary.Industries),
                Join(partner.Regions, Vocabulary.Regions),
                Join(partner.Products, Vocabulary.Products),
                SimulatedCsv.Day(partner.JoinedAt),
                Slug(name) + ".example",
                _draws.Pick(["onshore", "nearshore", "offshore", "hybrid"]),
                Join(_draws.Some(4, 1 + _random.Next(2)), ["en", "de", "sv", "nl"])
            );
            foreach (var product in partner.Products.Where(_ => _random.NextDouble() < 0.7))
            {
                var earned = partner.JoinedAt.AddDays(_random.Next(400));
                if (earned < End)
                    certifications.Add(
                        partner.Id,
                        Vocabulary.Products[product],
                        SimulatedCsv.Day(earned),
                        _random.NextDouble() < 0.5 ? SimulatedCsv.Day(earned.AddDays(730)) : ""
                    );
            }
        }
    }

    void MakeAccounts(SimulatedFiles files)
    {
        var accounts = files.Open(
            "accounts",
            "account_id,name,industry,country,region,employee_count,annual_revenue,created_at,domain,cloud_stack,pain_points,digital_maturity,fiscal_year_start"
        );
        for (var i = 0; i < _settings.Accounts; i++)
        {
            var (industry, region) = (_draws.Skewed(Vocabulary.Industries.Length), _draws.Skewed(Vocabulary.Regions.Length));
            var account = new SimulatedAccount
            {
                Id = FormattableString.Invariant($"A{i + 1:000000}"),
                Industry = industry,
                Region = region,
                Stack =
                    _random.NextDouble() < 0.7
                        ? (industry * 7 + 3) % Vocabulary.Stacks.Length
                        : _random.Next(Vocabulary.Stacks.Length),
                LogSize = Math.Clamp(5.8 + 1.4 * _draws.Normal(), 1.5, 12),
                Maturity = _draws.Normal(),
                Propensity = 0.6 * _draws.Normal(),
            };
            account.Profile = Mix(_industryProfile[industry], _stackProfile[account.Stack]);
            _accounts.Add(account);
            var name = $"{_draws.Word()} {_draws.Pick(["Inc.", "GmbH", "Ltd", "AB", "Holding", "& Co", "Corporation", "BV"])}";
            var employees = Math.Round(Elementary.Exp(account.LogSize));
            accounts.Add(
                account.Id,
                name,
                _random.NextDouble() < 0.03 ? "" : Vocabulary.Industries[industry],
                Vocabulary.Countries[region],
                Vocabulary.Regions[region],
                SimulatedCsv.Number(employees),
                _random.NextDouble() < 0.1
                    ? ""
                    : SimulatedCsv.Number(Math.Round(employees * Elementary.Exp(11.5 + 0.4 * _draws.Normal()))),
                SimulatedCsv.Day(_start.AddDays(-_random.Next(2000))),
                Slug(name) + ".example",
                Vocabulary.Stacks[account.Stack],
                Join(_draws.Some(Vocabulary.Pains.Length, 1 + _random.Next(3)), Vocabulary.Pains),
                _random.NextDouble() < 0.15
                    ? ""
                    : SimulatedCsv.Number(Math.Round(5 + 2 * account.Maturity + 0.5 * _draws.Normal(), 1)),
                SimulatedCsv.Day(new DateTime(2020, 1 + _random.Next(12), 1, 0, 0, 0, DateTimeKind.Utc))
            );
        }
    }

    void MakeOverlaps(SimulatedFiles files)
    {
        var overlaps = files.Open(
            "account_overlaps",
            "partner_id,account_id,population,since,contact_count,contact_level,until,recorded_at"
        );
        for (var a = 0; a < _accounts.Count; a++)
        {
            for (var k = _draws.Poisson(2.5); k > 0; k--)
            {
                var best = _random.Next(_partners.Count);
                for (var trial = 0; trial < 8 && !_settings.NoSignal; trial++)
                {
                    var other = _random.Next(_partners.Count);
                    if (
                        TrueChances.AccountFit(_accounts[a], _partners[other])
                        > TrueChances.AccountFit(_accounts[a], _partners[best])
                    )
                        best = other;
                }
                if (!_accounts[a].Overlaps.Add(best))
                    continue;
                var from = _partners[best].JoinedAt > _start ? _partners[best].JoinedAt : _start;
                var since = from.AddDays(_random.Next(Math.Max(1, (int)((End - from).TotalDays * 0.5))));
                overlaps.Add(
                    _partners[best].Id,
                    _accounts[a].Id,
                    _draws.Pick(["customer", "customer", "open_opportunity", "prospect"]),
                    SimulatedCsv.Day(since),
                    SimulatedCsv.Number(1 + _draws.Poisson(2)),
                    _draws.Pick(["executive", "director", "manager"]),
                    _random.NextDouble() < 0.1 ? SimulatedCsv.Day(since.AddDays(300)) : "",
                    _draws.RecordedLate(since)
                );
            }
        }
    }

    double[] Profile(double scale) => [.. Enumerable.Range(0, TrueChances.Latent).Select(_ => scale * _draws.Normal())];

    double[] Mix(double[] industry, double[] stack)
    {
        var mixed = Enumerable
            .Range(0, TrueChances.Latent)
            .Select(i => 0.8 * industry[i] + 0.6 * stack[i] + 0.8 * _draws.Normal())
            .ToArray();
        var norm = Math.Sqrt(mixed.Sum(x => x * x));
        return [.. mixed.Select(x => x / norm)];
    }

    static string Join(int[] which, string[] names) => string.Join('|', which.Select(i => names[i]));

    static string Slug(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
