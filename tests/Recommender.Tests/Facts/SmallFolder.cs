using System.Text;
using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Tests.History;

/// <summary>A folder with the four files that are needed, a row or two each, for a test to write others into.</summary>
public abstract class SmallFolder : IDisposable
{
    protected SmallFolder()
    {
        Write("accounts.csv", "account_id,name\na1,One\na2,Two\n");
        Write("partners.csv", "partner_id,name\np1,Partner\n");
        Write("opportunities.csv", "opportunity_id,account_id,created_at\no1,a1,2024-01-01\n");
        Write("engagements.csv", "engagement_id,opportunity_id,partner_id,started_at\ne1,o1,p1,2024-01-02\n");
    }

    private protected TemporaryFolder InFolder { get; } = new();

    /// <summary>What the last <see cref="Read(string?)"/> did not take.</summary>
    protected List<RejectedRow> Rejected { get; } = [];

    public void Dispose()
    {
        InFolder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected void Write(string file, string text) => File.WriteAllText(InFolder[file], text);

    protected List<DatedFact> Read() => Read(null);

    protected List<DatedFact> Read(string? map)
    {
        Rejected.Clear();
        return new HistoryFolder(InFolder.Path, map is null ? null : ImportMap.Read(InFolder[map])).ReadFacts(Rejected.Add).Facts;
    }

    protected static bool TryRead(FactTable table, string json, out HistoryRow row, out RejectedRow? fault)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        return JsonRow.TryRead(table, ref reader, 1, out row, out fault);
    }
}
