namespace Recommender.Facts;

/// <summary>What an import did to one table.</summary>
public sealed record TableImport(string File, long Inserted, long Updated, long Unchanged, long Rejected)
{
    /// <summary>Rows taken.</summary>
    public long Accepted => Inserted + Updated + Unchanged;
}

/// <summary>What an import did.</summary>
/// <param name="Tables">By file, in contract order.</param>
/// <param name="WithoutEnd">Opportunities that are won or lost but have no closed_at: kept, but their outcome teaches nothing.</param>
/// <param name="Files">How each file was read, in the order in which they were.</param>
/// <param name="Warnings">Dates of new and changed rows that are missing, lie ahead or far away, and what they are taken for.</param>
public sealed record ImportSummary(
    IReadOnlyList<TableImport> Tables,
    long WithoutEnd,
    IReadOnlyList<FileReading> Files,
    IReadOnlyList<WarningCount> Warnings
);
