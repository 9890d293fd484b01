namespace Recommender.Training;

/// <summary>Words of a simulated history; lists beside one another belong together by position.</summary>
static class Vocabulary
{
    public static readonly string[] DollarsPerEuro =
    [
        "1.0989011",
        "1.0752688",
        "1.0526316",
        "1.0869565",
        "1.1111111",
        "1.1363636",
        "1.1235955",
        "1.1627907",
        "1.1494253",
        "1.1111111",
    ];

    public static readonly string[] Industries =
    [
        "logistics",
        "banking",
        "insurance",
        "healthcare",
        "retail",
        "manufacturing",
        "energy",
        "telecom",
        "public sector",
        "education",
        "media",
        "software",
    ];
    public static readonly string[] Regions =
    [
        "Northeast",
        "Southeast",
        "Midwest",
        "West",
        "DACH",
        "Nordics",
        "Benelux",
        "UK & Ireland",
    ];
    public static readonly string[] Countries = ["US", "US", "US", "US", "DE", "SE", "NL", "GB"];
    public static readonly string[] Products =
    [
        "Core Platform",
        "Analytics",
        "Security",
        "Integration",
        "Field Service",
        "Data Cloud",
    ];
    public static readonly double[] Complexity = [0.4, 0.8, 1.2, 1.0, 0.6, 1.3];
    public static readonly double[] ProductEffect = [0.3, 0.1, -0.2, 0, 0.2, -0.4];
    public static readonly string[] Types = ["system_integrator", "isv", "reseller", "managed_service", "consultancy"];
    public static readonly double[] TypeSize = [7.5, 6, 5, 5.5, 6.5];
    public static readonly string[] Tiers = ["registered", "silver", "gold", "platinum"];
    public static readonly string[] Stacks = ["azure", "aws", "gcp", "on_premises"];
    public static readonly string[] Channels = ["inbound", "outbound", "event", "referral", "renewal"];
    public static readonly double[] ChannelEffect = [0.3, -0.4, 0, 0.5, 0.7];
    public static readonly string[] Pains =
    [
        "legacy",
        "cost",
        "compliance",
        "growth",
        "talent",
        "data silos",
        "outages",
        "mergers",
    ];
    public static readonly string[] Stages = ["qualification", "discovery", "proposal", "negotiation"];
    public static readonly string[] NameBeginnings =
    [
        "Nor",
        "Alt",
        "Bri",
        "Cor",
        "Del",
        "Ever",
        "Fal",
        "Gran",
        "Hol",
        "Iron",
        "Jun",
        "Kel",
        "Lum",
        "Mar",
        "Nim",
        "Oak",
        "Pel",
        "Quin",
        "Riv",
        "Sol",
        "Tam",
        "Umb",
        "Ver",
        "Wes",
    ];
    public static readonly string[] NameEnds =
    [
        "lake",
        "berg",
        "mont",
        "field",
        "stone",
        "wood",
        "haven",
        "bridge",
        "ford",
        "gate",
        "crest",
        "dale",
        "mark",
        "port",
        "ridge",
        "ton",
        "well",
        "wick",
        "yard",
        "vale",
    ];
}
