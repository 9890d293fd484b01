using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Recommender.Api.Pages;

namespace Recommender.Api;

/// <summary>Kinds of requests that do not take each other's places.</summary>
enum Lane
{
    /// <summary>What is answered at once.</summary>
    Ordinary,

    /// <summary>Many rows in one call.</summary>
    Bulk,

    /// <summary>Many questions in one call.</summary>
    Batch,

    /// <summary>What was said before, computed again.</summary>
    Past,
}

/// <summary>Says in which lane an endpoint is.</summary>
sealed record InLane(Lane Lane);

/// <summary>
/// Keeps the service calm: each key has its rate (429), and all together do not wait longer for their turn than is any use (503). Both
/// say when to come back. What takes long has a lane of its own, so that it takes no place of what is answered at once; and nobody holds a
/// place while a body comes in.
/// </summary>
sealed class Limits : IDisposable
{
    readonly PartitionedRateLimiter<string> _perKey;
    readonly Dictionary<Lane, ConcurrencyLimiter> _lanes;
    readonly RecommenderOptions.LimitsOptions _options;
    readonly string _policy;

    public Limits(IOptions<RecommenderOptions> options)
    {
        _options = options.Value.Limits;
        _policy = string.Create(CultureInfo.InvariantCulture, $"\"default\";q={_options.RequestsPerSecond};w=1");
        var tokens = Math.Max(1, _options.RequestsPerSecond / 10);
        _perKey = PartitionedRateLimiter.Create<string, string>(caller =>
            RateLimitPartition.GetTokenBucketLimiter(
                caller,
                _ =>
                    new()
                    {
                        TokenLimit = _options.Burst,
                        TokensPerPeriod = tokens,
                        ReplenishmentPeriod = TimeSpan.FromSeconds((double)tokens / _options.RequestsPerSecond),
                        QueueLimit = 0,
                    }
            )
        );
        var ordinary = _options.Concurrency > 0 ? _options.Concurrency : 4 * Environment.ProcessorCount;
        _lanes = Enum.GetValues<Lane>()
            .ToDictionary(
                lane => lane,
                lane => new ConcurrencyLimiter(
                    new()
                    {
                        PermitLimit = lane == Lane.Ordinary ? ordinary : _options.LaneConcurrency,
                        QueueLimit = _options.Queue,
                        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
                    }
                )
            );
    }

    static readonly string[] _free = ["/health", "/metrics", "/openapi", "/assets"];

    public async Task PassAsync(HttpContext http, RequestDelegate next)
    {
        if (_free.Any(path => http.Request.Path.StartsWithSegments(path, StringComparison.Ordinal)))
            await next(http);
        else if (http.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal))
            await PassAtRateAsync(http, next);
        else
        {
            // A form is read by whoever looks at its token first.
            await PageAnswers.FormAsync(http);
            await PassInTurnAsync(http, next);
        }
    }

    async Task PassAtRateAsync(HttpContext http, RequestDelegate next)
    {
        var caller = Caller.Of(http);
        var headers = http.Response.Headers;
        using var turn = _perKey.AttemptAcquire(caller);
        headers["RateLimit-Policy"] = _policy;
        var left = _perKey.GetStatistics(caller)?.CurrentAvailablePermits ?? 0;
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"default\";r={left};t=1");
        if (!turn.IsAcquired)
        {
            headers.RetryAfter = "1";
            Telemetry.Shed("rate");
            await new TooManyRequests(
                FormattableString.Invariant($"More than {_options.RequestsPerSecond} requests a second; come back in a second.")
            ).ExecuteAsync(http);
            return;
        }
        await PassInTurnAsync(http, next);
    }

    async Task PassInTurnAsync(HttpContext http, RequestDelegate next)
    {
        var lane = http.GetEndpoint()?.Metadata.GetMetadata<InLane>()?.Lane ?? Lane.Ordinary;
        using var turn = new Turn(_lanes[lane], http.RequestAborted);
        if (!await turn.TakeAsync())
        {
            Telemetry.Shed("overload");
            await Problems.Busy(http, "Too many requests wait; come back in a second.", "overloaded").ExecuteAsync(http);
            return;
        }
        _turn.Value = turn;
        await next(http);
    }

    static readonly AsyncLocal<Turn?> _turn = new();

    /// <summary>
    /// Waits for what is worked on elsewhere; the request leaves its place to others meanwhile, so that many that wait do not keep out those
    /// that are answered at once.
    /// </summary>
    public static async Task<T> AsideAsync<T>(Task<T> elsewhere)
    {
        if (elsewhere.IsCompleted)
            return await elsewhere;
        var turn = _turn.Value;
        turn?.Leave();
        var answer = await elsewhere;
        // Where there is no place any more the answer is given all the same: it is made.
        if (turn is not null)
            await turn.TakeAsync();
        return answer;
    }

    /// <summary>A place among the requests that are worked on at once.</summary>
    sealed class Turn(ConcurrencyLimiter atOnce, CancellationToken cancel) : IDisposable
    {
        RateLimitLease? _place;

        public async Task<bool> TakeAsync()
        {
            _place = await atOnce.AcquireAsync(1, cancel);
            return _place.IsAcquired;
        }

        public void Leave()
        {
            _place?.Dispose();
            _place = null;
        }

        public void Dispose() => Leave();
    }

    public void Dispose()
    {
        _perKey.Dispose();
        foreach (var lane in _lanes.Values)
            lane.Dispose();
    }
}
