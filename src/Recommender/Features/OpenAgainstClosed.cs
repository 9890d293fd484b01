using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Features;

/// <summary>
/// Whether a column of deals knows what open deals do not. What was known when a deal was new is distributed over open deals as over some mixture
/// of won and lost ones of the same age; what is written at a deal's end is not, or foretells outcomes as nothing known at the start does.
/// </summary>
sealed class OpenAgainstClosed
{
    const int Least = 25;
    const int LeastOpen = HistoryProfile.LeastOpenDeals;
    const int LeastToVouch = 100;
    const double MostApart = 0.3;
    const double MostApartOfBoth = 1.0 / 8;
    const double LeastTold = 0.1;
    const double MostAuc = 0.7;
    const double HighestAuc = 0.9;
    const double LeastAuc = 0.6;
    const int MostWords = 60;
    const string TellsApart = "it tells open deals from closed ones of the same age";

    readonly string?[] _texts;
    readonly DateTime[] _createdAt;
    readonly int[] _won,
        _lost,
        _open;

    // Of closed deals, how much each counts so that they are as old as the open ones, or were open when they were.
    readonly double[] _weights,
        _ofSameAge;
    readonly bool[] _isSecond;
    readonly double _share;

    /// <summary>Takes deals: when each was created, whether it is of the second of two halves, and how it ended; null while it is open.</summary>
    public OpenAgainstClosed(IReadOnlyList<(DateTime CreatedAt, DateTime? ClosedAt, bool IsSecond, bool IsOpen, bool? Won)> deals)
    {
        _texts = new string?[deals.Count];
        _createdAt = [.. deals.Select(deal => deal.CreatedAt)];
        _isSecond = [.. deals.Select(deal => deal.IsSecond)];
        var all = Enumerable.Range(0, deals.Count).ToList();
        _won = [.. all.Where(i => deals[i].Won == true)];
        _lost = [.. all.Where(i => deals[i].Won == false)];
        _open = [.. all.Where(i => deals[i].IsOpen)];
        _weights = AgeWeights.OfTheSameTime(_createdAt, _won, _lost, _open);
        _ofSameAge = AgeWeights.OfTheSameAge([.. deals.Select(deal => (deal.CreatedAt, deal.ClosedAt))], _open);
        var (won, lost) = (_won.Count(i => _weights[i] > 0), _lost.Count(i => _weights[i] > 0));
        _share = won / (double)Math.Max(1, won + lost);
    }

    /// <summary>Why a column is taken for one written after the fact; null if nothing speaks for it.</summary>
    /// <param name="value">What it holds for the deal of that index; null if nothing.</param>
    public string? Why(Func<int, string?> value)
    {
        if (_won.Length < Least || _lost.Length < Least)
            return null;
        for (var i = 0; i < _texts.Length; i++)
            _texts[i] = value(i);
        var filled = _texts.Count(text => text is not null);
        if (filled == 0)
            return null;
        if (IsRareWhereOpen(i => _texts[i] is not null))
            return TellsApart;
        if (NumberBins(filled) is { } numbers)
            return Of(numbers, 6);
        var words = new Dictionary<string, int>();
        var lists = 0;
        foreach (var text in _texts.OfType<string>())
        {
            lists += text.AsSpan().ContainsAny('|', ';') ? 1 : 0;
            words[text] = words.GetValueOrDefault(text) + 1;
        }
        if (lists > 0.05 * filled)
            return OfLists();
        var frequent = words
            .OrderByDescending(pair => pair.Value)
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take(12)
            .Select((pair, at) => (pair.Key, at))
            .ToDictionary(one => one.Key, one => one.at);
        return (
                words.Count > 20 && words.Count > 0.3 * filled
                    ? null
                    : Of([.. _texts.Select(text => text is null ? 13 : frequent.GetValueOrDefault(text, 12))], 14)
            ) ?? (words.Count > 2 ? OfManyWords() : null);
    }

    /// <summary>Whether bins tell open deals from closed ones, or foretell outcomes too well.</summary>
    string? Of(int[] bins, int count)
    {
        var (won, lost, open) = (Shares(_won, _weights), Shares(_lost, _weights), Shares(_open, null));
        var (all, none) = (Shares(_won, null), Shares(_lost, null));
        var isBorneOut = false;
        if (won.N >= LeastOpen / 2 && lost.N >= LeastOpen / 2 && open.N >= LeastOpen)
        {
            // Open deals may be won less often than closed ones were, and more, but not by any amount.
            var (least, most) = (_share / 3, 1 - (1 - _share) / 3);
            var apart = Apart(won, lost, least, most, out var noise, out _) - noise;
            if (apart > MostApart)
                return TellsApart;
            if (apart > MostApartOfBoth && IsEdited(least, most))
                return TellsApart;
            // Half as many won as of closed deals, or lost, are borne out; what chance moves is granted once.
            var between = Enumerable.Range(0, count).Sum(b => Math.Abs(won.Of[b] - lost.Of[b])) / 2;
            var spread =
                Apart(won, lost, 0, 1, out noise, out var implied) is var nearest && between > 0 ? noise / between / 2 : 1;
            isBorneOut =
                open.N >= LeastToVouch
                && nearest < 0.15 + noise
                && implied > _share / 2 - spread
                && implied > spread
                && implied < (1 + _share) / 2 + spread
                && implied < 1 - spread;
        }
        if (all.N < Least || none.N < Least)
            return null;
        var auc = Auc(all.Of, none.Of);
        // Standard error of an AUC (Hanley and McNeil 1982), at its widest.
        var error = Math.Sqrt(auc * (1 - auc) / Math.Min(all.N, none.N));
        // Where no open deals can speak for a column, the doubt is against it: twice the error need only show that it is no chance.
        var isLate =
            _open.Length < LeastOpen
                ? auc > MostAuc && auc - 2 * error > LeastAuc
                : auc - 2 * error > (isBorneOut ? HighestAuc : MostAuc);
        return isLate
            ? FormattableString.Invariant(
                $"alone it foretells outcomes with an AUC of {auc:0.00}, which nothing known at the start does"
            )
            : null;

        // What lasts long is open more often, and so is what is new: what neither explains, and foretells outcomes, was edited.
        bool IsEdited(double least, double most)
        {
            var (wonThen, lostThen) = (Shares(_won, _ofSameAge), Shares(_lost, _ofSameAge));
            var bins = Enumerable.Range(0, count);
            var told = bins.Sum(b => Math.Abs(all.Of[b] - none.Of[b])) / 2;
            var chance = bins.Sum(b => Math.Sqrt(Variance(all.Of[b]) / all.N + Variance(none.Of[b]) / none.N));
            return wonThen.N >= Least
                && lostThen.N >= Least
                && told > LeastTold + 0.6 * chance
                && Apart(wonThen, lostThen, least, most, out var noise, out _) > MostApartOfBoth + noise;
        }

        (double[] Of, double N) Shares(int[] deals, double[]? weights)
        {
            var sums = new double[count];
            double sum = 0,
                squares = 0;
            foreach (var i in deals)
            {
                var weight = weights?[i] ?? 1;
                sums[bins[i]] += weight;
                sum += weight;
                squares += weight * weight;
            }
            if (sum > 0)
            {
                for (var b = 0; b < count; b++)
                    sums[b] /= sum;
            }
            // Kish's effective size of a weighted sample (1965).
            return (sums, sum > 0 ? sum * sum / squares : 0);
        }

        // The least total variation between open deals and a mixture of won and lost ones, and what chance alone would show of it at most.
        double Apart(
            (double[] Of, double N) won,
            (double[] Of, double N) lost,
            double least,
            double most,
            out double noise,
            out double implied
        )
        {
            var best = double.MaxValue;
            (noise, implied) = (0, 0);
            for (var step = 0; step <= 20; step++)
            {
                var share = least + (most - least) * step / 20;
                double sum = 0,
                    chance = 0;
                for (var b = 0; b < count; b++)
                {
                    var mixture = share * won.Of[b] + (1 - share) * lost.Of[b];
                    sum += Math.Abs(open.Of[b] - mixture);
                    chance += Math.Sqrt(
                        Variance(Math.Max(mixture, open.Of[b])) / open.N
                            + share * share * Variance(won.Of[b]) / won.N
                            + (1 - share) * (1 - share) * Variance(lost.Of[b]) / lost.N
                    );
                }
                if (sum / 2 < best)
                    (best, noise, implied) = (sum / 2, 0.6 * chance, share);
            }
            return best;
        }
    }

    /// <summary>Whether what many closed deals have is hardly ever there for open ones, be half as many of them won as of closed ones, or lost.</summary>
    bool IsRareWhereOpen(Func<int, bool> has)
    {
        if (_open.Length < LeastOpen)
            return false;
        var (won, lost) = (Share(_won), Share(_lost));
        var expected = Math.Min(
            _share / 2 * won + (1 - _share / 2) * lost,
            (1 - (1 - _share) / 2) * won + (1 - _share) / 2 * lost
        );
        var found = _open.Count(has);
        return found < 0.3 * expected * _open.Length && ChanceOf(found, _open.Length, expected) < 1e-5;

        double Share(int[] deals)
        {
            double sum = 0,
                of = 0;
            foreach (var i in deals)
            {
                sum += _weights[i];
                of += has(i) ? _weights[i] : 0;
            }
            return sum > 0 ? of / sum : 0;
        }
    }

    /// <summary>The chance of that many or fewer among some, if each is one with a probability (binomial).</summary>
    static double ChanceOf(int most, int among, double probability)
    {
        if (probability >= 1)
            return 0;
        var log = among * Elementary.Log(1 - probability);
        var sum = 0.0;
        for (var k = 0; k <= most; k++)
        {
            sum += Elementary.Exp(log);
            log += Elementary.Log((among - k) / (k + 1.0) * probability / (1 - probability));
        }
        return sum;
    }

    /// <summary>Each frequent word of a list by itself.</summary>
    string? OfLists()
    {
        var words = _texts
            .Select(text => text is null ? [] : Categories.Words(text).Select(Categories.Normal).ToHashSet())
            .ToArray();
        var frequent = words
            .SelectMany(of => of)
            .CountBy(word => word)
            .OrderByDescending(pair => pair.Value)
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take(MostWords);
        foreach (var (word, _) in frequent)
        {
            if (IsRareWhereOpen(i => words[i].Contains(word)))
                return $"its word '{word}' stands for closed deals and hardly ever for open ones of the same age";
            if (Of([.. words.Select(of => of.Contains(word) ? 1 : 0)], 2) is { } why)
                return $"of its word '{word}': {why}";
        }
        return null;
    }

    /// <summary>Words too many to be looked at one by one: each deal's by what the deals of the other half say of it.</summary>
    string? OfManyWords()
    {
        var halves = new[] { Counts(isSecond: true), Counts(isSecond: false) };
        var isRare = new bool[_texts.Length];
        var bins = new int[_texts.Length];
        for (var i = 0; i < bins.Length; i++)
        {
            var (words, closed, open) = halves[_isSecond[i] ? 1 : 0];
            if (_texts[i] is not { } text)
                bins[i] = 7;
            else if (!words.TryGetValue(text, out var of))
                bins[i] = 6;
            else
            {
                var ended = of.Won + of.Lost;
                isRare[i] = of.Open / Math.Max(1, open) < 0.2 * ended / Math.Max(1, closed);
                bins[i] = ended == 0 ? 5 : Math.Min(4, (int)(5 * of.Won / ended));
            }
        }
        return IsRareWhereOpen(i => isRare[i]) ? TellsApart : Of(bins, 8);
    }

    /// <summary>How many deals of one half have each word: won, lost and open ones; and how many of them are closed and open in all.</summary>
    (Dictionary<string, (double Won, double Lost, double Open)> Words, double Closed, double Open) Counts(bool isSecond)
    {
        var words = new Dictionary<string, (double Won, double Lost, double Open)>();
        double closed = 0,
            open = 0;
        foreach (var (deals, kind) in ((int[], int)[])[(_won, 0), (_lost, 1), (_open, 2)])
        {
            foreach (var i in deals)
            {
                if (_isSecond[i] != isSecond)
                    continue;
                var weight = kind == 2 ? 1 : _weights[i];
                (closed, open) = kind == 2 ? (closed, open + 1) : (closed + weight, open);
                if (_texts[i] is not { } text)
                    continue;
                var of = words.GetValueOrDefault(text);
                words[text] =
                    kind == 0 ? of with { Won = of.Won + weight }
                    : kind == 1 ? of with { Lost = of.Lost + weight }
                    : of with { Open = of.Open + 1 };
            }
        }
        return (words, closed, open);
    }

    /// <summary>Fifths of numbers and of days from the deal's creation; null if the column holds others.</summary>
    int[]? NumberBins(int filled)
    {
        var numbers = new double[_texts.Length];
        var numeric = 0;
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] =
                Numbers.TryPlain(_texts[i], out var number) ? number
                : _texts[i] is { } text && Instants.TryParse(text, out var at) ? (at - _createdAt[i]).TotalDays
                : double.NaN;
            numeric += double.IsNaN(numbers[i]) ? 0 : 1;
        }
        if (numeric < 0.95 * filled || _texts.OfType<string>().Distinct().Take(13).Count() < 13)
            return null;
        var sorted = numbers.Where(double.IsFinite).Order().ToList();
        double[] cuts = [.. Enumerable.Range(1, 4).Select(part => sorted[part * sorted.Count / 5])];
        return [.. numbers.Select(number => double.IsNaN(number) ? 5 : cuts.Count(cut => number >= cut))];
    }

    static double Variance(double share) => share * (1 - share);

    /// <summary>How well the bins, ordered by their share of won deals, tell won from lost.</summary>
    static double Auc(double[] won, double[] lost)
    {
        var order = Enumerable.Range(0, won.Length).OrderBy(b => won[b] / (won[b] + lost[b] + 1e-9)).ThenBy(b => b);
        double auc = 0,
            below = 0;
        foreach (var b in order)
        {
            auc += won[b] * (below + lost[b] / 2);
            below += lost[b];
        }
        return auc;
    }
}
