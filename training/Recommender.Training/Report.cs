using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>report.html: one self-contained page on a trained model, plots as inline SVG.</summary>
static class Report
{
    static readonly OxyColor _ink = OxyColor.FromRgb(0x1f, 0x29, 0x37);
    static readonly OxyColor _accent = OxyColor.FromRgb(0x1d, 0x4e, 0xd8);
    static readonly OxyColor _pale = OxyColor.FromRgb(0x9c, 0xa3, 0xaf);

    public static string Html(
        ModelManifest manifest,
        Learned learned,
        Evaluation evaluation,
        IReadOnlyList<(FeatureColumn Column, double Importance)> importance
    )
    {
        var page = new StringBuilder();
        void Section(string title, string body, string note = "") =>
            page.Append(
                CultureInfo.InvariantCulture,
                $"<section><h2>{title}</h2>{(note.Length > 0 ? $"<p>{note}</p>" : "")}{body}</section>\n"
            );
        var plots = 0;
        string Draw(PlotModel plot) => Plot(plot, ++plots);
        var isFit = manifest.Model == ModelPackage.PartnerFit;
        page.Append(
            CultureInfo.InvariantCulture,
            $$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{{manifest.Model}} {{manifest.Version}}</title>
            <style>
            body{font:15px/1.5 system-ui,sans-serif;color:#1f2937;max-width:54rem;margin:2rem auto;padding:0 1rem}
            h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}
            table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
            td,th{border-bottom:1px solid #e5e7eb;padding:.25rem .6rem;text-align:right}td:first-child,th:first-child{text-align:left}td+td{white-space:nowrap}
            tr.own{font-weight:600}.verdict{padding:.6rem .9rem;border-left:4px solid}.yes{border-color:#15803d;background:#f0fdf4}.no{border-color:#b91c1c;background:#fef2f2}
            svg{max-width:100%;height:auto}section{break-inside:avoid}p{margin:.3rem 0}
            </style></head><body>
            <h1>{{manifest.Model}} <small>{{manifest.Version}}</small></h1>
            <p>Learned from {{manifest.Training.Examples}} examples of {{manifest.Training.Decisions}} {{(
                isFit ? "decisions" : "deals"
            )}}, {{manifest.Training.From:yyyy-MM-dd}} to {{manifest.Training.AsOf:yyyy-MM-dd}} (exclusive).
            {{learned.Trees.Trees.Count}} trees over {{manifest.Features.Count}} features, seed {{manifest.Seed}}, code {{manifest.CodeVersion}}.</p>
            <p class="verdict {{(manifest.Gate.Promote ? "yes" : "no")}}"><b>{{(
                manifest.Gate.Promote ? "May be promoted." : "Refused."
            )}}</b> {{WebUtility.HtmlEncode(manifest.Gate.Reason)}}</p>

            """
        );
        var window =
            $"Trained on what was known at {manifest.Metrics.GetProperty("test_from")}, judged on deals created from then to {manifest.Metrics.GetProperty("test_to")}.";
        if (isFit)
        {
            Section(
                "Ranking, beside the simple rankings",
                RankingTable(manifest.Metrics.GetProperty("figures").GetProperty("models")),
                window
            );
            Section(
                "Where the engaged partner stood",
                Draw(RankCurve(evaluation)),
                "Share of decisions whose first engaged partner stood at most at this rank."
            );
            Section(
                "Slices",
                RankingSlices(manifest.Metrics.GetProperty("figures").GetProperty("slices")),
                "NDCG@10 with 95 % intervals; cold start: accounts without a deal, partners without an engagement, before the test window."
            );
            Section("Exposure", Exposure(manifest.Metrics.GetProperty("figures").GetProperty("exposure")));
        }
        else
        {
            Section(
                "Probability, beside the simple models",
                ProbabilityTable(manifest.Metrics.GetProperty("figures").GetProperty("models")),
                window
            );
            if (evaluation.Win.Count > 0)
            {
                Section(
                    "Calibration",
                    Draw(CalibrationCurve(evaluation)),
                    "Predicted against observed share of won deals, in bins of equal width, with 95 % intervals (Wilson); the line is perfect."
                );
                Section("ROC", Draw(Roc(evaluation)), "Share of won deals found against share of lost deals taken for won.");
                Section(
                    "Precision and recall",
                    Draw(PrecisionRecall(evaluation)),
                    "Share won among the best-scored deals against the share of all won deals among them; the line is the mean of all."
                );
                Section(
                    "Gain by decile",
                    Draw(Deciles(evaluation)),
                    "Share of won deals in each tenth, best-scored tenth first; the line is the mean of all."
                );
                var figures = manifest.Metrics.GetProperty("figures");
                Section(
                    "Calibration over time",
                    CalibrationTable(figures.GetProperty("calibration_by_quarter")),
                    "95 % intervals of the won share."
                );
                Section("Calibration by slice", CalibrationTable(figures.GetProperty("slices")));
                Section(
                    "Drift of features between training and test",
                    Draw(
                        Bars(
                            [.. evaluation.WinDrift.Take(15).Select(feature => (feature.Column.Name, feature.Psi))],
                            "population stability index"
                        )
                    ),
                    "Ten bins of equal count in training; above 0.25 is commonly called a shift. Features that count up or follow the calendar move by nature."
                );
            }
        }
        Section(
            "What it looks at",
            Draw(Importance(importance)),
            "Mean absolute contribution to the score, exact (TreeSHAP), over a sample of training examples."
        );
        Section(
            "Learners and trees",
            Draw(EarlyStopping(learned, isFit)),
            $"Metric on the validation window by number of trees; {Words(TrainingConfig.Name(learned.Chosen.Learner))} was chosen."
        );
        if (evaluation.LearningCurve.Count > 0)
            Section(
                "How much history is enough",
                Draw(LearningCurve(evaluation, isFit)),
                "Quality on the test window by how much history was learned from: still rising, more would help."
            );
        if ((isFit ? evaluation.FitLeaks : evaluation.WinLeaks) is { } leaks)
            Section(
                "Leak checks",
                leaks.ShuffledAuc is { } auc
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"<p>Learned from shuffled labels, AUC is {auc:0.000} (0.5 is expected). {(leaks.Alarms.Count == 0 ? "No figure and no feature is implausibly good." : Names(leaks.Alarms))}</p>"
                    )
                    : "<p>Too few cases to tell.</p>"
            );
        var missing = History
            .FactTables.OfFacts.Where(table =>
                !table.Required && table.TakesRows && !manifest.FeatureSettings.Fold.Has(table.Name)
            )
            .Select(table => table.File);
        Section(
            "Data",
            $"<p>Facts {manifest.DataFingerprint[..16]}…, outcomes count {manifest.FeatureSettings.Fold.MaturityDays} days after creation. "
                + $"Categories: {Names(manifest.FeatureSettings.Fold.Dimensions.Select(dimension => dimension.Name))}. Numbers: {Names(manifest.FeatureSettings.Fold.Measures.Select(measure => measure.Name))}. "
                + (missing.Any() ? $"Left out for want of files: {Names(missing)}." : "No optional file is missing.")
                + "</p>"
        );
        return page.Append("</body></html>\n").ToString();
    }

    static string Names(IEnumerable<string> names) =>
        WebUtility.HtmlEncode(string.Join(", ", names)) is { Length: > 0 } text ? text : "none";

    static string RankingTable(JsonElement models)
    {
        var html = new StringBuilder(
            "<table><tr><th>ranking</th><th>NDCG@10</th><th>Recall@10</th><th>Hit@10</th><th>MRR</th><th>new: NDCG@10</th></tr>"
        );
        foreach (var model in models.EnumerateObject())
        {
            var (all, fresh) = (model.Value.GetProperty("all"), model.Value.GetProperty("new"));
            html.Append(CultureInfo.InvariantCulture, $"<tr{Own(model.Name)}><td>{Words(model.Name)}</td>");
            foreach (var metric in (string[])["ndcg_at_10", "recall_at_10", "hit_at_10", "mrr"])
                html.Append(CultureInfo.InvariantCulture, $"<td>{all.GetProperty(metric).GetDouble():0.000}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td>{fresh.GetProperty("ndcg_at_10").GetDouble():0.000}</td></tr>");
        }
        return html.Append("</table>").ToString();
    }

    static string ProbabilityTable(JsonElement models)
    {
        var html = new StringBuilder(
            "<table><tr><th>model</th><th>AUC</th><th>log loss</th><th>Brier</th><th>ECE (15 bins)</th></tr>"
        );
        foreach (var model in models.EnumerateObject())
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr{Own(model.Name)}><td>{Words(model.Name)}</td>");
            foreach (var metric in (string[])["auc", "log_loss", "brier", "ece_15"])
                html.Append(CultureInfo.InvariantCulture, $"<td>{model.Value.GetProperty(metric).GetDouble():0.000}</td>");
            html.Append("</tr>");
        }
        return html.Append("</table>").ToString();
    }

    static string Own(string name) => name is "partner_fit" or "win_probability" ? " class=\"own\"" : "";

    static string Words(string name) => name.Replace('_', ' ');

    static PlotModel RankCurve(Evaluation evaluation)
    {
        var plot = Frame("rank", "share of decisions");
        foreach (var name in FitResults.Names)
        {
            var line = new LineSeries
            {
                Title = Words(name) + new string('\u00a0', 10),
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

    static PlotModel CalibrationCurve(Evaluation evaluation)
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

    static PlotModel Deciles(Evaluation evaluation)
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

    static PlotModel Importance(IReadOnlyList<(FeatureColumn Column, double Importance)> importance) =>
        Bars([.. importance.Take(20).Select(feature => (feature.Column.Name, feature.Importance))], "contribution");

    static PlotModel Bars(IReadOnlyList<(string Name, double Value)> values, string x)
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

    static PlotModel Roc(Evaluation evaluation)
    {
        var (steps, wins, losses) = Cumulated(evaluation);
        var plot = Frame("lost deals taken for won", "won deals found");
        plot.Series.Add(new LineSeries { Points = { new(0, 0), new(1, 1) }, Color = _pale });
        var line = new LineSeries { Color = _accent };
        line.Points.AddRange(
            ExampleBuilder.Spread(steps, 300).Select(step => new DataPoint(step.Lost / losses, step.Won / wins))
        );
        line.Points.Add(new(1, 1));
        plot.Series.Add(line);
        return plot;
    }

    static PlotModel PrecisionRecall(Evaluation evaluation)
    {
        var (steps, wins, losses) = Cumulated(evaluation);
        var plot = Frame("won deals found", "share won");
        var mean = wins / (wins + losses);
        plot.Series.Add(new LineSeries { Points = { new(0, mean), new(1, mean) }, Color = _pale });
        var line = new LineSeries { Color = _accent };
        line.Points.AddRange(
            ExampleBuilder
                .Spread([.. steps.Skip(Math.Min(20, steps.Count - 1))], 300)
                .Select(step => new DataPoint(step.Won / wins, step.Won / (step.Won + step.Lost)))
        );
        plot.Series.Add(line);
        return plot;
    }

    static PlotModel LearningCurve(Evaluation evaluation, bool isFit)
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

    static string RankingSlices(JsonElement slices)
    {
        var html = new StringBuilder(
            "<table><tr><th>slice</th><th>decisions</th><th>NDCG@10</th><th>interval</th><th>most popular in industry</th><th>better by</th></tr>"
        );
        foreach (var slice in slices.EnumerateArray())
        {
            double Of(string name, string part) => slice.GetProperty(name).GetProperty(part).GetDouble();
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td>{Words(slice.GetProperty("slice").GetString()!)}: {Names([slice.GetProperty("value").GetString()!])}</td><td>{slice.GetProperty("decisions")}</td><td>{Of("ndcg_at_10", "value"):0.000}</td><td>{Of("ndcg_at_10", "low"):0.000} to {Of("ndcg_at_10", "high"):0.000}</td><td>{slice.GetProperty("most_popular_in_industry").GetDouble():0.000}</td><td>{Of("better_by", "value"):+0.000;-0.000}</td></tr>"
            );
        }
        return html.Append("</table>").ToString();
    }

    static string CalibrationTable(JsonElement parts)
    {
        var html = new StringBuilder(
            "<table><tr><th>deals</th><th>count</th><th>predicted</th><th>won</th><th>interval</th><th>AUC</th></tr>"
        );
        foreach (var part in parts.EnumerateArray())
        {
            var won = part.GetProperty("won_share");
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td>{Names([Words(part.GetProperty("name").GetString()!)])}</td><td>{part.GetProperty("decisions")}</td><td>{part.GetProperty("predicted_share").GetDouble():0.00}</td><td>{won.GetProperty("value").GetDouble():0.00}</td><td>{won.GetProperty("low").GetDouble():0.00} to {won.GetProperty("high").GetDouble():0.00}</td><td>{part.GetProperty("auc").GetDouble():0.00}</td></tr>"
            );
        }
        return html.Append("</table>").ToString();
    }

    static string Exposure(JsonElement exposure) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"<p>{exposure.GetProperty("partners_shown")} partners stood among the first ten at least once. The ten most shown took {exposure.GetProperty("share_of_most_shown_10").GetDouble():0 %} of the places; Gini coefficient {exposure.GetProperty("gini").GetDouble():0.00}.</p>"
        );

    static PlotModel EarlyStopping(Learned learned, bool isFit)
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

    static PlotModel Frame(string x, string y)
    {
        var plot = new PlotModel
        {
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

    /// <summary>The plot as inline SVG; its ids are its own on the page.</summary>
    static string Plot(PlotModel plot, int number)
    {
        var names = plot.Axes.OfType<CategoryAxis>().FirstOrDefault();
        var (width, height) = (800, names is null ? 320 : 460);
        // The exporter measures text in a narrower font than browsers show it in.
        plot.Padding = new OxyThickness(names is null ? 16 : 110, 10, 24, 10);
        var svg = SvgExporter.ExportToString(plot, width, height, false);
        var head = $"<svg width=\"{width}\" height=\"{height}\"";
        return svg.Replace("\"clipPath", $"\"clip{number}-", StringComparison.Ordinal)
            .Replace("#clipPath", $"#clip{number}-", StringComparison.Ordinal)
            .Replace(head, $"<svg role=\"img\" viewBox=\"0 0 {width} {height}\"", StringComparison.Ordinal);
    }
}
