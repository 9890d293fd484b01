namespace Recommender.Training;

/// <summary>What partners do to a deal in a simulated world.</summary>
enum PlantedEffect
{
    /// <summary>More the better they suit it, and the better they are.</summary>
    FitAndQuality,

    /// <summary>Nothing.</summary>
    None,

    /// <summary>One partner in ten much, whatever the deal; the others nothing.</summary>
    FewStrong,

    /// <summary>What only this partner and this account make of one another, beyond any column.</summary>
    Pairs,
}

/// <summary>
/// A world to simulate. In all but `default` a deal is lived through week by week: it moves through its stages, is won or lost at rates that
/// depend on stage and partners, partners join at any time while it is open, and others come for services after it was won.
/// </summary>
/// <param name="Name">As `simulate --world` takes it.</param>
/// <param name="Holds">What it holds, in a few words.</param>
sealed record World(string Name, string Holds)
{
    public PlantedEffect Effect { get; init; }

    /// <summary>Log odds of being given a partner per log odds of winning alone.</summary>
    public double Confounding { get; init; } = 1;

    /// <summary>Share of the effect that is lost with each stage that has passed when the partner joins.</summary>
    public double LostByStage { get; init; }

    /// <summary>Log odds by which the chance of every deal rises from the first day to the last.</summary>
    public double Drift { get; init; }

    /// <summary>Standard deviation, in log odds, of the skill of sellers, who bring in partners the more the better they sell.</summary>
    public double Skill { get; init; }

    /// <summary>Standard deviation, in log odds, of what no column holds and what draws partners as it wins deals.</summary>
    public double Unmeasured { get; init; }

    /// <summary>Share of lost deals that nobody closes.</summary>
    public double LeftOpen { get; init; }

    /// <summary>
    /// Standard deviation, in log odds, of what a seller adds by product; if above zero, half of the deals begin as a lead that is given to a
    /// seller at random or to a partner by habit.
    /// </summary>
    public double Specialty { get; init; }

    /// <summary>The same by industry.</summary>
    public double SpecialtyByIndustry { get; init; }

    /// <summary>True if deals begin as leads.</summary>
    public bool HasLeads => Specialty > 0;

    /// <summary>True if amounts are in several currencies and corrected, and rows are deleted.</summary>
    public bool Corrected { get; init; }

    /// <summary>The tidy world: the outcome is drawn at creation from all who will join, at first or soon.</summary>
    public bool IsTidy => Name == "default";

    public static IReadOnlyList<World> All { get; } =
    [
        new("default", "outcomes drawn at creation, partners that join early, good deals draw partners"),
        new("mid_cycle", "partners that join at any time, services after the win"),
        new("drift", "the same, and a base rate that rises and falls") { Drift = 1.2 },
        new("stages", "the same, and a partner adds more the earlier it joins") { LostByStage = 0.3 },
        new("no_effect", "partners add nothing, though good deals draw them strongly")
        {
            Effect = PlantedEffect.None,
            Confounding = 1.6,
        },
        new("few_strong", "one partner in ten adds much, the others nothing") { Effect = PlantedEffect.FewStrong },
        new("pairs", "what a partner adds depends on the account alone, beyond any column") { Effect = PlantedEffect.Pairs },
        new(
            "sellers",
            "sellers of different skill who choose partners by habit, and a cause of 0.4 log odds that no column holds"
        )
        {
            Skill = 0.6,
            Unmeasured = 0.4,
        },
        new("leads", "leads given to sellers of different skill by product, or to partners, by habit")
        {
            Skill = 0.4,
            Specialty = 0.5,
        },
        new("leads_fine", "the same, of different skill by industry too")
        {
            Skill = 0.4,
            Specialty = 0.4,
            SpecialtyByIndustry = 0.4,
        },
        new("left_open", "four in ten of the lost deals are never closed") { LeftOpen = 0.4 },
        new("corrected", "several currencies, corrected amounts, deleted rows") { Corrected = true },
        new("everything", "drift, stages, sellers and corrections together")
        {
            Drift = 0.8,
            LostByStage = 0.2,
            Skill = 0.5,
            Unmeasured = 0.3,
            Corrected = true,
        },
    ];

    /// <summary>The world of a name.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static World Of(string name) =>
        All.FirstOrDefault(world => world.Name == name)
        ?? throw new InvalidDataException(
            $"--world {name}: expected one of {string.Join(", ", All.Select(world => world.Name))}."
        );
}
