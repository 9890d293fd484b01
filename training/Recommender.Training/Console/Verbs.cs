using System.CommandLine;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>The verbs of the training console.</summary>
static class Verbs
{
    public static RootCommand Root()
    {
        var root = new RootCommand(
            "Learns which partner to bring into an account. Without a verb: trains both models on data-samples."
        )
        {
            DatabaseOption,
            ModelsOption,
            SimulateVerb.Command(),
            WorldsVerb.Command(),
            SimulateGateVerb.Command(),
            ImportVerb.Command(),
            MapVerb.Command(),
            RulesVerb.Command(),
            RoutingVerb.Command(),
            UpgradeVerb.Command(),
            TrainVerb.Command(),
            EvaluateVerb.Command(),
            ExportExamplesVerb.Command(),
            ModelsVerb.Command(),
            KeysVerb.Command(),
            MonitorVerb.Command(),
            RecommendVerb.Command(),
        };
        root.SetAction(
            Run(result =>
                TrainVerb.TrainOn(Folder("data-samples", null), TrainingConfig.Read(DefaultConfig), null, result, true, false)
            )
        );
        return root;
    }
}
