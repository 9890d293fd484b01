using System.Text.Json;
using Recommender.Api.Pages.Conflicts;
using Recommender.Capabilities.Conflicts;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Records;

namespace Recommender.Api.Pages.Accounts;

/// <summary>How a partner stood when it was last different, and what is behind the difference.</summary>
/// <param name="At">When it was said.</param>
/// <param name="What">What is different, in words.</param>
/// <param name="Why">What caused it.</param>
public sealed record Change(DateTime At, string What, string Why);

/// <summary>All that stands on an account's page.</summary>
public sealed record AccountView(
    DealView About,
    GivenRecommendation GivenRecommendation,
    IReadOnlyDictionary<string, Change> Changes,
    IReadOnlyDictionary<PartnerId, Partner> Partners,
    IReadOnlyList<AccountClaim> Claims,
    IReadOnlyList<ConflictView> Earlier,
    IReadOnlyList<string> MissingFiles
) : DealView(About)
{
    const int Looked = 20;

    /// <summary>Asks about the account; null if there is none, or the deal is not one of its own.</summary>
    internal static async Task<AccountView?> OfAsync(
        LiveRecommender live,
        string caller,
        string id,
        string? dealId,
        string objective,
        CancellationToken cancel
    )
    {
        if (
            DealView.Of(live, id, dealId) is not { } about
            || await about.RecommendAsync(live, caller, cancel, objective) is not { } said
        )
            return null;
        var ranked = said.Recommendation.Partners;
        await live.Accounts.SettledAsync(id, cancel);
        var rules = live.Rules;
        return new(
            about,
            said,
            Compare(live, said.Recommendation, objective),
            live.Read(
                (state, _) =>
                    ranked
                        .Select(partner => state.FindPartner(partner.PartnerId))
                        .OfType<Partner>()
                        .ToDictionary(partner => partner.Id)
            ),
            live.Read((state, asOf) => AccountClaims.Of(state, rules, id, about.Deal?.Product, asOf)) ?? [],
            live.Read(
                (state, asOf) =>
                    ConflictList
                        .Of(state, null, accountId: id)
                        .Where(one => one.State != "open")
                        .Select(one => ConflictView.Of(state, rules, one, asOf))
                        .ToList()
            ),
            OptionalFiles.Missing(live)
        );
    }

    /// <summary>For each partner, how it stood in the same order when that was last different.</summary>
    static Dictionary<string, Change> Compare(LiveRecommender live, Recommendation now, string objective)
    {
        var changes = new Dictionary<string, Change>();
        foreach (var entry in live.Journal.Before(now.AccountId, now.AsOf, Looked))
        {
            if (entry.OpportunityId != now.OpportunityId || ObjectiveOf(entry) != objective)
                continue;
            var then = JsonElement.Parse(entry.Response.Unpack());
            var partners = then.GetProperty("partners")
                .EnumerateArray()
                .ToDictionary(partner => partner.GetProperty("partner_id").GetString()!);
            foreach (var partner in now.Partners)
            {
                if (changes.ContainsKey(partner.PartnerId))
                    continue;
                if (!partners.TryGetValue(partner.PartnerId, out var before))
                {
                    if (partners.Count >= 10)
                        changes[partner.PartnerId] = new(
                            entry.MadeAt,
                            "was not among the first ten",
                            Cause(then, now, null, partner)
                        );
                    continue;
                }
                if (Difference(before, partner) is { } what)
                    changes[partner.PartnerId] = new(entry.MadeAt, what, Cause(then, now, before, partner));
            }
        }
        return changes;
    }

    static string ObjectiveOf(JournalEntry entry) =>
        JsonElement.Parse(entry.Request).TryGetProperty("objective", out var found) ? found.GetString() ?? "fit" : "fit";

    static string? Difference(JsonElement before, RecommendedPartner now)
    {
        var rank = before.GetProperty("rank").GetInt32();
        var grade = before.GetProperty("grade").GetString();
        double? lift = before.GetProperty("lift") is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
        var parts = new List<string>();
        if (rank != now.Rank)
            parts.Add(FormattableString.Invariant($"was number {rank}"));
        if (grade != now.Grade)
            parts.Add($"grade was {grade ?? "unknown"}");
        if (lift is null != now.Lift is null || lift is { } was && Math.Abs(was - now.Lift!.Value) >= 0.01)
            parts.Add(lift is { } value ? $"difference was {Format.Points(value)}" : "difference was unknown");
        return parts.Count == 0 ? null : string.Join(", ", parts);
    }

    static string Cause(JsonElement then, Recommendation now, JsonElement? before, RecommendedPartner partner)
    {
        var versions = then.GetProperty("model_versions");
        foreach (var (model, version) in now.ModelVersions)
        {
            if (!versions.TryGetProperty(model, out var old) || old.GetString() != version)
                return $"another {model} model answers now";
        }
        if (then.GetProperty("rules_version").GetInt64() != now.RulesVersion)
            return "the company's rules were changed";
        var said = before
            ?.GetProperty("reasons")
            .EnumerateArray()
            .Select(reason => reason.GetProperty("text").GetString())
            .ToHashSet();
        var news = said is null ? null : partner.Reasons.FirstOrDefault(reason => !said.Contains(reason.Text));
        return news is null ? "new facts about other partners or the deal" : $"new: {news.Text}";
    }
}
