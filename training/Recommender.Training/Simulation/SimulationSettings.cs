namespace Recommender.Training;

/// <summary>How large a simulated history is, and what it holds.</summary>
sealed record SimulationSettings
{
    public required int Accounts { get; init; }
    public required int Partners { get; init; }
    public required int Opportunities { get; init; }
    public required int Years { get; init; }
    public required int Seed { get; init; }

    /// <summary>The world that is simulated.</summary>
    public World World { get; init; } = World.All[0];

    /// <summary>Decisions for which the truth is written.</summary>
    public int TruthDecisions { get; init; } = 2000;

    /// <summary>Share of rows that are spoilt, 0 to 1.</summary>
    public double Dirty { get; init; }

    /// <summary>Outcomes and partner choice at random.</summary>
    public bool NoSignal { get; init; }
}
