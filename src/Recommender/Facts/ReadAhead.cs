using System.Collections.Concurrent;

namespace Recommender.Facts;

/// <summary>Reads on one thread while another works on what was read.</summary>
static class ReadAhead
{
    const int BatchLength = 4096;
    const int MostBatches = 8;

    /// <summary>The items in their order; a fault of the source comes where it happened.</summary>
    public static IEnumerable<T> Of<T>(IEnumerable<T> source)
    {
        using var batches = new BlockingCollection<T[]>(MostBatches);
        using var stop = new CancellationTokenSource();
        var reading = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    foreach (var batch in source.Chunk(BatchLength))
                        batches.Add(batch, stop.Token);
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
                finally
                {
                    batches.CompleteAdding();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        try
        {
            foreach (var batch in batches.GetConsumingEnumerable())
            {
                foreach (var item in batch)
                    yield return item;
            }
            reading.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
            reading.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        }
    }
}
