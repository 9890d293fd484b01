using System.Text.Json;
using Dapper;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Records;

/// <summary>What was said and logged of an account that is to be forgotten.</summary>
public static class Erasure
{
    const string DeleteRecommendations = """
        -- index: recommendations_by_account
        DELETE FROM recommendations
        WHERE account_id = @accountId
        """;

    static readonly SqlText _deleteDeliveries = new(
        Sqlite: """
        -- index: webhook_deliveries_by_sequence, events_key
        DELETE FROM webhook_deliveries
        WHERE sequence IN (SELECT sequence FROM events WHERE instr(data, @text) > 0)
        """,
        SqlServer: """
        -- index: webhook_deliveries_by_sequence, events_key
        DELETE FROM webhook_deliveries
        WHERE sequence IN (SELECT sequence FROM events WHERE CHARINDEX(@text, data) > 0)
        """
    );

    static readonly SqlText _deleteEvents = new(
        Sqlite: """
        -- index: events_key
        DELETE FROM events
        WHERE instr(data, @text) > 0
        """,
        SqlServer: """
        -- index: events_key
        DELETE FROM events
        WHERE CHARINDEX(@text, data) > 0
        """
    );

    /// <summary>
    /// Removes an account, and those that were merged into it, with everything that names them: facts, what was recommended, and events.
    /// </summary>
    /// <param name="scope">The write.</param>
    /// <param name="accountId">The account.</param>
    /// <returns>How many rows of the history, recommendations and events went; null if no account of that id ever was.</returns>
    public static (int Rows, int Recommendations, int Events, bool IsNew)? Erase(WriteScope scope, string accountId)
    {
        if (scope.Erase(accountId) is not { } erased)
            return null;
        var (recommendations, events) = (0, 0);
        foreach (var id in erased.Accounts)
        {
            recommendations += scope.Connection.Execute(DeleteRecommendations, new { accountId = id }, scope.Transaction);
            var text = $"\"account_id\":{JsonSerializer.Serialize(id)}";
            scope.Connection.Execute(_deleteDeliveries.For(scope.Connection), new { text }, scope.Transaction);
            events += scope.Connection.Execute(_deleteEvents.For(scope.Connection), new { text }, scope.Transaction);
        }
        return (erased.Rows, recommendations, events, erased.IsNew);
    }
}
