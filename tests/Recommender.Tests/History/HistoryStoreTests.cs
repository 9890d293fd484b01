using Microsoft.Data.Sqlite;
using Recommender.CoSell;
using Recommender.History;

namespace Recommender.Tests.History;

public sealed class HistoryStoreTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly SqliteHistoryStore _store;

    public HistoryStoreTests() => _store = new(_folder["test.db"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_database_gives_back_the_facts_of_the_folder_in_the_same_order()
    {
        Import(Sample.Folder);
        var stored = _store.ReadFacts(DateTime.MaxValue).ToList();
        Assert.Equal(Sample.FactList.Count, stored.Count);
        for (var i = 0; i < stored.Count; i++)
            Assert.Equal(Describe(Sample.FactList[i]), Describe(stored[i]));
    }

    [Fact]
    public void Facts_seen_at_asOf_are_not_read()
    {
        Import(Sample.Folder);
        var asOf = Sample.FactList[20_000].SeenAt;
        Assert.Equal(Sample.FactList.Count(fact => fact.SeenAt < asOf), _store.ReadFacts(asOf).Count());
    }

    [Fact]
    public void The_same_folder_twice_changes_nothing()
    {
        Import(Sample.Folder);
        var second = Import(Sample.Folder);
        Assert.All(second.Tables, table => Assert.Equal((0, 0), (table.Inserted, table.Updated)));
        Assert.Equal(second.Tables.Sum(table => table.Accepted), second.Tables.Sum(table => table.Unchanged));
    }

    [Fact]
    public void A_changed_row_is_updated_and_the_others_stay()
    {
        Import(Sample.Folder);
        TemporaryFolder.Copy(Sample.Folder, _folder["changed"]);
        var path = Path.Combine(_folder["changed"], "accounts.csv");
        var lines = File.ReadAllLines(path);
        lines[1] = lines[1].Replace(",US,", ",CA,", StringComparison.Ordinal).Replace(",DE,", ",AT,", StringComparison.Ordinal);
        lines[1] += "x";
        File.WriteAllLines(path, lines);
        Assert.Equal(1, Import(_folder["changed"]).Tables.Sum(table => table.Updated));
    }

    [Fact]
    public void Rejected_rows_are_counted_and_written_with_their_place()
    {
        Dirty(out var spoilt);
        var summary = Import(_folder["dirty"]);
        Assert.Equal(spoilt, summary.Tables.Single(table => table.File == "accounts.csv").Rejected);
        Assert.Equal(summary.Tables.Sum(table => table.Rejected) + 1, File.ReadAllLines(_folder["rejected.csv"]).Length);
        Assert.Contains(
            File.ReadAllLines(_folder["rejected.csv"]),
            line => line.StartsWith("accounts.csv,3,account_id,,a value", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_strict_import_with_a_bad_row_leaves_the_database_as_it_was()
    {
        Dirty(out _);
        var folder = new HistoryFolder(_folder["dirty"]);
        var e = Assert.Throws<InvalidDataException>(() => _store.Import(folder, _folder["rejected.csv"], strict: true));
        Assert.Contains("nothing imported", e.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Tables());
        Assert.False(File.Exists(_folder["rejected.csv"]));
    }

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

    void Dirty(out int spoilt)
    {
        TemporaryFolder.Copy(Sample.Folder, _folder["dirty"]);
        var path = Path.Combine(_folder["dirty"], "accounts.csv");
        var lines = File.ReadAllLines(path);
        lines[2] = lines[2][lines[2].IndexOf(',', StringComparison.Ordinal)..];
        File.WriteAllLines(path, lines);
        spoilt = 1;
    }

    ImportSummary Import(string folder) => _store.Import(new HistoryFolder(folder), _folder["rejected.csv"], strict: false);

    static string Describe(DatedFact fact) => $"{fact.SeenAt:O} {fact.Kind} {fact.Key} {fact.Noun}";
}
