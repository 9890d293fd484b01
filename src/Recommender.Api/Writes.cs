using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.Metadata;
using Recommender.Capabilities;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Records;

namespace Recommender.Api;

/// <summary>What a write answers, and whether it is to be kept.</summary>
sealed record WriteAnswer(int Status, byte[] Body, string? ETag = null)
{
    public static WriteAnswer Of<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK, string? etag = null) =>
        new(status, JsonSerializer.SerializeToUtf8Bytes(value, type), etag);
}

/// <summary>A write that cannot be done as asked; nothing of it is kept.</summary>
sealed class WriteRefusedException(IResult problem) : Exception("Refused.")
{
    public IResult Problem { get; } = problem;
}

/// <summary>
/// Runs writes: durable before the answer, once per Idempotency-Key, tried and undone if it is a dry run. The answer is stored in the same
/// transaction as what it speaks of, so that after a crash both are there or neither.
/// </summary>
sealed class Writes(LiveRecommender live, IDataProtectionProvider protection)
{
    const int LongestKey = 255;

    // How a stored answer is told from those that were kept in clear before.
    const string Protected = "protected";
    readonly IDataProtector _protector = protection.CreateProtector("idempotency");
    readonly ConcurrentDictionary<(string, string), byte> _inFlight = new();

    /// <summary>Runs one.</summary>
    /// <param name="http">The request.</param>
    /// <param name="body">Its body.</param>
    /// <param name="needsKey">Refuse it without Idempotency-Key.</param>
    /// <param name="dryRun">Undo it and say what would have been.</param>
    /// <param name="write">Does it, on the writer's thread.</param>
    /// <param name="before">Does first what is no part of the transaction; not done in a dry run.</param>
    /// <param name="decides">True if what it does depends on the fold.</param>
    /// <typeparam name="TOutcomes">What it can end with beside not being done.</typeparam>
    public async Task<WriteOutcome<TOutcomes>> RunAsync<TOutcomes>(
        HttpContext http,
        byte[] body,
        bool needsKey,
        bool dryRun,
        Func<WriteScope, WriteAnswer> write,
        Func<Task>? before = null,
        bool decides = false
    )
        where TOutcomes : IEndpointMetadataProvider =>
        new(await RunAsync(http, body, needsKey, dryRun, new(write, before, decides)));

    async Task<IResult> RunAsync(HttpContext http, byte[] body, bool needsKey, bool dryRun, Write write)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        var key = http.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length == 0)
            return needsKey && !dryRun
                ? new NotWritten(
                    StatusCodes.Status400BadRequest,
                    "Expected the header Idempotency-Key: a text of your own that names this write, so that you can send it again.",
                    "idempotency_key_missing"
                )
                : await TryAsync(http, dryRun, write);
        if (key.Length > LongestKey || key.Any(char.IsControl))
            return Problems.Invalid("Idempotency-Key", $"Expected at most {LongestKey} characters, none a control character.");
        if (dryRun)
            return await TryAsync(http, dryRun, write);
        var caller = Caller.Of(http);
        var hash = HashOf(http, body);
        if (!_inFlight.TryAdd((caller, key), 0))
            return Problems.Conflict("A request with this Idempotency-Key is being worked on.", "idempotency_key_in_flight");
        try
        {
            if (live.IdempotencyKeys.Find(caller, key, live.Now().AddDays(-1)) is { } stored)
                return Again(http, stored, hash);
            return await TryAsync(
                http,
                dryRun,
                write with
                {
                    Do = scope =>
                    {
                        // Another replica may have done it since; then nothing is done here.
                        if (
                            live.Store.IsShared
                            && IdempotencyKeys.Find(scope, caller, key, live.Now().AddDays(-1)) is { } meanwhile
                        )
                            throw new WriteRefusedException(Again(http, meanwhile, hash));
                        var answer = write.Do(scope);
                        // What is shown once, such as a webhook's secret, must not lie there in clear for a day.
                        IdempotencyKeys.Keep(
                            scope,
                            caller,
                            key,
                            new(hash, answer.Status, Protected, _protector.Protect(answer.Body))
                        );
                        return answer;
                    },
                }
            );
        }
        finally
        {
            _inFlight.TryRemove((caller, key), out _);
        }
    }

    /// <summary>The answer that was given before, if it was to the same request.</summary>
    IResult Again(HttpContext http, StoredAnswer stored, string hash)
    {
        if (stored.RequestHash != hash)
            return Problems.Refused("This Idempotency-Key was used for another request.", "idempotency_key_reused");
        try
        {
            var body = stored.ContentType == Protected ? _protector.Unprotect(stored.Body) : stored.Body;
            http.Response.Headers["Idempotency-Replayed"] = "true";
            return new JsonBytes(body, stored.Status, "application/json");
        }
        catch (CryptographicException)
        {
            return Problems.Conflict(
                "It was done before, and the answer cannot be read any more: the protection keys are others now.",
                "idempotency_answer_unreadable"
            );
        }
    }

    async Task<IResult> TryAsync(HttpContext http, bool dryRun, Write write)
    {
        try
        {
            if (write.Before is { } before && !dryRun)
                await before();
            if (
                !live.History.TryWrite(
                    scope =>
                    {
                        var answer = write.Do(scope);
                        CapabilityList.Tell(scope, live.Events);
                        return dryRun ? throw new DryRunException(answer) : answer;
                    },
                    out var done,
                    write.Decides
                )
            )
                return Problems.Busy(http, "Too many writes wait for the database.", "overloaded");
            return Answer(http, await done);
        }
        catch (DryRunException e)
        {
            http.Response.Headers["Dry-Run"] = "true";
            return Answer(http, e.Answer);
        }
        catch (WriteRefusedException e)
        {
            return e.Problem;
        }
        catch (StoreUnavailableException e)
        {
            return Problems.Of(http, e);
        }
        catch (InvalidDataException e)
        {
            return Problems.Refused(e.Message.ReplaceLineEndings(" "), "refused");
        }
    }

    /// <summary>Takes a row in.</summary>
    /// <param name="scope">The write.</param>
    /// <param name="row">The row.</param>
    /// <param name="refusal">What is said if it does not fit.</param>
    /// <param name="pointerOf">Where in the request a column comes from; null if it is called so there, too.</param>
    /// <exception cref="WriteRefusedException">It does not fit the history.</exception>
    public static RowVerdict Take(WriteScope scope, HistoryRow row, string refusal, Func<string, string>? pointerOf = null)
    {
        var result = scope.Upsert(row);
        return result.Reason is { } why
            ? throw new WriteRefusedException(
                Problems.Refused(refusal, "row_rejected", Problems.ErrorOf(why, pointerOf?.Invoke(why.Column)))
            )
            : result.Verdict;
    }

    static JsonBytes Answer(HttpContext http, WriteAnswer answer)
    {
        if (answer.ETag is { } etag)
            http.Response.Headers.ETag = etag;
        return new(answer.Body, answer.Status);
    }

    static string HashOf(HttpContext http, byte[] body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{http.Request.Method} {Addresses.Of(http)}\n"));
        hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What is to be done, what first, and whether it depends on the fold.</summary>
    sealed record Write(Func<WriteScope, WriteAnswer> Do, Func<Task>? Before, bool Decides);

    /// <summary>Carries the answer of a dry run past the transaction that is undone.</summary>
    sealed class DryRunException(WriteAnswer answer) : Exception("Dry run.")
    {
        public WriteAnswer Answer { get; } = answer;
    }
}
