using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Recommender.Benchmarks;

/// <summary>
/// How long <c>console map</c> takes for a list of many records against as many accounts: the first time, the same list again, and after one
/// record in a hundred changed. Half of the records are ours, a third of these under another spelling.
/// </summary>
static class MappingMeasurements
{
    static readonly string[] _syllables =
        "bar bel cor dar den el far gal hol ir jas kel lor mar nor ol pal quin ran sal tor ul ver wal xen yor zan bri cla dro fle gri kru plo stre tri".Split(
            ' '
        );
    static readonly string[] _endings = "a o ex is um on ia er ane ock ert ing ell and".Split(' ');
    static readonly string[] _trades =
        "Systems Logistics Foods Energy Consulting Technologies Medical Industries Capital Software Partners Steel Pharma Electronics Insurance".Split(
            ' '
        );
    static readonly (string Country, string[] Forms)[] _lands =
    [
        ("US", ["Inc.", "LLC", "Corporation"]),
        ("DE", ["GmbH", "AG", "GmbH & Co. KG"]),
        ("GB", ["Ltd", "PLC"]),
        ("FR", ["SA", "SAS"]),
        ("NL", ["BV", "NV"]),
        ("SE", ["AB"]),
    ];

    public static int Run(string root, string[] args)
    {
        var count = args is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 200_000;
        var folder = Directory.CreateTempSubdirectory("recommender-mapping-").FullName;
        try
        {
            Write(folder, count);
            var database = Path.Combine(folder, "map.db");
            Console(root, folder, "import", "--history", Path.Combine(folder, "history"), "--database", database, "--json");
            foreach (
                var (what, list) in ((string, string)[])
                    [("first", "list.csv"), ("the same again", "list.csv"), ("one in a hundred changed", "later.csv")]
            )
            {
                using var answer = JsonDocument.Parse(
                    Console(
                        root,
                        folder,
                        "map",
                        "--partner",
                        "P1",
                        "--file",
                        Path.Combine(folder, list),
                        "--database",
                        database,
                        "--json"
                    )
                );
                var summary = answer.RootElement.GetProperty("summary");
                System.Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{what, -26} {answer.RootElement.GetProperty("seconds").GetDouble(), 6:0.0} s, {answer.RootElement.GetProperty("peak_memory_mb").GetInt64(), 5} MB; {summary.GetProperty("records").GetInt32()} records, {summary.GetProperty("matched").GetInt32()} matched, {summary.GetProperty("review").GetInt32()} to review"
                    )
                );
            }
            return 0;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static void Write(string folder, int count)
    {
        var history = Directory.CreateDirectory(Path.Combine(folder, "history")).FullName;
#pragma warning disable RS0030 // The benchmark's own chance, with its seed.
        var random = new Random(7);
#pragma warning restore RS0030
        string Pick(string[] from) => from[random.Next(from.Length)];
        string Core()
        {
            var word = Pick(_syllables) + Pick(_syllables) + Pick(_syllables) + Pick(_endings);
            word = char.ToUpperInvariant(word[0]) + word[1..];
            return random.Next(3) == 0 ? word : $"{word} {Pick(_trades)}";
        }
        (string Name, string Core, string Domain, string Country) Company()
        {
            var (country, forms) = _lands[random.Next(_lands.Length)];
            var core = Core();
            var host = string.Concat(core.ToLowerInvariant().Where(char.IsAsciiLetter));
            var domain = random.Next(10) == 0 ? "" : host + (random.Next(2) == 0 ? ".com" : "." + country.ToLowerInvariant());
            return ($"{core} {Pick(forms)}", core, domain, country);
        }
        var accounts = Enumerable.Range(0, count).Select(_ => Company()).ToList();
        Lines(
            Path.Combine(history, "accounts.csv"),
            "account_id,name,country,domain,created_at",
            accounts.Select(
                (one, i) => FormattableString.Invariant($"A{i:000000},{one.Name},{one.Country},{one.Domain},2020-01-01")
            )
        );
        Lines(Path.Combine(history, "partners.csv"), "partner_id,name", ["P1,Partner One"]);
        Lines(Path.Combine(history, "opportunities.csv"), "opportunity_id,account_id,created_at", ["O1,A000000,2024-01-01"]);
        Lines(
            Path.Combine(history, "engagements.csv"),
            "engagement_id,opportunity_id,partner_id,started_at",
            ["E1,O1,P1,2024-01-02"]
        );
        string Record()
        {
            var (name, core, domain, country) = random.Next(2) == 0 ? accounts[random.Next(count)] : Company();
            name = random.Next(6) switch
            {
                0 => core,
                1 => name.ToUpperInvariant(),
                _ => name,
            };
            return $"{name},{(random.Next(5) == 0 ? "" : domain)},{country}";
        }
        string[] populations = ["customer", "open_opportunity", "prospect"];
        var records = Enumerable.Range(0, count).Select(_ => $"{Record()},{Pick(populations)}").ToList();
        const string Header = "record_id,name,domain,country,population";
        IEnumerable<string> Numbered() => records.Select((record, i) => FormattableString.Invariant($"R{i:000000},{record}"));
        Lines(Path.Combine(folder, "list.csv"), Header, Numbered());
        for (var i = 0; i < count; i += 100)
            records[i] = $"{Record()},{Pick(populations)}";
        Lines(Path.Combine(folder, "later.csv"), Header, Numbered());
    }

    static void Lines(string path, string header, IEnumerable<string> lines) =>
        File.WriteAllLines(path, lines.Prepend(header), new UTF8Encoding(false));

    static string Console(string root, string folder, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.ArgumentList.Add(Path.Combine(root, "artifacts/bin/Recommender.Training/release/Recommender.Training.dll"));
        foreach (var arg in args)
            start.ArgumentList.Add(arg);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{args[0]} ended with {process.ExitCode}.");
    }
}
