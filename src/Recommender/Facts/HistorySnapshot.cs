using System.Data.Common;

namespace Recommender.Facts;

/// <summary>How far a replica has followed a database that others write to as well.</summary>
/// <param name="Writes">Transactions that changed facts.</param>
/// <param name="Epoch">Imports.</param>
/// <param name="Version">The newest change; changes become visible in the order of their versions.</param>
/// <param name="KnownBefore">Every fact that was taken in before this moment is known; none will be dated before it. UTC.</param>
public readonly record struct ChangePosition(long Writes, long Epoch, long Version, DateTime KnownBefore);

/// <summary>The history as it stood at one moment, several streams of it at a time. Not safe for several threads at once.</summary>
public abstract class HistorySnapshot : IDisposable
{
    /// <summary>Where it stands among the changes.</summary>
    public ChangePosition Position { get; protected init; }

    /// <summary>True if one query has to end before the next begins: streams that are merged are read in pages then.</summary>
    internal virtual bool ReadsOneAtATime => false;

    /// <summary>Starts a query.</summary>
    internal abstract DbDataReader Read(string sql, params ReadOnlySpan<(string Name, object? Value)> values);

    /// <inheritdoc/>
    public abstract void Dispose();
}
