namespace Recommender.Capabilities.Leads;

/// <summary>When people work: on days of the week, from one time of the day until another.</summary>
/// <param name="Days">The days.</param>
/// <param name="From">From when on, inclusive, by the clock there.</param>
/// <param name="To">Until when, exclusive.</param>
/// <param name="Zone">Whose clock.</param>
public sealed record WorkingHours(IReadOnlyList<DayOfWeek> Days, TimeSpan From, TimeSpan To, TimeZoneInfo Zone)
{
    const int MostDays = 366;

    /// <summary>True if a moment lies within.</summary>
    public bool Hold(DateTime at)
    {
        var there = TimeZoneInfo.ConvertTimeFromUtc(at, Zone);
        return Days.Contains(there.DayOfWeek) && there.TimeOfDay >= From && there.TimeOfDay < To;
    }

    /// <summary>The moment at which so much working time has gone by, UTC; the end of a day, not the beginning of the next.</summary>
    public DateTime After(DateTime at, TimeSpan time)
    {
        var day = TimeZoneInfo.ConvertTimeFromUtc(at, Zone).Date;
        for (var i = 0; i < MostDays; i++, day = day.AddDays(1))
        {
            if (!Days.Contains(day.DayOfWeek))
                continue;
            var (from, to) = (Utc(day + From), Utc(day + To));
            if (from < at)
                from = at;
            if (to <= from)
                continue;
            if (to - from >= time)
                return from + time;
            time -= to - from;
        }
        return at + time;
    }

    // A time that the clock leaves out when it is put forward is that after it.
    DateTime Utc(DateTime there) => TimeZoneInfo.ConvertTimeToUtc(Zone.IsInvalidTime(there) ? there.AddHours(1) : there, Zone);
}
