using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Recommender.Training;

/// <summary>
/// What of a machine still decides the last digits of a trained model: its kind of processor, and the exponential and logarithm of the C
/// library, which ML.NET's trainers call and which choose their code by the processor. Vector width and number of threads do not.
/// </summary>
static class Machine
{
    const int Probes = 20_000;

    /// <summary>The same on two machines if the same training gives the same bytes on both: "linux-x64, libm 3f09a1c2".</summary>
    public static string Kind { get; } =
        $"{System()}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}, libm {Answers()}";

    static string System() =>
        OperatingSystem.IsLinux() ? "linux"
        : OperatingSystem.IsWindows() ? "windows"
        : OperatingSystem.IsMacOS() ? "macos"
        : "other";

#pragma warning disable RS0030 // What the library answers is just what is asked here.
    static string Answers()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[2 * sizeof(double)];
        for (var i = 1; i <= Probes; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, Math.Exp((i - Probes / 2) * 0.002));
            BinaryPrimitives.WriteDoubleLittleEndian(bytes[sizeof(double)..], Math.Log(i * 0.001));
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 4));
    }
#pragma warning restore RS0030
}
