using System.ComponentModel.DataAnnotations;

namespace Recommender.Api;

/// <summary>Settings of the service, from appsettings, environment or command line.</summary>
sealed class RecommenderOptions
{
    public DatabaseOptions Database { get; init; } = new();

    public ModelsOptions Models { get; init; } = new();

    public DemoOptions Demo { get; init; } = new();

    public sealed class DatabaseOptions
    {
        /// <summary>The SQLite file; created if it is not there. The default is recommender.db.</summary>
        [Required]
        public string Path { get; init; } = "recommender.db";
    }

    public sealed class ModelsOptions
    {
        /// <summary>The folder of model packages. The default is models.</summary>
        [Required]
        public string Path { get; init; } = "models";
    }

    public sealed class DemoOptions
    {
        /// <summary>Import <see cref="Path"/> into an empty database at start. On in Development.</summary>
        public bool Enabled { get; init; }

        /// <summary>A history folder. The default is data-samples.</summary>
        [Required]
        public string Path { get; init; } = "data-samples";
    }
}
