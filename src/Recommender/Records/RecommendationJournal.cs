using System.Collections.Concurrent;
using System.Security.Cryptography;
using Dapper;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Webhooks;

namespace Recommender.Records;

/// <summary>What was recommended, and all that is needed to compute it again.</summary>
public sealed record JournalEntry(
    string RecommendationId,
    DateTime MadeAt,
    DateTime AsOf,
    long Epoch,
    string AccountId,
    string? OpportunityId,
    string Caller,
    long RulesVersion,
    byte[] Request,
    PackedJson Response
)
{
    const string SeenPrefix = "seen_";

    /// <summary>An id for an answer that somebody asked for, or that a page showed.</summary>
    /// <param name="isSeen">A page showed it: nobody asked for a recommendation, and none counts as made.</param>
    public static string NewId(bool isSeen) =>
        (isSeen ? SeenPrefix : "rec_") + RandomNumberGenerator.GetHexString(24, lowercase: true);

    /// <summary>True if a page showed it.</summary>
    public bool IsSeen => RecommendationId.StartsWith(SeenPrefix, StringComparison.Ordinal);
}

/// <summary>
/// Every recommendation, with its question and its answer as they were sent. Written behind the answer, many at once; an entry can be read
/// as soon as it was added. Safe for use by several threads.
/// </summary>
public sealed class RecommendationJournal(HistoryStore store, LiveHistory history, EventLog events)
{
    const int MostWaiting = 4096;

    const string Insert = """
        INSERT INTO recommendations (recommendation_id, made_at, as_of, epoch, account_id, opportunity_id, caller, rules_version, request, response, encoding)
        VALUES (@recommendationId, @madeAt, @asOf, @epoch, @accountId, @opportunityId, @caller, @rulesVersion, @request, @response, @encoding)
        """;

    const string Select = """
        -- index: recommendations_key
        SELECT recommendation_id AS RecommendationId, made_at AS MadeAt, as_of AS AsOf, epoch AS Epoch, account_id AS AccountId, opportunity_id AS OpportunityId, caller AS Caller, rules_version AS RulesVersion, request AS Request, response AS Response, encoding AS Encoding
        FROM recommendations
        WHERE recommendation_id = @id
        """;

    static readonly SqlText _selectOfAccount = SqlText.Limited(
        """
        -- index: recommendations_by_account
        SELECT recommendation_id AS RecommendationId, made_at AS MadeAt, as_of AS AsOf, epoch AS Epoch, account_id AS AccountId, opportunity_id AS OpportunityId, caller AS Caller, rules_version AS RulesVersion, request AS Request, response AS Response, encoding AS Encoding
        FROM recommendations
        WHERE account_id = @accountId AND made_at < @before
        ORDER BY made_at DESC
        """
    );

    const string DeleteBefore = """
        -- index: recommendations_by_made_at
        DELETE FROM recommendations
        WHERE made_at < @before
        """;

    readonly ConcurrentDictionary<string, JournalEntry> _waiting = new(StringComparer.Ordinal);
    int _isScheduled;

    long _dropped;

    /// <summary>How many entries were given up because the database could not be written.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Keeps an entry; false if it could not be kept, because the database takes no writes or is too slow.</summary>
    public bool Add(JournalEntry entry)
    {
        if (_waiting.Count >= MostWaiting)
        {
            Interlocked.Increment(ref _dropped);
            Schedule();
            return false;
        }
        _waiting[entry.RecommendationId] = entry;
        Schedule();
        return history.Fault is null;
    }

    /// <summary>The entry, or null if there is none.</summary>
    public JournalEntry? Find(string recommendationId)
    {
        if (_waiting.TryGetValue(recommendationId, out var waiting))
            return waiting;
        return store.Read(connection => connection.QuerySingleOrDefault<Row>(Select, new { id = recommendationId })?.ToEntry());
    }

    /// <summary>What was said of an account before a moment and is written, newest first.</summary>
    public IReadOnlyList<JournalEntry> Before(string accountId, DateTime before, int limit) =>
        store.Read<IReadOnlyList<JournalEntry>>(connection =>
            [
                .. connection
                    .Query<Row>(
                        _selectOfAccount.For(connection),
                        new
                        {
                            accountId,
                            before,
                            limit,
                        }
                    )
                    .Select(row => row.ToEntry()),
            ]
        );

    /// <summary>Ends when all that was added so far is written, or given up.</summary>
    public async Task FlushAsync()
    {
        while (!_waiting.IsEmpty)
        {
            Schedule();
            await Task.Delay(5).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets what is older.</summary>
    public static int Purge(WriteScope scope, DateTime before) =>
        scope.Connection.Execute(DeleteBefore, new { before = before }, scope.Transaction);

    void Schedule()
    {
        if (Interlocked.Exchange(ref _isScheduled, 1) != 0)
            return;
        if (!history.TryWrite(Write, out var done))
        {
            Volatile.Write(ref _isScheduled, 0);
            return;
        }
        _ = done.ContinueWith(Written, TaskScheduler.Default);
    }

    List<JournalEntry> Write(WriteScope scope)
    {
        List<JournalEntry> entries = [.. _waiting.Values.OrderBy(entry => entry.MadeAt)];
        foreach (var entry in entries)
        {
            scope.Statements.Run(
                Insert,
                ("@recommendationId", entry.RecommendationId),
                ("@madeAt", entry.MadeAt),
                ("@asOf", entry.AsOf),
                ("@epoch", entry.Epoch),
                ("@accountId", entry.AccountId),
                ("@opportunityId", entry.OpportunityId),
                ("@caller", entry.Caller),
                ("@rulesVersion", entry.RulesVersion),
                ("@request", entry.Request),
                ("@response", entry.Response.Bytes),
                ("@encoding", entry.Response.Encoding)
            );
            events.Append(
                scope,
                new(
                    entry.IsSeen ? "recommendation.seen" : "recommendation.created",
                    entry.RecommendationId,
                    entry.MadeAt,
                    new Dictionary<string, object?>
                    {
                        ["recommendation_id"] = entry.RecommendationId,
                        ["account_id"] = entry.AccountId,
                        ["opportunity_id"] = entry.OpportunityId,
                    }
                )
            );
        }
        return entries;
    }

    void Written(Task<List<JournalEntry>> done)
    {
        if (done.IsCompletedSuccessfully)
        {
            foreach (var entry in done.Result)
                _waiting.TryRemove(entry.RecommendationId, out _);
        }
        else
        {
            // The database takes no writes: what waits is given up rather than kept without bound.
            foreach (var id in _waiting.Keys)
            {
                if (_waiting.TryRemove(id, out _))
                    Interlocked.Increment(ref _dropped);
            }
        }
        Volatile.Write(ref _isScheduled, 0);
        if (!_waiting.IsEmpty)
            Schedule();
    }

    sealed class Row
    {
        public string RecommendationId { get; init; } = "";
        public DateTime MadeAt { get; init; }
        public DateTime AsOf { get; init; }
        public long Epoch { get; init; }
        public string AccountId { get; init; } = "";
        public string? OpportunityId { get; init; }
        public string Caller { get; init; } = "";
        public long RulesVersion { get; init; }
        public byte[] Request { get; init; } = [];
        public byte[] Response { get; init; } = [];
        public string? Encoding { get; init; }

        public JournalEntry ToEntry() =>
            new(
                RecommendationId,
                MadeAt,
                AsOf,
                Epoch,
                AccountId,
                OpportunityId,
                Caller,
                RulesVersion,
                Request,
                new(Response, Encoding)
            );
    }
}
