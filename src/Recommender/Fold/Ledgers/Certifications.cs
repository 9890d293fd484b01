using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Competencies that partners have proven.</summary>
sealed class Certifications(HistoryState state) : Ledger<Certification>
{
    protected override void Add(Certification row, in DatedFact fact)
    {
        var held = state.Partner(row.PartnerId).Certifications ??= [];
        var same = held.FindIndex(other => IsSame(other, row));
        if (same < 0)
            held.Add(row);
        else
            held[same] = row;
    }

    protected override void Retract(Certification row, in DatedFact fact) =>
        state.Partner(row.PartnerId).Certifications?.RemoveAll(other => IsSame(other, row));

    static bool IsSame(Certification left, Certification right) =>
        left.Competency == right.Competency && left.EarnedAt == right.EarnedAt;
}
