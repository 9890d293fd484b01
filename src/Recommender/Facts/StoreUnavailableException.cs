namespace Recommender.Facts;

/// <summary>Why the database takes no writes.</summary>
public enum StoreFault
{
    /// <summary>The disk, or the room set aside for the database, is full.</summary>
    Full,

    /// <summary>It can be read only.</summary>
    ReadOnly,

    /// <summary>The login lacks a right.</summary>
    Denied,

    /// <summary>Another process holds it.</summary>
    Busy,

    /// <summary>It cannot be reached, or is damaged.</summary>
    Broken,
}

/// <summary>The database takes no writes now; nothing was changed.</summary>
public sealed class StoreUnavailableException(StoreFault fault, Exception inner)
    : IOException(
        fault switch
        {
            StoreFault.Full => "The database is full; expected room to write.",
            StoreFault.ReadOnly => "The database is read-only.",
            StoreFault.Denied => "The login of the service lacks a right in the database.",
            StoreFault.Busy => "Another process is writing to the database.",
            _ => "The database cannot be written.",
        },
        inner
    )
{
    /// <summary>Why.</summary>
    public StoreFault Fault { get; } = fault;
}
