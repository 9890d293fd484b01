using System.Text.Json;
using Dapper;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Webhooks;

/// <summary>Something others may want to hear of.</summary>
/// <param name="Type">Such as recommendation.created.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Data">Facts about it, as JSON.</param>
public sealed record Event(string Type, string Subject, DateTime At, IReadOnlyDictionary<string, object?> Data)
{
    /// <summary>Another version of a model became live.</summary>
    /// <param name="type">model.promoted or model.rolled_back.</param>
    /// <param name="model">The model.</param>
    /// <param name="version">What is live now.</param>
    /// <param name="before">What was live before; null if nothing.</param>
    /// <param name="at">When, UTC.</param>
    public static Event OfModel(string type, string model, string version, string? before, DateTime at) =>
        new(
            type,
            model,
            at,
            new Dictionary<string, object?>
            {
                ["model"] = model,
                ["version"] = version,
                ["previous_version"] = before,
            }
        );
}

/// <summary>An event with its place in the log.</summary>
/// <param name="Sequence">Grows by at least one with each event.</param>
/// <param name="EventId">Unique.</param>
/// <param name="Type">Such as recommendation.created.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Data">Facts about it, a JSON object.</param>
public sealed record LoggedEvent(long Sequence, string EventId, string Type, DateTime At, string Subject, JsonElement Data);

/// <summary>The events in the order in which they happened, and for each webhook that wants one a delivery to be made.</summary>
public sealed class EventLog(HistoryStore store)
{
    static readonly SqlText _insert = new(
        Sqlite: """
        INSERT INTO events (event_id, type, at, subject, data)
        VALUES (@eventId, @type, @at, @subject, @data)
        RETURNING sequence
        """,
        SqlServer: """
        INSERT INTO events (event_id, type, at, subject, data)
        OUTPUT inserted.sequence
        VALUES (@eventId, @type, @at, @subject, @data)
        """
    );

    // A webhook that was removed meanwhile, here or by another replica, gets none.
    const string InsertDelivery = """
        -- index: webhooks_key
        INSERT INTO webhook_deliveries (webhook_id, sequence, state, attempts, next_at)
        SELECT webhook_id, @sequence, 'pending', 0, @at
        FROM webhooks
        WHERE webhook_id = @webhookId
        """;

    static readonly SqlText _select = SqlText.Limited(
        """
        -- index: events_key
        SELECT sequence AS Sequence, event_id AS EventId, type AS Type, at AS At, subject AS Subject, data AS Data
        FROM events
        WHERE sequence > @after AND (@type IS NULL OR type = @type)
        ORDER BY sequence
        """
    );

    static readonly SqlText _selectNewest = SqlText.Limited(
        """
        -- index: events_by_type
        SELECT sequence AS Sequence, event_id AS EventId, type AS Type, at AS At, subject AS Subject, data AS Data
        FROM events
        WHERE type = @type
        ORDER BY sequence DESC
        """
    );

    const string DeleteBefore = """
        -- index: events_by_at, webhook_deliveries_by_sequence
        DELETE FROM events
        WHERE at < @before AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.sequence = events.sequence)
        """;

    /// <summary>All types of events.</summary>
    public static IReadOnlyList<string> Types => Volatile.Read(ref _types);

    static IReadOnlyList<string> _types =
    [
        "recommendation.created",
        "recommendation.seen",
        "feedback.taken",
        "model.promoted",
        "model.rolled_back",
        "drift.detected",
        "rules.changed",
        "account.erased",
        "row.deleted",
        "row.merged",
        "webhook.test",
        "webhook.ended",
    ];

    /// <summary>Adds the types of a capability.</summary>
    public static void AddTypes(IEnumerable<string> types) => Volatile.Write(ref _types, [.. Types.Union(types)]);

    /// <summary>The webhooks that are told; replaced as a whole when they change.</summary>
    public IReadOnlyList<Webhook> Webhooks { get; set; } = [];

    /// <summary>Told when a delivery waits.</summary>
    public Action? DeliveryWaits { get; set; }

    /// <summary>Notes an event within a write.</summary>
    /// <param name="scope">The write.</param>
    /// <param name="happened">The event.</param>
    /// <param name="only">The one webhook to tell; null for all that want it.</param>
    public long Append(WriteScope scope, Event happened, string? only = null) => Append(scope.Statements, happened, only);

    /// <summary>Notes an event from another process than the service, such as the training console.</summary>
    public static void Append(HistoryStore store, Event happened)
    {
        var log = new EventLog(store) { Webhooks = new WebhookRegister(store).List() };
        using var connection = store.Connect();
        using var transaction = store.BeginExclusive(connection);
        using var statements = new PreparedStatements(connection) { Transaction = transaction };
        log.Append(statements, happened, null);
        transaction.Commit();
    }

    long Append(PreparedStatements statements, Event happened, string? only)
    {
        var at = happened.At;
        var sequence = (long)
            statements.Run(
                _insert,
                ("@eventId", "evt_" + Guid.CreateVersion7(new DateTimeOffset(happened.At)).ToString("N")),
                ("@type", happened.Type),
                ("@at", at),
                ("@subject", happened.Subject),
                ("@data", JsonSerializer.Serialize(happened.Data))
            )!;
        foreach (var webhook in Webhooks)
        {
            if (only is null ? !webhook.Wants(happened.Type) : webhook.WebhookId != only)
                continue;
            statements.Run(InsertDelivery, ("@webhookId", webhook.WebhookId), ("@sequence", sequence), ("@at", at));
            DeliveryWaits?.Invoke();
        }
        return sequence;
    }

    /// <summary>Events after a place in the log, at most <paramref name="limit"/>.</summary>
    public IReadOnlyList<LoggedEvent> Read(long after, int limit, string? type = null) =>
        store.Read<IReadOnlyList<LoggedEvent>>(connection =>
            [
                .. connection
                    .Query<Row>(
                        _select.For(connection),
                        new
                        {
                            after,
                            limit,
                            type,
                        }
                    )
                    .Select(row => row.ToEvent()),
            ]
        );

    /// <summary>The newest events of a type, newest first.</summary>
    public IReadOnlyList<LoggedEvent> Newest(string type, int limit) =>
        store.Read<IReadOnlyList<LoggedEvent>>(connection =>
            [.. connection.Query<Row>(_selectNewest.For(connection), new { type, limit }).Select(row => row.ToEvent())]
        );

    /// <summary>Forgets what is older and was delivered or forgotten.</summary>
    public static int Purge(WriteScope scope, DateTime before) =>
        scope.Connection.Execute(DeleteBefore, new { before = before }, scope.Transaction);

    internal sealed class Row
    {
        public long Sequence { get; init; }
        public string EventId { get; init; } = "";
        public string Type { get; init; } = "";
        public DateTime At { get; init; }
        public string Subject { get; init; } = "";
        public string Data { get; init; } = "";

        public LoggedEvent ToEvent() => new(Sequence, EventId, Type, At, Subject, JsonElement.Parse(Data));
    }
}
