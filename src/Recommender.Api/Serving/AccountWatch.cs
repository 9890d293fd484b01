using System.Collections.Concurrent;
using Recommender.Capabilities;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Serving;

/// <summary>
/// Has written what follows from facts that touch an account (<see cref="ICapability.FollowsFrom"/>): right after each transaction, before
/// those who wait for it are answered, it is known that something is to be written, and who asks waits for that. All accounts are looked at when the rules change, soon after a partner
/// did, and once a minute: time passes, and the console imports.
/// </summary>
sealed partial class AccountWatch(LiveRecommender live, bool isReadOnly, TimeProvider time, ILogger logger)
{
    const int OfOneWrite = 200;
    const int OfOneLook = 1000;
    static readonly TimeSpan _allEvery = TimeSpan.FromMinutes(1);
    static readonly TimeSpan _allSoon = TimeSpan.FromSeconds(5);
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);
    readonly ConcurrentDictionary<AccountId, byte> _waiting = [];
    readonly Lock _gate = new();
    Task _writing = Task.CompletedTask;
    bool _isWriting;
    DateTime _lookedAt = DateTime.MinValue;
    long _rulesVersion = -1;
    volatile bool _isDue;
    string? _told;

    /// <summary>Looks at the accounts that facts have something to say of; on the writer's thread, whose write stands whatever comes of it.</summary>
    public void Touched(IReadOnlyList<DatedFact> facts)
    {
        if (isReadOnly)
            return;
        // On which accounts what a partner is says something nobody keeps.
        if (facts.Any(fact => fact.Kind == FactKind.Partner || fact.Kind == FactKind.Merge))
            _isDue = true;
        Try(() => LookAt(live.Read((state, _) => state.AccountsOf(facts))));
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
        (_rulesVersion, _lookedAt) = (rules, live.Now());
        var count = live.Read((state, _) => state.AccountCount);
        for (var start = 0; start < count; start += OfOneLook)
        {
            var first = start;
            Try(() => LookAt(live.Read((state, _) => state.AccountIds(first, OfOneLook).ToList())));
        }
    }

    /// <summary>What a capability fails with is told, and tried again when all are looked at.</summary>
    void Try(Action look)
    {
        try
        {
            look();
        }
        catch (Exception e)
        {
            Tell(e);
        }
    }

    /// <summary>Ends when what follows from all that was written here before is written, too, or soon after if that cannot be.</summary>
    public async Task SettledAsync(CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(_patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            while (IsWriting(out var writing))
                await writing.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // What is known is answered.
        }
    }

    bool IsWriting(out Task writing)
    {
        lock (_gate)
        {
            writing = _writing;
            return _isWriting;
        }
    }

    void LookAt(IReadOnlyCollection<AccountId> accounts)
    {
        var rules = live.Rules;
        foreach (
            var account in live.Read(
                (state, asOf) =>
                    accounts.Where(account => CapabilityList.FollowsFrom(state, rules, account, asOf).Any()).ToList()
            )
        )
            _waiting[account] = 0;
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
            _writing = Task.Run(WriteAllAsync);
        }
    }

    async Task WriteAllAsync()
    {
        while (Next() is { } accounts)
        {
            try
            {
                // Other replicas may go by newer rules already.
                if (live.Store.IsShared)
                    live.FollowRules();
                await WriteAsync(accounts);
            }
            catch (InvalidDataException)
            {
                // One that cannot be written keeps no other from it.
                foreach (var account in accounts)
                {
                    try
                    {
                        await WriteAsync([account]);
                    }
                    catch (InvalidDataException e)
                    {
                        Tell(e);
                    }
                    catch (Exception e)
                    {
                        Tell(e);
                        Rest(accounts);
                        return;
                    }
                }
            }
            catch (Exception e)
            {
                Tell(e);
                Rest(accounts);
                return;
            }
        }
    }

    async Task WriteAsync(List<AccountId> accounts)
    {
        if (
            !CapabilityList.TrySweep(
                (state, now) => accounts.SelectMany(account => CapabilityList.FollowsFrom(state, live.Rules, account, now)),
                live.History,
                live.Events,
                out var swept
            )
        )
            throw new StoreUnavailableException(StoreFault.Busy, new InvalidOperationException("Too many writes wait."));
        await swept;
        _told = null;
    }

    /// <summary>Says what went wrong, once as long as it is the same; of a database that takes no writes the log tells already.</summary>
    void Tell(Exception e)
    {
        if (!live.Store.IsToBlame(e) && _told != e.Message)
            Log.NotWritten(logger, e.Message.ReplaceLineEndings(" "));
        _told = e.Message;
    }

    /// <summary>Accounts to write for; null if none wait.</summary>
    List<AccountId>? Next()
    {
        lock (_gate)
        {
            List<AccountId> accounts = [.. _waiting.Keys.Take(OfOneWrite)];
            foreach (var account in accounts)
                _waiting.TryRemove(account, out _);
            _isWriting = accounts.Count > 0;
            return _isWriting ? accounts : null;
        }
    }

    /// <summary>Lets accounts wait until somebody looks again.</summary>
    void Rest(List<AccountId> accounts)
    {
        lock (_gate)
        {
            foreach (var account in accounts)
                _waiting[account] = 0;
            _isWriting = false;
        }
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "What follows from facts about accounts is not written: {Reason}")]
        public static partial void NotWritten(ILogger logger, string reason);
    }
}
