using System.Text.Json;
using System.Text.Json.Nodes;
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
/// <param name="Deals">Deals of the partner that stand behind it; 0 if only its like do.</param>
public readonly record struct LiftEstimate(double Lift, double Low, double High, double WinProbability, int Deals)
{
    /// <summary>
    /// How many times as likely an unmeasured cause would have to make both being brought in and winning, to explain the lift away (E-value; VanderWeele
    /// and Ding, 2017); 1 if there is none.
    /// </summary>
    public double EValue => OfRatio(WinProbability / (WinProbability - Lift));

    /// <summary>The same for the end of the interval that is nearer to zero; 1 if the interval holds zero.</summary>
    public double EValueLow =>
        Low <= 0 && High >= 0 ? 1 : OfRatio((WinProbability - Lift + (Lift > 0 ? Low : High)) / (WinProbability - Lift));

    static double OfRatio(double ratio) =>
        ratio < 1 ? OfRatio(1 / ratio)
        : double.IsFinite(ratio) ? ratio + Math.Sqrt(ratio * (ratio - 1))
        : 1;
}

/// <summary>An effect with the models whose scores it rests on: the first two take rows of win probability, the third those of partner fit.</summary>
public sealed record EffectModels(PartnerEffect Effect, ServedModel Odds, ServedModel Attraction, ServedModel Suitability)
    : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Odds.Dispose();
        Attraction.Dispose();
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

    /// <summary>The model of suitability beside it: who suits, whatever the relationship.</summary>
    public const string SuitabilityFile = "suitability.onnx";

    /// <summary>The model of deals beside it: what comes of one, log odds.</summary>
    public const string OddsFile = "odds.onnx";

    /// <summary>The model of attraction beside it: how likely a deal is to be given a partner, log odds.</summary>
    public const string AttractionFile = "attraction.onnx";

    /// <summary>Terms of <see cref="Coefficients"/> before those of the kinds.</summary>
    public const int BeforeKinds = 3;

    /// <summary>Terms of <see cref="Alone"/>.</summary>
    public const int TermsAlone = 4;

    const double Z90 = 1.6448536269514722;
    const double Root3 = 1.7320508075688772;

    /// <summary>Columns of partner fit that shift the effect, such as tier_is_gold; after the intercept and suitability.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    /// <summary>
    /// The chance of a deal that never gets a partner, log odds: offset, per log odds that the model of deals gives it, per log odds of being given a partner above
    /// <see cref="AttractionMean"/>, per hundred days of age (as a logarithm).
    /// </summary>
    public required double[] Alone { get; init; }

    /// <summary>Mean log odds of being given a partner.</summary>
    public required double AttractionMean { get; init; }

    /// <summary>Mean suitability of partners who were brought in; it counts from there.</summary>
    public required double ScoreMean { get; init; }

    /// <summary>Its standard deviation, in which it counts.</summary>
    public required double ScoreDeviation { get; init; }

    /// <summary>Suitability that nearly all who were brought in had, in standard deviations: less counts as this.</summary>
    public required double ScoreLow { get; init; }

    /// <summary>Suitability that few exceeded, in standard deviations: more counts as this.</summary>
    public required double ScoreHigh { get; init; }

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

    /// <summary>Whether lift may be stated, and why.</summary>
    public required GateVerdict Gate { get; init; }

    /// <summary>Matured deals with a partner that the estimate is made from.</summary>
    public required int DealsWith { get; init; }

    /// <summary>Matured deals without one.</summary>
    public required int DealsWithout { get; init; }

    static readonly JsonSerializerOptions _strict = new(ModelManifest.Json) { RespectNullableAnnotations = true };

    /// <summary>True of what versions before the gate of lift wrote: the package serves on, and its lift is unknown until it is trained again.</summary>
    public static bool IsOfOlderForm(byte[] json)
    {
        try
        {
            return JsonNode.Parse(json) is JsonObject effect && effect.ContainsKey("alone_slope");
        }
        catch (JsonException)
        {
            return false;
        }
    }

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

    /// <summary>True if partners that suit as well as this one were brought in: of those who suit less there is nothing to learn from.</summary>
    /// <param name="suitability">Its score by the suitability model of the package.</param>
    public bool IsSupported(double suitability) => (suitability - ScoreMean) / ScoreDeviation >= ScoreLow;

    /// <summary>What the partner adds to a deal that has none.</summary>
    /// <param name="alone">The chance of the deal alone, 0 to 1.</param>
    /// <param name="age">Days since the deal was created.</param>
    /// <param name="partnerId">The partner.</param>
    /// <param name="suitability">Its score by the suitability model of the package.</param>
    /// <param name="kinds">Its values of <see cref="Kinds"/>.</param>
    public LiftEstimate OfScore(double alone, double age, PartnerId partnerId, double suitability, ReadOnlySpan<float> kinds) =>
        Of(alone, age, partnerId, Math.Clamp((suitability - ScoreMean) / ScoreDeviation, ScoreLow, ScoreHigh), kinds);

    /// <summary>The same of a suitability in standard deviations.</summary>
    public LiftEstimate Of(double alone, double age, PartnerId partnerId, double standard, ReadOnlySpan<float> kinds)
    {
        Span<double> terms = stackalloc double[Coefficients.Length];
        Fill(terms, standard, age, kinds);
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
        var odds = Elementary.LogOdds(alone);
        var deviation = Math.Sqrt(Math.Max(0, variance));
        double With(double change) => Elementary.Logistic(odds + change);
        // The mean over the posterior, by three points of Gauss and Hermite: exact up to the fifth power.
        var with = (4 * With(effect) + With(effect - Root3 * deviation) + With(effect + Root3 * deviation)) / 6;
        return new(
            with - alone,
            With(effect - Z90 * deviation) - alone,
            With(effect + Z90 * deviation) - alone,
            with,
            own?.Deals ?? 0
        );
    }

    /// <summary>The chance of the deal if it never gets a partner.</summary>
    /// <param name="odds">What the model of deals says, log odds.</param>
    /// <param name="attraction">What the model of attraction says, log odds.</param>
    /// <param name="age">Days since the deal was created.</param>
    public double ChanceAlone(double odds, double attraction, double age)
    {
        Span<double> terms = stackalloc double[TermsAlone];
        FillAlone(terms, odds, attraction - AttractionMean, age);
        var sum = 0.0;
        for (var i = 0; i < terms.Length; i++)
            sum += terms[i] * Alone[i];
        return Elementary.Logistic(sum);
    }

    /// <summary>The terms of the chance alone.</summary>
    public static void FillAlone(Span<double> terms, double odds, double attraction, double age) =>
        (terms[0], terms[1], terms[2], terms[3]) = (1, odds, attraction, Aged(age));

    /// <summary>Hundred days of age, as a logarithm: 0 at creation.</summary>
    static double Aged(double days) => Elementary.Log(1 + Math.Max(0, days) / 100);

    /// <summary>The terms that the coefficients multiply.</summary>
    public static void Fill(Span<double> terms, double standardScore, double age, ReadOnlySpan<float> kinds)
    {
        (terms[0], terms[1], terms[2]) = (1, standardScore, Aged(age));
        for (var k = 0; k < kinds.Length; k++)
            terms[BeforeKinds + k] = kinds[k];
    }
}
