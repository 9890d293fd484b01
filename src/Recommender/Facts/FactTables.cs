using System.Reflection;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>The tables of the history, in the order in which they refer to one another.</summary>
public static class FactTables
{
    static readonly Lock _adding = new();
    static readonly List<Assembly> _assemblies = [typeof(FactTables).Assembly];
    static IReadOnlyList<FactTable>? _all;

    /// <summary>Companies we sell to.</summary>
    public static AccountTable Accounts { get; } = new() { Summary = "Companies we sell to" };

    /// <summary>Companies we sell with.</summary>
    public static PartnerTable Partners { get; } = new() { Summary = "Companies we sell with" };

    /// <summary>Deals.</summary>
    public static OpportunityTable Opportunities { get; } = new() { Summary = "Deals" };

    /// <summary>Partners working deals with us.</summary>
    public static EngagementTable Engagements { get; } = new() { Summary = "Partners working deals with us" };

    /// <summary>Stage changes.</summary>
    public static OpportunityStageTable OpportunityStages { get; } = new() { Summary = "Stages that deals entered" };

    /// <summary>Dated contacts.</summary>
    public static TouchTable Touches { get; } = new() { Summary = "Dated contacts" };

    /// <summary>Accounts that partners hold too.</summary>
    public static AccountOverlapTable AccountOverlaps { get; } = new() { Summary = "Accounts that partners hold too" };

    /// <summary>Claims of partners on deals.</summary>
    public static DealRegistrationTable DealRegistrations { get; } = new() { Summary = "Claims of partners on deals" };

    /// <summary>Favours given and received.</summary>
    public static AssistTable Assists { get; } = new() { Summary = "Favours given and received" };

    /// <summary>Competencies proven.</summary>
    public static CertificationTable Certifications { get; } = new() { Summary = "Competencies proven" };

    /// <summary>What came of recommendations.</summary>
    public static FeedbackTable Feedback { get; } = new() { Summary = "What came of recommendations" };

    /// <summary>What currencies are worth.</summary>
    public static ExchangeRateTable ExchangeRates { get; } =
        new() { Summary = "What one unit of a currency is worth in the base currency" };

    /// <summary>Rows that are gone.</summary>
    public static DeletionTable Deletions { get; } = new() { Summary = "Rows that are gone from a moment on" };

    /// <summary>Accounts and partners that were merged.</summary>
    public static AliasTable Aliases { get; } = new() { Summary = "Accounts and partners that were merged into others" };

    /// <summary>The history of single columns.</summary>
    public static FieldChangeTable FieldChanges { get; } = new() { Summary = "What single columns held, and since when" };

    /// <summary>All tables, those that capabilities added too; a table comes after those it refers to.</summary>
    public static IReadOnlyList<FactTable> All
    {
        get
        {
            lock (_adding)
                return _all ??= [
                    Accounts,
                    Partners,
                    Opportunities,
                    Engagements,
                    OpportunityStages,
                    Touches,
                    AccountOverlaps,
                    DealRegistrations,
                    Assists,
                    Certifications,
                    Feedback,
                    ExchangeRates,
                    FieldChanges,
                    Aliases,
                    Deletions,
                ];
        }
    }

    /// <summary>Those whose rows state facts, and are not about other rows.</summary>
    public static IEnumerable<FactTable> OfFacts => All.Where(table => !table.IsAboutRows);

    /// <summary>Those from whose rows the fold is made.</summary>
    internal static IEnumerable<FactTable> Folded => All.Where(table => table.Kind is not null);

    /// <summary>True if features are made of facts of a kind, or no table states it.</summary>
    internal static bool MakesFeatures(FactKind kind) =>
        All.FirstOrDefault(table => table.Kind == kind || table.Kind?.End == kind)?.MakesFeatures ?? true;

    /// <summary>The table whose rows state a kind of fact.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static FactTable Of(FactKind kind) => All.First(table => table.Kind == kind || table.Kind?.End == kind);

    /// <summary>The table of that name; null if there is none.</summary>
    public static FactTable? Find(string name) => All.FirstOrDefault(table => table.Name == name);

    /// <summary>Where the schema of the tables is: this assembly, and those of capabilities that add some.</summary>
    public static IReadOnlyList<Assembly> Assemblies
    {
        get
        {
            lock (_adding)
                return [.. _assemblies];
        }
    }

    /// <summary>Adds the tables of a capability, before a history is opened.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="schema">The assembly that holds their scripts, in folders Sqlite and SqlServer.</param>
    /// <exception cref="ArgumentException">There is a table of that name.</exception>
    public static void Add(IReadOnlyList<FactTable> tables, Assembly schema)
    {
        lock (_adding)
        {
            if (tables.Count > 0 && !_assemblies.Contains(schema))
                _assemblies.Add(schema);
        }
        foreach (var table in tables)
        {
            var all = All;
            if (all.Any(known => known.Name == table.Name))
                throw new ArgumentException($"There is a table {table.Name} already.", nameof(tables));
            lock (_adding)
                _all = [.. all.TakeWhile(known => !known.IsAboutRows), table, .. all.SkipWhile(known => !known.IsAboutRows)];
        }
    }
}
