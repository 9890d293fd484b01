using System.CommandLine;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>Brings the schema of the database up to date.</summary>
static class UpgradeVerb
{
    public static Command Command()
    {
        var command = new Command(
            "upgrade",
            "Brings the schema of the database up to date, as every verb and the service do if their login may"
        );
        command.SetAction(
            Run(result =>
            {
                Store(result);
                Console.WriteLine("The schema is up to date.");
                return 0;
            })
        );
        return command;
    }
}
