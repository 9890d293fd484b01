using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Matching;

/// <summary>A candidate of a record: an account, and what they have in common.</summary>
readonly record struct Candidate(int Account, Comparison Comparison);

/// <summary>What a person decided on a pair.</summary>
readonly record struct Decided(Comparison Comparison, double Probability, bool IsMatch);

/// <summary>
/// The probability that a record is an account (Fellegi and Sunter, A Theory for Record Linkage, 1969): how often what they have in common
/// is so of pairs that are one company, against how often by chance. The former is estimated without labels by expectation maximisation
/// (Winkler 1988), with a prior that stands for some pairs; the latter from the accounts among themselves, so that what is common counts
/// little. A record is one account at most: its candidates share one probability with being none.
/// </summary>
sealed class MatchModel
{
    const int Rounds = 12;
    const double WeightOfPrior = 40;
    const double PriorShare = 0.35;
    const double SpreadOfKinds = 1.5;
    const double MostLogit = 9;
    const double LabelOfNamesakes = 2;
    const double LabelOfOthers = 0.1;
    const double MostByColumn = 8;
    const double FewestSharers = 0.6;

    // What only looks alike is not matched without a person, unless people said so of its kind.
    const double MostOfDoubtful = 0.8;

    static readonly double[] _priorName = ByLevel(0, 0.46, 0.12, 0.02, 0.03, 0.13, 0.03, 0.06, 0.02, 0.02, 0.05, 0.03, 0.03);

    // Of companies that are two under one domain, as those of a holding are.
    static readonly double[] _priorSharers = ByLevel(0, 0.04, 0.03, 0.07, 0.01, 0.02, 0.02, 0.06, 0.02, 0.03, 0.30, 0.12, 0.28);
    static readonly double[] _priorDomain = [0, 0.85, 0.05, 0.10];

    readonly double[] _name = [.. _priorName];
    readonly double[] _sharers = [.. _priorSharers];
    readonly double[] _domain = [.. _priorDomain];
    double _country = 0.95;
    double _region = 0.8;
    double _form = 0.85;
    double _share = PriorShare;
    readonly Dictionary<PairKind, double> _shifts = [];

    /// <summary>Estimates how often true pairs agree, from pairs of which nobody knows whether they are.</summary>
    /// <param name="records">Of each record its candidates.</param>
    public void Estimate(IReadOnlyList<IReadOnlyList<Candidate>> records)
    {
        Span<double> probabilities = stackalloc double[256];
        for (var round = 0; round < Rounds; round++)
        {
            var name = Weighted(_priorName);
            var sharers = Weighted(_priorSharers);
            var domain = Weighted(_priorDomain);
            var (sameCountry, countries) = (0.95 * WeightOfPrior, WeightOfPrior);
            var (sameRegion, regions) = (0.8 * WeightOfPrior, WeightOfPrior);
            var (sameForm, forms) = (0.85 * WeightOfPrior, WeightOfPrior);
            var (matched, all) = (PriorShare * WeightOfPrior, WeightOfPrior);
            foreach (var candidates in records)
            {
                all++;
                Probabilities(candidates, probabilities, withShifts: false);
                for (var i = 0; i < candidates.Count; i++)
                {
                    var (p, pair) = (probabilities[i], candidates[i].Comparison);
                    matched += p;
                    name[(int)pair.Name] += p;
                    if (pair.Domain == DomainLevel.Same)
                        sharers[(int)pair.Name] += 1 - p;
                    domain[(int)pair.Domain] += p;
                    sameCountry += pair.Country == ColumnLevel.Same ? p : 0;
                    countries += pair.Country != ColumnLevel.Unknown ? p : 0;
                    sameRegion += pair.Region == ColumnLevel.Same ? p : 0;
                    regions += pair.Region != ColumnLevel.Unknown ? p : 0;
                    sameForm += pair.Form == ColumnLevel.Same ? p : 0;
                    forms += pair.Form != ColumnLevel.Unknown ? p : 0;
                }
            }
            Normalize(name, _name, _priorName);
            Normalize(sharers, _sharers, null);
            for (var i = 0; i < _sharers.Length; i++)
                _sharers[i] = Math.Max(_sharers[i], FewestSharers * _priorSharers[i]);
            Normalize(domain, _domain, null);
            _country = sameCountry / countries;
            _region = sameRegion / regions;
            _form = sameForm / forms;
            _share = Math.Min(0.9, matched / all);
        }
    }

    /// <summary>
    /// Moves the probability of each kind of pair by what people decided on such pairs: one number a kind, the more certain the more they
    /// decided (logistic regression with what the model said as offset and a normal prior).
    /// </summary>
    public void Learn(IEnumerable<Decided> decisions)
    {
        _shifts.Clear();
        foreach (var kind in decisions.GroupBy(one => one.Comparison.Kind))
        {
            var of = kind.Select(one => (Logit: LogitOf(one.Probability), one.IsMatch)).ToList();
            var shift = 0.0;
            for (var step = 0; step < 30; step++)
            {
                var (slope, curve) = (-shift / (SpreadOfKinds * SpreadOfKinds), 1 / (SpreadOfKinds * SpreadOfKinds));
                foreach (var (logit, isMatch) in of)
                {
                    var p = Logistic(logit + shift);
                    slope += (isMatch ? 1 : 0) - p;
                    curve += p * (1 - p);
                }
                shift = Math.Clamp(shift + Math.Clamp(slope / curve, -1, 1), -6, 6);
            }
            _shifts.Add(kind.Key, shift);
        }
    }

    /// <summary>The probabilities of a record's candidates, and that it is none of them with what is left of 1.</summary>
    public void Probabilities(IReadOnlyList<Candidate> candidates, Span<double> probabilities, bool withShifts = true)
    {
        var sum = 1.0;
        for (var i = 0; i < candidates.Count; i++)
        {
            var odds = OddsOf(candidates[i].Comparison);
            if (withShifts && _shifts.TryGetValue(candidates[i].Comparison.Kind, out var shift))
                odds *= Elementary.Exp(shift);
            probabilities[i] = odds;
            sum += odds;
        }
        for (var i = 0; i < candidates.Count; i++)
            probabilities[i] /= sum;
    }

    /// <summary>The odds that a record is an account against being none, if there were no other candidate.</summary>
    double OddsOf(in Comparison pair)
    {
        // Companies under one domain are mostly in one country anyway, and named alike: names and columns say less there. A name that is the
        // same says so under any domain.
        var odds =
            pair.Domain == DomainLevel.Same ? Math.Max(OddsByDomain(pair), OddsByName(pair))
            : pair.Name is NameLevel.Unknown or NameLevel.Different
                ? pair.Domain == DomainLevel.SameLabel && pair.Name == NameLevel.Unknown ? LabelOfOthers / (1 + pair.Sharers)
                    : 0
            : OddsByName(pair);
        odds *= _share / (1 - _share);
        return IsDoubtful(pair) ? Math.Min(odds, MostOfDoubtful / (1 - MostOfDoubtful)) : odds;
    }

    double OddsByDomain(in Comparison pair) =>
        _domain[(int)DomainLevel.Same]
        / pair.Sharers
        * (pair.Name == NameLevel.Unknown ? 0.5 : _name[(int)pair.Name] / _sharers[(int)pair.Name])
        * ByColumns(pair, 1, 1);

    double OddsByName(in Comparison pair)
    {
        if (pair.Name is NameLevel.Unknown or NameLevel.Different)
            return 0;
        var odds = _name[(int)pair.Name] / pair.Namesakes * ByColumns(pair, double.PositiveInfinity, MostByColumn);
        return pair.Domain switch
        {
            DomainLevel.SameLabel when pair.Name <= NameLevel.MisspeltGeneralWords && pair.Country != ColumnLevel.Different =>
                odds * LabelOfNamesakes,
            DomainLevel.Different => odds * _domain[(int)DomainLevel.Different],
            _ => odds,
        };
    }

    double ByColumns(in Comparison pair, double mostByCountry, double most) =>
        ByColumn(pair.Country, _country, pair.CountryShare, mostByCountry)
        * ByColumn(pair.Region, _region, pair.RegionShare, most)
        * ByColumn(pair.Form, _form, pair.FormShare, most);

    static bool IsDoubtful(in Comparison pair) => pair.Name >= NameLevel.Initials || pair.Country == ColumnLevel.Different;

    static double ByColumn(ColumnLevel level, double same, double share, double most) =>
        level switch
        {
            ColumnLevel.Same => Math.Min(most, same / Math.Max(share, 0.01)),
            ColumnLevel.Different => (1 - same) / Math.Max(1 - share, 0.05),
            _ => 1,
        };

    static double[] Weighted(double[] prior) => [.. prior.Select(one => one * WeightOfPrior)];

    /// <summary>Shares of a whole; what says little is not believed to be usual, however often it is seen.</summary>
    static void Normalize(double[] counts, double[] shares, double[]? prior)
    {
        counts[0] = 0;
        var sum = counts.Sum();
        for (var i = 0; i < counts.Length; i++)
        {
            shares[i] = counts[i] / sum;
            if (prior is not null && (NameLevel)i is NameLevel.SameOtherForm or >= NameLevel.Initials)
                shares[i] = Math.Min(shares[i], 1.5 * prior[i]);
        }
    }

    static double LogitOf(double probability)
    {
        var p = Math.Clamp(probability, 1e-6, 1 - 1e-6);
        return Math.Clamp(Elementary.Log(p / (1 - p)), -MostLogit, MostLogit);
    }

    static double Logistic(double logit) => 1 / (1 + Elementary.Exp(-logit));

    static double[] ByLevel(params double[] shares) => shares;
}
