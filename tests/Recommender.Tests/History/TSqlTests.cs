using System.Collections;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.SqlServer.Dac.Model;
using Microsoft.SqlServer.TransactSql.ScriptDom;
using Recommender.Facts;
using Recommender.Fold;
using Assembly = System.Reflection.Assembly;

namespace Recommender.Tests.History;

/// <summary>
/// T-SQL without a server: every text that SQL Server is given is parsed as SQL Server 2019 would and bound against the schema.
/// </summary>
public class TSqlTests
{
    // What the server itself brings along; the model of our schema does not know it.
    static readonly string[] _ofTheServer = ["sys.databases", "sp_getapplock"];
    static readonly Assembly _library = typeof(HistoryStore).Assembly;
    static readonly Dictionary<string, string> _scripts = AsTheyEnd(
        _library
            .GetManifestResourceNames()
            .Where(name => name.Contains(".SqlServer.", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToDictionary(name => name, Read)
    );

    /// <summary>Every text, by the name of where it stands.</summary>
    static readonly Dictionary<string, string> _texts = _library.GetTypes().SelectMany(TextsOf).ToDictionary();

    /// <summary>Those that read a whole history, as a snapshot sends them.</summary>
    static readonly string[] _streams =
    [
        .. _texts.Keys.Where(name =>
            name.EndsWith(".Rows", StringComparison.Ordinal) || name.EndsWith(".EndOfPage", StringComparison.Ordinal)
        ),
    ];

    public static TheoryData<string> Texts => [.. _texts.Keys];

    [Fact]
    public void There_are_texts_of_every_kind_and_every_script()
    {
        Assert.Equal(
            [
                "0001_history.sql",
                "0002_journal.sql",
                "0003_registry.sql",
                "0004_corrections.sql",
                "0005_erasures.sql",
                "0006_written_at.sql",
                "0007_exchange_rates.sql",
                "0008_rates_into_base.sql",
                "0009_merged_identities.sql",
                "0010_clock_after_imports.sql",
                "0011_moment_of_imports.sql",
                "0012_mapping.sql",
                "0013_registrations.sql",
                "0014_conflicts.sql",
                "0015_rules_version.sql",
                "0016_leads.sql",
                "0017_handoffs.sql",
            ],
            _scripts.Keys.Select(ScriptName).Order()
        );
        foreach (
            var name in (string[])
                [
                    "HistorySql.All.Accounts.Insert",
                    "HistorySql.All.Opportunities.SelectEnds.Rows",
                    "HistorySql.All.Feedback.InsertStaged",
                    "SqlServerHistoryStore.Peek",
                    "EventLog._insert",
                    "IdempotencyKeys._replace",
                    "FactBook._between",
                    "ApiKeys.Select",
                ]
        )
            Assert.Contains(name, _texts.Keys);
        Assert.True(_texts.Count > 120, $"{_texts.Count} texts");
        Assert.Equal(58, _streams.Length);
    }

    /// <summary>A text in the source that is no constant would be looked at by no other test.</summary>
    [Fact]
    public void No_statement_stands_in_the_code_but_as_a_constant()
    {
        var known = string.Join('\n', _texts.Values.Concat(SqliteTexts()).Select(Squeezed));
        var literal = new Regex(
            "\"\"\"\\s*\\n(?<raw>.*?)\"\"\"|\"(?<plain>(?:[^\"\\\\\\n]|\\\\.)*)\"",
            RegexOptions.Singleline | RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(10)
        );
        var statement = new Regex(
            @"^\s*(--[^\n]*\n\s*)*(SELECT|INSERT INTO|UPDATE|DELETE FROM|MERGE|SET LOCK_TIMEOUT|DECLARE)\s",
            RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(10)
        );
        var found = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(Sample.Root, "src"), "*.cs", SearchOption.AllDirectories))
        {
            // What follows from the columns of a table is among the texts, for every table.
            if (Path.GetFileName(file) == "TableStatements.cs")
                continue;
            foreach (Match match in literal.Matches(File.ReadAllText(file)))
            {
                var text = match.Groups["raw"].Success ? match.Groups["raw"].Value : match.Groups["plain"].Value;
                if (!statement.IsMatch(text))
                    continue;
                found++;
                Assert.True(known.Contains(Squeezed(text), StringComparison.Ordinal), $"{file}: {text}");
            }
        }
        Assert.True(found > 60, $"{found} statements found");
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Every_text_is_what_SQL_Server_2019_reads(string name)
    {
        Parsed(_texts[name]);
        Assert.NotEmpty(Faults("SELECT FROM WHERE"));
        if (_streams.Contains(name))
            Parsed(_texts[name] + SqlServerHistoryStore.Recompile);
        // Of a later version: not to be used.
        Assert.NotEmpty(Faults("SELECT 1 WHERE 1 IS DISTINCT FROM 2"));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Every_text_notes_an_index_that_the_schema_has(string name)
    {
        var text = _texts[name];
        if (
            Statements(Parsed(text))
                .All(one => one is not (SelectStatement or UpdateStatement or DeleteStatement or MergeStatement))
        )
            return;
        if (
            name.Contains(".Stage", StringComparison.Ordinal)
            || _ofTheServer.Any(known => text.Contains(known, StringComparison.Ordinal))
        )
            return;
        var note = Regex.Match(text, @"-- index: (?<names>[\w, ]+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        Assert.True(note.Success, $"{name} notes no index");
        Assert.Empty(note.Groups["names"].Value.Split(", ").Except(Indexes()));
        Assert.DoesNotContain("accounts_by_nothing", Indexes());
    }

    /// <summary>SQL Server takes one hint of how much to lock and one of the isolation level for a table (its documentation of table hints).</summary>
    [Theory]
    [InlineData("", true)]
    [InlineData("SELECT clock_id FROM change_clock WITH (UPDLOCK, ROWLOCK, READCOMMITTEDLOCK)", false)]
    public void Of_hints_that_exclude_each_other_a_table_has_one(string planted, bool fits)
    {
        TableHintKind[] granularity =
        [
            TableHintKind.PagLock,
            TableHintKind.NoLock,
            TableHintKind.ReadCommittedLock,
            TableHintKind.Rowlock,
            TableHintKind.TabLock,
            TableHintKind.TabLockX,
        ];
        TableHintKind[] isolation =
        [
            TableHintKind.HoldLock,
            TableHintKind.NoLock,
            TableHintKind.ReadCommitted,
            TableHintKind.RepeatableRead,
            TableHintKind.Serializable,
        ];
        var visitor = new HintVisitor();
        foreach (var text in planted.Length > 0 ? (IEnumerable<string>)[planted] : _texts.Values)
            Parsed(text).Accept(visitor);
        Assert.NotEmpty(visitor.Lists);
        Assert.Equal(
            fits,
            visitor.Lists.All(hints => hints.Count(granularity.Contains) <= 1 && hints.Count(isolation.Contains) <= 1)
        );
    }

    [Fact]
    public void Every_text_binds_to_the_schema()
    {
        var faults = Unresolved(_texts);
        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }

    /// <summary>The negative control: each way to misspell is caught, and nothing else.</summary>
    [Theory]
    [InlineData("HistorySql.All.Accounts.Find", "employee_count", "employee_counts")]
    [InlineData(
        "HistorySql.All.Opportunities.Insert",
        "INSERT INTO opportunities (opportunity_id, account_id",
        "INSERT INTO opportunities (opportunity_id, acount_id"
    )]
    [InlineData("HistorySql.All.Feedback.Update", "reason = @reason", "raeson = @reason")]
    [InlineData("HistorySql.All.Touches.InsertStaged", "target.touch_id", "target.touch")]
    [InlineData("HistorySql.All.Touches.UpdateStaged", "source.fingerprint", "source.fingerprints")]
    [InlineData("HistorySql.All.Touches.FindMany", "t.touch_id = wanted.k0", "t.touch_id = wanted.k9")]
    [InlineData("HistorySql.All.Touches.Changes", "change_version >", "change_versions >")]
    [InlineData("WebhookRegister._selectDue", "d.next_at <=", "e.next_at <=")]
    [InlineData("FactBook._between", "account_overlaps v", "account_overlap v")]
    [InlineData("EventLog._insert", "inserted.sequence", "inserted.sequenze")]
    public void A_misspelt_name_is_caught(string name, string right, string wrong)
    {
        Assert.Contains(right, _texts[name], StringComparison.Ordinal);
        var planted = _texts[name].Replace(right, wrong, StringComparison.Ordinal);
        Assert.NotEmpty(Unresolved(new() { [name] = planted }));
        Assert.Empty(Unresolved(new() { [name] = _texts[name] }));
    }

    [Fact]
    public void A_script_that_does_not_fit_is_caught()
    {
        Assert.Empty(Validated(Model()));
        var scripts = string.Join("\nGO\n", _scripts.Values);
        Assert.NotEmpty(Validated(Model(scripts.Replace("REFERENCES accounts", "REFERENCES acounts", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_script_that_sets_up_a_server_is_what_SQL_Server_2019_reads()
    {
        var script = File.ReadAllText(Path.Combine(Sample.Root, "src/Recommender.Api/deploy/sqlserver.sql"));
        var statements = Statements(Parsed(script)).ToList();
        Assert.Equal(3, statements.OfType<AlterDatabaseSetStatement>().Count());
        // The login of the service may not change the schema.
        var granted = statements.OfType<GrantStatement>().ToLookup(grant => Text(grant.Principals.Single()));
        Assert.Equal(
            ["SELECT", "INSERT", "UPDATE", "DELETE"],
            Assert.Single(granted["recommender_service"]).Permissions.Select(Text)
        );
        Assert.Equal(2, granted.Count);
    }

    /// <summary>Every column of the contract is in the schema, wide enough for what the contract lets in.</summary>
    [Fact]
    public void The_schema_holds_what_the_contract_allows()
    {
        var tables = Tables();
        foreach (var table in FactTables.All)
        {
            var columns = tables[table.Name]
                .Definition.ColumnDefinitions.ToDictionary(
                    column => column.ColumnIdentifier.Value,
                    column => Sql(column.DataType)
                );
            foreach (var column in table.Columns)
            {
                var type = columns[column.Name];
                if (column.OneOf is { } words)
                    Assert.True(LengthOf(type) >= words.Max(word => word.Length), $"{table.Name}.{column.Name} is {type}");
                else
                    Assert.Equal(
                        column.Kind switch
                        {
                            ColumnKind.Instant => "datetimeoffset(3)",
                            ColumnKind.Number => column.Decimals > 4 ? $"decimal(28,{column.Decimals})" : "decimal(19,4)",
                            _ => $"nvarchar({column.MaxLength})",
                        },
                        type
                    );
            }
        }
    }

    /// <summary>Two texts of different collations cannot be compared or united; one collation for all rules that out.</summary>
    [Fact]
    public void All_text_has_one_collation_that_compares_as_NET_does()
    {
        var texts = Tables()
            .Values.SelectMany(table => table.Definition.ColumnDefinitions)
            .Where(column => Sql(column.DataType).Contains("char", StringComparison.Ordinal))
            .ToList();
        Assert.True(texts.Count > 100);
        Assert.All(texts, column => Assert.Equal("Latin1_General_100_BIN2", column.Collation?.Value));
    }

    [Fact]
    public void What_a_row_command_fills_in_is_what_its_text_asks_for()
    {
        foreach (var statements in HistorySql.All)
        {
            var names = RowCommand.Names(statements.Table).Select(name => "@" + name).Order();
            Assert.Equal(names, Variables(Parsed(statements.Insert)).Order());
            Assert.Equal(names, Variables(Parsed(statements.Update)).Order());
        }
    }

    static IEnumerable<KeyValuePair<string, string>> TextsOf(Type type)
    {
        foreach (
            var field in type.GetFields(
                BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly
            )
        )
        {
            var name = $"{type.Name}.{field.Name}";
            if (field is { IsLiteral: true } && field.FieldType == typeof(string) && IsSql((string)field.GetRawConstantValue()!))
                yield return new(name, (string)field.GetRawConstantValue()!);
            else if (field.FieldType == typeof(SqlText))
                yield return new(name, ((SqlText)field.GetValue(null)!).SqlServer);
            else if (field.FieldType == typeof(StreamText))
            {
                foreach (var text in TextsOf(name, (StreamText)field.GetValue(null)!))
                    yield return text;
            }
        }
        if (type.GetProperty("All", BindingFlags.Static | BindingFlags.Public)?.GetValue(null) is not IEnumerable all)
            yield break;
        foreach (var statements in all)
        {
            var properties = statements.GetType().GetProperties();
            if (
                properties.FirstOrDefault(one => one.PropertyType == typeof(FactTable))?.GetValue(statements)
                is not FactTable table
            )
                continue;
            foreach (var property in properties.Where(one => one.PropertyType == typeof(string)))
            {
                if (property.GetValue(statements) is string text)
                    yield return new($"{type.Name}.All.{Pascal(table.Name)}.{property.Name}", text);
            }
            foreach (var property in properties.Where(one => one.PropertyType == typeof(StreamText)))
            {
                if (property.GetValue(statements) is not StreamText stream)
                    continue;
                foreach (var text in TextsOf($"{type.Name}.All.{Pascal(table.Name)}.{property.Name}", stream))
                    yield return text;
            }
            if (((TableStatements)statements).Since is { } since)
                yield return new($"{type.Name}.All.{Pascal(table.Name)}.Since", since.SqlServer);
            foreach (var naming in ((TableStatements)statements).Naming)
                yield return new($"{type.Name}.All.{Pascal(table.Name)}.Naming.{naming.Column.Name}", naming.Sql);
        }
    }

    static IEnumerable<KeyValuePair<string, string>> TextsOf(string name, StreamText stream) =>
        [new(name + ".Rows", stream.Rows), new(name + ".EndOfPage", stream.EndOfPage)];

    static IEnumerable<string> SqliteTexts() =>
        _library
            .GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(field => field.FieldType == typeof(SqlText) && !field.DeclaringType!.ContainsGenericParameters)
            .Select(field => ((SqlText)field.GetValue(null)!).Sqlite);

    static bool IsSql(string text) =>
        text.Contains("SELECT ", StringComparison.Ordinal)
        || text.Contains("INSERT INTO ", StringComparison.Ordinal)
        || text.Contains("UPDATE ", StringComparison.Ordinal)
        || text.Contains("DELETE FROM ", StringComparison.Ordinal);

    static string Pascal(string name) =>
        string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    static string Squeezed(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static string Read(string resource)
    {
        using var reader = new StreamReader(_library.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    static string ScriptName(string resource) => string.Join('.', resource.Split('.')[^2..]);

    static IList<ParseError> Faults(string text)
    {
        new TSql150Parser(initialQuotedIdentifiers: true).Parse(new StringReader(text), out var faults);
        return faults;
    }

    static TSqlFragment Parsed(string text)
    {
        var parsed = new TSql150Parser(initialQuotedIdentifiers: true).Parse(new StringReader(text), out var faults);
        Assert.True(
            faults.Count == 0,
            $"{string.Join("; ", faults.Select(fault => $"line {fault.Line}: {fault.Message}"))}\n{text}"
        );
        return parsed;
    }

    static IEnumerable<TSqlStatement> Statements(TSqlFragment parsed) =>
        ((TSqlScript)parsed).Batches.SelectMany(batch => batch.Statements);

    static string Sql(TSqlFragment fragment)
    {
        new Sql150ScriptGenerator(new() { KeywordCasing = KeywordCasing.Lowercase }).GenerateScript(fragment, out var text);
        return text.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
    }

    static int LengthOf(string type) => int.Parse(type.Split('(', ')')[1], System.Globalization.CultureInfo.InvariantCulture);

    static Dictionary<string, CreateTableStatement> Tables()
    {
        var statements = _scripts
            .OrderBy(script => ScriptName(script.Key))
            .SelectMany(script => Statements(Parsed(script.Value)))
            .ToList();
        var tables = statements.OfType<CreateTableStatement>().ToDictionary(table => table.SchemaObjectName.BaseIdentifier.Value);
        foreach (var added in statements.OfType<AlterTableAddTableElementStatement>())
        {
            foreach (var column in added.Definition.ColumnDefinitions)
                tables[added.SchemaObjectName.BaseIdentifier.Value].Definition.ColumnDefinitions.Add(column);
        }
        return tables;
    }

    /// <summary>The scripts, without the tables that a later script drops to make them anew.</summary>
    static Dictionary<string, string> AsTheyEnd(Dictionary<string, string> scripts)
    {
        var wait = TimeSpan.FromSeconds(1);
        foreach (var (name, text) in scripts.ToList())
        {
            foreach (Match dropped in Regex.Matches(text, @"DROP TABLE (?<table>\w+);", RegexOptions.ExplicitCapture, wait))
            {
                foreach (
                    var (before, made) in scripts
                        .Where(other => string.CompareOrdinal(ScriptName(other.Key), ScriptName(name)) < 0)
                        .ToList()
                )
                    scripts[before] = Regex.Replace(
                        made,
                        $@"CREATE [^;]*\b(TABLE|ON) {dropped.Groups["table"].Value}\b[^;]*;",
                        "",
                        RegexOptions.ExplicitCapture,
                        wait
                    );
            }
        }
        return scripts;
    }

    static HashSet<string> Indexes()
    {
        var statements = _scripts.Values.SelectMany(script => Statements(Parsed(script))).ToList();
        var constraints = statements
            .OfType<CreateTableStatement>()
            .SelectMany(table =>
                table.Definition.TableConstraints.Concat(
                    table.Definition.ColumnDefinitions.SelectMany(column => column.Constraints)
                )
            )
            .OfType<UniqueConstraintDefinition>()
            .Select(constraint => constraint.ConstraintIdentifier.Value);
        return [.. statements.OfType<CreateIndexStatement>().Select(index => index.Name.Value), .. constraints];
    }

    static List<string> Variables(TSqlFragment parsed)
    {
        var visitor = new VariableVisitor();
        parsed.Accept(visitor);
        return [.. visitor.Used.Except(visitor.Declared).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    static TSqlModel Model(string? script = null)
    {
        var model = new TSqlModel(SqlServerVersion.Sql150, new TSqlModelOptions());
        model.AddObjects(Declarations(script ?? string.Join("\nGO\n", _scripts.Values)));
        return model;
    }

    /// <summary>
    /// The schema without the rows that a script puts into it or changes, which are no part of a model; a column that a later script adds
    /// stands in its table.
    /// </summary>
    static string Declarations(string script)
    {
        var statements = Statements(Parsed(script)).ToList();
        var added = statements
            .OfType<AlterTableAddTableElementStatement>()
            .ToLookup(one => one.SchemaObjectName.BaseIdentifier.Value);
        string Declared(TSqlStatement statement)
        {
            var text = Text(statement);
            if (statement is CreateTableStatement table)
            {
                foreach (
                    var column in added[table.SchemaObjectName.BaseIdentifier.Value]
                        .SelectMany(one => one.Definition.ColumnDefinitions)
                )
                    text = text.Insert(text.IndexOf('(', StringComparison.Ordinal) + 1, Text(column) + ",");
            }
            return text + "\nGO";
        }
        return string.Join(
            "\n",
            statements
                .Where(one =>
                    one
                        is not (
                            InsertStatement
                            or UpdateStatement
                            or SelectStatement
                            or AlterTableAddTableElementStatement
                            or DropTableStatement
                        )
                )
                .Select(Declared)
        );
    }

    static string Text(TSqlFragment fragment) =>
        string.Concat(
            fragment
                .ScriptTokenStream.Skip(fragment.FirstTokenIndex)
                .Take(fragment.LastTokenIndex - fragment.FirstTokenIndex + 1)
                .Select(token => token.Text)
        );

    /// <summary>What each text names that the schema does not have, each text being the body of a procedure of its own.</summary>
    static List<string> Unresolved(Dictionary<string, string> texts)
    {
        var model = Model();
        // A staging table is made by SELECT INTO, with the columns of its table.
        foreach (
            var (name, table) in Tables()
                .Where(table => table.Key == "superseded_facts" || FactTables.All.Any(one => one.Name == table.Key))
        )
            model.AddObjects(
                $"CREATE TABLE staged_{name} ({string.Join(", ", table.Definition.ColumnDefinitions.Where(column => column.ColumnIdentifier.Value != "change_version").Select(column => $"[{column.ColumnIdentifier.Value}] {Sql(column.DataType)}"))});"
            );
        model.AddObjects(HistorySql.StageWanted.Replace("#wanted", "staged_keys", StringComparison.Ordinal));
        var names = new List<string>();
        foreach (var (name, text) in texts)
        {
            var parameters = Variables(Parsed(text)).Select(variable => $"{variable} {TypeOf(variable)}");
            var body = name.Contains(".Stage", StringComparison.Ordinal)
                ? Regex.Replace(text, @"INTO #\w+", "", RegexOptions.None, TimeSpan.FromSeconds(1))
                : text.Replace("#staged_", "staged_", StringComparison.Ordinal)
                    .Replace("#wanted", "staged_keys", StringComparison.Ordinal);
            model.AddObjects($"CREATE PROCEDURE q{names.Count} {string.Join(", ", parameters)} AS BEGIN\n{body}\nEND");
            names.Add(name);
        }
        return
        [
            .. Validated(model)
                .Where(fault =>
                    !_ofTheServer.Any(known =>
                        fault
                            .Replace("[", "", StringComparison.Ordinal)
                            .Replace("]", "", StringComparison.Ordinal)
                            .Contains(known, StringComparison.Ordinal)
                    )
                )
                .Select(fault =>
                    Regex.Replace(
                        fault,
                        @"\bq(?<at>\d+)\b",
                        match => names[int.Parse(match.Groups["at"].Value, System.Globalization.CultureInfo.InvariantCulture)],
                        RegexOptions.ExplicitCapture,
                        TimeSpan.FromSeconds(1)
                    )
                ),
        ];
    }

    static List<string> Validated(TSqlModel model) =>
        [.. model.Validate().Select(fault => $"{fault.MessageType} {fault.Number}: {fault.Message}")];

    static string TypeOf(string variable) =>
        variable.ToUpperInvariant() switch
        {
            "@LIMIT"
            or "@SINCE"
            or "@AFTER"
            or "@SEQUENCE"
            or "@VERSION"
            or "@DELIVERYID"
            or "@RULESVERSION"
            or "@EPOCH"
            or "@FINGERPRINT" => "bigint",
            "@LIVE" or "@ISEND" or "@IS_CHANGE" or "@ISCHANGE" => "bit",
            "@REQUEST" or "@RESPONSE" or "@BODY" or "@CONTENT" => "varbinary(max)",
            "@STATUS" or "@ATTEMPTS" or "@LASTSTATUS" or "@LINE" => "int",
            "@DATE" or "@BEFORE" or "@NOW" or "@STAMP" or "@ASOF" or "@UNTIL" => "datetimeoffset(3)",
            var name when name.EndsWith("AT", StringComparison.Ordinal) || name.EndsWith("BEFORE", StringComparison.Ordinal) =>
                "datetimeoffset(3)",
            "@AMOUNT" or "@EMPLOYEE_COUNT" or "@ANNUAL_REVENUE" or "@CONTACT_COUNT" => "decimal(19, 4)",
            _ => "nvarchar(4000)",
        };

    sealed class HintVisitor : TSqlFragmentVisitor
    {
        public List<List<TableHintKind>> Lists { get; } = [];

        public override void Visit(NamedTableReference node)
        {
            if (node.TableHints.Count > 0)
                Lists.Add([.. node.TableHints.Select(hint => hint.HintKind)]);
        }
    }

    sealed class VariableVisitor : TSqlFragmentVisitor
    {
        public List<string> Used { get; } = [];

        public List<string> Declared { get; } = [];

        public override void Visit(VariableReference node) => Used.Add(node.Name);

        public override void Visit(DeclareVariableElement node) => Declared.Add(node.VariableName.Value);

        // The names of a system procedure's parameters are no variables of ours.
        public override void Visit(ExecuteParameter node)
        {
            if (node.Variable is { } named)
                Declared.Add(named.Name);
        }
    }
}
