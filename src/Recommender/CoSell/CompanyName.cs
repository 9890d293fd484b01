using System.Text;
using AnyAscii;

namespace Recommender.CoSell;

/// <summary>
/// A company's name as it is compared: in Latin letters without accents, an umlaut and the two letters that stand for it alike, without the
/// legal form, articles and punctuation.
/// </summary>
sealed record CompanyName
{
    static readonly HashSet<string> _onlyWithCountry = ["de", "com"];

    CompanyName(string text) => Text = text;

    /// <summary>The name as it came.</summary>
    public string Text { get; }

    /// <summary>The words in their order, those that are the same for many names in one spelling.</summary>
    public required string[] Words { get; init; }

    /// <summary>By word: true if many names have it.</summary>
    public required bool[] IsGeneral { get; init; }

    /// <summary>All words written together; empty if nothing is left of the name.</summary>
    public required string Core { get; init; }

    /// <summary>The legal form; null if the name has none.</summary>
    public string? Form { get; private init; }

    /// <summary>The code of the country that the name itself names, such as DE of Acme Deutschland GmbH; null if it names none.</summary>
    public string? Place { get; private init; }

    /// <summary>The first letters of the words, of three words or more; null of fewer.</summary>
    public string? Initials => Words.Length > 2 ? string.Concat(Words.Select(word => word[0])) : null;

    /// <summary>Takes a name apart.</summary>
    public static CompanyName Of(string text)
    {
        var words = WordsOf(text);
        var all = words.ToList();
        var form = LegalForms.Strip(words);
        var place = TakePlace(words);
        words.RemoveAll(GeneralWords.IsUnsaid);
        if (words.Count == 0)
            (words, form, place) = (all, null, null);
        if (words.Count > 1 && _onlyWithCountry.Contains(words[^1]))
            words.RemoveAt(words.Count - 1);
        var general = new bool[words.Count];
        for (var i = 0; i < words.Count; i++)
        {
            if (GeneralWords.Of(words[i]) is { } word)
                (words[i], general[i]) = (word, true);
            else
                (words[i], general[i]) = (Reduced(words[i]), GeneralWords.IsUnsaid(words[i]));
        }
        return new(text)
        {
            Words = [.. words],
            IsGeneral = general,
            Core = string.Concat(words),
            Form = form,
            Place = place,
        };
    }

    /// <summary>The words of a text: letters and digits in lower case ASCII. Letters that points part are one word, as in S.p.A.</summary>
    static List<string> WordsOf(string text)
    {
        var latin = (Ascii.IsValid(text) ? text : LegalForms.WithLatinForms(text).Transliterate()).ToLowerInvariant();
        var words = new List<string>();
        var word = new StringBuilder();
        void End()
        {
            if (word.Length > 0)
                words.Add(word.ToString());
            word.Clear();
        }
        for (var i = 0; i < latin.Length; i++)
        {
            var c = latin[i];
            if (char.IsAsciiLetterOrDigit(c))
                word.Append(c);
            else if (c is '\'' or '`')
                continue;
            else if (c is '.' or '/' && word.Length == 1 && IsOneLetter(latin, i + 1))
                continue;
            else if (c == '.' && word.Length > 1 && IsSpelt(latin, i, word.Length) && IsOneLetter(latin, i + 1))
                continue;
            else
            {
                End();
                if (c is '&' or '+')
                    words.Add("and");
            }
        }
        End();
        return words;
    }

    /// <summary>True if one letter stands at a place, and no more.</summary>
    static bool IsOneLetter(string text, int at) =>
        at < text.Length && char.IsAsciiLetter(text[at]) && (at + 1 == text.Length || !char.IsAsciiLetterOrDigit(text[at + 1]));

    /// <summary>True if the letters before a point were parted by points themselves.</summary>
    static bool IsSpelt(string text, int at, int letters) => at >= 2 * letters - 1 && text[at - 2] == '.';

    /// <summary>
    /// Takes off the country at the end of a name, as in Acme Deutschland; not where it is of the name itself, as in Bank of America, or no
    /// word that tells would be left.
    /// </summary>
    static string? TakePlace(List<string> words)
    {
        for (var length = 2; length > 0; length--)
        {
            var at = words.Count - length;
            if (at < 1 || !Countries.MayBegin(words[at]) || words[at - 1] is "of" or "de" or "du" or "von" or "for")
                continue;
            var named = length == 1 ? words[at] : $"{words[at]} {words[at + 1]}";
            var code = Countries.Named(named) ?? (named is "uk" or "usa" ? Countries.CodeOf(named) : null);
            if (code is null || words.Take(at).All(word => GeneralWords.IsUnsaid(word) || GeneralWords.Of(word) is not null))
                continue;
            words.RemoveRange(at, length);
            return code;
        }
        return null;
    }

    static bool MayBeReduced(string word)
    {
        for (var i = 1; i < word.Length; i++)
        {
            if (
                word[i] == 'e' && word[i - 1] is ('a' or 'o' or 'u')
                || word[i] == 'a' && word[i - 1] == 'a'
                || word[i] == 's' && word[i - 1] is ('k' or 's')
            )
                return true;
        }
        return false;
    }

    /// <summary>A word as it is written by those who spell ä as ae and by those who leave the points out.</summary>
    static string Reduced(string word)
    {
        if (word.Length < 4 || !MayBeReduced(word))
            return word;
        var reduced = new StringBuilder(word.Length);
        for (var i = 0; i < word.Length; i++)
        {
            var next = i + 1 < word.Length ? word[i + 1] : ' ';
            reduced.Append(word[i] == 'k' && next == 's' ? 'x' : word[i]);
            if (
                word[i] is 'a' or 'o' or 'u' && next == 'e'
                || word[i] == 'a' && next == 'a'
                || word[i] is 'k' or 's' && next == 's'
            )
                i++;
        }
        return reduced.ToString();
    }
}
