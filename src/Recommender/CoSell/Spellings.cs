using System.Text;

namespace Recommender.CoSell;

/// <summary>How people may type a name that they look for: umlauts in two ways, Cyrillic and Greek in Latin letters, hyphens and apostrophes left out.</summary>
static class Spellings
{
    /// <summary>The keys of a text by which it is looked for; the first is <see cref="TextKey.Search"/>.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        var key = TextKey.Search(text);
        var isMarked = IsMarked(key);
        if (!isMarked && Ascii.IsValid(text))
            return [key];
        var keys = new List<string> { key };
        Add(keys, TextKey.Search(InLatin(TextKey.Of(text))));
        foreach (var one in isMarked ? keys.ToList() : [])
        {
            var bare = one.Replace("'", "", StringComparison.Ordinal);
            Add(keys, TextKey.Search(bare.Replace('-', ' ')));
            Add(keys, TextKey.Search(bare.Replace("-", "", StringComparison.Ordinal)));
        }
        return keys;
    }

    static bool IsMarked(string key) => key.AsSpan().ContainsAny('-', '\'');

    static void Add(List<string> keys, string key)
    {
        if (key.Length > 0 && !keys.Contains(key))
            keys.Add(key);
    }

    static string InLatin(string key)
    {
        var latin = new StringBuilder(key.Length);
        foreach (var letter in key)
        {
            if (Latin(letter) is { } known && letter != 'υ')
                latin.Append(known);
            else if (letter is (>= '\u0370' and <= '\u052f') or (>= '\u1f00' and <= '\u1fff'))
            {
                var plain = letter.ToString().Normalize(NormalizationForm.FormD)[0];
                // The Greek ου is one sound.
                latin.Append(plain == 'υ' && latin is [.., 'o'] ? "u" : Latin(plain) ?? letter.ToString());
            }
            else
                latin.Append(letter);
        }
        return latin.ToString();
    }

    static string? Latin(char letter) =>
        letter switch
        {
            'ä' => "ae",
            'ö' or 'ø' => "oe",
            'ü' => "ue",
            'å' => "aa",
            // Cyrillic, as BGN has it.
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' or 'ґ' => "g",
            'д' => "d",
            'е' or 'ё' or 'э' => "e",
            'є' => "ye",
            'ж' => "zh",
            'з' => "z",
            'и' or 'і' => "i",
            'ї' => "yi",
            'й' or 'ы' => "y",
            'ј' => "j",
            'к' => "k",
            'л' => "l",
            'љ' => "lj",
            'м' => "m",
            'н' => "n",
            'њ' => "nj",
            'о' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'ћ' => "c",
            'у' or 'ў' => "u",
            'ф' => "f",
            'х' => "kh",
            'ц' => "ts",
            'ч' => "ch",
            'џ' => "dz",
            'ш' => "sh",
            'щ' => "shch",
            'ъ' or 'ь' => "",
            'ђ' => "dj",
            'ю' => "yu",
            'я' => "ya",
            // Greek.
            'α' => "a",
            'β' => "v",
            'γ' => "g",
            'δ' => "d",
            'ε' => "e",
            'ζ' => "z",
            'η' or 'ι' => "i",
            'θ' => "th",
            'κ' => "k",
            'λ' => "l",
            'μ' => "m",
            'ν' => "n",
            'ξ' => "x",
            'ο' or 'ω' => "o",
            'π' => "p",
            'ρ' => "r",
            'σ' or 'ς' => "s",
            'τ' => "t",
            'υ' => "y",
            'φ' => "f",
            'χ' => "ch",
            'ψ' => "ps",
            _ => null,
        };
}
