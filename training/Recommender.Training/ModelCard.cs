using System.Text;
using Recommender.Artifacts;

namespace Recommender.Training;

/// <summary>MODEL_CARD.md, generated from the run.</summary>
static class ModelCard
{
    public static string Markdown(ModelManifest manifest)
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
            $"**Not for.** Judging people, ending a partnership, or a price. {(isFit ? "A high rank says that such partners were chosen for such deals, and won them more often; it is no proof that the partner causes the win." : "The difference between with and without a partner is an estimate from observed deals, not an experiment: deals that attract partners differ from those that do not, and only what the features show of that is adjusted for.")}"
        );
        Line(
            $"**Data.** {manifest.Training.Examples} examples of {manifest.Training.Decisions} {(isFit ? "decisions" : "deals")} from {manifest.Training.From:yyyy-MM-dd} to {manifest.Training.AsOf:yyyy-MM-dd} (exclusive); facts with SHA-256 {manifest.DataFingerprint}."
        );
        Line(
            $"**Maturity.** An outcome counts {manifest.FeatureSettings.Fold.MaturityDays} days after the deal was created, so that early wins do not flatter recent deals."
        );
        if (manifest.Training.SeveralPartners is { } rule)
            Line($"**Several partners on a deal.** {rule}");
        if (manifest.Metrics.TryGetProperty("test_from", out var from))
            Line(
                $"**Judged** on deals created from {from} to {manifest.Metrics.GetProperty("test_to")} by a model trained on what was known at the start."
            );
        Line($"**Gate.** {(manifest.Gate.Promote ? "Passed" : "Refused")}. {manifest.Gate.Reason}");
        Line($"**Figures.** metrics.json; plots in report.html.");
        Line(
            $"**Reproduce.** Configuration, seed {manifest.Seed} and code version {manifest.CodeVersion} stand in manifest.json; the same facts give the same bytes."
        );
        return text.ToString();
    }
}
