namespace Recommender.Tests;

/// <summary>A database knows the scripts it has run by their names: under another name a script would run a second time.</summary>
public class ScriptNamesTests
{
    [Fact]
    public void A_script_keeps_the_name_that_databases_know_it_by() =>
        Assert.Equal(
            [
                "Recommender.Artifacts.SqlServer.0003_registry.sql",
                "Recommender.Conflicts.SqlServer.0014_conflicts.sql",
                "Recommender.Conflicts.Sqlite.0015_conflicts.sql",
                "Recommender.Handoffs.SqlServer.0017_handoffs.sql",
                "Recommender.Handoffs.Sqlite.0018_handoffs.sql",
                "Recommender.History.SqlServer.0001_history.sql",
                "Recommender.History.SqlServer.0004_corrections.sql",
                "Recommender.History.SqlServer.0005_erasures.sql",
                "Recommender.History.SqlServer.0006_written_at.sql",
                "Recommender.History.SqlServer.0007_exchange_rates.sql",
                "Recommender.History.SqlServer.0008_rates_into_base.sql",
                "Recommender.History.SqlServer.0009_merged_identities.sql",
                "Recommender.History.SqlServer.0010_clock_after_imports.sql",
                "Recommender.History.SqlServer.0011_moment_of_imports.sql",
                "Recommender.History.Sqlite.0001_history.sql",
                "Recommender.History.Sqlite.0002_live.sql",
                "Recommender.History.Sqlite.0006_corrections.sql",
                "Recommender.History.Sqlite.0007_late.sql",
                "Recommender.History.Sqlite.0008_erasures.sql",
                "Recommender.History.Sqlite.0009_written_at.sql",
                "Recommender.History.Sqlite.0010_exchange_rates.sql",
                "Recommender.History.Sqlite.0011_rates_into_base.sql",
                "Recommender.History.Sqlite.0012_merged_identities.sql",
                "Recommender.Journal.SqlServer.0002_journal.sql",
                "Recommender.Journal.Sqlite.0003_journal.sql",
                "Recommender.Journal.Sqlite.0004_look_ups.sql",
                "Recommender.Journal.Sqlite.0005_packed_answers.sql",
                "Recommender.Leads.SqlServer.0016_leads.sql",
                "Recommender.Leads.Sqlite.0017_leads.sql",
                "Recommender.Mapping.SqlServer.0012_mapping.sql",
                "Recommender.Mapping.Sqlite.0013_mapping.sql",
                "Recommender.Registrations.SqlServer.0013_registrations.sql",
                "Recommender.Registrations.SqlServer.0015_rules_version.sql",
                "Recommender.Registrations.Sqlite.0014_registrations.sql",
                "Recommender.Registrations.Sqlite.0016_rules_version.sql",
            ],
            typeof(CoSell.Account)
                .Assembly.GetManifestResourceNames()
                .Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );
}
