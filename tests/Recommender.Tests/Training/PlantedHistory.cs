using Recommender.CoSell;

namespace Recommender.Tests.Training;

/// <summary>A history in which one thing is planted, and nothing else is to be found.</summary>
static class PlantedHistory
{
    public const int Days = 3 * 365;

    public static DateTime First { get; } = Sample.Day(2020, 1, 1);

    /// <summary>
    /// 400 accounts, 120 partners of unlike popularity; two deals a day or <paramref name="deals"/>, each with one partner,
    /// closed thirty days later, that <paramref name="partner"/> picks by industry, product and another number from 0 to 119.
    /// </summary>
    public static List<DatedFact> Of(
        Func<int, int>? deals = null,
        Func<int, int>? amount = null,
        Func<int, int, double>? chance = null,
        Func<int, int>? partners = null,
        Func<int, int, int, int>? partner = null
    )
    {
        var random = new Random(3);
        var facts = new List<DatedFact>();
        for (var a = 0; a < 400; a++)
        {
            var id = $"A{a:000}";
            var created = First.AddDays(-(a % 300));
            facts.Add(
                new(
                    First,
                    FactKind.Account,
                    id,
                    new Account(id, id, $"industry {a % 7}", "DE", $"region {a % 5}", 100 + a, null, created, Attributes.None)
                )
            );
        }
        for (var p = 0; p < 120; p++)
        {
            var id = $"P{p:000}";
            facts.Add(
                new(
                    First,
                    FactKind.Partner,
                    id,
                    new Partner(id, id, $"kind {p % 3}", null, null, null, null, null, Attributes.None)
                )
            );
        }
        var count = 0;
        for (var day = 0; day < Days; day++)
        {
            for (var i = 0; i < (deals?.Invoke(day) ?? 2); i++)
            {
                var (at, id) = (First.AddDays(day), $"O{count++:00000}");
                var (account, product) = (random.Next(400), random.Next(4));
                var deal = new Opportunity(
                    id,
                    $"A{account:000}",
                    $"product {product}",
                    (1000 + 9000 * random.NextDouble()) * (amount?.Invoke(day) ?? 1),
                    "EUR",
                    at,
                    null,
                    null,
                    Outcome.Open,
                    null,
                    Attributes.None
                );
                var some = partners?.Invoke(day) ?? 120;
                var number = Math.Min(random.Next(some), random.Next(some));
                number = partner?.Invoke(account % 7, product, number) ?? number;
                facts.Add(new(at, FactKind.OpportunityCreated, id, deal));
                facts.Add(new(at, FactKind.Engagement, id, new Engagement("E" + id, id, $"P{number:000}", "co_sell", at)));
                var closed = deal with
                {
                    ClosedAt = at.AddDays(30),
                    Outcome = random.NextDouble() < (chance?.Invoke(day, number) ?? 0.5) ? Outcome.Won : Outcome.Lost,
                };
                facts.Add(new(at.AddDays(30), FactKind.OpportunityClosed, id, closed));
            }
        }
        return [.. facts.Order()];
    }
}
