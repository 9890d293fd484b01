using System.Reflection;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.Capabilities;

/// <summary>The capabilities of this process: those of the product, and those of assemblies that were added before a history was opened.</summary>
public static class CapabilityList
{
    /// <summary>Names the assemblies to add, by path, separated as PATH is.</summary>
    public const string Variable = "RECOMMENDER_CAPABILITIES";

    static readonly Lock _adding = new();
    static IReadOnlyList<ICapability> _all =
    [
        new CoSellList.CoSellListCapability(),
        new Handoffs.HandoffsCapability(),
        new Mapping.MappingCapability(),
        new Registrations.RegistrationsCapability(),
        new Conflicts.ConflictsCapability(),
        new Leads.LeadsCapability(),
    ];
    static bool _isRead;

    /// <summary>All, those of the product first.</summary>
    public static IReadOnlyList<ICapability> All => Volatile.Read(ref _all);

    /// <summary>Adds what <see cref="Variable"/> names, once, and has every part of the product know it.</summary>
    /// <exception cref="InvalidDataException">An assembly cannot be loaded, or holds no capability.</exception>
    public static void Open()
    {
        lock (_adding)
        {
            if (_isRead)
                return;
            _isRead = true;
            foreach (var capability in All)
                Register(capability);
            var paths = Environment.GetEnvironmentVariable(Variable) ?? "";
            foreach (var path in paths.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            {
                foreach (var capability in Load(path))
                {
                    if (All.Any(known => known.Name == capability.Name))
                        throw new InvalidDataException($"{Variable}: {path} adds '{capability.Name}' a second time.");
                    Register(capability);
                    Volatile.Write(ref _all, [.. All, capability]);
                }
            }
        }
    }

    /// <summary>Notes the events that capabilities make of what a write wrote, in its transaction.</summary>
    public static void Tell(WriteScope scope, EventLog events)
    {
        foreach (var capability in All)
        {
            if (capability.Tables.Count == 0)
                continue;
            foreach (var happened in scope.FactsOfThisWrite.SelectMany(capability.EventsOf).ToList())
                events.Append(scope, happened);
        }
    }

    /// <summary>The rows that what is known of an account makes necessary, by any capability.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="account">The account.</param>
    /// <param name="now">Now, UTC.</param>
    public static IEnumerable<HistoryRow> FollowsFrom(HistoryState state, RuleSet rules, AccountId account, DateTime now) =>
        All.SelectMany(capability => capability.FollowsFrom(state, rules, account, now));

    /// <summary>
    /// Writes what follows from the fold, such as what the clocks of a capability that ran out have become, with the events of it. It looks
    /// at the fold on the writer's thread, when all that anybody wrote before is in it: what one process wrote is not due to another any more.
    /// </summary>
    /// <param name="follows">What follows from the fold at a moment.</param>
    /// <param name="history">The history.</param>
    /// <param name="events">The log of events.</param>
    /// <param name="swept">How many rows were written; ends when they are durable.</param>
    /// <returns>False if too many writes wait.</returns>
    public static bool TrySweep(
        Func<HistoryState, DateTime, IEnumerable<HistoryRow>> follows,
        LiveHistory history,
        EventLog events,
        out Task<int> swept
    ) =>
        history.TryWrite(
            scope =>
            {
                var due = history.Fold.Read(_ => follows(history.Fold.States[0], scope.Stamp).ToList());
                var written = 0;
                foreach (var row in due)
                {
                    var result = scope.Upsert(row);
                    if (result.Reason is { } why)
                        throw new InvalidDataException(why.ToString());
                    if (result.Verdict is RowVerdict.Inserted or RowVerdict.Updated)
                        written++;
                }
                Tell(scope, events);
                return written;
            },
            out swept,
            decides: true
        );

    static void Register(ICapability capability)
    {
        FactTables.Add(capability.Tables, capability.GetType().Assembly);
        foreach (var (kind, open) in capability.Ledgers)
            LedgerRegister.Add(kind, open);
        EventLog.AddTypes(capability.EventTypes);
    }

    /// <summary>The types that can be loaded: an assembly may hold others that need what this process does not have.</summary>
    static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            return e.Types.OfType<Type>();
        }
    }

    static List<ICapability> Load(string path)
    {
        try
        {
            var found = TypesOf(Assembly.LoadFrom(Path.GetFullPath(path)))
                .Where(type => typeof(ICapability).IsAssignableFrom(type) && type is { IsAbstract: false, IsInterface: false })
                .Select(type => (ICapability)Activator.CreateInstance(type)!)
                .ToList();
            return found.Count > 0
                ? found
                : throw new InvalidDataException(
                    $"{Variable}: {path} holds no capability; expected a type that is {nameof(ICapability)}."
                );
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or MissingMethodException)
        {
            throw new InvalidDataException($"{Variable}: {path} cannot be loaded: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
