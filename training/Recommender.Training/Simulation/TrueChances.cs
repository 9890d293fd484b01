using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>An account with what only the simulation knows of it.</summary>
sealed class SimulatedAccount
{
    public string Id = "";
    public int Industry;
    public int Region;
    public int Stack;
    public double LogSize;
    public double Maturity;
    public double Propensity;
    public double[] Profile = [];
    public List<int> Earlier = [];
    public HashSet<int> Overlaps = [];
}

/// <summary>A partner with what only the simulation knows of it.</summary>
sealed class SimulatedPartner
{
    public string Id = "";
    public int[] Industries = [];
    public int[] Regions = [];
    public int[] Products = [];
    public int Stack;
    public double Size;
    public double Quality;
    public double Fame;
    public bool IsStrong;
    public double[] Profile = [];
    public DateTime JoinedAt;
}

/// <summary>A deal; <paramref name="Alone"/> is the log odds of winning it without a partner, <paramref name="Amount"/> is in its currency.</summary>
sealed record SimulatedDeal(string Id, int Account, int Product, double Amount, int Channel, DateTime CreatedAt, double Alone)
{
    /// <summary>Who sells it.</summary>
    public int Seller { get; init; }

    /// <summary>What part of <see cref="Alone"/> is who sells it.</summary>
    public double Skill { get; init; }

    /// <summary>The lead that it began as; null if it did not begin as one.</summary>
    public string? LeadId { get; init; }

    /// <summary>True if it began as a lead that was given to a partner: no seller adds to it.</summary>
    public bool IsLedByPartner { get; init; }
}

/// <summary>The truth of a simulated history: how well a partner suits a deal, and what it adds to the chance of winning.</summary>
sealed class TrueChances(IReadOnlyList<SimulatedPartner> partners, SimulationSettings settings)
{
    /// <summary>Numbers in the latent profile of an account or a partner.</summary>
    public const int Latent = 4;

    /// <summary>How well a partner's coverage and profile suit an account, whatever the deal; about -3 to 3.</summary>
    public static double AccountFit(SimulatedAccount account, SimulatedPartner partner)
    {
        var cosine = 0.0;
        for (var i = 0; i < Latent; i++)
            cosine += account.Profile[i] * partner.Profile[i];
        var size = (account.LogSize - partner.Size) / 1.3;
        return (partner.Industries.Contains(account.Industry) ? 1.2 : 0)
            + (partner.Regions.Contains(account.Region) ? 1.0 : -0.4)
            + 1.3 * cosine
            - 0.5 * Math.Min(4, size * size);
    }

    /// <summary>The true fit of a partner to a deal, 0 to 1.</summary>
    public double Fit(SimulatedDeal deal, SimulatedAccount account, SimulatedPartner partner)
    {
        if (settings.NoSignal)
            return 0.5;
        var competent = partner.Products.Contains(deal.Product);
        var sum =
            AccountFit(account, partner)
            + (competent ? Vocabulary.Complexity[deal.Product] : -0.3)
            + (competent && partner.Industries.Contains(account.Industry) ? 0.9 : 0)
            + (partner.Stack == account.Stack && deal.Product is 0 or 5 ? 0.6 : 0);
        return Elementary.Logistic(1.4 * (sum - 2.4));
    }

    /// <summary>What a partner that joins at creation adds to the log odds of winning.</summary>
    public double Effect(SimulatedDeal deal, SimulatedAccount account, int partner)
    {
        var of = partners[partner];
        return settings.NoSignal ? 0
            : settings.World.IsTidy ? -0.8 + 2.2 * Fit(deal, account, of) + 0.6 * of.Quality
            : settings.World.Effect switch
            {
                PlantedEffect.FitAndQuality => -0.2 + 1.5 * Fit(deal, account, of) + 0.4 * of.Quality,
                PlantedEffect.FewStrong => of.IsStrong ? 1.5 : 0,
                PlantedEffect.Pairs => 0.4 + 0.7 * OfPair(deal.Account, partner),
                PlantedEffect.None or _ => 0,
            };
    }

    /// <summary>The share of its effect that a partner has who joins in a stage.</summary>
    public double ShareAt(int stage) => Math.Max(0, 1 - settings.World.LostByStage * stage);

    /// <summary>A normal number that belongs to an account and a partner.</summary>
    double OfPair(int account, int partner) =>
        new Draws(new Random(unchecked(settings.Seed * 31 + account * 7919 + partner * 104729))).Normal();

    /// <summary>The true chance of winning with the partners of these numbers from creation on; the best counts in full, the others a little.</summary>
    public double WinProbability(SimulatedDeal deal, SimulatedAccount account, IReadOnlyList<int> engaged)
    {
        var effects = engaged.Select(partner => Effect(deal, account, partner)).OrderDescending().ToList();
        return WinProbability(deal.Alone + effects.Take(1).Sum() + 0.3 * effects.Skip(1).Sum());
    }

    /// <summary>The true chance of winning at log odds from creation on.</summary>
    public double WinProbability(double sum) => settings.World.IsTidy ? Elementary.Logistic(sum) : DealLife.WinProbability(sum);
}
