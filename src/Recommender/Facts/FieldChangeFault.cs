using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Whether a row of <see cref="FieldChangeTable"/> can be taken.</summary>
static class FieldChangeFault
{
    /// <summary>What is wrong with a change; null if nothing is.</summary>
    /// <param name="change">The change.</param>
    /// <param name="now">When it is taken in, UTC.</param>
    /// <param name="of">The table whose column it is of.</param>
    /// <param name="value">What the column held.</param>
    public static RejectedRow? Of(FieldChange change, DateTime now, out FactTable? of, out object? value)
    {
        value = null;
        of = FactTables.Find(change.Table);
        static RejectedRow Fault(string column, string found, string expected) => new("", 0, column, found, expected);
        if (of is not { IsAboutRows: false })
            return Fault("table", change.Table, "a table of the history");
        if (Deletions.KeyOf(of, change.Key) is null)
            return Fault("key", change.Key, "the key of a row");
        if (change.At > now)
            return Fault("at", Instants.Text(change.At), "a moment that is not ahead");
        var at = of.IndexOf(change.Column);
        if (at < of.KeyLength || of.Columns[at] == of.RecordedAt)
            return Fault("column", change.Column, $"a column of {of.Name} that is not of its key");
        if (string.IsNullOrEmpty(change.Value) && of.Columns[at].Required)
            return Fault("value", "", "a value");
        return ValueReader.Default.TryRead(of.Columns[at], change.Value ?? "", out value, out var expected, out _)
            ? null
            : Fault("value", change.Value ?? "", expected!);
    }
}
