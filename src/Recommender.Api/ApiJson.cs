using System.Text.Json;
using System.Text.Json.Serialization;

namespace Recommender.Api;

/// <summary>How bodies are read and written, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    AllowDuplicateProperties = false,
    MaxDepth = 16
)]
[JsonSerializable(typeof(PartnerRecommendationsRequest))]
[JsonSerializable(typeof(PartnerRecommendationsResponse))]
[JsonSerializable(typeof(OpportunityRecommendationsRequest))]
[JsonSerializable(typeof(OpportunityRecommendationsResponse))]
[JsonSerializable(typeof(BatchError))]
[JsonSerializable(typeof(ReplayResponse))]
[JsonSerializable(typeof(FeedbackRequest))]
[JsonSerializable(typeof(FeedbackResponse))]
[JsonSerializable(typeof(RowResponse))]
[JsonSerializable(typeof(HistoryResponse))]
[JsonSerializable(typeof(MergeRequest))]
[JsonSerializable(typeof(MergeResponse))]
[JsonSerializable(typeof(ErasureRequest))]
[JsonSerializable(typeof(ErasureResponse))]
[JsonSerializable(typeof(AccountResponse))]
[JsonSerializable(typeof(AccountsResponse))]
[JsonSerializable(typeof(PartnersResponse))]
[JsonSerializable(typeof(ModelsResponse))]
[JsonSerializable(typeof(ModelChangeRequest))]
[JsonSerializable(typeof(ModelChangeResponse))]
[JsonSerializable(typeof(RulesResponse))]
[JsonSerializable(typeof(EventsResponse))]
[JsonSerializable(typeof(CloudEvent))]
[JsonSerializable(typeof(WebhookRequest))]
[JsonSerializable(typeof(WebhookResponse))]
[JsonSerializable(typeof(WebhooksResponse))]
[JsonSerializable(typeof(DeliveriesResponse))]
[JsonSerializable(typeof(TestEventResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(AccountListResponse))]
[JsonSerializable(typeof(MatchResponse))]
[JsonSerializable(typeof(MatchesResponse))]
[JsonSerializable(typeof(MatchDecisionRequest))]
[JsonSerializable(typeof(RegistrationRequest))]
[JsonSerializable(typeof(RegistrationOrderRequest))]
[JsonSerializable(typeof(RegistrationCheckResponse))]
[JsonSerializable(typeof(RegistrationResponse))]
[JsonSerializable(typeof(RegistrationsResponse))]
[JsonSerializable(typeof(ConflictDecisionRequest))]
[JsonSerializable(typeof(ConflictResponse))]
[JsonSerializable(typeof(ConflictsResponse))]
[JsonSerializable(typeof(ConflictCountsResponse))]
[JsonSerializable(typeof(LeadResponse))]
[JsonSerializable(typeof(LeadsResponse))]
[JsonSerializable(typeof(LeadOrderRequest))]
[JsonSerializable(typeof(Recommender.Capabilities.Leads.RoutingPolicy))]
[JsonSerializable(typeof(RoutingPolicyResponse))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
[JsonSerializable(typeof(AccountClaimsResponse))]
[JsonSerializable(typeof(MappedAccountsResponse))]
[JsonSerializable(typeof(Recommender.Capabilities.Mapping.AccountMap))]
[JsonSerializable(typeof(IReadOnlyList<ProblemError>))]
[JsonSerializable(typeof(List<ProblemError>))]
[JsonSerializable(typeof(ProblemError[]))]
[JsonSerializable(typeof(JsonElement))]
sealed partial class ApiJson : JsonSerializerContext;
