using CsCheck;
using Recommender.Facts;

namespace Recommender.Tests.Facts;

public class CsvTextTests
{
    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+49 30 1", "'+49 30 1")]
    [InlineData("-2+3", "'-2+3")]
    [InlineData("-Infinity", "'-Infinity")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("  =1+1", "'  =1+1")]
    [InlineData("＝1+1", "'＝1+1")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("-12.5", "-12.5")]
    [InlineData("-1e-05", "-1e-05")]
    [InlineData("a=b", "a=b")]
    [InlineData("Müller, \"x\"", "\"Müller, \"\"x\"\"\"")]
    [InlineData(null, "")]
    public void A_cell_is_text_or_a_number_and_never_a_formula(string? text, string cell) =>
        Assert.Equal(cell + "\n", CsvText.Line(text));

    [Fact]
    public void What_was_written_is_read_again_whatever_the_text() =>
        Gen
            .String.Array[1, 4]
            .Sample(cells =>
            {
                using var reader = new CsvHelper.CsvReader(
                    new StringReader(CsvText.Line(cells)),
                    new CsvHelper.Configuration.CsvConfiguration(System.Globalization.CultureInfo.InvariantCulture)
                    {
                        HasHeaderRecord = false,
                        IgnoreBlankLines = false,
                    }
                );
                Assert.True(reader.Read());
                for (var i = 0; i < cells.Length; i++)
                    Assert.EndsWith(cells[i], reader.GetField(i), StringComparison.Ordinal);
            });
}
