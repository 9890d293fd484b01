using System.Globalization;
using Recommender.Capabilities;
using Recommender.Training;

// What is read, printed and stored does not depend on where the machine stands.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    CapabilityList.Open();
}
catch (InvalidDataException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
return Verbs.Root().Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false });
