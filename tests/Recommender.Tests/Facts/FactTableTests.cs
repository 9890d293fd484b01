using Dapper;
using Recommender.Facts;

namespace Recommender.Tests.History;

/// <summary>What follows from the declaration of a table says what it declares.</summary>
public class FactTableTests
{
    const string Start = "<!-- tables -->\n";
    const string End = "<!-- end of tables -->";

    /// <summary>APPROVE=1 writes it.</summary>
    [Fact]
    public void The_page_of_the_tables_says_what_they_declare()
    {
        var path = Path.Combine(Sample.Root, "src/Recommender/Facts/README.md");
        var page = File.ReadAllText(path);
        var table = string.Concat(FactTables.All.Where(table => table.TakesRows).Select(Line));
        var expected =
            page[..(page.IndexOf(Start, StringComparison.Ordinal) + Start.Length)]
            + "| file | columns | rows are |\n|---|---|---|\n"
            + table
            + page[page.IndexOf(End, StringComparison.Ordinal)..];
        if (Environment.GetEnvironmentVariable("APPROVE") == "1")
            File.WriteAllText(path, expected);
        Assert.Equal(expected, page);
    }

    static string Line(FactTable table)
    {
        string Column(FactColumn column) =>
            (column.Required ? $"**{column.Name}**" : column.Name)
            + (column.OneOf is { } words ? $" ({string.Join(", ", words.Select(word => $"`{word}`"))})" : "");
        return $"| {table.Name}{(table.Required ? "" : " (optional)")} | {string.Join(", ", table.Columns.Select(Column))} | {table.Summary} |\n";
    }

    /// <summary>The schema script of SQLite; TSqlTests do the same for SQL Server.</summary>
    [Fact]
    public void The_schema_of_the_embedded_database_holds_the_columns_that_the_tables_declare()
    {
        using var folder = new TemporaryFolder();
        using var connection = new SqliteHistoryStore(folder["s.db"]).Connect();
        foreach (var table in FactTables.All)
        {
            var columns = connection
                .Query<(string Name, string Type, long Required, long Key)>(
                    $"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table.Name}')"
                )
                .ToDictionary(column => column.Name);
            foreach (var column in table.Columns)
            {
                var (_, type, required, key) = columns[column.Name];
                Assert.Equal(column.Kind == ColumnKind.Number ? "REAL" : "TEXT", type);
                Assert.True(required == 1 || !column.Required, $"{table.Name}.{column.Name}");
                Assert.Equal(table.IndexOf(column.Name) < table.KeyLength ? table.IndexOf(column.Name) + 1 : 0, key);
            }
            string[] own = ["attributes", "seen_at", "applied_at", "is_change", "fingerprint", "row_fingerprint", "written_at"];
            var ends = table.End is { } end ? new[] { end + "_seen_at", end + "_applied_at" } : [];
            Assert.Empty(columns.Keys.Except(table.Columns.Select(column => column.Name)).Except(own).Except(ends));
        }
    }
}
