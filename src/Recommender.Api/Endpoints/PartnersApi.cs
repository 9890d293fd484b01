using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Api.Endpoints;

/// <summary>A partner as the history knows it; several industries, regions or competencies are separated by |.</summary>
sealed record PartnerResponse(
    string PartnerId,
    string? Name,
    string? PartnerType,
    string? Tier,
    string? Industries,
    string? Regions,
    string? Competencies,
    DateTime? JoinedAt,
    string? Domain,
    string? ExternalId,
    IReadOnlyDictionary<string, string> Attributes
);

/// <summary>Partners found.</summary>
sealed record PartnersResponse(IReadOnlyList<PartnerResponse> Items, Pagination Pagination);

static class PartnersApi
{
    static readonly FoundRows<Partner> _rows = new(
        FactTables.Partners,
        (state, q, limit) => state.FindPartners(q, limit),
        (state, id) => state.FindPartner(id),
        partner => partner.Id.Value
    );

    public static void MapPartners(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/partners", Find).RequireAuthorization("recommend").WithTags("Partners").WithName("FindPartners");

    /// <summary>With q: partners whose name or id holds it, best first. Without: partners in the order in which they were last written, whatever their dates; one that is changed meanwhile comes again, and bookmark is for what comes later</summary>
    public static Results<Ok<PartnersResponse>, Invalid, Gone, Unavailable> Find(
        HttpContext http,
        LiveRecommender live,
        string? q = null,
        int limit = 25,
        string? cursor = null,
        string? updated_since = null
    ) =>
        _rows.Answer(
            http,
            live,
            q,
            limit,
            cursor,
            updated_since,
            (partners, pagination) => new PartnersResponse([.. partners.Select(Response)], pagination)
        );

    static PartnerResponse Response(Partner partner) =>
        new(
            partner.Id.Value,
            partner.Name,
            partner.PartnerType,
            partner.Tier,
            partner.Industries,
            partner.Regions,
            partner.Competencies,
            partner.JoinedAt,
            partner.Identifiers().Domain,
            partner.Identifiers().ExternalId,
            AccountsApi.AttributesOf(partner.Attributes)
        );
}
