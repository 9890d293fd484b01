-- What a page asks for: the facts between an account and a partner, a partner's deals, what was said of an account before.

CREATE INDEX opportunities_by_account ON opportunities (account_id);
CREATE INDEX engagements_by_opportunity ON engagements (opportunity_id);
CREATE INDEX engagements_by_partner ON engagements (partner_id, started_at);
CREATE INDEX deal_registrations_by_account ON deal_registrations (account_id);
CREATE INDEX assists_by_partner ON assists (partner_id);
CREATE INDEX events_by_type ON events (type, sequence);
CREATE INDEX recommendations_by_account ON recommendations (account_id, made_at);
