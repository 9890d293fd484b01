using System.Data.Common;
using Microsoft.Data.SqlClient;

namespace Recommender.Facts;

/// <summary>What the numbers of SQL Server's faults mean.</summary>
static class SqlServerFaults
{
    const int TooLongWaited = 1222;
    const int Deadlock = 1205;

    /// <summary>What is wrong with the database itself if that is why a statement failed; null if the statement was at fault.</summary>
    public static StoreUnavailableException? Unavailable(Exception fault) =>
        fault switch
        {
            StoreUnavailableException known => known,
            AggregateException { InnerExceptions: [.., var last] } => Unavailable(last),
            SqlException { Number: 1101 or 1105 or 9002 } full => new(StoreFault.Full, full),
            SqlException { Number: 3906 or 3908 } readOnly => new(StoreFault.ReadOnly, readOnly),
            SqlException { Number: 229 or 230 or 262 or 297 or 300 or 916 } denied => new(StoreFault.Denied, denied),
            SqlException { Number: TooLongWaited or Deadlock or 3960 } busy => new(StoreFault.Busy, busy),
            SqlException gone when IsGone(gone) => new(StoreFault.Broken, gone),
            InvalidOperationException { InnerException: SqlException inner } when Unavailable(inner) is { } known => known,
            InvalidOperationException { Source: "Microsoft.Data.SqlClient" } pool => new(StoreFault.Broken, pool),
            SystemException unread when IsOfReading(unread) => new(StoreFault.Broken, unread),
            { InnerException: { } inner } => Unavailable(inner),
            _ => null,
        };

    /// <summary>True if the driver stumbled over an answer, as over one that a server which goes down breaks off.</summary>
    static bool IsOfReading(SystemException fault) =>
        fault is not DbException
        && fault.StackTrace is { } trace
        && (
            trace.Contains("Microsoft.Data.SqlClient.TdsParser.Try", StringComparison.Ordinal)
            || trace.Contains("Microsoft.Data.SqlClient.TdsParserStateObject.Try", StringComparison.Ordinal)
        );

    /// <summary>True if the server, not the statement, is why: cannot be reached, refuses the login, shuts down, was too slow, has no room for the session.</summary>
    static bool IsGone(SqlException fault) =>
        fault.Class >= 20
        || fault.Number
            is -2
                or -1
                or 0
                or 2
                or 20
                or 53
                or 64
                or 121
                or 233
                or 258
                or 701
                or 921
                or 922
                or 927
                or 942
                or 945
                or 976
                or 983
                or 997
                or 1204
                or 4060
                or 4064
                or 4221
                or 6005
                or 10053
                or 10054
                or 10060
                or 10061
                or 10922
                or 10928
                or 10929
                or 11001
                or 17142
                or 18401
                or 18451
                or 18452
                or 18456
                or 40143
                or 40197
                or 40501
                or 40540
                or 40613
                or 42108
                or 42109
                or 49918
                or 49919
                or 49920;

    /// <summary>The first line of what the driver says; it holds no password.</summary>
    public static string Reason(Exception? fault) =>
        fault is AggregateException { InnerExceptions: [.., var last] } ? Reason(last)
        : fault is StoreUnavailableException ? Reason(fault.InnerException)
        : fault is null ? "no reason was given."
        : fault.Message.Split('\n')[0].Trim();
}
