using ArchUnitNET.Domain;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace Recommender.Tests;

/// <summary>Every line knows its room. Each rule has a negative control: the same rule turned on a room that breaks it.</summary>
public class RoomTests
{
    static readonly Architecture _architecture = new ArchLoader()
        .LoadAssembliesIncludingDependencies(
            typeof(Recommender.CoSell.Account).Assembly,
            typeof(Recommender.Training.TreeTrainer).Assembly,
            typeof(Recommender.Api.Serving.LiveRecommender).Assembly
        )
        .Build();

    static readonly string[] _flow =
    [
        "CoSell",
        "Facts",
        "Fold",
        "Matching",
        "Features",
        "Models",
        "Ranking",
        "Access",
        "Webhooks",
        "Capabilities",
        "Records",
    ];

    [Fact]
    public void A_room_of_the_library_sees_only_those_before_it()
    {
        for (var room = 0; room < _flow.Length; room++)
        {
            foreach (var later in _flow.Skip(room + 1))
                Holds(Apart("Recommender." + _flow[room], "Recommender." + later));
        }
        Broken(Apart("Recommender.Ranking", "Recommender.Facts"));
    }

    [Theory]
    [InlineData("Access")]
    [InlineData("Webhooks")]
    [InlineData("Records", "Fold", "Ranking", "Webhooks")]
    public void What_is_kept_beside_the_facts_knows_only_them(string room, params string[] others)
    {
        foreach (var other in _flow.Except([room, "CoSell", "Facts", .. others]))
            Holds(Apart("Recommender." + room, "Recommender." + other));
        foreach (var other in (string[])["Facts", .. others])
            Broken(Apart("Recommender." + room, "Recommender." + other));
    }

    [Theory]
    [InlineData("Microsoft.Data.Sqlite", "Recommender.Facts")]
    [InlineData("Microsoft.Data.SqlClient", "Recommender.Facts")]
    [InlineData("DbUp", "Recommender.Facts")]
    [InlineData(
        "Dapper",
        "Recommender.Facts",
        "Recommender.Models",
        "Recommender.Access",
        "Recommender.Webhooks",
        "Recommender.Records"
    )]
    [InlineData("AnyAscii", "Recommender.CoSell")]
    [InlineData("Quickenshtein", "Recommender.Matching")]
    [InlineData("CsvHelper", "Recommender.Facts", "Recommender.Training")]
    [InlineData("Microsoft.ML.OnnxRuntime", "Recommender.Models")]
    [InlineData("Google.Protobuf", "Recommender.Models")]
    [InlineData("Microsoft.ML.Trainers", "Recommender.Training")]
    [InlineData("Microsoft.AspNetCore", "Recommender.Api")]
    public void A_package_is_known_in_its_rooms_only(string package, params string[] homes)
    {
        string[] rooms = [.. _flow.Select(room => "Recommender." + room), "Recommender.Training", "Recommender.Api"];
        foreach (var room in rooms.Except(homes))
            Holds(Apart(room, package));
        foreach (var home in homes)
            Broken(Apart(home, package));
    }

    [Fact]
    public void A_capability_knows_no_other()
    {
        string[] capabilities = ["CoSellList", "Handoffs", "Leads", "Mapping", "Registrations", "Conflicts"];
        foreach (var one in capabilities)
        {
            foreach (var other in capabilities.Except([one]))
                Holds(Apart("Recommender.Capabilities." + one, "Recommender.Capabilities." + other));
        }
        Broken(Apart("Recommender.Capabilities", "Recommender.Capabilities.Handoffs"));
    }

    [Fact]
    public void Pages_ask_endpoints_and_never_the_other_way()
    {
        Holds(Apart("Recommender.Api.Endpoints", "Recommender.Api.Pages"));
        Holds(Apart("Recommender.Api.Serving", "Recommender.Api.(Endpoints|Pages)"));
        Broken(Apart("Recommender.Api.Pages", "Recommender.Api.Endpoints"));
    }

    [Fact]
    public void The_api_does_not_know_training() => Holds(Apart("Recommender.Api", "Recommender.Training"));

    static IArchRule Apart(string room, string other) =>
        Types(includeReferenced: true)
            .That()
            .ResideInNamespaceMatching($@"^{room}(\..*)?$")
            .Should()
            .NotDependOnAny(Types(includeReferenced: true).That().ResideInNamespaceMatching($@"^{other}(\..*)?$"))
            .WithoutRequiringPositiveResults();

    static void Holds(IArchRule rule) => rule.Check(_architecture);

    static void Broken(IArchRule rule) => Assert.False(rule.HasNoViolations(_architecture));
}
