using System.Text;
using Recommender.CoSell;

namespace Recommender.Fold;

/// <summary>
/// Writes a fold as bytes: whole numbers by seven bits, numbers bit by bit, instants in ticks, each text once and its number from then on.
/// Not safe for several threads.
/// </summary>
public sealed class SnapshotWriter : IDisposable
{
    readonly BinaryWriter _to;
    readonly Dictionary<string, int> _texts = [];

    /// <summary>A writer to <paramref name="stream"/>, which the caller keeps open.</summary>
    public SnapshotWriter(Stream stream) => _to = new(stream, Encoding.UTF8, leaveOpen: true);

    /// <summary>Writes a whole number; small ones in a byte.</summary>
    public void Write(int number) => _to.Write7BitEncodedInt(number);

    /// <summary>Writes a whole number.</summary>
    public void Write(long number) => _to.Write7BitEncodedInt64(number);

    /// <summary>Writes a number as it is, to the bit.</summary>
    public void Write(double number) => _to.Write(number);

    /// <summary>Writes a flag.</summary>
    public void Write(bool flag) => _to.Write(flag);

    /// <summary>Writes an instant.</summary>
    public void Write(DateTime at) => _to.Write(at.ToBinary());

    /// <summary>Writes a text, or that there is none.</summary>
    public void Write(string? text)
    {
        if (text is null)
        {
            Write(0);
            return;
        }
        if (_texts.TryGetValue(text, out var known))
        {
            Write(known + 2);
            return;
        }
        _texts.Add(text, _texts.Count);
        Write(1);
        _to.Write(text);
    }

    internal void Write<T>(T id)
        where T : struct, IRowId => Write(id.Value);

    internal void Write<T>(T? id)
        where T : struct, IRowId => Write(id?.Value);

    internal void Write(double? number)
    {
        Write(number is not null);
        if (number is { } value)
            Write(value);
    }

    internal void Write(DateTime? at)
    {
        Write(at is not null);
        if (at is { } value)
            Write(value);
    }

    internal void Write(double[] numbers)
    {
        Write(numbers.Length);
        foreach (var number in numbers)
            Write(number);
    }

    internal void Write(int[][] lists)
    {
        Write(lists.Length);
        foreach (var list in lists)
            All(list, static (to, one) => to.Write(one));
    }

    /// <summary>Writes how many there are, or that there is no list, and each.</summary>
    internal void All<T>(IReadOnlyCollection<T>? list, Action<SnapshotWriter, T> write)
    {
        Write((list?.Count ?? -1) + 1);
        foreach (var one in list ?? [])
            write(this, one);
    }

    /// <summary>True if <see cref="Noun"/> can write it.</summary>
    internal static bool IsKnown(object noun) => noun is Opportunity or Engagement or StageChange or Touch;

    /// <summary>Writes a noun that may wait for its deal.</summary>
    internal void Noun(object noun)
    {
        switch (noun)
        {
            case Opportunity row:
                Write(0);
                Write(row);
                break;
            case Engagement row:
                Write(1);
                Write(row.Id);
                Write(row.OpportunityId);
                Write(row.PartnerId);
                Write(row.Role);
                Write(row.StartedAt);
                Write(row.EndedAt);
                Write(row.Status);
                break;
            case StageChange row:
                Write(2);
                Write(row.OpportunityId);
                Write(row.Stage);
                Write(row.EnteredAt);
                break;
            case Touch row:
                Write(3);
                Write(row.Id);
                Write(row.AccountId);
                Write(row.OpportunityId);
                Write(row.PartnerId);
                Write(row.Kind);
                Write(row.At);
                break;
            default:
                throw new InvalidOperationException($"A snapshot holds no {noun.GetType().Name}.");
        }
    }

    internal void Write(Account? row)
    {
        Write(row is not null);
        if (row is null)
            return;
        Write(row.Id);
        Write(row.Name);
        Write(row.Industry);
        Write(row.Country);
        Write(row.Region);
        Write(row.EmployeeCount);
        Write(row.AnnualRevenue);
        Write(row.CreatedAt);
        Write(row.Attributes);
        Write(row.Domain);
        Write(row.ExternalId);
    }

    internal void Write(Partner? row)
    {
        Write(row is not null);
        if (row is null)
            return;
        Write(row.Id);
        Write(row.Name);
        Write(row.PartnerType);
        Write(row.Tier);
        Write(row.Industries);
        Write(row.Regions);
        Write(row.Competencies);
        Write(row.JoinedAt);
        Write(row.Attributes);
        Write(row.Domain);
        Write(row.ExternalId);
    }

    internal void Write(Opportunity row)
    {
        Write(row.Id);
        Write(row.AccountId);
        Write(row.Product);
        Write(row.Amount);
        Write(row.Currency);
        Write(row.CreatedAt);
        Write(row.ExpectedCloseAt);
        Write(row.ClosedAt);
        Write((int)row.Outcome);
        Write(row.Owner);
        Write(row.Attributes);
    }

    internal void Write(AccountOverlap row)
    {
        Write(row.PartnerId);
        Write(row.AccountId);
        Write(row.Population);
        Write(row.ContactCount);
        Write(row.ContactLevel);
        Write(row.Since);
        Write(row.Until);
    }

    internal void Write(SeenRegistration seen)
    {
        Write(seen.Row);
        Write(seen.SeenAt);
    }

    internal void Write(DealRegistration row)
    {
        Write(row.Id);
        Write(row.PartnerId);
        Write(row.AccountId);
        Write(row.Product);
        Write(row.SubmittedAt);
        Write(row.Status);
        Write(row.DecidedAt);
        Write(row.ExpiresAt);
    }

    internal void Write(Certification row)
    {
        Write(row.PartnerId);
        Write(row.Competency);
        Write(row.EarnedAt);
        Write(row.ExpiresAt);
    }

    internal void Write(Feedback row)
    {
        Write(row.Id);
        Write(row.RecommendationId);
        Write(row.PartnerId);
        Write(row.AccountId);
        Write(row.OpportunityId);
        Write(row.Event);
        Write(row.At);
    }

    void Write(Attributes attributes)
    {
        Write(attributes.Names.Count);
        foreach (var name in attributes.Names)
            Write(name);
        foreach (var value in attributes.Values)
            Write(value);
    }

    /// <inheritdoc/>
    public void Dispose() => _to.Dispose();
}
