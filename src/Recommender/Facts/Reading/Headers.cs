using System.Collections.Concurrent;
using System.Text;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Names of columns as people and CRMs write them.</summary>
static class Headers
{
    const int MostKept = 10_000;
    static readonly ConcurrentDictionary<(FactTable, string), FactColumn?> _mistaken = [];

    /// <summary>Columns whose absence changes what a row means or teaches.</summary>
    static readonly string[] _teaching =
    [
        "outcome",
        "closed_at",
        "created_at",
        "amount",
        "recorded_at",
        "until",
        "expires_at",
        "status",
        "ended_at",
        "started_at",
        "expected_close_at",
        "currency",
        "decided_at",
        "joined_at",
    ];

    /// <summary>A name without white space at its ends, NUL and marks that nobody sees.</summary>
    public static string Clean(string name)
    {
        var visible = ValueReader.Visible(name.Replace("\0", "", StringComparison.Ordinal)).Trim();
        // Blanks and signs of other widths are those of the usual one; a name that is no text stays as it came.
        return visible.AsSpan().ContainsAny('\uFFFE', '\uFDD0') || visible.Any(char.IsSurrogate)
            ? visible
            : visible.Normalize(NormalizationForm.FormKC);
    }

    /// <summary>The column of a table that a name is nearly that of; null if there is none.</summary>
    /// <param name="table">Whose columns.</param>
    /// <param name="name">As <see cref="Clean"/> has it.</param>
    /// <param name="isSame">True if it differs only in case, blanks and marks.</param>
    public static FactColumn? Near(FactTable table, string name, out bool isSame)
    {
        var plain = Plain(name);
        var column = table.Columns.FirstOrDefault(column => Plain(column.Name) == plain);
        isSame = column is not null;
        if (column is null && plain is "id" or "recordid")
            return table.Columns[0].Kind == ColumnKind.Text && table.KeyLength == 1 ? table.Columns[0] : null;
        // Whoever made a row is not when it was made.
        if (column is not null || plain.EndsWith("by", StringComparison.Ordinal))
            return column;
        return table.Columns.FirstOrDefault(one => HeaderNames.IsOf(one.Name, plain))
            ?? table.Columns.FirstOrDefault(one =>
                Distance(Plain(one.Name), plain)
                <= (
                    plain.Length >= 9 ? 2
                    : plain.Length >= 5 ? 1
                    : 0
                )
            );
    }

    /// <summary>The column of a table that a property of a row must not stand for: one that it is but for case, blanks and marks, or nearly one that teaches.</summary>
    public static FactColumn? Mistaken(FactTable table, string name)
    {
        if (_mistaken.TryGetValue((table, name), out var known))
            return known;
        var column = Near(table, name, out var isSame);
        if (!isSame && column is not null && !IsTeaching(column))
            column = null;
        if (_mistaken.Count < MostKept)
            _mistaken[(table, name)] = column;
        return column;
    }

    /// <summary>How a deal ended whose stage or state is called so: won or lost; null if that does not say.</summary>
    public static string? Ending(string word)
    {
        if (word.Length is < 3 or > 40)
            return null;
        Span<char> letters = stackalloc char[word.Length];
        var length = 0;
        foreach (var c in word)
        {
            if (char.IsLetter(c))
                letters[length++] = char.ToLowerInvariant(c);
        }
        return letters[..length] switch
        {
            "won" or "closedwon" or "dealwon" or "closedaswon" or "wonclosed" or "win" or "gewonnen" => "won",
            "lost" or "closedlost" or "deallost" or "closedaslost" or "lostclosed" or "loss" or "verloren" => "lost",
            _ => null,
        };
    }

    /// <summary>True if a name is another but for case, blanks, marks, or one or two letters.</summary>
    public static bool IsNearly(string name, string other) => Distance(Plain(name), Plain(other)) <= (other.Length >= 8 ? 2 : 1);

    /// <summary>True if a column's absence changes what a row means or teaches.</summary>
    public static bool IsTeaching(FactColumn column) => column.Required || _teaching.Contains(column.Name);

    /// <summary>Letters and digits of a name in lower case and without accents, without what stands in brackets.</summary>
    internal static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        var depth = 0;
        foreach (var c in TextKey.Search(name))
        {
            depth += c is '(' or '[' ? 1 : 0;
            if (depth == 0 && char.IsLetterOrDigit(c))
                plain.Append(c);
            depth -= c is ')' or ']' ? 1 : 0;
        }
        return plain.ToString();
    }

    /// <summary>Letters to put in, take out or change so that one becomes the other (Levenshtein 1966); 3 if more than two.</summary>
    static int Distance(string left, string right)
    {
        if (Math.Abs(left.Length - right.Length) > 2)
            return 3;
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return Math.Min(3, row[^1]);
    }
}
