using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Records;
using static Recommender.Training.ConsoleOptions;
using static Recommender.Training.ConsoleTable;

namespace Recommender.Training;

/// <summary>Checks rules before they hold: what is wrong with them, and what they would have changed.</summary>
static class RulesVerb
{
    const int MostShown = 6;

    public static Command Command() =>
        new("rules", "Rules before they hold: what is wrong with them, and what they would have changed") { Check() };

    static Command Check()
    {
        var file = new Argument<string?>("file")
        {
            Description =
                "The new rules, as PUT /v1/rules takes them; without it those that hold are compared with the version before",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var against = new Option<string?>("--against")
        {
            Description = "Rules to compare with; without it those that hold in the database",
        };
        var history = new Option<string?>("--history")
        {
            Description = "Say what would have gone otherwise: in the history of a folder, or of the database if none is named",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var days = Whole("--days", "How many days back, 1 to 3650", 90);
        var command = new Command(
            "check",
            "What is wrong with rules, and what they would have changed; rules that begin within the span, or later, count as begun"
        )
        {
            file,
            against,
            history,
            MapOption,
            days,
            AsOfOption,
            JsonOption,
        };
        command.SetAction(
            Run(result =>
            {
                var (before, after) = Compared(result, result.GetValue(file), result.GetValue(against));
                if (result.GetValue(days) is < 1 or > 3650)
                    throw new InvalidDataException("--days is out of range; expected 1 to 3650.");
                if (result.GetResult(history) is null)
                {
                    if (HasDatabase(result))
                        AssertKnown(after, Store(result).ReadFacts(DateTime.MaxValue));
                    Console.WriteLine(
                        $"{Format.Count(after.Rules.Count, "rule")}, no fault. --history says what would have gone otherwise."
                    );
                    return 0;
                }
                var facts = result.GetValue(history) is { } folder ? Folder(folder, Map(result)) : Source(result);
                AssertKnown(after, facts.All);
                var to = result.GetValue(AsOfOption) ?? DayAfterLast(facts);
                RuleComparison? comparison = null;
                new Progress(result.GetValue(JsonOption)).Step(
                    "compare",
                    told => comparison = RuleComparison.Of(facts, before, after, to.AddDays(-result.GetValue(days)), to, told)
                );
                if (result.GetValue(JsonOption))
                    Console.WriteLine(
                        JsonSerializer.Serialize(
                            new
                            {
                                Before = before.Version,
                                After = after.Version,
                                Comparison = comparison,
                            },
                            ModelManifest.Json
                        )
                    );
                else
                    Print(comparison!, before, after);
                return 0;
            })
        );
        return command;
    }

    static (RuleSet Before, RuleSet After) Compared(ParseResult result, string? file, string? against)
    {
        var rules = HasDatabase(result) ? new RuleStore(Store(result)) : null;
        if (file is null && rules is null)
            throw new InvalidDataException(
                $"There is no database {Database(result)} and no file; expected a file of rules, as PUT /v1/rules takes them."
            );
        var held = rules?.Newest().Rules ?? RuleSet.None;
        var after = file is null ? held : Read(file, held.Version + 1);
        var before =
            against is not null ? Read(against, 0)
            : file is not null ? held
            : rules!.Find(Math.Max(0, held.Version - 1)) ?? RuleSet.None;
        return (before, after);
    }

    /// <summary>The rules of a file.</summary>
    /// <exception cref="InvalidDataException">There is none, or something is wrong with them.</exception>
    public static RuleSet Read(string file, long version)
    {
        if (!File.Exists(file))
            throw new InvalidDataException($"{file} not found; expected a file of rules, as PUT /v1/rules takes them.");
        return RuleSet.Read(File.ReadAllBytes(file), version, out var faults)
            ?? throw new InvalidDataException(
                string.Join("; ", faults.Select(fault => FormattableString.Invariant($"{file}:{fault.Line}: {fault.Message}")))
            );
    }

    /// <summary>Refuses rules that name columns which no row has, as the service does: they would protect nothing.</summary>
    public static void AssertKnown(RuleSet rules, IEnumerable<DatedFact> facts)
    {
        var ranker = new PartnerRanker(fit: null, win: null);
        foreach (var fact in facts.Where(fact => fact.Kind == FactKind.Account || fact.Kind == FactKind.Partner))
            ranker.Apply(fact);
        if (RuleColumns.Unknown(rules, ranker.State) is { Count: > 0 } unknown)
            throw new InvalidDataException(string.Join(" ", unknown.Select(one => $"{one.Where}: {one.Message}")));
    }

    static void Print(RuleComparison found, RuleSet before, RuleSet after)
    {
        Console.WriteLine(
            FormattableString.Invariant(
                $"Rules {after.Version} ({after.Rules.Count}) beside {before.Version} ({before.Rules.Count}), {found.From:yyyy-MM-dd} to {found.To:yyyy-MM-dd}"
            )
        );
        var table = new ConsoleTable("", "of", "before", "after");
        void Row(string what, int of, BeforeAndAfter pair) =>
            table.Add(what, of < 0 ? "" : Whole(of), Number(pair.Before), Number(pair.After));
        Row("partners brought in that a rule leaves out", found.Engagements, found.EngagementsLeftOut);
        Row("partners left out of the ranking of a deal, mean", found.Deals, found.PartnersLeftOutOfADeal);
        Row("deals that no partner is left for", found.Deals, found.DealsWithoutPartners);
        foreach (var (verdict, pair) in found.Verdicts)
            Row($"registrations checked: {verdict}", found.Registrations, pair);
        Row("registrations approved at once", found.Registrations, found.ApprovedAtOnce);
        Row("conflicts at the end", -1, found.Conflicts);
        table.Print();
        if (found.RegistrationsUnknown > 0)
            Console.WriteLine(
                $"{Format.Count(found.RegistrationsUnknown, "registration")} more could not be judged: partner or account was not known then."
            );
        Console.WriteLine(
            found.Changed.Count == 0
                ? "Nothing would have gone otherwise."
                : $"{Format.Count(found.Changed.Count, "case")} would have gone otherwise; the last of each kind (--json has all):"
        );
        foreach (var one in found.Changed.GroupBy(one => one.What).SelectMany(kind => kind.TakeLast(MostShown)))
            Console.WriteLine(
                FormattableString.Invariant(
                    $"{one.At:yyyy-MM-dd} {one.What} {one.Id}, {(one.PartnerId is null ? "" : one.PartnerId + " on ")}{one.AccountId}: {one.Before} -> {one.After}"
                )
            );
    }

    static string Number(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}
