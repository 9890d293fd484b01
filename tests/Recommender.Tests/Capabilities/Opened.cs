using System.Runtime.CompilerServices;
using Recommender.Capabilities;

namespace Recommender.Tests.Capabilities;

/// <summary>Tables and ledgers of capabilities are there before the first test, as they are in the service and the console.</summary>
static class Opened
{
#pragma warning disable CA2255 // A test assembly is a program.
    [ModuleInitializer]
    internal static void Open() => CapabilityList.Open();
#pragma warning restore CA2255
}
