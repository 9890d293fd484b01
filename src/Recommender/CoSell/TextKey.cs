using System.Globalization;
using System.Text;

namespace Recommender.CoSell;

/// <summary>
/// Texts as people compare them: whatever the case, the width, the marks that nobody sees, the blanks and the way accents are encoded, in
/// every culture alike. A key is for comparing; what is shown is the text as it came.
/// </summary>
public static class TextKey
{
    /// <summary>Compares texts by their keys.</summary>
    public static IEqualityComparer<string> Comparer { get; } = new ByKey();

    /// <summary>The key of a text: two texts have the same if people see the same.</summary>
    public static string Of(string text)
    {
        if (Ascii.IsValid(text))
            return IsKey(text) ? text : Tidy(text.ToLowerInvariant());
        // Folding may bring out what folds again.
        for (string key; (key = Fold(text)) != text; text = key) { }
        return text;
    }

    /// <summary>The key by which a text is looked for: accents and letters of few languages are as people type them without.</summary>
    public static string Search(string text)
    {
        var key = Of(text);
        if (Ascii.IsValid(key))
            return key;
        var letters = new StringBuilder(key.Length);
        foreach (var letter in key.Normalize(NormalizationForm.FormD))
        {
            if (!IsAccent(letter))
                letters.Append(Plain(letter) ?? letter.ToString());
        }
        return Tidy(letters.ToString().Normalize(NormalizationForm.FormC));
    }

    /// <summary>True if two texts have the same key.</summary>
    public static bool AreSame(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        left = left.Trim();
        right = right.Trim();
        return left.Equals(right, StringComparison.OrdinalIgnoreCase)
            || !(IsTidy(left) && IsTidy(right)) && Of(left.ToString()) == Of(right.ToString());
    }

    /// <summary>True if nothing but the case of its letters tells a text from its key.</summary>
    static bool IsTidy(ReadOnlySpan<char> text)
    {
        if (!Ascii.IsValid(text))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] < ' ' || text[i] == '\x7f' || text[i] == ' ' && i > 0 && text[i - 1] == ' ')
                return false;
        }
        return true;
    }

    static bool IsKey(string text) =>
        IsTidy(text) && text.AsSpan().IndexOfAnyInRange('A', 'Z') < 0 && text is not ([' ', ..] or [.., ' ']);

    static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        // Half a pair and what is no character cannot be normalised.
        var whole = string.Concat(text.EnumerateRunes().Where(rune => (rune.Value & 0xfffe) != 0xfffe));
        foreach (var rune in whole.Normalize(NormalizationForm.FormKD).EnumerateRunes())
        {
            if (IsUnseen(rune))
                continue;
            // The Greek iota below is a mark in one case and a letter in the other.
            var lower = rune.Value == 0x345 ? rune : Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune));
            folded.Append(
                lower.Value switch
                {
                    'ß' => "ss",
                    >= 0x2010 and <= 0x2015 or 0x2212 => "-",
                    0x2018 or 0x2019 or 0x2bc or 0x2032 => "'",
                    _ => lower.ToString(),
                }
            );
        }
        return Tidy(folded.ToString().Normalize(NormalizationForm.FormKC));
    }

    /// <summary>Blanks as one space each, none at the ends; nothing else that controls.</summary>
    static string Tidy(string text)
    {
        var tidy = new StringBuilder(text.Length);
        var isBlank = false;
        foreach (var letter in text)
        {
            if (char.IsWhiteSpace(letter))
                isBlank = tidy.Length > 0;
            else if (!char.IsControl(letter))
            {
                if (isBlank)
                    tidy.Append(' ');
                tidy.Append(letter);
                isBlank = false;
            }
        }
        return tidy.ToString();
    }

    /// <summary>Zero-width characters, soft hyphens, marks of direction and variation, fillers.</summary>
    static bool IsUnseen(Rune rune) =>
        Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format
        || rune.Value is 0x34f or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or (>= 0x180b and <= 0x180f) or (>= 0xfe00 and <= 0xfe0f)
        || rune.Value is >= 0xe0100 and <= 0xe01ef;

    static bool IsAccent(char letter) =>
        letter is (>= '\u0300' and <= '\u036f') or (>= '\u1ab0' and <= '\u1aff') or (>= '\u1dc0' and <= '\u1dff');

    static string? Plain(char letter) =>
        letter switch
        {
            'ø' => "o",
            'ł' => "l",
            'đ' or 'ð' => "d",
            'æ' => "ae",
            'œ' => "oe",
            'þ' => "th",
            'ı' => "i",
            'ħ' => "h",
            'ŧ' => "t",
            'ŋ' => "n",
            'ĸ' => "k",
            'ə' => "e",
            _ => null,
        };

    sealed class ByKey : IEqualityComparer<string>
    {
        public bool Equals(string? x, string? y) => x is null || y is null ? x is null && y is null : AreSame(x, y);

        public int GetHashCode(string text) => Of(text).GetHashCode(StringComparison.Ordinal);
    }
}
