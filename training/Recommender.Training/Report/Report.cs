using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using OxyPlot;
using Recommender.Facts;
using Recommender.Features;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>report.html: one self-contained page on a trained model, plots as inline SVG.</summary>
static class Report
{
    public static string Html(
        ModelManifest manifest,
        Learned learned,
        Evaluation evaluation,
        IReadOnlyList<(FeatureColumn Column, double Importance)> importance,
        LearnedEffect? effect = null
    )
    {
        var page = new StringBuilder();
        void Section(string title, string body, string note = "") =>
            page.Append(
                CultureInfo.InvariantCulture,
                $"<section><h2>{title}</h2>{(note.Length > 0 ? $"<p>{note}</p>" : "")}{body}</section>\n"
            );
        var plots = 0;
        string Draw(PlotModel plot) => ReportPlots.Svg(plot, ++plots);
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
                Draw(ReportPlots.RankCurve(evaluation)),
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
                    + " Beyond chance: the ECE without what chance adds to it. Slope and intercept: what predicted log odds would have to be multiplied by, and raised by, to fit (1 and 0 are perfect). Each end of these intervals holds with 95 %; accounts are drawn, not deals."
            );
            if (evaluation.Win.Count > 0)
            {
                Section(
                    "Calibration",
                    Draw(ReportPlots.CalibrationCurve(evaluation)),
                    "Predicted against observed share of won deals, in bins of equal width, with 95 % intervals (Wilson); the line is perfect."
                );
                Section(
                    "ROC",
                    Draw(ReportPlots.Roc(evaluation)),
                    "Share of won deals found against share of lost deals taken for won."
                );
                Section(
                    "Precision and recall",
                    Draw(ReportPlots.PrecisionRecall(evaluation)),
                    "Share won among the best-scored deals against the share of all won deals among them; the line is the mean of all."
                );
                Section(
                    "Gain by decile",
                    Draw(ReportPlots.Deciles(evaluation)),
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
                        ReportPlots.Bars(
                            [.. evaluation.WinDrift.Take(15).Select(feature => (feature.Column.Name, feature.Psi))],
                            "population stability index"
                        )
                    ),
                    "Ten bins of equal count in training; above 0.25 is commonly called a shift. Features that grow with the history or go with the calendar are left out: they move by nature."
                );
            }
        }
        if (!isFit)
            Section("What partners add", LiftReport.Html(effect), LiftReport.Words(effect?.Effect));
        Section(
            "What it looks at",
            Draw(ReportPlots.Importance(importance)),
            "Mean absolute contribution to the score, exact (TreeSHAP), over a sample of training examples."
        );
        Section(
            "Learners and trees",
            Draw(ReportPlots.EarlyStopping(learned, isFit)),
            $"Metric on the validation window by number of trees; {Words(TrainingConfig.Name(learned.Chosen.Learner))} was chosen."
        );
        if (evaluation.LearningCurve.Count > 0)
            Section(
                "How much history is enough",
                Draw(ReportPlots.LearningCurve(evaluation, isFit)),
                "Quality on the test window by how much history was learned from: still rising, more would help."
            );
        if ((isFit ? evaluation.FitLeaks : evaluation.WinLeaks) is { } leaks)
            Section(
                "Leak checks",
                leaks.ShuffledAuc is { } auc
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"<p>Learned from shuffled labels, AUC is {auc:0.000} (0.5 is expected). {(leaks.Alarms.Count == 0 ? "No figure and no feature is implausibly good." : Names(leaks.Alarms))}{Relearned(leaks, evaluation)}</p>"
                    )
                    : "<p>Too few cases to tell.</p>"
            );
        var missing = FactTables
            .OfFacts.Where(table =>
                !table.Required && table.TakesRows && table.MakesFeatures && !manifest.FeatureSettings.Fold.Has(table.Name)
            )
            .Select(table => table.File);
        Section(
            "Data",
            FormattableString.Invariant(
                $"<p>Facts {manifest.DataFingerprint[..16]}…, outcomes count {manifest.FeatureSettings.Fold.MaturityDays} days after creation. "
            )
                + $"Categories: {Names(manifest.FeatureSettings.Fold.Dimensions.Select(dimension => dimension.Name))}. Crossed: {Names(manifest.FeatureSettings.Fold.Crosses.Select(cross => $"{cross.Left} with {cross.Right}"))}. Numbers: {Names(manifest.FeatureSettings.Fold.Measures.Select(measure => measure.Name))}. "
                + (missing.Any() ? $"Left out for want of files: {Names(missing)}." : "No optional file is missing.")
                + "</p>"
        );
        return page.Append("</body></html>\n").ToString();
    }

    /// <summary>What came of learning anew without what may have leaked in.</summary>
    static string Relearned(LeakReport leaks, Evaluation evaluation)
    {
        var text = new StringBuilder();
        if (leaks.ShuffledOutcomesGain is { } gain)
            text.Append(
                CultureInfo.InvariantCulture,
                $" Learned from a history whose outcomes were dealt out anew, and judged on real ones, it gains {gain.Value:+0.0000;-0.0000} log loss ({gain.Low:+0.0000;-0.0000} to {gain.High:+0.0000;-0.0000}); about zero is expected."
            );
        if (
            evaluation.WithoutOverwritten is { } without
            && evaluation.Judged.LossWithout(without, evaluation.Config) is { } change
        )
            text.Append(
                CultureInfo.InvariantCulture,
                $" Columns that a CRM overwrites, as they were at the import: {Names(without.Columns)}. Without them AUC is {ProbabilityQuality.Auc(without.Predicted, evaluation.Won):0.000}, and log loss changes by {change.Value:+0.0000;-0.0000} ({change.Low:+0.0000;-0.0000} to {change.High:+0.0000;-0.0000})."
            );
        return text.ToString();
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
            "<table><tr><th>model</th><th>AUC</th><th>log loss</th><th>Brier</th><th>ECE (15 bins)</th><th>beyond chance</th><th>slope</th><th>intercept</th></tr>"
        );
        foreach (var model in models.EnumerateObject())
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr{Own(model.Name)}><td>{Words(model.Name)}</td>");
            foreach (var metric in (string[])["auc", "log_loss", "brier", "ece_15"])
                html.Append(CultureInfo.InvariantCulture, $"<td>{model.Value.GetProperty(metric).GetDouble():0.000}</td>");
            foreach (var metric in (string[])["ece_debiased", "calibration_slope", "calibration_intercept"])
                html.Append(CultureInfo.InvariantCulture, $"<td>{WithInterval(model.Value, metric)}</td>");
            html.Append("</tr>");
        }
        return html.Append("</table>").ToString();
    }

    static string WithInterval(JsonElement of, string metric) =>
        of.GetProperty(metric) is { ValueKind: JsonValueKind.Number } value && of.GetProperty(metric + "_interval") is var ends
            ? FormattableString.Invariant($"{value.GetDouble():0.00} ({ends[0].GetDouble():0.00} to {ends[1].GetDouble():0.00})")
            : "unknown";

    static string Own(string name) => name is "partner_fit" or "win_probability" ? " class=\"own\"" : "";

    public static string Words(string name) => name.Replace('_', ' ');

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
}
