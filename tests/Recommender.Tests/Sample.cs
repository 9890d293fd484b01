using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Training;

namespace Recommender.Tests;

/// <summary>The history in data-samples, and folders to try things in.</summary>
static class Sample
{
    static readonly Lazy<(List<DatedFact> Facts, IReadOnlyList<FileCount> Counts)> _read = new(() =>
        new HistoryFolder(Folder).ReadFacts(row => throw new InvalidOperationException(row.ToString()))
    );

    public static string Root { get; } = FindRoot();

    public static string Folder => Path.Combine(Root, "data-samples");

    public static string Models => Path.Combine(Root, "models");

    public static DateTime AsOf { get; } = Day(2026, 7, 1);

    public static List<DatedFact> FactList => _read.Value.Facts;

    public static FactSource Facts =>
        new(
            until => FactList.TakeWhile(fact => fact.SeenAt < until),
            [
                .. _read
                    .Value.Counts.Where(count => count.Accepted > 0)
                    .Select(count => Path.GetFileNameWithoutExtension(count.File)),
            ]
        );

    /// <summary>A run small enough for a fast test.</summary>
    public static TrainingConfig SmallConfig { get; } =
        new()
        {
            PartnerFit = new() { MaxDecisions = 400, Trees = 20 },
            WinProbability = new()
            {
                MaxDeals = 800,
                Trees = 30,
                ValidationFolds = 1,
                Learners = [Learner.FastTree],
            },
            Gate = new() { LearningCurve = false },
        };

    public static DateTime Day(int year, int month, int day) => new(year, month, day, 0, 0, 0, DateTimeKind.Utc);

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Recommender.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("Recommender.sln is not above the tests.");
        return folder.FullName;
    }
}

/// <summary>A folder that is gone after the test.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("recommender-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, System.IO.Path.Combine(to, System.IO.Path.GetFileName(file)));
    }

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        TestDatabase.DropIn(Path);
        Directory.Delete(Path, true);
    }
}
