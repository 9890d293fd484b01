using Recommender.Facts;
using Recommender.Fold;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Api.Serving;

/// <summary>
/// Which models answer, over which fold: one generation, swapped whole while calls are answered. Moves the live pointer, and follows it
/// where the console or another replica moved it.
/// </summary>
/// <param name="registry">The packages.</param>
/// <param name="folder">Where they lie.</param>
/// <param name="replaced">Told after each swap; true if the history was folded anew because another process imported one.</param>
/// <param name="time">What is now.</param>
/// <param name="logger">Where to say what was swapped and what was refused.</param>
sealed partial class LiveModels(ModelRegistry registry, string folder, Action<bool> replaced, TimeProvider time, ILogger logger)
    : IDisposable
{
    readonly SemaphoreSlim _swapping = new(1, 1);

    // By model, the live version that does not stand its checks, why, and when it was last tried.
    readonly Dictionary<string, (string Version, string Reason, DateTimeOffset At)> _refused = [];
    LiveHistory _history = null!;
    Generation? _current;

    /// <summary>True once there is a generation.</summary>
    public bool IsOpen => Volatile.Read(ref _current) is not null;

    /// <summary>The versions that answer now.</summary>
    public IReadOnlyDictionary<string, string> Versions => Current.Models.Versions;

    Generation Current => Volatile.Read(ref _current) ?? throw new InvalidOperationException("Not ready.");

    /// <summary>The models that are live, for <see cref="Begin"/>.</summary>
    /// <exception cref="InvalidDataException">Versions of one were promoted and none stands its checks.</exception>
    public RankingModels OpenNewest() => new(OpenNewest(ModelPackage.PartnerFit), OpenNewest(ModelPackage.WinProbability));

    /// <summary>The live package, or the newest before it that stands its checks: a file that was damaged must not keep the service from starting.</summary>
    ModelPackage? OpenNewest(string model)
    {
        var package = registry.OpenNewest(model, out var refused);
        foreach (var (version, reason) in refused)
            Log.WentBack(logger, model, version, package!.Manifest.Version, reason);
        if (refused is [var (live, why), ..])
            _refused[model] = (live, why, time.GetUtcNow());
        return package;
    }

    /// <summary>Answers by these models from now on, over the fold of <paramref name="history"/>.</summary>
    public void Begin(RankingModels models, LiveHistory history)
    {
        _history = history;
        Volatile.Write(ref _current, new(models, history.Fold));
    }

    /// <summary>What answers now, held until it is disposed.</summary>
    public Generation Lease()
    {
        while (true)
        {
            var generation = Current;
            if (generation.TryLease())
                return generation;
        }
    }

    /// <summary>
    /// Answers with a version from now on and makes it live: opened and put to use first, the pointer last. Null goes back to the version
    /// that was live before.
    /// </summary>
    /// <exception cref="InvalidDataException">The package is refused; what was live stays live.</exception>
    public async Task<string> SwapAsync(string model, string? version, CancellationToken cancel)
    {
        await _swapping.WaitAsync(cancel);
        try
        {
            var back = version is null ? registry.Return(model) : null;
            var package = registry.Open(model, version ?? back!.Version);
            var models = ModelsOf(Versions, package);
            PointerMove move;
            try
            {
                move = back ?? registry.Promotion(package);
            }
            catch
            {
                models.Close();
                throw;
            }
            await ReplaceAsync(models, move.Make, CancellationToken.None);
            return move.Version;
        }
        catch (InvalidDataException e)
        {
            // Where the packages lie is nobody's business but ours.
            throw new InvalidDataException(e.Message.Replace(folder, "models", StringComparison.Ordinal), e);
        }
        finally
        {
            _swapping.Release();
        }
    }

    /// <summary>
    /// Answers with the versions that the registry says are live, if those are others. One that is refused does not keep the other model
    /// from being followed.
    /// </summary>
    /// <returns>The versions that answered before; null if nothing changed.</returns>
    public async Task<IReadOnlyDictionary<string, string>?> FollowAsync(CancellationToken cancel)
    {
        await _swapping.WaitAsync(cancel);
        try
        {
            return await FollowAloneAsync(cancel);
        }
        finally
        {
            _swapping.Release();
        }
    }

    async Task<IReadOnlyDictionary<string, string>?> FollowAloneAsync(CancellationToken cancel)
    {
        var now = Versions;
        var wanted = now.ToDictionary();
        var opened = new List<ModelPackage>();
        try
        {
            foreach (var model in ModelRegistry.Models)
            {
                var live = registry.Live(model);
                if (live is null)
                    wanted.Remove(model);
                else if (live == now.GetValueOrDefault(model))
                    _refused.Remove(model);
                else if (TryOpen(model, live) is { } package)
                {
                    opened.Add(package);
                    wanted[model] = live;
                }
            }
            if (Same(wanted, now) && !_history.IsOutdated)
                return null;
        }
        catch
        {
            opened.ForEach(package => package.Dispose());
            throw;
        }
        await ReplaceAsync(ModelsOf(wanted, [.. opened]), () => { }, cancel);
        return now;
    }

    /// <summary>Opens a live version; null if it is refused, which is said once. It is tried again every minute, for it may be mended in place.</summary>
    ModelPackage? TryOpen(string model, string version)
    {
        _refused.TryGetValue(model, out var before);
        if (before.Version == version && (time.GetUtcNow() - before.At).TotalMinutes < 1)
            return null;
        try
        {
            return registry.Open(model, version);
        }
        catch (Exception e) when (e is InvalidDataException or UnauthorizedAccessException)
        {
            if (before.Version != version || before.Reason != e.Message)
                Log.Refused(logger, e.Message.ReplaceLineEndings(" "));
            _refused[model] = (version, e.Message, time.GetUtcNow());
            return null;
        }
    }

    /// <summary>The models of these versions, <paramref name="opened"/> among them or in their place. If one is refused all are closed.</summary>
    public RankingModels ModelsOf(IReadOnlyDictionary<string, string> versions, params IReadOnlyList<ModelPackage> opened)
    {
        var packages = opened.ToDictionary(package => package.Manifest.Model);
        try
        {
            foreach (var (model, version) in versions)
            {
                if (!packages.ContainsKey(model))
                    packages[model] = registry.Open(model, version);
            }
            return new(
                packages.GetValueOrDefault(ModelPackage.PartnerFit),
                packages.GetValueOrDefault(ModelPackage.WinProbability)
            );
        }
        catch
        {
            foreach (var package in packages.Values)
                package.Dispose();
            throw;
        }
    }

    /// <summary>Answers with these models from now on; <paramref name="move"/> makes the pointer say so.</summary>
    async Task ReplaceAsync(RankingModels models, Action move, CancellationToken cancel)
    {
        var old = Current;
        var isOutdated = _history.IsOutdated;
        Generation? next = null;
        try
        {
            if (models.FitInto(old.Models) && !isOutdated)
            {
                next = new(models, old.Fold);
                move();
                Volatile.Write(ref _current, next);
            }
            else
            {
                await _history.RefoldAsync(models.Folds, fold => Volatile.Write(ref _current, next = new(models, fold)), cancel);
                // Once the fold was replaced there is no way back but to follow the pointer, as is done all the time.
                move();
            }
        }
        finally
        {
            if (ReferenceEquals(Current, next))
                old.Retire();
            else
                models.Close();
        }
        replaced(isOutdated);
        Log.Swapped(logger, string.Join(", ", models.Versions.Select(pair => $"{pair.Key} {pair.Value}")));
    }

    public static bool Same(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.Count == right.Count && left.All(pair => right.GetValueOrDefault(pair.Key) == pair.Value);

    public void Dispose()
    {
        Volatile.Read(ref _current)?.Retire();
        _swapping.Dispose();
    }

    static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Live now: {Versions}")]
        public static partial void Swapped(ILogger logger, string versions);

        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "{Model} {Refused}, which is live, is refused; {Answers}, promoted before it, answers: {Reason}"
        )]
        public static partial void WentBack(ILogger logger, string model, string refused, string answers, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "The live pointer is not followed, what was live stays: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);
    }
}
