using CsCheck;
using Dapper;
using Recommender.Capabilities.CoSellList;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Tests.Fold;

namespace Recommender.Tests.History;

/// <summary>Amounts are compared, summed and learned in one currency, at the day of the deal.</summary>
public sealed class ExchangeRatesTests : CorrectedHistory
{
    static FoldSettings InDollars => SmallHistory.Settings.Fold with { BaseCurrency = "USD" };

    [Theory]
    [InlineData("USD", 1, 1000.0)]
    [InlineData(" usd\u00a0", 1, 1000.0)]
    [InlineData(null, 1, 1000.0)]
    [InlineData("EUR", 1, 2000.0)]
    [InlineData("eur", 15, 2000.0)]
    [InlineData("EUR", 20, 4000.0)]
    [InlineData("EUR", 99, 4000.0)]
    [InlineData("XXX", 1, null)]
    public void A_deal_is_worth_what_it_was_at_its_day(string? currency, int day, double? worth)
    {
        var state = new HistoryState(InDollars);
        foreach (var (since, rate) in ((int, double)[])[(20, 4), (10, 2)])
            state.Apply(Rate("EUR", since, rate));
        Assert.Equal(worth, state.WorthOf(Deal("o1", 1000, currency, day), "USD"));
        // Between two that have rates, whatever those are quoted in.
        state.Apply(Rate("JPY", 1, 0.01));
        Assert.Equal(5, state.WorthOf(Deal("o1", 1000, "JPY", 12), "EUR"));
    }

    /// <summary>The same deal, told in yen: all that is known of it and its partners stays, also by features.</summary>
    [Fact]
    public void A_deal_that_is_told_in_another_currency_keeps_its_features()
    {
        var settings = SmallHistory.Settings with { Fold = InDollars };
        float[] Features(string currency, double amount, bool isCorrected)
        {
            var history = new SmallHistory()
                .Deal("o1", "a1", 5, ["p1", "p2"], closedAfter: 20, won: true)
                .Deal("o2", "a1", 50, ["p2"]);
            var state = new HistoryState(settings.Fold);
            foreach (var fact in history.Facts)
                state.Apply(fact);
            state.Apply(Rate("JPY", 200, 1 / 128.0));
            var was = state.FindOpportunity("o2")!;
            var now = was with { Amount = amount, Currency = currency };
            if (isCorrected)
                state.Apply(new(SmallHistory.At(210), FactKind.OpportunityCreated, "o2", now) { Replaced = was });
            var featurizer = new Featurizer(settings, state);
            featurizer.Look(new(SmallHistory.At(300), now));
            var rows = new List<float>();
            for (var partner = 0; partner < state.PartnerCount; partner++)
            {
                var row = new float[featurizer.PartnerFit.Count];
                featurizer.WritePartnerFit(partner, row);
                var win = new float[featurizer.WinProbability.Count];
                featurizer.WriteWinProbability([partner], win);
                rows.AddRange([.. row, .. win]);
            }
            return [.. rows];
        }
        var dollars = Features("USD", 1000, isCorrected: false);
        Assert.Equal(dollars, Features("jpy ", 128_000, isCorrected: true));
        // The negative controls.
        Assert.NotEqual(dollars, Features("USD", 128_000, isCorrected: true));
        Assert.NotEqual(dollars, Features("XXX", 128_000, isCorrected: true));
    }

    /// <summary>Deals and rates told in any order, corrected and taken back: the fold is that of what stands in the end.</summary>
    [Fact]
    public void Random_rates_and_currencies_fold_to_what_the_final_rows_fold_to()
    {
        string[] currencies = ["USD", "EUR", "eur", "JPY", "XXX"];
        var changes = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[1, 40], Gen.Int[1, 9]);
        changes
            .Array[1, 40]
            .Sample(all =>
            {
                var told = Seen();
                var rates = new Dictionary<(string, int), ExchangeRate>();
                var deals = new Dictionary<string, Opportunity>();
                foreach (var (kind, pick, deal, day, number) in all)
                {
                    var key = (currencies[pick], 10 * (day % 4));
                    var rate = new ExchangeRate(key.Item1, SmallHistory.At(key.Item2), number / 2.0);
                    var isThere = rates.TryGetValue(key, out var before);
                    if (kind == 0)
                    {
                        told.Apply(Fact(FactKind.ExchangeRate, key.ToString(), rate) with { Replaced = before });
                        rates[key] = rate;
                    }
                    else if (kind == 1 && isThere)
                    {
                        told.Apply(Fact(FactKind.ExchangeRate, key.ToString(), before!) with { IsRetraction = true });
                        rates.Remove(key);
                    }
                    else
                    {
                        var row = Deal($"o{deal}", 100 * number, currencies[pick], day);
                        var isKnown = deals.TryGetValue($"o{deal}", out var was);
                        told.Apply(Fact(FactKind.OpportunityCreated, $"o{deal}", row) with { Replaced = was });
                        if (!isKnown)
                            told.Apply(Fact(FactKind.Engagement, $"e{deal}", new Engagement($"e{deal}", row.Id, "p1", null, At)));
                        deals[$"o{deal}"] = row;
                    }
                }
                var final = Seen();
                foreach (var (key, deal) in deals)
                {
                    final.Apply(Fact(FactKind.OpportunityCreated, key, deal));
                    final.Apply(
                        Fact(FactKind.Engagement, "e" + key[1..], new Engagement("e" + key[1..], deal.Id, "p1", null, At))
                    );
                }
                foreach (var (key, rate) in rates)
                    final.Apply(Fact(FactKind.ExchangeRate, key.ToString(), rate));
                foreach (var (key, deal) in deals)
                {
                    Assert.Equal(final.WorthOf(deal, "USD"), told.WorthOf(deal, "USD"));
                    Assert.Equal(final.WorthOf(deal, "USD") ?? double.NaN, told.FindOpportunityState(key)!.Measures[0]);
                }
                var (one, other) = (Sums(told), Sums(final));
                Assert.Equal(other.Count, one.Count);
                Assert.Equal(other.Sum, one.Sum, 1e-6);
            });

        static (int Count, double Sum, double Squares) Sums(HistoryState state) => state.PartnerStates[0].Measures[0];

        static HistoryState Seen()
        {
            var state = new HistoryState(InDollars);
            state.Apply(
                Fact(FactKind.Partner, "p1", new Partner("p1", null, null, null, null, null, null, null, Attributes.None))
            );
            return state;
        }
    }

    static DateTime At => SmallHistory.At(100);

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Rates_come_by_file_and_by_call_and_the_live_fold_is_that_of_the_database(string engine)
    {
        var store = Open(engine);
        Folder("one", opportunity: "o1,a1,core,1000,2024-01-10,,,open", tier: "silver");
        Write(
            "one",
            "exchange_rates.csv",
            "currency,date,rate",
            "EUR,2023-01-01,2",
            "JPY,2023-01-01,0.0066612345",
            "KRW,2023-01-01,1350",
            "GBP,2023-01-01,",
            "CHF,2023-01-01,0"
        );
        var summary = Import(store, "one");
        Assert.Equal(
            (3, 2),
            summary
                .Tables.Where(table => table.File == "exchange_rates.csv")
                .Select(table => (table.Accepted, table.Rejected))
                .Single()
        );
        // A rate that seems to be the other way round is told of, and one of the yen is kept as it came.
        var doubt = Assert.Single(summary.Warnings, warning => warning.Field == "rate");
        Assert.Equal(("1350", 1L), (doubt.Value, doubt.Rows));
        Assert.Contains("other way round", doubt.Meaning, StringComparison.Ordinal);
        Assert.Equal(0.0066612345, store.Find(FactTables.ExchangeRates, "JPY\u001f2023-01-01T00:00:00.000Z")!.Value.Row["rate"]);
        await using var history = LiveHistory.Open(
            store,
            TimeProvider.System,
            [Settings with { BaseCurrency = "USD" }],
            cancel: TestContext.Current.CancellationToken
        );
        double? Worth() =>
            history.Fold.Read(_ => history.Fold.States[0].WorthOf(history.Fold.States[0].FindOpportunity("o1")!, "USD"));
        await Write(history, NewDeal("o1", "a1", "2024-01-10").With("amount", 1000.0).With("currency", "Eur "));
        Assert.Equal(2000, Worth());
        await Write(
            history,
            Row(
                "exchange_rates",
                new
                {
                    currency = "EUR",
                    date = "2024-01-01",
                    rate = 1.25,
                }
            )
        );
        Assert.Equal(1250, Worth());
        await Write(history, NewDeletion("exchange_rates", "EUR|2024-01-01", "2024-05-01"));
        Assert.Equal(2000, Worth());
        history.Fold.Read(asOf =>
        {
            var again = new HistoryState(Settings with { BaseCurrency = "USD" });
            foreach (var fact in store.ReadApplied(DateTime.MaxValue, asOf))
                again.Apply(fact);
            Assert.Equal(StateText.Of(again, asOf), StateText.Of(history.Fold.States[0], asOf));
            return 0;
        });
    }

    /// <summary>A database of before, whose rates say what a unit of the base currency buys.</summary>
    [Fact]
    public void Rates_that_were_kept_the_other_way_round_are_inverted_once()
    {
        var path = InFolder["before.db"];
        using (var connection = new SqliteHistoryStore(path).Connect())
            connection.Execute(
                """
                ALTER TABLE exchange_rates RENAME COLUMN date TO since;
                DELETE FROM SchemaVersions WHERE ScriptName LIKE '%0011_rates_into_base.sql';
                INSERT INTO exchange_rates (currency, since, rate, seen_at, applied_at, is_change, fingerprint)
                VALUES ('JPY', '2024-01-01T00:00:00.000Z', 150, '2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00.000Z', 1, 7),
                       ('XXX', '2024-01-01T00:00:00.000Z', 0, '2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00.000Z', 0, 8);
                INSERT INTO superseded_facts (table_name, is_end, row_key, applied_at, seen_at, is_change, row_values, until_applied_at, until_seen_at)
                VALUES ('exchange_rates', 0, 'JPY' || char(31) || '2024-01-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z', 0,
                        '["JPY","2024-01-01T00:00:00.000Z",125,null]', '2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00.000Z');
                """
            );
        for (var start = 0; start < 2; start++)
        {
            var store = new SqliteHistoryStore(path);
            Assert.Equal(
                [0.008, 0.006666666667, 0],
                store.ReadFacts(DateTime.MaxValue).Select(fact => fact.Noun).OfType<ExchangeRate>().Select(rate => rate.Rate)
            );
        }
    }

    [Fact]
    public void A_history_with_rates_is_learned_in_the_currency_of_most_deals_and_not_by_currency()
    {
        var deals = Enumerable.Range(0, 30).Select(i => Deal($"o{i}", 100 * (i + 1), i % 3 == 0 ? "EUR" : " usd", i)).ToList();
        var facts = deals
            .Select(deal => new DatedFact(deal.CreatedAt, FactKind.OpportunityCreated, deal.Id.Value, deal))
            .ToList();
        FoldSettings Of(string? setting, params string[] files) => HistoryProfile.Of(facts, files, At, 0.95, setting).Fold;
        Assert.Equal("USD", Of(null, "exchange_rates").BaseCurrency);
        Assert.Equal("EUR", Of("eur", "exchange_rates").BaseCurrency);
        Assert.DoesNotContain(Of(null, "exchange_rates").Dimensions, dimension => dimension.Name == "currency");
        // Without rates as before: nothing can be converted.
        Assert.Null(Of(null).BaseCurrency);
        Assert.Contains(Of(null).Dimensions, dimension => dimension.Name == "currency");
    }

    [Fact]
    public void The_list_ranks_by_worth_and_those_without_a_rate_after_the_others_by_what_a_partner_adds()
    {
        var state = new HistoryState(InDollars);
        state.Apply(Rate("JPY", 1, 1 / 128.0));
        var index = new OpportunityIndex();
        foreach (
            var (deal, lift) in (IEnumerable<(Opportunity, double)>)
                [
                    (Deal("small", 100, "USD", 5), 0.1),
                    (Deal("yen", 128_000, "JPY", 5), 0.1),
                    (Deal("dollars", 2000, "USD", 5), 0.1),
                    (Deal("unknown-less", 1e9, "XXX", 5), 0.1),
                    (Deal("unknown", 1, "XXX", 5), 0.2),
                ]
        )
            index.Set(deal.Id, new(deal, At, [new("p1", lift, 0.5)]));
        var found = index.Find(null, null, deal => state.WorthOf(deal, "USD"), _ => 1, 0, 10, out var total);
        Assert.Equal(["dollars", "yen", "small", "unknown", "unknown-less"], found.Select(one => one.Entry.Deal.Id.Value));
        Assert.Equal(5, total);
        Assert.Equal(
            [new("USD", 2, 2100, 2100), new("XXX", 2, 1e9 + 1, null), new CurrencyTotal("JPY", 1, 128_000, 1000)],
            CurrencyTotals.Of(state, "USD", index.Deals)
        );
    }

    static DatedFact Fact(FactKind kind, string key, object noun) => new(At, kind, key, noun);

    static DatedFact Rate(string currency, int since, double rate) =>
        Fact(FactKind.ExchangeRate, $"{currency}{since}", new ExchangeRate(currency, SmallHistory.At(since), rate));

    static Opportunity Deal(string id, double amount, string? currency, int day) =>
        new(id, "a1", "core", amount, currency, SmallHistory.At(day), null, null, Outcome.Open, null, Attributes.None);
}
