using Dapper;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Webhooks;

/// <summary>Where events are sent.</summary>
/// <param name="WebhookId">Its id.</param>
/// <param name="Url">The address.</param>
/// <param name="Types">Types of events it wants; none for all.</param>
/// <param name="Secret">What signatures are made with, as the caller protected it.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record Webhook(string WebhookId, string Url, IReadOnlyList<string> Types, string Secret, DateTime CreatedAt)
{
    /// <summary>True if it wants events of the type.</summary>
    public bool Wants(string type) => type != "webhook.test" && (Types.Count == 0 || Types.Contains(type));
}

/// <summary>One event on its way to one webhook.</summary>
/// <param name="DeliveryId">Its id.</param>
/// <param name="WebhookId">Where to.</param>
/// <param name="State">pending, delivered or dead.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAt">When it is tried next, UTC.</param>
/// <param name="LastAt">When it was tried last; null before the first time.</param>
/// <param name="LastStatus">What the other side answered; null if it did not.</param>
/// <param name="LastError">Why it failed; null if it did not.</param>
/// <param name="Event">The event.</param>
public sealed record WebhookDelivery(
    long DeliveryId,
    string WebhookId,
    string State,
    int Attempts,
    DateTime NextAt,
    DateTime? LastAt,
    int? LastStatus,
    string? LastError,
    LoggedEvent Event
);

/// <summary>Webhooks and their deliveries. Deliveries stand in the database until they are made.</summary>
public sealed class WebhookRegister(HistoryStore store)
{
    const string SelectWebhooks = """
        -- index: webhooks_key
        SELECT webhook_id AS WebhookId, url AS Url, types AS Types, secret AS Secret, created_at AS CreatedAt
        FROM webhooks
        ORDER BY created_at, webhook_id
        """;

    const string InsertWebhook = """
        INSERT INTO webhooks (webhook_id, url, types, secret, created_at)
        VALUES (@id, @url, @types, @secret, @createdAt)
        """;

    const string DeleteDeliveries = """
        -- index: webhook_deliveries_by_webhook
        DELETE FROM webhook_deliveries
        WHERE webhook_id = @id
        """;

    const string DeleteWebhook = """
        -- index: webhooks_key
        DELETE FROM webhooks
        WHERE webhook_id = @id
        """;

    const string SelectWaiting = """
        -- index: webhook_deliveries_by_state
        SELECT DISTINCT webhook_id
        FROM webhook_deliveries
        WHERE state = 'pending' AND next_at <= @now
        ORDER BY webhook_id
        """;

    static readonly SqlText _selectDue = SqlText.Limited(
        """
        -- index: webhook_deliveries_by_state, events_key
        SELECT d.delivery_id AS DeliveryId, d.webhook_id AS WebhookId, d.state AS State, d.attempts AS Attempts, d.next_at AS NextAt, d.last_at AS LastAt, d.last_status AS LastStatus, d.last_error AS LastError, e.sequence AS Sequence, e.event_id AS EventId, e.type AS Type, e.at AS At, e.subject AS Subject, e.data AS Data
        FROM webhook_deliveries d JOIN events e ON e.sequence = d.sequence
        WHERE d.state = 'pending' AND d.next_at <= @now AND d.webhook_id = @id
        ORDER BY d.next_at, d.delivery_id
        """
    );

    static readonly SqlText _selectOfWebhook = SqlText.Limited(
        """
        -- index: webhook_deliveries_by_webhook, events_key
        SELECT d.delivery_id AS DeliveryId, d.webhook_id AS WebhookId, d.state AS State, d.attempts AS Attempts, d.next_at AS NextAt, d.last_at AS LastAt, d.last_status AS LastStatus, d.last_error AS LastError, e.sequence AS Sequence, e.event_id AS EventId, e.type AS Type, e.at AS At, e.subject AS Subject, e.data AS Data
        FROM webhook_deliveries d JOIN events e ON e.sequence = d.sequence
        WHERE d.webhook_id = @id AND d.delivery_id > @after
        ORDER BY d.delivery_id
        """
    );

    const string Redeliver = """
        -- index: webhook_deliveries_key
        UPDATE webhook_deliveries
        SET state = 'pending', attempts = 0, next_at = @now
        WHERE delivery_id = @deliveryId AND webhook_id = @id
        """;

    const string Claim = """
        -- index: webhook_deliveries_key
        UPDATE webhook_deliveries
        SET next_at = @until
        WHERE delivery_id = @deliveryId AND state = 'pending' AND next_at = @nextAt
        """;

    const string UpdateDelivery = """
        -- index: webhook_deliveries_key
        UPDATE webhook_deliveries
        SET state = @state, attempts = @attempts, next_at = @nextAt, last_at = @lastAt, last_status = @lastStatus, last_error = @lastError
        WHERE delivery_id = @deliveryId
        """;

    const string DeleteBefore = """
        -- index: webhook_deliveries_by_state
        DELETE FROM webhook_deliveries
        WHERE state <> 'pending' AND last_at < @before
        """;

    /// <summary>All webhooks.</summary>
    public IReadOnlyList<Webhook> List() =>
        store.Read<IReadOnlyList<Webhook>>(connection =>
            [
                .. connection
                    .Query<WebhookRow>(SelectWebhooks)
                    .Select(row => new Webhook(
                        row.WebhookId,
                        row.Url,
                        row.Types.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                        row.Secret,
                        row.CreatedAt
                    )),
            ]
        );

    /// <summary>Adds one.</summary>
    public static void Add(WriteScope scope, Webhook webhook) =>
        scope.Connection.Execute(
            InsertWebhook,
            new
            {
                id = webhook.WebhookId,
                url = webhook.Url,
                types = string.Join(' ', webhook.Types),
                secret = webhook.Secret,
                createdAt = webhook.CreatedAt,
            },
            scope.Transaction
        );

    /// <summary>Takes one away with its deliveries; false if there is none.</summary>
    public static bool Remove(WriteScope scope, string id)
    {
        scope.Connection.Execute(DeleteDeliveries, new { id }, scope.Transaction);
        return scope.Connection.Execute(DeleteWebhook, new { id }, scope.Transaction) > 0;
    }

    /// <summary>Ids of webhooks to which deliveries are to be made now.</summary>
    public IReadOnlyList<string> Waiting(DateTime now) =>
        store.Read(connection => connection.Query<string>(SelectWaiting, new { now }).AsList());

    /// <summary>Deliveries to be made to a webhook now.</summary>
    public IReadOnlyList<WebhookDelivery> Due(string id, DateTime now, int limit) =>
        Deliveries(
            _selectDue,
            new
            {
                id,
                now,
                limit,
            }
        );

    /// <summary>The delivery log of a webhook.</summary>
    public IReadOnlyList<WebhookDelivery> Deliveries(string id, long after, int limit) =>
        Deliveries(
            _selectOfWebhook,
            new
            {
                id,
                after,
                limit,
            }
        );

    /// <summary>Has a delivery made again; false if there is none.</summary>
    public static bool Again(WriteScope scope, string id, long deliveryId, DateTime now) =>
        scope.Connection.Execute(
            Redeliver,
            new
            {
                id,
                deliveryId,
                now = now,
            },
            scope.Transaction
        ) > 0;

    /// <summary>Takes deliveries for this process until a moment; returns those that no other took first.</summary>
    public static List<WebhookDelivery> Take(WriteScope scope, IEnumerable<WebhookDelivery> due, DateTime until) =>
        [
            .. due.Where(delivery =>
                scope.Connection.Execute(
                    Claim,
                    new
                    {
                        deliveryId = delivery.DeliveryId,
                        nextAt = delivery.NextAt,
                        until,
                    },
                    scope.Transaction
                ) > 0
            ),
        ];

    /// <summary>Notes how a delivery stands.</summary>
    public static void Update(WriteScope scope, WebhookDelivery delivery) =>
        scope.Connection.Execute(
            UpdateDelivery,
            new
            {
                deliveryId = delivery.DeliveryId,
                state = delivery.State,
                attempts = delivery.Attempts,
                nextAt = delivery.NextAt,
                lastAt = delivery.LastAt,
                lastStatus = delivery.LastStatus,
                lastError = delivery.LastError,
            },
            scope.Transaction
        );

    /// <summary>Forgets what was done before.</summary>
    public static int Purge(WriteScope scope, DateTime before) =>
        scope.Connection.Execute(DeleteBefore, new { before = before }, scope.Transaction);

    List<WebhookDelivery> Deliveries(SqlText sql, object parameters) =>
        store.Read<List<WebhookDelivery>>(connection =>
            [
                .. connection.Query<DeliveryRow, EventLog.Row, WebhookDelivery>(
                    sql.For(connection),
                    (row, happened) =>
                        new(
                            row.DeliveryId,
                            row.WebhookId,
                            row.State,
                            row.Attempts,
                            row.NextAt,
                            row.LastAt,
                            row.LastStatus,
                            row.LastError,
                            happened.ToEvent()
                        ),
                    parameters,
                    splitOn: "Sequence"
                ),
            ]
        );

    sealed class WebhookRow
    {
        public string WebhookId { get; init; } = "";
        public string Url { get; init; } = "";
        public string Types { get; init; } = "";
        public string Secret { get; init; } = "";
        public DateTime CreatedAt { get; init; }
    }

    sealed class DeliveryRow
    {
        public long DeliveryId { get; init; }
        public string WebhookId { get; init; } = "";
        public string State { get; init; } = "";
        public int Attempts { get; init; }
        public DateTime NextAt { get; init; }
        public DateTime? LastAt { get; init; }
        public int? LastStatus { get; init; }
        public string? LastError { get; init; }
    }
}
