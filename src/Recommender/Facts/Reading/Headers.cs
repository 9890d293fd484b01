using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Recommender.Facts;

/// <summary>Names of columns as people and CRMs write them.</summary>
static class Headers
{
    const int MostKept = 10_000;
    static readonly ConcurrentDictionary<(FactTable, string), FactColumn?> _same = [];

    /// <summary>Other names of columns, without blanks and marks.</summary>
    static readonly (string Column, string[] Others)[] _others =
    [
        (
            "amount",
            [
                "dealamount",
                "dealvalue",
                "value",
                "opportunityamount",
                "estrevenue",
                "estimatedrevenue",
                "amounteur",
                "amountusd",
                "amountgbp",
                "totalamount",
            ]
        ),
        (
            "closed_at",
            ["closedate", "closed", "closedate", "closedon", "actualclosedate", "closingdate", "dateclosed", "enddate"]
        ),
        ("created_at", ["createdate", "createddate", "created", "createdon", "creationdate", "datecreated"]),
        ("ended_at", ["enddate", "ended", "endedon", "end"]),
        ("entered_at", ["dateentered", "enteredon", "stagedate"]),
        ("expected_close_at", ["expectedclosedate", "expectedclose", "estclosedate", "estimatedclosedate"]),
        ("expires_at", ["expires", "expireson", "expirydate", "expirationdate", "validuntil"]),
        (
            "outcome",
            [
                "result",
                "dealstatus",
                "status",
                "opportunitystatus",
                "iswon",
                "won",
                "closedwon",
                "isclosedwon",
                "dealoutcome",
                "wonlost",
                "winloss",
            ]
        ),
        ("recorded_at", ["recorded", "recordedon", "recordeddate"]),
        ("started_at", ["startdate", "started", "startedon"]),
        ("status", ["state", "registrationstatus", "approvalstatus"]),
        ("until", ["enddate", "validuntil", "validto"]),
        ("account_id", ["accountidentifier", "companyid", "customerid"]),
        ("partner_id", ["partneridentifier", "partneraccountid"]),
        ("opportunity_id", ["dealid", "opportunityidentifier", "opportunity"]),
    ];

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
        return table.Columns.FirstOrDefault(one =>
                Array.Exists(_others, other => other.Column == one.Name && other.Others.Contains(plain))
            )
            ?? table.Columns.FirstOrDefault(one =>
                Distance(Plain(one.Name), plain)
                <= (
                    plain.Length >= 9 ? 2
                    : plain.Length >= 5 ? 1
                    : 0
                )
            );
    }

    /// <summary>The column of a table that a name is but for case, blanks and marks; null if there is none.</summary>
    public static FactColumn? Same(FactTable table, string name)
    {
        if (_same.TryGetValue((table, name), out var known))
            return known;
        var column = Near(table, name, out var isSame);
        if (!isSame)
            column = null;
        if (_same.Count < MostKept)
            _same[(table, name)] = column;
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

    /// <summary>Letters and digits of a name in lower case, without what stands in brackets.</summary>
    internal static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        var depth = 0;
        foreach (var c in name)
        {
            depth += c is '(' or '[' ? 1 : 0;
            if (depth == 0 && char.IsLetterOrDigit(c))
                plain.Append(char.ToLower(c, CultureInfo.InvariantCulture));
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
