using System.Buffers.Binary;
using System.Data;
using System.Data.Common;
using Dapper;
using Microsoft.Data.SqlClient;

namespace Recommender.Facts;

/// <summary>A statement that the two engines write differently.</summary>
/// <param name="Sqlite">For SQLite.</param>
/// <param name="SqlServer">For SQL Server 2019 or later.</param>
public sealed record SqlText(string Sqlite, string SqlServer)
{
    /// <summary>The first @limit rows of an ordered query.</summary>
    /// <param name="query">Ends with its ORDER BY.</param>
    public static SqlText Limited(string query) =>
        new(query + "\nLIMIT @limit", query + "\nOFFSET 0 ROWS FETCH NEXT @limit ROWS ONLY");

    /// <summary>The text that the connection's engine understands.</summary>
    public string For(DbConnection connection) => connection is SqlConnection ? SqlServer : Sqlite;
}

/// <summary>
/// Values on their way into and out of the two engines. SQLite keeps an instant as sortable text and a flag as 0 or 1; SQL Server keeps
/// datetimeoffset(3), bit, and numbers as decimal(19, 4), exchange rates as decimal(28, 12).
/// </summary>
static class Engines
{
    /// <summary>Teaches Dapper instants, once.</summary>
    public static void Register()
    {
        SqlMapper.RemoveTypeMap(typeof(DateTime));
        SqlMapper.RemoveTypeMap(typeof(DateTime?));
        SqlMapper.AddTypeHandler(new InstantHandler());
    }

    /// <summary>Tells SQL Server what a parameter will hold before it holds anything, so that a null has its type and one plan serves all.</summary>
    public static void Declare(DbParameter parameter, ColumnKind kind, int length, int decimals = 4)
    {
        if (parameter is not SqlParameter sql)
            return;
        switch (kind)
        {
            case ColumnKind.Instant:
                (sql.SqlDbType, sql.Scale) = (SqlDbType.DateTimeOffset, 3);
                break;
            case ColumnKind.Number:
                (sql.SqlDbType, sql.Precision, sql.Scale) = (SqlDbType.Decimal, (byte)(decimals > 4 ? 28 : 19), (byte)decimals);
                break;
            default:
                (sql.SqlDbType, sql.Size) = (SqlDbType.NVarChar, length);
                break;
        }
    }

    /// <summary>Gives a parameter its value: text, double, whole number, flag, instant (UTC), bytes or null.</summary>
    public static void Set(DbParameter parameter, object? value)
    {
        if (parameter is SqlParameter sql)
            SetOfSqlServer(sql, value);
        else
            parameter.Value = value switch
            {
                null => DBNull.Value,
                DateTime at => Instants.Text(at),
                bool flag => flag ? 1 : 0,
                _ => value,
            };
    }

    /// <summary>Forgets a savepoint; SQL Server keeps its savepoints until the transaction ends.</summary>
    public static void Forget(DbTransaction transaction, string savepoint)
    {
        if (transaction is not SqlTransaction)
            transaction.Release(savepoint);
    }

    static void SetOfSqlServer(SqlParameter parameter, object? value)
    {
        switch (value)
        {
            case DateTime at:
                Declare(parameter, ColumnKind.Instant, 0);
                parameter.Value = Offset(at);
                break;
            case double number:
                // One that was declared keeps its decimals.
                if (parameter.SqlDbType != SqlDbType.Decimal)
                    Declare(parameter, ColumnKind.Number, 0);
                parameter.Value = (decimal)number;
                break;
            case string text:
                Declare(parameter, ColumnKind.Text, text.Length <= 4000 && parameter.Size >= 0 ? 4000 : -1);
                parameter.Value = text;
                break;
            default:
                parameter.Value = value ?? DBNull.Value;
                break;
        }
    }

    /// <summary>The value as a row of a bulk copy holds it.</summary>
    public static object ForBulkCopy(object? value) =>
        value switch
        {
            null => DBNull.Value,
            DateTime at => Offset(at),
            double number => (decimal)number,
            _ => value,
        };

    public static DateTime Instant(IDataRecord row, int column) =>
        row is SqlDataReader sql ? sql.GetDateTimeOffset(column).UtcDateTime : Instants.OfText(row.GetString(column));

    /// <summary>A rowversion of SQL Server as the number that it is.</summary>
    public static long Version(IDataRecord row, int column) => BinaryPrimitives.ReadInt64BigEndian((byte[])row.GetValue(column));

    public static double Number(IDataRecord row, int column) =>
        row is SqlDataReader sql ? (double)sql.GetDecimal(column) : row.GetDouble(column);

    public static bool Flag(IDataRecord row, int column) =>
        row is SqlDataReader sql ? sql.GetBoolean(column) : row.GetInt64(column) != 0;

    /// <summary>To the millisecond, so that the end of time does not round past itself.</summary>
    static DateTimeOffset Offset(DateTime at) => new(Instants.ToMillisecond(at), TimeSpan.Zero);

    sealed class InstantHandler : SqlMapper.TypeHandler<DateTime>
    {
        public override void SetValue(IDbDataParameter parameter, DateTime value) => Set((DbParameter)parameter, value);

        public override DateTime Parse(object value) =>
            value is DateTimeOffset at ? at.UtcDateTime : Instants.OfText((string)value);
    }
}
