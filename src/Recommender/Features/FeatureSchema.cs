using System.Text.Json.Serialization;

namespace Recommender.Features;

/// <summary>One column of the feature matrix.</summary>
/// <param name="Name">Unique, snake_case.</param>
/// <param name="Meaning">What the number says, with its unit.</param>
/// <param name="Idea">The idea a seller knows it by; features of one idea share a reason.</param>
public sealed record FeatureColumn(string Name, string Meaning, string Idea)
{
    /// <summary>How it moves while nothing changes; monitoring must allow for it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Movement Moves { get; init; }
}

/// <summary>How a feature moves while deals, accounts and partners stay as they are.</summary>
public enum Movement
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>
    /// It counts up, or tells more, the longer the history is: counts since its beginning, days since, shares and rates of few cases. Two
    /// moments compare only with histories of as many deals behind them.
    /// </summary>
    WithHistory,

    /// <summary>
    /// It goes with the calendar, whatever the history: an age, the season, or a rate that is the same for all decisions of a moment.
    /// Two moments do not compare.
    /// </summary>
    WithCalendar,
}

/// <summary>The ideas that features are grouped by when a score is explained.</summary>
public static class Ideas
{
    /// <summary>How active the partner is.</summary>
    public const string Activity = "activity";

    /// <summary>Earlier work of partner and account.</summary>
    public const string History = "history";

    /// <summary>Work beside the account's other partners.</summary>
    public const string Neighbours = "neighbours";

    /// <summary>Who comes to an account after whom.</summary>
    public const string Succession = "succession";

    /// <summary>How often deals are won.</summary>
    public const string WinRate = "win_rate";

    /// <summary>Numbers of the deal against the partner's usual deals.</summary>
    public const string Size = "size";

    /// <summary>The kind of partner.</summary>
    public const string Kind = "partner_kind";

    /// <summary>What the partner says it covers.</summary>
    public const string Coverage = "coverage";

    /// <summary>Accounts both sides hold.</summary>
    public const string Overlap = "overlap";

    /// <summary>Contacts.</summary>
    public const string Touches = "touches";

    /// <summary>Deal registrations.</summary>
    public const string Registrations = "registrations";

    /// <summary>Assists given and received.</summary>
    public const string Assists = "assists";

    /// <summary>Proven competencies.</summary>
    public const string Certifications = "certifications";

    /// <summary>The account's own history.</summary>
    public const string Account = "account";

    /// <summary>The deal itself.</summary>
    public const string Deal = "deal";

    /// <summary>Experience in a dimension, such as industry.</summary>
    public static string In(string dimension) => "in:" + dimension;

    /// <summary>
    /// What explains who is asked rather than who suits: left out of suitability, on which the estimate of what a partner adds rests.
    /// </summary>
    public static IReadOnlyList<string> Relationship { get; } =
    [Activity, History, Neighbours, Succession, Overlap, Touches, Registrations, Assists];

    /// <summary>The idea without what it is about: "in" for "in:industry".</summary>
    public static string FamilyOf(string idea) => idea.Split(':')[0];
}

/// <summary>How a feature of several partners on one deal becomes one number.</summary>
enum Combine
{
    /// <summary>Not used for the deal.</summary>
    None,

    /// <summary>The largest.</summary>
    Max,

    /// <summary>The mean.</summary>
    Mean,
}

/// <summary>A feature: its column, how it is computed from a view, and how it counts when several partners are on a deal.</summary>
sealed record Feature<TView>(FeatureColumn Column, Func<TView, double> Value, Combine Combine);

/// <summary>Features in order; they move as <paramref name="usual"/> says unless they say otherwise.</summary>
sealed class FeatureList<TView>(Movement usual) : List<Feature<TView>>
{
    public void Add(
        string name,
        string idea,
        string meaning,
        Func<TView, double> value,
        Combine combine = Combine.None,
        Movement? moves = null
    ) => Add(new(new(name, meaning, idea) { Moves = moves ?? usual }, value, combine));

    /// <summary>A feature that may be unknown (NaN): its value, 0 if unknown, and a flag. Trainers drop rows that hold a NaN.</summary>
    public void AddOptional(string name, string idea, string meaning, Func<TView, double> value, Movement? moves = null)
    {
        Add(name, idea, meaning + "; 0 if unknown", v => value(v) is var x && double.IsNaN(x) ? 0 : x, moves: moves);
        Add(
            name + "_missing",
            idea,
            $"1 if {name} is unknown",
            v => double.IsNaN(value(v)) ? 1 : 0,
            moves: moves == Movement.WithCalendar ? Movement.None : moves
        );
    }
}
