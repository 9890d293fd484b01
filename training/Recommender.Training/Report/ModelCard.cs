using System.Text;
using System.Text.Json;
using Recommender.Models;

namespace Recommender.Training;

/// <summary>MODEL_CARD.md, generated from the run.</summary>
static class ModelCard
{
    public static string Markdown(ModelManifest manifest, PartnerEffect? effect = null)
    {
        var isFit = manifest.Model == ModelPackage.PartnerFit;
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(FormattableString.Invariant(line)).Append('\n');
        Line($"# {manifest.Model} {manifest.Version}");
        Line($"");
        Line(
            $"**Use.** {(isFit ? "Orders partners for an account or a deal, best first. Scores compare within one answer only." : "How likely a deal is won, given what is known of it and the partners on it.")}"
        );
        Line(
            $"**Not for.** Judging people, ending a partnership, or a price. {(isFit ? "A high rank says that such partners were chosen for such deals, more so where the deal was won; it is no proof that the partner causes the win." : "The difference between with and without a partner is an estimate from observed deals, not an experiment: deals that attract partners differ from those that do not, and only what the features show of that is adjusted for.")}"
        );
        Line(
            $"**Data.** {manifest.Training.Examples} examples of {manifest.Training.Decisions} {(isFit ? "decisions" : "deals")} from {manifest.Training.From:yyyy-MM-dd} to {manifest.Training.AsOf:yyyy-MM-dd} (exclusive); facts with SHA-256 {manifest.DataFingerprint}."
        );
        Line(
            $"**Maturity.** An outcome counts {manifest.FeatureSettings.Fold.MaturityDays} days after the deal was created, so that early wins do not flatter recent deals."
        );
        if (manifest.Grades is [var a, var b, var c])
            Line(
                $"**Grades.** Of partners with a record who were brought in on deals that the scoring model had not seen, half scored at least {a:0.00} (A), three quarters {b:0.00} (B), nine tenths {c:0.00} (C); D is below."
            );
        if (!isFit)
            Line($"**Lift.** {LiftReport.Words(effect)}");
        Line(
            $"**Limits.** It knows what the history holds: partners and accounts without history are judged by their kind alone, and a market that changes is seen only as outcomes mature. The report's slices say where it is weaker; `monitor` says when it no longer fits."
        );
        if (manifest.FeatureSettings.LeftOut is { Count: > 0 } late)
            Line(
                $"**Left out.** Columns that were written after the moment they are seen from: {string.Join("; ", late.Select(one => $"{one.Column} of {one.Of} ({one.Why})"))}. The setting features.keep brings one back that was known in time."
            );
        if (manifest.FeatureSettings.Kept is { Count: > 0 } kept)
            Line(
                $"**Kept.** Columns that look as if they were written after that moment, which features.keep says were known in time: {string.Join("; ", kept.Select(one => $"{one.Column} of {one.Of} ({one.Why})"))}."
            );
        if (manifest.Training.SeveralPartners is { } rule)
            Line($"**Several partners on a deal.** {rule}");
        if (manifest.Metrics.TryGetProperty("test_from", out var from))
            Line(
                $"**Judged** on deals created from {from} to {manifest.Metrics.GetProperty("test_to")} by a model trained on what was known at the start."
            );
        if (Overwritten(manifest) is { } overwritten)
            Line($"**Overwritten columns.** {overwritten}");
        Line($"**Gate.** {(manifest.Gate.Promote ? "Passed" : "Refused")}. {manifest.Gate.Reason}");
        Line($"**Figures.** metrics.json; plots in report.html.");
        Line(
            $"**Reproduce.** Configuration, seed {manifest.Seed} and code version {manifest.CodeVersion} stand in manifest.json; the same facts give the same bytes on a machine of the same kind ({manifest.TrainedOn}), whatever its threads and vectors, and nearly the same scores on any other."
        );
        return text.ToString();
    }

    /// <summary>What win probability is without the columns that a CRM overwrites; null if that was not judged.</summary>
    static string? Overwritten(ModelManifest manifest) =>
        manifest.Metrics.TryGetProperty("figures", out var figures)
        && figures.TryGetProperty("without_overwritten_columns", out var without)
        && without.ValueKind == JsonValueKind.Object
        && without.GetProperty("log_loss_change") is { ValueKind: JsonValueKind.Object } change
            ? FormattableString.Invariant(
                $"{string.Join(", ", without.GetProperty("columns").EnumerateArray())} are known as they were at the import. Without them AUC is {without.GetProperty("auc").GetDouble():0.000}, and log loss changes by {change.GetProperty("value").GetDouble():+0.0000;-0.0000} ({change.GetProperty("low").GetDouble():+0.0000;-0.0000} to {change.GetProperty("high").GetDouble():+0.0000;-0.0000})."
            )
            : null;
}
