namespace Recommender.Facts;

/// <summary>Versions of what has no row of its own: a number that changes when its text does.</summary>
public static class TextVersion
{
    /// <summary>FNV-1a (Fowler, Noll and Vo) over the letters; above zero.</summary>
    public static long Of(ReadOnlySpan<char> text)
    {
        var hash = 14695981039346656037;
        foreach (var letter in text)
            hash = unchecked((hash ^ letter) * 1099511628211);
        return (long)(hash >> 1) | 1;
    }
}
