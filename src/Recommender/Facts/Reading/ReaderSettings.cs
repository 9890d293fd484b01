namespace Recommender.Facts;

/// <summary>What stands between a number's whole part and its fraction.</summary>
public enum DecimalSign
{
    /// <summary>1,234.56</summary>
    Point,

    /// <summary>1.234,56</summary>
    Comma,
}

/// <summary>Which of 03/04/2024 is the day.</summary>
public enum DateOrder
{
    /// <summary>3 April.</summary>
    DayFirst,

    /// <summary>4 March.</summary>
    MonthFirst,
}

/// <summary>How texts of files and bodies are read where they could be read in more than one way. What is null is told by the file itself, or not known.</summary>
public sealed record ReaderSettings
{
    /// <summary>What stands in a cell when nobody knows, however it is spelt.</summary>
    public static IReadOnlyList<string> UsualPlaceholders { get; } =
    [
        "n/a",
        "#n/a",
        "n.a.",
        "n/d",
        "not applicable",
        "not specified",
        "not set",
        "tbd",
        "tba",
        "t.b.d.",
        "\\n",
        "null",
        "none",
        "nil",
        "nan",
        "unknown",
        "undefined",
        "not available",
        "(blank)",
        "(none)",
        "-none-",
        "--none--",
        "-",
        "--",
        "–",
        "—",
        "?",
        "\"\"",
        "''",
        "#value!",
        "#ref!",
        "#name?",
        "#div/0!",
        "#num!",
        "#null!",
        "#spill!",
        "#error!",
    ];

    /// <summary>What holds where nothing else is said.</summary>
    public static ReaderSettings Default { get; } = new();

    HashSet<string> _placeholders = Normal(UsualPlaceholders);
    int _longest = UsualPlaceholders.Max(text => text.Length);

    /// <summary>Texts that mean "unknown"; a value that is one is empty.</summary>
    public IReadOnlyCollection<string> Placeholders
    {
        get => _placeholders;
        init => (_placeholders, _longest) = (Normal(value), value.Select(text => text.Length).DefaultIfEmpty(-1).Max());
    }

    /// <summary>The sign before a fraction; null if the file has to tell.</summary>
    public DecimalSign? Sign { get; init; }

    /// <summary>Day or month first; null if the file has to tell.</summary>
    public DateOrder? Dates { get; init; }

    /// <summary>Where clocks stand whose times have no offset.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>What parts the values of a list. A comma does only where none of the others stands.</summary>
    public string ListSeparators { get; init; } = "|;,";

    /// <summary>True if the text means "unknown".</summary>
    public bool IsPlaceholder(string text) => text.Length <= _longest && _placeholders.Contains(text);

    static HashSet<string> Normal(IEnumerable<string> texts) =>
        new(texts.Select(text => text.Trim()), StringComparer.OrdinalIgnoreCase);
}
