namespace Recommender.Api;

/// <summary>One example of each call, against the sample history. A test sends them all.</summary>
static class Examples
{
    const string Row = """{"id":"…","result":"inserted"}""";

    public static Dictionary<string, (string? Body, string? Answer)> ByOperation { get; } =
        new()
        {
            ["RecommendPartners"] = (
                """{"account_id":"A000007","product":"Security","amount":60000,"limit":5,"filters":{"exclude":["P00009"]}}""",
                null
            ),
            ["RecommendPartnersBatch"] = (
                """
                {"account_id":"A000007","limit":3}
                {"account_id":"A000008","objective":"win_probability","limit":3}
                """,
                null
            ),
            ["RecommendOpportunities"] = ("""{"limit":10}""", null),
            ["TakeFeedback"] = (
                """{"account_id":"A000007","partner_id":"P00001","event":"accepted","note":"Will join the call on Friday"}""",
                """{"feedback_id":"fb_0199","facts":["feedback/fb_0199"]}"""
            ),
            ["PutAccounts"] = (
                """{"name":"Northwind Traders","industry":"logistics","region":"Midwest","country":"US","segment":"enterprise"}""",
                Row
            ),
            ["PutAccountsByExternalId"] = ("""{"name":"Northwind Traders","industry":"logistics"}""", Row),
            ["PutPartners"] = (
                """{"name":"Harbour Consulting","partner_type":"si","tier":"gold","industries":["logistics","retail"],"regions":["Midwest"]}""",
                Row
            ),
            ["PutPartnersByExternalId"] = ("""{"name":"Harbour Consulting","partner_type":"si"}""", Row),
            ["PutOpportunities"] = (
                """{"account_id":"A000007","product":"Security","amount":60000,"currency":"USD","created_at":"2026-06-01","outcome":"open","owner":"dana"}""",
                Row
            ),
            ["PutEngagements"] = (
                """{"opportunity_id":"O0000001","partner_id":"P00001","role":"co_sell","started_at":"2026-06-03"}""",
                Row
            ),
            ["PutTouches"] = (
                """{"account_id":"A000007","partner_id":"P00001","kind":"call","at":"2026-06-04T09:30:00Z"}""",
                Row
            ),
            ["PutDealRegistrations"] = (
                """{"partner_id":"P00001","account_id":"A000007","submitted_at":"2026-06-04","status":"approved","decided_at":"2026-06-05","expires_at":"2027-06-05"}""",
                Row
            ),
            ["PutAssists"] = ("""{"partner_id":"P00001","direction":"given","account_id":"A000007","at":"2026-06-04"}""", Row),
            ["PostHistory"] = (
                """
                {"table":"accounts","row":{"account_id":"X1","name":"Contoso"}}
                {"table":"opportunities","row":{"opportunity_id":"XO1","account_id":"X1","created_at":"2026-06-01"}}
                """,
                """{"accepted":2,"inserted":2,"updated":0,"unchanged":0,"rejected":0,"errors":[]}"""
            ),
            ["PromoteModel"] = (
                """{"version":"2026-07-01-c030239f"}""",
                """{"model":"partner-fit","version":"2026-07-01-c030239f","previous_version":null}"""
            ),
            ["PutRules"] = (
                """{"rules":[{"id":"ROE-01","kind":"registration"},{"id":"ROE-02","kind":"territory"},{"id":"ROE-03","kind":"do_not_share","accounts":{"industry":["government"]},"partners":{"partner_type":["reseller"]}}]}""",
                """{"version":1,"rules":3}"""
            ),
            ["AddWebhook"] = (
                """{"url":"https://example.com/hooks/recommender","types":["feedback.taken","model.promoted"]}""",
                """{"webhook_id":"wh_0a1b","url":"https://example.com/hooks/recommender","types":["feedback.taken","model.promoted"],"created_at":"2026-07-01T00:00:00Z","secret":"whsec_…"}"""
            ),
        };
}
