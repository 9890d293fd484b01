namespace Recommender.Fold;

/// <summary>Moments in their order, each with what it is of.</summary>
sealed class Moments
{
    readonly List<(DateTime At, string Id)> _all = [];

    /// <summary>How many.</summary>
    public int Count => _all.Count;

    /// <summary>The last; <see cref="DateTime.MinValue"/> if there is none.</summary>
    public DateTime Last => _all.Count > 0 ? _all[^1].At : DateTime.MinValue;

    /// <summary>All, the newest first.</summary>
    public IEnumerable<(DateTime At, string Id)> NewestFirst
    {
        get
        {
            for (var i = _all.Count - 1; i >= 0; i--)
                yield return _all[i];
        }
    }

    /// <summary>Those from a moment on, or after an id at that moment, in their order.</summary>
    public IEnumerable<(DateTime At, string Id)> Since(DateTime from, string after = "")
    {
        for (var i = PlaceOf(from, after); i < _all.Count; i++)
        {
            if (_all[i] != (from, after))
                yield return _all[i];
        }
    }

    /// <summary>How many there are from a moment on.</summary>
    public int CountSince(DateTime from) => _all.Count - PlaceOf(from, "");

    /// <summary>Adds one, or takes it out.</summary>
    public void Note(DateTime at, string id, int times)
    {
        var place =
            _all.Count == 0 || Several.ByMoment.Compare(_all[^1], (at, id)) < 0
                ? ~_all.Count
                : _all.BinarySearch((at, id), Several.ByMoment);
        if (times > 0 && place < 0)
            _all.Insert(~place, (at, id));
        else if (times < 0 && place >= 0)
            _all.RemoveAt(place);
    }

    int PlaceOf(DateTime at, string id) =>
        _all.BinarySearch((at, id), Several.ByMoment) is var place && place < 0 ? ~place : place;
}
