using System.Globalization;
using Recommender.Training;

// What is read, printed and stored does not depend on where the machine stands.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return Verbs.Root().Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false });
