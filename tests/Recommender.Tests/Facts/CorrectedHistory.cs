using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.Fold;

namespace Recommender.Tests.History;

/// <summary>A small history in a folder and a database, and a fold of it.</summary>
public abstract class CorrectedHistory : IDisposable
{
    protected static FoldSettings Settings { get; } = SmallHistory.Settings.Fold with { PartnerTraits = ["partner_type"] };

    readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Engines => [TestDatabase.Sqlite, TestDatabase.SqlServer];

    private protected TemporaryFolder InFolder => _folder;

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Rows by column, as accounts, partners, deals and engagements of one history.</summary>
    protected void Folder(string name, string opportunity, string tier)
    {
        Directory.CreateDirectory(InFolder[name]);
        Write(name, "accounts.csv", "account_id,name,industry", "a1,Acme,retail");
        Write(name, "partners.csv", "partner_id,name,tier,joined_at", $"p1,Peer,{tier},2023-01-01");
        Write(
            name,
            "opportunities.csv",
            "opportunity_id,account_id,product,amount,created_at,expected_close_at,closed_at,outcome",
            opportunity
        );
        Write(name, "engagements.csv", "engagement_id,opportunity_id,partner_id,started_at", "e1,o1,p1,2024-02-01");
    }

    protected void Write(string folder, string file, params string[] lines) =>
        File.WriteAllLines(Path.Combine(InFolder[folder], file), lines);

    protected ImportSummary Import(HistoryStore store, string folder, bool strict = false) =>
        store.Import(new HistoryFolder(InFolder[folder]), InFolder["rejected.csv"], strict);

    protected static HistoryState FoldOf(HistoryStore store, DateTime asOf)
    {
        var state = new HistoryState(Settings);
        foreach (var fact in store.ReadFacts(asOf))
            state.Apply(fact);
        state.AdvanceTo(asOf);
        return state;
    }

    protected static void AssertIsRefolded(LiveHistory history, HistoryStore store)
    {
        var (asOf, live) = history.Fold.Read(asOf => (asOf, StateText.Of(history.Fold.States[0], asOf)));
        var again = new HistoryState(Settings);
        foreach (var fact in store.ReadApplied(DateTime.MaxValue, asOf))
            again.Apply(fact);
        Assert.Equal(StateText.Of(again, asOf), live);
    }

    protected static HistoryRow Row(string table, object row) => StoreContractTests.Row(table, row);

    protected static HistoryRow NewDeal(string id, string account, string created) =>
        Row(
            "opportunities",
            new
            {
                opportunity_id = id,
                account_id = account,
                created_at = created,
            }
        );

    protected static HistoryRow NewEngagement(string id, string deal, string partner, string started) =>
        Row(
            "engagements",
            new
            {
                engagement_id = id,
                opportunity_id = deal,
                partner_id = partner,
                started_at = started,
            }
        );

    protected static HistoryRow NewDeletion(string table, string key, string at) =>
        Row(
            "deletions",
            new
            {
                table,
                key,
                at,
            }
        );

    protected HistoryStore Open(string engine) => HistoryStore.Open(TestDatabase.Of(engine, InFolder["s.db"]));

    protected static LiveHistory Live(HistoryStore store) => LiveHistory.Open(store, TimeProvider.System, [Settings]);

    protected static async Task<RowResult> Write(LiveHistory history, HistoryRow row)
    {
        Assert.True(history.TryWrite(scope => scope.Upsert(row), out var done));
        return await done;
    }

    protected static async Task Merge(LiveHistory history, string from, string into) =>
        Assert.Equal(
            RowVerdict.Inserted,
            (
                await Write(
                    history,
                    Row(
                        "aliases",
                        new
                        {
                            old_id = from,
                            new_id = into,
                            at = "2024-05-01",
                            table = "accounts",
                        }
                    )
                )
            ).Verdict
        );
}
