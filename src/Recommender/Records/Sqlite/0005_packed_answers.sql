-- How an answer in the journal is packed: br, or null for those written before.

ALTER TABLE recommendations ADD COLUMN encoding TEXT;
