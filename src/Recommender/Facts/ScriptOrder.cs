namespace Recommender.Facts;

/// <summary>
/// The order of the scripts of the schema: the product's by their numbers, whichever folder they lie in, for they refer to each other; then
/// those of capabilities that were added, by name.
/// </summary>
sealed class ScriptOrder : IComparer<string>
{
    const int Digits = 4;
    static readonly HashSet<string> _own = [.. typeof(ScriptOrder).Assembly.GetManifestResourceNames()];

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        var (one, other) = (_own.Contains(x!), _own.Contains(y!));
        if (one != other)
            return one ? -1 : 1;
        return one && string.CompareOrdinal(NumberOf(x!), NumberOf(y!)) is not 0 and var order
            ? order
            : string.CompareOrdinal(x, y);
    }

    /// <summary>0012 of Recommender.History.Sqlite.0012_merged_identities.sql.</summary>
    static string NumberOf(string name)
    {
        var start = name[..name.LastIndexOf('.')].LastIndexOf('.') + 1;
        return name.Substring(start, Digits);
    }
}
