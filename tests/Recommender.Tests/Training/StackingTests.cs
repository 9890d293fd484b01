using Recommender.Facts;
using Recommender.Training;

namespace Recommender.Tests.Training;

public class StackingTests
{
    [Fact]
    public void Shares_are_those_that_outcomes_were_drawn_by_however_folds_differ_in_their_win_rate()
    {
        var random = new Random(3);
        double[] constants = [-1, 0.5, 1];
        int[] folds = [.. Enumerable.Range(0, 30_000).Select(i => i % 3)];
        double[] a = [.. folds.Select(_ => 4 * random.NextDouble() - 2)];
        double[] b = [.. folds.Select(_ => 4 * random.NextDouble() - 2)];
        var labels = Draw([.. folds.Select((fold, i) => 0.7 * a[i] + 0.3 * b[i] + constants[fold])], random);
        var (shares, together) = Stacking.Fit([a, b], labels, folds);
        Assert.InRange(shares[0], 0.65, 0.75);
        Assert.InRange(shares[1], 0.25, 0.35);
        Assert.True(together < Stacking.Fit([a], labels, folds).LogLoss);
        Assert.True(together < Stacking.Fit([b], labels, folds).LogLoss);
    }

    [Fact]
    public void A_score_that_points_the_wrong_way_has_no_share()
    {
        var random = new Random(5);
        double[] a = [.. Enumerable.Range(0, 5000).Select(_ => 4 * random.NextDouble() - 2)];
        double[] wrong = [.. a.Select(x => -x + 0.1 * random.NextDouble())];
        var labels = Draw(a, random);
        Assert.Equal(double.PositiveInfinity, Stacking.Fit([wrong], labels, [.. a.Select(_ => 0)]).LogLoss);
    }

    [Fact]
    public void The_offset_foretells_as_many_wins_as_there_were()
    {
        double[] odds = [-2, -1, 0, 1, 2, 3, 4, 5];
        float[] labels = [0, 0, 0, 1, 0, 1, 0, 1];
        var offset = Stacking.Offset(odds, labels, [.. odds.Select(_ => 1.0)]);
        Assert.Equal(3.5, odds.Sum(x => Elementary.Logistic(x + offset)) + Elementary.Logistic(offset), 9);
        Assert.InRange(Stacking.Offset([0, 0], [1, 1], [1, 1]), 1.5, 1.7);
    }

    [Fact]
    public void A_deal_of_weight_two_moves_the_offset_as_two_deals_do() =>
        Assert.Equal(
            Stacking.Offset([-1, 0, 1, 1], [0, 1, 0, 0], [1, 1, 1, 1]),
            Stacking.Offset([-1, 0, 1], [0, 1, 0], [1, 1, 2]),
            9
        );

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(365, 0.5)]
    [InlineData(730, 0.25)]
    public void Half_of_what_windows_missed_is_left_where_outcomes_take_a_year(int maturityDays, double left)
    {
        var start = new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var examples = new ExampleSet(1);
        for (var i = 0; i < 4; i++)
            examples.Add(i % 2, 1, start, ExampleBuilder.AtCreation)[0] = 0;
        double[] odds = [.. Enumerable.Repeat(-0.3, 200)];
        float[] labels = [.. odds.Select((_, i) => i < 150 ? 1f : 0f)];
        var missed = Stacking.Offset(odds, labels, [.. odds.Select(_ => 1.0)]);
        var level = Learning.Level(examples, _ => 0, new(odds, labels, [.. odds.Select(_ => start)]), maturityDays);
        Assert.Equal(left * missed, level, 9);
    }

    static List<float> Draw(double[] odds, Random random) =>
        [.. odds.Select(x => random.NextDouble() < Elementary.Logistic(x) ? 1f : 0f)];
}
