namespace Recommender.Facts;

/// <summary>Keeps a second service, or an import, from a database file that a service writes to.</summary>
public static class DatabaseLock
{
    /// <summary>Holds the lock until the result is disposed; the system lets go of it when the process ends, however it ends.</summary>
    /// <param name="database">The database file; the lock is a file beside it.</param>
    /// <exception cref="IOException">Another process holds it.</exception>
    public static FileStream Take(string database)
    {
        try
        {
            return new FileStream(database + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            throw new IOException(
                $"Another instance works on {database} (it holds {Path.GetFileName(database)}.lock); expected to be the only one.",
                e
            );
        }
    }
}
