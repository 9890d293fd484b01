// Lists are ordered by id; no id is less than another.
#pragma warning disable CA1036, MA0097

namespace Recommender.CoSell;

/// <summary>What a row of a table is called, by a type of its own.</summary>
public interface IRowId
{
    /// <summary>The text.</summary>
    string Value { get; }
}

/// <summary>What the CRM calls an account. A text stands for an id where one is expected; the id of something else never does.</summary>
/// <param name="Value">The text, never empty in a row.</param>
public readonly record struct AccountId(string Value) : IRowId, IComparable<AccountId>
{
    /// <summary>The account that a text names.</summary>
    public static implicit operator AccountId(string value) => new(value);

    /// <summary>The account that a text names, or none.</summary>
    public static AccountId? OrNone(string? value) => value is null ? null : new(value);

    /// <inheritdoc/>
    public int CompareTo(AccountId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>What the PRM calls a partner. A text stands for an id where one is expected; the id of something else never does.</summary>
/// <param name="Value">The text, never empty in a row.</param>
public readonly record struct PartnerId(string Value) : IRowId, IComparable<PartnerId>
{
    /// <summary>The partner that a text names.</summary>
    public static implicit operator PartnerId(string value) => new(value);

    /// <summary>The partner that a text names, or none.</summary>
    public static PartnerId? OrNone(string? value) => value is null ? null : new(value);

    /// <inheritdoc/>
    public int CompareTo(PartnerId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>What the CRM calls an opportunity. A text stands for an id where one is expected; the id of something else never does.</summary>
/// <param name="Value">The text; empty for a deal that does not stand in the history.</param>
public readonly record struct OpportunityId(string Value) : IRowId, IComparable<OpportunityId>
{
    /// <summary>The opportunity that a text names.</summary>
    public static implicit operator OpportunityId(string value) => new(value);

    /// <summary>The opportunity that a text names, or none.</summary>
    public static OpportunityId? OrNone(string? value) => value is null ? null : new(value);

    /// <inheritdoc/>
    public int CompareTo(OpportunityId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
