using System.Collections.Concurrent;
using Recommender.Capabilities;
using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Matching;

namespace Recommender.Api.Serving;

/// <summary>
/// Does with leads what is decided by fold and models, and routes those that wait: imported ones, and those whose last offer came to
/// nothing. Keeps our accounts as companies are compared with them; they may be minutes behind: what came since is found by its domain or by
/// the same name, but not by one that is spelt otherwise.
/// </summary>
sealed partial class LeadRouting(LiveRecommender live, bool isReadOnly, TimeProvider time, ILogger logger)
{
    const int OfOneRound = 500;

    // A rebuild may take so much of the time.
    const double MostOfTime = 0.01;
    static readonly TimeSpan _rebuiltEvery = TimeSpan.FromMinutes(10);
    static readonly TimeSpan _triedAgainAfter = TimeSpan.FromMinutes(1);
    readonly ConcurrentDictionary<string, (string Why, DateTime At)> _notRouted = new(StringComparer.Ordinal);
    readonly Lock _building = new();
    OurAccounts? _accounts;
    DateTime _builtAt;
    TimeSpan _buildTook;
    volatile bool _isBehind;
    int _isRouting;
    string? _failed;

    /// <summary>Notes that accounts were written; on the writer's thread.</summary>
    public void Touched(IReadOnlyList<DatedFact> facts)
    {
        if (!_isBehind && facts.Any(fact => fact.Kind == FactKind.Account || fact.Kind == FactKind.Merge))
            _isBehind = true;
    }

    /// <summary>Has our accounts be read anew: another process imported a history.</summary>
    public void Forget() => Volatile.Write(ref _accounts, null);

    /// <summary>Our accounts, to find those of companies; made when they are first asked for. Not for the writer's thread.</summary>
    public OurAccounts Accounts()
    {
        if (Volatile.Read(ref _accounts) is { } accounts)
            return accounts;
        lock (_building)
            return _accounts ?? Made();
    }

    OurAccounts Made()
    {
        (_isBehind, _builtAt) = (false, live.Now());
        var started = time.GetTimestamp();
        var made = live.Read((state, _) => OurAccounts.Of(state))();
        made.MakeReady();
        _buildTook = time.GetElapsedTime(started);
        Volatile.Write(ref _accounts, made);
        return made;
    }

    /// <summary>Works out what of a lead takes longest, before its write.</summary>
    public PreparedChances? Prepare(OurAccounts accounts, HistoryRow row, bool isNewAccount)
    {
        using var generation = live.Models.Lease();
        var rules = live.Rules;
        return generation.Fold.Read(now => LeadActions.Prepare(generation.Ranker, rules, accounts, row, isNewAccount, now));
    }

    /// <summary>Does something with leads within a write that decides by the fold.</summary>
    /// <param name="scope">The write.</param>
    /// <param name="accounts">Our accounts; null where none is looked for.</param>
    /// <param name="run">What is to be done.</param>
    public T Do<T>(WriteScope scope, OurAccounts? accounts, Func<LeadActions, T> run)
    {
        using var generation = live.Models.Lease();
        var rules = live.Rules;
        return generation.Fold.Read(_ => run(new(scope, generation.Ranker, rules, accounts)));
    }

    /// <summary>Routes what waits, and renews the accounts; does nothing while it does still.</summary>
    public void RouteWaiting()
    {
        if (isReadOnly || Interlocked.Exchange(ref _isRouting, 1) != 0)
            return;
        _ = Task.Run(async () =>
        {
            try
            {
                Renew();
                var waiting = live.Read(
                    (state, now) =>
                        LeadList
                            .ToRoute(state, now)
                            .Where(id => !_notRouted.TryGetValue(id, out var last) || now - last.At >= _triedAgainAfter)
                            .Take(OfOneRound)
                            .ToList()
                );
                foreach (var id in waiting)
                    await RouteAsync(id);
            }
            catch (Exception e)
            {
                // Of a database that takes no writes the log tells already; what waits is routed later.
                if (!live.Store.IsToBlame(e) && Interlocked.Exchange(ref _failed, e.Message) != e.Message)
                    Log.NotRouted(logger, "", e.Message.ReplaceLineEndings(" "));
            }
            finally
            {
                Volatile.Write(ref _isRouting, 0);
            }
        });
    }

    void Renew()
    {
        var age = live.Now() - _builtAt;
        if (Volatile.Read(ref _accounts) is not null)
        {
            // Meanwhile those of before answer.
            if (_isBehind && age >= _rebuiltEvery && age >= _buildTook / MostOfTime)
                Made();
        }
        // Who has no leads needs none of it.
        else if (live.Read((state, _) => LeadList.IsUsed(state)))
            Accounts();
    }

    async Task RouteAsync(string id)
    {
        var accounts = Accounts();
        if (
            !live.History.TryWrite(
                scope =>
                {
                    var outcome = Do(scope, accounts, actions => actions.Route(id, null, isNewAccount: false, by: null));
                    CapabilityList.Tell(scope, live.Events);
                    return outcome;
                },
                out var routed,
                decides: true
            )
        )
            return;
        try
        {
            await routed;
            _notRouted.TryRemove(id, out _);
        }
        catch (LeadRefusedException e) when (e.Why is LeadRefusal.NotAllowedNow)
        {
            // Somebody else routed it meanwhile.
        }
        catch (Exception e) when (!live.Store.IsToBlame(e))
        {
            // One that cannot be routed keeps no other from it, and is tried again after a while; what is wrong is logged once.
            var isKnown = _notRouted.TryGetValue(id, out var last) && last.Why == e.Message;
            _notRouted[id] = (e.Message, live.Now());
            if (!isKnown)
                Log.NotRouted(logger, id, e.Message.ReplaceLineEndings(" "));
        }
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The lead {Lead} is not routed, route it by hand: {Reason}")]
        public static partial void NotRouted(ILogger logger, string lead, string reason);
    }
}
