using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// A decayed count at one multiplication per reading: a weight is stored relative to a fixed landmark and scaled at the query
/// (forward decay: Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay", ICDE 2009).
/// </summary>
readonly struct Decay(double halfLifeDays)
{
    static readonly DateTime _landmark = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static double Days(DateTime at) => (at - _landmark).TotalDays;

    /// <summary>What to add for one event at <paramref name="at"/>.</summary>
    public double Weight(DateTime at) => Elementary.Exp2(Math.Clamp(Days(at) / halfLifeDays, -1000, 1000));

    /// <summary>What to multiply a sum of weights by to read it at <paramref name="asOf"/>.</summary>
    public double Scale(DateTime asOf) => Elementary.Exp2(Math.Clamp(-Days(asOf) / halfLifeDays, -1000, 1000));
}

/// <summary>Counts of a partner within one value of a dimension, or overall.</summary>
struct PartnerCounts
{
    public int Engagements;
    public int Won;
    public int Lost;
    public double Decayed;
}

/// <summary>Counts of matured outcomes, plain and decayed.</summary>
struct OutcomeCounts
{
    public int Won;
    public int Lost;
    public double DecayedWon;
    public double DecayedLost;

    /// <summary>Counts an outcome once, or takes one back with <paramref name="times"/> -1.</summary>
    public void Add(bool won, double weight, int times)
    {
        if (won)
            Add(ref Won, ref DecayedWon, weight, times);
        else
            Add(ref Lost, ref DecayedLost, weight, times);
    }

    static void Add(ref int count, ref double decayed, double weight, int times)
    {
        count += times;
        decayed = count == 0 ? 0 : decayed + times * weight;
    }
}

/// <summary>A sparse row over partners that turns dense when it fills.</summary>
sealed class PartnerMap<T>
    where T : struct
{
    const int DenseFrom = 64;
    readonly Dictionary<int, int> _slotOf = [];
    readonly List<T> _items = [];
    readonly List<int> _partners = [];
    int[]? _dense;

    public int Count => _items.Count;

    public IReadOnlyList<int> Partners => _partners;

    public ref T this[int partner]
    {
        get
        {
            var slot = SlotOf(partner);
            if (slot < 0)
            {
                slot = _items.Count;
                _items.Add(default);
                _partners.Add(partner);
                if (_dense is not null)
                {
                    if (partner >= _dense.Length)
                        Array.Resize(ref _dense, Math.Max(partner + 1, _dense.Length * 2));
                    _dense[partner] = slot + 1;
                }
                else
                {
                    _slotOf.Add(partner, slot);
                    if (_items.Count >= DenseFrom)
                        TurnDense();
                }
            }
            return ref CollectionsMarshal.AsSpan(_items)[slot];
        }
    }

    public bool TryGet(int partner, out T item)
    {
        var slot = SlotOf(partner);
        item = slot < 0 ? default : _items[slot];
        return slot >= 0;
    }

    int SlotOf(int partner)
    {
        if (_dense is not null)
            return partner < _dense.Length ? _dense[partner] - 1 : -1;
        return _slotOf.TryGetValue(partner, out var slot) ? slot : -1;
    }

    void TurnDense()
    {
        _dense = new int[_partners.Max() + 64];
        for (var slot = 0; slot < _partners.Count; slot++)
            _dense[_partners[slot]] = slot + 1;
        _slotOf.Clear();
    }
}

/// <summary>Texts as small numbers, in the order in which they came.</summary>
class Ids
{
    readonly Dictionary<string, int> _ids = [];
    readonly List<string> _texts = [];

    public int Count => _texts.Count;

    public string this[int id] => _texts[id];

    public int Of(string text)
    {
        ref var id = ref CollectionsMarshal.GetValueRefOrAddDefault(_ids, text, out var known);
        if (!known)
        {
            id = _texts.Count;
            _texts.Add(text);
        }
        return id;
    }

    /// <summary>The number of <paramref name="text"/>, or -1 if it never came.</summary>
    public int Find(string text) => _ids.TryGetValue(text, out var id) ? id : -1;
}

/// <summary>Values of categories as small numbers. The list of a single value, which is what nearly every row has, is kept once for all.</summary>
sealed class Categories : Ids
{
    static readonly char[] _marks = ['|', ';'];
    static readonly int[] _none = [];
    static readonly int[] _unknown = [-1];
    readonly List<int[]?> _alone = [];

    /// <summary>The number of a value as a column writes it, however it is spelt.</summary>
    public static string Normal(string text) => TextKey.Of(text);

    /// <summary>The values of a column, each once; those that never came are taken in.</summary>
    public int[] AddAll(string? text) =>
        string.IsNullOrWhiteSpace(text) ? _none
        : IsList(text) ? [.. Words(text).Select(Normal).Distinct().Select(Of)]
        : Add(Of(Normal(text)));

    /// <summary>The values of a column, each once; -1 for one that never came.</summary>
    public int[] FindAll(string? text) =>
        string.IsNullOrWhiteSpace(text) ? _none
        : IsList(text) ? [.. Words(text).Select(Normal).Distinct().Select(Find)]
        : Alone(Find(Normal(text)));

    /// <summary>The values of a column as they stand there: '|' or ';' part them, as CRMs write them.</summary>
    public static string[] Words(string text) =>
        text.Split(_marks, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    static bool IsList(string text) => text.AsSpan().ContainsAny('|', ';');

    int[] Add(int value)
    {
        while (_alone.Count <= value)
            _alone.Add(null);
        return _alone[value] ??= [value];
    }

    int[] Alone(int value) =>
        value < 0 ? _unknown
        : value < _alone.Count && _alone[value] is { } list ? list
        : [value];
}

/// <summary>A short list that is nothing but an array and a count; it grows by doubling.</summary>
struct ShortList<T>
{
    T[]? _held;
    int _count;

    /// <summary>A list of what an array holds, which is the list's from now on.</summary>
    public ShortList(T[] held) => (_held, _count) = (held, held.Length);

    public readonly int Count => _count;

    public readonly ReadOnlySpan<T> All => _held.AsSpan(0, _count);

    public void Insert(int place, T one)
    {
        if (_held is null || _count == _held.Length)
            Array.Resize(ref _held, Math.Max(4, 2 * _count));
        Array.Copy(_held, place, _held, place + 1, _count - place);
        _held[place] = one;
        _count++;
    }

    /// <summary>Takes the first that equals one out; false if there is none.</summary>
    public bool Remove(T one)
    {
        var at = Array.IndexOf(_held ?? [], one, 0, _count);
        if (at < 0)
            return false;
        _count--;
        Array.Copy(_held!, at + 1, _held!, at, _count - at);
        return true;
    }
}
