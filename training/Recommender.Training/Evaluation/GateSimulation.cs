using MathNet.Numerics.Distributions;
using Recommender.Facts;

namespace Recommender.Training;

/// <summary>How predictions go wrong in a simulation of the gate.</summary>
/// <param name="Name">In words.</param>
/// <param name="ShouldPass">Whether a gate should let them pass.</param>
/// <param name="Mean">Of the predicted log odds.</param>
/// <param name="Deviation">Of the predicted log odds.</param>
/// <param name="Truth">The true chance by predicted log odds.</param>
sealed record GateCase(string Name, bool ShouldPass, double Mean, double Deviation, Func<double, double> Truth);

/// <summary>Runs the gate of win probability on drawn predictions and outcomes whose true chances are known: how often does it let them pass?</summary>
static class GateSimulation
{
    /// <summary>Deals of an account on average, and the share of deals that end as the account's deals do.</summary>
    const double DealsOfAccount = 3;
    const double Alike = 0.15;

    public static IReadOnlyList<int> Sizes { get; } = [50, 200, 600, 3000];

    public static IReadOnlyList<GateCase> Cases { get; } =
    [
        new("calibrated, half won", true, 0, 0.9, Elementary.Logistic),
        new("calibrated, four in five won", true, 1.4, 0.9, Elementary.Logistic),
        new("calibrated, weak signal", true, 0, 0.5, Elementary.Logistic),
        new("every probability 0.15 too high", false, 0.3, 0.9, x => Math.Max(0.01, Elementary.Logistic(x) - 0.15)),
        new("every probability 0.08 too high", false, 0.3, 0.9, x => Math.Max(0.01, Elementary.Logistic(x) - 0.08)),
        new("too extreme, slope 0.6", false, 0, 1.2, x => Elementary.Logistic(0.6 * x)),
        new("too timid, slope 1.8", false, 0, 0.6, x => Elementary.Logistic(1.8 * x)),
        new("0.12 too high and too low in turns", false, 0, 0.9, x => Math.Clamp(Elementary.Logistic(x) + Wave(x), 0.01, 0.99)),
        new("no signal", false, 0, 0.5, _ => 0.5),
    ];

    /// <summary>The share of <paramref name="runs"/> in which the gate promotes, 0 to 1.</summary>
    public static double Promoted(GateCase one, int deals, int runs, TrainingConfig config) =>
        Enumerable
            .Range(0, runs)
            .AsParallel()
            .Count(run => PromotionGate.WinProbability(Draw(one, deals, new(config.Seed + run)), [], config).Promote)
        / (double)runs;

    static double Wave(double x) => Math.Floor(x / 0.7) % 2 == 0 ? 0.12 : -0.12;

    /// <summary>Deals of accounts of different size, whose outcomes are alike more often than chance has it.</summary>
    static JudgedProbabilities Draw(GateCase one, int deals, Random random)
    {
        var (predicted, won, accounts) = (new double[deals], new bool[deals], new int[deals]);
        var (account, common) = (0, random.NextDouble());
        for (var i = 0; i < deals; i++)
        {
            if (random.NextDouble() < 1 / DealsOfAccount)
                (account, common) = (account + 1, random.NextDouble());
            var odds = Normal.InvCDF(one.Mean, one.Deviation, Math.Clamp(random.NextDouble(), 1e-9, 1 - 1e-9));
            var chance = random.NextDouble() < Alike ? common : random.NextDouble();
            (predicted[i], won[i], accounts[i]) = (Elementary.Logistic(odds), chance < one.Truth(odds), account);
        }
        var share = won.Average(yes => yes ? 1.0 : 0);
        return new(
            new Dictionary<string, IReadOnlyList<double>>
            {
                ["win_probability"] = predicted,
                ["training_share"] = [.. predicted.Select(_ => share)],
                ["logistic_regression"] = predicted,
            },
            won,
            Clusters.By(accounts)
        );
    }
}
