using System.Text.Json;
using System.Text.Json.Serialization;

namespace Recommender.Capabilities.Leads;

/// <summary>Somebody that a step of the trace left out.</summary>
/// <param name="Type">rep or partner.</param>
/// <param name="Id">Who.</param>
/// <param name="Why">Why, in a sentence.</param>
public sealed record DroppedCandidate(string Type, string Id, string Why);

/// <summary>The numbers of somebody who may have the lead.</summary>
/// <param name="Type">rep or partner.</param>
/// <param name="Id">Who.</param>
/// <param name="WinProbability">That the deal is won if it has it; null if nothing is known.</param>
/// <param name="OpenLeads">How many leads it has now.</param>
/// <param name="Deals">Deals that stand behind the number of a rep; of a partner null.</param>
public sealed record CandidateNumbers(string Type, string Id, double? WinProbability, int OpenLeads, int? Deals)
{
    /// <summary>What it adds to the chance that we have alone; null of a rep, and where unknown.</summary>
    public double? Lift { get; init; }

    /// <summary>Lower end of the lift's 90 % interval.</summary>
    public double? LiftLow { get; init; }

    /// <summary>Its upper end.</summary>
    public double? LiftHigh { get; init; }

    /// <summary>Win probability × amount, in the lead's currency; null if either is unknown.</summary>
    public double? ExpectedValue { get; init; }

    /// <summary>How many leads it may have; null for any number.</summary>
    public int? Limit { get; init; }

    /// <summary>What was added to its chance because it gave us more than it got; null if nothing.</summary>
    public double? Bonus { get; init; }

    /// <summary>True of a partner without any engagement yet.</summary>
    public bool IsUnproven { get; init; }

    /// <summary>Among equals, how many it was offered in the last thirty days: who had fewer comes first.</summary>
    public int? OffersLately { get; init; }

    /// <summary>True if the number is of this one: of a partner whose lift is unknown it is that of the deal as it stands.</summary>
    [JsonIgnore]
    public bool IsOwn => Type == "rep" || Lift is not null;

    /// <summary>Who.</summary>
    [JsonIgnore]
    public Assignee Who => new(Type, Id);
}

/// <summary>A step on the way to who gets the lead.</summary>
/// <param name="Step">account, candidates, consent, rules, account_class, territory, product, capacity, offered_before, lift, working_hours or choice; others stands for several.</param>
/// <param name="Rule">The rule, or the setting of the policy, that it follows; null where it needs none.</param>
/// <param name="Kept">How many it left.</param>
/// <param name="DroppedCount">How many it left out.</param>
public sealed record TraceStep(string Step, string? Rule, int Kept, int DroppedCount)
{
    /// <summary>Who it left out; of a long list that was kept, the first of them.</summary>
    public IReadOnlyList<DroppedCandidate> Dropped { get; init; } = [];

    /// <summary>The numbers in the order in which they counted, of the choice: who is first, and who comes next.</summary>
    public IReadOnlyList<CandidateNumbers> Numbers { get; init; } = [];

    /// <summary>What it says, in a sentence.</summary>
    public string? Text { get; init; }
}

/// <summary>Why a lead goes where it goes, as text that is kept.</summary>
public static class RoutingTrace
{
    const int MostNumbers = 5;
    const int MostDropped = 32;
    const int MostText = 300;

    static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// The trace as text: as many of those who were left out as fit, then as many of the numbers, and of very many steps the first and the
    /// choice, with how many the others left out.
    /// </summary>
    /// <param name="steps">The trace.</param>
    /// <param name="longest">How long it may be, characters; 2,000 at least.</param>
    public static string Write(IReadOnlyList<TraceStep> steps, int longest)
    {
        var kept = steps.Select(Clipped).ToList();
        for (var (most, numbers) = (MostDropped, MostNumbers); ; )
        {
            var text = JsonSerializer.Serialize(
                kept.Select(step =>
                    step with
                    {
                        Dropped = [.. step.Dropped.Take(most)],
                        Numbers = [.. step.Numbers.Take(numbers)],
                    }
                ),
                _json
            );
            if (text.Length <= longest)
                return text;
            if (most > 0)
                most /= 2;
            else if (numbers > 1)
                numbers--;
            else if (kept.Count > 3)
            {
                // The last two before the choice become one.
                var (one, other) = (kept[^3], kept[^2]);
                kept[^3] = new("others", null, other.Kept, one.DroppedCount + other.DroppedCount);
                kept.RemoveAt(kept.Count - 2);
            }
            else
                return "[]";
        }
    }

    static TraceStep Clipped(TraceStep step) =>
        step with
        {
            Text = step.Text is { Length: > MostText } text ? text[..MostText] + "…" : step.Text,
            Dropped =
            [
                .. step
                    .Dropped.Take(MostDropped)
                    .Select(one => one.Why.Length > MostText ? one with { Why = one.Why[..MostText] + "…" } : one),
            ],
        };

    /// <summary>The trace that was kept.</summary>
    public static IReadOnlyList<TraceStep> Read(string? text) =>
        text is null ? [] : JsonSerializer.Deserialize<List<TraceStep>>(text, _json)!;
}
