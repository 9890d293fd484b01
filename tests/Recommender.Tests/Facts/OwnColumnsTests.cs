using System.Globalization;
using System.Text;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Tests.History;

/// <summary>Columns that the contract does not name keep what they say, however they are written.</summary>
public sealed class OwnColumnsTests : IDisposable
{
    const int Rows = 60;
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Random_columns_of_ones_own_say_what_was_written_into_them()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var style = new Style(
                random.Next(2) == 0,
                random.Next(3),
                (string[])[",", ";", "\t", "|"] is var marks ? marks[random.Next(4)] : ","
            );
            var columns = Enumerable.Range(0, random.Next(1, 12)).Select(i => OwnColumn.Random(random, i, style)).ToList();
            var text = new StringBuilder().AppendJoin(
                style.Mark,
                columns.Select(column => Cell(column.Name, style)).Prepend("account_id")
            );
            for (var row = 0; row < Rows; row++)
                text.Append('\n')
                    .AppendJoin(
                        style.Mark,
                        columns
                            .Select(column => Cell(column.Cells[row].Written, style))
                            .Prepend(FormattableString.Invariant($"a{row}"))
                    );
            File.WriteAllText(_folder["accounts.csv"], text.Append('\n').ToString());
            File.WriteAllText(_folder["partners.csv"], "partner_id\np1\n");
            File.WriteAllText(_folder["opportunities.csv"], "opportunity_id,account_id,created_at\no1,a1,2024-01-01\n");
            File.WriteAllText(
                _folder["engagements.csv"],
                "engagement_id,opportunity_id,partner_id,started_at\ne1,o1,p1,2024-01-02\n"
            );
            var rejected = new List<RejectedRow>();
            var read = new HistoryFolder(_folder.Path)
                .ReadFacts(rejected.Add)
                .Facts.Select(fact => fact.Noun)
                .OfType<Account>()
                .ToDictionary(account => account.Id.Value, account => account.Attributes);
            Assert.True(rejected.Count == 0, $"seed {seed}: {rejected.FirstOrDefault()}");
            foreach (var column in columns)
            {
                for (var row = 0; row < Rows; row++)
                {
                    var (written, meant) = column.Cells[row];
                    var found = read[FormattableString.Invariant($"a{row}")][column.Name];
                    Assert.True(
                        column.AreSame(found, meant),
                        $"seed {seed}: {column.Kind} '{written}' of {column.Name} was read as '{found}', not '{meant}'"
                    );
                }
            }
        }
    }

    static string Cell(string text, Style style) =>
        text.Contains(style.Mark, StringComparison.Ordinal) || text.AsSpan().ContainsAny('"', '\n')
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;

    /// <summary>How a file is written: its decimal sign, its dates and what parts its fields.</summary>
    sealed record Style(bool HasComma, int Dates, string Mark)
    {
        public string Number(double number, string format)
        {
            var text = number.ToString(format, CultureInfo.InvariantCulture);
            return HasComma ? text.Replace(',', '\'').Replace('.', ',').Replace('\'', '.') : text;
        }

        public string Date(DateTime at) =>
            at.ToString(((string[])["yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy"])[Dates], CultureInfo.InvariantCulture);
    }

    sealed record OwnColumn(string Name, string Kind, IReadOnlyList<(string Written, string? Meant)> Cells)
    {
        static readonly string[] _words =
        [
            "Gold",
            "Größe L",
            "LON1",
            "ABC-123",
            "PRO 100",
            "D.C., Washington",
            "a \"b\" c",
            "Ødegård",
            "客户",
        ];

        public static OwnColumn Random(Random random, int i, Style style)
        {
            var kinds = (string[])
                ["number", "thousands", "percent", "money", "date", "code", "word", "list", "flag", "year", "zip"];
            var kind = kinds[random.Next(kinds.Length)];
            var name =
                ((string[])["Feld", "x_", "ÄÖ ", "客户", "custom.", "my, own "])[random.Next(6)]
                + FormattableString.Invariant($"{i}q");
            var sparse = random.Next(3) == 0;
            var cells = new List<(string, string?)>();
            for (var row = 0; row < Rows; row++)
            {
                // The first rows tell how the others are written.
                if (row > 2 && sparse && random.Next(3) == 0)
                {
                    cells.Add((((string[])["", "N/A", "TBD", "#NUM!", "\\N", "-"])[random.Next(6)], null));
                    continue;
                }
                var number = row < 2 ? 1234.25 + row : Math.Round(random.NextDouble() * Math.Pow(10, random.Next(0, 7)), 2);
                var day = new DateTime(2022, 5, row < 2 ? 27 : 1, 0, 0, 0, DateTimeKind.Utc).AddDays(
                    row < 2 ? 0 : random.Next(900)
                );
                var plain = Numbers.Text(number);
                cells.Add(
                    kind switch
                    {
                        "number" => (style.Number(number, "F2"), plain),
                        "thousands" => (style.Number(number, "N2"), plain),
                        "percent" => (style.Number(number, "F2") + (row % 2 == 0 ? "%" : " %"), plain),
                        "money" => ("€ " + style.Number(number, "N2"), plain),
                        "date" => (style.Date(day), day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
                        "code" => Same(FormattableString.Invariant($"{random.Next(100, 999)}-{random.Next(10)}X")),
                        "word" => Same(_words[random.Next(_words.Length)]),
                        "list" => Same(string.Join(';', _words.Take(random.Next(1, 4)))),
                        "flag" => Same(random.Next(2) == 0 ? "TRUE" : "FALSE"),
                        "year" => Same(FormattableString.Invariant($"{random.Next(1990, 2026)}")),
                        _ => Same(FormattableString.Invariant($"{random.Next(100, 9999):00000}")),
                    }
                );
            }
            return new(name, kind, cells);
        }

        public bool AreSame(string? found, string? meant) =>
            meant is null ? found is null
            : Kind is "number" or "thousands" or "percent" or "money"
                ? Numbers.TryPlain(found, out var number) && Numbers.Text(number) == meant
            : Kind == "date" ? found?.StartsWith(meant, StringComparison.Ordinal) == true
            : found == meant;

        static (string, string?) Same(string text) => (text, text);
    }
}
