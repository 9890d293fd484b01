using System.Text.Json;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>A question about a past moment.</summary>
/// <param name="AsOf">What could be seen before it counts, exclusive, UTC.</param>
/// <param name="KnownBefore">As far as the service had taken it in before this moment, exclusive, UTC; not in the future.</param>
/// <param name="Answer">Given the states, which hold until it returns.</param>
public sealed record PastQuestion(DateTime AsOf, DateTime KnownBefore, Action<IReadOnlyList<HistoryState>> Answer);

/// <summary>
/// The fold as of past moments, to the bit as if it were folded from the start: it begins at the nearest snapshot before and goes on with
/// the facts since. Questions that are asked together are answered on one way through the history. Not safe for several threads.
/// </summary>
/// <param name="store">The history.</param>
/// <param name="snapshots">How many snapshots are kept; 0 for none.</param>
/// <param name="bytes">How many bytes they may take.</param>
public sealed class PastFold(HistoryStore store, int snapshots, long bytes)
{
    const int FactsWithoutRest = 64;
    const int FewestFactsBetween = 1000;
    readonly SnapshotCache _snapshots = new(snapshots, bytes);
    IReadOnlyList<FoldSettings> _settings = [];
    string _key = "";
    long _epoch = -1;

    // The states at which the last way ended; they go on from there.
    DateTime _moment;
    List<HistoryState>? _states;

    /// <summary>How many snapshots are kept, and their bytes.</summary>
    public (int Count, long Bytes) Kept => (_snapshots.Count, _snapshots.Taken);

    /// <summary>How many facts were taken in for all questions so far.</summary>
    public long Folded { get; private set; }

    /// <summary>What tells settings apart: questions of the same may be asked together.</summary>
    public static string KeyOf(IReadOnlyList<FoldSettings> settings) => JsonSerializer.Serialize(settings);

    /// <summary>Answers questions.</summary>
    /// <param name="settings">What to keep count of; others than before forget what was kept.</param>
    /// <param name="questions">The questions, in any order.</param>
    /// <param name="facts">About how many facts the history holds, for the distance between snapshots.</param>
    /// <param name="joining">
    /// Asked, after each answer, for questions that came meanwhile and lie ahead on the way: after the first moment given and before the
    /// second; null if none can come.
    /// </param>
    /// <param name="rest">Called every few facts: to leave others the processor, or to give up by an exception.</param>
    public void Answer(
        IReadOnlyList<FoldSettings> settings,
        IReadOnlyList<PastQuestion> questions,
        long facts,
        Func<DateTime, DateTime, IReadOnlyList<PastQuestion>>? joining,
        Action rest
    )
    {
        if (KeyOf(settings) is var key && key != _key)
        {
            Clear();
            (_settings, _key) = (settings, key);
        }
        var waiting = InOrder(questions);
        var between = Math.Max(FewestFactsBetween, facts / Math.Max(1, snapshots));
        while (waiting.Count > 0)
        {
            var epoch = store.Epoch();
            if (epoch != _epoch)
            {
                Clear();
                _epoch = epoch;
            }
            var isPlain = IsPlain(waiting[0]);
            var together = isPlain ? Together(waiting, facts) : waiting[..1];
            using var history = store.OpenSnapshot();
            // An import or an erasure came between: what was kept is of another history.
            if (HistoryStore.EpochOf(history) != _epoch)
                continue;
            waiting.RemoveRange(0, together.Count);
            Answer(history, together, waiting, isPlain, between, joining, rest);
        }
    }

    static List<PastQuestion> InOrder(IEnumerable<PastQuestion> questions) =>
        [.. questions.OrderBy(question => question.AsOf).ThenBy(question => question.KnownBefore)];

    /// <summary>Forgets the states at which the last way ended, not the snapshots.</summary>
    public void Forget() => _states = null;

    void Clear()
    {
        Forget();
        _snapshots.Clear();
    }

    /// <summary>True if the answer depends on no fact that was applied at its moment or later.</summary>
    bool IsPlain(PastQuestion question) =>
        question.KnownBefore >= question.AsOf && !store.IsLate(question.AsOf, question.KnownBefore);

    /// <summary>The first question, which is plain, and those that are answered best on the same way.</summary>
    List<PastQuestion> Together(List<PastQuestion> waiting, long facts)
    {
        var together = new List<PastQuestion> { waiting[0] };
        var at = _snapshots.Before(waiting[0].AsOf)?.Facts ?? 0;
        foreach (var next in waiting.Skip(1))
        {
            // So far ahead that to begin anew from a snapshot is less than the way there.
            var ahead = _snapshots.Before(next.AsOf)?.Facts ?? 0;
            if (ahead - at > facts / 4 || !IsPlain(next))
                break;
            at = Math.Max(at, ahead);
            together.Add(next);
        }
        return together;
    }

    /// <summary>Takes those that came meanwhile onto the way, or has them wait for the next.</summary>
    void Join(List<PastQuestion> questions, List<PastQuestion> waiting, IReadOnlyList<PastQuestion> come)
    {
        if (come.Count == 0)
            return;
        var isSame = store.Epoch() == _epoch;
        foreach (var one in come)
        {
            if (isSame && IsPlain(one))
                questions.Insert(questions.FindIndex(other => other.AsOf > one.AsOf), one);
            else
                waiting.Insert(0, one);
        }
        waiting.Sort((x, y) => (x.AsOf, x.KnownBefore).CompareTo((y.AsOf, y.KnownBefore)));
    }

    void Answer(
        HistorySnapshot history,
        List<PastQuestion> questions,
        List<PastQuestion> waiting,
        bool isPlain,
        long between,
        Func<DateTime, DateTime, IReadOnlyList<PastQuestion>>? joining,
        Action rest
    )
    {
        var first = questions[0];
        // Everything applied before has been seen before as well.
        var prefix = first.KnownBefore < first.AsOf ? first.KnownBefore : first.AsOf;
        var (moment, states) = Begin(prefix, rest);
        var (asOf, appliedBefore) = isPlain ? (DateTime.MaxValue, questions[^1].AsOf) : (first.AsOf, first.KnownBefore);
        var until = isPlain ? questions[^1].AsOf : prefix;
        var (next, applied, kept) = (0, moment, states[0].Facts / between);
        foreach (var fact in HistoryStore.Applied(history, moment, asOf, appliedBefore))
        {
            for (; isPlain && questions[next].AsOf <= fact.AppliedAt; next++)
            {
                questions[next].Answer(states);
                if (joining is not null && questions[next].AsOf < questions[^1].AsOf)
                    Join(questions, waiting, joining(questions[next].AsOf, questions[^1].AsOf));
            }
            if (fact.AppliedAt > applied && fact.AppliedAt <= until && states[0].Facts / between > kept)
            {
                kept = states[0].Facts / between;
                _snapshots.Keep(fact.AppliedAt, states, rest);
            }
            applied = fact.AppliedAt;
            foreach (var state in states)
                state.Apply(fact);
            if (++Folded % FactsWithoutRest == 0)
                rest();
        }
        for (; next < questions.Count; next++)
            questions[next].Answer(states);
        if (isPlain)
            (_moment, _states) = (questions[^1].AsOf, states);
    }

    /// <summary>States of everything applied before a moment at which, or before which, they stand.</summary>
    (DateTime Moment, List<HistoryState> States) Begin(DateTime until, Action rest)
    {
        var (states, moment) = (_states, _moment);
        _states = null;
        if (moment > until)
            states = null;
        var kept = _snapshots.Before(until);
        if (kept is not null && (states is null || kept.Facts - states[0].Facts > kept.Facts / 8))
            return (kept.Moment, SnapshotCache.Read(kept, _settings, rest));
        return states is not null ? (moment, states) : (DateTime.MinValue, [.. _settings.Select(one => new HistoryState(one))]);
    }
}
