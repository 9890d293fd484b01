using System.CommandLine;
using System.Text.Json;
using Recommender.Models;
using static Recommender.Training.ConsoleOptions;

namespace Recommender.Training;

/// <summary>The model registry.</summary>
static class ModelsVerb
{
    public static Command Command()
    {
        var model = new Argument<string>("model") { Description = "partner-fit or win-probability" };
        var version = new Argument<string>("version") { Description = "A version of it" };
        var package = new Argument<string>("folder") { Description = "A model package, or an ONNX file, made elsewhere" };
        var list = new Command("list", "All packages, the live ones marked") { JsonOption };
        list.SetAction(
            Run(result =>
            {
                var registry = Registry(result);
                var rows = registry
                    .List(Console.Error.WriteLine)
                    .Select(manifest => new
                    {
                        manifest.Model,
                        manifest.Version,
                        Live = registry.Live(manifest.Model) == manifest.Version,
                        manifest.Gate,
                    })
                    .ToList();
                if (result.GetValue(JsonOption))
                    Console.WriteLine(JsonSerializer.Serialize(rows, ModelManifest.Json));
                else if (rows.Count > 0)
                {
                    var table = new ConsoleTable("", "<model", "<version", "<gate", "<reason").WithoutHeader();
                    rows.ForEach(row =>
                        table.Add(
                            row.Live ? "*" : "",
                            row.Model,
                            row.Version,
                            row.Gate.Promote ? "passed" : "refused",
                            row.Gate.Reason
                        )
                    );
                    table.Print();
                }
                return 0;
            })
        );
        var show = new Command("show", "The manifest of a package, golden rows left out") { model, version };
        show.SetAction(
            Run(result =>
            {
                using var opened = Registry(result).Open(result.GetValue(model)!, result.GetValue(version)!);
                Console.WriteLine(JsonSerializer.Serialize(opened.Manifest with { Golden = new([], []) }, ModelManifest.Json));
                return 0;
            })
        );
        var promote = new Command("promote", "Makes a version live") { model, version };
        promote.SetAction(
            Run(result =>
            {
                Promote(result, result.GetValue(model)!, result.GetValue(version)!);
                Console.WriteLine($"{result.GetValue(model)} {result.GetValue(version)} is live.");
                return 0;
            })
        );
        var rollback = new Command("rollback", "Goes back to the version that was live before") { model };
        rollback.SetAction(
            Run(result =>
            {
                var registry = Registry(result);
                var before = registry.Live(result.GetValue(model)!);
                var back = registry.Rollback(result.GetValue(model)!);
                Tell(result, "model.rolled_back", result.GetValue(model)!, back, before);
                Console.WriteLine($"{result.GetValue(model)} {back} is live again.");
                return 0;
            })
        );
        var manifestFile = new Option<string?>("--manifest")
        {
            Description = "For an ONNX file: its manifest.json, as export-examples writes it",
        };
        var import = new Command("import", "Takes a package folder, or an ONNX file, in after checking it")
        {
            package,
            manifestFile,
        };
        import.SetAction(
            Run(result =>
            {
                var path = result.GetValue(package)!;
                ModelManifest manifest;
                if (path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
                    manifest = TrainingRun.Import(
                        path,
                        result.GetValue(manifestFile)
                            ?? throw new InvalidDataException(
                                $"{path} comes without --manifest; expected the manifest.json that export-examples wrote beside its examples."
                            ),
                        result.GetValue(ModelsOption)!
                    );
                else
                    manifest = Registry(result).Import(path);
                Console.WriteLine(
                    $"{manifest.Model} {manifest.Version} imported{(manifest.Gate.Promote ? "; promote it to make it live." : $". {manifest.Gate.Reason}")}"
                );
                return 0;
            })
        );
        return new Command("models", "The model registry") { list, show, promote, rollback, import };
    }
}
