namespace Recommender.Features;

/// <summary>How old things are at a decision: in days of the calendar (UTC), so that an answer stays the same all day unless a fact comes.</summary>
public static class Ages
{
    /// <summary>Whole days: midnights between two moments; negative if <paramref name="since"/> is on a later day.</summary>
    public static double Days(DateTime since, DateTime at) => (at.Date - since.Date).TotalDays;
}
