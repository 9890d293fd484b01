using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Models;
using Recommender.Ranking;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Prints one ranking with its reasons.</summary>
static class RecommendVerb
{
    public static Command Command()
    {
        var account = new Option<string>("--account") { Description = "Account id", Required = true };
        var top = new Option<int>("--top") { Description = "How many partners, 1 to 100", DefaultValueFactory = _ => 10 };
        var command = new Command("recommend", "One ranking with reasons")
        {
            account,
            HistoryOption,
            MapOption,
            AsOfOption,
            top,
            JsonOption,
        };
        command.SetAction(
            Run(result =>
            {
                var facts = Source(result);
                var asOf = result.GetValue(AsOfOption) ?? DayAfterLast(facts);
                var registry = Registry(result);
                using var fit = registry.OpenLive(ModelPackage.PartnerFit);
                using var win = registry.OpenLive(ModelPackage.WinProbability);
                var ranker = new PartnerRanker(fit, win);
                foreach (var fact in facts.Before(asOf))
                    ranker.Apply(fact);
                var id = result.GetValue(account)!;
                var answer =
                    ranker.Rank(new(id, asOf) { Limit = result.GetValue(top) })
                    ?? throw new InvalidDataException(
                        FormattableString.Invariant($"No account '{id}' was seen before {asOf:yyyy-MM-dd}.")
                    );
                if (result.GetValue(JsonOption))
                    Console.WriteLine(JsonSerializer.Serialize(answer, ModelManifest.Json));
                else
                    Print(answer, ranker.State.FindAccount(id)!);
                return 0;
            })
        );
        return command;
    }

    static void Print(Recommendation answer, Account account)
    {
        var models = answer.Fallback is { } fallback
            ? $"baseline {fallback}, no model is live"
            : string.Join(", ", answer.ModelVersions.Select(pair => $"{pair.Key} {pair.Value}"));
        Console.WriteLine(
            FormattableString.Invariant(
                $"{account.Name ?? account.Id} ({account.Id}) as of {answer.AsOf:yyyy-MM-dd}, {answer.Candidates} candidates, {models}"
            )
        );
        foreach (var partner in answer.Partners)
        {
            var chance = (partner.WinProbability, partner.WinProbabilityAlone) switch
            {
                ({ } with, { } alone) => string.Create(CultureInfo.InvariantCulture, $"wins {with:0%}, alone {alone:0%}"),
                ({ } now, null) => string.Create(CultureInfo.InvariantCulture, $"wins {now:0%} as it stands"),
                _ => "win probability unknown",
            };
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{partner.Rank, 3}. {partner.Grade ?? "-"} {partner.Name ?? partner.PartnerId} ({partner.PartnerId}), fit {partner.FitScore:0.00}, {chance}"
                )
            );
            foreach (var reason in partner.Reasons)
                Console.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"       {reason.Contribution:+0.00;-0.00}  {reason.Text}")
                );
            foreach (var caution in partner.Cautions)
                Console.WriteLine($"       !      {caution}");
        }
    }
}
