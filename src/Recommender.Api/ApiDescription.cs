using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api;

/// <summary>What the OpenAPI document says beyond what the code says by itself.</summary>
static class ApiDescription
{
    static readonly Dictionary<string, string> _tags = new()
    {
        ["Recommendations"] = "What to do: partners for an account, open deals for a partner, and what came of it",
        ["History"] = "Facts in: one row or many, in the next answer when they are acknowledged",
        ["Accounts"] = "Find and read accounts",
        ["Partners"] = "Find and read partners, take in what they hold, and see who holds what",
        ["Registrations"] = "Claims of partners on accounts: checked, submitted, decided",
        ["Leads"] = "Leads routed to reps and partners: offers, answers, clocks, and why",
        ["Handoffs"] = "Handoffs to and from partners: packets, answers, introductions, clocks, outcomes",
        ["Conflicts"] = "Claims on an account that cannot both stand: found, decided, kept",
        ["Models"] = "What answers, and making another version answer",
        ["Rules"] = "What the company decides before the model does",
        ["Events"] = "What happened: a feed to pull and webhooks",
        ["Operations"] = "For the platform that runs the service",
    };

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer(
            (document, _, _) =>
            {
                document.Info = new()
                {
                    Title = "Recommender",
                    Version = "v1",
                    Description =
                        "Which partner to bring into an account, and which open deals a partner would help win. Errors are problem details (RFC 9457) with a code and errors[]{pointer,message}.",
                };
                document.Info.License = new() { Name = "MIT", Identifier = "MIT" };
                document.Servers = [new() { Url = "/" }];
                document.Components ??= new();
                document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
                {
                    ["bearer"] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.Http,
                        Scheme = "bearer",
                        Description =
                            "An API key (console keys create), or a token of the identity provider with the scopes recommend, ingest, admin.",
                    },
                };
                foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
                    tag.Description = _tags.GetValueOrDefault(tag.Name ?? "");
                if (
                    document.Components.Schemas?.TryGetValue("ProblemDetails", out var details) == true
                    && details is OpenApiSchema problem
                )
                    Extend(problem, document);
                document.Security = [new() { [new OpenApiSecuritySchemeReference("bearer", document)] = [] }];
                return Task.CompletedTask;
            }
        );
        options.AddOperationTransformer(
            (operation, context, _) =>
            {
                Describe(operation, context);
                return Task.CompletedTask;
            }
        );
    }

    /// <summary>Says what our problems hold beyond RFC 9457.</summary>
    static void Extend(OpenApiSchema problem, OpenApiDocument document)
    {
        problem.Properties ??= new Dictionary<string, IOpenApiSchema>();
        problem.Properties["code"] = new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Description = "What went wrong, for programs, such as invalid_request or not_found",
        };
        problem.Properties["trace_id"] = new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Description = "Say it when you ask us",
        };
        problem.Properties["errors"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            Items = new OpenApiSchemaReference("ProblemError", document),
        };
    }

    static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        // By status, whatever the order of types in a signature.
        var responses = new OpenApiResponses();
        foreach (var (status, response) in (operation.Responses ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
            responses.Add(status, response);
        operation.Responses = responses;
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var scopes = metadata
            .OfType<Microsoft.AspNetCore.Authorization.IAuthorizeData>()
            .Select(data => data.Policy)
            .OfType<string>()
            .ToList();
        if (scopes.Count > 0)
        {
            operation.Description = $"Scope: {string.Join(", ", scopes)}.";
            foreach (
                var (status, text) in ((string, string)[])
                    [
                        ("401", "No key, or one that is not good"),
                        ("403", "The key lacks the scope"),
                        ("429", "Too many requests; Retry-After says when to come back"),
                    ]
            )
                responses.TryAdd(status, new OpenApiResponse { Description = text });
        }
        else if (metadata.OfType<Microsoft.AspNetCore.Authorization.IAllowAnonymous>().Any())
            operation.Security = [];
        if (metadata.OfType<WriteMetadata>().Any())
            Header(
                operation,
                "Idempotency-Key",
                "A text of your own that names this write; sent again, the stored answer comes back for 24 hours",
                operation.OperationId
                    is not (
                        "PostHistory"
                        or "PutRules"
                        or "RemoveWebhook"
                        or "MergeAccounts"
                        or "MergePartners"
                        or "EraseAccount"
                        or "PostAccountList"
                        or "MatchAccountList"
                        or "ConfirmMatch"
                        or "RejectMatch"
                        or "UndoMatch"
                        or "DecideConflict"
                        or "EditHandoff"
                        or "SendHandoff"
                        or "LinkHandoff"
                        or "AcceptHandoff"
                        or "DeclineHandoff"
                        or "IntroduceHandoff"
                        or "MeetHandoff"
                        or "RateHandoff"
                        or "WithdrawHandoff"
                        or "RouteLead"
                        or "AssignLead"
                        or "WithdrawLead"
                        or "AcceptLeadOffer"
                        or "DeclineLeadOffer"
                        or "ReopenConflict"
                        or "ApproveRegistration"
                        or "RejectRegistration"
                        or "ExtendRegistration"
                        or "WithdrawRegistration"
                        or "ConvertRegistration"
                    )
                    && context.Description.HttpMethod == "POST"
            );
        var row = metadata.OfType<RowBody>().FirstOrDefault();
        if (responses.ContainsKey("412"))
        {
            Header(operation, "If-Match", "Only if the row still has this ETag, else 412", false);
            if (row is not null)
                Header(operation, "If-None-Match", "* to write only if there is no such row yet, else 412", false);
        }
        if (row is not null)
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = SchemaOf(row) } },
            };
        if (Examples.Of(operation.OperationId ?? "") is not JsonObject example)
            return;
        if (example["body"] is { } body && operation.RequestBody?.Content?.Values.FirstOrDefault() is { } content)
        {
            foreach (
                var (type, description) in (IEnumerable<(string, string)>)
                    [("application/x-ndjson", "A JSON object a line"), ("text/csv", "A header, and a row a line")]
            )
            {
                if (operation.RequestBody.Content.TryGetValue(type, out var lines))
                    lines.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Description = description };
            }
            content.Example = body.DeepClone();
        }
        if (
            example["answer"] is { } answer
            && responses.FirstOrDefault(pair => pair.Key.StartsWith('2')).Value is OpenApiResponse { Content: { } answers }
        )
        {
            foreach (var media in answers.Values)
                media.Example = answer.DeepClone();
        }
    }

    static void Header(OpenApiOperation operation, string name, string text, bool isRequired) =>
        (operation.Parameters ??= []).Add(
            new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Header,
                Description = text,
                Required = isRequired,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            }
        );

    static OpenApiSchema SchemaOf(RowBody body)
    {
        var table = body.Table;
        var properties = new Dictionary<string, IOpenApiSchema>();
        foreach (var column in table.Columns)
        {
            var schema = new OpenApiSchema
            {
                Type =
                    column.Kind == ColumnKind.Number ? JsonSchemaType.Number
                    : column.IsList ? JsonSchemaType.String | JsonSchemaType.Array
                    : JsonSchemaType.String,
                Description =
                    column.Name == "recorded_at" ? "When you learned it, an ISO 8601 date or instant; left out, now"
                    : column.Kind == ColumnKind.Instant ? "An ISO 8601 date or instant, UTC if it has no offset"
                    : column.IsList ? "Several as a list, or separated by |"
                    : column.References is { } other ? $"A row of {other}"
                    : null,
            };
            if (column.OneOf is { } words)
                schema.Enum = [.. words.Select(word => (JsonNode)JsonValue.Create(word))];
            properties[column.Name] = schema;
        }
        if (body.IsSubmitted)
            properties["new_account"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Boolean,
                Description = "True if the company is none of our accounts though it may seem one",
            };
        return new()
        {
            Type = JsonSchemaType.Object,
            Description = "Properties that are not named here are kept as attributes",
            Properties = properties,
            Required = body.IsSubmitted
                ? null
                : new HashSet<string>(table.Columns.Skip(1).Where(column => column.Required).Select(column => column.Name)),
            AdditionalPropertiesAllowed = true,
        };
    }
}
