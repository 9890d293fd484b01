using Dapper;
using Microsoft.Data.SqlClient;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

/// <summary>What goes wrong between a service and SQL Server: nothing is lost, nothing done twice, one line says why, and it mends itself.</summary>
public sealed class SqlServerFaultTests : CorrectedHistory
{
    [Fact]
    public void A_start_takes_one_connection_at_a_time()
    {
        using var wire = Wire("one.db");
        var store = HistoryStore.Open(wire.ConnectionString);
        store.Import(new HistoryFolder(Sample.Folder), InFolder["rejected.csv"], strict: true);
        SqlConnection.ClearAllPools();
        var before = wire.Calls;
        using (var started = new StartedHistory(HistoryStore.Open(wire.ConnectionString)))
        {
            var fold = started.Load(TimeProvider.System, [Settings], TestContext.Current.CancellationToken);
            Assert.Equal(Sample.FactList.Count, fold.Facts);
        }
        Assert.Equal(1, wire.Calls - before);
    }

    [Fact]
    public async Task Cut_off_before_the_commit_nothing_is_written_and_the_next_try_does_it()
    {
        using var wire = Wire("cut.db");
        var store = HistoryStore.Open(wire.ConnectionString);
        await using var history = Live(store);
        await Write(history, Row("accounts", new { account_id = "a" }));
        wire.CutAtCommit(serverHears: false);
        await AssertFails(history, Row("accounts", new { account_id = "b" }), StoreFault.Broken);
        Assert.Null(store.Find(FactTables.Accounts, "b"));
        Assert.Equal(RowVerdict.Inserted, (await Write(history, Row("accounts", new { account_id = "b" }))).Verdict);
        Assert.Null(history.Fault);
        Assert.Equal(2, history.Fold.Facts);
        AssertIsRefolded(history, store);
    }

    [Fact]
    public async Task Committed_without_an_answer_it_is_there_once_and_everybody_knows()
    {
        using var wire = Wire("lost.db");
        var store = HistoryStore.Open(wire.ConnectionString);
        await using var history = Live(store);
        await using var other = Live(HistoryStore.Open(TestDatabase.Of(TestDatabase.SqlServer, InFolder["lost.db"])));
        wire.CutAtCommit(serverHears: true);
        await AssertFails(history, Row("accounts", new { account_id = "a", name = "Once" }), StoreFault.Broken);
        Assert.NotNull(store.Find(FactTables.Accounts, "a"));
        var again = await Write(history, Row("accounts", new { account_id = "a", name = "Once" }));
        Assert.Equal(RowVerdict.Unchanged, again.Verdict);
        await Eventually.IsSoAsync(() => other.Fold.Facts == 1);
        Assert.Equal(1, history.Fold.Facts);
        AssertIsRefolded(history, store);
    }

    /// <summary>A server that goes down may break off in the middle of an answer: the driver stumbles over what it reads.</summary>
    [Fact]
    public void An_answer_that_cannot_be_read_is_a_database_that_is_gone_and_a_column_that_is_not_there_a_fault_of_ours()
    {
        const string Query = "SELECT 1 AS a, 'text' AS b, CAST(1.5 AS DECIMAL(10, 4)) AS c UNION ALL SELECT 2, 'other', NULL";
        using var wire = Wire("middle.db");
        var others = 0;
        for (var good = 0; good < 100; good += 4)
        {
            using var connection = new SqlConnection(wire.ConnectionString + ";Connect Retry Count=0;Pooling=false");
            connection.Open();
            wire.SpoilAnswerAfter(good);
            // Where only a text is spoilt nobody can tell.
            if (Record.Exception(() => connection.Query(Query).Count()) is not { } fault)
                continue;
            Assert.True(SqlServerFaults.Unavailable(fault)?.Fault == StoreFault.Broken, fault.ToString());
            others += fault is SqlException or InvalidOperationException ? 0 : 1;
        }
        Assert.True(others > 0, "Only faults that say what they are.");
        using var whole = new SqlConnection(wire.ConnectionString);
        using var reader = whole.ExecuteReader(Query);
        Assert.Null(SqlServerFaults.Unavailable(Assert.Throws<IndexOutOfRangeException>(() => reader.GetOrdinal("nowhere"))));
    }

    /// <summary>Faults that a test cannot have a server make: a log that is full, a database that was set to be read only, rights that were taken away.</summary>
    [Theory]
    [InlineData(9002, 17, "Full", "The database is full; expected room to write.")]
    [InlineData(1105, 17, "Full", "The database is full; expected room to write.")]
    [InlineData(3906, 16, "ReadOnly", "The database is read-only.")]
    [InlineData(229, 14, "Denied", "The login of the service lacks a right in the database.")]
    [InlineData(1205, 13, "Busy", "Another process is writing to the database.")]
    [InlineData(1222, 16, "Busy", "Another process is writing to the database.")]
    [InlineData(596, 21, "Broken", "The database cannot be written.")]
    public async Task What_the_server_refuses_is_named_and_undone_and_the_next_write_mends_it(
        int number,
        byte severity,
        string fault,
        string line
    )
    {
        using var wire = Wire("full.db");
        var store = HistoryStore.Open(wire.ConnectionString);
        await using var history = Live(store);
        await Write(history, Row("accounts", new { account_id = "a" }));
        wire.Fail("UPDATE change_clock", number, severity, "said by the server");
        Assert.Equal(line, await AssertFails(history, Row("accounts", new { account_id = "b" }), Enum.Parse<StoreFault>(fault)));
        Assert.Null(store.Find(FactTables.Accounts, "b"));
        Assert.Equal(RowVerdict.Inserted, (await Write(history, Row("accounts", new { account_id = "b" }))).Verdict);
        Assert.Equal(2, history.Fold.Facts);
        AssertIsRefolded(history, store);
    }

    [Fact]
    public async Task Of_two_that_wait_for_each_other_the_victim_is_told_so_and_nothing_of_it_stays()
    {
        var database = TestDatabase.Of(TestDatabase.SqlServer, InFolder["dead.db"]);
        var store = HistoryStore.Open(database);
        await using var history = Live(store);
        await Write(history, Row("accounts", new { account_id = "a", name = "First" }));
        using var other = (SqlConnection)store.Connect();
        using var transaction = other.BeginTransaction();
        await other.ExecuteAsync("UPDATE accounts SET name = 'Theirs' WHERE account_id = 'a'", transaction: transaction);
        Assert.True(
            history.TryWrite(scope => scope.Upsert(Row("accounts", new { account_id = "a", name = "Ours" })), out var ours)
        );
        var theirs = Task.Run(() =>
            other.Execute("UPDATE change_clock SET writes = writes WHERE clock_id = 1", transaction: transaction)
        );
        var weLost = await Lost(ours);
        if (weLost)
        {
            await theirs;
            transaction.Rollback();
        }
        else
            Assert.True(await Lost(theirs), "Both went on.");
        var verdict = (await Write(history, Row("accounts", new { account_id = "a", name = "Ours" }))).Verdict;
        Assert.Equal(weLost ? RowVerdict.Updated : RowVerdict.Unchanged, verdict);
        Assert.Null(history.Fault);
        AssertIsRefolded(history, store);

        static async Task<bool> Lost(Task task)
        {
            try
            {
                await task;
                return false;
            }
            catch (Exception e) when (e is StoreUnavailableException { Fault: StoreFault.Busy } or SqlException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void A_pool_without_a_free_connection_is_said_to_be_so_and_serves_again()
    {
        var parts = new SqlConnectionStringBuilder(TestDatabase.Of(TestDatabase.SqlServer, InFolder["pool.db"]))
        {
            MaxPoolSize = 2,
            ConnectTimeout = 2,
        };
        var store = HistoryStore.Open(parts.ConnectionString);
        var taken = new[] { store.Connect(), store.Connect() };
        var refused = Assert.Throws<StoreUnavailableException>(() => store.Find(FactTables.Accounts, "a"));
        Assert.Equal(StoreFault.Broken, refused.Fault);
        Assert.Equal("The database cannot be written.", refused.Message);
        foreach (var connection in taken)
            connection.Dispose();
        Assert.Null(store.Find(FactTables.Accounts, "a"));
    }

    [Fact]
    public void A_login_that_is_not_let_in_is_told_in_one_line()
    {
        var parts = new SqlConnectionStringBuilder(TestDatabase.Of(TestDatabase.SqlServer, InFolder["login.db"]))
        {
            UserID = "nobody_of_ours",
            Password = "Wr0ng-and;more",
        };
        var refused = Assert.Throws<IOException>(() => HistoryStore.Open(parts.ConnectionString));
        Assert.StartsWith($"SQL Server database {parts.InitialCatalog} on ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.DoesNotContain("Wr0ng", refused.ToString(), StringComparison.Ordinal);
    }

    SqlWire Wire(string file) => new(TestDatabase.Of(TestDatabase.SqlServer, InFolder[file]));

    static async Task<string> AssertFails(LiveHistory history, HistoryRow row, StoreFault fault)
    {
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => Write(history, row));
        Assert.Equal(fault, refused.Fault);
        return refused.Message;
    }
}
