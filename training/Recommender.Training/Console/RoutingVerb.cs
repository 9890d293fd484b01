using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Records;
using static Recommender.Training.ConsoleOptions;
using static Recommender.Training.ConsoleTable;

namespace Recommender.Training;

/// <summary>What another routing policy would have decided over past leads.</summary>
static class RoutingVerb
{
    const int MostShown = 8;
    const int Days = 90;

    public static Command Command() =>
        new("routing", "Routing policies held against past leads, and against the truth of simulated ones")
        {
            Replay(),
            RoutingWorldsVerb.Command(),
        };

    static Command Replay()
    {
        var policy = new Option<string?>("--policy")
        {
            Description =
                "The policy, as PUT /v1/routing-policy takes it; without it that which holds in the database, or the defaults",
        };
        var rules = new Option<string?>("--rules")
        {
            Description = "The rules, as PUT /v1/rules takes them; without it those that hold in the database",
        };
        var from = new Option<DateTime?>("--from")
        {
            Description = "Leads that came from this day on; without it the last 90 days",
            CustomParser = Date,
        };
        var to = new Option<DateTime?>("--to")
        {
            Description = "Until before this day; without it the day after the last fact",
            CustomParser = Date,
        };
        var truth = new Option<string?>("--truth") { Description = "lead_truth.csv of a simulated history" };
        var command = new Command(
            "replay",
            "What a policy would have decided over past leads, beside what was decided and what came of it. Learns from what was known at --from, unless --models names models that did"
        )
        {
            policy,
            rules,
            from,
            to,
            truth,
            HistoryOption,
            MapOption,
            ConfigOption,
            SetOption,
            JsonOption,
        };
        command.SetAction(
            Run(result =>
            {
                var facts = Source(result);
                if (!facts.All.Any())
                    throw new InvalidDataException("The history is empty; expected one with leads.");
                var until = result.GetValue(to) ?? DayAfterLast(facts);
                var since = result.GetValue(from) ?? until.AddDays(-Days);
                if (since >= until)
                    throw new InvalidDataException(
                        FormattableString.Invariant($"--from {since:yyyy-MM-dd} is not before --to {until:yyyy-MM-dd}.")
                    );
                var isStored = result.GetValue(HistoryOption) is null;
                var asked = PolicyOf(result.GetValue(policy)) ?? (isStored ? HeldPolicy(facts) : null) ?? RoutingPolicy.Default;
                var held =
                    result.GetValue(rules) is { } file ? RulesVerb.Read(file, 0)
                    : isStored ? new RuleStore(Store(result)).Newest().Rules
                    : RuleSet.None;
                RulesVerb.AssertKnown(held, facts.All);
                var known = result.GetValue(truth) is { } path ? LeadTruth.Read(path) : null;
                var config = Config(result);
                var json = result.GetValue(JsonOption);
                var replay = Replay(
                    facts,
                    config,
                    result.GetResult(ModelsOption) is null or { Implicit: true } ? null : Registry(result),
                    held,
                    asked,
                    since,
                    until,
                    known,
                    new Progress(json)
                );
                var rates = replay.Truth.Rates(config);
                if (json)
                    Console.WriteLine(
                        JsonSerializer.Serialize(
                            new
                            {
                                replay.From,
                                replay.To,
                                Policy = asked,
                                Rules = held.Version,
                                Truth = rates,
                                replay.Leads,
                            },
                            ModelManifest.Json
                        )
                    );
                else
                    Print(replay, rates);
                return 0;
            })
        );
        return command;
    }

    /// <summary>Replays with models that learned from what was known at the beginning, in a folder that is gone afterwards, or with those that are named.</summary>
    public static RoutingReplay Replay(
        FactSource facts,
        TrainingConfig config,
        ModelRegistry? named,
        RuleSet rules,
        RoutingPolicy policy,
        DateTime from,
        DateTime to,
        LeadTruth? truth,
        Progress progress
    )
    {
        var past = PastLeads.Of(facts);
        if (past.Between(from, to).Count == 0)
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"No lead came from {from:yyyy-MM-dd} to before {to:yyyy-MM-dd}; expected some, such as leads.csv of the history."
                )
            );
        if (truth is not null && !past.Between(from, to).Keys.Any(lead => truth.Of(lead) is not null))
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{truth.File} has none of the {Format.Count(past.Between(from, to).Count, "lead")} from {from:yyyy-MM-dd} to before {to:yyyy-MM-dd}; expected the truth of this history."
                )
            );
        var folder = named is null ? Directory.CreateTempSubdirectory("routing").FullName : null;
        try
        {
            if (folder is not null)
            {
                named = new(folder);
                // What more history would bring is not asked.
                config = config with
                {
                    Gate = config.Gate with { LearningCurve = false },
                };
                foreach (var manifest in TrainingRun.Train(facts, config, from, folder, progress))
                {
                    if (manifest.Gate.Promote)
                        named.Promote(manifest.Model, manifest.Version);
                    else
                        Console.Error.WriteLine($"{manifest.Model} is not used: {manifest.Gate.Reason}");
                }
            }
            using var fit = named!.OpenLive(ModelPackage.PartnerFit);
            using var win = named.OpenLive(ModelPackage.WinProbability);
            if (win is null)
                Console.Error.WriteLine(
                    "No model of win probability is live: no lift is known, and leads go to reps by what they won."
                );
            foreach (var package in (ModelPackage?[])[fit, win])
            {
                if (package?.Manifest.Training.AsOf > from)
                    throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"{package.Manifest.Model} {package.Manifest.Version} learned from what came up to {package.Manifest.Training.AsOf:yyyy-MM-dd}; expected no later than --from {from:yyyy-MM-dd}, or its figures flatter."
                        )
                    );
            }
            RoutingReplay? replay = null;
            progress.Step(
                "replay leads",
                told => replay = RoutingReplay.Of(facts, past, new PartnerRanker(fit, win), rules, policy, from, to, truth, told)
            );
            return replay!;
        }
        finally
        {
            if (folder is not null)
                Directory.Delete(folder, true);
        }
    }

    static RoutingPolicy? HeldPolicy(FactSource facts) =>
        facts.All.Select(fact => fact.Noun).OfType<SetPolicy>().MaxBy(set => set.Version) is { } held
            ? RoutingPolicy.Read(held.Body, held.Version, out _, isHere: false)
            : null;

    /// <summary>The policy of a file; null if none is named.</summary>
    /// <exception cref="InvalidDataException">There is none, or something is wrong with it.</exception>
    public static RoutingPolicy? PolicyOf(string? file)
    {
        if (file is null)
            return null;
        if (!File.Exists(file))
            throw new InvalidDataException($"{file} not found; expected a policy, as PUT /v1/routing-policy takes it.");
        return RoutingPolicy.Read(File.ReadAllText(file), 0, out var faults)
            ?? throw new InvalidDataException(
                string.Join("; ", faults.Select(fault => FormattableString.Invariant($"{file}:{fault.Line}: {fault.Message}")))
            );
    }

    static void Print(RoutingReplay replay, IReadOnlyList<TrueRate> rates)
    {
        var leads = replay.Leads;
        Console.WriteLine(
            FormattableString.Invariant(
                $"{Format.Count(leads.Count, "lead")}, {replay.From:yyyy-MM-dd} to {replay.To:yyyy-MM-dd}: what was decided beside what this policy would have"
            )
        );
        var outcomes = new ConsoleTable("", "leads", "won", "lost", "open", "no deal", "won of closed", "won, worth");
        void Row(string what, List<ReplayedLead> of)
        {
            int Count(string outcome) => of.Count(lead => lead.Outcome == outcome);
            var (won, lost) = (Count("won"), Count("lost"));
            outcomes.Add(
                what,
                Whole(of.Count),
                Whole(won),
                Whole(lost),
                Whole(Count("open")),
                Whole(Count("none")),
                won + lost == 0 ? "" : Percent((double)won / (won + lost)),
                Whole((long)of.Where(lead => lead.Outcome == "won").Sum(lead => lead.Worth ?? 0))
            );
        }
        Row("decided the same", [.. leads.Where(lead => lead.Was == lead.Would)]);
        Row("decided otherwise", [.. leads.Where(lead => lead.Was is { } was && was != lead.Would)]);
        Row("not known who had it", [.. leads.Where(lead => lead.Was is null)]);
        outcomes.Print();
        Console.WriteLine();
        var who = new ConsoleTable("", "as it was", "with this policy");
        void Both(string what, Func<IEnumerable<Assignee>, string> of) =>
            who.Add(what, of(leads.Select(lead => lead.Was).OfType<Assignee>()), of(leads.Select(lead => lead.Would)));
        foreach (var type in Assignee.Types)
            Both($"to a {type}", all => Whole(all.Count(one => one.Type == type)));
        Both("people and partners who got any", all => Whole(all.Where(one => one.Type != "queue").Distinct().Count()));
        Both(
            "most to one of them",
            all =>
                Whole(all.Where(one => one.Type != "queue").GroupBy(one => one).Select(one => one.Count()).DefaultIfEmpty().Max())
        );
        var chances = leads.Where(lead => lead is { WasChance: not null, WouldChance: not null }).ToList();
        if (chances.Count > 0)
            who.Add(
                FormattableString.Invariant($"chance of winning as the models saw it, mean of {chances.Count}"),
                Percent(chances.Average(lead => lead.WasChance!.Value)),
                Percent(chances.Average(lead => lead.WouldChance!.Value))
            );
        who.Print();
        var judged = leads.Where(lead => lead is { WasChance: not null, Outcome: "won" or "lost" }).ToList();
        if (judged.Count > 0)
            Console.WriteLine(
                FormattableString.Invariant(
                    $"Of {judged.Count} that closed, {judged.Average(lead => lead.WasChance!.Value):0.0%} were to be won by those chances, {judged.Average(lead => lead.Outcome == "won" ? 1 : 0):0.0%} were. The chance of whom a policy chooses is the highest of many, and too high on the whole."
                )
            );
        PrintTruth(replay.Truth.Leads, rates);
        Console.WriteLine();
        var changed = leads.Where(lead => lead.Was is { } was && was != lead.Would).ToList();
        Console.WriteLine(
            changed.Count == 0
                ? "Nothing would have been decided otherwise."
                : $"{Format.Count(changed.Count, "lead")} would have gone elsewhere; the last of them (--json has all):"
        );
        foreach (var lead in changed.TakeLast(MostShown))
            Console.WriteLine(
                FormattableString.Invariant(
                    $"{lead.At:yyyy-MM-dd} {lead.LeadId}, {lead.AccountId ?? "account unsure"}: {lead.Was} -> {lead.Would} ({lead.Why}); {(lead.Outcome == "none" ? "no deal" : lead.Outcome)}"
                )
            );
    }

    static void PrintTruth(int leads, IReadOnlyList<TrueRate> rates)
    {
        if (rates.Count == 0)
            return;
        Console.WriteLine();
        Console.WriteLine($"By the true chances, {Format.Count(leads, "lead")}; 95 % intervals, accounts drawn whole");
        var table = new ConsoleTable("", "won", "of the way from random to oracle", "this policy wins more by");
        foreach (var rate in rates)
            table.Add(
                rate.Name,
                Told(rate.WinRate, "0.000"),
                Told(rate.Share, "0.000"),
                rate.Name == rates[0].Name ? "" : Told(rate.Behind, "+0.000;-0.000")
            );
        table.Print();
    }

    static string Told(Measured of, string format) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{of.Value.ToString(format, CultureInfo.InvariantCulture)} ({of.Low.ToString(format, CultureInfo.InvariantCulture)} to {of.High.ToString(format, CultureInfo.InvariantCulture)})"
        );

    static string Percent(double share) => share.ToString("0.0%", CultureInfo.InvariantCulture);
}
