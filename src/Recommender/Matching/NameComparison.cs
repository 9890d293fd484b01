using Quickenshtein;
using Recommender.CoSell;

namespace Recommender.Matching;

/// <summary>How far two names are one, from the same to nothing in common.</summary>
enum NameLevel
{
    /// <summary>One of them is not known.</summary>
    Unknown,

    /// <summary>The same, legal form included, or both without one.</summary>
    Same,

    /// <summary>The same, and one of them has no legal form.</summary>
    SameWithoutForm,

    /// <summary>The same, but for another legal form.</summary>
    SameOtherForm,

    /// <summary>The same words in another order.</summary>
    Reordered,

    /// <summary>The same but for a letter.</summary>
    Misspelt,

    /// <summary>The same but for two letters, or the first of a word, which people rarely get wrong.</summary>
    MisspeltTwice,

    /// <summary>The same but for words that say nothing of what a company does, such as Group.</summary>
    GeneralWords,

    /// <summary>Misspelt, and such words differ too.</summary>
    MisspeltGeneralWords,

    /// <summary>One is made of the first letters of the other.</summary>
    Initials,

    /// <summary>One has all words of the other and more.</summary>
    Part,

    /// <summary>They share a word that tells; each has others.</summary>
    SomeWords,

    /// <summary>They share no word that tells.</summary>
    Different,
}

/// <summary>Compares names.</summary>
static class NameComparison
{
    /// <summary>How far two names are one.</summary>
    /// <param name="left">A name; null if unknown.</param>
    /// <param name="right">The other.</param>
    /// <param name="isGeneral">True for words that many names have.</param>
    public static NameLevel Of(CompanyName? left, CompanyName? right, Func<string, bool> isGeneral)
    {
        if (left is null || right is null)
            return NameLevel.Unknown;
        var level = OfWords(left, right, isGeneral);
        var isPlaced = left.Place is not null && right.Place is not null && left.Place != right.Place;
        if (isPlaced && level is not NameLevel.Different)
            return NameLevel.SomeWords;
        if (level != NameLevel.Same)
            return level;
        return left.Form == right.Form ? (left.Place == right.Place ? NameLevel.Same : NameLevel.GeneralWords)
            : left.Form is null || right.Form is null ? NameLevel.SameWithoutForm
            : NameLevel.SameOtherForm;
    }

    static NameLevel OfWords(CompanyName left, CompanyName right, Func<string, bool> isGeneral)
    {
        if (left.Core == right.Core)
            return NameLevel.Same;
        Span<bool> isTakenLeft = stackalloc bool[left.Words.Length];
        Span<bool> isTakenRight = stackalloc bool[right.Words.Length];
        isTakenLeft.Clear();
        isTakenRight.Clear();
        var (shared, edits) = (0, 0);
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < left.Words.Length; i++)
            {
                for (var j = 0; j < right.Words.Length && !isTakenLeft[i]; j++)
                {
                    if (isTakenRight[j])
                        continue;
                    var distance =
                        pass > 0 ? (left.IsGeneral[i] || right.IsGeneral[j] ? 3 : Edits(left.Words[i], right.Words[j]))
                        : left.Words[i] == right.Words[j] ? 0
                        : 3;
                    if (distance > 2)
                        continue;
                    isTakenLeft[i] = isTakenRight[j] = true;
                    if (left.IsGeneral[i] || isGeneral(left.Words[i]))
                        continue;
                    shared++;
                    edits += distance;
                }
            }
        }
        var (moreLeft, neutralLeft) = Rest(left, isTakenLeft);
        var (moreRight, neutralRight) = Rest(right, isTakenRight);
        if (
            left.Words.Length != right.Words.Length
            && moreLeft + moreRight > 0
            && Edits(left.Core, right.Core) is var apart and < 3
        )
            return apart == 1 ? NameLevel.Misspelt : NameLevel.MisspeltTwice;
        if (shared == 0)
            return AreInitials(left, right) || AreInitials(right, left) ? NameLevel.Initials : NameLevel.Different;
        if (moreLeft == 0 && moreRight == 0)
        {
            return neutralLeft + neutralRight > 0
                ? (edits == 0 ? NameLevel.GeneralWords : NameLevel.MisspeltGeneralWords)
                : edits switch
                {
                    0 => NameLevel.Reordered,
                    1 => NameLevel.Misspelt,
                    2 => NameLevel.MisspeltTwice,
                    _ => NameLevel.SomeWords,
                };
        }
        return edits > 1 ? NameLevel.Different
            : moreLeft == 0 || moreRight == 0 ? NameLevel.Part
            : NameLevel.SomeWords;
    }

    /// <summary>Words that the other name does not have: how many tell, if only of the trade, and how many say nothing of it.</summary>
    static (int Telling, int Neutral) Rest(CompanyName name, ReadOnlySpan<bool> isTaken)
    {
        var (telling, neutral) = (0, 0);
        for (var i = 0; i < isTaken.Length; i++)
        {
            if (isTaken[i])
                continue;
            if (GeneralWords.IsNeutral(name.Words[i]))
                neutral++;
            else
                telling++;
        }
        return (telling, neutral);
    }

    static bool AreInitials(CompanyName few, CompanyName many) =>
        few.Words.Length == 1 && few.Core.Length is > 2 and < 7 && few.Core == many.Initials;

    /// <summary>True if a letter, or of longer words two, are missing, too many, others or swapped.</summary>
    public static bool AreNearly(string left, string right) => Edits(left, right) < 3;

    /// <summary>
    /// How many letters are missing, too many, others or swapped (Damerau 1964): 1, of longer words 2 too; 3 if more. The first counts twice.
    /// </summary>
    static int Edits(string left, string right)
    {
        var shorter = Math.Min(left.Length, right.Length);
        var most = shorter < 8 ? 1 : 2;
        if (shorter < 4 || Math.Abs(left.Length - right.Length) > most)
            return 3;
        // Digits tell: Studio 54 is not Studio 55.
        if (left.AsSpan().ContainsAnyInRange('0', '9') || right.AsSpan().ContainsAnyInRange('0', '9'))
            return 3;
        var distance = Levenshtein.GetDistance(left, right);
        return distance == 2 && AreSwapped(left, right) ? 1
            : distance > most ? 3
            : left[0] != right[0] ? 2
            : distance;
    }

    static bool AreSwapped(string left, string right)
    {
        if (left.Length != right.Length)
            return false;
        var at = left.AsSpan().CommonPrefixLength(right);
        return at + 1 < left.Length
            && left[at] == right[at + 1]
            && left[at + 1] == right[at]
            && left.AsSpan(at + 2).SequenceEqual(right.AsSpan(at + 2));
    }
}
