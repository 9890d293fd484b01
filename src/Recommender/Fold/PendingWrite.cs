using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>What waits for the writer's thread of a <see cref="LiveHistory"/>.</summary>
abstract class PendingWrite
{
    public virtual bool IsTask => false;

    /// <summary>True if no other may come before it in one transaction.</summary>
    public bool IsFirst { get; init; }

    public abstract void Run(WriteScope scope);

    public abstract void Complete();

    public abstract void Fail(Exception why);
}

/// <summary>A write with a result; it fails alone.</summary>
class PendingWrite<T>(Func<WriteScope, T> run) : PendingWrite
{
    T? _result;

    public TaskCompletionSource<T> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override void Run(WriteScope scope)
    {
        try
        {
            _result = run(scope);
        }
        catch (Exception e) when (IsTask)
        {
            Fail(e);
        }
    }

    public override void Complete() => Done.TrySetResult(_result!);

    public override void Fail(Exception why) => Done.TrySetException(why);
}

/// <summary>Something that runs between two transactions.</summary>
sealed class WriterTask<T>(Func<T> run) : PendingWrite<T>(_ => run())
{
    public override bool IsTask => true;
}
