using System.Collections.Concurrent;
using Recommender.Facts;

namespace Recommender.Api.Pages.Imports;

/// <summary>Files that people sent to be looked at: kept in memory for an hour, a few at a time, each for whoever sent it.</summary>
sealed class Uploads(TimeProvider time)
{
    const int MostKept = 8;
    static readonly TimeSpan _kept = TimeSpan.FromHours(1);
    readonly ConcurrentDictionary<string, (string Caller, FactTable Table, UploadedFile File, DateTimeOffset At)> _files = new();

    /// <summary>Keeps a file; the oldest give way.</summary>
    /// <returns>What it is found by.</returns>
    public string Keep(string caller, FactTable table, UploadedFile file)
    {
        var now = time.GetUtcNow();
        foreach (var (old, one) in _files.OrderByDescending(one => one.Value.At).Skip(MostKept - 1))
            _files.TryRemove(old, out _);
        foreach (var (old, one) in _files)
        {
            if (now - one.At > _kept)
                _files.TryRemove(old, out _);
        }
        var id = Guid.NewGuid().ToString("N");
        _files[id] = (caller, table, file, now);
        return id;
    }

    /// <summary>The file and the table whose rows it holds; null if it is not there any more, or another's.</summary>
    public (FactTable Table, UploadedFile File)? Find(string id, string caller) =>
        _files.TryGetValue(id, out var one) && one.Caller == caller && time.GetUtcNow() - one.At <= _kept
            ? (one.Table, one.File)
            : null;

    /// <summary>Forgets one.</summary>
    public void Forget(string id) => _files.TryRemove(id, out _);
}
