using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

public class NameIndexTests
{
    [Fact]
    public void A_search_finds_what_looking_at_every_name_finds_also_after_names_changed()
    {
        var name = Gen.Char["abcABäßж'- \n\u00a0"].Array[0, 6].Select(chars => new string(chars));
        Gen.Select(
                Gen.Select(Gen.Int[0, 30], name, name).Array[1, 200],
                Gen.Char["abcABÄsЖ'- "].Array[1, 3].Select(chars => new string(chars))
            )
            .Sample(
                (changes, query) =>
                {
                    var index = new NameIndex();
                    var sought = Spellings.Of(query);
                    bool IsFound(IEnumerable<string> keys) =>
                        sought[0].Length > 0 && keys.Any(key => sought.Any(one => key.Contains(one, StringComparison.Ordinal)));
                    var names = new Dictionary<int, (string, string)>();
                    foreach (var (owner, first, second) in changes)
                    {
                        index.Set(owner, first, second);
                        names[owner] = (first, second);
                    }
                    var expected = names
                        .Where(pair => IsFound(Spellings.Of(pair.Value.Item1)) || IsFound([TextKey.Search(pair.Value.Item2)]))
                        .Select(pair => pair.Key)
                        .Order();
                    Assert.Equal(expected, index.Find(query).Order());
                }
            );
    }

    [Fact]
    public void Many_changes_of_few_names_are_cleaned_up_and_nothing_is_lost()
    {
        var index = new NameIndex();
        for (var i = 0; i < 20_000; i++)
            index.Set(i % 7, $"name {i}", null);
        Assert.Equal(Enumerable.Range(0, 7), index.Find("NAME").Order());
        Assert.Single(index.Find("name 19999"));
        Assert.Empty(index.Find("name 12345"));
    }

    [Fact]
    public void Accounts_whose_name_begins_with_the_text_come_first_and_pages_do_not_overlap()
    {
        var state = new HistoryState(
            new()
            {
                MaturityDays = 0,
                Dimensions = [],
                Measures = [],
                PartnerTraits = [],
                Files = [],
            }
        );
        string[] names = ["Lakeside", "Blake", "lake", "Zlakes", "Other", "LAKE"];
        for (var i = 0; i < names.Length; i++)
            state.Apply(
                new(
                    Sample.AsOf,
                    FactKind.Account,
                    $"A{i}",
                    new Account($"A{i}", names[i], null, null, null, null, null, null, Attributes.None)
                )
            );
        Assert.Equal(["A2", "A5", "A0", "A1", "A3"], state.FindAccounts("lake", 10).Select(account => account.Id));
        Assert.Equal(["A2", "A5"], state.FindAccounts("lake", 2).Select(account => account.Id));
    }

    [Fact]
    public void An_instant_is_read_as_it_was_written_and_what_is_none_is_refused()
    {
        Gen.DateTime.Sample(at =>
        {
            var instant = new DateTime(at.Ticks - at.Ticks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);
            Assert.Equal(instant, Instants.OfText(Instants.Text(instant)));
        });
        foreach (
            var text in (string[])
                [
                    "",
                    "2026-01-01",
                    "2026-02-30T00:00:00.000Z",
                    "2026-01-01T24:00:00.000Z",
                    "2026-01-01T00:00:00.00xZ",
                    "2026-13-01T00:00:00.000Z",
                ]
        )
            Assert.Throws<FormatException>(() => Instants.OfText(text));
    }
}
