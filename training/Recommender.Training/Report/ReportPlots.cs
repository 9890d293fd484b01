using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;
using Recommender.Features;

namespace Recommender.Training;

/// <summary>The plots of report.html.</summary>
static class ReportPlots
{
    static readonly OxyColor _ink = OxyColor.FromRgb(0x1f, 0x29, 0x37);
    static readonly OxyColor _accent = OxyColor.FromRgb(0x1d, 0x4e, 0xd8);
    static readonly OxyColor _pale = OxyColor.FromRgb(0x9c, 0xa3, 0xaf);

    public static PlotModel RankCurve(Evaluation evaluation)
    {
        var plot = Frame("rank", "share of decisions");
        foreach (var name in FitResults.Names)
        {
            var line = new LineSeries
            {
                Title = Report.Words(name) + new string('\u00a0', 10),
                StrokeThickness = name == "partner_fit" ? 2.5 : 1.2,
            };
            if (name == "partner_fit")
                line.Color = _accent;
            for (var rank = 1; rank <= 30; rank++)
                line.Points.Add(
                    new(
                        rank,
                        evaluation.Fit.All[name].Count(quality => quality.ReciprocalRank >= 1.0 / rank)
                            / (double)Math.Max(1, evaluation.Fit.All[name].Count)
                    )
                );
            plot.Series.Add(line);
        }
        plot.Legends.Add(
            new Legend
            {
                LegendPosition = LegendPosition.BottomRight,
                LegendMargin = 40,
                LegendLineSpacing = 6,
            }
        );
        return plot;
    }

    public static PlotModel CalibrationCurve(Evaluation evaluation)
    {
        var plot = Frame("predicted", "observed");
        plot.Series.Add(new LineSeries { Points = { new(0, 0), new(1, 1) }, Color = _pale });
        var points = new ScatterErrorSeries
        {
            MarkerType = MarkerType.Circle,
            MarkerFill = _accent,
            ErrorBarColor = _pale,
        };
        foreach (
            var (predicted, observed, count, _) in ProbabilityQuality.Bin(evaluation.Win["win_probability"], evaluation.Won, 15)
        )
        {
            // Wilson's interval (1927) is not about the observed share itself: the bar is centred on it with the same length.
            var margin =
                1.96
                * Math.Sqrt(observed * (1 - observed) / count + 1.96 * 1.96 / (4.0 * count * count))
                / (1 + 1.96 * 1.96 / count);
            points.Points.Add(new ScatterErrorPoint(predicted, observed, 0, 2 * margin));
        }
        plot.Series.Add(points);
        return plot;
    }

    public static PlotModel Roc(Evaluation evaluation)
    {
        var (steps, wins, losses) = Cumulated(evaluation);
        var plot = Frame("lost deals taken for won", "won deals found");
        plot.Series.Add(new LineSeries { Points = { new(0, 0), new(1, 1) }, Color = _pale });
        var line = new LineSeries { Color = _accent };
        line.Points.AddRange(
            ExampleBuilder.EvenlySpaced(steps, 300).Select(step => new DataPoint(step.Lost / losses, step.Won / wins))
        );
        line.Points.Add(new(1, 1));
        plot.Series.Add(line);
        return plot;
    }

    public static PlotModel PrecisionRecall(Evaluation evaluation)
    {
        var (steps, wins, losses) = Cumulated(evaluation);
        var plot = Frame("won deals found", "share won");
        var mean = wins / (wins + losses);
        plot.Series.Add(new LineSeries { Points = { new(0, mean), new(1, mean) }, Color = _pale });
        var line = new LineSeries { Color = _accent };
        line.Points.AddRange(
            ExampleBuilder
                .EvenlySpaced([.. steps.Skip(Math.Min(20, steps.Count - 1))], 300)
                .Select(step => new DataPoint(step.Won / wins, step.Won / (step.Won + step.Lost)))
        );
        plot.Series.Add(line);
        return plot;
    }

    public static PlotModel Deciles(Evaluation evaluation)
    {
        var predicted = evaluation.Win["win_probability"];
        var order = Enumerable
            .Range(0, predicted.Count)
            .OrderByDescending(i => predicted[i])
            .Select(i => evaluation.Won[i] ? 1.0 : 0)
            .ToList();
        var plot = Frame("tenth", "share won");
        var bars = new RectangleBarSeries { FillColor = _accent, StrokeThickness = 0 };
        for (var d = 0; d < 10; d++)
        {
            var part = order.Skip(d * order.Count / 10).Take((d + 1) * order.Count / 10 - d * order.Count / 10).ToList();
            if (part.Count > 0)
                bars.Items.Add(new(d + 0.6, 0, d + 1.4, part.Average()));
        }
        plot.Series.Add(bars);
        plot.Series.Add(new LineSeries { Points = { new(0.5, order.Average()), new(10.5, order.Average()) }, Color = _ink });
        return plot;
    }

    public static PlotModel Importance(IReadOnlyList<(FeatureColumn Column, double Importance)> importance) =>
        Bars([.. importance.Take(20).Select(feature => (feature.Column.Name, feature.Importance))], "contribution");

    public static PlotModel Bars(IReadOnlyList<(string Name, double Value)> values, string x)
    {
        var top = values.Reverse().ToList();
        var plot = Frame(x, "");
        plot.Axes.RemoveAt(1);
        var axis = new CategoryAxis
        {
            Position = AxisPosition.Left,
            TextColor = _ink,
            FontSize = 11,
            TickStyle = TickStyle.None,
        };
        axis.Labels.AddRange(top.Select(value => value.Name));
        plot.Axes.Add(axis);
        var bars = new BarSeries { FillColor = _accent };
        bars.Items.AddRange(top.Select(value => new BarItem(value.Value)));
        plot.Series.Add(bars);
        return plot;
    }

    public static PlotModel LearningCurve(Evaluation evaluation, bool isFit)
    {
        var plot = Frame(isFit ? "decisions" : "deals", isFit ? "NDCG@10" : "log loss");
        var line = new LineSeries
        {
            Color = _accent,
            MarkerType = MarkerType.Circle,
            MarkerFill = _accent,
        };
        line.Points.AddRange(
            evaluation
                .LearningCurve.Where(point => (isFit ? point.Ndcg : point.LogLoss) is not null)
                .Select(point => new DataPoint(
                    isFit ? point.Decisions : point.Deals,
                    (isFit ? point.Ndcg : point.LogLoss)!.Value
                ))
        );
        plot.Series.Add(line);
        return plot;
    }

    public static PlotModel EarlyStopping(Learned learned, bool isFit)
    {
        var plot = Frame("trees", isFit ? "NDCG@10" : "log loss");
        var most = learned.Trials.Max(trial => trial.Curve.Max(point => point.Trees));
        foreach (var trial in learned.Trials)
        {
            var line = new LineSeries
            {
                Title = TrainingConfig.Name(trial.Learner),
                Color = trial == learned.Chosen ? _accent : _pale,
            };
            line.Points.AddRange(
                trial.Curve is [var only]
                    ? [new(0, only.Metric), new(most, only.Metric)]
                    : trial.Curve.Select(point => new DataPoint(point.Trees, point.Metric))
            );
            plot.Series.Add(line);
        }
        return plot;
    }

    /// <summary>The plot as inline SVG; its ids are its own on the page.</summary>
    public static string Svg(PlotModel plot, int number)
    {
        var names = plot.Axes.OfType<CategoryAxis>().FirstOrDefault();
        var (width, height) = (800, names is null ? 320 : 460);
        // The exporter measures text in a narrower font than browsers show it in.
        plot.Padding = new OxyThickness(names is null ? 16 : 110, 10, 24, 10);
        var svg = SvgExporter.ExportToString(plot, width, height, false);
        var head = FormattableString.Invariant($"<svg width=\"{width}\" height=\"{height}\"");
        return svg.Replace("\"clipPath", FormattableString.Invariant($"\"clip{number}-"), StringComparison.Ordinal)
            .Replace("#clipPath", FormattableString.Invariant($"#clip{number}-"), StringComparison.Ordinal)
            .Replace(
                head,
                FormattableString.Invariant($"<svg role=\"img\" viewBox=\"0 0 {width} {height}\""),
                StringComparison.Ordinal
            );
    }

    /// <summary>After each deal, best score first: won and lost so far, of how many.</summary>
    static (List<(double Won, double Lost)> Steps, double Wins, double Losses) Cumulated(Evaluation evaluation)
    {
        var predicted = evaluation.Win["win_probability"];
        var steps = new List<(double Won, double Lost)>();
        double won = 0,
            lost = 0;
        foreach (var i in Enumerable.Range(0, predicted.Count).OrderByDescending(i => predicted[i]))
            steps.Add(evaluation.Won[i] ? (++won, lost) : (won, ++lost));
        return (steps, Math.Max(1, won), Math.Max(1, lost));
    }

    static PlotModel Frame(string x, string y)
    {
        var plot = new PlotModel
        {
            Culture = CultureInfo.InvariantCulture,
            DefaultFont = "sans-serif",
            TextColor = _ink,
            PlotAreaBorderThickness = new OxyThickness(1, 0, 0, 1),
            PlotAreaBorderColor = _pale,
        };
        plot.Axes.Add(
            new LinearAxis
            {
                Position = AxisPosition.Bottom,
                Title = x,
                AxisTitleDistance = 10,
                MajorGridlineStyle = LineStyle.None,
                TicklineColor = _pale,
            }
        );
        plot.Axes.Add(
            new LinearAxis
            {
                Position = AxisPosition.Left,
                Title = y,
                AxisTitleDistance = 30,
                MajorGridlineStyle = LineStyle.Solid,
                MajorGridlineColor = OxyColor.FromRgb(0xe5, 0xe7, 0xeb),
                TicklineColor = _pale,
            }
        );
        return plot;
    }
}
