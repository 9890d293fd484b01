using Microsoft.Data.Sqlite;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

/// <summary>What only a file can be; what every database does is in <see cref="StoreContractTests"/>.</summary>
public sealed class SqliteHistoryStoreTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly SqliteHistoryStore _store;

    public SqliteHistoryStoreTests() => _store = new(_folder["test.db"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_import_that_cannot_write_its_rejected_rows_leaves_no_part_of_them()
    {
        Directory.CreateDirectory(_folder["rejected.csv"]);
        Assert.ThrowsAny<Exception>(() => Import(Sample.Folder));
        Assert.False(File.Exists(_folder["rejected.csv.part"]));
    }

    [Fact]
    public void A_second_writer_is_told_so_and_harms_nothing()
    {
        using (var other = new SqliteConnection($"Data Source={_folder["test.db"]}"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false);
            var e = Assert.Throws<IOException>(() => Import(Sample.Folder));
            Assert.StartsWith("Another process is writing", e.Message, StringComparison.Ordinal);
        }
        Assert.True(Import(Sample.Folder).Tables.Sum(table => table.Inserted) > 0);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        File.WriteAllText(_folder["text.db"], new string('x', 5000));
        Assert.Throws<IOException>(() => new SqliteHistoryStore(_folder["text.db"]));
    }

    ImportSummary Import(string folder) => _store.Import(new HistoryFolder(folder), _folder["rejected.csv"], strict: false);
}
