using System.Collections.Concurrent;
using Recommender.Capabilities;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Serving;

/// <summary>
/// Has written what follows from facts that touch an account (<see cref="ICapability.FollowsFrom"/>): right after each transaction it is
/// known what that is, before those who wait for the transaction are answered, and who asks for it then waits until it is written. All
/// accounts are looked at when the rules change, soon after a partner did, and once a minute: time passes, and the console imports.
/// </summary>
sealed partial class AccountWatch(LiveRecommender live, bool isReadOnly, TimeProvider time, ILogger logger)
{
    const int OfOneWrite = 200;
    const int OfOneLook = 1000;
    static readonly TimeSpan _allEvery = TimeSpan.FromMinutes(1);
    static readonly TimeSpan _allSoon = TimeSpan.FromSeconds(5);
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    // Those that something follows from, each until that is written; the ticket tells whether it was touched again meanwhile.
    readonly ConcurrentDictionary<AccountId, long> _waiting = [];
    readonly Lock _gate = new();
    TaskCompletionSource _round = new(TaskCreationOptions.RunContinuationsAsynchronously);
    bool _isWriting;
    long _tickets;
    DateTime _lookedAt = DateTime.MinValue;
    long _rulesVersion = -1;
    volatile bool _isDue;
    volatile bool _hasFailed;
    string? _logged;

    /// <summary>Looks at the accounts that facts have something to say of; on the writer's thread, whose write stands whatever comes of it.</summary>
    public void Touched(IReadOnlyList<DatedFact> facts, IReadOnlySet<AccountId> accounts)
    {
        if (isReadOnly)
            return;
        // On which accounts what a partner is says something nobody keeps.
        if (facts.Any(fact => fact.Kind == FactKind.Partner || fact.Kind == FactKind.Merge))
            _isDue = true;
        LookAt(accounts);
    }

    /// <summary>Looks at every account, if it is time to.</summary>
    public void LookAtAll()
    {
        var (rules, since) = (live.Rules.Version, live.Now() - _lookedAt);
        if (rules == _rulesVersion && since < (_isDue ? _allSoon : _allEvery))
        {
            // What could not be written may be now.
            Write();
            return;
        }
        _isDue = false;
        // What goes wrong again after a while without is logged again.
        if (!_hasFailed)
            _logged = null;
        _hasFailed = false;
        (_rulesVersion, _lookedAt) = (rules, live.Now());
        var count = live.Read((state, _) => state.AccountCount);
        for (var start = 0; start < count; start += OfOneLook)
        {
            var first = start;
            LookAt(live.Read((state, _) => state.AccountIds(first, OfOneLook).ToList()));
        }
    }

    /// <summary>
    /// Ends when what follows from what was written here before is written, too: of one account, or of all. Two seconds later what is known is
    /// answered.
    /// </summary>
    public async Task SettledAsync(AccountId? account, CancellationToken cancel)
    {
        var before =
            account is not { } only ? _waiting.ToList()
            : _waiting.TryGetValue(only, out var since) ? [new(only, since)]
            : [];
        if (before.Count == 0)
            return;
        using var patience = new CancellationTokenSource(_patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            while (
                before.Exists(one => _waiting.TryGetValue(one.Key, out var ticket) && ticket == one.Value)
                && IsWriting(out var round)
            )
                await round.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { }
    }

    bool IsWriting(out Task round)
    {
        lock (_gate)
        {
            round = _round.Task;
            return _isWriting;
        }
    }

    void LookAt(IReadOnlyCollection<AccountId> accounts)
    {
        var rules = live.Rules;
        live.Read(
            (state, asOf) =>
            {
                foreach (var account in accounts)
                {
                    try
                    {
                        if (CapabilityList.FollowsFrom(state, rules, account, asOf).Any())
                            _waiting[account] = Interlocked.Increment(ref _tickets);
                    }
                    catch (Exception e)
                    {
                        // A capability that fails for one account keeps no other from it, nor the write that stands.
                        Log(e);
                    }
                }
                return true;
            }
        );
        Write();
    }

    /// <summary>Begins to write what follows, unless that goes on.</summary>
    void Write()
    {
        lock (_gate)
        {
            if (_isWriting || _waiting.IsEmpty)
                return;
            _isWriting = true;
        }
        _ = Task.Run(WriteAllAsync);
    }

    async Task WriteAllAsync()
    {
        while (true)
        {
            var accounts = _waiting.Take(OfOneWrite).ToList();
            var isWritten = await TryWriteAsync(accounts);
            lock (_gate)
            {
                // What was touched meanwhile comes next.
                _isWriting = isWritten && !_waiting.IsEmpty;
                _round.SetResult();
                _round = new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (!_isWriting)
                    return;
            }
        }
    }

    /// <summary>Writes what follows; false if it cannot be written now.</summary>
    async Task<bool> TryWriteAsync(List<KeyValuePair<AccountId, long>> accounts)
    {
        try
        {
            // Other replicas may go by newer rules already.
            if (live.Store.IsShared)
                live.FollowRules();
            if (
                !CapabilityList.TrySweep(
                    (state, now) => accounts.SelectMany(one => CapabilityList.FollowsFrom(state, live.Rules, one.Key, now)),
                    live.History,
                    live.Events,
                    out var swept
                )
            )
                return false;
            await swept;
            Forget(accounts);
            return true;
        }
        catch (Exception e) when (live.Store.IsToBlame(e))
        {
            // The log tells already.
            return false;
        }
        catch (Exception e) when (accounts.Count == 1)
        {
            Log(e);
            Forget(accounts);
            return true;
        }
        catch (Exception)
        {
            // One that cannot be written keeps no other from it.
            foreach (var one in accounts)
            {
                if (!await TryWriteAsync([one]))
                    return false;
            }
            return true;
        }
    }

    /// <summary>They wait no more, unless they were touched again.</summary>
    void Forget(List<KeyValuePair<AccountId, long>> accounts)
    {
        foreach (var one in accounts)
            _waiting.TryRemove(one);
    }

    /// <summary>Logs what went wrong, once as long as it is the same.</summary>
    void Log(Exception e)
    {
        _hasFailed = true;
        if (_logged != e.Message)
            Logs.NotWritten(logger, e.Message.ReplaceLineEndings(" "));
        _logged = e.Message;
    }

    static partial class Logs
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "What follows from facts about accounts is not written: {Reason}")]
        public static partial void NotWritten(ILogger logger, string reason);
    }
}
