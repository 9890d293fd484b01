using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Recommender.Capabilities.Mapping;
using Recommender.Facts;
using Recommender.Matching;
using Recommender.Models;
using static Recommender.Training.ConsoleOptions;
using static Recommender.Training.ConsoleTable;

namespace Recommender.Training;

/// <summary>Takes a partner's account list in and matches it with our accounts.</summary>
static class MapVerb
{
    const int RowsOfChunk = 10_000;

    public static Command Command()
    {
        var partner = new Option<string>("--partner") { Description = "Partner id", Required = true };
        var file = new Option<string?>("--file")
        {
            Description =
                "The partner's list (CSV), whole: what it does not have any more ends. Without it the list that is there is matched again",
        };
        var population = new Option<string?>("--population")
        {
            Description = "Of which population all records are that do not say it: customer, open_opportunity or prospect",
        };
        population.AcceptOnlyFromAmong([.. AccountMap.Populations]);
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would match and keep nothing" };
        var rejectedFile = new Option<string>("--rejected")
        {
            Description = "Where rejected rows are written",
            DefaultValueFactory = _ => "rejected.csv",
        };
        var command = new Command("map", "Takes a partner's account list in and matches it with our accounts")
        {
            partner,
            file,
            population,
            dryRun,
            rejectedFile,
            JsonOption,
        };
        command.SetAction(
            Run(result =>
            {
                if (!HasDatabase(result))
                    throw new InvalidDataException($"There is no database {Database(result)}; import a history first.");
                var id = result.GetValue(partner)!;
                using var alone = IsServer(result) ? null : DatabaseLock.Take(Database(result));
                var (store, progress) = (Store(result), new Progress(result.GetValue(JsonOption)));
                var clock = Stopwatch.StartNew();
                // Read beside the database.
                var given = Task.Run(() =>
                    result.GetValue(file) is { } path ? Read(path, id, result.GetValue(population)) : null
                );
                AccountListSummary? summary = null;
                try
                {
                    store.Write(scope => summary = Map(scope, store, id, given, result.GetValue(dryRun), progress));
                }
                catch (DryRunException e)
                {
                    summary = e.Summary;
                }
                if (given.Result is { Rejected.Count: > 0 } some)
                    RejectedFile.Write(result.GetValue(rejectedFile)!, some.Rejected);
                if (result.GetValue(JsonOption))
                    Console.WriteLine(
                        JsonSerializer.Serialize(
                            new
                            {
                                PartnerId = id,
                                DryRun = result.GetValue(dryRun),
                                Rejected = given.Result?.Rejected.Count ?? 0,
                                Summary = summary,
                                Seconds = Math.Round(clock.Elapsed.TotalSeconds, 1),
                                PeakMemoryMb = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
                            },
                            ModelManifest.Json
                        )
                    );
                else
                    Print(summary!, given.Result, result.GetValue(rejectedFile)!, clock.Elapsed);
                return 0;
            })
        );
        return command;
    }

    static AccountListFile Read(string path, string partner, string? population)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"{path} not found; expected a partner's list as CSV.");
        var file = new UploadedFile(Path.GetFileName(path), File.ReadAllBytes(path));
        return AccountListReader.Read(file, AccountListReader.MapOf(file, partner, population, ReaderSettings.Default));
    }

    static AccountListSummary Map(
        WriteScope scope,
        HistoryStore store,
        string partner,
        Task<AccountListFile?> reading,
        bool dryRun,
        Progress progress
    )
    {
        PartnerList? list = null;
        OurAccounts? accounts = null;
        AccountListFile? given = null;
        progress.Step(
            "read",
            _ =>
            {
                var ours = Task.Run(() => OurAccounts.Of(store));
                list =
                    PartnerList.Of(store, partner)
                    ?? throw new InvalidDataException($"No partner has the id '{partner}'; expected one of the database.");
                given = reading.GetAwaiter().GetResult();
                accounts = ours.GetAwaiter().GetResult();
            }
        );
        if (given is null && list!.Records.Count == 0)
            throw new InvalidDataException($"Partner {partner} has no list yet; expected --file.");
        IReadOnlyList<HistoryRow> rows = [];
        AccountListSummary? summary = null;
        progress.Step(
            "match",
            told =>
                (rows, summary) = AccountListRun.Of(
                    list!,
                    accounts!,
                    given,
                    scope.Stamp,
                    given is not null && list!.ComputedAt is { } since ? OurAccounts.ChangedSince(store, since) : null,
                    told
                )
        );
        if (dryRun)
            throw new DryRunException(summary!);
        progress.Step(
            "write",
            told =>
            {
                var done = 0;
                foreach (var chunk in rows.Chunk(RowsOfChunk))
                {
                    scope.Expect(chunk);
                    foreach (var row in chunk)
                    {
                        if (scope.Upsert(row).Reason is { } why)
                            throw new InvalidDataException($"The list does not fit the history: {why}");
                    }
                    told((done += chunk.Length) / (double)rows.Count);
                }
            }
        );
        return summary!;
    }

    static void Print(AccountListSummary summary, AccountListFile? given, string rejectedFile, TimeSpan spent)
    {
        var table = new ConsoleTable(
            "records",
            "new",
            "changed",
            "unchanged",
            "ended",
            "matched",
            "confirmed",
            "to review",
            "none"
        );
        table.Add(
            Whole(summary.Records),
            Whole(summary.New),
            Whole(summary.Changed),
            Whole(summary.Unchanged),
            Whole(summary.Ended),
            Whole(summary.Matched),
            Whole(summary.Confirmed),
            Whole(summary.Review),
            Whole(summary.None)
        );
        table.Print();
        if (given is { Rejected: [var first, ..] rejected })
            Console.WriteLine(
                FormattableString.Invariant($"{rejected.Count} rows were not taken; {rejectedFile} says why. The first: {first}")
            );
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{spent.TotalSeconds:0.0} s."));
    }

    /// <summary>Ends a write that is not to be kept.</summary>
    sealed class DryRunException(AccountListSummary summary) : Exception("Dry run.")
    {
        public AccountListSummary Summary { get; } = summary;
    }
}
