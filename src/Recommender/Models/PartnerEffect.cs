using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Models;

/// <summary>How a partner differs from its like: what its own deals say beyond fit and kind.</summary>
/// <param name="Deals">Matured deals it was brought into.</param>
/// <param name="Value">Log odds; shrunk to zero where deals are few.</param>
/// <param name="Variance">Of the value.</param>
/// <param name="Covariance">With each coefficient.</param>
public sealed record PartnerDifference(int Deals, double Value, double Variance, double[] Covariance);

/// <summary>What bringing a partner in adds to the chance of winning.</summary>
/// <param name="Lift">Win probability with the partner less that without.</param>
/// <param name="Low">Lower end of the 90 % interval.</param>
/// <param name="High">Upper end of the 90 % interval.</param>
/// <param name="WinProbability">With the partner.</param>
public readonly record struct LiftEstimate(double Lift, double Low, double High, double WinProbability);

/// <summary>An effect with the models whose scores it rests on; both take rows of partner fit.</summary>
public sealed record EffectModels(PartnerEffect Effect, ServedModel Fit, ServedModel Suitability) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Fit.Dispose();
        Suitability.Dispose();
    }
}

/// <summary>
/// What a partner adds to the log odds of winning: a line in its suitability, a shift for its kind, and a random effect of its own
/// (partial pooling; Gelman and Hill, 2007). Estimated beside the deal's own chance, so that good deals that attract partners do not
/// count for them (the partially linear model; Chernozhukov et al., 2018). Part of a win-probability package, with the models whose
/// scores it rests on. An estimate from observed deals, not an experiment.
/// </summary>
public sealed record PartnerEffect
{
    /// <summary>The file in a win-probability package.</summary>
    public const string File = "effect.json";

    /// <summary>The fit model beside it, by whose scores support is known.</summary>
    public const string FitFile = "fit.onnx";

    /// <summary>The model of suitability beside it: who suits, whatever the relationship.</summary>
    public const string SuitabilityFile = "suitability.onnx";

    /// <summary>Matured deals a partner needs before its lift is known.</summary>
    public const int LeastDeals = 3;

    const double Z90 = 1.6448536269514722;

    /// <summary>Columns of partner fit that shift the effect, such as tier_is_gold; after the intercept and suitability.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    /// <summary>Share of the win-probability model's log odds that counts for a deal that never gets a partner.</summary>
    public required double AloneSlope { get; init; }

    /// <summary>Log odds added for that.</summary>
    public required double AloneOffset { get; init; }

    /// <summary>Mean suitability of partners who were brought in; it counts from there.</summary>
    public required double ScoreMean { get; init; }

    /// <summary>Its standard deviation, in which it counts.</summary>
    public required double ScoreDeviation { get; init; }

    /// <summary>The fit score below which hardly a partner was ever brought in: less, and the lift is unknown.</summary>
    public required double LeastScore { get; init; }

    /// <summary>Intercept, per standard deviation of suitability, per kind; log odds.</summary>
    public required double[] Coefficients { get; init; }

    /// <summary>Covariance of the coefficients.</summary>
    public required double[][] Covariance { get; init; }

    /// <summary>Variance of the partners' own differences.</summary>
    public required double PartnerVariance { get; init; }

    /// <summary>Variance between deals of one partner that neither suitability nor kind explains.</summary>
    public required double PairVariance { get; init; }

    /// <summary>Partners with at least one matured deal, by id.</summary>
    public required IReadOnlyDictionary<string, PartnerDifference> Partners { get; init; }

    /// <summary>Matured deals with a partner that the estimate is made from.</summary>
    public required int DealsWith { get; init; }

    /// <summary>Matured deals without one.</summary>
    public required int DealsWithout { get; init; }

    static readonly JsonSerializerOptions _strict = new(ModelManifest.Json) { RespectNullableAnnotations = true };

    /// <summary>Reads effect.json.</summary>
    /// <param name="path">What messages call it.</param>
    /// <param name="json">Its bytes.</param>
    /// <exception cref="InvalidDataException">It is no such file.</exception>
    public static PartnerEffect Read(string path, byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<PartnerEffect>(json, _strict)
                ?? throw new InvalidDataException($"{path}: found null; expected an effect.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>True if partners like this one were brought in often enough to say what it adds.</summary>
    /// <param name="partnerId">The partner.</param>
    /// <param name="score">Its score by the fit model of the package.</param>
    public bool IsSupported(PartnerId partnerId, double score) =>
        score >= LeastScore && Partners.TryGetValue(partnerId.Value, out var own) && own.Deals >= LeastDeals;

    /// <summary>What the partner adds to a deal that has none.</summary>
    /// <param name="created">What the win-probability model says of the deal without partners, 0 to 1.</param>
    /// <param name="partnerId">The partner.</param>
    /// <param name="suitability">Its score by the suitability model of the package.</param>
    /// <param name="kinds">Its values of <see cref="Kinds"/>.</param>
    public LiftEstimate Of(double created, PartnerId partnerId, double suitability, ReadOnlySpan<float> kinds)
    {
        Span<double> terms = stackalloc double[Coefficients.Length];
        Fill(terms, (suitability - ScoreMean) / ScoreDeviation, kinds);
        Partners.TryGetValue(partnerId.Value, out var own);
        var effect = own?.Value ?? 0;
        var variance = (own?.Variance ?? PartnerVariance) + PairVariance;
        for (var i = 0; i < terms.Length; i++)
        {
            effect += terms[i] * Coefficients[i];
            variance += 2 * terms[i] * (own?.Covariance[i] ?? 0);
            for (var j = 0; j < terms.Length; j++)
                variance += terms[i] * terms[j] * Covariance[i][j];
        }
        var alone = Alone(created);
        var odds = Elementary.LogOdds(alone);
        var margin = Z90 * Math.Sqrt(Math.Max(0, variance));
        double With(double change) => Elementary.Logistic(odds + change);
        var with = With(effect);
        return new(with - alone, With(effect - margin) - alone, With(effect + margin) - alone, with);
    }

    /// <summary>The chance of a deal that never gets a partner: what the model says of it now still hopes for one.</summary>
    public double Alone(double created) => Elementary.Logistic(AloneOffset + AloneSlope * Elementary.LogOdds(created));

    /// <summary>The terms that the coefficients multiply.</summary>
    public static void Fill(Span<double> terms, double standardScore, ReadOnlySpan<float> kinds)
    {
        (terms[0], terms[1]) = (1, standardScore);
        for (var k = 0; k < kinds.Length; k++)
            terms[2 + k] = kinds[k];
    }
}
