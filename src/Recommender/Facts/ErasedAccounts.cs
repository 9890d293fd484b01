using System.Data.Common;
using System.Globalization;
using Dapper;

namespace Recommender.Facts;

/// <summary>Accounts that were forgotten on request, as far as a transaction sees it: their ids, and when that was.</summary>
sealed class ErasedAccounts(DbConnection connection)
{
    Dictionary<string, DateTime>? _erased;

    /// <summary>The transaction.</summary>
    public DbTransaction? Transaction { get; set; }

    /// <summary>Has it be read again.</summary>
    public void Forget() => _erased = null;

    /// <summary>All of them.</summary>
    public IReadOnlyDictionary<string, DateTime> All =>
        _erased ??= connection
            .Query<(string Id, DateTime At)>(HistorySql.SelectErasures, transaction: Transaction)
            .ToDictionary(one => one.Id, one => one.At);

    /// <summary>What was expected in place of an id; null unless it is that of an erased account.</summary>
    /// <param name="table">The table whose key it is.</param>
    /// <param name="id">The id.</param>
    public string? Fault(string table, string id) =>
        table == FactTables.Accounts.Name && All.TryGetValue(id, out var at) ? Expected(id, at) : null;

    const string Nothing = "nothing of it";

    /// <summary>What is expected in place of the id of an erased account.</summary>
    public static string Expected(string id, DateTime at) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Nothing}: account {id} was erased on {at:yyyy-MM-dd}; PUT /v1/accounts/{id} takes it in again"
        );

    /// <summary>True if a row was not taken because it is of an erased account.</summary>
    public static bool IsWhy(RejectedRow row) => row.Expected.StartsWith(Nothing, StringComparison.Ordinal);

    /// <summary>Notes that an account was erased.</summary>
    public void Add(string id, DateTime at)
    {
        Remove(id);
        connection.Execute(HistorySql.InsertErasure, new { id, at }, Transaction);
        Forget();
    }

    /// <summary>Has an account be taken in again.</summary>
    public void Remove(string id)
    {
        connection.Execute(HistorySql.DeleteErasure, new { id }, Transaction);
        Forget();
    }
}
