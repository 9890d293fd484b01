using Dapper;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Models;

/// <summary>Model packages and the live pointer in a database that replicas share. Its tables are on SQL Server only.</summary>
sealed class SharedPackages(HistoryStore store)
{
    const string SelectLive = """
        -- index: live_models_key
        SELECT model, versions
        FROM live_models
        ORDER BY model
        """;

    const string MoveLive = """
        -- index: live_models_key
        UPDATE live_models
        SET versions = @versions
        WHERE model = @model AND versions = @before
        """;

    const string InsertLive = """
        -- index: live_models_key
        INSERT INTO live_models (model, versions)
        SELECT @model, @versions
        WHERE NOT EXISTS (SELECT 1 FROM live_models WITH (UPDLOCK, HOLDLOCK) WHERE model = @model)
        """;

    const string SelectPackages = """
        -- index: model_packages_key
        SELECT DISTINCT model, version
        FROM model_packages
        ORDER BY model, version
        """;

    const string SelectFiles = """
        -- index: model_packages_key
        SELECT file_name, content
        FROM model_packages
        WHERE model = @model AND version = @version
        ORDER BY file_name
        """;

    const string InsertFile = """
        INSERT INTO model_packages (model, version, file_name, content)
        VALUES (@model, @version, @name, @content)
        """;

    const string DeletePackage = """
        -- index: model_packages_key
        DELETE FROM model_packages
        WHERE model = @model AND version = @version
        """;

    /// <summary>By model, the versions promoted as text; models of which none was ever are absent.</summary>
    public IReadOnlyDictionary<string, string> Live() =>
        store.Read(connection => connection.Query<(string Model, string Versions)>(SelectLive).ToDictionary());

    /// <summary>Replaces the versions of a model; false if they are no longer as they were.</summary>
    public bool Move(string model, string before, string versions)
    {
        using var connection = store.Connect();
        return connection.Execute(
                MoveLive,
                new
                {
                    model,
                    before,
                    versions,
                }
            ) > 0
            || connection.Execute(InsertLive, new { model, versions }) > 0;
    }

    /// <summary>All packages there are.</summary>
    public IReadOnlyList<(string Model, string Version)> List() =>
        store.Read(connection => connection.Query<(string, string)>(SelectPackages).AsList());

    /// <summary>The files of a package; none if it is not there.</summary>
    public IReadOnlyList<(string Name, byte[] Content)> Files(string model, string version) =>
        store.Read(connection => connection.Query<(string, byte[])>(SelectFiles, new { model, version }).AsList());

    /// <summary>Puts a package there, in place of what it was.</summary>
    public void Put(string model, string version, IEnumerable<string> files)
    {
        using var connection = store.Connect();
        using var transaction = connection.BeginTransaction();
        connection.Execute(DeletePackage, new { model, version }, transaction);
        foreach (var file in files)
            connection.Execute(
                InsertFile,
                new
                {
                    model,
                    version,
                    name = Path.GetFileName(file),
                    content = File.ReadAllBytes(file),
                },
                transaction
            );
        transaction.Commit();
    }
}
