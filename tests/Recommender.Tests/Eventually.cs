using System.Diagnostics;

namespace Recommender.Tests;

/// <summary>Waits for what comes soon but not at once, for a minute at most: the machine may be busy.</summary>
static class Eventually
{
    /// <summary>Asks again until it is so.</summary>
    /// <exception cref="TimeoutException">It did not come; the message is what <paramref name="otherwise"/> says.</exception>
    public static async Task IsSoAsync(Func<Task<bool>> isSo, Func<string>? otherwise = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(1))
                throw new TimeoutException(otherwise?.Invoke() ?? "It is not so after a minute.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <inheritdoc cref="IsSoAsync(Func{Task{bool}}, Func{string}?)"/>
    public static Task IsSoAsync(Func<bool> isSo, Func<string>? otherwise = null) =>
        IsSoAsync(() => Task.FromResult(isSo()), otherwise);
}
