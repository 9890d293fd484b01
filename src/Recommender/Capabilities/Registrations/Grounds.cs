using System.Text.Json;
using Recommender.Fold;

namespace Recommender.Capabilities.Registrations;

/// <summary>What speaks against a registration.</summary>
/// <param name="Rule">The company's rule, by its id, or the standing one that every registration is held to.</param>
/// <param name="Code">One of <see cref="Grounds.Codes"/>.</param>
/// <param name="Sentence">What a person is told.</param>
/// <param name="IsConflict">True if it cannot be approved while this holds; false if a person has to look.</param>
/// <param name="Rows">The rows behind it.</param>
public sealed record Ground(string Rule, string Code, string Sentence, bool IsConflict, IReadOnlyList<GroundRow> Rows);

/// <summary>What may speak against a registration: a closed list, so that reasons can be counted.</summary>
public static class Grounds
{
    /// <summary>Somebody else holds the account, or came first.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>We sell there ourselves, or have.</summary>
    public const string DirectPipeline = "active_direct_pipeline";

    /// <summary>A rule of the company keeps the account.</summary>
    public const string HouseList = "house_list";

    /// <summary>The partner may not, or cannot, sell this there.</summary>
    public const string NotQualified = "not_qualified";

    /// <summary>Nothing that we know of ties the partner to the account.</summary>
    public const string NoRelationship = "no_verifiable_relationship";

    /// <summary>Too little is said.</summary>
    public const string Thin = "thin_submission";

    /// <summary>All codes.</summary>
    public static IReadOnlyList<string> Codes { get; } =
    [Duplicate, DirectPipeline, HouseList, NotQualified, NoRelationship, Thin];

    internal static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>What a check may come to.</summary>
    public static IReadOnlyList<string> Verdicts { get; } = ["clear", "review", "conflict"];

    /// <summary>What grounds come to: clear if there are none, conflict if one does not let it be approved, review otherwise.</summary>
    public static string VerdictOf(IReadOnlyList<Ground> grounds) =>
        grounds.Count == 0 ? "clear"
        : grounds.Any(ground => ground.IsConflict) ? "conflict"
        : "review";
}
