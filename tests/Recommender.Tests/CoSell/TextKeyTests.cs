using System.Globalization;
using System.Text;
using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Tests.Nouns;

/// <summary>What people see as the same is the same, and what they see as different is not.</summary>
public class TextKeyTests
{
    [Theory]
    [InlineData("Straße", "STRASSE", true)]
    [InlineData("ΣΊΣΥΦΟΣ", "σίσυφος", true)]
    [InlineData("Ｒｅｔａｉｌ", "retail", true)]
    [InlineData("re\u00adtail", "retail", true)]
    [InlineData("retail\u200b", "retail", true)]
    [InlineData("\ufeffretail", "retail", true)]
    [InlineData(" retail \t banking ", "Retail Banking", true)]
    [InlineData("retail\u00a0banking", "Retail Banking", true)]
    [InlineData("Zu\u0308rich", "Z\u00fcrich", true)]
    [InlineData("ﬁnance", "Finance", true)]
    [InlineData("North–West", "North-West", true)]
    [InlineData("O’Neill", "O'Neill", true)]
    [InlineData("ı", "i", false)]
    [InlineData("Zurich", "Zürich", false)]
    [InlineData("ab", "a b", false)]
    [InlineData("a", "а", false)]
    public void Keys_are_equal_where_people_see_the_same(string left, string right, bool areSame)
    {
        Assert.Equal(areSame, TextKey.Of(left) == TextKey.Of(right));
        Assert.Equal(areSame, TextKey.AreSame(left, right));
        Assert.Equal(areSame, TextKey.Comparer.Equals(left, right));
    }

    [Theory]
    [InlineData("Zürich", "zurich")]
    [InlineData("Ørsted", "orsted")]
    [InlineData("Łódź", "lodz")]
    [InlineData("Bærum", "baerum")]
    [InlineData("ĐURO", "duro")]
    [InlineData("Kadıköy", "kadikoy")]
    [InlineData("İstanbul", "istanbul")]
    [InlineData("Weißbier", "weissbier")]
    [InlineData("かが", "かが")]
    [InlineData("नमस्ते", "नमस्ते")]
    public void Search_is_as_people_type_without_accents(string name, string typed) =>
        Assert.Equal(TextKey.Of(typed), TextKey.Search(name));

    [Theory]
    [InlineData("Müller Überlingen GmbH", "mueller", "muller", "Müller", "MUELLER UEBERLINGEN", "mueller überlingen")]
    [InlineData("Søren Ørsted A/S", "oersted", "orsted", "ørsted", "soeren")]
    [InlineData("Söhne & Co", "soehne", "sohne")]
    [InlineData("Århus Havn", "aarhus", "arhus")]
    [InlineData("ПАО Газпром", "gazprom", "газпром", "GAZPROM", "pao gazprom")]
    [InlineData("Йошкар-Ола Щит", "yoshkar ola", "shchit", "йошкар")]
    [InlineData("Εθνική Τράπεζα", "trapeza", "τραπεζα", "ethniki")]
    [InlineData("Ούζο Πλωμάρι", "ouzo plomari")]
    [InlineData("O’Reilly Media", "oreilly", "o'reilly", "O’Reilly")]
    [InlineData("Coop-Bank", "coop bank", "coopbank", "coop-bank", "coop–bank")]
    [InlineData("Coop Bank", "coop-bank")]
    [InlineData("Mueller", "müller")]
    [InlineData("日本 😀 Holding", "日本", "holding", "😀")]
    public void A_name_is_found_however_people_type_it(string name, params string[] typed)
    {
        var index = new NameIndex();
        index.Set(0, name, "A-1");
        index.Set(1, "Another", "A-2");
        Assert.All(typed, text => Assert.Equal([0], index.Find(text)));
        Assert.Empty(index.Find("zz"));
        Assert.Equal([0, 1], index.Find("a-").Order());
    }

    /// <summary>Search alone is wide: rules and filters compare as before.</summary>
    [Fact]
    public void Two_spellings_are_no_one_name_where_rules_compare()
    {
        Assert.False(TextKey.AreSame("Müller", "Mueller"));
        Assert.False(TextKey.AreSame("Газпром", "Gazprom"));
        Assert.Equal("muller", TextKey.Search("Müller"));
        Assert.Equal("газпром", TextKey.Search("Газпром"));
    }

    [Fact]
    public void Every_text_is_found_by_itself() =>
        Texts.Sample(
            text =>
            {
                Assert.Equal(TextKey.Search(text), Spellings.Of(text)[0]);
                Assert.Equal(Spellings.Of(text), Spellings.Of(text).Distinct());
            },
            iter: 5_000
        );

    static Gen<string> Texts =>
        Gen.OneOf(
                Gen.Int[0x20, 0x7e],
                Gen.Int[0xa0, 0x24f],
                Gen.Int[0x300, 0x36f],
                Gen.Int[0x370, 0x52f],
                Gen.Int[0x1e00, 0x1fff],
                Gen.Int[0x2000, 0x2070],
                Gen.Int[0x3040, 0x30ff],
                Gen.Int[0xac00, 0xacff],
                Gen.Int[0xff00, 0xffef],
                Gen.Int[0x1f600, 0x1f64f],
                Gen.Int[0, 0x10ffff]
            )
            .Array[0, 12]
            .Select(runes =>
                string.Concat(runes.Select(rune => Rune.IsValid(rune) ? new Rune(rune).ToString() : ((char)rune).ToString()))
            );

    [Fact]
    public void A_key_hangs_on_nothing_that_people_do_not_see() =>
        Gen.Select(Texts, Gen.Int[0, 20])
            .Sample(
                (text, place) =>
                {
                    var key = TextKey.Of(text);
                    Assert.Equal(key, TextKey.Of(key));
                    Assert.Equal(key, TextKey.Of(" \t" + text + "\u00a0"));
                    Assert.Equal(TextKey.Search(text), TextKey.Search(key));
                    Assert.Equal(TextKey.Search(text), TextKey.Search(TextKey.Search(text)));
                    var runes = text.EnumerateRunes().ToList();
                    var at = Math.Min(place, runes.Count);
                    Assert.Equal(
                        TextKey.Of(string.Concat(runes)),
                        TextKey.Of(string.Concat(runes[..at]) + "\u200b" + string.Concat(runes[at..]))
                    );
                    var valid = string.Concat(runes);
                    foreach (
                        var form in (NormalizationForm[])
                            [NormalizationForm.FormC, NormalizationForm.FormD, NormalizationForm.FormKC, NormalizationForm.FormKD]
                    )
                        Assert.Equal(key, TextKey.Of(valid.Normalize(form)));
                    // A Greek iota below by itself has a letter for its capital.
                    if (!valid.Contains('\u0345', StringComparison.Ordinal))
                        Assert.Equal(key, TextKey.Of(valid.ToUpperInvariant()));
                    Assert.Equal(key, TextKey.Of(valid.ToLowerInvariant()));
                    Assert.True(TextKey.AreSame(text, key));
                },
                iter: 20_000
            );

    [Fact]
    public void Two_texts_are_the_same_if_and_only_if_their_keys_are() =>
        Gen.Select(Texts, Texts)
            .Sample((left, right) => Assert.Equal(TextKey.Of(left) == TextKey.Of(right), TextKey.AreSame(left, right)));

    [Fact]
    public void A_key_is_the_same_in_every_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("tr-TR");
            Assert.Equal("title", TextKey.Of("TITLE"));
            Assert.Equal("title", TextKey.Search("TİTLE"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Categories_that_people_see_as_one_are_counted_as_one_and_names_are_found_without_accents()
    {
        var state = new HistoryState(History.SmallHistory.Settings.Fold);
        foreach (
            var (id, name, industry) in (IEnumerable<(string, string, string)>)
                [("a1", "Müller Straße", "Retail  Banking"), ("a2", "Ｍuller Strasse", "retail\u00a0banking\u200b")]
        )
            state.Apply(
                new(
                    DateTime.MinValue,
                    FactKind.Account,
                    id,
                    new Account(id, name, industry, null, null, null, null, null, Attributes.None)
                )
            );
        Assert.Equal(1, state.Categories.Count);
        Assert.Equal(2, state.FindAccounts("MULLER  strasse", 10).Count);
        Assert.Equal(2, state.FindAccounts("Müller", 10).Count);
        Assert.Equal("Müller Straße", state.FindAccount("a1")!.Name);
    }

    [Fact]
    public void Filters_and_products_are_compared_as_people_do()
    {
        var partner = new Partner(
            "p1",
            "Peer",
            "Système intégrateur",
            "GOLD\u00a0",
            "Retail|Zu\u0308rich",
            null,
            null,
            null,
            Attributes.None
        );
        Assert.True(
            new PartnerFilter
            {
                PartnerTypes = ["SYSTÈME  INTÉGRATEUR"],
                Tiers = ["gold"],
                Industries = ["ZÜRICH"],
            }.Admits(partner, null, false)
        );
        Assert.False(new PartnerFilter { Tiers = ["silver"] }.Admits(partner, null, false));
        Assert.True(
            new DealRegistration("r1", "p1", "a1", "Data\u00a0Platform", default, "approved", null, null).IsAbout(
                "data  platform"
            )
        );
    }
}
