using System.Globalization;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Training is right in any culture by itself, even where no program has chosen one.</summary>
public sealed class CultureTests : IDisposable
{
    readonly CultureInfo _before = CultureInfo.CurrentCulture;

    public void Dispose() => CultureInfo.CurrentCulture = _before;

    [Theory]
    [InlineData("th-TH")]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    [InlineData("de-DE")]
    public void Histories_fingerprints_and_settings_do_not_depend_on_it(string culture)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var expected = Made();
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        // Without this the test would prove nothing: the machine knows the culture.
        Assert.NotEqual("2026-01-31 -1.5", $"{new DateOnly(2026, 1, 31):yyyy-MM-dd} {-1.5}");
        Assert.Equal(expected, Made());
    }

    static List<string> Made()
    {
        using var folder = new TemporaryFolder();
        new Simulation(
            new()
            {
                Accounts = 30,
                Partners = 20,
                Opportunities = 200,
                Years = 2,
                Seed = 3,
            }
        ).Write(folder["history"]);
        var (facts, _) = new Recommender.Facts.HistoryFolder(folder["history"]).ReadFacts(_ => { });
        var e = Assert.Throws<InvalidDataException>(() => TrainingConfig.Read(null, ["gate.max_ece=1.5", "seed=1.5"]));
        return
        [
            .. Directory.GetFiles(folder["history"]).Order(StringComparer.Ordinal).Select(File.ReadAllText),
            TrainingRun.Fingerprint(facts),
            e.Message,
            System.Text.Json.JsonSerializer.Serialize(TrainingConfig.Read(null, ["gate.max_ece=0.05"]), TrainingConfig.Json),
        ];
    }
}
