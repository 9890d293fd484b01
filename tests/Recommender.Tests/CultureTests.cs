using System.Globalization;
using System.Text.Json;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Training;

namespace Recommender.Tests;

/// <summary>The library is right in any culture by itself, even where no program has chosen one.</summary>
public sealed class CultureTests : IDisposable
{
    static readonly Lazy<List<string>> _sentences = new(() => In("", Sentences));
    static readonly Lazy<List<string>> _package = new(() => In("", Package));

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("th-TH")]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    [InlineData("de-DE")]
    public void Reasons_cautions_actions_and_exclusions_do_not_depend_on_it(string culture)
    {
        Assert.Contains(_sentences.Value, text => text.Contains("No engagement since 20", StringComparison.Ordinal));
        Assert.Contains(_sentences.Value, text => text.Contains("Call ", StringComparison.Ordinal));
        Assert.Equal(_sentences.Value, In(culture, Sentences));
    }

    [Theory]
    [InlineData("th-TH")]
    [InlineData("ar-SA")]
    public void A_package_has_the_same_version_and_the_same_files(string culture) =>
        Assert.Equal(_package.Value, In(culture, Package));

    [Theory]
    [InlineData("th-TH")]
    [InlineData("ar-SA")]
    [InlineData("de-DE")]
    public void Rejected_rows_are_said_in_the_same_words(string culture)
    {
        File.WriteAllText(
            _folder["accounts.csv"],
            "account_id,employee_count,created_at\nA1,-1.5,2026-01-31\nA2,x,2026-01-31\nA3,1.5,1/2/2026\nA000369,1.5,2026-01-31\n"
        );
        foreach (var file in (string[])["partners.csv", "opportunities.csv", "engagements.csv"])
            File.Copy(Path.Combine(Sample.Folder, file), _folder[file]);
        List<string> Rejected()
        {
            var rows = new List<string>();
            new HistoryFolder(_folder.Path).ReadFacts(row => rows.Add(row.ToString()));
            return rows;
        }
        Assert.NotEmpty(In("", Rejected));
        Assert.Equal(In("", Rejected), In(culture, Rejected));
    }

    static List<string> Sentences()
    {
        var registry = new ModelRegistry(Sample.Models);
        using var fit = registry.OpenLive(ModelPackage.PartnerFit);
        using var win = registry.OpenLive(ModelPackage.WinProbability);
        var ranker = new PartnerRanker(fit, win);
        foreach (var fact in Sample.Facts.Before(Sample.AsOf))
            ranker.Apply(fact);
        return
        [
            .. Enumerable
                .Range(1, 40)
                .Select(i =>
                    JsonSerializer.Serialize(
                        ranker.Rank(new(FormattableString.Invariant($"A{i:000000}"), Sample.AsOf) { Limit = 60 }),
                        ModelManifest.Json
                    )
                ),
        ];
    }

    static List<string> Package()
    {
        using var folder = new TemporaryFolder();
        TrainingRun.Train(Sample.Facts, Sample.SmallConfig, Sample.AsOf, folder.Path, new Progress(quiet: true));
        return
        [
            .. Directory
                .GetFiles(folder.Path, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(file => $"{Path.GetRelativePath(folder.Path, file)}: {Convert.ToBase64String(File.ReadAllBytes(file))}"),
        ];
    }

    static T In<T>(string culture, Func<T> work)
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        try
        {
            return work();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
