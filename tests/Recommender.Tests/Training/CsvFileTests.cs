using Recommender.Training;

namespace Recommender.Tests.Training;

public class CsvFileTests
{
    [Fact]
    public void Only_what_needs_quotes_has_them()
    {
        using var folder = new TemporaryFolder();
        using (var file = new CsvFile(folder["x.csv"], "id", "name"))
        {
            file.Add("O1", "plain & simple");
            file.Add("O,2", "says \"no\"");
            file.Add("", "two\nlines");
            file.Add("short");
        }
        Assert.Equal(
            "id,name\nO1,plain & simple\n\"O,2\",\"says \"\"no\"\"\"\n,\"two\nlines\"\nshort\n",
            File.ReadAllText(folder["x.csv"])
        );
    }

    [Fact]
    public void Truth_is_read_as_it_is_written_and_a_wrong_line_is_named()
    {
        using var folder = new TemporaryFolder();
        using (var file = new CsvFile(folder["truth.csv"], "opportunity_id", "partner_id", "win_probability", "fit"))
        {
            file.Add("O,1", "", "0.25", "");
            file.Add("O,1", "P1", "0.5", "0.75");
        }
        var decision = Truth.Read(folder["truth.csv"]).Of("O,1")!;
        Assert.Equal((0.25, (0.5, 0.75)), (decision.Alone, decision.Partners["P1"]));
        File.AppendAllText(folder["truth.csv"], "O2,P1,half,1\n");
        var e = Assert.Throws<InvalidDataException>(() => Truth.Read(folder["truth.csv"]));
        Assert.Contains("truth.csv, line 4: found 'O2,P1,half,1'; expected opportunity_id", e.Message, StringComparison.Ordinal);
    }
}
