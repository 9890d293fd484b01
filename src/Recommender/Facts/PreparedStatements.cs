using System.Data.Common;

namespace Recommender.Facts;

/// <summary>Statements that run often on one connection, each prepared once. Not safe for several threads.</summary>
public sealed class PreparedStatements(DbConnection connection) : IDisposable
{
    readonly Dictionary<string, DbCommand> _commands = [];

    /// <summary>The transaction that the next statements belong to.</summary>
    public DbTransaction? Transaction { get; set; }

    /// <inheritdoc cref="Run(string, ReadOnlySpan{ValueTuple{string, object}})"/>
    public object? Run(SqlText sql, params ReadOnlySpan<(string Name, object? Value)> values) => Run(sql.For(connection), values);

    /// <summary>Runs a statement; returns the first value of its first row, null if it gives none.</summary>
    /// <param name="sql">The text; a constant, for it is kept.</param>
    /// <param name="values">Its parameters, always in the same order.</param>
    public object? Run(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            _commands[sql] = command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var (name, _) in values)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = name;
                command.Parameters.Add(parameter);
            }
        }
        command.Transaction = Transaction;
        for (var i = 0; i < values.Length; i++)
            Engines.Set(command.Parameters[i], values[i].Value);
        return command.ExecuteScalar();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
    }
}
