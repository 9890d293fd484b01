using Recommender.Facts;
using Recommender.Training;

namespace Recommender.Tests.Training;

public class CalibrationQualityTests
{
    [Fact]
    public void What_chance_adds_to_the_calibration_error_is_taken_off()
    {
        var (plain, debiased) = (0.0, 0.0);
        for (var seed = 0; seed < 40; seed++)
        {
            var (predicted, won) = Draw(600, seed, x => x);
            plain += ProbabilityQuality.Of(predicted, won).Ece / 40;
            debiased += Of(predicted, won).Ece.Value / 40;
        }
        Assert.InRange(plain, 0.04, 0.07);
        Assert.InRange(debiased, 0, 0.016);
    }

    [Fact]
    public void The_upper_bound_lies_above_the_true_error_as_often_as_it_says()
    {
        var (above, sum) = (0, 0.0);
        for (var seed = 0; seed < 100; seed++)
        {
            var (predicted, won) = Draw(400, seed, x => Elementary.LogOdds(Math.Max(0.001, Elementary.Logistic(x) - 0.1)));
            var ece = Of(predicted, won).Ece;
            above += ece.High >= 0.1 ? 1 : 0;
            sum += ece.Value / 100;
        }
        Assert.InRange(above, 90, 99);
        Assert.InRange(sum, 0.09, 0.11);
    }

    [Fact]
    public void Slope_and_intercept_say_what_would_mend_the_predictions()
    {
        var (extreme, won) = Draw(20_000, 1, x => 0.5 * x);
        Assert.InRange(Of(extreme, won).Slope!.Value.Value, 0.45, 0.55);
        var (high, wonOfHigh) = Draw(20_000, 2, x => x - 0.7);
        var quality = Of(high, wonOfHigh);
        Assert.InRange(quality.Intercept!.Value.Value, -0.75, -0.65);
        Assert.InRange(quality.Slope!.Value.Value, 0.93, 1.07);
    }

    [Fact]
    public void Intervals_of_slope_and_intercept_hold_the_truth_as_often_as_they_say()
    {
        var (slopes, intercepts) = (0, 0);
        for (var seed = 0; seed < 200; seed++)
        {
            var (predicted, won) = Draw(300, seed, x => x);
            var quality = Of(predicted, won, resamples: 10);
            slopes += quality.Slope is { Low: <= 1, High: >= 1 } ? 1 : 0;
            intercepts += quality.Intercept is { Low: <= 0, High: >= 0 } ? 1 : 0;
        }
        Assert.InRange(slopes, 170, 190);
        Assert.InRange(intercepts, 170, 190);
    }

    [Fact]
    public void Deals_that_only_repeat_others_of_their_account_make_nothing_surer()
    {
        var (predicted, won) = Draw(300, 3, x => x);
        double[] often = [.. predicted.SelectMany(p => Enumerable.Repeat(p, 4))];
        bool[] wonOften = [.. won.SelectMany(yes => Enumerable.Repeat(yes, 4))];
        var accounts = Clusters.By(Enumerable.Range(0, often.Length).Select(i => i / 4));
        var once = CalibrationQuality.Of(predicted, won, Clusters.Alone(300), 0.95, 400, 1);
        Assert.Equal(once, CalibrationQuality.Of(often, wonOften, accounts, 0.95, 400, 1), Alike);
        Assert.NotEqual(once, CalibrationQuality.Of(often, wonOften, Clusters.Alone(1200), 0.95, 400, 1), Alike);
        var config = new TrainingConfig();
        Assert.Equal(Bootstrap.Mean(predicted, config), Bootstrap.Mean(often, accounts, config), Near);
    }

    [Fact]
    public void What_cannot_be_known_is_not_said()
    {
        Assert.Null(Of([0.4, 0.4, 0.4, 0.4], [true, false, true, false]).Slope);
        Assert.Null(Of([0.4, 0.5, 0.6], [true, true, true]).Intercept);
        Assert.Null(Of([0.1, 0.2, 0.8, 0.9], [false, false, true, true]).Slope);
    }

    [Theory]
    [InlineData("every probability 0.15 too high", 50)]
    [InlineData("every probability 0.15 too high", 600)]
    [InlineData("too extreme, slope 0.6", 600)]
    [InlineData("too timid, slope 1.8", 600)]
    [InlineData("0.12 too high and too low in turns", 600)]
    [InlineData("no signal", 200)]
    public void The_gate_refuses_predictions_that_are_wrong(string name, int deals) =>
        Assert.InRange(Promoted(name, deals), 0, 0.05);

    [Theory]
    [InlineData("calibrated, half won", 3000, 0.95)]
    [InlineData("calibrated, four in five won", 3000, 0.95)]
    [InlineData("calibrated, half won", 600, 0.6)]
    public void The_gate_promotes_predictions_that_are_right_and_enough(string name, int deals, double least) =>
        Assert.InRange(Promoted(name, deals), least, 1);

    [Fact]
    public void The_gate_refuses_what_is_too_little_to_show_calibration() =>
        Assert.InRange(Promoted("calibrated, half won", 50), 0, 0.05);

    static double Promoted(string name, int deals) =>
        GateSimulation.Promoted(
            GateSimulation.Cases.Single(one => one.Name == name),
            deals,
            40,
            new() { Gate = new() { Resamples = 200 } }
        );

    static bool Alike(CalibrationQuality a, CalibrationQuality b) =>
        Near(a.Ece, b.Ece) && Near(a.Slope, b.Slope) && Near(a.Intercept, b.Intercept);

    static bool Near(Measured? a, Measured? b) =>
        a is { } one
        && b is { } other
        && Math.Abs(one.Value - other.Value) + Math.Abs(one.Low - other.Low) + Math.Abs(one.High - other.High) < 1e-9;

    static CalibrationQuality Of(double[] predicted, bool[] won, int resamples = 200) =>
        CalibrationQuality.Of(predicted, won, Clusters.Alone(won.Length), 0.95, resamples, 1);

    /// <summary>Predictions spread over log odds from -2 to 2, and outcomes by what is true of each.</summary>
    static (double[] Predicted, bool[] Won) Draw(int deals, int seed, Func<double, double> truth)
    {
        var random = new Random(seed);
        double[] odds = [.. Enumerable.Range(0, deals).Select(_ => 4 * random.NextDouble() - 2)];
        return (
            [.. odds.Select(Elementary.Logistic)],
            [.. odds.Select(x => random.NextDouble() < Elementary.Logistic(truth(x)))]
        );
    }
}
