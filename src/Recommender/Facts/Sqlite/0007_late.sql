-- Rows that came later than they could be seen: a question about a past moment asks whether there are any.
-- SQLite only; on SQL Server the clustered index by applied_at answers.

CREATE INDEX accounts_late ON accounts (applied_at) WHERE seen_at < applied_at;
CREATE INDEX partners_late ON partners (applied_at) WHERE seen_at < applied_at;
CREATE INDEX opportunities_late ON opportunities (applied_at) WHERE seen_at < applied_at;
CREATE INDEX engagements_late ON engagements (applied_at) WHERE seen_at < applied_at;
CREATE INDEX opportunity_stages_late ON opportunity_stages (applied_at) WHERE seen_at < applied_at;
CREATE INDEX touches_late ON touches (applied_at) WHERE seen_at < applied_at;
CREATE INDEX account_overlaps_late ON account_overlaps (applied_at) WHERE seen_at < applied_at;
CREATE INDEX deal_registrations_late ON deal_registrations (applied_at) WHERE seen_at < applied_at;
CREATE INDEX assists_late ON assists (applied_at) WHERE seen_at < applied_at;
CREATE INDEX certifications_late ON certifications (applied_at) WHERE seen_at < applied_at;
CREATE INDEX feedback_late ON feedback (applied_at) WHERE seen_at < applied_at;
CREATE INDEX opportunities_closed_late ON opportunities (closed_applied_at) WHERE closed_seen_at < closed_applied_at;
CREATE INDEX deal_registrations_decided_late ON deal_registrations (decided_applied_at) WHERE decided_seen_at < decided_applied_at;
