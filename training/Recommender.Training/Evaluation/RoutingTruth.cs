using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Ranking;

namespace Recommender.Training;

/// <summary>Who may have a lead, whatever the choice among them, with what is known of each.</summary>
sealed class RoutingCandidates
{
    readonly Dictionary<Assignee, CandidateNumbers> _numbers;

    readonly RouteQuestion _question;

    RoutingCandidates(RouteQuestion question, Dictionary<Assignee, CandidateNumbers> numbers) =>
        (_question, _numbers) = (question, numbers);

    /// <summary>Everybody whom the gates leave.</summary>
    public required IReadOnlyList<Assignee> All { get; init; }

    /// <summary>The rep who is likeliest to win; null if no rep may have it.</summary>
    public Assignee? BestRep { get; private init; }

    /// <summary>The partner that suits best, worked out anew; null if no partner may have it.</summary>
    public Assignee? BestFit()
    {
        var partners = All.Where(who => who.IsPartner).ToHashSet();
        var best = _question
            .Ranker.Compare(
                new(_question.Account.Id, _question.Now)
                {
                    Product = _question.Lead.Product,
                    Amount = _question.AmountInBase,
                    NewAccount = _question.Account,
                },
                _question.Rules
            )!
            .Partners.Where(one => partners.Contains(Assignee.Partner(one.PartnerId)))
            .OrderByDescending(one => one.FitScore)
            .ThenBy(one => one.PartnerId)
            .FirstOrDefault();
        return best is null ? null : Assignee.Partner(best.PartnerId);
    }

    /// <summary>The chance of winning of somebody; null if it may not have the lead, or nothing is known.</summary>
    public double? ChanceOf(Assignee who) => _numbers.GetValueOrDefault(who)?.WinProbability;

    /// <summary>Candidates of a question that was answered.</summary>
    public static RoutingCandidates Of(RouteQuestion question, RouteAnswer answer)
    {
        // What a policy chooses among comes out where it asks for nothing, and where it asks for what no partner has.
        var anybody = LeadRouter.Route(question with { Policy = question.Policy with { LiftAbove = -1, AtWorkOnly = false } });
        var reps = LeadRouter.Route(
            question with
            {
                Policy = question.Policy with { LiftAbove = 1, NearTie = 0, AtWorkOnly = false },
            }
        );
        var numbers = anybody.Line.Concat(reps.Line).Concat(answer.Line).DistinctBy(one => one.Who).ToDictionary(one => one.Who);
        var all = numbers
            .Keys.Concat(
                answer
                    .Trace.Where(step => step.Step is "lift" or "working_hours")
                    .SelectMany(step => step.Dropped)
                    .Select(one => new Assignee(one.Type, one.Id))
            )
            .Distinct()
            .ToList();
        return new(question, numbers) { All = all, BestRep = reps.Line.FirstOrDefault(one => !one.Who.IsPartner)?.Who };
    }
}

/// <summary>A way to give out leads, by the truth.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="WinRate">Mean true chance of winning, 0 to 1.</param>
/// <param name="Share">Of the way from random to the best that could be done, 0 to 1.</param>
/// <param name="Behind">How much more the policy wins, mean and interval; of the policy itself 0.</param>
sealed record TrueRate(string Name, Measured WinRate, Measured Share, Measured Behind);

/// <summary>Ways to give out the leads that a truth tells of, each by the true chance of winning of whom it chose.</summary>
sealed class RoutingTruth
{
    /// <summary>What a policy is held against; the first is the policy itself, random and oracle the ends of the way.</summary>
    static readonly string[] _ways =
    [
        "policy",
        "oracle",
        "as it was",
        "always the likeliest rep",
        "always the best-fit partner",
        "reps in turn",
        "random",
    ];

    readonly List<double[]> _rates = [];
    readonly List<AccountId> _accounts = [];

    /// <summary>How many leads were judged.</summary>
    public int Leads => _rates.Count;

    /// <summary>Judges a lead, if the truth knows two who may have it at least. Whoever nobody works is not won.</summary>
    public void Add(
        AccountId account,
        IReadOnlyDictionary<Assignee, double> truth,
        RoutingCandidates candidates,
        Assignee would,
        Assignee? was,
        Dictionary<Assignee, int> turns
    )
    {
        var known = candidates.All.Where(truth.ContainsKey).ToList();
        if (known.Count < 2 || was is not { } held || !truth.TryGetValue(held, out var asItWas))
            return;
        double Of(Assignee? who) => who is { } one ? truth.GetValueOrDefault(one) : 0;
        var next = known
            .Where(who => !who.IsPartner)
            .OrderBy(who => turns.GetValueOrDefault(who))
            .ThenBy(who => who.Id, StringComparer.Ordinal)
            .Cast<Assignee?>()
            .FirstOrDefault();
        if (next is { } turn)
            turns[turn] = turns.GetValueOrDefault(turn) + 1;
        var chances = known.Select(who => truth[who]).ToList();
        _accounts.Add(account);
        _rates.Add([
            Of(would),
            chances.Max(),
            asItWas,
            Of(candidates.BestRep),
            Of(candidates.BestFit()),
            Of(next),
            chances.Average(),
        ]);
    }

    /// <summary>Every way with its intervals; accounts are drawn whole.</summary>
    public IReadOnlyList<TrueRate> Rates(TrainingConfig config)
    {
        if (_rates.Count == 0)
            return [];
        var clusters = Clusters.By(_accounts);
        var everything = Enumerable.Range(0, _rates.Count).ToList();
        double Mean(List<int> leads, int way) => leads.Average(lead => _rates[lead][way]);
        Measured With(Func<List<int>, double> of)
        {
            var (low, high) = Bootstrap.Interval(clusters, of, config.Gate.Confidence, config.Gate.Resamples, config.Seed);
            return new(of(everything), low, high);
        }
        double Share(List<int> leads, int way)
        {
            var (oracle, random) = (Mean(leads, 1), Mean(leads, _ways.Length - 1));
            return oracle > random ? (Mean(leads, way) - random) / (oracle - random) : 0;
        }
        return
        [
            .. _ways.Select(
                (name, way) =>
                    new TrueRate(
                        name,
                        With(leads => Mean(leads, way)),
                        With(leads => Share(leads, way)),
                        With(leads => Mean(leads, 0) - Mean(leads, way))
                    )
            ),
        ];
    }
}
