using System.Text;
using Recommender.CoSell;

namespace Recommender.Fold;

/// <summary>Reads what a <see cref="SnapshotWriter"/> wrote, in the same order. Not safe for several threads.</summary>
public sealed class SnapshotReader : IDisposable
{
    readonly BinaryReader _from;
    readonly List<string> _texts = [];
    string[] _names = [];

    /// <summary>A reader from <paramref name="stream"/>, which the caller keeps open.</summary>
    public SnapshotReader(Stream stream) => _from = new(stream, Encoding.UTF8, leaveOpen: true);

    /// <summary>A whole number.</summary>
    public int Whole() => _from.Read7BitEncodedInt();

    /// <summary>A whole number of up to 64 bits.</summary>
    public long Large() => _from.Read7BitEncodedInt64();

    /// <summary>A number, to the bit.</summary>
    public double Number() => _from.ReadDouble();

    /// <summary>A flag.</summary>
    public bool Flag() => _from.ReadBoolean();

    /// <summary>An instant.</summary>
    public DateTime Instant() => DateTime.FromBinary(_from.ReadInt64());

    /// <summary>A text, or null.</summary>
    /// <exception cref="InvalidDataException">What stands there is no text.</exception>
    public string? Text()
    {
        var at = Whole();
        switch (at)
        {
            case 0:
                return null;
            case 1:
                var text = _from.ReadString();
                _texts.Add(text);
                return text;
            default:
                return at > 1 && at - 2 < _texts.Count
                    ? _texts[at - 2]
                    : throw new InvalidDataException(
                        FormattableString.Invariant(
                            $"A snapshot names text {at - 2}; expected one of the {_texts.Count} before it."
                        )
                    );
        }
    }

    internal double? NumberOrNone() => Flag() ? Number() : null;

    internal DateTime? InstantOrNone() => Flag() ? Instant() : null;

    internal double[] Numbers()
    {
        var numbers = new double[Whole()];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = Number();
        return numbers;
    }

    internal int[][] Lists()
    {
        var count = Whole();
        var lists = count == 0 ? [] : new int[count][];
        for (var i = 0; i < count; i++)
            lists[i] = Array(static from => from.Whole()) ?? [];
        return lists;
    }

    internal T[]? Array<T>(Func<SnapshotReader, T> read)
    {
        var count = Whole() - 1;
        if (count <= 0)
            return count < 0 ? null : [];
        var list = new T[count];
        for (var i = 0; i < count; i++)
            list[i] = read(this);
        return list;
    }

    internal List<T>? List<T>(Func<SnapshotReader, T> read)
    {
        var count = Whole() - 1;
        if (count < 0)
            return null;
        var list = new List<T>(count);
        for (var i = 0; i < count; i++)
            list.Add(read(this));
        return list;
    }

    /// <summary>What <see cref="SnapshotWriter.Noun"/> wrote.</summary>
    internal object Noun() =>
        Whole() switch
        {
            0 => Opportunity(),
            1 => new Engagement(Text()!, Text()!, Text()!, Text(), Instant(), InstantOrNone(), Text()),
            2 => new StageChange(Text()!, Text()!, Instant()),
            3 => new Touch(
                Text()!,
                CoSell.AccountId.OrNone(Text()),
                CoSell.OpportunityId.OrNone(Text()),
                CoSell.PartnerId.OrNone(Text()),
                Text()!,
                Instant()
            ),
            var other => throw new InvalidDataException(
                FormattableString.Invariant($"A snapshot holds a noun of kind {other}; expected 0 to 3.")
            ),
        };

    internal Account? Account() =>
        Flag()
            ? new(Text()!, Text(), Text(), Text(), Text(), NumberOrNone(), NumberOrNone(), InstantOrNone(), Attributes())
            {
                Domain = Text(),
                ExternalId = Text(),
            }
            : null;

    internal Partner? Partner() =>
        Flag()
            ? new(Text()!, Text(), Text(), Text(), Text(), Text(), Text(), InstantOrNone(), Attributes())
            {
                Domain = Text(),
                ExternalId = Text(),
            }
            : null;

    internal Opportunity Opportunity() =>
        new(
            Text()!,
            Text()!,
            Text(),
            NumberOrNone(),
            Text(),
            Instant(),
            InstantOrNone(),
            InstantOrNone(),
            (Outcome)Whole(),
            Text(),
            Attributes()
        );

    internal AccountOverlap Overlap() => new(Text()!, Text()!, Text()!, NumberOrNone(), Text(), Instant(), InstantOrNone());

    internal DealRegistration Registration() =>
        new(Text()!, Text()!, Text()!, Text(), Instant(), Text(), InstantOrNone(), InstantOrNone());

    internal SeenRegistration SeenRegistration() => new(Registration(), Instant());

    internal Certification Certification() => new(Text()!, Text()!, Instant(), InstantOrNone());

    internal Feedback Feedback() => new(Text()!, Text(), Text()!, Text()!, OpportunityId.OrNone(Text()), Text()!, Instant());

    Attributes Attributes()
    {
        var count = Whole();
        if (count == 0)
            return CoSell.Attributes.None;
        // Rows of a table share their names, mostly.
        var isShared = _names.Length == count;
        var names = isShared ? _names : new string[count];
        for (var i = 0; i < count; i++)
        {
            var name = Text()!;
            if (isShared && names[i] != name)
                (isShared, names) = (false, [.. names]);
            if (!isShared)
                names[i] = name;
        }
        _names = names;
        var values = new string?[count];
        for (var i = 0; i < count; i++)
            values[i] = Text();
        return new(names, values);
    }

    /// <inheritdoc/>
    public void Dispose() => _from.Dispose();
}
