// A PRM's first hour, in types that the generated client must bear out.
import { findAccounts, postHistory, putAccounts, recommendPartners, takeFeedback } from "./gen/client";
import type { PartnerRecommendationsResponse, ProblemDetails } from "./gen/client";

const baseUrl = "http://localhost:5080";

export async function best(account: string): Promise<string | undefined> {
  const { data, error } = await recommendPartners({
    baseUrl,
    body: { account_id: account, limit: 5, filters: { partner_types: ["isv"] } },
  });
  if (!data) {
    const problem: ProblemDetails = error as ProblemDetails;
    throw new Error(`${problem.code}: ${problem.detail}`);
  }
  const answer: PartnerRecommendationsResponse = data;
  const lift: number | null | undefined = answer.partners[0]?.lift;
  return lift === null ? undefined : answer.partners[0]?.partner_id;
}

export async function firstHour(): Promise<void> {
  await putAccounts({ baseUrl, path: { id: "X1" }, body: { name: "Contoso", industry: "retail" } });
  await postHistory({ baseUrl, body: '{"table":"accounts","row":{"account_id":"X2"}}' });
  const found = await findAccounts({ baseUrl, query: { q: "lake", limit: 3 } });
  const first: string | undefined = found.data?.items[0]?.account_id;
  await takeFeedback({
    baseUrl,
    headers: { "Idempotency-Key": "visit-1" },
    body: { account_id: first ?? "X1", partner_id: "P00001", event: "accepted" },
  });
}
